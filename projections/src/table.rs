//! The rows of a cache or a view: a hash table with ordered indexes and a digest beside it.
//!
//! # Invariants
//!
//! 1. The sum holds the digest of every row that is not dirty, as it is, and of each dirty row that was
//!    there at the last [`Table::settle`], as it was then (P6).
//! 2. An index holds every row but those that are marked as missing in it; these are all dirty.
//!
//! A fold only marks rows; [`Table::settle`] hashes each once and puts it into the indexes, however often
//! it changed meanwhile. Reads are right before it too, and slower by the number of dirty rows.

use std::collections::BTreeSet;
use std::sync::Arc;

use indexmap::IndexMap;
use selfsame_record::{Digest, MultisetDigest};

use crate::cell::Cell;
use crate::index::{Index, Place};
use crate::limits::{CELL_BYTES, ROW_OVERHEAD_BYTES};
use crate::row::{self, Column, RowRef};
use crate::touched::Notes;

/// What one event changes in a row.
#[derive(Debug)]
pub(crate) enum Change {
    Put(Cell),
    Push { item: Cell, max: usize },
}

#[derive(Debug)]
struct Entry {
    cells: Box<[Cell]>,
    /// What the cells count for; see [`ROW_BYTES_MAX`](crate::limits::ROW_BYTES_MAX).
    bytes: usize,
    /// The row's digest as it is in the sum.
    member: Option<Digest>,
    is_dirty: bool,
    /// One bit for each index that does not hold the row.
    missing_in: u16,
}

/// Rows by key.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Arc<[Column]>,
    /// Hashed with a key of the process, so that nobody can choose keys that collide. What is seen from
    /// outside does not hang on it: the order is that of coming and going.
    rows: IndexMap<Arc<str>, Entry>,
    indexes: Vec<Index>,
    sum: MultisetDigest,
    /// Where dirty rows may stand: each of them is named, some twice, beside places that are clean or gone.
    dirty: Vec<usize>,
    touched: Notes<Arc<str>>,
    /// What the rows take, without the indexes.
    bytes: usize,
}

impl Table {
    pub(crate) fn new(columns: Arc<[Column]>, indexes: Vec<Index>) -> Table {
        assert!(indexes.len() <= 16, "{} indexes, and a row has 16 marks", indexes.len());
        let (rows, sum, dirty) = (IndexMap::default(), MultisetDigest::default(), vec![]);
        Table { columns, rows, indexes, sum, dirty, touched: Notes::default(), bytes: 0 }
    }

    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    pub(crate) fn index(&self, number: usize) -> Option<&Index> {
        self.indexes.get(number)
    }

    pub(crate) fn indexes(&self) -> &[Index] {
        &self.indexes
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// About how many bytes rows and indexes take in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes + self.indexes.iter().map(Index::bytes).sum::<usize>()
    }

    /// What a row takes beside what its cells hold.
    fn overhead(&self, key: &str) -> usize {
        ROW_OVERHEAD_BYTES + key.len() + CELL_BYTES * self.columns.len()
    }

