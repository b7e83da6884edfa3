//! Definitions that the event schemas of a document share, references, and what a document notes.

use selfsame_record::EventType;
use selfsame_schema::{Document, EventShape, Registry, SlotKind};
use serde_json::{Value, json};
use std::sync::Arc;

use crate::common::v;

fn document(defs: Value, schema: Value) -> String {
    json!({"selfsame": 1, "name": "n", "$defs": defs, "events": {"t": {"schema": schema}}}).to_string()
}

fn shape(defs: Value, schema: Value) -> Arc<EventShape> {
    let text = document(defs, schema);
    let document = Document::parse(&text).unwrap_or_else(|problems| panic!("{text}\n{problems:#?}"));
    let mut registry = Registry::new();
    registry.insert(registry.check(&document).unwrap());
    registry.version(v(1)).unwrap().event("t").unwrap().clone()
}

#[track_caller]
fn check_refused(defs: Value, schema: Value, expect: &str) {
    let problems = Document::parse(&document(defs, schema)).expect_err("should be refused");
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(lines.iter().any(|line| line.starts_with(expect)), "{lines:#?}\nhas no {expect}");
}

/// Each slot as its pointer and kind.
fn slots(shape: &EventShape) -> Vec<(&str, SlotKind)> {
    shape.slots().iter().map(|slot| (slot.pointer.as_str(), slot.kind)).collect()
}

#[test]
fn references_are_laid_out_where_they_stand() {
    let defs = json!({"user": {"type": "object", "properties": {"id": {"type": "integer"}}}});
    let shape = shape(
        defs,
        json!({"type": "object", "properties": {
            "a": {"$ref": "#/$defs/user"}, "b": {"oneOf": [{"$ref": "#/$defs/user"}, {"type": "null"}]},
            "c": {"$ref": "#/$defs/user/properties/id"}, "d": {"$ref": "#/$defs/own"}, "e": {"$ref": "#/properties/d"},
        }, "$defs": {"own": {"type": "string"}}}),
    );
    let text = SlotKind::String { date_time: false };
    let expect = [
        ("", SlotKind::Object),
        ("/a", SlotKind::Object),
        ("/a/id", SlotKind::Integer),
        ("/b", SlotKind::Object),
        ("/b/id", SlotKind::Integer),
        ("/c", SlotKind::Integer),
        ("/d", text),
        ("/e", text),
    ];
    assert_eq!(slots(&shape), expect);
    assert!(shape.slots()[3].nullable && shape.unchecked_places().is_empty());
}

