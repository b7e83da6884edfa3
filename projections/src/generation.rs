//! The state: all projections of one version, folded from the log up to a position.
//!
//! # Invariants
//!
//! 1. Records come one after the other, none left out (P2): [`Generation::fold`] asserts it.
//! 2. The state depends on the events and on nothing else (P6): not on positions, control records beside
//!    [`Generation::finish_job`], the order of a hash table, or the moment of settling.
//! 3. An event that fails in one projection changes nothing in it, and all others fold it. An event that
//!    the lens cannot express changes nothing at all. An event of a type that no projection reads is not
//!    looked at, so that passing it over is the same ([`Generation::skip_to`]).

use std::sync::Arc;

use indexmap::IndexMap;
use selfsame_record::{ArchivedRecord, Digest, Name, Position, VersionNo};
use selfsame_schema::{Decoder, Registry, Version};
use serde::Serialize;

use crate::cache::Cache;
use crate::event::EventRead;
use crate::index::Index;
use crate::plan::{Plan, ProjectionKind, ProjectionPlan, Route};
use crate::queue::{self, Queue};
use crate::reduction::{self, Reduction};
use crate::side::Side;
use crate::skipped::{Reason, Skipped};
use crate::table::{Change, Table};
use crate::touched::{Key, Touched};
use crate::view::View;

#[derive(Debug)]
enum State {
    Cache(Cache),
    View(View),
    Queue(Queue),
}

/// How events of one type arrive here, by writer's version, as far as one was met. What a registry once said
/// about two of its versions stays, so the answer that there is no way is kept too.
#[derive(Debug, Default)]
pub(crate) struct Arrivals(Vec<(u32, Result<Arrival, Reason>)>);

/// The way of an event type from a writer's version: through the lenses, to what reads it under the name
/// that it has here.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) decoder: Arc<Decoder>,
    pub(crate) routes: Arc<[Route]>,
}

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
    /// In the order of the plan's projections.
    states: Vec<State>,
    /// By the name that the writer's version has for the type.
    arrivals: IndexMap<Box<str>, Arrivals>,
    skipped: Skipped,
    scratch: Vec<(u16, Change)>,
    /// How many watch what the folds touch.
    watchers: usize,
}

