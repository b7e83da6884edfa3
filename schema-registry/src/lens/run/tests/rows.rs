//! Each operation by example, both ways, on JSON in and JSON out.

use serde_json::{Value, json};

use crate::json::tree::Node;
use crate::lens::parse_ops;
use crate::lens::run::side::SchemaSide;
use crate::lens::run::{Context, Program, Way};
use crate::limits::{EVENT_DEPTH_MAX, LENS_GIVEN_BYTES_MAX, LENS_STEPS_MAX};
use crate::problem::Problems;

/// A lens of one operation, and the schemas of its sides as far as they matter.
struct Lens {
    program: Program,
}

fn lens_between(ops: Value, below: &Value, above: &Value) -> Lens {
    let mut problems = Problems::default();
    let ops = parse_ops(&ops, "", &mut problems);
    let ops = ops.unwrap_or_else(|| panic!("{:?}", problems.into_list()));
    Lens { program: Program::compile(&ops, &SchemaSide { root: below }, &SchemaSide { root: above }) }
}

fn lens(op: Value) -> Lens {
    lens_between(json!([op]), &json!({}), &json!({}))
}

impl Lens {
    fn run(&self, way: Way, json: &str) -> String {
        let mut node = Node::parse(json, EVENT_DEPTH_MAX).unwrap_or_else(|e| panic!("{json}: {e:?}"));
        let derive = |cel: &str, scope: &Node| match cel {
            "self" => Ok(Some(scope.clone())),
            "none" => Ok(None),
            other => Err(format!("`{other}` cannot be computed")),
        };
        let result = self.program.run(way, &mut node, &Context { derive: &derive });
        result.map_or_else(|failure| failure.to_string(), |()| node.to_text())
    }

    #[track_caller]
    fn up(&self, a: &str, expect: &str) -> &Self {
        assert_eq!(self.run(Way::Up, a), expect, "up from {a}");
        self
    }

    #[track_caller]
    fn down(&self, b: &str, expect: &str) -> &Self {
        assert_eq!(self.run(Way::Down, b), expect, "down from {b}");
        self
    }

    /// Up and down again.
    #[track_caller]
    fn both(&self, a: &str, b: &str) -> &Self {
        self.up(a, b).down(b, a)
    }

    #[track_caller]
    fn same(&self, json: &str) -> &Self {
        self.both(json, json)
    }
}

const VALUES: [&str; 10] = ["null", "0", "-0", "1.0", "false", "\"\"", "{}", "[]", "[null]", "{\"\":0}"];

