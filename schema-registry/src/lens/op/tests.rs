//! Operations as documents write them: what is taken, and what is refused at which place.

use serde_json::{Value, json};

use super::parse_ops;
use crate::limits::{EVENT_DEPTH_MAX, LENS_DEPTH_MAX, LENS_OPS_MAX, SPLIT_PARTS_MAX, TABLE_ENTRIES_MAX};
use crate::problem::Problems;

fn parse(lens: &Value) -> Result<Vec<super::Op>, Vec<String>> {
    let mut problems = Problems::default();
    let ops = parse_ops(lens, "", &mut problems);
    let lines: Vec<String> = problems.into_list().iter().map(ToString::to_string).collect();
    assert_eq!(ops.is_none(), !lines.is_empty(), "there is a lens or a problem: {lines:?}");
    ops.ok_or(lines)
}

/// The operation is taken, and its texts are these.
#[track_caller]
fn check(op: Value, forward: &str, backward: &str) {
    let ops = parse(&json!([op])).unwrap_or_else(|e| panic!("{op}: {e:?}"));
    let texts: Vec<_> = ops.iter().map(|op| (op.forward(), op.backward())).collect();
    assert_eq!(texts, [(forward.to_owned(), backward.to_owned())]);
}

/// The operation is refused for exactly these reasons.
#[track_caller]
fn refused(op: Value, expect: &[&str]) {
    refused_lens(&json!([op]), expect);
}

#[track_caller]
fn refused_lens(lens: &Value, expect: &[&str]) {
    let lines = parse(lens).expect_err("the lens should be refused");
    assert_eq!(lines, expect, "{lens}");
}

#[test]
fn every_operation_is_read_and_named_both_ways() {
    check(json!({"add": {"at": "/a", "schema": {}, "default": null}}), "add /a", "remove /a");
    check(json!({"remove": {"at": "/a", "schema": {"type": "string"}}}), "remove /a", "add /a");
    check(json!({"rename": {"from": "/a", "to": "/b"}}), "rename /a to /b", "rename /b to /a");
    check(json!({"move": {"from": "/a", "to": "/a/b"}}), "move /a to /a/b", "move /a/b to /a");
    check(json!({"convert": {"at": "/a", "up": {"m": "male"}}}), "convert /a", "convert /a");
    let cast = json!({"cast": {"at": "/a", "from": "string", "to": "date-time"}});
    check(cast, "cast /a from string to date-time", "cast /a from date-time to string");
    check(json!({"scale": {"at": "/a", "den": 100}}), "scale /a by 1/100", "scale /a by 100");
    check(json!({"nullable": {"at": "/a", "null_as": ""}}), "nullable /a", "require /a");
    check(json!({"require": {"at": "/a", "default": null}}), "require /a", "relax /a");
    check(json!({"relax": {"at": "/a"}}), "relax /a", "require /a");
    check(json!({"wrap": {"at": "/a"}}), "wrap /a", "unwrap /a");
    check(json!({"unwrap": {"at": "/a", "pick": "last", "else": 0}}), "unwrap /a", "wrap /a");
    let two = || json!([{"wrap": {"at": "/x"}}, {"rename": {"from": "/x", "to": "/y"}}]);
    check(
        json!({"in": {"at": "/o", "lens": two()}}),
        "in /o (wrap /x, rename /x to /y)",
        "in /o (rename /y to /x, unwrap /x)",
    );
    check(
        json!({"map": {"at": "/o", "lens": [{"wrap": {"at": ""}}]}}),
        "map /o (wrap the element)",
        "map /o (unwrap the element)",
    );
    check(
        json!({"when": {"at": "/k", "equals": "b", "lens": two()}}),
        "when /k is \"b\" (wrap /x, rename /x to /y)",
        "when /k is \"b\" (rename /y to /x, unwrap /x)",
    );
    check(json!({"retype": {"from": "a.b", "to": "c"}}), "retype a.b to c", "retype c to a.b");
    let split = json!({"split": {"from": "/n", "to": ["/n/a", "/n/b"], "by": " ", "limit": 2}});
    check(split, "split /n into /n/a, /n/b", "join /n/a, /n/b into /n");
    let join = json!({"join": {"from": ["/a", "/b"], "to": "/n", "by": " "}});
    check(join, "join /a, /b into /n", "split /n into /a, /b");
    check(json!({"derive": {"at": "/a", "cel": "event.b + 1"}}), "derive /a", "remove /a");
}

#[test]
fn all_problems_of_an_operation_are_found_at_their_places() {
    refused(
        json!({"cast": {"at": "a", "from": "text", "into": "number"}}),
        &[
            "/0/cast/into: not known here: use at, from, to",
            "/0/cast/at: `a` is not a JSON Pointer: it must start with `/`",
            "/0/cast/from: must be one of string, integer, number, boolean, date-time, is `\"text\"`",
            "/0/cast: the member `to` is missing: write one of string, integer, number, boolean, date-time",
        ],
    );
    refused_lens(
        &json!([{"in": {"at": "/o", "lens": [{"wrap": {}}, {"map": {"at": "/l", "lens": [{"drop": {}}]}}]}}, {"add": 1}]),
        &[
            "/0/in/lens/0/wrap: the member `at` is missing: write a JSON Pointer",
            "/0/in/lens/1/map/lens/0: the operation `drop` is not known",
            "/1/add: must be an object",
        ],
    );
}

