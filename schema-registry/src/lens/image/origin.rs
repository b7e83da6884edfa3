//! The document that an image is made from: its definitions, and references that lead into them.

use serde_json::{Map, Value, json};

use crate::compat::source::{Node, Source};
use crate::json::pointer;

const SECTIONS: [&str; 2] = ["$defs", "definitions"];
/// Words whose members are keys of documents, or names.
const NAMED: [&str; 5] = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];
/// Words that hold values of documents.
const VALUES: [&str; 4] = ["enum", "const", "default", "examples"];

/// The document with every reference as a pointer into its definitions. If one leads elsewhere, to the root
/// for example, the document as it was becomes a definition of itself.
pub(super) fn bundled(schema: &Value) -> Result<Value, String> {
    let source = Source::new(schema).map_err(|e| e.to_string())?;
    let mut elsewhere = false;
    let mut result = schema.clone();
    let free = free_name(schema);
    rewrite(&mut result, false, &mut |reference| {
        let node = source.target(&source.root(), reference).map_err(|e| e.to_string())?;
        Ok(Some(led(&node, &free, &mut elsewhere)))
    })?;
    if elsewhere {
        let mut origin = result.clone();
        if let Some(members) = origin.as_object_mut() {
            SECTIONS.iter().for_each(|word| drop(members.remove(*word)));
        }
        let defs = result.as_object_mut().map(|members| members.entry("$defs").or_insert_with(|| json!({})));
        if let Some(defs) = defs.and_then(Value::as_object_mut) {
            defs.insert(free, origin);
        }
    }
    Ok(result)
}

/// Where a reference leads in the bundled document.
fn led(node: &Node<'_>, free: &str, elsewhere: &mut bool) -> String {
    let inside = |word: &&str| node.pointer.starts_with(&format!("/{word}/"));
    if SECTIONS.iter().any(inside) {
        return format!("#{}", node.pointer);
    }
    *elsewhere = true;
    format!("#{}{}", pointer::child("/$defs", free), node.pointer)
}

/// A name that no definition has.
fn free_name(schema: &Value) -> String {
    let taken = |name: &String| schema.get("$defs").is_some_and(|defs| defs.get(name).is_some());
    let mut name = "origin".to_owned();
    while taken(&name) {
        name.push('_');
    }
    name
}

type Rewrite<'f> = &'f mut dyn FnMut(&str) -> Result<Option<String>, String>;

fn rewrite(schema: &mut Value, names: bool, to: Rewrite<'_>) -> Result<(), String> {
    match schema {
        Value::Array(list) => list.iter_mut().try_for_each(|schema| rewrite(schema, false, to)),
        Value::Object(members) => {
            for word in ["$dynamicRef", "$recursiveRef"] {
                if !names && members.contains_key(word) {
                    return Err(format!("`{word}` is not followed: write `$ref`"));
                }
            }
            for (key, value) in members {
                match value {
                    Value::String(reference) if !names && key == "$ref" => {
                        if let Some(found) = to(reference)? {
                            *reference = found;
                        }
                    }
                    _ if !names && VALUES.contains(&key.as_str()) => {}
                    value => rewrite(value, !names && NAMED.contains(&key.as_str()), to)?,
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Takes the definitions out of a bundled document.
pub(super) fn definitions(document: &mut Value) -> Value {
    let mut found = Map::new();
    for word in SECTIONS {
        let section = document.as_object_mut().and_then(|members| members.remove(word));
        found.extend(section.map(|section| (word.to_owned(), section)));
    }
    found.into()
}

/// Puts them back.
pub(super) fn with_definitions(mut document: Value, definitions: Value) -> Value {
    if document == Value::Bool(true) {
        document = json!({});
    }
    if let (Value::Object(members), Value::Object(definitions)) = (&mut document, definitions) {
        members.extend(definitions);
    }
    document
}

/// Drops what only a proof needs to know: that nothing stands at a key.
pub(super) fn tidy(schema: &mut Value) {
    match schema {
        Value::Array(list) => list.iter_mut().for_each(tidy),
        Value::Object(members) => {
            for (word, value) in members.iter_mut() {
                if word == "properties" {
                    let properties = value.as_object_mut();
                    if let Some(properties) = properties {
                        properties.retain(|_, schema| schema != &Value::Bool(false));
                        properties.values_mut().for_each(tidy);
                    }
                } else if !VALUES.contains(&word.as_str()) {
                    tidy(value);
                }
            }
        }
        _ => {}
    }
}
