//! What is merged, and what comes of it for events.

use serde_json::{Value, json};

use crate::{Lineage, add_field, child, first};

/// v1, and two children of it: v2 and v3.
fn siblings(two: impl FnOnce(&mut Value), three: impl FnOnce(&mut Value)) -> Lineage {
    let mut lineage = Lineage::of(&first());
    lineage.add(&child(1, &first(), two));
    lineage.add(&child(1, &first(), three));
    lineage
}

#[test]
fn disjoint_changes_are_both_there() {
    let mut lineage = siblings(
        |two| {
            add_field(two, "user.came", "from", "two");
            two["guards"][0]["expect"] = json!("events > 2");
            two["projections"]["came"]["on"]["user.came"]["set"]["from"] = json!("$.from");
        },
        |three| {
            three["name"] = json!("third");
            add_field(three, "user.went", "where", "three");
            three["events"]["user.died"] = json!({"schema": {"type": "object"}});
            three["probation"] = json!({"events": 3});
        },
    );
    let rebased = lineage.rebase(3, 2).expect("no conflicts");
    let document = &rebased.document;
    assert_eq!(document["name"], "third");
    assert_eq!(document["parent"], "v2");
    assert_eq!(document["probation"], json!({"events": 3}));
    assert_eq!(document["guards"], json!([{"name": "busy", "expect": "events > 2"}]));
    let lenses = json!({"user.went": [{"add": {"at": "/where", "default": "three"}}]});
    assert_eq!(document["lenses"], lenses, "what only v2 changed needs no lens");
    lineage.add(document);
    let read =
        |event_type: &str| lineage.read(1, 4, event_type, &json!({"id": "u"})).expect("both have it").1;
    assert_eq!(read("user.came"), json!({"id": "u", "from": "two"}));
    assert_eq!(read("user.went"), json!({"id": "u", "where": "three"}));
    assert_eq!(lineage.read(3, 4, "user.died", &json!({})), None, "v4 has it anew");
    // And back: what the new version writes is read by the first one.
    let (_, back) = lineage.read(4, 1, "user.went", &json!({"id": "u", "where": "x"})).expect("both have it");
    assert_eq!(back, json!({"id": "u"}));
    // `all` reads a type that v2 changed and one that v3 changed.
    let notes: Vec<String> = rebased.needs_check.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "/projections/all: `all` hangs on changes of both v2 and v3, in itself or in the events that it reads"
        ]
    );
}

#[test]
fn what_both_changed_alike_is_changed_once() {
    let same = |document: &mut Value| {
        add_field(document, "user.came", "from", "x");
        document["events"].as_object_mut().expect("an object").remove("user.went");
        document["projections"].as_object_mut().expect("an object").remove("all");
    };
    let lineage = siblings(same, |three| {
        same(three);
        three["name"] = json!("third");
        add_field(three, "user.moved", "why", "y");
    });
    let rebased = lineage.rebase(3, 2).expect("no conflicts");
    assert_eq!(rebased.document["lenses"], json!({"user.moved": [{"add": {"at": "/why", "default": "y"}}]}));
    assert_eq!(rebased.document["events"]["user.went"], Value::Null);
    assert_eq!(rebased.needs_check, []);
}

/// A lens renames a type where the other version left it alone.
#[test]
fn a_renamed_type_is_still_renamed() {
    let rename = |document: &mut Value| {
        let section = document["events"].as_object_mut().expect("an object").remove("user.went");
        document["events"]["user.left"] = section.expect("is there");
        document["lenses"]["user.left"] = json!([{"retype": {"from": "user.went", "to": "user.left"}}]);
        document["projections"].as_object_mut().expect("an object").remove("all");
    };
    for (own, onto) in [(3, 2), (2, 3)] {
        let mut lineage = siblings(|two| add_field(two, "user.came", "from", "two"), rename);
        let rebased = lineage.rebase(own, onto).expect("no conflicts");
        lineage.add(&rebased.document);
        let went = lineage.read(1, 4, "user.went", &json!({"id": "u"}));
        assert_eq!(went, Some(("user.left".to_owned(), json!({"id": "u"}))));
        let came = lineage.read(1, 4, "user.came", &json!({"id": "u"}));
        assert_eq!(came, Some(("user.came".to_owned(), json!({"id": "u", "from": "two"}))));
    }
}

