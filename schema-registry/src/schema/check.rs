//! Whether a value is what a schema says. Messages say what it must be and what it is.

use std::cmp::Ordering;

use selfsame_record::{Value as Slot, ValueRef};
use serde_json::Value;

use super::{Items, Kind, Members, Range, Schema, Text};
use crate::json::number::{Num, is_integral};
use crate::json::{pointer, text};

/// A place below the value, and what is wrong there.
pub(crate) type Wrong = (String, String);

impl Schema {
    /// Checks a value that a slot holds; for an object, only that it is one.
    pub(crate) fn check_slot(&self, value: ValueRef<'_>) -> Result<(), String> {
        self.check_type(value)?;
        for values in &self.values {
            if !values.iter().any(|v| equals(v, value)) {
                return Err(format!("{} is not one of {}", shown(value), Value::from(values.clone())));
            }
        }
        Ok(())
    }

    fn check_type(&self, value: ValueRef<'_>) -> Result<(), String> {
        match (&self.kind, value) {
            (Kind::Any, _) | (Kind::Boolean, ValueRef::Bool(_)) | (Kind::Object(_), ValueRef::Object) => {
                Ok(())
            }
            (_, ValueRef::Null) if self.nullable => Ok(()),
            (Kind::Integer(range), ValueRef::Int(n)) => range.check(Num::Int(n), value),
            (Kind::Integer(range), ValueRef::Number(n)) if is_integral(n) => range.check(Num::of(n), value),
            (Kind::Number(range), ValueRef::Int(n)) => range.check(Num::Int(n), value),
            (Kind::Number(range), ValueRef::Number(n)) => range.check(Num::of(n), value),
            (Kind::String(rules), ValueRef::Text(s)) => rules.check(s),
            (Kind::Array(_), ValueRef::Json(json)) if json.starts_with('[') => Ok(()),
            _ => Err(format!("must be {}, is {}", self.type_name(), shown(value))),
        }
    }

    /// The type in words: `a string or null`.
    pub(crate) fn type_name(&self) -> String {
        let name = match self.kind {
            Kind::Any => return "anything".to_owned(),
            Kind::Boolean => "true or false",
            Kind::Integer(_) => "an integer",
            Kind::Number(_) => "a number",
            Kind::String(_) => "a string",
            Kind::Array(_) => "an array",
            Kind::Object(_) => "an object",
        };
        if self.nullable { format!("{name} or null") } else { name.to_owned() }
    }

    /// Checks compact JSON text, all the way down.
    pub(crate) fn check_text(&self, json: &str) -> Result<(), Wrong> {
        let here = |message| (String::new(), message);
        if let (Kind::Object(members), true) = (&self.kind, json.starts_with('{')) {
            return members.check(json);
        }
        self.check_slot(text::leaf(json).value()).map_err(here)?;
        match &self.kind {
            Kind::Array(items) if json.starts_with('[') => items.check(json),
            _ => Ok(()),
        }
    }
}

impl Range {
    fn check(&self, n: Num, value: ValueRef<'_>) -> Result<(), String> {
        use Ordering::{Equal, Greater, Less};
        let bounds = [
            (self.minimum, [Greater, Equal], "at least"),
            (self.maximum, [Less, Equal], "at most"),
            (self.exclusive_minimum, [Greater, Greater], "more than"),
            (self.exclusive_maximum, [Less, Less], "less than"),
        ];
        for (bound, fine, words) in bounds {
            if let Some(bound) = bound.filter(|bound| !fine.contains(&n.compare(*bound))) {
                return Err(format!("must be {words} {bound}, is {}", shown(value)));
            }
        }
        Ok(())
    }
}

impl Text {
    fn check(&self, value: &str) -> Result<(), String> {
        if self.min_length.is_some() || self.max_length.is_some() {
            let length = value.chars().count() as u64;
            if let Some(min) = self.min_length.filter(|min| length < *min) {
                return Err(format!("must have at least {min} characters, has {length}"));
            }
            if let Some(max) = self.max_length.filter(|max| length > *max) {
                return Err(format!("must have at most {max} characters, has {length}"));
            }
        }
        match &self.pattern {
            Some(pattern) if !pattern.is_match(value) => {
                Err(format!("{} does not match the pattern `{pattern}`", shown(ValueRef::Text(value))))
            }
            _ => Ok(()),
        }
    }
}

