//! A call as the request that the HTTP routes take.

use axum::body::Body;
use axum::extract::Request;
use axum::http::Method;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::request::Parts;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rmcp::ErrorData;
use selfsame_core::{BATCH, STRUCTURED};
use serde_json::value::RawValue;

use crate::mcp::arguments::{Arguments, bad, equal, text};
use crate::mcp::tool::{Argument, Effect, Goes, Kind, Tool};

/// What a request is put together from.
#[derive(Default)]
struct Draft {
    path: String,
    query: Vec<String>,
    members: Vec<String>,
    whole: Option<(&'static str, String)>,
    is_look: bool,
}

/// The request that a call stands for, from whoever sent the message.
///
/// # Errors
///
/// If the arguments are not those of the tool.
pub(crate) fn request(tool: &Tool, arguments: &Arguments, from: &Parts) -> Result<Request, ErrorData> {
    arguments.check(tool)?;
    let mut draft = Draft { path: tool.path.to_owned(), ..Draft::default() };
    for argument in tool.arguments {
        if let Some(given) = arguments.get(argument) {
            draft.put(argument, given).ok_or_else(|| bad(tool, argument))?;
        }
    }
    let is_get = tool.effect == Effect::Reads || draft.is_look;
    let method = if is_get { Method::GET } else { Method::POST };
    let uri = match draft.query.is_empty() {
        true => draft.path,
        false => format!("{}?{}", draft.path, draft.query.join("&")),
    };
    let (content_type, body) = match draft.whole {
        _ if is_get => ("application/json", String::new()),
        Some(whole) => whole,
        None => ("application/json", format!("{{{}}}", draft.members.join(","))),
    };
    let request = Request::builder().method(method).uri(uri).header(CONTENT_TYPE, content_type);
    let too_long = |_| ErrorData::invalid_params("the arguments are too long together", None);
    let mut request = request.body(Body::from(body)).map_err(too_long)?;
    // Who sent the message, as the middleware found it or as the message says, and its place among the calls.
    *request.extensions_mut() = from.extensions.clone();
    if let Some(authorization) = from.headers.get(AUTHORIZATION) {
        request.headers_mut().insert(AUTHORIZATION, authorization.clone());
    }
    Ok(request)
}

impl Draft {
    fn put(&mut self, argument: &Argument, given: &RawValue) -> Option<()> {
        let (name, kind) = (argument.name, argument.kind);
        match argument.goes {
            Goes::Path => {
                let value = encoded(&text(kind, given)?);
                self.path = self.path.replace(&format!("{{{name}}}"), &value);
            }
            Goes::Query if kind == Kind::Equal => {
                let pair = |(column, value): (String, String)| pair(&format!("eq.{column}"), &value);
                self.query.extend(equal(given)?.into_iter().map(pair));
            }
            Goes::Query => self.query.push(pair(name, &text(kind, given)?)),
            Goes::Body => self.members.push(format!("\"{name}\":{}", given.get())),
            Goes::Whole => self.whole = Some(whole(kind, given)?),
            Goes::Look => self.is_look = given.get() == "true",
        }
        Some(())
    }
}

/// The body that an argument is, and what it is sent as.
fn whole(kind: Kind, given: &RawValue) -> Option<(&'static str, String)> {
    let json = given.get();
    Some(match (kind, json.starts_with('{')) {
        (Kind::Events, true) => (STRUCTURED, json.to_owned()),
        (Kind::Events, false) => (BATCH, json.to_owned()),
        (_, true) => ("application/json", json.to_owned()),
        (_, false) => ("application/yaml", text(kind, given)?),
    })
}

fn pair(name: &str, value: &str) -> String {
    format!("{}={}", encoded(name), encoded(value))
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
