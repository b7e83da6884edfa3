//! The part of a feed that was asked for: all rows, or those that changed since a position.
//!
//! Rows are read piece by piece, and the engine goes on in between. What the commits meanwhile touch is
//! remembered by its key alone and read again in the end, the last of it under one lock; so the whole is the
//! projection as of that lock's position, and no lock is held for longer than a piece takes.

use std::collections::{BTreeSet, btree_set};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use selfsame_core::Serving;
use selfsame_log::ReadError;
use selfsame_projections::{Rows, TouchedKeys, Walk};
use selfsame_record::{Name, Position, VersionNo};
use selfsame_schema::Registry;
use tracing::error;

use crate::feed::message::{Ended, Message, More};
use crate::feed::subscription::{Feed, State};
use crate::feed::topic::{Batch, Lost};
use crate::handle::Handle;

/// Rows of one piece.
const PIECE_ROWS: usize = 256;
/// Bytes of one piece; one row may exceed it.
const PIECE_BYTES: usize = 256 * 1024;
/// Keys that are remembered as touched; with more, the subscriber is too slow.
const TOUCHED_MAX: usize = 1_000_000;

/// A part that is being read.
pub(super) struct Part {
    version: VersionNo,
    /// The position that it was begun at: a switch or repair after it begins it anew.
    began: Position,
    source: Source,
    /// What commits touched since it was begun, and was not read again.
    touched: BTreeSet<Arc<str>>,
}

enum Source {
    /// The rows that these records touched, the first excluded.
    Log { from: Position, until: Position },
    /// All rows.
    All(Walk),
    /// The rows with these keys.
    Keys(btree_set::IntoIter<Arc<str>>),
}

/// What to wait for before the part goes on.
enum Wait {
    /// For nothing.
    No,
    /// For what was committed up to here to be in the topic.
    Published(Position),
    /// For the switch that was committed already.
    Switch,
}

impl Part {
    /// All rows.
    pub(super) fn all(version: VersionNo, began: Position) -> Part {
        Part { version, began, source: Source::All(Walk::new()), touched: BTreeSet::new() }
    }

    /// The rows that the records after `from` touched, `until` included.
    pub(super) fn since(version: Option<VersionNo>, from: Position, until: Position) -> Option<Part> {
        let source = Source::Log { from, until };
        version.map(|version| Part { version, began: until, source, touched: BTreeSet::new() })
    }

    /// The rows, if no switch or repair came between.
    fn rows<'a>(&self, serving: &'a Serving, projection: &Name) -> Option<Rows<'a>> {
        let switched = serving.status().lifecycle.same_generation_since() > self.began;
        let generation = serving.active_generation().filter(|_| !switched)?;
        assert_eq!(generation.version(), self.version, "no switch came between");
        generation.rows(projection.as_str())
    }

    /// The key and value of the next row.
    fn next(&mut self, rows: Rows<'_>) -> Option<(Arc<str>, Option<String>)> {
        match &mut self.source {
            Source::Log { .. } => None,
            Source::All(walk) => rows.next(walk).map(|(key, row)| (key.into(), Some(row.to_json()))),
            Source::Keys(keys) => keys.next().map(|key| {
                let value = rows.get(&key).map(|row| row.to_json());
                (key, value)
            }),
        }
    }
}

impl Feed {
    /// Reads on.
    pub(super) async fn go_on(&mut self) {
        if !self.catch_up() {
            return;
        }
        let State::Part(Part { source, .. }) = &self.state else { return };
        if let Source::Log { from, until } = *source {
            return self.read_log(from, until).await;
        }
        match self.piece() {
            Wait::No => {}
            Wait::Published(position) => {
                let mut published = self.handle.shared.position.subscribe();
                // The other end is held here.
                let _ = published.wait_for(|at| *at >= position).await;
            }
            Wait::Switch => match self.cursor.next().await {
                Ok(batch) => self.absorb(&batch),
                Err(lost) => self.lose(lost),
            },
        }
    }

    /// Takes what waits in the topic; whether the part is still the same.
    fn catch_up(&mut self) -> bool {
        loop {
            match self.cursor.try_next() {
                Ok(None) => return true,
                Ok(Some(batch)) => self.absorb(&batch),
                Err(lost) => self.lose(lost),
            }
            if !self.out.is_empty() {
                return false;
            }
        }
    }

    /// Remembers what a commit touched. A switch or repair begins all rows anew.
    fn absorb(&mut self, batch: &Batch) {
        if batch.until <= self.seen {
            return;
        }
        if batch.gone {
            return self.go(batch);
        }
        if !batch.switches.is_empty() || batch.replaced {
            return self.begin(batch.until, batch.version, &batch.switches);
        }
        let State::Part(part) = &mut self.state else { return };
        part.touched.extend(batch.rows.iter().map(|(key, _)| Arc::clone(key)));
        if part.touched.len() > TOUCHED_MAX {
            self.lose(Lost::Lagged);
        }
    }

