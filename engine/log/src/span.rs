//! The positions that a block holds.

use selfsame_record::{Block, Position};

/// The positions in a block, from the first to the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) first: Position,
    pub(crate) last: Position,
}

impl Span {
    /// Of a block that was just packed; blocks that come from a disk are viewed.
    pub(crate) fn of(block: &Block) -> Span {
        Span { first: block.first(), last: block.last() }
    }

    /// How many records there are.
    pub(crate) fn records(self) -> u64 {
        self.last.records_since(self.first) + 1
    }
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
