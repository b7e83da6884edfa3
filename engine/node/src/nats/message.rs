//! From a NATS message to what the sequencer is asked: who says it, what event it carries, or why not.
//!
//! Structured mode: the payload is CloudEvents JSON (content type `application/cloudevents+json`, or no
//! `ce-` header at all). Binary mode: attributes are `ce-` headers, percent-encoded as the CloudEvents
//! binding says, and the payload is the data.
//!
//! A message whose sender cannot be named is noted under the engine's own name.

use std::collections::BTreeMap;

use async_nats::{HeaderMap, Message};
use percent_encoding::percent_decode_str;
use selfsame_core::{BATCH, Code, Draft, Refusal, Request, STRUCTURED};
use selfsame_record::{Principal, TraySeq};

use crate::handle::{Handle, note_refused};
use crate::sequencer::ENGINE;

/// The header that says what the payload is.
const CONTENT_TYPE: &str = "content-type";
/// What the name of an attribute's header begins with.
pub(crate) const PREFIX: &str = "ce-";

/// What a message asks, and in whose name.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) principal: Principal,
    pub(crate) request: Request,
}

impl Asked {
    /// Reads and admits a message of a sender; `event_type` is what its subject ends in.
    pub(crate) fn of(
        handle: &Handle,
        sender: Result<Principal, Refusal>,
        event_type: &str,
        message: &Message,
        tray: Option<TraySeq>,
    ) -> Asked {
        let read = read_event(message.headers.as_ref(), &message.payload);
        let (principal, request) = match (sender, read) {
            (Ok(principal), Ok(draft)) => {
                let request = handle.admit(&principal, std::slice::from_ref(&draft), Some(event_type), tray);
                (principal, request)
            }
            (Ok(principal), Err(refusal)) => (principal, note_refused(None, refusal, tray)),
            (Err(refusal), read) => (engine(), note_refused(read.ok().as_ref(), refusal, tray)),
        };
        Asked { principal, request }
    }

    /// Notes that nothing of a message is done, under the name of its sender if that is known.
    pub(crate) fn refused(sender: Result<Principal, Refusal>, refusal: Refusal) -> Asked {
        let principal = sender.unwrap_or_else(|_| engine());
        Asked { principal, request: note_refused(None, refusal, None) }
    }
}

/// The principal of what the engine notes on its own account.
pub(crate) fn engine() -> Principal {
    #[expect(clippy::expect_used, reason = "a constant")]
    Principal::parse(ENGINE).expect("a principal")
}

/// The event that a message carries.
fn read_event(headers: Option<&HeaderMap>, payload: &[u8]) -> Result<Draft, Refusal> {
    let Some(headers) = headers else {
        return Draft::structured(payload);
    };
    let content_type = one_value(headers, CONTENT_TYPE)?;
    let media = content_type.map(media_type).unwrap_or_default();
    if media == STRUCTURED {
        return Draft::structured(payload);
    }
    if media.starts_with("application/cloudevents") {
        return Err(other_format(&media));
    }
    let mut attributes = attributes(headers)?;
    if attributes.is_empty() {
        return Draft::structured(payload);
    }
    if let Some(content_type) = content_type {
        attributes.entry("datacontenttype".to_owned()).or_insert_with(|| content_type.to_owned());
    }
    Draft::binary(attributes, payload)
}

fn other_format(media: &str) -> Refusal {
    let shown: String = media.chars().take(80).collect();
    let refusal = Refusal::new(Code::NotCloudEvent, format!("`{shown}` is not taken over NATS"));
    if media == BATCH {
        return refusal.next("publish a batch over HTTP, or each event in a message of its own");
    }
    refusal.next(format!("send `{STRUCTURED}`, or binary mode with `ce-` headers"))
}

