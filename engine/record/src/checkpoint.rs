//! Checkpoints: how large the tree was and what its root was, signed, as C2SP tlog-checkpoint has them.
//!
//! ```text
//! <origin>
//! <size>
//! <root, base64>
//!
//! — <origin> <signature of the log>
//! — <witness> <cosignature of a witness, with its time>
//! ```
//!
//! Not here: who signs when (the node), and which checkpoints follow from which
//! ([`verify_consistency`](crate::merkle::verify_consistency)).

use std::fmt;

use thiserror::Error;

use crate::merkle::Hash;
use crate::note::{Note, NoteError, SignerKey, VerifierKey};

/// The longest text of a signed checkpoint that is read.
pub const CHECKPOINT_BYTES_MAX: usize = 64 << 10;

/// Why a text is not a checkpoint that a log signed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CheckpointError {
    /// Not a note, or not one that the key signed.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// A note, and not a checkpoint.
    #[error("this is not a checkpoint: {0}")]
    Malformed(&'static str),
    /// A checkpoint of another log.
    #[error("the checkpoint is of the log `{found}`, and the key is of `{expected}`")]
    Origin {
        /// The log that it names.
        found: String,
        /// The log that the key is of.
        expected: String,
    },
}

/// What a log says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the log.
    pub origin: String,
    /// How many leaves its tree has: the position of its last record.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

impl Checkpoint {
    /// The text that is signed.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root)
    }

    fn parse(text: &str) -> Result<Checkpoint, CheckpointError> {
        use CheckpointError::Malformed;
        let lines: Vec<&str> = text.strip_suffix('\n').unwrap_or(text).split('\n').collect();
        let [origin, size, root] = lines.as_slice() else {
            return Err(Malformed("it has other lines than origin, size and root"));
        };
        let size = size.parse().map_err(|_| Malformed("its size is not a number"))?;
        let root = Hash::from_base64(root).ok_or(Malformed("its root is not a SHA-256 hash in base64"))?;
        let checkpoint = Checkpoint { origin: (*origin).to_owned(), size, root };
        if origin.is_empty() || checkpoint.text() != text {
            return Err(Malformed("it is not spelt as checkpoints are"));
        }
        Ok(checkpoint)
    }
}

/// A checkpoint with the signatures below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

impl SignedCheckpoint {
    /// The checkpoint of a tree, signed by its log.
    pub fn sign(size: u64, root: Hash, key: &SignerKey) -> SignedCheckpoint {
        let checkpoint = Checkpoint { origin: key.verifier().name().to_owned(), size, root };
        let mut note = Note::new(checkpoint.text());
        note.sign(key, 0);
        SignedCheckpoint { checkpoint, note }
    }

    /// Reads a checkpoint. It has one spelling, and extension lines are not read, since no log of this
    /// program writes any.
    ///
    /// # Errors
    ///
    /// If it is none. Whether it is signed is not looked at: [`verify`](SignedCheckpoint::verify).
    pub fn parse(text: &str) -> Result<SignedCheckpoint, CheckpointError> {
        if text.len() > CHECKPOINT_BYTES_MAX {
            return Err(CheckpointError::Malformed("it is too long"));
        }
        let note = Note::parse(text)?;
        Ok(SignedCheckpoint { checkpoint: Checkpoint::parse(note.text())?, note })
    }

    /// Checks that the log signed it whose key this is, and hands out what it says.
    ///
    /// # Errors
    ///
    /// If it is of another log, or not signed by the key.
    pub fn verify(&self, key: &VerifierKey) -> Result<&Checkpoint, CheckpointError> {
        if self.checkpoint.origin != key.name() {
            let (found, expected) = (self.checkpoint.origin.clone(), key.name().to_owned());
            return Err(CheckpointError::Origin { found, expected });
        }
        self.note.verify(key)?;
        Ok(&self.checkpoint)
    }

    /// What it says, whoever signed it.
    pub fn unverified(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Its text and signatures.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// Adds the cosignature of a witness, given at a time in seconds since 1970.
    pub fn cosign(&mut self, witness: &SignerKey, time: u64) {
        self.note.sign(witness, time);
    }

    /// When a witness cosigned it.
    ///
    /// # Errors
    ///
    /// If the witness did not.
    pub fn cosigned(&self, witness: &VerifierKey) -> Result<Option<u64>, NoteError> {
        self.note.verify(witness)
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}
