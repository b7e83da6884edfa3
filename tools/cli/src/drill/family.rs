//! The schema versions of a drill: a family of documents, each made from its parent by one change.
//!
//! A member knows its document, how a producer writes an event in it, and what a row of it looks like, so
//! that every answer can be held against the version that it names. Each row carries the member's stamp,
//! and no name is used for two meanings.
//!
//! Not here: which versions are live, and who registers them.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use selfsame_sim::Random;
use serde_json::{Map, Value, json};

/// Fields that come and go; a change that would make more of them removes the oldest.
const EXTRAS_MAX: usize = 5;

/// A text that never changes whatever the shape, so that content can be checked in each version.
pub(super) fn label(user: &str) -> String {
    format!("label of {user}")
}

/// One schema version, as far as the drill needs to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// The member's number in the family, which is its stamp. Not the version's number: the engine gives that.
    pub(super) tag: u64,
    /// Where the label stands in `user.registered`.
    label: Vec<String>,
    /// Fields that some change added, with their defaults.
    extras: Vec<(String, String)>,
    /// The member with which the view changed last; children that keep it keep the view.
    view_tag: u64,
    /// The operations that lead here from the parent.
    lens: Vec<Value>,
    guard: Option<Guard>,
}

/// What a member promises to keep; its children promise nothing by that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guard {
    /// It holds, in a probation of five seconds.
    Holds,
    /// It trips as soon as a few more users are there.
    Trips,
    /// It does not even hold in the comparison before the cutover.
    Fails,
}

impl Guard {
    fn expects(self) -> &'static str {
        match self {
            Guard::Holds => "rows.profile >= before.rows.profile",
            Guard::Trips => "rows.profile <= before.rows.profile + 5",
            Guard::Fails => "rows.profile < 0",
        }
    }

    /// How long its probation is. The time in which a killed engine is away counts, so one that must trip is long.
    fn time(self) -> &'static str {
        if self == Guard::Holds { "5s" } else { "10m" }
    }
}

/// What a child changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// A field more, with a default.
    Add,
    /// A field fewer, which the log keeps.
    Remove,
    /// The label gets another name.
    Rename,
    /// The label goes into an object, or out of it.
    Move,
    /// The view gets another index and stamp; no event changes.
    Project,
}

const CHANGES: [Change; 5] = [Change::Add, Change::Remove, Change::Rename, Change::Move, Change::Project];

/// A projection of every member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Projection {
    /// One object per user.
    Profile,
    /// A row per user, with an index.
    Activity,
    /// A job per registration.
    Welcome,
}

impl Projection {
    pub(super) fn name(self) -> &'static str {
        match self {
            Projection::Profile => "profile",
            Projection::Activity => "activity",
            Projection::Welcome => "welcome",
        }
    }
}

impl Shape {
    /// The version that everything begins with.
    pub(super) fn root() -> Shape {
        Shape {
            tag: 0,
            label: vec!["label_0".into()],
            extras: Vec::new(),
            view_tag: 0,
            lens: Vec::new(),
            guard: None,
        }
    }

    /// A child with one change.
    fn child(&self, tag: u64, change: Change) -> Shape {
        let mut child = Shape { tag, lens: Vec::new(), guard: None, ..self.clone() };
        match change {
            Change::Add if self.extras.len() < EXTRAS_MAX => child.add(),
            Change::Add | Change::Remove if !self.extras.is_empty() => child.remove(),
            Change::Add | Change::Remove => child.add(),
            Change::Rename => {
                let from = pointer(&self.label);
                if let Some(last) = child.label.last_mut() {
                    *last = format!("label_{tag}");
                }
                child.lens.push(json!({ "rename": { "from": from, "to": pointer(&child.label) } }));
            }
            Change::Move => {
                let name = format!("label_{tag}");
                child.label =
                    if self.label.len() > 1 { vec![name] } else { vec![format!("box_{tag}"), name] };
                let (from, to) = (pointer(&self.label), pointer(&child.label));
                child.lens.push(json!({ "move": { "from": from, "to": to } }));
            }
            Change::Project => child.view_tag = tag,
        }
        child
    }

    /// The same with a guard.
    pub(super) fn guarded(self, guard: Guard) -> Shape {
        Shape { guard: Some(guard), ..self }
    }

    /// Whether a cutover to it begins a probation.
    pub(super) fn is_guarded(&self) -> bool {
        self.guard.is_some()
    }

    fn add(&mut self) {
        let (name, default) = (format!("extra_{}", self.tag), format!("none of {}", self.tag));
        let at = format!("/{name}");
        self.lens
            .push(json!({ "add": { "at": at, "schema": { "type": "string" }, "default": default.clone() } }));
        self.extras.push((name, default));
    }

    fn remove(&mut self) {
        let (name, default) = self.extras.remove(0);
        self.lens.push(json!({ "remove": { "at": format!("/{name}"), "default": default } }));
    }

