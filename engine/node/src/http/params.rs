//! The parameters of a request: those in its query, and the parts of its path.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use percent_encoding::percent_decode_str;
use selfsame_core::Refusal;
use serde::de::DeserializeOwned;

use crate::handle::Handle;
use crate::http::respond::bad_request;
use crate::read::Refused;

/// The parameters of a query. Each is taken out once, and what is left in the end is refused, so that a
/// misspelt one does not go unnoticed.
#[derive(Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// Reads a query, without its `?`.
    pub(crate) fn parse(query: Option<&str>) -> Result<Params, Refusal> {
        let mut params = Params::default();
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if params.0.iter().any(|(known, _)| *known == name) {
                return Err(bad_request(format!("the parameter `{}` stands there twice", shown(&name))));
            }
            params.0.push((name, value));
        }
        Ok(params)
    }

    /// Takes a parameter out.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        let index = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.remove(index).1)
    }

    /// Takes a number out.
    pub(crate) fn number(&mut self, name: &str) -> Result<Option<u64>, Refusal> {
        let Some(text) = self.take(name) else { return Ok(None) };
        let number = text.parse().map_err(|_| {
            bad_request(format!("`{}` is not a number, which `{name}` must be", shown(&text)))
        })?;
        Ok(Some(number))
    }

    /// Takes a number from 1 to `max` out.
    pub(crate) fn limit(&mut self, max: usize) -> Result<Option<usize>, Refusal> {
        let Some(number) = self.number("limit")? else { return Ok(None) };
        let limit = usize::try_from(number).ok().filter(|limit| (1..=max).contains(limit));
        limit.map(Some).ok_or_else(|| bad_request(format!("`limit` must be 1 to {max}, and is {number}")))
    }

    /// Takes out every parameter that begins with `prefix`, without it, in their order.
    pub(crate) fn prefixed(&mut self, prefix: &str) -> Vec<(String, String)> {
        let has = |name: &str| name.starts_with(prefix);
        let (taken, left) = std::mem::take(&mut self.0).into_iter().partition(|(name, _)| has(name));
        self.0 = left;
        let taken: Vec<(String, String)> = taken;
        let bare = |name: String| name.strip_prefix(prefix).map(str::to_owned).unwrap_or_default();
        taken.into_iter().map(|(name, value)| (bare(name), value)).collect()
    }

    /// Sees that nothing is left.
    pub(crate) fn end(self) -> Result<(), Refusal> {
        match self.0.iter().find(|(name, _)| name != "at_least") {
            Some((name, _)) => Err(bad_request(format!("there is no parameter `{}` here", shown(name)))
                .next("leave it out, or mend its name")),
            None => Ok(()),
        }
    }
}

fn decode(text: &str) -> Result<String, Refusal> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().map(std::borrow::Cow::into_owned);
    decoded.map_err(|_| bad_request(format!("`{}` in the query is not UTF-8", shown(text))))
}

fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

impl FromRequestParts<Handle> for Params {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, handle: &Handle) -> Result<Params, Refused> {
        Params::parse(parts.uri.query()).map_err(|refusal| Refused::now(handle, refusal))
    }
}

/// The parts of the path, decoded.
pub(crate) struct Place<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Handle> for Place<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, handle: &Handle) -> Result<Place<T>, Refused> {
        let path = Path::<T>::from_request_parts(parts, handle).await;
        path.map(|Path(place)| Place(place)).map_err(|err| {
            let detail = format!("the path cannot be read: {}", err.body_text());
            Refused::now(handle, bad_request(detail).next("percent-encode its parts as UTF-8"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(query: &str, expect: &str) {
        let outcome = Params::parse(Some(query)).and_then(|mut params| {
            params.limit(10)?;
            params.end()
        });
        let detail = outcome.expect_err("a refusal").detail;
        assert!(detail.contains(expect), "{detail}");
    }

    #[test]
    fn parameters_are_decoded_and_taken_once() {
        let mut params = Params::parse(Some("a=x%26y+z&eq.c=1&&b&eq.d=%C3%A4")).expect("parameters");
        assert_eq!(params.take("a").as_deref(), Some("x&y z"));
        assert_eq!(params.take("a"), None);
        assert_eq!(params.take("b").as_deref(), Some(""));
        let equal = [("c", "1"), ("d", "ä")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(params.prefixed("eq."), equal);
        assert!(params.end().is_ok());
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        refused("limt=5", "there is no parameter `limt` here");
        refused("limit=x", "`x` is not a number");
        refused("limit=-1", "`-1` is not a number");
        refused("limit=0", "`limit` must be 1 to 10, and is 0");
        refused("limit=11", "`limit` must be 1 to 10, and is 11");
        refused("limit=1&limit=2", "`limit` stands there twice");
        refused("a=%ff", "is not UTF-8");
    }
}
