//! One scan's way through blocks: checks each, and hands out what belongs to the scan.
//!
//! Every provider reads through a cursor, so that checksums, gaps and the cuts at both ends are judged in
//! one place. Not here: where the blocks come from.

use std::ops::ControlFlow;

use rkyv::rancor;
use selfsame_record::{ArchivedRecord, Block, BlockError, Position, Record};

use crate::error::ReadError;

/// Who looks at the records.
pub(crate) type Visit<'v> = &'v mut dyn FnMut(&[ArchivedRecord]) -> ControlFlow<()>;

/// A scan that has come up to (not with) `next`.
pub(crate) struct Cursor<'v> {
    next: Position,
    head: Position,
    visit: Visit<'v>,
}

impl<'v> Cursor<'v> {
    /// Begins a scan of `from ..= head`; `None` if there is nothing to visit.
    pub(crate) fn new(from: Position, head: Position, visit: Visit<'v>) -> Option<Cursor<'v>> {
        let next = from.max(Position::ZERO.next());
        (next <= head).then_some(Cursor { next, head, visit })
    }

    /// The position that is visited next.
    pub(crate) fn next(&self) -> Position {
        self.next
    }

    /// The last position that is visited.
    pub(crate) fn head(&self) -> Position {
        self.head
    }

    /// Takes the block kept under `first`. Breaks when the scan is done.
    ///
    /// A block that was visited already is passed over: a tail packed into one block in the meantime is
    /// met twice, once as that block and once as the blocks it was made of.
    pub(crate) fn feed(&mut self, first: Position, bytes: &[u8]) -> Result<ControlFlow<()>, ReadError> {
        let view = view(first, bytes)?;
        if view.last() < self.next {
            return Ok(ControlFlow::Continue(()));
        }
        if view.first() > self.next {
            return Err(self.gap(view.first()));
        }
        let skip = self.next.records_since(view.first());
        let end = self.head.min(view.last()).records_since(view.first()) + 1;
        let records = usize::try_from(skip).ok().zip(usize::try_from(end).ok());
        let records = records.and_then(|(skip, end)| view.records().get(skip..end)).unwrap_or_default();
        assert!(!records.is_empty(), "{} is in the block at {first}", self.next);
        self.next = view.last().next();
        if (self.visit)(records).is_break() || self.next > self.head {
            return Ok(ControlFlow::Break(()));
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Ends a scan that ran out of blocks before it came to the head.
    pub(crate) fn ran_out(&self) -> ReadError {
        self.gap(self.head.next())
    }

    fn gap(&self, found: Position) -> ReadError {
        ReadError::Gap { after: Position::new(self.next.get() - 1), found }
    }
}

/// Checks a block that is kept under `first`.
pub(crate) fn view(first: Position, bytes: &[u8]) -> Result<selfsame_record::BlockView<'_>, ReadError> {
    let damaged = |source| ReadError::Damaged { first, source };
    let view = Block::view(bytes).map_err(damaged)?;
    if view.first() != first {
        let reason = format!("it is kept under {first}");
        return Err(damaged(BlockError::Malformed { first: view.first(), reason }));
    }
    Ok(view)
}

/// A record of its own.
pub(crate) fn owned(record: &ArchivedRecord) -> Result<Record, BlockError> {
    rkyv::deserialize::<Record, rancor::Error>(record)
        .map_err(|e| BlockError::Malformed { first: record.at(), reason: e.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::block;

    /// Feeds blocks of ten records that begin at the given positions; says what was visited, and how it
    /// ended.
    fn check(from: u64, head: u64, firsts: &[u64], expect: &str) {
        let mut seen = Vec::new();
        let mut visit = |records: &[ArchivedRecord]| {
            seen.extend([records.first(), records.last()].into_iter().flatten().map(ArchivedRecord::at));
            ControlFlow::Continue(())
        };
        let mut end = "goes on".to_owned();
        if let Some(mut cursor) = Cursor::new(Position::new(from), Position::new(head), &mut visit) {
            for first in firsts {
                match cursor.feed(Position::new(*first), block(*first, 10).as_bytes()) {
                    Ok(ControlFlow::Continue(())) => {}
                    Ok(ControlFlow::Break(())) => end = "done".to_owned(),
                    Err(e) => end = e.to_string(),
                }
            }
        }
        let seen: Vec<String> = seen.iter().map(Position::to_string).collect();
        assert_eq!(format!("{} {end}", seen.join(" ")), expect, "from {from} to {head}");
    }

    #[test]
    fn a_cursor_cuts_at_both_ends_and_sees_gaps() {
        check(1, 20, &[1, 11], "#1 #10 #11 #20 done");
        check(5, 13, &[1, 11], "#5 #10 #11 #13 done");
        check(1, 30, &[1, 11], "#1 #10 #11 #20 goes on");
        check(12, 20, &[1, 11], "#12 #20 done");
        check(1, 20, &[1, 1, 11], "#1 #10 #11 #20 done");
        let gap = "the records after #10 and before #12 are missing: restore the log from a copy";
        check(1, 30, &[1, 12], &format!("#1 #10 {gap}"));
    }

    #[test]
    fn a_block_under_another_position_is_not_taken_for_it() {
        let block = block(5, 2);
        let error = view(Position::new(4), block.as_bytes()).err().map(|e| e.to_string());
        let expect = "the block at #4 cannot be used (the block at #5 is not well formed: it is kept \
                      under #4): restore the log from a copy";
        assert_eq!(error.as_deref(), Some(expect));
    }
}
