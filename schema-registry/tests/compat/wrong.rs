//! Where the labels are wrong about validation: a document that was valid is not, and the label says
//! compatible. The rule is kept as it is known; these rows say that it is.

use crate::compared;

#[track_caller]
fn check(old: &str, new: &str, strict: &str) {
    let found = compared(old, new);
    assert_eq!(found.strict.name(), strict, "{old} -> {new}: {:?}", found.changes);
    assert!(found.strict.is_backward());
}

#[test]
fn what_the_rule_does_not_look_at_is_called_compatible() {
    check(r#"{"type":"object"}"#, r#"{"type":"object","required":["a"]}"#, "full");
    let patterns = |name: &str| format!(r#"{{"patternProperties":{{"^a":{{"type":"{name}"}}}}}}"#);
    check(&patterns("string"), &patterns("integer"), "full");
    check(r#"{"type":"object"}"#, r#"{"type":"object","propertyNames":{"maxLength":1}}"#, "full");
    check(r#"{"type":"array"}"#, r#"{"type":"array","contains":{"type":"string"}}"#, "full");
    check(r#"{"type":"object"}"#, r#"{"type":"object","if":true,"then":false}"#, "full");
    check(r#"{"type":"string"}"#, r#"{"type":"string","format":"date"}"#, "full");
}

#[test]
fn an_overlapping_branch_is_called_compatible() {
    let old = r#"{"oneOf":[{"type":"integer"},{"type":"string"}]}"#;
    let new = r#"{"oneOf":[{"type":"integer"},{"type":"string"},{"type":"number"}]}"#;
    check(old, new, "backward");
    check(r#"{"type":"integer"}"#, r#"{"oneOf":[{"type":"integer"},{"type":"number"}]}"#, "backward");
}

#[test]
fn a_default_is_taken_for_a_value() {
    let object = |required: &str| {
        let a = r#"{"type":"string","default":""}"#;
        format!(r#"{{"type":"object","properties":{{"a":{a}}},"required":[{required}]}}"#)
    };
    check(&object(""), &object(r#""a""#), "full");
    let closed = r#"{"type":"object","additionalProperties":false}"#;
    let new = r#"{"type":"object","properties":{"a":{"default":""}},"required":["a"],"additionalProperties":false}"#;
    check(closed, new, "backward");
}

#[test]
fn lenient_forgets_other_data_under_a_name() {
    let (open, a) = (r#"{"type":"object"}"#, r#"{"type":"object","properties":{"a":{"type":"string"}}}"#);
    assert_eq!(compared(open, a).lenient.name(), "full");
    let closed = |properties: &str| {
        format!(r#"{{"type":"object","properties":{{{properties}}},"additionalProperties":false}}"#)
    };
    assert_eq!(compared(&closed(r#""a":{"type":"string"}"#), &closed("")).lenient.name(), "full");
}
