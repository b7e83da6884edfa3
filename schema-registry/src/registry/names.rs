//! What the event types of a parent are called in a version: the same, unless a lens renames them.
//!
//! A type's name stays with it. A name that a type of the lineage has had is free again only for the same
//! schema, so that old events never mean something else under a known name.

use std::collections::BTreeMap;

use selfsame_record::EventType;

use super::Registry;
use crate::document::Document;
use crate::json::pointer;
use crate::lens::Op;
use crate::problem::{Problem, Problems};
use crate::schema::difference;
use crate::version::Version;

/// The parent's types that go on, with their names in the document.
pub(super) fn check(
    registry: &Registry,
    parent: Option<&Version>,
    document: &Document,
    problems: &mut Problems,
) -> BTreeMap<EventType, EventType> {
    let mut names = BTreeMap::new();
    let Some(parent) = parent else {
        for event_type in document.lenses().keys() {
            let place = pointer::child("/lenses", event_type.as_str());
            problems.push(Problem::new(place, "the first version has no parent").help("leave this lens out"));
        }
        return names;
    };
    for event_type in document.events().keys() {
        let from = came_from(document, event_type).unwrap_or(event_type);
        let lens = document.lenses().contains_key(event_type);
        if parent.event(from.as_str()).is_none() {
            if lens {
                let place = pointer::child("/lenses", event_type.as_str());
                let message = format!("{} has no event type `{from}`", parent.no);
                problems.push(Problem::new(place, message).help("leave this lens out"));
            }
        } else if from != event_type && parent.event(event_type.as_str()).is_some() {
            let message =
                format!("{} has both `{from}` and `{event_type}`: two types cannot become one", parent.no);
            let help = "give the type a name that is free, and retire the other one";
            problems.push(Problem::new(retype_place(event_type), message).help(help));
        } else if let Some(other) = names.insert(from.clone(), event_type.clone()) {
            let message = format!("`{from}` becomes `{other}` too: one type cannot become two");
            let help = "let one of them begin anew, without a lens";
            problems.push(Problem::new(retype_place(event_type), message).help(help));
        }
    }
    for event_type in document.events().keys().filter(|t| !names.values().any(|name| name == *t)) {
        free(registry, parent, document, event_type, problems);
    }
    names
}

/// The parent's name for a type that its lens renames.
fn came_from<'a>(document: &'a Document, event_type: &EventType) -> Option<&'a EventType> {
    match document.lenses().get(event_type)?.ops.first()? {
        Op::Retype { from, .. } => Some(from),
        _ => None,
    }
}

fn retype_place(event_type: &EventType) -> String {
    format!("{}/0/retype", pointer::child("/lenses", event_type.as_str()))
}

/// Refuses a name that an earlier type of the lineage has, unless it means the same again.
fn free(
    registry: &Registry,
    parent: &Version,
    document: &Document,
    event_type: &EventType,
    problems: &mut Problems,
) {
    let Some(own) = document.events().get(event_type) else { return };
    let lineage = registry.lineage(parent.no);
    let had =
        lineage.iter().find_map(|version| Some((version.no, version.document.events().get(event_type)?)));
    let Some((no, had)) = had.filter(|(_, had)| difference(&had.schema, &own.schema).is_some()) else {
        return;
    };
    let _ = had;
    let place = pointer::child("/events", event_type.as_str());
    let message = format!("the name `{event_type}` is reserved: {no} has it for events of another schema");
    let help = format!("choose another name, or the schema that it has in {no}");
    problems.push(Problem::new(place, message).help(help));
}
