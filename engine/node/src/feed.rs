//! The change feed: what becomes of a projection's rows, and which version answers, as it happens.
//!
//! ```text
//! Sequencer ─ Hub ─ Topic (one per projection: the last batches) ─ Feed (one per subscriber) ─ HTTP, NATS
//! ```
//!
//! The sequencer puts what each group commit changed into the topics, once, however many subscribe. A
//! [`Feed`] takes from its topic and, for what came before, reads the rows or the log.
//!
//! # Invariants
//!
//! 1. A batch is put into every topic before its position is published, so a feed that knows a position has
//!    only to look into its topic to know everything up to there.
//! 2. A row's value, its version and its position are read under one lock (P3).
//! 3. Only commits are published: builds, restarts and replays are not (P12).
//! 4. Without a subscriber, a commit costs the look at one flag.
//!
//! Not here: how a message travels (`http`, `nats`). What it means is said in `docs/feed.md`.

mod hub;
mod message;
mod part;
mod subscribe;
mod subscription;
mod topic;

use std::time::Duration;

pub(crate) use crate::feed::hub::Hub;
pub(crate) use crate::feed::message::{Ended, Message};
pub(crate) use crate::feed::subscribe::Asked;
pub(crate) use crate::feed::subscription::Feed;

/// Feeds at once, over all transports; further ones are refused as overload.
pub const FEEDS_MAX: usize = 256;
/// Bytes of messages that a topic keeps for those who are behind; more cost memory, fewer cut off sooner.
pub const TOPIC_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Group commits that a topic keeps for those who are behind.
pub const TOPIC_BATCHES_MAX: usize = 8192;
/// Records that are read again to find what changed since a position.
pub const RESUME_RECORDS_MAX: u64 = 1_000_000;
/// Feeds that read the log at once; others wait for their turn.
pub const RESUMES_MAX: usize = 2;
/// How often a feed with nothing to say shows that it is there.
pub const ALIVE_EVERY: Duration = Duration::from_secs(15);
/// The longest that a subscriber may take nothing.
pub const TAKER_WAIT: Duration = Duration::from_secs(30);
