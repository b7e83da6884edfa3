//! Which places the operations of a lens change.

use super::Op;
use crate::json::pointer::Pointer;

/// A place that one of the operations changes and that is `at`, lies around it or lies within it.
pub(super) fn touched(ops: &[Op], at: &Pointer) -> Option<Pointer> {
    let mut places = Vec::new();
    ops.iter().for_each(|op| places_of(op, &[], &mut places));
    let overlaps = |place: &&Pointer| {
        let (place, at) = (place.tokens(), at.tokens());
        place.starts_with(at) || at.starts_with(place)
    };
    places.iter().find(overlaps).cloned()
}

/// Adds the places that the operation changes. What lies within a `map` counts as the whole of it.
fn places_of(op: &Op, scope: &[String], places: &mut Vec<Pointer>) {
    let mut add = |at: &Pointer| places.push(Pointer::of([scope, at.tokens()].concat()));
    match op {
        Op::Add { at, .. }
        | Op::Remove { at, .. }
        | Op::Convert { at, .. }
        | Op::Cast { at, .. }
        | Op::Scale { at, .. }
        | Op::Nullable { at, .. }
        | Op::Require { at, .. }
        | Op::Relax { at, .. }
        | Op::Wrap { at }
        | Op::Unwrap { at, .. }
        | Op::Map { at, .. }
        | Op::Derive { at, .. } => add(at),
        Op::Rename { from, to } | Op::Move { from, to } => [from, to].into_iter().for_each(add),
        Op::Split { from, to, .. } => to.iter().chain([from]).for_each(add),
        Op::Join { from, to, .. } => from.iter().chain([to]).for_each(add),
        Op::In { at, lens } => {
            let scope = [scope, at.tokens()].concat();
            lens.iter().for_each(|op| places_of(op, &scope, places));
        }
        Op::When { lens, .. } => lens.iter().for_each(|op| places_of(op, scope, places)),
        Op::Retype { .. } => {}
    }
}
