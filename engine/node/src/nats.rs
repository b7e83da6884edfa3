//! The NATS plane: services publish events and read by subjects; nothing is decided here.
//!
//! ```text
//! selfsame.in.>    ─ ingest ─┐
//! selfsame.tray.>  ─ tray   ─┼─ message ─ Handle
//! selfsame.get.>   ─ get    ─┤
//! selfsame.feed.>  ─ feed ───┘
//! ```
//!
//! NATS may be away at the start, go away in the middle and come back empty: the engine goes on, and what
//! was acknowledged is in the log.
//!
//! Not here: who a principal is. The subject names one, and until a boundary is in force nobody's identity
//! is proven.

mod answer;
pub mod client;
mod error;
mod feed;
mod get;
mod inbox;
mod ingest;
pub mod layout;
mod managed;
mod message;
mod plane;
pub mod subject;
mod tray;
mod watch;

pub use crate::nats::error::NatsError;
pub use crate::nats::feed::RENEW_WAIT;
pub use crate::nats::get::WAITING_READS_MAX;
pub use crate::nats::ingest::IN_FLIGHT_MAX;
pub use crate::nats::managed::{ManagedNats, START_WAIT, find_server};
pub use crate::nats::plane::{NatsOptions, NatsPlane, NatsStatus, SUBSCRIPTION_MAX, start};
pub use crate::nats::tray::{
    CONSUMER, TRAY_BYTES_DEFAULT, TRAY_IN_FLIGHT_MAX, TRAY_MESSAGE_BYTES_MAX, TRAY_STREAM, TrayState,
};