impl Generation {
    /// The state before the first record.
    pub fn new(version: Arc<Version>, plan: Arc<Plan>) -> Generation {
        let states = plan.projections.iter().map(new_state).collect();
        Generation {
            version,
            plan,
            position: Position::ZERO,
            states,
            arrivals: IndexMap::new(),
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
        let Generation { version, plan, arrivals, .. } = self;
        match Arrivals::way(arrivals, (event_type, writer), (version, plan), registry) {
            Ok(arrival) => !arrival.routes.is_empty(),
            Err(_) => true,
        }
    }

    /// Whether it has queues, which the outcomes of jobs are for.
    pub fn has_queues(&self) -> bool {
        self.plan.queues().next().is_some()
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
        let Generation { version, plan, states, arrivals, skipped, scratch, .. } = self;
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
        if routes.is_empty() {
            return;
        }
        let decoded = match decoder.decode(&event.row) {
            Ok(decoded) => decoded,
            Err(error) => {
                return skipped.note(event_type, None, Reason::Inexpressible, at, || Some(error.to_string()));
            }
        };
        let read = EventRead { record, event, decoded: &decoded, event_type: decoder.event_type().as_str() };
        for route in &**routes {
            let Some(state) = states.get_mut(route.projection) else {
                continue;
            };
            let name = || plan.projections.get(route.projection).map(|plan| &plan.name);
            match route.condition.as_ref().map(|condition| condition.holds(read)) {
                None | Some(Ok(true)) => {}
                Some(Ok(false)) => continue,
                Some(Err(error)) => {
                    let detail = || Some(error.to_string());
                    skipped.note(event_type, name(), Reason::ConditionFailed, at, detail);
                    continue;
                }
            }
            if let Err(reason) = fold_route(state, route, read, scratch) {
                skipped.note(event_type, name(), reason, at, || None);
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
        let at = self.plan.projections.binary_search_by(|plan| plan.name.as_str().cmp(queue));
        if let Some(State::Queue(queue)) = at.ok().and_then(|at| self.states.get_mut(at)) {
            queue.finish(source);
        }
    }

    /// Brings digests and indexes up to date, at the end of a batch. Whoever reads before it gets the same
    /// answers, more slowly.
    pub fn settle(&mut self) {
        for state in &mut self.states {
            match state {
                State::Cache(cache) => cache.table.settle(),
                State::View(view) => view.table.settle(),
                State::Queue(queue) => queue.settle(),
            }
        }
    }

    /// Notes from here on which rows the folds touch. Several may watch, and each ends it once. What is
    /// noted is shared: one takes it ([`Generation::take_touched`]) and hands it on.
    pub fn watch(&mut self) {
        self.watchers += 1;
        for state in &mut self.states {
            match state {
                State::Cache(Cache { table }) | State::View(View { table }) => table.touched().begin(),
                State::Queue(queue) => queue.touched().begin(),
            }
        }
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
        if self.watchers > 0 {
            return;
        }
        for state in &mut self.states {
            match state {
                State::Cache(Cache { table }) | State::View(View { table }) => table.touched().end(),
                State::Queue(queue) => queue.touched().end(),
            }
        }
    }

    /// Whether somebody watches.
    pub fn is_watched(&self) -> bool {
        self.watchers > 0
    }

    /// What folds touched since this was last taken, by projection and then in order; a key may stand there
    /// more than once. Empty if nobody watches.
    pub fn take_touched(&mut self) -> Vec<Touched> {
        let mut all = vec![];
        if self.watchers == 0 {
            return all;
        }
        for (projection, state) in self.states.iter_mut().enumerate() {
            match state {
                State::Cache(Cache { table }) | State::View(View { table }) => {
                    let keys = table.touched().take().into_iter().map(Key::Row);
                    all.extend(keys.map(|key| Touched { projection, key }));
                }
                State::Queue(queue) => {
                    let keys = queue.touched().take().into_iter().map(Key::Job);
                    all.extend(keys.map(|key| Touched { projection, key }));
                }
            }
        }
        all
    }

    /// About how many bytes its projections take in memory.
    pub fn bytes(&self) -> u64 {
        let bytes = self.states.iter().map(|state| match state {
            State::Cache(cache) => cache.table.bytes(),
            State::View(view) => view.table.bytes(),
            State::Queue(queue) => queue.bytes(),
        });
        bytes.sum::<usize>() as u64
    }

    fn state(&self, name: &str) -> Option<&State> {
        let at = self.plan.projections.binary_search_by(|plan| plan.name.as_str().cmp(name)).ok()?;
        self.states.get(at)
    }

    /// What the projection at this place of the plan holds.
    pub(crate) fn side(&self, place: usize) -> Option<Side<'_>> {
        self.states.get(place).map(|state| match state {
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
        self.plan.projections.iter().zip(&self.states).map(|(plan, state)| {
            let rows = match state {
                State::Cache(cache) => cache.len(),
                State::View(view) => view.len(),
                State::Queue(queue) => queue.len(),
            };
            (plan.name.clone(), rows as u64)
        })
    }

    /// Each projection's size and digest, by name.
    pub fn report(&self) -> Vec<ProjectionReport> {
        let line = |(plan, state): (&ProjectionPlan, &State)| {
            let (rows, bytes, digest) = match state {
                State::Cache(cache) => (cache.len(), cache.table.bytes(), cache.digest()),
                State::View(view) => (view.len(), view.table.bytes(), view.digest()),
                State::Queue(queue) => (queue.len(), queue.bytes(), queue.digest()),
            };
            let (name, kind) = (plan.name.clone(), plan.kind);
            ProjectionReport { name, kind, rows: rows as u64, bytes: bytes as u64, digest }
        };
        self.plan.projections.iter().zip(&self.states).map(line).collect()
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
    pub fn skipped(&self) -> &Skipped {
        &self.skipped
    }
}

impl Arrivals {
    /// The way of an event type, looked up once for each writer's version.
    pub(crate) fn way<'a>(
        all: &'a mut IndexMap<Box<str>, Arrivals>,
        (event_type, writer): (&str, u32),
        (reader, plan): (&Version, &Plan),
        registry: &Registry,
    ) -> Result<&'a Arrival, &'a Reason> {
        let at = match all.get_index_of(event_type) {
            Some(at) => at,
            None => all.insert_full(event_type.into(), Arrivals::default()).0,
        };
        let known = all.get_index_mut(at).map(|(_, known)| known);
        known.map_or(Err(&Reason::NoLens), |known| known.get(writer, reader, event_type, plan, registry))
    }

    pub(crate) fn get(
        &mut self,
        writer: u32,
        reader: &Version,
        event_type: &str,
        plan: &Plan,
        registry: &Registry,
    ) -> Result<&Arrival, &Reason> {
        let known = self.0.iter().position(|(version, _)| *version == writer);
        let at = known.unwrap_or_else(|| {
            self.0.push((writer, arrival(writer, reader, event_type, plan, registry)));
            self.0.len() - 1
        });
        self.0.get(at).map_or(Err(&Reason::NoLens), |(_, arrival)| arrival.as_ref())
    }
}

/// How an event type of a writer's version arrives at the reader's.
fn arrival(
    writer: u32,
    reader: &Version,
    event_type: &str,
    plan: &Plan,
    registry: &Registry,
) -> Result<Arrival, Reason> {
    let written = VersionNo::new(writer);
    let Some(decoder) = written.and_then(|writer| registry.decoder(writer, reader.no(), event_type)) else {
        let known = reader.event(event_type).is_some();
        return Err(if known { Reason::NoLens } else { Reason::UnknownType });
    };
    match plan.routes.get(decoder.event_type().as_str()) {
        Some(routes) => Ok(Arrival { routes: routes.clone(), decoder }),
        None => Err(Reason::UnknownType),
    }
}

fn new_state(plan: &ProjectionPlan) -> State {
    let columns = || plan.columns.clone();
    match plan.kind {
        ProjectionKind::Cache => State::Cache(Cache { table: Table::new(columns(), vec![]) }),
        ProjectionKind::View => {
            // The index over no columns is the order of the keys.
            let indexes = std::iter::once(Index::new(&[])).chain(plan.indexes.iter().map(|i| Index::new(i)));
            State::View(View { table: Table::new(columns(), indexes.collect()) })
        }
        ProjectionKind::Jobs => State::Queue(Queue::new(plan.name.clone())),
    }
}

fn fold_route(
    state: &mut State,
    route: &Route,
    read: EventRead<'_>,
    scratch: &mut Vec<(u16, Change)>,
) -> Result<(), Reason> {
    let table = match (state, &route.reduction) {
        (State::Queue(queue), Reduction::Input(fields)) => {
            queue.push(read.record.at(), queue::read_input(read, fields)?);
            return Ok(());
        }
        (State::Cache(Cache { table }) | State::View(View { table }), _) => table,
        (State::Queue(_), _) => return Ok(()),
    };
    let key = read.key(&route.key)?;
    match &route.reduction {
        Reduction::Delete => table.delete(&key),
        Reduction::Change(steps) => reduction::fold_row(table, &key, steps, read, scratch)?,
        Reduction::Input(_) => {}
    }
    Ok(())
}
