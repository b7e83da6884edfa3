//! One value of an event as its producer wrote it.
//!
//! Absent and null differ, a number keeps its lexeme, and what has no slots of its own (arrays, unknown
//! keys) stays JSON text, white space taken out.

use rkyv::{Archive, Deserialize, Serialize};

/// What stands in one slot of a [`Row`](crate::Row).
#[derive(
    Archive, Serialize, Deserialize, serde::Serialize, serde::Deserialize, Clone, Debug, PartialEq, Eq, Hash,
)]
#[serde(rename_all = "lowercase")]
pub enum Value {
    /// The key is not there.
    Absent,
    /// `null`.
    Null,
    /// An object is there; its members have slots (or are extras) of their own.
    Object,
    /// `true` or `false`.
    Bool(bool),
    /// A number whose lexeme is the canonical one of a 64-bit integer: `0`, `-7`, `42`.
    Int(i64),
    /// Any other number, as its lexeme: `1.0`, `1e3`, `-0`, `12345678901234567890`.
    Number(String),
    /// A string, escapes resolved.
    Text(String),
    /// JSON text without insignificant white space: an array, or a value that the schema does not lay out.
    Json(String),
}

/// A [`Value`] that is read where it lies, in memory or in an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueRef<'a> {
    /// The key is not there.
    Absent,
    /// `null`.
    Null,
    /// An object whose members lie elsewhere.
    Object,
    /// `true` or `false`.
    Bool(bool),
    /// A canonical 64-bit integer.
    Int(i64),
    /// The lexeme of any other number.
    Number(&'a str),
    /// A string.
    Text(&'a str),
    /// JSON text.
    Json(&'a str),
}

impl Value {
    /// The number with this lexeme, which must be one of JSON (RFC 8259, section 6).
    pub fn number(lexeme: &str) -> Value {
        match lexeme.parse::<i64>() {
            Ok(n) if is_canonical_integer(lexeme) => Value::Int(n),
            _ => Value::Number(lexeme.to_owned()),
        }
    }

    /// The same value, borrowed.
    pub fn as_ref(&self) -> ValueRef<'_> {
        match self {
            Value::Absent => ValueRef::Absent,
            Value::Null => ValueRef::Null,
            Value::Object => ValueRef::Object,
            Value::Bool(b) => ValueRef::Bool(*b),
            Value::Int(n) => ValueRef::Int(*n),
            Value::Number(s) => ValueRef::Number(s),
            Value::Text(s) => ValueRef::Text(s),
            Value::Json(s) => ValueRef::Json(s),
        }
    }
}

/// Whether printing the integer gives these very characters again.
fn is_canonical_integer(lexeme: &str) -> bool {
    let digits = lexeme.strip_prefix('-').unwrap_or(lexeme);
    let all_digits = digits.bytes().all(|b| b.is_ascii_digit());
    all_digits && !digits.is_empty() && (lexeme == "0" || !digits.starts_with('0'))
}

impl ArchivedValue {
    /// The same value, borrowed from the archive.
    pub fn as_ref(&self) -> ValueRef<'_> {
        match self {
            ArchivedValue::Absent => ValueRef::Absent,
            ArchivedValue::Null => ValueRef::Null,
            ArchivedValue::Object => ValueRef::Object,
            ArchivedValue::Bool(b) => ValueRef::Bool(*b),
            ArchivedValue::Int(n) => ValueRef::Int(n.to_native()),
            ArchivedValue::Number(s) => ValueRef::Number(s.as_str()),
            ArchivedValue::Text(s) => ValueRef::Text(s.as_str()),
            ArchivedValue::Json(s) => ValueRef::Json(s.as_str()),
        }
    }
}

impl ValueRef<'_> {
    /// The same value, owned.
    pub fn to_value(self) -> Value {
        match self {
            ValueRef::Absent => Value::Absent,
            ValueRef::Null => Value::Null,
            ValueRef::Object => Value::Object,
            ValueRef::Bool(b) => Value::Bool(b),
            ValueRef::Int(n) => Value::Int(n),
            ValueRef::Number(s) => Value::Number(s.to_owned()),
            ValueRef::Text(s) => Value::Text(s.to_owned()),
            ValueRef::Json(s) => Value::Json(s.to_owned()),
        }
    }

    /// Whether the key is not there at all.
    pub fn is_absent(self) -> bool {
        self == ValueRef::Absent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_integers_become_integers() {
        for (lexeme, expect) in [("0", 0), ("-7", -7), ("9223372036854775807", i64::MAX)] {
            assert_eq!(Value::number(lexeme), Value::Int(expect));
        }
        for lexeme in ["-0", "1.0", "1e3", "9223372036854775808", "-1.5E-3"] {
            assert_eq!(Value::number(lexeme), Value::Number(lexeme.to_owned()));
        }
    }
}
