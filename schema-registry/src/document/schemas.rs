//! The schemas of a document's event types as JSON Schema, each with all that it refers to.
//!
//! They are made anew from the canonical text when somebody looks at them as JSON: the definitions that many
//! types share would be in each of them.

use selfsame_record::EventType;
use serde_json::Value;

use crate::schema::{Library, bundle};

/// The event schemas of one document, its definitions looked through once.
pub(crate) struct EventSchemas<'a> {
    whole: &'a Value,
    library: Library<'a>,
}

impl<'a> EventSchemas<'a> {
    /// Those of a whole document.
    pub(crate) fn of(whole: &'a Value) -> EventSchemas<'a> {
        EventSchemas { whole, library: Library::of(whole.get("$defs").and_then(Value::as_object)) }
    }

    /// The schema of one event type, a document of its own; none if there is no such type.
    pub(crate) fn get(&self, event_type: &EventType) -> Option<Value> {
        let schema = self.whole.get("events")?.get(event_type.as_str())?.get("schema")?;
        Some(bundle(schema, &self.library))
    }
}
