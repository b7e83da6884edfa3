//! Members that went from one object and came in another of the same scope.

use super::found::{Found, text};
use super::member::given;
use super::sample::sample;
use super::similar;
use super::walk::Walk;
use crate::compat::CompatError;

/// What two places must reach to look like one that was moved, in percent.
const SHAPE_MIN: u32 = 95;
/// Removals, and additions, of one scope that are compared with each other.
const MOVE_ENDS_MAX: usize = 64;

/// The operations of one scope, with a move for each removal and addition that look like one.
pub(super) fn settled<'a>(
    walk: &Walk<'a, '_>,
    mut found: Vec<Found<'a>>,
) -> Result<Vec<Found<'a>>, CompatError> {
    let ends = |name| found.iter().filter(|f| f.name == name).count();
    if ends("remove") > MOVE_ENDS_MAX || ends("add") > MOVE_ENDS_MAX {
        return Ok(found);
    }
    let mut pairs = pairs(&found);
    pairs.sort_unstable();
    let (mut taken, mut moves) = (Vec::new(), Vec::new());
    for (_, removed, added) in pairs {
        if taken.contains(&removed) || taken.contains(&added) {
            continue;
        }
        taken.extend([removed, added]);
        if let (Some(from), Some(to)) = (found.get(removed), found.get(added)) {
            moves.push((added, between(walk, from, to)?));
        }
    }
    for (added, ops) in moves {
        // The move stands where the addition stood: after everything that makes room for it.
        if let Some(place) = found.get_mut(added) {
            let at = std::mem::take(&mut place.at);
            *place = Found { lens: ops, at, ..Found::new("", &[], 0, "") };
        }
    }
    let kept = found.into_iter().enumerate().filter(|(n, f)| f.name.is_empty() || !taken.contains(n));
    Ok(kept.flat_map(|(_, f)| if f.name.is_empty() { f.lens } else { vec![f] }).collect())
}

/// The removals and additions that look like one move, as their places in the list, the likeliest lowest.
fn pairs(found: &[Found<'_>]) -> Vec<(u32, usize, usize)> {
    let of = |name| found.iter().enumerate().filter(move |(_, f)| f.name == name);
    let mut pairs = Vec::new();
    for (n, from) in of("remove") {
        for (m, to) in of("add") {
            let (Some(a), Some(b)) = (&from.end, &to.end) else { continue };
            let same = from.at.last() == to.at.last() && from.at != to.at;
            let shape = if same { similar::shapes(&a.place, &b.place) } else { 0 };
            // A field that many objects have says little about where it went.
            let rivals = of("add").filter(|(_, other)| other.at.last() == to.at.last()).count();
            let rivals = rivals + of("remove").filter(|(_, other)| other.at.last() == from.at.last()).count();
            if shape >= SHAPE_MIN && rivals == 2 && !inside(&from.at, &to.at) {
                pairs.push((u32::MAX - shape, n, m));
            }
        }
    }
    pairs
}

/// Whether one place lies within the other.
fn inside(a: &[String], b: &[String]) -> bool {
    a.starts_with(b) || b.starts_with(a)
}

/// The move, and a default on each side that may then lack what it requires.
fn between<'a>(walk: &Walk<'a, '_>, from: &Found<'a>, to: &Found<'a>) -> Result<Vec<Found<'a>>, CompatError> {
    let (Some(a), Some(b)) = (&from.end, &to.end) else { return Ok(Vec::new()) };
    let reason = format!(
        "`{}` went and `{}` came, with the same key and the same shape",
        text(&from.at),
        text(&to.at)
    );
    let confidence = if a.required == b.required { 75 } else { 65 };
    let moved = Found { confidence, reason, ..Found::path("move", from.at.clone(), to.at.clone()) };
    let keys: Vec<&str> = to.at.iter().map(String::as_str).collect();
    let mut ops = vec![moved];
    if b.required && !a.required {
        let require = Found::new("require", &keys, 90, format!("`{}` is required", text(&to.at)));
        ops.push(given(require, sample(walk.new, &b.place)?, "where it is left out"));
    }
    if a.required && !b.required {
        let relax = Found::new("relax", &keys, 90, format!("`{}` is not required", text(&to.at)));
        ops.push(given(relax, sample(walk.old, &a.place)?, "where it is left out"));
    }
    Ok(ops)
}
