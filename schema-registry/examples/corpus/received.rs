//! A version as an author would add it who finds that what really arrives leaves out what the schema
//! requires: the same, with those members optional, and a lens that gives them on the way back.

use std::collections::BTreeSet;

use jsonschema::error::ValidationErrorKind;
use serde_json::{Value, json};

use crate::corpus::{Example, bundled};

/// The document with every member optional that some example lacks.
pub(crate) fn as_received(document: &Value, examples: &[Example]) -> (Value, BTreeSet<String>) {
    let mut lacking = BTreeSet::new();
    for example in examples.iter().filter(|example| !document["events"][&example.event_type].is_null()) {
        let schema = bundled(document, &example.event_type);
        let options = jsonschema::draft202012::options().should_validate_formats(false);
        let validator = options.build(&schema).expect("a schema");
        let payload: Value = serde_json::from_str(&example.payload).expect("JSON");
        for error in validator.iter_errors(&payload) {
            if let ValidationErrorKind::Required { property } = error.kind() {
                lacking.extend(property.as_str().map(str::to_owned));
            }
        }
    }
    let mut received = document.clone();
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
