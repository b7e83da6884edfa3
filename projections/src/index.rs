//! An ordered index over the rows of a view.
//!
//! An entry is the row's cells in the index's columns and its key. Entries are ordered by cells, then by
//! key; the index over no columns is the one by key. The table decides when rows enter and leave.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use crate::cell::Cell;
use crate::limits::INDEX_ENTRY_BYTES;

/// A place in an index: an entry, or an edge that no entry stands on.
///
/// An edge has fewer cells than an entry, or no key. With an empty key it stands before all entries that
/// begin with its cells, without a key behind them all.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) cells: Box<[Cell]>,
    pub(crate) key: Option<Arc<str>>,
}

impl Place {
    /// Before all entries that begin with the cells.
    pub(crate) fn before(cells: Vec<Cell>) -> Place {
        Place { cells: cells.into(), key: Some(Arc::from("")) }
    }

    /// Behind all entries that begin with the cells.
    pub(crate) fn behind(cells: Vec<Cell>) -> Place {
        Place { cells: cells.into(), key: None }
    }

    /// About what an entry takes in memory.
    fn bytes(&self) -> usize {
        INDEX_ENTRY_BYTES + self.cells.iter().map(Cell::bytes).sum::<usize>()
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Place) -> Ordering {
        let mut steps = self.cells.iter().zip(&other.cells).map(|(a, b)| a.order(b));
        if let Some(step) = steps.find(|step| step.is_ne()) {
            return step;
        }
        let behind = |edge: &Place| edge.key.is_none();
        match self.cells.len().cmp(&other.cells.len()) {
            Ordering::Less if behind(self) => Ordering::Greater,
            Ordering::Greater if behind(other) => Ordering::Less,
            Ordering::Equal => match (&self.key, &other.key) {
                (Some(a), Some(b)) => a.cmp(b),
                (a, b) => a.is_none().cmp(&b.is_none()),
            },
            shorter_first => shorter_first,
        }
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Place) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Place) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Place {}

/// Where a query begins and ends.
pub(crate) type Range = (Bound<Place>, Bound<Place>);

/// Entries in order, by the columns that the index is over.
#[derive(Debug, Default)]
pub(crate) struct Index {
    columns: Box<[u16]>,
    entries: BTreeSet<Place>,
    bytes: usize,
}

impl Index {
    pub(crate) fn new(columns: &[u16]) -> Index {
        Index { columns: columns.into(), entries: BTreeSet::new(), bytes: 0 }
    }

    pub(crate) fn columns(&self) -> &[u16] {
        &self.columns
    }

    /// About how many bytes the entries take in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn covers(&self, column: u16) -> bool {
        self.columns.contains(&column)
    }

    /// The place at which a row with these cells stands.
    pub(crate) fn place(&self, key: &Arc<str>, cells: &[Cell]) -> Place {
        let cell = |column: &u16| cells.get(usize::from(*column)).cloned().unwrap_or(Cell::Absent);
        Place { cells: self.columns.iter().map(cell).collect(), key: Some(key.clone()) }
    }

    /// Takes in entries; building an empty index from many at once is a sort.
    pub(crate) fn extend(&mut self, places: Vec<Place>) {
        self.bytes += places.iter().map(Place::bytes).sum::<usize>();
        if self.entries.is_empty() {
            self.entries = places.into_iter().collect();
        } else {
            self.entries.extend(places);
        }
    }

    /// Takes an entry out.
    ///
    /// # Panics
    ///
    /// If it is not in: the table would have lost count of its rows.
    pub(crate) fn remove(&mut self, place: &Place) {
        self.bytes = self.bytes.saturating_sub(place.bytes());
        assert!(self.entries.remove(place), "an index lost the row `{:?}`", place.key);
    }

    /// The entries of a range that is not empty backwards ([`is_forward`]).
    pub(crate) fn range(&self, range: &Range) -> impl DoubleEndedIterator<Item = &Place> {
        self.entries.range((range.0.as_ref(), range.1.as_ref()))
    }

    #[cfg(test)]
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Place> {
        self.entries.iter()
    }
}

/// Whether the range begins before it ends, which [`BTreeSet::range`] takes for granted.
pub(crate) fn is_forward(range: &Range) -> bool {
    match (&range.0, &range.1) {
        (Bound::Included(from) | Bound::Excluded(from), Bound::Included(to) | Bound::Excluded(to)) => {
            from < to
        }
        _ => true,
    }
}

/// Whether the place lies within the range.
pub(crate) fn contains(range: &Range, place: &Place) -> bool {
    use std::ops::RangeBounds;
    (range.0.as_ref(), range.1.as_ref()).contains(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(a: i64, b: i64, key: &str) -> Place {
        Place { cells: [Cell::Int(a), Cell::Int(b)].into(), key: Some(key.into()) }
    }

    #[test]
    fn edges_stand_before_and_behind_all_that_begins_with_them() {
        let one = || vec![Cell::Int(1)];
        let rows = [
            Place::before(vec![]),
            entry(0, 9, "z"),
            Place::before(one()),
            Place::before(vec![Cell::Int(1), Cell::Int(2)]),
            entry(1, 2, "a"),
            entry(1, 2, "b"),
            Place::behind(vec![Cell::Int(1), Cell::Int(2)]),
            entry(1, 3, "a"),
            Place::behind(one()),
            entry(2, 0, "a"),
            Place::behind(vec![]),
        ];
        for (i, a) in rows.iter().enumerate() {
            for (j, b) in rows.iter().enumerate() {
                assert_eq!(a.cmp(b), i.cmp(&j), "{a:?} and {b:?}");
            }
        }
    }

    #[test]
    fn a_range_is_cut_at_its_edges() {
        let mut index = Index::new(&[0, 1]);
        index.extend(vec![entry(2, 0, "a"), entry(1, 2, "b"), entry(1, 3, "a"), entry(0, 0, "c")]);
        let range = (
            Bound::Included(Place::before(vec![Cell::Int(1)])),
            Bound::Excluded(Place::behind(vec![Cell::Int(1)])),
        );
        assert!(is_forward(&range));
        let found: Vec<_> = index.range(&range).cloned().collect();
        assert_eq!(found, [entry(1, 2, "b"), entry(1, 3, "a")]);
        assert!(contains(&range, &entry(1, 9, "x")) && !contains(&range, &entry(2, 0, "a")));
        assert!(!is_forward(&(range.1, range.0)));
    }

    #[test]
    #[should_panic(expected = "an index lost the row")]
    fn taking_out_what_is_not_in_is_a_bug() {
        Index::new(&[0]).remove(&entry(1, 2, "a"));
    }
}
