//! Publishing by request-reply: `selfsame.in.<principal>.<event type>`.
//!
//! One loop admits the messages in the order in which they arrive, so each publisher's order is kept. It
//! waits when the sequencer's inbox is full; answers are sent as they come, by tasks of their own.
//!
//! Core NATS keeps nothing: a message without an answer may not have been taken. A publisher sends it
//! again, and a repetition is recognised by its id. Durable hand-over is the in-tray's part.

use async_nats::{Client, Message, Subject};
use tokio::sync::mpsc;
use tracing::debug;

use crate::handle::{Handle, Pending};
use crate::nats::answer::{answer, reply_to};
use crate::nats::inbox::Inbox;
use crate::nats::message::Asked;
use crate::nats::subject::IN;
use crate::read;

/// Messages that are decided upon and not answered yet. More let a burst through sooner and take memory.
pub const IN_FLIGHT_MAX: usize = 4096;

/// Takes messages until the subscription ends, and returns when the last one is answered.
pub(crate) async fn run(handle: Handle, client: Client, mut messages: Inbox) {
    let (waiting, to_answer) = mpsc::channel(IN_FLIGHT_MAX);
    let answering = tokio::spawn(answer_all(handle.clone(), client, to_answer));
    while let Some(message) = messages.next().await {
        let to = reply_to(&message);
        let asked = asked(&handle, &message);
        let pending = handle.submit_waiting(&asked.principal, asked.request).await;
        if waiting.send((to, pending)).await.is_err() {
            break;
        }
    }
    drop(waiting);
    // A panic there is a bug that has been printed; there is nothing left to answer with.
    let _ = answering.await;
    debug!("request-reply ingest has ended");
}

/// Answers in the order of the messages, which is the order in which they are decided. One task does it,
/// so that the answers of one group commit leave in few packets.
async fn answer_all(handle: Handle, client: Client, mut waiting: mpsc::Receiver<(Option<Subject>, Pending)>) {
    while let Some((to, pending)) = waiting.recv().await {
        let reply = pending.reply().await;
        let outcome = read::answer(&handle, reply);
        answer(&client, &handle, to, outcome).await;
    }
}

fn asked(handle: &Handle, message: &Message) -> Asked {
    let rest = message.subject.strip_prefix(IN).unwrap_or_default();
    Asked::of(handle, rest, message.headers.as_ref(), &message.payload, None)
}
