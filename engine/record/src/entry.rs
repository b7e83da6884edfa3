//! A record as an entry of the Merkle tree: bytes that say all of it, and that follow from what it says and
//! not from how it is kept.
//!
//! Integers are big endian; `text` is a u32 length and that many bytes.
//!
//! ```text
//! entry   u8 FORMAT · u64 position · i64 time in µs · text principal · u8 kind · text body
//! kind    0 event · 1 control record; plus 2 if the body is too long and its SHA-256 stands for it
//!
//! body of a control record    its JSON text
//! body of an event            text type · text key · text source · text id · u32 version
//!                             optional i64 time of the producer, in µs
//!                             16 bytes fingerprint
//!                             optional (u64 stream · u64 sequence) place in the in-tray
//!                             u32 count · (text name · text value) attributes
//!                             u32 count · slot …
//!                             u32 count · (u16 host slot · text key · text json) members beside the schema
//! optional                    u8 0, or u8 1 and the value
//! slot                        u8 0 absent · 1 null · 2 object · 3 bool, u8 · 4 integer, i64
//!                             · 5 number, text · 6 string, text · 7 json, text
//! ```
//!
//! An entry fits into a bundle of C2SP tlog-tiles, which gives an entry 65,535 bytes: a body over
//! [`BODY_BYTES_MAX`] is replaced by its hash, and is then given beside the bundle, by the export.
//!
//! Not here: the form of blocks (`block.rs`), which may change without any entry changing.

use sha2::{Digest as _, Sha256};

use crate::merkle::Hash;
use crate::record::{ArchivedBody, ArchivedEvent, ArchivedRecord, Body, Event, Record};
use crate::row::RowRead;
use crate::value::ValueRef;

/// The number of the form that entries are written in.
pub const ENTRY_FORMAT: u8 = 1;
/// The longest body that stands in its entry.
pub const BODY_BYTES_MAX: usize = 60_000;
/// The longest entry that a bundle can carry.
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// What begins a leaf's bytes, so that entry and leaf need no copy of each other.
const LEAF: u8 = 0;
const EVENT: u8 = 0;
const CONTROL: u8 = 1;
const HASHED: u8 = 2;

/// Writes entries, one after the other, in memory that it keeps.
#[derive(Debug, Default)]
pub struct EntryWriter {
    /// `0x00`, then the entry.
    leaf: Vec<u8>,
    /// Where the body begins.
    body: usize,
    hashed: Option<Vec<u8>>,
}

impl EntryWriter {
    /// A writer.
    pub fn new() -> EntryWriter {
        EntryWriter::default()
    }

    /// Writes the entry of a record that is read where it lies.
    pub fn write(&mut self, record: &ArchivedRecord) {
        let (position, time) = (record.position.to_native(), record.time_us.to_native());
        match &record.body {
            ArchivedBody::Event(event) => {
                self.begin(position, time, &record.principal, EVENT);
                self.archived_event(event);
            }
            ArchivedBody::Control(json) => {
                self.begin(position, time, &record.principal, CONTROL);
                self.bytes(json.as_bytes());
            }
        }
        self.end();
    }

    /// Writes the entry of a record.
    pub fn write_owned(&mut self, record: &Record) {
        match &record.body {
            Body::Event(event) => {
                self.begin(record.position, record.time_us, &record.principal, EVENT);
                self.event(event);
            }
            Body::Control(json) => {
                self.begin(record.position, record.time_us, &record.principal, CONTROL);
                self.bytes(json.as_bytes());
            }
        }
        self.end();
    }

    /// The entry.
    pub fn entry(&self) -> &[u8] {
        self.leaf.get(1..).unwrap_or_default()
    }

    /// The body of the entry, if only its hash stands there.
    pub fn hashed_body(&self) -> Option<&[u8]> {
        self.hashed.as_deref()
    }

    /// The hash of the entry as a leaf of the tree.
    pub fn leaf(&self) -> Hash {
        Hash::of(&self.leaf)
    }

    fn begin(&mut self, position: u64, time_us: i64, principal: &str, kind: u8) {
        self.leaf.clear();
        self.hashed = None;
        self.bytes(&[LEAF, ENTRY_FORMAT]);
        self.bytes(&position.to_be_bytes());
        self.bytes(&time_us.to_be_bytes());
        self.text(principal);
        // The body's length is known at its end.
        self.bytes(&[kind, 0, 0, 0, 0]);
        self.body = self.leaf.len();
    }

