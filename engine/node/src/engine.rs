//! A running engine: the log, the sequencer's thread, and the handle to it. The servers (NATS, HTTP, the
//! operator's socket) are started on a handle and are not needed to run it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use parking_lot::RwLock;
use selfsame_core::{Plane, Settings};
use selfsame_log::{FjallLog, Log, OpenError};
use thiserror::Error;
use tokio::sync::{Semaphore, mpsc, watch};
use tracing::info;

use crate::audit::{self, Keyring, TrailError, Writer};
use crate::builder::Builder;
use crate::feed::Hub;
use crate::handle::Handle;
use crate::identity::Rates;
use crate::lane::Lane;
use crate::latency::Latency;
use crate::readers::Readers;
use crate::recovery::{RecoveryError, recover};
use crate::register::CHECKS_MAX;
use crate::sequencer::{INBOX_MAX, Sequencer, Shared};

/// How often what is due by time alone is written.
const TICK: Duration = Duration::from_secs(5);

/// Why an engine does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The log's folder cannot be used.
    #[error("{0}")]
    Open(#[from] OpenError),
    /// The log cannot be taken in.
    #[error("{0}")]
    Recovery(#[from] RecoveryError),
    /// The audit trail cannot go on.
    #[error("{0}")]
    Trail(#[from] TrailError),
    /// The log could not be hashed.
    #[error("hashing the log ended by a bug")]
    Hashing,
    /// No thread.
    #[error("a thread could not be started: {0}")]
    Thread(std::io::Error),
}

/// A running engine. Dropping it lets go of the log once every handle is gone.
pub struct Engine {
    handle: Handle,
    sequencer: std::thread::JoinHandle<()>,
}

impl Engine {
    /// Opens the log below `folder` (made if it is not there) and starts from it.
    ///
    /// # Errors
    ///
    /// If the folder is in use, the log is damaged or of a newer program, or it is not the log that its last
    /// checkpoint was signed for.
    pub fn open(folder: &Path, settings: Settings) -> Result<Engine, StartError> {
        let log = FjallLog::open(&folder.join("log"))?;
        Engine::start_in(Arc::new(log), settings, Some(folder))
    }

    /// Starts from a log. Its checkpoints are signed by a key that lasts as long as the engine runs.
    ///
    /// # Errors
    ///
    /// If the log is damaged or of a newer program.
    pub fn start(log: Arc<dyn Log>, settings: Settings) -> Result<Engine, StartError> {
        Engine::start_in(log, settings, None)
    }

    /// Starts from a log whose trail is kept in a folder, if there is one.
    fn start_in(log: Arc<dyn Log>, settings: Settings, folder: Option<&Path>) -> Result<Engine, StartError> {
        let keyring = folder.map_or_else(Keyring::fleeting, Keyring::of_folder)?;
        // Two threads read the log: one folds, the other hashes.
        let (recovered, tree) = std::thread::scope(|scope| {
            let hashing = scope.spawn(|| audit::rebuild(&*log));
            (recover(&*log, settings), hashing.join())
        });
        let (core, serving) = recovered?;
        let tree = tree.map_err(|_| StartError::Hashing)?.map_err(RecoveryError::Read)?;
        let trail = Arc::new(audit::Opened { keyring, tree }.check(folder)?);
        let writer =
            Writer::start(Arc::clone(&trail), folder.map(Path::to_owned)).map_err(StartError::Thread)?;
        info!(position = %serving.position(), events = serving.events(), "log is taken in");
        let (position, _) = watch::channel(serving.position());
        let (sender, inbox) = mpsc::channel(INBOX_MAX);
        let serving = Arc::new(RwLock::new(serving));
        let builder = Builder::new(Arc::clone(&log), Arc::clone(&serving), sender.downgrade());
        let (read_only, checks) = (AtomicBool::new(false), Arc::new(Semaphore::new(CHECKS_MAX)));
        let (readers, latency, feeds) = (Readers::new(), Latency::default(), Hub::new());
        let (rates, lane) = (Rates::default(), Lane::default());
        let shared = Shared {
            serving,
            position,
            read_only,
            builder,
            checks,
            readers,
            latency,
            feeds,
            rates,
            lane,
            trail,
        };
        let shared = Arc::new(shared);
        let sequencer = Sequencer::new(core, Arc::clone(&log), Arc::clone(&shared), inbox, writer);
        let thread = std::thread::Builder::new().name("sequencer".to_owned());
        let sequencer = thread.spawn(move || sequencer.run()).map_err(StartError::Thread)?;
        Ok(Engine { handle: Handle { inbox: sender, shared, log, plane: Plane::Open }, sequencer })
    }

    /// A way to the engine.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Keeps what is due by time alone going; needed once, where a runtime is.
    pub fn spawn_ticks(&self) -> tokio::task::JoinHandle<()> {
        let handle = self.handle.clone();
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(TICK);
            loop {
                ticks.tick().await;
                handle.tick().await;
            }
        })
    }

    /// Whether the sequencer has ended, after a stop or by a bug.
    pub fn has_ended(&self) -> bool {
        self.sequencer.is_finished()
    }

    /// Finishes what waits, and ends.
    ///
    /// # Panics
    ///
    /// If the sequencer did: a bug should not look like a clean stop.
    pub async fn stop(self) {
        self.handle.stop().await;
        let joined = tokio::task::spawn_blocking(move || self.sequencer.join()).await;
        assert!(matches!(joined, Ok(Ok(()))), "the sequencer ended by a bug");
    }
}
