//! The state: all projections of one version, folded from the log up to a position.
//!
//! # Invariants
//!
//! 1. Records come one after the other, none left out (P2): [`Generation::fold`] asserts it.
//! 2. The state depends on the events and on nothing else (P6): not on positions, control records beside
//!    [`Generation::finish_job`], the order of a hash table, or the moment of settling.
//! 3. A projection that two versions read alike may be held by both generations; one of them folds it,
//!    while the others leave it out ([`Lent`]). What is read from either is the same.
//! 4. An event that fails in one projection changes nothing in it, and all others fold it. An event that
//!    the lens cannot express changes nothing at all. An event of a type that no projection reads is not
//!    looked at, so that passing it over is the same ([`Generation::skip_to`]).

use std::collections::BTreeSet;
use std::sync::Arc;

use indexmap::IndexMap;
use selfsame_record::{ArchivedRecord, Digest, Name, Position, VersionNo};
use selfsame_schema::{Registry, Version};
use serde::Serialize;

use crate::arrival::{Arrival, Arrivals};
use crate::cache::Cache;
use crate::event::EventRead;
use crate::exclusion::Exclusion;
use crate::plan::{Plan, ProjectionKind};
use crate::queue::Queue;
use crate::side::Side;
use crate::skipped::{Reason, Skipped};
use crate::table::Change;
use crate::touched::Touched;
use crate::unit::{State, Unit};
use crate::view::View;

/// A projection's state that another generation holds as well. While it is held twice nobody folds it.
#[derive(Debug)]
pub struct Lent(Arc<Unit>);

/// One line of [`Generation::report`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProjectionReport {
    /// The projection's name.
    pub name: Name,
    /// What it is.
    pub kind: ProjectionKind,
    /// Objects, rows or pending jobs.
    pub rows: u64,
    /// About how many bytes they take in memory.
    pub bytes: u64,
    /// The digest over them.
    pub digest: Digest,
}

/// All projections of one version, materialised.
#[derive(Debug)]
pub struct Generation {
    version: Arc<Version>,
    plan: Arc<Plan>,
    position: Position,
    /// In the order of the plan's projections; none for one that another generation folds.
    units: Vec<Option<Arc<Unit>>>,
    /// By the name that the writer's version has for the type.
    arrivals: IndexMap<Box<str>, Arrivals>,
    /// Events that it leaves out; fixed before the first record.
    pub(crate) exclusions: Arc<[Exclusion]>,
    /// Events of types that the version does not know, or that no lens leads to.
    skipped: Skipped,
    scratch: Vec<(u16, Change)>,
    /// How many watch what the folds touch.
    watchers: usize,
}

impl Generation {
    /// The state before the first record.
    pub fn new(version: Arc<Version>, plan: Arc<Plan>) -> Generation {
        let units = plan.projections.iter().map(|plan| Some(Arc::new(Unit::new(plan)))).collect();
        Generation {
            version,
            plan,
            position: Position::ZERO,
            units,
            arrivals: IndexMap::new(),
            exclusions: Arc::default(),
            skipped: Skipped::default(),
            scratch: vec![],
            watchers: 0,
        }
    }

    /// The version that it is a state of.
    pub fn version(&self) -> VersionNo {
        self.version.no()
    }

    /// The version as events are decoded by it.
    pub(crate) fn decoded_as(&self) -> &Arc<Version> {
        &self.version
    }

    /// The compiled projections.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// The last record that it was folded from.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Whether folding an event of this type, written in this version, could change or note anything: a
    /// projection reads it, or the version cannot take it in.
    pub fn reads(&mut self, event_type: &str, writer: u32, registry: &Registry) -> bool {
        let Generation { version, plan, arrivals, units, .. } = self;
        match Arrivals::way(arrivals, (event_type, writer), (version, plan), registry) {
            Ok(arrival) => arrival.routes.iter().any(|route| is_here(units, route.projection)),
            Err(_) => true,
        }
    }

    /// Whether it folds queues, which the outcomes of jobs are for.
    pub fn has_queues(&self) -> bool {
        self.units.iter().flatten().any(|unit| matches!(unit.state, State::Queue(_)))
    }

    /// Passes over records that it does not read, up to and with one.
    ///
    /// # Panics
    ///
    /// If it is not behind [`Generation::position`].
    pub fn skip_to(&mut self, position: Position) {
        let (no, at) = (self.version.no(), self.position);
        assert!(position > at, "{no} at {at} cannot skip to {position}");
        self.position = position;
    }

