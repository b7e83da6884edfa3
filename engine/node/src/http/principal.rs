//! Who acts, as the caller says it.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use selfsame_core::{Code, Refusal};
use selfsame_record::Principal;

use crate::handle::Handle;
use crate::read::Refused;
use crate::sequencer::ENGINE;

/// The principal of a request that changes something.
pub(crate) struct Caller(pub(crate) Principal);

impl FromRequestParts<Handle> for Caller {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, handle: &Handle) -> Result<Caller, Refused> {
        let said = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        caller(said).map(Caller).map_err(|refusal| Refused::now(handle, refusal))
    }
}

/// Who reads, if the request says so.
pub(crate) struct Reader(pub(crate) Option<Principal>);

impl FromRequestParts<Handle> for Reader {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Handle) -> Result<Reader, Infallible> {
        let said = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        Ok(Reader(caller(said).ok()))
    }
}

fn caller(authorization: Option<&str>) -> Result<Principal, Refusal> {
    let next = "send `authorization: Bearer <principal>`";
    let bearer = authorization.and_then(|text| text.split_once(' '));
    let Some((_, name)) = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) else {
        return Err(Refusal::new(Code::NoPrincipal, "the request does not say who acts").next(next));
    };
    let principal = selfsame_core::principal(name.trim()).map_err(|refusal| refusal.next(next))?;
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
