//! The compiled schema of one event type in one version: which slots a row has, and what may stand there.
//!
//! Slots are numbered in preorder of the schema's properties in the order of their keys, the root being
//! slot 0, so that the numbers depend on the schema's content and on nothing else. Arrays and values of
//! any type are one slot each, kept as JSON text.
//!
//! Reading ([`EventShape::read`]) and writing ([`EventShape::write_json`]) are inverse, value for value:
//! absent and null differ, numbers keep their lexeme, members that the schema does not name are kept.

mod read;
mod write;

use std::collections::BTreeMap;

use selfsame_record::{Key, NameError, Row, RowRead, ValueRef};
use thiserror::Error;

pub(crate) use write::{View, write_slot};

use crate::json::pointer;
use crate::schema::Schema;

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

/// The compiled schema of one event type in one version.
#[derive(Debug)]
pub struct EventShape {
    slots: Vec<Slot>,
    nodes: Vec<Node>,
    by_pointer: BTreeMap<String, u16>,
    key: Option<u16>,
}

/// What reading needs to know of a slot.
#[derive(Debug)]
struct Node {
    /// What may stand there, the members left out.
    schema: Schema,
    /// The slots of the members, ordered by key.
    members: Vec<(Box<str>, u16)>,
    /// How many objects lie around it.
    depth: usize,
}

impl EventShape {
    /// Lays out a schema that is within the limits.
    pub(crate) fn compile(schema: &Schema) -> EventShape {
        let mut shape =
            EventShape { slots: Vec::new(), nodes: Vec::new(), by_pointer: BTreeMap::new(), key: None };
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

    /// The same shape with its key in this slot.
    pub(crate) fn with_key(mut self, key: Option<u16>) -> EventShape {
        self.key = key;
        self
    }

    fn lay(&mut self, slot: Slot, schema: &Schema, depth: usize) -> u16 {
        let index = u16::try_from(self.slots.len()).unwrap_or(u16::MAX);
        let host = slot.pointer.clone();
        self.by_pointer.insert(slot.pointer.clone(), index);
        self.slots.push(slot);
        self.nodes.push(Node { schema: schema.without_members(), members: Vec::new(), depth });
        let properties = schema.members().into_iter().flat_map(|m| &m.properties);
        let mut members = Vec::new();
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
            members.push((key.as_str().into(), self.lay(slot, &property.schema, depth + 1)));
        }
        if let Some(node) = self.nodes.get_mut(usize::from(index)) {
            node.members = members;
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
        self.by_pointer.get(pointer).copied()
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
        let members = self.members(host);
        let index = members.binary_search_by(|(known, _)| known.as_ref().cmp(key)).ok()?;
        members.get(index).map(|(_, slot)| *slot)
    }

    /// What may stand in a slot, the members left out.
    pub(crate) fn schema(&self, slot: u16) -> Option<&Schema> {
        self.nodes.get(usize::from(slot)).map(|node| &node.schema)
    }

    /// The slot and what lies around it, outwards.
    pub(crate) fn outwards(&self, slot: u16) -> impl Iterator<Item = u16> {
        std::iter::successors(Some(slot), |slot| self.at(*slot)?.parent)
    }
}