impl Items {
    /// Checks a compact array: how many elements it has, and each of them.
    pub(crate) fn check(&self, json: &str) -> Result<(), Wrong> {
        let here = |message| Err((String::new(), message));
        if self.min_items.is_some() || self.max_items.is_some() {
            let count = text::elements(json).count() as u64;
            if let Some(min) = self.min_items.filter(|min| count < *min) {
                return here(format!("must have at least {min} elements, has {count}"));
            }
            if let Some(max) = self.max_items.filter(|max| count > *max) {
                return here(format!("must have at most {max} elements, has {count}"));
            }
        }
        let Some(items) = &self.items else { return Ok(()) };
        for (index, element) in text::elements(json).enumerate() {
            items.check_text(element).map_err(|wrong| within(&index.to_string(), wrong))?;
        }
        Ok(())
    }
}

impl Members {
    /// Checks a compact object.
    fn check(&self, json: &str) -> Result<(), Wrong> {
        let mut required_left = self.properties.values().filter(|p| p.required).count();
        for (key, member) in text::members(json) {
            let key = text::unquote(key).unwrap_or_default();
            match self.properties.get(key.as_ref()) {
                Some(property) => {
                    property.schema.check_text(member).map_err(|wrong| within(&key, wrong))?;
                    required_left -= usize::from(property.required);
                }
                None if self.open => {}
                None => return Err(within(&key, (String::new(), UNKNOWN_MEMBER.to_owned()))),
            }
        }
        if required_left == 0 {
            return Ok(());
        }
        let there = |key: &str| text::members(json).any(|(k, _)| text::unquote(k).as_deref() == Some(key));
        let missing = self.properties.iter().find(|(key, property)| property.required && !there(key));
        missing.map_or(Ok(()), |(key, _)| Err((String::new(), missing_member(key))))
    }
}

/// The message for a member that a closed object does not have.
pub(crate) const UNKNOWN_MEMBER: &str = "the schema has no such member and allows no others";

/// The message for a member that must be there.
pub(crate) fn missing_member(key: &str) -> String {
    format!("the member `{key}` is missing")
}

fn within(key: &str, (place, message): Wrong) -> Wrong {
    (format!("{}{place}", pointer::child("", key)), message)
}

/// The value for a message, not longer than a line.
pub(crate) fn shown(value: ValueRef<'_>) -> String {
    const CHARS_MAX: usize = 40;
    let mut json = String::new();
    match value {
        ValueRef::Object => return "an object".to_owned(),
        ValueRef::Absent => return "not there".to_owned(),
        ValueRef::Json(json) if json.starts_with('[') => return "an array".to_owned(),
        ValueRef::Json(_) => return "an object".to_owned(),
        value => text::write_value(&mut json, value),
    }
    if json.chars().count() > CHARS_MAX {
        json = json.chars().take(CHARS_MAX).chain(['…']).collect();
    }
    format!("`{json}`")
}

/// Whether the two are the same JSON value: `1` and `1.0` are, `1` and `"1"` are not.
fn equals(expected: &Value, value: ValueRef<'_>) -> bool {
    match (expected, value) {
        (Value::Null, ValueRef::Null) => true,
        (Value::Bool(a), ValueRef::Bool(b)) => *a == b,
        (Value::String(a), ValueRef::Text(b)) => a == b,
        (Value::Number(a), ValueRef::Int(b)) => Num::of(&a.to_string()).compare(Num::Int(b)).is_eq(),
        (Value::Number(a), ValueRef::Number(b)) => Num::of(&a.to_string()).compare(Num::of(b)).is_eq(),
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

/// Whether the two trees are the same JSON value.
pub(crate) fn same_value(a: &Value, b: &Value) -> bool {
    let json = b.to_string();
    match text::leaf(&json) {
        text::Leaf::Owned(Slot::Text(s)) => equals(a, ValueRef::Text(&s)),
        leaf => equals(a, leaf.value()),
    }
}