    fn end(&mut self) {
        let len = self.leaf.len() - self.body;
        if len > BODY_BYTES_MAX {
            return self.end_hashed();
        }
        self.fill(4, &length(len));
    }

    /// Puts the body's hash in its place.
    fn end_hashed(&mut self) {
        let body = self.leaf.split_off(self.body);
        let kind = self.leaf.get(self.body - 5).copied().unwrap_or_default();
        self.fill(5, &[kind + HASHED]);
        self.fill(4, &length(32));
        let hash: [u8; 32] = Sha256::digest(&body).into();
        self.bytes(&hash);
        self.hashed = Some(body);
    }

    /// Overwrites bytes that begin so many before the body.
    fn fill(&mut self, before: usize, bytes: &[u8]) {
        let at = self.body - before;
        if let Some(place) = self.leaf.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }

    fn archived_event(&mut self, event: &ArchivedEvent) {
        let texts = [&event.event_type, &event.key, &event.source, &event.id];
        texts.into_iter().for_each(|text| self.text(text));
        self.bytes(&event.version.to_native().to_be_bytes());
        self.optional(event.occurred_us.as_ref().map(|us| us.to_native().to_be_bytes()));
        self.bytes(&event.fingerprint);
        let tray = event.tray.as_ref().map(|tray| (tray.stream.to_native(), tray.seq.to_native()));
        self.optional(tray.map(place));
        self.count(event.attributes.len());
        for attribute in event.attributes.iter() {
            self.text(&attribute.name);
            self.text(&attribute.value);
        }
        self.count(event.row.slots.len());
        event.row.slots.iter().for_each(|value| self.slot(value.as_ref()));
        self.extras(&event.row);
    }

    fn event(&mut self, event: &Event) {
        let texts = [&event.event_type, &event.key, &event.source, &event.id];
        texts.into_iter().for_each(|text| self.text(text));
        self.bytes(&event.version.to_be_bytes());
        self.optional(event.occurred_us.map(i64::to_be_bytes));
        self.bytes(&event.fingerprint);
        self.optional(event.tray.map(|tray| place((tray.stream, tray.seq))));
        self.count(event.attributes.len());
        for attribute in &event.attributes {
            self.text(&attribute.name);
            self.text(&attribute.value);
        }
        self.count(event.row.slots.len());
        event.row.slots.iter().for_each(|value| self.slot(value.as_ref()));
        self.extras(&event.row);
    }

    fn slot(&mut self, value: ValueRef<'_>) {
        match value {
            ValueRef::Absent => self.bytes(&[0]),
            ValueRef::Null => self.bytes(&[1]),
            ValueRef::Object => self.bytes(&[2]),
            ValueRef::Bool(b) => self.bytes(&[3, u8::from(b)]),
            ValueRef::Int(n) => {
                self.bytes(&[4]);
                self.bytes(&n.to_be_bytes());
            }
            ValueRef::Number(text) => self.tagged(5, text),
            ValueRef::Text(text) => self.tagged(6, text),
            ValueRef::Json(text) => self.tagged(7, text),
        }
    }

    fn extras(&mut self, row: &impl RowRead) {
        self.count(row.extras_len());
        for (host, key, json) in (0..row.extras_len()).filter_map(|index| row.extra(index)) {
            self.bytes(&host.to_be_bytes());
            self.text(key);
            self.text(json);
        }
    }

    fn optional<const N: usize>(&mut self, value: Option<[u8; N]>) {
        match value {
            Some(bytes) => {
                self.bytes(&[1]);
                self.bytes(&bytes);
            }
            None => self.bytes(&[0]),
        }
    }

    fn tagged(&mut self, tag: u8, text: &str) {
        self.bytes(&[tag]);
        self.text(text);
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.bytes(text.as_bytes());
    }

    fn count(&mut self, count: usize) {
        self.bytes(&length(count));
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.leaf.extend_from_slice(bytes);
    }
}

/// A length in four bytes; blocks are under 2 GiB, so that it always fits.
fn length(len: usize) -> [u8; 4] {
    u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes()
}

fn place((stream, seq): (u64, u64)) -> [u8; 16] {
    ((u128::from(stream) << 64) | u128::from(seq)).to_be_bytes()
}
