//! Publishing by request-reply: `selfsame.in.<principal>.<event type>`.
//!
//! One loop admits the messages in the order in which they arrive, so each publisher's order is kept. It
//! waits when the sequencer's inbox is full; answers are sent as they come, by tasks of their own.
//!
//! Core NATS keeps nothing: a message without an answer may not have been taken. A publisher sends it
//! again, and a repetition is recognised by its id. Durable hand-over is the in-tray's part.

use async_nats::{Client, Message, Subject};
use selfsame_core::Code;
use tokio::sync::mpsc;
use tracing::debug;

use crate::handle::{Handle, Pending};
use crate::nats::answer::{answer, reply_to};
use crate::nats::inbox::Inbox;
use crate::nats::line::Line;
use crate::nats::message::Asked;
use crate::nats::subject::IN;
use crate::read;

/// Messages that are decided upon and not answered yet. More let a burst through sooner and take memory.
pub const IN_FLIGHT_MAX: usize = 4096;

/// Takes messages until the subscription ends, and returns when the last one is answered.
pub(crate) async fn run(handle: Handle, line: Line, client: Client, mut messages: Inbox) {
    let (waiting, to_answer) = mpsc::channel(IN_FLIGHT_MAX);
    let answering = tokio::spawn(answer_all(handle.clone(), client, to_answer));
    while let Some(message) = messages.next().await {
        if waiting.send(take(&handle, &line, &message).await).await.is_err() {
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

/// Hands a message to the sequencer; what is over its sender's rate is answered before that.
async fn take(handle: &Handle, line: &Line, message: &Message) -> (Option<Subject>, Pending) {
    let rest = message.subject.strip_prefix(IN).unwrap_or_default();
    let (named, event_type) = rest.split_once('.').unwrap_or((rest, ""));
    let (asked, to) = match (line.sender(handle, named, message), reply_to(message)) {
        (Err(refusal), to) if refusal.code == Code::RateLimited => {
            return (to.unwrap_or_default(), handle.answered(refusal));
        }
        (sender, Ok(to)) => (Asked::of(handle, sender, event_type, message, None), to),
        (sender, Err(refusal)) => (Asked::refused(sender, refusal), None),
    };
    (to, handle.submit_waiting(&asked.principal, asked.request).await)
}
