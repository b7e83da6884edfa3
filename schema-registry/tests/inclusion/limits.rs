//! Schemas that are deep, recursive, contradictory, malformed or large: there is an answer, and soon.

use selfsame_schema::compat::{SCHEMA_NESTING_MAX, SCHEMA_VALUES_MAX};
use selfsame_schema::inclusion::{GAPS_MAX, Inclusion, includes};
use serde_json::{Value, json};

/// The reasons why it is not decided.
#[track_caller]
fn reasons(sub: &Value, sup: &Value) -> Vec<String> {
    match includes(sub, sup) {
        Inclusion::Unknown { places } => places.into_iter().map(|place| place.reason).collect(),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn check(sub: &Value, sup: &Value, expect: &str) {
    let reasons = reasons(sub, sup);
    assert!(reasons.iter().any(|reason| reason.contains(expect)), "{reasons:?}");
    assert!(reasons.len() <= GAPS_MAX);
}

fn nested(depth: usize, leaf: Value) -> Value {
    (0..depth).fold(leaf, |inner, _| json!({"type": "array", "minItems": 1, "items": inner}))
}

#[test]
fn deep_schemas() {
    let deep = |depth, name: &str| nested(depth, json!({"type": name}));
    assert!(includes(&deep(40, "integer"), &deep(40, "number")).is_proven());
    check(&deep(80, "integer"), &deep(80, "number"), "the limits of the search are reached");
    let nesting = SCHEMA_NESTING_MAX + 1;
    check(&deep(nesting, "integer"), &json!(true), "more than 128 objects and arrays within each other");
}

#[test]
fn large_schemas() {
    let many: Vec<Value> = (0..SCHEMA_VALUES_MAX).map(|n| json!(n)).collect();
    check(&json!({"enum": many}), &json!({"type": "integer"}), "more than 200000 values");
    let branch = |n: usize| json!({"type": "object", "properties": {format!("p{n}"): {"minimum": n}}});
    let branches = |from: usize| json!({"anyOf": (from..from + 200).map(branch).collect::<Vec<_>>()});
    assert!(!includes(&branches(0), &branches(1)).is_proven());
}

#[test]
fn recursive_schemas() {
    let ring = |name: &str| json!({"$ref": "#/$defs/a", "$defs": {"a": {"required": [name], "properties": {name: {"$ref": "#/$defs/a"}}, "type": "object"}}});
    // No finite document has such a chain, which is not looked for.
    check(&ring("x"), &ring("y"), "`y` may be absent");
    for schema in [json!({"allOf": [{"$ref": "#"}]}), json!({"anyOf": [{"$ref": "#"}, {"type": "string"}]})] {
        check(&schema, &json!({"type": "null"}), "may occur");
        assert!(includes(&schema, &schema).is_proven());
    }
}

#[test]
fn other_documents_and_dialects() {
    let reference = json!({"$ref": "https://example.org/a.json"});
    check(&json!({}), &reference, "is not followed");
    check(&json!({"$schema": "http://json-schema.org/draft-04/schema#"}), &json!(true), "the dialects are");
    check(&json!({"properties": {"a": {"$id": "urn:a"}}}), &json!({}), "`$id`");
    check(&json!(1), &json!(true), "neither an object nor a boolean");
}

/// Whatever stands where a schema or a word's value is expected, there is an answer.
#[test]
fn malformed_words_are_no_reason_to_stop() {
    let values = [json!(null), json!(-1), json!("x"), json!([]), json!({}), json!([[1]]), json!({"a": 1})];
    let words = [
        "type",
        "enum",
        "properties",
        "required",
        "items",
        "prefixItems",
        "anyOf",
        "allOf",
        "oneOf",
        "not",
        "patternProperties",
        "$ref",
        "dependencies",
        "dependentRequired",
        "minimum",
        "multipleOf",
        "pattern",
        "$id",
        "additionalProperties",
        "contains",
        "minContains",
        "if",
        "propertyNames",
        "uniqueItems",
        "minLength",
        "maxProperties",
        "unevaluatedProperties",
        "$dynamicRef",
    ];
    for word in words {
        for a in &values {
            let (plain, with) = (json!({"type": ["object", "array", "string"]}), json!({word: a}));
            let _ = includes(&plain, &with);
            let _ = includes(&with, &plain);
        }
    }
}
