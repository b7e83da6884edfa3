//! Who acts: under a boundary whoever proves it, otherwise whoever the caller says.
//!
//! Under a boundary [`identify`] has looked before any route, so a route sees a principal that is proven.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use selfsame_core::{Code, Plane, Refusal};
use selfsame_record::Principal;

use crate::handle::Handle;
use crate::operator::COMMANDS;
use crate::read::Refused;
use crate::sequencer::ENGINE;

/// What anybody may ask on the open plane: hashes, which say nothing of what was hashed.
const AUDIT: &str = "/audit/";
/// What tokens begin with; no name of a principal does.
const TOKEN_PREFIX: &str = "selfsame_";
/// The route that anybody may ask.
const HEALTH: &str = "/v1/health";

/// Somebody who has proven who they are.
#[derive(Clone, Debug)]
struct Identified(Principal);

/// Before every route but the public ones: sees that the boundary names who asks.
pub(crate) async fn identify(State(handle): State<Handle>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_public = path == HEALTH || path.starts_with(AUDIT) && handle.plane == Plane::Open;
    if is_public || handle.plane == Plane::Operator && path == COMMANDS {
        return next.run(request).await;
    }
    let said = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    match handle.identify(said) {
        Ok(Some(principal)) => {
            request.extensions_mut().insert(Identified(principal));
        }
        Ok(None) => {}
        Err(refusal) => return Refused::now(&handle, refusal).into_response(),
    }
    next.run(request).await
}

/// The principal of a request that changes something.
pub(crate) struct Caller(pub(crate) Principal);

impl FromRequestParts<Handle> for Caller {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, handle: &Handle) -> Result<Caller, Refused> {
        if let Some(Identified(principal)) = parts.extensions.get() {
            return Ok(Caller(principal.clone()));
        }
        // A token is never taken as a name, not even if a boundary came into force a moment ago.
        if !matches!(handle.boundary(), Ok(None)) {
            return Err(Refused::now(handle, crate::identity::nobody()));
        }
        let said = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        caller(said).map(Caller).map_err(|refusal| Refused::now(handle, refusal))
    }
}

/// Who reads, if the request says so.
pub(crate) struct Reader(pub(crate) Option<Principal>);

impl FromRequestParts<Handle> for Reader {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Handle) -> Result<Reader, Infallible> {
        if let Some(Identified(principal)) = parts.extensions.get() {
            return Ok(Reader(Some(principal.clone())));
        }
        let said = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        Ok(Reader(caller(said).ok()))
    }
}

fn caller(authorization: Option<&str>) -> Result<Principal, Refusal> {
    let next = "send `authorization: Bearer <principal>`";
    let Some(name) = crate::identity::bearer(authorization) else {
        return Err(Refusal::new(Code::NoPrincipal, "the request does not say who acts").next(next));
    };
    let principal = selfsame_core::principal(name).map_err(|refusal| refusal.next(next))?;
    if principal.as_str().starts_with(TOKEN_PREFIX) {
        return Err(Refusal::new(
            Code::NoPrincipal,
            "that is a token, and without a boundary nobody's is known",
        )
        .next(next));
    }
    if principal.as_str().eq_ignore_ascii_case(ENGINE) {
        return Err(Refusal::new(Code::WrongPrincipal, format!("`{principal}` is the engine itself"))
            .next("act under a name of your own"));
    }
    Ok(principal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(authorization: Option<&str>, expect: &str) {
        let said = match caller(authorization) {
            Ok(principal) => principal.to_string(),
            Err(refusal) => refusal.to_string(),
        };
        assert!(said.starts_with(expect), "{said}");
    }

    #[test]
    fn a_caller_has_a_name_and_it_is_not_the_engines() {
        check(Some("Bearer web"), "web");
        check(Some("bearer  web "), "web");
        check(None, "error[no-principal]");
        check(Some("Bearer"), "error[no-principal]");
        check(Some("Bearer "), "error[no-principal]");
        check(Some("Basic d2Vi"), "error[no-principal]");
        check(Some("Bearer a.b"), "error[no-principal]");
        check(Some("Bearer SelfSame"), "error[wrong-principal]");
    }
}
