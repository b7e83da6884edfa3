//! Members that went from one object and came in another of the same scope, and the order of the operations
//! of a scope.
//!
//! A whole member may have moved, or its members may have: an object that came is nested from fields that
//! went, and one that went is flattened into fields that came. The two ends of a move have the same words in
//! their paths (`given_name` and `/name/given`), or the same last key.

mod ends;
mod hosts;
mod pairs;
mod texts;

use std::collections::BTreeSet;

use super::found::{Found, text};
use super::member::{LEFT_OUT, kept, relaxed};
use super::walk::{Walk, Way};
use crate::compat::CompatError;
use ends::{Lone, ends};

/// The operations of one scope, with a move for each removal and addition that look like one, in the order
/// in which they can be applied: what makes room, then the moves, then the additions.
pub(super) fn settled<'a>(
    walk: &mut Walk<'a, '_>,
    found: Vec<Found<'a>>,
) -> Result<Vec<Found<'a>>, CompatError> {
    let (gone, came) = (ends(walk.old, &found, "remove", "add")?, ends(walk.new, &found, "add", "remove")?);
    let mut moves = Vec::new();
    let mut moved = Vec::new();
    for (from, to, sure) in pairs::of(&gone, &came) {
        if let Some(ops) = between(walk, from, to, sure)? {
            moves.extend(ops);
            moved.push((from, to, sure));
        }
    }
    let given = hosts::given_to(walk, &gone, &came, &moved)?;
    let (from, to): (Vec<&Lone<'a>>, Vec<&Lone<'a>>) = moved.iter().map(|(from, to, _)| (*from, *to)).unzip();
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for one in found {
        match one.name {
            "remove" => before.extend(ends::left(walk.old, one, &from)?),
            "add" => after.extend(ends::left(walk.new, one, &to)?),
            _ => before.push(one),
        }
    }
    texts::cut(walk, &mut before, &mut moves, &mut after)?;
    Ok(once([before, moves, after, given].concat()))
}

/// The move, and what changes on it; none if nothing leads from the one to the other.
fn between<'a>(
    walk: &mut Walk<'a, '_>,
    from: &Lone<'a>,
    to: &Lone<'a>,
    sure: pairs::Sure,
) -> Result<Option<Vec<Found<'a>>>, CompatError> {
    let Way::By(inner) = walk.pair(&from.end.schemas, &to.end.schemas)? else { return Ok(None) };
    let why = match sure {
        pairs::Sure::Words => "the same words and the same shape",
        pairs::Sure::Key => "the same key and the same shape",
    };
    let reason = format!("`{}` went and `{}` came, with {why}", text(&from.at), text(&to.at));
    let confidence = match (sure, from.end.required == to.end.required) {
        (pairs::Sure::Words, true) => 80,
        (pairs::Sure::Key, true) => 75,
        (_, false) => 65,
    };
    let moved = Found { confidence, reason, ..Found::path("move", from.at.clone(), to.at.clone()) };
    let Some((key, above)) = to.at.split_last() else { return Ok(None) };
    let old = ends::End { required: from.always, ..from.end.clone() };
    let mut ops = kept(walk, key, &old, &to.end, inner)?;
    if from.end.required && !from.always && !to.end.required {
        ops.push(relaxed(walk, key, &from.end.place, LEFT_OUT)?);
    }
    for host in above.iter().rev() {
        ops = ops.into_iter().map(|op| op.below(host)).collect();
    }
    Ok(Some([vec![moved], ops].concat()))
}

/// The operations without those that say again what one before them says, or take a place that is taken.
fn once(found: Vec<Found<'_>>) -> Vec<Found<'_>> {
    let (mut put, mut taken, mut said) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    let mut kept = Vec::new();
    for one in found {
        let ends = match (one.name, &one.to) {
            ("remove", _) => (Some(one.at.clone()), None),
            ("add", _) => (None, Some(one.at.clone())),
            ("rename" | "move", Some(to)) => (Some(one.at.clone()), Some(to.clone())),
            _ => (None, None),
        };
        let again = ends.0.as_ref().is_some_and(|at| taken.contains(at))
            || ends.1.as_ref().is_some_and(|at| put.contains(at))
            || (ends == (None, None)
                && said.contains(&(one.name, one.at.clone(), one.rest.clone(), one.lens.len())));
        if again {
            continue;
        }
        match &ends {
            (None, None) => said.push((one.name, one.at.clone(), one.rest.clone(), one.lens.len())),
            (from, to) => {
                for at in from.iter() {
                    put.remove(at);
                    taken.insert(at.clone());
                }
                for at in to.iter() {
                    taken.remove(at);
                    put.insert(at.clone());
                }
            }
        }
        kept.push(one);
    }
    kept
}
