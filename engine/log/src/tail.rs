//! The end of the log: small blocks that wait to be packed into one.
//!
//! ```text
//!   blocks                                   tail
//!   | #1 .. #1000 | #1001 .. #1980 | ...     | #n+1 | #n+2 .. #n+5 | ...        <- appends
//!   one key per block, under its first       one slot per block, 0, 1, 2, ...
//! ```
//!
//! A scan costs per key, so a log that grew by one record at a time must not stay one key per record. A
//! small block goes into the next slot of the tail. When the tail would not fit into one block any more, or a
//! large block arrives, the same write that stores the new block stores the whole tail as one block among
//! the blocks, and the slots are used anew from 0 on. A slot whose positions the blocks already cover is a
//! leftover and means nothing; so no key is ever removed, and no tombstone lies in a replay's way.
//!
//! # Invariants
//!
//! 1. The tail fits into one block: at most [`TAIL_RECORDS_MAX`] records, at most [`TAIL_BYTES_MAX`]
//!    bytes.
//! 2. The tail's blocks are gapless, and begin after the last of the blocks.
//! 3. A record is written at most twice before it reaches a table.
//!
//! Packing costs about 2 µs per record, all of it in the append that does it, so the tail is no larger than
//! a scan needs: at 64 records per key, the keys cost a scan 6 ns per record, at 256 1.5 ns.
//!
//! Not here: the write itself (`store.rs`).

use fjall::UserValue;
use selfsame_record::{Block, BlockError, Position, RECORDS_MAX};

use crate::cursor::owned;
use crate::span::Span;

/// The most records that wait to be packed into one block.
pub const TAIL_RECORDS_MAX: u64 = 256;
/// The most bytes of blocks that wait to be packed into one.
pub const TAIL_BYTES_MAX: usize = 256 << 10;
/// A block of this many records is kept as it is.
pub const LARGE_RECORDS: u64 = 64;
/// A block of this many bytes is kept as it is.
pub const LARGE_BYTES: usize = 16 << 10;

const _: () = assert!(TAIL_RECORDS_MAX <= RECORDS_MAX as u64, "the tail is packed into one block");

/// A block's bytes, shared, and the positions that they hold.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) span: Span,
    pub(crate) bytes: UserValue,
}

impl Stored {
    /// A copy of a block that was just packed.
    pub(crate) fn of(block: &Block) -> Stored {
        Stored { span: Span::of(block), bytes: UserValue::from(block.as_bytes()) }
    }

    fn is_large(&self) -> bool {
        self.bytes.len() >= LARGE_BYTES || self.span.records() >= LARGE_RECORDS
    }
}

/// What one append writes, all of it or nothing.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The whole tail as one block, to be kept among the blocks.
    pub(crate) packed: Option<Stored>,
    /// The new block.
    pub(crate) block: Stored,
    /// The slot that the new block goes into; among the blocks if there is none.
    pub(crate) slot: Option<u16>,
}

/// The small blocks at the end of the log, in order; the place in the list is the slot.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    blocks: Vec<Stored>,
    records: u64,
    bytes: usize,
}

impl Tail {
    /// The tail with one block more.
    pub(crate) fn push(&mut self, block: Stored) {
        self.records += block.span.records();
        self.bytes += block.bytes.len();
        self.blocks.push(block);
    }

    /// How many blocks wait.
    pub(crate) fn len(&self) -> usize {
        self.blocks.len()
    }

    /// The blocks that hold `from` and what comes after it.
    pub(crate) fn since(&self, from: Position) -> Vec<Stored> {
        let start = self.blocks.partition_point(|b| b.span.last < from);
        self.blocks.get(start..).unwrap_or_default().to_vec()
    }

