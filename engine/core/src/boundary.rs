//! The boundary in force: who there is, what is protected, and who may do what.
//!
//! The files, their signature and the policy language are read elsewhere; here is what they come to. What stands
//! in code here no policy can open: protected types, that only operators order, that nobody acts who is not named.
//!
//! A boundary is not in the log: its hash is, with each loading. So a log that was written under a boundary
//! decides nothing until one is loaded, and every decision that depends on one leaves a record that names it.
//!
//! Not here: reading and verifying (the package `selfsame-boundary`), proving who somebody is (the node).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use selfsame_record::{Digest, EventType, Name, Position, Protected};
use selfsame_schema::{Class, Version};
use serde::{Deserialize, Serialize};

use crate::control::Control;
use crate::limits::GATES_MAX;
use crate::refusal::{Code, Refusal};

/// What kind of principal somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PrincipalKind {
    /// Publishes, reads, works on jobs.
    Service,
    /// Changes the system.
    Agent,
    /// Is in charge of it.
    Operator,
}

impl PrincipalKind {
    /// In one word.
    pub fn as_str(self) -> &'static str {
        match self {
            PrincipalKind::Service => "service",
            PrincipalKind::Agent => "agent",
            PrincipalKind::Operator => "operator",
        }
    }
}

/// How many requests a principal may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// In a second, on average.
    pub per_second: u32,
    /// At once.
    pub burst: u32,
}

/// Somebody whom the boundary names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Member {
    /// What they are.
    pub kind: PrincipalKind,
    /// The person who answers for them.
    pub owner: String,
    /// The public key that their signed commands are checked with.
    pub nkey: Option<String>,
    /// SHA-256 of each bearer token that proves that it is them.
    #[serde(skip)]
    pub tokens: Vec<Digest>,
    /// How many requests they may send; none: as many as the engine takes.
    pub rate: Option<Rate>,
}

/// Whose word a change needs that does not go without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ApprovalRules {
    /// Operators of different owners who agree to a lossy change.
    pub lossy: u32,
    /// The same for a breaking one.
    pub breaking: u32,
    /// How long an approval counts at most, in milliseconds.
    pub ttl_ms: u64,
}

impl ApprovalRules {
    /// How many have to agree to a change that needs an approval.
    pub fn quorum(&self, since_approved: Class) -> u32 {
        match since_approved {
            Class::Breaking => self.breaking.max(1),
            _ => self.lossy.max(1),
        }
    }
}

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource<'a> {
    /// An event type, by name.
    EventType(&'a str),
    /// A projection, by name.
    Projection(&'a str),
    /// A projection that reads a protected type, by name: it is protected, whether the boundary lists it or not.
    Secret(&'a str),
    /// A schema version, with the first words of the event types that it changes.
    Version {
        /// Its name, or that of a document that is not registered yet.
        name: &'a str,
        /// What it changes.
        namespaces: &'a BTreeSet<String>,
    },
    /// All of it.
    System,
}

/// What a policy may look at beside who, what and on what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The class of the change from the version that answers.
    pub class: Option<Class>,
    /// The class of the whole change since a person last agreed.
    pub class_since_approved: Option<Class>,
    /// Whether a rewind would skip events.
    pub rewind_loses: bool,
    /// Rows that differ by the evidence.
    pub rows_differing: u64,
    /// Events that fail in the candidate only.
    pub failures: u64,
    /// Approvals that count: of different owners, none of them the author's.
    pub approvals: u64,
    /// Cutovers that the principal has left in the hour.
    pub cutovers_left: u64,
}

/// A question to the policy.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Who.
    pub principal: &'a str,
    /// The verb.
    pub action: &'a str,
    /// On what.
    pub resource: Resource<'a>,
    /// In which circumstances.
    pub context: Context,
}

/// The policy's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// Whether it may be.
    pub allowed: bool,
    /// The rules that decided, by name; none: no rule allows it.
    pub rules: Vec<String>,
    /// What would make it allowed.
    pub next: Vec<String>,
}

