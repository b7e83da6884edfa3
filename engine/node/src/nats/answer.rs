//! How an answer leaves.

use async_nats::{Client, Message, PublishErrorKind, Subject};
use selfsame_core::{Code, Refusal};
use tracing::{debug, warn};

use crate::handle::Handle;
use crate::nats::subject::may_answer;
use crate::read::{Refused, Served};

/// Where the message's answer goes; nowhere if none is asked for, or if it were to go to a subject that
/// the engine or the server itself listens on.
pub(crate) fn reply_to(message: &Message) -> Option<Subject> {
    let reply = message.reply.as_ref()?;
    if may_answer(reply) {
        return Some(reply.clone());
    }
    warn!(subject = %message.subject, %reply, "an answer was asked for on a subject that is not answered on");
    None
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
