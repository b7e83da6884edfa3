//! The members of two objects: which came, which went, which took another name, and what changed in those
//! that stayed.

use std::collections::BTreeMap;

use serde_json::Value;

use super::found::{End, Found};
use super::place::Place;
use super::sample::{Sample, sample};
use super::walk::{Walk, Way};
use super::{moves, similar, value};
use crate::compat::CompatError;
use crate::compat::source::{Node, Source};

/// What a proposal must reach to be a renaming and not a removal and an addition, in percent.
const RENAME_MIN: u32 = 70;
/// Members that went, and members that came, that are compared with each other for renamings.
const RENAME_MEMBERS_MAX: usize = 64;

/// One member of an object.
#[derive(Clone, Debug)]
struct Member<'a> {
    key: &'a str,
    schemas: Vec<Node<'a>>,
    place: Place<'a>,
    required: bool,
}

/// The operations from the members of one object to those of another.
pub(super) fn members<'a>(
    walk: &mut Walk<'a, '_>,
    old: &Place<'a>,
    new: &Place<'a>,
) -> Result<Vec<Found<'a>>, CompatError> {
    let (mut gone, mut came) = (all(walk.old, old)?, all(walk.new, new)?);
    let mut stayed = Vec::new();
    for (key, member) in std::mem::take(&mut gone) {
        match came.remove(key) {
            Some(to) => stayed.push((member, to)),
            None => {
                gone.insert(key, member);
            }
        }
    }
    let mut renames = Vec::new();
    for (from, to, confidence) in renamed(&gone, &came) {
        if let (Some(from), Some(to)) = (gone.remove(from), came.remove(to)) {
            renames.push(rename(&from, &to, confidence));
            stayed.push((from, to));
        }
    }
    let mut found = Vec::new();
    for member in gone.into_values() {
        found.push(removed(walk.old, member)?);
    }
    found.extend(renames);
    let mut added_in_place = Vec::new();
    for (from, to) in stayed {
        match walk.pair(&from.schemas, &to.schemas)? {
            Way::By(inner) => found.extend(kept(walk, &from, &to, inner)?),
            Way::Other => {
                found.push(removed(walk.old, Member { key: to.key, ..from })?);
                added_in_place.push(added(walk.new, to)?);
            }
        }
    }
    found.extend(added_in_place);
    for member in came.into_values() {
        found.push(added(walk.new, member)?);
    }
    Ok(found)
}

fn all<'a>(source: &Source<'a>, host: &Place<'a>) -> Result<BTreeMap<&'a str, Member<'a>>, CompatError> {
    let required = host.required();
    let of = |(key, schemas): (&'a str, Vec<Node<'a>>)| {
        let place = Place::of(source, &schemas)?;
        Ok((key, Member { key, schemas, place, required: required.contains(key) }))
    };
    host.properties().into_iter().map(of).collect()
}

/// The pairs that look like one member under two names, the surest first.
fn renamed<'a>(
    gone: &BTreeMap<&'a str, Member<'a>>,
    came: &BTreeMap<&'a str, Member<'a>>,
) -> Vec<(&'a str, &'a str, u32)> {
    if gone.len() > RENAME_MEMBERS_MAX || came.len() > RENAME_MEMBERS_MAX {
        return Vec::new();
    }
    let pairs =
        gone.values().flat_map(|from| came.values().map(move |to| (from.key, to.key, likely(from, to))));
    let mut pairs: Vec<(&str, &str, u32)> = pairs.filter(|(.., sure)| *sure >= RENAME_MIN).collect();
    pairs.sort_by_key(|(from, to, sure)| (u32::MAX - sure, *from, *to));
    let rivals = pairs.clone();
    pairs.retain(|pair| {
        // Two that fit equally well are a guess.
        let rival =
            |other: &&(&str, &str, u32)| (other.0 == pair.0) != (other.1 == pair.1) && other.2 + 5 >= pair.2;
        rivals.iter().filter(rival).count() == 0
    });
    pairs
}