/// A media type without parameters, in lower case.
fn media_type(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn attributes(headers: &HeaderMap) -> Result<BTreeMap<String, String>, Refusal> {
    let mut attributes = BTreeMap::new();
    for (name, values) in headers.iter() {
        let name = name.to_string().to_ascii_lowercase();
        let Some(name) = name.strip_prefix(PREFIX) else { continue };
        for value in values {
            if attributes.insert(name.to_owned(), attribute_value(name, value.as_str())?).is_some() {
                return Err(twice(&format!("{PREFIX}{name}")));
            }
        }
    }
    Ok(attributes)
}

/// The value of a header whose name is told without regard to case.
pub(crate) fn one_value<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Refusal> {
    let mut found = None;
    for (other, values) in headers.iter() {
        let other: &str = other.as_ref();
        if !other.eq_ignore_ascii_case(name) {
            continue;
        }
        for value in values {
            if found.replace(value.as_str()).is_some() {
                return Err(twice(name));
            }
        }
    }
    Ok(found)
}

fn twice(header: &str) -> Refusal {
    let shown: String = header.chars().take(80).collect();
    Refusal::new(Code::NotCloudEvent, format!("header `{shown}` stands there twice"))
}

/// Takes the quotes and one round of percent-encoding off.
fn attribute_value(name: &str, value: &str) -> Result<String, Refusal> {
    let unquoted = unquote(value);
    percent_decode_str(&unquoted).decode_utf8().map(String::from).map_err(|_| {
        let shown: String = name.chars().take(64).collect();
        let detail = format!("header `{PREFIX}{shown}` is not UTF-8 once it is percent-decoded");
        Refusal::new(Code::NotCloudEvent, detail).next("percent-encode the value's UTF-8 bytes")
    })
}

/// A quoted string's content with its escapes undone; anything else as it is.
fn unquote(value: &str) -> String {
    let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let Some(inner) = inner else { return value.to_owned() };
    let mut text = String::with_capacity(inner.len());
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        text.push(if letter == '\\' { letters.next().unwrap_or(letter) } else { letter });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(rows: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in rows {
            headers.append(*name, *value);
        }
        headers
    }

    /// Headers, payload, and what is read: attributes and data in one line, or the refusal's sentence.
    #[track_caller]
    fn check(rows: &[(&str, &str)], payload: &str, expect: &str) {
        let headers = headers(rows);
        let read = read_event((!rows.is_empty()).then_some(&headers), payload.as_bytes());
        let shown = match read {
            Ok(draft) => {
                let attributes = draft.attributes.iter().map(|(name, value)| format!("{name}={value}; "));
                attributes.collect::<String>() + &String::from_utf8_lossy(&draft.data)
            }
            Err(refusal) => format!("{}: {}", refusal.code, refusal.detail),
        };
        assert_eq!(shown, expect);
    }

    #[test]
    fn structured_mode_is_told_by_the_content_type_or_by_no_ce_header() {
        check(&[], r#"{"id":"1","data":7}"#, "id=1; 7");
        check(&[("Nats-Msg-Id", "x")], r#"{"id":"1","data":7}"#, "id=1; 7");
        check(
            &[("Content-Type", "Application/CloudEvents+JSON; charset=utf-8"), ("ce-id", "2")],
            r#"{"id":"1"}"#,
            "id=1; ",
        );
        check(&[("content-type", "application/json")], r#"{"id":"1"}"#, "id=1; ");
    }

    #[test]
    fn binary_mode_takes_attributes_from_headers_in_any_case() {
        check(&[("ce-id", "1"), ("CE-Type", "a.b")], "[1]", "id=1; type=a.b; [1]");
        check(
            &[("ce-id", "1"), ("content-type", "application/json")],
            "1",
            "datacontenttype=application/json; id=1; 1",
        );
    }

    #[test]
    fn values_are_unquoted_and_percent_decoded_once() {
        check(&[("ce-subject", "K%C3%B6ln%2520")], "1", "subject=Köln%20; 1");
        check(&[("ce-subject", r#""a \"b\" %20c""#)], "1", r#"subject=a "b"  c; 1"#);
        check(&[("ce-subject", "100%")], "1", "subject=100%; 1");
        check(
            &[("ce-subject", "%FF")],
            "1",
            "not-a-cloud-event: header `ce-subject` is not UTF-8 once it is percent-decoded",
        );
    }

    #[test]
    fn what_names_an_attribute_twice_or_another_format_is_refused() {
        check(&[("ce-id", "1"), ("CE-ID", "2")], "1", "not-a-cloud-event: header `ce-id` stands there twice");
        check(&[("ce-id", "1"), ("ce-id", "1")], "1", "not-a-cloud-event: header `ce-id` stands there twice");
        let batch = "not-a-cloud-event: `application/cloudevents-batch+json` is not taken over NATS";
        check(&[("content-type", BATCH)], "[]", batch);
        let avro = "not-a-cloud-event: `application/cloudevents+avro` is not taken over NATS";
        check(&[("content-type", "application/cloudevents+avro")], "x", avro);
    }
}
