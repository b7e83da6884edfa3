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
//! Who a principal is, the subject says. Without a boundary nobody proves it; under one the NATS server's
//! accounts do (`layout`), each principal comes in on a line of its own (`line`), and what the server attests
//! has to agree (`attest`).

mod answer;
mod attest;
pub mod client;
mod credentials;
mod error;
mod feed;
mod get;
mod inbox;
mod ingest;
pub mod layout;
mod line;
mod link;
mod managed;
mod message;
mod plane;
mod running;
pub mod subject;
mod tray;
mod watch;

pub use crate::nats::attest::ATTESTATION_BYTES_MAX;
pub use crate::nats::credentials::{KeyError, NatsKey};
pub use crate::nats::error::NatsError;
pub use crate::nats::feed::RENEW_WAIT;
pub use crate::nats::get::WAITING_READS_MAX;
pub use crate::nats::ingest::IN_FLIGHT_MAX;
pub use crate::nats::managed::{ManagedNats, START_WAIT, find_server};
pub use crate::nats::plane::{NatsIdentity, NatsOptions, NatsPlane, NatsStatus, start};
pub use crate::nats::running::SUBSCRIPTION_MAX;
pub use crate::nats::tray::{
    CONSUMER, TRAY_BYTES_DEFAULT, TRAY_IN_FLIGHT_MAX, TRAY_MESSAGE_BYTES_MAX, TRAY_STREAM, TrayState,
};
