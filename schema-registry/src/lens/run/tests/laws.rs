//! The laws of operations, over generated lenses and events.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::common::{Lens, equal, run};
use crate::json::tree::Node;
use crate::lens::op::Scalar;
use crate::lens::run::Way;
use crate::lens::run::side::SchemaSide;
use crate::lens::{Op, parse_ops};
use crate::limits::EVENT_DEPTH_MAX;
use crate::problem::Problems;

const KEYS: [&str; 6] = ["a", "b", "", "c/d", "0", "k"];

const POINTERS: [&str; 10] = ["/a", "/a", "/a", "/b", "/b", "/", "/a/b", "/b/a", "/c~1d/0", ""];

const SCALARS: [&str; 16] = [
    "null",
    "true",
    "false",
    "0",
    "7",
    "-3",
    "150",
    "0.5",
    "-1.25",
    "1e21",
    "\"\"",
    "\"x\"",
    "\"x y\"",
    "\"7\"",
    "\"true\"",
    "\"2024-02-29T12:00:00.25Z\"",
];

const NESTED: [&str; 10] = [
    "{}",
    "[]",
    "[null]",
    "[7,\"x y\"]",
    "{\"a\":7}",
    "{\"a\":\"x\",\"b\":null}",
    "{\"b\":{\"a\":[]}}",
    "[[1],[]]",
    "[{\"a\":1},{\"a\":2,\"b\":0}]",
    "{\"\":{\"\":{}}}",
];

fn pointer() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&POINTERS[..])
}

fn scalar() -> impl Strategy<Value = Value> {
    prop::sample::select(&SCALARS[..]).prop_map(|text| serde_json::from_str(text).unwrap())
}

fn value() -> impl Strategy<Value = Value> {
    let texts: Vec<&str> = SCALARS.into_iter().chain(NESTED).collect();
    prop::sample::select(texts).prop_map(|text| serde_json::from_str(text).unwrap())
}

