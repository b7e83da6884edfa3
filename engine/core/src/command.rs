//! Signed commands: an operator's order as a text that is signed, taken once, and only in the state of affairs
//! that it was made for.
//!
//! What is signed is the bytes `selfsame-command-v1`, a line feed, and the text, with Ed25519 (RFC 8032). The text
//! is a JSON object:
//!
//! ```json
//! {"instance":"shop","principal":"ada","verb":"approve","args":{"plan":"00000000000000ff"},
//!  "target":"<SHA-256 in hex>","expected":"v3","nonce":"0123456789abcdef","expires":"2026-01-31T12:00:00Z"}
//! ```
//!
//! `target` is the digest of what the command is about: of a plan for `approve` and `reject`, the content id of a
//! version for verbs about one. `expected` is the version that answers. A nonce that was taken is known until the
//! command has expired.
//!
//! Not here: checking the signature (the node does, before the sequencer); what an order does (`operator`).

use std::collections::BTreeMap;

use selfsame_record::{Digest, Micros, Position, Principal, VersionNo};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::batch::Batch;
use crate::boundary::{Boundary, is_operator};
use crate::change_id::{Nonce, PlanId};
use crate::control::Control;
use crate::core::Core;
use crate::input::{Answer, Request};
use crate::limits::{COMMAND_BYTES_MAX, COMMAND_TTL_MS_MAX, NONCES_MAX};
use crate::operator::Order;
use crate::quarantine::Quarantine;
use crate::refusal::{Code, Refusal};

/// What stands before the text when it is signed.
pub const COMMAND_CONTEXT: &str = "selfsame-command-v1\n";

/// A command as its text says it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// The installation that it is for.
    pub instance: String,
    /// Who orders it.
    pub principal: Principal,
    /// What.
    pub verb: String,
    /// With what: the body of the same order over HTTP, and what stands in its path there.
    #[serde(default)]
    pub args: Value,
    /// The digest of what it is about; absent for verbs that are about nothing in particular.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Digest>,
    /// The version that answers; null: none does.
    pub expected: Option<VersionNo>,
    /// Random.
    pub nonce: Nonce,
    /// RFC 3339.
    pub expires: String,
}

