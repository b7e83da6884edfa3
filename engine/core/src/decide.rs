//! What each request leads to. One function per request; all of them only read, until they write.

use std::collections::BTreeMap;

use selfsame_record::{Event, EventId, Micros, Name, Position, VersionNo};

use crate::admission::{Admitted, no_active_version};
use crate::batch::Batch;
use crate::budget::Budget;
use crate::checked::{Accepted, Checked};
use crate::control::{Control, EventRefused};
use crate::core::Core;
use crate::input::{Answer, Effect, LeasedJob, Placed, Plane, Request, Switched, Window};
use crate::limits::{LEASE_JOBS_MAX, REASON_BYTES_MAX, REFUSED_DATA_BYTES_MAX, VERSIONS_MAX};
use crate::quotas::{Counted, admit_plan};
use crate::refusal::{Code, Refusal};
use crate::serving::Serving;

impl Core {
    pub(crate) fn carry_out(
        &mut self,
        batch: &mut Batch,
        asked: (&str, Plane),
        request: Request,
        now: Micros,
        serving: &Serving,
    ) -> Result<Answer, Refusal> {
        self.carry_out_signed(batch, asked, request, now, serving, None)
    }

    /// `signed_until`: when the signed command expires that orders it.
    pub(crate) fn carry_out_signed(
        &mut self,
        batch: &mut Batch,
        (principal, plane): (&str, Plane),
        request: Request,
        now: Micros,
        serving: &Serving,
        signed_until: Option<Micros>,
    ) -> Result<Answer, Refusal> {
        self.within_boundary(principal, plane, &request)?;
        if plane == Plane::Open && request.is_change() {
            self.brakes.may_change()?;
            self.within_quota(principal, &request, now)?;
        }
        if request.tray().is_some_and(|place| self.tray.contains(place)) {
            return Ok(Answer::Noted {});
        }
        match request {
            Request::Publish { events } => self.publish(batch, principal, events, now),
            Request::NoteRefused { refused, refusal } => {
                Err(self.note_refused(batch, principal, refused, refusal, now))
            }
            Request::Register { checked } => self.register(batch, (principal, plane), checked, now),
            Request::Build { version, budget } => self.build(batch, principal, version, budget, now),
            Request::Pause { version } => {
                let record = self.life.pause(version)?;
                self.steer(batch, principal, record, now);
                Ok(Answer::Paused { version })
            }
            Request::Resume { version } => {
                let record = self.life.resume(version)?;
                self.steer(batch, principal, record, now);
                Ok(Answer::Resumed { version })
            }
            Request::Abandon { version, reason } => {
                let record = self.life.abandon(version, &bounded(&reason, REASON_BYTES_MAX))?;
                self.steer(batch, principal, record, now);
                Ok(Answer::Abandoned { version })
            }
            Request::Candidate { generation } => {
                self.candidate(batch, principal, *generation, now, serving);
                Ok(Answer::Noted {})
            }
            Request::BuildFailed { version, reason } => {
                if self.life.building().contains(&version) {
                    self.write(batch, principal, Control::BuildFailed { version, reason }, now);
                } else if self.life.repairing().contains(&version) {
                    self.write(batch, principal, Control::RepairFailed { version, reason }, now);
                }
                Ok(Answer::Noted {})
            }
            Request::Plan { drafted } => self.plan_change(batch, principal, drafted, now),
            Request::Validate { compared } => self.validate(batch, principal, compared, now),
            Request::Cutover { version, expected, evidence } => {
                self.cutover(batch, (principal, plane), (version, expected), evidence, now, serving)
            }
            Request::Rewind { version, expected, reason } => {
                self.brakes.may_serve(version)?;
                let reason = bounded(&reason, REASON_BYTES_MAX);
                let standbys_max = self.settings.standbys_max;
                let records = self.life.rewind(version, expected, &reason, standbys_max)?;
                Ok(self.change(batch, principal, records, now))
            }
            Request::Drop { version } => {
                let record = self.life.drop_generation(version)?;
                Ok(self.change(batch, principal, vec![record], now))
            }
            Request::Retire { version } => self.retire(batch, principal, version, now),
            Request::Operator(order) => {
                assert_eq!(plane, Plane::Operator, "an order came in on the open plane");
                self.obey(batch, principal, order, now, signed_until)
            }
            Request::Command { signed } => {
                assert_eq!(plane, Plane::Operator, "a command came in on the open plane");
                self.command(batch, *signed, now, serving)
            }
            Request::Bound { boundary } => self.bind(batch, principal, boundary, now),
            Request::NoteCounted { principal, count } => {
                self.write(batch, principal.as_str(), Control::RefusalsCounted { count }, now);
                Ok(Answer::Noted {})
            }
            Request::Lease { queue, max } => self.lease(batch, principal, queue, max, now, serving),
            Request::Ack { queue, job, lease } => self.ack(batch, principal, &queue, job, lease, now),
            Request::Nack { queue, job, lease, reason } => {
                self.nack(batch, principal, &queue, job, lease, &reason, now)
            }
            Request::Probe { latency } => Ok(self.probe(batch, principal, latency, now, serving)),
            Request::Tick => {
                self.write_due_counts(batch, now);
                self.bring_all_in_line(batch, principal, now);
                Ok(Answer::Noted {})
            }
        }
    }

