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
/// What it adds that both sides require a member, or neither does.
const REQUIRED: u32 = 10;
/// Members that went, and members that came, that are compared with each other for renamings.
const RENAME_MEMBERS_MAX: usize = 64;

/// One member of an object.
#[derive(Clone, Debug)]
struct Member<'a> {
    key: &'a str,
    end: End<'a>,
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
        match walk.pair(&from.end.schemas, &to.end.schemas)? {
            Way::By(inner) => found.extend(kept(walk, to.key, &from.end, &to.end, inner)?),
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
        let end = End { schemas, place, required: required.contains(key) };
        Ok((key, Member { key, end }))
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
    let pairs = gone.values().flat_map(|from| came.values().map(move |to| (from, to, likely(from, to))));
    // Whether a field is required does not tell two that fit equally well apart.
    let rivals: Vec<(&Member<'a>, &Member<'a>, u32)> =
        pairs.filter(|(.., alike)| alike + REQUIRED >= RENAME_MIN).collect();
    let alone = |pair: &&(&Member<'a>, &Member<'a>, u32)| {
        rivals
            .iter()
            .all(|other| (other.0.key != pair.0.key) == (other.1.key != pair.1.key) || other.2 + 5 < pair.2)
    };
    let sure = |(from, to, alike): &(&Member<'a>, &Member<'a>, u32)| {
        let required = if from.end.required == to.end.required { REQUIRED } else { 0 };
        (from.key, to.key, alike + required)
    };
    let mut pairs: Vec<(&str, &str, u32)> = rivals.iter().filter(alone).map(sure).collect();
    pairs.retain(|(.., sure)| *sure >= RENAME_MIN);
    pairs.sort_by_key(|(from, to, sure)| (u32::MAX - sure, *from, *to));
    pairs
}

/// How likely it is that two members are one, in percent, less what being required in both adds.
fn likely(from: &Member<'_>, to: &Member<'_>) -> u32 {
    let shape = similar::shapes(&from.end.place, &to.end.place);
    if shape < 60 {
        return 0;
    }
    let name = similar::names(from.key, to.key);
    let described = similar::described_alike(&from.end.place, &to.end.place);
    let name = if described { name.max(60) + 20 } else { name };
    if name < 50 {
        return 0;
    }
    (name.min(100) * 60 + shape * 30) / 100
}

fn rename<'a>(from: &Member<'a>, to: &Member<'a>, sure: u32) -> Found<'a> {
    let described = similar::described_alike(&from.end.place, &to.end.place);
    let why = if described { "the same description" } else { "similar names" };
    let reason = format!("`{}` went and `{}` came, with {why} and the same shape", from.key, to.key);
    let confidence = u8::try_from(sure.min(95)).unwrap_or(95);
    let found = Found::path("rename", vec![from.key.to_owned()], vec![to.key.to_owned()]);
    Found { confidence, reason, ..found }
}

fn removed<'a>(source: &Source<'a>, member: Member<'a>) -> Result<Found<'a>, CompatError> {
    gone(source, &[member.key], member.end)
}

fn added<'a>(source: &Source<'a>, member: Member<'a>) -> Result<Found<'a>, CompatError> {
    came(source, &[member.key], member.end)
}

/// A removal: a member that the old side requires has a default for the way back.
pub(super) fn gone<'a>(source: &Source<'a>, at: &[&str], end: End<'a>) -> Result<Found<'a>, CompatError> {
    let reason = format!("the new schema has no `{}`", at.last().copied().unwrap_or_default());
    once(source, Found::new("remove", at, 90, reason), end, "on the way back")
}

/// An addition: a member that the new side requires has a default.
pub(super) fn came<'a>(source: &Source<'a>, at: &[&str], end: End<'a>) -> Result<Found<'a>, CompatError> {
    let reason = format!("only the new schema has `{}`", at.last().copied().unwrap_or_default());
    once(source, Found::new("add", at, 90, reason), end, "for documents without it")
}

fn once<'a>(
    source: &Source<'a>,
    found: Found<'a>,
    end: End<'a>,
    when: &str,
) -> Result<Found<'a>, CompatError> {
    let found = if end.required { given(found, sample(source, &end.place)?, when) } else { found };
    Ok(Found { end: Some(end), ..found })
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

