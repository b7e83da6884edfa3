//! Speaking NATS to an engine: one request and its answer.

use std::time::Duration;

use async_nats::{Client, HeaderMap, RequestErrorKind};
use bytes::Bytes;
use serde_json::Value;

use crate::client::Answer;
use crate::failure::{Failure, Outcome};
use crate::reach::Reach;

/// How long to wait for a connection.
const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// How long to wait for an answer.
const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// Connects to the engine's NATS server. Later it connects again by itself for as long as it is used.
pub(crate) async fn connect(reach: &Reach) -> Outcome<Client> {
    let url = reach.nats_url()?.ok_or(Failure::NoNats)?;
    let options = reach
        .nats_options()?
        .name("selfsame cli")
        .connection_timeout(CONNECT_WAIT)
        .reconnect_delay_callback(|attempts| Duration::from_millis(100 * attempts.min(20) as u64));
    options.connect(&url).await.map_err(|e| Failure::Unreachable { at: url, reason: e.to_string() })
}

/// Asks over a subject and waits for the answer.
pub(crate) async fn request(
    client: &Client,
    subject: String,
    headers: HeaderMap,
    payload: impl Into<Bytes>,
) -> Outcome<Answer> {
    request_within(client, subject, headers, payload, ANSWER_WAIT).await
}

/// As [`request`], with another time to wait.
pub(crate) async fn request_within(
    client: &Client,
    subject: String,
    headers: HeaderMap,
    payload: impl Into<Bytes>,
    wait: Duration,
) -> Outcome<Answer> {
    let request = async_nats::Request::new().headers(headers).payload(payload.into()).timeout(Some(wait));
    let reply = client.send_request(subject.clone(), request).await.map_err(|err| {
        let reason = match err.kind() {
            RequestErrorKind::NoResponders => "no engine is connected to this NATS server".to_owned(),
            _ => err.to_string(),
        };
        Failure::Unreachable { at: subject.clone(), reason }
    })?;
    read(&subject, &reply.payload)
}

/// The answer in a reply, or the refusal.
fn read(subject: &str, payload: &[u8]) -> Outcome<Answer> {
    let text = String::from_utf8_lossy(payload).into_owned();
    let parsed: Result<Value, _> = serde_json::from_str(&text);
    let json = parsed.map_err(|e| Failure::NotAnEngine { at: subject.to_owned(), reason: e.to_string() })?;
    if crate::client::is_problem(&json) {
        return Err(Failure::Refused(Box::new(json)));
    }
    Ok(Answer { text, json })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_an_answer_or_a_refusal() {
        assert_eq!(read("s", b"{\"n\": 1.0}").expect("an answer").text, "{\"n\": 1.0}");
        let problem = br#"{"type": "urn:selfsame:error:not-found", "detail": "nothing"}"#;
        assert_eq!(read("s", problem).expect_err("a refusal").code(), "not-found");
        assert!(matches!(read("s", b"nonsense"), Err(Failure::NotAnEngine { .. })));
    }
}
