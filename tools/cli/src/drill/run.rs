//! What everybody in a drill shares.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use selfsame_sim::Random;
use tokio::sync::Notify;

use super::book::Book;
use super::checker::Checker;
use super::family::Family;
use super::findings::{Fault, Findings};
use super::live::Live;
use super::waits::Waits;
use crate::client::Client;
use crate::failure::{Failure, Outcome};

/// The pause before something is tried again that could not be done yet.
pub(super) const PAUSE: Duration = Duration::from_millis(25);

/// What everybody shares.
pub(super) struct Run {
    seed: u64,
    pub(super) http: String,
    pub(super) nats: Option<async_nats::Client>,
    pub(super) operator: Client,
    pub(super) family: Arc<Family>,
    pub(super) book: Arc<Book>,
    pub(super) findings: Arc<Findings>,
    pub(super) checker: Checker,
    pub(super) live: Live,
    pub(super) waits: AllWaits,
    pub(super) counts: Counts,
    pub(super) ends: Ends,
    /// Told at each step of a change, so that a kill can be aimed at one.
    pub(super) stepped: Notify,
}

/// The waits of readers and publishers, and when the version switched.
pub(super) struct AllWaits {
    pub(super) reading: Waits,
    pub(super) publishing: Waits,
    pub(super) switches: Waits,
}

/// What was done.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Versions that were taken live.
    pub(super) changes: AtomicU64,
    /// Requests of agents that were refused as they must be.
    pub(super) refused: AtomicU64,
    pub(super) warm_rewinds: AtomicU64,
    pub(super) cold_rewinds: AtomicU64,
    /// Versions that were taken live again after a rewind.
    pub(super) forward: AtomicU64,
    /// Builds that were given up.
    pub(super) abandoned: AtomicU64,
    /// Guards that tripped, and led back by themselves.
    pub(super) tripped: AtomicU64,
    /// Probations that ended well.
    pub(super) settled: AtomicU64,
    /// Breakers that opened, and the operator reset.
    pub(super) breakers: AtomicU64,
    /// Freezes by the operator.
    pub(super) freezes: AtomicU64,
    /// Cutovers that another agent's forestalled.
    pub(super) conflicts: AtomicU64,
    /// Events that were written in another version than the active one.
    pub(super) in_others: AtomicU64,
    /// Events that were sent again.
    pub(super) repeated: AtomicU64,
    pub(super) feed_messages: AtomicU64,
    pub(super) jobs_done: AtomicU64,
    /// Job results that came after a switch or after the lease had run out.
    pub(super) fenced: AtomicU64,
    pub(super) kills: AtomicU64,
}

/// Who is to come to an end: agents first, readers last.
#[derive(Debug, Default)]
pub(super) struct Ends {
    pub(super) agents: AtomicBool,
    pub(super) producers: AtomicBool,
    pub(super) workers: AtomicBool,
    pub(super) readers: AtomicBool,
    /// Workers finish everything that they get.
    pub(super) draining: AtomicBool,
}

/// Counts one.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Run {
    pub(super) fn new(seed: u64, http: &str, nats: Option<async_nats::Client>, operator: Client) -> Run {
        let (family, book) = (Arc::new(Family::default()), Arc::new(Book::default()));
        let findings = Arc::new(Findings::default());
        let began = Instant::now();
        let waits = AllWaits {
            reading: Waits::new(began),
            publishing: Waits::new(began),
            switches: Waits::new(began),
        };
        Run {
            seed,
            http: http.to_owned(),
            nats,
            operator,
            checker: Checker::new(Arc::clone(&family), Arc::clone(&book), Arc::clone(&findings)),
            family,
            book,
            findings,
            live: Live::default(),
            waits,
            counts: Counts::default(),
            ends: Ends::default(),
            stepped: Notify::new(),
        }
    }

    /// A client who acts as `principal`.
    pub(super) fn client(&self, principal: &str) -> Outcome<Client> {
        Client::new(&self.http, principal)
    }

    /// The numbers by which somebody decides: the same for the same seed and name.
    pub(super) fn random(&self, name: &str) -> Random {
        let mixed = name.bytes().fold(self.seed, |seed, byte| Random::new(seed ^ u64::from(byte)).draw());
        Random::new(mixed)
    }

    /// Counts a finding of somebody's.
    pub(super) fn find(&self, fault: Fault, who: &str, what: impl std::fmt::Display) {
        self.findings.add(fault, format!("{who}: {what}"));
    }
}

/// Whether the engine may simply be away, or busy: the same request is sent again.
pub(super) fn is_away(failure: &Failure) -> bool {
    let codes = ["stopping", "overloaded", "read-only", "registry-changed"];
    matches!(failure, Failure::Unreachable { .. }) || codes.contains(&failure.code().as_str())
}

/// Waits up to `max_ms` milliseconds, as `random` says.
pub(super) async fn rest(random: &mut Random, max_ms: u64) {
    tokio::time::sleep(Duration::from_millis(random.below(max_ms + 1))).await;
}
