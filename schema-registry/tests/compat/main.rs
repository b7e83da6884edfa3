//! The rule table of the compatibility labels, line by line, and the limits of a comparison.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

mod limits;
mod recursion;
mod table;
mod wrong;

use selfsame_schema::compat::{Comparison, compare};
use serde_json::Value;

fn schema(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

fn compared(old: &str, new: &str) -> Comparison {
    compare(&schema(old), &schema(new)).unwrap_or_else(|e| panic!("{old} -> {new}: {e}"))
}

/// Compares two schemas: the kinds that are expected, in the order of their places, and the two labels.
#[track_caller]
fn check(old: &str, new: &str, kinds: &str, strict: &str, lenient: &str) {
    let found = compared(old, new);
    let names: Vec<&str> = found.changes.iter().map(|change| change.kind.name()).collect();
    let got = (names.join(" "), found.strict.name(), found.lenient.name());
    assert_eq!(got, (kinds.to_owned(), strict, lenient), "{old} -> {new}");
    let (backward, forward) =
        (found.changes.iter().all(|c| c.backward), found.changes.iter().all(|c| c.forward));
    assert_eq!(backward, found.strict.is_backward(), "{old} -> {new}");
    assert_eq!(forward, found.strict.is_forward(), "{old} -> {new}");
}

/// Checks a change in both directions; the labels of the second are those of the first, turned round.
#[track_caller]
fn both(old: &str, new: &str, kinds: &str, back: &str, strict: &str, lenient: &str) {
    let turned = |label| match label {
        "backward" => "forward",
        "forward" => "backward",
        label => label,
    };
    check(old, new, kinds, strict, lenient);
    check(new, old, back, turned(strict), turned(lenient));
}
