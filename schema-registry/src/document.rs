//! A schema-version document: its form, and what each of its sections says.
//!
//! What the document means is what its canonical text means: it is brought into the form of RFC 8785 first
//! and read from that, so that a registration that is read back from the log is the same document. Whether
//! it fits its parent is the registry's to say; the projections' sections are the projections package's.

mod identity;
mod life;
mod schemas;
mod sections;

use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) use life::GuardSection;
pub(crate) use schemas::EventSchemas;

use selfsame_record::{EventType, Name};
use serde_json::{Map, Value};

use crate::json::{pointer, strict};
use crate::lens::Op;
use crate::probation::{Poison, Probation};
use crate::problem::{Notes, Problem, Problems};
use crate::schema::{Library, Schema};
use crate::shape::{EventShape, Whole};

/// A schema-version document whose form is right: parsed and checked in itself, not yet against a parent.
#[derive(Clone, Debug)]
pub struct Document {
    canonical: String,
    identity: String,
    name: Name,
    parent: Option<String>,
    events: BTreeMap<EventType, EventSection>,
    lenses: BTreeMap<EventType, LensSection>,
    projections: BTreeMap<Name, Value>,
    guards: Vec<GuardSection>,
    probation: Option<Probation>,
    poison: Poison,
    notes: Vec<Problem>,
}

/// What a document says about one event type.
#[derive(Clone, Debug)]
pub(crate) struct EventSection {
    pub(crate) schema: Arc<Schema>,
    /// What of it does not compile, and what checks that.
    pub(crate) whole: Whole,
    /// The slot of the event's key.
    pub(crate) key: Option<u16>,
    /// Whether events of the parent that cannot be read here are left out, instead of being an error.
    pub(crate) partial: bool,
}

impl EventSection {
    /// Whether the schema is checked as a whole.
    pub(crate) fn is_checked(&self) -> bool {
        self.whole.checked.is_some()
    }

    /// The shape that the section compiles to.
    pub(crate) fn shape(&self) -> EventShape {
        EventShape::laid(&self.schema).with_key(self.key).with_whole(self.whole.clone())
    }
}

/// What a document says about one event type's lens.
#[derive(Clone, Debug)]
pub(crate) struct LensSection {
    pub(crate) ops: Vec<Op>,
    pub(crate) json: Value,
}

/// The number of the document's own form.
const FORM: u64 = 1;

const SECTIONS: [&str; 10] = [
    "selfsame",
    "name",
    "parent",
    "$defs",
    "events",
    "lenses",
    "projections",
    "guards",
    "probation",
    "poison",
];

impl Document {
    /// Reads JSON if the text starts with `{`, else YAML.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the document in itself, each with its place; at most
    /// [`PROBLEMS_MAX`](crate::PROBLEMS_MAX). Text that cannot be parsed gives one problem.
    pub fn parse(text: &str) -> Result<Document, Vec<Problem>> {
        let written = strict::parse(text).map_err(|problem| vec![problem])?;
        let canonical = serde_json_canonicalizer::to_string(&written)
            .map_err(|e| vec![Problem::new("", format!("has no canonical form: {e}"))])?;
        if !written.is_object() {
            let problem = Problem::new("", "a schema version must be an object");
            return Err(vec![problem.help("begin with `selfsame: 1`")]);
        }
        let value = strict::parse(&canonical).map_err(|problem| vec![problem])?;
        let object = value.as_object().cloned().unwrap_or_default();
        Document::of(canonical, &object)
    }

    fn of(canonical: String, object: &Map<String, Value>) -> Result<Document, Vec<Problem>> {
        let mut problems = Problems::default();
        for key in object.keys().filter(|key| !SECTIONS.contains(&key.as_str())) {
            let problem =
                Problem::new(pointer::child("", key), format!("`{key}` is not a section of a document"));
            problems.push(problem.help(format!("the sections are {}", SECTIONS.join(", "))));
        }
        sections::form(object, FORM, &mut problems);
        let name = sections::name(object, &mut problems);
        let parent = sections::parent(object, &mut problems);
        let mut notes = Notes::default();
        let mut library = Library::of(sections::definitions(object, &mut problems));
        let events = sections::events(object, &mut library, &mut problems, &mut notes);
        let lenses = sections::lenses(object, &events, &mut problems);
        let projections = sections::projections(object, &mut problems);
        let guards = life::guards(object, &mut problems);
        let probation = life::probation(object, !guards.is_empty(), &mut problems);
        let poison = life::poison(object, &mut problems);
        let identity = identity::text(object);
        let Some(name) = name else { return Err(problems.into_list()) };
        let notes = notes.into_list();
        problems.or(Document {
            canonical,
            identity,
            name,
            parent,
            events,
            lenses,
            projections,
            guards,
            probation,
            poison,
            notes,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// Its parent as the document names it: `v1`, or a content id or the beginning of one.
    pub fn parent(&self) -> Option<&str> {
        self.parent.as_deref()
    }

    /// The whole document in the canonical form of RFC 8785; parsing it gives the same document again.
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// What an author should know though nothing is wrong: each thing once, at most
    /// [`PROBLEMS_MAX`](crate::PROBLEMS_MAX).
    pub fn notes(&self) -> &[Problem] {
        &self.notes
    }

    /// The schema of one event type as JSON Schema, with all that it refers to: a document of its own.
    ///
    /// Read anew from the canonical text each time: it is not kept, since the definitions that many types
    /// share would be in each of them.
    pub fn event_schema_json(&self, event_type: &EventType) -> Option<Value> {
        EventSchemas::of(&self.whole()).get(event_type)
    }

    /// The schemas of all event types as JSON Schema, by name.
    pub fn event_schemas_json(&self) -> BTreeMap<EventType, Value> {
        let whole = self.whole();
        let schemas = EventSchemas::of(&whole);
        let found = self.events.keys().filter_map(|name| Some((name.clone(), schemas.get(name)?)));
        found.collect()
    }

    /// Everything that the document says of each event type but its lens, by name, with all that its schema refers
    /// to: two documents that say the same of a type have equal values.
    ///
    /// Read anew from the canonical text each time.
    pub fn events_json(&self) -> BTreeMap<EventType, Value> {
        let whole = self.whole();
        let schemas = EventSchemas::of(&whole);
        let said = |name: &EventType| {
            let mut said = whole.get("events")?.get(name.as_str())?.clone();
            if let Some(said) = said.as_object_mut() {
                said.insert("schema".to_owned(), schemas.get(name)?);
            }
            Some((name.clone(), said))
        };
        self.events.keys().filter_map(said).collect()
    }

    /// The document as a tree.
    pub(crate) fn whole(&self) -> Value {
        // Canonical text is JSON.
        serde_json::from_str(&self.canonical).unwrap_or_default()
    }

    /// What of the document can change state, in one form.
    pub(crate) fn identity(&self) -> &str {
        &self.identity
    }

    pub(crate) fn events(&self) -> &BTreeMap<EventType, EventSection> {
        &self.events
    }

    pub(crate) fn lenses(&self) -> &BTreeMap<EventType, LensSection> {
        &self.lenses
    }

    pub(crate) fn projections(&self) -> &BTreeMap<Name, Value> {
        &self.projections
    }

    pub(crate) fn guards(&self) -> &[GuardSection] {
        &self.guards
    }

    pub(crate) fn probation(&self) -> Option<&Probation> {
        self.probation.as_ref()
    }

    pub(crate) fn poison(&self) -> Poison {
        self.poison
    }
}
