//! The plane as a whole: what is started, what stands, and how it ends.

use std::sync::Arc;
use std::time::Duration;

use async_nats::{Client, ConnectOptions};
use serde::Serialize;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::warn;

use crate::handle::Handle;
use crate::nats::error::NatsError;
use crate::nats::inbox::Inbox;
use crate::nats::tray::{Tray, TrayState};
use crate::nats::watch::{Watch, reconnect_pause};
use crate::nats::{feed, get, ingest, subject};

/// Messages that have arrived and wait to be taken, per subject. What comes beyond is dropped unanswered.
pub const SUBSCRIPTION_MAX: usize = 8192;

/// How long a stop waits for answers that are under way.
const STOP_WAIT: Duration = Duration::from_secs(5);

/// What an operator says about NATS.
#[derive(Clone, Copy, Debug)]
pub struct NatsOptions {
    /// Bytes of messages that the in-tray keeps until they are in the log. When it is full, publishers are
    /// refused; a larger one outlasts a longer stop of the engine and takes disk of the NATS server.
    pub tray_bytes_max: u64,
}

/// How the plane stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NatsStatus {
    /// Whether request-reply subjects are listened on.
    pub connected: bool,
    /// Messages that came faster than they were taken and went unanswered, since the start.
    pub dropped: u64,
    /// How reading the in-tray stands.
    pub tray: TrayState,
}

/// The running plane. Dropping it ends it without waiting for answers that are under way.
pub struct NatsPlane {
    client: Client,
    watch: Arc<Watch>,
    tray: watch::Receiver<TrayState>,
    stopping: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

/// Starts everything that listens on NATS. A server that is away is connected to when it is there.
///
/// # Errors
///
/// If the address cannot be understood.
pub async fn start(handle: Handle, url: &str, options: NatsOptions) -> Result<NatsPlane, NatsError> {
    let watch = Arc::new(Watch::default());
    let client = connect(url, &watch).await?;
    let (stopping, stopped) = watch::channel(false);
    let ingested = Inbox::listen(&client, &format!("{}>", subject::IN), stopped.clone()).await?;
    let read = Inbox::listen(&client, &format!("{}>", subject::GET), stopped.clone()).await?;
    let feeds = Inbox::listen(&client, &format!("{}>", subject::FEED), stopped.clone()).await?;
    let (tray_state, tray_seen) = watch::channel(TrayState::Starting);
    let tray = Tray::new(handle.clone(), url.to_owned(), options.tray_bytes_max, tray_state);
    let tasks = vec![
        tokio::spawn(ingest::run(handle.clone(), client.clone(), ingested)),
        tokio::spawn(get::run(handle.clone(), client.clone(), read)),
        tokio::spawn(feed::run(handle, client.clone(), feeds)),
        tokio::spawn(tray.run(stopped)),
    ];
    Ok(NatsPlane { client, watch, tray: tray_seen, stopping, tasks })
}

impl NatsPlane {
    /// How the plane stands at this moment.
    pub fn status(&self) -> NatsStatus {
        let (connected, dropped) = (self.watch.is_connected(), self.watch.dropped());
        NatsStatus { connected, dropped, tray: self.tray.borrow().clone() }
    }

    /// Takes no more, sends the answers that are under way, and ends.
    pub async fn stop(mut self) {
        self.stopping.send_replace(true);
        let tasks = std::mem::take(&mut self.tasks);
        let deadline = tokio::time::Instant::now() + STOP_WAIT;
        for mut task in tasks {
            if tokio::time::timeout_at(deadline, &mut task).await.is_err() {
                warn!("a part of the NATS plane did not end in time");
                task.abort();
            }
        }
        if self.watch.is_connected() {
            // It may go away just now, and then nobody is there to be answered.
            let _ = tokio::time::timeout_at(deadline, self.client.flush()).await;
        }
    }
}

impl Drop for NatsPlane {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn connect(url: &str, watch: &Arc<Watch>) -> Result<Client, NatsError> {
    let options = ConnectOptions::new()
        .name("selfsame")
        .retry_on_initial_connect()
        .subscription_capacity(SUBSCRIPTION_MAX)
        .reconnect_delay_callback(reconnect_pause)
        .event_callback(watch.callback());
    options.connect(url).await.map_err(|source| NatsError::Address { url: url.to_owned(), source })
}
