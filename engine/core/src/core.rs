//! The state machine that decides: which records follow from a request, given all records before it.
//!
//! [`Core::prepare`] decides on what waits and takes its own decisions in at once, so that the next
//! request of the same group commit is decided upon them. What readers see ([`Serving`]) follows only
//! when the records are durable. [`Core::replay`] takes in a log: the same records give the same state (P6).
//!
//! # Invariants
//!
//! 1. Positions are gapless and given here alone (P2).
//! 2. Everything that a decision reads came out of a record, or is in the request itself (P1).
//! 3. Time never goes back: a record's time is at least that of the record before.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use selfsame_projections::Plan;
use selfsame_record::{
    ArchivedBody, ArchivedRecord, Body, Digest, EventId, Micros, Name, Position, Record, VersionNo,
};
use selfsame_schema::{Registry, Version};
use thiserror::Error;

use crate::admission::{Admission, Admitted};
use crate::autonomy::Autonomy;
use crate::batch::Batch;
use crate::boundary::InForce;
use crate::brakes::Brakes;
use crate::checked::check_document;
use crate::command::Nonces;
use crate::control::Control;
use crate::ids::{Ids, Known};
use crate::input::{Effect, Input, Request};
use crate::ledger::Ledger;
use crate::lifecycle::Lifecycle;
use crate::limits::LEASE_JOBS_MAX;
use crate::plans::Plans;
use crate::probation::OnProbation;
use crate::quarantine::Quarantines;
use crate::quotas::Quotas;
use crate::refusal::Code;
use crate::refusals::Refusals;
use crate::serving::{Serving, Status};
use crate::tray::Tray;

/// The principal of records that the engine writes on its own account.
pub const ENGINE: &str = "selfsame";
/// Records that one tick writes at most.
const TICK_RECORDS_MAX: usize = 100;

/// What an operator sets and no record says.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How many earlier generations are kept in step for a warm rewind. More take memory and fold time;
    /// with none, every rewind is cold.
    pub standbys_max: usize,
}

/// Why a log cannot be taken in.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// A control record of a kind that is not known here.
    #[error("the control record {at} is not understood: a newer program wrote it; use that one")]
    UnknownControl {
        /// Its position.
        at: Position,
        /// What was wrong with it.
        source: serde_json::Error,
    },
    /// A registered document that does not pass here.
    #[error("{version}, registered at {at}, does not pass here: {problem}; use the program that wrote it")]
    Document {
        /// The record's position.
        at: Position,
        /// The version.
        version: VersionNo,
        /// The first thing wrong with it.
        problem: String,
    },
}

/// Everything that decisions are made by.
#[derive(Debug)]
pub struct Core {
    pub(crate) settings: Settings,
    pub(crate) head: Position,
    pub(crate) time: Micros,
    pub(crate) events: u64,
    pub(crate) registry: Arc<Registry>,
    pub(crate) plans: BTreeMap<VersionNo, Arc<Plan>>,
    pub(crate) life: Lifecycle,
    /// Shared with what readers see, so that a record which is about neither costs nothing.
    pub(crate) plans_made: Arc<Plans>,
    pub(crate) autonomy: Arc<Autonomy>,
    pub(crate) quotas: Quotas,
    pub(crate) quarantines: Quarantines,
    pub(crate) brakes: Brakes,
    pub(crate) probation: Option<OnProbation>,
    pub(crate) ids: Ids,
    pub(crate) tray: Tray,
    pub(crate) ledger: Ledger,
    pub(crate) refusals: Refusals,
    pub(crate) in_force: InForce,
    pub(crate) nonces: Nonces,
}

impl Core {
    /// The state of an empty log.
    pub fn new(settings: Settings) -> Core {
        Core {
            settings,
            head: Position::ZERO,
            time: Micros::default(),
            events: 0,
            registry: Arc::default(),
            plans: BTreeMap::new(),
            life: Lifecycle::default(),
            plans_made: Arc::default(),
            autonomy: Arc::default(),
            quotas: Quotas::default(),
            quarantines: Quarantines::default(),
            brakes: Brakes::default(),
            probation: None,
            ids: Ids::default(),
            tray: Tray::default(),
            ledger: Ledger::default(),
            refusals: Refusals::default(),
            in_force: InForce::default(),
            nonces: Nonces::default(),
        }
    }

    /// The last record that is taken in.
    pub fn head(&self) -> Position {
        self.head
    }

    /// The stages of all versions.
    pub fn lifecycle(&self) -> &Lifecycle {
        &self.life
    }

    /// Plans and the evidence for them.
    pub fn plans_made(&self) -> &Plans {
        &self.plans_made
    }

    /// What operators have forbidden.
    pub fn brakes(&self) -> &Brakes {
        &self.brakes
    }

    /// The boundary in force.
    pub fn in_force(&self) -> &InForce {
        &self.in_force
    }

    /// All versions.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// The compiled projections of a version.
    pub fn plan(&self, version: VersionNo) -> Option<&Arc<Plan>> {
        self.plans.get(&version)
    }

