//! JSON Schema as a tree that checks values: what compiles to a layout, and as much as is known of the rest.
//!
//! Annotations are gone, references are followed, and what JSON Schema treats as a set is one. What does not
//! compile (unions told apart by trial, negation, conditions) is left out of the tree, never read wrongly:
//! the tree takes at least what the schema takes. Where something was left out is listed, and the whole value
//! is checked besides ([`Checked`](crate::checked::Checked)).
//!
//! Definitions are shared: what two places refer to is one tree in memory.

mod check;
mod compare;
mod cut;
mod equal;
mod library;
mod meet;
mod parse;
mod pattern;
mod rules;
mod types;

use std::collections::BTreeMap;
use std::sync::Arc;

use selfsame_record::Digest;
use serde_json::Value;

pub(crate) use check::{UNKNOWN_MEMBER, beyond, missing_member};
pub(crate) use compare::{describe, difference, shells};
pub(crate) use library::{Library, bundle};
pub(crate) use parse::{ANNOTATIONS, event_schema, field_schema, unused_definitions};
pub(crate) use pattern::Pattern;
pub(crate) use types::Types;

use crate::checked::Checked;
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
    /// `object`, whose members have places of their own.
    Object(Members),
    /// Any of several types, each with its own rules; or none. A value of it is kept as JSON.
    Types(Arc<Types>),
    /// One of several objects, told apart by the value of one member. Kept as JSON.
    Tagged(Arc<Tagged>),
    /// What a reference leads to that is not followed here, since it is recursive or large. Kept as JSON.
    Reference(Arc<Reference>),
}

/// Bounds of a number.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Range {
    pub(crate) minimum: Option<Num>,
    pub(crate) maximum: Option<Num>,
    pub(crate) exclusive_minimum: Option<Num>,
    pub(crate) exclusive_maximum: Option<Num>,
    pub(crate) multiple_of: Option<Num>,
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
    pub(crate) items: Option<Arc<Schema>>,
    pub(crate) min_items: Option<u64>,
    pub(crate) max_items: Option<u64>,
    /// Whether no two elements may be the same value.
    pub(crate) unique: bool,
}

/// What is said about an object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Members {
    pub(crate) properties: BTreeMap<String, Property>,
    /// Whether it takes members that `properties` does not name.
    pub(crate) open: bool,
    /// What such members must be.
    pub(crate) rest: Option<Arc<Schema>>,
    /// Members that must be there though `properties` does not name them, in order.
    pub(crate) others: Vec<String>,
    pub(crate) min_properties: Option<u64>,
    pub(crate) max_properties: Option<u64>,
}

/// A member of an object.
#[derive(Clone, Debug)]
pub(crate) struct Property {
    pub(crate) schema: Arc<Schema>,
    pub(crate) required: bool,
}

/// Objects that are told apart by a member.
#[derive(Clone, Debug)]
pub(crate) struct Tagged {
    /// The member's key.
    pub(crate) key: String,
    /// The values that it may have, and the object that it then is.
    pub(crate) branches: Vec<(Vec<Value>, Arc<Schema>)>,
}

/// A schema that values are held against as a whole.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    /// Names what it says, with all that it refers to.
    pub(crate) digest: Digest,
    pub(crate) checked: Checked,
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
            Kind::Types(_) | Kind::Tagged(_) | Kind::Reference(_) => SlotKind::Any,
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
        keys.iter().try_fold(self, |schema, key| Some(schema.members()?.properties.get(key)?.schema.as_ref()))
    }

    /// The same schema without its members, for a place that lists them otherwise.
    pub(crate) fn without_members(&self) -> Schema {
        let kind = match &self.kind {
            Kind::Object(members) => {
                let properties = BTreeMap::new();
                let (rest, others) = (members.rest.clone(), members.others.clone());
                Kind::Object(Members { properties, rest, others, ..*members })
            }
            kind => kind.clone(),
        };
        Schema { kind, nullable: self.nullable, values: self.values.clone() }
    }

    /// An open object without members, as a lens makes one to move members into.
    pub(crate) fn made_object() -> Schema {
        Schema::of(Kind::Object(Members { open: true, ..Members::default() }))
    }

    /// Anything at all.
    pub(crate) fn any() -> Schema {
        Schema { kind: Kind::Any, nullable: true, values: Vec::new() }
    }

    /// Nothing at all.
    pub(crate) fn nothing() -> Schema {
        Schema::of(Kind::Types(Arc::new(Types::default())))
    }

    /// A type that is not null, with any value of it.
    pub(crate) fn of(kind: Kind) -> Schema {
        Schema { kind, nullable: false, values: Vec::new() }
    }

    /// Whether everything fits.
    pub(crate) fn is_any(&self) -> bool {
        matches!(self.kind, Kind::Any) && self.values.is_empty()
    }
}