/// The other side may be several versions away, and some of them may have been undone.
#[test]
fn any_version_can_be_moved_to() {
    let mut lineage = siblings(
        |two| add_field(two, "user.came", "from", "two"),
        |three| add_field(three, "user.went", "where", "three"),
    );
    let second = lineage.0.version(crate::v(2)).expect("is there").canonical().to_owned();
    let second: Value = serde_json::from_str(&second).expect("JSON");
    lineage.add(&child(2, &second, |four| add_field(four, "user.moved", "why", "four")));
    let five = lineage.rebase(3, 4).expect("no conflicts");
    lineage.add(&five.document);
    let moved = json!({"id": "u", "to": {"city": "x"}});
    let read =
        |event_type: &str, event: &Value| lineage.read(1, 5, event_type, event).expect("both have it").1;
    assert_eq!(read("user.came", &json!({"id": "u"})), json!({"id": "u", "from": "two"}));
    assert_eq!(read("user.went", &json!({"id": "u"})), json!({"id": "u", "where": "three"}));
    assert_eq!(read("user.moved", &moved), json!({"id": "u", "to": {"city": "x"}, "why": "four"}));
    // v6 changes in v3 what v3 itself has changed; v5 has v3's change, so that nothing stands against it.
    let third = lineage.0.version(crate::v(3)).expect("is there").canonical().to_owned();
    let third: Value = serde_json::from_str(&third).expect("JSON");
    lineage.add(&child(3, &third, |six| add_field(six, "user.went", "when", "six")));
    let seven = lineage.rebase(6, 5).expect("no conflicts");
    lineage.add(&seven.document);
    let went = lineage.read(1, 7, "user.went", &json!({"id": "u"})).expect("both have it").1;
    assert_eq!(went, json!({"id": "u", "where": "three", "when": "six"}));
    // And onto the base itself, or onto an ancestor of it.
    assert_eq!(lineage.rebase(6, 3).expect("no conflicts").document["parent"], "v3");
    let conflicts = lineage.rebase(6, 1).expect_err("v1 is without what v6 builds on");
    assert_eq!(
        conflicts[0].to_string(),
        "/events/user.went: v1 changed it by `remove /where`, and v6 changed it by `add /when`"
    );
}

/// Definitions are compared by name, and reach into the types that refer to them.
#[test]
fn a_changed_definition_changes_the_types_that_refer_to_it() {
    let change = |three: &mut Value| {
        three["$defs"]["place"]["properties"]["street"] = json!({"type": "string"});
        three["$defs"]["place"]["required"] = json!(["city", "street"]);
        let lens = json!([{"in": {"at": "/to", "lens": [{"add": {"at": "/street", "default": "?"}}]}}]);
        three["lenses"]["user.moved"] = lens;
    };
    let mut lineage = siblings(|two| add_field(two, "user.came", "from", "two"), change);
    let rebased = lineage.rebase(3, 2).expect("no conflicts");
    lineage.add(&rebased.document);
    let moved = json!({"id": "u", "to": {"city": "x"}});
    let read = lineage.read(1, 4, "user.moved", &moved).expect("both have it").1;
    assert_eq!(read, json!({"id": "u", "to": {"city": "x", "street": "?"}}));
    let lineage = siblings(|two| add_field(two, "user.moved", "why", "two"), change);
    let conflicts = lineage.rebase(3, 2).expect_err("both changed what user.moved is");
    assert_eq!(conflicts.len(), 1);
    assert_eq!(
        conflicts[0].to_string(),
        "/events/user.moved: v2 changed it by `add /why`, and v3 changed it by `in /to (add /street)`"
    );
    let lineage = siblings(
        |two| {
            two["events"]["place.made"] =
                json!({"schema": {"type": "object", "properties": {"p": {"$ref": "#/$defs/place"}}}})
        },
        change,
    );
    let conflicts = lineage.rebase(3, 2).expect_err("place.made would mean something else");
    assert_eq!(conflicts.len(), 1);
    assert_eq!(
        conflicts[0].to_string(),
        "/events/place.made: v2 has it with the definition as it was, and v3 changed a definition that it refers to"
    );
}

#[test]
fn what_is_to_stay_as_it_is_and_changes_is_to_be_looked_at() {
    let lineage = siblings(
        |two| two["probation"]["unchanged"] = json!(["came"]),
        |three| three["projections"]["came"]["on"]["user.went"] = json!({"set": {"id": "$.id"}}),
    );
    let rebased = lineage.rebase(3, 2).expect("no conflicts");
    let notes: Vec<String> = rebased.needs_check.iter().map(ToString::to_string).collect();
    assert_eq!(notes, ["/probation/unchanged: `came` is to stay as it is, and v3 changed it"]);
}

/// What one version measures may be what the other one takes away, now or before the next cutover.
#[test]
fn a_guard_over_a_projection_that_is_gone_is_to_be_looked_at() {
    let guard = |expect: &'static str| {
        move |document: &mut Value| {
            let guard = json!({"name": "lost", "expect": expect});
            document["guards"].as_array_mut().expect("a list").push(guard);
        }
    };
    let without = |document: &mut Value| {
        document["projections"].as_object_mut().expect("an object").remove("came");
    };
    let check = |mut lineage: Lineage, own: u32, onto: u32, reads: &str| {
        let rebased = lineage.rebase(own, onto).expect("no conflicts");
        let notes: Vec<String> = rebased.needs_check.iter().map(ToString::to_string).collect();
        let message = format!("`lost` reads `{reads}`, and there is no such projection any longer");
        assert_eq!(notes, [format!("/guards/1/expect: {message}")]);
        let refused = lineage.try_add(&rebased.document).expect_err("there is no such projection");
        assert!(refused.starts_with("/guards/1/expect: column "), "{refused}");
    };
    check(siblings(guard("rows.came > 0"), without), 3, 2, "rows.came");
    check(siblings(guard("rows.came > 0"), without), 2, 3, "rows.came");
    check(siblings(guard("before.rows.came > 0"), without), 2, 3, "before.rows.came");
    let both = |two: &mut Value| {
        without(two);
        guard("before.rows.came > 0")(two);
    };
    check(siblings(both, |three| three["name"] = json!("third")), 3, 2, "before.rows.came");
}
