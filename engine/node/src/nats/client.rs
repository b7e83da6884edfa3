//! The other side: publishes and reads over NATS, for the command line, importers and tests.
//!
//! Each call is one request. Any number may be under way on one [`Publisher`]; requests that are sent one
//! after the other arrive in that order.

use std::time::Duration;

use async_nats::{Client, ConnectOptions, HeaderMap, Request, RequestErrorKind, jetstream};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use selfsame_core::Draft;
use selfsame_record::{EventType, Key, Name, NameError, Position, Principal, VersionNo};
use serde_json::Value;
use thiserror::Error;

use crate::nats::credentials::NatsKey;
use crate::nats::get::{AT_LEAST, READ_AS};
use crate::nats::layout::inbox_prefix;
use crate::nats::message::PREFIX;
use crate::nats::subject::{subject_get, subject_in, subject_tray};

/// How long an answer is waited for.
pub const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// What a header's value cannot carry as it is.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%');

/// Why nothing came of a request.
#[derive(Debug, Error)]
pub enum ClientError {
    /// There is no connection.
    #[error("NATS at `{url}` cannot be reached: {source}; start it, or give another URL")]
    Connect {
        /// The address.
        url: String,
        /// What went wrong.
        source: async_nats::ConnectError,
    },
    /// The event has no type that could stand in a subject.
    #[error("the event's `type` cannot stand in a subject: {0}")]
    EventType(#[from] NameError),
    /// An attribute's name cannot stand in a header.
    #[error("`{name}` is not a CloudEvents attribute: use lower-case letters and digits")]
    Attribute {
        /// The name.
        name: String,
    },
    /// Nobody listens.
    #[error("no engine listens on NATS; start one with `selfsame serve`")]
    NoEngine,
    /// No answer came. The event may have been taken.
    #[error("no answer came within {} s; send it again, a repetition is recognised by its id", ANSWER_WAIT.as_secs())]
    NoAnswer,
    /// The request did not leave.
    #[error("the request was not sent: {0}")]
    Send(async_nats::RequestError),
    /// The message did not get into the in-tray.
    #[error("the in-tray did not take the event: {0}")]
    Tray(jetstream::context::PublishError),
    /// The answer is not JSON.
    #[error("the answer is not JSON, so it is not from an engine: {0}")]
    NotUnderstood(serde_json::Error),
    /// The engine refused it: the problem document.
    #[error("{}", problem_line(.0))]
    Refused(Value),
}

/// The sentence of a problem document, and what can be done.
fn problem_line(problem: &Value) -> String {
    let text = |name: &str| problem.get(name).and_then(Value::as_str).unwrap_or_default();
    let next = problem.get("next").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    next.fold(text("detail").to_owned(), |line, next| format!("{line}; {next}"))
}

/// A connection that publishes and reads. Cheap to clone.
#[derive(Clone)]
pub struct Publisher {
    client: Client,
    jetstream: jetstream::Context,
}

impl Publisher {
    /// Connects.
    ///
    /// # Errors
    ///
    /// If there is no server.
    pub async fn connect(url: &str) -> Result<Publisher, ClientError> {
        Publisher::connect_by(url, ConnectOptions::new()).await
    }

    /// Connects as a principal of a server with accounts, proven by its key.
    ///
    /// # Errors
    ///
    /// If there is no server, or it does not know the key.
    pub async fn connect_as(
        url: &str,
        principal: &Principal,
        key: &NatsKey,
    ) -> Result<Publisher, ClientError> {
        Publisher::connect_by(url, options_as(principal, key)).await
    }

    async fn connect_by(url: &str, options: ConnectOptions) -> Result<Publisher, ClientError> {
        let connected = options.name("selfsame client").connect(url).await;
        let client = connected.map_err(|source| ClientError::Connect { url: url.to_owned(), source })?;
        let jetstream = jetstream::new(client.clone());
        Ok(Publisher { client, jetstream })
    }

    /// Publishes an event and waits until it is in the log: the answer names its position.
    ///
    /// # Errors
    ///
    /// If it is refused, or no answer comes.
    pub async fn publish(&self, principal: &Principal, event: &Draft) -> Result<Value, ClientError> {
        let subject = subject_in(principal, &event_type(event)?);
        self.ask(subject, headers(event)?, event.data.clone()).await
    }

    /// Puts an event into the in-tray and waits until the NATS server has it: its number in the stream.
    ///
    /// # Errors
    ///
    /// If there is no in-tray or it is full.
    pub async fn put_in_tray(&self, principal: &Principal, event: &Draft) -> Result<u64, ClientError> {
        let subject = subject_tray(principal, &event_type(event)?);
        let (headers, data) = (headers(event)?, event.data.clone().into());
        let sent = self.jetstream.publish_with_headers(subject, headers, data).await;
        let ack = sent.map_err(ClientError::Tray)?.await.map_err(ClientError::Tray)?;
        Ok(ack.sequence)
    }

    /// Reads a row of a cache or view, at a position or later if one is given.
    ///
    /// # Errors
    ///
    /// If there is no such row, the position is not reached in time, or no answer comes.
    pub async fn get(
        &self,
        projection: &Name,
        key: &Key,
        at_least: Option<Position>,
        read_as: Option<VersionNo>,
    ) -> Result<Value, ClientError> {
        let mut headers = HeaderMap::new();
        if let Some(position) = at_least {
            headers.insert(AT_LEAST, position.get().to_string());
        }
        if let Some(version) = read_as {
            headers.insert(READ_AS, version.to_string());
        }
        self.ask(subject_get(projection, key), headers, Vec::new()).await
    }

    async fn ask(&self, subject: String, headers: HeaderMap, payload: Vec<u8>) -> Result<Value, ClientError> {
        let mut request = Request::new().payload(payload.into()).timeout(Some(ANSWER_WAIT));
        if !headers.is_empty() {
            request = request.headers(headers);
        }
        let message = self.client.send_request(subject, request).await.map_err(|err| match err.kind() {
            RequestErrorKind::NoResponders => ClientError::NoEngine,
            RequestErrorKind::TimedOut => ClientError::NoAnswer,
            _ => ClientError::Send(err),
        })?;
        let answer: Value = serde_json::from_slice(&message.payload).map_err(ClientError::NotUnderstood)?;
        let is_problem = answer.get("status").is_some() && answer.get("type").is_some();
        if is_problem { Err(ClientError::Refused(answer)) } else { Ok(answer) }
    }
}

/// Options to connect as a principal of a server with accounts: its key, and inboxes that it may listen to.
pub fn options_as(principal: &Principal, key: &NatsKey) -> ConnectOptions {
    key.connect_options().custom_inbox_prefix(inbox_prefix(principal))
}

fn event_type(event: &Draft) -> Result<EventType, NameError> {
    EventType::parse(event.attribute("type").unwrap_or_default())
}

/// The attributes as headers of binary mode.
fn headers(event: &Draft) -> Result<HeaderMap, ClientError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &event.attributes {
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
            return Err(ClientError::Attribute { name: name.clone() });
        }
        headers.insert(format!("{PREFIX}{name}"), utf8_percent_encode(value, ENCODED).to_string());
    }
    Ok(headers)
}
