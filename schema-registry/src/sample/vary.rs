//! Values that tell schemas apart, and documents that differ from a document in one place.

use std::collections::{BTreeSet, VecDeque};

use serde_json::{Map, Value, json};

use super::make::{ITEMS_MAX, Manner, make, name_for};
use super::part::{Part, flatten, of_item, of_member};
use super::text::{LENGTH_MAX, TEXTS};
use crate::inclusion::Step;

/// Levels of a document that are varied.
const DEPTH_MAX: usize = 12;
/// Items of one list that are varied.
const VARIED_ITEMS_MAX: usize = 3;
/// Names of one object that are varied.
const NAMES_MAX: usize = 256;
/// Listed values that are taken from one schema.
const LISTED_MAX: usize = 64;
/// Schemas of one place of which documents are made.
const MADE_MAX: usize = 12;
/// Names that no schema is likely to know.
const UNKNOWN: [&str; 4] = ["other", "a", "b1", ""];

/// What is put in the place of a value; none to take it away.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    path: Vec<Step>,
    to: Option<Value>,
}

impl Change {
    pub(crate) fn new(path: &[Step], to: Option<Value>) -> Change {
        Change { path: path.to_vec(), to }
    }

    /// The document with the change; none if its place is not there.
    pub(crate) fn apply(&self, document: &Value) -> Option<Value> {
        let Some((last, hosts)) = self.path.split_last() else { return self.to.clone() };
        let mut changed = document.clone();
        let mut host = &mut changed;
        for step in hosts {
            host = match step {
                Step::Member(name) => host.get_mut(name)?,
                Step::Item(index) => host.get_mut(index)?,
                Step::Other(_) => return None,
            };
        }
        match (host, last, &self.to) {
            (Value::Object(members), Step::Member(name), Some(to)) => {
                members.insert(name.clone(), to.clone());
            }
            (Value::Object(members), Step::Member(name), None) => {
                members.remove(name)?;
            }
            (Value::Array(items), Step::Item(index), Some(to)) if *index < items.len() => {
                *items.get_mut(*index)? = to.clone();
            }
            (Value::Array(items), Step::Item(_), Some(to)) => items.push(to.clone()),
            (Value::Array(items), Step::Item(index), None) if *index < items.len() => {
                items.remove(*index);
            }
            _ => return None,
        }
        Some(changed)
    }
}

/// What is there at the end of a path.
pub(crate) fn at<'v>(document: &'v Value, path: &[Step]) -> Option<&'v Value> {
    path.iter().try_fold(document, |value, step| match step {
        Step::Member(name) => value.get(name),
        Step::Item(index) => value.get(index),
        Step::Other(_) => None,
    })
}

/// Changes of the document in one place, those near the root first, at most so many.
pub(crate) fn changes(document: &Value, parts: &[Part<'_>], changes_max: usize) -> Vec<Change> {
    let mut found = Vec::new();
    let mut open = VecDeque::from([(Vec::new(), document, parts.to_vec())]);
    while let Some((path, value, parts)) = open.pop_front() {
        if found.len() >= changes_max {
            break;
        }
        found.extend(pool(&parts).into_iter().map(|to| Change::new(&path, Some(to))));
        if path.len() >= DEPTH_MAX {
            continue;
        }
        let flat = flatten(&parts);
        found.extend(around(&path, value, &flat));
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    let path = path.iter().cloned().chain([Step::Member(name.clone())]).collect();
                    open.push_back((path, member, of_member(&flat, name)));
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate().take(VARIED_ITEMS_MAX) {
                    let path = path.iter().cloned().chain([Step::Item(index)]).collect();
                    open.push_back((path, item, of_item(&flat, index)));
                }
            }
            _ => {}
        }
    }
    found.truncate(changes_max);
    found
}