#[test]
fn what_refers_to_itself_is_kept_whole_and_checked() {
    let defs = json!({"node": {"type": "object", "required": ["v"], "additionalProperties": false, "properties":
        {"v": {"type": "integer"}, "next": {"$ref": "#/$defs/node"}, "all": {"type": "array", "items": {"$ref": "#/$defs/node"}}}}});
    let shape = shape(
        defs,
        json!({"type": "object", "properties": {"n": {"$ref": "#/$defs/node"}, "self": {"$ref": "#"}}}),
    );
    let expect = [
        ("", SlotKind::Object),
        ("/n", SlotKind::Object),
        ("/n/all", SlotKind::Array),
        ("/n/next", SlotKind::Any),
        ("/n/v", SlotKind::Integer),
        ("/self", SlotKind::Any),
    ];
    assert_eq!(slots(&shape), expect);
    assert!(shape.unchecked_places().is_empty());
    for fine in [r#"{"n":{"next":{"next":{"v":3},"v":2},"v":1}}"#, r#"{"self":{"n":{"v":1},"self":{}}}"#] {
        assert_eq!(shape.write_json(&shape.read(fine.as_bytes()).unwrap()), fine);
    }
    for (bad, place) in [
        (r#"{"n":{"v":1,"next":{"v":2,"next":{"v":"x"}}}}"#, "/n/next/next/v"),
        (r#"{"n":{"v":1,"all":[{"v":1},{"v":1,"all":[{}]}]}}"#, "/n/all/1/all/0"),
        (r#"{"self":{"self":{"n":{"v":1,"next":[]}}}}"#, "/self/self/n/next"),
        (r#"{"self":1}"#, "/self"),
    ] {
        assert_eq!(shape.read(bad.as_bytes()).unwrap_err().pointer, place, "{bad}");
    }
}

#[test]
fn what_does_not_compile_is_listed_with_its_place() {
    let defs = json!({"u": {"not": {"type": "string"}}});
    let shape = shape(
        defs,
        json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/u"}, "b/": {"type": "array", "contains": {}}}, "if": {}, "else": {}}),
    );
    let places: Vec<(&str, &str)> =
        shape.unchecked_places().iter().map(|part| (part.pointer.as_str(), part.keyword.as_str())).collect();
    assert_eq!(places, [("", "if"), ("/$defs/u", "not"), ("/properties/b~1", "contains")]);
    assert_eq!(shape.read(br#"{"a":"x"}"#).unwrap_err().pointer, "/a");
    assert_eq!(shape.read(br#"{"b/":[]}"#).unwrap_err().pointer, "/b~1");
    assert!(shape.read(br#"{"a":1,"b/":[1]}"#).is_ok());
}

#[test]
fn the_root_may_be_a_union_of_objects() {
    let branch = |kind: &str| json!({"type": "object", "required": ["kind"], "properties": {"kind": {"const": kind}, "n": {"type": "integer"}}});
    let defs = json!({"a": branch("a"), "b": branch("b")});
    for word in ["oneOf", "anyOf"] {
        let shape = shape(defs.clone(), json!({word: [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/b"}]}));
        assert_eq!(slots(&shape), [("", SlotKind::Object)]);
        assert_eq!(shape.unchecked_places()[0].keyword, word);
        let json = r#"{"kind":"b","n":1.0}"#;
        assert_eq!(shape.write_json(&shape.read(json.as_bytes()).unwrap()), json);
        assert!(shape.read(br#"{"kind":"c"}"#).is_err() && shape.read(br#"{"kind":"a","n":"x"}"#).is_err());
    }
    check_refused(
        defs,
        json!({"oneOf": [{"$ref": "#/$defs/a"}, {"type": "null"}]}),
        "/events/t/schema: an event's schema",
    );
}

#[test]
fn references_that_lead_astray_are_refused() {
    let field = |reference: &str| json!({"type": "object", "properties": {"f": {"$ref": reference}}});
    let at = "/events/t/schema/properties/f/$ref: ";
    let none = || json!({});
    check_refused(none(), field("https://example.org/x"), &format!("{at}`https://example.org/x` leads out"));
    check_refused(none(), field("#/$defs/x"), &format!("{at}`#/$defs/x` leads nowhere"));
    check_refused(none(), field("#/definitions/x"), &format!("{at}`#/definitions/x` leads nowhere"));
    check_refused(none(), json!({"type": "object", "$ref": "#"}), "/events/t/schema/$ref: ");
    check_refused(json!({"a": {"$ref": "#/properties/f"}}), field("#/$defs/a"), "/$defs/a/$ref: ");
    check_refused(json!({"a": {"$ref": "#a"}}), field("#/$defs/a"), "/$defs/a/$ref: `#a` is no pointer");
    check_refused(json!({"a": {"type": "x"}}), json!({"type": "object"}), "/$defs/a/type: must be one of");
    let own = json!({"type": "object", "$defs": {"a": true}});
    check_refused(
        json!({"a": true}),
        own,
        "/events/t/schema/$defs/a: the document has a definition `a` already",
    );
    check_refused(json!([]), json!({"type": "object"}), "/$defs: must be an object");
    let ring = json!({"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}});
    check_refused(ring, field("#/$defs/a"), "/$defs/");
}

/// A few lines that stand for more than any memory holds.
#[test]
fn definitions_that_multiply_are_kept_whole() {
    let mut defs = json!({"d30": {"type": "integer"}});
    for n in 0..30 {
        let next = json!({"$ref": format!("#/$defs/d{}", n + 1)});
        defs[format!("d{n}")] = json!({"type": "object", "properties": {"l": next, "r": next}});
    }
    let shape = shape(defs, json!({"type": "object", "properties": {"d": {"$ref": "#/$defs/d0"}}}));
    assert!(shape.slots().len() < 10_000, "{}", shape.slots().len());
    let nested = |leaf: &str| format!("{{\"d\":{}{leaf}{}}}", "{\"r\":".repeat(30), "}".repeat(30));
    assert!(shape.read(nested("7").as_bytes()).is_ok());
    let wrong = shape.read(nested("\"x\"").as_bytes()).unwrap_err();
    assert_eq!(wrong.pointer, format!("/d{}", "/r".repeat(30)));
}

#[test]
fn the_content_id_covers_what_definitions_say_and_not_how_they_are_described() {
    let id = |defs: Value| {
        let text = document(defs, json!({"type": "object", "properties": {"f": {"$ref": "#/$defs/a"}}}));
        Registry::new().check(&Document::parse(&text).unwrap()).unwrap().id()
    };
    let plain = id(json!({"a": {"type": ["string", "null"]}}));
    assert_eq!(plain, id(json!({"a": {"type": ["null", "string"], "title": "An A"}})));
    assert_ne!(plain, id(json!({"a": {"type": "string"}})));
}

#[test]
fn an_event_s_schema_is_given_with_what_it_refers_to() {
    let defs = json!({"a": {"$ref": "#/$defs/b"}, "b": {"type": "string"}, "c": true});
    let schema = json!({"type": "object", "properties": {"f": {"$ref": "#/$defs/a"}}});
    let document = Document::parse(&document(defs, schema)).unwrap();
    let event_type = EventType::parse("t").unwrap();
    let whole = document.event_schema_json(&event_type).unwrap();
    assert_eq!(whole["$defs"], json!({"a": {"$ref": "#/$defs/b"}, "b": {"type": "string"}}));
    assert_eq!(document.event_schemas_json()[&event_type], whole);
    assert!(document.event_schema_json(&EventType::parse("u").unwrap()).is_none());
}

#[test]
fn a_document_notes_what_an_author_should_know() {
    let notes = |schema: Value| -> Vec<String> {
        let document = Document::parse(&document(json!({}), schema)).unwrap();
        document.notes().iter().map(ToString::to_string).collect()
    };
    assert!(
        notes(json!({"type": "object", "title": "x", "x": {"a": 1}}))[0]
            .starts_with("/events/t/schema/x: the keyword `x` is not")
    );
    assert!(notes(json!({"type": "object"})).is_empty());
    let old = json!({"$schema": "http://json-schema.org/draft-07/schema", "type": "object"});
    assert_eq!(notes(old), ["/events/t/schema: read as JSON Schema draft-07"]);
    let twice = json!({"type": "object", "properties": {"a": {"tsType": "X"}, "b": {"tsType": "Y"}}});
    assert_eq!(
        notes(twice),
        [
            "/events/t/schema/properties/a/tsType: the keyword `tsType` is not one of JSON Schema, which ignores it"
        ]
    );
    let idle = json!({"type": "object", "properties": {"a": {"type": "integer", "minLength": 1, "format": "int64"}}});
    assert_eq!(
        notes(idle),
        ["/events/t/schema/properties/a/minLength: `minLength` says nothing about type `integer`"]
    );
    let slow = json!({"type": "object", "not": {"required": ["x"]}});
    assert_eq!(notes(slow), ["/events/t/schema: `not` is checked on the whole event, which is slower"]);
    let typo = json!({"type": "object", "requierd": ["x"]});
    check_refused(
        json!({}),
        typo,
        "/events/t/schema/requierd: the keyword `requierd` is not one of JSON Schema",
    );
}
