//! Every ordered pair of operations on the same field, where the first one left it.

use serde_json::{Value, json};

use super::common::{Lens, equal, run};
use crate::json::tree::Node;
use crate::lens::parse_ops;
use crate::lens::run::side::SchemaSide;
use crate::lens::run::{Action, Way};
use crate::limits::EVENT_DEPTH_MAX;
use crate::problem::Problems;

/// The operations on the field at `at`, each with where it leaves the field.
fn operations(at: &str) -> Vec<(Value, String)> {
    let stays = |op: Value| (op, at.to_owned());
    let moved = |to: String, op: &dyn Fn(&str) -> Value| (op(&to), to);
    let cast = |from: &str, to: &str| stays(json!({"cast": {"at": at, "from": from, "to": to}}));
    let within = |name: &str, op: Value| stays(json!({name: {"at": at, "lens": [op]}}));
    let (x, y, z) = (format!("{at}x"), format!("{at}y"), format!("{at}z"));
    let (a, b) = (format!("{at}/a"), format!("{at}/b"));
    vec![
        stays(json!({"add": {"at": at, "default": 0}})),
        stays(json!({"add": {"at": at}})),
        stays(json!({"remove": {"at": at, "default": ""}})),
        stays(json!({"remove": {"at": at}})),
        moved(x.clone(), &|to| json!({"rename": {"from": at, "to": to}})),
        moved("/host/leaf".to_owned() + &at.replace('/', "_"), &|to| json!({"move": {"from": at, "to": to}})),
        moved(a.clone(), &|to| json!({"move": {"from": at, "to": to}})),
        moved(format!("/out{}", at.replace('/', "_")), &|to| json!({"move": {"from": a, "to": to}})),
        stays(json!({"convert": {"at": at, "up": {"a b": "", "": "a b"}, "else": "keep"}})),
        stays(json!({"convert": {"at": at, "up": [[null, 0], [7, "7"], ["7", null]]}})),
        stays(json!({"convert": {"at": at, "up": {"a b": false}, "else": {"value": []}}})),
        cast("string", "integer"),
        cast("string", "boolean"),
        cast("integer", "number"),
        cast("number", "integer"),
        cast("number", "string"),
        cast("date-time", "integer"),
        cast("integer", "date-time"),
        stays(json!({"scale": {"at": at, "num": 100}})),
        stays(json!({"scale": {"at": at, "den": 100, "round": "fail"}})),
        stays(json!({"scale": {"at": at, "num": 2, "den": 3}})),
        stays(json!({"nullable": {"at": at, "null_as": false}})),
        stays(json!({"require": {"at": at, "default": ""}})),
        stays(json!({"relax": {"at": at}})),
        stays(json!({"relax": {"at": at, "default": {}}})),
        stays(json!({"wrap": {"at": at}})),
        stays(json!({"unwrap": {"at": at}})),
        stays(json!({"unwrap": {"at": at, "pick": "last", "else": 0}})),
        within("in", json!({"rename": {"from": "/a", "to": "/c"}})),
        within("in", json!({"add": {"at": "/c", "default": null}})),
        within("map", json!({"wrap": {"at": ""}})),
        within("map", json!({"cast": {"at": "/a", "from": "string", "to": "integer"}})),
        stays(json!({"when": {"at": "/k", "equals": 1, "lens": [{"wrap": {"at": at}}]}})),
        stays(json!({"when": {"at": "/k", "equals": 2, "lens": [{"remove": {"at": at}}]}})),
        moved(x.clone(), &|to| json!({"split": {"from": at, "to": [to, y], "by": " "}})),
        moved(a, &|to| json!({"split": {"from": at, "to": [to, b], "by": " "}})),
        moved(z, &|to| json!({"join": {"from": [at, x], "to": to, "by": " "}})),
        stays(json!({"derive": {"at": at, "cel": "1"}})),
    ]
}

const FIELDS: [&str; 22] = [
    "null",
    "true",
    "0",
    "1.0",
    "7",
    "-2.5e-1",
    "123456789012345678901234567890",
    "\"\"",
    "\"7\"",
    "\"a b\"",
    "\"a b c\"",
    "\"true\"",
    "\"2024-02-29T12:00:00Z\"",
    "{}",
    "[]",
    "[1,2]",
    "[\"a b\"]",
    "[null]",
    "[[]]",
    "{\"a\":1}",
    "{\"a\":\"a b\",\"b\":\"c\"}",
    "{\"a\":{\"a\":\"7\"}}",
];

