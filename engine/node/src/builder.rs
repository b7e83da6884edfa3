//! Shadow builds: a thread of its own reads the log from its beginning into a new generation, while the
//! engine goes on. Nothing live is touched; near the head the generation is handed to the sequencer,
//! which folds the last records and adopts it with a record.
//!
//! A build keeps within its budget: it rests between slices of records, and fails when its generation grows
//! over the limit. While it is paused its thread waits with what it has; a process that ends loses that, and
//! the build begins again when it is resumed.

mod build;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};
use selfsame_core::{Budget, Reads, Serving, Span, fold};
use selfsame_log::{Log, ReadError};
use selfsame_projections::Generation;
use selfsame_record::{Position, VersionNo};
use thiserror::Error;
use tokio::sync::mpsc;
use tracing::{info, warn};

pub use crate::builder::build::BuildProgress;
use crate::builder::build::{Build, Pace};
use crate::sequencer::Message;

/// A generation that is at most so many records behind is handed over; the sequencer folds the rest.
pub(crate) const HANDOVER_BEHIND_MAX: u64 = 1024;
/// Records that are folded between two looks at the budget.
const SLICE_RECORDS: usize = 256;
/// Spans of the log that are looked up at once.
const SPANS_MAX: usize = 1024;

/// Why a build ends without a generation.
#[derive(Debug, Error)]
enum BuildError {
    #[error("{0}")]
    Read(#[from] ReadError),
    #[error("{0}")]
    OverBudget(String),
}

/// The builds that are under way.
#[derive(Clone)]
pub(crate) struct Builder {
    log: Arc<dyn Log>,
    serving: Arc<RwLock<Serving>>,
    inbox: mpsc::WeakSender<Message>,
    builds: Arc<Mutex<BTreeMap<VersionNo, Arc<Build>>>>,
    /// Records per second of the last build that was finished; 0 if there was none.
    last_rate: Arc<AtomicU64>,
}

impl Builder {
    pub(crate) fn new(
        log: Arc<dyn Log>,
        serving: Arc<RwLock<Serving>>,
        inbox: mpsc::WeakSender<Message>,
    ) -> Builder {
        Builder { log, serving, inbox, builds: Arc::default(), last_rate: Arc::default() }
    }

    /// How far each build is, by version.
    pub(crate) fn progress(&self) -> Vec<BuildProgress> {
        let total = self.log.head().get();
        self.builds.lock().iter().map(|(version, build)| build.progress(*version, total)).collect()
    }

    /// Starts building an empty generation up, or goes on with one that was handed over too early.
    pub(crate) fn start(&self, generation: Generation, budget: Budget, paused: bool) {
        let version = generation.version();
        let new = || Arc::new(Build::new(budget, paused));
        let build = self.builds.lock().entry(version).or_insert_with(new).clone();
        let this = self.clone();
        let thread = Arc::clone(&build);
        let work = move || this.run(&thread, generation);
        let spawned = std::thread::Builder::new().name(format!("build-{version}")).spawn(work);
        if let Err(err) = spawned {
            self.fail(version, &build, format!("no thread could be started: {err}"));
        }
    }

    /// Lets a build wait, or go on.
    pub(crate) fn pause(&self, version: VersionNo, paused: bool) {
        if let Some(build) = self.builds.lock().get(&version) {
            build.pause(paused);
        }
    }

    /// Ends a build that nobody waits for any longer.
    pub(crate) fn stop(&self, version: VersionNo) {
        if let Some(build) = self.builds.lock().remove(&version) {
            build.end();
        }
    }

    /// Notes that the generation is kept in step now.
    pub(crate) fn finished(&self, version: VersionNo, until: Position) {
        if let Some(build) = self.builds.lock().remove(&version) {
            build.end();
            let seconds = build.started.elapsed().as_secs_f64();
            self.last_rate.store(until.get() * 1000 / millis(&build), Ordering::Relaxed);
            info!(%version, %until, seconds, "generation is built");
        }
    }

    /// Records per second of the last build that was finished, if there was one.
    pub(crate) fn last_rate(&self) -> Option<u64> {
        Some(self.last_rate.load(Ordering::Relaxed)).filter(|rate| *rate > 0)
    }

