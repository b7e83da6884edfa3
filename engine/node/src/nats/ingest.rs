//! Publishing by request-reply: `selfsame.in.<principal>.<event type>`.
//!
//! One loop admits the messages in the order in which they arrive, so each publisher's order is kept. It
//! waits when the sequencer's inbox is full; answers are sent as they come, by tasks of their own.
//!
//! Core NATS keeps nothing: a message without an answer may not have been taken. A publisher sends it
//! again, and a repetition is recognised by its id. Durable hand-over is the in-tray's part.

use std::sync::Arc;

use async_nats::{Client, Message};
use tokio::sync::Semaphore;
use tracing::debug;

use crate::handle::Handle;
use crate::nats::answer::{answer, reply_to};
use crate::nats::inbox::Inbox;
use crate::nats::message::Asked;
use crate::nats::subject::IN;
use crate::read;

/// Messages that are decided upon and not answered yet. More let a burst through sooner and take memory.
pub const IN_FLIGHT_MAX: usize = 4096;

/// Takes messages until the subscription ends, and returns when the last one is answered.
pub(crate) async fn run(handle: Handle, client: Client, mut messages: Inbox) {
    let in_flight = Arc::new(Semaphore::new(IN_FLIGHT_MAX));
    while let Some(message) = messages.next().await {
        let Ok(permit) = Arc::clone(&in_flight).acquire_owned().await else { break };
        let to = reply_to(&message);
        let asked = asked(&handle, &message);
        let pending = handle.submit_waiting(&asked.principal, asked.request).await;
        let (handle, client) = (handle.clone(), client.clone());
        tokio::spawn(async move {
            let reply = pending.reply().await;
            let outcome = read::answer(&handle, reply);
            answer(&client, &handle, to, outcome).await;
            drop(permit);
        });
    }
    let all = u32::try_from(IN_FLIGHT_MAX).unwrap_or(u32::MAX);
    let _last_answers = in_flight.acquire_many(all).await;
    debug!("request-reply ingest has ended");
}

fn asked(handle: &Handle, message: &Message) -> Asked {
    let rest = message.subject.strip_prefix(IN).unwrap_or_default();
    Asked::of(handle, rest, message.headers.as_ref(), &message.payload, None)
}
