//! What of a document is part of its content id: everything but its parent (whose own id stands for it) and
//! the annotations of its schemas, with the lists that JSON Schema treats as sets in order.

use serde_json::{Map, Value};

use crate::checked::{LIST, NAMED, ONE};
use crate::schema::ANNOTATIONS;

/// The text that is hashed.
pub(super) fn text(document: &Map<String, Value>) -> String {
    let mut document = document.clone();
    document.remove("parent");
    document.retain(|_, section| !is_empty(section));
    for event in members(document.get_mut("events")) {
        event.get_mut("schema").into_iter().for_each(bare_schema);
    }
    let definitions = document.get_mut("$defs").and_then(Value::as_object_mut);
    definitions.into_iter().flat_map(Map::values_mut).for_each(bare_schema);
    let lenses = document.get_mut("lenses").and_then(Value::as_object_mut);
    lenses.into_iter().flat_map(Map::values_mut).for_each(bare_lens);
    // A tree that came from canonical text has a canonical text.
    serde_json_canonicalizer::to_string(&Value::Object(document)).unwrap_or_default()
}

fn is_empty(section: &Value) -> bool {
    match section {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
        _ => false,
    }
}

fn members(section: Option<&mut Value>) -> impl Iterator<Item = &mut Map<String, Value>> {
    let members = section.and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut);
    members.filter_map(Value::as_object_mut)
}

/// Bares the schemas in a lens and in the lenses within it, which are as deep as a document lets them be.
fn bare_lens(lens: &mut Value) {
    let ops = lens.as_array_mut().into_iter().flatten();
    for body in ops.flat_map(|op| op.as_object_mut().into_iter().flat_map(Map::values_mut)) {
        body.get_mut("schema").into_iter().for_each(bare_schema);
        body.get_mut("lens").into_iter().for_each(bare_lens);
    }
}

/// Takes the annotations out, and orders sets. A document's depth bounds how deep schemas lie.
fn bare_schema(schema: &mut Value) {
    let Some(schema) = schema.as_object_mut() else { return };
    schema.retain(|keyword, _| !ANNOTATIONS.contains(&keyword.as_str()));
    for set in ["type", "required", "enum"] {
        let list = schema.get_mut(set).and_then(Value::as_array_mut);
        list.into_iter().for_each(|list| list.sort_by_cached_key(Value::to_string));
    }
    for (word, value) in schema.iter_mut() {
        match value {
            Value::Array(list) if LIST.contains(&word.as_str()) => list.iter_mut().for_each(bare_schema),
            Value::Object(named) if NAMED.contains(&word.as_str()) => {
                named.values_mut().for_each(bare_schema);
            }
            schema if ONE.contains(&word.as_str()) => bare_schema(schema),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The identity of a document with this lens for one type.
    fn identity(lens: Value) -> String {
        text(json!({"lenses": {"t": lens}}).as_object().unwrap())
    }

    #[test]
    fn annotations_of_schemas_in_nested_lenses_do_not_count() {
        let lens = |schema: Value| {
            let add = json!({"add": {"at": "/x", "schema": schema}});
            json!([{"map": {"at": "/l", "lens": [{"in": {"at": "/o", "lens": [add]}}]}}])
        };
        let plain = identity(lens(json!({"enum": [1, 2]})));
        assert_eq!(identity(lens(json!({"enum": [2, 1], "title": "x"}))), plain);
        assert_ne!(identity(lens(json!({"enum": [1, 2, 3]}))), plain);
    }
}
