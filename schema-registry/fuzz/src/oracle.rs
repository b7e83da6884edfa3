//! The `jsonschema` crate as the other opinion, where it is one.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use jsonschema::{Draft, Validator};
use serde_json::Value;

/// Validators that are kept, since most mutations leave the schema as it is.
const KEPT_MAX: usize = 256;

thread_local! {
    static KEPT: RefCell<BTreeMap<String, Option<Oracle>>> = const { RefCell::new(BTreeMap::new()) };
}

/// A schema as the `jsonschema` crate reads it, `format` an annotation.
#[derive(Clone)]
pub struct Oracle(Rc<Validator>);

impl Oracle {
    /// None if it does not take the schema, or is known to read it otherwise: its words in patterns are of
    /// any script, those of ECMA-262 are ASCII.
    pub fn new(schema: &Value) -> Option<Oracle> {
        let text = schema.to_string();
        KEPT.with_borrow_mut(|kept| {
            if kept.len() >= KEPT_MAX {
                kept.clear();
            }
            kept.entry(text).or_insert_with_key(|text| Oracle::build(schema, text)).clone()
        })
    }

    fn build(schema: &Value, text: &str) -> Option<Oracle> {
        if text.contains(r"\\b") || text.contains(r"\\B") || !is_plain(text) {
            return None;
        }
        let older =
            schema.get("$schema").and_then(Value::as_str).is_some_and(|name| name.contains("draft-07"));
        let draft = if older { Draft::Draft7 } else { Draft::Draft202012 };
        let options = jsonschema::options().with_draft(draft).should_validate_formats(false);
        options.build(schema).ok().map(|validator| Oracle(Rc::new(validator)))
    }

    /// Whether a document is valid.
    pub fn takes(&self, document: &Value) -> bool {
        self.0.is_valid(document)
    }
}

/// Whether every number in the text, wherever one could stand, means the same as a double and as a lexeme.
pub fn is_plain(text: &str) -> bool {
    let numeric = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
    text.split(|c| !numeric(c)).all(|word| {
        let digits = word.chars().filter(char::is_ascii_digit).count();
        digits == 0 || (digits <= 15 && !word.contains(['e', 'E']))
    })
}

/// Whether two values are the same; numbers are compared by what they come to.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

/// Whether a schema names every member of a document, as far as `properties` and `items` go. Of a member
/// that it does not name a lens says nothing.
pub fn keeps(schema: &Value, document: &Value) -> bool {
    match document {
        Value::Object(members) => members.iter().all(|(key, member)| {
            schema.get("properties").and_then(|p| p.get(key)).is_some_and(|below| keeps(below, member))
        }),
        Value::Array(items) => items.iter().all(|item| match (schema.get("items"), item) {
            (Some(below), _) => keeps(below, item),
            (None, item) => !item.is_object() && !item.is_array(),
        }),
        _ => true,
    }
}
