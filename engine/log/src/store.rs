//! The fjall database that a log is kept in: its keyspaces, its settings, its one write.
//!
//! Two keyspaces. `blocks`: under the first position (8 bytes, big endian) a block's bytes, never changed
//! again; keys only grow, so that tables are moved down without being rewritten. `tail`: under a slot's
//! number (2 bytes, big endian) a small block (`tail.rs` says how they come and go).
//!
//! What fjall does with a write: the batch goes into the journal (with a checksum over it) and is synced,
//! then into the memtables, which a background thread writes out as tables. If writing or syncing the
//! journal fails, fjall takes no more writes until it is opened again, and the batch is not seen. A batch
//! that is cut off at the journal's end is dropped on the next start.
//!
//! Not here: which blocks are written where (`tail.rs`), and what a log promises (`log.rs`).

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use fjall::config::{BlockSizePolicy, CompressionPolicy};
use fjall::{
    CompressionType, Database, Guard, Keyspace, KeyspaceCreateOptions, LsmError, PersistMode, Readable,
};
use selfsame_record::{BlockError, Position};

use crate::cursor::{Cursor, view};
use crate::error::{AppendError, OpenError, ReadError};
use crate::span::Span;
use crate::tail::{Plan, Stored, Tail};

/// What fjall may keep of the tables in memory. Scans read each block once, so more would not help them.
pub const CACHE_BYTES: u64 = 8 << 20;
/// The size at which a memtable is written out as a table. Memory holds up to five of each keyspace when
/// the disk cannot keep up.
pub const MEMTABLE_BYTES: u64 = 16 << 20;
/// What journals may take on the disk before memtables are written out early. A start replays this much.
pub const JOURNALS_BYTES_MAX: u64 = 128 << 20;
/// How much of the blocks is compressed and checksummed as one piece of a table.
const TABLE_BLOCK_BYTES: u32 = 64 << 10;

/// The database, open.
pub(crate) struct Store {
    blocks: Keyspace,
    tail: Keyspace,
    db: Database,
}

impl Store {
    /// Makes an empty database in a folder that is not there yet.
    pub(crate) fn make(path: &Path) -> Result<(), fjall::Error> {
        let db = open(path)?;
        db.keyspace("blocks", options)?;
        db.keyspace("tail", options)?;
        db.persist(PersistMode::SyncAll)
    }

    /// Opens the database. The error names the keyspace if one is not there.
    pub(crate) fn open(folder: &Path, path: &Path) -> Result<Store, OpenError> {
        let failed = |source| match source {
            fjall::Error::Locked => OpenError::InUse { folder: folder.to_owned(), by: None },
            source => OpenError::Store { folder: folder.to_owned(), source },
        };
        let db = open(path).map_err(failed)?;
        for (name, missing) in [("blocks", "keyspace blocks"), ("tail", "keyspace tail")] {
            if !db.keyspace_exists(name) {
                return Err(OpenError::Incomplete { folder: folder.to_owned(), missing });
            }
        }
        let blocks = db.keyspace("blocks", options).map_err(failed)?;
        let tail = db.keyspace("tail", options).map_err(failed)?;
        Ok(Store { blocks, tail, db })
    }

    /// The head and the tail as they lie on the disk, after checking the last block and every slot.
    pub(crate) fn end(&self) -> Result<(Position, Tail), ReadError> {
        let snapshot = self.db.snapshot();
        let mut head = match snapshot.last_key_value(&self.blocks) {
            None => Position::ZERO,
            Some(guard) => {
                let (key, value) = guard.into_inner().map_err(read_error)?;
                view(position(&key)?, &value)?.last()
            }
        };
        let mut tail = Tail::default();
        for guard in snapshot.iter(&self.tail) {
            let bytes = guard.value().map_err(read_error)?;
            // A slot that cannot be read may be the one that holds the last records.
            let damaged = |source| ReadError::Damaged { first: head.next(), source };
            let view = selfsame_record::Block::view(&bytes).map_err(damaged)?;
            let span = Span { first: view.first(), last: view.last() };
            if span.last <= head {
                continue;
            }
            if span.first != head.next() {
                return Err(ReadError::Gap { after: head, found: span.first });
            }
            head = span.last;
            tail.push(Stored { span, bytes });
        }
        Ok((head, tail))
    }

