//! An operator's order as a signed command: made for the state of affairs that the engine says there is, and good
//! for a few minutes.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use nkeys::KeyPair;
use selfsame_core::COMMAND_CONTEXT;
use serde_json::{Value, json};

use crate::client::{Client, segment};
use crate::failure::{Failure, Outcome};
use crate::out::member;

/// How long a command is good for.
const GOOD_FOR: Duration = Duration::from_secs(5 * 60);

/// What an order is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum About<'a> {
    /// Nothing that has a digest.
    Nothing,
    /// A version.
    Version(&'a str),
    /// A plan.
    Plan(&'a str),
}

/// The order as a signed command, ready to be sent.
pub(crate) async fn sign(
    client: &Client,
    key: &KeyPair,
    principal: &str,
    (verb, args): (&str, &Value),
    about: About<'_>,
) -> Outcome<Value> {
    let state = client.get("state", &[]).await?.json;
    let instance = member(member(&state, "boundary"), "instance");
    if !instance.is_string() {
        return Err(Failure::Usage(
            "no boundary is in force, so no signature is needed: leave `--key` out".to_owned(),
        ));
    }
    let target = target(client, about).await?;
    let expires = Timestamp::now() + SignedDuration::try_from(GOOD_FOR).unwrap_or_default();
    let mut command = json!({
        "instance": instance,
        "principal": principal,
        "verb": verb,
        "args": args,
        "expected": member(&state, "active"),
        "nonce": nonce()?,
        "expires": expires.to_string(),
    });
    if let (Some(target), Some(members)) = (target, command.as_object_mut()) {
        members.insert("target".to_owned(), target);
    }
    let text = command.to_string();
    let signature = key.sign([COMMAND_CONTEXT, &text].concat().as_bytes());
    let signature =
        signature.map_err(|_| Failure::Usage("the key cannot sign: it has no seed".to_owned()))?;
    Ok(json!({ "command": text, "signature": base64(&signature) }))
}

/// The digest of what the order is about.
async fn target(client: &Client, about: About<'_>) -> Outcome<Option<Value>> {
    match about {
        About::Nothing => Ok(None),
        About::Version(version) => {
            let answer = client.get(&format!("versions/{}", segment(version)), &[]).await?;
            Ok(Some(member(&answer.json, "id").clone()))
        }
        About::Plan(plan) => {
            let answer = client.get(&format!("plans/{}", segment(plan)), &[]).await?;
            Ok(Some(member(member(&answer.json, "plan"), "digest").clone()))
        }
    }
}

fn nonce() -> Outcome<String> {
    let drawn =
        getrandom::u64().map_err(|e| Failure::Bug(format!("the machine gives no random number: {e}")))?;
    Ok(format!("{drawn:016x}"))
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
