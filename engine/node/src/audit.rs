//! The audit trail of a running engine: the Merkle tree over its records, its key, its checkpoints.
//!
//! ```text
//! sequencer ── block, once it is durable ──► writer's thread ─ hashes ─► Trail ─ tiles, proofs ─► readers
//!                                                 └─ every few seconds ─► `checkpoint` in the folder
//! ```
//!
//! # Invariants
//!
//! 1. The tree holds only what is durable: a checkpoint never names a record that a crash could take away.
//! 2. No checkpoint is signed that is inconsistent with one that was signed before: an engine does not start
//!    on a log that does not begin with what its `checkpoint` says.
//!
//! The tree may be a moment behind the log; whatever is said of it says its size. It takes 32 bytes of memory a
//! record.
//!
//! Not here: the forms (`selfsame_record::{entry, merkle, note, checkpoint}`), how they are asked for (`http`).

mod bundle;
mod files;
mod key;
mod trail;
mod writer;

use std::ops::ControlFlow;
use std::path::Path;

use selfsame_log::{Log, ReadError};
use selfsame_record::entry::EntryWriter;
use selfsame_record::merkle::Tree;
use selfsame_record::{ArchivedRecord, Position};

pub use bundle::bundle;
pub use files::{CHECKPOINT, KEY, TrailError, VKEY, read_checkpoint, read_verifier, replace};
pub(crate) use key::Keyring;
pub use key::new_key;
pub use trail::Trail;
pub use writer::CHECKPOINT_EVERY;
pub(crate) use writer::Writer;

/// The tree over everything in a log.
///
/// # Errors
///
/// If the log cannot be read.
pub fn rebuild(log: &dyn Log) -> Result<Tree, ReadError> {
    let (mut tree, mut entry) = (Tree::new(), EntryWriter::new());
    log.scan(Position::ZERO.next(), &mut |records| {
        for record in records {
            entry.write(record);
            tree.push(entry.leaf());
        }
        ControlFlow::Continue(())
    })?;
    Ok(tree)
}

/// A record's full form as one line of JSON: all of it, so that its entry can be computed again.
pub fn full_line(record: &ArchivedRecord) -> String {
    crate::read::to_json(&record.to_record())
}

/// What an engine keeps of its trail in its folder, and the tree as the log has it.
pub(crate) struct Opened {
    pub(crate) keyring: Keyring,
    pub(crate) tree: Tree,
}

impl Opened {
    /// Sees that the log begins with what was signed last.
    pub(crate) fn check(self, folder: Option<&Path>) -> Result<Trail, TrailError> {
        if let Some(folder) = folder {
            files::check(folder, &self.keyring, &self.tree)?;
        }
        Ok(Trail::new(self.keyring, self.tree))
    }
}
