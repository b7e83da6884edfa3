//! Whether a value is what a schema says. Messages say what it must be and what it is.

use selfsame_record::ValueRef;
use serde_json::Value;

use super::equal::equals;
use super::{Kind, Reference, Schema, Tagged};
use crate::json::number::is_integral;
use crate::json::{pointer, text};

/// A place below the value, and what is wrong there.
pub(crate) type Wrong = (String, String);

impl Schema {
    /// Checks a value that a slot holds, but for what lies within JSON text and an object's members.
    pub(crate) fn check_slot(&self, value: ValueRef<'_>) -> Result<(), String> {
        self.check_type(value)?;
        for values in &self.values {
            if !values.iter().any(|v| equals(v, value)) {
                return Err(not_listed(value, values));
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
            (Kind::Integer(range) | Kind::Number(range), ValueRef::Int(_))
            | (Kind::Number(range), ValueRef::Number(_)) => range.check(value),
            (Kind::Integer(range), ValueRef::Number(n)) if is_integral(n) => range.check(value),
            (Kind::String(rules), ValueRef::Text(s)) => rules.check(s),
            (Kind::Array(_), ValueRef::Json(json)) if json.starts_with('[') => Ok(()),
            (Kind::Object(_) | Kind::Tagged(_), ValueRef::Json(json)) if json.starts_with('{') => Ok(()),
            (Kind::Reference(_), _) => Ok(()),
            (Kind::Types(types), _) => match types.of(value) {
                Some(schema) => schema.check_slot(value),
                None => Err(self.not_of_type(value)),
            },
            _ => Err(self.not_of_type(value)),
        }
    }

    #[cold]
    fn not_of_type(&self, value: ValueRef<'_>) -> String {
        match self.type_name() {
            name if name.is_empty() => format!("{NOTHING_FITS}, is {}", shown(value)),
            name => format!("must be {name}, is {}", shown(value)),
        }
    }

    /// The type in words: `a string or null`. Empty if nothing fits.
    pub(crate) fn type_name(&self) -> String {
        let mut names = match &self.kind {
            Kind::Any | Kind::Reference(_) => return "anything".to_owned(),
            Kind::Boolean => vec!["true or false"],
            Kind::Integer(_) => vec!["an integer"],
            Kind::Number(_) => vec!["a number"],
            Kind::String(_) => vec!["a string"],
            Kind::Array(_) => vec!["an array"],
            Kind::Object(_) | Kind::Tagged(_) => vec!["an object"],
            Kind::Types(types) => types.names(),
        };
        names.extend(self.nullable.then_some("null"));
        names.join(" or ")
    }

    /// Checks a value that a slot holds, all the way down.
    pub(crate) fn check_value(&self, value: ValueRef<'_>) -> Result<(), Wrong> {
        match value {
            ValueRef::Json(json) => self.check_text(json),
            value => {
                self.check_slot(value).map_err(|message| (String::new(), message))?;
                self.check_referred(|| scalar_text(value))
            }
        }
    }

    /// Checks compact JSON text, all the way down.
    pub(crate) fn check_text(&self, json: &str) -> Result<(), Wrong> {
        self.check_slot(text::leaf(json).value()).map_err(|message| (String::new(), message))?;
        match (&self.kind, json.as_bytes().first()) {
            (Kind::Array(items), Some(b'[')) => items.check(json),
            (Kind::Object(members), Some(b'{')) => members.check(json),
            (Kind::Tagged(tagged), Some(b'{')) => tagged.check(json),
            (Kind::Types(types), Some(b'[' | b'{')) => {
                types.of(ValueRef::Json(json)).map_or(Ok(()), |schema| schema.check_text(json))
            }
            _ => self.check_referred(|| json.to_owned()),
        }
    }

    fn check_referred(&self, json: impl FnOnce() -> String) -> Result<(), Wrong> {
        match &self.kind {
            Kind::Reference(reference) => reference.check(&json()),
            _ => Ok(()),
        }
    }
}

impl Reference {
    fn check(&self, json: &str) -> Result<(), Wrong> {
        let value = serde_json::from_str(json).map_err(|e| (String::new(), beyond(&e)))?;
        self.checked.check(&value)
    }
}

#[cold]
fn not_listed(value: ValueRef<'_>, values: &[Value]) -> String {
    format!("{} is not one of {}", shown(value), Value::from(values))
}

/// The message for JSON that lies beyond what a check of the whole value can hold: a number out of range.
pub(crate) fn beyond(error: &serde_json::Error) -> String {
    format!("cannot be checked: {error}")
}

fn scalar_text(value: ValueRef<'_>) -> String {
    let mut out = String::new();
    text::write_value(&mut out, value);
    out
}

impl Tagged {
    /// Checks a compact object by what its tag says.
    fn check(&self, json: &str) -> Result<(), Wrong> {
        let tag = text::members(json)
            .find(|(key, _)| text::unquote(key).is_some_and(|key| key == self.key.as_str()));
        let Some((_, tag)) = tag else { return Err((String::new(), missing_member(&self.key))) };
        let leaf = text::leaf(tag);
        let fits = |values: &[Value]| values.iter().any(|value| equals(value, leaf.value()));
        match self.branches.iter().find(|(values, _)| fits(values)) {
            Some((_, schema)) => schema.check_text(json),
            None => {
                let all: Value = self.branches.iter().flat_map(|(values, _)| values).cloned().collect();
                let message = format!("{} is not one of {all}", shown(leaf.value()));
                Err(within(&self.key, (String::new(), message)))
            }
        }
    }
}

/// The message for a member that a closed object does not have.
pub(crate) const UNKNOWN_MEMBER: &str = "the schema has no such member and allows no others";

/// How the message begins where no value fits.
const NOTHING_FITS: &str = "nothing may stand here";

/// The message for a member that must be there.
pub(crate) fn missing_member(key: &str) -> String {
    format!("the member `{key}` is missing")
}

pub(super) fn within(key: &str, (place, message): Wrong) -> Wrong {
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
