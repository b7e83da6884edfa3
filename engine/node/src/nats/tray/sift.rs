//! Takes messages out of the in-tray that no client can be given.
//!
//! A NATS server takes headers and subjects as they come. A message whose headers are not headers, or that
//! bears a status of the server's own protocol, breaks the connection of a reader or is never handed on,
//! and everything behind it would wait for good. Such a message is read over the server's JSON interface,
//! noted as refused, and deleted.

use async_nats::jetstream::Context;
use async_nats::jetstream::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use selfsame_core::{Code, Refusal};
use selfsame_record::TraySeq;
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::warn;

use crate::handle::{Handle, note_refused};
use crate::nats::message::engine;
use crate::nats::subject::TRAY;
use crate::nats::tray::session::settled;
use crate::nats::tray::stream::TRAY_IN_FLIGHT_MAX;
use crate::nats::tray::trouble::TrayTrouble;

#[derive(Deserialize)]
struct Got {
    message: Raw,
}

/// A message as the server's JSON interface gives it.
#[derive(Deserialize)]
struct Raw {
    subject: String,
    seq: u64,
    #[serde(default)]
    hdrs: Option<String>,
}

/// Looks at every message that may have been delivered and was not acknowledged: no more than so many are
/// delivered at once, and they are the oldest.
pub(super) async fn sift(
    handle: &Handle,
    jetstream: &Context,
    name: &str,
    stream: u64,
) -> Result<(), TrayTrouble> {
    let mut from = 1;
    for _ in 0..TRAY_IN_FLIGHT_MAX {
        let Some(raw) = message_from(jetstream, name, from).await? else { break };
        from = raw.seq.saturating_add(1);
        if let Err(why) = readable(&raw) {
            refuse(handle, TraySeq { stream, seq: raw.seq }, &raw.subject, why).await?;
            delete(jetstream, name, raw.seq).await?;
        }
    }
    Ok(())
}

/// The first message from a number on.
async fn message_from(jetstream: &Context, name: &str, seq: u64) -> Result<Option<Raw>, TrayTrouble> {
    let subject = format!("STREAM.MSG.GET.{name}");
    let asked = json!({ "seq": seq, "next_by_subj": format!("{TRAY}>") });
    let what = "show a message of the in-tray";
    match jetstream.request(subject, &asked).await.map_err(TrayTrouble::request(what))? {
        Response::Ok(Got { message }) => Ok(Some(message)),
        Response::Err { error } if error.code() == 404 => Ok(None),
        Response::Err { error } => Err(TrayTrouble::request(what)(error)),
    }
}

async fn delete(jetstream: &Context, name: &str, seq: u64) -> Result<(), TrayTrouble> {
    let what = "delete a message of the in-tray";
    let deleted = jetstream.request(format!("STREAM.MSG.DELETE.{name}"), &json!({ "seq": seq })).await;
    match deleted.map_err(TrayTrouble::request(what))? {
        Response::<Value>::Ok(_) => Ok(()),
        Response::Err { error } => Err(TrayTrouble::request(what)(error)),
    }
}

async fn refuse(handle: &Handle, place: TraySeq, subject: &str, why: &str) -> Result<(), TrayTrouble> {
    let subject: String = subject.chars().take(200).collect();
    warn!(seq = place.seq, subject, why, "a message of the in-tray cannot be read and is taken out");
    let detail = format!("message {} on `{subject}` cannot be read: {why}", place.seq);
    let refusal = Refusal::new(Code::NotCloudEvent, detail).next("publish it with a NATS client library");
    let request = note_refused(None, refusal, Some(place));
    settled(handle.submit_waiting(&engine(), request).await).await
}

fn readable(raw: &Raw) -> Result<(), &'static str> {
    // The server's JSON has this character in the place of what is not UTF-8.
    if raw.subject.contains(char::REPLACEMENT_CHARACTER) {
        return Err("the subject is not UTF-8");
    }
    let Some(encoded) = &raw.hdrs else { return Ok(()) };
    let headers = STANDARD.decode(encoded).map_err(|_| "the headers are not headers")?;
    readable_headers(&headers)
}

/// Whether a client takes the headers for those of a message.
fn readable_headers(headers: &[u8]) -> Result<(), &'static str> {
    let text = std::str::from_utf8(headers).map_err(|_| "the headers are not UTF-8")?;
    let mut lines = text.lines();
    if lines.next().is_none_or(|line| line.trim_end() != "NATS/1.0") {
        return Err("the headers do not begin with `NATS/1.0` alone");
    }
    let mut first = true;
    for line in lines.filter(|line| !line.is_empty()) {
        let goes_on = line.starts_with(char::is_whitespace) && !first;
        first = false;
        let name = line.split_once(':').map(|(name, _)| name);
        if !goes_on && !name.is_some_and(|name| name.chars().all(|c| c.is_ascii_graphic())) {
            return Err("a header line has no name");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Header bytes, and what is wrong with them.
    #[track_caller]
    fn check(headers: &[u8], expect: Result<(), &str>) {
        assert_eq!(readable_headers(headers), expect);
    }

    #[test]
    fn headers_that_no_client_takes_are_told() {
        check(b"NATS/1.0\r\n\r\n", Ok(()));
        check("NATS/1.0\r\nce-id: 1\r\nx:\r\n y\r\nz: ä\r\n\r\n".as_bytes(), Ok(()));
        check(b"NATS/1.0 503 No Responders\r\n\r\n", Err("the headers do not begin with `NATS/1.0` alone"));
        check(b"HTTP/1.1\r\n\r\n", Err("the headers do not begin with `NATS/1.0` alone"));
        check(b"", Err("the headers do not begin with `NATS/1.0` alone"));
        check(b"NATS/1.0\r\nno colon\r\n\r\n", Err("a header line has no name"));
        check(b"NATS/1.0\r\na b: c\r\n\r\n", Err("a header line has no name"));
        check(b"NATS/1.0\r\n x: c\r\n\r\n", Err("a header line has no name"));
        check(b"NATS/1.0\r\nx: \xff\r\n\r\n", Err("the headers are not UTF-8"));
    }

    #[test]
    fn a_subject_that_is_not_utf_8_is_told() {
        let raw = |subject: &str| Raw { subject: subject.to_owned(), seq: 1, hdrs: None };
        assert!(readable(&raw("selfsame.tray.web.a")).is_ok());
        assert!(readable(&raw("selfsame.tray.\u{fffd}.a")).is_err());
    }
}
