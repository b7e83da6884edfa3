//! What a version would change, said before anything is done.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use selfsame_core::{Serving, Stage};
use selfsame_projections::Plan;
use selfsame_record::{Name, VersionNo};
use selfsame_schema::{Registry, Report, TypeReport, Verdict, Version};
use serde_json::{Value, json};

use crate::handle::Handle;
use crate::read::body::Body;
use crate::read::census::used_by;
use crate::read::{Refused, Served};

/// What the version would change relative to the active one, and what a build of it is expected to take.
///
/// # Errors
///
/// If there is no such version.
pub fn plan(handle: &Handle, name: &str) -> Result<Served, Refused> {
    let (position, admission, lifecycle, drops, samples, bytes, live) = handle.read(|serving| {
        let status = serving.status();
        let drops = status.admission.find_version(name).map(|no| drops(handle, serving, no));
        (
            serving.position(),
            Arc::clone(&status.admission),
            status.lifecycle.clone(),
            drops,
            Arc::clone(serving.samples()),
            serving.active_generation().map(selfsame_projections::Generation::bytes),
            serving
                .generations()
                .map(|(no, generation)| (no, Arc::clone(generation.plan())))
                .collect::<Vec<_>>(),
        )
    });
    // A version never changes, so what follows is as of the position without holding anybody up.
    let refused = |refusal| Refused { position, version: admission.active, refusal };
    let (no, drops) = (admission.find_version(name).map_err(refused)?, drops.map_err(refused)?);
    let registry = &admission.registry;
    let version = registry.version(no).ok_or_else(|| refused(admission.not_live(no)))?;
    let active = admission.active.and_then(|active| registry.version(active)).map(|active| &**active);
    let report = match active {
        Some(active) => registry.report(active.no(), no, &*samples),
        None => Some(Report::of_first(version)),
    };
    let report = report.ok_or_else(|| refused(admission.not_live(no)))?;
    let stage = lifecycle.stage(no);
    let replayed = if stage.is_some_and(Stage::is_live) { 0 } else { position.get() };
    // What a build of the same log took last, and what the active generation takes.
    let seconds = handle.shared.builder.last_rate().map(|rate| replayed as f64 / rate as f64);
    let expected = json!({ "seconds": seconds, "bytes": bytes });
    let new = report.types.iter().filter(|t| active.is_some() && t.verdict == Verdict::New);
    let mut body = Body::new(position, admission.active);
    body.put("plan", &no).put("from", &admission.active).put("stage", &stage.map(Stage::word));
    body.put("verdict", &report.verdict).put("class", &report.class);
    body.put("rollback_safe", &report.rollback_safe).put("labels", &report.labels);
    body.put("records_to_replay", &replayed).put("expected", &expected);
    let slower = |change: &TypeReport| slower(registry, active, version, change);
    let types = report.types.iter().map(|change| type_json(change, slower(change)));
    body.put("types", &types.collect::<Vec<Value>>());
    let mut projections = projection_changes(active, version);
    put_builds(&mut projections, registry, version, &live);
    body.put("projections", &projections);
    // Events of these types stay in the log and are skipped by the version that is gone back to.
    body.put("rewind_skips", &new.map(|t| t.event_type.as_str()).collect::<Vec<&str>>());
    body.put("drops", &drops);
    Ok(body.served())
}

/// The versions that a cutover would drop, since only so many are kept in step, with everybody who uses them.
fn drops(handle: &Handle, serving: &Serving, no: VersionNo) -> Vec<Value> {
    let status = serving.status();
    let dropped = status.lifecycle.dropped_by_switch(no, status.standbys_max);
    let used = |version| used_by(serving, &handle.shared.readers, version);
    dropped.into_iter().map(|version| json!({ "version": version, "used_by": used(version) })).collect()
}

