//! Where the labels are wrong about validation: the label says compatible, and a witness says otherwise.

use selfsame_schema::compat::compare;

use crate::{check, schema};

/// The label, by the strict policy or the lenient one, and the witness.
#[track_caller]
fn wrong(old: &str, new: &str, policy: &str, witness: &str) {
    let found = compare(&schema(old), &schema(new)).expect("compared");
    let label = if policy == "lenient" { found.lenient } else { found.strict };
    assert!(label.is_backward(), "{label}: {old} -> {new}");
    check(old, new, witness);
}

#[test]
fn the_label_does_not_look_there_and_a_witness_shows_it() {
    wrong(r#"{"type":"object"}"#, r#"{"type":"object","required":["a"]}"#, "strict", "{}");
    let patterns = |name: &str| format!(r#"{{"patternProperties":{{"^a":{{"type":"{name}"}}}}}}"#);
    wrong(&patterns("string"), &patterns("integer"), "strict", r#"{"a":""}"#);
    wrong(
        r#"{"type":"object"}"#,
        r#"{"type":"object","propertyNames":{"maxLength":1}}"#,
        "strict",
        r#"{"b1":null}"#,
    );
    wrong(r#"{"type":"array"}"#, r#"{"type":"array","contains":{"type":"string"}}"#, "strict", "[]");
    wrong(r#"{"type":"object"}"#, r#"{"type":"object","if":true,"then":false}"#, "strict", "{}");
    wrong(
        r#"{"type":"object"}"#,
        r#"{"type":"object","if":{"required":["a"]},"else":false}"#,
        "strict",
        "{}",
    );
}

#[test]
fn branches_overlap() {
    let old = r#"{"oneOf":[{"type":"integer"},{"type":"string"}]}"#;
    let new = r#"{"oneOf":[{"type":"integer"},{"type":"string"},{"type":"number"}]}"#;
    wrong(old, new, "strict", "0");
    wrong(r#"{"type":"integer"}"#, r#"{"oneOf":[{"type":"integer"},{"type":"number"}]}"#, "strict", "0");
}

#[test]
fn a_default_is_no_value() {
    let object = |required: &str| {
        let a = r#"{"type":"string","default":""}"#;
        format!(r#"{{"type":"object","properties":{{"a":{a}}},"required":[{required}]}}"#)
    };
    wrong(&object(""), &object(r#""a""#), "strict", "{}");
    let closed = r#"{"type":"object","additionalProperties":false}"#;
    let new = r#"{"type":"object","properties":{"a":{"default":""}},"required":["a"],"additionalProperties":false}"#;
    wrong(closed, new, "strict", "{}");
}

#[test]
fn lenient_forgets_other_data_under_a_name() {
    let (open, a) = (r#"{"type":"object"}"#, r#"{"type":"object","properties":{"a":{"type":"string"}}}"#);
    wrong(open, a, "lenient", r#"{"a":null}"#);
    let closed = |properties: &str| {
        format!(r#"{{"type":"object","properties":{{{properties}}},"additionalProperties":false}}"#)
    };
    wrong(&closed(r#""a":{"type":"string"}"#), &closed(""), "lenient", r#"{"a":""}"#);
}

/// A format is an annotation: the checks do not look at it, and so the label is right.
#[test]
fn a_format_refuses_nothing() {
    check(r#"{"type":"string"}"#, r#"{"type":"string","format":"date"}"#, "proven");
}
