//! Lenses that do not lead from a schema to anywhere, and what is said about them.

use selfsame_schema::{Purpose, Way, derive, propose};
use serde_json::{Value, json};

use crate::yaml;

const SCHEMA: &str = "{type: object, properties: {a: {type: string}, b: {type: integer}, c: {type: [object, string], properties: {x: {}}}, \
                      l: {type: array, items: {type: object, properties: {x: {}}}}, o: {type: object, properties: {x: {}}}}}";

/// A lens, and its first problem with its place.
#[track_caller]
fn check(lens: &str, expect: &str) {
    let refused = derive(&yaml(lens), Way::Up, Purpose::Proof, &yaml(SCHEMA), None);
    let problems = refused.expect_err("a lens that leads nowhere");
    assert_eq!(problems[0].to_string(), expect);
}

#[test]
fn places_that_are_not_there_are_named() {
    check("[{remove: {at: /x}}]", "/0: there is no field `/x`");
    check("[{remove: {at: /a}}, {remove: {at: /a}}]", "/1: there is no field `/a`");
    check("[{rename: {from: /x, to: /y}}]", "/0: there is no field `/x`");
    check("[{wrap: {at: /o/y}}]", "/0: there is no field `/o/y`");
    check("[{add: {at: /p/q, default: 1}}]", "/0: there is no field `/p`");
    check(
        "[{in: {at: /o, lens: [{add: {at: /y}}, {wrap: {at: /z}}]}}]",
        "/0/in/lens/1: there is no field `/z`",
    );
    check("[{when: {at: /kind, equals: x, lens: [{wrap: {at: /a}}]}}]", "/0: `/kind` is never `\"x\"`");
}

#[test]
fn places_that_are_taken_are_named() {
    check("[{add: {at: /b, default: 1}}]", "/0: there is a field `/b` already");
    check("[{add: {at: /n}}, {add: {at: /n}}]", "/1: there is a field `/n` already");
    check("[{rename: {from: /a, to: /b}}]", "/0: there is a field `/b` already");
    check("[{move: {from: /a, to: /o/x}}]", "/0: there is a field `/o/x` already");
    check("[{split: {from: /a, to: [/n, /b], by: ' '}}]", "/0: there is a field `/b` already");
}

#[test]
fn values_that_have_no_fields_are_named() {
    check("[{remove: {at: /a/x}}]", "/0: `/a` is a string, which has no fields");
    check("[{add: {at: /b/x}}]", "/0: `/b` is an integer, which has no fields");
    check("[{remove: {at: /l/x}}]", "/0: `/l` is an array: a lens reaches its elements with `map`");
    check("[{remove: {at: /l/0/x}}]", "/0: `/l` is an array: a lens reaches its elements with `map`");
    let mixed = "/0: `/c` is an object or a string: reach the fields of the object with `in`";
    check("[{remove: {at: /c/x}}]", mixed);
    check(
        "[{map: {at: /a, lens: [{wrap: {at: ''}}]}}]",
        "/0: `/a` is a string: `map` is for arrays and objects",
    );
    check("[{in: {at: /a, lens: [{add: {at: /y}}]}}]", "/0: `/a` is a string, which has no fields");
}

#[test]
fn values_of_another_type_are_named() {
    check("[{cast: {at: /a, from: integer, to: string}}]", "/0: `/a` is a string, and not integer");
    check("[{scale: {at: /a, num: 2}}]", "/0: `/a` is a string, and not a number");
    check("[{unwrap: {at: /a}}]", "/0: `/a` is a string, and not an array");
    check("[{split: {from: /b, to: [/n, /m], by: ' '}}]", "/0: `/b` is an integer, and not a string");
}

#[test]
fn a_place_cannot_lie_in_itself() {
    check("[{move: {from: /o, to: /o/y}}]", "/0: `/o` and `/o/y` lie within each other");
    check("[{move: {from: /o/x, to: /o}}]", "/0: `/o/x` and `/o` lie within each other");
}

#[test]
fn what_cannot_be_walked_is_refused() {
    let refused = |old: Value, new: Value| propose(&old, &new).expect_err("no walk").to_string();
    let nowhere = json!({ "properties": { "a": { "$ref": "#/$defs/b" } } });
    assert_eq!(
        refused(json!({}), nowhere),
        "`#/$defs/b` at `/properties/a` leads nowhere: the document has no such place"
    );
    assert_eq!(refused(json!(1), json!({})), "the old schema is neither an object nor a boolean");
    // Two fields in each of many levels, all of one definition: 2^18 operations.
    let deep = |leaf: &str| {
        let level = |n: usize| json!({ "type": "object", "properties": { "l": { "$ref": format!("#/$defs/{n}") }, "r": { "$ref": format!("#/$defs/{n}") } } });
        let mut defs: serde_json::Map<String, Value> =
            (1..18).map(|n| (n.to_string(), level(n + 1))).collect();
        defs.insert("18".to_owned(), json!({ "type": leaf }));
        json!({ "$ref": "#/$defs/1", "$defs": defs })
    };
    assert_eq!(
        refused(deep("string"), deep("integer")),
        "more than 50000 pairs of schemas would have to be compared: compare parts"
    );
}

#[test]
fn hostile_schemas_end() {
    let circle = json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/a" } } });
    assert!(propose(&circle, &json!({})).is_err());
    let all =
        json!({ "allOf": [{ "$ref": "#" }], "type": "object", "properties": { "a": { "type": "string" } } });
    propose(&all, &json!({})).expect("a walk that ends");
    let lens = yaml("[{rename: {from: /a, to: /b}}]");
    let _ = derive(&lens, Way::Up, Purpose::Proof, &all, None);
    let choice = json!({ "anyOf": [{ "$ref": "#" }, { "$ref": "#" }], "properties": { "a": {} } });
    let _ = derive(&lens, Way::Up, Purpose::Proof, &choice, None);
    propose(&choice, &all).expect("a walk that ends");
    let two = json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } } });
    for schema in [circle, two, json!({ "$ref": "" }), json!({ "$ref": "#" })] {
        let below =
            json!({ "type": "object", "properties": { "a": schema.clone() }, "$defs": schema["$defs"] });
        let inner =
            yaml("[{in: {at: /a, lens: [{rename: {from: /b, to: /c}}]}}, {nullable: {at: /a, null_as: 1}}]");
        for (schema, lens) in [(&schema, &lens), (&below, &lens), (&below, &inner)] {
            for way in [Way::Up, Way::Down] {
                let _ = derive(lens, way, Purpose::Proof, schema, None);
            }
        }
    }
}

#[test]
fn an_image_that_grows_without_end_is_refused() {
    let ops: Vec<String> = (0..40)
        .map(|n| format!("{{when: {{at: /b, equals: {n}, lens: [{{add: {{at: /n{n}, default: 1}}}}]}}}}"))
        .collect();
    let refused =
        derive(&yaml(&format!("[{}]", ops.join(", "))), Way::Up, Purpose::Proof, &yaml(SCHEMA), None);
    let message = refused.expect_err("too large").remove(0).message;
    assert!(message.starts_with("makes the schema too large or too entangled"), "{message}");
}
