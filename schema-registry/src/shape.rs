//! The compiled schema of one event type in one version: which slots a row has, and what may stand there.
//!
//! Slots are numbered in preorder of the schema's properties in the order of their keys, the root being
//! slot 0, so that the numbers depend on the schema's content and on nothing else. Arrays and values of
//! any type are one slot each, kept as JSON text.
//!
//! Reading ([`EventShape::read`]) and writing ([`EventShape::write_json`]) are inverse, value for value:
//! absent and null differ, numbers keep their lexeme, members that the schema does not name are kept.

mod lookup;
mod read;
mod write;

use std::sync::Arc;

use selfsame_record::{Key, NameError, Row, RowRead, ValueRef};
use thiserror::Error;

pub(crate) use write::{View, write_slot};

use crate::checked::Checked;
use crate::json::pointer::{self, Pointer};
use crate::schema::{Kind, Members, Schema};
use lookup::Lookup;

/// What one slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotKind {
    /// An object whose members have slots of their own.
    Object,
    /// `true` or `false`.
    Boolean,
    /// A number without a fraction.
    Integer,
    /// A number.
    Number,
    /// A string.
    String {
        /// Whether the schema calls it a `date-time`. Not checked: it is an annotation.
        date_time: bool,
    },
    /// An array, kept whole as JSON text.
    Array,
    /// Anything; objects and arrays are kept whole as JSON text.
    Any,
}

/// One place of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// JSON Pointer to it; empty for the root.
    pub pointer: String,
    /// Its key within its object; empty for the root.
    pub key: String,
    /// The slot of the object that it is a member of; none for the root.
    pub parent: Option<u16>,
    /// What it holds.
    pub kind: SlotKind,
    /// Whether it may be `null`.
    pub nullable: bool,
    /// Whether it must be there when its object is.
    pub required: bool,
    /// Whether it is an object that takes members which the schema does not name.
    pub open: bool,
}

/// Why bytes are not an event of a shape.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{pointer}{}{message}", if .pointer.is_empty() { "" } else { ": " })]
pub struct Invalid {
    /// JSON Pointer into the payload; empty for the payload as a whole.
    pub pointer: String,
    /// What is wrong there.
    pub message: String,
}

/// A part of an event's schema that has no layout: events are checked as a whole because of it, which is
/// slower.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unchecked {
    /// JSON Pointer into the event's schema; below `/$defs` it may be a definition of the document.
    pub pointer: String,
    /// The keyword that stands there: `oneOf`, `not`.
    pub keyword: String,
}

/// What of a schema has no layout, and what checks it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Whole {
    pub(crate) checked: Option<Arc<Checked>>,
    pub(crate) unchecked: Arc<[Unchecked]>,
}

/// The compiled schema of one event type in one version.
#[derive(Debug)]
pub struct EventShape {
    slots: Vec<Slot>,
    nodes: Vec<Node>,
    key: Option<u16>,
    whole: Whole,
}

/// What reading needs to know of a slot.
#[derive(Debug)]
struct Node {
    /// What may stand there.
    schema: Arc<Schema>,
    /// The slots of the members, ordered by key.
    members: Vec<(Box<str>, u16)>,
    /// Finds a member by its key.
    lookup: Lookup,
    /// How many of the members must be there.
    required: usize,
    /// How many objects lie around it.
    depth: usize,
}

impl EventShape {
    /// Lays out a schema that is within the limits.
    pub(crate) fn compile(schema: &Schema) -> EventShape {
        EventShape::laid(&Arc::new(schema.clone()))
    }

    /// Lays out a schema that is within the limits, and keeps it.
    pub(crate) fn laid(schema: &Arc<Schema>) -> EventShape {
        let whole = Whole::default();
        let mut shape = EventShape { slots: Vec::new(), nodes: Vec::new(), key: None, whole };
        let root = Slot {
            pointer: String::new(),
            key: String::new(),
            parent: None,
            kind: schema.slot_kind(),
            nullable: schema.nullable,
            required: true,
            open: schema.members().is_some_and(|m| m.open),
        };
        shape.lay(root, schema, 0);
        shape
    }

