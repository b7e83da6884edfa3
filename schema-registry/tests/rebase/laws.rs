//! Laws over random pairs of changes: what each side changes is drawn item by item, so that it is known
//! which pairs conflict, and where.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{Lineage, add_field, child, first};

/// Something that a version may change, always in a way of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    Came,
    RenamedWent,
    NewType,
    Place,
    CameProjection,
    AllProjection,
    NewProjection,
    Busy,
    NewGuard,
    Probation,
    Poison,
    Definition,
}

const ITEMS: [Item; 12] = [
    Item::Came,
    Item::RenamedWent,
    Item::NewType,
    Item::Place,
    Item::CameProjection,
    Item::AllProjection,
    Item::NewProjection,
    Item::Busy,
    Item::NewGuard,
    Item::Probation,
    Item::Poison,
    Item::Definition,
];

impl Item {
    fn change(self, document: &mut Value, side: &str) {
        let count = side.len();
        match self {
            Item::Came => add_field(document, "user.came", side, side),
            Item::RenamedWent => {
                let events = document["events"].as_object_mut().expect("an object");
                let section = events.remove("user.went").expect("is there");
                let to = format!("user.{side}");
                document["events"][&to] = section;
                document["lenses"][&to] = json!([{"retype": {"from": "user.went", "to": to}}]);
            }
            Item::NewType => {
                document["events"]["new"] = json!({"schema": {"type": "object", "properties": {side: {}}}});
            }
            Item::Place => {
                document["$defs"]["place"]["properties"][side] = json!({"type": "string"});
                document["$defs"]["place"]["required"] = json!(["city", side]);
                let add = json!({"add": {"at": format!("/{side}"), "default": side}});
                document["lenses"]["user.moved"] = json!([{"in": {"at": "/to", "lens": [add]}}]);
            }
            Item::CameProjection => document["projections"]["came"]["note"] = json!(side),
            Item::AllProjection => document["projections"]["all"]["note"] = json!(side),
            Item::NewProjection => document["projections"]["new"] = json!({"note": side}),
            Item::Busy => document["guards"][0]["expect"] = json!(format!("events > {count}")),
            Item::NewGuard => {
                let guard = json!({"name": "new", "expect": format!("rows.came > {count}")});
                document["guards"].as_array_mut().expect("a list").push(guard);
            }
            Item::Probation => document["probation"]["samples_min"] = json!(count),
            Item::Poison => {
                document["poison"] =
                    if side == "left" { json!({"build": "skip"}) } else { json!({"build": "stop"}) };
            }
            Item::Definition => document["$defs"]["new"] = json!({"type": "string", "title": side}),
        }
    }

    /// Where it is said that both changed it.
    fn places(self) -> &'static [&'static str] {
        match self {
            Item::Came => &["/events/user.came"],
            Item::RenamedWent => &["/events/user.went"],
            Item::NewType => &["/events/new"],
            Item::Place => &["/$defs/place", "/events/user.moved"],
            Item::CameProjection => &["/projections/came"],
            Item::AllProjection => &["/projections/all"],
            Item::NewProjection => &["/projections/new"],
            Item::Busy => &["/guards/busy"],
            Item::NewGuard => &["/guards/new"],
            Item::Probation => &["/probation"],
            Item::Poison => &["/poison"],
            Item::Definition => &["/$defs/new"],
        }
    }
}

fn changed(items: &BTreeSet<usize>, side: &str) -> Value {
    child(1, &first(), |document| {
        document["name"] = json!(side);
        for item in items {
            ITEMS[*item].change(document, side);
        }
    })
}

fn items() -> impl Strategy<Value = BTreeSet<usize>> {
    proptest::collection::btree_set(0..ITEMS.len(), 0..6)
}

