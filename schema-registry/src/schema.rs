//! The part of JSON Schema 2020-12 that compiles to a layout, as a tree.
//!
//! Annotations are gone, and what JSON Schema treats as a set is one. A keyword that is not known is
//! refused, never ignored: a schema that would check less than it says is worse than none.

mod check;
mod compare;
mod parse;
mod pattern;

use std::collections::BTreeMap;

use serde_json::Value;

pub(crate) use check::{UNKNOWN_MEMBER, missing_member};
pub(crate) use compare::{describe, difference, shells};
pub(crate) use parse::{ANNOTATIONS, event_schema, field_schema};
pub(crate) use pattern::Pattern;

use crate::json::number::Num;
use crate::shape::SlotKind;

/// What a value must be.
#[derive(Clone, Debug)]
pub(crate) struct Schema {
    /// Its type, with what is said about that type.
    pub(crate) kind: Kind,
    /// Whether it may also be `null`.
    pub(crate) nullable: bool,
    /// `enum` and `const`: the values that it may have, ordered by their text. Each list must be met.
    pub(crate) values: Vec<Vec<Value>>,
}

/// A type, with what is said about it.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// Nothing is said.
    Any,
    /// `boolean`
    Boolean,
    /// `integer`
    Integer(Range),
    /// `number`
    Number(Range),
    /// `string`
    String(Text),
    /// `array`
    Array(Items),
    /// `object`
    Object(Members),
}

/// Bounds of a number.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Range {
    pub(crate) minimum: Option<Num>,
    pub(crate) maximum: Option<Num>,
    pub(crate) exclusive_minimum: Option<Num>,
    pub(crate) exclusive_maximum: Option<Num>,
}

/// What is said about a string. Lengths count characters (Unicode scalar values).
#[derive(Clone, Debug, Default)]
pub(crate) struct Text {
    pub(crate) min_length: Option<u64>,
    pub(crate) max_length: Option<u64>,
    pub(crate) pattern: Option<Pattern>,
    /// `format: date-time`, an annotation that says how to read the string.
    pub(crate) date_time: bool,
}

/// What is said about an array.
#[derive(Clone, Debug, Default)]
pub(crate) struct Items {
    pub(crate) items: Option<Box<Schema>>,
    pub(crate) min_items: Option<u64>,
    pub(crate) max_items: Option<u64>,
}

/// What is said about an object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Members {
    pub(crate) properties: BTreeMap<String, Property>,
    /// Whether it takes members that `properties` does not name.
    pub(crate) open: bool,
}

/// A member of an object.
#[derive(Clone, Debug)]
pub(crate) struct Property {
    pub(crate) schema: Schema,
    pub(crate) required: bool,
}

impl Schema {
    /// What a slot for it holds.
    pub(crate) fn slot_kind(&self) -> SlotKind {
        match &self.kind {
            Kind::Any => SlotKind::Any,
            Kind::Boolean => SlotKind::Boolean,
            Kind::Integer(_) => SlotKind::Integer,
            Kind::Number(_) => SlotKind::Number,
            Kind::String(text) => SlotKind::String { date_time: text.date_time },
            Kind::Array(_) => SlotKind::Array,
            Kind::Object(_) => SlotKind::Object,
        }
    }

    /// The members, if it is an object.
    pub(crate) fn members(&self) -> Option<&Members> {
        match &self.kind {
            Kind::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The schema of a member, or of a member of a member.
    pub(crate) fn at(&self, keys: &[String]) -> Option<&Schema> {
        keys.iter().try_fold(self, |schema, key| Some(&schema.members()?.properties.get(key)?.schema))
    }

    /// The same schema without its members, for a place that lists them otherwise.
    pub(crate) fn without_members(&self) -> Schema {
        let kind = match &self.kind {
            Kind::Object(members) => {
                Kind::Object(Members { properties: BTreeMap::new(), open: members.open })
            }
            kind => kind.clone(),
        };
        Schema { kind, nullable: self.nullable, values: self.values.clone() }
    }

    /// An open object without members, as a lens makes one to move members into.
    pub(crate) fn made_object() -> Schema {
        let kind = Kind::Object(Members { properties: BTreeMap::new(), open: true });
        Schema { kind, nullable: false, values: Vec::new() }
    }
}
