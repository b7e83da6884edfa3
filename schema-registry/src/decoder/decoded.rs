//! A row as the reader sees it.

use selfsame_record::{Row, RowRead, ValueRef};

use super::table::{Seen, Table};
use crate::shape::{EventShape, write_slot};

/// A row as the reader sees it, through the lenses between the two versions.
#[derive(Debug)]
pub struct Decoded<'a, R>(Inner<'a, R>);

#[derive(Debug)]
enum Inner<'a, R> {
    /// Read where it lies.
    Seen { table: &'a Table, row: &'a R },
    /// Laid out anew.
    Converted { shape: &'a EventShape, row: Row },
}

impl<'a, R: RowRead> Decoded<'a, R> {
    pub(super) fn seen(table: &'a Table, row: &'a R) -> Decoded<'a, R> {
        Decoded(Inner::Seen { table, row })
    }

    pub(super) fn converted(shape: &'a EventShape, row: Row) -> Decoded<'a, R> {
        Decoded(Inner::Converted { shape, row })
    }

    /// The value in the reader's slot; absent beyond the last one.
    ///
    /// An adopted string whose JSON text has escapes is given as that text ([`ValueRef::Json`]), since there
    /// is no place where it lies without them.
    pub fn get(&self, slot: u16) -> ValueRef<'_> {
        match &self.0 {
            Inner::Seen { table, row } => table.get(*row, slot),
            Inner::Converted { row, .. } => row.slot(slot),
        }
    }

    /// The whole payload in the reader's shape, as compact JSON.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write(0, &mut out);
        out
    }

    /// What lies in and below a slot, as compact JSON; none if it is absent.
    pub fn json_at(&self, slot: u16) -> Option<String> {
        let mut out = String::new();
        self.write(slot, &mut out);
        Some(out).filter(|out| !out.is_empty())
    }

    fn write(&self, slot: u16, out: &mut String) {
        match &self.0 {
            Inner::Seen { table, row } => write_slot(&table.reader, &Seen { table, row: *row }, slot, out),
            Inner::Converted { shape, row } => shape.write_slot(row, slot, out),
        }
    }
}