/// How likely it is that two members are one, in percent.
fn likely(from: &Member<'_>, to: &Member<'_>) -> u32 {
    let shape = similar::shapes(&from.place, &to.place);
    if shape < 60 {
        return 0;
    }
    let name = similar::names(from.key, to.key);
    let described = similar::described_alike(&from.place, &to.place);
    let name = if described { name.max(60) + 20 } else { name };
    if name < 50 {
        return 0;
    }
    let required = if from.required == to.required { 100 } else { 0 };
    (name.min(100) * 60 + shape * 30 + required * 10) / 100
}

fn rename<'a>(from: &Member<'a>, to: &Member<'a>, sure: u32) -> Found<'a> {
    let described = similar::described_alike(&from.place, &to.place);
    let why = if described { "the same description" } else { "similar names" };
    let reason = format!("`{}` went and `{}` came, with {why} and the same shape", from.key, to.key);
    let confidence = u8::try_from(sure.min(95)).unwrap_or(95);
    let found = Found::path("rename", vec![from.key.to_owned()], vec![to.key.to_owned()]);
    Found { confidence, reason, ..found }
}

fn removed<'a>(source: &Source<'a>, member: Member<'a>) -> Result<Found<'a>, CompatError> {
    let reason = format!("the new schema has no `{}`", member.key);
    once(source, "remove", member, reason, "on the way back")
}

fn added<'a>(source: &Source<'a>, member: Member<'a>) -> Result<Found<'a>, CompatError> {
    let reason = format!("only the new schema has `{}`", member.key);
    once(source, "add", member, reason, "for documents without it")
}

/// A removal or an addition: a member that its side requires has a default.
fn once<'a>(
    source: &Source<'a>,
    name: &'static str,
    member: Member<'a>,
    reason: String,
    when: &str,
) -> Result<Found<'a>, CompatError> {
    let found = Found::new(name, &[member.key], 90, reason);
    let found = if member.required { given(found, sample(source, &member.place)?, when) } else { found };
    Ok(Found { end: Some(End { place: member.place, required: member.required }), ..found })
}

/// The operation with a default, and as sure as that is.
pub(super) fn given<'a>(found: Found<'a>, default: Option<Sample>, when: &str) -> Found<'a> {
    let Some(default) = default else {
        let reason = format!("{}; no valid default was found {when}: give one", found.reason);
        return Found { confidence: 0, reason, ..found };
    };
    let reason = format!("{}; the value {when} is {}", found.reason, default.words());
    let confidence = default.confidence();
    Found { confidence, reason, ..found }.with("default", default.value)
}

/// What leads across for a member that both sides have: null and being there, then what it holds.
fn kept<'a>(
    walk: &mut Walk<'a, '_>,
    from: &Member<'a>,
    to: &Member<'a>,
    inner: Vec<Found<'a>>,
) -> Result<Vec<Found<'a>>, CompatError> {
    let (key, a, b) = (to.key, &from.place, &to.place);
    let mut found = Vec::new();
    if from.required && !to.required {
        let relax = Found::new("relax", &[key], 90, format!("`{key}` is not required any more"));
        found.push(given(relax, sample(walk.old, a)?, "where it is left out"));
    } else if b.null && !a.null && !a.types.is_empty() {
        found.extend(value::nullable(walk.old, a)?.map(|nullable| nullable.below(key)));
    }
    let (of_value, of_members): (Vec<_>, Vec<_>) = inner.into_iter().partition(|f| f.at.is_empty());
    found.extend(of_value.into_iter().map(|f| f.below(key)));
    // A choice by a member of the object is made within the object.
    let choice = of_members.iter().any(|f| f.name == "when");
    if a.is_object() && b.is_object() && !choice {
        found.extend(of_members.into_iter().map(|f| f.below(key)));
    } else if !of_members.is_empty() {
        let of_members = moves::settled(walk, of_members)?;
        found.push(Found::scope("in", &[key], of_members));
    }
    let absent = to.required && !from.required;
    if absent || (a.null && !b.null && !b.types.is_empty()) {
        let why = if absent { "is required now" } else { "may not be null any more" };
        let require = Found::new("require", &[key], 90, format!("`{key}` {why}"));
        let when = if absent { "where it is left out" } else { "in place of null" };
        let require = given(require, sample(walk.new, b)?, when);
        found.push(if require.rest.contains_key("default") {
            require
        } else {
            require.with("default", Value::Null)
        });
    }
    Ok(found)
}