    /// What to write so that `block` is in the log.
    pub(crate) fn plan(&self, block: Stored) -> Result<Plan, BlockError> {
        let large = block.is_large();
        let full = self.records + block.span.records() > TAIL_RECORDS_MAX
            || self.bytes + block.bytes.len() > TAIL_BYTES_MAX;
        let packed = if large || full { self.pack()? } else { None };
        let slot = match (large, &packed) {
            (true, _) => None,
            (false, Some(_)) => Some(0),
            (false, None) => u16::try_from(self.blocks.len()).ok(),
        };
        Ok(Plan { packed, block, slot })
    }

    /// Brings the tail up to a plan that was carried out.
    pub(crate) fn apply(&mut self, plan: Plan) {
        if plan.packed.is_some() {
            *self = Tail::default();
        }
        if plan.slot.is_some() {
            self.push(plan.block);
        }
    }

    /// The whole tail as one block. Every block is checked again, so that what changed in memory is not
    /// given a fresh checksum.
    fn pack(&self) -> Result<Option<Stored>, BlockError> {
        if let [one] = self.blocks.as_slice() {
            Block::view(&one.bytes)?;
            return Ok(Some(one.clone()));
        }
        let mut records = Vec::new();
        for block in &self.blocks {
            for record in Block::view(&block.bytes)?.records() {
                records.push(owned(record)?);
            }
        }
        Ok((!records.is_empty()).then(|| Stored::of(&Block::pack(&records))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{block, block_of_bytes};

    /// Appends blocks of these many records; says for each where it went, `+n` telling that a tail of n
    /// records was packed with it.
    fn check(counts: &[u64], expect: &str) {
        let mut tail = Tail::default();
        let mut first = 1;
        let mut said = Vec::new();
        for count in counts {
            let plan = tail.plan(Stored::of(&block(first, *count))).expect("a plan");
            let packed = plan.packed.as_ref().map_or(String::new(), |p| format!("+{}", p.span.records()));
            let slot = plan.slot.map_or("blocks".to_owned(), |slot| slot.to_string());
            said.push(slot + &packed);
            first += count;
            tail.apply(plan);
            assert!(tail.records <= TAIL_RECORDS_MAX && tail.bytes <= TAIL_BYTES_MAX);
        }
        assert_eq!(said.join(" "), expect);
    }

    #[test]
    fn small_blocks_wait_and_large_ones_do_not() {
        check(&[1, 1, 1], "0 1 2");
        check(&[30; 9], "0 1 2 3 4 5 6 7 0+240");
        check(&[32, 32, 32, 32, 32, 32, 32, 32, 1], "0 1 2 3 4 5 6 7 0+256");
        check(&[64, 1, 1, 1024, 1], "blocks 0 1 blocks+2 0");
        check(&[1024, 1024], "blocks blocks");
    }

    #[test]
    fn bytes_fill_a_tail_too() {
        let mut tail = Tail::default();
        let mut most = 0;
        for at in 1..=50 {
            let plan = tail.plan(Stored::of(&block_of_bytes(at, 15_000))).expect("a plan");
            assert!(plan.slot.is_some(), "15 kB are not large");
            tail.apply(plan);
            most = most.max(tail.bytes);
        }
        assert!((TAIL_BYTES_MAX - 16_000..=TAIL_BYTES_MAX).contains(&most), "{most} bytes waited");
        let plan = tail.plan(Stored::of(&block_of_bytes(51, LARGE_BYTES))).expect("a plan");
        assert!(plan.slot.is_none() && plan.packed.is_some());
    }

    #[test]
    fn what_changed_in_memory_is_not_packed() {
        for blocks in [1, 3] {
            let mut tail = Tail::default();
            for first in 1..=blocks {
                tail.push(Stored::of(&block(first, 1)));
            }
            let mut bytes = tail.blocks[0].bytes.to_vec();
            *bytes.last_mut().expect("bytes") ^= 1;
            tail.blocks[0].bytes = UserValue::from(bytes);
            let plan = tail.plan(Stored::of(&block(blocks + 1, 1024)));
            assert!(matches!(plan, Err(BlockError::Checksum { .. })), "{plan:?}");
        }
    }
}
