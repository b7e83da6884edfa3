//! The sections of a document, each read with every problem it has.

use std::collections::BTreeMap;

use selfsame_record::{EventType, Name, VersionNo};
use serde_json::{Map, Value};

use super::{EventSection, LensSection};
use crate::checked::Dialect;
use crate::json::pointer;
use crate::lens::parse_ops;
use crate::limits::{DEFINITIONS_MAX, EVENTS_MAX, PROJECTIONS_MAX};
use crate::problem::{Notes, Problem, Problems};
use crate::schema::{Library, event_schema, unused_definitions};
use crate::shape::{EventShape, SlotKind, Whole};
use crate::version::PREFIX_DIGITS_MIN;

type Object = Map<String, Value>;

pub(super) fn form(document: &Object, expected: u64, problems: &mut Problems) {
    match document.get("selfsame") {
        Some(form) if form.as_u64() == Some(expected) => {}
        Some(form) => {
            let message = format!("this engine reads documents of form {expected}, this one says `{form}`");
            problems.add("/selfsame", message);
        }
        None => problems
            .push(Problem::new("", "the form is missing").help(format!("begin with `selfsame: {expected}`"))),
    }
}

pub(super) fn name(document: &Object, problems: &mut Problems) -> Option<Name> {
    match document.get("name") {
        Some(Value::String(name)) => Name::parse(name).map_err(|e| problems.add("/name", e.to_string())).ok(),
        Some(_) => {
            problems.add("/name", "must be a string");
            None
        }
        None => {
            problems
                .push(Problem::new("", "the name is missing").help("add `name`, such as `name: profiles`"));
            None
        }
    }
}

pub(super) fn parent(document: &Object, problems: &mut Problems) -> Option<String> {
    let parent = match document.get("parent")? {
        Value::Null => return None,
        Value::String(parent) => parent,
        _ => {
            problems.add("/parent", "must be a version such as `v1`, or a content id");
            return None;
        }
    };
    let hex = parent.len() <= 64 && parent.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if VersionNo::parse(parent).is_err() && !(hex && parent.len() >= PREFIX_DIGITS_MIN) {
        let shown: String = parent.chars().take(80).collect();
        problems.add("/parent", format!("`{shown}` is neither a version such as `v1` nor a content id"));
        return None;
    }
    Some(parent.clone())
}

/// A section that is an object; nothing is like an empty one.
fn object<'a>(
    document: &'a Object,
    section: &str,
    max: usize,
    problems: &mut Problems,
) -> Option<&'a Object> {
    let place = pointer::child("", section);
    match document.get(section)? {
        Value::Null => None,
        Value::Object(object) if object.len() <= max => Some(object),
        Value::Object(object) => {
            problems.add(place, format!("has {} entries, over the limit of {max}", object.len()));
            None
        }
        _ => {
            problems.add(place, "must be an object");
            None
        }
    }
}

/// The schemas that those of events refer to as `#/$defs/…`.
pub(super) fn definitions<'a>(document: &'a Object, problems: &mut Problems) -> Option<&'a Object> {
    object(document, "$defs", DEFINITIONS_MAX, problems)
}

pub(super) fn events<'a>(
    document: &'a Object,
    library: &mut Library<'a>,
    problems: &mut Problems,
    notes: &mut Notes,
) -> BTreeMap<EventType, EventSection> {
    if !document.contains_key("events") {
        problems.push(Problem::new("", "the events are missing").help("add the section `events`"));
    }
    let mut events = BTreeMap::new();
    for (name, json) in object(document, "events", EVENTS_MAX, problems).into_iter().flatten() {
        let place = pointer::child("/events", name);
        let Some(event_type) = event_type(name, &place, problems) else { continue };
        if let Some(section) = event(json, &place, library, problems, notes) {
            events.insert(event_type, section);
        }
    }
    let schemas = document.get("events").and_then(Value::as_object).into_iter().flatten();
    let mut schemas = schemas.filter_map(|(_, event)| event.get("schema")).peekable();
    let old = schemas.peek().is_some() && schemas.all(|s| Dialect::of(s) == Ok(Dialect::Draft07));
    let dialect = if old { Dialect::Draft07 } else { Dialect::Draft2020 };
    unused_definitions(library, dialect, problems, notes);
    events
}