    /// Folds the next record: an event through the lens into every projection that reads its type. A
    /// control record only moves the position, and so does an event that no projection reads.
    ///
    /// # Panics
    ///
    /// If it is not the record after [`Generation::position`].
    pub fn fold(&mut self, record: &ArchivedRecord, registry: &Registry) {
        let (at, next) = (record.at(), self.position.next());
        assert!(at == next, "{} at {} cannot fold {at}", self.version.no(), self.position);
        self.position = at;
        let Some(event) = record.event() else {
            return;
        };
        if self.exclusions.iter().any(|exclusion| exclusion.covers(record)) {
            return;
        }
        let Generation { version, plan, units, arrivals, skipped, scratch, .. } = self;
        let event_type = event.event_type.as_str();
        let writer = event.version.to_native();
        let way = Arrivals::way(arrivals, (event_type, writer), (version, plan), registry);
        let Arrival { decoder, routes } = match way {
            Ok(arrival) => arrival,
            Err(reason) => {
                let detail = || (*reason == Reason::NoLens).then(|| format!("it was written in v{writer}"));
                return skipped.note(event_type, None, *reason, at, detail);
            }
        };
        if !routes.iter().any(|route| is_here(units, route.projection)) {
            return;
        }
        let here = decoder.event_type().as_str();
        match decoder.decode(&event.row) {
            Ok(decoded) => {
                let read = EventRead { record, event, decoded: &decoded, event_type: here };
                for route in &**routes {
                    if let Some(unit) = unit_mut(units, route.projection) {
                        unit.fold(route, read, scratch);
                    }
                }
            }
            Err(error) => {
                for route in &**routes {
                    if let Some(unit) = unit_mut(units, route.projection) {
                        unit.note_inexpressible((event_type, here), at, || Some(error.to_string()));
                    }
                }
            }
        }
    }

    /// The job from this source has its outcome: it is done, or dead. The core calls this for a control
    /// record that was just folded; a job that is not pending here is none of this version.
    ///
    /// # Panics
    ///
    /// If the source is behind the last folded record.
    pub fn finish_job(&mut self, queue: &str, source: Position) {
        assert!(source <= self.position, "a job from {source} finished at {}", self.position);
        if let Some(unit) = self.find(queue).and_then(|at| unit_mut(&mut self.units, at)) {
            unit.finish(source);
        }
    }

    /// Brings digests and indexes up to date, at the end of a batch. Whoever reads before it gets the same
    /// answers, more slowly.
    pub fn settle(&mut self) {
        for at in 0..self.units.len() {
            if let Some(unit) = unit_mut(&mut self.units, at) {
                unit.settle();
            }
        }
    }

    /// Notes from here on which rows the folds touch. Several may watch, and each ends it once. What is
    /// noted is shared: one takes it ([`Generation::take_touched`]) and hands it on.
    pub fn watch(&mut self) {
        self.watchers += 1;
        self.align_notes();
    }

    /// One who watched does so no longer; after the last one nothing is noted, and what was not taken is
    /// forgotten.
    ///
    /// # Panics
    ///
    /// If nobody watches.
    pub fn unwatch(&mut self) {
        assert!(self.watchers > 0, "nobody watches {}", self.version.no());
        self.watchers -= 1;
        self.align_notes();
    }

    /// Whether somebody watches.
    pub fn is_watched(&self) -> bool {
        self.watchers > 0
    }

    /// Has what is noted follow from who watches, in every projection that nobody else holds at the moment.
    /// For the others it is called again when they were left out elsewhere.
    pub fn align_notes(&mut self) {
        let watched = self.is_watched();
        for unit in self.units.iter_mut().flatten().filter_map(Arc::get_mut) {
            unit.note_touched(watched);
        }
    }

    /// Notes which rows of this projection the next folds touch, for somebody who watches another generation
    /// that holds it, too.
    ///
    /// # Panics
    ///
    /// If the other generation did not leave it out.
    pub fn note_for_another(&mut self, projection: &str) {
        if let Some(unit) = self.find(projection).and_then(|at| unit_mut(&mut self.units, at)) {
            unit.note_touched(true);
        }
    }

    /// What folds touched since this was last taken, by projection and then in order; a key may stand there
    /// more than once. Empty if nobody watches.
    pub fn take_touched(&mut self) -> Vec<Touched> {
        let mut all = vec![];
        for (projection, unit) in self.units.iter_mut().enumerate() {
            if let Some(unit) = unit.as_mut().and_then(Arc::get_mut) {
                all.extend(unit.take_touched().into_iter().map(|key| Touched { projection, key }));
            }
        }
        all
    }

    /// Leaves a projection out: another generation folds it.
    pub fn leave_out(&mut self, projection: &str) {
        self.set(projection, None);
    }

    /// Gives a projection's state to be held by another generation too, if it has it.
    pub fn lend(&self, projection: &str) -> Option<Lent> {
        self.unit(projection).map(|unit| Lent(Arc::clone(unit)))
    }

    /// Holds a projection's state with the generation that lent it, until it is left out again.
    pub fn borrow(&mut self, projection: &str, lent: Lent) {
        self.set(projection, Some(lent.0));
    }

    /// The projections that are left out.
    pub fn left_out(&self) -> impl Iterator<Item = &Name> {
        let units = self.plan.projections.iter().zip(&self.units);
        units.filter(|(_, unit)| unit.is_none()).map(|(plan, _)| &plan.name)
    }