/// What leads across for a member that both sides have, `key` on the new one: null and being there, then
/// what it holds.
pub(super) fn kept<'a>(
    walk: &mut Walk<'a, '_>,
    key: &str,
    from: &End<'a>,
    to: &End<'a>,
    inner: Vec<Found<'a>>,
) -> Result<Vec<Found<'a>>, CompatError> {
    let is = |name: &str| inner.iter().any(|f| f.at.is_empty() && f.name == name);
    let (wrapped, unwrapped) = (is("wrap"), is("unwrap"));
    // Null is compared between the values that become each other.
    let a = if unwrapped { Place::of(walk.old, &from.place.items())? } else { from.place.clone() };
    let b = if wrapped { Place::of(walk.new, &to.place.items())? } else { to.place.clone() };
    let mut found = Vec::new();
    let nullable = b.null && !a.null && !a.types.is_empty();
    if from.required && (wrapped || !to.required) {
        // On the way back nothing comes of an empty array.
        let need = if wrapped { EMPTY } else { LEFT_OUT };
        found.push(relaxed(walk, key, &from.place, need)?);
    } else if nullable && !unwrapped {
        found.extend(value::nullable(walk.old, &a)?.map(|nullable| nullable.below(key)));
    }
    let never_null = a.null && !b.null && !b.types.is_empty();
    if wrapped && never_null {
        found.push(required(walk, key, &b, false)?);
    }
    found.extend(held(walk, key, &from.place, &to.place, inner)?);
    if unwrapped && nullable {
        found.extend(value::nullable(walk.old, &a)?.map(|nullable| nullable.below(key)));
    }
    let absent = to.required && !from.required;
    if absent || (never_null && !wrapped) {
        found.push(required(walk, key, &to.place, absent)?);
    }
    Ok(found)
}

/// What changes in a member that is an object, an array or a value.
fn held<'a>(
    walk: &mut Walk<'a, '_>,
    key: &str,
    a: &Place<'a>,
    b: &Place<'a>,
    inner: Vec<Found<'a>>,
) -> Result<Vec<Found<'a>>, CompatError> {
    let (of_value, of_members): (Vec<_>, Vec<_>) = inner.into_iter().partition(|f| f.at.is_empty());
    let of_value: Vec<Found<'a>> = of_value.into_iter().map(|f| f.below(key)).collect();
    // What is wrapped is an object before, and what is unwrapped after.
    let wrapped = of_value.iter().any(|f| f.name == "wrap");
    let unwrapped = of_value.iter().any(|f| f.name == "unwrap");
    let object = (wrapped || b.is_object()) && (unwrapped || a.is_object());
    // A choice by a member of the object is made within the object.
    let choice = of_members.iter().any(|f| f.name == "when");
    let of_members = if of_members.is_empty() {
        Vec::new()
    } else if object && !choice {
        of_members.into_iter().map(|f| f.below(key)).collect()
    } else {
        vec![Found::scope("in", &[key], moves::settled(walk, of_members)?)]
    };
    Ok(if wrapped { [of_members, of_value].concat() } else { [of_value, of_members].concat() })
}

/// Why the way back needs a default, and where it stands.
type Need = (&'static str, &'static str);

pub(super) const LEFT_OUT: Need = ("is not required any more", "where it is left out");
const EMPTY: Need = ("may be an empty array now", "in place of an empty array");

/// Lets the new side lack a member that the old one requires.
pub(super) fn relaxed<'a>(
    walk: &Walk<'a, '_>,
    key: &str,
    old: &Place<'a>,
    (why, when): Need,
) -> Result<Found<'a>, CompatError> {
    let relax = Found::new("relax", &[key], 90, format!("`{key}` {why}"));
    Ok(given(relax, sample(walk.old, old)?, when))
}

/// Makes the new side always have a member, or if it is not `absent`, not null.
pub(super) fn required<'a>(
    walk: &Walk<'a, '_>,
    key: &str,
    new: &Place<'a>,
    absent: bool,
) -> Result<Found<'a>, CompatError> {
    let why = if absent { "is required now" } else { "may not be null any more" };
    let when = if absent { "where it is left out" } else { "in place of null" };
    let require = Found::new("require", &[key], 90, format!("`{key}` {why}"));
    let require = given(require, sample(walk.new, new)?, when);
    let given = require.rest.contains_key("default");
    Ok(if given { require } else { require.with("default", Value::Null) })
}
