//! Two schemas with a lens between them, judged as the registry judges an event type of two versions.

use std::path::Path;

use selfsame_schema::{Document, NoSamples, Problem, Registry, Report, TypeReport};
use serde_json::{Value, json};

use super::{Mode, read};
use crate::commands::version::diff;
use crate::failure::{Failure, Outcome};
use crate::out::{Out, line};

/// The name of the one event type.
const TYPE: &str = "event";

pub(super) fn run(old: &Value, new: &Value, path: &Path, mode: Mode, out: Out) -> Outcome {
    let report = judge(old, new, &read(path)?).map_err(|problems| Failure::Input {
        what: format!("the lens in `{}`", path.display()),
        reason: problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
    })?;
    let json = json!(report);
    line(&if out.json { json.to_string() } else { diff::report(&json, diff::Paint::of_stdout()) })?;
    let arrives =
        |t: &TypeReport| (!mode.backward() || t.up.is_total()) && (!mode.forward() || t.down.is_total());
    let compatible = report.types.iter().all(arrives);
    if compatible { Ok(()) } else { Err(Failure::Incompatible { mode: mode.name() }) }
}

/// The report of a version with the old schema and a child of it with the new one. What does not arrive is
/// no error here but what is asked for.
fn judge(old: &Value, new: &Value, lens: &Value) -> Result<Report, Vec<Problem>> {
    let events = |schema: &Value| json!({ TYPE: { "schema": schema, "partial": true } });
    let lenses = json!({ TYPE: lens });
    let documents = [
        json!({ "selfsame": 1, "name": "old", "events": events(old) }),
        json!({ "selfsame": 1, "name": "new", "parent": "v1", "events": events(new), "lenses": lenses }),
    ];
    let mut registry = Registry::new();
    let mut versions = Vec::new();
    for document in documents {
        let version = registry.check(&Document::parse(&document.to_string())?)?;
        versions.push(registry.insert(version).no());
    }
    let ends = versions.first().zip(versions.last());
    let report = ends.and_then(|(from, to)| registry.report(*from, *to, &NoSamples));
    report.ok_or_else(|| vec![Problem::new("", "the two versions are not there")])
}