    pub(crate) fn get(&self, key: &str) -> Option<RowRef<'_>> {
        self.rows.get(key).map(|entry| RowRef { columns: &self.columns, cells: &entry.cells })
    }

    /// All rows, in an order that is the same in every replay and says nothing.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, RowRef<'_>)> {
        let columns = &*self.columns;
        self.rows.iter().map(move |(key, entry)| (&**key, RowRef { columns, cells: &entry.cells }))
    }

    /// The row that stands at a place, from 0 on without gaps.
    pub(crate) fn row_at(&self, at: usize) -> Option<(&str, RowRef<'_>)> {
        let (key, entry) = self.rows.get_index(at)?;
        Some((key, RowRef { columns: &self.columns, cells: &entry.cells }))
    }

    /// The digest of the row with this key as it is.
    pub(crate) fn member(&self, key: &str) -> Option<Digest> {
        self.rows.get(key).map(|entry| self.digest_of(key, entry))
    }

    /// The rows from one place up to another, with their digests as they are.
    pub(crate) fn range(&self, from: usize, until: usize) -> impl Iterator<Item = (&Arc<str>, Digest)> {
        let rows = self.rows.get_range(from..until).into_iter().flatten();
        rows.map(|(key, entry)| (key, self.digest_of(key, entry)))
    }

    fn digest_of(&self, key: &str, entry: &Entry) -> Digest {
        let settled = entry.member.filter(|_| !entry.is_dirty);
        settled.unwrap_or_else(|| row::digest(key, &self.columns, &entry.cells, &mut vec![]))
    }

    /// Where the key's row stands until the next change, if there is one.
    pub(crate) fn find(&self, key: &str) -> Option<usize> {
        self.rows.get_index_of(key)
    }

    /// The cells and the size of the row that was found; none and 0 for a row that is yet to be.
    pub(crate) fn at(&self, found: Option<usize>) -> (&[Cell], usize) {
        let entry = found.and_then(|at| self.rows.get_index(at));
        entry.map_or((&[], 0), |(_, entry)| (&entry.cells, entry.bytes))
    }

    /// Changes the row that was found, or makes it. `bytes` is its size after the changes.
    pub(crate) fn apply(
        &mut self,
        key: &str,
        found: Option<usize>,
        changes: impl ExactSizeIterator<Item = (u16, Change)> + AsRef<[(u16, Change)]>,
        bytes: usize,
    ) {
        let at = match found {
            Some(_) if changes.len() == 0 => return,
            Some(at) => {
                self.unindex(at, changes.as_ref());
                at
            }
            None => self.make(key),
        };
        self.mark(at);
        let Some((key, entry)) = self.rows.get_index_mut(at) else {
            return;
        };
        self.touched.note(|| Arc::clone(key));
        self.bytes = (self.bytes + bytes).saturating_sub(entry.bytes);
        entry.bytes = bytes;
        for (column, change) in changes {
            if let Some(cell) = entry.cells.get_mut(usize::from(column)) {
                change.apply(cell);
            }
        }
    }

    /// Deletes the row, if there is one.
    pub(crate) fn delete(&mut self, key: &str) {
        let Some((at, key, entry)) = self.rows.swap_remove_full(key) else {
            return;
        };
        self.bytes = self.bytes.saturating_sub(self.overhead(&key) + entry.bytes);
        for (number, index) in self.indexes.iter_mut().enumerate() {
            if entry.missing_in & (1 << number) == 0 {
                index.remove(&index.place(&key, &entry.cells));
            }
        }
        if let Some(member) = &entry.member {
            self.sum.remove(member);
        }
        // The last row now stands where the deleted one stood.
        if self.rows.get_index(at).is_some_and(|(_, moved)| moved.is_dirty) {
            self.dirty.push(at);
            self.forget_stale_places();
        }
        // The one that moved is what it was: see `Cursor` for why a walk does not miss it.
        self.touched.note(|| key);
    }

    /// The keys of the rows that changes touched while somebody watched.
    pub(crate) fn touched(&mut self) -> &mut Notes<Arc<str>> {
        &mut self.touched
    }

    /// Takes the row out of the indexes whose columns change.
    fn unindex(&mut self, at: usize, changes: &[(u16, Change)]) {
        let Some((key, entry)) = self.rows.get_index_mut(at) else {
            return;
        };
        for (number, index) in self.indexes.iter_mut().enumerate() {
            let mark = 1 << number;
            if entry.missing_in & mark == 0 && changes.iter().any(|(column, _)| index.covers(*column)) {
                index.remove(&index.place(key, &entry.cells));
                entry.missing_in |= mark;
            }
        }
    }

    fn make(&mut self, key: &str) -> usize {
        let cells = vec![Cell::Absent; self.columns.len()].into();
        let missing_in = (0..self.indexes.len()).fold(0, |marks, number| marks | (1 << number));
        let entry = Entry { cells, bytes: 0, member: None, is_dirty: false, missing_in };
        self.bytes += self.overhead(key);
        self.rows.insert_full(Arc::from(key), entry).0
    }

    fn mark(&mut self, at: usize) {
        if let Some((_, entry)) = self.rows.get_index_mut(at)
            && !entry.is_dirty
        {
            entry.is_dirty = true;
            self.dirty.push(at);
            self.forget_stale_places();
        }
    }

    /// Keeps the list of places no longer than twice the rows, whatever comes and goes between settlings.
    fn forget_stale_places(&mut self) {
        if self.dirty.len() > 2 * self.rows.len() + 1024 {
            self.dirty = self.dirty_places();
        }
    }

    /// The dirty rows, each once.
    fn dirty_places(&self) -> Vec<usize> {
        let mut places = self.dirty.clone();
        places.sort_unstable();
        places.dedup();
        places.retain(|at| self.rows.get_index(*at).is_some_and(|(_, entry)| entry.is_dirty));
        places
    }

    /// Brings digest and indexes up to date.
    pub(crate) fn settle(&mut self) {
        let mut entering: Vec<Vec<Place>> = self.indexes.iter().map(|_| vec![]).collect();
        let mut scratch = vec![];
        for at in std::mem::take(&mut self.dirty) {
            let Some((key, entry)) = self.rows.get_index_mut(at).filter(|(_, entry)| entry.is_dirty) else {
                continue;
            };
            entry.is_dirty = false;
            let member = row::digest(key, &self.columns, &entry.cells, &mut scratch);
            if let Some(old) = entry.member.replace(member) {
                self.sum.remove(&old);
            }
            self.sum.insert(&member);
            for (number, (index, places)) in self.indexes.iter().zip(&mut entering).enumerate() {
                if entry.missing_in & (1 << number) != 0 {
                    places.push(index.place(key, &entry.cells));
                }
            }
            entry.missing_in = 0;
        }
        self.indexes.iter_mut().zip(entering).for_each(|(index, places)| index.extend(places));
    }

    /// The digest over all rows as they are.
    pub(crate) fn digest(&self) -> Digest {
        let mut sum = self.sum;
        let mut scratch = vec![];
        for (key, entry) in self.dirty_places().into_iter().filter_map(|at| self.rows.get_index(at)) {
            if let Some(member) = &entry.member {
                sum.remove(member);
            }
            sum.insert(&row::digest(key, &self.columns, &entry.cells, &mut scratch));
        }
        sum.digest()
    }

    /// The places of the rows that the index does not hold yet.
    pub(crate) fn missing(&self, number: usize) -> BTreeSet<Place> {
        let Some(index) = self.indexes.get(number) else {
            return BTreeSet::new();
        };
        let dirty = self.dirty_places().into_iter().filter_map(|at| self.rows.get_index(at));
        let missing = dirty.filter(|(_, entry)| entry.missing_in & (1 << number) != 0);
        missing.map(|(key, entry)| index.place(key, &entry.cells)).collect()
    }
}

