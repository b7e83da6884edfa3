//! What the core is told, what it answers and what it orders: closed enums, so that nothing else can
//! enter or leave.

use std::collections::BTreeMap;
use std::sync::Arc;

use selfsame_projections::Generation;
use selfsame_record::{Digest, Micros, Name, Position, Principal, TraySeq, VersionNo};
use selfsame_schema::{Class, Latencies, Report};
use serde::Serialize;

use crate::admission::Admitted;
use crate::boundary::Boundary;
use crate::budget::Budget;
use crate::change_id::{EvidenceId, PlanId};
use crate::checked::Checked;
use crate::command::Signed;
use crate::control::EventRefused;
use crate::operator::Order;
use crate::plans::{Finding, Planned, Predicted, RowsChanged};
use crate::refusal::Refusal;

/// Names the caller who waits for an answer. The node gives numbers; 0 is nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// One thing that the core is told.
#[derive(Debug)]
pub struct Input {
    /// Who waits for the answer.
    pub ticket: Ticket,
    /// Who asks.
    pub principal: Principal,
    /// On which plane.
    pub plane: Plane,
    /// For what.
    pub request: Request,
}

/// Where a request came in. What only operators may ask for is a type of its own, [`Order`], so that nothing
/// else can be made into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plane {
    /// Services and agents.
    Open,
    /// Operators, and the engine itself.
    Operator,
}

/// A plan as the node drafted it: what was found out about the change, off the sequencer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drafted {
    /// A name that was drawn at random.
    pub plan: PlanId,
    /// The version that is to answer.
    pub version: VersionNo,
    /// The version that answered at the time.
    pub base: Option<VersionNo>,
    /// The version that a person last agreed to at the time.
    pub approved: Option<VersionNo>,
    /// The class of the change from the base.
    pub class: Class,
    /// The class of the change from the version that a person last agreed to.
    pub class_since_approved: Class,
    /// Whether the base can express every event of the version.
    pub rewind_loses: bool,
    /// What the author said beforehand.
    pub predicted: Option<Predicted>,
    /// How long it is to be good for, in milliseconds.
    pub ttl_ms: u64,
}

/// A candidate and the active version as the node compared them, at one position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// A name that was drawn at random.
    pub evidence: EvidenceId,
    /// The plan that it is for.
    pub plan: PlanId,
    /// Where.
    pub at: Position,
    /// The candidate's digest there.
    pub digest: Digest,
    /// The version that answered, with its digest there.
    pub active: Option<(VersionNo, Digest)>,
    /// By projection, as far as both have it.
    pub projections: Vec<RowsChanged>,
    /// Events that the candidate could not take in and the active version could.
    pub failures: u64,
    /// Whether the author says that they are to be skipped.
    pub skip_failures: bool,
    /// The whole comparison, JSON text of at most [`EVIDENCE_BYTES_MAX`](crate::limits::EVIDENCE_BYTES_MAX).
    pub report: String,
}

/// What is asked of the core.
#[derive(Debug)]
#[expect(missing_docs, reason = "the fields are the words of the glossary")]
pub enum Request {
    /// Take these events, all or none.
    Publish { events: Vec<Admitted> },
    /// Note that admission refused an event.
    NoteRefused { refused: EventRefused, refusal: Refusal },
    /// Take a schema version, checked by whoever received it.
    Register { checked: Checked },
    /// Order a shadow build.
    Build { version: VersionNo, budget: Budget },
    /// Let a build wait.
    Pause { version: VersionNo },
    /// Let a build go on.
    Resume { version: VersionNo },
    /// End a build without a generation.
    Abandon { version: VersionNo, reason: String },
    /// A builder has a generation that is complete up to the head.
    Candidate { generation: Box<Generation> },
    /// A builder gave up.
    BuildFailed { version: VersionNo, reason: String },
    /// Bind what a change is to be decided upon.
    Plan { drafted: Drafted },
    /// Take a comparison as evidence.
    Validate { compared: Compared },
    /// Make a version the active one. Evidence is needed unless nothing answers yet or the version answered
    /// before and was kept in step.
    Cutover { version: VersionNo, expected: Option<VersionNo>, evidence: Option<EvidenceId> },
    /// Go back to a version that was active.
    Rewind { version: VersionNo, expected: Option<VersionNo>, reason: String },
    /// Keep a generation no longer.
    Drop { version: VersionNo },
    /// Never let a version serve again.
    Retire { version: VersionNo },
    /// What only an operator may ask for.
    Operator(Order),
    /// What an operator signed.
    Command { signed: Box<Signed> },
    /// Bring a boundary into force, or start without one. Only the node itself asks for it.
    Bound { boundary: Option<Arc<Boundary>> },
    /// Requests of a principal were refused before they came here.
    NoteCounted { principal: Principal, count: u64 },
    /// Hand out jobs.
    Lease { queue: Name, max: usize },
    /// A job is finished.
    Ack { queue: Name, job: Position, lease: Position },
    /// A job is given back.
    Nack { queue: Name, job: Position, lease: Position, reason: String },
    /// Evaluate the guards of the version that is on probation; what the node measured comes along.
    Probe { latency: Latencies },
    /// Time has passed: write what is due.
    Tick,
}

