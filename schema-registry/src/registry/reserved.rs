//! Fields that were removed or renamed stay reserved with their type: a name never comes back as something
//! else, or an old producer that still sends it would be read as what it did not say.

use std::collections::BTreeMap;
use std::sync::Arc;

use selfsame_record::{EventType, VersionNo};

use super::Registry;
use crate::json::pointer;
use crate::lens::Op;
use crate::problem::{Problem, Problems};
use crate::shape::{EventShape, SlotKind};
use crate::version::{Edge, Version};

/// Refuses fields whose name an earlier version of the type had for another kind of value.
pub(super) fn check(
    registry: &Registry,
    parent: Option<&Version>,
    edges: &BTreeMap<EventType, Edge>,
    shapes: &BTreeMap<EventType, Arc<EventShape>>,
    problems: &mut Problems,
) {
    let Some(parent) = parent else { return };
    for (event_type, edge) in edges {
        let (Some(own), Some(before)) = (shapes.get(event_type), parent.event(edge.from.as_str())) else {
            continue;
        };
        for (field, kind, no) in removed(registry, parent, &edge.from) {
            let Some(now) = own.slot(&field).and_then(|slot| own.at(slot)) else { continue };
            if before.slot(&field).is_some() || same(now.kind, kind) {
                continue;
            }
            let place = pointer::child("/events", event_type.as_str());
            let message = format!("the field `{field}` is reserved: {no} has it with another type");
            let help = "choose another name for the new field, or the type that it had";
            problems.push(Problem::new(place, message).help(help));
        }
    }
}

/// The fields that the lenses of the lineage took away, with what they held and the last version with them.
fn removed(
    registry: &Registry,
    parent: &Version,
    event_type: &EventType,
) -> Vec<(String, SlotKind, VersionNo)> {
    let mut fields = Vec::new();
    let mut name = event_type.clone();
    let lineage = registry.lineage(parent.no);
    for (child, older) in lineage.iter().zip(lineage.iter().skip(1)) {
        let Some(edge) = child.edge(name.as_str()) else { break };
        let Some(shape) = older.event(edge.from.as_str()) else { break };
        for op in edge.lens.ops() {
            let (Op::Remove { at: from, .. } | Op::Rename { from, .. } | Op::Move { from, .. }) = op else {
                continue;
            };
            let field = from.to_string();
            if let Some(at) = shape.slot(&field).and_then(|slot| shape.at(slot)) {
                fields.push((field, at.kind, older.no));
            }
        }
        name = edge.from.clone();
    }
    fields
}

/// Whether a field may come back as that kind; what a date says is still a string.
fn same(now: SlotKind, before: SlotKind) -> bool {
    std::mem::discriminant(&now) == std::mem::discriminant(&before) || before == SlotKind::Any
}
