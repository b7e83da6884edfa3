//! What readers are told of jobs and of refused events.

use std::collections::{BTreeMap, BTreeSet};

use selfsame_core::{Serving, Shown};
use selfsame_record::{Name, Position, Principal};
use serde::Serialize;
use serde_json::{Value, json};

use crate::clock::show_time;
use crate::handle::Handle;
use crate::read::Served;
use crate::read::body::{Body, to_json};

/// Figures of one queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct QueueFigures {
    /// To be handed out, now or when a lease has run out.
    pending: usize,
    leased: usize,
    waiting: usize,
    done: usize,
    dead: usize,
}

/// Every queue of the active version, and those of earlier ones that had jobs.
pub fn jobs(handle: &Handle) -> Served {
    handle.read(|serving| {
        let mut body = Body::new(serving.position(), serving.active());
        body.put("queues", &queues(serving));
        body.served()
    })
}

/// The figures of each queue, by name.
pub(crate) fn queues(serving: &Serving) -> BTreeMap<Name, QueueFigures> {
    let counts = serving.status().jobs.iter();
    let figures = counts.map(|(queue, counts)| {
        let open = open_jobs(serving, queue, counts.born).saturating_sub(counts.leased + counts.waiting);
        let (leased, waiting, done, dead) = (counts.leased, counts.waiting, counts.done, counts.dead);
        (queue.clone(), QueueFigures { pending: open, leased, waiting, done, dead })
    });
    figures.collect()
}

/// Jobs of the active version that are neither finished nor given up, and may be handed out.
fn open_jobs(serving: &Serving, queue: &Name, born: Position) -> usize {
    let pending = serving.active_generation().and_then(|generation| generation.queue(queue.as_str()));
    pending.map_or(0, |pending| match born {
        Position::ZERO => pending.len(),
        born => pending.iter_from(born.next()).count(),
    })
}

/// The latest jobs that were given up, newest first.
///
/// Under a boundary only of queues that `reader` may read.
pub fn dead(handle: &Handle, reader: Option<&Principal>, limit: usize) -> Served {
    let queues = handle.read(|serving| serving.dead_jobs().map(|job| job.queue.clone()).collect());
    let queues: BTreeSet<Name> = queues;
    let may: BTreeSet<&Name> =
        queues.iter().filter(|queue| handle.may_read(reader, queue.as_str()).is_ok()).collect();
    handle.read(|serving| {
        let mut body = Body::new(serving.position(), serving.active());
        let dead = serving.dead_jobs().rev().filter(|job| may.contains(&job.queue));
        body.put_list("dead", dead.take(limit).map(to_json));
        body.served()
    })
}

/// The latest refused events, newest first.
///
/// Under a boundary operators see all of them, others their own.
pub fn refused(handle: &Handle, reader: Option<&Principal>, limit: usize) -> Served {
    let own = handle.sees_only_own(reader);
    handle.read(|serving| {
        let mut body = Body::new(serving.position(), serving.active());
        let is_shown = |shown: &&Shown| !own || reader.is_some_and(|by| by.as_str() == shown.principal);
        let refused = serving.refused().rev().filter(is_shown);
        body.put_list("refused", refused.take(limit).map(refused_json));
        body.put("counts", serving.refused_counts());
        body.served()
    })
}

fn refused_json(shown: &Shown) -> String {
    let mut entry = json!(shown);
    if let Value::Object(members) = &mut entry {
        members.insert("time".to_owned(), show_time(shown.time).into());
    }
    entry.to_string()
}
