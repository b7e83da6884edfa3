//! JSON Schemas as fields.

use selfsame_schema::cel::{Fields, SchemaFields, Step};
use serde_json::{Value, json};

/// The type at a way of keys, where `*` stands for the elements of a list.
fn find(schema: &Value, way: &[&str]) -> String {
    let fields = SchemaFields::new(schema).expect("a schema");
    let step = |key: &&str| if *key == "*" { Step::Element } else { Step::Key((*key).to_owned()) };
    match fields.field(&way.iter().map(step).collect::<Vec<_>>()) {
        None => "none".to_owned(),
        Some(field) if field.may_be_absent => format!("{}, or absent", field.ty),
        Some(field) => field.ty.to_string(),
    }
}

#[track_caller]
fn check(property: Value, expect: &str) {
    let schema = json!({ "required": ["x"], "properties": { "x": property }, "$defs": {
        "text": { "type": "string" },
        "loop": { "anyOf": [{ "$ref": "#/$defs/loop" }, { "type": "string" }] },
        "lists": { "type": "array", "items": { "$ref": "#/$defs/lists" } },
    } });
    assert_eq!(find(&schema, &["x"]), expect);
}

#[test]
fn types_come_from_every_schema_that_holds() {
    check(json!({ "type": "integer" }), "an integer");
    check(json!({ "type": ["integer", "null"] }), "an integer or null");
    check(json!({ "type": ["integer", "number"] }), "a number");
    check(json!({ "type": ["integer", "string"] }), "a value of any type");
    check(json!({ "type": "null" }), "null");
    check(json!({}), "a value of any type");
    check(json!(true), "a value of any type");
    check(json!({ "$ref": "#/$defs/text" }), "a text");
    check(json!({ "$ref": "#/$defs/text", "type": ["string", "null"] }), "a text");
    check(json!({ "allOf": [{ "type": ["string", "null"] }, { "minLength": 1 }] }), "a text or null");
    check(json!({ "anyOf": [{ "$ref": "#/$defs/text" }, { "type": "null" }] }), "a text or null");
    check(json!({ "oneOf": [{ "type": "string" }, { "type": "integer" }] }), "a value of any type");
    check(json!({ "type": "number", "oneOf": [{ "minimum": 1 }, { "type": "integer" }] }), "a number");
    check(json!({ "enum": ["a", "b"] }), "a text");
    check(json!({ "enum": ["a", null] }), "a text or null");
    check(json!({ "const": true }), "a boolean");
    check(json!({ "enum": [1, 2] }), "a number");
    check(json!({ "type": "integer", "enum": [1, 2] }), "an integer");
    check(json!({ "type": "array", "items": { "type": "string" } }), "a list");
    check(json!({ "$ref": "#/$defs/loop" }), "a value of any type");
    check(json!({ "$ref": "#/$defs/lists" }), "a list");
    check(json!({ "$ref": "https://example.org/elsewhere" }), "a value of any type");
}

#[test]
fn members_come_from_every_schema_that_holds() {
    let schema = json!({
        "allOf": [{ "$ref": "#/$defs/base" }],
        "required": ["a"],
        "properties": {
            "a": { "type": "integer" },
            "b": { "type": "string" },
            "host": { "anyOf": [{ "$ref": "#/$defs/base" }, { "type": "null" }] },
            "open": { "type": "object" },
            "map": { "type": "object", "additionalProperties": { "type": "integer" } },
            "closed": { "type": "object", "additionalProperties": false },
            "matched": { "properties": { "x": {} }, "patternProperties": { "^y": { "type": "integer" } } },
            "list": { "type": "array", "items": { "required": ["k"], "properties": { "k": { "type": "string" } } } },
            "pair": { "type": "array", "prefixItems": [{ "type": "string" }], "items": { "type": "integer" } },
            "either": { "anyOf": [{ "properties": { "p": {} } }, { "properties": { "q": {} } }] },
        },
        "$defs": { "base": { "type": "object", "required": ["b", "c"], "properties": { "c": { "type": "boolean" } } } },
    });
    let check = |way: &[&str], expect: &str| assert_eq!(find(&schema, way), expect, "{way:?}");
    check(&["a"], "an integer");
    check(&["b"], "a text");
    check(&["c"], "a boolean");
    check(&["d"], "none");
    check(&["host"], "an object or null, or absent");
    check(&["host", "c"], "a boolean");
    check(&["open", "x"], "a value of any type, or absent");
    check(&["map", "x"], "an integer, or absent");
    check(&["closed", "x"], "none");
    check(&["matched", "y1"], "a value of any type, or absent");
    check(&["list", "*", "k"], "a text");
    check(&["pair", "*"], "a value of any type");
    check(&["either", "p"], "a value of any type, or absent");
}

/// Branches that lead to branches are looked at so often and no more.
#[test]
fn entangled_branches_end() {
    let branches: Vec<Value> = (0..100).map(|_| json!({ "$ref": "#/$defs/x" })).collect();
    let schema =
        json!({ "properties": { "x": { "$ref": "#/$defs/x" } }, "$defs": { "x": { "anyOf": branches } } });
    assert_eq!(find(&schema, &["x"]), "a value of any type, or absent");
}
