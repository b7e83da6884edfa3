//! The rows of a cache or a view, whichever it is, and a walk over all of them in pieces.

use crate::generation::Generation;
use crate::row::RowRef;
use crate::table::Table;

/// The rows of a cache or a view.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    table: &'a Table,
}

/// A walk over all rows in pieces, between which rows may change.
///
/// It goes from the last row to the first. New rows come at the end, and where a row is deleted the last
/// one takes its place, so a row that is there all the time is met at least once; a row that moved may be
/// met twice. Rows that come, change or go between two pieces have to be looked at apart.
#[derive(Debug)]
pub struct Walk {
    below: usize,
}

impl Generation {
    /// The rows of the cache or view with this name.
    pub fn rows(&self, projection: &str) -> Option<Rows<'_>> {
        let cache = self.cache(projection).map(|cache| &cache.table);
        cache.or_else(|| self.view(projection).map(|view| &view.table)).map(|table| Rows { table })
    }
}

impl<'a> Rows<'a> {
    /// The row with this key.
    pub fn get(self, key: &str) -> Option<RowRef<'a>> {
        self.table.get(key)
    }

    /// The next row of the walk; `None` when it is over.
    pub fn next(self, walk: &mut Walk) -> Option<(&'a str, RowRef<'a>)> {
        let below = walk.below.min(self.table.len());
        walk.below = below.saturating_sub(1);
        self.table.row_at(below.checked_sub(1)?)
    }
}

impl Walk {
    /// Before the first piece.
    pub fn new() -> Walk {
        Walk { below: usize::MAX }
    }
}

impl Default for Walk {
    fn default() -> Walk {
        Walk::new()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn put(table: &mut Table, key: u8) {
        let key = key.to_string();
        table.apply(&key, table.find(&key), Vec::new().into_iter(), 0);
    }

    fn walk(table: &Table, walk: &mut Walk, max: usize) -> Vec<String> {
        let next = || (Rows { table }).next(walk).map(|(key, _)| key.to_owned());
        std::iter::from_fn(next).take(max).collect()
    }

    #[test]
    fn a_walk_ends_after_the_first_row() {
        let mut table = Table::new([].into(), vec![]);
        (0..5).for_each(|key| put(&mut table, key));
        let mut at = Walk::new();
        assert_eq!(walk(&table, &mut at, 2), ["4", "3"]);
        assert_eq!(walk(&table, &mut at, 2), ["2", "1"]);
        assert_eq!(walk(&table, &mut at, 2), ["0"]);
        assert!(walk(&table, &mut at, 2).is_empty());
    }

    proptest! {
        /// Whatever comes and goes between the pieces, a row that nobody touched is met.
        #[test]
        fn a_walk_misses_no_row_that_stays(
            first in prop::collection::btree_set(0_u8..40, 0..40),
            changes in prop::collection::vec(prop::collection::vec((0_u8..60, any::<bool>()), 0..6), 0..20),
            max in 1_usize..5,
        ) {
            let mut table = Table::new([].into(), vec![]);
            first.iter().for_each(|key| put(&mut table, *key));
            let (mut at, mut met, mut touched) = (Walk::new(), BTreeSet::new(), BTreeSet::new());
            let mut changes = changes.into_iter();
            loop {
                let piece = walk(&table, &mut at, max);
                if piece.is_empty() {
                    break;
                }
                met.extend(piece);
                for (key, stays) in changes.next().unwrap_or_default() {
                    touched.insert(key.to_string());
                    if stays { put(&mut table, key) } else { table.delete(&key.to_string()) }
                }
            }
            for (key, _) in table.iter() {
                prop_assert!(met.contains(key) || touched.contains(key), "{key} was missed");
            }
        }
    }
}
