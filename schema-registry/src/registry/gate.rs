//! What a document must be to become a version: its parent is there, its names are free, and each lens
//! finds its places in the parent's schema and, on the way back, in the document's own.
//!
//! Whether every document arrives is judged apart ([`super::judge`]), since that tries documents: a version
//! that is read back from the log is not judged again.

use std::collections::BTreeMap;
use std::sync::Arc;

use selfsame_record::EventType;
use serde_json::Value;

use super::{Registry, names, promises, reserved};
use crate::compat::canonical::same as same_schema;
use crate::document::{Document, EventSchemas, EventSection, LensSection};
use crate::json::pointer;
use crate::lens::apply::Image;
use crate::lens::{Lens, Way, broken_promises};
use crate::problem::{Problem, Problems};
use crate::schema::{Schema, difference};
use crate::shape::EventShape;
use crate::version::{ContentId, Edge, Slots, Version};

pub(super) fn check(registry: &Registry, document: &Document) -> Result<Version, Vec<Problem>> {
    let parent = find_parent(registry, document).map_err(|problem| vec![problem])?;
    let mut problems = Problems::default();
    let names = names::check(registry, parent.map(|parent| &**parent), document, &mut problems);
    let shapes: BTreeMap<EventType, Arc<EventShape>> = document
        .events()
        .iter()
        .map(|(event_type, section)| (event_type.clone(), Arc::new(section.shape())))
        .collect();
    let wholes = (parent.map(|parent| parent.document.whole()).unwrap_or_default(), document.whole());
    let schemas = (EventSchemas::of(&wholes.0), EventSchemas::of(&wholes.1));
    let mut edges = BTreeMap::new();
    for (from, event_type) in &names {
        let (Some(parent), Some(shape)) = (parent, shapes.get(event_type)) else { continue };
        let sections = (parent.document.events().get(from), document.events().get(event_type));
        let (Some(old), Some(own)) = sections else { continue };
        let lens = document.lenses().get(event_type);
        let json = (&schemas.0, &schemas.1);
        let mut check =
            TypeCheck { event_type, from, parent, old, own, json, shape, problems: &mut problems };
        if let Some(edge) = check.edge(lens) {
            edges.insert(event_type.clone(), edge);
        }
    }
    reserved::check(registry, parent.map(|parent| &**parent), &edges, &shapes, &mut problems);
    let guards = promises::check(document, parent.map(|parent| &**parent), &mut problems);
    let id = ContentId::of(document, parent.map(|parent| parent.id));
    let (no, parent) = (registry.next_no(), parent.map(|parent| parent.no));
    problems.or(Version { no, id, parent, document: document.clone(), shapes, edges, names, guards })
}

fn find_parent<'a>(registry: &'a Registry, document: &Document) -> Result<Option<&'a Arc<Version>>, Problem> {
    let live = || registry.versions().map(|v| v.no.to_string()).collect::<Vec<_>>().join(", ");
    match document.parent() {
        None if registry.versions.is_empty() => Ok(None),
        // The first version once more: the caller sees by its content id that it is there.
        None if registry.find(&ContentId::of(document, None)).is_some() => Ok(None),
        None => {
            let problem = Problem::new("", "the parent is missing, and there are versions already");
            Err(problem.help(format!("add `parent` with one of {}", live())))
        }
        Some(name) => match registry.resolve(name) {
            Some(parent) => Ok(Some(parent)),
            None if registry.versions.is_empty() => {
                let problem = Problem::new("/parent", format!("there is no version `{name}`, nor any other"));
                Err(problem.help("leave `parent` out in the first version"))
            }
            None => {
                let problem = Problem::new("/parent", format!("there is no version `{name}`"));
                Err(problem.help(format!("the versions are {}", live())))
            }
        },
    }
}

/// The check of one event type against the parent's.
struct TypeCheck<'a> {
    event_type: &'a EventType,
    /// What the parent calls the type.
    from: &'a EventType,
    parent: &'a Version,
    old: &'a EventSection,
    own: &'a EventSection,
    /// The schemas of the parent and of the document, as JSON.
    json: (&'a EventSchemas<'a>, &'a EventSchemas<'a>),
    shape: &'a EventShape,
    problems: &'a mut Problems,
}