#[test]
fn what_leads_to_itself_or_nowhere_is_refused() {
    refused(
        json!({"rename": {"from": "/a", "to": "/a"}}),
        &["/0/rename: leads from `/a` to itself: leave it out"],
    );
    refused(
        json!({"cast": {"at": "/a", "from": "string", "to": "string"}}),
        &["/0/cast: leads from string to itself: leave it out"],
    );
    refused(
        json!({"cast": {"at": "/a", "from": "boolean", "to": "integer"}}),
        &["/0/cast: there is no cast from boolean to integer"],
    );
    refused(
        json!({"split": {"from": "/a", "to": ["/a", "/b"], "by": " "}}),
        &["/0/split: leads from `/a` to itself: name another place"],
    );
    refused(
        json!({"split": {"from": "/a", "to": ["/b", "/b"], "by": ""}}),
        &["/0/split/to/1: `/b` stands twice", "/0/split/by: must not be empty"],
    );
    refused(
        json!({"join": {"from": ["/b", "/b/c"], "to": "/a", "by": "-"}}),
        &["/0/join/from/1: `/b/c` and `/b` lie within each other"],
    );
    for (body, message) in [
        (json!({"at": "/a", "num": 0}), "/0/scale/num: must be an integer other than 0, is `0`"),
        (json!({"at": "/a", "den": 1.5}), "/0/scale/den: must be an integer other than 0, is `1.5`"),
        (
            json!({"at": "/a", "num": 7, "den": 7}),
            "/0/scale: scales by 1: leave it out, or give `num` and `den`",
        ),
        (
            json!({"at": "/a", "num": 2, "round": "near"}),
            "/0/scale/round: must be one of half-even, down, up, fail, is `\"near\"`",
        ),
    ] {
        refused(json!({"scale": body}), &[message]);
    }
    refused(
        json!({"nullable": {"at": "/a", "null_as": null}}),
        &["/0/nullable/null_as: must be another value than null, which the parent does not say"],
    );
    refused(
        json!({"require": {"at": "/a"}}),
        &["/0/require: the member `default` is missing: write the value in the place of null"],
    );
    refused(json!({"in": {"at": "/a", "lens": []}}), &["/0/in/lens: has no operations: leave it out"]);
    refused(json!({"derive": {"at": "/a", "cel": " "}}), &["/0/derive/cel: must not be empty"]);
}

#[test]
fn tables_have_one_meaning_each_way() {
    let convert = |up: Value, down: Value| json!({"convert": {"at": "/a", "up": up, "down": down}});
    for (up, down) in [
        (json!({"a": "b"}), json!({"b": "a", "c": "a"})),
        (json!({"a": "b", "c": "b"}), json!({"b": "c"})),
        (json!({}), json!([[1, "one"], [null, "none"]])),
    ] {
        check(convert(up, down), "convert /a", "convert /a");
    }
    refused(
        convert(json!({"a": "b", "c": "d"}), json!({"b": "c"})),
        &["/0/convert/down: leads from `\"b\"` to `\"c\"`, which `up` does not lead to `\"b\"` from"],
    );
    refused(
        json!({"convert": {"at": "/a", "up": {"a": 1, "b": 1.0}}}),
        &["/0/convert/up: leads both `\"a\"` and `\"b\"` to `1.0`, so it has no way back"],
    );
    refused(convert(json!({}), json!({})), &["/0/convert: has no entries: leave it out"]);
    refused(
        convert(json!([[1, 2], [1.0, 3], 4]), json!(5)),
        &[
            "/0/convert/up/1: `1.0` stands twice in the table",
            "/0/convert/up/2: must be a pair",
            "/0/convert/down: must be a table, is `5`",
        ],
    );
    refused(
        json!({"convert": {"at": "/a", "up": {"a": "b"}, "else": "drop"}}),
        &["/0/convert/else: must be `fail`, `keep` or `{ value: … }`"],
    );
}

#[test]
fn only_an_element_of_a_map_can_be_named_by_the_empty_pointer() {
    let within = |op: Value| json!({"map": {"at": "/l", "lens": [op]}});
    for op in ["wrap", "unwrap"] {
        refused(
            json!({op: {"at": ""}}),
            &[&format!("/0/{op}/at: points to the whole payload: name a field")],
        );
        let inner = json!({"in": {"at": "/o", "lens": [{op: {"at": ""}}]}});
        let message = format!("in/lens/0/{op}/at: points to the whole object: name a field");
        refused(inner.clone(), &[&format!("/0/{message}")]);
        refused(within(inner), &[&format!("/0/map/lens/0/{message}")]);
        assert!(parse(&json!([within(json!({op: {"at": ""}}))])).is_ok());
    }
    for op in ["add", "remove", "relax"] {
        refused(
            within(json!({op: {"at": ""}})),
            &[&format!("/0/map/lens/0/{op}/at: points to the whole element: name a field")],
        );
    }
}

