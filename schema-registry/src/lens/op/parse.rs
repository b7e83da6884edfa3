//! Operations as a document writes them: objects with one key, `{ add: { at: /locale, default: en } }`.
//!
//! What is wrong with an operation in itself is found here, each problem at its place, within nested lenses
//! too; whether it fits the schemas is for others to say. The depth of nesting is bounded, and the number of
//! operations in all.

mod body;

use serde_json::Value;

use self::body::Body;
use super::Op;
use crate::json::pointer;
use crate::limits::{LENS_DEPTH_MAX, LENS_OPS_MAX};
use crate::problem::{Problem, Problems};

const NAMES: [&str; 19] = [
    "add", "remove", "rename", "move", "convert", "cast", "scale", "nullable", "require", "relax", "wrap",
    "unwrap", "in", "map", "when", "retype", "split", "join", "derive",
];

/// Where a list of operations stands.
#[derive(Clone, Copy)]
struct Scope {
    /// Lenses around it.
    depth: usize,
    /// Whether its pointers count from an element of a `map`, which need not be an object.
    element: bool,
}

/// Reads the lens at `place`: a list of operations.
pub(crate) fn parse_ops(json: &Value, place: &str, problems: &mut Problems) -> Option<Vec<Op>> {
    let count = operations(json, 0);
    if count > LENS_OPS_MAX {
        problems.add(place, format!("has {count} operations, over the limit of {LENS_OPS_MAX}"));
        return None;
    }
    list(json, place, Scope { depth: 0, element: false }, problems)
}

/// How many operations there are in all; below the limit of depth, which is noticed elsewhere.
fn operations(json: &Value, depth: usize) -> usize {
    let Some(list) = json.as_array().filter(|_| depth <= LENS_DEPTH_MAX) else { return 0 };
    let bodies = list.iter().filter_map(Value::as_object).flat_map(|op| op.values());
    let nested = bodies.filter_map(|body| body.get("lens")).map(|lens| operations(lens, depth + 1));
    list.len() + nested.sum::<usize>()
}

fn list(json: &Value, place: &str, scope: Scope, problems: &mut Problems) -> Option<Vec<Op>> {
    let Some(list) = json.as_array() else {
        problems.add(place, "must be a list of operations");
        return None;
    };
    let read = |(index, json)| op(json, &format!("{place}/{index}"), scope, index, problems);
    let ops: Vec<Option<Op>> = list.iter().enumerate().map(read).collect();
    ops.into_iter().collect()
}

fn op(json: &Value, place: &str, scope: Scope, index: usize, problems: &mut Problems) -> Option<Op> {
    let one = json.as_object().filter(|object| object.len() == 1).and_then(|object| object.iter().next());
    let Some((name, body)) = one else {
        let help = format!("write one of {}: `{{ add: {{ at: /locale }} }}`", NAMES.join(", "));
        problems.push(Problem::new(place, "must be an object with one operation").help(help));
        return None;
    };
    if !NAMES.contains(&name.as_str()) {
        let help = format!("use {}", NAMES.join(", "));
        problems.push(Problem::new(place, format!("the operation `{name}` is not known")).help(help));
        return None;
    }
    if name == "retype" && (index > 0 || scope.depth > 0) {
        let problem = Problem::new(place, "`retype` must be the first operation of an event type's lens");
        problems.push(problem.help("put it first, once, and not within another operation"));
        return None;
    }
    let place = pointer::child(place, name);
    let Some(body) = body.as_object() else {
        problems.add(place, "must be an object");
        return None;
    };
    let before = problems.count();
    let op = Body::new(body, place, scope, problems).op(name);
    op.filter(|_| problems.count() == before)
}
