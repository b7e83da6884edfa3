//! From a document's `projections` to a [`Plan`].
//!
//! Each projection is read on its own ([`section`]), its reductions give columns ([`columns`]), and both
//! give the routes of the plan. Nothing stops at the first problem.

mod columns;
mod condition;
mod expression;
mod section;
mod settings;
mod spot;

use std::sync::Arc;

use indexmap::IndexMap;
use selfsame_record::{Digest, Name};
use selfsame_schema::{EventShape, FOLD_REVISION, PROBLEMS_MAX, Problem, Version};
use serde_json::Value;

use crate::plan::{Plan, ProjectionPlan, Route};
use crate::reduction::Reduction;
use section::{Draft, On, What};
use spot::Spot;

/// What was wrong so far.
pub(crate) type Problems = Vec<Problem>;

pub(crate) fn compile(version: &Version) -> Result<Plan, Problems> {
    let mut problems = vec![];
    let mut plan = Plan { projections: vec![], routes: IndexMap::new() };
    let mut routes: IndexMap<Box<str>, Vec<Route>> =
        version.events().map(|(event_type, _)| (event_type.as_str().into(), vec![])).collect();
    let schemas = condition::Schemas::new(version);
    for (name, value) in version.projections() {
        let spot = Spot::new(value, "/projections").under(name.as_str());
        let Some(draft) = section::read(&spot, &schemas, &mut problems) else {
            continue;
        };
        let (projection, its_routes) = finish(name, value, draft, plan.projections.len(), &mut problems);
        for (event_type, route) in its_routes {
            routes.entry(event_type).or_default().push(route);
        }
        plan.projections.push(projection);
    }
    problems.truncate(PROBLEMS_MAX);
    plan.routes = routes.into_iter().map(|(event_type, routes)| (event_type, Arc::from(routes))).collect();
    if problems.is_empty() { Ok(plan) } else { Err(problems) }
}

/// Settles the columns of a projection and makes its routes; `number` is its place in the plan.
fn finish(
    name: &Name,
    value: &Value,
    draft: Draft,
    number: usize,
    problems: &mut Problems,
) -> (ProjectionPlan, Vec<(Box<str>, Route)>) {
    let content_id = content_id(value, &draft.on);
    let columns = columns::settle(&draft, problems);
    let mut routes = vec![];
    for on in draft.on {
        let reduction = match on.what {
            What::Delete => Reduction::Delete,
            What::Change(uses) => Reduction::Change(columns.steps(uses)),
            What::Input(fields) => Reduction::Input(fields.into()),
        };
        let condition = on.condition.map(|(condition, _)| condition);
        routes.push((on.event_type, Route { projection: number, condition, key: on.key, reduction }));
    }
    let plan = ProjectionPlan {
        name: name.clone(),
        kind: draft.kind,
        columns: columns.columns,
        indexes: columns.indexes,
        queue: draft.queue,
        content_id,
    };
    (plan, routes)
}

fn content_id(section: &Value, on: &[On<'_>]) -> Digest {
    let mut bytes = vec![];
    feed_json(section, &mut bytes);
    for on in on {
        feed_text(&on.event_type, &mut bytes);
        feed_shape(on.shape, &mut bytes);
        // What a condition means hangs on types that slots do not have: those of elements.
        if let Some((_, schema)) = &on.condition {
            bytes.extend(schema.0);
        }
    }
    Digest::of(&[b"projection", &FOLD_REVISION.to_le_bytes(), &bytes])
}

fn feed_shape(shape: &EventShape, out: &mut Vec<u8>) {
    feed_text(&format!("{}", shape.slots().len()), out);
    for slot in shape.slots() {
        feed_text(&slot.pointer, out);
        feed_text(&format!("{:?} {} {} {}", slot.kind, slot.nullable, slot.required, slot.open), out);
    }
}

/// Bytes that are equal for equal values, whatever the order of their keys.
pub(crate) fn feed_json(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Array(items) => {
            feed_text(&format!("[{}", items.len()), out);
            items.iter().for_each(|item| feed_json(item, out));
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| *key);
            feed_text(&format!("{{{}", members.len()), out);
            for (key, member) in members {
                feed_text(key, out);
                feed_json(member, out);
            }
        }
        scalar => feed_text(&scalar.to_string(), out),
    }
}

fn feed_text(text: &str, out: &mut Vec<u8>) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}
