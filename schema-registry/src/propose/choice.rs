//! Places where one of several schemas holds.
//!
//! Branches that a member tells apart (by a value of its own in each) are paired by that value and reached
//! with `when`. Other branches are paired by what they look like; an operation is proposed there if every
//! pair needs it, or if it does nothing to documents of the other branches.

use std::collections::BTreeSet;

use serde_json::Value;

use super::found::Found;
use super::place::Place;
use super::walk::{Walk, Way};
use super::{moves, similar};
use crate::compat::CompatError;
use crate::compat::source::Source;

/// Branches of one choice that are paired.
const BRANCHES_MAX: usize = 64;

/// What leads from one choice to another, or to or from a place that is none.
pub(super) fn between<'a>(
    walk: &mut Walk<'a, '_>,
    old: &Place<'a>,
    new: &Place<'a>,
) -> Result<Way<'a>, CompatError> {
    let (from, to) = (spread(walk.old, old)?, spread(walk.new, new)?);
    if from.len() > BRANCHES_MAX || to.len() > BRANCHES_MAX {
        return Ok(Way::none());
    }
    match tag(walk, &from, &to)? {
        Some(tag) => tagged(walk, tag, &from, &to).map(Way::By),
        None => untagged(walk, &from, &to).map(Way::By),
    }
}

/// The branches, each with what holds beside the choice: a member may stand beside it on one side and in it
/// on the other. A branch that no value is valid in is left out.
fn spread<'a>(source: &Source<'a>, place: &Place<'a>) -> Result<Vec<Place<'a>>, CompatError> {
    let mut found = Vec::new();
    let mut open: Vec<Place<'a>> = vec![place.clone()];
    while let Some(mut place) = open.pop() {
        let branches = std::mem::take(&mut place.branches);
        if branches.is_empty() {
            found.push(place);
            continue;
        }
        if found.len() + open.len() + branches.len() > BRANCHES_MAX + 1 {
            // More than are looked at.
            return Ok([found, open, branches].concat());
        }
        open.extend(branches.iter().rev().map(|branch| place.with(branch)));
    }
    if found.len() > 1 {
        let mut possible = Vec::new();
        for place in found {
            if !is_empty(source, &place)? {
                possible.push(place);
            }
        }
        found = possible;
    }
    Ok(found)
}

/// Whether no value is valid at a place: of no type, or with a required member of which none is.
fn is_empty<'a>(source: &Source<'a>, place: &Place<'a>) -> Result<bool, CompatError> {
    let none = |place: &Place<'a>| {
        !place.null && (place.types.is_empty() || place.listed().is_some_and(|l| l.is_empty()))
    };
    if none(place) {
        return Ok(true);
    }
    if !place.is_object() {
        return Ok(false);
    }
    let properties = place.properties();
    for key in place.required() {
        match properties.get(key) {
            None => return Ok(true),
            Some(schemas) if none(&Place::of(source, schemas)?) => return Ok(true),
            Some(_) => {}
        }
    }
    Ok(false)
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
fn constant<'a>(source: &Source<'a>, place: &Place<'a>, key: &str) -> Result<Option<Value>, CompatError> {
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
    let (mut ways, mut pairs) = (Vec::new(), 0_usize);
    for from in old {
        let value = constant(walk.old, from, tag)?;
        for to in new {
            if value.is_none() || constant(walk.new, to, tag)? != value {
                continue;
            }
            pairs += 1;
            let Way::By(inner) = walk.places(from, to)? else { continue };
            let inner: Vec<Found<'a>> = inner.into_iter().filter(|f| !f.at.is_empty()).collect();
            ways.push((value.clone().unwrap_or_default(), inner));
        }
    }
    // What every branch needs is done once, before what only some need.
    let ops: Vec<Vec<Value>> = ways.iter().map(|(_, way)| way.iter().map(Found::op).collect()).collect();
    let shared = |op: &Value| pairs > 1 && ways.len() == pairs && ops.iter().all(|way| way.contains(op));
    let first = ways.first().map(|(_, way)| way.clone()).unwrap_or_default();
    let mut found: Vec<Found<'a>> = first.into_iter().filter(|f| shared(&f.op())).collect();
    let everywhere: Vec<Value> = found.iter().map(Found::op).collect();
    for (value, mut inner) in ways {
        inner.retain(|f| !everywhere.contains(&f.op()));
        if !inner.is_empty() {
            found.push(Found::scope("when", &[tag], moves::settled(walk, inner)?).with("equals", value));
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
