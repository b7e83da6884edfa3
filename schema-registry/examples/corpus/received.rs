//! A version as an author would add it who finds that what really arrives leaves out what the schema
//! requires, and has what the schema does not name: the same, with the ones optional and the others added,
//! and a lens that gives the ones on the way back and takes the others.

use std::collections::BTreeSet;

use jsonschema::error::ValidationErrorKind;
use serde_json::{Value, json};

use crate::corpus::{Example, bundled};

/// The document with every member optional that some example lacks, and with every member that some example
/// has beyond it.
pub(crate) fn as_received(document: &Value, examples: &[Example]) -> (Value, BTreeSet<String>) {
    let (mut lacking, mut beyond) = (BTreeSet::new(), BTreeSet::new());
    for example in examples.iter().filter(|example| !document["events"][&example.event_type].is_null()) {
        let schema = bundled(document, &example.event_type);
        let options = jsonschema::draft202012::options().should_validate_formats(false);
        let validator = options.build(&schema).expect("a schema");
        let payload: Value = serde_json::from_str(&example.payload).expect("JSON");
        for error in validator.iter_errors(&payload) {
            let place = error.schema_path().to_string();
            match error.kind() {
                ValidationErrorKind::Required { property } => {
                    lacking.extend(property.as_str().map(str::to_owned));
                }
                ValidationErrorKind::AdditionalProperties { unexpected } => {
                    let place = place.trim_end_matches("/additionalProperties").to_owned();
                    let event_type = example.event_type.clone();
                    beyond.extend(
                        unexpected.iter().map(|key| (event_type.clone(), place.clone(), key.clone())),
                    );
                }
                _ => {}
            }
        }
    }
    let mut received = document.clone();
    for (event_type, place, key) in beyond {
        let shared = place.starts_with("/$defs/");
        let host = if shared { &mut received } else { &mut received["events"][&event_type]["schema"] };
        if let Some(properties) = host.pointer_mut(&place).map(|object| &mut object["properties"]) {
            properties[&key] = json!({});
            lacking.insert(key);
        }
    }
    loosen(&mut received["$defs"], &lacking);
    loosen(&mut received["events"], &lacking);
    let name = format!("{}-as-received", document["name"].as_str().unwrap_or_default());
    received["name"] = json!(name);
    (received, lacking)
}

/// Takes the names out of every list of required members.
fn loosen(schema: &mut Value, names: &BTreeSet<String>) {
    match schema {
        Value::Array(list) => list.iter_mut().for_each(|schema| loosen(schema, names)),
        Value::Object(members) => {
            for (word, value) in members {
                match value {
                    Value::Array(list) if word == "required" => {
                        list.retain(|name| name.as_str().is_none_or(|name| !names.contains(name)));
                    }
                    value => loosen(value, names),
                }
            }
        }
        _ => {}
    }
}
