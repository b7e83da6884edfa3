//! Planning and validating a change over HTTP, and looking at plans and evidence.

use axum::extract::{Request as HttpRequest, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use selfsame_core::limits::PLAN_TTL_MS_MAX;
use selfsame_core::{Answer, EvidenceId, PlanId, Predicted, Request};
use selfsame_record::VersionNo;
use serde::Deserialize;

use crate::change::{Intent, Proof};
use crate::handle::Handle;
use crate::http::control::{answered, body, carry_out, find};
use crate::http::params::{Params, Place};
use crate::http::principal::Caller;
use crate::http::reads::nothing_else;
use crate::http::respond::bad_request;
use crate::read::{self, Refused, Served};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    #[serde(default)]
    predicted: Option<Predicted>,
    /// Seconds that the plan is to be good for.
    #[serde(default)]
    ttl_seconds: Option<u64>,
}

pub(crate) async fn plan(
    State(handle): State<Handle>,
    Caller(principal): Caller,
    Place(version): Place<String>,
    request: HttpRequest,
) -> Result<Response, Refused> {
    let asked: Plan = body(&handle, request).await?;
    let version = find(&handle, &version)?;
    let max = PLAN_TTL_MS_MAX / 1000;
    if asked.ttl_seconds.is_some_and(|seconds| seconds == 0 || seconds > max) {
        return Err(Refused::now(&handle, bad_request(format!("`ttl_seconds` must be 1 to {max}"))));
    }
    let ttl_ms = asked.ttl_seconds.map(|seconds| seconds.saturating_mul(1000));
    let intent = Intent { predicted: asked.predicted, ttl_ms };
    answered(&handle, handle.plan_change(&principal, version, intent).await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Validate {
    #[serde(default)]
    plan: Option<PlanId>,
    #[serde(default)]
    skip_failures: bool,
}

pub(crate) async fn validate(
    State(handle): State<Handle>,
    Caller(principal): Caller,
    Place(version): Place<String>,
    request: HttpRequest,
) -> Result<Response, Refused> {
    let asked: Validate = body(&handle, request).await?;
    let version = find(&handle, &version)?;
    let proof = Proof { plan: asked.plan, skip_failures: asked.skip_failures };
    answered(&handle, handle.validate(&principal, version, proof).await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rebase {
    /// Absent: the active version.
    #[serde(default)]
    onto: Option<VersionNo>,
}

pub(crate) async fn rebase(
    State(handle): State<Handle>,
    Caller(principal): Caller,
    Place(version): Place<String>,
    request: HttpRequest,
) -> Result<Response, Refused> {
    let asked: Rebase = body(&handle, request).await?;
    let version = find(&handle, &version)?;
    let moved = handle.rebase(&principal, version, asked.onto).await;
    let moved = moved.map_err(|refusal| Refused::now(&handle, refusal))?;
    let is_new = matches!(moved.reply.outcome, Ok(Answer::Registered { existed: false, .. }));
    let mut response = read::moved(&handle, moved)?.into_response();
    if is_new {
        *response.status_mut() = StatusCode::CREATED;
    }
    Ok(response)
}

pub(crate) async fn retire(
    State(handle): State<Handle>,
    Caller(principal): Caller,
    Place(version): Place<String>,
) -> Result<Response, Refused> {
    let version = find(&handle, &version)?;
    carry_out(&handle, &principal, Request::Retire { version }).await
}

pub(crate) async fn plans(State(handle): State<Handle>, params: Params) -> Result<Served, Refused> {
    nothing_else(&handle, params)?;
    Ok(read::plans(&handle))
}

pub(crate) async fn plan_of(
    State(handle): State<Handle>,
    Place(plan): Place<String>,
    params: Params,
) -> Result<Served, Refused> {
    nothing_else(&handle, params)?;
    let plan = plan_id(&handle, &plan)?;
    read::plan_of(&handle, plan)
}

/// Reads the log, so it may wait for a disk.
pub(crate) async fn evidence(
    State(handle): State<Handle>,
    Place(evidence): Place<String>,
    params: Params,
) -> Result<Served, Refused> {
    nothing_else(&handle, params)?;
    let id = EvidenceId::parse(&evidence);
    let id = id.ok_or_else(|| Refused::now(&handle, bad_id(&evidence, "evidence")))?;
    let asked = handle.clone();
    let read = handle.off_sequencer(move || Ok(read::evidence(&asked, id))).await;
    read.map_err(|refusal| Refused::now(&handle, refusal))?
}

/// Reads a plan's name.
pub(crate) fn plan_id(handle: &Handle, text: &str) -> Result<PlanId, Refused> {
    PlanId::parse(text).ok_or_else(|| Refused::now(handle, bad_id(text, "a plan")))
}

fn bad_id(text: &str, of: &str) -> selfsame_core::Refusal {
    let shown: String = text.chars().take(80).collect();
    bad_request(format!("`{shown}` is not the id of {of}: 16 hexadecimal digits"))
        .next("copy it from the answer that named it, or see `selfsame plans`")
}
