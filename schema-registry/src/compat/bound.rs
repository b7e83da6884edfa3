//! Bounds by numbers: how one that came, went or moved is called.

use serde_json::{Number, Value};
use std::cmp::Ordering;

use super::kind::ChangeKind::{self, *};
use super::source::Node;
use super::walk::Found;

/// The kinds of one bound: added, removed, increased, decreased.
type Bound = (&'static str, [ChangeKind; 4]);

/// Bounds of numbers.
pub(crate) const OF_NUMBERS: &[Bound] = &[
    ("maximum", [MaximumAdded, MaximumRemoved, MaximumIncreased, MaximumDecreased]),
    ("minimum", [MinimumAdded, MinimumRemoved, MinimumIncreased, MinimumDecreased]),
    (
        "exclusiveMaximum",
        [
            ExclusiveMaximumAdded,
            ExclusiveMaximumRemoved,
            ExclusiveMaximumIncreased,
            ExclusiveMaximumDecreased,
        ],
    ),
    (
        "exclusiveMinimum",
        [
            ExclusiveMinimumAdded,
            ExclusiveMinimumRemoved,
            ExclusiveMinimumIncreased,
            ExclusiveMinimumDecreased,
        ],
    ),
];
/// Bounds of strings.
pub(crate) const OF_STRINGS: &[Bound] = &[
    ("maxLength", [MaxLengthAdded, MaxLengthRemoved, MaxLengthIncreased, MaxLengthDecreased]),
    ("minLength", [MinLengthAdded, MinLengthRemoved, MinLengthIncreased, MinLengthDecreased]),
];
/// Bounds of objects.
pub(crate) const OF_OBJECTS: &[Bound] = &[
    (
        "maxProperties",
        [MaxPropertiesAdded, MaxPropertiesRemoved, MaxPropertiesIncreased, MaxPropertiesDecreased],
    ),
    (
        "minProperties",
        [MinPropertiesAdded, MinPropertiesRemoved, MinPropertiesIncreased, MinPropertiesDecreased],
    ),
];
/// Bounds of arrays.
pub(crate) const OF_ARRAYS: &[Bound] = &[
    ("maxItems", [MaxItemsAdded, MaxItemsRemoved, MaxItemsIncreased, MaxItemsDecreased]),
    ("minItems", [MinItemsAdded, MinItemsRemoved, MinItemsIncreased, MinItemsDecreased]),
    ("maxContains", [MaxContainsAdded, MaxContainsRemoved, MaxContainsIncreased, MaxContainsDecreased]),
    ("minContains", [MinContainsAdded, MinContainsRemoved, MinContainsIncreased, MinContainsDecreased]),
];

/// Compares bounds.
pub(crate) fn compare(bounds: &[Bound], old: &Node<'_>, new: &Node<'_>, found: &mut Found) {
    for (word, [added, removed, increased, decreased]) in bounds {
        let number = |node: &Node<'_>| match node.get(word) {
            Some(Value::Number(number)) => Some(number.clone()),
            _ => None,
        };
        match (number(old), number(new)) {
            (None, Some(_)) => found.add_at(new, word, *added, *removed),
            (Some(_), None) => found.add_at(old, word, *removed, *added),
            (Some(a), Some(b)) => match order(&a, &b) {
                Ordering::Less => found.add_at(new, word, *increased, *decreased),
                Ordering::Greater => found.add_at(new, word, *decreased, *increased),
                Ordering::Equal => {}
            },
            (None, None) => {}
        }
    }
}

/// Compares `multipleOf`.
pub(crate) fn multiple_of(old: &Node<'_>, new: &Node<'_>, found: &mut Found) {
    const WORD: &str = "multipleOf";
    let number = |node: &Node<'_>| node.get(WORD).and_then(Value::as_f64).filter(|n| *n > 0.0);
    match (number(old), number(new)) {
        (None, Some(_)) => found.add_at(new, WORD, MultipleOfAdded, MultipleOfRemoved),
        (Some(_), None) => found.add_at(old, WORD, MultipleOfRemoved, MultipleOfAdded),
        (Some(a), Some(b)) if a.total_cmp(&b) != Ordering::Equal => {
            let (kind, back) = match (divides(b, a), divides(a, b)) {
                (true, _) => (MultipleOfReduced, MultipleOfExpanded),
                (_, true) => (MultipleOfExpanded, MultipleOfReduced),
                _ => (MultipleOfChanged, MultipleOfChanged),
            };
            found.add_at(new, WORD, kind, back);
        }
        _ => {}
    }
}

/// Whether the whole is a multiple of the part, as near as doubles can tell.
fn divides(part: f64, whole: f64) -> bool {
    let quotient = whole / part;
    quotient.is_finite() && (quotient - quotient.round()).abs() < 1e-9 && quotient.round() >= 1.0
}

fn order(a: &Number, b: &Number) -> Ordering {
    match (a.as_i128(), b.as_i128()) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
    }
}