    /// What admission decides by, as of the head.
    pub fn admission(&self) -> Admission {
        let registry = Arc::clone(&self.registry);
        let boundary = Arc::new(self.in_force.clone());
        Admission { registry, live: self.life.live(), active: self.life.active(), boundary }
    }

    /// What readers are told of versions and jobs, as of the head.
    pub fn status(&self) -> Status {
        Status {
            admission: Arc::new(self.admission()),
            lifecycle: self.life.clone(),
            plans: Arc::clone(&self.plans_made),
            autonomy: Arc::clone(&self.autonomy),
            brakes: self.brakes.clone(),
            probation: self.probation.clone(),
            quarantines: self.quarantines.clone(),
            jobs: self.ledger.counts(),
            standbys_max: self.settings.standbys_max,
        }
    }

    /// A digest over everything that decisions are made by. Takes time with the number of events.
    pub fn digest(&self) -> Digest {
        let registry: Vec<String> = self.registry.versions().map(|v| v.id().to_string()).collect();
        let change = (&self.life, &*self.plans_made, &self.brakes, &self.probation, &*self.autonomy);
        let nonces: Vec<_> = self.nonces.keys().collect();
        let change = (change, &self.quotas, &self.quarantines, &self.in_force, nonces);
        let state = (&registry, change, &self.ledger, &self.tray, &self.refusals, self.head, self.time);
        #[expect(clippy::expect_used, reason = "lists, maps with text or number keys and numbers serialise")]
        let json = serde_json::to_vec(&state).expect("the state serialises");
        let events = self.events.to_le_bytes();
        Digest::of(&[&json, &self.ids.digest().digest().0, &events])
    }

    /// Decides on what waits, from the front, as far as it fits one group commit.
    ///
    /// `serving` is the folded state up to the head of the log; `now` is the clock of the node.
    pub fn prepare(&mut self, waiting: &mut VecDeque<Input>, now: Micros, serving: &Serving) -> Batch {
        let mut batch = Batch::default();
        let now = now.max(self.time);
        while let Some(input) = waiting.front() {
            let sharing = input.request.sharing();
            let (records, bytes) = size_of(&input.request);
            if !batch.admits(sharing, records, bytes) {
                break;
            }
            let Some(input) = waiting.pop_front() else { break };
            batch.join(sharing, bytes);
            self.decide(&mut batch, input, now, serving);
        }
        batch
    }

    fn decide(&mut self, batch: &mut Batch, input: Input, now: Micros, serving: &Serving) {
        let Input { ticket, principal, plane, request } = input;
        let verb = request.verb();
        let principal = principal.as_str();
        // A refused event has a record of its own kind.
        let note = !matches!(request, Request::Publish { .. } | Request::NoteRefused { .. });
        let outcome = self.carry_out(batch, (principal, plane), request, now, serving);
        if let Err(refusal) = &outcome
            && note
            // Nothing was decided: the document is checked again, and then it is.
            && refusal.code != Code::RegistryChanged
            && self.refusals.admit(principal, now)
        {
            let (code, detail) = (refusal.code.as_str().to_owned(), refusal.detail.clone());
            let refused = Control::RequestRefused { verb: verb.to_owned(), code, detail };
            self.write(batch, principal, refused, now);
        }
        batch.effects.push(Effect::Answer { ticket, outcome });
    }

    /// Writes the counts whose minute is over, as many as a tick may write; the next tick writes on.
    pub(crate) fn write_due_counts(&mut self, batch: &mut Batch, now: Micros) {
        for (principal, count) in self.refusals.due(now, TICK_RECORDS_MAX) {
            self.write(batch, &principal, Control::RefusalsCounted { count }, now);
        }
    }

    /// Writes a control record and takes it in.
    pub(crate) fn write(
        &mut self,
        batch: &mut Batch,
        principal: &str,
        control: Control,
        now: Micros,
    ) -> Position {
        let at = self.head.next();
        let body = Body::Control(control.to_json());
        let principal = principal.to_owned();
        #[expect(clippy::expect_used, reason = "what was decided upon was checked by the same code")]
        self.apply_control(at, now, &principal, &control).expect("a decision applies");
        batch.records.push(Record { position: at.get(), time_us: now.0, principal, body });
        at
    }

    /// Writes that a version exists and takes it in, checked as it is.
    pub(crate) fn write_registered(
        &mut self,
        batch: &mut Batch,
        principal: &str,
        (version, plan): (Arc<Version>, Plan),
        now: Micros,
    ) {
        let at = self.head.next();
        let (no, id, document) = (version.no(), version.id().0, version.canonical().to_owned());
        let control = Control::Registered { version: no, id, document };
        self.advance(at, now);
        self.take_in_version(at, no, version, plan);
        self.life.apply(at, &control, self.events);
        self.quotas.apply(principal, &control, now);
        let (body, principal) = (Body::Control(control.to_json()), principal.to_owned());
        batch.records.push(Record { position: at.get(), time_us: now.0, principal, body });
    }

