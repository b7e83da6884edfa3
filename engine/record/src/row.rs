//! An event's payload: the slots of the schema that it was written under, and what the schema does not know.
//!
//! Slots lie in preorder of the schema's properties, so that a slot's number means the same in every row
//! of one (event type, version); the schema package gives the numbers out.

use rkyv::{Archive, Deserialize, Serialize};

use crate::value::{Value, ValueRef};

/// A payload, value for value as it was written. Key order and white space are not kept.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
    Clone,
    Debug,
    Default,
    PartialEq,
    Eq,
)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// One value per slot of the schema.
    pub slots: Vec<Value>,
    /// Members that the schema does not name, ordered by host and key.
    pub extras: Vec<Extra>,
}

/// A member that the schema does not name.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    serde::Serialize,
    serde::Deserialize,
    Clone,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
)]
#[serde(deny_unknown_fields)]
pub struct Extra {
    /// The slot of the object that it is a member of; the root is slot 0.
    pub host: u16,
    /// Its key.
    pub key: String,
    /// Its value, JSON text without insignificant white space.
    pub json: String,
}

impl Row {
    /// Hands out the row's content as bytes that differ between any two different rows; the form is part
    /// of the log's format, since fingerprints over it are kept.
    pub fn feed(&self, out: &mut impl FnMut(&[u8])) {
        out(&(self.slots.len() as u64).to_le_bytes());
        for value in &self.slots {
            feed_value(value, out);
        }
        for extra in &self.extras {
            out(&extra.host.to_le_bytes());
            feed_text(&extra.key, out);
            feed_text(&extra.json, out);
        }
    }
}

fn feed_value(value: &Value, out: &mut impl FnMut(&[u8])) {
    match value {
        Value::Absent => out(&[0]),
        Value::Null => out(&[1]),
        Value::Object => out(&[2]),
        Value::Bool(b) => out(&[3, u8::from(*b)]),
        Value::Int(n) => {
            out(&[4]);
            out(&n.to_le_bytes());
        }
        Value::Number(text) => {
            out(&[5]);
            feed_text(text, out);
        }
        Value::Text(text) => {
            out(&[6]);
            feed_text(text, out);
        }
        Value::Json(text) => {
            out(&[7]);
            feed_text(text, out);
        }
    }
}

fn feed_text(text: &str, out: &mut impl FnMut(&[u8])) {
    out(&(text.len() as u64).to_le_bytes());
    out(text.as_bytes());
}

impl ArchivedRow {
    /// The same row, owned.
    pub fn to_row(&self) -> Row {
        let extra = |e: &ArchivedExtra| Extra {
            host: e.host.to_native(),
            key: e.key.as_str().to_owned(),
            json: e.json.as_str().to_owned(),
        };
        let slots = self.slots.iter().map(|value| value.as_ref().to_value()).collect();
        Row { slots, extras: self.extras.iter().map(extra).collect() }
    }
}

/// A row that is read where it lies. Implemented by [`Row`] and by [`ArchivedRow`].
pub trait RowRead {
    /// The value in the slot; absent beyond the last one.
    fn slot(&self, slot: u16) -> ValueRef<'_>;
    /// How many members the schema did not name.
    fn extras_len(&self) -> usize;
    /// One such member: host slot, key, JSON text.
    fn extra(&self, index: usize) -> Option<(u16, &str, &str)>;
}

impl RowRead for Row {
    fn slot(&self, slot: u16) -> ValueRef<'_> {
        self.slots.get(usize::from(slot)).map_or(ValueRef::Absent, Value::as_ref)
    }

    fn extras_len(&self) -> usize {
        self.extras.len()
    }

    fn extra(&self, index: usize) -> Option<(u16, &str, &str)> {
        self.extras.get(index).map(|e| (e.host, e.key.as_str(), e.json.as_str()))
    }
}

impl RowRead for ArchivedRow {
    fn slot(&self, slot: u16) -> ValueRef<'_> {
        self.slots.get(usize::from(slot)).map_or(ValueRef::Absent, |v| v.as_ref())
    }

    fn extras_len(&self) -> usize {
        self.extras.len()
    }

    fn extra(&self, index: usize) -> Option<(u16, &str, &str)> {
        self.extras.get(index).map(|e| (e.host.to_native(), e.key.as_str(), e.json.as_str()))
    }
}
