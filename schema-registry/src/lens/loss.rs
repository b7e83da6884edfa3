//! What an operation can lose, each way.
//!
//! A way is
//!
//! - *exact* if an event that goes that way and comes back is the same JSON value again, or cannot go at all
//!   and fails by name;
//! - *residue* if something is not in the converted event, but the source is known to have it, as a removed
//!   field: who holds the source can put it back;
//! - *lossy* if a field has no place to be kept: several values become one (rounding, a table that leads two
//!   values to one, the tail of an array, a string that is not printed as it was).
//!
//! Numbers are compared by value, so `1.0` for `1` is no loss; of `"1.0"` for `"1"` it is one. What an
//! operation overwrites since a schema did not know the key does not count: every lens takes that.
//!
//! The worst operation decides for a lens. Fields are named in the scope of the whole lens, with `*` for the
//! elements of a `map`. Every operation has a way back; what has none, one event type that becomes several,
//! is no operation.

#[cfg(test)]
mod tests;

use serde_json::Value;

use super::op::{Op, Otherwise, Round, Scalar, Table};
use super::run::Way;
use super::run::side::{Scope, Side};
use crate::json::pointer::Pointer;
use crate::json::tree::Node;

/// What can be lost on one way. The fields are JSON Pointers, in the order of the operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Nothing.
    Exact,
    /// These fields, if the source is not at hand.
    Residue(Vec<String>),
    /// These fields.
    Lossy(Vec<String>),
}

impl Loss {
    /// The worse of the two; the fields of both, if they are alike.
    fn and(self, other: Loss) -> Loss {
        match (self, other) {
            (Loss::Exact, other) | (other, Loss::Exact) => other,
            (Loss::Lossy(a), Loss::Lossy(b)) => Loss::Lossy(join(a, b)),
            (Loss::Residue(a), Loss::Residue(b)) => Loss::Residue(join(a, b)),
            (Loss::Lossy(fields), Loss::Residue(_)) | (Loss::Residue(_), Loss::Lossy(fields)) => {
                Loss::Lossy(fields)
            }
        }
    }

    fn below(self, host: &str) -> Loss {
        let below = |fields: Vec<String>| fields.into_iter().map(|field| format!("{host}{field}")).collect();
        match self {
            Loss::Exact => Loss::Exact,
            Loss::Residue(fields) => Loss::Residue(below(fields)),
            Loss::Lossy(fields) => Loss::Lossy(below(fields)),
        }
    }
}

fn join(mut fields: Vec<String>, more: Vec<String>) -> Vec<String> {
    let new: Vec<String> = more.into_iter().filter(|field| !fields.contains(field)).collect();
    fields.extend(new);
    fields
}

/// What a lens between these sides can lose, on the way up and on the way down.
pub(crate) fn losses(ops: &[Op], below: &dyn Side, above: &dyn Side) -> (Loss, Loss) {
    let scope = Scope { below, above, ops, index: 0, outer: None };
    (list(&scope, Way::Up), list(&scope, Way::Down))
}

fn list(scope: &Scope<'_>, way: Way) -> Loss {
    let each = scope.ops.iter().enumerate();
    each.fold(Loss::Exact, |loss, (index, op)| loss.and(one(op, &Scope { index, ..*scope }, way)))
}

