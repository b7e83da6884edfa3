//! Events read, checked, laid out and written again, value for value.

use crate::common::{chain, v};
use selfsame_record::{Extra, Row, RowRead, Value as Slot, ValueRef};
use selfsame_schema::{EVENT_DEPTH_MAX, EventShape};
use serde_json::{Value, json};
use std::sync::Arc;

fn shape(properties: Value, required: Value, open: bool) -> Arc<EventShape> {
    let schema = json!({"type": "object", "properties": properties, "required": required, "additionalProperties": open});
    let registry = chain(&schema, &[]).unwrap_or_else(|e| panic!("{e}"));
    registry.version(v(1)).unwrap().event("t").unwrap().clone()
}

/// The JSON comes back as it is given here: compact, properties first and in order.
#[track_caller]
fn check_kept(shape: &EventShape, json: &str) -> Row {
    let row = shape.read(json.as_bytes()).unwrap_or_else(|e| panic!("{json}: {e}"));
    assert_eq!(shape.write_json(&row), json);
    row
}

#[track_caller]
fn check_refused(shape: &EventShape, json: impl AsRef<[u8]>, expect: &str) {
    let problem = shape.read(json.as_ref()).expect_err("should be refused").to_string();
    assert!(problem.starts_with(expect), "{problem}\nis not {expect}");
}

