//! The JSON-RPC message around a call, looked at before the transport does: what is not a call is said precisely,
//! and a tool's arguments are kept as they were written.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::mcp::arguments::Arguments;

/// The method whose parameters are looked at here.
const CALL: &str = "tools/call";

const PARSE_ERROR: i32 = -32700;
const INVALID_REQUEST: i32 = -32600;
const INVALID_PARAMS: i32 = -32602;

/// A JSON-RPC message, as far as it is looked at.
#[derive(Deserialize)]
pub(crate) struct Envelope {
    #[serde(default)]
    jsonrpc: String,
    #[serde(default, deserialize_with = "given")]
    id: Option<Value>,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    params: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Call {
    #[serde(rename = "name")]
    _name: String,
    #[serde(default)]
    arguments: Option<BTreeMap<String, Box<RawValue>>>,
}

impl Envelope {
    /// The arguments of the call in this message; none if it is another message. Else what is wrong with it.
    pub(crate) fn read(bytes: &[u8]) -> Result<Arguments, Box<NotUnderstood>> {
        let json = serde_json::from_slice::<&RawValue>(bytes).map_err(|err| {
            let said = format!("the message is not JSON: {err}");
            refused(StatusCode::BAD_REQUEST, &Value::Null, PARSE_ERROR, &said)
        })?;
        let envelope = object::<Envelope>(json.get()).map_err(|why| {
            let said = format!("the message is not one JSON-RPC request or notification{why}");
            refused(StatusCode::BAD_REQUEST, &Value::Null, INVALID_REQUEST, &said)
        })?;
        if !envelope.is_formed() {
            let said = "the message must have `jsonrpc`: \"2.0\", and an `id` that is a string or an integer unless it \
                is a notification";
            return Err(refused(StatusCode::BAD_REQUEST, &Value::Null, INVALID_REQUEST, said));
        }
        if envelope.method.as_deref() != Some(CALL) {
            return Ok(Arguments::default());
        }
        let id = envelope.id.unwrap_or_default();
        let params = envelope.params.as_ref().map_or("{}", |params| params.get());
        let call = object::<Call>(params).map_err(|why| {
            let said = format!(
                "`params` must be an object with `name`, a tool's name, and `arguments`, an object{why}"
            );
            refused(StatusCode::OK, &id, INVALID_PARAMS, &said)
        })?;
        Ok(Arguments::new(call.arguments.unwrap_or_default()))
    }

    /// Whether it is a message at all. One with an id of another kind would go unanswered.
    fn is_formed(&self) -> bool {
        let is_id = |id: &Value| id.is_string() || id.is_i64();
        self.jsonrpc == "2.0" && self.id.as_ref().is_none_or(is_id)
    }
}

/// Tells an id that is null from one that is absent.
fn given<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}

/// Reads an object; serde would take a list of its members as well.
fn object<T: DeserializeOwned>(json: &str) -> Result<T, String> {
    match json.starts_with('{') {
        true => serde_json::from_str(json).map_err(|err| format!(": {err}")),
        false => Err(": it is not an object".to_owned()),
    }
}

fn refused(status: StatusCode, id: &Value, code: i32, said: &str) -> Box<NotUnderstood> {
    Box::new(NotUnderstood { status, id: id.clone(), code, said: said.chars().take(500).collect() })
}

/// Why a message is not carried out, as JSON-RPC says it.
pub(crate) struct NotUnderstood {
    status: StatusCode,
    id: Value,
    code: i32,
    said: String,
}

impl IntoResponse for NotUnderstood {
    fn into_response(self) -> Response {
        let error = json!({ "code": self.code, "message": self.said });
        let body = json!({ "jsonrpc": "2.0", "id": self.id, "error": error });
        (self.status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
    }
}
