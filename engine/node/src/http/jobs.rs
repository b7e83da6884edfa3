//! Jobs: leased, finished and given back.

use axum::extract::{Request as HttpRequest, State};
use axum::response::Response;
use selfsame_core::{Code, Refusal, Request};
use selfsame_record::{Name, Position};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::handle::Handle;
use crate::http::body::from_json;
use crate::http::control::{answered, carry_out};
use crate::http::params::Place;
use crate::http::principal::Caller;
use crate::http::respond::bad_request;
use crate::read::Refused;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lease {
    #[serde(default = "one")]
    max: usize,
}

fn one() -> usize {
    1
}

pub(crate) async fn lease(
    State(handle): State<Handle>,
    Caller(principal): Caller,
    Place(queue): Place<String>,
    request: HttpRequest,
) -> Result<Response, Refused> {
    let (queue, Lease { max }) = read(&handle, &queue, request).await?;
    if max == 0 {
        let refusal = bad_request("`max` must be at least 1, and is 0");
        return Err(Refused::now(&handle, refusal));
    }
    let reply = handle.ask(&principal, Request::Lease { queue, max }).await;
    handle.count_lease(&principal, &reply);
    answered(&handle, reply)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ack {
    job: Position,
    lease: Position,
}

pub(crate) async fn ack(
    State(handle): State<Handle>,
    Caller(principal): Caller,
    Place(queue): Place<String>,
    request: HttpRequest,
) -> Result<Response, Refused> {
    let (queue, Ack { job, lease }) = read(&handle, &queue, request).await?;
    carry_out(&handle, &principal, Request::Ack { queue, job, lease }).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nack {
    job: Position,
    lease: Position,
    #[serde(default)]
    reason: String,
}

pub(crate) async fn nack(
    State(handle): State<Handle>,
    Caller(principal): Caller,
    Place(queue): Place<String>,
    request: HttpRequest,
) -> Result<Response, Refused> {
    let (queue, Nack { job, lease, reason }) = read(&handle, &queue, request).await?;
    carry_out(&handle, &principal, Request::Nack { queue, job, lease, reason }).await
}

async fn read<T: DeserializeOwned>(
    handle: &Handle,
    queue: &str,
    request: HttpRequest,
) -> Result<(Name, T), Refused> {
    let asked = from_json(request.into_body()).await;
    let name = Name::parse(queue).map_err(|err| Refusal::new(Code::UnknownProjection, err.to_string()));
    name.and_then(|name| Ok((name, asked?))).map_err(|refusal| Refused::now(handle, refusal))
}
