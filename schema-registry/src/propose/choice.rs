//! Places where one of several schemas holds.
//!
//! Branches that a member tells apart (by a value of its own in each) are paired by that value and reached
//! with `when`. Other branches are paired by what they look like; an operation is proposed there if every
//! pair needs it, or if it does nothing to documents of the other branches.

use std::collections::BTreeSet;

use serde_json::Value;

use super::found::Found;
use super::place::Place;
use super::similar;
use super::walk::{Walk, Way};
use crate::compat::CompatError;

/// Branches of one choice that are paired.
const BRANCHES_MAX: usize = 64;

/// What leads from one choice to another, or to or from a place that is none.
pub(super) fn between<'a>(
    walk: &mut Walk<'a, '_>,
    old: &Place<'a>,
    new: &Place<'a>,
) -> Result<Way<'a>, CompatError> {
    let mut found = Vec::new();
    if !old.branches.is_empty() && !new.branches.is_empty() {
        let bare = |place: &Place<'a>| Place { branches: Vec::new(), ..place.clone() };
        if let Way::By(common) = walk.places(&bare(old), &bare(new))? {
            found.extend(common.into_iter().filter(|f| f.name != "convert"));
        }
    }
    let (from, to) = (branches(old), branches(new));
    if from.len() > BRANCHES_MAX || to.len() > BRANCHES_MAX {
        return Ok(Way::By(found));
    }
    match tag(walk, &from, &to)? {
        Some(tag) => found.extend(tagged(walk, tag, &from, &to)?),
        None => found.extend(untagged(walk, &from, &to)?),
    }
    Ok(Way::By(found))
}

fn branches<'a>(place: &Place<'a>) -> Vec<Place<'a>> {
    if place.branches.is_empty() { vec![place.clone()] } else { place.branches.clone() }
}

/// The member whose value tells the branches apart on both sides.
fn tag<'a>(
    walk: &Walk<'a, '_>,
    old: &[Place<'a>],
    new: &[Place<'a>],
) -> Result<Option<&'a str>, CompatError> {
    if old.len() < 2 || new.len() < 2 {
        return Ok(None);
    }
    let Some(first) = old.first() else { return Ok(None) };
    for key in first.required() {
        let mut apart = true;
        for (source, places) in [(walk.old, old), (walk.new, new)] {
            let mut values = Vec::new();
            for place in places {
                let value = constant(source, place, key)?;
                apart &= value.as_ref().is_some_and(|value| !values.contains(value));
                values.extend(value);
            }
        }
        if apart {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

/// The one value that a required member may have.
fn constant<'a>(
    source: &crate::compat::source::Source<'a>,
    place: &Place<'a>,
    key: &str,
) -> Result<Option<Value>, CompatError> {
    let Some(schemas) = place.properties().remove(key).filter(|_| place.required().contains(key)) else {
        return Ok(None);
    };
    let member = Place::of(source, &schemas)?;
    Ok(match member.listed().as_deref() {
        Some([only]) if !member.null => Some((*only).clone()),
        _ => None,
    })
}

fn tagged<'a>(
    walk: &mut Walk<'a, '_>,
    tag: &str,
    old: &[Place<'a>],
    new: &[Place<'a>],
) -> Result<Vec<Found<'a>>, CompatError> {
    let mut found = Vec::new();
    for from in old {
        let value = constant(walk.old, from, tag)?;
        for to in new {
            if value.is_none() || constant(walk.new, to, tag)? != value {
                continue;
            }
            let Way::By(inner) = walk.places(from, to)? else { continue };
            let inner: Vec<Found<'a>> = inner.into_iter().filter(|f| !f.at.is_empty()).collect();
            if !inner.is_empty() {
                let when = Found::scope("when", &[tag], inner);
                found.push(when.with("equals", value.clone().unwrap_or_default()));
            }
        }
    }
    Ok(found)
}

fn untagged<'a>(
    walk: &mut Walk<'a, '_>,
    old: &[Place<'a>],
    new: &[Place<'a>],
) -> Result<Vec<Found<'a>>, CompatError> {
    let pairs = paired(old, new);
    let mut ways = Vec::new();
    for (from, to) in &pairs {
        let Way::By(inner) = walk.places(from, to)? else { continue };
        ways.push(inner);
    }
    let several = |place: &&Place<'a>| place.types.contains("object");
    let alone = pairs.iter().filter(|(from, _)| several(from)).count() == 1
        && old.iter().filter(several).count() == 1
        && new.iter().filter(several).count() == 1;
    let mut found: Vec<Found<'a>> = Vec::new();
    let ops: Vec<Vec<Value>> = ways.iter().map(|way| way.iter().map(Found::op).collect()).collect();
    for (n, way) in ways.into_iter().enumerate() {
        for one in way {
            let op = one.op();
            // What is done to a value as a whole would be done to the other branches' values too.
            let reached = !one.at.is_empty() || one.name == "map";
            let shared = ops.iter().all(|other| other.contains(&op));
            let harmless = || ops.len() == pairs.len() && does_nothing(&one, n, &pairs, old, new);
            if reached && (alone || shared || harmless()) && !found.iter().any(|f| f.op() == op) {
                found.push(one);
            }
        }
    }
    Ok(found)
}

/// Branches that look like each other, the most alike first, each in one pair.
fn paired<'p, 'a>(old: &'p [Place<'a>], new: &'p [Place<'a>]) -> Vec<(&'p Place<'a>, &'p Place<'a>)> {
    let mut scores = Vec::new();
    for (n, from) in old.iter().enumerate() {
        for (m, to) in new.iter().enumerate() {
            scores.push((u32::MAX - similar::shapes(from, to), n.abs_diff(m), n, m));
        }
    }
    scores.retain(|(score, ..)| *score < u32::MAX);
    scores.sort_unstable();
    let (mut from, mut to, mut pairs) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for (.., n, m) in scores {
        if !from.contains(&n) && !to.contains(&m) {
            from.insert(n);
            to.insert(m);
            pairs.extend(old.get(n).zip(new.get(m)));
        }
    }
    pairs
}

/// Whether an operation of the pair `n` changes no document of another branch: it adds or removes a member
/// that no other branch has, without a default.
fn does_nothing(
    op: &Found<'_>,
    n: usize,
    pairs: &[(&Place<'_>, &Place<'_>)],
    old: &[Place<'_>],
    new: &[Place<'_>],
) -> bool {
    let Some((from, to)) = pairs.get(n) else { return false };
    let [key] = op.at.as_slice() else { return false };
    let elsewhere = old.iter().filter(|place| !std::ptr::eq(*place, *from));
    let elsewhere = elsewhere.chain(new.iter().filter(|place| !std::ptr::eq(*place, *to)));
    let quiet = ["add", "remove"].contains(&op.name) && !op.rest.contains_key("default");
    quiet && elsewhere.into_iter().all(|place| !place.properties().contains_key(key.as_str()))
}
