//! A line that is listened on: its connection and tasks, and how they end.

use std::sync::Arc;
use std::time::Duration;

use async_nats::Client;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::warn;

use crate::handle::Handle;
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

/// Dropping it ends it without waiting for answers that are under way.
pub(crate) struct Running {
    line: Line,
    client: Client,
    watch: Arc<Watch>,
    tray: Option<watch::Receiver<TrayState>>,
    stopping: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    /// Starts all that listens on the line.
    pub(crate) async fn start(
        handle: &Handle,
        line: Line,
        link: &Link,
        tray_bytes_max: u64,
    ) -> Result<Running, NatsError> {
        let watch = Arc::new(Watch::new(line.name()));
        let client = connect(link, &line, &watch).await?;
        let (stopping, stopped) = watch::channel(false);
        let tasks = Vec::new();
        let mut running =
            Running { line: line.clone(), client: client.clone(), watch, tray: None, stopping, tasks };
        let listen = async |subject: &str| Inbox::listen(&client, subject, stopped.clone()).await;
        if let Some(subject) = line.ingest() {
            let inbox = listen(&subject).await?;
            running.spawn(ingest::run(handle.clone(), line.clone(), client.clone(), inbox));
        }
        if let Some(subject) = line.reads() {
            let inbox = listen(&subject).await?;
            running.spawn(get::run(handle.clone(), line.clone(), client.clone(), inbox));
        }
        for subject in line.feeds() {
            let inbox = listen(&subject).await?;
            running.spawn(feed::run(handle.clone(), line.clone(), client.clone(), inbox));
        }
        if let Some(name) = line.tray() {
            let (state, seen) = watch::channel(TrayState::Starting);
            let (handle, link) = (handle.clone(), link.clone());
            let tray = Tray { handle, line, name, link, bytes_max: tray_bytes_max, state };
            running.spawn(tray.run(stopped.clone()));
            running.tray = Some(seen);
        }
        Ok(running)
    }

    fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.push(tokio::spawn(task));
    }

    /// Whose line it is.
    pub(crate) fn whose(&self) -> Option<&NatsPrincipal> {
        self.line.whose()
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.watch.is_connected()
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.watch.dropped()
    }

    /// How reading its in-tray stands, if it has one.
    pub(crate) fn tray(&self) -> Option<TrayState> {
        self.tray.as_ref().map(|tray| tray.borrow().clone())
    }

    async fn ended(mut self, deadline: Instant) {
        for mut task in std::mem::take(&mut self.tasks) {
            if tokio::time::timeout_at(deadline, &mut task).await.is_err() {
                warn!(line = self.line.name(), "a part of the NATS plane did not end in time");
                task.abort();
            }
        }
        if self.is_connected() {
            // It may go away just now, and then nobody is there to be answered.
            let _ = tokio::time::timeout_at(deadline, self.client.flush()).await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Takes no more on these lines, sends the answers that are under way, and ends them.
pub(crate) async fn stop_all(lines: Vec<Running>) {
    for line in &lines {
        line.stopping.send_replace(true);
    }
    let deadline = Instant::now() + STOP_WAIT;
    for line in lines {
        line.ended(deadline).await;
    }
}

async fn connect(link: &Link, line: &Line, watch: &Arc<Watch>) -> Result<Client, NatsError> {
    let (stood, is_attested) = (Arc::clone(watch), line.is_attested());
    let options = link
        .options()
        .name(format!("selfsame {}", line.name()))
        .retry_on_initial_connect()
        .subscription_capacity(SUBSCRIPTION_MAX)
        .reconnect_delay_callback(move |attempts| {
            let least = if is_attested && stood.has_stood() { LINE_PAUSE } else { Duration::ZERO };
            reconnect_pause(attempts).max(least)
        })
        .event_callback(watch.callback());
    options.connect(&link.url).await.map_err(|source| NatsError::Address { url: link.url.clone(), source })
}
