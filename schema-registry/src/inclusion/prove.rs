//! The prover: whether everything that is known at a place implies a schema.
//!
//! What it says holds is a fact about every document; what it does not say may hold as well. A pair that is
//! reached again while it is being looked at counts as proven if the document has become smaller since, by
//! induction over documents, and as not proven if it has not. A proof that leant on such a pair is forgotten
//! when the pair fails.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::doc::Place;
use super::eval::{self, Patterns};
use super::same::{Pairs, same};
use super::value::Types;
use super::view::View;

/// Places with a document at each other's inside, while a proof is looked for.
const DEPTH_MAX: usize = 64;
/// Choices that are taken one after the other for one word.
const CASES_MAX: usize = 3;
/// Gaps that are kept.
const GAPS_MAX: usize = 32;

/// One step into a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Member(String),
    Item(usize),
    /// A member with a name that no schema lists, or that matches this pattern.
    Other(Option<String>),
}

/// Where a proof does not go on.
#[derive(Clone, Debug)]
pub(crate) struct Open<'a> {
    pub(crate) place: Place<'a>,
    /// The word there, and none for the schema as a whole.
    pub(crate) word: Option<&'static str>,
    pub(crate) reason: String,
    /// Where in a document.
    pub(crate) path: Vec<Step>,
}

/// What is known of a pair.
#[derive(Clone, Copy, Debug)]
pub(super) enum State {
    /// It is being looked at, that far inside a document.
    Open(usize),
    Proven,
    Failed,
}

/// A search for a proof.
#[derive(Debug)]
pub(crate) struct Prover<'a> {
    pub(crate) patterns: Patterns,
    pub(crate) gaps: Vec<Open<'a>>,
    pub(super) steps: usize,
    steps_max: usize,
    depth: usize,
    pub(super) never_depth: usize,
    path: Vec<Step>,
    pub(super) known: BTreeMap<Vec<usize>, State>,
    /// Proven pairs in the order of their proofs.
    pub(super) proven: Vec<Vec<usize>>,
    /// Open pairs that a proof leans on.
    leant_on: BTreeSet<Vec<usize>>,
    equal: Pairs,
    unequal: Pairs,
}

