//! OpenAPI 3.1: the HTTP routes that services and workers use, with what this version answers on them.
//!
//! The routes by which versions are registered and taken live are the same for every version and stand in
//! `docs/http.md`.

mod jobs;
mod operation;
mod rows;

use selfsame_core::{BATCH, Code, STRUCTURED};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::answers::{self, Answers};
use super::cloud_event::Envelope;
use super::components::{Components, reference};
use super::example::example;
use super::{Contract, Written, section};
use super::{ordered, ordered_members};
use operation::{Operation, query};

/// An OpenAPI document.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct OpenApi {
    openapi: &'static str,
    info: Value,
    servers: Value,
    tags: Value,
    paths: Map<String, Value>,
    components: Value,
}

const DESCRIPTION: &str = "Publishing, reading and working on jobs over HTTP, in the shapes of one schema version. \
    Every answer says the version and position that it was given at. The active version answers unless `read_as` \
    names another one that is live, and an event is read as the active version's unless `dataschema` names another.";

/// What a read can be refused for.
const READ: [Code; 7] = [
    Code::BadRequest,
    Code::UnknownVersion,
    Code::NoActiveVersion,
    Code::VersionNotLive,
    Code::UnknownProjection,
    Code::Behind,
    Code::Stopping,
];
/// What a change can be refused for.
const CHANGE: [Code; 6] = [
    Code::BadRequest,
    Code::NoPrincipal,
    Code::WrongPrincipal,
    Code::Overloaded,
    Code::ReadOnly,
    Code::Stopping,
];

/// The OpenAPI document of a version.
///
/// # Errors
///
/// If a reference of a schema leads nowhere.
pub(crate) fn write(contract: &Contract) -> Result<Written, String> {
    let mut components = contract.components()?;
    let answers = Answers::new(&mut components);
    let mut writer = Writer { contract, components, answers, paths: Map::new() };
    writer.publish();
    writer.event();
    for (name, projection) in section(&contract.document, "projections") {
        match projection.get("kind").and_then(Value::as_str) {
            Some("cache") => writer.cache(name, projection),
            Some("view") => writer.view(name, projection),
            Some("jobs") => writer.queue(name, projection),
            _ => {}
        }
    }
    writer.figures();
    Ok(Written::OpenApi(writer.finish()))
}

struct Writer<'d> {
    contract: &'d Contract,
    components: Components<'d>,
    answers: Answers,
    paths: Map<String, Value>,
}

impl<'d> Writer<'d> {
    fn get(&mut self, path: &str, operation: Operation<'_>, answer: Value) {
        let value = operation.write(&self.answers.problem, answer);
        self.paths.insert(path.to_owned(), json!({ "get": value }));
    }

    fn post(&mut self, path: &str, operation: Operation<'_>, answer: Value) {
        let mut value = operation.write(&self.answers.problem, answer);
        if let Some(members) = value.as_object_mut() {
            members.insert("security".to_owned(), json!([{ "principal": [] }]));
        }
        self.paths.insert(path.to_owned(), json!({ "post": value }));
    }

    fn publish(&mut self) {
        let mut operation = Operation::new("publish", "Publish one event, or a batch as one unit.", "events");
        operation.description = Some(
            "One event in structured mode, a batch in structured mode, or one event in binary mode with its \
             attributes as `ce-` headers and the data as body. A batch is taken whole or not at all.",
        );
        let mut events = Vec::new();
        let mut data = Vec::new();
        let mut shown = Map::new();
        for (event_type, event) in section(&self.contract.document, "events") {
            let envelope = Envelope::new(self.contract, event_type, event);
            let name = self.components.add(&format!("{event_type}.structured"), envelope.structured());
            events.push(reference(&name));
            data.push(reference(event_type));
            if let Some(example) = example(&reference(event_type), self.components.schemas()) {
                shown.insert(event_type.clone(), json!({ "value": envelope.example(example) }));
            }
        }
        let any =
            |schemas: Vec<Value>| if schemas.is_empty() { json!({}) } else { json!({ "anyOf": schemas }) };
        let event = self.components.add("selfsame.event", any(events));
        let batch = json!({ "type": "array", "items": reference(&event), "minItems": 1,
                            "maxItems": selfsame_core::limits::EVENTS_PER_UNIT_MAX });
        operation.body = Some(json!({
            STRUCTURED: { "schema": reference(&event), "examples": shown },
            BATCH: { "schema": batch },
            "application/json": { "schema": any(data) },
        }));
        operation.parameters = binary_headers();
        operation.refusals = CHANGE.to_vec();
        operation.refusals.extend([
            Code::NotCloudEvent,
            Code::TooLarge,
            Code::ProtectedType,
            Code::NoActiveVersion,
            Code::UnknownVersion,
            Code::VersionNotLive,
            Code::UnknownType,
            Code::InvalidEvent,
            Code::KeyMismatch,
            Code::IdReused,
        ]);
        let answer = reference(&self.answers.published);
        self.post("/v1/events", operation, answer);
    }

