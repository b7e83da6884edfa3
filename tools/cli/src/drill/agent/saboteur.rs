//! What must be refused whatever happens besides: nonsense, lenses that lead nowhere, versions that are not
//! there, events that do not fit, leases that nobody gave.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::Agent;
use crate::drill::run::rest;

/// Asks for what must be refused, until it is told to end.
pub(in crate::drill) async fn sabotage(mut agent: Agent, pause_ms: u64) {
    while !agent.run.ends.agents.load(Ordering::Relaxed) {
        match agent.random.below(3) {
            0 => bad_document(&mut agent).await,
            1 => bad_order(&mut agent).await,
            _ => bad_event(&mut agent).await,
        }
        rest(&mut agent.random, pause_ms).await;
    }
}

/// A document that must not become a version.
async fn bad_document(agent: &mut Agent) {
    let parent = agent.run.live.active();
    let Some(shape) = agent.run.family.child(parent, &mut agent.random) else { return };
    let mut document = shape.document(Some(parent));
    let kinds = ["nonsense", "no lens", "a lens to nowhere", "a protected type", "an unknown parent"];
    let kind = agent.random.pick(&kinds).copied().unwrap_or_default();
    match kind {
        "nonsense" => document = json!({ "selfsame": 1, "events": [1, 2, 3], "proejctions": {} }),
        "no lens" => {
            let schema = json!({
                "type": "object", "required": ["user", "n", "never"],
                "properties": { "user": { "type": "string" }, "n": { "type": "integer" }, "never": { "type": "string" } },
            });
            put(&mut document, "/events/user.acted/schema", schema);
        }
        "a lens to nowhere" => {
            let lens = json!([{ "rename": { "from": "/nothing", "to": "/something" } }]);
            put(&mut document, "", json!({ "user.acted": lens }));
        }
        "a protected type" => {
            let event = json!({ "key": "/user", "schema": { "type": "object", "properties": { "user": { "type": "string" } } } });
            put(&mut document, "/events", event);
        }
        _ => document = shape.document(Some(99_999)),
    }
    let asked = agent.post("versions", &document).await;
    agent.refused(
        &format!("to register {kind}"),
        asked,
        &["invalid-document", "protected-type", "unknown-version"],
    );
}

/// Puts a value where the place is; at the top as the lenses, among the events as a protected type.
fn put(document: &mut Value, place: &str, value: Value) {
    let Some(found) = document.pointer_mut(place) else { return };
    match (place, found.as_object_mut()) {
        ("", Some(members)) => drop(members.insert("lenses".to_owned(), value)),
        ("/events", Some(members)) => drop(members.insert("selfsame.secret".to_owned(), value)),
        _ => *found = value,
    }
}

/// An order about a version that is not there, or on an assumption that never holds.
async fn bad_order(agent: &mut Agent) {
    let verbs = ["build", "plan", "validate", "cutover", "rewind", "drop", "pause", "abandon"];
    let verb = agent.random.pick(&verbs).copied().unwrap_or("build");
    let body = if verb == "cutover" { json!({ "expected_active": "v99999" }) } else { json!({}) };
    let asked = agent.post(&format!("versions/v99999/{verb}"), &body).await;
    agent.refused(&format!("to {verb} v99999"), asked, &["unknown-version"]);
    // Whatever is active, it is not that one.
    let stale = agent.post("versions/v1/cutover", &json!({ "expected_active": "v99999" })).await;
    agent.refused("to cut over on a stale assumption", stale, &["active-changed", "already-active"]);
    let lost = json!({ "job": 1, "lease": 1 });
    let asked = agent.post("jobs/welcome/ack", &lost).await;
    agent.refused("to finish a job without a lease", asked, &["lease-lost", "lease-fenced"]);
}

/// An event that must not be taken.
async fn bad_event(agent: &mut Agent) {
    let active = agent.run.live.active();
    let id = format!("bad-{}", agent.random.draw());
    let event = |event_type: &str, version: u64, data: Value| {
        json!({
            "specversion": "1.0", "source": "/drill", "id": id, "type": event_type,
            "dataschema": format!("v{version}"), "data": data,
        })
    };
    let kinds = ["invalid", "protected", "unknown type", "unknown version", "another key"];
    let kind = agent.random.pick(&kinds).copied().unwrap_or_default();
    let acted = json!({ "user": "nobody", "n": 1 });
    let (mut event, code) = match kind {
        "invalid" => (event("user.acted", active, json!({ "user": "nobody", "n": "one" })), "invalid-event"),
        "protected" => (event("selfsame.secret", active, json!({})), "protected-type"),
        "unknown type" => (event("user.vanished", active, json!({})), "unknown-type"),
        "unknown version" => (event("user.acted", 99_999, acted), "unknown-version"),
        _ => (event("user.acted", active, acted), "key-mismatch"),
    };
    if kind == "another key"
        && let Some(members) = event.as_object_mut()
    {
        members.insert("subject".into(), "somebody".into());
    }
    let asked = agent.publish(&event).await;
    // The version may have been dropped a moment ago.
    agent.refused(&format!("to publish an event that is {kind}"), asked, &[code, "version-not-live"]);
}
