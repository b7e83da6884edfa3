//! Event types, their lenses, and the definitions that their schemas share.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::text::Text;
use super::{Conflict, Merge, Side, Taken, said};
use crate::json::pointer;

/// Which versions changed an event type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Changed {
    pub(super) onto: bool,
    pub(super) own: bool,
}

impl Merge<'_> {
    /// Which versions changed which event types, of all three.
    pub(super) fn changed(&self) -> BTreeMap<String, Changed> {
        let texts = [self.base, self.onto.text, self.own.text];
        let names: BTreeSet<&String> = texts.iter().flat_map(|text| text.events.keys()).collect();
        let changed = |side: &Side<'_>, name: &str| {
            let (base, now) = (self.base.events.get(name), side.text.events.get(name));
            base != now || (now.is_some() && !side.course.is_straight(name))
        };
        let both = |name: &str| Changed { onto: changed(&self.onto, name), own: changed(&self.own, name) };
        names.into_iter().map(|name| (name.clone(), both(name))).collect()
    }

    /// The event types and their lenses, and whose each type is.
    pub(super) fn events(
        &mut self,
        changed: &BTreeMap<String, Changed>,
    ) -> (Map<String, Value>, Map<String, Value>, BTreeMap<String, Taken>) {
        let (mut events, mut lenses, mut taken) = (Map::new(), Map::new(), BTreeMap::new());
        for (name, changed_by) in changed {
            let whose = match changed_by {
                Changed { own: true, onto: false } => Taken::Own,
                Changed { own: true, onto: true } if !self.alike(name) => {
                    self.event_conflict(name);
                    continue;
                }
                _ => Taken::Onto,
            };
            let from = if whose == Taken::Own { self.own.text } else { self.onto.text };
            if let Some(section) = from.member("events", name) {
                events.insert(name.clone(), section.clone());
                taken.insert(name.clone(), whose);
            }
            // A lens of no operations is kept where it stands.
            if let Some(lens) = self.own.text.member("lenses", name).filter(|_| !changed_by.onto) {
                lenses.insert(name.clone(), lens.clone());
            }
        }
        (events, lenses, taken)
    }

    /// Whether both versions came to the same. Of a type that both have taken away, that is the type that goes on
    /// in its place: so a type that `own` renames is one that `onto` has not touched.
    fn alike(&self, name: &str) -> bool {
        let (onto, own) = (self.onto.text.events.get(name), self.own.text.events.get(name));
        let same_end = onto.is_some() || self.onto.course.fate(name) == self.own.course.fate(name);
        onto == own && same_end && self.onto.course.agrees(&self.own.course, name)
    }

    fn event_conflict(&mut self, name: &str) {
        let place = pointer::child("/events", name);
        let base = self.base.events.get(name);
        let side = |side: &Side<'_>| said::event(base, side.text.events.get(name), name, side);
        let conflict = Conflict {
            base: said::base(base),
            onto: side(&self.onto),
            own: side(&self.own),
            help: format!(
                "write the change of {} against {}, with a lens from there",
                self.own.no, self.onto.no
            ),
            place,
        };
        self.conflicts.push(conflict);
    }

    /// That each type means in the document what it means where it was taken from: definitions of one version
    /// may reach into types of the other.
    pub(super) fn same_meaning(&mut self, document: &Text, taken: &BTreeMap<String, Taken>) {
        for (name, whose) in taken {
            let (from, other) = match whose {
                Taken::Onto => (&self.onto, &self.own),
                Taken::Own => (&self.own, &self.onto),
            };
            if document.events.get(name) == from.text.events.get(name) {
                continue;
            }
            let reaches = format!("{} changed a definition that it refers to", other.no);
            let kept = format!("{} has it with the definition as it was", from.no);
            let (onto, own) = if *whose == Taken::Onto { (kept, reaches) } else { (reaches, kept) };
            let help = "give the changed definition another name".to_owned();
            let base = said::base(self.base.events.get(name));
            let place = pointer::child("/events", name);
            self.conflicts.push(Conflict { place, base, onto, own, help });
        }
    }
}
