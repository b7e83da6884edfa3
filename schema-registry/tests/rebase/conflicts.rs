//! What cannot be merged, and what is said of it.

use serde_json::{Value, json};

use crate::{Lineage, add_field, child, first};

/// The two changes conflict, in this alone; `v2` is moved to and `v3` is moved.
#[track_caller]
fn check(two: impl FnOnce(&mut Value), three: impl FnOnce(&mut Value), expect: &[&str]) {
    let mut lineage = Lineage::of(&first());
    lineage.add(&child(1, &first(), two));
    lineage.add(&child(1, &first(), three));
    let conflicts = lineage.rebase(3, 2).expect_err("the changes should conflict");
    let said: Vec<String> = conflicts.iter().map(ToString::to_string).collect();
    assert_eq!(said, expect);
    assert!(conflicts.iter().all(|conflict| conflict.help.starts_with("write the change of v3 against v2")));
}

fn remove(section: &'static str, name: &'static str) -> impl Fn(&mut Value) {
    move |document| drop(document[section].as_object_mut().expect("an object").remove(name))
}

fn remove_went(document: &mut Value) {
    remove("projections", "all")(document);
    remove("events", "user.went")(document);
}

fn rename_went(to: &'static str) -> impl Fn(&mut Value) {
    move |document| {
        let section = document["events"]["user.went"].clone();
        remove_went(document);
        document["events"][to] = section;
        document["lenses"][to] = json!([{"retype": {"from": "user.went", "to": to}}]);
    }
}

#[test]
fn an_event_type_that_both_changed_conflicts() {
    check(
        |two| add_field(two, "user.came", "a", "x"),
        |three| add_field(three, "user.came", "b", "x"),
        &["/events/user.came: v2 changed it by `add /a`, and v3 changed it by `add /b`"],
    );
    // The same schema, and another default for older events.
    check(
        |two| add_field(two, "user.came", "a", "x"),
        |three| add_field(three, "user.came", "a", "y"),
        &["/events/user.came: v2 changed it by `add /a`, and v3 changed it by `add /a`"],
    );
    check(
        |two| two["events"]["user.came"]["partial"] = json!(true),
        |three| remove("events", "user.came")(three),
        &["/events/user.came: v2 changed it: `/partial` was added, and v3 removed it"],
    );
    let new = |word: &'static str| {
        move |document: &mut Value| {
            document["events"]["x"] = json!({"schema": {"type": "object", "description": word}});
        }
    };
    check(new("a"), new("b"), &["/events/x: v2 added it, and v3 added it"]);
}

#[test]
fn a_renamed_type_that_the_other_side_changed_conflicts() {
    check(
        |two| {
            remove("projections", "all")(two);
            add_field(two, "user.went", "a", "x");
        },
        rename_went("user.left"),
        &["/events/user.went: v2 changed it by `add /a`, and v3 renamed it to `user.left`"],
    );
    check(
        rename_went("user.left"),
        |three| {
            remove("projections", "all")(three);
            add_field(three, "user.went", "a", "x");
        },
        &["/events/user.went: v2 renamed it to `user.left`, and v3 changed it by `add /a`"],
    );
    check(
        remove_went,
        rename_went("user.left"),
        &["/events/user.went: v2 removed it, and v3 renamed it to `user.left`"],
    );
    check(
        rename_went("user.left"),
        remove_went,
        &["/events/user.went: v2 renamed it to `user.left`, and v3 removed it"],
    );
    check(
        rename_went("user.left"),
        rename_went("user.gone"),
        &["/events/user.went: v2 renamed it to `user.left`, and v3 renamed it to `user.gone`"],
    );
    check(
        |two| two["events"]["user.left"] = json!({"schema": {"type": "object"}}),
        rename_went("user.left"),
        &["/events/user.left: v2 added it, and v3 renamed `user.went` to it"],
    );
}

#[test]
fn sections_that_both_changed_conflict() {
    let set = |section: &'static str, name: &'static str, value: Value| {
        move |document: &mut Value| document[section][name] = value
    };
    check(
        set("projections", "came", json!({"kind": "view"})),
        remove("projections", "came"),
        &["/projections/came: v2 changed it: `/kind` became `\"view\"`, and v3 removed it"],
    );
    check(
        set("projections", "p", json!({"kind": "view"})),
        set("projections", "p", json!({"kind": "cache"})),
        &["/projections/p: v2 added it, and v3 added it"],
    );
    check(
        set("$defs", "other", json!({"type": "string"})),
        set("$defs", "other", json!({"type": "integer"})),
        &["/$defs/other: v2 added it, and v3 added it"],
    );
    check(
        |two| two["guards"] = json!([]),
        |three| three["guards"][0]["expect"] = json!("events > 3"),
        &["/guards/busy: v2 removed it, and v3 changed it: `/expect` became `\"events > 3\"`"],
    );
    check(
        set("probation", "events", json!(20)),
        set("probation", "samples_min", json!(2)),
        &["/probation: v2 changed it: `/events` became `20`, and v3 changed it: `/samples_min` was added"],
    );
    check(
        set("poison", "build", json!("skip")),
        set("poison", "build", json!("stop")),
        &["/poison: v2 added it, and v3 added it"],
    );
}

#[test]
fn a_conflict_says_all_three_sides_and_what_to_do() {
    let mut lineage = Lineage::of(&first());
    lineage.add(&child(1, &first(), |two| add_field(two, "user.came", "a", "x")));
    lineage.add(&child(1, &first(), |three| add_field(three, "user.came", "b", "x")));
    let conflicts = lineage.rebase(3, 2).expect_err("the changes should conflict");
    let expected = json!([{
        "place": "/events/user.came",
        "base": "it is there in the base",
        "onto": "v2 changed it by `add /a`",
        "own": "v3 changed it by `add /b`",
        "help": "write the change of v3 against v2, with a lens from there",
    }]);
    assert_eq!(serde_json::to_value(&conflicts).expect("JSON"), expected);
}

#[test]
fn the_first_version_has_no_base() {
    let mut lineage = Lineage::of(&first());
    lineage.add(&child(1, &first(), |two| add_field(two, "user.came", "a", "x")));
    let conflicts = lineage.rebase(1, 2).expect_err("refused");
    assert_eq!(conflicts.len(), 1);
    assert_eq!(conflicts[0].place, "/parent");
}
