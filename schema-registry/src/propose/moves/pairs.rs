//! Which end that went and which that came are one.

use std::collections::{BTreeMap, BTreeSet};

use super::super::similar;
use super::ends::Lone;

/// What two places with the same words must reach to look like one that was moved, in percent.
const WORDS_SHAPE_MIN: u32 = 80;
/// The same for places that only have the same key.
const KEY_SHAPE_MIN: u32 = 95;

/// What speaks for a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sure {
    /// The paths have the same words: `given_name` and `/name/given`.
    Words,
    /// The last keys are the same.
    Key,
}

/// A pair by its indexes, the likeliest lowest.
type Ranked = (Sure, usize, u32, usize, usize);

/// The pairs that look like moves, each end in one of them at most.
pub(super) fn of<'l, 'a>(
    gone: &'l [Lone<'a>],
    came: &'l [Lone<'a>],
) -> Vec<(&'l Lone<'a>, &'l Lone<'a>, Sure)> {
    let mut ranked = by(gone, came, Sure::Words);
    let keys = by(gone, came, Sure::Key);
    ranked.extend(keys.into_iter().filter(|pair| nested(gone, came, pair)));
    ranked.sort_unstable();
    // Two that fit equally well are a guess.
    let rival = |a: &Ranked, b: &Ranked| (a.0, a.1, a.2) == (b.0, b.1, b.2) && ((a.3 == b.3) != (a.4 == b.4));
    let alone: Vec<&Ranked> = ranked.iter().filter(|a| !ranked.iter().any(|b| rival(a, b))).collect();
    let (mut from, mut to): (Vec<&Lone<'a>>, Vec<&Lone<'a>>) = (Vec::new(), Vec::new());
    let mut pairs = Vec::new();
    for (sure, _, _, n, m) in alone {
        let (Some(a), Some(b)) = (gone.get(*n), came.get(*m)) else { continue };
        if from.iter().any(|other| inside(&other.at, &a.at))
            || to.iter().any(|other| inside(&other.at, &b.at))
        {
            continue;
        }
        from.push(a);
        to.push(b);
        pairs.push((a, b, *sure));
    }
    // In the order of the new schema.
    pairs.sort_by(|a, b| a.1.at.cmp(&b.1.at));
    pairs
}

fn by(gone: &[Lone<'_>], came: &[Lone<'_>], sure: Sure) -> Vec<Ranked> {
    let mut places: BTreeMap<BTreeSet<String>, Vec<usize>> = BTreeMap::new();
    for (m, to) in came.iter().enumerate() {
        places.entry(name(&to.at, sure)).or_default().push(m);
    }
    let least = if sure == Sure::Words { WORDS_SHAPE_MIN } else { KEY_SHAPE_MIN };
    let mut ranked = Vec::new();
    for (n, from) in gone.iter().enumerate() {
        for m in places.get(&name(&from.at, sure)).into_iter().flatten() {
            let Some(to) = came.get(*m).filter(|to| !inside(&from.at, &to.at)) else { continue };
            // Of two objects of which one went and one came, the members stay where they are.
            if from.depth > 0 && to.depth > 0 {
                continue;
            }
            let shape = similar::shapes(&from.end.place, &to.end.place);
            if shape >= least {
                ranked.push((sure, from.depth + to.depth, u32::MAX - shape, n, *m));
            }
        }
    }
    ranked
}

/// The words by which places are found.
fn name(at: &[String], sure: Sure) -> BTreeSet<String> {
    match sure {
        Sure::Words => at.iter().flat_map(|key| similar::words(key)).collect(),
        Sure::Key => at.last().into_iter().flat_map(|key| similar::words(key)).collect(),
    }
}

/// Whether a pair with the same key speaks for itself: a field that many objects have says little about
/// where it went, and a member of an object that came is one that went if half of that object's are.
fn nested(gone: &[Lone<'_>], came: &[Lone<'_>], pair: &Ranked) -> bool {
    let (Some(from), Some(to)) = (gone.get(pair.3), came.get(pair.4)) else { return false };
    let same = |lone: &&Lone<'_>, at: &[String]| name(&lone.at, Sure::Key) == name(at, Sure::Key);
    let rivals = gone.iter().filter(|one| same(one, &from.at)).count()
        + came.iter().filter(|one| same(one, &from.at)).count();
    if rivals != 2 {
        return false;
    }
    let (whole, part, others) = match (from.depth, to.depth) {
        (0, 0) => return true,
        (0, _) => (from, to, gone),
        _ => (to, from, came),
    };
    let sides = if from.depth == 0 { came } else { gone };
    let beside = |one: &&Lone<'_>| one.at.split_last().map(|x| x.1) == part.at.split_last().map(|x| x.1);
    let around = |one: &&Lone<'_>| {
        one.depth == 0 && one.at.split_last().map(|x| x.1) == whole.at.split_last().map(|x| x.1)
    };
    let matched = sides.iter().filter(beside).filter(|one| {
        others.iter().filter(around).any(|other| {
            same(&other, &one.at) && similar::shapes(&other.end.place, &one.end.place) >= KEY_SHAPE_MIN
        })
    });
    matched.count() * 2 >= part.beside
}

/// Whether one place lies within the other.
fn inside(a: &[String], b: &[String]) -> bool {
    a.starts_with(b) || b.starts_with(a)
}
