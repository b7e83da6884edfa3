//! The durable in-tray: a JetStream stream that keeps events while the engine is away.
//!
//! A publisher's acknowledgement from the stream means that the NATS server has the message; it leaves the
//! stream once it is in the log, as an event or as a refusal with its reason. The message's place in the
//! stream stands in the record, so a crash between the two neither loses nor doubles one.
//!
//! A *session* is one connection that reads the stream in order, from the oldest message that is not
//! acknowledged. Whatever goes wrong ends it: a lost connection, a stream made anew, a log that takes no
//! more, no active version yet. The next one begins at the oldest message again, so the order is kept,
//! and what is in the log already is only acknowledged.
//!
//! Under a boundary each principal has a stream of its own. JetStream takes a message's `Nats-Msg-Id` for a
//! name within the stream and drops a second one, so in one stream a publisher could make another's event
//! vanish; what is a duplicate in the log is decided by (principal, source, id) alone. Who sent a message is
//! what its subject says: JetStream takes the server's header off, and the accounts let nobody but that
//! principal publish there.
//!
//! How long the NATS server may take to sync what it has acknowledged is its own matter (two minutes by
//! default): after a power failure, only what the engine has answered is certain.

mod session;
mod sift;
mod stream;
mod trouble;

use std::time::Duration;

use selfsame_core::{Code, Refusal, no_active_version};
use serde::Serialize;
use tokio::sync::watch;
use tracing::{info, warn};

use crate::handle::Handle;
use crate::nats::line::{Line, TrayName};
use crate::nats::link::Link;
use crate::nats::tray::session::Session;
pub use crate::nats::tray::stream::{
    CONSUMER, TRAY_BYTES_DEFAULT, TRAY_IN_FLIGHT_MAX, TRAY_MESSAGE_BYTES_MAX, TRAY_STREAM,
};
use crate::nats::tray::trouble::TrayTrouble;

/// The pause after the first session that came to nothing. It doubles up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_millis(200);
/// The longest pause between two sessions.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// How reading the in-tray stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum TrayState {
    /// Not connected yet.
    Starting,
    /// Messages are read as they come.
    Reading,
    /// Messages stay in the stream for the moment.
    Waiting {
        /// What has to change.
        why: String,
    },
}

/// The reader of the in-tray.
pub(crate) struct Tray {
    pub(crate) handle: Handle,
    pub(crate) line: Line,
    pub(crate) name: TrayName,
    pub(crate) link: Link,
    pub(crate) bytes_max: u64,
    pub(crate) state: watch::Sender<TrayState>,
}

impl Tray {
    /// Reads until the plane stops.
    pub(crate) async fn run(self, mut stopped: watch::Receiver<bool>) {
        tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => {}
            () = self.sessions() => {}
        }
    }

    async fn sessions(&self) {
        let mut pause = PAUSE_MIN;
        loop {
            let mut taken = 0;
            let trouble = match self.session(&mut taken).await {
                Ok(never) => match never {},
                Err(trouble) => trouble,
            };
            pause = if taken > 0 { PAUSE_MIN } else { pause };
            let retry_in_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
            let why = trouble.to_string();
            if *self.state.borrow() != (TrayState::Waiting { why: why.clone() }) {
                let err: &dyn std::error::Error = &trouble;
                let stream = &self.name.stream;
                warn!(err, stream, retry_in_ms, "the in-tray is not read, will retry");
            }
            self.state.send_replace(TrayState::Waiting { why });
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    async fn session(&self, taken: &mut u64) -> Result<std::convert::Infallible, TrayTrouble> {
        let session = Session::open(self).await?;
        self.check_takes_events()?;
        info!(stream = self.name.stream, "the in-tray is read");
        self.state.send_replace(TrayState::Reading);
        session.read(taken).await
    }

    /// Publishers can put events into the stream, and there they stay, until the engine takes some.
    fn check_takes_events(&self) -> Result<(), TrayTrouble> {
        if self.handle.is_read_only() {
            let refusal = Refusal::new(Code::ReadOnly, "the log takes no more records");
            return Err(TrayTrouble::Held(refusal));
        }
        match self.handle.admission().active {
            Some(_) => Ok(()),
            None => Err(TrayTrouble::Held(no_active_version())),
        }
    }
}