    fn event(&mut self) {
        let mut operation = Operation::new("event.get", "Read one event as a version reads it.", "events");
        let position = answers::position("The event's position.");
        operation.path_parameter("position", position);
        operation.reads_as();
        operation.refusals = vec![
            Code::BadRequest,
            Code::UnknownVersion,
            Code::NotFound,
            Code::InvalidEvent,
            Code::UnreadableLog,
            Code::Behind,
            Code::Stopping,
        ];
        let event_types: Vec<&String> =
            section(&self.contract.document, "events").map(|(name, _)| name).collect();
        let answer = answers::event(&event_types);
        self.get("/v1/events/{position}", operation, answer);
    }

    fn figures(&mut self) {
        let plain = vec![Code::BadRequest, Code::Behind, Code::Stopping];
        let mut jobs = Operation::new("jobs.list", "Read the figures of each queue.", "jobs");
        jobs.refusals.clone_from(&plain);
        self.get("/v1/jobs", jobs, answers::queues());
        let mut dead = Operation::new("jobs.dead", "Read which jobs were given up.", "jobs");
        let limit = json!({ "type": "integer", "minimum": 1, "default": 100,
                            "maximum": selfsame_core::limits::DEAD_JOBS_SHOWN_MAX });
        dead.parameters = vec![query("limit", "Jobs of the answer.", limit)];
        dead.refusals = plain;
        self.get("/v1/jobs/dead", dead, answers::dead());
        let mut health = Operation::new("health", "Ask whether records are taken.", "health");
        health.refusals = vec![Code::BadRequest, Code::ReadOnly, Code::Stopping];
        self.get("/v1/health", health, answers::healthy());
    }

    fn finish(self) -> OpenApi {
        let server = json!({
            "url": "http://{address}",
            "description": "The engine.",
            "variables": { "address": { "default": crate::reach::LISTEN, "description": "Where it listens." } },
        });
        let principal = json!({
            "type": "http",
            "scheme": "bearer",
            "description": "The principal: who acts. Until a boundary is in force the name is taken as it is.",
        });
        let mut tags =
            vec![json!({ "name": "events" }), json!({ "name": "jobs" }), json!({ "name": "health" })];
        let is_own = |name: &&String| !["events", "jobs", "health"].contains(&name.as_str());
        let names = section(&self.contract.document, "projections").map(|(name, _)| name);
        tags.extend(names.filter(is_own).map(|name| json!({ "name": name })));
        OpenApi {
            openapi: "3.1.0",
            info: ordered(self.contract.info(DESCRIPTION)),
            servers: ordered(json!([server])),
            tags: ordered(tags.into()),
            paths: ordered_members(self.paths),
            components: ordered(json!({
                "schemas": self.components.schemas(),
                "headers": operation::headers(),
                "securitySchemes": { "principal": principal },
            })),
        }
    }
}

/// The attributes of an event in binary mode. In structured mode they are not there.
fn binary_headers() -> Vec<Value> {
    let attributes = [
        ("specversion", "`1.0`, in binary mode."),
        ("type", "The event type, in binary mode."),
        ("source", "Where the event comes from, in binary mode."),
        ("id", "The event's id, in binary mode."),
        ("subject", "The key, in binary mode."),
        ("time", "When it happened, in binary mode."),
        ("dataschema", "The version that the data is written in, in binary mode."),
    ];
    let header = |(name, description): (&str, &str)| {
        json!({ "name": format!("ce-{name}"), "in": "header", "description": description,
                "schema": { "type": "string" } })
    };
    attributes.into_iter().map(header).collect::<Vec<_>>()
}
