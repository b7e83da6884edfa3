//! Why NATS cannot be used at all. What goes wrong later is retried and logged, and is no error of these.

use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::nats::layout::LayoutError;

/// Why NATS cannot be used.
#[derive(Debug, Error)]
pub enum NatsError {
    /// The address cannot be understood.
    #[error(
        "`{url}` is not the address of a NATS server: {source}; give one such as `nats://127.0.0.1:4222`"
    )]
    Address {
        /// What was given.
        url: String,
        /// What is wrong with it.
        source: async_nats::ConnectError,
    },
    /// A subject cannot be listened on.
    #[error("`{subject}` cannot be listened on: {source}")]
    Subscribe {
        /// The subject.
        subject: String,
        /// What is wrong with it.
        source: async_nats::SubscribeError,
    },
    /// There is no configuration for the accounts.
    #[error("the NATS server's accounts cannot be written: {0}")]
    Layout(#[from] LayoutError),
    /// There is no server program.
    #[error(
        "there is no `nats-server` on the PATH; install it (`apt-get install nats-server`, or \
         https://github.com/nats-io/nats-server/releases), or give the URL of a running one"
    )]
    NotInstalled,
    /// The folder for the server's files cannot be used.
    #[error("the folder `{}` cannot be made for the NATS server: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        source: std::io::Error,
    },
    /// The server program does not run.
    #[error("`{}` could not be started: {source}", program.display())]
    Spawn {
        /// The program.
        program: PathBuf,
        /// What is wrong with it.
        source: std::io::Error,
    },
    /// The server ended before it was ready.
    #[error("`nats-server` ended before it was ready; its log `{}` ends in: {tail}", log.display())]
    Ended {
        /// Its log.
        log: PathBuf,
        /// The last lines of its log.
        tail: String,
    },
    /// The server took too long.
    #[error(
        "`nats-server` was not ready within {} s; its log is `{}`", waited.as_secs(), log.display()
    )]
    NotReady {
        /// How long it was waited for.
        waited: Duration,
        /// Its log.
        log: PathBuf,
    },
}
