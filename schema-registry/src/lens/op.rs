//! The operations of a lens: what each says, and short texts for people.
//!
//! An operation leads from the parent's shape (A) to the version's own (B); its way back is derived. Its
//! pointers count from its scope: the payload, or within `in` and `map` the object or the element that these
//! lead to. How documents write operations is [`parse`]'s to know, what they do to an event is
//! [`run`](super::run)'s.

mod parse;
mod table;
#[cfg(test)]
mod tests;
mod touch;

use selfsame_record::EventType;
use serde_json::Value;

use crate::json::pointer::Pointer;

pub(crate) use parse::parse_ops;
pub(crate) use table::Table;

/// One operation, from the parent's shape to the version's own.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Op {
    /// Inserts a field.
    Add {
        at: Pointer,
        /// JSON Schema; as the version's own schema says it, if it is left out.
        schema: Option<Value>,
        /// The value for documents that lack it.
        default: Option<Value>,
    },
    /// Deletes a field.
    Remove {
        at: Pointer,
        /// JSON Schema; as the parent's schema says it, if it is left out.
        schema: Option<Value>,
        /// The value for the way back.
        default: Option<Value>,
    },
    /// Gives a field another key in the same object.
    Rename { from: Pointer, to: Pointer },
    /// Takes a field into another object, which is made if it is not there.
    Move { from: Pointer, to: Pointer },
    /// Puts other values in the place of listed ones.
    Convert { at: Pointer, up: Table, down: Table, otherwise: Otherwise },
    /// Says a value in another type.
    Cast { at: Pointer, from: Scalar, to: Scalar },
    /// Multiplies a number by `num / den`.
    Scale { at: Pointer, num: i64, den: i64, round: Round },
    /// Lets B say null, which A reads as `null_as`.
    Nullable { at: Pointer, null_as: Value },
    /// Makes B always have a value, and one that is not null.
    Require { at: Pointer, default: Value },
    /// Lets B have no value, or null.
    Relax { at: Pointer, default: Option<Value> },
    /// Makes a value the only element of an array.
    Wrap { at: Pointer },
    /// Takes one element out of an array.
    Unwrap {
        at: Pointer,
        pick: Pick,
        /// The value in the place of an empty array; absent without one.
        otherwise: Option<Value>,
    },
    /// Operations within an object.
    In { at: Pointer, lens: Vec<Op> },
    /// Operations within each element of an array, or each value of an object.
    Map { at: Pointer, lens: Vec<Op> },
    /// Operations for those documents where a field has this value.
    When { at: Pointer, equals: Value, lens: Vec<Op> },
    /// Gives the event type another name; changes no data.
    Retype { from: EventType, to: EventType },
    /// Cuts a string into several.
    Split {
        from: Pointer,
        to: Vec<Pointer>,
        by: String,
        /// The parts at most; as many as `to` has, if it is left out.
        limit: Option<usize>,
    },
    /// Puts several strings together.
    Join { from: Vec<Pointer>, to: Pointer, by: String },
    /// Computes a field from the others. Read-only: the way back drops it.
    Derive { at: Pointer, cel: String },
}

/// What becomes of a value that a table does not list, either way.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Otherwise {
    /// The event cannot be said in the other version.
    Fail,
    /// It stays.
    Keep,
    /// This value stands in its place.
    Value(Value),
}

/// A type that a value can be cast from and to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scalar {
    /// A string.
    String,
    /// A number without a fraction.
    Integer,
    /// Any number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A string with a date and a time of day as RFC 3339 writes them.
    DateTime,
}

/// How a result that is not exact is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Round {
    /// To the nearest, and from the middle to the even one.
    HalfEven,
    /// Towards zero.
    Down,
    /// Away from zero.
    Up,
    /// Not at all.
    Fail,
}

/// Which element of an array is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pick {
    /// The first one.
    First,
    /// The last one.
    Last,
}

impl Scalar {
    /// All of them, by name.
    pub(crate) const ALL: [(&str, Scalar); 5] = [
        ("string", Scalar::String),
        ("integer", Scalar::Integer),
        ("number", Scalar::Number),
        ("boolean", Scalar::Boolean),
        ("date-time", Scalar::DateTime),
    ];