fn event() -> impl Strategy<Value = Value> {
    let member = (prop::sample::select(&KEYS[..]), value());
    prop::collection::vec(member, 0..6).prop_map(|m| m.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
}

/// An operation of the kind with this number; the last three hold a lens.
fn op_of(kind: usize, [a, b, c]: [&str; 3], [v, w, x]: [Value; 3], n: i64, lens: Vec<Value>) -> Value {
    let pick = |words: &[&'static str]| words[usize::try_from(n).unwrap() % words.len()];
    let rest = pick(&["fail", "keep", "value"]);
    let rest = if rest == "value" { json!({"value": x}) } else { json!(rest) };
    let names = Scalar::ALL.map(|(name, _)| name);
    match kind {
        0 => json!({"add": {"at": a, "default": v}}),
        1 => json!({"add": {"at": a}}),
        2 => json!({"remove": {"at": a, "default": v}}),
        3 => json!({"remove": {"at": a}}),
        4 => json!({"rename": {"from": a, "to": b}}),
        5 | 6 => json!({"move": {"from": a, "to": b}}),
        7 => json!({"convert": {"at": a, "up": [[v, w], [w, x]], "else": rest}}),
        8 => json!({"convert": {"at": a, "up": [[v, w], [w, v]], "else": rest}}),
        9 | 10 => json!({"cast": {"at": a, "from": pick(&names), "to": names[b.len() % 5]}}),
        11 => {
            json!({"scale": {"at": a, "num": n - 9, "den": 1 + b.len(), "round": pick(&["half-even", "down", "up", "fail"])}})
        }
        12 => json!({"nullable": {"at": a, "null_as": v}}),
        13 => json!({"require": {"at": a, "default": v}}),
        14 => json!({"relax": {"at": a, "default": v}}),
        15 => json!({"wrap": {"at": a}}),
        16 => json!({"unwrap": {"at": a, "pick": "last", "else": v}}),
        17 => json!({"unwrap": {"at": a}}),
        18 => json!({"split": {"from": a, "to": [b, c], "by": " "}}),
        19 => json!({"join": {"from": [a, b], "to": c, "by": " "}}),
        20 => json!({"derive": {"at": a, "cel": "1"}}),
        21 => json!({"in": {"at": a, "lens": lens}}),
        22 => json!({"map": {"at": a, "lens": lens}}),
        _ => json!({"when": {"at": "/k", "equals": v, "lens": lens}}),
    }
}

fn op_holding(lens: BoxedStrategy<Vec<Value>>) -> impl Strategy<Value = Value> {
    let pointers = [pointer(), pointer(), pointer()];
    let values = [scalar().boxed(), value().boxed(), scalar().boxed()];
    (0..26_usize, pointers, values, 0..16_i64, lens)
        .prop_map(|(kind, p, v, n, lens)| op_of(kind, p, v, n, lens))
}

fn op() -> impl Strategy<Value = Value> {
    let plain = op_holding(Just(vec![json!({"wrap": {"at": "/a"}})]).boxed());
    let nested = op_holding(prop::collection::vec(plain, 1..3).boxed());
    op_holding(prop::collection::vec(nested, 1..2).boxed())
}

/// The operations of the list that are taken on their own.
fn taken(list: &[Value]) -> Vec<Op> {
    list.iter().filter_map(|op| parse_ops(&json!([op]), "", &mut Problems::default())).flatten().collect()
}

fn schema() -> impl Strategy<Value = Value> {
    let object = |members: Value| json!({"type": "object", "properties": members});
    let leaf =
        || prop::sample::select(vec![json!({}), json!({"type": "integer"}), json!({"type": "number"})]);
    (any::<[bool; 4]>(), [leaf(), leaf(), leaf()]).prop_map(move |([a, b, flat, empty], [x, y, z])| {
        let inner = |key: &str, leaf: Value| if flat { leaf } else { object(json!({key: leaf})) };
        let mut members = serde_json::Map::new();
        for (there, key, inner) in [(a, "a", inner("b", x)), (b, "b", inner("a", y)), (empty, "", z)] {
            if there {
                members.insert(key.to_owned(), inner);
            }
        }
        object(members.into())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    /// For any operations on any event: a lens cut in two gives what the whole gives, failures too, and
    /// what loses nothing comes back.
    #[test]
    fn lenses_compose_and_what_loses_nothing_comes_back(
        list in prop::collection::vec(op(), 0..5),
        event in event(),
        below in schema(),
        above in schema(),
        cut in any::<prop::sample::Index>(),
    ) {
        let ops = taken(&list);
        let (below, above) = (SchemaSide { root: &below }, SchemaSide { root: &above });
        let lens = Lens::new(&ops, &below, &above);
        let (whole, (first, second)) = (&lens.program, lens.cut(cut.index(ops.len() + 1)));
        let event = Node::from_value(&event);
        for (way, before, after) in [(Way::Up, &first, &second), (Way::Down, &second, &first)] {
            let there = run(whole, way, &event);
            let by_steps = run(before, way, &event).and_then(|between| run(after, way, &between));
            prop_assert_eq!(&there, &by_steps);
            let Ok(there) = there else { continue };
            let text = there.to_text();
            prop_assert_eq!(Node::parse(&text, EVENT_DEPTH_MAX).ok(), Some(there.clone()), "{}", text);
            if lens.is_exact(way, &event) {
                let back = run(whole, way.back(), &there);
                let back = back.map_err(|e| TestCaseError::fail(format!("{text}: {e}")))?;
                prop_assert!(equal(&back, &event), "{} {}", text, back.to_text());
            }
        }
    }

    /// Where a lens of one operation fails, the failure names a place in the event or one to be made.
    #[test]
    fn failures_name_a_place(op in op(), event in event()) {
        let ops = taken(&[op]);
        let nothing = json!({});
        let side = SchemaSide { root: &nothing };
        let program = Lens::new(&ops, &side, &side).program;
        for way in [Way::Up, Way::Down] {
            if let Err(failure) = run(&program, way, &Node::from_value(&event)) {
                prop_assert!(failure.pointer.starts_with('/') && !failure.message.is_empty(), "{}", failure);
                prop_assert!(!failure.message.ends_with('.'), "{}", failure);
            }
        }
    }
}
