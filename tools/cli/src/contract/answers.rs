//! What an engine answers, over HTTP and NATS alike, as schemas.

use selfsame_core::limits::LEASE_JOBS_MAX;
use serde_json::{Map, Value, json};

use super::components::{Components, reference};

/// The answers of one version. Each member names a component.
pub(super) struct Answers {
    pub(super) problem: String,
    pub(super) published: String,
}

/// What every answer has: where it was given.
fn answer(description: &str, members: Value) -> Value {
    let mut properties = match members {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    let required: Vec<String> =
        ["position", "version"].into_iter().map(str::to_owned).chain(properties.keys().cloned()).collect();
    properties.insert("position".to_owned(), position("Everything up to here is in the answer."));
    properties.insert(
        "version".to_owned(),
        json!({ "type": ["string", "null"], "description": "The version that the answer is of, such as `v2`." }),
    );
    json!({ "type": "object", "description": description, "required": required, "properties": properties })
}

/// A position of the log.
pub(super) fn position(description: &str) -> Value {
    json!({ "type": "integer", "format": "int64", "minimum": 0, "description": description })
}

fn moment(description: &str) -> Value {
    json!({ "type": "string", "format": "date-time", "description": description })
}

impl Answers {
    pub(super) fn new(components: &mut Components<'_>) -> Answers {
        let problem = components.add("selfsame.problem", problem());
        let event = json!({
            "type": "object",
            "required": ["position", "duplicate"],
            "properties": {
                "position": position("Where the event stands in the log."),
                "duplicate": { "type": "boolean", "description": "It was there before." },
            },
        });
        let published = answer(
            "The events are on disk and applied.",
            json!({ "events": { "type": "array", "items": event } }),
        );
        let published = components.add("selfsame.published", published);
        Answers { problem, published }
    }
}

fn problem() -> Value {
    json!({
        "type": "object",
        "description": "Why it was not done, and what to do (RFC 9457). A kind has further members of its own.",
        "required": ["type", "title", "status", "detail", "retry", "next", "position", "version"],
        "properties": {
            "type": { "type": "string", "pattern": "^urn:selfsame:error:", "description": "What programs act on." },
            "title": { "type": "string" },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": { "type": "string" },
            "retry": {
                "enum": ["later", "never"],
                "description": "Whether the very same request can succeed later.",
            },
            "next": {
                "type": "array",
                "items": { "type": "string" },
                "description": "What to do, most useful first.",
            },
            "position": position("The last record that was applied."),
            "version": { "type": ["string", "null"], "description": "The version that answers." },
        },
    })
}

/// One row, by its key.
pub(super) fn one_row(projection: &str, row: &str) -> Value {
    let members = json!({
        "projection": { "const": projection },
        "key": { "type": "string" },
        "value": reference(row),
    });
    answer("One row.", members)
}

/// A page of rows.
pub(super) fn page(projection: &str, row: &str) -> Value {
    let entry = json!({
        "type": "object",
        "required": ["key", "value"],
        "properties": { "key": { "type": "string" }, "value": reference(row) },
    });
    let members = json!({
        "projection": { "const": projection },
        "rows": { "type": "array", "items": entry },
        "next": { "type": ["string", "null"], "description": "The cursor of the next page, if there is more." },
    });
    answer("A page of rows.", members)
}

/// Jobs that a worker got.
pub(super) fn leased(input: &str) -> Value {
    let job = json!({
        "type": "object",
        "required": ["job", "attempt", "input"],
        "properties": {
            "job": position("The job, which is the position of its event."),
            "attempt": { "type": "integer", "minimum": 1 },
            "input": reference(input),
        },
    });
    let members = json!({
        "lease": {
            "type": ["integer", "null"],
            "format": "int64",
            "description": "To be named when a job is done or given back; `null` if there was no job.",
        },
        "until": moment("When the lease runs out."),
        "jobs": { "type": "array", "items": job, "maxItems": LEASE_JOBS_MAX },
    });
    answer("Jobs that are held until the lease runs out.", members)
}

/// A job that is done.
pub(super) fn acknowledged() -> Value {
    answer("The job is done.", json!({ "job": position("The job.") }))
}

/// A job that was given back.
pub(super) fn given_back() -> Value {
    let members = json!({
        "job": position("The job."),
        "retry_at": {
            "type": ["string", "null"],
            "format": "date-time",
            "description": "When it is due again; `null` if it is dead.",
        },
        "dead": { "type": "boolean", "description": "It is not tried any more." },
    });
    answer("The job is given back.", members)
}

/// Figures of all queues.
pub(super) fn queues() -> Value {
    let count = json!({ "type": "integer", "minimum": 0 });
    let words = ["pending", "leased", "waiting", "done", "dead"];
    let properties: Map<String, Value> =
        words.iter().map(|word| ((*word).to_owned(), count.clone())).collect();
    let figures = json!({ "type": "object", "required": words, "properties": properties });
    answer(
        "Figures of each queue.",
        json!({ "queues": { "type": "object", "additionalProperties": figures } }),
    )
}

/// Jobs that were given up.
pub(super) fn dead() -> Value {
    let job = json!({
        "type": "object",
        "required": ["queue", "job", "at", "reason"],
        "properties": {
            "queue": { "type": "string" },
            "job": position("The job."),
            "at": position("The record that says so."),
            "reason": { "type": "string" },
        },
    });
    answer(
        "The latest jobs that were given up, newest first.",
        json!({ "dead": { "type": "array", "items": job } }),
    )
}

/// One event as this version reads it.
pub(super) fn event(event_types: &[&String]) -> Value {
    let data: Vec<Value> = event_types.iter().map(|name| reference(name)).collect();
    let event = json!({
        "type": "object",
        "required": ["position", "time", "principal", "type", "key", "source", "id", "written_in", "occurred",
                     "attributes", "data"],
        "properties": {
            "position": position("Where it stands in the log."),
            "time": moment("When it was taken in."),
            "principal": { "type": "string" },
            "type": { "type": "string" },
            "key": { "type": "string" },
            "source": { "type": "string" },
            "id": { "type": "string" },
            "written_in": { "type": ["string", "null"], "description": "The version that it was written in." },
            "occurred": { "type": ["string", "null"], "format": "date-time" },
            "attributes": { "type": "object", "additionalProperties": { "type": "string" } },
            "data": if data.is_empty() { json!({}) } else { json!({ "anyOf": data }) },
        },
    });
    answer("One event.", json!({ "event": event }))
}

/// The engine takes records.
pub(super) fn healthy() -> Value {
    answer("The engine takes records.", json!({ "ok": { "const": true } }))
}
