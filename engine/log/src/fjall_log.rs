//! The log on disk, in a folder of its own, on fjall.
//!
//! # Invariants
//!
//! 1. What is in `state` is durable: it changes only after the write that it tells of was synced.
//! 2. One append is one batch and one `fdatasync`, also when it packs the tail (`tail.rs`).
//! 3. Nobody waits for a scan: it takes a snapshot of the store and the end of the tail, and no lock.
//!
//! Not here: the files (`folder.rs`), the database (`store.rs`).

use std::path::Path;

use parking_lot::{Mutex, RwLock};
use selfsame_record::{Block, Position};
use tracing::{debug, info};

use crate::cursor::{Cursor, Visit};
use crate::error::{AppendError, OpenError, ReadError};
use crate::folder::Folder;
use crate::log::Log;
use crate::store::{Store, append_error};
use crate::tail::{Plan, Stored, Tail};

/// A [`Log`] in a folder on disk.
///
/// Memory: the tail ([`TAIL_BYTES_MAX`](crate::TAIL_BYTES_MAX)), fjall's cache
/// ([`CACHE_BYTES`](crate::CACHE_BYTES)) and its memtables ([`MEMTABLE_BYTES`](crate::MEMTABLE_BYTES)
/// for each of two keyspaces, more while the disk cannot keep up).
pub struct FjallLog {
    // Dropped in this order: the store is closed before the folder is free for somebody else.
    store: Store,
    state: RwLock<State>,
    append: Mutex<()>,
    folder: Folder,
}

struct State {
    head: Position,
    tail: Tail,
    halted: bool,
}

impl FjallLog {
    /// Opens the log in a folder, or makes one there.
    ///
    /// # Errors
    ///
    /// If the folder is in use, holds another layout, cannot be used, or the end of the log is damaged.
    pub fn open(folder: &Path) -> Result<FjallLog, OpenError> {
        let folder = Folder::claim(folder)?;
        let path = folder.store(|path| {
            Store::make(path).map_err(|source| OpenError::Store { folder: folder.path().to_owned(), source })
        })?;
        let store = Store::open(folder.path(), &path)?;
        let ended = store.end().map_err(|source| OpenError::End { folder: folder.path().to_owned(), source });
        let (head, tail) = ended?;
        info!(folder = %folder.path().display(), %head, waiting = tail.len(), "log opened");
        let state = RwLock::new(State { head, tail, halted: false });
        Ok(FjallLog { store, state, append: Mutex::new(()), folder })
    }

    /// What appending the block takes, if it may be appended.
    fn plan(&self, block: &Block) -> Result<Plan, AppendError> {
        let state = self.state.read();
        if state.halted {
            return Err(AppendError::Halted);
        }
        let block = Stored::of(block);
        let expected = state.head.next();
        if block.span.first != expected {
            return Err(AppendError::NotNext { expected, found: block.span.first });
        }
        state.tail.plan(block).map_err(|source| AppendError::Memory { source })
    }

    fn write(&self, plan: &Plan) -> Result<(), AppendError> {
        self.store.write(plan).map_err(|e| append_error(self.folder.path(), e))
    }
}

impl Log for FjallLog {
    fn head(&self) -> Position {
        self.state.read().head
    }

    fn append(&self, block: &Block) -> Result<Position, AppendError> {
        let _one_at_a_time = self.append.lock();
        let written = self.plan(block).and_then(|plan| self.write(&plan).map(|()| plan));
        let mut state = self.state.write();
        match written {
            Ok(plan) => {
                state.head = plan.block.span.last;
                if let Some(packed) = &plan.packed {
                    debug!(first = %packed.span.first, last = %packed.span.last, "tail packed");
                }
                state.tail.apply(plan);
                Ok(state.head)
            }
            Err(refused @ AppendError::NotNext { .. }) => Err(refused),
            Err(failed) => {
                state.halted = true;
                Err(failed)
            }
        }
    }

    fn scan(&self, from: Position, visit: Visit<'_>) -> Result<(), ReadError> {
        // The snapshot of the store is taken after this, so that it has whatever is no longer in the tail.
        let (head, tail) = {
            let state = self.state.read();
            (state.head, state.tail.since(from))
        };
        let Some(mut cursor) = Cursor::new(from, head, visit) else {
            return Ok(());
        };
        let in_tail = tail.first().is_some_and(|b| b.span.first <= cursor.next());
        if !in_tail && self.store.feed(&mut cursor)? {
            return Ok(());
        }
        for block in tail {
            if cursor.feed(block.span.first, &block.bytes)?.is_break() {
                return Ok(());
            }
        }
        Err(cursor.ran_out())
    }

