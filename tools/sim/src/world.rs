//! One simulated history, and the properties that hold after every step of it.
//!
//! - `acked_means_durable`: what was acknowledged is in the log, at the position that was named.
//! - `replay_matches_live`: after a crash the state, decided and folded, has the digests from before.
//! - `no_mixed_version_read`: what answers is of the active version, at the head, and has its shape.
//! - `rewind_equals_twin`: every live generation equals a twin that never knew another version.
//! - `a_rebase_keeps_both` and `forbidden_never_answers`: see `branches`.
//! - `jobs_finish_once`: no job is finished twice, and none is handed out after it was finished.

mod branches;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use selfsame_core::{
    Answer, Budget, Checked, Code, Compared, Control, Core, Draft, Drafted, Effect, EvidenceId, Input,
    LeasedJob, Order, PlanId, Plane, Quarantine, Reads, Refusal, Request, Serving, Settings, Stage, Ticket,
    recover,
};
use selfsame_log::{FaultyLog, Log, MemoryLog, Schedule};
use selfsame_projections::{Exclusion, Generation};
use selfsame_record::{Block, Body, EventId, Micros, Name, Position, Principal, VersionNo};
use selfsame_schema::{Class, Latencies};

use crate::documents::DOCUMENTS;
use crate::random::Random;
use crate::twin::{Twin, core_of};
use crate::world::branches::shape;

/// How often what runs into a flipped bit is read; the bit is in its place again at the next read.
const READS_MAX: usize = 10;
const SETTINGS: Settings = Settings { standbys_max: 1 };

/// What a history came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Report {
    /// Records in the log.
    pub records: u64,
    /// Events acknowledged.
    pub acked: u64,
    /// Requests refused.
    pub refused: u64,
    /// Changes of the active version.
    pub switches: u64,
    /// Jobs finished.
    pub jobs_done: u64,
    /// Crashes, with a recovery each.
    pub crashes: u64,
    /// Comparisons with a twin.
    pub twins: u64,
    /// Guards that tripped.
    pub trips: u64,
    /// Probations that ended without a rewind.
    pub settled: u64,
    /// Comparisons with a twin of which a projection is held by another generation as well.
    pub shared: u64,
    /// Generations that were folded anew and put in the place of live ones.
    pub repaired: u64,
    /// Versions that were written against another one and registered.
    pub rebased: u64,
    /// Versions that could not be.
    pub conflicts: u64,
    /// Requests refused because the version may not serve.
    pub forbidden: u64,
}

/// A property that did not hold.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The history's seed.
    pub seed: u64,
    /// The step after which it was seen.
    pub step: u64,
    /// The property and what was found.
    pub what: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {:#x}, step {}: {}", self.seed, self.step, self.what)
    }
}

impl std::error::Error for Failure {}

struct World {
    random: Random,
    log: FaultyLog<MemoryLog>,
    core: Core,
    serving: Serving,
    now: Micros,
    waiting: VecDeque<Input>,
    asked: BTreeMap<Ticket, Asked>,
    next_ticket: u64,
    /// Of plans and evidence.
    last_id: u64,
    /// Where the guards of a probation were evaluated last.
    probed: Position,
    builds: Vec<Generation>,
    acked: BTreeMap<EventId, Position>,
    held: Vec<(Name, Position, LeasedJob)>,
    done: BTreeSet<(Name, Position)>,
    report: Report,
}

/// What the world remembers of a request, to judge the answer by.
enum Asked {
    Events(Vec<EventId>),
    Lease(Name),
    Ack(Name, Position),
    Rebased,
    Else,
}

/// Runs the history of `seed` for `steps` steps.
///
/// # Errors
///
/// The first property that does not hold.
pub fn run(seed: u64, steps: u64) -> Result<Report, Failure> {
    let mut world = World::new(seed);
    for step in 0..steps {
        world.step().map_err(|what| Failure { seed, step, what })?;
    }
    world
        .crash()
        .and_then(|()| world.check_twins())
        .and_then(|()| world.a_tripped_guard_rewinds_next())
        .map_err(|what| Failure { seed, step: steps, what })?;
    world.report.records = world.core.head().get();
    Ok(world.report)
}

