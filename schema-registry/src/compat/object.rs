//! Objects: properties that come, go and become required, what else is allowed, and dependencies.

use std::collections::{BTreeMap, BTreeSet};

use regex::RegexBuilder;
use serde_json::Value;

use super::CompatError;
use super::bound;
use super::kind::ChangeKind::{self, *};
use super::source::{ANYTHING, Node};
use super::walk::{Found, Walk};
use crate::limits::PATTERN_SIZE_MAX;

/// What an object schema says about a name that is not among its properties.
enum Model<'a> {
    Open,
    Closed,
    /// The schemas that such a property must meet.
    Partial(Vec<Node<'a>>),
}

/// Compares two object schemas.
pub(crate) fn compare<'a>(
    walk: &mut Walk<'a>,
    old: &Node<'a>,
    new: &Node<'a>,
    found: &mut Found,
) -> Result<(), CompatError> {
    bound::compare(bound::OF_OBJECTS, old, new, found);
    let names = |node: &Node<'a>| node.members("properties").into_iter().flat_map(|m| m.keys());
    let all: BTreeSet<&str> = names(old).chain(names(new)).map(String::as_str).collect();
    for name in all {
        match (property(old, name), property(new, name)) {
            (Some(a), Some(b)) => {
                required(walk, (old, &a), (new, &b), name, found)?;
                walk.descend(found, &a, &b)?;
            }
            (None, Some(b)) => added(walk, old, new, &b, name, found)?,
            (Some(a), None) => removed(walk, old, new, &a, name, found)?,
            (None, None) => {}
        }
    }
    rest(walk, old, new, ("additionalProperties", ADDITIONAL), found)?;
    rest(walk, old, new, ("unevaluatedProperties", UNEVALUATED), found)?;
    dependent_required(old, new, found);
    dependent_schemas(walk, old, new, found)?;
    reserved(old, new, found);
    Ok(())
}

fn property<'a>(node: &Node<'a>, name: &str) -> Option<Node<'a>> {
    let value = node.members("properties")?.get(name)?;
    Some(node.at(&["properties", name], value))
}

fn requires(node: &Node<'_>, name: &str) -> bool {
    let names = node.get("required").and_then(Value::as_array);
    names.is_some_and(|names| names.iter().any(|n| n.as_str() == Some(name)))
}

/// Compares whether a property of both is required.
fn required<'a>(
    walk: &Walk<'a>,
    (old, a): (&Node<'a>, &Node<'a>),
    (new, b): (&Node<'a>, &Node<'a>),
    name: &str,
    found: &mut Found,
) -> Result<(), CompatError> {
    let added = |with_default| {
        if with_default { RequiredAttributeWithDefaultAdded } else { RequiredAttributeAdded }
    };
    match (requires(old, name), requires(new, name)) {
        (false, true) => {
            let has_default = b.get("default").is_some() || walk.new.resolve(b)?.get("default").is_some();
            let place = new.at(&["required"], new.value);
            found.add_at(&place, name, added(has_default), RequiredAttributeRemoved);
        }
        (true, false) => {
            let had_default = a.get("default").is_some() || walk.old.resolve(a)?.get("default").is_some();
            let place = old.at(&["required"], old.value);
            found.add_at(&place, name, RequiredAttributeRemoved, added(had_default));
        }
        _ => {}
    }
    Ok(())
}

/// A property that only the new schema has.
fn added<'a>(
    walk: &mut Walk<'a>,
    old: &Node<'a>,
    new: &Node<'a>,
    property: &Node<'a>,
    name: &str,
    found: &mut Found,
) -> Result<(), CompatError> {
    let schema = walk.new.resolve(property)?;
    let has_default = property.get("default").is_some() || schema.get("default").is_some();
    let presence = Presence { required: requires(new, name), has_default };
    let model = model(old, name);
    if let Model::Partial(covers) = &model {
        let (mut any, mut all) = (false, true);
        for cover in covers {
            let verdict = walk.pair(cover, property)?;
            any |= verdict.backward;
            all &= verdict.forward;
        }
        found.add(property.pointer.clone(), added_to_partial(any), removed_from_partial(all));
        if let Some(kind) = presence.attribute() {
            found.add_at(&new.at(&["required"], new.value), name, kind, RequiredAttributeRemoved);
        }
        return Ok(());
    }
    found.add(property.pointer.clone(), presence.added(&model, &schema), removed_kind(&model, &schema));
    Ok(())
}

