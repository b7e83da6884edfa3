//! One operation: what it takes, what it answers, and what it can be refused for.

use std::collections::BTreeMap;

use selfsame_core::Code;
use serde_json::{Map, Value, json};

use crate::contract::components::reference;

/// What is known of an operation.
pub(super) struct Operation<'a> {
    id: &'a str,
    summary: &'a str,
    tag: &'a str,
    pub(super) description: Option<&'a str>,
    pub(super) parameters: Vec<Value>,
    /// Media types and their schemas.
    pub(super) body: Option<Value>,
    pub(super) refusals: Vec<Code>,
}

impl<'a> Operation<'a> {
    pub(super) fn new(id: &'a str, summary: &'a str, tag: &'a str) -> Operation<'a> {
        let (parameters, refusals) = (Vec::new(), Vec::new());
        Operation { id, summary, tag, description: None, parameters, body: None, refusals }
    }

    pub(super) fn path_parameter(&mut self, name: &str, schema: Value) {
        self.parameters.push(json!({ "name": name, "in": "path", "required": true, "schema": schema }));
    }

    /// Another version than the active one can be asked.
    pub(super) fn reads_as(&mut self) {
        let version = json!({ "type": "string" });
        self.parameters.push(query("read_as", "Another version than the active one, such as `v1`.", version));
    }

    /// The operation with its answer; `problem` is the component of a refusal.
    pub(super) fn write(mut self, problem: &str, answer: Value) -> Value {
        if self.body.is_none() {
            let position = json!({ "type": "integer", "format": "int64", "minimum": 0 });
            let text = "Wait up to 5 s until this position is applied.";
            self.parameters.push(query("at_least", text, position));
        }
        let description = answer.get("description").and_then(Value::as_str).unwrap_or("It is done.");
        let mut responses = Map::new();
        let done = response(description, json!({ "application/json": { "schema": answer } }));
        responses.insert("200".to_owned(), done);
        for (status, codes) in by_status(&self.refusals) {
            let kinds: Vec<String> = codes.iter().map(|code| format!("`{code}`: {}", code.title())).collect();
            let content = json!({ "application/problem+json": { "schema": reference(problem) } });
            responses.insert(status.to_string(), response(&kinds.join("; "), content));
        }
        let mut operation = json!({
            "operationId": self.id,
            "summary": self.summary,
            "tags": [self.tag],
            "responses": responses,
        });
        let more = [
            ("description", self.description.map(Value::from)),
            ("parameters", (!self.parameters.is_empty()).then(|| self.parameters.into())),
            ("requestBody", self.body.map(|content| json!({ "required": true, "content": content }))),
        ];
        if let Some(members) = operation.as_object_mut() {
            let given = more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
            members.extend(given);
        }
        operation
    }
}

fn by_status(codes: &[Code]) -> BTreeMap<u16, Vec<Code>> {
    let mut statuses: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in codes {
        let of_status = statuses.entry(code.status()).or_default();
        if !of_status.contains(code) {
            of_status.push(*code);
        }
    }
    statuses
}

fn response(description: &str, content: Value) -> Value {
    let header = |name: &str| json!({ "$ref": format!("#/components/headers/{name}") });
    let headers: Map<String, Value> = ["selfsame-position", "selfsame-version"]
        .map(|name| (name.to_owned(), header(name)))
        .into_iter()
        .collect();
    json!({ "description": description, "headers": headers, "content": content })
}

/// The headers of every answer.
pub(super) fn headers() -> Value {
    json!({
        "selfsame-position": {
            "required": true,
            "description": "Everything up to this position is in the answer.",
            "schema": { "type": "integer", "format": "int64", "minimum": 0 },
        },
        "selfsame-version": {
            "description": "The version that the answer is of; not there if no version answers.",
            "schema": { "type": "string", "pattern": "^v[1-9][0-9]*$" },
        },
    })
}

/// A parameter of the query.
pub(super) fn query(name: &str, description: &str, schema: Value) -> Value {
    json!({ "name": name, "in": "query", "description": description, "schema": schema })
}
