//! The Rust types that stand as a golden file, compiled, and what they read.

#![expect(clippy::expect_used, reason = "tests end this way")]

use serde_json::Value;

#[expect(dead_code, unreachable_pub, reason = "written for programs in which all of it is used")]
mod written {
    include!("../golden/contract/types.rs");
}

/// What must be there of an order, without `note`, `paid` and `größe`, which may be null.
const ORDER: &str = r#""order_id": "abc", "total": 1, "class": "a", "first name": "x", "kind": "order",
    "items": [{"sku": "a", "parts": [{"sku": "b"}], "instead": {"sku": "c"}}], "to": {"street": "s", "city": null}"#;

/// Members that are added to [`ORDER`], and whether that is an order; one is written back as it was read.
#[track_caller]
fn check(members: &str, is_order: bool) {
    let json = format!("{{{ORDER}, {members}}}");
    let read: Result<written::OrderPlaced2, _> = serde_json::from_str(&json);
    assert_eq!(read.is_ok(), is_order, "{members}: {read:?}");
    if let Ok(order) = read {
        let before: Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(serde_json::to_value(order).expect("JSON"), before, "{members}");
    }
}

#[test]
fn absent_and_null_are_told_apart() {
    check(r#""note": null, "paid": null, "größe": null"#, true);
    check(r#""note": "n", "paid": {"card": "c"}, "größe": 3"#, true);
    check(r#""paid": null, "größe": null"#, false);
    check(r#""note": null, "größe": null"#, false);
    check(r#""note": null, "paid": null"#, false);
    let rest = r#""note": null, "paid": null, "größe": null"#;
    check(&format!(r#"{rest}, "hint": "h""#), true);
    check(&format!(r#"{rest}, "hint": null"#), false);
    check(&format!(r#"{rest}, "gift": "g""#), true);
    check(&format!(r#"{rest}, "gift": null"#), true);
    check(&format!(r#"{rest}, "anything": null, "self": true, "nest": [[], [[]]]"#), true);
}

#[test]
fn choices_maps_and_closed_objects_are_what_the_schema_says() {
    let rest = r#""note": null, "größe": null"#;
    check(&format!(r#"{rest}, "paid": {{"cash": 1, "change": 2, "tip": 3}}"#), true);
    check(&format!(r#"{rest}, "paid": {{"cash": 1, "tip": "none"}}"#), false);
    check(&format!(r#"{rest}, "paid": {{"card": "c", "tip": 3}}"#), false);
    check(&format!(r#"{rest}, "paid": null, "labels": {{"a": null, "b": "c"}}"#), true);
    check(&format!(r#"{rest}, "paid": null, "labels": {{"a": 1}}"#), false);
    let tree = r#"["a",{"b":["c"]}]"#;
    let read: written::OrderPlacedTree = serde_json::from_str(tree).expect("a tree");
    assert_eq!(serde_json::to_string(&read).expect("JSON"), tree);
}
