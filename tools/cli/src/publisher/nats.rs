//! Events by request-reply over NATS, many under way at once.

use std::time::Instant;

use async_nats::{Client, HeaderMap, Message, StatusCode, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt as _;
use selfsame_core::STRUCTURED;
use selfsame_node::nats::subject::IN;
use serde_json::Value;

use super::window::Window;
use super::{Events, Pace, Tally, is_passing, no_progress};
use crate::failure::{Failure, Outcome};

/// Publishes as one principal over one connection.
pub(crate) struct NatsPublisher {
    client: Client,
    principal: String,
}

/// An event on its way.
struct Sent {
    event_type: String,
    payload: Bytes,
}

/// One round of publishing.
struct Round<'a> {
    publisher: &'a NatsPublisher,
    inbox: String,
    replies: Subscriber,
    window: Window<Sent>,
    tally: Tally,
    pace: Pace,
    progress_at: Instant,
    reason: String,
}

impl NatsPublisher {
    pub(crate) fn new(client: Client, principal: &str) -> NatsPublisher {
        NatsPublisher { client, principal: principal.to_owned() }
    }

    pub(super) async fn publish(
        &self,
        mut events: Events,
        pace: Pace,
        on_settled: &mut (dyn FnMut(&Tally) + Send),
    ) -> Outcome<Tally> {
        let mut round = Round::start(self, pace).await?;
        let mut more = true;
        while more || round.window.len() > 0 {
            let room = more && round.window.has_room(pace.in_flight);
            let wake = round.wake();
            tokio::select! {
                biased;
                reply = round.replies.next() => {
                    round.take(reply)?;
                    on_settled(&round.tally);
                }
                event = events.recv(), if room => match event {
                    Some(event) => round.send(&event?).await?,
                    None => more = false,
                },
                () = tokio::time::sleep_until(wake.into()) => round.send_again().await?,
            }
        }
        Ok(round.tally)
    }
}

impl<'a> Round<'a> {
    async fn start(publisher: &'a NatsPublisher, pace: Pace) -> Outcome<Round<'a>> {
        let inbox = publisher.client.new_inbox();
        let subscribed = publisher.client.subscribe(format!("{inbox}.*")).await;
        let replies = subscribed.map_err(|e| Failure::Bug(format!("no inbox could be made: {e}")))?;
        Ok(Round {
            publisher,
            inbox,
            replies,
            window: Window::new(),
            tally: Tally::default(),
            pace,
            progress_at: Instant::now(),
            reason: "no answer came".to_owned(),
        })
    }

    /// When to look after what waits, if nothing happens before.
    fn wake(&self) -> Instant {
        let given_up = self.progress_at + self.pace.patience;
        self.window.due().map_or(given_up, |due| due.min(given_up))
    }

    async fn send(&mut self, event: &Value) -> Outcome {
        let event_type = event.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        let payload = Bytes::from(event.to_string());
        if self.window.len() == 0 {
            self.progress_at = Instant::now();
        }
        let number = self
            .window
            .add(Sent { event_type: event_type.clone(), payload: payload.clone() }, Instant::now());
        self.put(number, &event_type, payload).await
    }

    async fn send_again(&mut self) -> Outcome {
        if self.window.len() > 0 && self.progress_at.elapsed() >= self.pace.patience {
            return Err(no_progress(self.pace, &self.reason));
        }
        let late = self.window.overdue(Instant::now()).into_iter();
        let late: Vec<_> =
            late.map(|(number, sent)| (number, sent.event_type.clone(), sent.payload.clone())).collect();
        for (number, event_type, payload) in late {
            self.tally.repeated += 1;
            self.put(number, &event_type, payload).await?;
        }
        Ok(())
    }

    async fn put(&self, number: u64, event_type: &str, payload: Bytes) -> Outcome {
        let subject = format!("{IN}{}.{event_type}", self.publisher.principal);
        let reply = format!("{}.{number}", self.inbox);
        let mut headers = HeaderMap::new();
        headers.insert("content-type", STRUCTURED);
        let client = &self.publisher.client;
        let put = client.publish_with_reply_and_headers(subject, reply, headers, payload);
        match tokio::time::timeout(self.pace.patience, put).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(err)) => {
                Err(Failure::Input { what: format!("a `{event_type}`"), reason: err.to_string() })
            }
            Err(_) => Err(no_progress(self.pace, "the connection to NATS takes no more")),
        }
    }

    fn take(&mut self, reply: Option<Message>) -> Outcome {
        let reply = reply.ok_or_else(|| no_progress(self.pace, "the connection to NATS was closed"))?;
        let number = reply.subject.rsplit('.').next().and_then(|token| token.parse::<u64>().ok());
        let Some(number) = number else { return Ok(()) };
        if reply.status == Some(StatusCode::NO_RESPONDERS) {
            self.put_off(number, "no engine is connected to NATS");
            return Ok(());
        }
        let answer: Value = serde_json::from_slice(&reply.payload).unwrap_or_default();
        if let Some(placed) = answer.get("events").and_then(|events| events.get(0)) {
            return self.settle(number, Ok(placed));
        }
        if answer.get("type").is_none() {
            self.put_off(number, "the answer is not one of an engine");
        } else if is_passing(&answer) {
            let refusal = Failure::Refused(Box::new(answer));
            self.put_off(number, &refusal.to_string());
        } else {
            self.settle(number, Err(Failure::Refused(Box::new(answer))))?;
        }
        Ok(())
    }

    fn put_off(&mut self, number: u64, reason: &str) {
        reason.clone_into(&mut self.reason);
        self.window.put_off(number, Instant::now());
    }

    fn settle(&mut self, number: u64, outcome: Result<&Value, Failure>) -> Outcome {
        let Some(sent) = self.window.settle(number, Instant::now()) else { return Ok(()) };
        self.progress_at = Instant::now();
        match outcome {
            Ok(placed) => self.tally.take(&sent.event_type, placed),
            Err(refusal) => self.tally.refuse(&sent.event_type, &refusal),
        }
        Ok(())
    }
}
