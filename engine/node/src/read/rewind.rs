//! What a rewind would do, said before anything is done.
//!
//! The window is read from the log, at most [`WINDOW_RECORDS_MAX`] records of it. What the older version cannot
//! express is found by running its decoders over these events, so it is known whether the version is kept in
//! step or not.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use selfsame_core::{Code, Refusal, Stage, Switch};
use selfsame_record::{ArchivedRecord, Position, VersionNo};
use selfsame_schema::{Decoder, Registry};
use serde_json::{Value, json};

use crate::handle::Handle;
use crate::read::body::Body;
use crate::read::census::used_by;
use crate::read::{Refused, Served};

/// Records of the window that are looked at.
pub const WINDOW_RECORDS_MAX: u64 = 1_000_000;
/// Rows of a count that are listed; the rest is counted together.
const ROWS_MAX: usize = 100;

/// What a rewind to the version would do. Reads the log, so it may wait for a disk.
///
/// # Errors
///
/// If there is no such version, or the log cannot be read.
pub fn rewind(handle: &Handle, name: &str) -> Result<Served, Refused> {
    let seen = handle.read(|serving| {
        let status = serving.status();
        let no = status.admission.find_version(name)?;
        let dropped = status.lifecycle.dropped_by_switch(no, status.standbys_max);
        let used = |version| json!({ "version": version, "used_by": used_by(serving, &handle.shared.readers, version) });
        Ok(Seen {
            no,
            position: serving.position(),
            active: serving.active(),
            registry: Arc::clone(&status.admission.registry),
            stage: status.lifecycle.stage(no).cloned(),
            left: left(status.lifecycle.switches(), no).cloned(),
            forbidden: status.brakes.may_serve(no).err(),
            drops: dropped.into_iter().map(used).collect(),
            jobs: jobs(serving, no),
        })
    });
    let seen = seen.map_err(|refusal| Refused::now(handle, refusal))?;
    let refused = |refusal| Refused { position: seen.position, version: seen.active, refusal };
    let window = match &seen.left {
        Some(left) => Some(Window::read(handle, &seen, left.at).map_err(refused)?),
        None => None,
    };
    Ok(told(handle, &seen, window.as_ref()))
}

/// What is known at one position.
struct Seen {
    no: VersionNo,
    position: Position,
    active: Option<VersionNo>,
    registry: Arc<Registry>,
    stage: Option<Stage>,
    /// The switch at which the version last stopped answering.
    left: Option<Switch>,
    forbidden: Option<Refusal>,
    drops: Vec<Value>,
    jobs: Vec<Value>,
}

fn left(switches: &[Switch], version: VersionNo) -> Option<&Switch> {
    switches.iter().rev().find(|switch| switch.from == Some(version))
}

/// What becomes of the jobs of each queue that answers now.
fn jobs(serving: &selfsame_core::Serving, to: VersionNo) -> Vec<Value> {
    let status = serving.status();
    let Some(active) = serving.active_generation() else { return Vec::new() };
    let registry = &status.admission.registry;
    // A cache of the same name is no queue.
    let is_queue = |section: &Value| section.get("kind").and_then(Value::as_str) == Some("jobs");
    let has = |queue: &str| {
        registry.version(to).is_some_and(|version| version.projections().get(queue).is_some_and(is_queue))
    };
    let queues = active.plan().queues().map(|(name, _)| {
        let pending = active.queue(name.as_str()).map_or(0, selfsame_projections::Queue::len);
        let leased = status.jobs.get(name).map_or(0, |counts| counts.leased);
        json!({ "queue": name, "pending": pending, "leases_ended": leased, "kept": has(name.as_str()) })
    });
    queues.collect()
}

/// Counts over the events between a cutover and now.
struct Window {
    first: Position,
    last: Position,
    events: u64,
    by: BTreeMap<(String, String), u64>,
    inexpressible: BTreeMap<String, (u64, Position)>,
    decoders: BTreeMap<(String, u32), Option<Arc<Decoder>>>,
}

