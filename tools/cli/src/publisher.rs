//! Publishing many events: each is sent again until the engine has answered it.
//!
//! A repetition is recognised by its id, so nothing is doubled by sending again. Events arrive in their
//! order, over failures too; over NATS, up to a window of them are under way at once.

mod http;
mod nats;
mod tally;
mod window;

use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc::Receiver;

use crate::failure::{Failure, Outcome};

pub(crate) use http::HttpPublisher;
pub(crate) use nats::NatsPublisher;
pub(crate) use tally::Tally;

/// Where events come from: CloudEvents in structured mode, or the reason why there are no more.
pub(crate) type Events = Receiver<Outcome<Value>>;

/// How events are published.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Events under way at once; over HTTP, events per request.
    pub(crate) in_flight: usize,
    /// How long nothing may be acknowledged before it is given up.
    pub(crate) patience: Duration,
}

/// A way to publish many events.
pub(crate) enum Publisher {
    /// By request-reply over NATS.
    Nats(NatsPublisher),
    /// In batches over HTTP.
    Http(HttpPublisher),
}

impl Publisher {
    /// Publishes all events; `on_settled` sees the count grow.
    ///
    /// # Errors
    ///
    /// If nothing is acknowledged for too long, or the events end in a failure. A refused event is none:
    /// it is counted.
    pub(crate) async fn publish(
        &mut self,
        events: Events,
        pace: Pace,
        on_settled: &mut (dyn FnMut(&Tally) + Send),
    ) -> Outcome<Tally> {
        match self {
            Publisher::Nats(publisher) => publisher.publish(events, pace, on_settled).await,
            Publisher::Http(publisher) => publisher.publish(events, pace, on_settled).await,
        }
    }

    /// How events are sent, for people.
    pub(crate) fn how(&self) -> &'static str {
        match self {
            Publisher::Nats(_) => "over NATS",
            Publisher::Http(_) => "over HTTP",
        }
    }
}

/// How long to wait before the next attempt, after so many.
fn backoff(attempts: u32) -> Duration {
    Duration::from_millis(100 << attempts.min(5)).min(Duration::from_secs(2))
}

fn no_progress(pace: Pace, reason: &str) -> Failure {
    Failure::NoProgress { seconds: pace.patience.as_secs(), reason: reason.to_owned() }
}

/// Whether a problem says that the same may succeed later.
fn is_passing(problem: &Value) -> bool {
    problem.get("retry").and_then(Value::as_str) == Some("later")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_limit() {
        let waits: Vec<u128> = [0, 1, 2, 4, 5, 40].map(|n| backoff(n).as_millis()).to_vec();
        assert_eq!(waits, [100, 200, 400, 1600, 2000, 2000]);
    }
}
