//! Whether two schemas are the same but for the order of sets and for annotations.

use serde_json::Value;

/// Annotations whose change is not even listed.
const UNLISTED: [&str; 6] = ["$comment", "examples", "deprecated", "readOnly", "writeOnly", "$schema"];
/// Lists whose order says nothing.
const SETS: [&str; 3] = ["required", "enum", "type"];
/// Members whose own members are names of the author's and not words of JSON Schema.
const NAMES: [&str; 7] = [
    "properties",
    "patternProperties",
    "$defs",
    "definitions",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
];

/// Whether they are the same.
pub(crate) fn same(old: &Value, new: &Value) -> bool {
    canonical(old, true) == canonical(new, true)
}

fn canonical(value: &Value, is_schema: bool) -> Value {
    let Value::Object(members) = value else {
        return match value {
            Value::Array(items) => items.iter().map(|item| canonical(item, is_schema)).collect(),
            value => value.clone(),
        };
    };
    let kept = members.iter().filter(|(word, _)| !is_schema || !UNLISTED.contains(&word.as_str()));
    let member = |(word, value): (&String, &Value)| {
        let word_text = word.as_str();
        let value = match value {
            Value::Array(items) if is_schema && SETS.contains(&word_text) => set(items),
            value if is_schema && ["const", "default", "enum"].contains(&word_text) => value.clone(),
            value => canonical(value, !is_schema || !NAMES.contains(&word_text)),
        };
        (word.clone(), value)
    };
    kept.map(member).collect()
}

/// The items in the order of their texts, each once.
fn set(items: &[Value]) -> Value {
    let mut items = items.to_vec();
    items.sort_by_key(ToString::to_string);
    items.dedup();
    Value::Array(items)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sets_have_no_order_and_annotations_do_not_count() {
        let a = json!({"type": ["string", "null"], "enum": [1, 2], "$comment": "x"});
        assert!(same(&a, &json!({"enum": [2, 1], "type": ["null", "string"]})));
        assert!(!same(&a, &json!({"type": ["string", "null"], "enum": [1, 3]})));
    }

    #[test]
    fn a_property_may_be_called_like_an_annotation() {
        let with = json!({"properties": {"examples": true}});
        assert!(!same(&with, &json!({"properties": {}})));
    }
}
