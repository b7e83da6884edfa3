//! When two JSON values are the same: `1` and `1.0` are, `1` and `"1"` are not.

use std::collections::BTreeMap;

use selfsame_record::{Value as Slot, ValueRef};
use serde_json::Value;

use crate::json::number::{Num, canonical};
use crate::json::text;

/// Whether a value of a schema and one of an event are the same.
pub(crate) fn equals(expected: &Value, value: ValueRef<'_>) -> bool {
    match (expected, value) {
        (Value::Null, ValueRef::Null) => true,
        (Value::Bool(a), ValueRef::Bool(b)) => *a == b,
        (Value::String(a), ValueRef::Text(b)) => a == b,
        (Value::Number(a), ValueRef::Int(b)) => number(a).compare(Num::Int(b)).is_eq(),
        (Value::Number(a), ValueRef::Number(b)) => number(a).compare(Num::of(b)).is_eq(),
        (Value::Array(list), ValueRef::Json(json)) if json.starts_with('[') => {
            text::elements(json).count() == list.len()
                && list.iter().zip(text::elements(json)).all(|(a, b)| equals(a, text::leaf(b).value()))
        }
        (Value::Object(map), ValueRef::Json(json)) if json.starts_with('{') => {
            let known = |key: &str| text::unquote(key).and_then(|key| map.get(key.as_ref()));
            text::members(json).count() == map.len()
                && text::members(json)
                    .all(|(key, b)| known(key).is_some_and(|a| equals(a, text::leaf(b).value())))
        }
        _ => false,
    }
}

fn number(number: &serde_json::Number) -> Num {
    number.as_i64().map_or_else(|| Num::of(&number.to_string()), Num::Int)
}

/// Whether the two trees are the same JSON value.
pub(crate) fn same_value(a: &Value, b: &Value) -> bool {
    let json = b.to_string();
    match text::leaf(&json) {
        text::Leaf::Owned(Slot::Text(s)) => equals(a, ValueRef::Text(&s)),
        leaf => equals(a, leaf.value()),
    }
}

/// Text that is the same for the same JSON values. How deep they are is bounded where they were read.
pub(super) fn identity(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    write_identity(json, &mut out);
    out
}

fn write_identity(json: &str, out: &mut String) {
    match json.as_bytes().first() {
        Some(b'[') => {
            out.push('[');
            for element in text::elements(json) {
                write_identity(element, out);
                out.push(',');
            }
            out.push(']');
        }
        Some(b'{') => {
            let members: BTreeMap<_, _> = text::members(json)
                .map(|(key, value)| (text::unquote(key).unwrap_or_default(), value))
                .collect();
            out.push('{');
            for (key, value) in members {
                text::write_string(out, &key);
                write_identity(value, out);
                out.push(',');
            }
            out.push('}');
        }
        Some(b'-' | b'0'..=b'9') => out.push_str(&canonical(json)),
        _ => out.push_str(json),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(a: &str, b: &str, same: bool) {
        assert_eq!(identity(a) == identity(b), same, "{a} and {b}");
        let tree: Value = serde_json::from_str(a).expect("JSON");
        assert_eq!(same_value(&tree, &serde_json::from_str(b).expect("JSON")), same, "{a} and {b}");
    }

    #[test]
    fn values_are_the_same_whatever_their_lexemes_and_the_order_of_keys() {
        check("1", "1.0", true);
        check("-0", "0", true);
        check("1e2", "100", true);
        check("[1,2]", "[1.0,2]", true);
        check("[1,2]", "[2,1]", false);
        check(r#"{"a":1,"b":[]}"#, r#"{"b":[],"a":1e0}"#, true);
        check(r#"{"a":1}"#, r#"{"a":1,"b":1}"#, false);
        check("1", r#""1""#, false);
        check("null", "false", false);
        check("9007199254740993", "9007199254740992", false);
        check("[]", "{}", false);
    }
}
