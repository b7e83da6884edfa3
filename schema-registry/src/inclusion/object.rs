//! Words that speak of objects.

use std::collections::BTreeSet;

use serde_json::Value;

use super::doc::Place;
use super::eval::{self, Patterns};
use super::prove::{Prover, Step};
use super::value::Types;
use super::view::View;
use crate::checked::Dialect;

/// Which names a schema is about, beside those that it lists.
#[derive(Clone, Copy, Debug)]
enum Names<'a> {
    /// Those that match a pattern.
    Matching(&'a str),
    /// Those that neither `properties` nor `patternProperties` of the schema speaks of.
    Rest,
    /// Those that nothing speaks of which holds wherever the schema does.
    Unevaluated,
}

/// Places that are searched for names.
const SPOKEN_MAX: usize = 256;

/// Names and patterns that may be spoken of at a place, by what holds there or may hold; none if any name.
type Spoken<'a> = Option<(BTreeSet<&'a str>, BTreeSet<&'a str>)>;

/// What `unevaluatedProperties` of a place leaves alone.
fn spoken<'a>(place: Place<'a>) -> Spoken<'a> {
    let (mut names, mut patterns) = (BTreeSet::new(), BTreeSet::new());
    let (mut open, mut seen) = (vec![place], BTreeSet::new());
    while let Some(part) = open.pop() {
        if !seen.insert(part.id()) {
            continue;
        }
        let own = part.id() == place.id();
        if part.get("additionalProperties").is_some()
            || (!own && part.get("unevaluatedProperties").is_some())
            || ["$dynamicRef", "$recursiveRef"].iter().any(|word| part.get(word).is_some())
            || seen.len() > SPOKEN_MAX
        {
            return None;
        }
        names.extend(part.members("properties").into_iter().flatten().map(|(name, _)| name.as_str()));
        patterns
            .extend(part.members("patternProperties").into_iter().flatten().map(|(name, _)| name.as_str()));
        if part.get("$ref").is_some() {
            open.push(part.target()?);
        }
        for word in ["allOf", "anyOf", "oneOf"] {
            open.extend(part.list(word));
        }
        open.extend(["if", "then", "else"].into_iter().filter_map(|word| part.below(word)));
        for word in ["dependentSchemas", "dependencies"] {
            open.extend(part.members(word).into_iter().flatten().map(|(_, schema)| part.at(schema)));
        }
    }
    Some((names, patterns))
}

impl<'a> View<'a> {
    /// The schemas under `unevaluatedProperties`, with the names and patterns that they leave alone.
    fn unevaluated(&self) -> Vec<(Place<'a>, BTreeSet<&'a str>, BTreeSet<&'a str>)> {
        let parts = self.parts.iter().filter(|part| part.dialect() == Dialect::Draft2020);
        parts
            .filter_map(|part| {
                let schema = part.below("unevaluatedProperties")?;
                let (names, patterns) = spoken(*part)?;
                Some((schema, names, patterns))
            })
            .collect()
    }