/// A property that only the old schema has.
fn removed<'a>(
    walk: &mut Walk<'a>,
    old: &Node<'a>,
    new: &Node<'a>,
    property: &Node<'a>,
    name: &str,
    found: &mut Found,
) -> Result<(), CompatError> {
    let schema = walk.old.resolve(property)?;
    let has_default = property.get("default").is_some() || schema.get("default").is_some();
    let presence = Presence { required: requires(old, name), has_default };
    let model = model(new, name);
    if let Model::Partial(covers) = &model {
        let (mut any, mut all) = (false, true);
        for cover in covers {
            let verdict = walk.pair(property, cover)?;
            all &= verdict.backward;
            any |= verdict.forward;
        }
        found.add(property.pointer.clone(), removed_from_partial(all), added_to_partial(any));
        if let Some(kind) = presence.attribute() {
            found.add_at(&old.at(&["required"], old.value), name, RequiredAttributeRemoved, kind);
        }
        return Ok(());
    }
    found.add(property.pointer.clone(), removed_kind(&model, &schema), presence.added(&model, &schema));
    Ok(())
}

/// Whether a property must be there, and what stands in for it.
struct Presence {
    required: bool,
    has_default: bool,
}

impl Presence {
    fn added(&self, model: &Model<'_>, schema: &Node<'_>) -> ChangeKind {
        match (model, self.required, self.has_default) {
            (Model::Closed, false, _) => OptionalPropertyAddedToUnopen,
            (Model::Closed, true, false) => RequiredPropertyAddedToUnopen,
            (Model::Closed, true, true) => RequiredPropertyWithDefaultAddedToUnopen,
            (_, false, _) if schema.is_empty() => PropertyWithEmptySchemaAddedToOpen,
            (_, false, _) => OptionalPropertyAddedToOpen,
            (_, true, false) => RequiredPropertyAddedToOpen,
            (_, true, true) => RequiredPropertyWithDefaultAddedToOpen,
        }
    }

    fn attribute(&self) -> Option<ChangeKind> {
        match (self.required, self.has_default) {
            (false, _) => None,
            (true, false) => Some(RequiredAttributeAdded),
            (true, true) => Some(RequiredAttributeWithDefaultAdded),
        }
    }
}

fn removed_kind(model: &Model<'_>, schema: &Node<'_>) -> ChangeKind {
    match model {
        Model::Closed if schema.is_false() => PropertyWithFalseRemovedFromClosed,
        Model::Closed => PropertyRemovedFromClosed,
        _ => PropertyRemovedFromOpen,
    }
}

fn added_to_partial(covered: bool) -> ChangeKind {
    if covered { PropertyAddedIsCovered } else { PropertyAddedNotCovered }
}

fn removed_from_partial(covered: bool) -> ChangeKind {
    if covered { PropertyRemovedIsCovered } else { PropertyRemovedNotCovered }
}

/// What a schema says about a name that is not among its properties.
fn model<'a>(node: &Node<'a>, name: &str) -> Model<'a> {
    let patterns = node.members("patternProperties");
    let additional = node.below("additionalProperties");
    let matching = patterns.into_iter().flatten().filter(|(pattern, _)| matches(pattern, name));
    let covers: Vec<Node<'a>> =
        matching.map(|(pattern, value)| node.at(&["patternProperties", pattern], value)).collect();
    match additional {
        _ if !covers.is_empty() => Model::Partial(covers),
        Some(schema) if schema.is_false() => Model::Closed,
        Some(schema) if !schema.is_empty() => Model::Partial(vec![schema]),
        _ if patterns.is_some_and(|p| !p.is_empty()) => Model::Partial(vec![node.at(&[], &ANYTHING)]),
        _ => Model::Open,
    }
}

/// A pattern that is not one of the `regex` crate matches nothing.
fn matches(pattern: &str, name: &str) -> bool {
    let regex = RegexBuilder::new(pattern).size_limit(PATTERN_SIZE_MAX).build();
    regex.is_ok_and(|regex| regex.is_match(name))
}

/// The kinds of what is allowed beyond: added, removed, extended, narrowed.
pub(crate) type Rest = [ChangeKind; 4];

const ADDITIONAL: Rest = [
    AdditionalPropertiesAdded,
    AdditionalPropertiesRemoved,
    AdditionalPropertiesExtended,
    AdditionalPropertiesNarrowed,
];
const UNEVALUATED: Rest = [
    UnevaluatedPropertiesAdded,
    UnevaluatedPropertiesRemoved,
    UnevaluatedPropertiesExtended,
    UnevaluatedPropertiesNarrowed,
];

/// Compares the schemas of what is allowed beyond the names or places that are written down.
pub(crate) fn rest<'a>(
    walk: &mut Walk<'a>,
    old: &Node<'a>,
    new: &Node<'a>,
    (word, kinds): (&str, Rest),
    found: &mut Found,
) -> Result<(), CompatError> {
    let (a, b) = (old.below(word), new.below(word));
    rest_of(walk, (old, a), (new, b), (word, kinds), found)
}

