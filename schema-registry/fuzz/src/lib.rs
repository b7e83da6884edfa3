//! What the fuzz targets share: mutations that keep JSON whole, and the other opinion on a schema.
//!
//! Bytes that are flipped in JSON text seldom give JSON text again. So most mutations are of the tree:
//! [`mutate`] puts what stands in one place of the input, or of a target's vocabulary, into another.

mod mutate;
mod oracle;
mod random;

pub use mutate::{Vocabulary, mutate};
pub use oracle::{Oracle, is_plain, keeps, same};