    /// Sees that an agent has not used up what it may do, and may do more than propose if it wants to.
    fn within_quota(&self, principal: &str, request: &Request, now: Micros) -> Result<(), Refusal> {
        match request {
            Request::Register { .. } => self.quotas.admit(principal, Counted::Registrations, now),
            Request::Plan { .. } => {
                self.quotas.admit(principal, Counted::Plans, now)?;
                admit_plan(&self.plans_made, principal, now)
            }
            Request::Resume { .. } | Request::Retire { .. } => self.autonomy.may_act(principal, now),
            Request::Build { .. } => {
                self.autonomy.may_act(principal, now)?;
                self.quotas.admit_build(principal)
            }
            Request::Cutover { .. } => {
                self.autonomy.may_act(principal, now)?;
                self.quotas.admit(principal, Counted::Cutovers, now)
            }
            _ => Ok(()),
        }
    }

    /// All events or none: first every one is decided upon, then the new ones are written.
    fn publish(
        &mut self,
        batch: &mut Batch,
        principal: &str,
        events: Vec<Admitted>,
        now: Micros,
    ) -> Result<Answer, Refusal> {
        if let Some((admitted, refusal)) = self.find_refused(principal, &events) {
            let refused = self.refused_event(&admitted.event, &refusal);
            return Err(self.note_refused(batch, principal, refused, refusal, now));
        }
        let placed = events.into_iter().map(|admitted| self.place(batch, principal, admitted, now));
        Ok(Answer::Published { events: placed.collect() })
    }

    fn place(&mut self, batch: &mut Batch, principal: &str, admitted: Admitted, now: Micros) -> Placed {
        let id = EventId::of(principal, &admitted.event.source, &admitted.event.id);
        match self.ids.get(id) {
            Some(known) => Placed { position: known.at, duplicate: true },
            None => Placed { position: self.write_event(batch, principal, admitted, now), duplicate: false },
        }
    }

