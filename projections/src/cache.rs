//! A cache: one ready-to-serve object per key.

use selfsame_record::Digest;

use crate::row::{Column, RowRef};
use crate::table::Table;

/// The rows of a projection of kind `cache`.
#[derive(Debug)]
pub struct Cache {
    pub(crate) table: Table,
}

impl Cache {
    /// The object with this key.
    pub fn get(&self, key: &str) -> Option<RowRef<'_>> {
        self.table.get(key)
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.table.len() == 0
    }

    /// All objects with their keys, in an order that says nothing and is the same in every replay.
    pub fn iter(&self) -> impl Iterator<Item = (&str, RowRef<'_>)> {
        self.table.iter()
    }

    /// The columns that an object can have.
    pub fn columns(&self) -> &[Column] {
        self.table.columns()
    }

    /// The digest over all objects.
    pub fn digest(&self) -> Digest {
        self.table.digest()
    }
}
