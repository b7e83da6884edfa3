//! What can go wrong with a log: opening it, appending to it, reading it.
//!
//! Each text ends in what to do about it. Sources are kept, and are not repeated in the text of an enum
//! that has one, except where the text would say nothing without it.

use std::io;
use std::path::PathBuf;

use selfsame_record::{BlockError, Position};
use thiserror::Error;

/// Why a block was not appended.
#[derive(Debug, Error)]
pub enum AppendError {
    /// The block does not begin where the log ends. Nothing changed, and the log takes other blocks.
    #[error("the block begins at {found}, and the next position is {expected}")]
    NotNext {
        /// The next position.
        expected: Position,
        /// Where the block begins.
        found: Position,
    },
    /// The disk, a quota or a limit on file sizes takes no more.
    #[error("there is no room for more of the log in `{}`: free some there, then restart", folder.display())]
    Full {
        /// Where the log is kept.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Writing or syncing failed.
    #[error("the log could not be written ({source}): check the disk, then restart")]
    Io {
        /// What the system said.
        source: io::Error,
    },
    /// Moving earlier blocks from the journal into tables failed in the background.
    #[error(
        "the log's store gave up writing in the background, most often because the disk is full: \
         see to the disk, then restart"
    )]
    Background,
    /// Blocks in memory, about to be packed into one, do not have their checksums any more.
    #[error("the end of the log changed in memory ({source}): check the memory, then restart")]
    Memory {
        /// What is wrong with the block.
        source: BlockError,
    },
    /// An append before this one failed.
    #[error("the log takes no more records since an append failed: see to its cause, then restart")]
    Halted,
}

/// Why records could not be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// A block's bytes are not what was written.
    #[error("the block at {first} cannot be used ({source}): restore the log from a copy")]
    Damaged {
        /// The position that it is kept under.
        first: Position,
        /// What is wrong with it.
        source: BlockError,
    },
    /// Records are missing.
    #[error("the records after {after} and before {found} are missing: restore the log from a copy")]
    Gap {
        /// The last record before the gap.
        after: Position,
        /// The next record that there is, or the one after the head.
        found: Position,
    },
    /// Reading failed.
    #[error("the log could not be read ({source}): check the disk")]
    Io {
        /// What the system said.
        source: io::Error,
    },
}

/// Why a log was not opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another engine, in this process or another, has the folder open.
    #[error(
        "the log in `{}` is in use{}: stop the one that has it, or use another folder",
        folder.display(), by.map(|id| format!(" by process {id}")).unwrap_or_default()
    )]
    InUse {
        /// The log's folder.
        folder: PathBuf,
        /// The process that has it open, if it said so.
        by: Option<u32>,
    },
    /// The folder was written by a later program, or in a form that never was.
    #[error(
        "the log in `{}` has the layout `{found}`, and this program reads `{expected}`: use a newer one",
        folder.display()
    )]
    Layout {
        /// The log's folder.
        folder: PathBuf,
        /// What the folder says.
        found: String,
        /// What this program reads.
        expected: &'static str,
    },
    /// Files of the log are not there.
    #[error("the log in `{}` is incomplete: `{missing}` is not there: restore it from a copy", folder.display())]
    Incomplete {
        /// The log's folder.
        folder: PathBuf,
        /// What is not there.
        missing: &'static str,
    },
    /// The folder cannot be made, locked, read or written.
    #[error("the folder `{}` cannot be used for a log ({source}): check that it may be written", folder.display())]
    Folder {
        /// The log's folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The store in the folder does not open.
    #[error("the store of the log in `{}` does not open ({source}): check the disk, or restore a copy", folder.display())]
    Store {
        /// The log's folder.
        folder: PathBuf,
        /// What the store said.
        source: fjall::Error,
    },
    /// The last records cannot be read.
    #[error("the end of the log in `{}` cannot be read: {source}", folder.display())]
    End {
        /// The log's folder.
        folder: PathBuf,
        /// What is wrong with it.
        source: ReadError,
    },
}
