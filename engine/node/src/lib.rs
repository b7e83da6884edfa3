//! The node: the loop around the pure core, and the servers that lead to it.
//!
//! ```text
//! NATS ─┐                      ┌─ Log::append (one group commit)
//! HTTP ─┼─ Handle ─ Sequencer ─┼─ Serving::commit (what readers see)
//! CLI  ─┘                      └─ answers, builds
//! ```

pub mod audit;
mod builder;
mod change;
mod clock;
mod compare;
mod engine;
mod feed;
mod handle;
pub mod http;
mod identity;
mod lane;
mod latency;
mod mcp;
pub mod nats;
pub mod operator;
pub mod read;
mod readers;
mod rebase;
mod recovery;
mod register;
mod replay;
mod sequencer;

pub use crate::builder::BuildProgress;
pub use crate::change::{CHANGE_ROUNDS_MAX, Intent, Proof};
pub use crate::clock::show_time;
pub use crate::engine::{Engine, StartError};
pub use crate::feed::{
    ALIVE_EVERY, FEEDS_MAX, RESUME_RECORDS_MAX, RESUMES_MAX, TAKER_WAIT, TOPIC_BATCHES_MAX, TOPIC_BYTES_MAX,
};
pub use crate::handle::{AT_LEAST_WAIT, Handle, Pending, note_refused};
pub use crate::identity::TOKEN_BYTES_MAX;
pub use crate::lane::{LANE_MAX, LANE_OPEN_MAX};
pub use crate::mcp::{MCP_ANSWER_BYTES_MAX, MCP_BYTES_MAX, MCP_CALLS_MAX};
pub use crate::read::record_line;
pub use crate::readers::READERS_MAX;
pub use crate::rebase::{LISTED_MAX, Moved};
pub use crate::recovery::{RecoveryError, recover, recover_core};
pub use crate::register::{CHECKS_MAX, REGISTER_ROUNDS_MAX};
pub use crate::replay::{REPLAY_ROWS_MAX, Replayed, ReplayedRow, RowsWanted, replay};
pub use crate::sequencer::{ENGINE, INBOX_MAX, Reply};
