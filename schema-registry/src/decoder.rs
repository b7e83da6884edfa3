//! How one version reads what another one wrote: the one way from a row to values in a reader's shape.
//!
//! A decoder is composed, along the lineage, of the lenses between the two versions. Where they only take
//! fields over, it is a table: every slot of the reader has one source, a plain copy costs one match, and
//! the row is never converted as a whole ([`table`]). Any other operation needs the document as a tree,
//! which the lenses change edge by edge and which the reader's shape lays out anew ([`chain`]); what does
//! not fit there is not shown.
//!
//! Every read path uses [`Decoder::decode`]: folds, reads, replays, exports.

mod chain;
mod compose;
mod decoded;
mod source;
mod table;

use std::sync::Arc;

use selfsame_record::{EventType, RowRead};
use thiserror::Error;

pub(crate) use chain::{Chain, ChainStep, Stretch};
pub(crate) use compose::Composer;
pub use decoded::Decoded;
pub(crate) use table::Table;

use crate::shape::EventShape;

/// How one version reads what another one wrote.
#[derive(Debug)]
pub struct Decoder {
    event_type: EventType,
    reader: Arc<EventShape>,
    path: Path,
}

#[derive(Debug)]
enum Path {
    Slots(Table),
    Tree(Chain),
}

/// Why the reader's version cannot say what was written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct Inexpressible {
    /// JSON Pointer to the place in the reader's shape.
    pub pointer: String,
    /// Why not, with the place.
    pub reason: String,
}

impl Decoder {
    /// A decoder that takes every slot from a source.
    pub(crate) fn of_table(event_type: EventType, table: Table) -> Decoder {
        Decoder { event_type, reader: table.reader.clone(), path: Path::Slots(table) }
    }

    /// A decoder that runs lenses on the document.
    pub(crate) fn of_chain(event_type: EventType, reader: Arc<EventShape>, chain: Chain) -> Decoder {
        Decoder { event_type, reader, path: Path::Tree(chain) }
    }

    /// The row as the reader sees it.
    ///
    /// # Errors
    ///
    /// If the reader's version cannot say what was written: a member that the writer's schema does not name
    /// is known to the reader's and does not fit it, an operation of a lens fails, or what the lenses give
    /// is not valid.
    pub fn decode<'a, R: RowRead>(&'a self, row: &'a R) -> Result<Decoded<'a, R>, Inexpressible> {
        match &self.path {
            Path::Slots(table) => {
                table.check(row)?;
                Ok(Decoded::seen(table, row))
            }
            Path::Tree(chain) => Ok(Decoded::converted(&self.reader, chain.convert(row, &self.reader)?)),
        }
    }

    /// The shape that it reads into.
    pub fn reader(&self) -> &Arc<EventShape> {
        &self.reader
    }

    /// What the reader's version calls the event type.
    pub fn event_type(&self) -> &EventType {
        &self.event_type
    }

    /// Whether reader and writer have the same shape, slot for slot.
    pub fn is_identity(&self) -> bool {
        matches!(&self.path, Path::Slots(table) if table.identity)
    }

    /// Whether the document goes through a tree, which costs microseconds instead of nanoseconds.
    pub fn is_tree(&self) -> bool {
        matches!(self.path, Path::Tree(_))
    }
}