#[test]
fn added_fields_stand_where_nothing_stood() {
    for value in VALUES {
        let default: Value = serde_json::from_str(value).unwrap();
        let l = lens(json!({"add": {"at": "/f", "default": default}}));
        let shown = Node::from_value(&default).to_text();
        l.both("{}", &format!("{{\"f\":{shown}}}"))
            .up(&format!("{{\"f\":{value}}}"), &format!("{{\"f\":{value}}}"));
        l.down("{\"f\":7,\"ff\":8}", "{\"ff\":8}");
    }
    lens(json!({"add": {"at": "/f"}})).same("{}").down("{\"f\":null}", "{}");
    let inner = lens(json!({"add": {"at": "/o/f", "default": 1}}));
    inner.both(r#"{"o":{}}"#, r#"{"o":{"f":1}}"#);
    for around in ["{}", r#"{"o":null}"#, r#"{"o":[]}"#, r#"{"o":"x"}"#, r#"{"o":[{}]}"#, r#"{"oo":{}}"#] {
        inner.same(around);
    }
}

#[test]
fn removed_fields_come_back_with_their_default() {
    let l = lens(json!({"remove": {"at": "/meta", "default": ""}}));
    l.up(r#"{"meta":{"x":1},"metadata":2}"#, r#"{"metadata":2}"#).both(r#"{"meta":""}"#, "{}");
    l.up(r#"{"metadata":2}"#, r#"{"metadata":2}"#).down(r#"{"meta":null}"#, r#"{"meta":null}"#);
    lens(json!({"remove": {"at": "/f"}})).up(r#"{"f":0}"#, "{}").same("{}");
    lens(json!({"remove": {"at": "/o/0"}}))
        .up(r#"{"o":{"0":1,"1":2}}"#, r#"{"o":{"1":2}}"#)
        .same(r#"{"o":[1,2]}"#);
}

#[test]
fn renamed_fields_keep_what_they_are() {
    for (from, to) in [("a", "b"), ("", "0"), ("a/b", "~"), ("ü", "-"), ("10", "01"), ("a", "ab")] {
        let pointer = |key: &str| format!("/{}", key.replace('~', "~0").replace('/', "~1"));
        let l = lens(json!({"rename": {"from": pointer(from), "to": pointer(to)}}));
        for value in VALUES {
            l.both(&format!("{{{}:{value}}}", json!(from)), &format!("{{{}:{value}}}", json!(to)));
        }
        l.same("{}").same(r#"{"other":{"a":1}}"#);
    }
    let l = lens(json!({"rename": {"from": "/a", "to": "/b"}}));
    l.up(r#"{"a":1,"b":2}"#, r#"{"b":1}"#).up(r#"{"b":2}"#, "{}").down(r#"{"a":1}"#, "{}");
}

/// An object schema; the values are the schemas of its members.
fn object(properties: Value) -> Value {
    json!({"type": "object", "properties": properties})
}

#[test]
fn fields_move_and_their_objects_are_made_and_unmade() {
    let nest = json!([{"move": {"from": "/g", "to": "/n/g"}}, {"move": {"from": "/f", "to": "/n/f"}}]);
    let flat = object(json!({"g": {}, "f": {}}));
    let nested = object(json!({"n": object(json!({"g": {}, "f": {}}))}));
    let l = lens_between(nest, &flat, &nested);
    l.both(r#"{"f":1,"g":2}"#, r#"{"n":{"f":1,"g":2}}"#)
        .both(r#"{"f":null}"#, r#"{"n":{"f":null}}"#)
        .same("{}");
    l.both(r#"{"g":1}"#, r#"{"n":{"g":1}}"#).down(r#"{"n":{}}"#, "{}").down(r#"{"n":null}"#, "{}");
    l.both(r#"{"g":{},"n":{"x":1}}"#, r#"{"n":{"g":{},"x":1}}"#);
    l.up(r#"{"g":1,"n":"x"}"#, "`/n`: must be an object, for `/n/g` to lie in it, is a string");

    let there = object(json!({"g": {}, "n": object(json!({}))}));
    let l = lens_between(json!([{"move": {"from": "/g", "to": "/n/g"}}]), &there, &nested);
    l.both(r#"{"g":1,"n":{}}"#, r#"{"n":{"g":1}}"#).same(r#"{"n":{}}"#).same(r#"{"n":null}"#).same("{}");

    let out = json!([{"move": {"from": "/n/g", "to": "/g"}}]);
    lens_between(out.clone(), &nested, &flat).both(r#"{"n":{"g":1}}"#, r#"{"g":1}"#).up(r#"{"n":{}}"#, "{}");
    let stays = object(json!({"g": {}, "n": object(json!({}))}));
    lens_between(out, &nested, &stays).both(r#"{"n":{"g":1}}"#, r#"{"g":1,"n":{}}"#).same(r#"{"n":{}}"#);

    let deep = json!([{"move": {"from": "/a", "to": "/b/c/d"}}]);
    let l = lens_between(deep, &object(json!({"a": {}, "b": {}})), &json!({}));
    l.up(r#"{"a":1}"#, r#"{"b":{"c":{"d":1}}}"#).down(r#"{"b":{"c":{"d":1}}}"#, r#"{"a":1,"b":{}}"#);
}

#[test]
fn a_field_can_move_into_its_own_place_and_out_of_it() {
    let scalar = object(json!({"a": {}}));
    let hosted = object(json!({"a": object(json!({"b": {}}))}));
    let l = lens_between(json!([{"move": {"from": "/a", "to": "/a/b"}}]), &scalar, &hosted);
    for value in VALUES {
        l.both(&format!("{{\"a\":{value}}}"), &format!("{{\"a\":{{\"b\":{value}}}}}"));
    }
    l.same("{}").down(r#"{"a":{}}"#, "{}");
    let l = lens_between(json!([{"move": {"from": "/a/b", "to": "/a"}}]), &hosted, &scalar);
    l.both(r#"{"a":{"b":{}}}"#, r#"{"a":{}}"#).up(r#"{"a":{"x":1}}"#, "{}").same("{}");
}

#[test]
fn what_an_object_is_called_meanwhile_does_not_matter() {
    let ops = json!([
        {"rename": {"from": "/n", "to": "/name"}},
        {"move": {"from": "/g", "to": "/name/g"}},
        {"rename": {"from": "/name", "to": "/who"}},
    ]);
    let below = object(json!({"n": object(json!({})), "g": {}}));
    let above = object(json!({"who": object(json!({"g": {}}))}));
    let l = lens_between(ops, &below, &above);
    l.both(r#"{"g":1,"n":{}}"#, r#"{"who":{"g":1}}"#).both(r#"{"n":{}}"#, r#"{"who":{}}"#);
    let made = json!([
        {"move": {"from": "/g", "to": "/name/g"}},
        {"rename": {"from": "/name", "to": "/who"}},
    ]);
    let l = lens_between(made, &object(json!({"g": {}, "who": {}})), &above);
    l.both(r#"{"g":1}"#, r#"{"who":{"g":1}}"#).same("{}");
    let within = json!([{"in": {"at": "/o", "lens": [{"move": {"from": "/g", "to": "/n/g"}}]}}]);
    let l = lens_between(within, &object(json!({"o": object(json!({"n": {}}))})), &json!({}));
    l.both(r#"{"o":{"g":1,"n":{}}}"#, r#"{"o":{"n":{"g":1}}}"#);
}

#[test]
fn values_are_converted_by_table() {
    let l = lens(json!({"convert": {"at": "/s", "up": {"m": "male", "f": "female", "": "none"}}}));
    l.both(r#"{"s":"m"}"#, r#"{"s":"male"}"#).both(r#"{"s":""}"#, r#"{"s":"none"}"#).same("{}");
    l.up(r#"{"s":"x"}"#, "`/s`: the table has no entry for `\"x\"`");
    l.up(r#"{"s":null}"#, "`/s`: the table has no entry for `null`");
    l.down(r#"{"s":"m"}"#, "`/s`: the table has no entry for `\"m\"`");
    l.up(
        &format!("{{\"s\":\"{}\"}}", "ü".repeat(100)),
        &format!("`/s`: the table has no entry for `\"{}…`", "ü".repeat(79)),
    );

    let pairs = json!([[1, "low"], [null, "none"], [false, "off"], [[1], {}], [{"a": 1}, 0]]);
    let l = lens(json!({"convert": {"at": "/s", "up": pairs, "else": "keep"}}));
    for (a, b) in
        [("null", "\"none\""), ("false", "\"off\""), ("{\"a\":1}", "0"), ("[1]", "{}"), ("1", "\"low\"")]
    {
        l.both(&format!("{{\"s\":{a}}}"), &format!("{{\"s\":{b}}}"));
    }
    l.up(r#"{"s":1.0}"#, r#"{"s":"low"}"#).same(r#"{"s":"1"}"#).same(r#"{"s":0.5}"#).same(r#"{"s":[]}"#);

    let wider = json!({"at": "/s", "up": {}, "down": {"paused": "active"}, "else": "keep"});
    lens(json!({"convert": wider}))
        .up(r#"{"s":"active"}"#, r#"{"s":"active"}"#)
        .down(r#"{"s":"paused"}"#, r#"{"s":"active"}"#);
    let fixed = json!({"at": "/s", "up": {"a": "b"}, "else": {"value": null}});
    lens(json!({"convert": fixed}))
        .both(r#"{"s":"a"}"#, r#"{"s":"b"}"#)
        .up(r#"{"s":7}"#, r#"{"s":null}"#)
        .same("{}");
}

#[test]
fn values_are_cast_or_the_failure_names_them() {
    let cast = |from: &str, to: &str| lens(json!({"cast": {"at": "/c", "from": from, "to": to}}));
    let c = |value: &str| format!("{{\"c\":{value}}}");
    for (from, to, a, b) in [
        ("string", "integer", "\"7\"", "7"),
        ("string", "integer", "\"-12345678901234567890123\"", "-12345678901234567890123"),
        ("string", "number", "\"1.5\"", "1.5"),
        ("string", "boolean", "\"true\"", "true"),
        ("string", "boolean", "\"false\"", "false"),
        ("string", "date-time", "\"2024-02-29T12:00:00.5+02:00\"", "\"2024-02-29T12:00:00.5+02:00\""),
        ("integer", "string", "0", "\"0\""),
        ("integer", "number", "-3", "-3"),
        ("number", "string", "0.25", "\"0.25\""),
        ("boolean", "string", "true", "\"true\""),
        ("date-time", "integer", "\"1970-01-01T00:00:00.000001Z\"", "1"),
        ("integer", "date-time", "-1", "\"1969-12-31T23:59:59.999999Z\""),
    ] {
        cast(from, to).both(&c(a), &c(b)).same("{}").same(&c("null"));
    }
    for (from, to, a, b) in [
        ("string", "number", "\"1.50\"", "1.50"),
        ("string", "number", "\"-0e9\"", "-0e9"),
        ("string", "integer", "\"1.0\"", "1"),
        ("string", "integer", "\"1e3\"", "1000"),
        ("number", "integer", "1.0", "1"),
        ("number", "integer", "-0", "0"),
        ("integer", "number", "1e2", "1e2"),
        ("number", "string", "1.50e1", "\"15\""),
        ("integer", "string", "1.0", "\"1\""),
        ("date-time", "integer", "\"1970-01-01T01:00:00.0000019+01:00\"", "1"),
    ] {
        cast(from, to).up(&c(a), &c(b));
    }
    let digits = "has more than 400 digits when it is written out";
    for (from, to, value, message) in [
        ("string", "integer", "\"007\"", "`\"007\"` is no JSON number"),
        ("string", "integer", "\"1.5\"", "`\"1.5\"` has a fraction"),
        ("string", "number", "\"\"", "`\"\"` is no JSON number"),
        ("string", "number", "\" 1\"", "`\" 1\"` is no JSON number"),
        ("string", "boolean", "\"True\"", "`\"True\"` is neither `true` nor `false`"),
        ("string", "integer", "7", "`7` is no string"),
        ("string", "integer", "[]", "`[]` is no string"),
        ("integer", "string", "1.5", "`1.5` is no integer"),
        ("number", "integer", "1.5", "`1.5` has a fraction"),
        ("number", "integer", "1e999999999", &format!("`1e999999999` {digits}")),
        ("number", "string", "1e-999999999999999999999", &format!("`1e-999999999999999999999` {digits}")),
        ("boolean", "string", "0", "`0` is no boolean"),
        ("date-time", "integer", "\"today\"", "`\"today\"` is no date-time such as `2024-02-29T12:00:00Z`"),
        ("string", "date-time", "\"\"", "`\"\"` is no date-time such as `2024-02-29T12:00:00Z`"),
        ("integer", "date-time", "1e18", "`1e18` lies outside of the years 0000 to 9999"),
    ] {
        cast(from, to).up(&c(value), &format!("`/c`: {message}"));
    }
}

#[test]
fn numbers_are_scaled_exactly_and_rounded_as_asked() {
    let integer = object(json!({"p": {"type": "integer"}}));
    let number = object(json!({"p": {"type": ["number", "null"]}}));
    let euros = |round: &str| json!([{"scale": {"at": "/p", "den": 100, "round": round}}]);
    let l = lens_between(euros("half-even"), &integer, &number);
    l.both(r#"{"p":1999}"#, r#"{"p":19.99}"#)
        .both(r#"{"p":0}"#, r#"{"p":0}"#)
        .both(r#"{"p":-5}"#, r#"{"p":-0.05}"#);
    l.both(r#"{"p":123456789012345678901234567890}"#, r#"{"p":1234567890123456789012345678.9}"#);
    l.same("{}")
        .same(r#"{"p":null}"#)
        .down(r#"{"p":0.005}"#, r#"{"p":0}"#)
        .down(r#"{"p":0.015}"#, r#"{"p":2}"#);
    l.up(r#"{"p":"5"}"#, "`/p`: must be a number, is a string")
        .up(r#"{"p":[]}"#, "`/p`: must be a number, is an array");
    let long = "has more than 400 digits, over the limit to compute with";
    l.up(r#"{"p":1e999999999}"#, &format!("`/p`: `1e999999999` {long}"));
    l.down(r#"{"p":1e399}"#, &format!("`/p`: `1e399` {long}"));
    lens_between(euros("down"), &integer, &number).down(r#"{"p":-0.019}"#, r#"{"p":-1}"#);
    lens_between(euros("up"), &integer, &number).down(r#"{"p":-0.011}"#, r#"{"p":-2}"#);
    lens_between(euros("fail"), &integer, &number)
        .down(r#"{"p":0.011}"#, "`/p`: `0.011` times 100/1 is no integer")
        .both(r#"{"p":1}"#, r#"{"p":0.01}"#);
    let third = json!([{"scale": {"at": "/p", "num": 1, "den": 3, "round": "fail"}}]);
    lens_between(third, &number, &number)
        .both(r#"{"p":0.3}"#, r#"{"p":0.1}"#)
        .up(r#"{"p":1}"#, "`/p`: `1` times 1/3 is no decimal number that ends");
    let cast =
        json!([{"scale": {"at": "/p", "den": 4}}, {"cast": {"at": "/p", "from": "integer", "to": "string"}}]);
    lens_between(cast, &number, &object(json!({"p": {"type": "string"}}))).up(r#"{"p":7}"#, r#"{"p":"2"}"#);
}

#[test]
fn null_absent_and_values_are_told_apart() {
    let l = lens(json!({"nullable": {"at": "/f", "null_as": 0}}));
    l.same("{}")
        .same(r#"{"f":1}"#)
        .same(r#"{"f":false}"#)
        .down(r#"{"f":null}"#, r#"{"f":0}"#)
        .up(r#"{"f":null}"#, r#"{"f":null}"#);
    let l = lens(json!({"require": {"at": "/f", "default": false}}));
    l.up("{}", r#"{"f":false}"#).up(r#"{"f":null}"#, r#"{"f":false}"#).same(r#"{"f":0}"#).same(r#"{"f":""}"#);
    l.down("{}", "{}").down(r#"{"f":null}"#, r#"{"f":null}"#);
    let l = lens(json!({"relax": {"at": "/f", "default": {}}}));
    l.up("{}", "{}").up(r#"{"f":null}"#, r#"{"f":null}"#).same(r#"{"f":[]}"#).down("{}", r#"{"f":{}}"#);
    l.down(r#"{"f":null}"#, r#"{"f":{}}"#);
    lens(json!({"relax": {"at": "/f"}})).same("{}").same(r#"{"f":null}"#);
    lens(json!({"require": {"at": "/o/f", "default": 1}}))
        .same("{}")
        .same(r#"{"o":null}"#)
        .up(r#"{"o":{}}"#, r#"{"o":{"f":1}}"#);
}

#[test]
fn values_are_wrapped_and_unwrapped() {
    let l = lens(json!({"wrap": {"at": "/f"}}));
    for value in VALUES {
        l.both(&format!("{{\"f\":{value}}}"), &format!("{{\"f\":[{value}]}}"));
    }
    l.same("{}").down(r#"{"f":[]}"#, "{}").down(r#"{"f":[1,2]}"#, r#"{"f":1}"#);
    l.down(r#"{"f":null}"#, "`/f`: must be an array, is null")
        .down(r#"{"f":{}}"#, "`/f`: must be an array, is an object");
    let l = lens(json!({"unwrap": {"at": "/f", "pick": "last"}}));
    l.up(r#"{"f":[1,2,3]}"#, r#"{"f":3}"#)
        .both(r#"{"f":[null]}"#, r#"{"f":null}"#)
        .up(r#"{"f":[]}"#, "{}")
        .same("{}");
    lens(json!({"unwrap": {"at": "/f"}})).up(r#"{"f":[1,2,3]}"#, r#"{"f":1}"#);
    lens(json!({"unwrap": {"at": "/f", "else": null}})).up(r#"{"f":[]}"#, r#"{"f":null}"#);
}

#[test]
fn lenses_run_within_objects_elements_and_branches() {
    let rename = || json!({"rename": {"from": "/a", "to": "/b"}});
    let l = lens(json!({"in": {"at": "/o", "lens": [rename()]}}));
    l.both(r#"{"a":1,"o":{"a":2}}"#, r#"{"a":1,"o":{"b":2}}"#)
        .same(r#"{"o":[{"a":1}]}"#)
        .same(r#"{"o":null}"#)
        .same("{}");

    let l =
        lens(json!({"map": {"at": "/l", "lens": [rename(), {"convert": {"at": "/b", "up": {"x": "y"}}}]}}));
    l.both(r#"{"l":[{"a":"x"},{},null,7]}"#, r#"{"l":[{"b":"y"},{},null,7]}"#);
    l.both(r#"{"l":{"0":{"a":"x"},"a":{}}}"#, r#"{"l":{"0":{"b":"y"},"a":{}}}"#)
        .same(r#"{"l":[]}"#)
        .same("{}");
    l.up(r#"{"l":[{},{"a":1}]}"#, "`/l/1/b`: the table has no entry for `1`");
    l.up(r#"{"l":{"a/b":{"a":1}}}"#, "`/l/a~1b/b`: the table has no entry for `1`");
    l.same(r#"{"l":null}"#).up(r#"{"l":"x"}"#, "`/l`: must be an array or an object, is a string");

    let l = lens(json!({"map": {"at": "/l", "lens": [{"wrap": {"at": ""}}]}}));
    l.both(r#"{"l":[1,null,[]]}"#, r#"{"l":[[1],[null],[[]]]}"#).down(r#"{"l":[[],[1,2]]}"#, r#"{"l":[1]}"#);
    l.down(r#"{"l":{"a":[],"b":[2]}}"#, r#"{"l":{"b":2}}"#)
        .down(r#"{"l":[[1],2]}"#, "`/l/1`: must be an array, is a number");

    let when = |equals: Value| lens(json!({"when": {"at": "/k", "equals": equals, "lens": [rename()]}}));
    when(json!("t"))
        .both(r#"{"a":1,"k":"t"}"#, r#"{"b":1,"k":"t"}"#)
        .same(r#"{"a":1,"k":"u"}"#)
        .same(r#"{"a":1}"#);
    when(json!(null)).both(r#"{"a":1,"k":null}"#, r#"{"b":1,"k":null}"#).same(r#"{"a":1}"#);
    when(json!(1)).both(r#"{"a":1,"k":1.0}"#, r#"{"b":1,"k":1.0}"#).same(r#"{"a":1,"k":"1"}"#);
}

#[test]
fn strings_are_split_and_joined() {
    let l = lens(json!({"split": {"from": "/name", "to": ["/name/given", "/name/family"], "by": " "}}));
    l.both(r#"{"name":"Ada Lovelace"}"#, r#"{"name":{"family":"Lovelace","given":"Ada"}}"#);
    l.both(r#"{"name":"Ada King Lovelace"}"#, r#"{"name":{"family":"King Lovelace","given":"Ada"}}"#);
    l.both(r#"{"name":"Ada"}"#, r#"{"name":{"given":"Ada"}}"#)
        .both(r#"{"name":""}"#, r#"{"name":{"given":""}}"#);
    l.both(r#"{"name":" "}"#, r#"{"name":{"family":"","given":""}}"#).same("{}");
    l.down(r#"{"name":{"family":"x"}}"#, r#"{"name":"x"}"#).down(r#"{"name":{}}"#, "{}");
    l.up(r#"{"name":null}"#, "`/name`: must be a string, is null");
    l.down(r#"{"name":{"given":"a","family":1}}"#, "`/name/family`: must be a string, is a number");
    let l = lens(json!({"split": {"from": "/a", "to": ["/x", "/y", "/z"], "by": "--", "limit": 2}}));
    l.both(r#"{"a":"1--2--3"}"#, r#"{"x":"1","y":"2--3"}"#).up(r#"{"a":"1","z":0}"#, r#"{"x":"1"}"#);
    let l = lens(json!({"join": {"from": ["/x", "/y"], "to": "/a", "by": "/"}}));
    l.both(r#"{"x":"1","y":"2"}"#, r#"{"a":"1/2"}"#).both(r#"{"x":"1"}"#, r#"{"a":"1"}"#).same("{}");
    l.up(r#"{"y":"1"}"#, r#"{"a":"1"}"#)
        .up(r#"{"a":"old"}"#, "{}")
        .down(r#"{"a":"1/2/3"}"#, r#"{"x":"1","y":"2/3"}"#);
}

#[test]
fn derived_fields_are_computed_up_and_gone_down() {
    let l = lens(json!({"derive": {"at": "/d", "cel": "self"}}));
    l.both(r#"{"a":1}"#, r#"{"a":1,"d":{"a":1}}"#);
    lens(json!({"derive": {"at": "/d", "cel": "none"}})).same("{}").up(r#"{"d":1}"#, "{}");
    lens(json!({"derive": {"at": "/d", "cel": "1 +"}}))
        .up("{}", "`/d`: `1 +` cannot be computed")
        .down(r#"{"d":1}"#, "{}");
    let l = lens(json!({"map": {"at": "/l", "lens": [{"derive": {"at": "/d", "cel": "self"}}]}}));
    l.both(r#"{"l":[{"a":1},7]}"#, r#"{"l":[{"a":1,"d":{"a":1}},7]}"#);
}

#[test]
fn retyping_changes_no_data() {
    lens(json!({"retype": {"from": "a", "to": "b"}})).same(r#"{"a":1}"#).same("{}");
}

#[test]
fn events_do_not_grow_without_end() {
    let nested = |n: usize| format!("{{\"f\":{}{}}}", "[".repeat(n), "]".repeat(n));
    let wrap = lens(json!({"wrap": {"at": "/f"}}));
    let deep = "objects and arrays would lie more than 32 deep within each other";
    wrap.both(&nested(EVENT_DEPTH_MAX - 2), &nested(EVENT_DEPTH_MAX - 1));
    wrap.up(&nested(EVENT_DEPTH_MAX - 1), &format!("`/f`: {deep}"));
    let near = "/x".repeat(EVENT_DEPTH_MAX);
    lens(json!({"move": {"from": "/f", "to": near}}))
        .both(r#"{"f":1}"#, &format!("{}1{}", "{\"x\":".repeat(32), "}".repeat(32)));
    let inner = json!({"move": {"from": "/f", "to": "/x".repeat(EVENT_DEPTH_MAX - 1)}});
    lens(json!({"map": {"at": "/l", "lens": [inner]}}))
        .up(r#"{"l":[{"f":1}]}"#, &format!("`/l/0{}`: {deep}", "/x".repeat(31)));

    let list = |n: usize| format!("{{\"l\":[{}]}}", vec!["0"; n].join(","));
    let pairs: Vec<Value> = (1..=999).map(|n| json!([n, -n])).collect();
    let convert = json!({"convert": {"at": "", "up": pairs, "else": "keep"}});
    let l = lens(json!({"map": {"at": "/l", "lens": [convert]}}));
    // One for the `map`, and for each element one and one for every pair of the table.
    l.same(&list((LENS_STEPS_MAX - 1) / 1000));
    l.up(
        &list(1 + LENS_STEPS_MAX / 1000),
        "`/l/999`: the lens takes more than 1000000 operations on the event",
    );

    let given = "g".repeat(LENS_GIVEN_BYTES_MAX / 4 - 2);
    let add = lens(json!({"map": {"at": "/l", "lens": [{"add": {"at": "/f", "default": given}}]}}));
    assert!(add.run(Way::Up, r#"{"l":[{},{},{},{}]}"#).starts_with("{\"l\":[{\"f\":\"ggg"));
    add.up(r#"{"l":[{},{},{},{},{}]}"#, "`/l/4/f`: the lens puts more than 1048576 bytes into the event");
}
