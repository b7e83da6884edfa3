//! Publishing: the HTTP binding of CloudEvents 1.0, structured, batched and binary.
//!
//! What cannot be taken is answered and noted, whatever is wrong with it.

use std::collections::BTreeMap;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use percent_encoding::percent_decode_str;
use selfsame_core::limits::UNIT_BYTES_MAX;
use selfsame_core::{Answer, BATCH, Code, Draft, Refusal, STRUCTURED};

use crate::handle::{Handle, note_refused};
use crate::http::audit::receipt;
use crate::http::body::read_body;
use crate::http::params::Params;
use crate::http::principal::Caller;
use crate::http::respond::bad_request;
use crate::read::{Refused, answer, to_json};

pub(crate) async fn publish(
    State(handle): State<Handle>,
    Caller(principal): Caller,
    params: Params,
    request: Request,
) -> Result<Response, Refused> {
    let wanted = wants_receipt(params).map_err(|refusal| Refused::now(&handle, refusal))?;
    let (parts, body) = request.into_parts();
    let read = read_body(body, UNIT_BYTES_MAX).await.and_then(|bytes| drafts(&parts.headers, &bytes));
    let asked = match read {
        Ok(drafts) => handle.admit(&principal, &drafts, None, None),
        Err(refusal) => note_refused(None, refusal, None),
    };
    let reply = handle.ask(&principal, asked).await;
    let positions: Option<Vec<_>> = match &reply.outcome {
        Ok(Answer::Published { events }) if wanted => {
            Some(events.iter().map(|event| event.position).collect())
        }
        _ => None,
    };
    let mut served = answer(&handle, reply)?;
    if let Some(positions) = positions {
        served.add("receipt", &to_json(&receipt(&handle, &positions).await));
    }
    Ok(served.into_response())
}

/// Whether the publisher wants to be shown that the events are in the signed tree.
fn wants_receipt(mut params: Params) -> Result<bool, Refusal> {
    let wanted = match params.take("receipt").as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(bad_request("`receipt` must be `true` or `false`")),
    };
    params.end()?;
    Ok(wanted)
}

fn drafts(headers: &HeaderMap, body: &[u8]) -> Result<Vec<Draft>, Refusal> {
    let content_type = headers.get(CONTENT_TYPE).map(|value| header_text("content-type", value.as_bytes()));
    let content_type = content_type.transpose()?;
    let media = content_type.unwrap_or_default().split(';').next().unwrap_or_default();
    let media = media.trim().to_ascii_lowercase();
    if media == STRUCTURED {
        return Ok(vec![Draft::structured(body)?]);
    }
    if media == BATCH {
        return Draft::batch(body);
    }
    if media.starts_with("application/cloudevents") {
        return Err(Refusal::new(Code::NotCloudEvent, format!("`{media}` is not read here"))
            .next(format!("send `{STRUCTURED}` or `{BATCH}`")));
    }
    Ok(vec![Draft::binary(attributes(headers, content_type)?, body)?])
}

/// The attributes of an event in binary mode.
fn attributes(headers: &HeaderMap, content_type: Option<&str>) -> Result<BTreeMap<String, String>, Refusal> {
    let mut attributes = BTreeMap::new();
    for (header, value) in headers {
        let Some(name) = header.as_str().strip_prefix("ce-") else { continue };
        let value = attribute(header_text(header.as_str(), value.as_bytes())?).ok_or_else(|| {
            Refusal::new(Code::NotCloudEvent, format!("the header `{header}` is not percent-encoded UTF-8"))
        })?;
        if attributes.insert(name.to_owned(), value).is_some() {
            return Err(Refusal::new(Code::NotCloudEvent, format!("`{header}` stands there twice")));
        }
    }
    if attributes.is_empty() {
        return Err(Refusal::new(Code::NotCloudEvent, "the request is not a CloudEvent")
            .next(format!("send `content-type: {STRUCTURED}`, or the attributes as `ce-` headers")));
    }
    if let Some(content_type) = content_type {
        attributes.insert("datacontenttype".to_owned(), content_type.to_owned());
    }
    Ok(attributes)
}

fn header_text<'a>(header: &str, value: &'a [u8]) -> Result<&'a str, Refusal> {
    std::str::from_utf8(value)
        .map_err(|_| Refusal::new(Code::NotCloudEvent, format!("the header `{header}` is not UTF-8")))
}

/// A header's value as the binding decodes it: quotes off, then one round of percent-decoding.
fn attribute(value: &str) -> Option<String> {
    let quoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let bare = quoted.map_or_else(|| value.to_owned(), unescape);
    percent_decode_str(&bare).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

fn unescape(quoted: &str) -> String {
    let mut escaped = false;
    let keep = |c: &char| {
        escaped = *c == '\\' && !escaped;
        !escaped
    };
    quoted.chars().filter(keep).collect()
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &[u8])]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &[u8])| {
            (HeaderName::from_static(name), HeaderValue::from_bytes(value).expect("a value"))
        };
        let mut headers = HeaderMap::new();
        pairs.iter().map(pair).for_each(|(name, value)| {
            headers.append(name, value);
        });
        headers
    }

    #[track_caller]
    fn refused(pairs: &[(&'static str, &[u8])], expect: &str) {
        let refusal = drafts(&headers(pairs), b"{}").expect_err("a refusal");
        assert!(refusal.to_string().contains(expect), "{refusal}");
    }

    #[test]
    fn header_values_are_decoded_as_the_binding_says() {
        for (value, expect) in [
            ("plain", Some("plain")),
            ("Euro%20%E2%82%AC", Some("Euro €")),
            ("100%25", Some("100%")),
            (r#""a \"b\" \\ c""#, Some(r#"a "b" \ c"#)),
            ("\"", Some("\"")),
            ("%ff", None),
        ] {
            assert_eq!(attribute(value).as_deref(), expect, "{value}");
        }
    }

    #[test]
    fn binary_mode_takes_attributes_from_headers_and_the_type_of_the_data_from_its_own() {
        let binary: &[(&'static str, &[u8])] = &[("ce-id", b"%31"), ("content-type", b"application/json")];
        let drafts = drafts(&headers(binary), b"{\"a\":1}").expect("a draft");
        assert_eq!(drafts[0].attribute("id"), Some("1"));
        assert_eq!(drafts[0].attribute("datacontenttype"), Some("application/json"));
        assert_eq!(drafts[0].data, b"{\"a\":1}");
    }

    #[test]
    fn what_is_not_a_cloud_event_is_refused() {
        refused(&[], "the request is not a CloudEvent");
        refused(&[("content-type", b"application/json")], "the request is not a CloudEvent");
        refused(
            &[("content-type", b"application/cloudevents+avro")],
            "`application/cloudevents+avro` is not read",
        );
        refused(&[("ce-id", b"1"), ("ce-id", b"2")], "`ce-id` stands there twice");
        refused(&[("ce-id", b"%ff")], "`ce-id` is not percent-encoded UTF-8");
        refused(&[("ce-id", b"\xff")], "`ce-id` is not UTF-8");
        refused(&[("content-type", b"\xff")], "`content-type` is not UTF-8");
        refused(&[("ce-a_b", b"1")], "`a_b` is not a CloudEvents attribute");
    }
}