    /// Carries out a plan: all of it is durable on return. One batch, one `fdatasync`.
    pub(crate) fn write(&self, plan: &Plan) -> Result<(), fjall::Error> {
        let mut batch = self.db.batch().durability(Some(PersistMode::SyncData));
        let among_blocks = plan.slot.is_none().then_some(&plan.block);
        for block in plan.packed.iter().chain(among_blocks) {
            batch.insert(&self.blocks, key(block.span.first), block.bytes.clone());
        }
        if let Some(slot) = plan.slot {
            batch.insert(&self.tail, slot.to_be_bytes(), plan.block.bytes.clone());
        }
        batch.commit()
    }

    /// Feeds the blocks that the cursor asks for, as far as there are any. Says whether it is done.
    pub(crate) fn feed(&self, cursor: &mut Cursor<'_>) -> Result<bool, ReadError> {
        let snapshot = self.db.snapshot();
        let holding = snapshot.range(&self.blocks, ..=key(cursor.next())).next_back();
        if let Some(guard) = holding
            && feed_one(cursor, guard)?.is_break()
        {
            return Ok(true);
        }
        for guard in snapshot.range(&self.blocks, key(cursor.next())..=key(cursor.head())) {
            if feed_one(cursor, guard)?.is_break() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// How many keys a scan of everything reads.
    #[cfg(test)]
    pub(crate) fn blocks_len(&self) -> usize {
        self.db.snapshot().len(&self.blocks).expect("a count")
    }
}

fn feed_one(cursor: &mut Cursor<'_>, guard: Guard) -> Result<ControlFlow<()>, ReadError> {
    let (key, value) = guard.into_inner().map_err(read_error)?;
    cursor.feed(position(&key)?, &value)
}

/// Opens or makes the database.
///
/// One background thread: tables of growing keys need no work to be compacted, and a second one of fjall's
/// threads spins while the first compacts.
fn open(path: &Path) -> Result<Database, fjall::Error> {
    Database::builder(path)
        .cache_size(CACHE_BYTES)
        .max_journaling_size(JOURNALS_BYTES_MAX)
        .worker_threads(1)
        .open()
}

fn options() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default()
        .max_memtable_size(MEMTABLE_BYTES)
        .data_block_size_policy(BlockSizePolicy::all(TABLE_BLOCK_BYTES))
        .data_block_compression_policy(CompressionPolicy::all(CompressionType::Lz4))
}

fn key(first: Position) -> [u8; 8] {
    first.get().to_be_bytes()
}

fn position(key: &[u8]) -> Result<Position, ReadError> {
    let bytes = <[u8; 8]>::try_from(key).map_err(|_| ReadError::Damaged {
        first: Position::ZERO,
        source: BlockError::NotABlock { len: key.len() },
    })?;
    Ok(Position::new(u64::from_be_bytes(bytes)))
}

/// What the system said, if it was the system; else the store's own error as one.
fn io_error(error: fjall::Error) -> io::Error {
    match error {
        fjall::Error::Io(source) | fjall::Error::Storage(LsmError::Io(source)) => source,
        other => io::Error::new(io::ErrorKind::InvalidData, other),
    }
}

pub(crate) fn read_error(error: fjall::Error) -> ReadError {
    ReadError::Io { source: io_error(error) }
}

pub(crate) fn append_error(folder: &Path, error: fjall::Error) -> AppendError {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    if matches!(error, fjall::Error::Poisoned) {
        return AppendError::Background;
    }
    let source = io_error(error);
    match source.kind() {
        StorageFull | QuotaExceeded | FileTooLarge => {
            AppendError::Full { folder: PathBuf::from(folder), source }
        }
        _ => AppendError::Io { source },
    }
}