impl<'a> Prover<'a> {
    pub(crate) fn new(steps_max: usize) -> Prover<'a> {
        Prover {
            patterns: Patterns::default(),
            gaps: Vec::new(),
            steps: 0,
            steps_max,
            depth: 0,
            never_depth: 0,
            path: Vec::new(),
            known: BTreeMap::new(),
            proven: Vec::new(),
            leant_on: BTreeSet::new(),
            equal: Pairs::new(),
            unequal: Pairs::new(),
        }
    }

    /// Whether no more is looked at.
    pub(crate) fn is_spent(&self) -> bool {
        self.steps >= self.steps_max
    }

    /// Whether two schemas are the same.
    pub(crate) fn same(&mut self, a: Place<'a>, b: Place<'a>) -> bool {
        let pair = (a.id(), b.id());
        if self.unequal.contains(&pair) {
            return false;
        }
        match same(a, b, &self.equal) {
            Some(pairs) => {
                self.equal.extend(pairs);
                true
            }
            None => {
                self.unequal.insert(pair);
                false
            }
        }
    }

    /// Whether every document that the view takes is valid at the place.
    pub(crate) fn holds(&mut self, view: &View<'a>, sup: Place<'a>) -> bool {
        if view.never || sup.takes_all() || view.parts.iter().any(|part| part.id() == sup.id()) {
            return true;
        }
        if view.parts.iter().any(|part| self.same(*part, sup)) {
            return true;
        }
        let mut key = view.key();
        key.push(sup.id());
        let level = self.path.len();
        match self.known.get(&key) {
            Some(State::Proven) => return true,
            Some(State::Open(since)) if *since < level => {
                self.leant_on.insert(key);
                return true;
            }
            Some(State::Open(_)) => return self.gap(sup, None, "it leads back to itself".to_owned()),
            Some(State::Failed) => return self.gap(sup, None, "it is not shown to hold".to_owned()),
            None => {}
        }
        self.steps += 1;
        if self.is_spent() || self.depth >= DEPTH_MAX {
            return self.gap(sup, None, "the limits of the search are reached".to_owned());
        }
        let (proven, gaps) = (self.proven.len(), self.gaps.len());
        self.known.insert(key.clone(), State::Open(level));
        self.depth += 1;
        let holds = self.look(view, sup);
        self.depth -= 1;
        let leant_on = self.leant_on.remove(&key);
        if holds {
            self.gaps.truncate(gaps);
            self.proven.push(key.clone());
            self.known.insert(key, State::Proven);
        } else {
            if leant_on {
                let forgotten: BTreeSet<Vec<usize>> = self.proven.split_off(proven).into_iter().collect();
                self.known.retain(|key, _| !forgotten.contains(key));
            }
            self.known.insert(key, State::Failed);
        }
        holds
    }

    /// The same, one step further inside the document.
    pub(crate) fn holds_at(&mut self, step: Step, view: &View<'a>, sup: Place<'a>) -> bool {
        self.path.push(step);
        let holds = self.holds(view, sup);
        self.path.pop();
        holds
    }

    /// The same, without a word about why not.
    pub(crate) fn quietly(&mut self, question: impl FnOnce(&mut Self) -> bool) -> bool {
        let gaps = self.gaps.len();
        let holds = question(self);
        self.gaps.truncate(gaps);
        holds
    }

    /// Notes why there is no proof.
    pub(crate) fn gap(&mut self, place: Place<'a>, word: Option<&'static str>, reason: String) -> bool {
        if self.gaps.len() < GAPS_MAX {
            self.gaps.push(Open { place, word, reason, path: self.path.clone() });
        }
        false
    }

    fn look(&mut self, view: &View<'a>, sup: Place<'a>) -> bool {
        if let Some(values) = self.finite(view) {
            let verdicts: Vec<_> =
                values.iter().map(|value| eval::valid(sup, value, &mut self.patterns)).collect();
            if verdicts.iter().all(|verdict| *verdict == Some(true)) {
                return true;
            }
            if let Some((value, _)) = values.iter().zip(&verdicts).find(|(_, v)| **v == Some(false)) {
                return self.gap(sup, None, format!("the value `{}` is not taken", brief(value)));
            }
        }
        let start = self.gaps.len();
        let words: Vec<&'static str> = sup.words().map(|(word, _)| word).collect();
        let mut holds = match sup.value {
            Value::Object(_) => true,
            _ => self.gap(sup, None, "nothing is taken here".to_owned()),
        };
        for word in words {
            holds &= self.each(view, sup, word, CASES_MAX);
        }
        if !holds && self.never(view) {
            self.gaps.truncate(start);
            return true;
        }
        holds
    }

    /// Whether a word holds, by taking choices one by one if it takes that.
    fn each(&mut self, view: &View<'a>, sup: Place<'a>, word: &'static str, fuel: usize) -> bool {
        let start = self.gaps.len();
        if self.word(view, sup, word) {
            self.gaps.truncate(start);
            return true;
        }
        if fuel == 0 || self.is_spent() {
            return false;
        }
        let cases = view.cases().or_else(|| by_type(view, word)).or_else(|| self.by_tag(view, sup, word));
        let Some(cases) = cases else { return false };
        let first = self.gaps.split_off(start);
        let holds = cases.iter().all(|case| {
            self.never(case) || self.takes_values(case, sup) || self.each(case, sup, word, fuel - 1)
        });
        if holds {
            self.gaps.truncate(start);
        } else if self.gaps.len() == start {
            self.gaps.extend(first);
        }
        holds
    }

    /// Whether a view takes listed values only, and each is valid at the place.
    fn takes_values(&mut self, view: &View<'a>, sup: Place<'a>) -> bool {
        let values = self.finite(view);
        values.is_some_and(|values| {
            values.iter().all(|value| eval::valid(sup, value, &mut self.patterns) == Some(true))
        })
    }

    fn word(&mut self, view: &View<'a>, sup: Place<'a>, word: &'static str) -> bool {
        let Some(said) = sup.get(word) else { return true };
        let scope = match word {
            "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => Types::NUMBER,
            "minLength" | "maxLength" | "pattern" => Types::STRING,
            "minItems" | "maxItems" | "uniqueItems" | "prefixItems" | "items" | "additionalItems"
            | "unevaluatedItems" | "contains" | "minContains" | "maxContains" => Types::ARRAY,
            "required"
            | "minProperties"
            | "maxProperties"
            | "propertyNames"
            | "dependentRequired"
            | "dependentSchemas"
            | "dependencies"
            | "properties"
            | "patternProperties"
            | "additionalProperties"
            | "unevaluatedProperties" => Types::OBJECT,
            _ => Types::ALL,
        };
        if !view.types.meets(scope) {
            return true;
        }
        if view.types.within(scope) {
            return self.scoped(view, sup, (word, said), scope);
        }
        let narrowed = view.only(scope);
        let start = self.gaps.len();
        let holds = self.scoped(&narrowed, sup, (word, said), scope) || self.never(&narrowed);
        if holds {
            self.gaps.truncate(start);
        }
        holds
    }

    /// Whether a word holds that speaks of these types, and all that the view takes is of them.
    fn scoped(
        &mut self,
        view: &View<'a>,
        sup: Place<'a>,
        word: (&'static str, &'a Value),
        scope: Types,
    ) -> bool {
        match scope {
            Types::NUMBER => self.of_number(view, sup, word),
            Types::STRING => self.of_string(view, sup, word),
            Types::ARRAY => self.of_array(view, sup, word),
            Types::OBJECT => self.of_object(view, sup, word),
            _ => self.of_any(view, sup, word),
        }
    }
}

/// One view per type, for words that choose among schemas.
fn by_type<'a>(view: &View<'a>, word: &str) -> Option<Vec<View<'a>>> {
    let numbers = Types::NUMBER.and(view.types);
    let mut groups: Vec<Types> = view.types.without(Types::NUMBER).each().collect();
    groups.extend(Some(numbers).filter(|numbers| *numbers != Types::NONE));
    if groups.len() == 1 && numbers == Types::NUMBER {
        groups = numbers.each().collect();
    }
    let chooses = ["anyOf", "oneOf", "if", "not", "$ref", "allOf"].contains(&word);
    (chooses && groups.len() > 1).then(|| groups.into_iter().map(|types| view.only(types)).collect())
}

/// A value as text, cut short.
pub(crate) fn brief(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