fn events() -> Vec<Node> {
    let mut texts = vec!["{}".to_owned(), "{\"k\":1}".to_owned()];
    for field in FIELDS {
        texts.push(format!("{{\"f\":{field}}}"));
        texts.push(format!("{{\"f\":{field},\"k\":1,\"other\":null}}"));
    }
    texts.push("{\"f\":\"a\",\"fx\":\"b\",\"host\":{\"y\":1}}".to_owned());
    texts
        .iter()
        .map(|text| Node::parse(text, EVENT_DEPTH_MAX).unwrap_or_else(|e| panic!("{text}: {e:?}")))
        .collect()
}

/// The actions but for which objects are unmade, which hangs on what is around them.
fn bare(actions: &[Action]) -> Vec<Action> {
    let bare_one = |action: &Action| match action.clone() {
        Action::Carry { from, to, .. } => Action::Carry { from, to, kept: 0 },
        Action::Delete { at, .. } => Action::Delete { at, kept: 0 },
        Action::Cut { from, to, by, limit, .. } => Action::Cut { from, to, by, limit, kept: 0 },
        Action::Glue { from, to, by } => {
            Action::Glue { from: from.into_iter().map(|(part, _)| (part, 0)).collect(), to, by }
        }
        Action::In { at, actions } => Action::In { at, actions: bare(&actions) },
        Action::When { at, equals, actions } => Action::When { at, equals, actions: bare(&actions) },
        other => other,
    };
    actions.iter().map(bare_one).collect()
}

/// What was seen over all pairs, so that laws that hold of nothing are noticed.
#[derive(Debug, Default)]
struct Seen {
    pairs: usize,
    came_back: usize,
    failed: usize,
}

fn check(lens: &Lens<'_>, events: &[Node], seen: &mut Seen) {
    let whole = &lens.program;
    let (first, second) = lens.cut(1);
    assert_eq!(bare(&whole.down), bare(&[second.down.clone(), first.down.clone()].concat()));
    for event in events {
        for (way, before, after) in [(Way::Up, &first, &second), (Way::Down, &second, &first)] {
            let there = run(whole, way, event);
            let by_steps = run(before, way, event).and_then(|between| run(after, way, &between));
            let told = || format!("{:?} {way:?} from {}", lens.ops, event.to_text());
            assert_eq!(there, by_steps, "{}", told());
            let there = match there {
                Ok(there) => there,
                Err(failure) => {
                    assert!(failure.pointer.starts_with('/') && !failure.message.is_empty(), "{}", told());
                    seen.failed += 1;
                    continue;
                }
            };
            if lens.is_exact(way, event) {
                let back = run(whole, way.back(), &there);
                let back = back.unwrap_or_else(|e| panic!("{}\nto {}\n{e}", told(), there.to_text()));
                assert!(equal(&back, event), "{}\nto {}\nback {}", told(), there.to_text(), back.to_text());
                seen.came_back += 1;
            }
        }
    }
}

#[test]
fn every_pair_of_operations_on_one_field_composes_and_comes_back() {
    let (events, mut seen) = (events(), Seen::default());
    let (nothing, object) = (json!({}), json!({"type": "object"}));
    let fields = json!({"properties": {"f": {"properties": {"a": object}}, "fx": object, "host": object}});
    for (first, at) in operations("/f") {
        for (second, _) in operations(&at) {
            let mut problems = Problems::default();
            let ops = parse_ops(&json!([first, second]), "", &mut problems);
            let ops = ops.unwrap_or_else(|| panic!("{first} {second}: {:?}", problems.into_list()));
            for (below, above) in
                [(&nothing, &nothing), (&fields, &nothing), (&nothing, &fields), (&fields, &fields)]
            {
                let (below, above) = (SchemaSide { root: below }, SchemaSide { root: above });
                check(&Lens::new(&ops, &below, &above), &events, &mut seen);
                seen.pairs += 1;
            }
        }
    }
    assert!(seen.pairs > 4 * 1000 && seen.came_back > 50_000 && seen.failed > 50_000, "{seen:?}");
}
