//! How the engine connects: where to, and with which key.

use std::time::Duration;

use async_nats::ConnectOptions;

use crate::nats::credentials::NatsKey;
use crate::nats::layout::engine_inbox_prefix;

/// A server, and what the engine proves itself with there.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) url: String,
    pub(crate) key: Option<NatsKey>,
}

/// The pause before a line of one principal connects again. Whoever sends what no client can read breaks
/// their own line, and gets no more of the processor for it than this leaves.
pub(crate) const LINE_PAUSE: Duration = Duration::from_millis(250);

impl Link {
    /// Options to connect with.
    pub(crate) fn options(&self) -> ConnectOptions {
        match &self.key {
            None => ConnectOptions::new(),
            Some(key) => key.connect_options().custom_inbox_prefix(engine_inbox_prefix()),
        }
    }
}
