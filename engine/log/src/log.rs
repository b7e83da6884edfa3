//! What a log promises, whatever it is kept on.
//!
//! Not here: how a provider keeps the promises ([`FjallLog`](crate::FjallLog),
//! [`MemoryLog`](crate::MemoryLog)), and who gives positions out (the sequencer).

use std::ops::ControlFlow;
use std::sync::Arc;

use selfsame_record::{ArchivedRecord, Block, Position, Record};

use crate::cursor::owned;
use crate::error::{AppendError, ReadError};

/// One gapless sequence of records, appended to by one writer and read by many.
///
/// ```text
///            first                  head (durable)   next
///              |                        |             |
///       #0     #1   #2   #3   ...      #n     |     #n+1
///    (never  <--------- readable ----------> | <- the only position that
///   a record)                                |    an append may begin at
/// ```
///
/// # Positions
///
/// - The first record must be `#1`. A log without records has the head `#0`
///   ([`Position::ZERO`]).
/// - Positions must be gapless, after every append, at every moment, and after every crash.
/// - The head must never go back while the log is open.
///
/// # Appending
///
/// - [`append`](Log::append) must return only when the block's records are durable: a crash of the
///   process, or of the machine, right after it must not lose them.
/// - A block is appended whole or not at all. No reader may ever see a part of one.
/// - A block that does not begin at the head's next position must be refused with
///   [`AppendError::NotNext`]. That changes nothing: the right block can be appended after it.
/// - An append that fails otherwise must halt the log: after a failed write or sync nobody knows what is
///   on the disk. Every further append must be refused with [`AppendError::Halted`] until the log is
///   opened again. The head stays, and reading what was durable must go on.
/// - After opening again, the block whose append failed is there whole or not at all, as is a block whose
///   append had not returned when the process was killed.
/// - Two appends at once must be one after the other, in either order.
/// - A provider may pack records into other blocks than they came in. Where one block ends and the next
///   begins says nothing.
///
/// # Reading
///
/// - [`scan`](Log::scan) must hand out every record from `from` up to the head as it was when the scan
///   began, each once, in order, in slices that are never empty. Records that are appended in the
///   meantime are not part of the scan.
/// - Every block's checksum must be checked before any of its records is handed out, and each block must
///   begin where the one before ended: damage is [`ReadError::Damaged`], a missing block is
///   [`ReadError::Gap`]. What came before the place was handed out already, nothing after it will be.
/// - No lock may be held while `visit` runs: it may take its time, and it may append or scan.
/// - A scan should not hinder appends, nor appends a scan.
///
/// # Edges
///
/// | case | what must come of it |
/// |---|---|
/// | an empty log | head `#0`; a scan from anywhere visits nothing and is no error |
/// | `from` beyond the head | visits nothing and is no error |
/// | `from` is `#0` | as from `#1` |
/// | `from` in the middle of a block | the records before it in that block are not visited |
/// | `visit` breaks | the scan ends there and is no error; blocks further on are not read, nor checked |
/// | append at the head or before | `NotNext`; also if the very same records are there |
/// | append beyond the next position | `NotNext` |
/// | after a failed append | `Halted`, whatever the block; reading goes on |
pub trait Log: Send + Sync {
    /// The last durable position; [`Position::ZERO`] when there is none.
    fn head(&self) -> Position;

    /// Appends one block and returns the new head, which is the position of the block's last record.
    ///
    /// # Errors
    ///
    /// If the block does not begin at the next position, or if it could not be made durable; the log is
    /// halted then.
    fn append(&self, block: &Block) -> Result<Position, AppendError>;

    /// Hands the records from `from` on to `visit`, in order, a slice at a time, up to the head as of the
    /// call or until `visit` breaks.
    ///
    /// # Errors
    ///
    /// If a block cannot be read, is damaged or missing.
    fn scan(
        &self,
        from: Position,
        visit: &mut dyn FnMut(&[ArchivedRecord]) -> ControlFlow<()>,
    ) -> Result<(), ReadError>;

    /// About how many bytes the log takes where it is kept. For people and metrics.
    fn size_bytes(&self) -> u64;
}

/// The record at a position; `None` if there is none.
///
/// # Errors
///
/// If the block that it is in cannot be read.
pub fn record(log: &dyn Log, at: Position) -> Result<Option<Record>, ReadError> {
    let mut found = None;
    log.scan(at, &mut |records| {
        found = records.first().filter(|r| r.at() == at).map(owned);
        ControlFlow::Break(())
    })?;
    let damaged = |source| ReadError::Damaged { first: at, source };
    found.transpose().map_err(damaged)
}

impl<L: Log + ?Sized> Log for Arc<L> {
    fn head(&self) -> Position {
        (**self).head()
    }

    fn append(&self, block: &Block) -> Result<Position, AppendError> {
        (**self).append(block)
    }

    fn scan(
        &self,
        from: Position,
        visit: &mut dyn FnMut(&[ArchivedRecord]) -> ControlFlow<()>,
    ) -> Result<(), ReadError> {
        (**self).scan(from, visit)
    }

    fn size_bytes(&self) -> u64 {
        (**self).size_bytes()
    }
}
