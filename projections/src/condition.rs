//! A condition on an event, read from slots.
//!
//! A field that has a slot is read where it lies. What is inside of an array or of a value of any type is
//! kept as JSON text; it is taken apart once per event and condition, with every number by its lexeme.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;

use selfsame_record::ValueRef;
use selfsame_schema::cel::{CelValue, Document, EvaluateError, Expression};
use serde_json::value::RawValue;

use crate::event::EventRead;

/// What an event has to fulfil to be folded.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    expression: Expression,
    /// Where each way of keys leads that the expression asks for.
    places: BTreeMap<Vec<String>, Place>,
}

/// A slot, and the keys from there on.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) slot: u16,
    pub(crate) rest: Vec<String>,
}

impl Condition {
    pub(crate) fn new(expression: Expression, places: BTreeMap<Vec<String>, Place>) -> Condition {
        Condition { expression, places }
    }

    /// Whether it holds for an event.
    pub(crate) fn holds(&self, read: EventRead<'_>) -> Result<bool, EvaluateError> {
        let seen = Seen { read, places: &self.places, parsed: RefCell::new(BTreeMap::new()) };
        // The type of the expression was checked, so any other value is none.
        self.expression.evaluate(&seen).map(|value| value == CelValue::Bool(true))
    }
}

/// An event as a condition reads it.
struct Seen<'a> {
    read: EventRead<'a>,
    places: &'a BTreeMap<Vec<String>, Place>,
    /// What was taken apart, by slot.
    parsed: RefCell<BTreeMap<u16, Option<CelValue<'static>>>>,
}

impl<'a> Seen<'a> {
    fn slot(&self, slot: u16) -> ValueRef<'a> {
        self.read.decoded.get(slot)
    }

    /// Does something with what lies in and below a slot.
    fn below<T>(&self, place: &Place, with: impl FnOnce(&CelValue<'static>) -> T) -> Option<T> {
        let mut parsed = self.parsed.borrow_mut();
        let read = || parse(&self.read.decoded.json_at(place.slot)?);
        let root = parsed.entry(place.slot).or_insert_with(read).as_ref()?;
        let mut here = root;
        for key in &place.rest {
            let CelValue::Object(members) = here else { return None };
            here = members.get(key.as_str())?;
        }
        Some(with(here))
    }
}

impl Document for Seen<'_> {
    fn get(&self, path: &[String]) -> Option<CelValue<'_>> {
        let place = self.places.get(path)?;
        let value = if place.rest.is_empty() { self.slot(place.slot) } else { ValueRef::Object };
        match value {
            ValueRef::Absent => None,
            ValueRef::Null => Some(CelValue::Null),
            ValueRef::Bool(value) => Some(CelValue::Bool(value)),
            ValueRef::Int(value) => Some(CelValue::Int(value)),
            ValueRef::Number(lexeme) => Some(CelValue::Number(Cow::Borrowed(lexeme))),
            ValueRef::Text(text) => Some(CelValue::Text(Cow::Borrowed(text))),
            ValueRef::Json(_) | ValueRef::Object => self.below(place, CelValue::clone),
        }
    }

    fn has(&self, path: &[String]) -> bool {
        let Some(place) = self.places.get(path) else { return false };
        if place.rest.is_empty() {
            return !matches!(self.slot(place.slot), ValueRef::Absent);
        }
        self.below(place, |_| ()).is_some()
    }
}

/// A value from JSON text. It recurses as deep as the text is nested, and an event's depth is limited.
fn parse(text: &str) -> Option<CelValue<'static>> {
    Some(match text.trim_start().as_bytes().first()? {
        b'{' => {
            let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text).ok()?;
            let member = |(key, raw): (String, Box<RawValue>)| Some((Cow::Owned(key), parse(raw.get())?));
            CelValue::Object(members.into_iter().map(member).collect::<Option<_>>()?)
        }
        b'[' => {
            let items: Vec<Box<RawValue>> = serde_json::from_str(text).ok()?;
            CelValue::List(items.iter().map(|raw| parse(raw.get())).collect::<Option<_>>()?)
        }
        b'"' => CelValue::Text(Cow::Owned(serde_json::from_str(text).ok()?)),
        b't' => CelValue::Bool(true),
        b'f' => CelValue::Bool(false),
        b'n' => CelValue::Null,
        _ => CelValue::Number(Cow::Owned(text.trim().to_owned())),
    })
}
