//! Control records: what became true about the system.
//!
//! Their bodies are JSON with a `kind`, so that later kinds and fields need no new block format. A kind
//! that this program does not know stops the start: deciding without it would decide differently.

use selfsame_record::{Digest, Micros, Name, Position, TraySeq, VersionNo};
use selfsame_schema::Reading;
use serde::{Deserialize, Serialize};

use crate::budget::Budget;
use crate::change_id::{EvidenceId, Nonce, PlanId};
use crate::plans::{Planned, Validated};
use crate::probation::{ProbationStarted, SettledAs};
use crate::quarantine::Quarantine;

/// What a control record says. Fields are facts that were decided when it was written; a replay takes
/// them as they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the fields are the words of the glossary")]
pub enum Control {
    /// A schema version exists. The document is the canonical text.
    Registered { version: VersionNo, id: Digest, document: String },
    /// A shadow build was ordered.
    BuildStarted {
        version: VersionNo,
        #[serde(default, skip_serializing_if = "Budget::is_default")]
        budget: Budget,
    },
    /// A shadow build waits until it is resumed.
    BuildPaused { version: VersionNo },
    /// A shadow build goes on.
    BuildResumed { version: VersionNo },
    /// A shadow build ended without a generation.
    BuildFailed { version: VersionNo, reason: String },
    /// A generation is complete up to the record before this one, and is kept in step from here on.
    CandidateReady { version: VersionNo, digest: Digest },
    /// A change is planned.
    Planned(Planned),
    /// A candidate was compared with the active version.
    Validated(Validated),
    /// An operator agreed to a plan. Under a boundary, for as long as `until` says, on the word of `owner`.
    Approved {
        plan: PlanId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Micros>,
    },
    /// An operator did not agree to a plan.
    Rejected { plan: PlanId, reason: String },
    /// The candidate answers from this record on, decided upon this evidence for this plan and on these
    /// operators' word.
    CutOver {
        version: VersionNo,
        from: Option<VersionNo>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        plan: Option<PlanId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        evidence: Option<EvidenceId>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        approved_by: Vec<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        boundary: Option<Digest>,
    },
    /// The guarded time after a cutover begins.
    ProbationStarted(ProbationStarted),
    /// It was inconclusive and goes on, until that moment or so many events after its beginning.
    ProbationExtended { version: VersionNo, until: Micros, events: u64, readings: Vec<Reading> },
    /// A guard failed; the next record says what follows.
    GuardTripped { version: VersionNo, reading: Reading },
    /// The guarded time is over, and the version stays.
    Settled { version: VersionNo, outcome: SettledAs, readings: Vec<Reading> },
    /// A rewind was ordered to a version whose generation has to be built first.
    RewindRequested { version: VersionNo, from: VersionNo, reason: String },
    /// An earlier version answers again from this record on.
    Rewound { version: VersionNo, from: VersionNo, reason: String },
    /// A generation is not kept in step any longer.
    Dropped { version: VersionNo },
    /// A live generation is to be folded anew from the log, in the shadow.
    RepairStarted { version: VersionNo },
    /// What was folded anew is in the place of the live generation from here on. Both digests are of the record
    /// before this one; they are equal unless something was wrong.
    Repaired { version: VersionNo, digest: Digest, was: Digest },
    /// A repair ended without a generation.
    RepairFailed { version: VersionNo, reason: String },
    /// Events are set aside: generations that are ordered from here on leave them out.
    Quarantined(Quarantine),
    /// Events that were set aside come back.
    Released { quarantine: Position },
    /// Changes by agents are stopped.
    Frozen { reason: String },
    /// Changes by agents go on.
    Unfrozen { reason: String },
    /// The lowest version that may serve; none: any.
    FloorSet { version: Option<VersionNo> },
    /// A version may not serve until an operator says so.
    Sealed { version: VersionNo, reason: String },
    /// A sealed version may serve again.
    Unsealed { version: VersionNo },
    /// A version will never serve again.
    Retired { version: VersionNo },
    /// This boundary is in force from here on.
    BoundaryLoaded { hash: Digest, signer: String, instance: String, serial: u64 },
    /// No boundary is in force from here on: the engine was started without.
    BoundaryLifted {},
    /// An operator signed a command, and it is decided upon here; what follows from it are the next records.
    /// The text and the signature are kept, so that anybody can check them again.
    CommandTaken { nonce: Nonce, expires: Micros, nkey: String, command: String, signature: String },
    /// An agent may do more than propose again.
    BreakerReset { agent: String },
    /// Jobs are held by a worker until a moment. The lease's token is this record's position.
    Leased { queue: Name, jobs: Vec<Position>, until: Micros },
    /// A job was finished.
    JobDone { queue: Name, job: Position, lease: Position },
    /// A job was given back and is due again at a moment.
    JobFailed { queue: Name, job: Position, lease: Position, reason: String, retry_at: Micros },
    /// A job was given up: its attempts are used.
    JobDead { queue: Name, job: Position, reason: String },
    /// An event was not taken.
    EventRefused(EventRefused),
    /// A request of the control or job plane was not carried out.
    RequestRefused { verb: String, code: String, detail: String },
    /// More refusals than are recorded whole, since the last such record.
    RefusalsCounted { count: u64 },
}

