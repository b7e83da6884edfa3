//! Signed commands: the signature proves who orders, and no token is needed.

use axum::extract::{Request as HttpRequest, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nkeys::KeyPair;
use selfsame_core::{COMMAND_CONTEXT, Code, Command, PrincipalKind, Refusal, Request, Signed};
use serde::Deserialize;

use crate::handle::Handle;
use crate::http::control::{body, carry_out};
use crate::read::Refused;
use crate::sequencer::ENGINE;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    /// The text that was signed.
    command: String,
    /// Ed25519, base64.
    signature: String,
}

pub(super) async fn command(State(handle): State<Handle>, request: HttpRequest) -> Result<Response, Refused> {
    let envelope: Envelope = body(&handle, request).await?;
    let signed = verified(&handle, envelope).map_err(|refusal| Refused::now(&handle, refusal))?;
    let principal = signed.command.principal.clone();
    carry_out(&handle, &principal, Request::Command { signed: Box::new(signed) }).await
}

/// The command, if its principal's key has signed it.
fn verified(handle: &Handle, envelope: Envelope) -> Result<Signed, Refusal> {
    let Envelope { command: text, signature } = envelope;
    let verified = verify(handle, &text, &signature);
    let (command, expires, nkey) = verified.inspect_err(|_| handle.shared.rates.count(ENGINE))?;
    Ok(Signed { command, expires, nkey, text, signature })
}

fn verify(
    handle: &Handle,
    text: &str,
    signature: &str,
) -> Result<(Command, selfsame_record::Micros, String), Refusal> {
    let (command, expires) = Command::parse(text)?;
    let boundary = handle.boundary()?.ok_or_else(|| {
        Refusal::new(Code::NoBoundary, "signed commands need a boundary, and none is in force")
            .next("send the order without a signature, or start the engine with `--boundary`")
    })?;
    let member = boundary.member(command.principal.as_str())?;
    if member.kind != PrincipalKind::Operator {
        let detail = format!("`{}` is no operator, and operators alone order", command.principal);
        return Err(Refusal::new(Code::NotAllowed, detail).next("use the listener for services and agents"));
    }
    let wrong = |what: &str| {
        Refusal::new(Code::BadSignature, format!("{what} over a command of `{}`", command.principal))
            .next("sign it with the key that the boundary names for the principal")
    };
    let nkey = member.nkey.clone().ok_or_else(|| wrong("the boundary names no key to check a signature"))?;
    let key =
        KeyPair::from_public_key(&nkey).map_err(|_| wrong("the boundary names a key that cannot be read"))?;
    let bytes = STANDARD.decode(signature).map_err(|_| wrong("there is no signature in base64"))?;
    let signed = [COMMAND_CONTEXT.as_bytes(), text.as_bytes()].concat();
    key.verify(&signed, &bytes).map_err(|_| wrong("the signature is not one"))?;
    handle.within_rate(&boundary, &command.principal)?;
    Ok((command, expires, nkey))
}
