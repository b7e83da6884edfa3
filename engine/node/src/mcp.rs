//! MCP: the way in for agents, as tools over streamable HTTP at `/mcp` on the listener for services and agents.
//!
//! A tool is another spelling of an HTTP route: a call is turned into the request that `http` takes, carried out
//! by the same handlers, and answered with the same JSON. So nothing is decided here, and no tool can reach what
//! that listener has no route to.
//!
//! # Invariants
//!
//! 1. There are no sessions: each request stands alone, and who acts is found out from its `Authorization` by the
//!    code that every route uses. No argument of a tool names who acts.
//! 2. Only requests whose `Host`, and `Origin` if there is one, are of this machine get in, so that a web page
//!    cannot have its reader's browser act.
//! 3. Arguments are passed on as they were written, so that numbers keep their digits.
//!
//! Not here: what an answer says (`read`), what the tools are (`tools`).

mod arguments;
mod envelope;
mod outcome;
mod request;
mod server;
mod tool;
mod tools;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use selfsame_core::limits::UNIT_BYTES_MAX;
use selfsame_core::{Code, Refusal};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::handle::Handle;
use crate::http::{bad_request, read_body};
use crate::mcp::envelope::Envelope;
use crate::mcp::server::Tools;
use crate::read::Refused;

/// Bytes of one MCP message. A document of the largest size fits, written as a string with its escapes.
pub const MCP_BYTES_MAX: usize = 2 * UNIT_BYTES_MAX;
/// MCP messages that are worked on at once; further ones are refused as `overloaded`.
pub const MCP_CALLS_MAX: usize = 64;
/// Bytes of a tool's answer; members over it are left out and named.
pub const MCP_ANSWER_BYTES_MAX: usize = 256 * 1024;

/// The hosts that a request may be sent to, whatever the port.
const HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// The web pages that a request may come from, if it comes from one, whatever their port.
const ORIGINS: [&str; 6] = [
    "http://localhost",
    "http://127.0.0.1",
    "http://[::1]",
    "https://localhost",
    "https://127.0.0.1",
    "https://[::1]",
];

type Service = StreamableHttpService<Tools, NeverSessionManager>;

/// Keeps a place among the messages that are worked on, to the end of the work.
#[derive(Clone, Debug)]
struct Leave {
    _permit: Arc<OwnedSemaphorePermit>,
}

/// What answers at `/mcp`.
pub(crate) fn route(handle: &Handle) -> MethodRouter<Handle> {
    let mut config = StreamableHttpServerConfig::default();
    config.stateful_mode = false;
    config.json_response = true;
    config.allowed_hosts = HOSTS.map(str::to_owned).to_vec();
    config.allowed_origins = ORIGINS.map(str::to_owned).to_vec();
    let tools = Tools::new(handle);
    let service: Service = StreamableHttpService::new(move || Ok(tools.clone()), Arc::default(), config);
    let slots = Arc::new(Semaphore::new(MCP_CALLS_MAX));
    let handle = handle.clone();
    post(move |request: Request| {
        let (service, slots, handle) = (service.clone(), Arc::clone(&slots), handle.clone());
        async move {
            match take(&service, &slots, request).await {
                Ok(response) => understood(&handle, response).await,
                Err(refusal) => Refused::now(&handle, refusal).into_response(),
            }
        }
    })
}

/// One message, to its answer.
async fn take(service: &Service, slots: &Arc<Semaphore>, request: Request) -> Result<Response, Refusal> {
    let (mut parts, body) = request.into_parts();
    hide_token(&mut parts.headers);
    let bytes = read_body(body, MCP_BYTES_MAX).await?;
    let permit = Arc::clone(slots).try_acquire_owned().map_err(|_| {
        Refusal::new(Code::Overloaded, format!("{MCP_CALLS_MAX} calls are under way, which is the limit"))
            .next("wait for the answers to your calls, and send it again")
    })?;
    match Envelope::read(&bytes) {
        Ok(arguments) => parts.extensions.insert(arguments),
        Err(why) => return Ok(why.into_response()),
    };
    parts.extensions.insert(Leave { _permit: Arc::new(permit) });
    Ok(service.handle(Request::from_parts(parts, Body::from(bytes))).await.map(Body::new))
}

/// A token is never written anywhere, so it is marked as one for whatever shows headers.
fn hide_token(headers: &mut HeaderMap) {
    if let Some(token) = headers.get_mut(AUTHORIZATION) {
        token.set_sensitive(true);
    }
}

/// Turns what the transport refuses in words of its own into a problem document.
async fn understood(handle: &Handle, response: Response) -> Response {
    let status = response.status();
    let kind = response.headers().get(CONTENT_TYPE);
    let is_json = kind.is_some_and(|kind| kind.as_bytes().ends_with(b"json"));
    if is_json || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let said = axum::body::to_bytes(response.into_body(), MCP_ANSWER_BYTES_MAX).await.unwrap_or_default();
    let mut response = Refused::now(handle, not_taken(status, &said)).into_response();
    *response.status_mut() = status;
    response
}

fn not_taken(status: StatusCode, said: &[u8]) -> Refusal {
    let said: String = String::from_utf8_lossy(said).chars().take(300).collect();
    let next = match status {
        StatusCode::FORBIDDEN => "send it to `localhost`, and not from a web page of another site",
        StatusCode::NOT_ACCEPTABLE => "send `accept: application/json, text/event-stream`",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "send one JSON-RPC message as `content-type: application/json`",
        _ => "see docs/mcp.md",
    };
    bad_request(format!("the message is not taken: {said}")).next(next).field("status", status.as_u16())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_token_is_not_shown_with_its_headers() {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer hunter2"));
        assert!(format!("{headers:?}").contains("hunter2"));
        hide_token(&mut headers);
        assert!(!format!("{headers:?}").contains("hunter2"), "{headers:?}");
    }
}