/// Why events of a type are taken or read more slowly than others, in sentences.
fn slower(
    registry: &Registry,
    active: Option<&Version>,
    version: &Version,
    change: &TypeReport,
) -> Vec<String> {
    let name = change.event_type.as_str();
    let places = version.event(name).map_or(&[][..], |shape| shape.unchecked_places());
    let whole = places.iter().map(|place| {
        format!("every event is checked as a whole, because of `{}` at `{}`", place.keyword, place.pointer)
    });
    let written = change.was.as_ref().unwrap_or(&change.event_type);
    let decoder = active.and_then(|active| registry.decoder(active.no(), version.no(), written.as_str()));
    let tree = decoder.filter(|decoder| decoder.is_tree());
    let tree = tree.map(|_| "older events are read as a tree, because of what the lens does".to_owned());
    whole.chain(tree).collect()
}

/// What becomes of an event type.
fn type_json(change: &TypeReport, slower: Vec<String>) -> Value {
    let word = match change.verdict {
        Verdict::New => "new",
        Verdict::Retired => "gone",
        Verdict::Identical => "same",
        _ => "changed",
    };
    let mut json = json!({ "type": change.event_type, "change": word, "class": change.class });
    if let (Value::Object(json), false) = (&mut json, slower.is_empty()) {
        json.insert("slower".to_owned(), json!(slower));
    }
    if word == "changed" {
        let more = json!({
            "was": change.was, "ops": change.ops, "verdict": change.verdict, "up": change.up, "down": change.down,
        });
        if let (Value::Object(json), Value::Object(more)) = (&mut json, more) {
            json.extend(more.into_iter().filter(|(_, value)| !value.is_null()));
        }
    }
    json
}

/// What a build does for each projection: nothing where a live version has the very same one (`shared`, `with`
/// it), otherwise it is folded from the log (`rebuilt`). A version that is live has them all (`kept`).
fn put_builds(
    projections: &mut [Value],
    registry: &Registry,
    version: &Version,
    live: &[(VersionNo, Arc<Plan>)],
) {
    let plan = Plan::compile(version).unwrap_or_default();
    let is_live = live.iter().any(|(no, _)| *no == version.no());
    for entry in projections {
        let name = entry.get("name").and_then(Value::as_str).unwrap_or_default();
        if plan.projection(name).is_none() {
            continue;
        }
        let shares = |(no, other): &&(VersionNo, Arc<Plan>)| {
            plan.is_shared(name, (version.no(), *no), other, registry)
        };
        let lender = live.iter().find(shares).map(|(no, _)| *no);
        let build = match lender {
            _ if is_live => json!({ "build": "kept" }),
            Some(lender) => json!({ "build": "shared", "with": lender }),
            None => json!({ "build": "rebuilt" }),
        };
        if let (Value::Object(entry), Value::Object(build)) = (entry, build) {
            entry.extend(build);
        }
    }
}

fn projection_changes(active: Option<&Version>, version: &Version) -> Vec<Value> {
    let none = BTreeMap::new();
    let before = active.map_or(&none, Version::projections);
    let after = version.projections();
    let names: BTreeSet<&Name> = before.keys().chain(after.keys()).collect();
    names.into_iter().map(|name| projection_change(name, before.get(name), after.get(name))).collect()
}

fn projection_change(name: &Name, before: Option<&Value>, after: Option<&Value>) -> Value {
    let change = match (before, after) {
        (None, _) => "new",
        (_, None) => "gone",
        (Some(before), Some(after)) if before == after => "same",
        _ => "changed",
    };
    let kind = after.or(before).and_then(|section| section.get("kind"));
    json!({ "name": name, "kind": kind, "change": change })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn projections_are_told_apart_by_their_sections() {
        let name = Name::parse("profile").expect("a name");
        let (a, b) = (json!({ "kind": "cache", "on": {} }), json!({ "kind": "cache", "on": { "x": {} } }));
        for (before, after, change) in [
            (None, Some(&a), "new"),
            (Some(&a), None, "gone"),
            (Some(&a), Some(&a), "same"),
            (Some(&a), Some(&b), "changed"),
        ] {
            let said = projection_change(&name, before, after);
            assert_eq!(said, json!({ "name": "profile", "kind": "cache", "change": change }));
        }
    }
}
