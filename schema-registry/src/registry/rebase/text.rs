//! A document's text, with each event type as it is once the definitions are looked up.

use std::collections::BTreeMap;

use selfsame_record::EventType;
use serde_json::{Map, Value};

use crate::document::{Document, EventSchemas};

pub(super) struct Text {
    pub(super) whole: Map<String, Value>,
    /// The sections of event types, their schemas with all that they refer to.
    pub(super) events: BTreeMap<String, Value>,
}

impl Text {
    pub(super) fn of(document: &Document) -> Text {
        match document.whole() {
            Value::Object(whole) => Text::new(whole),
            _ => Text::new(Map::new()),
        }
    }

    pub(super) fn new(whole: Map<String, Value>) -> Text {
        let whole = Value::Object(whole);
        let schemas = EventSchemas::of(&whole);
        let names = whole.get("events").and_then(Value::as_object).into_iter().flatten();
        let events = names.filter_map(|(name, section)| {
            let mut section = section.as_object()?.clone();
            section.insert("schema".to_owned(), schemas.get(&EventType::parse(name).ok()?)?);
            Some((name.clone(), Value::Object(section)))
        });
        let events = events.collect();
        let Value::Object(whole) = whole else { return Text { whole: Map::new(), events } };
        Text { whole, events }
    }

    /// The members of a section that is an object.
    pub(super) fn section(&self, section: &str) -> Option<&Map<String, Value>> {
        self.whole.get(section).and_then(Value::as_object)
    }

    /// One member of a section.
    pub(super) fn member(&self, section: &str, name: &str) -> Option<&Value> {
        self.section(section)?.get(name)
    }

    /// A guard by its name, as it is written.
    pub(super) fn guard(&self, name: &str) -> Option<&Value> {
        self.guards().find(|(guard, _)| *guard == name).map(|(_, json)| json)
    }

    /// The guards by name, in order.
    pub(super) fn guards(&self) -> impl Iterator<Item = (&str, &Value)> {
        let list = self.whole.get("guards").and_then(Value::as_array).into_iter().flatten();
        list.filter_map(|guard| Some((guard.get("name")?.as_str()?, guard)))
    }
}
