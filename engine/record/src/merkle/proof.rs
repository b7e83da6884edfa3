//! Checking proofs, without a tree: RFC 9162, sections 2.1.3.2 and 2.1.4.2.

use thiserror::Error;

use crate::merkle::Hash;

/// Why a proof does not show what it is to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ProofError {
    /// The leaf is not one of the tree's.
    #[error("the leaf {index} is not in a tree of {size}")]
    Outside {
        /// The leaf's index.
        index: u64,
        /// The tree's size.
        size: u64,
    },
    /// The earlier tree is larger than the later one.
    #[error("a tree of {new} does not begin with one of {old}")]
    Backwards {
        /// The earlier size.
        old: u64,
        /// The later size.
        new: u64,
    },
    /// The proof has too many or too few hashes.
    #[error("the proof has {found} hashes, which are too many or too few")]
    Length {
        /// How many it has.
        found: usize,
    },
    /// The hashes lead to another root.
    #[error("the proof leads to the root {found} and not to {expected}")]
    Root {
        /// Where they lead.
        found: Hash,
        /// Where they should.
        expected: Hash,
    },
}

/// Checks that the leaf with a hash is at an index of the tree with a size and a root.
///
/// # Errors
///
/// If the path does not show it.
pub fn verify_inclusion(
    leaf: Hash,
    index: u64,
    size: u64,
    path: &[Hash],
    root: Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Outside { index, size });
    }
    let length = ProofError::Length { found: path.len() };
    let (mut place, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in path {
        if last == 0 {
            return Err(length);
        }
        if place & 1 == 1 || place == last {
            hash = Hash::of_node(*sibling, hash);
            while place & 1 == 0 && place != 0 {
                (place, last) = (place >> 1, last >> 1);
            }
        } else {
            hash = Hash::of_node(hash, *sibling);
        }
        (place, last) = (place >> 1, last >> 1);
    }
    if last != 0 {
        return Err(length);
    }
    same(hash, root)
}

/// Checks that the tree with the size and root `new` begins with the one with the size and root `old`.
///
/// A tree without leaves is the beginning of every tree, and of it nothing is shown: the path is empty.
///
/// # Errors
///
/// If the path does not show it.
pub fn verify_consistency(old: (u64, Hash), new: (u64, Hash), path: &[Hash]) -> Result<(), ProofError> {
    let ((old_size, old_root), (new_size, new_root)) = (old, new);
    let length = ProofError::Length { found: path.len() };
    if old_size > new_size {
        return Err(ProofError::Backwards { old: old_size, new: new_size });
    }
    if old_size == 0 || old_size == new_size {
        let expected = if old_size == 0 { Hash::of_nothing() } else { new_root };
        return if path.is_empty() { same(old_root, expected) } else { Err(length) };
    }
    // A complete tree is a node of the later one, so the proof need not repeat its root.
    let (first, rest) = match path.split_first() {
        _ if old_size.is_power_of_two() => (old_root, path),
        Some((first, rest)) => (*first, rest),
        None => return Err(length),
    };
    let (mut place, mut last) = (old_size - 1, new_size - 1);
    while place & 1 == 1 {
        (place, last) = (place >> 1, last >> 1);
    }
    let (mut earlier, mut later) = (first, first);
    for sibling in rest {
        if last == 0 {
            return Err(length);
        }
        if place & 1 == 1 || place == last {
            earlier = Hash::of_node(*sibling, earlier);
            later = Hash::of_node(*sibling, later);
            while place & 1 == 0 && place != 0 {
                (place, last) = (place >> 1, last >> 1);
            }
        } else {
            later = Hash::of_node(later, *sibling);
        }
        (place, last) = (place >> 1, last >> 1);
    }
    if last != 0 {
        return Err(length);
    }
    same(earlier, old_root).and_then(|()| same(later, new_root))
}

fn same(found: Hash, expected: Hash) -> Result<(), ProofError> {
    if found == expected { Ok(()) } else { Err(ProofError::Root { found, expected }) }
}