/// What the operation at the scope's index can lose that way.
fn one(op: &Op, scope: &Scope<'_>, way: Way) -> Loss {
    let up = way == Way::Up;
    let nested = |lens| list(&Scope { ops: lens, index: 0, outer: Some(scope), ..*scope }, way);
    let residue =
        |at: &Pointer, if_so: bool| if if_so { Loss::Residue(vec![at.to_string()]) } else { Loss::Exact };
    let lossy =
        |at: &Pointer, if_so: bool| if if_so { Loss::Lossy(vec![at.to_string()]) } else { Loss::Exact };
    match op {
        Op::Add { at, .. } | Op::Derive { at, .. } | Op::Nullable { at, .. } => residue(at, !up),
        Op::Relax { at, default } => residue(at, !up && default.is_some()),
        Op::Remove { at, .. } | Op::Require { at, .. } => residue(at, up),
        Op::Rename { from, to } | Op::Move { from, to } => {
            let (from, to) = if up { (from, to) } else { (to, from) };
            path(from, &[to], scope, way)
        }
        Op::Convert { at, up: there, down: back, otherwise } => {
            let (there, back) = if up { (there, back) } else { (back, there) };
            lossy(at, !comes_back(there, back, otherwise))
        }
        Op::Cast { at, from, to } => {
            lossy(at, if up { cast_is_lossy(*from, *to) } else { cast_is_lossy(*to, *from) })
        }
        Op::Scale { at, num, den, round } => {
            let (num, den) = if up { (*num, *den) } else { (*den, *num) };
            let (whole, was_whole) = (scope.at(at, way).whole, scope.at(at, way.back()).whole);
            let finite = is_finite(num, den, whole) && (was_whole || !whole);
            lossy(at, *round != Round::Fail && !finite)
        }
        Op::Wrap { at } => lossy(at, !up),
        Op::Unwrap { at, .. } => lossy(at, up),
        Op::In { at, lens } => nested(lens).below(&at.to_string()),
        Op::Map { at, lens } => nested(lens).below(&format!("{at}/*")),
        Op::When { lens, .. } => nested(lens),
        Op::Retype { .. } => Loss::Exact,
        Op::Split { from: whole, to: parts, .. } | Op::Join { from: parts, to: whole, .. } => {
            if matches!(op, Op::Split { .. }) == up {
                path(whole, &parts.iter().collect::<Vec<_>>(), scope, way)
            } else {
                Loss::Lossy(parts.iter().map(ToString::to_string).collect())
            }
        }
    }
}

/// What a field loses that goes elsewhere: of the objects that it leaves and that are unmade, whether they
/// were `{}`, null or absent; of those that it comes to and that stay on the way back, whether they were there;
/// and of an object around it that it takes the place of, everything else.
fn path(from: &Pointer, to: &[&Pointer], scope: &Scope<'_>, way: Way) -> Loss {
    let mut lost: Vec<String> = Vec::new();
    for host in from.hosts() {
        let unmade = !scope.at(&host, way).known && !scope.at(&host, way.back()).filled;
        if unmade || to.iter().any(|to| **to == host) {
            lost.push(host.to_string());
        }
    }
    for host in to.iter().flat_map(|to| to.hosts()).filter(|host| host != from) {
        let before = scope.at(&host, way.back());
        if before.known && !before.always {
            lost = join(lost, vec![host.to_string()]);
        }
    }
    if lost.is_empty() { Loss::Exact } else { Loss::Residue(lost) }
}

/// Whether every value that the first table takes is the same again after the second one.
fn comes_back(there: &Table, back: &Table, otherwise: &Otherwise) -> bool {
    let rest = |value: &Value| match otherwise {
        Otherwise::Fail => None,
        Otherwise::Keep => Some(value.clone()),
        Otherwise::Value(given) => Some(given.clone()),
    };
    let through = |table: &Table, value: &Value| table.get(value).cloned().or_else(|| rest(value));
    let same = |a: &Value, b: &Value| Node::from_value(a).same(&Node::from_value(b));
    let comes_back = |value: &Value| {
        let Some(there) = through(there, value) else { return true };
        through(back, &there).is_some_and(|again| same(&again, value))
    };
    let listed = there.pairs().iter().chain(back.pairs()).all(|(from, _)| comes_back(from));
    listed && !matches!(otherwise, Otherwise::Value(_))
}

/// Whether values of the first type are printed otherwise when they come back from the second one.
fn cast_is_lossy(from: Scalar, to: Scalar) -> bool {
    matches!(
        (from, to),
        (Scalar::String, Scalar::Integer | Scalar::Number) | (Scalar::DateTime, Scalar::Integer)
    )
}

/// Whether every product with the fraction has an end and, if it must, no fraction.
fn is_finite(num: i64, den: i64, whole: bool) -> bool {
    let (mut a, mut b) = (num.unsigned_abs(), den.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    let mut left = den.unsigned_abs() / a.max(1);
    for factor in [2, 5] {
        while !whole && left.is_multiple_of(factor) && left > 0 {
            left /= factor;
        }
    }
    left == 1
}
