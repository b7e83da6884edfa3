//! One group commit in the making: the records that it will write, and what follows once they are durable.

use selfsame_projections::Generation;
use selfsame_record::Record;

use crate::input::{Effect, Sharing};
use crate::limits::BATCH_BYTES_MAX;

/// What one call of [`Core::prepare`](crate::Core::prepare) decided.
///
/// The node appends `records` as one block, then commits them to the [`Serving`](crate::Serving) state,
/// then performs `effects`. If the append fails, the core is ahead of the log and must not decide again.
#[derive(Debug, Default)]
pub struct Batch {
    /// What to append; empty if nothing that was asked leads to a record.
    pub records: Vec<Record>,
    /// What to do afterwards, in order.
    pub effects: Vec<Effect>,
    /// A generation that is kept in step from this batch on.
    pub adopt: Option<Generation>,
    bytes: usize,
    events: bool,
    alone: bool,
    inputs: usize,
}

impl Batch {
    /// Whether a request may join.
    pub(crate) fn admits(&self, sharing: Sharing, records: usize, bytes: usize) -> bool {
        if self.inputs == 0 {
            return true;
        }
        let fits = self.records.len() + records <= selfsame_record::RECORDS_MAX
            && self.bytes + bytes <= BATCH_BYTES_MAX;
        let shares = match sharing {
            Sharing::Alone => false,
            Sharing::NoEvents => !self.events,
            Sharing::Any | Sharing::Events => true,
        };
        fits && shares && !self.alone
    }

    /// Notes that a request has joined.
    pub(crate) fn join(&mut self, sharing: Sharing, bytes: usize) {
        self.inputs += 1;
        self.bytes += bytes;
        self.events |= sharing == Sharing::Events;
        self.alone |= sharing == Sharing::Alone;
    }
}