    /// The document of a member that is not like the family: its lens loses digits of a counter.
    pub(super) fn lossy(&self, parent: u64) -> Value {
        let mut document = self.document(Some(parent));
        let lens = json!([{ "scale": { "at": "/n", "num": 1, "den": 10, "round": "down" } }]);
        if let Some(members) = document.as_object_mut() {
            let lenses = members.entry("lenses").or_insert_with(|| json!({}));
            if let Some(lenses) = lenses.as_object_mut() {
                lenses.insert("user.acted".into(), lens);
            }
        }
        document
    }

    /// The document, the child of a version that the engine knows by number.
    pub(super) fn document(&self, parent: Option<u64>) -> Value {
        let mut document = json!({
            "selfsame": 1,
            "name": format!("drill-{}", self.tag),
            "events": {
                "user.registered": { "key": "/user", "schema": self.registered_schema() },
                "user.acted": { "key": "/user", "schema": {
                    "type": "object", "required": ["user", "n"],
                    "properties": { "user": { "type": "string" }, "n": { "type": "integer" } },
                } },
            },
            "projections": self.projections(),
        });
        if let Some(members) = document.as_object_mut() {
            if let Some(parent) = parent {
                members.insert("parent".into(), format!("v{parent}").into());
            }
            if let Some(guard) = self.guard {
                members.insert("guards".into(), json!([{ "name": "users", "expect": guard.expects() }]));
                let time = guard.time();
                let probation = json!({ "events": 1_000_000, "time": time, "inconclusive": "settle" });
                members.insert("probation".into(), probation);
            }
            if !self.lens.is_empty() {
                members.insert("lenses".into(), json!({ "user.registered": self.lens }));
            }
        }
        document
    }

    fn registered_schema(&self) -> Value {
        let text = json!({ "type": "string" });
        let mut properties = Map::new();
        properties.insert("user".into(), text.clone());
        properties.insert("n".into(), json!({ "type": "integer" }));
        properties.extend(self.extras.iter().map(|(name, _)| (name.clone(), text.clone())));
        match self.label.as_slice() {
            [host, name] => {
                let inner = json!({ "type": "object", "required": [name], "properties": { name: text } });
                properties.insert(host.clone(), inner);
            }
            path => properties.extend(path.iter().map(|name| (name.clone(), text.clone()))),
        }
        let required: Vec<&String> = properties.keys().collect();
        json!({ "type": "object", "required": required, "properties": properties })
    }

    fn projections(&self) -> Value {
        let label = format!("$.{}", self.label.join("."));
        let mut profile = json!({ "stamp": self.stamp(), self.label_column(): label, "n": "$.n" });
        if let Some(columns) = profile.as_object_mut() {
            columns.extend(self.extras.iter().map(|(name, _)| (name.clone(), format!("$.{name}").into())));
        }
        let counted =
            json!({ "set": { "stamp": self.view_stamp() }, "add": { "events": 1 }, "max": { "n": "$.n" } });
        let indexes =
            if self.view_tag.is_multiple_of(2) { json!([["events"]]) } else { json!([["events"], ["n"]]) };
        json!({
            "profile": { "kind": "cache", "on": {
                "user.registered": { "set": profile },
                "user.acted": { "set": { "n": "$.n" } },
            } },
            "activity": { "kind": "view", "indexes": indexes, "on": {
                "user.registered": counted, "user.acted": counted,
            } },
            "welcome": {
                "kind": "jobs",
                "on": { "user.registered": { "input": {
                    "user": "$.user", "stamp": self.stamp(), self.label_column(): label,
                } } },
                "retry": { "attempts": 100, "backoff": "1s..2s" },
                "lease": "2s",
            },
        })
    }

    fn stamp(&self) -> String {
        format!("s{}", self.tag)
    }

    fn view_stamp(&self) -> String {
        format!("a{}", self.view_tag)
    }

    fn label_column(&self) -> &str {
        self.label.last().map_or("", String::as_str)
    }

    /// A registration as a producer writes it in this version.
    pub(super) fn registered(&self, user: &str, n: u64) -> Value {
        let mut data = json!({ "user": user, "n": n });
        let text = label(user);
        if let Some(members) = data.as_object_mut() {
            members.extend(
                self.extras.iter().map(|(name, _)| (name.clone(), format!("{name} of {user}").into())),
            );
            match self.label.as_slice() {
                [host, name] => members.insert(host.clone(), json!({ name: text })),
                path => members.insert(path.concat(), text.into()),
            };
        }
        data
    }

