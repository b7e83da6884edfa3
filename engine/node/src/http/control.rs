//! The life of a version, ordered over HTTP.

use axum::extract::{Request as HttpRequest, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use selfsame_core::{Answer, Budget, Code, EvidenceId, Refusal, Request};
use selfsame_record::{Principal, VersionNo};
use selfsame_schema::DOCUMENT_BYTES_MAX;
use serde::{Deserialize, Deserializer};

use crate::handle::Handle;
use crate::http::body::{from_json, read_body};
use crate::http::params::Place;
use crate::http::principal::Caller;
use crate::read::{Refused, answer};
use crate::sequencer::Reply;

/// Asks the sequencer and answers what became of it.
pub(crate) async fn carry_out(
    handle: &Handle,
    principal: &Principal,
    request: Request,
) -> Result<Response, Refused> {
    let reply = handle.ask(principal, request).await;
    answered(handle, reply)
}

/// What became of a request, as a response.
pub(crate) fn answered(handle: &Handle, reply: Reply) -> Result<Response, Refused> {
    let status = match &reply.outcome {
        Ok(Answer::Registered { existed: false, .. } | Answer::Planned { .. } | Answer::Validated { .. }) => {
            StatusCode::CREATED
        }
        Ok(Answer::Building { .. } | Answer::RewindPending { .. }) => StatusCode::ACCEPTED,
        _ => StatusCode::OK,
    };
    let served = answer(handle, reply)?;
    let mut response = served.into_response();
    *response.status_mut() = status;
    Ok(response)
}

pub(crate) async fn register(
    State(handle): State<Handle>,
    Caller(principal): Caller,
    request: HttpRequest,
) -> Result<Response, Refused> {
    let read = read_body(request.into_body(), DOCUMENT_BYTES_MAX).await.and_then(|bytes| {
        String::from_utf8(bytes).map_err(|_| {
            Refusal::new(Code::InvalidDocument, "the document is not UTF-8")
                .next("send it as YAML or JSON text")
        })
    });
    let document = read.map_err(|refusal| Refused::now(&handle, refusal))?;
    answered(&handle, handle.register(&principal, document).await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Build {
    #[serde(default)]
    records_per_second: Option<u64>,
    #[serde(default)]
    bytes_max: Option<u64>,
    #[serde(default)]
    share_percent: Option<u8>,
}

pub(crate) async fn build(
    State(handle): State<Handle>,
    Caller(principal): Caller,
    Place(version): Place<String>,
    request: HttpRequest,
) -> Result<Response, Refused> {
    let asked: Build = body(&handle, request).await?;
    let version = find(&handle, &version)?;
    let budget = Budget::new(asked.records_per_second, asked.bytes_max, asked.share_percent);
    let budget = budget.map_err(|refusal| Refused::now(&handle, refusal))?;
    carry_out(&handle, &principal, Request::Build { version, budget }).await
}

pub(crate) async fn pause(
    State(handle): State<Handle>,
    Caller(principal): Caller,
    Place(version): Place<String>,
) -> Result<Response, Refused> {
    let version = find(&handle, &version)?;
    carry_out(&handle, &principal, Request::Pause { version }).await
}

pub(crate) async fn resume(
    State(handle): State<Handle>,
    Caller(principal): Caller,
    Place(version): Place<String>,
) -> Result<Response, Refused> {
    let version = find(&handle, &version)?;
    carry_out(&handle, &principal, Request::Resume { version }).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Abandon {
    #[serde(default)]
    reason: String,
}

pub(crate) async fn abandon(
    State(handle): State<Handle>,
    Caller(principal): Caller,
    Place(version): Place<String>,
    request: HttpRequest,
) -> Result<Response, Refused> {
    let asked: Abandon = body(&handle, request).await?;
    let version = find(&handle, &version)?;
    carry_out(&handle, &principal, Request::Abandon { version, reason: asked.reason }).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cutover {
    /// Absent: the version's parent.
    #[serde(default, deserialize_with = "given")]
    expected_active: Option<Option<VersionNo>>,
    /// Needed unless nothing answers yet, or the version answered before and was kept in step.
    #[serde(default)]
    evidence: Option<EvidenceId>,
}

pub(crate) async fn cutover(
    State(handle): State<Handle>,
    Caller(principal): Caller,
    Place(version): Place<String>,
    request: HttpRequest,
) -> Result<Response, Refused> {
    let asked: Cutover = body(&handle, request).await?;
    let version = find(&handle, &version)?;
    let parent = || handle.admission().registry.version(version).and_then(|version| version.parent());
    let expected = asked.expected_active.unwrap_or_else(parent);
    let evidence = asked.evidence;
    let reply = handle.ask(&principal, Request::Cutover { version, expected, evidence }).await;
    answered(&handle, handle.telling_what_moved(version, reply).await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rewind {
    /// Absent or null: whichever is active.
    #[serde(default)]
    expected_active: Option<VersionNo>,
    #[serde(default)]
    reason: String,
}

pub(crate) async fn rewind(
    State(handle): State<Handle>,
    Caller(principal): Caller,
    Place(version): Place<String>,
    request: HttpRequest,
) -> Result<Response, Refused> {
    let asked: Rewind = body(&handle, request).await?;
    let version = find(&handle, &version)?;
    let (expected, reason) = (asked.expected_active, asked.reason);
    carry_out(&handle, &principal, Request::Rewind { version, expected, reason }).await
}

pub(crate) async fn drop_generation(
    State(handle): State<Handle>,
    Caller(principal): Caller,
    Place(version): Place<String>,
) -> Result<Response, Refused> {
    let version = find(&handle, &version)?;
    carry_out(&handle, &principal, Request::Drop { version }).await
}

pub(crate) async fn body<T: serde::de::DeserializeOwned>(
    handle: &Handle,
    request: HttpRequest,
) -> Result<T, Refused> {
    from_json(request.into_body()).await.map_err(|refusal| Refused::now(handle, refusal))
}

/// Finds the version that a path names.
pub(crate) fn find(handle: &Handle, version: &str) -> Result<VersionNo, Refused> {
    handle.admission().find_version(version).map_err(|refusal| Refused::now(handle, refusal))
}

/// Tells a member that is null from one that is absent.
fn given<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<VersionNo>>, D::Error> {
    Option::deserialize(value).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expected_version_that_is_null_is_not_one_that_is_absent() {
        for (json, expect) in [
            (r#"{"expected_active":"v2"}"#, Some(VersionNo::new(2))),
            (r#"{"expected_active":null}"#, Some(None)),
            ("{}", None),
        ] {
            let cutover: Cutover = serde_json::from_str(json).expect("a cutover");
            assert_eq!(cutover.expected_active, expect, "{json}");
        }
        assert!(serde_json::from_str::<Cutover>(r#"{"expected":"v1"}"#).is_err());
    }
}