    /// The first event that cannot be taken: its version was dropped since admission, or its id stands for
    /// another content.
    fn find_refused<'a>(&self, principal: &str, events: &'a [Admitted]) -> Option<(&'a Admitted, Refusal)> {
        let mut fresh: BTreeMap<EventId, [u8; 16]> = BTreeMap::new();
        for admitted in events {
            let event = &admitted.event;
            if let Err(refusal) = self.still_may_publish(principal, admitted) {
                return Some((admitted, refusal));
            }
            let version = VersionNo::new(event.version);
            let stage = version.and_then(|version| self.life.stage(version));
            if !stage.is_some_and(crate::lifecycle::Stage::is_live) {
                return Some((admitted, self.admission().not_live(version.unwrap_or(VersionNo::FIRST))));
            }
            let id = EventId::of(principal, &event.source, &event.id);
            let known = self.ids.get(id);
            let said = known.map(|known| known.fingerprint).or_else(|| fresh.get(&id).copied());
            if said.is_some_and(|fingerprint| fingerprint != event.fingerprint) {
                return Some((admitted, id_reused(known.map(|k| k.at), &event.source, &event.id)));
            }
            fresh.insert(id, event.fingerprint);
        }
        None
    }

    /// What is kept of an event that passed admission and was refused in the order of the log.
    fn refused_event(&self, event: &Event, refusal: &Refusal) -> EventRefused {
        let version = VersionNo::new(event.version).and_then(|version| self.registry.version(version));
        let shape = version.and_then(|version| version.event(&event.event_type));
        EventRefused {
            code: refusal.code.as_str().to_owned(),
            detail: refusal.detail.clone(),
            event_type: Some(event.event_type.clone()),
            source: Some(event.source.clone()),
            id: Some(event.id.clone()),
            subject: Some(event.key.clone()),
            data: shape.map(|shape| bounded(&shape.write_json(&event.row), REFUSED_DATA_BYTES_MAX)),
            tray: event.tray,
        }
    }

    fn note_refused(
        &mut self,
        batch: &mut Batch,
        principal: &str,
        refused: EventRefused,
        refusal: Refusal,
        now: Micros,
    ) -> Refusal {
        // Beyond the limit a message of the in-tray is counted too, and not named by any record: a crash before
        // its acknowledgement counts it twice, which is better than a log that a flood can fill.
        if self.refusals.admit(principal, now) {
            self.write(batch, principal, Control::EventRefused(refused), now);
        }
        refusal
    }

    fn register(
        &mut self,
        batch: &mut Batch,
        (principal, plane): (&str, Plane),
        checked: Checked,
        now: Micros,
    ) -> Result<Answer, Refusal> {
        let Accepted { version, plan, report } = checked.against(&self.registry)?;
        self.may_register((principal, plane), &version)?;
        let (no, id) = (version.no(), version.id().0);
        if let Some(known) = self.registry.find(&version.id()) {
            return Ok(Answer::Registered { version: known.no(), id, existed: true, report });
        }
        let registered = self.registry.versions().count();
        if registered >= VERSIONS_MAX {
            let detail = format!("{registered} versions are registered, the limit is {VERSIONS_MAX}");
            return Err(Refusal::new(Code::TooManyVersions, detail));
        }
        self.write_registered(batch, principal, (version, plan), now);
        Ok(Answer::Registered { version: no, id, existed: false, report })
    }

    fn build(
        &mut self,
        batch: &mut Batch,
        principal: &str,
        version: VersionNo,
        budget: Budget,
        now: Micros,
    ) -> Result<Answer, Refusal> {
        self.brakes.may_serve(version)?;
        let record = self.life.build(version, budget)?;
        self.write(batch, principal, record, now);
        batch.effects.push(Effect::StartBuild { version });
        Ok(Answer::Building { version })
    }

    /// Writes what somebody wants of a build that is under way, if it is not so already.
    fn steer(&mut self, batch: &mut Batch, principal: &str, record: Option<Control>, now: Micros) {
        let Some(record) = record else { return };
        batch.effects.extend(match record {
            Control::BuildPaused { version } => Some(Effect::PauseBuild { version }),
            Control::BuildResumed { version } => Some(Effect::ResumeBuild { version }),
            Control::BuildFailed { version, .. } => Some(Effect::StopBuild { version }),
            _ => None,
        });
        self.write(batch, principal, record, now);
    }

    /// # Panics
    ///
    /// If the generation is not complete up to the head: the node folds the tail before it hands it over.
    fn candidate(
        &mut self,
        batch: &mut Batch,
        principal: &str,
        mut generation: selfsame_projections::Generation,
        now: Micros,
        serving: &Serving,
    ) {
        assert_eq!(generation.position(), self.head, "a candidate is complete up to the head");
        let version = generation.version();
        let awaited = self.life.is_building(version) || self.life.repairing().contains(&version);
        if *generation.exclusions() != self.quarantines.of_ordered(version) {
            // It was folded by an older order, which left out something else.
            batch.effects.extend(awaited.then_some(Effect::StartBuild { version }));
            return;
        }
        if !serving.fill(&mut generation) {
            // Who had what it left out was dropped meanwhile, so it is built again, with that in it.
            batch.effects.extend(self.life.is_building(version).then_some(Effect::StartBuild { version }));
            return;
        }
        let was = serving.generation(version).map(selfsame_projections::Generation::digest);
        let Some(records) = self.life.ready(version, generation.digest(), was) else { return };
        batch.adopt = Some(generation);
        self.change(batch, principal, records, now);
        self.bring_all_in_line(batch, principal, now);
    }

    /// Writes life-cycle records, with the effects that follow from them. Answers for the first that says
    /// what became of the request.
    pub(crate) fn change(
        &mut self,
        batch: &mut Batch,
        principal: &str,
        records: Vec<Control>,
        now: Micros,
    ) -> Answer {
        let mut answer = Answer::Noted {};
        for record in records {
            let window = self.window(&record);
            let at = self.write(batch, principal, record.clone(), now);
            let said = match record {
                Control::CutOver { version, from, .. } => {
                    batch.effects.push(Effect::ServeFrom { version, from: at });
                    Answer::Switched(Switched { version, from, at, window })
                }
                Control::Rewound { version, from, .. } => {
                    batch.effects.push(Effect::ServeFrom { version, from: at });
                    Answer::Switched(Switched { version, from: Some(from), at, window })
                }
                Control::RewindRequested { version, from, .. } => Answer::RewindPending { version, from },
                Control::BuildStarted { version, .. } => {
                    batch.effects.push(Effect::StartBuild { version });
                    Answer::Building { version }
                }
                Control::BuildResumed { version } => {
                    batch.effects.push(Effect::ResumeBuild { version });
                    Answer::Resumed { version }
                }
                Control::Dropped { version } => {
                    batch.effects.push(Effect::StopBuild { version });
                    Answer::Dropped { version }
                }
                _ => Answer::Noted {},
            };
            if answer == (Answer::Noted {}) {
                answer = said;
            }
        }
        answer
    }

    /// For a rewind: the positions since the target last stopped answering.
    fn window(&self, record: &Control) -> Option<Window> {
        let Control::Rewound { version, .. } = record else { return None };
        let left = self.life.switches().iter().rev().find(|switch| switch.from == Some(*version))?;
        let events = self.events - left.events_before;
        Some(Window { first: left.at, last: self.head, events })
    }

    fn lease(
        &mut self,
        batch: &mut Batch,
        principal: &str,
        queue: Name,
        max: usize,
        now: Micros,
        serving: &Serving,
    ) -> Result<Answer, Refusal> {
        let active = self.life.active().ok_or_else(no_active_version)?;
        let plan = self.queue_plan(active, &queue)?;
        let generation = serving.generation(active).and_then(|g| g.queue(queue.as_str()));
        let pending = generation.ok_or_else(|| unknown_queue(active, &queue))?;
        let max = max.clamp(1, LEASE_JOBS_MAX);
        let leasing = self.ledger.lease(queue.as_str(), pending, &plan, max, now);
        for job in leasing.dead {
            let reason = format!("{} attempts were used, the last lease ran out", plan.attempts);
            self.write(batch, principal, Control::JobDead { queue: queue.clone(), job, reason }, now);
        }
        let until = now.plus_ms(plan.lease_ms);
        if leasing.jobs.is_empty() {
            return Ok(Answer::Leased { lease: None, until, jobs: Vec::new() });
        }
        let input = |job| pending.get(job).map(|input| String::from(&*input.json)).unwrap_or_default();
        let leased = leasing.jobs.iter().map(|&(job, attempt)| LeasedJob { job, attempt, input: input(job) });
        let leased: Vec<LeasedJob> = leased.collect();
        let jobs = leasing.jobs.iter().map(|&(job, _)| job).collect();
        let lease = self.write(batch, principal, Control::Leased { queue, jobs, until }, now);
        Ok(Answer::Leased { lease: Some(lease), until, jobs: leased })
    }

    fn ack(
        &mut self,
        batch: &mut Batch,
        principal: &str,
        queue: &Name,
        job: Position,
        lease: Position,
        now: Micros,
    ) -> Result<Answer, Refusal> {
        if let Some(record) = self.ledger.ack(queue, job, lease)? {
            self.write(batch, principal, record, now);
        }
        Ok(Answer::Settled { job, retry_at: None, dead: false })
    }

    #[expect(clippy::too_many_arguments, reason = "they are the fields of one request")]
    fn nack(
        &mut self,
        batch: &mut Batch,
        principal: &str,
        queue: &Name,
        job: Position,
        lease: Position,
        reason: &str,
        now: Micros,
    ) -> Result<Answer, Refusal> {
        let active = self.life.active().ok_or_else(no_active_version)?;
        let plan = self.queue_plan(active, queue)?;
        let record = self.ledger.nack(queue, job, lease, &bounded(reason, REASON_BYTES_MAX), &plan, now)?;
        let (retry_at, dead) = match &record {
            Control::JobFailed { retry_at, .. } => (Some(*retry_at), false),
            _ => (None, true),
        };
        self.write(batch, principal, record, now);
        Ok(Answer::Settled { job, retry_at, dead })
    }

    fn queue_plan(
        &self,
        active: VersionNo,
        queue: &Name,
    ) -> Result<selfsame_projections::QueuePlan, Refusal> {
        let plans = self.plans.get(&active);
        let found = plans.and_then(|plan| plan.queues().find(|(name, _)| *name == queue));
        found.map(|(_, plan)| *plan).ok_or_else(|| unknown_queue(active, queue))
    }
}

fn id_reused(at: Option<Position>, source: &str, id: &str) -> Refusal {
    let place = at.map_or_else(|| "in this unit".to_owned(), |at| format!("at {at}"));
    let detail = format!("id `{id}` of source `{source}` was used {place} for another content");
    Refusal::new(Code::IdReused, detail)
        .next("give each event an id of its own")
        .field("position", at.map(Position::get))
}

fn unknown_queue(active: VersionNo, queue: &Name) -> Refusal {
    Refusal::new(Code::UnknownProjection, format!("{active} has no job queue `{queue}`"))
        .next(format!("see its projections with `selfsame version show {active}`"))
}

/// Cuts a caller's words to the limit, at a character.
pub(crate) fn bounded(text: &str, bytes_max: usize) -> String {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}
