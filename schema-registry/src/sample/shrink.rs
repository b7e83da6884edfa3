//! A document made smaller while it stays what it is.

use serde_json::{Value, json};

use super::vary::{Change, at};
use crate::inclusion::Step;

/// Documents that are checked while one is made smaller.
const CHECKS_MAX: usize = 800;
/// Times that the whole document is gone through.
const ROUNDS_MAX: usize = 4;

/// Drops members and items and shortens values wherever the document stays what it is.
pub(crate) fn shrink(mut document: Value, stays: &dyn Fn(&Value) -> bool) -> Value {
    let mut checks = 0;
    for _ in 0..ROUNDS_MAX {
        let before = document.clone();
        let mut open = vec![Vec::new()];
        while let Some(path) = open.pop() {
            let Some(value) = at(&document, &path) else { continue };
            for to in simpler(value, path.is_empty()) {
                checks += 1;
                if checks > CHECKS_MAX {
                    return document;
                }
                let smaller = Change::new(&path, to).apply(&document).filter(|smaller| stays(smaller));
                if let Some(smaller) = smaller {
                    document = smaller;
                    break;
                }
            }
            // From the last item on: what is dropped then moves nothing that is still to come.
            let below = |step: Step| path.iter().cloned().chain([step]).collect::<Vec<_>>();
            match at(&document, &path) {
                Some(Value::Object(members)) => {
                    open.extend(members.keys().map(|name| below(Step::Member(name.clone()))));
                }
                Some(Value::Array(items)) => open.extend((0..items.len()).map(|n| below(Step::Item(n)))),
                _ => {}
            }
        }
        if document == before {
            break;
        }
    }
    document
}

/// What may stand in for a value, the smallest first; none is the value's absence.
fn simpler(value: &Value, is_root: bool) -> Vec<Option<Value>> {
    let mut found: Vec<Option<Value>> = if is_root { Vec::new() } else { vec![None] };
    let shorter = |text: &str, length: usize| json!(text.chars().take(length).collect::<String>());
    match value {
        Value::Object(members) if !members.is_empty() => found.push(Some(json!({}))),
        Value::Array(items) if !items.is_empty() => {
            found.push(Some(json!([])));
            found.push(Some(items.iter().take(items.len() / 2).cloned().collect()));
        }
        Value::String(text) if !text.is_empty() => {
            let length = text.chars().count();
            let lengths = [0, 1, length / 2, length - 1];
            let lengths = lengths.into_iter().filter(|n| *n < length);
            found.extend(lengths.map(|length| Some(shorter(text, length))));
        }
        Value::Number(number) if number.as_i64() != Some(0) => {
            found.push(Some(json!(0)));
            if number.as_i64().is_some_and(|n| n.unsigned_abs() > 1) {
                found.push(Some(json!(1)));
            }
        }
        _ => {}
    }
    found
}
