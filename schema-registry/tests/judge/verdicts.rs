//! The verdicts of one event type: what a lens and two schemas come to.

use serde_json::{Value, json};

use crate::helper::{add, document, lines, pair, v};

/// An open object with these properties, all of them required.
fn all(properties: &Value) -> Value {
    let required: Vec<&String> = properties.as_object().expect("an object").keys().collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

/// The same, none of them required.
fn any(properties: &Value) -> Value {
    json!({ "type": "object", "properties": properties })
}

/// `verdict class up / down`, with a stop where it is rollback-safe.
#[track_caller]
fn check(old: &Value, lens: &Value, new: &Value, expect: &str) {
    let (mut registry, document) = pair(old, lens, new);
    let report = match add(&mut registry, &document) {
        Ok(report) => report.expect("a parent"),
        Err(problems) => panic!("{}", lines(&problems)),
    };
    let t = &report.types[0];
    let safe = if report.rollback_safe { "." } else { "" };
    assert_eq!(format!("{} {} {} / {}{safe}", t.verdict, t.class, t.up.words(), t.down.words()), expect);
}

#[test]
fn without_a_lens_inclusion_decides() {
    let text = |max: u32| all(&json!({ "a": { "type": "string", "maxLength": max } }));
    check(&text(5), &Value::Null, &text(5), "identical compatible exact / exact.");
    check(&text(5), &Value::Null, &text(9), "wire-backward breaking exact / fails");
    let described = all(&json!({ "a": { "type": "string", "maxLength": 5, "title": "A" } }));
    check(&text(5), &Value::Null, &described, "identical compatible exact / exact.");
    let listed = all(&json!({ "a": { "enum": [1, 2] } }));
    let apart = all(&json!({ "a": { "type": "integer", "enum": [1, 2] } }));
    check(&listed, &Value::Null, &apart, "wire-full compatible exact / exact.");
}

#[test]
fn operations_over_slots_say_what_they_leave_out() {
    let (a, ab) = (all(&json!({ "a": {} })), all(&json!({ "a": {}, "b": { "type": "integer" } })));
    let add_b = json!([{ "add": { "at": "/b", "default": 0 } }]);
    check(&a, &add_b, &ab, "lens-residue additive exact / residue (/b).");
    let remove_b = json!([{ "remove": { "at": "/b", "default": 0 } }]);
    check(&ab, &remove_b, &a, "lens-residue compatible residue (/b) / exact.");
    let b = all(&json!({ "b": {} }));
    let rename = json!([{ "rename": { "from": "/a", "to": "/b" } }]);
    check(&a, &rename, &b, "lens-exact compatible exact / exact.");
    let nested = all(&json!({ "n": all(&json!({ "a": {} })) }));
    let to_nested = json!([{ "move": { "from": "/a", "to": "/n/a" } }]);
    check(&a, &to_nested, &nested, "lens-exact compatible exact / exact.");
}

#[test]
fn a_table_is_exact_if_it_is_inverse() {
    let of = |values: Value| all(&json!({ "s": { "type": "string", "enum": values } }));
    let (old, new) = (of(json!(["open", "shut"])), of(json!(["o", "s"])));
    let inverse = json!([{ "convert": { "at": "/s", "up": { "open": "o", "shut": "s" } } }]);
    check(&old, &inverse, &new, "lens-exact compatible exact / exact.");
    let one = of(json!(["o"]));
    let folded = json!([{ "convert": {
        "at": "/s", "up": { "open": "o", "shut": "o" }, "down": { "o": "open" } } }]);
    check(&old, &folded, &one, "lens-lossy lossy lossy (/s) / exact.");
}

#[test]
fn values_that_are_said_otherwise_lose_what_is_not_canonical() {
    let (int, text) =
        (all(&json!({ "n": { "type": "integer" } })), all(&json!({ "n": { "type": "string" } })));
    let cast = json!([{ "cast": { "at": "/n", "from": "integer", "to": "string" } }]);
    // Not every string is an integer, so an event of the newer side may not be readable by the older one.
    let (mut registry, document) = pair(&int, &cast, &text);
    let report = add(&mut registry, &document).expect("it leads up").expect("a parent");
    assert_eq!(report.types[0].verdict.name(), "one-way");
    assert!(!report.rollback_safe);
    let opened = any(&json!({ "n": { "type": ["string", "null"] } }));
    let nullable = json!([{ "nullable": { "at": "/n", "null_as": "" } }]);
    check(
        &any(&json!({ "n": { "type": "string" } })),
        &nullable,
        &opened,
        "lens-residue compatible exact / residue (/n).",
    );
    let required = all(&json!({ "n": { "type": "string" } }));
    let require = json!([{ "require": { "at": "/n", "default": "" } }]);
    check(
        &any(&json!({ "n": { "type": ["string", "null"] } })),
        &require,
        &required,
        "lens-residue compatible residue (/n) / exact.",
    );
}

#[test]
fn a_label_over_all_versions_is_the_worst_of_them() {
    let text = |more: Value| {
        let mut schema = json!({ "type": "string" });
        schema.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        json!({ "t": { "schema": all(&json!({ "a": schema })), "partial": true } })
    };
    let mut registry = selfsame_schema::Registry::new();
    let bounds = [json!({ "maxLength": 5 }), json!({ "maxLength": 9 }), json!({ "maxLength": 7 })];
    for (index, more) in bounds.into_iter().enumerate() {
        let parent = u32::try_from(index).ok().filter(|index| *index > 0);
        add(&mut registry, &document(parent, &text(more), &json!({}))).expect("it is taken");
    }
    let label = |against: &[u32]| {
        let against: Vec<_> = against.iter().map(|no| v(*no)).collect();
        registry.transitive(v(3), &against).strict.name()
    };
    assert_eq!(label(&[1]), "backward");
    assert_eq!(label(&[2]), "forward");
    assert_eq!(label(&[1, 2, 3]), "breaking");
    assert_eq!(label(&[]), "identical");
}

/// Nothing is called total that an operation can fail on, even where every document that is made gets through.
#[test]
fn an_operation_that_may_fail_is_no_proof() {
    let digits = |kind: &str| match kind {
        "string" => all(&json!({ "n": { "type": "string", "pattern": "^[0-9]$" } })),
        kind => all(&json!({ "n": { "type": kind } })),
    };
    let cast = json!([{ "cast": { "at": "/n", "from": "string", "to": "integer" } }]);
    let (mut registry, document) = pair(&digits("string"), &cast, &digits("integer"));
    let report = add(&mut registry, &document).expect("it may lead there").expect("a parent");
    assert_eq!(report.types[0].up.words(), "undecided");
    // The schema has a word in a form that no checker takes, so that no document is made from it.
    let odd = json!({ "type": "object", "properties": {
        "a": { "type": "string" }, "b": { "minContains": {} } } });
    let swap = json!([{ "convert": { "at": "/a", "up": { "a": "b", "b": "a" } } }]);
    let (mut registry, document) = pair(&odd, &swap, &odd);
    let report = add(&mut registry, &document);
    let safe = report.is_ok_and(|report| report.is_some_and(|report| report.rollback_safe));
    assert!(!safe, "some texts have no entry");
}

#[test]
fn lists_are_reached_by_map() {
    let of = |key: &str| {
        any(&json!({ "items": { "type": "array", "items": all(&json!({ key: { "type": "integer" } })) } }))
    };
    let map =
        json!([{ "map": { "at": "/items", "lens": [{ "rename": { "from": "/n", "to": "/count" } }] } }]);
    check(&of("n"), &map, &of("count"), "lens-exact compatible exact / exact.");
    let wrap = json!([{ "wrap": { "at": "/a" } }]);
    let (one, many) = (
        all(&json!({ "a": { "type": "string" } })),
        all(&json!({ "a": { "type": "array", "minItems": 1, "items": { "type": "string" } } })),
    );
    check(&one, &wrap, &many, "lens-lossy lossy exact / lossy (/a).");
}
