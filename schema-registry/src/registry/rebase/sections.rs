//! The document as a whole, and the sections that are compared as they are written.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::text::Text;
use super::{Conflict, Merge, said};
use crate::json::pointer;
use crate::problem::Problem;

/// A value that says nothing is like none.
fn said_at_all(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| match value {
        Value::Null => false,
        Value::Array(list) => !list.is_empty(),
        Value::Object(object) => !object.is_empty(),
        _ => true,
    })
}

impl Merge<'_> {
    /// The document with both changes, and what is to be looked at in it.
    pub(super) fn document(&mut self) -> (Value, Vec<Problem>) {
        let changed = self.changed();
        let (events, lenses, taken) = self.events(&changed);
        let definitions = self.members("$defs");
        let projections = self.members("projections");
        let guards = self.guards();
        let mut document = self.own.text.whole.clone();
        document.insert("parent".to_owned(), Value::from(self.onto.no.clone()));
        let sections =
            [("events", events), ("lenses", lenses), ("$defs", definitions), ("projections", projections)];
        for (section, members) in sections {
            put(&mut document, section, Value::Object(members));
        }
        put(&mut document, "guards", Value::Array(guards));
        for section in ["probation", "poison"] {
            match self.whole(section).cloned() {
                Some(value) => document.insert(section.to_owned(), value),
                None => document.remove(section),
            };
        }
        let text = Text::new(document);
        if self.conflicts.is_empty() {
            self.same_meaning(&text, &taken);
        }
        let needs_check = self.needs_check(&text, &changed);
        (Value::Object(text.whole), needs_check)
    }

    /// The value of the version that changed it; a conflict if both did, and not alike.
    fn one<'v>(
        &mut self,
        place: &str,
        base: Option<&Value>,
        onto: Option<&'v Value>,
        own: Option<&'v Value>,
    ) -> Option<&'v Value> {
        if onto == base || onto == own {
            return own;
        }
        if own != base {
            self.conflicts.push(Conflict {
                place: place.to_owned(),
                base: said::base(base),
                onto: said::value(base, onto, &self.onto.no),
                own: said::value(base, own, &self.own.no),
                help: format!("write the change of {} against {}", self.own.no, self.onto.no),
            });
        }
        onto
    }

    /// The members of a section, each of the version that changed it.
    fn members(&mut self, section: &str) -> Map<String, Value> {
        let (base, onto, own) = (self.base, self.onto.text, self.own.text);
        let texts = [base, onto, own];
        let names: BTreeSet<&String> =
            texts.iter().filter_map(|text| text.section(section)).flat_map(Map::keys).collect();
        let mut members = Map::new();
        for name in names {
            let place = pointer::child(&format!("/{section}"), name);
            let [base, onto, own] = texts.map(|text| text.member(section, name));
            if let Some(value) = self.one(&place, base, onto, own) {
                members.insert(name.clone(), value.clone());
            }
        }
        members
    }

    /// The guards, each of the version that changed it, in the order in which `own` has them; what only `onto`
    /// has comes after.
    fn guards(&mut self) -> Vec<Value> {
        let (base, onto, own) = (self.base, self.onto.text, self.own.text);
        let only_onto = onto.guards().filter(|(name, _)| own.guard(name).is_none());
        let mut guards = Vec::new();
        for (name, _) in own.guards().chain(only_onto) {
            let place = pointer::child("/guards", name);
            let [base, onto, own] = [base, onto, own].map(|text| text.guard(name));
            guards.extend(self.one(&place, base, onto, own).cloned());
        }
        guards
    }

    /// A section that is not taken apart.
    fn whole(&mut self, section: &str) -> Option<&Value> {
        let (base, onto, own) = (self.base, self.onto.text, self.own.text);
        let [base, onto, own] = [base, onto, own].map(|text| said_at_all(text.whole.get(section)));
        let place = format!("/{section}");
        self.one(&place, base, onto, own)
    }
}

/// Puts a section into a document; an empty one only in the place of one that is not.
fn put(document: &mut Map<String, Value>, section: &str, value: Value) {
    let is_empty = said_at_all(Some(&value)).is_none();
    if !is_empty || said_at_all(document.get(section)).is_some() {
        document.insert(section.to_owned(), value);
    }
}