impl World {
    fn new(seed: u64) -> World {
        let random = Random::new(seed);
        let log = FaultyLog::new(MemoryLog::new(), Schedule::seeded(seed, 40));
        World {
            random,
            log,
            core: Core::new(SETTINGS),
            serving: Serving::default(),
            now: Micros(1_700_000_000_000_000),
            waiting: VecDeque::new(),
            asked: BTreeMap::new(),
            next_ticket: 1,
            last_id: 0,
            probed: Position::ZERO,
            builds: Vec::new(),
            acked: BTreeMap::new(),
            held: Vec::new(),
            done: BTreeSet::new(),
            report: Report::default(),
        }
    }

    fn step(&mut self) -> Result<(), String> {
        self.now = self.now.plus_ms(self.random.below(3_000));
        for _ in 0..=self.random.below(6) {
            self.ask_something()?;
        }
        while !self.waiting.is_empty() {
            self.commit()?;
        }
        self.advance_builds()?;
        self.no_mixed_version_read()?;
        self.forbidden_never_answers()?;
        if self.random.below(60) == 0 {
            self.crash()?;
        }
        if self.random.below(120) == 0 {
            self.check_twins()?;
        }
        Ok(())
    }

    fn ask_something(&mut self) -> Result<(), String> {
        match self.random.below(41) {
            0 => self.register(),
            40 => self.rebase()?,
            1..=3 => self.change(),
            4..=6 => self.lease(),
            7..=10 => self.settle_job(),
            11 => self.ask(Request::Tick, Asked::Else),
            _ => self.publish(),
        }
        Ok(())
    }

    fn ask(&mut self, request: Request, asked: Asked) {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        self.asked.insert(ticket, asked);
        let plane = if matches!(request, Request::Operator(_)) { Plane::Operator } else { Plane::Open };
        self.waiting.push_back(Input { ticket, principal: web(), plane, request });
    }

    fn register(&mut self) {
        let next = self.core.registry().versions().count();
        let again = usize::try_from(self.random.below(next as u64 + 1)).unwrap_or(0);
        if let Some(document) = DOCUMENTS.get(again) {
            let checked = Checked::of(self.core.registry(), &**self.serving.samples(), document);
            self.ask(Request::Register { checked }, Asked::Else);
        }
    }

    fn some_version(&mut self) -> Option<VersionNo> {
        let all = self.core.registry().versions().count();
        // Mostly one of the documents: they differ in more than the branches do.
        let among = if self.random.below(4) == 0 { all } else { all.min(DOCUMENTS.len()) };
        let registered = among as u64;
        u32::try_from(self.random.below(registered) + 1)
            .ok()
            .and_then(VersionNo::new)
            .filter(|_| registered > 0)
    }

    fn change(&mut self) {
        let Some(version) = self.some_version() else { return };
        let expected = self.core.lifecycle().active();
        let request = match self.random.below(16) {
            0..=3 => Request::Build { version, budget: Budget::default() },
            4..=6 => {
                self.prove(version);
                let evidence = Some(EvidenceId(self.last_id));
                Request::Cutover { version, expected, evidence }
            }
            7..=8 => Request::Rewind { version, expected: None, reason: "for a reason".to_owned() },
            9 => Request::Drop { version },
            10..=11 => Request::Pause { version },
            12 => Request::Resume { version },
            13 => Request::Operator(self.quarantine_or_repair(version)),
            14 => self.forbid(version),
            _ => Request::Abandon { version, reason: String::new() },
        };
        self.ask(request, Asked::Else);
    }

