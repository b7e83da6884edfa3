//! Lenses by example, on JSON in and JSON out: each operation both ways, every ordered pair, unknown keys.

use serde_json::{Value, json};

use crate::common::{chain, read_as, v};

/// An object schema; keys that end in `!` are required.
fn object(properties: Value) -> Value {
    let mut required = Vec::new();
    let mut plain = serde_json::Map::new();
    for (key, schema) in properties.as_object().unwrap() {
        let name = key.strip_suffix('!').unwrap_or(key);
        if name != key {
            required.push(name.to_owned());
        }
        plain.insert(name.to_owned(), schema.clone());
    }
    json!({"type": "object", "properties": plain, "required": required})
}

fn text() -> Value {
    json!({"type": "string"})
}

/// A chain of versions, the lens in each step before the schema.
struct Lineage {
    registry: selfsame_schema::Registry,
}

#[track_caller]
fn lineage(first: Value, more: &[(Value, Value)]) -> Lineage {
    Lineage { registry: chain(&first, more).unwrap_or_else(|e| panic!("{e}")) }
}

impl Lineage {
    #[track_caller]
    fn check(&self, writer: u32, reader: u32, json: &str, expect: &str) -> &Self {
        let got = read_as(&self.registry, writer, reader, json).unwrap_or_else(|e| e);
        assert_eq!(got, expect, "v{writer} to v{reader}: {json}");
        self
    }
}