    /// As documents write it.
    pub(crate) fn name(self) -> &'static str {
        Scalar::ALL.iter().find(|(_, scalar)| *scalar == self).map_or("", |(name, _)| name)
    }

    /// Whether values of this type can be said in the other one.
    pub(crate) fn casts_to(self, to: Scalar) -> bool {
        use Scalar::{Boolean, DateTime, Integer, Number, String};
        matches!(
            (self, to),
            (String, Integer | Number | Boolean | DateTime)
                | (Integer | Number | Boolean | DateTime, String)
                | (Integer, Number | DateTime)
                | (Number | DateTime, Integer)
        )
    }
}

impl Op {
    /// Whether the operation can be run over slots, without a tree.
    pub(crate) fn leads_through_slots(&self) -> bool {
        matches!(self, Op::Add { .. } | Op::Remove { .. } | Op::Rename { .. } | Op::Move { .. })
    }

    /// A short text: `rename /mail to /email`.
    pub(crate) fn forward(&self) -> String {
        match self {
            Op::Add { at, .. } => format!("add {at}"),
            Op::Remove { at, .. } => format!("remove {at}"),
            Op::Rename { from, to } => format!("rename {from} to {to}"),
            Op::Move { from, to } => format!("move {from} to {to}"),
            Op::Convert { at, .. } => format!("convert {}", shown(at)),
            Op::Cast { at, from, to } => cast(at, *from, *to),
            Op::Scale { at, num, den, .. } => scale(at, *num, *den),
            Op::Nullable { at, .. } => format!("nullable {}", shown(at)),
            Op::Require { at, .. } => format!("require {at}"),
            Op::Relax { at, .. } => format!("relax {at}"),
            Op::Wrap { at } => format!("wrap {}", shown(at)),
            Op::Unwrap { at, .. } => format!("unwrap {}", shown(at)),
            Op::In { at, lens } => format!("in {at} ({})", list(lens.iter().map(Op::forward))),
            Op::Map { at, lens } => format!("map {at} ({})", list(lens.iter().map(Op::forward))),
            Op::When { at, equals, lens } => {
                format!("when {at} is {equals} ({})", list(lens.iter().map(Op::forward)))
            }
            Op::Retype { from, to } => format!("retype {from} to {to}"),
            Op::Split { from, to, .. } => format!("split {from} into {}", list(to)),
            Op::Join { from, to, .. } => format!("join {} into {to}", list(from)),
            Op::Derive { at, .. } => format!("derive {at}"),
        }
    }

    /// The same for the way back.
    pub(crate) fn backward(&self) -> String {
        match self {
            Op::Add { at, .. } | Op::Derive { at, .. } => format!("remove {at}"),
            Op::Remove { at, .. } => format!("add {at}"),
            Op::Rename { from, to } => format!("rename {to} to {from}"),
            Op::Move { from, to } => format!("move {to} to {from}"),
            Op::Convert { at, .. } => format!("convert {}", shown(at)),
            Op::Cast { at, from, to } => cast(at, *to, *from),
            Op::Scale { at, num, den, .. } => scale(at, *den, *num),
            Op::Nullable { at, .. } | Op::Relax { at, .. } => format!("require {}", shown(at)),
            Op::Require { at, .. } => format!("relax {at}"),
            Op::Wrap { at } => format!("unwrap {}", shown(at)),
            Op::Unwrap { at, .. } => format!("wrap {}", shown(at)),
            Op::In { at, lens } => format!("in {at} ({})", list(lens.iter().rev().map(Op::backward))),
            Op::Map { at, lens } => format!("map {at} ({})", list(lens.iter().rev().map(Op::backward))),
            Op::When { at, equals, lens } => {
                format!("when {at} is {equals} ({})", list(lens.iter().rev().map(Op::backward)))
            }
            Op::Retype { from, to } => format!("retype {to} to {from}"),
            Op::Split { from, to, .. } => format!("join {} into {from}", list(to)),
            Op::Join { from, to, .. } => format!("split {to} into {}", list(from)),
        }
    }
}

fn shown(at: &Pointer) -> String {
    if at.tokens().is_empty() { "the element".to_owned() } else { at.to_string() }
}

fn cast(at: &Pointer, from: Scalar, to: Scalar) -> String {
    format!("cast {} from {} to {}", shown(at), from.name(), to.name())
}

fn scale(at: &Pointer, num: i64, den: i64) -> String {
    if den == 1 {
        format!("scale {} by {num}", shown(at))
    } else {
        format!("scale {} by {num}/{den}", shown(at))
    }
}

fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}
