//! How an answer leaves.

use async_nats::{Client, Message, PublishErrorKind, Subject};
use selfsame_core::{Code, Refusal};
use selfsame_record::Principal;
use tracing::debug;

use crate::handle::Handle;
use crate::nats::message::Asked;
use crate::nats::subject::may_answer;
use crate::read::{Refused, Served};

/// Where the message's answer goes; nowhere if none is asked for.
///
/// # Errors
///
/// If it were to go to a subject that the engine or the server itself listens on: a caller chooses it, and
/// would have the engine say what it may not say itself. Nothing is done then, and nobody is answered.
pub(crate) fn reply_to(message: &Message) -> Result<Option<Subject>, Refusal> {
    match &message.reply {
        Some(reply) if !may_answer(reply) => {
            let shown: String = reply.chars().take(128).collect();
            let detail = format!("an answer was asked for on `{shown}`, which is not answered on");
            Err(Refusal::new(Code::BadRequest, detail)
                .next("ask with an inbox of your own as the reply subject"))
        }
        reply => Ok(reply.clone()),
    }
}

/// Where the answer to a question goes. One that nobody can be answered is noted, and nothing else is done.
pub(crate) fn question_from(
    handle: &Handle,
    sender: Result<Principal, Refusal>,
    message: &Message,
) -> Option<Subject> {
    reply_to(message).unwrap_or_else(|refusal| {
        let asked = Asked::refused(sender, refusal);
        // It is noted unless the engine has more to do than it takes.
        drop(handle.submit(&asked.principal, asked.request));
        None
    })
}

/// Sends the answer. A caller who went away has lost nothing but the answer.
pub(crate) async fn answer(
    client: &Client,
    handle: &Handle,
    to: Option<Subject>,
    answer: Result<Served, Refused>,
) {
    let Some(to) = to else { return };
    let json = answer.map_or_else(|refused| refused.to_json(), |served| served.body);
    let len = json.len();
    let Err(err) = client.publish(to.clone(), json.into()).await else { return };
    debug!(err = &err as &dyn std::error::Error, "an answer could not be sent");
    if err.kind() == PublishErrorKind::MaxPayloadExceeded {
        let refused = Refused::now(handle, too_large(len, client.max_payload()));
        // The connection is gone if this fails too.
        let _ = client.publish(to, refused.to_json().into()).await;
    }
}

fn too_large(len: usize, max: usize) -> Refusal {
    let detail = format!("the answer has {len} bytes, over the NATS server's limit of {max}");
    Refusal::new(Code::TooLarge, detail).next("read it over HTTP, or raise the server's `max_payload`")
}