impl Request {
    /// The verb, as refusals name it.
    pub fn verb(&self) -> &'static str {
        match self {
            Request::Publish { .. } | Request::NoteRefused { .. } => "publish",
            Request::Register { .. } => "register",
            Request::Build { .. } => "build",
            Request::Pause { .. } => "pause",
            Request::Resume { .. } => "resume",
            Request::Abandon { .. } => "abandon",
            Request::Candidate { .. } | Request::BuildFailed { .. } => "built",
            Request::Plan { .. } => "plan",
            Request::Validate { .. } => "validate",
            Request::Cutover { .. } => "cutover",
            Request::Rewind { .. } => "rewind",
            Request::Drop { .. } => "drop",
            Request::Retire { .. } => "retire",
            Request::Operator(order) => order.verb(),
            Request::Command { .. } => "command",
            Request::Bound { .. } => "bound",
            Request::NoteCounted { .. } => "count",
            Request::Lease { .. } => "lease",
            Request::Ack { .. } => "ack",
            Request::Nack { .. } => "nack",
            Request::Probe { .. } => "probe",
            Request::Tick => "tick",
        }
    }

    /// Whether a freeze stops it when an agent asks. A rewind is never stopped.
    pub(crate) fn is_change(&self) -> bool {
        matches!(
            self,
            Request::Register { .. }
                | Request::Plan { .. }
                | Request::Build { .. }
                | Request::Resume { .. }
                | Request::Validate { .. }
                | Request::Cutover { .. }
                | Request::Drop { .. }
                | Request::Retire { .. }
        )
    }

    /// How the request may share a group commit with others.
    pub(crate) fn sharing(&self) -> Sharing {
        match self {
            Request::Publish { .. } => Sharing::Events,
            Request::NoteRefused { .. }
            | Request::NoteCounted { .. }
            | Request::Ack { .. }
            | Request::Nack { .. }
            | Request::Tick => Sharing::Any,
            Request::Lease { .. } => Sharing::NoEvents,
            _ => Sharing::Alone,
        }
    }

    /// Where in the in-tray the request comes from.
    pub(crate) fn tray(&self) -> Option<TraySeq> {
        match self {
            Request::Publish { events } => events.first().and_then(|e| e.event.tray),
            Request::NoteRefused { refused, .. } => refused.tray,
            _ => None,
        }
    }
}

/// How a request may share a group commit with others. Batches are cut at the records that switch, so a
/// switch falls between two batches; a lease is decided on folded state, so no event may be before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// With everything but a lease before it.
    Events,
    /// With everything.
    Any,
    /// With everything but events before it.
    NoEvents,
    /// With nothing.
    Alone,
}

/// Where one published event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Placed {
    /// Its position.
    pub position: Position,
    /// Whether it was there before.
    pub duplicate: bool,
}

/// A job that a worker got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeasedJob {
    /// The position of its source event.
    pub job: Position,
    /// The number of this attempt, from 1.
    pub attempt: u32,
    /// Its input in the active version's shape, JSON text.
    #[serde(serialize_with = "raw")]
    pub input: String,
}

fn raw<S: serde::Serializer>(json: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let value: Result<Box<serde_json::value::RawValue>, _> =
        serde_json::value::RawValue::from_string(json.to_owned());
    value.map_err(serde::ser::Error::custom)?.serialize(serializer)
}

/// What changed at a switch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Switched {
    /// The version that answers.
    pub version: VersionNo,
    /// The version that answered before.
    pub from: Option<VersionNo>,
    /// The record from which on it answers.
    pub at: Position,
    /// For a rewind: since the cutover that it goes back behind.
    pub window: Option<Window>,
}

/// The positions between a cutover and its rewind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Window {
    /// The first position in it.
    pub first: Position,
    /// The last position in it.
    pub last: Position,
    /// Events in it.
    pub events: u64,
}

/// What the core answers. The position is that of the record that says so, or, where nothing was written,
/// the one that was decided at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[expect(missing_docs, reason = "the fields are the words of the glossary")]
pub enum Answer {
    /// The events are in the log.
    Published { events: Vec<Placed> },
    /// The version exists; `existed` if it did before. What becomes of its parent's event types, if it is new
    /// and has one.
    Registered { version: VersionNo, id: Digest, existed: bool, report: Option<Box<Report>> },
    /// A build was ordered.
    Building { version: VersionNo },
    /// A change is planned.
    Planned { plan: Box<Planned> },
    /// A candidate was compared; it may be taken live if nothing was found.
    Validated { evidence: EvidenceId, plan: PlanId, at: Position, findings: Vec<Finding> },
    /// A build waits until it is resumed.
    Paused { version: VersionNo },
    /// A build goes on.
    Resumed { version: VersionNo },
    /// A build ended without a generation, because somebody wanted it so.
    Abandoned { version: VersionNo },
    /// Another version answers.
    Switched(Switched),
    /// A rewind will take place when the generation is built.
    RewindPending { version: VersionNo, from: VersionNo },
    /// A generation is not kept any longer.
    Dropped { version: VersionNo },
    /// A record says so.
    Done { record: Position },
    /// These jobs are held until the moment given.
    Leased { lease: Option<Position>, until: Micros, jobs: Vec<LeasedJob> },
    /// The job is settled; when it comes again, if it was given back.
    Settled { job: Position, retry_at: Option<Micros>, dead: bool },
    /// Noted; nobody waits for more.
    Noted {},
}

/// What the core orders the node to do, once the batch is durable and applied.
#[derive(Debug)]
#[expect(missing_docs, reason = "the fields are the words of the glossary")]
pub enum Effect {
    /// Tell the caller.
    Answer { ticket: Ticket, outcome: Result<Answer, Refusal> },
    /// Build this version's generation in the shadow.
    StartBuild { version: VersionNo },
    /// Let this version's build wait.
    PauseBuild { version: VersionNo },
    /// Let this version's build go on.
    ResumeBuild { version: VersionNo },
    /// Nobody waits for this version's generation any longer.
    StopBuild { version: VersionNo },
    /// Another version answers from here on.
    ServeFrom { version: VersionNo, from: Position },
}

/// Figures about what has become of jobs, by queue.
pub type JobCounts = BTreeMap<Name, crate::ledger::QueueCounts>;
