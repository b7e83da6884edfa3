//! The log: one gapless sequence of records, durable before it is acknowledged.
//!
//! [`Log`] is the trait, and its doc is the specification; [`conformance`] holds it as cases that every
//! provider's tests run. The providers: [`FjallLog`] on disk, [`MemoryLog`] for tests and simulations,
//! [`FaultyLog`] around either of them, failing on a schedule.
//!
//! Group commit is not done here. One append is one group commit: the sequencer packs everything that
//! waits into one block, and the next group gathers while that block is being synced.

pub mod conformance;

mod copy;
mod cursor;
mod error;
mod faulty;
mod fjall_log;
mod folder;
mod log;
mod memory;
mod schedule;
mod seal;
mod span;
mod store;
mod tail;

pub use copy::open_copy;
pub use error::{AppendError, OpenError, ReadError};
pub use faulty::FaultyLog;
pub use fjall_log::FjallLog;
pub use folder::LAYOUT;
pub use log::{Log, record};
pub use memory::MemoryLog;
pub use schedule::{AppendFault, ReadFault, Schedule};
pub use seal::{FILES, SealError, check_seal, seal};
pub use store::{CACHE_BYTES, JOURNALS_BYTES_MAX, MEMTABLE_BYTES};
pub use tail::{LARGE_BYTES, LARGE_RECORDS, TAIL_BYTES_MAX, TAIL_RECORDS_MAX};