/// An event that was not taken, as far as it could be read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EventRefused {
    /// The refusal's code.
    pub code: String,
    /// The refusal's sentence.
    pub detail: String,
    /// CloudEvents `type`, `source`, `id` and `subject`, where they could be read.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "type")]
    pub event_type: Option<String>,
    /// See above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// See above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// See above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The beginning of the data, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// Where in the in-tray it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tray: Option<TraySeq>,
}

impl Control {
    /// The record's body.
    pub fn to_json(&self) -> String {
        #[expect(clippy::expect_used, reason = "strings, numbers and lists always serialise")]
        serde_json::to_string(self).expect("a control record serialises")
    }

    /// Reads a record's body.
    ///
    /// # Errors
    ///
    /// If the kind or a field is not known here: a newer program wrote the log.
    pub fn parse(json: &str) -> Result<Control, serde_json::Error> {
        serde_json::from_str(json)
    }

    /// The kind, as it stands in the record.
    pub fn kind(&self) -> &'static str {
        match self {
            Control::Registered { .. } => "registered",
            Control::BuildStarted { .. } => "build-started",
            Control::BuildPaused { .. } => "build-paused",
            Control::BuildResumed { .. } => "build-resumed",
            Control::BuildFailed { .. } => "build-failed",
            Control::CandidateReady { .. } => "candidate-ready",
            Control::Planned(_) => "planned",
            Control::Validated(_) => "validated",
            Control::Approved { .. } => "approved",
            Control::Rejected { .. } => "rejected",
            Control::CutOver { .. } => "cut-over",
            Control::ProbationStarted(_) => "probation-started",
            Control::ProbationExtended { .. } => "probation-extended",
            Control::GuardTripped { .. } => "guard-tripped",
            Control::Settled { .. } => "settled",
            Control::RewindRequested { .. } => "rewind-requested",
            Control::Rewound { .. } => "rewound",
            Control::Dropped { .. } => "dropped",
            Control::RepairStarted { .. } => "repair-started",
            Control::Repaired { .. } => "repaired",
            Control::RepairFailed { .. } => "repair-failed",
            Control::Quarantined(_) => "quarantined",
            Control::Released { .. } => "released",
            Control::Frozen { .. } => "frozen",
            Control::Unfrozen { .. } => "unfrozen",
            Control::FloorSet { .. } => "floor-set",
            Control::Sealed { .. } => "sealed",
            Control::Unsealed { .. } => "unsealed",
            Control::Retired { .. } => "retired",
            Control::BoundaryLoaded { .. } => "boundary-loaded",
            Control::BoundaryLifted {} => "boundary-lifted",
            Control::CommandTaken { .. } => "command-taken",
            Control::BreakerReset { .. } => "breaker-reset",
            Control::Leased { .. } => "leased",
            Control::JobDone { .. } => "job-done",
            Control::JobFailed { .. } => "job-failed",
            Control::JobDead { .. } => "job-dead",
            Control::EventRefused(_) => "event-refused",
            Control::RequestRefused { .. } => "request-refused",
            Control::RefusalsCounted { .. } => "refusals-counted",
        }
    }

    /// Whether another version answers from this record on.
    pub fn is_switch(&self) -> bool {
        matches!(self, Control::CutOver { .. } | Control::Rewound { .. })
    }
}

