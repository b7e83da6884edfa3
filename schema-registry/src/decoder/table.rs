//! The fast way from a row to values in a reader's shape: every slot of the reader has one source.
//!
//! Members that no schema of the way names pass through. If a version on the way names one that the writer
//! did not, its lens decides: a field that comes from elsewhere wins, and an added field takes the member
//! over in place of its default (it is *adopted*), if its value fits. If it does not fit, the reader's
//! version cannot say what was written, and [`Table::check`] says so.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use selfsame_record::{RowRead, ValueRef};

use super::Inexpressible;
use super::source::Source;
use crate::shape::{EventShape, SlotKind, View};

/// Where each slot of the reader has its value from.
#[derive(Debug)]
pub(crate) struct Table {
    pub(super) reader: Arc<EventShape>,
    /// One per slot of the reader.
    pub(super) sources: Vec<Source>,
    /// The reader's object for each of the writer's; members that no schema names pass between them.
    pub(super) hosts: Vec<Option<u16>>,
    /// Keys under the writer's objects that do not pass, since a schema on the way names them.
    pub(super) taken: BTreeMap<u16, BTreeSet<String>>,
    /// Those of them that a slot of the reader adopts: writer's object, key, slot.
    pub(super) adopted: Vec<(u16, String, u16)>,
    pub(super) identity: bool,
}

impl Table {
    /// The value in the reader's slot; absent beyond the last one.
    ///
    /// An adopted string whose JSON text has escapes is given as that text ([`ValueRef::Json`]), since there
    /// is no place where it lies without them.
    pub(super) fn get<'a, R: RowRead>(&'a self, row: &'a R, slot: u16) -> ValueRef<'a> {
        match self.sources.get(usize::from(slot)) {
            Some(Source::Slot(slot)) => row.slot(*slot),
            Some(Source::Derived(derived)) => derived.value(row),
            None => ValueRef::Absent,
        }
    }

    /// Whether the reader's shape can say what the row says. Takes no time for a row without unknown members.
    ///
    /// # Errors
    ///
    /// If a member that the writer's schema does not name is known to the reader's and does not fit it.
    pub(super) fn check<R: RowRead>(&self, row: &R) -> Result<(), Inexpressible> {
        if self.adopted.is_empty() {
            return Ok(());
        }
        let extras = (0..row.extras_len()).filter_map(|index| row.extra(index));
        for (host, key, json) in extras {
            let found = self.adopted.binary_search_by(|(h, k, _)| (*h, k.as_str()).cmp(&(host, key)));
            if let Some((.., slot)) = found.ok().and_then(|index| self.adopted.get(index)) {
                self.check_adopted(*slot, json)?;
            }
        }
        Ok(())
    }

    fn check_adopted(&self, slot: u16, json: &str) -> Result<(), Inexpressible> {
        let (Some(at), Some(schema)) = (self.reader.at(slot), self.reader.schema(slot)) else {
            return Ok(());
        };
        let wrong = if at.kind == SlotKind::Object && json.starts_with('{') {
            Some((String::new(), "an object is not taken over member by member".to_owned()))
        } else {
            schema.check_text(json).err()
        };
        let Some((below, message)) = wrong else { return Ok(()) };
        let pointer = format!("{}{below}", at.pointer);
        let reason = format!(
            "`{pointer}` was written before there was such a field, and its value does not fit: {message}"
        );
        Err(Inexpressible { pointer, reason })
    }
}

/// A row as the reader sees it.
pub(super) struct Seen<'a, R> {
    pub(super) table: &'a Table,
    pub(super) row: &'a R,
}

impl<R: RowRead> View for Seen<'_, R> {
    fn value(&self, slot: u16) -> ValueRef<'_> {
        self.table.get(self.row, slot)
    }

    fn extras(&self, host: u16, each: &mut dyn FnMut(&str, &str)) {
        for (from, key, json) in (0..self.row.extras_len()).filter_map(|index| self.row.extra(index)) {
            let to = self.table.hosts.get(usize::from(from)).copied().flatten();
            let taken = || self.table.taken.get(&from).is_some_and(|keys| keys.contains(key));
            if to == Some(host) && !taken() {
                each(key, json);
            }
        }
    }
}
