//! The core, asked request by request, on a log in memory.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod autonomy;
mod bounded;
mod changes;
mod crashes;
mod desk;
mod kinds;
mod limits;
mod probation;
mod quarantine;
mod requests;
mod rewinds;
mod sharing;
mod watching;
