//! What ends a session with the in-tray.

use async_nats::jetstream::consumer::pull::MessagesError;
use selfsame_core::Refusal;
use thiserror::Error;

/// Why the in-tray is not read for the moment.
#[derive(Debug, Error)]
pub(crate) enum TrayTrouble {
    #[error("NATS cannot be reached: {0}")]
    Connect(#[from] async_nats::ConnectError),
    #[error("the connection to NATS was lost")]
    Disconnected,
    #[error("the NATS server could not be asked to {what}: {source}")]
    Request { what: &'static str, source: async_nats::Error },
    #[error(
        "the stream `{stream}` has {what} {found}, and {needed} is needed; once it is empty, delete it \
         (`nats stream rm {stream}`) and it is made anew"
    )]
    Config { stream: String, what: &'static str, found: String, needed: &'static str },
    #[error("reading the stream failed: {0}")]
    Messages(#[from] MessagesError),
    #[error("the server ended the reading of the stream")]
    Ended,
    #[error("a message came without its place in the stream: {0}")]
    NoPlace(async_nats::Error),
    #[error("the events stay in the stream: {}", .0.detail)]
    Held(Refusal),
    #[error("{pending} messages were delivered and never arrived")]
    Stuck { pending: usize },
}

impl TrayTrouble {
    /// Says what the server was asked for.
    pub(crate) fn request<E: Into<async_nats::Error>>(what: &'static str) -> impl FnOnce(E) -> TrayTrouble {
        move |err| TrayTrouble::Request { what, source: err.into() }
    }
}
