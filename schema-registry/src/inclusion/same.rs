//! Whether two schemas say the same: equal words, with references followed on both sides.
//!
//! A pair that is reached again counts as equal: two graphs of schemas that cannot be told apart by
//! following their words take the same documents.

use std::collections::BTreeSet;

use serde_json::Value;

use super::doc::Place;
use super::value;

/// Pairs that are looked at for one question.
const PAIRS_MAX: usize = 20_000;

/// Pairs of places, by what they are known by.
pub(crate) type Pairs = BTreeSet<(usize, usize)>;

/// The pairs that are equal if these are, or none.
pub(crate) fn same(a: Place<'_>, b: Place<'_>, known: &Pairs) -> Option<Pairs> {
    let mut pairs = Pairs::new();
    let mut open = vec![(a, b)];
    while let Some((a, b)) = open.pop() {
        let (a, b) = (a.resolved(), b.resolved());
        if a.id() == b.id() || known.contains(&(a.id(), b.id())) || !pairs.insert((a.id(), b.id())) {
            continue;
        }
        if pairs.len() > PAIRS_MAX || a.dialect() != b.dialect() {
            return None;
        }
        if a.takes_all() && b.takes_all() {
            continue;
        }
        let (Value::Object(_), Value::Object(_)) = (a.value, b.value) else {
            if a.value == b.value {
                continue;
            }
            return None;
        };
        if !a.words().map(|(word, _)| word).eq(b.words().map(|(word, _)| word)) {
            return None;
        }
        for ((word, x), (_, y)) in a.words().zip(b.words()) {
            below(word, (a, x), (b, y), &mut open)?;
        }
    }
    Some(pairs)
}

/// Compares what stands under a word; schemas below are left for later.
fn below<'a, 'b>(
    word: &str,
    (a, x): (Place<'a>, &'a Value),
    (b, y): (Place<'b>, &'b Value),
    open: &mut Vec<(Place<'a>, Place<'b>)>,
) -> Option<()> {
    let equal = match (word, x, y) {
        ("$ref", _, _) => {
            open.push((a.target()?, b.target()?));
            true
        }
        ("$dynamicRef" | "$recursiveRef", _, _) => false,
        ("required" | "type" | "enum", Value::Array(x), Value::Array(y)) => subset(x, y) && subset(y, x),
        ("const" | "required" | "type" | "enum", x, y) => value::equal(x, y) == Some(true),
        (
            "properties" | "patternProperties" | "dependentSchemas" | "dependencies",
            Value::Object(x),
            Value::Object(y),
        ) => {
            for (key, x) in x {
                match (x, y.get(key)?) {
                    (Value::Array(x), Value::Array(y)) if subset(x, y) && subset(y, x) => {}
                    (Value::Array(_), _) | (_, Value::Array(_)) => return None,
                    (x, y) => open.push((a.at(x), b.at(y))),
                }
            }
            x.len() == y.len()
        }
        ("allOf" | "anyOf" | "oneOf" | "prefixItems" | "items", Value::Array(x), Value::Array(y)) => {
            open.extend(x.iter().zip(y).map(|(x, y)| (a.at(x), b.at(y))));
            x.len() == y.len()
        }
        (_, Value::Object(_) | Value::Bool(_), Value::Object(_) | Value::Bool(_))
            if !["dependentRequired", "uniqueItems"].contains(&word) =>
        {
            open.push((a.at(x), b.at(y)));
            true
        }
        (_, x, y) => value::equal(x, y) == Some(true),
    };
    equal.then_some(())
}

fn subset(part: &[Value], whole: &[Value]) -> bool {
    part.iter().all(|x| whole.iter().any(|y| value::equal(x, y) == Some(true)))
}
