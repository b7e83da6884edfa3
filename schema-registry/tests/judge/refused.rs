//! What is refused at registration, each with a witness that is valid on one side and not on the other.

use serde_json::{Value, json};

use crate::helper::{add, lines, pair};

/// What the refusal says, after its place.
#[track_caller]
fn check(old: &Value, lens: &Value, new: &Value, expect: &[&str]) {
    let (mut registry, document) = pair(old, lens, new);
    let problems = add(&mut registry, &document).expect_err("it is refused");
    let text = lines(&problems);
    for part in expect {
        assert!(text.contains(part), "{text}\nlacks {part}");
    }
    let witness = problems[0].witness.as_ref().expect("a witness");
    let valid = |schema: &Value| jsonschema::validator_for(schema).expect("a schema").is_valid(witness);
    assert!(valid(old), "{witness} is valid before");
    // Said once more with the acceptance, it is taken.
    let mut accepted = document;
    accepted["events"]["t"]["partial"] = json!(true);
    add(&mut registry, &accepted).unwrap_or_else(|problems| panic!("{}", lines(&problems)));
}

fn text(more: &Value) -> Value {
    let mut schema = json!({ "type": "string" });
    schema.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    json!({ "type": "object", "required": ["a"], "properties": { "a": schema } })
}

#[test]
fn a_bound_that_becomes_tighter_is_refused_with_a_document_that_passes_it() {
    let (old, new) = (text(&json!({ "maxLength": 9 })), text(&json!({ "maxLength": 3 })));
    check(&old, &Value::Null, &new, &["/events/t/schema", "no lens leads there", "[{\"a\":\"aaaa"]);
}

#[test]
fn a_type_that_changes_without_an_operation_is_refused() {
    let new = json!({ "type": "object", "properties": { "a": { "type": "integer" } } });
    check(&text(&json!({})), &Value::Null, &new, &["no lens leads there", "must be an integer"]);
}

#[test]
fn a_table_that_misses_a_value_is_refused_with_that_value() {
    let of = |values: Value| text(&json!({ "enum": values }));
    let lens = json!([{ "convert": { "at": "/a", "up": { "x": "X" } } }]);
    check(&of(json!(["x", "y"])), &lens, &of(json!(["X"])), &["\"y\""]);
}

#[test]
fn a_cast_that_not_every_value_survives_is_refused() {
    let new = json!({ "type": "object", "required": ["a"], "properties": { "a": { "type": "integer" } } });
    let lens = json!([{ "cast": { "at": "/a", "from": "string", "to": "integer" } }]);
    check(&text(&json!({})), &lens, &new, &["/a", "JSON number"]);
}

/// One line per case: old and new properties, the lens, and the operations that the refusal proposes.
#[test]
fn a_refusal_proposes_the_lens_that_is_missing() {
    let of = |properties: Value| {
        let required: Vec<String> = properties.as_object().expect("properties").keys().cloned().collect();
        json!({ "type": "object", "required": required, "properties": properties })
    };
    let text = json!({ "type": "string" });
    let flat = of(json!({ "given_name": text, "id": text }));
    let name = json!({ "type": "object", "required": ["given"], "properties": { "given": text } });
    let nested = of(json!({ "name": name, "id": text }));
    let moved = json!([{ "move": { "from": "/given_name", "to": "/name/given" } }]);
    let short = of(json!({ "given_name": { "type": "string", "maxLength": 1 }, "id": text }));
    let many = |n: usize| {
        let members = (0..n).map(|n| (format!("only{n}x{n}"), text.clone()));
        of(members.chain([("id".to_owned(), text.clone())]).collect::<serde_json::Map<_, _>>().into())
    };
    let number = of(json!({ "given_name": { "type": "integer" }, "id": text }));
    let cast = json!([{ "cast": { "at": "/given_name", "from": "string", "to": "integer" } }]);
    let lens = json!([{ "convert": { "at": "/id", "up": { "a": "b" }, "else": "keep" } }]);
    for (old, lens, new, expect) in [
        (&flat, &Value::Null, &nested, &moved),
        // Nothing that an operation expresses, too much to read, and a type with a lens of its own.
        (&flat, &Value::Null, &short, &json!([])),
        (&many(1), &Value::Null, &many(66), &json!([])),
        (&flat, &Value::Null, &number, &cast),
        (&flat, &lens, &number, &json!([])),
    ] {
        let (mut registry, document) = pair(old, lens, new);
        let problems = add(&mut registry, &document).expect_err("it is refused");
        let ops: Value = problems[0].proposal.iter().map(|proposal| proposal.op.clone()).collect();
        assert_eq!(ops, *expect, "{}", lines(&problems));
        let help = problems[0].help.as_deref().unwrap_or_default();
        assert_eq!(help.contains("in `proposal`"), *expect != json!([]), "{help}");
    }
}
