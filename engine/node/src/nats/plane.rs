//! The plane as a whole: what is started, what stands, and how it ends.

use serde::Serialize;

use crate::handle::Handle;
use crate::nats::credentials::NatsKey;
use crate::nats::error::NatsError;
use crate::nats::layout::NatsPrincipal;
use crate::nats::line::Line;
use crate::nats::link::Link;
use crate::nats::running::{Running, stop_all};
use crate::nats::tray::TrayState;

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
    handle: Handle,
    link: Link,
    tray_bytes_max: u64,
    lines: Vec<Running>,
}

/// Starts everything that listens on NATS. A server that is away is connected to when it is there.
///
/// # Errors
///
/// If the address cannot be understood.
pub async fn start(handle: Handle, url: &str, options: NatsOptions) -> Result<NatsPlane, NatsError> {
    let link = Link { url: url.to_owned(), key: options.key };
    let mut plane = NatsPlane { handle, link, tray_bytes_max: options.tray_bytes_max, lines: Vec::new() };
    match options.identity {
        NatsIdentity::Claimed => plane.listen(Line::of_everybody()).await?,
        NatsIdentity::Attested(principals) => plane.follow(principals).await?,
    }
    Ok(plane)
}

impl NatsPlane {
    async fn listen(&mut self, line: Line) -> Result<(), NatsError> {
        let running = Running::start(&self.handle, line, &self.link, self.tray_bytes_max).await?;
        self.lines.push(running);
        Ok(())
    }

    /// Goes on with these principals: lines that are as they were stay, the others end, new ones begin.
    ///
    /// # Errors
    ///
    /// If a line cannot begin; those before it have begun.
    pub async fn follow(&mut self, principals: Vec<NatsPrincipal>) -> Result<(), NatsError> {
        let stays = |line: &Running| line.whose().is_some_and(|whose| principals.contains(whose));
        let (stay, end) = std::mem::take(&mut self.lines).into_iter().partition(stays);
        self.lines = stay;
        stop_all(end).await;
        for principal in principals {
            if !self.lines.iter().any(|line| line.whose() == Some(&principal)) {
                self.listen(Line::of(principal)).await?;
            }
        }
        Ok(())
    }

    /// How the plane stands at this moment.
    pub fn status(&self) -> NatsStatus {
        let connected = self.lines.iter().all(Running::is_connected);
        let dropped = self.lines.iter().map(Running::dropped).sum();
        let trays = self.lines.iter().filter_map(Running::tray);
        let tray = trays.fold(TrayState::Reading, |worst, tray| match (worst, tray) {
            (worst @ TrayState::Waiting { .. }, _) => worst,
            (worst, TrayState::Reading) => worst,
            (_, tray) => tray,
        });
        NatsStatus { connected, dropped, tray }
    }

    /// Takes no more, sends the answers that are under way, and ends.
    pub async fn stop(self) {
        stop_all(self.lines).await;
    }
}
