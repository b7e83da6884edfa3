//! References: into the document, in circles, and to nowhere.

use selfsame_schema::compat::compare;

use crate::{check, schema};

/// A list whose elements are of a type.
fn list(name: &str) -> String {
    format!(
        r##"{{"$ref":"#/$defs/list","$defs":{{"list":{{"type":"object","properties":{{
            "value":{{"type":"{name}"}},"next":{{"anyOf":[{{"type":"null"}},{{"$ref":"#/$defs/list"}}]}}}}}}}}}}"##
    )
}

#[test]
fn recursion_alone_makes_nothing_incompatible() {
    check(&list("integer"), &list("integer"), "", "identical", "identical");
    check(&list("integer"), &list("number"), "TYPE_EXTENDED", "backward", "backward");
}

#[test]
fn a_change_is_found_through_a_circle() {
    // The branch is first taken to fit; then the element does not, and so the branch does not either.
    let found = crate::compared(&list("integer"), &list("string"));
    assert_eq!(found.strict.name(), "breaking");
    let places: Vec<&str> = found.changes.iter().map(|change| change.pointer.as_str()).collect();
    assert!(places.contains(&"/$defs/list/properties/value"), "{places:?}");
}

#[test]
fn references_lead_to_anchors_ids_and_escaped_places() {
    let string = r#"{"type":"string"}"#;
    for new in [
        r##"{"$ref":"#a","$defs":{"x":{"$anchor":"a","type":"string"}}}"##,
        r##"{"$ref":"#/definitions/a~1b%20c","definitions":{"a/b c":{"type":"string"}}}"##,
        r##"{"allOf":[{"$ref":"#/$defs/0/1"}],"$defs":[[0,{"type":"string"}]]}"##,
    ] {
        check(string, new, "", "full", "full");
    }
    let by_id =
        r##"{"$ref":"urn:x#/$defs/y","$defs":{"x":{"$id":"urn:x","$defs":{"y":{"type":"string"}}}}}"##;
    check(string, by_id, "", "full", "full");
}

/// One line per reference that cannot be followed, and what is said.
#[test]
fn a_reference_that_cannot_be_followed_is_named() {
    for (new, expect) in [
        (
            r#"{"items":{"$ref":"https://example.org/a.json"}}"#,
            "`https://example.org/a.json` at `/items` leads out of the document: bundle what it refers to \
             under `$defs`",
        ),
        (
            r##"{"items":{"$ref":"#/$defs/a"}}"##,
            "`#/$defs/a` at `/items` leads nowhere: the document has no such place",
        ),
        (r##"{"$ref":"#"}"##, "the references at `` lead to references more than 64 times: break the circle"),
    ] {
        let error = compare(&schema(r#"{"items":{"type":"string"}}"#), &schema(new)).expect_err(new);
        assert_eq!(error.to_string(), expect);
    }
}
