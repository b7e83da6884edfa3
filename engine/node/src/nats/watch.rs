//! What is logged of a connection, and whether it stands: a change once, not every attempt.

use std::future::Ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_nats::Event;
use tracing::{info, warn};

/// The longest pause between two attempts to connect again.
const RECONNECT_PAUSE_MAX: Duration = Duration::from_secs(1);
/// Dropped messages are logged at their first, and then at each of so many.
const DROPPED_PER_LINE: u64 = 10_000;

/// What is known of the engine's connection.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    line: String,
    away: AtomicBool,
    connected: AtomicBool,
    /// Whether it ever was.
    stood: AtomicBool,
    dropped: AtomicU64,
}

impl Watch {
    /// Of the line of somebody.
    pub(crate) fn new(line: &str) -> Watch {
        Watch { line: line.to_owned(), ..Watch::default() }
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Relaxed)
    }

    /// Whether it ever was connected.
    pub(crate) fn has_stood(&self) -> bool {
        self.stood.load(Ordering::Relaxed)
    }

    /// Messages that came faster than they were taken and went unread.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// The callback of a connection's events.
    pub(crate) fn callback(self: &Arc<Self>) -> impl Fn(Event) -> Ready<()> + Send + Sync + use<> {
        let this = Arc::clone(self);
        move |event| {
            this.take(&event);
            std::future::ready(())
        }
    }

    fn take(&self, event: &Event) {
        match event {
            Event::Connected => {
                self.connected.store(true, Ordering::Relaxed);
                self.stood.store(true, Ordering::Relaxed);
                self.away.store(false, Ordering::Relaxed);
                info!(line = self.line, "NATS is connected");
            }
            Event::Disconnected | Event::Closed | Event::ClientError(_) => {
                self.connected.store(false, Ordering::Relaxed);
                if !self.away.swap(true, Ordering::Relaxed) {
                    warn!(event = %event, line = self.line, "NATS is away, will connect when it is back");
                }
            }
            Event::SlowConsumer(_) => {
                let before = self.dropped.fetch_add(1, Ordering::Relaxed);
                if before.is_multiple_of(DROPPED_PER_LINE) {
                    let dropped = before + 1;
                    warn!(
                        dropped,
                        line = self.line,
                        "messages came faster than they are taken and go unanswered"
                    );
                }
            }
            Event::ServerError(err) => {
                warn!(err = %err, line = self.line, "the NATS server reports an error")
            }
            Event::LameDuckMode | Event::Draining => {}
        }
    }
}

/// How long to wait before the given attempt to connect again.
pub(crate) fn reconnect_pause(attempts: usize) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX).min(10);
    if doublings == 0 {
        Duration::ZERO
    } else {
        Duration::from_millis(1 << doublings).min(RECONNECT_PAUSE_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_second() {
        let ms = [0, 1, 2, 3, 10, 11, usize::MAX].map(|n| reconnect_pause(n).as_millis());
        assert_eq!(ms, [0, 0, 2, 4, 512, 1000, 1000]);
    }

    #[test]
    fn the_connection_stands_from_connected_to_the_first_sign_of_trouble() {
        let watch = Watch::default();
        assert!(!watch.is_connected());
        watch.take(&Event::Connected);
        assert!(watch.is_connected());
        watch.take(&Event::SlowConsumer(1));
        assert!(watch.is_connected());
        assert_eq!(watch.dropped(), 1);
        watch.take(&Event::Disconnected);
        assert!(!watch.is_connected());
    }
}
