//! Words that speak of any value: types, listed values, and schemas that are combined.

use serde_json::Value;

use super::doc::Place;
use super::prove::{Prover, brief};
use super::value::Types;
use super::view::View;

/// Values of one member that are looked at one by one.
const TAGS_MAX: usize = 64;

impl<'a> Prover<'a> {
    /// Whether a word that speaks of any value holds.
    pub(crate) fn of_any(
        &mut self,
        view: &View<'a>,
        sup: Place<'a>,
        (word, said): (&'static str, &'a Value),
    ) -> bool {
        match word {
            "$ref" => match sup.target() {
                Some(target) => self.holds(view, target),
                None => self.gap(sup, Some(word), format!("`{}` is not followed", brief(said))),
            },
            "allOf" if said.is_array() => {
                // All of them, so that every gap is known.
                let mut holds = true;
                for branch in sup.list(word) {
                    holds &= self.holds(view, branch);
                }
                holds
            }
            "type" => match Types::declared(said) {
                Some(types) if view.types.within(types) => true,
                Some(types) => {
                    let left = view.types.without(types).names();
                    self.gap(sup, Some(word), format!("{left} may occur and is not among the types"))
                }
                None => self.gap(sup, Some(word), format!("`{}` is not known", brief(said))),
            },
            "anyOf" if said.is_array() => self.any_of(view, sup),
            "oneOf" if said.is_array() => self.one_of(view, sup),
            "not" => self.not(view, sup, sup.at(said)),
            "if" => self.condition(view, sup, sup.at(said)),
            "then" | "else" => true,
            "const" | "enum" => self.gap(sup, Some(word), "values that are not listed may occur".to_owned()),
            _ => self.gap(sup, Some(word), "this word is not looked at".to_owned()),
        }
    }

    /// Some branch that takes all that the view takes.
    fn branch(&mut self, view: &View<'a>, sup: Place<'a>, word: &'static str) -> Option<Place<'a>> {
        let branches = sup.list(word);
        let likely = |branch: &&Place<'a>| branch.resolved().types().meets(view.types);
        let likely: Vec<Place<'a>> = branches.iter().filter(likely).copied().collect();
        let start = self.gaps.len();
        for branch in &likely {
            if self.holds(view, *branch) {
                self.gaps.truncate(start);
                return Some(*branch);
            }
        }
        if likely.len() != 1 {
            self.gaps.truncate(start);
            self.gap(sup, Some(word), "no branch is shown to take everything that may occur".to_owned());
        }
        None
    }

    fn any_of(&mut self, view: &View<'a>, sup: Place<'a>) -> bool {
        self.branch(view, sup, "anyOf").is_some()
    }

    fn one_of(&mut self, view: &View<'a>, sup: Place<'a>) -> bool {
        const WORD: &str = "oneOf";
        let Some(taken) = self.branch(view, sup, WORD) else { return false };
        for other in sup.list(WORD) {
            if other.id() != taken.id() && !self.excludes(view, other) {
                return self.gap(sup, Some(WORD), "two branches may take the same value".to_owned());
            }
        }
        true
    }

    /// One view per value of a required member by which the branches tell each other apart.
    pub(crate) fn by_tag(
        &mut self,
        view: &View<'a>,
        sup: Place<'a>,
        word: &'static str,
    ) -> Option<Vec<View<'a>>> {
        if view.types != Types::OBJECT || !["anyOf", "oneOf"].contains(&word) {
            return None;
        }
        let branches: Vec<View<'a>> =
            sup.list(word).iter().map(|branch| View::of(&[*branch], Types::OBJECT)).collect();
        for name in view.required.iter().filter(|name| !view.tags.contains_key(*name)) {
            let told = branches.iter().flat_map(|branch| &branch.parts).any(|part| {
                let member = part.members("properties").and_then(|members| members.get(*name));
                member.is_some_and(|member| ["const", "enum"].iter().any(|word| member.get(word).is_some()))
            });
            let member = view.member(name, &mut self.patterns);
            let values = if told { self.finite(&member) } else { None };
            if let Some(values) = values.filter(|values| (2..=TAGS_MAX).contains(&values.len())) {
                return Some(values.into_iter().map(|value| view.tagged(name, value)).collect());
            }
        }
        None
    }

    /// Whether nothing that the view takes is valid at the place.
    fn excludes(&mut self, view: &View<'a>, other: Place<'a>) -> bool {
        if other.is_false() || !other.resolved().types().meets(view.types) {
            return true;
        }
        if view.refuted.iter().any(|refuted| self.same(*refuted, other)) {
            return true;
        }
        self.never(&view.with(&[other]))
    }

    fn not(&mut self, view: &View<'a>, sup: Place<'a>, refuted: Place<'a>) -> bool {
        self.excludes(view, refuted)
            || self.gap(sup, Some("not"), "a value that is excluded may occur".to_owned())
    }

    fn condition(&mut self, view: &View<'a>, sup: Place<'a>, condition: Place<'a>) -> bool {
        let then = sup.below("then").is_none_or(|then| {
            let view = view.with(&[condition]);
            self.holds(&view, then) || self.never(&view)
        });
        let otherwise = sup.below("else").is_none_or(|otherwise| {
            let view = view.without(condition);
            self.holds(&view, otherwise) || self.never(&view)
        });
        then && otherwise
    }
}
