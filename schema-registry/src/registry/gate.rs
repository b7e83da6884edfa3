//! What a document must be to become a version: its parent is there, and each lens really leads from the
//! parent's schema to the document's own, in both directions.

use std::collections::BTreeMap;
use std::sync::Arc;

use selfsame_record::EventType;

use super::Registry;
use crate::document::{Document, EventSection, LensSection};
use crate::json::pointer;
use crate::lens::apply::Image;
use crate::lens::{Op, broken_promises};
use crate::problem::{Problem, Problems};
use crate::schema::difference;
use crate::shape::EventShape;
use crate::version::{ContentId, Edge, Version};

pub(super) fn check(registry: &Registry, document: &Document) -> Result<Version, Vec<Problem>> {
    let parent = find_parent(registry, document).map_err(|problem| vec![problem])?;
    let mut problems = Problems::default();
    for event_type in document.lenses().keys() {
        if parent.is_none_or(|parent| parent.event(event_type.as_str()).is_none()) {
            let whose = parent.map_or_else(
                || "the first version has no parent".to_owned(),
                |parent| format!("{} has no event type `{event_type}`", parent.no),
            );
            let place = pointer::child("/lenses", event_type.as_str());
            problems.push(Problem::new(place, whose).help("leave this lens out"));
        }
    }
    let shapes: BTreeMap<EventType, Arc<EventShape>> = document
        .events()
        .iter()
        .map(|(event_type, section)| (event_type.clone(), Arc::new(section.shape())))
        .collect();
    let mut edges = BTreeMap::new();
    for (event_type, shape) in &shapes {
        let own = document.events().get(event_type);
        let old = parent.and_then(|parent| Some((parent, parent.document.events().get(event_type)?)));
        let (Some(own), Some((parent, old))) = (own, old) else { continue };
        let lens = document.lenses().get(event_type);
        let mut check = TypeCheck { event_type, parent, old, own, shape, problems: &mut problems };
        if let Some(edge) = check.edge(lens) {
            edges.insert(event_type.clone(), edge);
        }
    }
    let id = ContentId::of(document, parent.map(|parent| parent.id));
    let (no, parent) = (registry.next_no(), parent.map(|parent| parent.no));
    problems.or(Version { no, id, parent, document: document.clone(), shapes, edges })
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
    parent: &'a Version,
    old: &'a EventSection,
    own: &'a EventSection,
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

    fn edge(&mut self, lens: Option<&LensSection>) -> Option<Edge> {
        let ops = lens.map_or(&[][..], |lens| lens.ops.as_slice());
        if !ops.is_empty() {
            return self.lens(ops);
        }
        match difference(&self.old.schema, &self.own.schema) {
            None => Some(Edge::Same),
            Some((below, before, now)) => {
                let (parent, event_type) = (self.parent.no, self.event_type);
                let message = format!(
                    "the schema of `{event_type}` is not {parent}'s ({before} became {now}), and no lens leads there"
                );
                let problem = Problem::new(format!("{}{below}", self.schema_place()), message);
                self.problems.push(problem.help(format!("add the operations under `{}`", self.lens_place())));
                None
            }
        }
    }

    fn lens(&mut self, ops: &[Op]) -> Option<Edge> {
        if let Some(index) = ops.iter().position(|op| !op.leads_through_slots()) {
            let message = "the operation is read, but not led through slots";
            let problem = Problem::new(format!("{}/{index}", self.lens_place()), message);
            self.problems.push(problem.help("use add, remove, rename and move"));
            return None;
        }
        let mut image = Image::of(&self.old.schema);
        for (index, op) in ops.iter().enumerate() {
            if let Err(message) = image.apply(op, &self.own.schema) {
                self.problems.add(format!("{}/{index}", self.lens_place()), message);
                return None;
            }
        }
        let parent = self.parent.event(self.event_type.as_str())?;
        match image.lead(parent, self.shape) {
            Ok((up, down)) => {
                let broken_up = broken_promises(&up, parent, self.shape);
                let broken_down = broken_promises(&down, self.shape, parent);
                self.promises(parent, &broken_up, &broken_down);
                let fine = broken_up.is_empty() && broken_down.is_empty();
                let ops = ops.iter().map(|op| (op.forward(), op.backward())).collect();
                fine.then_some(Edge::Lens { up, down, ops })
            }
            Err(astray) => {
                self.problems.add(format!("{}{}", self.schema_place(), astray.pointer), astray.message);
                None
            }
        }
    }

    /// Reports what a side requires and the lens cannot give.
    fn promises(&mut self, parent: &EventShape, broken_up: &[u16], broken_down: &[u16]) {
        let no = self.parent.no;
        let at =
            |shape: &EventShape, slot: u16| shape.at(slot).map_or(String::new(), |at| at.pointer.clone());
        for slot in broken_up {
            let field = at(self.shape, *slot);
            let message = format!("requires `{field}`, which the lens cannot give for every event of {no}");
            let help = "give the lens operation a `default`, or do not require the field";
            self.problems.push(Problem::new(self.property_place(*slot), message).help(help));
        }
        for slot in broken_down {
            let field = at(parent, *slot);
            let message = format!("{no} requires `{field}`, which the way back cannot give for every event");
            let help = format!("give `remove` a `default`, or require the field that leads to `{field}`");
            self.problems.push(Problem::new(self.lens_place(), message).help(help));
        }
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