#[test]
fn a_lens_must_not_change_what_decides_whether_it_is_run() {
    let when = |at: &str, op: Value| json!({"when": {"at": at, "equals": 1, "lens": [op]}});
    let message = |place: &str, at: &str| {
        format!("/0/when/lens: changes `{place}`, which decides by `{at}` whether it is run")
    };
    refused(when("/k", json!({"remove": {"at": "/k"}})), &[&message("/k", "/k")]);
    refused(when("/p/k", json!({"wrap": {"at": "/p"}})), &[&message("/p", "/p/k")]);
    refused(when("/k", json!({"add": {"at": "/k/x"}})), &[&message("/k/x", "/k")]);
    refused(when("/k", json!({"rename": {"from": "/a", "to": "/k"}})), &[&message("/k", "/k")]);
    let inner = json!({"in": {"at": "/p", "lens": [when("/x", json!({"wrap": {"at": "/k"}}))]}});
    refused(when("/p/k", inner.clone()), &[&message("/p/k", "/p/k")]);
    check(
        when("/p/x", inner),
        "when /p/x is 1 (in /p (when /x is 1 (wrap /k)))",
        "when /p/x is 1 (in /p (when /x is 1 (unwrap /k)))",
    );
    check(
        when("/k", json!({"wrap": {"at": "/kind"}})),
        "when /k is 1 (wrap /kind)",
        "when /k is 1 (unwrap /kind)",
    );
}

#[test]
fn a_type_is_renamed_first_and_once() {
    let retype = || json!({"retype": {"from": "a", "to": "b"}});
    let message = "`retype` must be the first operation of an event type's lens";
    refused_lens(&json!([retype(), retype()]), &[&format!("/1: {message}")]);
    refused(json!({"in": {"at": "/o", "lens": [retype()]}}), &[&format!("/0/in/lens/0: {message}")]);
    refused(
        json!({"retype": {"from": "a", "to": "a"}}),
        &["/0/retype: leads from `a` to itself: leave it out"],
    );
    refused(
        json!({"retype": {"from": "selfsame.x", "to": "b"}}),
        &["/0/retype/from: the event type `selfsame.x` is protected"],
    );
}

#[test]
fn sizes_and_depth_are_limited() {
    let nest = |depth: usize| {
        let inner = json!({"wrap": {"at": "/a"}});
        (0..depth).fold(inner, |op, _| json!({"in": {"at": "/o", "lens": [op]}}))
    };
    assert!(parse(&json!([nest(LENS_DEPTH_MAX)])).is_ok());
    let place = "/in/lens/0".repeat(LENS_DEPTH_MAX);
    refused(nest(LENS_DEPTH_MAX + 1), &[&format!("/0{place}/in/lens: lies more than 8 lenses deep")]);

    let wraps = |n: usize| vec![json!({"wrap": {"at": "/a"}}); n];
    let both =
        |n: usize| json!([{"in": {"at": "/o", "lens": wraps(n)}}, {"in": {"at": "/p", "lens": wraps(100)}}]);
    assert!(parse(&both(LENS_OPS_MAX - 102)).is_ok());
    refused_lens(&both(LENS_OPS_MAX - 101), &["has 257 operations, over the limit of 256"]);

    let far = |n: usize| json!({"wrap": {"at": "/x".repeat(n)}});
    assert!(parse(&json!([far(EVENT_DEPTH_MAX)])).is_ok());
    refused(
        far(EVENT_DEPTH_MAX + 1),
        &["/0/wrap/at: leads 33 objects deep, over the limit of 32 for an event"],
    );

    let table = |n: usize| (0..n).map(|i| json!([i, i + 1])).collect::<Vec<_>>();
    let convert = |n: usize| json!({"convert": {"at": "/a", "up": table(n)}});
    assert!(parse(&json!([convert(TABLE_ENTRIES_MAX)])).is_ok());
    refused(convert(TABLE_ENTRIES_MAX + 1), &["/0/convert/up: has 1025 entries, over the limit of 1024"]);

    let split = |n: usize| {
        let to: Vec<String> = (0..n).map(|i| format!("/p{i}")).collect();
        json!({"split": {"from": "/a", "to": to, "by": " "}})
    };
    assert!(parse(&json!([split(SPLIT_PARTS_MAX)])).is_ok());
    refused(split(SPLIT_PARTS_MAX + 1), &["/0/split/to: must be 2 to 16 JSON Pointers, is 17 of them"]);
    refused(split(1), &["/0/split/to: must be 2 to 16 JSON Pointers, is 1 of them"]);
}
