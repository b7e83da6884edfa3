//! Everything that is known about a document at one place: the schemas that hold there, those that do not,
//! the choices that are open, and which types are left.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::doc::{Place, address};
use super::same::{Pairs, same};
use super::value::Types;
use crate::checked::Dialect;

/// Schemas that are taken together at one place; what lies beyond is left out, which only proves less.
const PARTS_MAX: usize = 256;

/// One of these holds.
#[derive(Clone, Debug)]
pub(crate) struct Split<'a> {
    pub(crate) branches: Vec<Place<'a>>,
    /// Only one of them.
    pub(crate) exclusive: bool,
}

/// What is known at one place.
#[derive(Clone, Debug)]
pub(crate) struct View<'a> {
    /// The schemas that hold, with those that they refer to and consist of.
    pub(crate) parts: Vec<Place<'a>>,
    /// The schemas that do not hold.
    pub(crate) refuted: Vec<Place<'a>>,
    pub(crate) splits: Vec<Split<'a>>,
    pub(crate) types: Types,
    /// Names that an object must have.
    pub(crate) required: BTreeSet<&'a str>,
    /// Members of which one value is looked at.
    pub(crate) tags: BTreeMap<&'a str, &'a Value>,
    /// The one value that is looked at.
    pub(crate) fixed: Option<&'a Value>,
    /// Nothing is valid here.
    pub(crate) never: bool,
}