    /// Sets some events aside, lets some come back, or has a version folded anew.
    fn quarantine_or_repair(&mut self, version: VersionNo) -> Order {
        let head = self.core.head().get();
        let status = self.core.status();
        let set_aside: Vec<Position> = status.quarantines.in_force().map(|(at, _)| at).collect();
        match self.random.below(3) {
            0 => {
                let from = 1 + self.random.below(head.max(1));
                let to = (from + self.random.below(30)).min(head);
                let types =
                    if self.random.below(2) == 0 { vec![] } else { vec!["user.logged-in".to_owned()] };
                let (from, to) = (Position::new(from), Position::new(to));
                let events = Exclusion { from, to, types, principals: vec![] };
                Order::Quarantine { quarantine: Quarantine { events, reason: String::new() } }
            }
            1 if !set_aside.is_empty() => {
                let quarantine = self.random.pick(&set_aside).copied().unwrap_or(Position::ZERO);
                Order::Release { quarantine }
            }
            _ => Order::Repair { version },
        }
    }

    /// Plans a change and hands in a comparison, as the node does; the cutover after it names it.
    fn prove(&mut self, version: VersionNo) {
        self.last_id += 1;
        let (plan, evidence) = (PlanId(self.last_id), EvidenceId(self.last_id));
        let drafted = Drafted {
            plan,
            version,
            base: self.core.lifecycle().active(),
            approved: self.core.plans_made().approved(),
            class: Class::Additive,
            class_since_approved: Class::Additive,
            rewind_loses: false,
            predicted: None,
            ttl_ms: 60_000,
        };
        self.ask(Request::Plan { drafted }, Asked::Else);
        let digest = |version| self.serving.generation(version).map(Generation::digest).unwrap_or_default();
        let compared = Compared {
            evidence,
            plan,
            at: self.serving.position(),
            digest: digest(version),
            active: self.serving.active().map(|active| (active, digest(active))),
            projections: Vec::new(),
            failures: self.random.below(8) / 7,
            skip_failures: false,
            report: String::from("{}"),
        };
        self.ask(Request::Validate { compared }, Asked::Else);
    }

    /// One to three events of a live version, now and then repeated, contradicted or invalid.
    fn publish(&mut self) {
        let admission = self.core.admission();
        let Some(version) = self.random.pick(&admission.live).copied() else { return };
        let count = 1 + self.random.below(3);
        let drafts: Vec<Draft> = (0..count).map(|_| self.draft(version)).collect();
        let admitted: Result<Vec<_>, Refusal> =
            drafts.iter().map(|draft| admission.admit(draft, None, None)).collect();
        if let Ok(events) = admitted {
            let ids = events.iter().map(|e| EventId::of("web", &e.event.source, &e.event.id)).collect();
            self.ask(Request::Publish { events }, Asked::Events(ids));
        }
    }