impl Window {
    fn read(handle: &Handle, seen: &Seen, first: Position) -> Result<Window, Refusal> {
        let mut window = Window {
            first,
            last: Position::new(seen.position.get().min(first.get().saturating_add(WINDOW_RECORDS_MAX - 1))),
            events: 0,
            by: BTreeMap::new(),
            inexpressible: BTreeMap::new(),
            decoders: BTreeMap::new(),
        };
        let last = window.last;
        let scanned = handle.log().scan(first, &mut |records| {
            records.iter().take_while(|record| record.at() <= last).for_each(|r| window.take_in(r, seen));
            let over = records.last().is_none_or(|record| record.at() >= last);
            if over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        scanned.map_err(|err| {
            Refusal::new(Code::UnreadableLog, format!("the log cannot be read: {err}"))
                .next("keep a copy of the folder as it is, and restore it from a backup")
        })?;
        Ok(window)
    }

    fn take_in(&mut self, record: &ArchivedRecord, seen: &Seen) {
        let Some(event) = record.event() else { return };
        self.events += 1;
        let event_type = event.event_type.as_str().to_owned();
        count(&mut self.by, (event_type.clone(), record.principal.as_str().to_owned()), || {
            ("*".to_owned(), "*".to_owned())
        });
        let writer = event.version.to_native();
        let decoder = self.decoders.entry((event_type.clone(), writer)).or_insert_with(|| {
            let writer = VersionNo::new(writer)?;
            seen.registry.decoder(writer, seen.no, event.event_type.as_str())
        });
        let expressed = decoder.as_ref().is_some_and(|decoder| decoder.decode(&event.row).is_ok());
        if !expressed {
            let entry = self.inexpressible.entry(event_type).or_insert((0, record.at()));
            entry.0 += 1;
        }
    }
}

/// Counts one more; what is new beyond the limit is counted together.
fn count<K: Ord>(counts: &mut BTreeMap<K, u64>, key: K, others: impl FnOnce() -> K) {
    let is_full = counts.len() >= ROWS_MAX && !counts.contains_key(&key);
    *counts.entry(if is_full { others() } else { key }).or_insert(0) += 1;
}

fn told(handle: &Handle, seen: &Seen, window: Option<&Window>) -> Served {
    let live = seen.stage.as_ref().is_some_and(Stage::is_live);
    let replay = if live { 0 } else { seen.position.get() };
    let rate = handle.shared.builder.last_rate();
    #[expect(clippy::cast_precision_loss, reason = "shown to people")]
    let seconds = if live { Some(0.0) } else { rate.map(|rate| replay as f64 / rate as f64) };
    let possible = if seen.active == Some(seen.no) {
        Some("it answers already".to_owned())
    } else if seen.left.is_none() {
        Some("it was never active".to_owned())
    } else {
        seen.forbidden.as_ref().map(|refusal| refusal.detail.clone())
    };
    let mut body = Body::new(seen.position, seen.active);
    body.put("rewind", &seen.no)
        .put("from", &seen.active)
        .put("stage", &seen.stage.as_ref().map(Stage::word));
    body.put("warm", &live).put("records_to_replay", &replay).put("expected_seconds", &seconds);
    body.put("forbidden", &possible);
    body.put("window", &window.map(window_json));
    body.put("jobs", &seen.jobs).put("drops", &seen.drops);
    body.served()
}

fn window_json(window: &Window) -> Value {
    let by = window.by.iter();
    let by = by.map(|((event_type, principal), events)| {
        json!({ "type": event_type, "principal": principal, "events": events })
    });
    let lost = window.inexpressible.iter();
    let lost = lost
        .map(|(event_type, (events, first))| json!({ "type": event_type, "events": events, "first": first }));
    json!({
        "first": window.first,
        "counted_until": window.last,
        "events": window.events,
        "by": by.collect::<Vec<_>>(),
        "skipped": lost.collect::<Vec<_>>(),
    })
}
