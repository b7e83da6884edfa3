//! Bad documents: each gives a problem that names the place.

use crate::common::{add, chain, document, v};
use selfsame_schema::{DOCUMENT_BYTES_MAX, Document, PROBLEMS_MAX, Registry, SCHEMA_DEPTH_MAX, SLOTS_MAX};
use serde_json::{Value, json};

/// The document is refused, and one of its problems begins like this.
#[track_caller]
fn check(text: &str, expect: &str) {
    let result = add(&mut Registry::new(), text);
    let problems = result.expect_err("the document should be refused");
    assert!(problems.lines().any(|line| line.starts_with(expect)), "{problems}\nhas no {expect}");
}

#[track_caller]
fn check_section(section: &str, value: Value, expect: &str) {
    let mut document = json!({"selfsame": 1, "name": "n", "events": {}});
    document[section] = value;
    check(&document.to_string(), expect);
}

#[test]
fn a_document_must_have_the_form() {
    check("[]", "a schema version must be an object");
    check("", "a schema version must be an object");
    check("name: a\nevents: {}", "the form is missing");
    check(
        "selfsame: 2\nname: a\nevents: {}",
        "/selfsame: this engine reads documents of form 1, this one says `2`",
    );
    check("selfsame: 1\nevents: {}", "the name is missing");
    check("selfsame: 1\nname: a", "the events are missing");
    check(r#"{"selfsame":1,"name":"a","events":{},"events":{}}"#, "/events: the key `events` stands twice");
    check(&" ".repeat(DOCUMENT_BYTES_MAX + 1), "the document has 4194305 bytes");
    check_section("name", json!("a b"), "/name: `a b` is not a name");
    check_section("name", json!("a".repeat(65)), "/name: a name has at most 64 bytes, this one has 65");
    check_section("parent", json!("1"), "/parent: `1` is neither a version such as `v1` nor a content id");
    check_section("parent", json!("v7"), "/parent: there is no version `v7`, nor any other");
    check_section("extra~/", json!(1), "/extra~0~1: `extra~/` is not a section of a document");
    check_section("events", json!([]), "/events: must be an object");
    check_section("projections", json!({"a b": {}}), "/projections/a b: `a b` is not a name");
    check_section("projections", json!({"a": 1}), "/projections/a: must be an object");
    let many = |n: usize| (0..n).map(|i| (format!("p{i}"), json!({}))).collect::<Value>();
    check_section("projections", many(65), "/projections: has 65 entries, over the limit of 64");
}

#[test]
fn events_must_have_types_and_schemas() {
    let event =
        |name: &str, value: Value, expect: &str| check_section("events", json!({name: value}), expect);
    event("a..b", json!({}), "/events/a..b: `a..b` is not an event type");
    event(
        "selfsame.x",
        json!({"schema": {"type": "object"}}),
        "/events/selfsame.x: the event type `selfsame.x` is protected",
    );
    event("SelfSame", json!({}), "/events/SelfSame: the event type `SelfSame` is protected");
    event("t", json!(1), "/events/t: must be an object with `schema`");
    event("t", json!({}), "/events/t: the schema is missing");
    event("t", json!({"schema": {"type": "object"}, "x": 1}), "/events/t/x: not known here");
    event(
        "t",
        json!({"schema": {"type": "string"}}),
        "/events/t/schema: an event's schema must have `type: object`",
    );
    event(
        "t",
        json!({"schema": {"type": ["object", "null"]}}),
        "/events/t/schema: an event's schema must have",
    );
    let keyed = |key: Value, expect: &str| {
        let schema = json!({"type": "object", "properties": {"a": {"type": "number"}}});
        event("t", json!({"schema": schema, "key": key}), expect);
    };
    keyed(json!("/b"), "/events/t/key: the schema has no field `/b`");
    keyed(json!("/a"), "/events/t/key: `/a` must be a string or an integer to be a key");
    keyed(json!(1), "/events/t/key: must be a JSON Pointer");
    let many: Value = (0..1025).map(|i| (format!("e{i}"), json!({"schema": {"type": "object"}}))).collect();
    check_section("events", many, "/events: has 1025 entries, over the limit of 1024");
}

#[track_caller]
fn check_field(schema: Value, expect: &str) {
    let object = json!({"type": "object", "properties": {"f": schema}});
    check(&document(None, &object, &Value::Null), &format!("/events/t/schema/properties/f{expect}"));
}

#[test]
fn what_schemas_say_wrongly_is_named() {
    for keyword in ["oneOf", "anyOf", "allOf"] {
        for bad in [json!(1), json!([]), json!({})] {
            check_field(json!({keyword: bad}), &format!("/{keyword}: must be a list of schemas"));
        }
        check_field(json!({keyword: [true, {"type": "x"}]}), &format!("/{keyword}/1/type: must be one of"));
    }
    check_field(json!({"multipleOf": 0}), "/multipleOf: must be more than 0");
    check_field(json!({"multipleOf": "1"}), "/multipleOf: must be a number");
    check_field(json!({"uniqueItems": 1}), "/uniqueItems: must be true or false, is `1`");
    check_field(json!({"minProperties": -1}), "/minProperties: must be a whole number from 0 on");
    check_field(
        json!({"patternProperties": {"(a)\\1": true}}),
        "/patternProperties/(a)\\1: not a pattern of",
    );
    check_field(
        json!({"properties": {"a": {"$id": "https://example.org/a"}}}),
        "/properties/a/$id: gives a part",
    );
    check_field(json!({"type": "text"}), "/type: must be one of object, array");
    check_field(json!({"type": []}), "/type: must be one of");
    check_field(json!({"type": ["string", "string"]}), "/type: must be one of");
    check_field(json!(3), ": a schema must be an object, `true` or `false`");
    check_field(
        json!({"type": "string", "minLength": -1}),
        "/minLength: must be a whole number from 0 on, is `-1`",
    );
    check_field(json!({"type": "number", "minimum": "1"}), "/minimum: must be a number");
    check_field(
        json!({"type": "string", "pattern": "("}),
        "/pattern: not a pattern of linear time: unclosed group",
    );
    check_field(
        json!({"type": "string", "pattern": "(?=a)"}),
        "/pattern: not a pattern of linear time: look-around",
    );
    check_field(
        json!({"type": "string", "pattern": "(\\W{99}){99}"}),
        "/pattern: the pattern takes more than",
    );
    check_field(
        json!({"type": "string", "pattern": "a".repeat(1025)}),
        "/pattern: the pattern has 1025 bytes",
    );
    check_field(json!({"type": "string", "pattern": 1}), "/pattern: must be a string");
    check_field(json!({"type": "string", "format": 1}), "/format: must be a string");
    check_field(json!({"enum": (0..1025).collect::<Vec<_>>()}), "/enum: must be a list of 1 to 1024 values");
    check_field(json!({"enum": []}), "/enum: must be a list of 1 to 1024 values");
    check_field(
        json!({"type": "object", "required": ["x"], "additionalProperties": false}),
        "/required: requires `x`, which `properties` does not have",
    );
    check_field(json!({"type": "object", "required": "x"}), "/required: must be a list of keys");
    let twice = json!({"type": "object", "properties": {"x": {}}, "required": ["x", "x"]});
    check_field(twice, "/required: the key `x` stands twice");
    check_field(
        json!({"type": "object", "additionalProperties": 1}),
        "/additionalProperties: a schema must be",
    );
    check_field(json!({"type": "object", "properties": []}), "/properties: must be an object");
    check_field(json!({"type": "array", "items": {"type": "x"}}), "/items/type: must be one of");
    let long = json!({"type": "object", "properties": {"k".repeat(257): {}}});
    check_field(long, "/properties: a key has at most 256 bytes, this one has 257");
}

#[test]
fn schemas_are_limited_in_depth_and_number_of_fields() {
    let deep = |n: usize| {
        (1..n)
            .fold(json!({"type": "object"}), |inner, _| json!({"type": "object", "properties": {"f": inner}}))
    };
    assert!(chain(&deep(SCHEMA_DEPTH_MAX), &[]).is_ok());
    check(
        &document(None, &deep(SCHEMA_DEPTH_MAX + 1), &Value::Null),
        &format!("/events/t/schema{}", "/properties/f".repeat(SCHEMA_DEPTH_MAX)),
    );
    let arrays = (0..SCHEMA_DEPTH_MAX).fold(json!({}), |inner, _| json!({"type": "array", "items": inner}));
    check_field(arrays, "/items/items");
    let wide = |n: usize| {
        let properties: Value = (1..n).map(|i| (format!("f{i}"), json!({}))).collect();
        json!({"type": "object", "properties": properties})
    };
    assert!(chain(&wide(SLOTS_MAX), &[]).is_ok());
    check(
        &document(None, &wide(SLOTS_MAX + 1), &Value::Null),
        "/events/t/schema: the schema has 8193 fields, over the limit of 8192",
    );
}

/// Objects for which there are not slots enough are kept whole, and checked all the same.
#[test]
fn the_innermost_objects_are_kept_whole_where_there_are_too_many() {
    let below: Value = (0..200).map(|i| (format!("f{i}"), json!({"type": "integer"}))).collect();
    let inner = json!({"type": "object", "properties": below});
    let properties: Value = (0..50).map(|i| (format!("o{i}"), inner.clone())).collect();
    let registry = chain(&json!({"type": "object", "properties": properties}), &[]).unwrap();
    let shape = registry.version(v(1)).unwrap().event("t").unwrap().clone();
    assert_eq!(shape.slots().len(), 51);
    assert!(shape.unchecked_places().is_empty());
    let json = r#"{"o7":{"f3":1,"more":[]}}"#;
    assert_eq!(shape.write_json(&shape.read(json.as_bytes()).unwrap()), json);
    let wrong = shape.read(br#"{"o7":{"f3":"x"}}"#).unwrap_err();
    assert_eq!(wrong.to_string(), "/o7/f3: must be an integer, is `\"x\"`");
}

#[test]
fn all_problems_are_listed_up_to_a_limit() {
    let bad: Value = (0..100).map(|i| (format!("e{i}"), json!(1))).collect();
    let text = json!({"selfsame": 1, "name": "n", "events": bad}).to_string();
    assert_eq!(Document::parse(&text).unwrap_err().len(), PROBLEMS_MAX);
    check(&json!({"selfsame": 3, "events": {"t": 1}}).to_string(), "/selfsame");
    check(&json!({"selfsame": 3, "events": {"t": 1}}).to_string(), "/events/t");
}

fn first() -> Value {
    json!({"type": "object", "required": ["a"], "properties": {
        "a": {"type": "string"}, "b": {"type": "integer"}, "list": {"type": "array"},
        "o": {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]}}})
}

/// The lens is refused on the way from the first schema to itself with `change` made to it.
#[track_caller]
fn check_lens(lens: Value, change: impl Fn(&mut Value), expect: &str) {
    let mut second = first();
    change(&mut second);
    let problems = chain(&first(), &[(lens, second)]).expect_err("the lens should be refused");
    assert!(problems.lines().any(|line| line.starts_with(expect)), "{problems}\nhas no {expect}");
}

fn property(key: &str, schema: Value) -> impl Fn(&mut Value) {
    move |s: &mut Value| s["properties"][key] = schema.clone()
}

fn without(key: &str) -> impl Fn(&mut Value) {
    move |s: &mut Value| {
        s["properties"].as_object_mut().unwrap().remove(key);
        s["required"].as_array_mut().unwrap().retain(|k| k != key);
    }
}

#[test]
fn operations_must_have_their_form() {
    let op = |op: Value, expect: &str| check_lens(json!([op]), |_| {}, expect);
    op(json!(1), "/lenses/t/0: must be an object with one operation");
    op(json!({"add": {}, "remove": {}}), "/lenses/t/0: must be an object with one operation");
    op(json!({"convert": {}}), "/lenses/t/0/convert: the member `at` is missing");
    op(json!({"drop": {}}), "/lenses/t/0: the operation `drop` is not known");
    op(json!({"add": 1}), "/lenses/t/0/add: must be an object");
    op(json!({"add": {}}), "/lenses/t/0/add: the member `at` is missing");
    op(json!({"add": {"at": "/z", "to": 1}}), "/lenses/t/0/add/to: not known here");
    op(json!({"add": {"at": "z"}}), "/lenses/t/0/add/at: `z` is not a JSON Pointer: it must start with `/`");
    op(json!({"add": {"at": "/~2"}}), "/lenses/t/0/add/at: `/~2` is not a JSON Pointer");
    op(json!({"remove": {"at": ""}}), "/lenses/t/0/remove/at: points to the whole payload");
    op(json!({"add": {"at": "/z", "schema": {"type": "x"}}}), "/lenses/t/0/add/schema/type: must be one of");
    op(
        json!({"rename": {"from": "/a", "to": "/o/a"}}),
        "/lenses/t/0/rename: `/a` and `/o/a` are not in the same object",
    );
    op(json!({"rename": {"from": "/a", "to": "/a"}}), "/lenses/t/0/rename: leads from `/a` to itself");
    check_lens(json!({}), |_| {}, "/lenses/t: must be a list of operations");
    check_lens(
        vec![json!({"remove": {"at": "/b"}}); 257].into(),
        |_| {},
        "/lenses/t: has 257 operations, over the limit of 256",
    );
}

#[test]
fn operations_must_find_their_fields() {
    let op = |op: Value, expect: &str| check_lens(json!([op]), |_| {}, &format!("/lenses/t/0: {expect}"));
    op(json!({"remove": {"at": "/z"}}), "there is no field `/z`");
    op(json!({"remove": {"at": "/z/y"}}), "there is no field `/z`");
    op(json!({"remove": {"at": "/list/0"}}), "`/list` is an array, and a lens does not reach into arrays");
    op(json!({"remove": {"at": "/a/0"}}), "`/a` is a string, which has no fields of its own");
    op(json!({"move": {"from": "/a", "to": "/list/0"}}), "`/list` is an array");
    op(json!({"rename": {"from": "/a", "to": "/b"}}), "there is a field `/b` already");
    op(json!({"add": {"at": "/a"}}), "there is a field `/a` already");
    op(json!({"add": {"at": "/z"}}), "the schema has no field `/z`: add it there");
    op(json!({"add": {"at": "/n/z", "schema": {}}}), "there is no field `/n`");
    let text = json!({"type": "string"});
    op(
        json!({"add": {"at": "/z", "schema": text, "default": 1}}),
        "the default does not fit: must be a string, is `1`",
    );
    op(
        json!({"remove": {"at": "/a", "default": null}}),
        "the default does not fit: must be a string, is `null`",
    );
    op(json!({"remove": {"at": "/o", "default": {}}}), "the default does not fit: the member `x` is missing");
    op(json!({"remove": {"at": "/o", "default": {"x": "", "y": 1}}}), "the default has a member `y`");
    let twice = json!([{"remove": {"at": "/b"}}, {"remove": {"at": "/b"}}]);
    check_lens(twice, without("b"), "/lenses/t/1: there is no field `/b`");
}

#[test]
fn a_lens_must_lead_to_the_schema() {
    let place = "/events/t/schema";
    check_lens(
        json!([]),
        property("a", json!({"type": "integer"})),
        &format!(
            "{place}/properties/a/type: the schema of `t` is not v1's (string became integer), and no lens leads there"
        ),
    );
    check_lens(
        json!([]),
        property("z", json!({"type": "integer"})),
        &format!("{place}/properties/z: the schema of `t` is not v1's"),
    );
    check_lens(json!([]), without("b"), &format!("{place}/properties/b: the schema of `t`"));
    let required = |s: &mut Value| s["required"] = json!(["a", "b"]);
    check_lens(
        json!([]),
        required,
        &format!("{place}/properties/b: the schema of `t` is not v1's (optional became required)"),
    );

    let rename = || json!([{"rename": {"from": "/b", "to": "/c"}}]);
    let renamed = |schema: Value| {
        move |s: &mut Value| {
            without("b")(s);
            property("c", schema.clone())(s);
        }
    };
    check_lens(
        rename(),
        renamed(json!({"type": "string"})),
        &format!("{place}/properties/c/type: the lens leads to integer here, the schema says string"),
    );
    check_lens(
        rename(),
        renamed(json!({"type": "integer", "minimum": 1})),
        &format!("{place}/properties/c/minimum: the lens leads to none here, the schema says 1"),
    );
    check_lens(rename(), |_| {}, &format!("{place}/properties/b: the lens does not lead to `b`"));
    check_lens(rename(), without("b"), &format!("{place}/properties: the lens leads to `c` here"));
    let closed = |s: &mut Value| {
        renamed(json!({"type": "integer"}))(s);
        s["additionalProperties"] = json!(false);
    };
    check_lens(
        rename(),
        closed,
        &format!("{place}/additionalProperties: the lens leads to true here, the schema says false"),
    );
    let add = json!([{"add": {"at": "/z", "schema": {"type": "string"}, "default": ""}}]);
    check_lens(add, property("z", json!({"type": "integer"})), &format!("{place}/properties/z/type"));
}

#[test]
fn a_lens_must_give_what_either_side_requires() {
    let require = |keys: Value| move |s: &mut Value| s["required"] = keys.clone();
    let add = json!([{"add": {"at": "/z"}}]);
    let added = |s: &mut Value| {
        property("z", json!({"type": "string"}))(s);
        require(json!(["a", "z"]))(s);
    };
    check_lens(
        add,
        added,
        "/events/t/schema/properties/z: requires `/z`, which the lens cannot give for every event of v1",
    );
    check_lens(
        json!([{"remove": {"at": "/a"}}]),
        without("a"),
        "/lenses/t: v1 requires `/a`, which the way back cannot give",
    );
    let renamed = |required: Value| {
        move |s: &mut Value| {
            without("a")(s);
            property("c", json!({"type": "string"}))(s);
            s["required"] = required.clone();
        }
    };
    let rename = || json!([{"rename": {"from": "/a", "to": "/c"}}]);
    check_lens(rename(), renamed(json!([])), "/lenses/t: v1 requires `/a`");
    assert!(
        chain(
            &first(),
            &[(rename(), {
                let mut s = first();
                renamed(json!(["c"]))(&mut s);
                s
            })]
        )
        .is_ok()
    );

    // `o` may be absent, and then `/o/x` cannot make a required `/x`; nor can `/x` be optional on the way back.
    let moved = |required: Value| {
        move |s: &mut Value| {
            s["properties"]["o"] = json!({"type": "object"});
            property("x", json!({"type": "string"}))(s);
            s["required"] = required.clone();
        }
    };
    let out = || json!([{"move": {"from": "/o/x", "to": "/x"}}]);
    check_lens(out(), moved(json!(["a", "x"])), "/events/t/schema/properties/x: requires `/x`");
    check_lens(out(), moved(json!(["a"])), "/lenses/t: v1 requires `/o/x`");
    let nullable = json!({"type": ["object", "null"], "required": ["x"], "properties": {"x": {}}});
    let first = json!({"type": "object", "required": ["o"], "properties": {"o": nullable}});
    let second = json!({"type": "object", "required": ["o", "x"], "properties": {"o": {"type": ["object", "null"]}, "x": {}}});
    let problems = chain(&first, &[(out(), second)]).unwrap_err();
    assert!(problems.contains("/events/t/schema/properties/x: requires `/x`"), "{problems}");
    // A member that moves into an optional object makes it, and then lacks what that object requires.
    let into = json!([{"move": {"from": "/b", "to": "/o/b"}}]);
    let nested = |s: &mut Value| {
        without("b")(s);
        s["properties"]["o"]["properties"]["b"] = json!({"type": "integer"});
    };
    check_lens(into, nested, "/events/t/schema/properties/o/properties/x: requires `/o/x`");
}

#[test]
fn a_lens_is_for_types_that_both_versions_have() {
    let mut registry = chain(&first(), &[]).unwrap();
    let mut check = |text: Value, expect: &str| {
        let problems = add(&mut registry, &text.to_string()).unwrap_err();
        assert!(problems.lines().any(|line| line.starts_with(expect)), "{problems}\nhas no {expect}");
    };
    let event = json!({"schema": first()});
    let document = |events: Value, lenses: Value| json!({"selfsame": 1, "name": "n", "parent": "v1", "events": events, "lenses": lenses});
    check(document(json!({"t": event}), json!({"u": []})), "/lenses/u: the document has no event type `u`");
    check(document(json!({"t": event, "u": event}), json!({"u": []})), "/lenses/u: v1 has no event type `u`");
    check(
        json!({"selfsame": 1, "name": "n", "events": {}}),
        "the parent is missing, and there are versions already",
    );
    check(
        json!({"selfsame": 1, "name": "n", "events": {}, "parent": "v9"}),
        "/parent: there is no version `v9`",
    );
    let root = json!({"selfsame": 1, "name": "n", "events": {"t": event}, "lenses": {"t": []}});
    let problems = add(&mut Registry::new(), &root.to_string()).unwrap_err();
    assert_eq!(problems, "/lenses/t: the first version has no parent");
}
