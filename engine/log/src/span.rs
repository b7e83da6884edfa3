//! Which positions a block holds, from its header alone.
//!
//! A block that is to be appended was packed by this program a moment ago: reading two fields of its
//! header costs nothing, where viewing it would check every record. Blocks that come from a disk are
//! viewed.

use selfsame_record::{Block, Position};

/// The positions in a block, from the first to the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) first: Position,
    pub(crate) last: Position,
}

impl Span {
    /// Of a block that was just packed. The fields' places are those of the block's format.
    pub(crate) fn of(block: &Block) -> Span {
        let bytes = block.as_bytes();
        let first = number(bytes.get(8..16));
        let count = number(bytes.get(16..20));
        assert!(first > 0 && count > 0, "a packed block of {count} records from #{first} on");
        Span { first: Position::new(first), last: Position::new(first + count - 1) }
    }

    /// How many records there are.
    pub(crate) fn records(self) -> u64 {
        self.last.records_since(self.first) + 1
    }
}

/// A little-endian number of up to 8 bytes.
fn number(bytes: Option<&[u8]>) -> u64 {
    bytes.unwrap_or_default().iter().rev().fold(0, |n, byte| (n << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::block;

    #[test]
    fn the_header_says_what_a_view_says() {
        for (first, count) in [(1, 1), (7, 300), (1 << 40, 1024)] {
            let block = block(first, count);
            let view = Block::view(block.as_bytes()).expect("a block");
            assert_eq!(Span::of(&block), Span { first: view.first(), last: view.last() });
            assert_eq!(Span::of(&block).records(), count);
        }
    }
}