#[cfg(test)]
mod tests {
    use selfsame_schema::{Class, GuardOutcome, Inconclusive, Readings};

    use super::*;
    use crate::plans::{Finding, RowsChanged, Rule};

    #[track_caller]
    fn check(control: &Control, json: &str) {
        assert_eq!(control.to_json(), json);
        assert_eq!(Control::parse(json).expect("reads back"), *control);
        assert!(json.contains(&format!(r#""kind":"{}""#, control.kind())));
    }

    /// The form is kept in logs: a line that changes here makes old logs unreadable.
    #[test]
    fn control_records_keep_their_form() {
        let v1 = VersionNo::FIRST;
        let v2 = VersionNo::parse("v2").expect("a version");
        let queue = Name::parse("mail").expect("a name");
        let at = Position::new(7);
        let digest = Digest([0xab; 32]);
        let id = "ab".repeat(32);
        check(
            &Control::Registered { version: v1, id: digest, document: "{}".into() },
            &format!(r#"{{"kind":"registered","version":"v1","id":"{id}","document":"{{}}"}}"#),
        );
        let budget = Budget::default();
        check(&Control::BuildStarted { version: v2, budget }, r#"{"kind":"build-started","version":"v2"}"#);
        check(
            &Control::BuildStarted { version: v2, budget: Budget::URGENT },
            r#"{"kind":"build-started","version":"v2","budget":{"share_percent":100}}"#,
        );
        check(&Control::BuildPaused { version: v2 }, r#"{"kind":"build-paused","version":"v2"}"#);
        check(&Control::BuildResumed { version: v2 }, r#"{"kind":"build-resumed","version":"v2"}"#);
        check(
            &Control::BuildFailed { version: v2, reason: "full".into() },
            r#"{"kind":"build-failed","version":"v2","reason":"full"}"#,
        );
        check(
            &Control::CandidateReady { version: v2, digest },
            &format!(r#"{{"kind":"candidate-ready","version":"v2","digest":"{id}"}}"#),
        );
        check(
            &Control::CutOver {
                version: v2,
                from: Some(v1),
                plan: None,
                evidence: None,
                approved_by: Vec::new(),
                boundary: None,
            },
            r#"{"kind":"cut-over","version":"v2","from":"v1"}"#,
        );
        check(
            &Control::CutOver {
                version: v2,
                from: Some(v1),
                plan: Some(PlanId(1)),
                evidence: Some(EvidenceId(2)),
                approved_by: vec!["ada".into()],
                boundary: None,
            },
            r#"{"kind":"cut-over","version":"v2","from":"v1","plan":"0000000000000001","evidence":"0000000000000002","approved_by":["ada"]}"#,
        );
        check(
            &Control::CutOver {
                version: v2,
                from: None,
                plan: None,
                evidence: None,
                approved_by: Vec::new(),
                boundary: Some(digest),
            },
            &format!(r#"{{"kind":"cut-over","version":"v2","from":null,"boundary":"{id}"}}"#),
        );
        check(
            &Control::BoundaryLoaded {
                hash: digest,
                signer: "O1".into(),
                instance: "shop".into(),
                serial: 3,
            },
            &format!(
                r#"{{"kind":"boundary-loaded","hash":"{id}","signer":"O1","instance":"shop","serial":3}}"#
            ),
        );
        check(&Control::BoundaryLifted {}, r#"{"kind":"boundary-lifted"}"#);
        check(
            &Control::CommandTaken {
                nonce: Nonce(1),
                expires: Micros(9),
                nkey: "U1".into(),
                command: "{}".into(),
                signature: "s".into(),
            },
            r#"{"kind":"command-taken","nonce":"0000000000000001","expires":9,"nkey":"U1","command":"{}","signature":"s"}"#,
        );
        let reading = Reading { guard: queue.clone(), outcome: GuardOutcome::NoData, detail: "d".into() };
        let started = ProbationStarted {
            version: v2,
            from: v1,
            until: Micros(9),
            events: 5,
            samples_min: 2,
            inconclusive: Inconclusive::Extend,
            extend_max: 3,
            before: Readings::default(),
        };
        check(
            &Control::ProbationStarted(started),
            r#"{"kind":"probation-started","version":"v2","from":"v1","until":9,"events":5,"samples_min":2,"inconclusive":"extend","extend_max":3,"before":{}}"#,
        );
        let readings = vec![reading.clone()];
        check(
            &Control::ProbationExtended {
                version: v2,
                until: Micros(9),
                events: 5,
                readings: readings.clone(),
            },
            r#"{"kind":"probation-extended","version":"v2","until":9,"events":5,"readings":[{"guard":"mail","outcome":"no-data","detail":"d"}]}"#,
        );
        check(
            &Control::GuardTripped { version: v2, reading },
            r#"{"kind":"guard-tripped","version":"v2","reading":{"guard":"mail","outcome":"no-data","detail":"d"}}"#,
        );
        check(
            &Control::Settled { version: v2, outcome: SettledAs::NoWayBack, readings: Vec::new() },
            r#"{"kind":"settled","version":"v2","outcome":"no-way-back","readings":[]}"#,
        );
        check(
            &Control::RewindRequested { version: v1, from: v2, reason: "x".into() },
            r#"{"kind":"rewind-requested","version":"v1","from":"v2","reason":"x"}"#,
        );
        check(
            &Control::Rewound { version: v1, from: v2, reason: "x".into() },
            r#"{"kind":"rewound","version":"v1","from":"v2","reason":"x"}"#,
        );
        check(&Control::Dropped { version: v2 }, r#"{"kind":"dropped","version":"v2"}"#);
        check(&Control::RepairStarted { version: v2 }, r#"{"kind":"repair-started","version":"v2"}"#);
        check(
            &Control::Repaired { version: v2, digest, was: digest },
            &format!(r#"{{"kind":"repaired","version":"v2","digest":"{id}","was":"{id}"}}"#),
        );
        check(
            &Control::RepairFailed { version: v2, reason: "x".into() },
            r#"{"kind":"repair-failed","version":"v2","reason":"x"}"#,
        );
        let events = selfsame_projections::Exclusion {
            from: at,
            to: Position::new(9),
            types: vec!["a.b".into()],
            principals: Vec::new(),
        };
        check(
            &Control::Quarantined(Quarantine { events, reason: "x".into() }),
            r#"{"kind":"quarantined","from":7,"to":9,"types":["a.b"],"reason":"x"}"#,
        );
        check(&Control::Released { quarantine: at }, r#"{"kind":"released","quarantine":7}"#);
        check(&Control::Frozen { reason: "x".into() }, r#"{"kind":"frozen","reason":"x"}"#);
        check(&Control::Unfrozen { reason: "x".into() }, r#"{"kind":"unfrozen","reason":"x"}"#);
        check(&Control::FloorSet { version: Some(v2) }, r#"{"kind":"floor-set","version":"v2"}"#);
        check(&Control::FloorSet { version: None }, r#"{"kind":"floor-set","version":null}"#);
        check(
            &Control::Sealed { version: v2, reason: "x".into() },
            r#"{"kind":"sealed","version":"v2","reason":"x"}"#,
        );
        check(&Control::Unsealed { version: v2 }, r#"{"kind":"unsealed","version":"v2"}"#);
        check(&Control::Retired { version: v2 }, r#"{"kind":"retired","version":"v2"}"#);
        check(&Control::BreakerReset { agent: "bot".into() }, r#"{"kind":"breaker-reset","agent":"bot"}"#);
        check(
            &Control::Approved { plan: PlanId(1), owner: None, until: None },
            r#"{"kind":"approved","plan":"0000000000000001"}"#,
        );
        check(
            &Control::Approved { plan: PlanId(1), owner: Some("ada".into()), until: Some(Micros(9)) },
            r#"{"kind":"approved","plan":"0000000000000001","owner":"ada","until":9}"#,
        );
        check(
            &Control::Rejected { plan: PlanId(1), reason: "x".into() },
            r#"{"kind":"rejected","plan":"0000000000000001","reason":"x"}"#,
        );
        let planned = Planned {
            plan: PlanId(1),
            version: v2,
            id: digest,
            base: Some(v1),
            base_since: at,
            class: Class::Lossy,
            approved: None,
            class_since_approved: Class::Breaking,
            rewind_loses: true,
            needs_approval: true,
            predicted: None,
            expires: Micros(9),
            boundary: None,
            owner: None,
            quorum: None,
        };
        check(
            &Control::Planned(planned),
            &format!(
                r#"{{"kind":"planned","plan":"0000000000000001","version":"v2","id":"{id}","base":"v1","base_since":7,"class":"lossy","approved":null,"class_since_approved":"breaking","rewind_loses":true,"needs_approval":true,"expires":9}}"#
            ),
        );
        let finding = Finding { rule: Rule::NoFailures, name: None, detail: "d".into() };
        let validated = Validated {
            evidence: EvidenceId(2),
            plan: PlanId(1),
            version: v2,
            built: at,
            at,
            digest,
            active: None,
            active_digest: None,
            projections: vec![RowsChanged {
                name: queue.clone(),
                added: 1,
                removed: 2,
                changed: 3,
                equal: 4,
            }],
            failures: 5,
            failures_skipped: false,
            findings: vec![finding],
            report: "{}".into(),
        };
        check(
            &Control::Validated(validated),
            &format!(
                r#"{{"kind":"validated","evidence":"0000000000000002","plan":"0000000000000001","version":"v2","built":7,"at":7,"digest":"{id}","active":null,"active_digest":null,"projections":[{{"name":"mail","added":1,"removed":2,"changed":3,"equal":4}}],"failures":5,"findings":[{{"rule":"no-failures","detail":"d"}}],"report":"{{}}"}}"#
            ),
        );
        check(
            &Control::Leased { queue: queue.clone(), jobs: vec![at], until: Micros(9) },
            r#"{"kind":"leased","queue":"mail","jobs":[7],"until":9}"#,
        );
        check(
            &Control::JobDone { queue: queue.clone(), job: at, lease: Position::new(8) },
            r#"{"kind":"job-done","queue":"mail","job":7,"lease":8}"#,
        );
        check(
            &Control::JobFailed {
                queue: queue.clone(),
                job: at,
                lease: at,
                reason: "x".into(),
                retry_at: Micros(9),
            },
            r#"{"kind":"job-failed","queue":"mail","job":7,"lease":7,"reason":"x","retry_at":9}"#,
        );
        check(
            &Control::JobDead { queue, job: at, reason: "x".into() },
            r#"{"kind":"job-dead","queue":"mail","job":7,"reason":"x"}"#,
        );
        let refused = EventRefused { code: "invalid-event".into(), ..EventRefused::default() };
        check(
            &Control::EventRefused(refused),
            r#"{"kind":"event-refused","code":"invalid-event","detail":""}"#,
        );
        check(
            &Control::RequestRefused { verb: "cutover".into(), code: "not-built".into(), detail: "d".into() },
            r#"{"kind":"request-refused","verb":"cutover","code":"not-built","detail":"d"}"#,
        );
        check(&Control::RefusalsCounted { count: 3 }, r#"{"kind":"refusals-counted","count":3}"#);
    }

    #[test]
    fn an_unknown_kind_is_an_error() {
        assert!(Control::parse(r#"{"kind":"unheard-of"}"#).is_err());
    }
}
