//! Who somebody is, by what they prove, and how much they may send.
//!
//! Without a boundary callers are who they say they are. Under one a bearer token is looked up by its SHA-256, which
//! is compared in constant time, and whoever sends more than the boundary lets them is refused before anything else
//! is done. What is refused here costs the sequencer nothing; it is counted and recorded with the next tick.
//!
//! Not here: what somebody may do (the core decides), who a NATS message is from (`nats`).

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;
use std::sync::Arc;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use parking_lot::{Mutex, RwLock};
use selfsame_core::limits::COUNTED_PRINCIPALS_MAX;
use selfsame_core::{
    Ask, Boundary, Code, Context, Gate, Plane, PrincipalKind, Rate, Refusal, Request, Resource,
};
use selfsame_record::{Digest, Principal};
use subtle::ConstantTimeEq;

use crate::handle::Handle;
use crate::sequencer::ENGINE;

/// Bytes of a bearer token.
pub const TOKEN_BYTES_MAX: usize = 256;

/// Who proves what, how fast each member may send, and what was refused since the last tick.
#[derive(Default)]
pub(crate) struct Rates {
    known: RwLock<Arc<Known>>,
    refused: Mutex<BTreeMap<String, u64>>,
}

/// What a boundary says of its members, laid out to be looked up.
#[derive(Default)]
struct Known {
    boundary: Option<Digest>,
    limiters: HashMap<String, DefaultDirectRateLimiter>,
    /// Members by the SHA-256 of their tokens.
    tokens: HashMap<Digest, Principal>,
}

impl Known {
    fn of(boundary: &Boundary) -> Known {
        let limiter = |rate: Rate| {
            let per_second = NonZeroU32::new(rate.per_second).unwrap_or(NonZeroU32::MIN);
            let burst = NonZeroU32::new(rate.burst).unwrap_or(NonZeroU32::MIN);
            RateLimiter::direct(Quota::per_second(per_second).allow_burst(burst))
        };
        let limited = boundary.members.iter().filter_map(|(name, member)| Some((name, member.rate?)));
        let limiters = limited.map(|(name, rate)| (name.clone(), limiter(rate))).collect();
        let mut tokens = HashMap::new();
        for (name, member) in &boundary.members {
            // What is no name is nobody's.
            let Ok(principal) = Principal::parse(name) else { continue };
            tokens.extend(member.tokens.iter().map(|token| (*token, principal.clone())));
        }
        Known { boundary: Some(boundary.hash), limiters, tokens }
    }

    /// The member whose token this is. The table is by the hash, so how far a lookup gets says something of a hash
    /// alone; what is found is compared in constant time.
    fn owner_of(&self, token: &str) -> Option<&Principal> {
        let digest = Digest::sha256(token.as_bytes());
        let (known, owner) = self.tokens.get_key_value(&digest)?;
        bool::from(known.0.ct_eq(&digest.0)).then_some(owner)
    }

    /// Takes one request of a member.
    fn take(&self, boundary: &Boundary, principal: &str) -> Result<(), Refusal> {
        let Some(limiter) = self.limiters.get(principal) else { return Ok(()) };
        limiter.check().map_err(|early| {
            let wait = early.wait_time_from(DefaultClock::default().now());
            let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1);
            let rate = boundary.members.get(principal).and_then(|member| member.rate);
            let per_second = rate.map_or(0, |rate| rate.per_second);
            Refusal::new(Code::RateLimited, format!("`{principal}` may send {per_second} requests a second"))
                .next(format!("wait {ms} ms and send it again"))
                .field("retry_after_ms", ms)
        })
    }
}

impl Rates {
    /// What is known of the members of a boundary, laid out anew if another one is in force.
    fn known(&self, boundary: &Boundary) -> Arc<Known> {
        let known = Arc::clone(&self.known.read());
        if known.boundary == Some(boundary.hash) {
            return known;
        }
        let mut known = self.known.write();
        if known.boundary != Some(boundary.hash) {
            *known = Arc::new(Known::of(boundary));
        }
        Arc::clone(&known)
    }

    /// Counts a refusal that the sequencer does not hear of.
    pub(crate) fn count(&self, principal: &str) {
        let mut refused = self.refused.lock();
        let is_full = refused.len() >= COUNTED_PRINCIPALS_MAX && !refused.contains_key(principal);
        let name = if is_full { ENGINE } else { principal };
        *refused.entry(name.to_owned()).or_insert(0) += 1;
    }

    /// What was refused since the last time, as requests that note it.
    pub(crate) fn counted(&self) -> Vec<Request> {
        let refused = std::mem::take(&mut *self.refused.lock());
        let note = |(name, count): (String, u64)| {
            Principal::parse(&name).ok().map(|principal| Request::NoteCounted { principal, count })
        };
        refused.into_iter().filter_map(note).collect()
    }
}

impl Handle {
    /// The boundary in force.
    ///
    /// # Errors
    ///
    /// If the log was written under one and none is loaded.
    pub(crate) fn boundary(&self) -> Result<Option<Arc<Boundary>>, Refusal> {
        Ok(self.admission().boundary.boundary()?.cloned())
    }

