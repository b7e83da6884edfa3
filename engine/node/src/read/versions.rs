//! What readers are told of schema versions.

use selfsame_core::{Refusal, Serving};
use selfsame_projections::Generation;
use selfsame_record::VersionNo;
use selfsame_schema::Version;
use serde_json::{Map, Value, json};

use crate::builder::BuildProgress;
use crate::handle::Handle;
use crate::read::body::Body;
use crate::read::census::used_by;
use crate::read::{Refused, Served};

/// All versions, in the order of their registration.
pub fn versions(handle: &Handle) -> Served {
    handle.read(|serving| {
        let registry = &serving.status().admission.registry;
        let mut body = Body::new(serving.position(), serving.active());
        let entries = registry.versions().map(|version| Value::Object(entry(serving, version)).to_string());
        body.put_list("versions", entries);
        body.served()
    })
}

/// One version, with everything that is known of it.
///
/// # Errors
///
/// If there is no such version.
pub fn version(handle: &Handle, name: &str) -> Result<Served, Refused> {
    let builds = handle.builds();
    handle.read(|serving| {
        let found = find(serving, name).map_err(|refusal| Refused::at(serving, refusal))?;
        let mut body = Body::new(serving.position(), serving.active());
        for (member, value) in &entry(serving, found) {
            body.put(member, value);
        }
        let types = found.events().map(|(name, shape)| {
            json!({ "type": name, "key": shape.key_pointer(), "lens": found.lens_json(name.as_str()) })
        });
        body.put("events", &types.collect::<Vec<Value>>());
        let live = serving.generation(found.no()).map(|generation| live(serving, generation));
        body.put("live", &live).put("build", &progress(&builds, found.no()));
        body.put("used_by", &used_by(serving, &handle.shared.readers, found.no()));
        body.put("notes", found.notes());
        body.put_raw("document", found.canonical());
        Ok(body.served())
    })
}

/// A registered version by its number, content id, or the beginning of one.
fn find<'a>(serving: &'a Serving, name: &str) -> Result<&'a Version, Refusal> {
    let admission = &serving.status().admission;
    let no = admission.find_version(name)?;
    // It was just found there.
    admission.registry.version(no).map(|version| &**version).ok_or_else(|| admission.not_live(no))
}

/// A version in a list: what it is called and where it stands.
pub(crate) fn entry(serving: &Serving, version: &Version) -> Map<String, Value> {
    let no = version.no();
    let mut entry = Map::new();
    entry.insert("no".to_owned(), json!(no));
    entry.insert("id".to_owned(), json!(version.id()));
    entry.insert("name".to_owned(), json!(version.name()));
    entry.insert("parent".to_owned(), json!(version.parent()));
    if let Some(Value::Object(stage)) = serving.status().lifecycle.stage(no).map(|stage| json!(stage)) {
        entry.extend(stage);
    }
    entry
}

/// What a generation that is kept in step holds.
pub(crate) fn live(serving: &Serving, generation: &Generation) -> Value {
    json!({
        "at": serving.position(),
        "digest": generation.digest(),
        "projections": generation.report(),
        "skipped": skipped(serving, generation),
    })
}

/// The events that a generation could not take in, without what was wrong with protected ones: it shows their values.
fn skipped(serving: &Serving, generation: &Generation) -> Vec<Value> {
    let boundary = serving.status().admission.boundary.boundary();
    let is_secret = |line: &Value| {
        let event_type = line.get("event_type").and_then(Value::as_str).unwrap_or_default();
        match &boundary {
            Ok(boundary) => boundary.is_some_and(|boundary| boundary.protected.covers(event_type).is_some()),
            Err(_) => true,
        }
    };
    let line = |line: Value| match line {
        Value::Object(mut members) if is_secret(&Value::Object(members.clone())) => {
            members.remove("detail");
            Value::Object(members)
        }
        line => line,
    };
    generation.skipped().lines().map(|skipped| line(json!(skipped))).collect()
}

fn progress(builds: &[BuildProgress], version: VersionNo) -> Option<&BuildProgress> {
    builds.iter().find(|build| build.version == version)
}