    /// The same shape with what checks the rest.
    pub(crate) fn with_whole(mut self, whole: Whole) -> EventShape {
        self.whole = whole;
        self
    }

    /// What of the schema has no layout: because of it events are checked as a whole, too, which is slower.
    pub fn unchecked_places(&self) -> &[Unchecked] {
        &self.whole.unchecked
    }

    /// The same shape with its key in this slot.
    pub(crate) fn with_key(mut self, key: Option<u16>) -> EventShape {
        self.key = key;
        self
    }

    fn lay(&mut self, slot: Slot, schema: &Arc<Schema>, depth: usize) -> u16 {
        let index = u16::try_from(self.slots.len()).unwrap_or(u16::MAX);
        let host = slot.pointer.clone();
        self.slots.push(slot);
        let (members, lookup) = (Vec::new(), Lookup::default());
        self.nodes.push(Node { schema: schema.clone(), members, lookup, required: 0, depth });
        let properties = schema.members().into_iter().flat_map(|m| &m.properties);
        let (mut members, mut required) = (Vec::new(), 0);
        for (key, property) in properties {
            let slot = Slot {
                pointer: pointer::child(&host, key),
                key: key.clone(),
                parent: Some(index),
                kind: property.schema.slot_kind(),
                nullable: property.schema.nullable,
                required: property.required,
                open: property.schema.members().is_some_and(|m| m.open),
            };
            required += usize::from(property.required);
            members.push((key.as_str().into(), self.lay(slot, &property.schema, depth + 1)));
        }
        if let Some(node) = self.nodes.get_mut(usize::from(index)) {
            node.lookup = Lookup::of(&members);
            node.members = members;
            node.required = required;
        }
        index
    }

    /// Where the schema says that an event's key stands.
    pub fn key_pointer(&self) -> Option<&str> {
        self.at(self.key?).map(|slot| slot.pointer.as_str())
    }

    /// The key in the payload; none if no key is declared or the payload lacks it. An integer is a key by
    /// its lexeme.
    pub fn key_of(&self, row: &Row) -> Option<Result<Key, NameError>> {
        match row.slot(self.key?) {
            ValueRef::Text(text) | ValueRef::Number(text) => Some(Key::parse(text)),
            ValueRef::Int(n) => Some(Key::parse(&n.to_string())),
            _ => None,
        }
    }

    /// The slot at a JSON Pointer.
    pub fn slot(&self, pointer: &str) -> Option<u16> {
        let pointer = Pointer::parse(pointer).ok()?;
        pointer.tokens().iter().try_fold(0, |host, key| self.member(host, key))
    }

    /// All slots, in preorder of the properties in the order of their keys.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// One slot.
    pub(crate) fn at(&self, slot: u16) -> Option<&Slot> {
        self.slots.get(usize::from(slot))
    }

    /// How many slots there are.
    pub(crate) fn len(&self) -> u16 {
        u16::try_from(self.slots.len()).unwrap_or(u16::MAX)
    }

    /// The members of an object, ordered by key.
    pub(crate) fn members(&self, slot: u16) -> &[(Box<str>, u16)] {
        self.nodes.get(usize::from(slot)).map_or(&[], |node| &node.members)
    }

    /// The member of an object with this key.
    pub(crate) fn member(&self, host: u16, key: &str) -> Option<u16> {
        self.nodes.get(usize::from(host)).and_then(|node| node.member(key))
    }

    /// What may stand in a slot.
    pub(crate) fn schema(&self, slot: u16) -> Option<&Schema> {
        self.nodes.get(usize::from(slot)).map(|node| node.schema.as_ref())
    }

    /// The slot and what lies around it, outwards.
    pub(crate) fn outwards(&self, slot: u16) -> impl Iterator<Item = u16> {
        std::iter::successors(Some(slot), |slot| self.at(*slot)?.parent)
    }
}

impl Node {
    fn member(&self, key: &str) -> Option<u16> {
        let (known, slot) = self.members.get(self.lookup.find(&self.members, key)?)?;
        (known.as_ref() == key).then_some(*slot)
    }

    fn object(&self) -> Option<&Members> {
        match &self.schema.kind {
            Kind::Object(members) => Some(members),
            _ => None,
        }
    }
}
