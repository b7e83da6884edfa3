//! Names of event types and fields through the versions: kept, changed, retired, reserved.

use selfsame_schema::Registry;
use serde_json::{Value, json};

use crate::helper::{add, document, lines, v};

fn schema(kind: &str) -> Value {
    json!({ "type": "object", "properties": { "a": { "type": kind } } })
}

fn registry(documents: &[Value]) -> Result<Registry, String> {
    let mut registry = Registry::new();
    for document in documents {
        add(&mut registry, document).map_err(|problems| lines(&problems))?;
    }
    Ok(registry)
}

fn events(names: &[(&str, &str)]) -> Value {
    names.iter().map(|(name, kind)| ((*name).to_owned(), json!({ "schema": schema(kind) }))).collect()
}

#[test]
fn a_type_that_is_renamed_is_read_under_the_readers_name() {
    let retype = json!({ "b.x": [{ "retype": { "from": "a.x", "to": "b.x" } }] });
    let registry = registry(&[
        document(None, &events(&[("a.x", "string")]), &Value::Null),
        document(Some(1), &events(&[("b.x", "string")]), &retype),
        document(Some(2), &events(&[("b.x", "string"), ("c.x", "string")]), &json!({})),
    ])
    .expect("they lead on");
    for (writer, reader, written, read) in
        [(1, 2, "a.x", "b.x"), (1, 3, "a.x", "b.x"), (3, 1, "b.x", "a.x"), (2, 3, "b.x", "b.x")]
    {
        let decoder = registry.decoder(v(writer), v(reader), written).expect("a way");
        assert_eq!(decoder.event_type().as_str(), read, "v{writer} to v{reader}");
        let shape = registry.version(v(writer)).expect("it is there").event(written).expect("the type");
        let row = shape.read(br#"{"a":"x"}"#).expect("valid");
        assert_eq!(decoder.decode(&row).expect("it can be said").to_json(), r#"{"a":"x"}"#);
    }
    assert!(registry.decoder(v(3), v(1), "c.x").is_none());
    assert!(registry.decoder(v(1), v(2), "b.x").is_none(), "v1 has no such type");
}

#[test]
fn a_renamed_type_may_change_its_shape_too() {
    let lens = json!({ "b.x": [
        { "retype": { "from": "a.x", "to": "b.x" } },
        { "cast": { "at": "/a", "from": "integer", "to": "string" } },
    ] });
    let registry = registry(&[
        document(None, &events(&[("a.x", "integer")]), &Value::Null),
        document(Some(1), &events(&[("b.x", "string")]), &lens),
    ])
    .expect("it leads on");
    let decoder = registry.decoder(v(1), v(2), "a.x").expect("a way");
    let row = registry.version(v(1)).unwrap().event("a.x").unwrap().read(br#"{"a":7}"#).unwrap();
    assert_eq!(decoder.decode(&row).unwrap().to_json(), r#"{"a":"7"}"#);
}

#[track_caller]
fn refused(documents: &[Value], expect: &str) {
    let error = registry(documents).expect_err("it is refused");
    assert!(error.contains(expect), "{error}\nlacks {expect}");
}

#[test]
fn two_types_do_not_become_one_nor_one_two() {
    let first = document(None, &events(&[("a.x", "string"), ("b.x", "string")]), &Value::Null);
    let retype = |from: &str, to: &str| json!([{ "retype": { "from": from, "to": to } }]);
    let merged = document(Some(1), &events(&[("b.x", "string")]), &json!({ "b.x": retype("a.x", "b.x") }));
    refused(&[first.clone(), merged], "v1 has both `a.x` and `b.x`");
    let lenses = json!({ "c.x": retype("a.x", "c.x") });
    let twice = document(Some(1), &events(&[("a.x", "string"), ("c.x", "string")]), &lenses);
    refused(&[first, twice], "`a.x` becomes");
}

#[test]
fn a_retired_name_comes_back_only_with_its_meaning() {
    let first = document(None, &events(&[("a.x", "string"), ("b.x", "string")]), &Value::Null);
    let second = document(Some(1), &events(&[("b.x", "string")]), &json!({}));
    let back = |kind| document(Some(2), &events(&[("a.x", kind), ("b.x", "string")]), &json!({}));
    registry(&[first.clone(), second.clone(), back("string")]).expect("it means the same");
    refused(&[first, second, back("integer")], "/events/a.x: the name `a.x` is reserved: v1 has it");
}

#[test]
fn a_removed_field_comes_back_only_with_its_type() {
    let empty = json!({ "a.x": { "schema": { "type": "object" } } });
    let first = document(None, &events(&[("a.x", "string")]), &Value::Null);
    let second = document(Some(1), &empty, &json!({ "a.x": [{ "remove": { "at": "/a" } }] }));
    let back =
        |kind| document(Some(2), &events(&[("a.x", kind)]), &json!({ "a.x": [{ "add": { "at": "/a" } }] }));
    registry(&[first.clone(), second.clone(), back("string")]).expect("it means the same");
    refused(&[first, second, back("integer")], "the field `/a` is reserved: v1 has it with another type");
}
