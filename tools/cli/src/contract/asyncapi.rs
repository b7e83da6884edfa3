//! AsyncAPI 3.0: the subjects that an engine listens on, what it takes there and what it answers.
//!
//! The document is the engine's: it `receive`s where services send. An answer goes to the reply subject that
//! the request came with, so the reply channel has no address of its own. A message of the in-tray is
//! answered by JetStream.
//!
//! Schemas are in the words of JSON Schema draft 07, which AsyncAPI 3.0 reads.

use selfsame_core::STRUCTURED;
use selfsame_node::nats::subject::{GET, IN, TRAY};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::answers::{self, Answers};
use super::cloud_event::Envelope;
use super::components::{Components, PREFIX};
use super::example::example;
use super::schema::draft_07;
use super::{Contract, Written, columns, section};
use super::{ordered, ordered_members};

/// The channel of all answers.
const REPLY: &str = "reply";

/// An AsyncAPI document.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AsyncApi {
    asyncapi: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    info: Value,
    servers: Value,
    default_content_type: &'static str,
    channels: Map<String, Value>,
    operations: Map<String, Value>,
    components: Value,
}

/// The AsyncAPI document of a version.
///
/// # Errors
///
/// If a reference of a schema leads nowhere.
pub(crate) fn write(contract: &Contract) -> Result<Written, String> {
    let mut components = contract.components()?;
    let answers = Answers::new(&mut components);
    let mut writer =
        Writer { components, channels: Map::new(), operations: Map::new(), messages: Map::new() };
    writer.answer("selfsame.published", &answers.published, None);
    writer.answer("selfsame.problem", &answers.problem, Some("application/problem+json"));
    writer.in_tray_answers();
    for (event_type, event) in section(&contract.document, "events") {
        writer.event(&Envelope::new(contract, event_type, event));
    }
    for (name, projection) in section(&contract.document, "projections") {
        if projection.get("kind").is_some_and(|kind| kind == "cache" || kind == "view") {
            writer.read(name, projection);
        }
    }
    Ok(Written::AsyncApi(writer.finish(contract)))
}

const DESCRIPTION: &str = "The events of one schema version, as an engine takes them over NATS, and its reads. \
    A principal is who acts: the token of the subject that the server's permissions pin to a credential.";

struct Writer<'d> {
    components: Components<'d>,
    channels: Map<String, Value>,
    operations: Map<String, Value>,
    messages: Map<String, Value>,
}

fn in_messages(name: &str) -> Value {
    json!({ "$ref": format!("#/components/messages/{name}") })
}

fn in_channel(channel: &str, message: &str) -> Value {
    json!({ "$ref": format!("#/channels/{channel}/messages/{message}") })
}

fn schema(name: &str) -> Value {
    json!({ "$ref": format!("{PREFIX}{name}") })
}