impl TypeCheck<'_> {
    fn lens_place(&self) -> String {
        pointer::child("/lenses", self.event_type.as_str())
    }

    fn schema_place(&self) -> String {
        format!("{}/schema", pointer::child("/events", self.event_type.as_str()))
    }

    /// How the type relates to the parent's. Whether every document arrives is not decided here; what would
    /// be said if not is kept with the edge.
    fn edge(&mut self, section: Option<&LensSection>) -> Option<Edge> {
        let ops = section.map_or(&[][..], |section| section.ops.as_slice()).to_vec();
        if ops.is_empty() && difference(&self.old.schema, &self.own.schema).is_none() && self.same_checks() {
            return Some(Edge::same(self.from.clone()));
        }
        let (old, own) = (self.json.0.get(self.from), self.json.1.get(self.event_type));
        let (old, own) = (old.unwrap_or_default(), own.unwrap_or_default());
        let lens = match Lens::between(ops, &old, &own) {
            Ok(lens) => lens,
            Err(problem) => {
                let pointer = format!("{}{}", self.lens_place(), problem.pointer);
                self.problems.push(Problem { pointer, ..problem });
                return None;
            }
        };
        let (slots, unled) = if lens.is_empty() { self.alike() } else { self.steps(&lens)? };
        let astray = matches!(slots, Slots::Anew).then(|| self.astray(&lens, &old, &own)).flatten();
        if let Some(astray) = astray {
            self.problems.push(unled.unwrap_or(astray));
            return None;
        }
        // An operation over slots has a way back for every document, if it is given what it needs; and a field
        // that comes or goes needs one.
        let fields = || same_fields(&self.old.schema, &self.own.schema);
        let mendable = if lens.is_empty() { !fields() } else { lens.leads_through_slots() };
        Some(Edge { from: self.from.clone(), lens: Arc::new(lens), slots, unled, mendable })
    }

    /// Whether what does not compile is the same on both sides, and so is what checks it.
    fn same_checks(&self) -> bool {
        if !self.old.is_checked() && !self.own.is_checked() {
            return true;
        }
        let (old, own) = (self.json.0.get(self.from), self.json.1.get(self.event_type));
        old.zip(own).is_some_and(|(old, own)| same_schema(&old, &own))
    }

    /// Without a lens, the schemas are the same, or the documents of one have to be tried in the other.
    fn alike(&self) -> (Slots, Option<Problem>) {
        let Some((below, before, now)) = difference(&self.old.schema, &self.own.schema) else {
            return (if self.same_checks() { Slots::Same } else { Slots::Anew }, None);
        };
        let (parent, event_type) = (self.parent.no, self.event_type);
        let message = format!(
            "the schema of `{event_type}` is not {parent}'s ({before} became {now}), and no lens leads there"
        );
        let problem = Problem::new(format!("{}{below}", self.schema_place()), message);
        (Slots::Anew, Some(problem.help(format!("add the operations under `{}`", self.lens_place()))))
    }

    /// The fast way over slots, if the operations only take fields over and both ways are proven; else what
    /// stands against it.
    fn steps(&mut self, lens: &Lens) -> Option<(Slots, Option<Problem>)> {
        if !lens.leads_through_slots() || self.old.is_checked() || self.own.is_checked() {
            return Some((Slots::Anew, None));
        }
        let mut image = Image::of(&self.old.schema);
        let data = lens.ops().iter().enumerate().filter(|(_, op)| op.leads_through_slots());
        for (index, op) in data {
            if let Err(message) = image.apply(op, &self.own.schema) {
                self.problems.add(format!("{}/{index}", self.lens_place()), message);
                return None;
            }
        }
        let parent = self.parent.event(self.from.as_str())?;
        match image.lead(parent, self.shape) {
            Ok((up, down)) => {
                let broken_up = broken_promises(&up, parent, self.shape);
                let broken_down = broken_promises(&down, self.shape, parent);
                match self.promise(parent, &broken_up, &broken_down) {
                    None => Some((Slots::Steps { up, down }, None)),
                    unled => Some((Slots::Anew, unled)),
                }
            }
            Err(astray) => {
                let place = format!("{}{}", self.schema_place(), astray.pointer);
                Some((Slots::Anew, Some(Problem::new(place, astray.message))))
            }
        }
    }

    /// The first operation that does not find its place, on the way up or on the way down.
    fn astray(&self, lens: &Lens, old: &Value, own: &Value) -> Option<Problem> {
        [(Way::Up, old, own), (Way::Down, own, old)].into_iter().find_map(|(way, schema, to)| {
            let astray = lens.image(way, schema, to).err()?;
            let place = format!("{}{}", self.lens_place(), astray.pointer);
            let begins = match way {
                Way::Up => format!("the way up begins at {}'s schema of `{}`", self.parent.no, self.from),
                Way::Down => format!("the way down begins at this version's schema of `{}`", self.event_type),
            };
            Some(Problem::new(place, astray.message).help(begins))
        })
    }

    /// What a side requires and the lens cannot give for every event.
    fn promise(&self, parent: &EventShape, broken_up: &[u16], broken_down: &[u16]) -> Option<Problem> {
        let no = self.parent.no;
        let at =
            |shape: &EventShape, slot: u16| shape.at(slot).map_or(String::new(), |at| at.pointer.clone());
        if let Some(slot) = broken_up.first() {
            let field = at(self.shape, *slot);
            let message = format!("requires `{field}`, which the lens cannot give for every event of {no}");
            let help = "give the lens operation a `default`, or do not require the field";
            return Some(Problem::new(self.property_place(*slot), message).help(help));
        }
        let field = at(parent, *broken_down.first()?);
        let message = format!("{no} requires `{field}`, which the way back cannot give for every event");
        let help = format!("give `remove` a `default`, or require the field that leads to `{field}`");
        Some(Problem::new(self.lens_place(), message).help(help))
    }

    /// The place of a slot's schema in the document.
    fn property_place(&self, slot: u16) -> String {
        let mut keys: Vec<&str> = Vec::new();
        for at in self.shape.outwards(slot).filter_map(|slot| self.shape.at(slot)) {
            if at.parent.is_some() {
                keys.push(&at.key);
            }
        }
        let below = |place: String, key: &&str| pointer::child(&format!("{place}/properties"), key);
        keys.iter().rev().fold(self.schema_place(), below)
    }
}

/// Whether the two have the same fields, whatever stands in them.
fn same_fields(old: &Schema, own: &Schema) -> bool {
    match (old.members(), own.members()) {
        (Some(old), Some(own)) => {
            old.properties.keys().eq(own.properties.keys())
                && old
                    .properties
                    .values()
                    .zip(own.properties.values())
                    .all(|(a, b)| same_fields(&a.schema, &b.schema))
        }
        (None, None) => true,
        _ => false,
    }
}
