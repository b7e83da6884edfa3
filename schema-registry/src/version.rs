//! A schema version: a document that was checked against its parent, compiled.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use selfsame_record::{Digest, EventType, Name, VersionNo};
use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::guard::Guard;
use crate::lens::{Lens, Step};
use crate::limits::FOLD_REVISION;
use crate::probation::{Poison, Probation};
use crate::problem::Problem;
use crate::shape::EventShape;

/// How many digits of a content id name a version, if no other version's id begins with them.
pub(crate) const PREFIX_DIGITS_MIN: usize = 8;

/// Names a version by its content and its ancestors' content, as 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContentId(pub Digest);

impl ContentId {
    /// The id of a document whose parent has this id.
    pub(crate) fn of(document: &Document, parent: Option<ContentId>) -> ContentId {
        let parent = parent.map(|id| id.to_string()).unwrap_or_default();
        let revision = FOLD_REVISION.to_le_bytes();
        let parts =
            [&b"selfsame-version/1"[..], &revision, parent.as_bytes(), document.identity().as_bytes()];
        ContentId(Digest::of(&parts))
    }

    /// The first twelve hexadecimal digits, for tables.
    pub fn short(&self) -> String {
        self.0.short()
    }
}

impl fmt::Display for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How an event type of a version relates to a type of its parent.
#[derive(Debug)]
pub(crate) struct Edge {
    /// What the parent calls the type.
    pub(crate) from: EventType,
    /// The operations between them; none if the schemas are the same, or if what is valid in one is valid
    /// in the other as it is.
    pub(crate) lens: Arc<Lens>,
    /// The fast way between the slots of the two, if there is one.
    pub(crate) slots: Slots,
    /// What is said if documents do not arrive.
    pub(crate) unled: Option<Problem>,
    /// Whether a lens could be written that leads back as well, so that a way down that fails is an error.
    pub(crate) mendable: bool,
}

impl Edge {
    /// The edge of a type that means the same under the name that it has in the parent.
    pub(crate) fn same(from: EventType) -> Edge {
        let lens = Arc::new(Lens::none());
        Edge { from, lens, slots: Slots::Same, unled: None, mendable: true }
    }
}

/// How the slots of a version's shape relate to those of its parent's.
#[derive(Debug)]
pub(crate) enum Slots {
    /// They are the same.
    Same,
    /// Each has one source on the other side.
    Steps {
        /// From the parent to the version.
        up: Step,
        /// From the version to the parent.
        down: Step,
    },
    /// The document has to be laid out anew.
    Anew,
}

/// A schema version: a document that was checked against its parent. Immutable.
#[derive(Debug)]
pub struct Version {
    pub(crate) no: VersionNo,
    pub(crate) id: ContentId,
    pub(crate) parent: Option<VersionNo>,
    pub(crate) document: Document,
    pub(crate) shapes: BTreeMap<EventType, Arc<EventShape>>,
    /// For the types that the parent has too, by their name here.
    pub(crate) edges: BTreeMap<EventType, Edge>,
    /// What the types of the parent are called here.
    pub(crate) names: BTreeMap<EventType, EventType>,
    pub(crate) guards: Vec<Guard>,
}

impl Version {
    /// Its number.
    pub fn no(&self) -> VersionNo {
        self.no
    }

    /// Its content id.
    pub fn id(&self) -> ContentId {
        self.id
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.document.name()
    }

    /// Its parent's number; the root has none.
    pub fn parent(&self) -> Option<VersionNo> {
        self.parent
    }

    /// Its document in the canonical form of RFC 8785.
    pub fn canonical(&self) -> &str {
        self.document.canonical()
    }

    /// What its author should know though nothing is wrong.
    pub fn notes(&self) -> &[Problem] {
        self.document.notes()
    }

    /// The shape of one event type.
    pub fn event(&self, event_type: &str) -> Option<&Arc<EventShape>> {
        self.shapes.get(event_type)
    }

    /// All event types with their shapes, by name.
    pub fn events(&self) -> impl Iterator<Item = (&EventType, &Arc<EventShape>)> {
        self.shapes.iter()
    }

    /// Everything that the document says of each event type but its lens, by name. Read anew each time.
    pub fn events_json(&self) -> BTreeMap<EventType, serde_json::Value> {
        self.document.events_json()
    }

    /// The projections' sections as they stand in the document.
    pub fn projections(&self) -> &BTreeMap<Name, serde_json::Value> {
        self.document.projections()
    }

    /// The conditions that it promises to keep, as the document lists them.
    pub fn guards(&self) -> &[Guard] {
        &self.guards
    }

    /// The guarded time after its cutover; none if the document has neither guards nor a probation.
    pub fn probation(&self) -> Option<&Probation> {
        self.document.probation()
    }

    /// What becomes of events that cannot be read or folded.
    pub fn poison(&self) -> Poison {
        self.document.poison()
    }

    /// The lens of one event type as it stands in the document: a list of operations.
    pub fn lens_json(&self, event_type: &str) -> Option<&serde_json::Value> {
        self.document.lenses().get(event_type).map(|lens| &lens.json)
    }

    /// How a type relates to the parent's.
    pub(crate) fn edge(&self, event_type: &str) -> Option<&Edge> {
        self.edges.get(event_type)
    }

    /// How a type of the parent, by its name there, goes on here: the name here and the edge.
    pub(crate) fn edge_from(&self, event_type: &str) -> Option<(&EventType, &Edge)> {
        self.edges.get_key_value(self.names.get(event_type)?)
    }
}
