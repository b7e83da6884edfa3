//! A schema-version document: its form, and what each of its sections says.
//!
//! What the document means is what its canonical text means: it is brought into the form of RFC 8785 first
//! and read from that, so that a registration that is read back from the log is the same document. Whether
//! it fits its parent is the registry's to say; the projections' sections are the projections package's.

mod identity;
mod sections;

use std::collections::BTreeMap;

use selfsame_record::{EventType, Name};
use serde_json::{Map, Value};

use crate::json::{pointer, strict};
use crate::lens::Op;
use crate::problem::{Problem, Problems};
use crate::schema::Schema;
use crate::shape::EventShape;

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
}

/// What a document says about one event type.
#[derive(Clone, Debug)]
pub(crate) struct EventSection {
    pub(crate) schema: Schema,
    /// The slot of the event's key.
    pub(crate) key: Option<u16>,
    /// Whether events of the parent that cannot be read here are left out, instead of being an error.
    pub(crate) partial: bool,
    pub(crate) json: Value,
}

impl EventSection {
    /// The shape that the section compiles to.
    pub(crate) fn bundled(&self) -> Value {
        self.json.clone()
    }

    /// Whether the schema is checked as a whole.
    pub(crate) fn is_checked(&self) -> bool {
        false
    }

    /// The shape that the section compiles to.
    pub(crate) fn shape(&self) -> EventShape {
        EventShape::compile(&self.schema).with_key(self.key)
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

const SECTIONS: [&str; 7] = ["selfsame", "name", "parent", "events", "lenses", "projections", "guards"];

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
        sections::guards(object, &mut problems);
        let name = sections::name(object, &mut problems);
        let parent = sections::parent(object, &mut problems);
        let events = sections::events(object, &mut problems);
        let lenses = sections::lenses(object, &events, &mut problems);
        let projections = sections::projections(object, &mut problems);
        let identity = identity::text(object);
        let Some(name) = name else { return Err(problems.into_list()) };
        problems.or(Document { canonical, identity, name, parent, events, lenses, projections })
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
}
