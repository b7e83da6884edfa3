//! What the log is made of: positions, names, values, records and blocks.
//!
//! Everything here is pure and knows nothing of the other packages. A record is written once and read
//! many times, so its form is a rkyv archive that is read in place; blocks carry the checksum and the
//! format number ([`Block`]).
//!
//! The audit trail's forms are here, too: what a record is as an entry of a Merkle tree ([`entry`]), the tree
//! and its proofs ([`merkle`]), and what is signed ([`note`], [`checkpoint`]).

// The order of a hash map is not in the log, so a pure package never goes by it.
#![warn(clippy::iter_over_hash_type)]

mod block;
pub mod checkpoint;
mod digest;
pub mod entry;
mod hex;
pub mod merkle;
mod name;
pub mod note;
mod position;
mod protect;
mod record;
mod row;
mod value;

pub use block::{Block, BlockError, BlockView, FORMAT, HEADER_LEN, RECORDS_MAX};
pub use digest::{Digest, MultisetDigest};
pub use name::{EventType, Key, Name, NameError, Principal, VersionNo};
pub use position::{Micros, Position};
pub use protect::{FOLDED_CHARS_MAX, Protected};
pub use record::{
    ArchivedBody, ArchivedEvent, ArchivedRecord, Attribute, Body, Event, EventId, Record, TraySeq,
};
pub use row::{ArchivedExtra, ArchivedRow, Extra, Row, RowRead};
pub use value::{ArchivedValue, Value, ValueRef};
