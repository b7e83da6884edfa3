//! One projection's state, with what it could not take in: what generations hold, and may hold together.
//!
//! Everything that a unit is follows from the events and from how its projection reads them, so two versions
//! that read them alike have equal units. The events that the lens could not express are therefore noted
//! here, once for each event type that is read, and not by the generation.

use std::collections::BTreeMap;

use selfsame_record::{Digest, Name, Position};

use crate::cache::Cache;
use crate::event::EventRead;
use crate::index::Index;
use crate::plan::{ProjectionKind, ProjectionPlan, Route};
use crate::queue::{self, Queue};
use crate::reduction::{self, Reduction};
use crate::skipped::{Reason, Skipped};
use crate::table::{Change, Table};
use crate::touched::Key;
use crate::view::View;

/// What is folded.
#[derive(Debug)]
pub(crate) enum State {
    Cache(Cache),
    View(View),
    Queue(Queue),
}

/// One projection, materialised.
#[derive(Debug)]
pub(crate) struct Unit {
    pub(crate) state: State,
    name: Name,
    /// Events that the projection could not fold.
    pub(crate) skipped: Skipped,
    /// Events that did not come through the lens, by the name that their type has here.
    pub(crate) inexpressible: BTreeMap<Box<str>, Skipped>,
}

impl Unit {
    /// The state before the first record.
    pub(crate) fn new(plan: &ProjectionPlan) -> Unit {
        let (state, name) = (new_state(plan), plan.name.clone());
        Unit { state, name, skipped: Skipped::default(), inexpressible: BTreeMap::new() }
    }

    /// Folds an event that came through the lens.
    pub(crate) fn fold(&mut self, route: &Route, read: EventRead<'_>, scratch: &mut Vec<(u16, Change)>) {
        let (event_type, at) = (read.event.event_type.as_str(), read.record.at());
        match route.condition.as_ref().map(|condition| condition.holds(read)) {
            None | Some(Ok(true)) => {}
            Some(Ok(false)) => return,
            Some(Err(error)) => {
                let detail = || Some(error.to_string());
                return self.skipped.note(event_type, Some(&self.name), Reason::ConditionFailed, at, detail);
            }
        }
        if let Err(reason) = fold_route(&mut self.state, route, read, scratch) {
            self.skipped.note(event_type, Some(&self.name), reason, at, || None);
        }
    }

    /// Notes an event that did not come through the lens; `here` is what its type is called here.
    pub(crate) fn note_inexpressible(
        &mut self,
        (event_type, here): (&str, &str),
        at: Position,
        detail: impl FnOnce() -> Option<String>,
    ) {
        if !self.inexpressible.contains_key(here) {
            self.inexpressible.insert(here.into(), Skipped::default());
        }
        if let Some(notes) = self.inexpressible.get_mut(here) {
            notes.note(event_type, None, Reason::Inexpressible, at, detail);
        }
    }

    /// Takes out a job's input, if it is a queue and has it.
    pub(crate) fn finish(&mut self, source: Position) {
        if let State::Queue(queue) = &mut self.state {
            queue.finish(source);
        }
    }

    /// Brings digest and indexes up to date.
    pub(crate) fn settle(&mut self) {
        match &mut self.state {
            State::Cache(cache) => cache.table.settle(),
            State::View(view) => view.table.settle(),
            State::Queue(queue) => queue.settle(),
        }
    }

    /// Notes from here on which rows are touched, or no longer.
    pub(crate) fn note_touched(&mut self, begins: bool) {
        match &mut self.state {
            State::Cache(Cache { table }) | State::View(View { table }) => table.touched().set(begins),
            State::Queue(queue) => queue.touched().set(begins),
        }
    }

    /// What was touched since this was last taken, in order.
    pub(crate) fn take_touched(&mut self) -> Vec<Key> {
        match &mut self.state {
            State::Cache(Cache { table }) | State::View(View { table }) => {
                table.touched().take().into_iter().map(Key::Row).collect()
            }
            State::Queue(queue) => queue.touched().take().into_iter().map(Key::Job).collect(),
        }
    }

    /// Objects, rows or pending jobs.
    pub(crate) fn len(&self) -> usize {
        match &self.state {
            State::Cache(cache) => cache.len(),
            State::View(view) => view.len(),
            State::Queue(queue) => queue.len(),
        }
    }

    /// The digest over them.
    pub(crate) fn digest(&self) -> Digest {
        match &self.state {
            State::Cache(cache) => cache.digest(),
            State::View(view) => view.digest(),
            State::Queue(queue) => queue.digest(),
        }
    }

    /// About how many bytes it takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        match &self.state {
            State::Cache(cache) => cache.table.bytes(),
            State::View(view) => view.table.bytes(),
            State::Queue(queue) => queue.bytes(),
        }
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
