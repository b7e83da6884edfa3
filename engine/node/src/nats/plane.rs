//! The plane as a whole: what is started, what stands, and how it ends.

use std::sync::Arc;
use std::time::Duration;

use async_nats::Client;
use serde::Serialize;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::warn;

use crate::handle::Handle;
use crate::nats::credentials::NatsKey;
use crate::nats::error::NatsError;
use crate::nats::inbox::Inbox;
use crate::nats::layout::NatsPrincipal;
use crate::nats::line::Line;
use crate::nats::link::{LINE_PAUSE, Link};
use crate::nats::tray::{Tray, TrayState};
use crate::nats::watch::{Watch, reconnect_pause};
use crate::nats::{feed, get, ingest};

/// Messages that have arrived and wait to be taken, per subject. What comes beyond is dropped unanswered.
pub const SUBSCRIPTION_MAX: usize = 8192;

/// How long a stop waits for answers that are under way.
const STOP_WAIT: Duration = Duration::from_secs(5);

/// How it is known who sends a message.
#[derive(Clone, Debug)]
pub enum NatsIdentity {
    /// By the subject, which anybody can choose. Under a boundary nothing is taken so.
    Claimed,
    /// By the accounts of a server that has the configuration of a layout with these principals.
    Attested(Vec<NatsPrincipal>),
}

/// What an operator says about NATS.
#[derive(Clone, Debug)]
pub struct NatsOptions {
    /// Bytes of messages that an in-tray keeps until they are in the log. When it is full, publishers are
    /// refused; a larger one outlasts a longer stop of the engine and takes disk of the NATS server.
    pub tray_bytes_max: u64,
    /// How it is known who sends.
    pub identity: NatsIdentity,
    /// What the engine proves itself with.
    pub key: Option<NatsKey>,
}

impl NatsOptions {
    /// For a server that everybody may use, on a machine where everybody is trusted.
    pub fn claimed(tray_bytes_max: u64) -> NatsOptions {
        NatsOptions { tray_bytes_max, identity: NatsIdentity::Claimed, key: None }
    }
}

/// How the plane stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NatsStatus {
    /// Whether request-reply subjects are listened on, those of every principal.
    pub connected: bool,
    /// Messages that came faster than they were taken and went unanswered, since the start.
    pub dropped: u64,
    /// How reading the in-tray stands; with several, that of one that is not read if there is one.
    pub tray: TrayState,
}

/// The running plane. Dropping it ends it without waiting for answers that are under way.
pub struct NatsPlane {
    lines: Vec<Running>,
    stopping: watch::Sender<bool>,
}

/// A line that is listened on.
struct Running {
    client: Client,
    watch: Arc<Watch>,
    tray: Option<watch::Receiver<TrayState>>,
    tasks: Vec<JoinHandle<()>>,
}

/// Starts everything that listens on NATS. A server that is away is connected to when it is there.
///
/// # Errors
///
/// If the address cannot be understood.
pub async fn start(handle: Handle, url: &str, options: NatsOptions) -> Result<NatsPlane, NatsError> {
    let link = Link { url: url.to_owned(), key: options.key };
    let (stopping, stopped) = watch::channel(false);
    let lines = match options.identity {
        NatsIdentity::Claimed => vec![Line::of_everybody()],
        NatsIdentity::Attested(principals) => principals.into_iter().map(Line::of).collect(),
    };
    // Dropped with what was started by then if one fails.
    let mut plane = NatsPlane { lines: Vec::with_capacity(lines.len()), stopping };
    for line in lines {
        let running = Running::start(&handle, line, &link, options.tray_bytes_max, &stopped).await?;
        plane.lines.push(running);
    }
    Ok(plane)
}

impl Running {
    async fn start(
        handle: &Handle,
        line: Line,
        link: &Link,
        bytes_max: u64,
        stopped: &watch::Receiver<bool>,
    ) -> Result<Running, NatsError> {
        let watch = Arc::new(Watch::new(line.name()));
        let client = connect(link, &line, &watch).await?;
        let listen = async |subject: &str| Inbox::listen(&client, subject, stopped.clone()).await;
        let mut tasks = Vec::new();
        if let Some(subject) = line.ingest() {
            let inbox = listen(&subject).await?;
            tasks.push(tokio::spawn(ingest::run(handle.clone(), line.clone(), client.clone(), inbox)));
        }
        if let Some(subject) = line.reads() {
            let inbox = listen(&subject).await?;
            tasks.push(tokio::spawn(get::run(handle.clone(), line.clone(), client.clone(), inbox)));
        }
        for subject in line.feeds() {
            let inbox = listen(&subject).await?;
            tasks.push(tokio::spawn(feed::run(handle.clone(), line.clone(), client.clone(), inbox)));
        }
        let mut tray = None;
        if let Some(name) = line.tray() {
            let (state, seen) = watch::channel(TrayState::Starting);
            let (handle, link) = (handle.clone(), link.clone());
            let reader = Tray { handle, line, name, link, bytes_max, state };
            tasks.push(tokio::spawn(reader.run(stopped.clone())));
            tray = Some(seen);
        }
        Ok(Running { client, watch, tray, tasks })
    }
}

impl NatsPlane {
    /// How the plane stands at this moment.
    pub fn status(&self) -> NatsStatus {
        let connected = self.lines.iter().all(|line| line.watch.is_connected());
        let dropped = self.lines.iter().map(|line| line.watch.dropped()).sum();
        let trays = self.lines.iter().filter_map(|line| line.tray.as_ref()).map(|tray| tray.borrow().clone());
        let tray = trays.fold(TrayState::Reading, |worst, tray| match (worst, tray) {
            (worst @ TrayState::Waiting { .. }, _) => worst,
            (worst, TrayState::Reading) => worst,
            (_, tray) => tray,
        });
        NatsStatus { connected, dropped, tray }
    }

    /// Takes no more, sends the answers that are under way, and ends.
    pub async fn stop(mut self) {
        self.stopping.send_replace(true);
        let deadline = tokio::time::Instant::now() + STOP_WAIT;
        for line in &mut self.lines {
            for mut task in std::mem::take(&mut line.tasks) {
                if tokio::time::timeout_at(deadline, &mut task).await.is_err() {
                    warn!("a part of the NATS plane did not end in time");
                    task.abort();
                }
            }
            if line.watch.is_connected() {
                // It may go away just now, and then nobody is there to be answered.
                let _ = tokio::time::timeout_at(deadline, line.client.flush()).await;
            }
        }
    }
}

impl Drop for NatsPlane {
    fn drop(&mut self) {
        self.lines.iter().flat_map(|line| &line.tasks).for_each(JoinHandle::abort);
    }
}

async fn connect(link: &Link, line: &Line, watch: &Arc<Watch>) -> Result<Client, NatsError> {
    let least = if line.is_attested() { LINE_PAUSE } else { Duration::ZERO };
    let options = link
        .options()
        .name(format!("selfsame {}", line.name()))
        .retry_on_initial_connect()
        .subscription_capacity(SUBSCRIPTION_MAX)
        .reconnect_delay_callback(move |attempts| reconnect_pause(attempts).max(least))
        .event_callback(watch.callback());
    options.connect(&link.url).await.map_err(|source| NatsError::Address { url: link.url.clone(), source })
}
