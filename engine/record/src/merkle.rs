//! The Merkle tree over the log: RFC 6962, section 2.1 (the same tree as RFC 9162), on SHA-256.
//!
//! ```text
//! leaf = SHA-256(0x00 || entry)          node = SHA-256(0x01 || left || right)
//! ```
//!
//! The leaf with index `n` is the entry of the record at position `n + 1`: positions count from 1, leaves
//! from 0, as the RFC has it.
//!
//! Not here: what an entry is ([`entry`](crate::entry)), and what is signed ([`checkpoint`](crate::checkpoint)).

mod proof;
mod tile;
mod tree;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

pub use proof::{ProofError, verify_consistency, verify_inclusion};
pub use tile::{TILE_LEVEL_MAX, TileKind, TileName};
pub use tree::{TILE_WIDTH, Tree};

/// A SHA-256 hash: of an entry, of a node of the tree, or of anything else.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// SHA-256 of bytes as they are.
    pub fn of(bytes: &[u8]) -> Hash {
        Hash(Sha256::digest(bytes).into())
    }

    /// The hash of a leaf.
    pub fn of_leaf(entry: &[u8]) -> Hash {
        Hash(Sha256::new().chain_update([0]).chain_update(entry).finalize().into())
    }

    /// The hash of the node above two others.
    pub fn of_node(left: Hash, right: Hash) -> Hash {
        let mut bytes = [1; 65];
        let (_, children) = bytes.split_at_mut(1);
        let (first, second) = children.split_at_mut(32);
        first.copy_from_slice(&left.0);
        second.copy_from_slice(&right.0);
        Hash::of(&bytes)
    }

    /// The root of a tree without leaves.
    pub fn of_nothing() -> Hash {
        Hash::of(&[])
    }

    /// In base64 (RFC 4648, section 4), as it stands in checkpoints and proofs.
    pub fn to_base64(self) -> String {
        STANDARD.encode(self.0)
    }

    /// Reads what [`to_base64`](Hash::to_base64) writes, and nothing else.
    pub fn from_base64(text: &str) -> Option<Hash> {
        let bytes = STANDARD.decode(text).ok()?;
        bytes.try_into().ok().map(Hash)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_base64())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl serde::Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Hash, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        Hash::from_base64(&text).ok_or_else(|| serde::de::Error::custom("not a SHA-256 hash in base64"))
    }
}

/// The largest power of two below `size`, which must be more than 1: where the RFC cuts a tree in two.
fn split(size: u64) -> u64 {
    1 << (63 - (size - 1).leading_zeros())
}
