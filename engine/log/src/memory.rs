//! A log in memory: for tests, for simulations, and as the model that other providers are held against.
//!
//! What it calls durable lasts as long as the value does; an `Arc` of it that is cloned is the same log
//! opened again.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;
use selfsame_record::{Block, Position};

use crate::cursor::{Cursor, Visit};
use crate::error::{AppendError, ReadError};
use crate::log::Log;
use crate::span::Span;

/// A [`Log`] in memory.
#[derive(Debug, Default)]
pub struct MemoryLog {
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    head: Position,
    bytes: u64,
    blocks: BTreeMap<Position, Arc<Block>>,
}

impl MemoryLog {
    /// An empty log.
    pub fn new() -> MemoryLog {
        MemoryLog::default()
    }

    /// The head, and the blocks that hold `from` and what comes after it.
    fn blocks_from(&self, from: Position) -> (Position, Vec<(Position, Arc<Block>)>) {
        let state = self.state.read();
        let start = state.blocks.range(..=from).next_back().map_or(from, |(first, _)| *first);
        let blocks = state.blocks.range(start..).map(|(first, block)| (*first, Arc::clone(block)));
        (state.head, blocks.collect())
    }
}

impl Log for MemoryLog {
    fn head(&self) -> Position {
        self.state.read().head
    }

    fn append(&self, block: &Block) -> Result<Position, AppendError> {
        let span = Span::of(block);
        let mut state = self.state.write();
        let expected = state.head.next();
        if span.first != expected {
            return Err(AppendError::NotNext { expected, found: span.first });
        }
        state.head = span.last;
        state.bytes += block.as_bytes().len() as u64;
        state.blocks.insert(span.first, Arc::new(block.clone()));
        Ok(span.last)
    }

    fn scan(&self, from: Position, visit: Visit<'_>) -> Result<(), ReadError> {
        let (head, blocks) = self.blocks_from(from);
        let Some(mut cursor) = Cursor::new(from, head, visit) else {
            return Ok(());
        };
        for (first, block) in blocks {
            if cursor.feed(first, block.as_bytes())?.is_break() {
                return Ok(());
            }
        }
        Err(cursor.ran_out())
    }

    fn size_bytes(&self) -> u64 {
        self.state.read().bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Opener, conformance};

    #[test]
    fn memory_keeps_every_promise_of_a_log() {
        conformance(&|| {
            let log = Arc::new(MemoryLog::new());
            let opener: Opener = Box::new(move || Box::new(Arc::clone(&log)));
            opener
        });
    }
}
