//! What operators order: the brakes, and their word on plans.

use axum::extract::{Request as HttpRequest, State};
use axum::response::Response;
use selfsame_core::{Order, Quarantine, Request};
use selfsame_projections::Exclusion;
use selfsame_record::{Position, VersionNo};
use serde::Deserialize;

use crate::handle::Handle;
use crate::http::control::{body, carry_out, find};
use crate::http::{Caller, Place, plan_id};
use crate::read::Refused;

type Answered = Result<Response, Refused>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Why {
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetAside {
    from: Position,
    to: Position,
    #[serde(default)]
    types: Vec<String>,
    #[serde(default)]
    principals: Vec<String>,
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Floor {
    /// Null: there is none.
    version: Option<VersionNo>,
}

pub(super) async fn freeze(
    State(handle): State<Handle>,
    Caller(principal): Caller,
    request: HttpRequest,
) -> Answered {
    let Why { reason } = body(&handle, request).await?;
    carry_out(&handle, &principal, Request::Operator(Order::Freeze { reason })).await
}

pub(super) async fn unfreeze(
    State(handle): State<Handle>,
    Caller(principal): Caller,
    request: HttpRequest,
) -> Answered {
    let Why { reason } = body(&handle, request).await?;
    carry_out(&handle, &principal, Request::Operator(Order::Unfreeze { reason })).await
}

pub(super) async fn floor(
    State(handle): State<Handle>,
    Caller(principal): Caller,
    request: HttpRequest,
) -> Answered {
    let Floor { version } = body(&handle, request).await?;
    carry_out(&handle, &principal, Request::Operator(Order::SetFloor { version })).await
}

pub(super) async fn seal(
    State(handle): State<Handle>,
    Caller(principal): Caller,
    Place(version): Place<String>,
    request: HttpRequest,
) -> Answered {
    let Why { reason } = body(&handle, request).await?;
    let version = find(&handle, &version)?;
    carry_out(&handle, &principal, Request::Operator(Order::Seal { version, reason })).await
}

pub(super) async fn repair(
    State(handle): State<Handle>,
    Caller(principal): Caller,
    Place(version): Place<String>,
) -> Answered {
    let version = find(&handle, &version)?;
    carry_out(&handle, &principal, Request::Operator(Order::Repair { version })).await
}

pub(super) async fn quarantine(
    State(handle): State<Handle>,
    Caller(principal): Caller,
    request: HttpRequest,
) -> Answered {
    let asked: SetAside = body(&handle, request).await?;
    let SetAside { from, to, types, principals, reason } = asked;
    let events = Exclusion { from, to, types, principals };
    let order = Order::Quarantine { quarantine: Quarantine { events, reason } };
    carry_out(&handle, &principal, Request::Operator(order)).await
}

pub(super) async fn release(
    State(handle): State<Handle>,
    Caller(principal): Caller,
    Place(quarantine): Place<u64>,
) -> Answered {
    let quarantine = Position::new(quarantine);
    carry_out(&handle, &principal, Request::Operator(Order::Release { quarantine })).await
}

pub(super) async fn unseal(
    State(handle): State<Handle>,
    Caller(principal): Caller,
    Place(version): Place<String>,
) -> Answered {
    let version = find(&handle, &version)?;
    carry_out(&handle, &principal, Request::Operator(Order::Unseal { version })).await
}

pub(super) async fn reset_breaker(
    State(handle): State<Handle>,
    Caller(principal): Caller,
    Place(agent): Place<String>,
) -> Answered {
    let agent = selfsame_core::principal(&agent).map_err(|refusal| Refused::now(&handle, refusal))?;
    carry_out(&handle, &principal, Request::Operator(Order::ResetBreaker { agent })).await
}

pub(super) async fn approve(
    State(handle): State<Handle>,
    Caller(principal): Caller,
    Place(plan): Place<String>,
) -> Answered {
    let plan = plan_id(&handle, &plan)?;
    carry_out(&handle, &principal, Request::Operator(Order::Approve { plan })).await
}

pub(super) async fn reject(
    State(handle): State<Handle>,
    Caller(principal): Caller,
    Place(plan): Place<String>,
    request: HttpRequest,
) -> Answered {
    let Why { reason } = body(&handle, request).await?;
    let plan = plan_id(&handle, &plan)?;
    carry_out(&handle, &principal, Request::Operator(Order::Reject { plan, reason })).await
}
