//! JSON Schemas as trees: which values within a schema are schemas themselves, and how the drafts 2020-12 and
//! 07 say the same in other words.
//!
//! OpenAPI 3.1 reads schemas as 2020-12, AsyncAPI 3.0 as 07 with additions. What 07 has no word for
//! (`unevaluatedProperties`, `minContains`, `maxContains`) is left as it is, and a validator of 07 passes over
//! it: it then takes more than the engine does, never less.

use serde_json::{Map, Value, json};

type Object = Map<String, Value>;

/// Keywords whose value is a schema.
const ONE: [&str; 13] = [
    "additionalItems",
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
    "dependencies",
];
/// Keywords whose value is a list of schemas.
const LIST: [&str; 5] = ["allOf", "anyOf", "items", "oneOf", "prefixItems"];
/// Keywords whose value is an object of schemas.
const NAMED: [&str; 4] = ["dependencies", "dependentSchemas", "patternProperties", "properties"];
/// What is not carried over from the document: definitions become components, and the dialect is that of the
/// document which is written.
const LEFT_OUT: [&str; 5] = ["$comment", "$defs", "$id", "$schema", "definitions"];

/// The schema with each schema directly within it replaced by what `change` makes of it.
pub(super) fn map_parts<'a>(schema: &'a Object, change: &mut dyn FnMut(&'a Value) -> Value) -> Object {
    let mut mapped = Object::new();
    for (keyword, value) in schema {
        let word = keyword.as_str();
        if LEFT_OUT.contains(&word) {
            continue;
        }
        let value = match value {
            Value::Array(items) if LIST.contains(&word) => items.iter().map(&mut *change).collect(),
            Value::Object(members) if NAMED.contains(&word) => {
                // A dependency may be a list of keys rather than a schema.
                let member = |(name, part): (&'a String, &'a Value)| {
                    (name.clone(), if part.is_array() { part.clone() } else { change(part) })
                };
                Value::Object(members.iter().map(member).collect())
            }
            Value::Object(_) if ONE.contains(&word) => change(value),
            other => other.clone(),
        };
        mapped.insert(keyword.clone(), value);
    }
    mapped
}

/// Says in the words of 2020-12 what the schema says in those of 07. Schemas within it are left alone.
pub(super) fn to_2020_12(schema: &mut Object) {
    if schema.get("items").is_some_and(Value::is_array) {
        rename(schema, "items", "prefixItems");
        rename(schema, "additionalItems", "items");
    }
    let Some(Value::Object(dependencies)) = schema.remove("dependencies") else { return };
    for (name, dependency) in dependencies {
        let word = if dependency.is_array() { "dependentRequired" } else { "dependentSchemas" };
        if let Some(members) = schema.entry(word).or_insert_with(|| json!({})).as_object_mut() {
            members.insert(name, dependency);
        }
    }
}

/// The whole schema, what lies within it too, from the words of 2020-12 into those of 07.
pub(super) fn draft_07(schema: &Value) -> Value {
    let Value::Object(object) = schema else { return schema.clone() };
    let mut mapped = map_parts(object, &mut draft_07);
    if mapped.contains_key("prefixItems") {
        rename(&mut mapped, "items", "additionalItems");
        rename(&mut mapped, "prefixItems", "items");
    }
    let words = ["dependentRequired", "dependentSchemas"];
    let dependencies: Object =
        words.iter().filter_map(|word| mapped.remove(*word)).filter_map(into_object).flatten().collect();
    if !dependencies.is_empty() {
        mapped.insert("dependencies".to_owned(), dependencies.into());
    }
    // 07 passes over everything that stands beside a reference.
    if mapped.len() > 1
        && let Some(reference) = mapped.remove("$ref")
    {
        let reference = json!({ "$ref": reference });
        match mapped.get_mut("allOf").and_then(Value::as_array_mut) {
            Some(all) => all.insert(0, reference),
            None => drop(mapped.insert("allOf".to_owned(), json!([reference]))),
        }
    }
    mapped.into()
}

fn into_object(value: Value) -> Option<Object> {
    if let Value::Object(object) = value { Some(object) } else { None }
}

fn rename(schema: &mut Object, from: &str, to: &str) {
    if let Some(value) = schema.remove(from) {
        schema.insert(to.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(newer: Value, older: Value) {
        assert_eq!(draft_07(&newer), older);
        let mut back = older.as_object().expect("an object").clone();
        to_2020_12(&mut back);
        if !newer.to_string().contains("$ref") {
            assert_eq!(Value::Object(back), newer);
        }
    }

    #[test]
    fn two_drafts_say_the_same_in_other_words() {
        check(
            json!({"prefixItems": [true], "items": false}),
            json!({"items": [true], "additionalItems": false}),
        );
        check(json!({"items": {"type": "string"}}), json!({"items": {"type": "string"}}));
        check(
            json!({"dependentRequired": {"a": ["b"]}, "dependentSchemas": {"c": {"required": ["d"]}}}),
            json!({"dependencies": {"a": ["b"], "c": {"required": ["d"]}}}),
        );
        check(json!({"$ref": "#/x"}), json!({"$ref": "#/x"}));
        check(
            json!({"$ref": "#/x", "description": "y"}),
            json!({"allOf": [{"$ref": "#/x"}], "description": "y"}),
        );
    }

    #[test]
    fn only_schemas_within_a_schema_are_changed() {
        let schema = json!({
            "properties": {"const": {"type": "string"}, "$ref": true},
            "const": {"items": {}}, "enum": [{"not": {}}], "default": {"properties": {}},
            "dependencies": {"a": ["b"], "c": {}},
            "$defs": {"gone": {}}, "$id": "gone", "additionalProperties": false,
        });
        let mapped = map_parts(schema.as_object().expect("an object"), &mut |_| json!("changed"));
        let expect = json!({
            "properties": {"const": "changed", "$ref": "changed"},
            "const": {"items": {}}, "enum": [{"not": {}}], "default": {"properties": {}},
            "dependencies": {"a": ["b"], "c": "changed"},
            "additionalProperties": false,
        });
        assert_eq!(Value::Object(mapped), expect);
    }
}
