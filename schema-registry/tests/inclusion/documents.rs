//! Documents made from schemas: valid, distinct, bounded, the same every time, and small where they witness.

use selfsame_schema::sample::{Budget, Untried, documents, witness};
use serde_json::{Value, json};

use crate::oracle;

/// A schema as services have them: references, merged parts, unions told apart by a tag, formats, patterns,
/// conditions and recursion.
fn order() -> Value {
    json!({
        "$ref": "#/definitions/order",
        "definitions": {
            "id": {"type": "string", "format": "uuid"},
            "named": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "minLength": 1}}},
            "money": {"type": "object", "required": ["amount", "currency"], "additionalProperties": false,
                "properties": {"amount": {"type": "number", "minimum": 0, "multipleOf": 0.5},
                    "currency": {"type": "string", "pattern": "^[A-Z]{3}$"}}},
            "customer": {"allOf": [{"$ref": "#/definitions/named"}, {"required": ["email"],
                "properties": {"email": {"type": "string", "format": "email"}, "name": {"maxLength": 40}}}]},
            "line": {"oneOf": [
                {"type": "object", "required": ["kind", "sku"], "additionalProperties": false, "properties":
                    {"kind": {"const": "item"}, "sku": {"type": "string", "pattern": "^[a-z]{2}-[0-9]{4}$"},
                     "parts": {"type": "array", "items": {"$ref": "#/definitions/line"}}}},
                {"type": "object", "required": ["kind", "note"], "additionalProperties": false, "properties":
                    {"kind": {"enum": ["note", "gift"]}, "note": {"type": ["string", "null"]}}}]},
            "order": {"type": "object", "required": ["id", "customer", "lines", "total", "tags"], "properties": {
                "id": {"$ref": "#/definitions/id"}, "customer": {"$ref": "#/definitions/customer"},
                "lines": {"type": "array", "minItems": 2, "items": {"$ref": "#/definitions/line"}},
                "tags": {"type": "array", "uniqueItems": true, "minItems": 3, "items": {"enum": ["a", "b", "c", "d"]}},
                "total": {"$ref": "#/definitions/money"}, "paid": {"type": "boolean"},
                "labels": {"type": "object", "minProperties": 1, "propertyNames": {"pattern": "^x-"}}},
                "dependencies": {"paid": ["total"]},
                "if": {"properties": {"paid": {"const": true}}, "required": ["paid"]},
                "then": {"required": ["paid_at"], "properties": {"paid_at": {"type": "string", "format": "date-time"}}}}
        }
    })
}

#[test]
fn documents_are_valid_distinct_and_the_smallest_first() {
    let made = documents(&order(), Budget::default());
    assert!(made.len() >= 100, "{}", made.len());
    let oracle = oracle(&order());
    let texts: Vec<String> = made.iter().map(Value::to_string).collect();
    for (value, text) in made.iter().zip(&texts) {
        assert!(oracle.is_valid(value), "{text}");
    }
    assert!(texts.windows(2).all(|pair| (pair[0].len(), &pair[0]) < (pair[1].len(), &pair[1])));
    for wanted in ["\"kind\":\"note\"", "\"kind\":\"item\"", "\"parts\":[{", "\"paid\":true", "\"x-\""] {
        assert!(texts.iter().any(|text| text.contains(wanted)), "{wanted}");
    }
    assert_eq!(made, documents(&order(), Budget::default()));
}

#[test]
fn there_is_a_document_for_every_shape() {
    for schema in [
        json!({"type": "integer", "minimum": 1000, "exclusiveMaximum": 1002, "multipleOf": 7}),
        json!({"type": "string", "pattern": "^(a|b)+c?$", "minLength": 5}),
        json!({"type": "array", "prefixItems": [{"const": 1}, {"type": "null"}], "minItems": 3, "items": {"type": "boolean"}}),
        json!({"type": "array", "contains": {"const": "x"}, "minContains": 2, "items": {"type": "string"}}),
        json!({"allOf": [{"enum": [1, 2, 3]}, {"enum": [3, 4]}]}),
        json!({"not": {"type": ["string", "object", "array"]}}),
        json!({"type": "object", "required": ["next"], "properties": {"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}}),
        json!({"type": "object", "patternProperties": {"^k": {"type": "integer"}}, "additionalProperties": false, "minProperties": 2}),
        json!({"type": "object", "dependentRequired": {"a": ["b"]}, "required": ["a"], "dependentSchemas": {"b": {"required": ["c"]}}}),
        json!({"oneOf": [{"type": "number", "minimum": 5}, {"type": "number", "maximum": 10}], "type": "number"}),
    ] {
        assert!(!documents(&schema, Budget::default()).is_empty(), "{schema}");
    }
    assert!(documents(&json!(false), Budget::default()).is_empty());
}

#[test]
fn the_budget_is_kept() {
    let few = Budget { documents: 10, ..Budget::default() };
    assert!(documents(&order(), few).len() <= 10);
    let small = Budget { bytes: 2000, ..Budget::default() };
    assert!(documents(&order(), small).iter().map(|made| made.to_string().len()).sum::<usize>() <= 2000);
    let searched = witness(&order(), &order(), few);
    assert_eq!((searched.witness, searched.tried), (None, 10));
}

#[test]
fn a_witness_is_small() {
    let mut newer = order();
    newer["definitions"]["line"]["oneOf"][1]["properties"]["note"]["type"] = json!("string");
    let found = witness(&order(), &newer, Budget::default()).witness.expect("a witness");
    assert_eq!(found["lines"].as_array().map(Vec::len), Some(2), "{found}");
    assert!(found.to_string().len() < 220, "{found}");
}

#[test]
fn a_schema_that_cannot_be_checked_with_is_named() {
    let bad = json!({"pattern": "(a)\\1"});
    let (any, tried) = (json!({}), |inside, outside| witness(inside, outside, Budget::default()).untried);
    assert!(matches!(tried(&bad, &any), Some(Untried::Inside(_))));
    assert!(matches!(tried(&any, &bad), Some(Untried::Outside(_))));
}
