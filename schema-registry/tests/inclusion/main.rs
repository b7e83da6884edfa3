//! Inclusion: what is proven, what is refuted and by which witness, and what stays open.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

mod documents;
mod limits;
mod rules;
mod sound;
mod wrong;

use jsonschema::Draft;
use selfsame_schema::inclusion::{Inclusion, includes};
use serde_json::Value;

fn schema(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// A validator of its own, by the dialect that the document is taken for.
fn oracle(schema: &Value) -> jsonschema::Validator {
    let named = schema.get("$schema").and_then(Value::as_str).unwrap_or_default();
    let old = named.contains("draft-07") || (named.is_empty() && schema.get("definitions").is_some());
    let draft = if old { Draft::Draft7 } else { Draft::Draft202012 };
    jsonschema::options().with_draft(draft).should_validate_formats(false).build(schema).expect("a schema")
}

/// The inclusion in one word, or the witness, which is checked.
#[track_caller]
fn said(sub: &str, sup: &str) -> String {
    let (sub, sup) = (schema(sub), schema(sup));
    match includes(&sub, &sup) {
        Inclusion::Proven => "proven".to_owned(),
        Inclusion::Unknown { places } => {
            let places: Vec<&str> = places.iter().map(|place| place.pointer.as_str()).collect();
            format!("unknown at {}", places.join(" "))
        }
        Inclusion::Refuted { witness } => {
            assert!(oracle(&sub).is_valid(&witness), "{witness} is not valid under {sub}");
            assert!(!oracle(&sup).is_valid(&witness), "{witness} is valid under {sup}");
            witness.to_string()
        }
    }
}

/// Two schemas, and what comes of the inclusion of the first in the second.
#[track_caller]
fn check(sub: &str, sup: &str, expect: &str) {
    assert_eq!(said(sub, sup), expect, "{sub} -> {sup}");
}

/// The inclusion one way is proven, the other way round refuted by a witness.
#[track_caller]
fn narrower(sub: &str, sup: &str, witness: &str) {
    check(sub, sup, "proven");
    check(sup, sub, witness);
}

/// Both schemas take the same documents.
#[track_caller]
fn same(a: &str, b: &str) {
    check(a, b, "proven");
    check(b, a, "proven");
}
