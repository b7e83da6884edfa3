//! What an engine's folder keeps of the trail, beside the log.
//!
//! ```text
//! <folder>/audit.key     the secret key, readable by its owner alone
//! <folder>/audit.vkey    the public key, to be given to whoever verifies
//! <folder>/checkpoint    the last signed checkpoint that was written
//! ```

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use selfsame_record::checkpoint::{CheckpointError, SignedCheckpoint};
use selfsame_record::merkle::{Hash, Tree};
use selfsame_record::note::{KeyError, VerifierKey};
use thiserror::Error;

use crate::audit::key::Keyring;

/// The file of the secret key.
pub const KEY: &str = "audit.key";
/// The file of the public key.
pub const VKEY: &str = "audit.vkey";
/// The file of the last checkpoint.
pub const CHECKPOINT: &str = "checkpoint";

/// Why an engine's trail cannot go on.
#[derive(Debug, Error)]
pub enum TrailError {
    /// A file cannot be read or written.
    #[error("`{}` cannot be used ({source}): check that it may be read and written", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file does not hold a key.
    #[error("`{}` holds no key that can be used ({source}): restore it from a copy", path.display())]
    Key {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: KeyError,
    },
    /// The public key is another one's.
    #[error("`{}` is not the public key of `{KEY}` beside it: restore both from one copy", path.display())]
    OtherKey {
        /// The public key's file.
        path: PathBuf,
    },
    /// The secret key is gone.
    #[error(
        "`{}` is not there, and `{VKEY}` and `{CHECKPOINT}` are of it: restore it, or move these two away to begin a \
         trail under a new name",
        path.display()
    )]
    KeyLost {
        /// Where it should be.
        path: PathBuf,
    },
    /// What stands in the file is no checkpoint of this engine.
    #[error("`{}` cannot be used ({source}): restore it from a copy", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: CheckpointError,
    },
    /// The log ends before what was signed.
    #[error(
        "the log ends at #{head}, and `{}` is signed for #{size}: an older copy was restored, or its end is lost. \
         Restore the newer log, or move the file away to go on from #{head}; whoever holds a newer checkpoint will see it",
        path.display()
    )]
    Shorter {
        /// The checkpoint's file.
        path: PathBuf,
        /// The log's last position.
        head: u64,
        /// What was signed.
        size: u64,
    },
    /// The log is another one than was signed.
    #[error(
        "the log is not the one that `{}` was signed for: up to #{size} its root is {found}, and was {expected}. \
         Restore the log from a copy",
        path.display()
    )]
    Rewritten {
        /// The checkpoint's file.
        path: PathBuf,
        /// The size that was signed.
        size: u64,
        /// The root of the log there is.
        found: Hash,
        /// The root that was signed.
        expected: Hash,
    },
    /// No random numbers for a key.
    #[error("the system gives no random numbers for a key: {0}")]
    Random(String),
}

/// The public key in a folder, if it has one.
///
/// # Errors
///
/// If the file cannot be read, or holds no key.
pub fn read_verifier(folder: &Path) -> Result<Option<VerifierKey>, TrailError> {
    let path = folder.join(VKEY);
    let Some(text) = read(&path)? else { return Ok(None) };
    let key = text.strip_suffix('\n').ok_or(KeyError::Malformed).and_then(VerifierKey::parse);
    key.map(Some).map_err(|source| TrailError::Key { path, source })
}

/// The checkpoint in a folder, if it has one. Whether anybody signed it is not looked at.
///
/// # Errors
///
/// If the file cannot be read, or holds no checkpoint.
pub fn read_checkpoint(folder: &Path) -> Result<Option<SignedCheckpoint>, TrailError> {
    let path = folder.join(CHECKPOINT);
    let Some(text) = read(&path)? else { return Ok(None) };
    SignedCheckpoint::parse(&text).map(Some).map_err(|source| TrailError::Checkpoint { path, source })
}

fn read(path: &Path) -> Result<Option<String>, TrailError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(TrailError::File { path: path.to_owned(), source }),
    }
}

/// Puts a text in the place of a file, durably, whole or not at all.
///
/// # Errors
///
/// If it cannot be written.
pub fn replace(folder: &Path, name: &str, text: &str) -> Result<(), TrailError> {
    let (path, new) = (folder.join(name), folder.join(format!("{name}.new")));
    let write = || {
        let mut file = File::create(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, &path)?;
        File::open(folder)?.sync_all()
    };
    write().map_err(|source| TrailError::File { path: path.clone(), source })
}

/// Sees that the log begins with what its checkpoint says.
pub(super) fn check(folder: &Path, keyring: &Keyring, tree: &Tree) -> Result<(), TrailError> {
    let Some(signed) = read_checkpoint(folder)? else { return Ok(()) };
    let path = folder.join(CHECKPOINT);
    let verified = signed.verify(keyring.verifier());
    let checkpoint = verified.map_err(|source| TrailError::Checkpoint { path: path.clone(), source })?;
    let (size, expected) = (checkpoint.size, checkpoint.root);
    match tree.root_at(size) {
        None => Err(TrailError::Shorter { path, head: tree.size(), size }),
        Some(found) if found != expected => Err(TrailError::Rewritten { path, size, found, expected }),
        Some(_) => Ok(()),
    }
}
