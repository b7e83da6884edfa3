//! One client's way to the engine: HTTP, or NATS.

use std::time::Duration;

use async_nats::HeaderMap;
use selfsame_core::{BATCH, STRUCTURED};
use selfsame_node::nats::subject::IN;
use serde_json::Value;

use super::run::Run;
use crate::client::{Client, segment};
use crate::failure::Outcome;
use crate::nats::request_within;

/// How long an answer over NATS is waited for. A killed engine leaves requests unanswered.
const ANSWER_WAIT: Duration = Duration::from_secs(6);

/// A way to the engine.
#[derive(Clone)]
pub(super) enum Link {
    Http(Client),
    Nats { client: async_nats::Client, principal: String },
}

impl Link {
    /// Over NATS if that is wished and there is a server, else over HTTP.
    pub(super) fn new(run: &Run, principal: &str, nats: bool) -> Outcome<Link> {
        match &run.nats {
            Some(client) if nats => {
                Ok(Link::Nats { client: client.clone(), principal: principal.to_owned() })
            }
            _ => Ok(Link::Http(run.client(principal)?)),
        }
    }

    /// Publishes events as one unit; over NATS there is one in a unit.
    pub(super) async fn publish(&self, events: &[Value]) -> Outcome<Value> {
        match (self, events) {
            (Link::Nats { client, principal }, [event]) => {
                let event_type = event.get("type").and_then(Value::as_str).unwrap_or_default();
                let mut headers = HeaderMap::new();
                headers.insert("content-type", STRUCTURED);
                let subject = format!("{IN}{principal}.{event_type}");
                let sent = request_within(client, subject, headers, event.to_string(), ANSWER_WAIT).await;
                Ok(sent?.json)
            }
            (Link::Http(client), [event]) => {
                Ok(client.send("events", STRUCTURED, event.to_string()).await?.json)
            }
            (Link::Http(client), events) => {
                let body = Value::from(events.to_vec()).to_string();
                Ok(client.send("events", BATCH, body).await?.json)
            }
            (Link::Nats { .. }, _) => Ok(Value::Null),
        }
    }

    /// The row of a cache or view.
    pub(super) async fn row(
        &self,
        kind: &str,
        projection: &str,
        key: &str,
        at_least: u64,
        read_as: Option<u64>,
    ) -> Outcome<Value> {
        match self {
            Link::Http(client) => {
                let mut query = vec![("at_least".to_owned(), at_least.to_string())];
                query.extend(read_as.map(|version| ("read_as".to_owned(), format!("v{version}"))));
                let path = format!("{kind}/{projection}/{}", segment(key));
                Ok(client.get(&path, &query).await?.json)
            }
            Link::Nats { client, .. } => {
                let mut headers = HeaderMap::new();
                headers.insert("selfsame-at-least", at_least.to_string());
                if let Some(version) = read_as {
                    headers.insert("selfsame-read-as", format!("v{version}"));
                }
                let subject = format!("selfsame.get.{projection}.{}", segment(key));
                Ok(request_within(client, subject, headers, "", ANSWER_WAIT).await?.json)
            }
        }
    }
}