#[test]
fn events_are_kept_value_for_value() {
    let properties = json!({"": {}, "0": {}, "a/b": {}, "n": {"type": "number"}, "s": {"type": ["string", "null"]},
        "o": {"type": ["object", "null"], "properties": {"~": {"type": "array"}}}, "ü": {"type": "boolean"}});
    let shape = shape(properties, json!([]), true);
    for json in [
        "{}",
        r#"{"s":null}"#,
        r#"{"s":""}"#,
        r#"{"o":null}"#,
        r#"{"o":{}}"#,
        r#"{"o":{"~":[]}}"#,
        r#"{"n":1.0}"#,
        r#"{"n":-0}"#,
        r#"{"n":1e400}"#,
        r#"{"n":123456789012345678901234567890}"#,
        r#"{"":{"a":[1,{"b":null}]},"0":"x","a/b":false,"ü":true}"#,
        r#"{"s":"a\"b\\\n\u0001😀"}"#,
        r#"{"o":{"~":[1.50],"x":1.0},"u":{"v":[1e1]},"v":"w"}"#,
        r#"{"0":1.0}"#,
        r#"{"0":null}"#,
    ] {
        check_kept(&shape, json);
    }
    let row = shape.read(b" { \"z\" : [ 1 , 2 ] , \"o\" : { \"k\" : \"\\u0041\" } , \"n\" : 7 } ").unwrap();
    let extra = |host, key: &str, json: &str| Extra { host, key: key.to_owned(), json: json.to_owned() };
    let host = shape.slot("/o").unwrap();
    assert_eq!(row.extras, [extra(0, "z", "[1,2]"), extra(host, "k", r#""A""#)]);
    assert_eq!(row.slot(shape.slot("/n").unwrap()), ValueRef::Int(7));
    assert_eq!(row.slots[usize::from(host)], Slot::Object);
    assert_eq!(row.slot(shape.slot("/ü").unwrap()), ValueRef::Absent);
}

#[test]
fn what_is_not_json_is_refused() {
    let shape = shape(json!({"o": {"type": "object"}, "s": {"type": "string"}}), json!([]), true);
    for bad in [
        "",
        "{",
        "{}x",
        "{} {}",
        "{\"s\":}",
        "{'s':1}",
        "{\"n\":NaN}",
        "{\"n\":01}",
        "{\"a\":1,}",
        "{\"s\":\"\n\"}",
    ] {
        check_refused(&shape, bad, "not JSON: ");
    }
    check_refused(&shape, "\u{feff}{}", "not JSON: it begins with a byte order mark");
    check_refused(&shape, b"{\"s\":\"\xff\"}", "not JSON: byte 7 is not UTF-8");
    for bad in ["null", "[]", "1", "\"x\"", "true", "1.5", "18446744073709551615"] {
        check_refused(&shape, bad, "must be an object, is ");
    }
    check_refused(&shape, r#"{"s":"\ud800"}"#, "/s: the string has half a surrogate pair");
    check_refused(&shape, r#"{"x":["\udc00"]}"#, "/x/0: the string has half a surrogate pair");
    check_refused(&shape, r#"{"s":"a","s":"a"}"#, "/s: the key `s` stands twice");
    check_refused(&shape, r#"{"o":{"x":1,"y":2,"x":1}}"#, "/o/x: the key `x` stands twice");
    check_refused(&shape, r#"{"x":{"y":[{"z":1,"\u007a":2}]}}"#, "/x/y/0: the key `z` stands twice");
}

#[test]
fn depth_is_limited_wherever_it_lies() {
    let shape = shape(json!({"a": {"type": "array"}, "any": {}, "o": {"type": "object"}}), json!([]), true);
    let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    for (prefix, around) in [("{\"a\":", 1), ("{\"any\":", 1), ("{\"x\":", 1), ("{\"o\":{\"x\":", 2)] {
        let json = |n: usize| format!("{prefix}{}{}", deep(n - around), "}".repeat(around));
        assert!(shape.read(json(EVENT_DEPTH_MAX).as_bytes()).is_ok(), "{prefix}");
        let error = shape.read(json(EVENT_DEPTH_MAX + 1).as_bytes()).unwrap_err();
        assert!(error.message.contains("too deep"), "{error}");
    }
    let error = shape.read(format!("{{\"x\":{}}}", deep(100_000)).as_bytes()).unwrap_err();
    assert!(error.message.contains("too deep"), "{error}");
}

#[test]
fn members_must_be_there_and_known() {
    let inner =
        json!({"type": "object", "properties": {"x": {}}, "required": ["x"], "additionalProperties": false});
    let shape = shape(json!({"a": {}, "o": inner}), json!(["a"]), false);
    check_kept(&shape, r#"{"a":null,"o":{"x":1}}"#);
    check_refused(&shape, "{}", "the member `a` is missing");
    check_refused(&shape, r#"{"a":1,"o":{}}"#, "/o: the member `x` is missing");
    check_refused(&shape, r#"{"a":1,"b~":1}"#, "/b~0: the schema has no such member and allows no others");
    check_refused(&shape, r#"{"a":1,"o":{"x":1,"y":1}}"#, "/o/y: the schema has no such member");
}

/// Each value for a field of the schema: taken, or the beginning of the refusal.
#[track_caller]
fn check(schema: Value, rows: &[(&str, Option<&str>)]) {
    let shape = shape(json!({"f": schema, "l": {"type": "array", "items": schema}}), json!([]), true);
    for (value, expect) in rows {
        match expect {
            None => {
                check_kept(&shape, &format!("{{\"f\":{value}}}"));
                check_kept(&shape, &format!("{{\"l\":[{value},{value}]}}"));
            }
            Some(expect) => {
                check_refused(&shape, format!("{{\"f\":{value}}}"), &format!("/f{expect}"));
                check_refused(&shape, format!("{{\"l\":[{value}]}}"), &format!("/l/0{expect}"));
            }
        }
    }
}

#[test]
fn types_are_checked() {
    check(
        json!({"type": "string"}),
        &[("\"\"", None), ("1", Some(": must be a string, is `1`")), ("null", Some(": must be"))],
    );
    check(
        json!({"type": ["string", "null"]}),
        &[("null", None), ("[]", Some(": must be a string or null, is an array"))],
    );
    check(
        json!({"type": "boolean"}),
        &[("false", None), ("\"true\"", Some(": must be true or false, is `\"true\"`"))],
    );
    check(
        json!({"type": "integer"}),
        &[
            ("1", None),
            ("1.0", None),
            ("1e2", None),
            ("12345678901234567890", None),
            ("1.5", Some(": must be an integer, is `1.5`")),
            ("1e-1", Some(": must be an integer")),
        ],
    );
    check(json!({"type": "number"}), &[("1.5", None), ("-0", None), ("\"1\"", Some(": must be a number"))]);
    check(
        json!({"type": "array"}),
        &[("[1,\"a\",null]", None), ("{}", Some(": must be an array, is an object"))],
    );
    check(json!({"type": "object"}), &[("{}", None), ("[]", Some(": must be an object, is an array"))]);
    check(json!({}), &[("{}", None), ("[]", None), ("null", None), ("0", None)]);
    check(json!(true), &[("\"x\"", None)]);
}

#[test]
fn bounds_and_lengths_are_checked() {
    check(
        json!({"type": "integer", "minimum": 1, "maximum": 3}),
        &[
            ("1", None),
            ("3.0", None),
            ("0", Some(": must be at least 1, is `0`")),
            ("4", Some(": must be at most 3, is `4`")),
        ],
    );
    check(
        json!({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}),
        &[
            ("0.5", None),
            ("0", Some(": must be more than 0")),
            ("0.0", Some(": must be more than 0")),
            ("1", Some(": must be less than 1")),
        ],
    );
    check(
        json!({"type": "integer", "maximum": 9007199254740991_i64}),
        &[("9007199254740991", None), ("9007199254740992", Some(": must be at most"))],
    );
    check(
        json!({"type": "string", "minLength": 1, "maxLength": 2}),
        &[
            ("\"😀ü\"", None),
            ("\"\"", Some(": must have at least 1 characters, has 0")),
            ("\"abc\"", Some(": must have at most 2 characters, has 3")),
        ],
    );
    check(
        json!({"type": "string", "pattern": "^a+$"}),
        &[("\"aa\"", None), ("\"ab\"", Some(": `\"ab\"` does not match the pattern `^a+$`"))],
    );
    check(
        json!({"type": "array", "minItems": 1, "maxItems": 2}),
        &[
            ("[1,2]", None),
            ("[]", Some(": must have at least 1 elements, has 0")),
            ("[1,2,3]", Some(": must have at most 2 elements, has 3")),
        ],
    );
    check(json!({"type": "string", "format": "date-time"}), &[("\"not a date\"", None)]);
}

#[test]
fn values_are_compared_as_json_does() {
    check(
        json!({"enum": [1, "a", null, [1, {"k": 2}]]}),
        &[
            ("1", None),
            ("1.0", None),
            ("\"a\"", None),
            ("null", None),
            ("[1.0,{\"k\":2}]", None),
            ("2", Some(": `2` is not one of")),
            ("\"1\"", Some(": `\"1\"`")),
            ("[1,{\"k\":2,\"l\":1}]", Some(": an array is not one of")),
            ("true", Some(": `true`")),
        ],
    );
    check(
        json!({"type": "integer", "const": 0}),
        &[("0", None), ("-0", None), ("0.0", None), ("1", Some(": `1`"))],
    );
    check(
        json!({"type": ["string", "null"], "enum": ["a"]}),
        &[("\"a\"", None), ("null", Some(": `null` is not one of"))],
    );
    check(json!({"enum": [1, 2], "const": 2}), &[("2", None), ("1", Some(": `1` is not one of [2]"))]);
}

#[test]
fn elements_are_checked_with_their_place() {
    let element = json!({"type": "object", "properties": {"a/b": {"type": "array", "items": {"type": "integer"}}},
        "required": ["a/b"], "additionalProperties": false});
    let shape = shape(json!({"l": {"type": "array", "items": element}}), json!([]), true);
    check_kept(&shape, r#"{"l":[{"a/b":[]},{"a/b":[1,2]}]}"#);
    check_refused(&shape, r#"{"l":[{"a/b":[]},{"a/b":[1,"x"]}]}"#, "/l/1/a~1b/1: must be an integer");
    check_refused(&shape, r#"{"l":[{}]}"#, "/l/0: the member `a/b` is missing");
    check_refused(&shape, r#"{"l":[{"a/b":[],"c":1}]}"#, "/l/0/c: the schema has no such member");
    check_refused(&shape, r#"{"l":[null]}"#, "/l/0: must be an object, is `null`");
}