    /// Reads one piece under one lock.
    fn piece(&mut self) -> Wait {
        let shared = Arc::clone(&self.handle.shared);
        let serving = shared.serving.read();
        let (State::Part(part), Some(projection)) = (&mut self.state, &self.projection) else {
            return Wait::No;
        };
        let Some(rows) = part.rows(&serving, projection) else {
            return Wait::Switch;
        };
        let (mut bytes, position) = (0, serving.position());
        while self.out.len() < PIECE_ROWS && bytes < PIECE_BYTES {
            let Some((key, value)) = part.next(rows) else { break };
            // It is read now, whatever touched it before.
            part.touched.remove(&key);
            let place = (projection.as_str(), &*key);
            let message = Message::row(position, part.version, place, value.as_deref(), More::Yes);
            bytes += message.json.len();
            self.out.push(message);
        }
        if !self.out.is_empty() {
            return Wait::No;
        }
        if part.touched.len() > PIECE_ROWS {
            part.source = Source::Keys(std::mem::take(&mut part.touched).into_iter());
            return Wait::No;
        }
        self.finish(&serving)
    }

    /// Reads what is left under the lock, if all that was committed is in the topic.
    fn finish(&mut self, serving: &Serving) -> Wait {
        let position = serving.position();
        if self.handle.position() < position {
            return Wait::Published(position);
        }
        if !self.catch_up() {
            return Wait::No;
        }
        let (State::Part(part), Some(projection)) = (&mut self.state, &self.projection) else {
            return Wait::No;
        };
        let Some(rows) = part.rows(serving, projection) else {
            return Wait::Switch;
        };
        if part.touched.len() > PIECE_ROWS {
            return Wait::No;
        }
        for key in &part.touched {
            let value = rows.get(key).map(|row| row.to_json());
            let place = (projection.as_str(), &**key);
            self.out.push(Message::row(position, part.version, place, value.as_deref(), More::Yes));
        }
        self.out.push(Message::caught_up(position, Some(part.version)));
        self.seen = position;
        self.state = State::Live;
        Wait::No
    }

    /// Finds the keys that the records touched, and goes on taking what happens meanwhile.
    async fn read_log(&mut self, from: Position, until: Position) {
        let (State::Part(part), Some(projection)) = (&self.state, &self.projection) else { return };
        let Some((keys, registry)) = reader(&self.handle, part, projection) else {
            // Another version answers already, so its switch is on its way here.
            match self.cursor.next().await {
                Ok(batch) => self.absorb(&batch),
                Err(lost) => self.lose(lost),
            }
            return;
        };
        let stop = Arc::new(StopFlag(AtomicBool::new(false)));
        let scan = Scan { handle: self.handle.clone(), keys, registry, from, until, stop: Arc::clone(&stop) };
        let _stops_when_dropped = StopOnDrop(stop);
        let leave = Arc::clone(&self.handle.shared.feeds.resumes);
        let mut found = std::pin::pin!(async move {
            let _leave = leave.acquire_owned().await;
            tokio::task::spawn_blocking(move || scan.run()).await
        });
        loop {
            tokio::select! {
                biased;
                found = &mut found => return self.found(found),
                next = self.cursor.next() => match next {
                    Ok(batch) => self.absorb(&batch),
                    Err(lost) => self.lose(lost),
                },
            }
            if !self.out.is_empty() {
                return;
            }
        }
    }

    fn found(&mut self, found: Result<Result<BTreeSet<Arc<str>>, ReadError>, tokio::task::JoinError>) {
        let State::Part(part) = &mut self.state else { return };
        match found {
            Ok(Ok(keys)) => part.source = Source::Keys(keys.into_iter()),
            Ok(Err(err)) => {
                error!(err = &err as &dyn std::error::Error, "a feed cannot read the log");
                self.end(Ended::UnreadableLog);
            }
            Err(err) => {
                error!(err = &err as &dyn std::error::Error, "reading the log for a feed ended early");
                self.end(Ended::Stopping);
            }
        }
    }
}

/// What finds the keys in the log, if the version still answers.
fn reader(handle: &Handle, part: &Part, projection: &Name) -> Option<(TouchedKeys, Arc<Registry>)> {
    handle.read(|serving| {
        part.rows(serving, projection)?;
        let generation = serving.active_generation()?;
        let registry = Arc::clone(&serving.status().admission.registry);
        Some((generation.touched_keys(projection.as_str())?, registry))
    })
}

struct StopFlag(AtomicBool);

struct StopOnDrop(Arc<StopFlag>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

/// A walk over the log on a thread that may take its time.
struct Scan {
    handle: Handle,
    keys: TouchedKeys,
    registry: Arc<Registry>,
    from: Position,
    until: Position,
    stop: Arc<StopFlag>,
}

impl Scan {
    fn run(mut self) -> Result<BTreeSet<Arc<str>>, ReadError> {
        let mut found: BTreeSet<Arc<str>> = BTreeSet::new();
        let log = Arc::clone(self.handle.log());
        log.scan(self.from.next(), &mut |records| {
            for record in records.iter().take_while(|record| record.at() <= self.until) {
                if let Some(key) = self.keys.of(record, &self.registry)
                    && !found.contains(key.as_str())
                {
                    found.insert(key.into());
                }
            }
            let last = records.last().is_none_or(|record| record.at() >= self.until);
            let stop = last || self.stop.0.load(Ordering::Relaxed);
            if stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(found)
    }
}
