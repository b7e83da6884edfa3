//! Rebasing: what two versions changed of a third, in one version.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

mod conflicts;
mod laws;
mod merge;

use std::sync::Arc;

use selfsame_record::VersionNo;
use selfsame_schema::{Conflict, Document, NoSamples, Rebased, Registry, Version};
use serde_json::{Value, json};

fn v(no: u32) -> VersionNo {
    VersionNo::new(no).expect("not 0")
}

/// Versions, the first one of this document.
struct Lineage(Registry);

impl Lineage {
    fn of(first: &Value) -> Lineage {
        let mut lineage = Lineage(Registry::new());
        lineage.add(first);
        lineage
    }

    /// Takes a document in, judged; it has to be right.
    fn add(&mut self, document: &Value) -> Arc<Version> {
        self.try_add(document).unwrap_or_else(|problems| panic!("{problems}\n{document:#}"))
    }

    fn try_add(&mut self, document: &Value) -> Result<Arc<Version>, String> {
        let version = Document::parse(&document.to_string()).and_then(|document| {
            let version = self.0.check(&document)?;
            self.0.judge(&version, &NoSamples).map(|_| version)
        });
        let version = version
            .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
        Ok(self.0.insert(version))
    }

    fn rebase(&self, own: u32, onto: u32) -> Result<Rebased, Vec<Conflict>> {
        let version = |no| self.0.version(v(no)).expect("is there");
        self.0.rebase(version(own), version(onto))
    }

    /// An event that one version wrote as another one reads it, under the name that it has there.
    fn read(&self, writer: u32, reader: u32, event_type: &str, event: &Value) -> Option<(String, Value)> {
        let shape = self.0.version(v(writer)).expect("is there").event(event_type).expect("is there");
        let row = shape.read(event.to_string().as_bytes()).expect("valid");
        let decoder = self.0.decoder(v(writer), v(reader), event_type)?;
        let decoded = decoder.decode(&row).expect("readable").to_json();
        Some((decoder.event_type().to_string(), serde_json::from_str(&decoded).expect("JSON")))
    }
}

/// A document of this parent that differs from another one.
fn child(parent: u32, document: &Value, change: impl FnOnce(&mut Value)) -> Value {
    let mut document = document.clone();
    document["parent"] = json!(format!("v{parent}"));
    document.as_object_mut().expect("an object").remove("lenses");
    change(&mut document);
    document
}

/// Lets an event type have one more field, which older events have with this value.
fn add_field(document: &mut Value, event_type: &str, field: &str, default: &str) {
    document["events"][event_type]["schema"]["properties"][field] = json!({"type": "string"});
    let required = document["events"][event_type]["schema"]["required"].as_array_mut();
    required.expect("a list").push(json!(field));
    let lens = json!({"add": {"at": format!("/{field}"), "default": default}});
    if document["lenses"][event_type].is_null() {
        document["lenses"][event_type] = json!([]);
    }
    document["lenses"][event_type].as_array_mut().expect("a list").push(lens);
}

/// Two event types with one field each, and projections over them.
fn first() -> Value {
    let schema = json!({"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}});
    json!({
        "selfsame": 1,
        "name": "first",
        "$defs": {"place": {
            "type": "object", "required": ["city"], "properties": {"city": {"type": "string"}},
        }},
        "events": {
            "user.came": {"key": "/id", "schema": schema},
            "user.went": {"key": "/id", "schema": schema},
            "user.moved": {"key": "/id", "schema": {
                "type": "object",
                "required": ["id", "to"],
                "properties": {"id": {"type": "string"}, "to": {"$ref": "#/$defs/place"}},
            }},
        },
        "projections": {
            "came": {"kind": "cache", "on": {"user.came": {"set": {"id": "$.id"}}}},
            "all": {"kind": "view", "on": {
                "user.came": {"set": {"id": "$.id"}}, "user.went": {"set": {"id": "$.id"}},
            }},
        },
        "guards": [{"name": "busy", "expect": "events > 0"}],
        "probation": {"events": 10},
    })
}
