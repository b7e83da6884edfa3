//! How one version reads what another one wrote: the one way from a row to values in a reader's shape.
//!
//! A decoder is composed, along the lineage, of the lenses between the two versions. Every slot of the
//! reader has one source; a plain copy costs one match. A row is never converted as a whole.
//!
//! Members that no schema of the way names pass through. If a version on the way names one that the writer
//! did not, its lens decides: a field that comes from elsewhere wins, and an added field takes the member
//! over in place of its default (it is *adopted*), if its value fits. If it does not fit, the reader's
//! version cannot say what was written, and [`Decoder::check`] says so.

mod compose;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use selfsame_record::{RowRead, ValueRef};
use thiserror::Error;

pub(crate) use compose::Composer;
use source::Source;

use crate::shape::{EventShape, SlotKind, View, write_slot};

/// How one version reads what another one wrote.
#[derive(Debug)]
pub struct Decoder {
    reader: Arc<EventShape>,
    /// One per slot of the reader.
    sources: Vec<Source>,
    /// The reader's object for each of the writer's; members that no schema names pass between them.
    hosts: Vec<Option<u16>>,
    /// Keys under the writer's objects that do not pass, since a schema on the way names them.
    taken: BTreeMap<u16, BTreeSet<String>>,
    /// Those of them that a slot of the reader adopts: writer's object, key, slot.
    adopted: Vec<(u16, String, u16)>,
    identity: bool,
}

/// Why the reader's version cannot say what was written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct Inexpressible {
    /// JSON Pointer to the place in the reader's shape.
    pub pointer: String,
    /// Why not, with the place.
    pub reason: String,
}

impl Decoder {
    /// The value in the reader's slot; absent beyond the last one.
    ///
    /// An adopted string whose JSON text has escapes is given as that text ([`ValueRef::Json`]), since there
    /// is no place where it lies without them.
    pub fn get<'a, R: RowRead>(&'a self, row: &'a R, slot: u16) -> ValueRef<'a> {
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
    pub fn check<R: RowRead>(&self, row: &R) -> Result<(), Inexpressible> {
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

    /// The whole payload in the reader's shape, as compact JSON.
    pub fn to_json<R: RowRead>(&self, row: &R) -> String {
        let mut out = String::new();
        write_slot(&self.reader, &Decoded { decoder: self, row }, 0, &mut out);
        out
    }

    /// What lies in and below a slot, as compact JSON; none if it is absent.
    pub fn json_at<R: RowRead>(&self, row: &R, slot: u16) -> Option<String> {
        let mut out = String::new();
        write_slot(&self.reader, &Decoded { decoder: self, row }, slot, &mut out);
        Some(out).filter(|out| !out.is_empty())
    }

    /// The shape that it reads into.
    pub fn reader(&self) -> &Arc<EventShape> {
        &self.reader
    }

    /// Whether reader and writer have the same shape, slot for slot.
    pub fn is_identity(&self) -> bool {
        self.identity
    }
}

/// A row as the reader sees it.
struct Decoded<'a, R> {
    decoder: &'a Decoder,
    row: &'a R,
}

impl<R: RowRead> View for Decoded<'_, R> {
    fn value(&self, slot: u16) -> ValueRef<'_> {
        self.decoder.get(self.row, slot)
    }

    fn extras(&self, host: u16, each: &mut dyn FnMut(&str, &str)) {
        for (from, key, json) in (0..self.row.extras_len()).filter_map(|index| self.row.extra(index)) {
            let to = self.decoder.hosts.get(usize::from(from)).copied().flatten();
            let taken = || self.decoder.taken.get(&from).is_some_and(|keys| keys.contains(key));
            if to == Some(host) && !taken() {
                each(key, json);
            }
        }
    }
}