/// Who may do what. The same question has the same answer for as long as the boundary is in force.
pub trait Policy: fmt::Debug + Send + Sync {
    /// Answers whether, quickly.
    fn allows(&self, ask: &Ask<'_>) -> bool;
    /// Answers whether, by which rule, and what would help.
    fn explain(&self, ask: &Ask<'_>) -> Decision;
}

/// A boundary, verified and compiled.
#[derive(Debug)]
pub struct Boundary {
    /// Over all of its files.
    pub hash: Digest,
    /// The public key that it was verified with.
    pub signer: String,
    /// What the installation is called; signed commands name it.
    pub instance: String,
    /// Goes up with every change, so that an older one is known.
    pub serial: u64,
    /// Everybody, by name.
    pub members: BTreeMap<String, Member>,
    /// The protected event types.
    pub protected: Protected,
    /// Projections that protected types alone may feed.
    pub protected_projections: BTreeSet<Name>,
    /// Who has to agree.
    pub approvals: ApprovalRules,
    /// Who may do what.
    pub policy: Arc<dyn Policy>,
    /// What was decided of publishing and reading already.
    pub gates: Gates,
}

/// Whether somebody may publish a type or read a projection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Yes.
    Open,
    /// The type is protected.
    Protected,
    /// The policy does not allow it.
    Denied,
}

type Decided = HashMap<Box<str>, HashMap<Box<str>, Gate>>;

/// Answers that were given already, by principal and name. It only saves asking again.
#[derive(Debug, Default)]
pub struct Gates {
    publish: RwLock<Decided>,
    read: RwLock<Decided>,
}

impl Gates {
    fn find(decided: &RwLock<Decided>, principal: &str, name: &str) -> Option<Gate> {
        // Whoever panicked while writing has at worst not noted an answer.
        let decided = decided.read().unwrap_or_else(PoisonError::into_inner);
        decided.get(principal)?.get(name).copied()
    }

    fn note(decided: &RwLock<Decided>, principal: &str, name: &str, gate: Gate) {
        let mut decided = decided.write().unwrap_or_else(PoisonError::into_inner);
        let own = decided.entry(principal.into()).or_default();
        if own.len() < GATES_MAX {
            own.insert(name.into(), gate);
        }
    }
}

impl Boundary {
    /// The member of this name.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn member(&self, principal: &str) -> Result<&Member, Refusal> {
        self.members.get(principal).ok_or_else(|| {
            let shown: String = principal.chars().take(64).collect();
            Refusal::new(Code::NoPrincipal, format!("the boundary names no principal `{shown}`"))
                .next("ask an operator to name you in the boundary")
        })
    }

    /// Whether a principal may publish a type, on the plane of services and agents.
    pub fn publish_gate(&self, principal: &str, event_type: &str) -> Gate {
        if let Some(gate) = Gates::find(&self.gates.publish, principal, event_type) {
            return gate;
        }
        let gate = match self.protected.covers(event_type) {
            Some(_) => Gate::Protected,
            None => self.gate(principal, "publish", Resource::EventType(event_type)),
        };
        // What is no name of a type is not worth remembering, and may be long.
        if self.members.contains_key(principal) && EventType::parse(event_type).is_ok() {
            Gates::note(&self.gates.publish, principal, event_type, gate);
        }
        gate
    }

    /// Whether a principal may read a projection; `secret`: it reads a protected type.
    pub fn read_gate(&self, principal: &str, projection: &str, secret: bool) -> Gate {
        if secret {
            return self.gate(principal, "read", Resource::Secret(projection));
        }
        if let Some(gate) = Gates::find(&self.gates.read, principal, projection) {
            return gate;
        }
        let gate = self.gate(principal, "read", Resource::Projection(projection));
        if self.members.contains_key(principal) && Name::parse(projection).is_ok() {
            Gates::note(&self.gates.read, principal, projection, gate);
        }
        gate
    }

    fn gate(&self, principal: &str, action: &str, resource: Resource<'_>) -> Gate {
        let ask = Ask { principal, action, resource, context: Context::default() };
        let allowed = self.members.contains_key(principal) && self.policy.allows(&ask);
        if allowed { Gate::Open } else { Gate::Denied }
    }

    /// Whether rows of a projection are not shown to whoever compares versions: it is named as protected, or reads a
    /// protected type.
    pub fn hides(&self, version: &Version, projection: &Name) -> bool {
        self.reads_secret(version, projection) || self.protected_projections.contains(projection)
    }

    fn reads_secret(&self, version: &Version, projection: &Name) -> bool {
        let reads = version.projections().get(projection).and_then(|body| body.get("on")?.as_object());
        reads.is_some_and(|reads| reads.keys().any(|name| self.protected.covers(name).is_some()))
    }

    /// Sees that a request may be made.
    ///
    /// # Errors
    ///
    /// If the boundary does not name the principal, or the policy does not allow it.
    pub fn admit(&self, ask: &Ask<'_>) -> Result<(), Refusal> {
        self.member(ask.principal)?;
        if self.policy.allows(ask) {
            return Ok(());
        }
        Err(not_allowed(ask, &self.policy.explain(ask)))
    }
}

/// Sees that somebody is an operator: whatever the policy says, nobody else orders.
pub(crate) fn is_operator(principal: &str, member: &Member) -> Result<(), Refusal> {
    if member.kind == PrincipalKind::Operator {
        return Ok(());
    }
    let kind = member.kind.as_str();
    let detail = format!("`{principal}` is a principal of the kind {kind}, and this plane is for operators");
    Err(Refusal::new(Code::NotAllowed, detail).next("use the listener for services and agents"))
}