    /// Whether both hold one and the same state of a projection.
    pub fn shares(&self, other: &Generation, projection: &str) -> bool {
        let both = self.unit(projection).zip(other.unit(projection));
        both.is_some_and(|(own, other)| Arc::ptr_eq(own, other))
    }

    /// About how many bytes the projections that are not left out take in memory.
    pub fn bytes(&self) -> u64 {
        self.units.iter().flatten().map(|unit| unit.bytes()).sum::<usize>() as u64
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.plan.projections.binary_search_by(|plan| plan.name.as_str().cmp(name)).ok()
    }

    fn unit(&self, name: &str) -> Option<&Arc<Unit>> {
        self.units.get(self.find(name)?)?.as_ref()
    }

    fn set(&mut self, name: &str, unit: Option<Arc<Unit>>) {
        if let Some(place) = self.find(name).and_then(|at| self.units.get_mut(at)) {
            *place = unit;
        }
    }

    fn state(&self, name: &str) -> Option<&State> {
        self.unit(name).map(|unit| &unit.state)
    }

    /// What the projection at this place of the plan holds.
    pub(crate) fn side(&self, place: usize) -> Option<Side<'_>> {
        self.units.get(place)?.as_ref().map(|unit| match &unit.state {
            State::Cache(Cache { table }) | State::View(View { table }) => Side::Table(table),
            State::Queue(queue) => Side::Queue(queue),
        })
    }

    /// The cache with this name.
    pub fn cache(&self, name: &str) -> Option<&Cache> {
        if let Some(State::Cache(cache)) = self.state(name) { Some(cache) } else { None }
    }

    /// The view with this name.
    pub fn view(&self, name: &str) -> Option<&View> {
        if let Some(State::View(view)) = self.state(name) { Some(view) } else { None }
    }

    /// The queue with this name.
    pub fn queue(&self, name: &str) -> Option<&Queue> {
        if let Some(State::Queue(queue)) = self.state(name) { Some(queue) } else { None }
    }

    /// How many objects, rows or pending jobs each projection has, by name.
    pub fn sizes(&self) -> impl Iterator<Item = (Name, u64)> {
        let units = self.plan.projections.iter().zip(&self.units);
        units.filter_map(|(plan, unit)| Some((plan.name.clone(), unit.as_ref()?.len() as u64)))
    }

    /// Each projection's size and digest, by name.
    ///
    /// # Panics
    ///
    /// If a projection is left out: what is not all there is not reported.
    pub fn report(&self) -> Vec<ProjectionReport> {
        let whole = self.left_out().next().is_none();
        assert!(whole, "{} is reported without its lent projections", self.version.no());
        let units = self.plan.projections.iter().zip(self.units.iter().flatten());
        let line = units.map(|(plan, unit)| {
            let (rows, bytes, digest) = (unit.len() as u64, unit.bytes() as u64, unit.digest());
            ProjectionReport { name: plan.name.clone(), kind: plan.kind, rows, bytes, digest }
        });
        line.collect()
    }

    /// The digest of the whole state: of name, kind and digest of each projection. Equal states have equal
    /// digests, whatever their version and position.
    pub fn digest(&self) -> Digest {
        let report = self.report();
        let parts = report
            .iter()
            .flat_map(|line| [line.name.as_str().as_bytes(), line.kind.as_str().as_bytes(), &line.digest.0]);
        Digest::of(&parts.collect::<Vec<_>>())
    }

    /// The events that this version could not take in.
    pub fn skipped(&self) -> Skipped {
        let mut skipped = self.skipped.clone();
        self.unit_notes().for_each(|notes| skipped.absorb(notes));
        skipped
    }

    /// How many times an event was skipped; one that two projections skipped counts twice.
    pub fn skipped_count(&self) -> u64 {
        self.skipped.count() + self.unit_notes().map(Skipped::count).sum::<u64>()
    }

    /// What the projections noted. Whoever reads a type notes the same events that the lens did not express,
    /// so one of them is enough.
    fn unit_notes(&self) -> impl Iterator<Item = &Skipped> {
        let mut types: BTreeSet<&str> = BTreeSet::new();
        self.units.iter().flatten().flat_map(move |unit| {
            let once = unit.inexpressible.iter().filter(|(here, _)| types.insert(here));
            let once: Vec<&Skipped> = once.map(|(_, notes)| notes).collect();
            std::iter::once(&unit.skipped).chain(once)
        })
    }
}

fn is_here(units: &[Option<Arc<Unit>>], at: usize) -> bool {
    units.get(at).is_some_and(Option::is_some)
}

/// A unit to fold; none if it is left out.
///
/// # Panics
///
/// If another generation holds it, too: one of them has to leave it out meanwhile.
fn unit_mut(units: &mut [Option<Arc<Unit>>], at: usize) -> Option<&mut Unit> {
    let unit = units.get_mut(at)?.as_mut()?;
    #[expect(clippy::expect_used, reason = "whoever lends leaves out in all generations but one")]
    Some(Arc::get_mut(unit).expect("a projection is folded by one generation"))
}
