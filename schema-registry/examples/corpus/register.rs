//! Each version of the schemas registered as the child of the one before, with the lens that is proposed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use selfsame_schema::{Document, NoSamples, Problem, Registry, Report, propose};
use serde_json::{Map, Value, json};

use crate::corpus::bundled;

/// What came of one registration.
pub(crate) struct Registered {
    pub(crate) name: String,
    pub(crate) types: usize,
    /// Types with a lens, and operations in all.
    pub(crate) lenses: usize,
    pub(crate) operations: usize,
    /// Types of which some event is accepted to be lost, and why.
    pub(crate) partial: BTreeMap<String, String>,
    /// Types whose proposed lens does not lead there, and why.
    pub(crate) unled: BTreeMap<String, String>,
    pub(crate) check: Duration,
    pub(crate) judge: Duration,
    pub(crate) report: Option<Report>,
}

/// Registers a document; the lens of a type that does not lead there is left out, and a type of which an
/// event cannot be read is said to be partial, as an author would.
pub(crate) fn register(
    registry: &mut Registry,
    name: &str,
    document: &Value,
    parent: Option<&Value>,
) -> Result<Registered, String> {
    let mut lenses = parent.map(|parent| proposed(parent, document)).unwrap_or_default();
    let (mut partial, mut unled) = (BTreeMap::new(), BTreeMap::new());
    loop {
        let written = written(registry, document, &lenses, &partial);
        let start = Instant::now();
        let version = Document::parse(&written).and_then(|document| registry.check(&document));
        let check = start.elapsed();
        let version = match version {
            Ok(version) => version,
            Err(problems) => {
                note(&problems, "/lenses/", &mut unled)?;
                lenses.retain(|name, _| !unled.contains_key(name));
                continue;
            }
        };
        let start = Instant::now();
        let judged = registry.judge(&version, &NoSamples);
        let judge = start.elapsed();
        match judged {
            Ok(report) => {
                let types = version.events().count();
                registry.insert(version);
                let operations = lenses.values().filter_map(Value::as_array).map(|ops| size(ops)).sum();
                let (name, lenses) = (name.to_owned(), lenses.len());
                return Ok(Registered {
                    name,
                    types,
                    lenses,
                    operations,
                    partial,
                    unled,
                    check,
                    judge,
                    report,
                });
            }
            Err(problems) => note(&problems, "/", &mut partial)?,
        }
    }
}

/// The lenses that are proposed for the types of both.
fn proposed(parent: &Value, document: &Value) -> Map<String, Value> {
    let types = |document: &Value| document["events"].as_object().cloned().unwrap_or_default();
    let (before, after) = (types(parent), types(document));
    let both: BTreeSet<&String> = after.keys().filter(|name| before.contains_key(*name)).collect();
    let lens = |name: &String| {
        let proposals = propose(&bundled(parent, name), &bundled(document, name)).unwrap_or_default();
        let ops: Vec<Value> = proposals.into_iter().map(|proposal| proposal.op).collect();
        (!ops.is_empty()).then(|| (name.clone(), ops.into()))
    };
    both.into_iter().filter_map(lens).collect()
}

fn written(
    registry: &Registry,
    document: &Value,
    lenses: &Map<String, Value>,
    partial: &BTreeMap<String, String>,
) -> String {
    let mut document = document.clone();
    if let Some(last) = registry.versions().last() {
        document["parent"] = json!(last.no().to_string());
        document["lenses"] = json!(lenses);
    }
    for name in partial.keys() {
        document["events"][name]["partial"] = json!(true);
    }
    document.to_string()
}

/// Notes the event types that problems are about; an error if one is about something else, or again.
fn note(problems: &[Problem], below: &str, types: &mut BTreeMap<String, String>) -> Result<(), String> {
    for problem in problems {
        let found = ["/lenses/", "/events/"]
            .iter()
            .filter(|section| section.starts_with(below))
            .find_map(|section| problem.pointer.strip_prefix(section));
        let name = found.and_then(|rest| rest.split('/').next()).ok_or_else(|| problem.to_string())?;
        if types.insert(name.to_owned(), problem.message.clone()).is_some() {
            return Err(problem.to_string());
        }
    }
    Ok(())
}

/// How many operations these are, those inside counted.
fn size(ops: &[Value]) -> usize {
    let inner = |op: &Value| {
        let body = op.as_object().and_then(|op| op.values().next());
        body.and_then(|body| body["lens"].as_array().map(|ops| size(ops))).unwrap_or(0)
    };
    ops.iter().map(|op| 1 + inner(op)).sum()
}