fn event_type(name: &str, place: &str, problems: &mut Problems) -> Option<EventType> {
    let event_type = EventType::parse(name).map_err(|e| problems.add(place, e.to_string())).ok()?;
    if event_type.is_protected() {
        let problem = Problem::new(place, format!("the event type `{name}` is protected"));
        problems.push(problem.help("only the system itself writes `selfsame` types: choose another name"));
        return None;
    }
    Some(event_type)
}

fn event<'a>(
    json: &'a Value,
    place: &str,
    library: &mut Library<'a>,
    problems: &mut Problems,
    notes: &mut Notes,
) -> Option<EventSection> {
    let Some(object) = json.as_object() else {
        problems.add(place, "must be an object with `schema`");
        return None;
    };
    for key in object.keys().filter(|key| !["key", "partial", "schema"].contains(&key.as_str())) {
        problems.add(pointer::child(place, key), "not known here: use key, partial, schema");
    }
    let Some(schema) = object.get("schema") else {
        problems.push(Problem::new(place, "the schema is missing").help("add `schema: { type: object }`"));
        return None;
    };
    let schema_place = pointer::child(place, "schema");
    let mut own = schema.get("$defs").and_then(Value::as_object).into_iter().flat_map(Map::keys);
    if let Some(twice) = own.find(|name| library.has(name)) {
        let place = pointer::child(&format!("{schema_place}/$defs"), twice);
        let problem = Problem::new(place, format!("the document has a definition `{twice}` already"));
        problems.push(problem.help("give one of the two another name"));
        return None;
    }
    let compiled = event_schema(schema, &schema_place, library, problems, notes)?;
    let partial = match object.get("partial") {
        None => false,
        Some(Value::Bool(partial)) => *partial,
        Some(_) => {
            problems.add(pointer::child(place, "partial"), "must be true or false");
            false
        }
    };
    let key = match object.get("key") {
        None => None,
        Some(key) => {
            let shape = EventShape::laid(&compiled.schema);
            Some(key_slot(key, &shape, &pointer::child(place, "key"), problems)?)
        }
    };
    let whole = Whole { checked: compiled.checked, unchecked: compiled.unchecked.into() };
    Some(EventSection { schema: compiled.schema, whole, key, partial })
}

fn key_slot(json: &Value, shape: &EventShape, place: &str, problems: &mut Problems) -> Option<u16> {
    let message = match json.as_str().map(|pointer| (pointer, shape.slot(pointer))) {
        None => "must be a JSON Pointer such as `/user_id`".to_owned(),
        Some((pointer, None)) => format!("the schema has no field `{pointer}`"),
        Some((pointer, Some(slot))) => match shape.at(slot).map(|at| at.kind) {
            Some(SlotKind::String { .. } | SlotKind::Integer) => return Some(slot),
            _ => format!("`{pointer}` must be a string or an integer to be a key"),
        },
    };
    problems.add(place, message);
    None
}

pub(super) fn lenses(
    document: &Object,
    events: &BTreeMap<EventType, EventSection>,
    problems: &mut Problems,
) -> BTreeMap<EventType, LensSection> {
    let mut lenses = BTreeMap::new();
    let declared = |name: &str| document.get("events").and_then(|events| events.get(name)).is_some();
    for (name, json) in object(document, "lenses", EVENTS_MAX, problems).into_iter().flatten() {
        let place = pointer::child("/lenses", name);
        if !declared(name) {
            problems.add(&place, format!("the document has no event type `{name}`"));
            continue;
        }
        let Some((event_type, _)) = events.get_key_value(name.as_str()) else { continue };
        if let Some(ops) = parse_ops(json, &place, problems) {
            lenses.insert(event_type.clone(), LensSection { ops, json: json.clone() });
        }
    }
    lenses
}

pub(super) fn projections(document: &Object, problems: &mut Problems) -> BTreeMap<Name, Value> {
    let mut projections = BTreeMap::new();
    for (name, json) in object(document, "projections", PROJECTIONS_MAX, problems).into_iter().flatten() {
        let place = pointer::child("/projections", name);
        match Name::parse(name) {
            Ok(name) if json.is_object() => {
                projections.insert(name, json.clone());
            }
            Ok(_) => problems.add(place, "must be an object"),
            Err(e) => problems.add(place, e.to_string()),
        }
    }
    projections
}