impl Writer<'_> {
    fn message(&mut self, name: &str, message: Value) {
        self.messages.insert(name.to_owned(), message);
    }

    /// A message that is an answer.
    fn answer(&mut self, name: &str, component: &str, content_type: Option<&str>) {
        let content_type = content_type.unwrap_or("application/json");
        let message = json!({ "name": name, "contentType": content_type, "payload": schema(component) });
        self.message(name, message);
    }

    fn in_tray_answers(&mut self) {
        let stored = json!({
            "type": "object",
            "description": "JetStream keeps the message until the log has it.",
            "required": ["stream", "seq"],
            "properties": {
                "stream": { "type": "string" },
                "seq": { "type": "integer", "minimum": 1 },
                "duplicate": { "type": "boolean" },
            },
        });
        let error = json!({
            "type": "object",
            "required": ["code", "description"],
            "properties": {
                "code": { "type": "integer" },
                "err_code": { "type": "integer" },
                "description": { "type": "string" },
            },
        });
        let refused = json!({
            "type": "object",
            "description": "JetStream did not keep the message, most likely because the in-tray is full.",
            "required": ["error"],
            "properties": { "error": error },
        });
        for (name, schema) in [("selfsame.stored", stored), ("selfsame.not-stored", refused)] {
            let component = self.components.add(name, schema);
            self.answer(name, &component, None);
        }
    }

    fn event(&mut self, envelope: &Envelope<'_>) {
        let name = envelope.event_type;
        let data = example(&schema(name), self.components.schemas());
        let structured = format!("{name}.structured");
        let binary = format!("{name}.binary");
        let component = self.components.add(&structured, envelope.structured());
        let mut message = json!({
            "name": name,
            "title": format!("{name}, structured mode"),
            "contentType": STRUCTURED,
            "payload": schema(&component),
        });
        let mut in_headers = json!({
            "name": name,
            "title": format!("{name}, binary mode"),
            "contentType": "application/json",
            "headers": envelope.headers(),
            "payload": schema(name),
        });
        if let Some(data) = data {
            let payload = envelope.example(data.clone());
            set(&mut message, "examples", json!([{ "name": "structured", "payload": payload }]));
            let headers = envelope.example_headers();
            let examples = json!([{ "name": "binary", "headers": headers, "payload": data }]);
            set(&mut in_headers, "examples", examples);
        }
        self.message(&structured, message);
        self.message(&binary, in_headers);
        let ways = [
            (
                "in",
                IN,
                "publish",
                "Publish by request and reply.",
                ["selfsame.published", "selfsame.problem"],
            ),
            (
                "tray",
                TRAY,
                "put",
                "Put into the in-tray, which is taken into the log when the engine is there. What is refused \
                 then is kept with its reason.",
                ["selfsame.stored", "selfsame.not-stored"],
            ),
        ];
        for (plane, root, verb, summary, replies) in ways {
            let channel = format!("{plane}.{name}");
            let parameters =
                json!({ "principal": { "description": "Who acts: letters, digits, `_` and `-`." } });
            let messages = json!({ "structured": in_messages(&structured), "binary": in_messages(&binary) });
            self.channel(&channel, format!("{root}{{principal}}.{name}"), parameters, messages);
            self.operation(&format!("{verb}.{name}"), &channel, summary, &["structured", "binary"], &replies);
        }
    }

    fn read(&mut self, name: &str, projection: &Value) {
        let row = columns::row(&mut self.components, projection);
        let row = self.components.add(&format!("{name}.row"), row);
        let answer = self.components.add(&format!("{name}.answer"), answers::one_row(name, &row));
        let reply = format!("selfsame.row.{name}");
        self.answer(&reply, &answer, None);
        let request = format!("selfsame.get.{name}");
        let headers = json!({
            "type": "object",
            "properties": {
                "selfsame-at-least": {
                    "type": "string",
                    "pattern": "^[0-9]+$",
                    "description": "Wait up to 5 s until this position is applied.",
                },
                "selfsame-read-as": { "type": "string", "description": "Another live version than the active one." },
            },
        });
        let empty =
            json!({ "type": "string", "maxLength": 0, "description": "What is sent here is not read." });
        let message =
            json!({ "name": request, "headers": headers, "payload": empty, "contentType": "text/plain" });
        self.message(&request, message);
        let channel = format!("get.{name}");
        let key = "The rest of the subject. White space, control characters, `*`, `>`, `%` and a dot that would \
                   leave an empty token are percent-encoded.";
        let parameters = json!({ "key": { "description": key } });
        let messages = json!({ "request": in_messages(&request) });
        self.channel(&channel, format!("{GET}{name}.{{key}}"), parameters, messages);
        let replies = [reply.as_str(), "selfsame.problem"];
        self.operation(&channel, &channel, &format!("Read one row of `{name}`."), &["request"], &replies);
    }

    fn channel(&mut self, name: &str, address: String, parameters: Value, messages: Value) {
        let servers = json!([{ "$ref": "#/servers/nats" }]);
        let channel = json!({
            "address": address, "servers": servers, "parameters": parameters, "messages": messages,
        });
        self.channels.insert(name.to_owned(), channel);
    }

    fn operation(&mut self, name: &str, channel: &str, summary: &str, takes: &[&str], replies: &[&str]) {
        let takes: Vec<Value> = takes.iter().map(|message| in_channel(channel, message)).collect();
        let replies: Vec<Value> = replies.iter().map(|message| in_channel(REPLY, message)).collect();
        let operation = json!({
            "action": "receive",
            "channel": { "$ref": format!("#/channels/{channel}") },
            "summary": summary,
            "messages": takes,
            "reply": { "channel": { "$ref": format!("#/channels/{REPLY}") }, "messages": replies },
        });
        self.operations.insert(name.to_owned(), operation);
    }

    fn finish(mut self, contract: &Contract) -> AsyncApi {
        let is_answer = |name: &&String| name.starts_with("selfsame.") && !name.starts_with("selfsame.get.");
        let answers: Map<String, Value> =
            self.messages.keys().filter(is_answer).map(|name| (name.clone(), in_messages(name))).collect();
        let reply = json!({
            "address": null,
            "description": "The reply subject that the request came with. A reply subject below `selfsame.` \
                            gets no answer.",
            "servers": [{ "$ref": "#/servers/nats" }],
            "messages": answers,
        });
        self.channels.insert(REPLY.to_owned(), reply);
        let schemas: Map<String, Value> =
            self.components.schemas().iter().map(|(name, schema)| (name.clone(), draft_07(schema))).collect();
        for message in self.messages.values_mut() {
            let headers = message.get("headers").map(draft_07);
            headers.into_iter().for_each(|headers| set(message, "headers", headers));
        }
        let server = json!({
            "host": "{address}",
            "protocol": "nats",
            "description": "The NATS server that the engine is connected to.",
            "variables": { "address": { "default": "localhost:4222", "description": "Its host and port." } },
        });
        AsyncApi {
            asyncapi: "3.0.0",
            id: contract.id.as_ref().map(|id| format!("urn:selfsame:version:{id}")),
            info: ordered(contract.info(DESCRIPTION)),
            servers: ordered(json!({ "nats": server })),
            default_content_type: "application/json",
            channels: ordered_members(self.channels),
            operations: ordered_members(self.operations),
            components: ordered(json!({ "messages": self.messages, "schemas": schemas })),
        }
    }
}

fn set(value: &mut Value, member: &str, to: Value) {
    if let Some(members) = value.as_object_mut() {
        members.insert(member.to_owned(), to);
    }
}
