//! Shadow builds: a thread of its own reads the log from its beginning into a new generation, while the
//! engine goes on. Nothing live is touched; near the head the generation is handed to the sequencer,
//! which folds the last records and adopts it with a record.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use parking_lot::{Mutex, RwLock};
use selfsame_core::{Serving, fold};
use selfsame_log::{Log, ReadError};
use selfsame_projections::Generation;
use selfsame_record::{Position, VersionNo};
use serde::Serialize;
use tokio::sync::mpsc;
use tracing::{info, warn};

use crate::sequencer::Message;

/// A generation that is at most so many records behind is handed over; the sequencer folds the rest.
pub(crate) const HANDOVER_BEHIND_MAX: u64 = 1024;

/// How far a build is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BuildProgress {
    /// The version that is built.
    pub version: VersionNo,
    /// Records folded.
    pub done: u64,
    /// Records in the log.
    pub total: u64,
    /// Records per second since the start.
    pub rate: f64,
    /// Seconds that the rest will take at this rate.
    pub left_seconds: f64,
}

struct Build {
    done: AtomicU64,
    cancelled: AtomicBool,
    started: Instant,
}

/// The builds that are under way.
#[derive(Clone)]
pub(crate) struct Builder {
    log: Arc<dyn Log>,
    serving: Arc<RwLock<Serving>>,
    inbox: mpsc::WeakSender<Message>,
    builds: Arc<Mutex<BTreeMap<VersionNo, Arc<Build>>>>,
}

impl Builder {
    pub(crate) fn new(
        log: Arc<dyn Log>,
        serving: Arc<RwLock<Serving>>,
        inbox: mpsc::WeakSender<Message>,
    ) -> Builder {
        Builder { log, serving, inbox, builds: Arc::default() }
    }

    /// How far each build is, by version.
    pub(crate) fn progress(&self) -> Vec<BuildProgress> {
        let total = self.log.head().get();
        self.builds.lock().iter().map(|(version, build)| build.progress(*version, total)).collect()
    }

    /// Starts building an empty generation up, or goes on with one that was handed over too early.
    pub(crate) fn start(&self, generation: Generation) {
        let version = generation.version();
        let build = self.builds.lock().entry(version).or_insert_with(Build::new).clone();
        let this = self.clone();
        let work = move || this.run(&build, generation);
        let spawned = std::thread::Builder::new().name(format!("build-{version}")).spawn(work);
        if let Err(err) = spawned {
            self.fail(version, format!("no thread could be started: {err}"));
        }
    }

    /// Ends a build that nobody waits for any longer.
    pub(crate) fn stop(&self, version: VersionNo) {
        if let Some(build) = self.builds.lock().remove(&version) {
            build.cancelled.store(true, Ordering::Relaxed);
        }
    }

    /// Notes that the generation is kept in step now.
    pub(crate) fn finished(&self, version: VersionNo, until: Position) {
        if let Some(build) = self.builds.lock().remove(&version) {
            let seconds = build.started.elapsed().as_secs_f64();
            info!(%version, %until, seconds, "generation is built");
        }
    }

    fn run(&self, build: &Build, generation: Generation) {
        let version = generation.version();
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| self.catch_up(build, generation)));
        match outcome {
            Ok(Ok(Some(generation))) => self.send(Message::Built(Box::new(generation))),
            Ok(Ok(None)) => {}
            Ok(Err(err)) => self.fail(version, err.to_string()),
            Err(_) => self.fail(version, "the fold failed, which is a bug of the engine".to_owned()),
        }
    }

    /// Folds until the generation is near the head; `None` if the build was stopped.
    ///
    /// Digests and indexes are settled here, once: the sequencer could not wait for all rows of a large
    /// generation. What arrives meanwhile is folded in another turn.
    fn catch_up(&self, build: &Build, mut generation: Generation) -> Result<Option<Generation>, ReadError> {
        let mut settled = false;
        loop {
            let (registry, head) = {
                let serving = self.serving.read();
                (Arc::clone(&serving.status().admission.registry), serving.position())
            };
            if head.records_since(generation.position()) <= HANDOVER_BEHIND_MAX {
                if settled {
                    return Ok(Some(generation));
                }
                generation.settle();
                settled = true;
                continue;
            }
            self.log.scan(generation.position().next(), &mut |records| {
                for record in records.iter().take_while(|r| r.at() <= head) {
                    fold(&mut generation, record, &registry);
                }
                build.done.store(generation.position().get(), Ordering::Relaxed);
                let stop = build.cancelled.load(Ordering::Relaxed) || generation.position() >= head;
                if stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })?;
            if build.cancelled.load(Ordering::Relaxed) {
                return Ok(None);
            }
        }
    }

    fn fail(&self, version: VersionNo, reason: String) {
        warn!(%version, reason, "build failed");
        self.builds.lock().remove(&version);
        self.send(Message::BuildFailed { version, reason });
    }

    fn send(&self, message: Message) {
        if let Some(inbox) = self.inbox.upgrade() {
            // The engine is stopping if nobody takes it; a restart orders the build again.
            let _ = inbox.blocking_send(message);
        }
    }
}

impl Build {
    fn new() -> Arc<Build> {
        let (done, cancelled) = (AtomicU64::new(0), AtomicBool::new(false));
        Arc::new(Build { done, cancelled, started: Instant::now() })
    }

    #[expect(clippy::cast_precision_loss, reason = "shown to people")]
    fn progress(&self, version: VersionNo, total: u64) -> BuildProgress {
        let done = self.done.load(Ordering::Relaxed);
        let rate = done as f64 / self.started.elapsed().as_secs_f64().max(1e-6);
        let left_seconds = if rate > 0.0 { total.saturating_sub(done) as f64 / rate } else { 0.0 };
        BuildProgress { version, done, total, rate, left_seconds }
    }
}

/// Folds the records after the generation's position, up to `head`.
pub(crate) fn fold_tail(
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
