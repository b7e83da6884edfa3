//! What a schema says of a place, and where a place lies on the other side of operations.

use serde_json::{Value, json};

use crate::json::pointer::Pointer;
use crate::lens::parse_ops;
use crate::lens::run::Way;
use crate::lens::run::side::{Key, Path, SchemaSide, Side, carried};
use crate::problem::Problems;

/// A pointer as a path; `*` is any element.
fn path(text: &str) -> Path {
    let key = |key: &String| if key == "*" { Key::Each } else { Key::Named(key.clone()) };
    Pointer::parse(text).unwrap().tokens().iter().map(key).collect()
}

/// What the schema says, as words.
#[track_caller]
fn check(schema: &Value, at: &str, expect: &str) {
    let place = SchemaSide { root: schema }.at(&path(at));
    let words =
        [(place.known, "known"), (place.whole, "whole"), (place.filled, "filled"), (place.always, "always")];
    let words: Vec<&str> = words.into_iter().filter(|(is, _)| *is).map(|(_, word)| word).collect();
    assert_eq!(words.join(" "), expect, "{at} of {schema}");
}

#[test]
fn places_are_found_through_references_branches_and_elements() {
    let integer = json!({"type": "integer"});
    let object = |properties: Value| json!({"type": "object", "properties": properties});
    check(&json!({}), "/a", "");
    check(&json!(true), "", "known");
    check(&json!(false), "", "");
    check(&object(json!({"a": false, "b": true})), "/a", "");
    check(&object(json!({"a": integer})), "/a", "known whole");
    check(&object(json!({"a": integer})), "/ab", "");
    check(&object(json!({"a": {"type": ["integer", "null"]}})), "/a", "known whole");
    check(&object(json!({"a": {"type": ["integer", "number"]}})), "/a", "known");
    check(&object(json!({"a": {"anyOf": [integer, {"type": "string"}]}})), "/a", "known whole");
    check(&object(json!({"a": {"anyOf": [integer, {"type": "number"}]}})), "/a", "known");
    check(&json!({"oneOf": [{}, {"allOf": [object(json!({"a": integer}))]}]}), "/a", "known whole");
    let referring = json!({"$ref": "#/$defs/x~1y", "$defs": {"x/y": object(json!({"a": integer}))}});
    check(&referring, "/a", "known whole");
    let list = json!({"type": "array", "items": object(json!({"a": integer}))});
    check(&object(json!({"l": list})), "/l/*/a", "known whole");
    check(&object(json!({"l": list})), "/l/0/a", "");
    check(&json!({"additionalProperties": integer}), "/*", "known whole");
    check(&json!({"additionalProperties": integer}), "/a", "");
    check(&json!({"prefixItems": [{}, integer]}), "/*", "known whole");
}

#[test]
fn objects_are_always_there_or_filled_only_if_the_schema_says_so() {
    let host = |host: Value, required: Value| json!({"type": "object", "required": required, "properties": {"h": host}});
    check(&host(json!({"type": "object"}), json!(["h"])), "/h", "known always");
    check(&host(json!({"type": "object"}), json!(["hh"])), "/h", "known");
    check(&host(json!({"type": "object", "required": ["x"]}), json!([])), "/h", "known filled");
    check(&host(json!({"type": "object", "required": ["x"]}), json!(["h"])), "/h", "known filled always");
    check(&host(json!({"type": ["object", "null"], "required": ["x"]}), json!(["h"])), "/h", "known");
    check(&host(json!({}), json!(["h"])), "/h", "known");
}

#[test]
fn schemas_without_end_are_left() {
    let circle =
        json!({"$ref": "#/$defs/c", "$defs": {"c": {"anyOf": [{"$ref": "#/$defs/c"}, {"$ref": "#"}]}}});
    check(&circle, "/a", "");
    check(&json!({"$ref": "#"}), "", "");
    check(&json!({"$ref": "https://example.org/x"}), "/a", "");
}

/// Where the place lies after the operation, and where it lay before.
#[track_caller]
fn through(op: Value, at: &str, up: Option<&str>, down: Option<&str>) {
    let op = parse_ops(&json!([op]), "", &mut Problems::default()).unwrap().remove(0);
    for (way, expect) in [(Way::Up, up), (Way::Down, down)] {
        assert_eq!(carried(&op, way, &path(at)), expect.map(path), "{way:?} {at} through {}", op.forward());
    }
}

#[test]
fn places_are_followed_through_operations() {
    let rename = || json!({"rename": {"from": "/a", "to": "/b"}});
    through(rename(), "/a/x", Some("/b/x"), None);
    through(rename(), "/b", None, Some("/a"));
    through(rename(), "/ab", Some("/ab"), Some("/ab"));
    let nest = json!({"move": {"from": "/a", "to": "/a/b"}});
    // On the way down, the field takes the place of the object that it lay in.
    through(nest.clone(), "/a", Some("/a/b"), None);
    through(nest, "/a/b/c", Some("/a/b/b/c"), Some("/a/c"));
    through(json!({"add": {"at": "/a/b"}}), "/a/b/c", None, None);
    through(json!({"remove": {"at": "/a/b"}}), "/a", Some("/a"), Some("/a"));
    through(json!({"wrap": {"at": "/a"}}), "/a/x", Some("/a/*/x"), None);
    through(json!({"wrap": {"at": "/a"}}), "/a/*/x", Some("/a/*/*/x"), Some("/a/x"));
    through(json!({"unwrap": {"at": "/a"}}), "/a/*/x", Some("/a/x"), Some("/a/*/*/x"));
    through(json!({"in": {"at": "/o", "lens": [rename()]}}), "/o/a/x", Some("/o/b/x"), None);
    through(json!({"in": {"at": "/o", "lens": [rename()]}}), "/a", Some("/a"), Some("/a"));
    through(json!({"map": {"at": "/o", "lens": [rename()]}}), "/o/*/a", Some("/o/*/b"), None);
    through(json!({"map": {"at": "/o", "lens": [rename()]}}), "/o/a", Some("/o/a"), Some("/o/a"));
    through(json!({"when": {"at": "/k", "equals": 1, "lens": [rename()]}}), "/a", Some("/b"), Some("/a"));
    let split = json!({"split": {"from": "/n", "to": ["/n/a", "/c"], "by": " "}});
    through(split.clone(), "/n", None, None);
    through(split, "/c", None, None);
    through(json!({"nullable": {"at": "/a", "null_as": 1}}), "/a/x", Some("/a/x"), Some("/a/x"));
}