/// The refusal of what the policy does not allow.
pub(crate) fn not_allowed(ask: &Ask<'_>, decision: &Decision) -> Refusal {
    let on = match ask.resource {
        Resource::EventType(name) | Resource::Projection(name) | Resource::Secret(name) => {
            format!(" `{name}`")
        }
        Resource::Version { name, .. } => format!(" {name}"),
        Resource::System => String::new(),
    };
    let by = match decision.rules.as_slice() {
        [] => "no rule of the boundary allows it".to_owned(),
        rules => format!("the rule `{}` of the boundary forbids it", rules.join("`, `")),
    };
    let detail = format!("`{}` may not {}{on}: {by}", ask.principal, ask.action);
    let refusal = Refusal::new(Code::NotAllowed, detail).field("rules", decision.rules.clone());
    let refusal = decision.next.iter().fold(refusal, |refusal, next| refusal.next(next.clone()));
    refusal.next("see why with `selfsame explain`, or ask an operator")
}

/// Which boundary was loaded last, by the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Loaded {
    /// Over all of its files.
    pub hash: Digest,
    /// Whose key it was verified with.
    pub signer: String,
    /// Its number.
    pub serial: u64,
    /// The record that says so.
    pub at: Position,
}

/// What the log says of boundaries, and the one that is loaded.
#[derive(Clone, Debug, Default, Serialize)]
pub struct InForce {
    loaded: Option<Loaded>,
    /// The highest serial there was.
    serial: u64,
    /// Not in the log, so not part of the state that a replay gives.
    #[serde(skip)]
    boundary: Option<Arc<Boundary>>,
    /// Projections of any version that read a protected type. It follows from the boundary and the versions.
    #[serde(skip)]
    secret: BTreeSet<Name>,
}

impl InForce {
    /// What the log says of the boundary that was loaded last, if it was not lifted.
    pub fn loaded(&self) -> Option<&Loaded> {
        self.loaded.as_ref()
    }

    /// Its hash.
    pub fn hash(&self) -> Option<Digest> {
        self.loaded.as_ref().map(|loaded| loaded.hash)
    }

    /// The boundary itself; none if nobody's identity is proven.
    ///
    /// # Errors
    ///
    /// If the log was written under one, and none was loaded since the start.
    pub fn boundary(&self) -> Result<Option<&Arc<Boundary>>, Refusal> {
        match (&self.boundary, &self.loaded) {
            (None, Some(loaded)) => Err(Refusal::new(
                Code::NoBoundary,
                format!(
                    "the boundary that was loaded at {} is in force, and is not loaded in this engine",
                    loaded.at
                ),
            )
            .next("start the engine with `--boundary` and `--boundary-key`")),
            (boundary, _) => Ok(boundary.as_ref()),
        }
    }

    /// Sees that a boundary may come into force.
    ///
    /// # Errors
    ///
    /// If a later one was in force before, or another one of the same number.
    pub(crate) fn may_load(&self, boundary: &Boundary) -> Result<(), Refusal> {
        let same = self.hash() == Some(boundary.hash);
        if boundary.serial > self.serial || same {
            return Ok(());
        }
        let (given, known) = (boundary.serial, self.serial);
        let detail = format!("the boundary has serial {given}, and serial {known} was in force already");
        Err(Refusal::new(Code::StaleBoundary, detail)
            .next(format!("give it serial {} or higher, and sign it again", known.saturating_add(1)))
            .field("serial", known))
    }

    /// Whether a projection of this name reads a protected type in any version.
    pub fn is_secret(&self, projection: &str) -> bool {
        self.secret.contains(projection)
    }

    /// Takes the boundary itself; the record follows.
    pub(crate) fn take<'a>(
        &mut self,
        boundary: Option<Arc<Boundary>>,
        versions: impl Iterator<Item = &'a Arc<Version>>,
    ) {
        self.boundary = boundary;
        self.secret.clear();
        versions.for_each(|version| self.see(version));
    }

    /// Notes which projections of a version read protected types.
    pub(crate) fn see(&mut self, version: &Version) {
        let Some(boundary) = &self.boundary else { return };
        let secret = version.projections().keys().filter(|name| boundary.reads_secret(version, name));
        self.secret.extend(secret.cloned());
    }

    /// Takes in what a record says.
    pub(crate) fn apply(&mut self, at: Position, control: &Control) {
        match control {
            Control::BoundaryLoaded { hash, signer, serial, .. } => {
                let (hash, signer, serial) = (*hash, signer.clone(), *serial);
                self.serial = self.serial.max(serial);
                self.loaded = Some(Loaded { hash, signer, serial, at });
            }
            Control::BoundaryLifted {} => self.loaded = None,
            _ => {}
        }
    }
}

/// The first word of an event type.
pub(crate) fn namespace(event_type: &str) -> &str {
    event_type.split('.').next().unwrap_or(event_type)
}
