//! What each operation can lose, by example.

use serde_json::{Value, json};

use super::{Loss, losses};
use crate::lens::parse_ops;
use crate::lens::run::side::SchemaSide;
use crate::problem::Problems;

fn shown(loss: &Loss) -> String {
    match loss {
        Loss::Exact => "exact".to_owned(),
        Loss::Residue(fields) => format!("residue {}", fields.join(" ")),
        Loss::Lossy(fields) => format!("lossy {}", fields.join(" ")),
    }
}

#[track_caller]
fn between(below: &Value, above: &Value, ops: Value, up: &str, down: &str) {
    let mut problems = Problems::default();
    let parsed = parse_ops(&ops, "", &mut problems).unwrap_or_else(|| panic!("{:?}", problems.into_list()));
    let (got_up, got_down) = losses(&parsed, &SchemaSide { root: below }, &SchemaSide { root: above });
    assert_eq!((shown(&got_up).as_str(), shown(&got_down).as_str()), (up, down), "{ops}");
}

#[track_caller]
fn check(op: Value, up: &str, down: &str) {
    between(&json!({}), &json!({}), json!([op]), up, down);
}

#[test]
fn each_operation_loses_what_it_cannot_give_back() {
    check(json!({"add": {"at": "/f", "default": 1}}), "exact", "residue /f");
    check(json!({"remove": {"at": "/f"}}), "residue /f", "exact");
    check(json!({"rename": {"from": "/a", "to": "/b"}}), "exact", "exact");
    check(json!({"nullable": {"at": "/f", "null_as": 0}}), "exact", "residue /f");
    check(json!({"require": {"at": "/f", "default": 0}}), "residue /f", "exact");
    check(json!({"relax": {"at": "/f", "default": 0}}), "exact", "residue /f");
    check(json!({"relax": {"at": "/f"}}), "exact", "exact");
    check(json!({"wrap": {"at": "/f"}}), "exact", "lossy /f");
    check(json!({"unwrap": {"at": "/f"}}), "lossy /f", "exact");
    check(json!({"retype": {"from": "a", "to": "b"}}), "exact", "exact");
    check(json!({"split": {"from": "/a", "to": ["/b", "/c"], "by": " "}}), "exact", "lossy /b /c");
    check(json!({"join": {"from": ["/b", "/c"], "to": "/a", "by": " "}}), "lossy /b /c", "exact");
    check(json!({"derive": {"at": "/d", "cel": "1"}}), "exact", "residue /d");
}

#[test]
fn tables_lose_nothing_if_they_are_inverse_and_the_rest_cannot_be_mistaken() {
    let convert = |up: Value, down: Value, otherwise: Value| json!({"convert": {"at": "/f", "up": up, "down": down, "else": otherwise}});
    check(convert(json!({"a": "b"}), json!({"b": "a"}), json!("fail")), "exact", "exact");
    check(convert(json!({"a": "b"}), json!({"b": "a"}), json!("keep")), "lossy /f", "lossy /f");
    check(convert(json!({"a": "b", "b": "a"}), json!({"b": "a", "a": "b"}), json!("keep")), "exact", "exact");
    check(convert(json!({"a": "b", "c": "b"}), json!({"b": "a"}), json!("fail")), "lossy /f", "exact");
    check(convert(json!({"a": "a"}), json!({"a": "a", "b": "a"}), json!("fail")), "exact", "lossy /f");
    check(convert(json!({"a": "b"}), json!({"b": "a"}), json!({"value": "a"})), "lossy /f", "lossy /f");
    check(json!({"convert": {"at": "/f", "up": [[1, 2.0], [2, 1]], "else": "keep"}}), "exact", "exact");
}

#[test]
fn casts_lose_what_is_not_printed_as_it_was() {
    let cast = |from: &str, to: &str| json!({"cast": {"at": "/f", "from": from, "to": to}});
    for (from, to, up, down) in [
        ("string", "integer", "lossy /f", "exact"),
        ("string", "number", "lossy /f", "exact"),
        ("string", "boolean", "exact", "exact"),
        ("string", "date-time", "exact", "exact"),
        ("integer", "number", "exact", "exact"),
        ("number", "integer", "exact", "exact"),
        ("date-time", "integer", "lossy /f", "exact"),
        ("integer", "date-time", "exact", "lossy /f"),
        ("boolean", "string", "exact", "exact"),
        ("number", "string", "exact", "lossy /f"),
    ] {
        check(cast(from, to), up, down);
    }
}

#[test]
fn scaling_loses_what_rounding_takes() {
    let field = |name: &str| json!({"properties": {"p": {"type": name}}});
    let (integer, number) = (field("integer"), field("number"));
    let scale = |num: i64, den: i64, round: &str| json!([{"scale": {"at": "/p", "num": num, "den": den, "round": round}}]);
    between(&integer, &number, scale(1, 100, "up"), "exact", "lossy /p");
    between(&integer, &number, scale(1, 100, "fail"), "exact", "exact");
    between(&number, &number, scale(1, 100, "up"), "exact", "exact");
    between(&number, &number, scale(1, 3, "up"), "lossy /p", "exact");
    between(&number, &number, scale(6, 3, "up"), "exact", "exact");
    between(&number, &integer, scale(100, 1, "up"), "lossy /p", "exact");
    between(&integer, &integer, scale(100, 1, "up"), "exact", "lossy /p");
    between(&integer, &number, scale(-7, 20, "up"), "exact", "lossy /p");
}

#[test]
fn objects_that_are_made_or_unmade_are_residue_unless_the_schema_knows_better() {
    let object = |properties: Value, required: Value| json!({"type": "object", "properties": properties, "required": required});
    let flat = object(json!({"g": {}}), json!([]));
    let nested = |required: Value| object(json!({"n": object(json!({"g": {}}), required)}), json!([]));
    let nest = || json!([{"move": {"from": "/g", "to": "/n/g"}}]);
    between(&flat, &nested(json!([])), nest(), "exact", "residue /n");
    between(&flat, &nested(json!(["g"])), nest(), "exact", "exact");
    let with = |required: Value| object(json!({"g": {}, "n": object(json!({}), json!([]))}), required);
    between(&with(json!([])), &nested(json!([])), nest(), "residue /n", "exact");
    between(&with(json!(["n"])), &nested(json!([])), nest(), "exact", "exact");
    check(json!({"move": {"from": "/a/b", "to": "/a"}}), "residue /a", "exact");
    check(json!({"move": {"from": "/a", "to": "/a/b"}}), "exact", "residue /a");
}

#[test]
fn the_worst_operation_decides_and_nested_fields_are_named_in_full() {
    let ops = json!([
        {"add": {"at": "/x"}},
        {"in": {"at": "/o", "lens": [
            {"map": {"at": "/items", "lens": [{"wrap": {"at": "/price"}}, {"add": {"at": "/y"}}]}},
        ]}},
        {"when": {"at": "/k", "equals": 1, "lens": [{"add": {"at": "/z"}}, {"map": {"at": "/l", "lens": [{"wrap": {"at": ""}}]}}]}},
        {"remove": {"at": "/a"}},
        {"remove": {"at": "/b"}},
        {"remove": {"at": "/a"}},
    ]);
    between(&json!({}), &json!({}), ops, "residue /a /b", "lossy /o/items/*/price /l/*");
}