/// The same, for schemas that may stand under another word.
pub(crate) fn rest_of<'a>(
    walk: &mut Walk<'a>,
    (old, a): (&Node<'a>, Option<Node<'a>>),
    (new, b): (&Node<'a>, Option<Node<'a>>),
    (word, [added, removed, extended, narrowed]): (&str, Rest),
    found: &mut Found,
) -> Result<(), CompatError> {
    let place = if new.get(word).is_some() { new } else { old };
    let (a, b) = (a.filter(|s| !s.is_empty()), b.filter(|s| !s.is_empty()));
    let closed = |schema: &Option<Node<'a>>| schema.as_ref().is_some_and(Node::is_false);
    match (a, b) {
        (a, b) if closed(&a) && closed(&b) => {}
        (a, _) if closed(&a) => found.add_at(place, word, added, removed),
        (_, b) if closed(&b) => found.add_at(place, word, removed, added),
        (Some(a), Some(b)) => walk.descend(found, &a, &b)?,
        (Some(_), None) => found.add_at(place, word, extended, narrowed),
        (None, Some(_)) => found.add_at(place, word, narrowed, extended),
        (None, None) => {}
    }
    Ok(())
}

fn dependent_required(old: &Node<'_>, new: &Node<'_>, found: &mut Found) {
    let (a, b) = (arrays(old), arrays(new));
    let keys: BTreeSet<&str> = a.keys().chain(b.keys()).copied().collect();
    for key in keys {
        let (kind, back) = match (a.get(key), b.get(key)) {
            (None, Some(_)) => (DependencyArrayAdded, DependencyArrayRemoved),
            (Some(_), None) => (DependencyArrayRemoved, DependencyArrayAdded),
            (Some(a), Some(b)) if a != b => match (a.is_subset(b), b.is_subset(a)) {
                (true, _) => (DependencyArrayExtended, DependencyArrayNarrowed),
                (_, true) => (DependencyArrayNarrowed, DependencyArrayExtended),
                _ => (DependencyArrayChanged, DependencyArrayChanged),
            },
            _ => continue,
        };
        let node = if b.contains_key(key) { new } else { old };
        let word = if node.get("dependencies").is_some() { "dependencies" } else { "dependentRequired" };
        found.add_at(&node.at(&[word], node.value), key, kind, back);
    }
}

fn arrays<'a>(node: &Node<'a>) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let members = ["dependencies", "dependentRequired"].into_iter().filter_map(|word| node.members(word));
    let names = |list: &'a Vec<Value>| list.iter().filter_map(Value::as_str).collect();
    members.flatten().filter_map(|(key, value)| Some((key.as_str(), names(value.as_array()?)))).collect()
}

fn dependent_schemas<'a>(
    walk: &mut Walk<'a>,
    old: &Node<'a>,
    new: &Node<'a>,
    found: &mut Found,
) -> Result<(), CompatError> {
    let (a, b) = (schemas(old), schemas(new));
    let keys: BTreeSet<&str> = a.keys().chain(b.keys()).copied().collect();
    for key in keys {
        match (a.get(key), b.get(key)) {
            (Some(a), Some(b)) => walk.descend(found, a, b)?,
            (Some(a), None) => found.add(a.pointer.clone(), DependencySchemaRemoved, DependencySchemaAdded),
            (None, Some(b)) => found.add(b.pointer.clone(), DependencySchemaAdded, DependencySchemaRemoved),
            (None, None) => {}
        }
    }
    Ok(())
}

fn schemas<'a>(node: &Node<'a>) -> BTreeMap<&'a str, Node<'a>> {
    let words = ["dependencies", "dependentSchemas"].into_iter();
    let members = words.flat_map(|word| node.members(word).into_iter().flatten().map(move |m| (word, m)));
    let schemas = members.filter(|(_, (_, value))| !value.is_array());
    schemas.map(|(word, (key, value))| (key.as_str(), node.at(&[word, key], value))).collect()
}

/// Names that must not be used again, from `metadata.reserved`.
fn reserved(old: &Node<'_>, new: &Node<'_>, found: &mut Found) {
    let (a, b) = (reserved_names(old), reserved_names(new));
    for name in a.difference(&b) {
        let place = old.at(&["metadata", "reserved"], old.value);
        found.add_at(&place, name, ReservedPropertyRemoved, ReservedPropertyRemoved);
    }
    let kind = ReservedPropertyConflictsWithProperty;
    for name in b.iter().filter(|name| property(old, name).is_none()) {
        if let Some(property) = property(new, name) {
            found.add(property.pointer, kind, kind);
        }
    }
}

fn reserved_names<'a>(node: &Node<'a>) -> BTreeSet<&'a str> {
    let names = node.get("metadata").and_then(|m| m.get("reserved")).and_then(Value::as_array);
    names.into_iter().flatten().filter_map(Value::as_str).collect()
}