    /// Who sends a request with this `authorization`; `None` without a boundary, where nobody proves anything.
    ///
    /// # Errors
    ///
    /// If the token is nobody's, they may not use this plane, or they send too much.
    pub fn identify(&self, authorization: Option<&str>) -> Result<Option<Principal>, Refusal> {
        let Some(boundary) = self.boundary()? else { return Ok(None) };
        let known = self.shared.rates.known(&boundary);
        let found = owner_of(&known, authorization).and_then(|principal| {
            let kind = boundary.member(principal.as_str())?.kind;
            if self.plane == Plane::Operator && kind != PrincipalKind::Operator {
                let kind = kind.as_str();
                let detail = format!(
                    "`{principal}` is a principal of the kind {kind}, and this plane is for operators"
                );
                return Err(
                    Refusal::new(Code::NotAllowed, detail).next("use the listener for services and agents")
                );
            }
            Ok(principal)
        });
        let principal = found.inspect_err(|_| self.shared.rates.count(ENGINE))?;
        self.within_rate(&boundary, &principal)?;
        Ok(Some(principal))
    }

    /// Takes one request out of what a member may send.
    ///
    /// # Errors
    ///
    /// If that is used up. It is counted.
    pub(crate) fn within_rate(&self, boundary: &Boundary, principal: &Principal) -> Result<(), Refusal> {
        let taken = self.shared.rates.known(boundary).take(boundary, principal.as_str());
        taken.inspect_err(|_| self.shared.rates.count(principal.as_str()))
    }

    /// Sees that somebody may read a projection.
    ///
    /// # Errors
    ///
    /// If they do not say who they are, or the boundary does not allow it.
    pub(crate) fn may_read(&self, reader: Option<&Principal>, projection: &str) -> Result<(), Refusal> {
        let in_force = Arc::clone(&self.admission().boundary);
        let Some(boundary) = in_force.boundary()? else { return Ok(()) };
        let reader = reader.ok_or_else(nobody)?;
        match boundary.read_gate(reader.as_str(), projection, in_force.is_secret(projection)) {
            Gate::Open => Ok(()),
            // Why is not found out here, where many may ask in a second.
            _ => {
                let shown: String = projection.chars().take(80).collect();
                let detail = format!("the boundary does not let `{reader}` read `{shown}`");
                Err(Refusal::new(Code::NotAllowed, detail).next(format!(
                    "see why with `selfsame explain {reader} read {shown}`, or ask an operator"
                )))
            }
        }
    }

    /// Sees that somebody may read events of a type.
    ///
    /// # Errors
    ///
    /// As [`Self::may_read`].
    pub(crate) fn may_read_type(&self, reader: Option<&Principal>, event_type: &str) -> Result<(), Refusal> {
        let Some(boundary) = self.boundary()? else { return Ok(()) };
        ask(&boundary, reader.ok_or_else(nobody)?, "read", Resource::EventType(event_type))
    }

    /// Whether somebody is shown only what is about themselves: under a boundary, whoever is no operator.
    pub(crate) fn sees_only_own(&self, reader: Option<&Principal>) -> bool {
        let Ok(boundary) = self.boundary() else { return true };
        boundary.is_some_and(|boundary| {
            let member = reader.and_then(|reader| boundary.members.get(reader.as_str()));
            member.is_none_or(|member| member.kind != PrincipalKind::Operator)
        })
    }

    /// Sees that an operator may do what no request to the core stands for.
    ///
    /// # Errors
    ///
    /// If the boundary does not allow it.
    pub(crate) fn may_operate(
        &self,
        principal: Option<&Principal>,
        action: &'static str,
    ) -> Result<(), Refusal> {
        let Some(boundary) = self.boundary()? else { return Ok(()) };
        ask(&boundary, principal.ok_or_else(nobody)?, action, Resource::System)
    }
}

fn ask(boundary: &Boundary, who: &Principal, action: &str, resource: Resource<'_>) -> Result<(), Refusal> {
    boundary.admit(&Ask { principal: who.as_str(), action, resource, context: Context::default() })
}

pub(crate) fn nobody() -> Refusal {
    Refusal::new(Code::NoPrincipal, "the request does not prove who acts")
        .next("send `authorization: Bearer <token>` with the token that an operator gave you")
}

/// The member who is proven by this `authorization`.
fn owner_of(known: &Known, authorization: Option<&str>) -> Result<Principal, Refusal> {
    let token = bearer(authorization).ok_or_else(nobody)?;
    if token.len() > TOKEN_BYTES_MAX {
        let detail = format!("the token has {} bytes, over the limit of {TOKEN_BYTES_MAX}", token.len());
        return Err(Refusal::new(Code::NoPrincipal, detail).next("send the token that an operator gave you"));
    }
    known.owner_of(token).cloned().ok_or_else(|| {
        Refusal::new(Code::NoPrincipal, "the token is of nobody whom the boundary names")
            .next("send the token that an operator gave you, or ask for another one")
    })
}

/// The token of a bearer authorization (RFC 6750).
pub(crate) fn bearer(authorization: Option<&str>) -> Option<&str> {
    let (scheme, token) = authorization?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}