/// A command with its signature, which was checked against the key.
#[derive(Clone, Debug, PartialEq)]
pub struct Signed {
    /// What it says.
    pub command: Command,
    /// When it expires.
    pub expires: Micros,
    /// The public key.
    pub nkey: String,
    /// The text that was signed.
    pub text: String,
    /// The signature, base64.
    pub signature: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfPlan {
    plan: PlanId,
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfVersion {
    version: VersionNo,
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Why {
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Floor {
    version: Option<VersionNo>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfAgent {
    agent: Principal,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfQuarantine {
    quarantine: Position,
}

impl Command {
    /// Reads the text of a command, and when it expires.
    ///
    /// # Errors
    ///
    /// If it is too long, or not such an object.
    pub fn parse(text: &str) -> Result<(Command, Micros), Refusal> {
        if text.len() > COMMAND_BYTES_MAX {
            let detail =
                format!("the command has {} bytes, over the limit of {COMMAND_BYTES_MAX}", text.len());
            return Err(Refusal::new(Code::TooLarge, detail).next("give a shorter reason"));
        }
        let form = |what: String| {
            Refusal::new(Code::BadRequest, format!("the command is not understood: {what}"))
                .next("sign it with `selfsame`, or see its form in docs/boundary.md")
        };
        let command: Command = serde_json::from_str(text).map_err(|e| form(e.to_string()))?;
        let expires: jiff::Timestamp = command.expires.parse().map_err(|_| {
            form(format!(
                "`{}` is not an RFC 3339 time",
                command.expires.chars().take(64).collect::<String>()
            ))
        })?;
        let expires = Micros(expires.as_microsecond());
        Ok((command, expires))
    }

    /// The request that it stands for.
    ///
    /// # Errors
    ///
    /// If there is no such verb, or its arguments are not the verb's.
    pub fn request(&self) -> Result<Request, Refusal> {
        fn args<T: for<'de> Deserialize<'de>>(command: &Command) -> Result<T, Refusal> {
            T::deserialize(&command.args).map_err(|e| {
                let verb: String = command.verb.chars().take(32).collect();
                Refusal::new(Code::BadRequest, format!("the arguments of `{verb}` are not understood: {e}"))
                    .next("sign it with `selfsame`, or see its form in docs/boundary.md")
            })
        }
        let order = match self.verb.as_str() {
            "approve" => Order::Approve { plan: args::<OfPlan>(self)?.plan },
            "reject" => {
                let OfPlan { plan, reason } = args(self)?;
                Order::Reject { plan, reason }
            }
            "freeze" => Order::Freeze { reason: args::<Why>(self)?.reason },
            "unfreeze" => Order::Unfreeze { reason: args::<Why>(self)?.reason },
            "floor" => Order::SetFloor { version: args::<Floor>(self)?.version },
            "seal" => {
                let OfVersion { version, reason } = args(self)?;
                Order::Seal { version, reason }
            }
            "unseal" => Order::Unseal { version: args::<OfVersion>(self)?.version },
            "repair" => Order::Repair { version: args::<OfVersion>(self)?.version },
            "reset-breaker" => Order::ResetBreaker { agent: args::<OfAgent>(self)?.agent },
            "quarantine" => Order::Quarantine { quarantine: args::<Quarantine>(self)? },
            "release" => Order::Release { quarantine: args::<OfQuarantine>(self)?.quarantine },
            "rewind" => {
                let OfVersion { version, reason } = args(self)?;
                return Ok(Request::Rewind { version, expected: self.expected, reason });
            }
            other => {
                let shown: String = other.chars().take(32).collect();
                return Err(Refusal::new(
                    Code::BadRequest,
                    format!("`{shown}` is no order that can be signed"),
                )
                .next("see the orders with `selfsame help`"));
            }
        };
        Ok(Request::Operator(order))
    }
}

/// The nonces of commands that were taken and have not expired, by expiry.
pub(crate) type Nonces = BTreeMap<(Micros, String, Nonce), ()>;

impl Core {
    /// Takes a signed command once, and carries out what it orders.
    pub(crate) fn command(
        &mut self,
        batch: &mut Batch,
        signed: Signed,
        now: Micros,
        serving: &crate::serving::Serving,
    ) -> Result<Answer, Refusal> {
        let boundary = self.in_force.boundary()?.cloned().ok_or_else(|| {
            Refusal::new(Code::NoBoundary, "signed commands need a boundary, and none is in force")
                .next("send the order without a signature, or start the engine with `--boundary`")
        })?;
        let request = signed.command.request()?;
        self.may_take(&boundary, &signed, &request, now)?;
        let Signed { command, expires, nkey, text, signature } = signed;
        let principal = command.principal.as_str().to_owned();
        let taken = Control::CommandTaken { nonce: command.nonce, expires, nkey, command: text, signature };
        self.write(batch, &principal, taken, now);
        // What is refused from here on is refused of a command that was taken: its nonce is used.
        let asked = (principal.as_str(), crate::input::Plane::Operator);
        let signed_until = Some(expires);
        self.carry_out_signed(batch, asked, request, now, serving, signed_until)
    }

    fn may_take(
        &self,
        boundary: &Boundary,
        signed: &Signed,
        request: &Request,
        now: Micros,
    ) -> Result<(), Refusal> {
        let command = &signed.command;
        let member = boundary.member(command.principal.as_str())?;
        is_operator(command.principal.as_str(), member)?;
        if member.nkey.as_deref() != Some(signed.nkey.as_str()) {
            let detail = format!("the command is not signed with the key of `{}`", command.principal);
            return Err(Refusal::new(Code::BadSignature, detail)
                .next("sign it with the key that the boundary names for the principal"));
        }
        let again = "make and sign another one";
        if command.instance != boundary.instance {
            let named: String = command.instance.chars().take(64).collect();
            let detail = format!("the command is for `{named}`, and this is `{}`", boundary.instance);
            return Err(Refusal::new(Code::WrongTarget, detail).next(again));
        }
        if signed.expires <= now {
            return Err(Refusal::new(
                Code::CommandExpired,
                format!("the command expired at {}", command.expires),
            )
            .next(again));
        }
        if signed.expires > now.plus_ms(COMMAND_TTL_MS_MAX) {
            let minutes = COMMAND_TTL_MS_MAX / 60_000;
            let detail = format!(
                "the command is good until {}, and at most {minutes} minutes are allowed",
                command.expires
            );
            return Err(Refusal::new(Code::BadRequest, detail).next("sign one that expires earlier"));
        }
        let own = command.principal.as_str();
        if self.nonces.keys().any(|(_, by, nonce)| by == own && *nonce == command.nonce) {
            let detail = format!("a command with the nonce {} was taken before", command.nonce);
            return Err(Refusal::new(Code::NonceUsed, detail).next(again));
        }
        if self.nonces.keys().filter(|(expires, ..)| *expires > now).count() >= NONCES_MAX {
            let detail =
                format!("{NONCES_MAX} commands that have not expired were taken, which is the limit");
            return Err(Refusal::new(Code::OverQuota, detail).next("wait until some have expired"));
        }
        if command.expected != self.life.active() {
            let name = |version: Option<VersionNo>| version.map_or("none".to_owned(), |v| v.to_string());
            let (said, is) = (name(command.expected), name(self.life.active()));
            let detail = format!("the command was made when {said} answered, and now {is} does");
            return Err(Refusal::new(Code::WrongTarget, detail).next(again));
        }
        let target = self.target_of(request, now)?;
        if command.target != target {
            let detail = match target {
                Some(target) => {
                    format!("what the command is about has the digest {target}, not the one signed")
                }
                None => format!("`{}` is about nothing that has a digest", command.verb),
            };
            return Err(Refusal::new(Code::WrongTarget, detail).next(again));
        }
        Ok(())
    }

    /// The digest of what a request is about.
    fn target_of(&self, request: &Request, now: Micros) -> Result<Option<Digest>, Refusal> {
        let version = match request {
            Request::Operator(Order::Approve { plan } | Order::Reject { plan, .. }) => {
                return Ok(Some(self.plans_made.open(*plan, now)?.planned.digest()));
            }
            Request::Operator(Order::SetFloor { version: Some(version) })
            | Request::Operator(
                Order::Seal { version, .. } | Order::Unseal { version } | Order::Repair { version },
            )
            | Request::Rewind { version, .. } => *version,
            _ => return Ok(None),
        };
        self.life.known(version)?;
        Ok(self.registry.version(version).map(|version| version.id().0))
    }

    /// Takes in what a record says of nonces: those of commands that have expired are forgotten.
    pub(crate) fn apply_nonce(&mut self, principal: &str, control: &Control, time: Micros) {
        if let Control::CommandTaken { nonce, expires, .. } = control {
            self.nonces.retain(|(expires, ..), ()| *expires > time);
            self.nonces.insert((*expires, principal.to_owned(), *nonce), ());
        }
    }
}