impl<'a> View<'a> {
    /// What is known where all of these hold.
    pub(crate) fn of(places: &[Place<'a>], types: Types) -> View<'a> {
        let mut view = View {
            parts: Vec::new(),
            refuted: Vec::new(),
            splits: Vec::new(),
            types,
            required: BTreeSet::new(),
            tags: BTreeMap::new(),
            fixed: None,
            never: false,
        };
        view.add(places.to_vec());
        view
    }

    /// The same, and these hold, too.
    pub(crate) fn with(&self, places: &[Place<'a>]) -> View<'a> {
        let mut view = self.clone();
        view.add(places.to_vec());
        view
    }

    /// The same, and this does not hold.
    pub(crate) fn without(&self, place: Place<'a>) -> View<'a> {
        let mut view = self.clone();
        view.refute(place);
        view.settle();
        view
    }

    /// The same, with these types only.
    pub(crate) fn only(&self, types: Types) -> View<'a> {
        let mut view = self.clone();
        view.types = view.types.and(types);
        view.settle();
        view
    }

    /// The same, and the object has this name.
    pub(crate) fn having(&self, name: &'a str) -> View<'a> {
        let mut view = self.only(Types::OBJECT);
        view.required.insert(name);
        view.settle();
        view
    }

    /// The same, and a member has this value.
    pub(crate) fn tagged(&self, name: &'a str, value: &'a Value) -> View<'a> {
        let mut view = self.clone();
        view.tags.insert(name, value);
        view
    }

    /// The same, and the value is this one.
    pub(crate) fn fixed(mut self, value: &'a Value) -> View<'a> {
        self.fixed = Some(value);
        self.only(Types::of(value))
    }

    /// What it is known by.
    pub(crate) fn key(&self) -> Vec<usize> {
        let ids = |places: &[Place<'a>]| {
            let mut ids: Vec<usize> = places.iter().map(|place| place.id()).collect();
            ids.sort_unstable();
            ids
        };
        let names = self.required.iter().flat_map(|name| [name.as_ptr().addr(), name.len()]);
        let tags = self.tags.iter().flat_map(|(name, value)| [name.as_ptr().addr(), address(value)]);
        let mut key = vec![self.types.bits(), self.fixed.map_or(0, address)];
        key.extend([self.parts.len(), self.refuted.len(), self.required.len(), self.tags.len()]);
        key.extend(ids(&self.parts));
        key.extend(ids(&self.refuted));
        key.extend(names);
        key.extend(tags);
        key
    }

    fn add(&mut self, mut open: Vec<Place<'a>>) {
        self.take(&mut open);
        self.settle();
    }

    fn take(&mut self, open: &mut Vec<Place<'a>>) {
        while let Some(place) = open.pop() {
            if place.is_false() {
                self.never = true;
            }
            let known = self.parts.iter().any(|part| part.id() == place.id());
            if known || place.takes_all() || self.parts.len() >= PARTS_MAX {
                continue;
            }
            self.parts.push(place);
            self.types = self.types.and(place.types());
            self.required.extend(place.names("required"));
            open.extend(place.target());
            open.extend(place.list("allOf"));
            if let Some(refuted) = place.below("not") {
                self.refute(refuted);
            }
            for (word, exclusive) in [("anyOf", false), ("oneOf", true)] {
                if place.get(word).is_some_and(Value::is_array) {
                    self.splits.push(Split { branches: place.list(word), exclusive });
                }
            }
        }
    }

    fn refute(&mut self, place: Place<'a>) {
        self.never |= place.takes_all();
        if !place.is_false() && !self.refuted.iter().any(|known| known.id() == place.id()) {
            self.refuted.push(place);
        }
    }

    /// Draws the conclusions that need no proof, until there are none.
    fn settle(&mut self) {
        for _ in 0..PARTS_MAX {
            let mut open = self.conclusions();
            self.choose(&mut open);
            self.types =
                self.refuted.iter().fold(self.types, |types, refuted| types.without(whole(*refuted)));
            open.retain(|place| !self.parts.iter().any(|part| part.id() == place.id()) && !place.takes_all());
            if open.is_empty() || self.never {
                break;
            }
            self.take(&mut open);
        }
        self.never |= self.types == Types::NONE;
    }

    /// Schemas and names that follow from others.
    fn conclusions(&mut self) -> Vec<Place<'a>> {
        let mut open = Vec::new();
        for part in self.parts.clone() {
            for word in ["dependentRequired", "dependentSchemas", "dependencies"] {
                if word != "dependencies" && part.dialect() == Dialect::Draft07 {
                    continue;
                }
                for (key, needed) in part.members(word).into_iter().flatten() {
                    if self.types != Types::OBJECT || !self.required.contains(key.as_str()) {
                        continue;
                    }
                    match needed {
                        Value::Array(names) => self.required.extend(names.iter().filter_map(Value::as_str)),
                        schema => open.push(part.at(schema)),
                    }
                }
            }
            if let Some(condition) = part.below("if") {
                let is = |places: &[Place<'a>]| {
                    places.iter().any(|place| same(*place, condition, &Pairs::new()).is_some())
                };
                if condition.takes_all() || is(&self.parts) {
                    open.extend(part.below("then"));
                } else if condition.is_false() || is(&self.refuted) {
                    open.extend(part.below("else"));
                }
            }
        }
        open
    }

    /// Drops branches that cannot hold; a branch that is left alone holds.
    fn choose(&mut self, open: &mut Vec<Place<'a>>) {
        let types = self.types;
        for split in &mut self.splits {
            split.branches.retain(|branch| branch.resolved().types().meets(types));
        }
        let single = |split: &Split<'a>| split.branches.len() <= 1;
        for split in self.splits.iter().filter(|split| single(split)) {
            open.extend(split.branches.first().copied());
            self.never |= split.branches.is_empty();
        }
        self.splits.retain(|split| !single(split));
    }

    /// Takes the first open choice: one view per branch, or one with a condition met and one without.
    pub(crate) fn cases(&self) -> Option<Vec<View<'a>>> {
        let Some((first, rest)) = self.splits.split_first() else {
            let known = |condition: &Place<'a>| {
                self.parts.iter().chain(&self.refuted).any(|place| place.id() == condition.id())
            };
            let mut conditions = self.parts.iter().filter_map(|part| part.below("if"));
            let open = conditions.find(|place| !known(place) && !place.takes_all() && !place.is_false())?;
            return Some(vec![self.with(&[open]), self.without(open)]);
        };
        let case = |branch: &Place<'a>| {
            let mut view = self.clone();
            view.splits = rest.to_vec();
            if first.exclusive {
                let others = first.branches.iter().filter(|other| other.id() != branch.id());
                others.for_each(|other| view.refute(*other));
            }
            view.add(vec![*branch]);
            view
        };
        Some(first.branches.iter().map(case).collect())
    }
}

/// The types of which a schema takes every value.
fn whole(place: Place<'_>) -> Types {
    let place = place.resolved();
    if place.takes_all() {
        return Types::ALL;
    }
    let only_types = place.words().all(|(word, _)| word == "type");
    place.get("type").filter(|_| only_types).and_then(Types::declared).unwrap_or(Types::NONE)
}
