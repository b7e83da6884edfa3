//! Answers and refusals as responses, and what every response has in common.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use selfsame_core::{Code, Refusal, Retry};
use selfsame_record::{Position, VersionNo};

use crate::handle::Handle;
use crate::http::body::Lines;
use crate::http::params::Params;
use crate::read::{Refused, Served};

const POSITION: HeaderName = HeaderName::from_static("selfsame-position");
const VERSION: HeaderName = HeaderName::from_static("selfsame-version");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");
const NDJSON: HeaderValue = HeaderValue::from_static("application/x-ndjson");

impl IntoResponse for Served {
    fn into_response(self) -> Response {
        respond(StatusCode::OK, JSON, Body::from(self.body), self.position, self.version)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.refusal.code.status());
        // The codes' statuses are checked by a test of theirs.
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = Body::from(self.to_json());
        let mut response = respond(status, PROBLEM, body, self.position, self.version);
        if let Some(seconds) = retry_after(&self.refusal) {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// How long to wait before trying again, in seconds, where trying again can help by itself.
fn retry_after(refusal: &Refusal) -> Option<u64> {
    let figure = |name: &str| refusal.fields.get(name).and_then(serde_json::Value::as_u64);
    let said = figure("retry_after_seconds").or(figure("retry_after_ms").map(|ms| ms.div_ceil(1000)));
    let by_itself = matches!(refusal.code.status(), 429 | 503) && refusal.code.retry() == Retry::Later;
    said.or(by_itself.then_some(1))
}

fn respond(
    status: StatusCode,
    content_type: HeaderValue,
    body: Body,
    position: Position,
    version: Option<VersionNo>,
) -> Response {
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    insert_place(headers, position, version);
    response
}

fn insert_place(headers: &mut HeaderMap, position: Position, version: Option<VersionNo>) {
    headers.insert(POSITION, HeaderValue::from(position.get()));
    if let Some(version) = version.and_then(|version| HeaderValue::from_str(&version.to_string()).ok()) {
        headers.insert(VERSION, version);
    }
}

/// Lines of JSON as they come.
pub(crate) fn ndjson(lines: Lines) -> Response {
    let mut response = Body::new(lines).into_response();
    response.headers_mut().insert(CONTENT_TYPE, NDJSON);
    response
}

/// The refusal of a request that is not understood.
pub(crate) fn bad_request(detail: impl Into<String>) -> Refusal {
    Refusal::new(Code::BadRequest, detail)
}

/// Around every route: waits for the position that a reader asks for, and sees that the headers are there.
pub(crate) async fn around(State(handle): State<Handle>, request: Request, next: Next) -> Response {
    let waited = match at_least(request.method(), request.uri()) {
        Ok(Some(position)) => handle.at_least(position).await,
        Ok(None) => Ok(()),
        Err(refusal) => Err(refusal),
    };
    let mut response = match waited {
        Ok(()) => next.run(request).await,
        Err(refusal) => Refused::now(&handle, refusal).into_response(),
    };
    if !response.headers().contains_key(POSITION) {
        let (position, version) = handle.read(|serving| (serving.position(), serving.active()));
        insert_place(response.headers_mut(), position, version);
    }
    response
}

/// The position that a reader asks for.
fn at_least(method: &Method, uri: &Uri) -> Result<Option<Position>, Refusal> {
    if *method != Method::GET && *method != Method::HEAD {
        return Ok(None);
    }
    Ok(Params::parse(uri.query())?.number("at_least")?.map(Position::new))
}

/// Nothing is at this path.
pub(crate) async fn no_route(State(handle): State<Handle>, method: Method, uri: Uri) -> Refused {
    let path: String = uri.path().chars().take(200).collect();
    let refusal = Refusal::new(Code::NoRoute, format!("there is no route `{method} {path}`"))
        .next("see the routes in docs/http.md");
    Refused::now(&handle, refusal)
}

/// Something is at this path, for other methods.
pub(crate) async fn wrong_method(State(handle): State<Handle>, method: Method, uri: Uri) -> Response {
    let path: String = uri.path().chars().take(200).collect();
    let refusal = bad_request(format!("`{path}` does not take `{method}`"))
        .next("use a method that the `allow` header names")
        .field("status", StatusCode::METHOD_NOT_ALLOWED.as_u16());
    let mut response = Refused::now(&handle, refusal).into_response();
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response
}
