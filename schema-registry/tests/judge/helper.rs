//! Versions with one event type, checked and judged.

use selfsame_record::VersionNo;
use selfsame_schema::{Document, NoSamples, Problem, Registry, Report};
use serde_json::{Value, json};

/// The version with this number.
pub(crate) fn v(no: u32) -> VersionNo {
    VersionNo::new(no).expect("not 0")
}

/// Checks, judges and takes in a document.
pub(crate) fn add(registry: &mut Registry, document: &Value) -> Result<Option<Report>, Vec<Problem>> {
    let version = registry.check(&Document::parse(&document.to_string())?)?;
    let report = registry.judge(&version, &NoSamples)?;
    registry.insert(version);
    Ok(report)
}

/// A document with these event sections and lenses.
pub(crate) fn document(parent: Option<u32>, events: &Value, lenses: &Value) -> Value {
    let mut document = json!({ "selfsame": 1, "name": "test", "events": events });
    if let Some(parent) = parent {
        document["parent"] = json!(format!("v{parent}"));
        document["lenses"] = lenses.clone();
    }
    document
}

/// A registry with the old schema of the event type `t`, and the document of the new one.
pub(crate) fn pair(old: &Value, lens: &Value, new: &Value) -> (Registry, Value) {
    let mut registry = Registry::new();
    let first = document(None, &json!({ "t": { "schema": old } }), &Value::Null);
    add(&mut registry, &first).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let lenses = if lens.is_null() { json!({}) } else { json!({ "t": lens }) };
    (registry, document(Some(1), &json!({ "t": { "schema": new } }), &lenses))
}

/// The problems, a line each, with their witnesses.
pub(crate) fn lines(problems: &[Problem]) -> String {
    let line = |p: &Problem| match &p.witness {
        Some(witness) => format!("{p} [{witness}]"),
        None => p.to_string(),
    };
    problems.iter().map(line).collect::<Vec<_>>().join("\n")
}