/// Whether projections that hang on both sides are noted: `came` reads one type, `all` reads two.
fn noted(left: &BTreeSet<usize>, right: &BTreeSet<usize>) -> BTreeSet<&'static str> {
    let hangs = |items: &[Item]| {
        let touches = |side: &BTreeSet<usize>| side.iter().any(|item| items.contains(&ITEMS[*item]));
        touches(left) && touches(right)
    };
    let came = hangs(&[Item::CameProjection, Item::Came]).then_some("/projections/came");
    let all = hangs(&[Item::AllProjection, Item::Came, Item::RenamedWent]).then_some("/projections/all");
    came.into_iter().chain(all).collect()
}

/// Events of the first version are read with the changes of both.
fn read_with_both(lineage: &Lineage, left: &BTreeSet<usize>, right: &BTreeSet<usize>) {
    let side = |item: Item| {
        let has = |items: &BTreeSet<usize>| items.iter().any(|n| ITEMS[*n] == item);
        if has(left) { Some("left") } else { has(right).then_some("right") }
    };
    let mut came = json!({"id": "u"});
    let mut moved = json!({"id": "u", "to": {"city": "x"}});
    let read = |event_type: &str, event: &Value| lineage.read(1, 4, event_type, event).expect("is there");
    let (read_came, read_moved) = (read("user.came", &came).1, read("user.moved", &moved).1);
    let went = read("user.went", &came).0;
    side(Item::Came).into_iter().for_each(|side| came[side] = json!(side));
    side(Item::Place).into_iter().for_each(|side| moved["to"][side] = json!(side));
    assert_eq!(read_came, came);
    assert_eq!(read_moved, moved);
    assert_eq!(went, format!("user.{}", side(Item::RenamedWent).unwrap_or("went")));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn only_what_both_changed_conflicts(left in items(), right in items()) {
        let mut lineage = Lineage::of(&first());
        lineage.add(&changed(&left, "left"));
        lineage.add(&changed(&right, "right"));
        let both: Vec<&str> = left.intersection(&right).flat_map(|n| ITEMS[*n].places()).copied().collect();
        match lineage.rebase(3, 2) {
            Err(conflicts) => {
                let mut places: Vec<&str> = conflicts.iter().map(|conflict| conflict.place.as_str()).collect();
                let mut both = both;
                places.sort_unstable();
                both.sort_unstable();
                prop_assert_eq!(places, both);
            }
            Ok(rebased) => {
                prop_assert_eq!(both, Vec::<&str>::new());
                let places: BTreeSet<&str> = rebased.needs_check.iter().map(|note| note.pointer.as_str()).collect();
                prop_assert_eq!(places, noted(&left, &right));
                let swapped = lineage.rebase(2, 3).expect("no conflicts").document;
                for section in ["events", "projections", "$defs", "probation", "poison"] {
                    prop_assert_eq!(&rebased.document[section], &swapped[section]);
                }
                lineage.add(&rebased.document);
                read_with_both(&lineage, &left, &right);
            }
        }
    }

    #[test]
    fn moved_to_where_it_was_a_version_is_the_same(items in items()) {
        let mut lineage = Lineage::of(&first());
        let document = changed(&items, "left");
        let own = lineage.add(&document);
        let rebased = lineage.rebase(2, 1).expect("no conflicts");
        prop_assert_eq!(&rebased.document, &document);
        prop_assert_eq!(rebased.needs_check, []);
        // A copy of the base, under another name: all that differs is the parent.
        lineage.add(&child(1, &first(), |copy| copy["name"] = json!("copy")));
        let mut moved = lineage.rebase(2, 3).expect("no conflicts").document;
        prop_assert_eq!(&moved["parent"], "v3");
        moved["parent"] = json!("v1");
        prop_assert_eq!(&moved, &document);
        prop_assert_eq!(lineage.add(&moved).id(), own.id());
        // And onto itself there is nothing left to do.
        let again = lineage.rebase(2, 2).expect("no conflicts").document;
        prop_assert_eq!(&again["events"], &document["events"]);
        prop_assert!(again["lenses"].as_object().is_none_or(serde_json::Map::is_empty));
    }
}
