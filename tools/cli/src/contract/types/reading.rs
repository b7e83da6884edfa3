//! What a schema says, as far as types are concerned: which values are listed, whether null is among them,
//! what `allOf` comes to, and which choices there are.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::model::{Body, Type};
use super::names::comment;
use crate::contract::components::PREFIX;

type Object = Map<String, Value>;

/// Schemas within each other that are brought together into one.
const MERGED_MAX: usize = 64;
/// Words that make a schema of `anyOf` or `oneOf` more than a condition on what stands beside it.
const FORMING: [&str; 8] = ["$ref", "type", "properties", "const", "enum", "anyOf", "oneOf", "allOf"];

/// What `allOf` and a reference with members beside it come to, as one schema without them, and the components
/// that are in it.
pub(super) fn merged(
    object: &Object,
    schemas: &BTreeMap<String, Value>,
) -> Option<(Object, BTreeSet<String>)> {
    let parts = object.get("allOf").and_then(Value::as_array);
    let is_extended = object.contains_key("$ref") && object.contains_key("properties");
    if parts.is_none() && !is_extended {
        return None;
    }
    let mut seen = BTreeSet::new();
    let bare = !FORMING.iter().any(|word| *word != "allOf" && object.contains_key(*word));
    if let (true, Some([Value::Object(one)])) = (bare, parts.map(Vec::as_slice)) {
        return Some((one.clone(), seen));
    }
    let mut merged = Object::new();
    merge_into(&mut merged, object, schemas, &mut seen, 0);
    Some((merged, seen))
}

/// Adds what a schema says to what is said already. A component says nothing more when it is met again.
fn merge_into(
    merged: &mut Object,
    part: &Object,
    schemas: &BTreeMap<String, Value>,
    seen: &mut BTreeSet<String>,
    depth: usize,
) {
    for (word, value) in part {
        match (word.as_str(), value) {
            ("allOf", Value::Array(parts)) if depth < MERGED_MAX => {
                for part in parts.iter().filter_map(Value::as_object) {
                    merge_into(merged, part, schemas, seen, depth + 1);
                }
            }
            ("$ref", Value::String(reference)) if depth < MERGED_MAX => {
                let name = reference.strip_prefix(PREFIX).filter(|name| seen.insert((*name).to_owned()));
                if let Some(target) = name.and_then(|name| schemas.get(name)?.as_object()) {
                    merge_into(merged, target, schemas, seen, depth + 1);
                }
            }
            ("allOf" | "$ref", _) => {}
            ("properties", Value::Object(members)) => {
                let all = merged.entry("properties").or_insert_with(|| json!({}));
                for (key, schema) in members {
                    all.as_object_mut().into_iter().for_each(|all| {
                        all.entry(key.clone()).or_insert_with(|| schema.clone());
                    });
                }
            }
            ("required", Value::Array(keys)) => {
                let all = merged.entry("required").or_insert_with(|| json!([]));
                all.as_array_mut().into_iter().for_each(|all| all.extend(keys.iter().cloned()));
            }
            _ => drop(merged.entry(word.clone()).or_insert_with(|| value.clone())),
        }
    }
}

pub(super) fn inferred(object: &Object) -> &'static str {
    let has = |words: &[&str]| words.iter().any(|word| object.contains_key(*word));
    if has(&["properties", "required", "patternProperties", "additionalProperties"]) {
        "object"
    } else if has(&["items", "prefixItems"]) {
        "array"
    } else {
        ""
    }
}

/// The values of `const` and `enum`.
pub(super) fn listed(object: &Object) -> Option<Vec<Value>> {
    let only = object.get("const").map(|value| vec![value.clone()]);
    only.or_else(|| object.get("enum").and_then(Value::as_array).cloned())
}

pub(super) fn literals(values: &[Value]) -> Body {
    let texts: Option<Vec<String>> = values.iter().map(|value| value.as_str().map(str::to_owned)).collect();
    match texts {
        Some(texts) if !texts.is_empty() => Body::Enum(texts),
        _ if values.is_empty() => Body::Alias(Type::Never),
        _ if values.iter().all(|value| value.is_boolean() || value.is_i64()) => {
            Body::Alias(Type::Literals(values.to_vec()))
        }
        _ if values.iter().all(Value::is_number) => Body::Alias(Type::Number),
        _ if values.iter().all(Value::is_null) => Body::Alias(Type::Null),
        _ => Body::Alias(Type::Any),
    }
}

/// Whether `null` is among the types, values or choices, and the schema without it. A schema of nothing but
/// null stays what it is.
pub(super) fn split_null(schema: &Value) -> (bool, Value) {
    let Value::Object(object) = schema else { return (false, schema.clone()) };
    let is_null = |value: &Value| value == "null";
    let is_null_branch = |branch: &Value| {
        branch.get("type").is_some_and(is_null) || branch.get("const").is_some_and(Value::is_null)
    };
    let mut bare = object.clone();
    let by_type = take(&mut bare, "type", &is_null);
    let by_value = take(&mut bare, "enum", &Value::is_null);
    if let Some(Value::Array(names)) = bare.get("type").cloned()
        && let [one] = names.as_slice()
    {
        bare.insert("type".to_owned(), one.clone());
    }
    let by_choice = ["anyOf", "oneOf"].map(|word| take(&mut bare, word, &is_null_branch)).contains(&true);
    // What a type or a list of values forbids, the others do not allow.
    let forbids = |word: &str, allowed: bool| object.contains_key(word) && !allowed;
    let forbidden = forbids("type", by_type) || forbids("enum", by_value) || object.contains_key("const");
    ((by_type || by_value || by_choice) && !forbidden, bare.into())
}

/// Takes out of a list what is `null`, if something stays.
fn take(object: &mut Object, word: &str, is_null: &dyn Fn(&Value) -> bool) -> bool {
    let Some(list) = object.get_mut(word).and_then(Value::as_array_mut) else { return false };
    let before = list.len();
    if list.iter().all(is_null) {
        return false;
    }
    list.retain(|value| !is_null(value));
    list.len() < before
}

/// What the schema says of itself, to be a comment.
pub(super) fn described(schema: &Value) -> Vec<String> {
    let said = |word: &str| schema.get(word).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    said("description").or_else(|| said("title")).map(comment).unwrap_or_default()
}

/// The choices of a schema, each with what stands beside them; none if they are conditions only.
pub(super) fn branches(object: &Object) -> Option<Vec<Value>> {
    let word = ["oneOf", "anyOf"].into_iter().find(|word| object.contains_key(*word))?;
    let branches = object.get(word)?.as_array()?;
    let forms = |branch: &Value| {
        branch.as_object().is_some_and(|branch| FORMING.iter().any(|word| branch.contains_key(*word)))
    };
    let mut base = object.clone();
    base.remove(word);
    let annotations = ["title", "description", "default", "examples", "deprecated"];
    base.retain(|word, _| !annotations.contains(&word.as_str()));
    if base.is_empty() {
        return Some(branches.clone());
    }
    if !branches.iter().any(forms) {
        return Some(vec![base.into()]);
    }
    let beside = |branch: &Value| json!({ "allOf": [branch, base] });
    Some(branches.iter().map(beside).collect())
}
