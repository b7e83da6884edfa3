//! Documents that differ from a document in one place.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::part::{Part, flatten, of_item, of_member};
use super::sample::pool;

/// Levels of a document that are varied.
const DEPTH_MAX: usize = 5;
/// Items of one list that are varied.
const ITEMS_MAX: usize = 3;
/// Names of one object that are varied.
const NAMES_MAX: usize = 128;
/// A name that no schema is likely to know.
const UNKNOWN: &str = "other";

/// The document with one place changed, at most so many times.
pub(crate) fn variants(document: &Value, parts: &[Part<'_>], count_max: usize) -> Vec<Value> {
    let mut found = below(document, parts, 0, count_max);
    found.truncate(count_max);
    found
}

fn below(value: &Value, parts: &[Part<'_>], depth: usize, count_max: usize) -> Vec<Value> {
    let mut found = pool(parts, depth);
    if depth >= DEPTH_MAX || parts.is_empty() {
        return found;
    }
    let flat = flatten(parts);
    match value {
        Value::Object(members) => {
            let mut put = |name: &str, value: Option<Value>| {
                let mut members = members.clone();
                match value {
                    Some(value) => members.insert(name.to_owned(), value),
                    None => members.remove(name),
                };
                found.push(Value::Object(members));
                found.len() < count_max
            };
            for name in
                names(&flat).into_iter().chain(members.keys().map(String::as_str)).collect::<BTreeSet<_>>()
            {
                let inner = of_member(&flat, name);
                let values = match members.get(name) {
                    Some(member) => {
                        put(name, None);
                        below(member, &inner, depth + 1, count_max / 4)
                    }
                    None => pool(&inner, depth + 1),
                };
                if !values.into_iter().all(|value| put(name, Some(value))) {
                    break;
                }
            }
        }
        Value::Array(items) => {
            for index in 0..(items.len() + 1).min(ITEMS_MAX) {
                let inner = of_item(&flat, index);
                let values = match items.get(index) {
                    Some(item) => below(item, &inner, depth + 1, count_max / 4),
                    None => pool(&inner, depth + 1),
                };
                let replaced = |value: Value| {
                    let rest = items.iter().skip(index + 1).cloned();
                    items.iter().take(index).cloned().chain([value]).chain(rest).collect::<Value>()
                };
                found.extend(values.into_iter().map(replaced));
            }
            found.push(items.iter().chain(items).cloned().collect());
        }
        _ => {}
    }
    found
}

/// The names that the schemas speak of, and one that they do not.
fn names<'a>(flat: &[Part<'a>]) -> BTreeSet<&'a str> {
    let of = |part: &Part<'a>| {
        let words = ["properties", "dependencies", "dependentRequired", "dependentSchemas"];
        let named = words.into_iter().flat_map(|word| part.members(word)).map(|(name, _)| name);
        let within = ["dependencies", "dependentRequired"].into_iter().filter_map(|word| part.get(word));
        let within = within.filter_map(Value::as_object).flat_map(|members| members.values());
        let within = within.filter_map(Value::as_array).flatten().filter_map(Value::as_str);
        named.chain(part.names("required")).chain(within).collect::<Vec<_>>()
    };
    let unknown = [UNKNOWN, "a", "b1"];
    flat.iter().flat_map(of).chain(pattern_names(flat)).take(NAMES_MAX).chain(unknown).collect()
}

/// Patterns of names, read as names where they begin with plain text.
fn pattern_names<'a>(flat: &[Part<'a>]) -> Vec<&'a str> {
    let patterns = flat.iter().flat_map(|part| part.members("patternProperties"));
    let plain = |(pattern, _): (&'a str, _)| {
        let text = pattern.trim_start_matches('^');
        text.split(|c: char| !c.is_alphanumeric() && c != '-' && c != '_').next().unwrap_or_default()
    };
    patterns.map(plain).filter(|name| !name.is_empty()).collect()
}

/// The document without one member or item, or with something simpler in one place.
pub(crate) fn smaller(value: &Value) -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let mut without = members.clone();
                without.remove(name);
                found.push(Value::Object(without));
                found.extend(smaller(member).into_iter().map(|value| {
                    let mut with = members.clone();
                    with.insert(name.clone(), value);
                    Value::Object(with)
                }));
            }
        }
        Value::Array(items) => {
            for index in 0..items.len() {
                let (before, after) =
                    (items.iter().take(index).cloned(), items.iter().skip(index + 1).cloned());
                found.push(before.chain(after).collect());
            }
        }
        Value::String(text) if !text.is_empty() => found.push(json!("")),
        _ => {}
    }
    found
}