    /// Writes an event and takes it in.
    pub(crate) fn write_event(
        &mut self,
        batch: &mut Batch,
        principal: &str,
        admitted: Admitted,
        now: Micros,
    ) -> Position {
        let at = self.head.next();
        let event = admitted.event;
        let id = EventId::of(principal, &event.source, &event.id);
        self.apply_event(at, now, id, event.fingerprint);
        if let Some(place) = event.tray {
            self.tray.insert(place);
        }
        let principal = principal.to_owned();
        batch.records.push(Record {
            position: at.get(),
            time_us: now.0,
            principal,
            body: Body::Event(event),
        });
        at
    }

    /// Takes in a record of the log.
    ///
    /// # Errors
    ///
    /// If a newer program wrote it.
    ///
    /// # Panics
    ///
    /// If the record is not the next one: logs hand out records gaplessly.
    pub fn replay(&mut self, record: &ArchivedRecord) -> Result<(), ReplayError> {
        let (at, time) = (record.at(), record.time());
        match &record.body {
            ArchivedBody::Event(event) => {
                let id = EventId::of(&record.principal, &event.source, &event.id);
                self.apply_event(at, time, id, event.fingerprint);
                if let Some(place) = event.tray.as_ref() {
                    let (stream, seq) = (place.stream.to_native(), place.seq.to_native());
                    self.tray.insert(selfsame_record::TraySeq { stream, seq });
                }
                Ok(())
            }
            ArchivedBody::Control(json) => {
                let control =
                    Control::parse(json).map_err(|source| ReplayError::UnknownControl { at, source })?;
                self.apply_control(at, time, &record.principal, &control)
            }
        }
    }

    fn advance(&mut self, at: Position, time: Micros) {
        assert_eq!(at, self.head.next(), "records are taken in one by one");
        assert!(time >= self.time, "the time of {at} is before that of {}", self.head);
        (self.head, self.time) = (at, time);
    }

    fn apply_event(&mut self, at: Position, time: Micros, id: EventId, fingerprint: [u8; 16]) {
        self.advance(at, time);
        self.events += 1;
        self.ids.insert(id, Known { at, fingerprint });
    }

    fn apply_control(
        &mut self,
        at: Position,
        time: Micros,
        principal: &str,
        control: &Control,
    ) -> Result<(), ReplayError> {
        self.advance(at, time);
        match control {
            Control::Registered { version, document, .. } => self.apply_registered(at, *version, document)?,
            Control::EventRefused(refused) => {
                if let Some(place) = refused.tray {
                    self.tray.insert(place);
                }
                self.refusals.apply(principal, time);
            }
            Control::RequestRefused { .. } => self.refusals.apply(principal, time),
            Control::CutOver { version, .. } | Control::Rewound { version, .. } => {
                self.ledger.switch(at, &self.queues(*version));
            }
            other => self.ledger.apply(at, other),
        }
        self.life.apply(at, control, self.events);
        if Plans::concerns(control) {
            Arc::make_mut(&mut self.plans_made).apply(at, time, principal, control);
        }
        if Autonomy::concerns(control) {
            let who = (principal, principal == ENGINE);
            Arc::make_mut(&mut self.autonomy).apply(who, control, (time, self.events), &self.plans_made);
        }
        self.brakes.apply(at, principal, control);
        self.in_force.apply(at, control);
        self.apply_nonce(principal, control, time);
        self.quotas.apply(principal, control, time);
        self.quarantines.apply(at, control);
        OnProbation::apply(&mut self.probation, at, control, self.events);
        Ok(())
    }

    fn apply_registered(
        &mut self,
        at: Position,
        version: VersionNo,
        document: &str,
    ) -> Result<(), ReplayError> {
        let (checked, plan) = check_document(&self.registry, document).map_err(|problems| {
            let problem = problems.first().map_or_else(String::new, ToString::to_string);
            ReplayError::Document { at, version, problem }
        })?;
        self.take_in_version(at, version, checked, plan);
        Ok(())
    }

    fn take_in_version(&mut self, at: Position, no: VersionNo, version: Arc<Version>, plan: Plan) {
        assert_eq!(version.no(), no, "{at} registers a version out of turn");
        self.in_force.see(&version);
        Arc::make_mut(&mut self.registry).insert(version);
        self.plans.insert(no, Arc::new(plan));
    }

    pub(crate) fn queues(&self, version: VersionNo) -> BTreeSet<Name> {
        self.plans
            .get(&version)
            .map(|plan| plan.queues().map(|(name, _)| name.clone()).collect())
            .unwrap_or_default()
    }
}

/// Records and bytes that a request adds at most, for events; other requests are small.
fn size_of(request: &Request) -> (usize, usize) {
    match request {
        Request::Publish { events } => (events.len(), events.iter().map(|e| e.bytes).sum()),
        Request::Tick => (TICK_RECORDS_MAX, 0),
        Request::Lease { max, .. } => (LEASE_JOBS_MAX.min(*max) + 1, 0),
        _ => (2, 0),
    }
}