impl Change {
    fn apply(self, cell: &mut Cell) {
        match self {
            Change::Put(new) => *cell = new,
            Change::Push { item, max } => {
                if !matches!(cell, Cell::List(_)) {
                    *cell = Cell::List(Box::default());
                }
                if let Cell::List(list) = cell {
                    list.push(item, max);
                }
            }
        }
    }

    /// What the cell will count for in the row's size.
    pub(crate) fn bytes(&self, current: &Cell) -> usize {
        match (self, current) {
            (Change::Put(new), _) => new.bytes(),
            (Change::Push { item, max }, Cell::List(list)) => {
                crate::limits::CELL_BYTES + list.bytes_after(item, *max)
            }
            (Change::Push { item, .. }, _) => crate::limits::CELL_BYTES + item.bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::row::ColumnKind;

    fn table() -> Table {
        let column = |name: &str| Column { name: name.into(), kind: ColumnKind::Integer };
        let indexes = vec![Index::new(&[]), Index::new(&[1]), Index::new(&[1, 0])];
        Table::new([column("a"), column("b")].into(), indexes)
    }

    fn put(table: &mut Table, key: &str, column: u16, number: i64) {
        let found = table.find(key);
        table.apply(key, found, vec![(column, Change::Put(Cell::Int(number)))].into_iter(), 0);
    }

    fn from_scratch(table: &Table) -> Table {
        let mut other = self::table();
        for (key, row) in table.iter() {
            other.apply(key, None, Vec::new().into_iter(), 0);
            for (column, cell) in row.cells.iter().enumerate() {
                let change = Change::Put(cell.clone());
                let found = other.find(key);
                other.apply(key, found, vec![(u16::try_from(column).unwrap(), change)].into_iter(), 0);
            }
        }
        other.settle();
        other
    }

    /// What index and rows that wait for it say together, against a scan over all rows.
    fn check_indexes(table: &Table) {
        for (number, index) in table.indexes().iter().enumerate() {
            let missing = table.missing(number);
            let both: Vec<&Place> = index.entries().chain(&missing).collect();
            let content: BTreeSet<&Place> = both.iter().copied().collect();
            assert_eq!(both.len(), content.len(), "a row is in index {number} and waits for it");
            let scan: Vec<Place> =
                table.iter().map(|(key, row)| index.place(&Arc::from(key), row.cells)).collect();
            assert_eq!(content, scan.iter().collect());
        }
    }

    #[test]
    fn a_row_that_returns_gives_the_earlier_digest() {
        let mut table = table();
        assert_eq!(table.digest(), Digest::default());
        put(&mut table, "k", 0, 1);
        table.settle();
        let first = table.digest();
        put(&mut table, "k", 0, 2);
        assert_ne!(table.digest(), first);
        table.settle();
        put(&mut table, "k", 0, 1);
        assert_eq!(table.digest(), first);
        table.delete("k");
        assert_eq!(table.digest(), Digest::default());
    }

    #[test]
    fn the_list_of_dirty_places_stays_bounded() {
        let mut table = table();
        for _ in 0..5000 {
            put(&mut table, "k", 0, 1);
            table.delete("k");
        }
        assert!(table.dirty.len() <= 1026, "{} places", table.dirty.len());
    }

    #[derive(Clone, Debug)]
    enum Step {
        Put(u8, u16, i64),
        Delete(u8),
        Settle,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            6 => (0..8u8, 0..2u16, 0..4i64).prop_map(|(k, c, n)| Step::Put(k, c, n)),
            2 => (0..8u8).prop_map(Step::Delete),
            1 => Just(Step::Settle),
        ]
    }

    proptest! {
        #[test]
        fn digest_and_indexes_are_those_of_the_rows(steps in proptest::collection::vec(step(), 0..60)) {
            let mut table = table();
            let mut model = BTreeMap::<String, [Option<i64>; 2]>::new();
            for step in steps {
                match step {
                    Step::Put(key, column, number) => {
                        put(&mut table, &key.to_string(), column, number);
                        model.entry(key.to_string()).or_default()[usize::from(column)] = Some(number);
                    }
                    Step::Delete(key) => {
                        table.delete(&key.to_string());
                        model.remove(&key.to_string());
                    }
                    Step::Settle => table.settle(),
                }
                check_indexes(&table);
                prop_assert_eq!(table.digest(), from_scratch(&table).digest());
            }
            let rows: BTreeMap<String, [Option<i64>; 2]> = table
                .iter()
                .map(|(key, row)| {
                    let number = |cell: &Cell| if let Cell::Int(n) = cell { Some(*n) } else { None };
                    (key.to_owned(), [number(&row.cells[0]), number(&row.cells[1])])
                })
                .collect();
            prop_assert_eq!(rows, model);
            table.settle();
            prop_assert_eq!(table.bytes(), from_scratch(&table).bytes());
        }
    }
}
