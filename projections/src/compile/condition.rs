//! The `when` of an event type in a projection.

use std::cell::OnceCell;

use selfsame_record::Digest;
use selfsame_schema::cel::{Expression, Kind, SchemaFields};
use selfsame_schema::{EventShape, Version};
use serde_json::Value;

use super::Problems;
use super::spot::{Spot, escape};
use crate::condition::{Condition, Place};

/// The member that holds a condition.
pub(crate) const WORD: &str = "when";

/// The event types of a version with their schemas as they stand in the document.
pub(crate) struct Schemas<'a> {
    version: &'a Version,
    /// The document, read when a condition first asks for it.
    document: OnceCell<Value>,
}

impl<'a> Schemas<'a> {
    pub(crate) fn new(version: &'a Version) -> Schemas<'a> {
        Schemas { version, document: OnceCell::new() }
    }

    pub(crate) fn version(&self) -> &'a Version {
        self.version
    }

    fn get(&self, event_type: &str) -> Option<&Value> {
        let read = || serde_json::from_str(self.version.canonical()).unwrap_or_default();
        self.document.get_or_init(read).get("events")?.get(event_type)?.get("schema")
    }
}

/// Reads the condition of an event type, if it has one, with the digest of the schema that it is checked
/// against.
pub(crate) fn read(
    on: &Spot<'_>,
    event_type: &str,
    shape: &EventShape,
    schemas: &Schemas<'_>,
    problems: &mut Problems,
) -> Option<(Condition, Digest)> {
    let value = on.value.as_object()?.get(WORD)?;
    let spot = Spot { value, pointer: format!("{}/{WORD}", on.pointer) };
    let source = spot.text(problems)?;
    let schema = schemas.get(event_type)?;
    let fields = match SchemaFields::new(schema) {
        Ok(fields) => fields,
        Err(error) => {
            problems.push(spot.problem(error.to_string()));
            return None;
        }
    };
    let expression = match Expression::compile(source, &fields) {
        Ok(expression) => expression,
        Err(error) => {
            let problem = spot.problem(error.to_string());
            problems.push(match error.help() {
                Some(help) => problem.help(help),
                None => problem,
            });
            return None;
        }
    };
    let ty = expression.value_type();
    if ty.kind != Kind::Bool || ty.nullable {
        let problem = spot.problem(format!("a condition is true or false, and this is {ty}"));
        problems.push(problem.help("compare it, as in `event.status == 'paid'`"));
        return None;
    }
    let places = expression.paths().iter().map(|path| (path.clone(), place(path, shape))).collect();
    let mut bytes = vec![];
    super::feed_json(schema, &mut bytes);
    Some((Condition::new(expression, places), Digest::of(&[&bytes])))
}

/// The slot that a way of keys leads to or into.
fn place(path: &[String], shape: &EventShape) -> Place {
    for keys in (0..=path.len()).rev() {
        let (way, rest) = path.split_at_checked(keys).unwrap_or((path, &[]));
        let pointer: String = way.iter().map(|key| format!("/{}", escape(key))).collect();
        if let Some(slot) = shape.slot(&pointer) {
            return Place { slot, rest: rest.to_vec() };
        }
    }
    Place { slot: 0, rest: path.to_vec() }
}