#[test]
fn added_fields_have_their_default_up_and_are_gone_down() {
    for default in
        [json!(0), json!(false), json!(""), json!(null), json!([]), json!({}), json!("en"), json!(1.5)]
    {
        let lens = json!([{"add": {"at": "/f", "default": default}}]);
        let l = lineage(object(json!({})), &[(lens, object(json!({"f!": {}})))]);
        l.check(1, 2, "{}", &format!("{{\"f\":{default}}}")).check(2, 1, r#"{"f":7}"#, "{}");
    }
    let l = lineage(object(json!({})), &[(json!([{"add": {"at": "/f"}}]), object(json!({"f": text()})))]);
    l.check(1, 2, "{}", "{}").check(2, 2, r#"{"f":"x"}"#, r#"{"f":"x"}"#).check(2, 1, r#"{"f":"x"}"#, "{}");
}

#[test]
fn an_added_object_has_its_defaults_member_by_member() {
    let inner = object(json!({"x!": text(), "y": {"type": "integer"}, "z": object(json!({"w": {}}))}));
    let lens = json!([{"add": {"at": "/o", "default": {"x": "a", "z": {}}}}]);
    let l = lineage(object(json!({})), &[(lens, object(json!({"o!": inner})))]);
    l.check(1, 2, "{}", r#"{"o":{"x":"a","z":{}}}"#);
    l.check(1, 2, r#"{"o":{"x":"b"}}"#, "inexpressible: `/o` was written before there was such a field, and its value does not fit: an object is not taken over member by member");
}

#[test]
fn a_default_is_given_where_its_object_is() {
    let schema = |inner: Value| object(json!({"o": {"type": ["object", "null"], "properties": inner}}));
    let lens = json!([{"add": {"at": "/o/f", "default": 1}}]);
    let l = lineage(schema(json!({})), &[(lens, schema(json!({"f": {}})))]);
    l.check(1, 2, r#"{"o":{}}"#, r#"{"o":{"f":1}}"#)
        .check(1, 2, r#"{"o":null}"#, r#"{"o":null}"#)
        .check(1, 2, "{}", "{}");

    let schema = |inner: Value| {
        let p = object(json!({"p!": object(inner)}));
        let mut schema = object(json!({"o!": p}));
        schema["properties"]["o"]["type"] = json!(["object", "null"]);
        schema
    };
    let lens = json!([{"add": {"at": "/o/p/f", "default": 1}}]);
    let l = lineage(schema(json!({})), &[(lens, schema(json!({"f!": {}})))]);
    l.check(1, 2, r#"{"o":null}"#, r#"{"o":null}"#).check(
        1,
        2,
        r#"{"o":{"p":{}}}"#,
        r#"{"o":{"p":{"f":1}}}"#,
    );
}

#[test]
fn removed_fields_come_back_with_their_default() {
    let l = lineage(
        object(json!({"a!": text(), "b": text(), "o": object(json!({"x!": {"type": "integer"}}))})),
        &[(
            json!([{"remove": {"at": "/a", "default": ""}}, {"remove": {"at": "/b"}}, {"remove": {"at": "/o", "default": {"x": 0}}}]),
            object(json!({})),
        )],
    );
    l.check(1, 2, r#"{"a":"1","b":"2","o":{"x":3,"y":4},"z":5}"#, r#"{"z":5}"#);
    l.check(2, 1, r#"{"z":5}"#, r#"{"a":"","o":{"x":0},"z":5}"#);
}

#[test]
fn renamed_fields_keep_absent_null_and_every_lexeme() {
    for (from, to) in [("a", "b"), ("", "0"), ("a/b", "~"), ("ü", "-"), ("10", "01")] {
        let pointer = |key: &str| format!("/{}", key.replace('~', "~0").replace('/', "~1"));
        let lens = json!([{"rename": {"from": pointer(from), "to": pointer(to)}}]);
        let l = lineage(object(json!({from: {}})), &[(lens, object(json!({to: {}})))]);
        for value in ["null", "1.0", "-0", "\"\"", "[1e3,{}]", "{}", "false"] {
            let (a, b) = (format!("{{{}:{value}}}", json!(from)), format!("{{{}:{value}}}", json!(to)));
            l.check(1, 2, &a, &b).check(2, 1, &b, &a);
        }
        l.check(1, 2, "{}", "{}").check(2, 1, "{}", "{}");
    }
}

#[test]
fn a_renamed_object_takes_its_unknown_members_along() {
    let l = lineage(
        object(json!({"a": object(json!({"x": {}}))})),
        &[(json!([{"rename": {"from": "/a", "to": "/b"}}]), object(json!({"b": object(json!({"x": {}}))})))],
    );
    l.check(1, 2, r#"{"a":{"x":1,"u":2},"v":3}"#, r#"{"b":{"x":1,"u":2},"v":3}"#);
    l.check(2, 1, r#"{"b":{"u":2}}"#, r#"{"a":{"u":2}}"#);
}

#[test]
fn an_object_that_a_move_made_is_unmade_and_one_that_was_there_stays() {
    let nested = |name: Value| object(json!({"name": name}));
    let made = lineage(
        object(json!({"given": {}, "family": {}})),
        &[(
            json!([{"move": {"from": "/given", "to": "/name/given"}}, {"move": {"from": "/family", "to": "/name/family"}}]),
            nested(object(json!({"given": {}, "family": {}}))),
        )],
    );
    made.check(1, 2, "{}", "{}").check(1, 2, r#"{"given":null}"#, r#"{"name":{"given":null}}"#);
    made.check(2, 1, r#"{"name":{}}"#, "{}").check(2, 1, r#"{"name":{"family":1,"u":2}}"#, r#"{"family":1}"#);

    let there = lineage(
        object(json!({"a": {}, "o": {"type": ["object", "null"]}})),
        &[(
            json!([{"move": {"from": "/a", "to": "/o/a"}}]),
            object(json!({"o": {"type": ["object", "null"], "properties": {"a": {}}}})),
        )],
    );
    there.check(1, 2, "{}", "{}").check(1, 2, r#"{"o":null}"#, r#"{"o":null}"#).check(
        1,
        2,
        r#"{"o":{}}"#,
        r#"{"o":{}}"#,
    );
    there.check(1, 2, r#"{"a":1,"o":null}"#, r#"{"o":{"a":1}}"#).check(
        1,
        2,
        r#"{"a":1}"#,
        r#"{"o":{"a":1}}"#,
    );
    there.check(2, 1, r#"{"o":{"a":1}}"#, r#"{"a":1,"o":{}}"#).check(2, 1, r#"{"o":null}"#, r#"{"o":null}"#);
    there.check(2, 1, r#"{"o":{"u":1}}"#, r#"{"o":{"u":1}}"#);
}

#[test]
fn members_move_out_and_the_object_can_go() {
    let l = lineage(
        object(json!({"name": object(json!({"given!": text(), "family": text()}))})),
        &[(
            json!([{"move": {"from": "/name/given", "to": "/given"}}, {"remove": {"at": "/name"}}]),
            object(json!({"given": text()})),
        )],
    );
    l.check(1, 2, r#"{"name":{"given":"g","family":"f"}}"#, r#"{"given":"g"}"#).check(1, 2, "{}", "{}");
    l.check(2, 1, r#"{"given":"g"}"#, r#"{"name":{"given":"g"}}"#).check(2, 1, "{}", "{}");
}

#[test]
fn a_field_moves_into_an_object_of_its_own_name() {
    let l = lineage(
        object(json!({"a!": {"type": ["string", "null"]}})),
        &[(
            json!([{"move": {"from": "/a", "to": "/a/x/y"}}]),
            object(json!({"a!": object(json!({"x!": object(json!({"y!": {"type": ["string", "null"]}}))}))})),
        )],
    );
    l.check(1, 2, r#"{"a":null}"#, r#"{"a":{"x":{"y":null}}}"#).check(
        2,
        1,
        r#"{"a":{"x":{"y":"t"}}}"#,
        r#"{"a":"t"}"#,
    );
}

/// One row per ordered pair of operations on one field, with what both ways make of a document.
#[test]
fn every_ordered_pair_of_operations_works_on_the_same_field() {
    let add = |at: &str, default: i32| json!({"add": {"at": at, "schema": {"type": "integer"}, "default": default}});
    let remove = |at: &str| json!({"remove": {"at": at, "default": 8}});
    let rename = |from: &str, to: &str| json!({"rename": {"from": from, "to": to}});
    let mov = |from: &str, to: &str| json!({"move": {"from": from, "to": to}});
    let int = || json!({"type": "integer"});
    let (plain, none) = (|| object(json!({"f!": int()})), || object(json!({})));
    let nested = |key: &str| object(json!({"o!": object(json!({format!("{key}!"): int()}))}));
    let named = |key: &str| object(json!({format!("{key}!"): int()}));
    let mut rows: Vec<(Value, Value, Value, &str, &str, &str, &str)> = vec![
        (json!([add("/f", 1), remove("/f")]), none(), none(), "{}", "{}", "{}", "{}"),
        (
            json!([add("/f", 1), rename("/f", "/g")]),
            none(),
            named("g"),
            "{}",
            r#"{"g":1}"#,
            r#"{"g":2}"#,
            "{}",
        ),
        (
            json!([add("/f", 1), mov("/f", "/o/f")]),
            none(),
            object(json!({"o": object(json!({"f": int()}))})),
            "{}",
            "{}",
            r#"{"o":{"f":2}}"#,
            "{}",
        ),
        (
            json!([remove("/f"), add("/f", 1)]),
            plain(),
            plain(),
            r#"{"f":5}"#,
            r#"{"f":1}"#,
            r#"{"f":2}"#,
            r#"{"f":8}"#,
        ),
        (
            json!([rename("/f", "/g"), rename("/g", "/h")]),
            plain(),
            named("h"),
            r#"{"f":5}"#,
            r#"{"h":5}"#,
            r#"{"h":2}"#,
            r#"{"f":2}"#,
        ),
        (
            json!([rename("/f", "/g"), rename("/g", "/f")]),
            plain(),
            plain(),
            r#"{"f":5}"#,
            r#"{"f":5}"#,
            r#"{"f":2}"#,
            r#"{"f":2}"#,
        ),
        (
            json!([rename("/f", "/g"), mov("/g", "/o/g")]),
            plain(),
            nested("g"),
            r#"{"f":5}"#,
            r#"{"o":{"g":5}}"#,
            r#"{"o":{"g":2}}"#,
            r#"{"f":2}"#,
        ),
        (
            json!([mov("/f", "/o/f"), rename("/o/f", "/o/g")]),
            plain(),
            nested("g"),
            r#"{"f":5}"#,
            r#"{"o":{"g":5}}"#,
            r#"{"o":{"g":2}}"#,
            r#"{"f":2}"#,
        ),
        (
            json!([mov("/f", "/o/f"), mov("/o/f", "/g")]),
            plain(),
            named("g"),
            r#"{"f":5}"#,
            r#"{"g":5}"#,
            r#"{"g":2}"#,
            r#"{"f":2}"#,
        ),
        (
            json!([mov("/f", "/o/f"), mov("/o", "/p/o")]),
            plain(),
            object(json!({"p!": nested("f")})),
            r#"{"f":5}"#,
            r#"{"p":{"o":{"f":5}}}"#,
            r#"{"p":{"o":{"f":2}}}"#,
            r#"{"f":2}"#,
        ),
        (json!([rename("/f", "/g"), remove("/g")]), plain(), none(), r#"{"f":5}"#, "{}", "{}", r#"{"f":8}"#),
        (json!([mov("/f", "/o/f"), remove("/o/f")]), plain(), none(), r#"{"f":5}"#, "{}", "{}", r#"{"f":8}"#),
        (
            json!([rename("/f", "/g"), add("/f", 1)]),
            plain(),
            object(json!({"f!": int(), "g!": int()})),
            r#"{"f":5}"#,
            r#"{"f":1,"g":5}"#,
            r#"{"f":2,"g":3}"#,
            r#"{"f":3}"#,
        ),
        (
            json!([mov("/f", "/o/f"), add("/f", 1)]),
            plain(),
            object(json!({"f!": int(), "o!": object(json!({"f!": int()}))})),
            r#"{"f":5}"#,
            r#"{"f":1,"o":{"f":5}}"#,
            r#"{"f":2,"o":{"f":3}}"#,
            r#"{"f":3}"#,
        ),
        (
            json!([mov("/f", "/o/f"), add("/o/g", 1)]),
            plain(),
            object(json!({"o!": object(json!({"f!": int(), "g!": int()}))})),
            r#"{"f":5}"#,
            r#"{"o":{"f":5,"g":1}}"#,
            r#"{"o":{"f":2,"g":3}}"#,
            r#"{"f":2}"#,
        ),
    ];
    let two = || object(json!({"f!": int(), "g!": int()}));
    rows.extend([
        (
            json!([remove("/f"), rename("/g", "/f")]),
            two(),
            plain(),
            r#"{"f":5,"g":6}"#,
            r#"{"f":6}"#,
            r#"{"f":2}"#,
            r#"{"f":8,"g":2}"#,
        ),
        (
            json!([remove("/f"), mov("/g", "/f/g")]),
            two(),
            object(json!({"f!": named("g")})),
            r#"{"f":5,"g":6}"#,
            r#"{"f":{"g":6}}"#,
            r#"{"f":{"g":2}}"#,
            r#"{"f":8,"g":2}"#,
        ),
        (
            json!([remove("/f"), remove("/g")]),
            two(),
            none(),
            r#"{"f":5,"g":6}"#,
            "{}",
            "{}",
            r#"{"f":8,"g":8}"#,
        ),
        (
            json!([add("/f", 1), add("/g", 2)]),
            none(),
            two(),
            "{}",
            r#"{"f":1,"g":2}"#,
            r#"{"f":3,"g":4}"#,
            "{}",
        ),
        (
            json!([rename("/f", "/t"), rename("/g", "/f"), rename("/t", "/g")]),
            two(),
            two(),
            r#"{"f":5,"g":6}"#,
            r#"{"f":6,"g":5}"#,
            r#"{"f":1,"g":2}"#,
            r#"{"f":2,"g":1}"#,
        ),
    ]);
    for (lens, first, second, a, up, b, down) in rows {
        let l = lineage(first, &[(lens, second)]);
        l.check(1, 2, a, up).check(2, 1, b, down).check(1, 1, a, a).check(2, 2, b, b);
    }
}

#[test]
fn an_unknown_member_is_taken_over_by_an_added_field_if_it_fits() {
    let schema = json!({"type": ["string", "null"], "maxLength": 3});
    let l = lineage(
        object(json!({})),
        &[(json!([{"add": {"at": "/f", "default": "en"}}]), object(json!({"f!": schema})))],
    );
    l.check(1, 2, r#"{"f":"fr"}"#, r#"{"f":"fr"}"#).check(
        1,
        2,
        r#"{"f":null,"g":1.0}"#,
        r#"{"f":null,"g":1.0}"#,
    );
    l.check(1, 2, r#"{"f":"\n\""}"#, r#"{"f":"\n\""}"#).check(1, 2, "{}", r#"{"f":"en"}"#);
    let refused =
        "inexpressible: `/f` was written before there was such a field, and its value does not fit: ";
    l.check(1, 2, r#"{"f":1}"#, &format!("{refused}must be a string or null, is `1`"));
    l.check(1, 2, r#"{"f":"long"}"#, &format!("{refused}must have at most 3 characters, has 4"));
    let l = lineage(object(json!({"a": {}})), &[(json!([{"remove": {"at": "/a"}}]), object(json!({})))]);
    l.check(2, 1, r#"{"a":[1.0]}"#, r#"{"a":[1.0]}"#);
}

#[test]
fn a_field_that_the_lens_fills_goes_before_an_unknown_member() {
    let l = lineage(
        object(json!({"a": {}})),
        &[(json!([{"rename": {"from": "/a", "to": "/b"}}]), object(json!({"b": {}})))],
    );
    l.check(1, 2, r#"{"a":1,"b":2}"#, r#"{"b":1}"#).check(1, 2, r#"{"b":2}"#, "{}");
    l.check(2, 1, r#"{"a":1,"b":2}"#, r#"{"a":2}"#).check(2, 1, r#"{"a":1}"#, "{}");
    let l = lineage(
        object(json!({"a": {}})),
        &[(json!([{"move": {"from": "/a", "to": "/o/a"}}]), object(json!({"o": object(json!({"a": {}}))})))],
    );
    l.check(1, 2, r#"{"a":1,"o":{"a":2,"z":3}}"#, r#"{"o":{"a":1}}"#).check(1, 2, r#"{"o":7}"#, "{}");
}

#[test]
fn along_a_chain_an_unknown_member_fares_as_step_by_step() {
    let add = |at: &str| json!([{"add": {"at": at, "default": 1}}]);
    let rename = |from: &str, to: &str| json!([{"rename": {"from": from, "to": to}}]);
    let l = lineage(
        object(json!({})),
        &[
            (add("/n"), object(json!({"n!": {"type": "integer"}}))),
            (rename("/n", "/m"), object(json!({"m!": {"type": "integer"}}))),
            (json!([{"remove": {"at": "/m", "default": 9}}]), object(json!({}))),
            (add("/n"), object(json!({"n!": {"type": "integer"}}))),
        ],
    );
    l.check(1, 3, r#"{"n":5}"#, r#"{"m":5}"#).check(1, 3, r#"{"m":5}"#, r#"{"m":1}"#).check(
        1,
        4,
        r#"{"n":5,"m":6,"o":7}"#,
        r#"{"o":7}"#,
    );
    l.check(1, 5, r#"{"n":5}"#, r#"{"n":1}"#).check(5, 1, r#"{"n":5,"m":6}"#, "{}").check(
        5,
        3,
        r#"{"n":1,"m":6}"#,
        r#"{"m":6}"#,
    );
    l.check(4, 2, "{}", r#"{"n":9}"#).check(4, 1, r#"{"m":3}"#, "{}");
}

#[test]
fn a_made_object_stays_when_a_later_version_empties_it() {
    let l = lineage(
        object(json!({"a": {}})),
        &[
            (json!([{"move": {"from": "/a", "to": "/o/a"}}]), object(json!({"o": object(json!({"a": {}}))}))),
            (
                json!([{"move": {"from": "/o/a", "to": "/b"}}]),
                object(json!({"o": object(json!({})), "b": {}})),
            ),
        ],
    );
    l.check(1, 3, r#"{"a":1}"#, r#"{"b":1,"o":{}}"#).check(1, 3, "{}", "{}").check(
        3,
        1,
        r#"{"b":1}"#,
        r#"{"a":1}"#,
    );
}

#[test]
fn versions_of_two_branches_read_each_other_through_their_ancestor() {
    let mut registry = chain(
        &object(json!({"a": {}})),
        &[(json!([{"rename": {"from": "/a", "to": "/b"}}]), object(json!({"b": {}})))],
    )
    .unwrap();
    let lens = json!([{"rename": {"from": "/a", "to": "/c"}}]);
    let sibling = crate::common::document(Some(1), &object(json!({"c": {}})), &lens);
    crate::common::add(&mut registry, &sibling).unwrap();
    assert_eq!(read_as(&registry, 2, 3, r#"{"b":1}"#).unwrap(), r#"{"c":1}"#);
    assert_eq!(read_as(&registry, 3, 2, r#"{"c":1,"x":2}"#).unwrap(), r#"{"b":1,"x":2}"#);
    assert!(registry.decoder(v(2), v(2), "t").unwrap().is_identity());
    assert!(registry.decoder(v(2), v(9), "t").is_none());
    assert!(registry.decoder(v(2), v(3), "u").is_none());
}
