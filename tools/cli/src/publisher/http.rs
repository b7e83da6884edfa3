//! Events in batches over HTTP, one batch at a time.
//!
//! A batch is taken whole or not at all. One that is refused is cut in two, until the event that is the
//! reason stands alone and is counted.

use std::time::{Duration, Instant};

use selfsame_core::BATCH;
use serde_json::Value;

use super::{Events, Pace, Tally, backoff, is_passing, no_progress};
use crate::client::Client;
use crate::failure::{Failure, Outcome};

/// The most events of one request, below the engine's own limit.
const BATCH_EVENTS_MAX: usize = 500;
/// Bytes after which a batch is closed, below the engine's own limit.
const BATCH_BYTES: usize = 1 << 20;
/// A pause of this length closes a batch.
const PAUSE: Duration = Duration::from_millis(5);

/// Publishes as one principal.
pub(crate) struct HttpPublisher {
    client: Client,
}

impl HttpPublisher {
    pub(crate) fn new(client: Client) -> HttpPublisher {
        HttpPublisher { client }
    }

    pub(super) async fn publish(
        &self,
        mut events: Events,
        pace: Pace,
        on_settled: &mut (dyn FnMut(&Tally) + Send),
    ) -> Outcome<Tally> {
        let mut tally = Tally::default();
        loop {
            let batch = gather(&mut events, pace.in_flight.clamp(1, BATCH_EVENTS_MAX)).await?;
            if batch.is_empty() {
                return Ok(tally);
            }
            self.settle(&batch, pace, &mut tally).await?;
            on_settled(&tally);
        }
    }

    /// Publishes a batch, in parts where a part is refused.
    async fn settle(&self, batch: &[Value], pace: Pace, tally: &mut Tally) -> Outcome {
        let mut parts = vec![batch];
        while let Some(part) = parts.pop() {
            match (self.send(part, pace, tally).await?, part) {
                (Ok(placed), _) => {
                    part.iter()
                        .zip(&placed)
                        .for_each(|(event, placed)| tally.take(event_type(event), placed));
                }
                (Err(refusal), [event]) => tally.refuse(event_type(event), &refusal),
                (Err(_), part) => {
                    let (first, second) = part.split_at(part.len() / 2);
                    parts.extend([second, first]);
                }
            }
        }
        Ok(())
    }

    /// Sends until it is taken or refused for good. The inner error is the refusal.
    async fn send(
        &self,
        part: &[Value],
        pace: Pace,
        tally: &mut Tally,
    ) -> Outcome<Result<Vec<Value>, Failure>> {
        let body = serde_json::to_string(part).unwrap_or_default();
        let (started, mut attempts) = (Instant::now(), 0);
        loop {
            let sent = self.client.send("events", BATCH, body.clone()).await;
            let reason = match sent {
                Ok(answer) => return Ok(Ok(placed(&answer.json, part.len(), self.client.at())?)),
                Err(Failure::Refused(problem)) if !is_passing(&problem) => {
                    return Ok(Err(Failure::Refused(problem)));
                }
                Err(passing @ (Failure::Refused(_) | Failure::Unreachable { .. })) => passing.to_string(),
                Err(other) => return Err(other),
            };
            if started.elapsed() >= pace.patience {
                return Err(no_progress(pace, &reason));
            }
            tokio::time::sleep(backoff(attempts)).await;
            attempts += 1;
            tally.repeated += part.len() as u64;
        }
    }
}

fn placed(answer: &Value, len: usize, at: &str) -> Outcome<Vec<Value>> {
    match answer.get("events").and_then(Value::as_array) {
        Some(placed) if placed.len() == len => Ok(placed.clone()),
        _ => {
            let reason = format!("{len} events were sent, and its answer does not have as many");
            Err(Failure::NotAnEngine { at: at.to_owned(), reason })
        }
    }
}

fn event_type(event: &Value) -> &str {
    event.get("type").and_then(Value::as_str).unwrap_or_default()
}

/// The next events: those that come without a pause, up to the limits; none at the end.
async fn gather(events: &mut Events, len_max: usize) -> Outcome<Vec<Value>> {
    let (mut batch, mut bytes) = (Vec::new(), 0);
    let mut next = events.recv().await;
    while let Some(event) = next {
        let event = event?;
        bytes += event.to_string().len();
        batch.push(event);
        if batch.len() >= len_max || bytes >= BATCH_BYTES {
            break;
        }
        next = tokio::time::timeout(PAUSE, events.recv()).await.unwrap_or_default();
    }
    Ok(batch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[tokio::test]
    async fn a_pause_closes_a_batch() {
        let (sender, mut events) = tokio::sync::mpsc::channel(16);
        sender.send(Ok(json!("a"))).await.expect("room");
        assert_eq!(gather(&mut events, 10).await.expect("no failure"), [json!("a")]);
        sender.send(Ok(json!("b"))).await.expect("room");
        assert_eq!(gather(&mut events, 10).await.expect("no failure"), [json!("b")]);
    }

    #[tokio::test]
    async fn a_batch_is_closed_by_count_and_by_bytes() {
        let (sender, mut events) = tokio::sync::mpsc::channel(16);
        for event in [json!("a"), json!("b"), json!("c"), json!("x".repeat(BATCH_BYTES)), json!("d")] {
            sender.send(Ok(event)).await.expect("room");
        }
        drop(sender);
        let mut lens = Vec::new();
        loop {
            let batch = gather(&mut events, 3).await.expect("events");
            lens.push(batch.len());
            if batch.is_empty() {
                break;
            }
        }
        assert_eq!(lens, [3, 1, 1, 0]);
    }

    #[test]
    fn an_answer_has_as_many_places_as_there_were_events() {
        let answer = json!({"events": [{"position": 1}]});
        assert_eq!(placed(&answer, 1, "x").expect("a place").len(), 1);
        assert!(placed(&answer, 2, "x").is_err());
        assert!(placed(&json!({}), 1, "x").is_err());
    }
}