/// Members and items that go or come.
pub(crate) fn around(path: &[Step], value: &Value, flat: &[Part<'_>]) -> Vec<Change> {
    let at =
        |step: Step, to: Option<Value>| Change { path: path.iter().cloned().chain([step]).collect(), to };
    let mut found = Vec::new();
    match value {
        Value::Object(members) => {
            found.extend(members.keys().map(|name| at(Step::Member(name.clone()), None)));
            for name in names(flat).into_iter().filter(|name| !members.contains_key(name)) {
                let values = pool(&of_member(flat, &name)).into_iter().take(MADE_MAX);
                found.extend(values.map(|value| at(Step::Member(name.clone()), Some(value))));
                let to = |members| Change { path: path.to_vec(), to: Some(Value::Object(members)) };
                found.extend(with_dependents(members, &name, flat).into_iter().map(to));
            }
        }
        Value::Array(items) => {
            found.extend((0..items.len().min(VARIED_ITEMS_MAX)).map(|index| at(Step::Item(index), None)));
            let more = pool(&of_item(flat, items.len())).into_iter();
            found.extend(more.map(|value| at(Step::Item(items.len()), Some(value))));
            found
                .push(Change { path: path.to_vec(), to: Some(items.iter().chain(items).cloned().collect()) });
        }
        _ => {}
    }
    found
}

/// The object with one more member and what must come with it: all of that, and all but one each.
fn with_dependents(members: &Map<String, Value>, name: &str, flat: &[Part<'_>]) -> Vec<Map<String, Value>> {
    let mut needed: BTreeSet<&str> = BTreeSet::new();
    for word in ["dependentRequired", "dependencies", "dependentSchemas"] {
        for (_, part) in flat.iter().flat_map(|part| part.members(word)).filter(|(key, _)| *key == name) {
            needed.extend(part.schema.as_array().into_iter().flatten().filter_map(Value::as_str));
            needed.extend(part.names("required"));
        }
    }
    needed.retain(|key| !members.contains_key(*key));
    if needed.is_empty() {
        return Vec::new();
    }
    let made = |key: &str| (key.to_owned(), make(&of_member(flat, key), Manner { filled: false, choice: 0 }));
    let mut whole = members.clone();
    whole.extend(needed.iter().copied().chain([name]).map(made));
    let without = |key: &&str| {
        let mut part = whole.clone();
        part.remove(*key).map(|_| part)
    };
    let parts: Vec<Map<String, Value>> = needed.iter().take(MADE_MAX).filter_map(without).collect();
    [whole].into_iter().chain(parts).collect()
}

/// Values that tell the schemas of a place apart: of every type, at and beyond every bound.
pub(crate) fn pool(parts: &[Part<'_>]) -> Vec<Value> {
    let flat = flatten(parts);
    let mut values = vec![json!(null), json!(false), json!(0), json!(1.5)];
    let minimal = |choice| Manner { filled: false, choice };
    values.extend(parts.iter().map(|part| make(&[*part], minimal(0))));
    values.extend(flat.iter().flat_map(|part| bounds(*part, &flat)));
    values.extend(TEXTS.iter().map(|text| json!(text)));
    values.extend([json!([]), json!({}), json!([0, 0]), json!(["a"])]);
    values.extend(flat.iter().take(MADE_MAX).map(|part| make(&[*part], minimal(1))));
    let mut seen = BTreeSet::new();
    values.retain(|value| seen.insert(value.to_string()));
    values
}

/// Numbers at and beyond the bounds of one schema.
pub(crate) fn numbers(part: Part<'_>) -> Vec<Value> {
    let mut values = Vec::new();
    for word in ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"] {
        match (part.get(word).and_then(Value::as_i64), part.get(word).and_then(Value::as_f64)) {
            (Some(n), _) => {
                values.extend([0, -1, 1].map(|step| json!(n.saturating_add(step))));
                values.push(json!(n.saturating_mul(2)));
            }
            (None, Some(n)) => values.extend([n, n - 1.0, n + 1.0, n * 2.0].map(|n| json!(n))),
            (None, None) => {}
        }
        // Between whole numbers, too.
        values.extend(
            part.get(word).and_then(Value::as_f64).into_iter().flat_map(|n| [json!(n + 0.5), json!(n - 0.5)]),
        );
    }
    values
}

/// Values at and beyond the bounds of one schema.
fn bounds(part: Part<'_>, flat: &[Part<'_>]) -> Vec<Value> {
    let mut values: Vec<Value> = part.get("const").cloned().into_iter().collect();
    for word in ["enum", "examples"] {
        values
            .extend(part.get(word).and_then(Value::as_array).into_iter().flatten().take(LISTED_MAX).cloned());
    }
    values.extend(numbers(part));
    let around = |word: &str, most: u64| {
        let bound = part.get(word).and_then(Value::as_u64).filter(|n| *n < most);
        bound.into_iter().flat_map(|n| n.saturating_sub(1)..=n + 1).filter_map(|n| usize::try_from(n).ok())
    };
    let length_max = u64::try_from(LENGTH_MAX).unwrap_or(u64::MAX);
    values.extend(
        around("minLength", length_max).chain(around("maxLength", length_max)).map(|n| json!("a".repeat(n))),
    );
    if let Some(pattern) = part.get("pattern").and_then(Value::as_str) {
        values.push(json!(name_for(pattern)));
    }
    let counts = ["minItems", "maxItems", "minContains", "maxContains"];
    for count in counts.into_iter().flat_map(|word| around(word, ITEMS_MAX)) {
        let contained = part.get("contains").and_then(|_| part.below("contains"));
        let item = |n: usize| {
            let of: Vec<Part<'_>> = of_item(&[part], n).into_iter().chain(contained).collect();
            if of.is_empty() { json!(n) } else { make(&of, Manner { filled: false, choice: n }) }
        };
        values.push((0..count).map(item).collect());
    }
    for count in ["minProperties", "maxProperties"].into_iter().flat_map(|word| around(word, ITEMS_MAX)) {
        let member = |n: usize| {
            let name = format!("k{n}");
            let of = of_member(flat, &name);
            let value = if of.is_empty() { json!(n) } else { make(&of, Manner { filled: false, choice: 0 }) };
            (name, value)
        };
        values.push(Value::Object((0..count).map(member).collect::<Map<_, _>>()));
    }
    values
}

/// The names that the schemas speak of, and some that they do not.
pub(crate) fn names(flat: &[Part<'_>]) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = BTreeSet::new();
    for part in flat {
        let words = ["properties", "dependencies", "dependentRequired", "dependentSchemas"];
        names.extend(words.into_iter().flat_map(|word| part.members(word)).map(|(name, _)| name.to_owned()));
        for word in ["dependencies", "dependentRequired"] {
            let lists = part.members(word).filter_map(|(_, needed)| needed.schema.as_array());
            names.extend(lists.flatten().filter_map(Value::as_str).map(str::to_owned));
        }
        names.extend(part.names("required").map(str::to_owned));
        names.extend(part.members("patternProperties").map(|(pattern, _)| name_for(pattern)));
        if names.len() >= NAMES_MAX {
            break;
        }
    }
    names.into_iter().take(NAMES_MAX).chain(UNKNOWN.map(str::to_owned)).collect()
}
