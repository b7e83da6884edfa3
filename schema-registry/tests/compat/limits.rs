//! How large, nested and entangled schemas may be.

use selfsame_schema::compat::*;
use serde_json::{Value, json};

#[track_caller]
fn check(old: &Value, new: &Value, expect: &str) {
    let error = compare(old, new).expect_err(expect);
    assert!(error.to_string().contains(expect), "{error}");
}

fn nested(depth: usize, leaf: Value) -> Value {
    (0..depth).fold(leaf, |inner, _| json!({"items": inner}))
}

#[test]
fn nesting_is_limited() {
    let deep = |depth| (nested(depth, json!({"type": "integer"})), nested(depth, json!({"type": "string"})));
    let (old, new) = deep(COMPARE_DEPTH_MAX - 1);
    assert_eq!(compare(&old, &new).expect("within the limit").strict, Label::Breaking);
    let (old, new) = deep(COMPARE_DEPTH_MAX);
    check(&old, &new, "lie more than 96 pairs of schemas within each other");
    let (old, new) = deep(SCHEMA_NESTING_MAX);
    check(&old, &new, "lie more than 128 objects and arrays within each other");
}

#[test]
fn size_is_limited() {
    let many: Vec<Value> = (0..SCHEMA_VALUES_MAX).map(|n| json!(n)).collect();
    check(&json!(true), &json!({"enum": many}), "more than 200000 values");
    let branches = |name: &str, count: usize| json!({"anyOf": vec![json!({"type": name}); count]});
    let (old, new) = (branches("string", 2), branches("integer", BRANCHES_MAX + 1));
    check(&old, &new, "has 1025 branches, over the limit of 1024");
}

#[test]
fn entanglement_is_limited() {
    let branches = |name: &str| json!({"anyOf": vec![json!({"type": name}); BRANCHES_MAX]});
    check(&branches("string"), &branches("integer"), "more than 500000 pairs of schemas");
}

#[test]
fn only_schemas_are_compared() {
    check(&json!(1), &json!({}), "the old schema is neither an object nor a boolean");
    check(&json!({}), &json!([]), "the new schema is neither an object nor a boolean");
}

/// Whatever stands where a schema or a word's value is expected, there is an answer.
#[test]
fn malformed_words_are_no_reason_to_stop() {
    let values = [json!(null), json!(1), json!("x"), json!([]), json!({}), json!([[1]]), json!({"a": 1})];
    let words = [
        "type",
        "enum",
        "properties",
        "required",
        "items",
        "anyOf",
        "allOf",
        "not",
        "patternProperties",
        "$ref",
        "dependencies",
        "minimum",
        "multipleOf",
        "pattern",
        "metadata",
        "$id",
        "additionalProperties",
    ];
    for word in words {
        for a in &values {
            for b in &values {
                // An error is an answer, too.
                let _ = compare(&json!({word: a}), &json!({"type": ["object", "array"], word: b}));
            }
        }
    }
}