    /// What is wrong with a row of this version, for that user; `None` if its shape is right.
    ///
    /// Columns and stamp tell the version, so what is wrong is a mixture; see [`Shape::wrong_content`].
    pub(super) fn wrong_shape(&self, projection: Projection, row: &Value) -> Option<String> {
        let Some(columns) = row.as_object() else { return Some(format!("`{row}` is no row")) };
        let mut expected: Vec<&str> = match projection {
            Projection::Profile => vec!["n", "stamp", self.label_column()],
            Projection::Activity => vec!["events", "n", "stamp"],
            Projection::Welcome => vec!["stamp", "user", self.label_column()],
        };
        if projection == Projection::Profile {
            expected.extend(self.extras.iter().map(|(name, _)| name.as_str()));
        }
        let mut found: Vec<&str> = columns.keys().map(String::as_str).collect();
        expected.sort_unstable();
        found.sort_unstable();
        if found != expected {
            return Some(format!("columns {found:?}, not {expected:?}"));
        }
        let stamp = if projection == Projection::Activity { self.view_stamp() } else { self.stamp() };
        let named = columns.get("stamp").and_then(Value::as_str).unwrap_or_default();
        (named != stamp).then(|| format!("stamp `{named}`, not `{stamp}`"))
    }

    /// What a row of the right shape says that it must not say of that user, counters apart.
    pub(super) fn wrong_content(&self, projection: Projection, user: &str, row: &Value) -> Option<String> {
        if projection == Projection::Activity {
            return None;
        }
        let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
        let label = label(user);
        if text(self.label_column()) != label {
            return Some(format!(
                "`{}` is `{}`, not `{label}`",
                self.label_column(),
                text(self.label_column())
            ));
        }
        let mut extras = self.extras.iter().filter(|_| projection == Projection::Profile);
        let wrong = extras.find(|(name, default)| {
            let found = text(name);
            found != default && found != format!("{name} of {user}")
        });
        wrong.map(|(name, _)| format!("`{name}` is `{}`", text(name)))
    }
}

fn pointer(path: &[String]) -> String {
    path.iter().map(|step| format!("/{step}")).collect()
}

/// All members that were made, and which version each became.
#[derive(Debug, Default)]
pub(super) struct Family {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    next_tag: u64,
    by_version: BTreeMap<u64, Arc<Shape>>,
}

impl Family {
    /// A new member: a child of that version with a change that `random` chooses.
    pub(super) fn child(&self, parent: u64, random: &mut Random) -> Option<Shape> {
        let change = random.pick(&CHANGES).copied().unwrap_or(Change::Add);
        let mut known = self.known.lock();
        known.next_tag += 1;
        let tag = known.next_tag;
        known.by_version.get(&parent).map(|parent| parent.child(tag, change))
    }

    /// Notes which version a member became.
    pub(super) fn registered(&self, version: u64, shape: Shape) {
        self.known.lock().by_version.entry(version).or_insert_with(|| Arc::new(shape));
    }

    /// The member that this version is.
    pub(super) fn shape(&self, version: u64) -> Option<Arc<Shape>> {
        self.known.lock().by_version.get(&version).cloned()
    }

    /// Versions that are members.
    pub(super) fn len(&self) -> usize {
        self.known.lock().by_version.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Long lines of descent register one after the other, and each is rollback-safe by the engine's own verdict.
    #[test]
    fn every_child_of_the_family_is_a_version_that_can_be_taken_back() {
        let mut random = Random::new(7);
        let mut registry = selfsame_schema::Registry::new();
        let mut shape = Shape::root();
        for number in 0..40 {
            let document = shape.document((number > 0).then_some(number)).to_string();
            let checked = selfsame_core::check_document(&registry, &document);
            let (version, _) = checked.unwrap_or_else(|problems| panic!("{document}: {problems:?}"));
            registry.insert(version);
            let change = *random.pick(&CHANGES).expect("there are some");
            shape = shape.child(number + 1, change);
        }
    }

    #[track_caller]
    fn check(row: Value, shape: Option<&str>, content: Option<&str>) {
        let member = Shape::root().child(3, Change::Add);
        let wrong = member.wrong_shape(Projection::Profile, &row);
        assert_eq!(wrong.as_deref(), shape, "{row}");
        if shape.is_none() {
            let wrong = member.wrong_content(Projection::Profile, "u1", &row);
            assert_eq!(wrong.as_deref(), content, "{row}");
        }
    }

    #[test]
    fn a_row_of_another_member_is_told_from_a_wrong_row_of_this_one() {
        let row = |label: &str, extra: &str, stamp: &str| json!({ "label_0": label, "extra_3": extra, "stamp": stamp, "n": 4 });
        check(row("label of u1", "none of 3", "s3"), None, None);
        check(row("label of u1", "extra_3 of u1", "s3"), None, None);
        check(row("label of u1", "extra_3 of u2", "s3"), None, Some("`extra_3` is `extra_3 of u2`"));
        check(
            row("label of u2", "none of 3", "s3"),
            None,
            Some("`label_0` is `label of u2`, not `label of u1`"),
        );
        check(row("label of u1", "none of 3", "s2"), Some("stamp `s2`, not `s3`"), None);
        let parents = json!({ "label_0": "label of u1", "stamp": "s3", "n": 4 });
        let expect = r#"columns ["label_0", "n", "stamp"], not ["extra_3", "label_0", "n", "stamp"]"#;
        check(parents, Some(expect), None);
        check(Value::Null, Some("`null` is no row"), None);
    }
}
