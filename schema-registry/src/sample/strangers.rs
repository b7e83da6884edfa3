//! Members that a schema has no word for: what an open object takes, whatever it is.

use serde_json::Value;

use super::part::{Part, Source, flatten, of_item, of_member};

/// Objects and arrays within each other that are looked into.
const DEPTH_MAX: usize = 32;

/// Whether the document has a member that the schema does not name anywhere.
pub(crate) fn has_strangers(schema: &Value, document: &Value) -> bool {
    let source = Source::new(schema);
    below(&[source.root()], document, 0)
}

fn below(parts: &[Part<'_>], value: &Value, depth: usize) -> bool {
    // What nothing is said about may hold anything.
    if parts.is_empty() || depth > DEPTH_MAX {
        return false;
    }
    let flat = flatten(parts);
    match value {
        Value::Object(members) => members.iter().any(|(name, member)| {
            let spoken = of_member(&flat, name);
            let known = spoken.iter().any(|part| !part.schema.is_boolean()) || named(&flat, name);
            // An object of which nothing is said names no member, and has none that is strange.
            let says = flat
                .iter()
                .any(|part| part.has("properties") || part.get("type").is_some_and(|name| name == "object"));
            (says && !known) || below(&spoken, member, depth + 1)
        }),
        Value::Array(items) => {
            items.iter().enumerate().any(|(index, item)| below(&of_item(&flat, index), item, depth + 1))
        }
        _ => false,
    }
}

fn named(flat: &[Part<'_>], name: &str) -> bool {
    flat.iter().any(|part| part.get("properties").is_some_and(|properties| properties.get(name).is_some()))
}