    fn size_bytes(&self) -> u64 {
        self.folder.size_bytes()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::conformance::{Opener, block, check, conformance, fill};

    #[test]
    fn fjall_keeps_every_promise_of_a_log() {
        conformance(&|| {
            let folder = tempfile::tempdir().expect("a folder");
            let opener: Opener = Box::new(move || Box::new(FjallLog::open(folder.path()).expect("opened")));
            opener
        });
    }

    #[test]
    fn a_log_of_single_records_is_read_by_few_keys() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = FjallLog::open(folder.path()).expect("opened");
        fill(&log, 5000, &[1]);
        assert_eq!((log.store.blocks_len(), log.state.read().tail.len()), (19, 5000 - 19 * 256));
        drop(log);
        let log = FjallLog::open(folder.path()).expect("opened");
        assert_eq!((log.store.blocks_len(), log.state.read().tail.len()), (19, 5000 - 19 * 256));
        fill(&log, 5124, &[1]);
        check(&log, 1, 5124);
    }

    /// Writes a block straight into the store, as no append would; says what opening comes to.
    fn open_with(first: u64, slot: Option<u16>, damage: bool) -> Result<Position, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let log = FjallLog::open(folder.path()).expect("opened");
        fill(&log, 300, &[300]);
        let mut stored = Stored::of(&block(first, 2));
        if damage {
            let mut bytes = stored.bytes.to_vec();
            *bytes.last_mut().expect("a byte") ^= 1;
            stored.bytes = bytes.into();
        }
        log.store.write(&Plan { packed: None, block: stored, slot }).expect("written");
        drop(log);
        let opened = FjallLog::open(folder.path());
        let log = opened.map_err(|e| e.to_string().replace(&folder.path().display().to_string(), "F"))?;
        check(&log, 1, log.head().get());
        Ok(log.head())
    }

    #[test]
    fn the_end_of_the_log_is_checked_on_opening() {
        assert_eq!(open_with(301, Some(0), false), Ok(Position::new(302)));
        assert_eq!(open_with(301, None, false), Ok(Position::new(302)));
        let leftover = open_with(3, Some(0), false);
        assert_eq!(leftover, Ok(Position::new(300)), "a slot that the blocks cover is passed over");
        let gap = "the end of the log in `F` cannot be read: the records after #300 and before #302 are \
                   missing: restore the log from a copy";
        assert_eq!(open_with(302, Some(0), false), Err(gap.to_owned()));
        for slot in [Some(0), None] {
            let said = open_with(301, slot, true).expect_err("damaged");
            assert!(said.contains("the block at #301 cannot be used"), "{said}");
        }
    }

    #[test]
    fn a_missing_block_is_a_gap_and_a_damaged_one_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = FjallLog::open(folder.path()).expect("opened");
        fill(&log, 600, &[300]);
        let stored = Stored::of(&block(901, 300));
        log.store.write(&Plan { packed: None, block: stored, slot: None }).expect("written");
        drop(log);
        let log = FjallLog::open(folder.path()).expect("only the end is looked at");
        let mut seen = 0;
        let scanned = log.scan(Position::ZERO, &mut |records| {
            seen += records.len();
            std::ops::ControlFlow::Continue(())
        });
        let expect = "the records after #600 and before #901 are missing: restore the log from a copy";
        assert_eq!((seen, scanned.map_err(|e| e.to_string())), (600, Err(expect.to_owned())));
    }

    #[test]
    fn a_folder_is_opened_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = FjallLog::open(folder.path()).expect("opened");
        let refused = FjallLog::open(folder.path()).err().expect("in use");
        assert!(matches!(refused, OpenError::InUse { by: Some(_), .. }), "{refused}");
        drop(log);
        FjallLog::open(folder.path()).expect("free again");
    }

    #[test]
    fn a_later_layout_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        drop(FjallLog::open(folder.path()).expect("opened"));
        fs::write(folder.path().join("store/layout"), "selfsame log 2\n").expect("written");
        let refused = FjallLog::open(folder.path()).err().expect("a later layout");
        assert!(matches!(refused, OpenError::Layout { .. }), "{refused}");
    }
}