    /// What is known of the member with a name.
    pub(crate) fn member(&self, name: &str, patterns: &mut Patterns) -> View<'a> {
        let mut known = Vec::new();
        for part in &self.parts {
            let listed = part.members("properties").and_then(|members| members.get(name));
            known.extend(listed.map(|schema| part.at(schema)));
            let mut others = listed.is_none();
            for (pattern, schema) in part.members("patternProperties").into_iter().flatten() {
                let matches = patterns.matches(pattern, name);
                known.extend((matches == Some(true)).then(|| part.at(schema)));
                others &= matches == Some(false);
            }
            known.extend(part.below("additionalProperties").filter(|_| others));
        }
        for (schema, names, others) in self.unevaluated() {
            let spoken = names.contains(name)
                || others.iter().any(|pattern| patterns.matches(pattern, name) != Some(false));
            known.extend((!spoken).then_some(schema));
        }
        let mut view = View::of(&known, Types::ALL);
        if let Some(value) = self.tags.get(name) {
            view = view.fixed(value);
        }
        let key = Value::String(name.to_owned());
        let names = self.parts.iter().filter_map(|part| part.below("propertyNames"));
        view.never |= names.into_iter().any(|names| eval::valid(names, &key, patterns) == Some(false));
        view
    }

    /// The names that some schema lists.
    fn listed_names(&self) -> BTreeSet<&'a str> {
        let members = self.parts.iter().filter_map(|part| part.members("properties"));
        let names = members.flat_map(|members| members.keys().map(String::as_str));
        let others = self.unevaluated().into_iter().flat_map(|(_, names, _)| names);
        names.chain(self.required.iter().copied()).chain(others).collect()
    }

    /// The patterns of names that some schema lists.
    fn listed_patterns(&self) -> BTreeSet<&'a str> {
        let members = self.parts.iter().filter_map(|part| part.members("patternProperties"));
        let others = self.unevaluated().into_iter().flat_map(|(_, _, patterns)| patterns);
        members.flat_map(|members| members.keys().map(String::as_str)).chain(others).collect()
    }

    /// What is known of a member that no schema lists: it matches these patterns, and if `alone`, no other.
    fn unlisted(&self, matching: &[&str], alone: bool) -> View<'a> {
        let mut known = Vec::new();
        for part in &self.parts {
            let listed = part.members("patternProperties").filter(|members| !members.is_empty());
            let of_patterns = listed.into_iter().flatten().filter(|(p, _)| matching.contains(&p.as_str()));
            known.extend(of_patterns.map(|(_, schema)| part.at(schema)));
            let others = listed.is_none() || (alone && matching.is_empty());
            known.extend(part.below("additionalProperties").filter(|_| others));
        }
        if alone && matching.is_empty() {
            known.extend(self.unevaluated().into_iter().map(|(schema, _, _)| schema));
        }
        View::of(&known, Types::ALL)
    }

    fn members_at_least(&self) -> u64 {
        let required = u64::try_from(self.required.len()).unwrap_or(u64::MAX);
        self.at_least("minProperties").max(required)
    }

    /// How many members there are at most; a closed schema says so by its names.
    fn members_at_most(&self) -> Option<u64> {
        let closed = self.parts.iter().filter(|part| {
            part.below("additionalProperties").is_some_and(Place::is_false)
                && part.members("patternProperties").is_none_or(serde_json::Map::is_empty)
        });
        let listed = closed.map(|part| part.members("properties").map_or(0, serde_json::Map::len));
        let listed = listed.filter_map(|count| u64::try_from(count).ok()).min();
        self.at_most("maxProperties").into_iter().chain(listed).min()
    }
}

impl Place<'_> {
    fn has_pattern(self, pattern: &str) -> bool {
        self.members("patternProperties").is_some_and(|patterns| patterns.contains_key(pattern))
    }
}

/// The schemas whose names count as spoken of.
fn speaking<'a>(sup: Place<'a>, names: Names<'a>) -> Vec<Place<'a>> {
    match names {
        Names::Unevaluated => View::of(&[sup], Types::OBJECT).parts,
        _ => vec![sup],
    }
}

impl<'a> Prover<'a> {
    /// Whether a word that speaks of objects holds.
    pub(crate) fn of_object(
        &mut self,
        view: &View<'a>,
        sup: Place<'a>,
        (word, said): (&'static str, &'a Value),
    ) -> bool {
        let count = super::doc::count(said);
        let holds = match word {
            "minProperties" => count.is_some_and(|count| count <= view.members_at_least()),
            "maxProperties" => {
                count.is_some_and(|count| view.members_at_most().is_some_and(|most| most <= count))
            }
            "required" => return self.required(view, sup, said),
            "properties" if said.is_object() => return self.properties(view, sup),
            "patternProperties" if said.is_object() => {
                let mut holds = true;
                for (pattern, schema) in said.as_object().into_iter().flatten() {
                    holds &= self.rest(view, sup, Names::Matching(pattern), sup.at(schema));
                }
                return holds;
            }
            "additionalProperties" => return self.rest(view, sup, Names::Rest, sup.at(said)),
            "unevaluatedProperties" => return self.rest(view, sup, Names::Unevaluated, sup.at(said)),
            "propertyNames" => self.property_names(view, sup.at(said)),
            "dependentRequired" | "dependentSchemas" if sup.dialect() == Dialect::Draft07 => false,
            _ if said.is_object() => return self.dependent(view, sup, word),
            _ => false,
        };
        holds || self.gap(sup, Some(word), format!("objects that `{word}` refuses are not excluded"))
    }

    fn required(&mut self, view: &View<'a>, sup: Place<'a>, said: &Value) -> bool {
        const WORD: &str = "required";
        if !said.is_array() {
            return self.gap(sup, Some(WORD), "it is no list".to_owned());
        }
        let missing: Vec<&str> = sup.names(WORD).filter(|name| !view.required.contains(name)).collect();
        missing.is_empty() || self.gap(sup, Some(WORD), format!("`{}` may be absent", missing.join("`, `")))
    }

