//! What a document may not do to protected types: the flow of information, not only the names (P8).
//!
//! Whoever registers it: a protected projection is fed by protected types alone, what reads a protected type
//! belongs to them, and no lens leads into or out of one. Through the plane of services and agents none of it
//! changes at all: what the parent has, the child has the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use selfsame_record::{Name, VersionNo};
use selfsame_schema::{Registry, Version};
use serde_json::Value;

use crate::boundary::{Boundary, namespace};
use crate::input::Plane;
use crate::refusal::{Code, Refusal};

/// Sees that a version leaves what is protected alone.
///
/// # Errors
///
/// The first place where it does not.
pub(crate) fn leaves_alone(
    boundary: &Boundary,
    plane: Plane,
    registry: &Registry,
    version: &Version,
) -> Result<(), Refusal> {
    for (event_type, _) in version.events() {
        if let Some(from) = retyped_from(version, event_type.as_str())
            && is_protected(boundary, from) != is_protected(boundary, event_type.as_str())
        {
            let what =
                format!("the lens of `{event_type}` makes it of `{from}`, and one of the two is protected");
            return Err(refused(what, event_type.as_str()));
        }
    }
    for (name, body) in version.projections() {
        feeds_alone(boundary, name, body)?;
    }
    match plane {
        Plane::Operator => Ok(()),
        Plane::Open => {
            unchanged(boundary, version.parent().and_then(|parent| registry.version(parent)), version)
        }
    }
}

/// The same for a version that is to answer in the place of another one, whatever its parent is and whenever it was
/// registered: through the open plane what is protected stays as it answers now.
///
/// # Errors
///
/// The first place where it does not.
pub(crate) fn leaves_served_alone(
    boundary: &Boundary,
    plane: Plane,
    (registry, active): (&Registry, Option<VersionNo>),
    version: &Version,
) -> Result<(), Refusal> {
    leaves_alone(boundary, Plane::Operator, registry, version)?;
    match (plane, active.filter(|active| *active != version.no())) {
        (Plane::Open, Some(active)) => unchanged(boundary, registry.version(active), version),
        _ => Ok(()),
    }
}

fn is_protected(boundary: &Boundary, event_type: &str) -> bool {
    boundary.protected.covers(event_type).is_some()
}

/// The name that a type had in the parent, if its lens says another one.
fn retyped_from<'a>(version: &'a Version, event_type: &str) -> Option<&'a str> {
    let ops = version.lens_json(event_type)?.as_array()?;
    ops.iter().find_map(|op| op.get("retype")?.get("from")?.as_str())
}

/// The event types that a projection reads.
fn reads(body: &Value) -> impl Iterator<Item = &str> {
    body.get("on").and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name.as_str())
}

fn feeds_alone(boundary: &Boundary, name: &Name, body: &Value) -> Result<(), Refusal> {
    let marked = boundary.protected_projections.contains(name);
    let secret = reads(body).find(|read| is_protected(boundary, read));
    let open = reads(body).find(|read| !is_protected(boundary, read));
    match (secret, open) {
        (Some(secret), Some(open)) => {
            let what =
                format!("the projection `{name}` reads the protected type `{secret}` and also `{open}`");
            Err(refused(what, secret))
        }
        (None, Some(open)) if marked => {
            let what = format!("the projection `{name}` is protected, and `{open}` is not");
            Err(refused(what, open))
        }
        _ => Ok(()),
    }
}

/// Through the open plane: protected types and projections are those of the other version.
fn unchanged(boundary: &Boundary, other: Option<&Arc<Version>>, version: &Version) -> Result<(), Refusal> {
    let parent = other;
    let is_parent = parent.map(|parent| parent.no()) == version.parent();
    let mut names: BTreeSet<&str> = version.events().map(|(name, _)| name.as_str()).collect();
    names.extend(parent.iter().flat_map(|parent| parent.events().map(|(name, _)| name.as_str())));
    let secret: Vec<&str> = names.into_iter().filter(|name| is_protected(boundary, name)).collect();
    let said = |version: &Version| if secret.is_empty() { BTreeMap::new() } else { version.events_json() };
    let (old, new) = (parent.map(|parent| said(parent)).unwrap_or_default(), said(version));
    for name in secret {
        let is_there = old.contains_key(name);
        if !is_there || old.get(name) != new.get(name) || is_parent && version.lens_json(name).is_some() {
            return Err(refused(format!("the document adds, changes or removes `{name}`"), name));
        }
    }
    let none = BTreeMap::new();
    let old = parent.map_or(&none, |parent| parent.projections());
    let new = version.projections();
    for name in old.keys().chain(new.keys()) {
        let read = |body: Option<&Value>| {
            body.and_then(|body| reads(body).find(|read| is_protected(boundary, read)).map(str::to_owned))
        };
        let read = read(old.get(name)).or_else(|| read(new.get(name)));
        let protected = read.is_some() || boundary.protected_projections.contains(name);
        if protected && old.get(name) != new.get(name) {
            let what = format!("the document adds, changes or removes the protected projection `{name}`");
            return Err(refused(what, read.as_deref().unwrap_or(name.as_str())));
        }
    }
    Ok(())
}

fn refused(what: String, name: &str) -> Refusal {
    Refusal::new(Code::ProtectedType, format!("{what}, which is protected by the boundary"))
        .next("leave what is protected as the parent has it; only operators change it, on their own plane")
        .field("event_type", name)
}

/// The first words of the event types that a version changes, against another one: types that differ, and types
/// that are read by projections that differ. Against none: all of them.
pub(crate) fn namespaces_changed(
    registry: &Registry,
    from: Option<VersionNo>,
    version: &Version,
) -> BTreeSet<String> {
    let Some(from) = from.and_then(|from| registry.version(from)) else {
        return version.events().map(|(name, _)| namespace(name.as_str()).to_owned()).collect();
    };
    let mut names: BTreeSet<String> = BTreeSet::new();
    let types = from.events().chain(version.events()).map(|(name, _)| name.as_str());
    let (old, new) = (from.events_json(), version.events_json());
    let differing = types.filter(|name| old.get(*name) != new.get(*name) || has_lens(version, from, name));
    names.extend(differing.map(|name| namespace(name).to_owned()));
    let (old, new) = (from.projections(), version.projections());
    for name in old.keys().chain(new.keys()).filter(|name| old.get(*name) != new.get(*name)) {
        let bodies = old.get(name).into_iter().chain(new.get(name));
        names.extend(bodies.flat_map(reads).map(|read| namespace(read).to_owned()));
    }
    names
}

/// The first words of the event types that a version changes, against the one that answers; all of its own if that is
/// itself, or none does.
pub fn namespaces_of(registry: &Registry, active: Option<VersionNo>, version: VersionNo) -> BTreeSet<String> {
    let base = active.filter(|active| *active != version);
    let known = registry.version(version);
    known.map(|known| namespaces_changed(registry, base, known)).unwrap_or_default()
}

/// Whether a lens of the version is against this very parent.
fn has_lens(version: &Version, from: &Version, event_type: &str) -> bool {
    version.parent() == Some(from.no()) && version.lens_json(event_type).is_some()
}
