//! Two schemas with a lens between them, judged as the registry judges an event type of two versions.

use std::path::Path;

use selfsame_schema::{Document, NoSamples, Problem, Registry, Report, TypeReport};
use serde_json::{Value, json};

use super::{Mode, read};
use crate::commands::lens::unusable;
use crate::commands::version::diff;
use crate::failure::{Failure, Outcome};
use crate::out::{Out, line};

/// The name of the one event type.
const TYPE: &str = "event";

pub(super) fn run(old: &Value, new: &Value, path: &Path, mode: Mode, out: Out) -> Outcome {
    let report = judge(old, new, &read(path)?).map_err(|problems| unusable(path, &problems))?;
    let json = json!(report);
    line(&if out.json { json.to_string() } else { diff::report(&json, diff::Paint::of_stdout()) })?;
    let arrives =
        |t: &TypeReport| (!mode.backward() || t.up.is_total()) && (!mode.forward() || t.down.is_total());
    let compatible = report.types.iter().all(arrives);
    if compatible { Ok(()) } else { Err(Failure::Incompatible { mode: mode.name() }) }
}

/// A problem of a document that was made of two files, with its place in the lens or in one of the schemas.
fn placed(problem: Problem, which: &str) -> Problem {
    let (lens, schema) = (format!("/lenses/{TYPE}"), format!("/events/{TYPE}/schema"));
    let pointer = if let Some(place) = problem.pointer.strip_prefix(&lens) {
        place.to_owned()
    } else if let Some(place) = problem.pointer.strip_prefix(&schema) {
        format!("{place} of the {which} schema")
    } else {
        problem.pointer
    };
    Problem { pointer, ..problem }
}

/// The report of a version with the old schema and a child of it with the new one. What does not arrive is
/// no error here but what is asked for.
fn judge(old: &Value, new: &Value, lens: &Value) -> Result<Report, Vec<Problem>> {
    let events = |schema: &Value| json!({ TYPE: { "schema": schema, "partial": true } });
    let lenses = json!({ TYPE: lens });
    let documents = [
        ("old", json!({ "selfsame": 1, "name": "old", "events": events(old) })),
        (
            "new",
            json!({ "selfsame": 1, "name": "new", "parent": "v1", "events": events(new), "lenses": lenses }),
        ),
    ];
    let mut registry = Registry::new();
    let mut versions = Vec::new();
    for (which, document) in documents {
        let version = Document::parse(&document.to_string()).and_then(|document| registry.check(&document));
        let placed = |problems: Vec<Problem>| problems.into_iter().map(|p| placed(p, which)).collect();
        let version = version.map_err(|problems| -> Vec<Problem> { placed(problems) })?;
        versions.push(registry.insert(version).no());
    }
    let ends = versions.first().zip(versions.last());
    let report = ends.and_then(|(from, to)| registry.report(*from, *to, &NoSamples));
    report.ok_or_else(|| vec![Problem::new("", "the two versions are not there")])
}