    fn properties(&mut self, view: &View<'a>, sup: Place<'a>) -> bool {
        let mut holds = true;
        for (name, schema) in sup.members("properties").into_iter().flatten() {
            holds &= self.member(view, name, sup.at(schema));
        }
        holds
    }

    /// Whether a member, if it may occur at all, is as the schema wants it.
    fn member(&mut self, view: &View<'a>, name: &str, schema: Place<'a>) -> bool {
        if schema.takes_all() {
            return true;
        }
        let known = view.member(name, &mut self.patterns);
        self.holds_at(Step::Member(name.to_owned()), &known, schema)
    }

    /// Whether every member with such a name is as the schema wants it.
    fn rest(&mut self, view: &View<'a>, sup: Place<'a>, names: Names<'a>, schema: Place<'a>) -> bool {
        if schema.takes_all() {
            return true;
        }
        let mut holds = true;
        for name in view.listed_names() {
            if self.speaks_of(sup, names, name) {
                holds &= self.member(view, name, schema);
            }
        }
        let listed = view.listed_patterns();
        for pattern in &listed {
            let (known, skipped) = match names {
                Names::Matching(wanted) => (vec![*pattern, wanted], false),
                names => (vec![*pattern], speaking(sup, names).iter().any(|part| part.has_pattern(pattern))),
            };
            if !skipped {
                let step = Step::Other(Some((*pattern).to_owned()));
                holds &= self.holds_at(step, &view.unlisted(&known, false), schema);
            }
        }
        // A name that matches none of the patterns of the view.
        let (step, alone) = match names {
            Names::Matching(wanted) if listed.contains(wanted) => return holds,
            Names::Matching(wanted) => (Step::Other(Some(wanted.to_owned())), view.unlisted(&[], true)),
            Names::Rest | Names::Unevaluated => (Step::Other(None), view.unlisted(&[], true)),
        };
        self.holds_at(step, &alone, schema) && holds
    }

    /// Whether a schema, by its patterns or what it says of the rest, may speak of a name.
    fn speaks_of(&mut self, sup: Place<'a>, names: Names<'a>, name: &str) -> bool {
        match names {
            Names::Matching(pattern) => self.patterns.matches(pattern, name) != Some(false),
            names => !speaking(sup, names).into_iter().any(|part| {
                let listed = part.members("properties").is_some_and(|members| members.contains_key(name));
                let mut patterns = part.members("patternProperties").into_iter().flatten();
                listed || patterns.any(|(pattern, _)| self.patterns.matches(pattern, name) == Some(true))
            }),
        }
    }

    fn property_names(&mut self, view: &View<'a>, names: Place<'a>) -> bool {
        let known: Vec<Place<'a>> =
            view.parts.iter().filter_map(|part| part.below("propertyNames")).collect();
        let known = View::of(&known, Types::STRING);
        if self.quietly(|prover| prover.holds_at(Step::Other(None), &known, names)) {
            return true;
        }
        let mut others = vec![view.unlisted(&[], true)];
        others.extend(view.listed_patterns().into_iter().map(|pattern| view.unlisted(&[pattern], false)));
        let closed = others.iter().all(|other| other.never);
        closed
            && view.listed_names().into_iter().all(|name| {
                let key = Value::String(name.to_owned());
                view.member(name, &mut self.patterns).never
                    || eval::valid(names, &key, &mut self.patterns) == Some(true)
            })
    }

    fn dependent(&mut self, view: &View<'a>, sup: Place<'a>, word: &'static str) -> bool {
        let mut holds = true;
        for (key, needed) in sup.members(word).into_iter().flatten() {
            if view.member(key, &mut self.patterns).never {
                continue;
            }
            let present = view.having(key);
            holds &= match needed {
                Value::Array(names) => {
                    let mut missing = names.iter().filter_map(Value::as_str);
                    match missing.find(|name| !present.required.contains(name)) {
                        Some(name) => self.gap(sup, Some(word), format!("`{key}` may come without `{name}`")),
                        None => true,
                    }
                }
                schema => self.holds(&present, sup.at(schema)),
            };
        }
        holds
    }

    /// Whether it is certain that no object is taken.
    pub(crate) fn objects_are_apart(&mut self, view: &View<'a>) -> bool {
        if view.members_at_most().is_some_and(|most| most < view.members_at_least()) {
            return true;
        }
        view.required.iter().any(|name| {
            let member = view.member(name, &mut self.patterns);
            self.never(&member)
        })
    }
}