    fn draft(&mut self, version: VersionNo) -> Draft {
        let user = format!("u{}", self.random.below(12));
        let number = self.random.below(400);
        let seconds = self.random.below(1000);
        let (event_type, data) = match self.random.below(10) {
            0..=3 => {
                let shape = shape(self.core.registry(), version);
                ("user.registered", registered(shape, &user, number))
            }
            4..=7 => ("user.logged-in", format!(r#"{{"user_id":"{user}","seconds":{seconds}}}"#)),
            8 => ("user.deleted", format!(r#"{{"user_id":"{user}"}}"#)),
            _ if number.is_multiple_of(2) => {
                let given = if number.is_multiple_of(4) { "coupon.given" } else { "badge.given" };
                (given, format!(r#"{{"user_id":"{user}"}}"#))
            }
            _ => ("plan.chosen", format!(r#"{{"user_id":"{user}","plan":"p{number}"}}"#)),
        };
        let id = self.random.below(5_000).to_string();
        let named = [
            ("specversion", "1.0"),
            ("type", event_type),
            ("source", "/sim"),
            ("id", &id),
            ("dataschema", &version.to_string()),
        ];
        let attributes =
            named.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Draft { attributes, data: data.into_bytes() }
    }

    fn lease(&mut self) {
        let name = self
            .random
            .pick(&["welcome", "welcome", "welcome", "invoice", "goodbye"])
            .copied()
            .unwrap_or("welcome");
        if let Ok(queue) = Name::parse(name) {
            let max = 1 + usize::try_from(self.random.below(4)).unwrap_or(0);
            self.ask(Request::Lease { queue: queue.clone(), max }, Asked::Lease(queue));
        }
    }

    fn settle_job(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let index = usize::try_from(self.random.below(self.held.len() as u64)).unwrap_or(0);
        let (queue, lease, leased) = self.held.swap_remove(index);
        let job = leased.job;
        if self.random.below(4) == 0 {
            let reason = "did not work".to_owned();
            self.ask(Request::Nack { queue, job, lease, reason }, Asked::Else);
        } else {
            self.ask(Request::Ack { queue: queue.clone(), job, lease }, Asked::Ack(queue, job));
        }
    }

    /// One group commit, as the node does it; a failed append is a crash.
    fn commit(&mut self) -> Result<(), String> {
        let batch = self.core.prepare(&mut self.waiting, self.now, &self.serving);
        if !batch.records.is_empty() {
            let block = Block::pack(&batch.records);
            if self.log.append(&block).is_err() {
                self.waiting.clear();
                return self.recover_from_log();
            }
            let control = batch.records.iter().any(|r| matches!(r.body, Body::Control(_)));
            let status = control.then(|| self.core.status());
            let view = Block::view(block.as_bytes()).map_err(|e| e.to_string())?;
            self.serving.commit(view.records(), batch.adopt, status);
        }
        batch.effects.into_iter().try_for_each(|effect| self.perform(effect))?;
        self.probe();
        Ok(())
    }

    /// While a version is on probation its guards are evaluated after every commit.
    fn probe(&mut self) {
        let head = self.core.head();
        if self.core.on_probation().is_none() || self.probed == head {
            return;
        }
        self.probed = head;
        let (ticket, plane, request) =
            (Ticket(0), Plane::Operator, Request::Probe { latency: Latencies::default() });
        self.waiting.push_front(Input { ticket, principal: web(), plane, request });
    }

    fn perform(&mut self, effect: Effect) -> Result<(), String> {
        match effect {
            Effect::Answer { ticket, outcome } => self.answered(ticket, outcome)?,
            Effect::StartBuild { version } => {
                let generation = match self.core.lifecycle().repairing().contains(&version) {
                    true => self.core.new_shadow(version),
                    false => self.core.new_generation_beside(version, &self.serving),
                };
                self.builds.extend(generation);
            }
            // A build looks at its stage before each step.
            Effect::PauseBuild { .. } | Effect::ResumeBuild { .. } => {}
            Effect::StopBuild { version } => self.builds.retain(|g| g.version() != version),
            Effect::ServeFrom { from, .. } => {
                self.report.switches += 1;
                if from > self.serving.position() {
                    return Err(format!("no_mixed_version_read: {from} serves before it is applied"));
                }
            }
        }
        Ok(())
    }

    fn answered(&mut self, ticket: Ticket, outcome: Result<Answer, Refusal>) -> Result<(), String> {
        let Some(asked) = self.asked.remove(&ticket) else { return Ok(()) };
        let answer = match outcome {
            Ok(answer) => answer,
            Err(refusal) if matches!(asked, Asked::Rebased) && refusal.code == Code::InvalidDocument => {
                return Err(format!("a_rebase_keeps_both: {refusal}"));
            }
            Err(refusal) => {
                self.report.refused += 1;
                self.report.forbidden += u64::from(matches!(refusal.code, Code::Sealed | Code::Retired));
                return Ok(());
            }
        };
        match (asked, answer) {
            (Asked::Events(ids), Answer::Published { events }) => {
                self.report.acked += events.len() as u64;
                self.acked.extend(ids.into_iter().zip(events.iter().map(|e| e.position)));
            }
            (Asked::Lease(queue), Answer::Leased { lease: Some(lease), jobs, .. }) => {
                for leased in jobs {
                    if self.done.contains(&(queue.clone(), leased.job)) {
                        return Err(format!("jobs_finish_once: {queue} {} came again", leased.job));
                    }
                    self.held.push((queue.clone(), lease, leased));
                }
            }
            (Asked::Rebased, Answer::Registered { existed: false, .. }) => self.report.rebased += 1,
            (Asked::Ack(queue, job), Answer::Settled { .. }) => {
                if !self.done.insert((queue.clone(), job)) {
                    return Err(format!("jobs_finish_once: {queue} {job} was finished twice"));
                }
                self.report.jobs_done += 1;
            }
            _ => {}
        }
        Ok(())
    }

    /// Builders fold a few records at a time; one that reaches the head hands over.
    fn advance_builds(&mut self) -> Result<(), String> {
        for mut generation in std::mem::take(&mut self.builds) {
            let stage = self.core.lifecycle().stage(generation.version());
            if matches!(stage, Some(Stage::Building { paused: true, .. })) {
                self.builds.push(generation);
                continue;
            }
            let until = generation.position().get() + 1 + self.random.below(200);
            let until = Position::new(until.min(self.core.head().get()));
            self.fold_until(&mut generation, until)?;
            if generation.position() < self.core.head() {
                self.builds.push(generation);
                continue;
            }
            let generation = Box::new(generation);
            self.ask(Request::Candidate { generation }, Asked::Else);
            self.commit()?;
        }
        Ok(())
    }

    fn fold_until(&self, generation: &mut Generation, until: Position) -> Result<(), String> {
        let (registry, kinds) = (self.core.registry(), self.serving.kinds());
        let mut reads = Reads::default();
        reads.learn(generation, &kinds.since(0), registry);
        for span in kinds.spans(generation.position().next(), until, &reads, usize::MAX) {
            if generation.position().next() < span.first {
                generation.skip_to(Position::new(span.first.get() - 1));
            }
            let mut read = || {
                self.log.scan(generation.position().next(), &mut |records| {
                    let wanted = records.iter().take_while(|r| r.at() <= span.last);
                    wanted.for_each(|record| selfsame_core::fold(generation, record, registry));
                    ControlFlow::Continue(())
                })
            };
            // A flipped bit is seen once and gone when the block is read again.
            let outcome = (1..READS_MAX).fold(read(), |outcome, _| outcome.or_else(|_| read()));
            outcome.map_err(|e| e.to_string())?;
        }
        if generation.position() < until {
            generation.skip_to(until);
        }
        Ok(())
    }

    fn no_mixed_version_read(&self) -> Result<(), String> {
        let fault = |what: String| Err(format!("no_mixed_version_read: {what}"));
        let active = self.core.lifecycle().active();
        if self.serving.active() != active {
            return fault(format!("{:?} answers, {active:?} is active", self.serving.active()));
        }
        let Some(version) = active else { return Ok(()) };
        let Some(generation) = self.serving.active_generation() else {
            return fault(format!("{version} is active and has no generation"));
        };
        if generation.version() != version || generation.position() != self.serving.position() {
            return fault(format!("{} at {}", generation.version(), generation.position()));
        }
        let column = match shape(self.core.registry(), version) {
            1 => "\"name\"",
            _ => "\"given\"",
        };
        let Some(cache) = generation.cache("profile") else { return fault("no cache".to_owned()) };
        for user in 0..12 {
            let row = cache.get(&format!("u{user}")).map(|row| row.to_json()).unwrap_or_default();
            let registered = row.contains("mail\"");
            if registered && !row.contains(column) {
                return fault(format!("a row of another shape at {version}: {row}"));
            }
        }
        Ok(())
    }

    fn crash(&mut self) -> Result<(), String> {
        self.report.crashes += 1;
        let decided = self.core.digest();
        let folded: Vec<_> = self.serving.generations().map(|(v, g)| (v, g.digest())).collect();
        let seen = (self.serving.census().clone(), Arc::clone(self.serving.samples()));
        let kinds = self.serving.kinds().clone();
        self.recover_from_log()?;
        if self.core.digest() != decided {
            return Err("replay_matches_live: what is decided by differs after a crash".to_owned());
        }
        if seen != (self.serving.census().clone(), Arc::clone(self.serving.samples())) {
            return Err("replay_matches_live: census or samples differ after a crash".to_owned());
        }
        if self.serving.kinds() != &kinds {
            return Err("replay_matches_live: the index of kinds differs after a crash".to_owned());
        }
        let again: Vec<_> = self.serving.generations().map(|(v, g)| (v, g.digest())).collect();
        if again != folded {
            return Err(format!("replay_matches_live: {folded:?} before the crash, {again:?} after"));
        }
        Ok(())
    }

    fn recover_from_log(&mut self) -> Result<(), String> {
        self.log.reopen();
        let log = &self.log;
        let mut scan = |visit: &mut selfsame_core::Visit<'_>| log.scan(Position::ZERO.next(), visit);
        let mut start = || recover(SETTINGS, &mut scan);
        let recovered = (1..READS_MAX).fold(start(), |outcome, _| outcome.or_else(|_| start()));
        (self.core, self.serving) = recovered.map_err(|e| e.to_string())?;
        self.asked.clear();
        let building = self.core.lifecycle().building();
        self.builds =
            building.into_iter().filter_map(|v| self.core.new_generation_beside(v, &self.serving)).collect();
        let repairing = self.core.lifecycle().repairing().iter();
        self.builds.extend(repairing.filter_map(|version| self.core.new_shadow(*version)));
        self.acked_means_durable()
    }

    fn acked_means_durable(&self) -> Result<(), String> {
        let mut found = BTreeMap::new();
        self.read_all(&mut |record| {
            found.extend(record.event_id().map(|id| (id, record.at())));
            Ok(())
        })?;
        match self.acked.iter().find(|(id, at)| found.get(id) != Some(at)) {
            Some((_, at)) => Err(format!("acked_means_durable: the event at {at} is gone")),
            None => Ok(()),
        }
    }

    fn is_sharing(&self, version: VersionNo) -> bool {
        let own = self.serving.generation(version);
        let others = self.serving.generations().filter(|(other, _)| *other != version);
        own.is_some_and(|own| others.into_iter().any(|(_, other)| own.shares(other, "sessions")))
    }

    fn check_twins(&mut self) -> Result<(), String> {
        let versions: Vec<VersionNo> = self.serving.generations().map(|(version, _)| version).collect();
        for version in versions {
            self.report.twins += 1;
            self.report.shared += u64::from(self.is_sharing(version));
            let core = self.core_again()?;
            let mut twin = Twin::new(core, version).map_err(|e| e.to_string())?;
            self.read_all(&mut |record| twin.follow(record).map_err(|e| e.to_string()))?;
            let digest = self.serving.generation(version).map(Generation::digest);
            if digest != Some(twin.generation().digest()) {
                return Err(format!("rewind_equals_twin: {version} differs from a twin that never changed"));
            }
        }
        Ok(())
    }

    /// A guard that trips is a record, and the next record goes back or says that there is no way back.
    fn a_tripped_guard_rewinds_next(&mut self) -> Result<(), String> {
        let mut tripped = None;
        let (mut trips, mut settled, mut repaired) = (0, 0, 0);
        self.read_all(&mut |record| {
            let selfsame_record::ArchivedBody::Control(json) = &record.body else {
                return match tripped {
                    Some(at) => Err(format!("a_tripped_guard_rewinds_next: an event follows on {at}")),
                    None => Ok(()),
                };
            };
            let control = Control::parse(json).map_err(|e| e.to_string())?;
            settled += u64::from(matches!(control, Control::Settled { .. }));
            // With a quarantine or a release before it the two digests are to differ.
            repaired += u64::from(matches!(control, Control::Repaired { .. }));
            if let Some(at) = tripped.take() {
                let back = ["rewound", "rewind-requested", "settled"].contains(&control.kind());
                if !back {
                    return Err(format!("a_tripped_guard_rewinds_next: {} follows on {at}", control.kind()));
                }
            }
            if matches!(control, Control::GuardTripped { .. }) {
                tripped = Some(record.at());
                trips += 1;
            }
            Ok(())
        })?;
        (self.report.trips, self.report.settled, self.report.repaired) = (trips, settled, repaired);
        Ok(())
    }

    fn core_again(&self) -> Result<Core, String> {
        let mut core = core_of(&mut std::iter::empty()).map_err(|e| e.to_string())?;
        self.read_all(&mut |record| core.replay(record).map_err(|e| e.to_string()))?;
        Ok(core)
    }

    /// Shows every record once; a read that runs into a flipped bit begins again where it stopped.
    fn read_all(
        &self,
        visit: &mut dyn FnMut(&selfsame_record::ArchivedRecord) -> Result<(), String>,
    ) -> Result<(), String> {
        let mut next = Position::ZERO.next();
        for _ in 0..READS_MAX {
            let mut failed = Ok(());
            let read = self.log.scan(next, &mut |records| {
                failed = records.iter().try_for_each(|record| {
                    next = record.at().next();
                    visit(record)
                });
                if failed.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            });
            failed?;
            if read.is_ok() {
                return Ok(());
            }
        }
        Err(format!("the log could not be read in {READS_MAX} tries"))
    }
}

fn web() -> Principal {
    #[expect(clippy::expect_used, reason = "a constant")]
    Principal::parse("web").expect("a principal")
}

/// A registration as a producer of a version of that shape writes it, now and then with a key that nobody knows.
fn registered(shape: u32, user: &str, number: u64) -> String {
    let name = format!("n{number}");
    let unknown = if number.is_multiple_of(5) { r#","referrer":"x""# } else { "" };
    let fields = match shape {
        1 => format!(r#""email":"{name}@x","given_name":"{name}","age":{number}"#),
        2 => format!(r#""email":"{name}@x","name":{{"given":"{name}"}},"locale":"de""#),
        _ => format!(r#""mail":"{name}@x","name":{{"given":"{name}"}},"locale":"fr""#),
    };
    format!(r#"{{"user_id":"{user}",{fields}{unknown}}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histories_of_many_seeds_keep_every_property() {
        let mut total = Report::default();
        for seed in 0..40 {
            match run(seed, 200) {
                Ok(report) => {
                    total.switches += report.switches;
                    total.jobs_done += report.jobs_done;
                    total.crashes += report.crashes;
                    total.twins += report.twins;
                    total.shared += report.shared;
                    total.acked += report.acked;
                    total.refused += report.refused;
                    total.trips += report.trips;
                    total.settled += report.settled;
                    total.repaired += report.repaired;
                    total.rebased += report.rebased;
                    total.conflicts += report.conflicts;
                    total.forbidden += report.forbidden;
                }
                Err(failure) => panic!("{failure}"),
            }
        }
        let seen = [total.switches, total.jobs_done, total.crashes, total.twins, total.shared];
        let seen = seen.into_iter().chain([total.acked, total.refused]).collect::<Vec<u64>>();
        assert!(seen.iter().all(|count| *count > 20), "the histories are not varied enough: {total:?}");
        assert!(total.trips > 1 && total.settled > 1, "probations end one way alone: {total:?}");
        assert!(total.repaired > 10, "hardly anything is folded anew: {total:?}");
        assert!(total.rebased > 10, "hardly anything is rebased: {total:?}");
        assert!(total.conflicts > 0, "what is rebased never conflicts: {total:?}");
        assert!(total.forbidden > 1, "hardly anything may not serve: {total:?}");
    }
}