    fn run(&self, build: &Arc<Build>, generation: Generation) {
        let version = generation.version();
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| self.catch_up(build, generation)));
        match outcome {
            Ok(Ok(Some(generation))) => self.send(Message::Built(Box::new(generation))),
            Ok(Ok(None)) => {}
            Ok(Err(err)) => self.fail(version, build, err.to_string()),
            Err(_) => self.fail(version, build, "the fold failed, which is a bug of the engine".to_owned()),
        }
    }

    /// Folds until the generation is near the head; `None` if the build was stopped.
    ///
    /// Digests and indexes are settled here, once: the sequencer could not wait for all rows of a large
    /// generation. What arrives meanwhile is folded in another turn.
    fn catch_up(&self, build: &Build, mut generation: Generation) -> Result<Option<Generation>, BuildError> {
        let (mut settled, mut reads) = (false, Reads::default());
        let mut pace = Pace::new(build.budget);
        while build.wait_for_leave() {
            let (registry, head, kinds) = {
                let serving = self.serving.read();
                let registry = Arc::clone(&serving.status().admission.registry);
                (registry, serving.position(), serving.kinds().since(reads.known()))
            };
            reads.learn(&mut generation, &kinds, &registry);
            let at = generation.position();
            if head.records_since(at) > HANDOVER_BEHIND_MAX {
                let spans = self.serving.read().kinds().spans(at.next(), head, &reads, SPANS_MAX);
                let mut whole = true;
                for span in &spans {
                    self.fold_span((build, &mut pace), &mut generation, *span, &registry)?;
                    // What is left of a span must not be passed over, even if the build was resumed by now.
                    whole = generation.position() >= span.last;
                    if !whole {
                        break;
                    }
                }
                if whole && spans.len() < SPANS_MAX && generation.position() < head {
                    generation.skip_to(head);
                }
            } else if settled {
                return Ok(Some(generation));
            } else {
                generation.settle();
                within(&generation, build.budget)?;
                settled = true;
            }
        }
        Ok(None)
    }

    /// Folds a span of the log, or as much of it until the build is told to wait or end, within its budget.
    fn fold_span(
        &self,
        (build, pace): (&Build, &mut Pace),
        generation: &mut Generation,
        span: Span,
        registry: &selfsame_schema::Registry,
    ) -> Result<(), BuildError> {
        if generation.position().next() < span.first {
            generation.skip_to(Position::new(span.first.get() - 1));
        }
        let mut over = Ok(());
        self.log.scan(generation.position().next(), &mut |records| {
            for slice in records.chunks(SLICE_RECORDS) {
                slice.iter().take_while(|r| r.at() <= span.last).for_each(|r| fold(generation, r, registry));
                build.note(generation);
                over = within(generation, build.budget);
                if over.is_err() || generation.position() >= span.last || !build.goes_on() {
                    return ControlFlow::Break(());
                }
                pace.rest(build, slice.len());
            }
            if build.goes_on() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        over
    }

    fn fail(&self, version: VersionNo, build: &Arc<Build>, reason: String) {
        let mut builds = self.builds.lock();
        // Another one may have been ordered since this one was ended.
        if !builds.get(&version).is_some_and(|current| Arc::ptr_eq(current, build)) {
            return;
        }
        builds.remove(&version);
        drop(builds);
        warn!(%version, reason, "build failed");
        self.send(Message::BuildFailed { version, reason });
    }

    fn send(&self, message: Message) {
        if let Some(inbox) = self.inbox.upgrade() {
            // The engine is stopping if nobody takes it; a restart orders the build again.
            let _ = inbox.blocking_send(message);
        }
    }
}

/// Whether the generation is within its budget; if not, why not.
fn within(generation: &Generation, budget: Budget) -> Result<(), BuildError> {
    match budget.bytes_max() {
        Some(max) if generation.bytes() > max => {
            let (bytes, at) = (megabytes(generation.bytes()), generation.position());
            let reason =
                format!("the generation takes {bytes} at {at}, over the budget of {}", megabytes(max));
            Err(BuildError::OverBudget(reason))
        }
        _ => Ok(()),
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)
}

/// Brings a generation that was built near the head up to it; says why it cannot be used, if so.
pub(crate) fn complete(
    log: &dyn Log,
    generation: &mut Generation,
    head: Position,
    registry: &selfsame_schema::Registry,
    budget: Budget,
) -> Result<(), String> {
    fold_tail(log, generation, head, registry).map_err(|err| err.to_string())?;
    within(generation, budget).map_err(|err| err.to_string())
}

/// How long a build has taken so far.
fn millis(build: &Build) -> u64 {
    u64::try_from(build.started.elapsed().as_millis()).unwrap_or(u64::MAX).max(1)
}

/// Folds the records after the generation's position, up to `head`.
fn fold_tail(
    log: &dyn Log,
    generation: &mut Generation,
    head: Position,
    registry: &selfsame_schema::Registry,
) -> Result<(), ReadError> {
    if generation.position() < head {
        log.scan(generation.position().next(), &mut |records| {
            records.iter().take_while(|r| r.at() <= head).for_each(|r| fold(generation, r, registry));
            if generation.position() >= head { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
    }
    generation.settle();
    Ok(())
}
