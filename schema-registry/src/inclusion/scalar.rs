//! Words that speak of numbers and strings.

use std::cmp::Ordering;

use serde_json::Value;

use super::doc::Place;
use super::prove::Prover;
use super::value::{Exact, Types};
use super::view::View;

/// A bound, and whether the bound itself is left out.
#[derive(Clone, Copy, Debug)]
struct Bound {
    at: Exact,
    open: bool,
}

impl<'a> View<'a> {
    /// The closest bound below (`Greater` is closer) or above (`Less` is closer).
    fn bound(&self, closer: Ordering) -> Option<Bound> {
        let words = if closer == Ordering::Greater {
            [("minimum", false), ("exclusiveMinimum", true)]
        } else {
            [("maximum", false), ("exclusiveMaximum", true)]
        };
        let all = self.parts.iter().flat_map(|part| {
            words.into_iter().filter_map(|(word, open)| Some(Bound { at: Exact::of(part.get(word)?)?, open }))
        });
        let mut best: Option<Bound> = None;
        for bound in all.map(|bound| self.stepped(self.tightened(bound, closer), closer)) {
            let order = best.map_or(Some(closer), |best| bound.at.order(best.at));
            if order == Some(closer) || (order == Some(Ordering::Equal) && bound.open) {
                best = Some(bound);
            }
        }
        best
    }

    /// Among whole numbers, an open bound is the next one, closed.
    fn tightened(&self, bound: Bound, closer: Ordering) -> Bound {
        let step = if closer == Ordering::Greater { 1 } else { -1 };
        match bound.at {
            Exact::Whole(at) if bound.open && !self.types.meets(Types::FRACTION) => {
                Bound { at: Exact::Whole(at.saturating_add(step)), open: false }
            }
            _ => bound,
        }
    }

    /// Among multiples of a whole number, a closed bound is the nearest one of them.
    fn stepped(&self, bound: Bound, closer: Ordering) -> Bound {
        let steps = self.parts.iter().filter_map(|part| Exact::of(part.get("multipleOf")?)?.whole());
        match (bound.at, steps.filter(|step| *step > 1).max()) {
            (Exact::Whole(at), Some(step)) if !bound.open => {
                let below = at.div_euclid(step).saturating_mul(step);
                let above = if below == at { at } else { below.saturating_add(step) };
                let at = if closer == Ordering::Greater { above } else { below };
                Bound { at: Exact::Whole(at), open: false }
            }
            _ => bound,
        }
    }

    /// Whether no number lies within the bounds.
    pub(crate) fn numbers_are_apart(&self) -> bool {
        let (Some(low), Some(high)) = (self.bound(Ordering::Greater), self.bound(Ordering::Less)) else {
            return false;
        };
        match low.at.order(high.at) {
            Some(Ordering::Greater) => true,
            Some(Ordering::Equal) => low.open || high.open,
            _ => false,
        }
    }

    /// The largest of the counts under a word.
    pub(crate) fn at_least(&self, word: &str) -> u64 {
        self.parts.iter().filter_map(|part| part.count(word)).max().unwrap_or(0)
    }

    /// The smallest of the counts under a word.
    pub(crate) fn at_most(&self, word: &str) -> Option<u64> {
        self.parts.iter().filter_map(|part| part.count(word)).min()
    }

    /// Whether no string has such a length.
    pub(crate) fn lengths_are_apart(&self) -> bool {
        self.at_most("maxLength").is_some_and(|most| most < self.at_least("minLength"))
    }

    /// Whether one of the schemas says exactly this.
    pub(crate) fn says(&self, word: &str, said: &Value) -> bool {
        self.parts.iter().any(|part| part.get(word) == Some(said))
    }
}

impl<'a> Prover<'a> {
    /// Whether a word that speaks of numbers holds.
    pub(crate) fn of_number(
        &mut self,
        view: &View<'a>,
        sup: Place<'a>,
        (word, said): (&'static str, &'a Value),
    ) -> bool {
        let holds = match word {
            "minimum" => bounded(view, said, (Ordering::Greater, false)),
            "exclusiveMinimum" => bounded(view, said, (Ordering::Greater, true)),
            "maximum" => bounded(view, said, (Ordering::Less, false)),
            "exclusiveMaximum" => bounded(view, said, (Ordering::Less, true)),
            _ => view.says(word, said) || is_multiple(view, said),
        };
        holds || self.gap(sup, Some(word), format!("numbers beyond `{said}` are not excluded"))
    }

    /// Whether a word that speaks of strings holds.
    pub(crate) fn of_string(
        &mut self,
        view: &View<'a>,
        sup: Place<'a>,
        (word, said): (&'static str, &'a Value),
    ) -> bool {
        let count = super::doc::count(said);
        let holds = match word {
            "minLength" => count.is_some_and(|count| count <= view.at_least(word)),
            "maxLength" => count.is_some_and(|count| view.at_most(word).is_some_and(|most| most <= count)),
            _ => view.says(word, said),
        };
        holds || self.gap(sup, Some(word), format!("strings that `{said}` refuses are not excluded"))
    }
}

fn bounded(view: &View<'_>, said: &Value, (closer, open): (Ordering, bool)) -> bool {
    let (Some(at), Some(bound)) = (Exact::of(said), view.bound(closer)) else { return false };
    let wanted = view.tightened(Bound { at, open }, closer);
    match bound.at.order(wanted.at) {
        Some(Ordering::Equal) => bound.open || !wanted.open,
        order => order == Some(closer),
    }
}

fn is_multiple(view: &View<'_>, said: &Value) -> bool {
    let Some(step) = Exact::of(said).and_then(Exact::whole).filter(|step| *step > 0) else { return false };
    if step == 1 && !view.types.meets(Types::FRACTION) {
        return true;
    }
    let steps = view.parts.iter().filter_map(|part| Exact::of(part.get("multipleOf")?)?.whole());
    steps.into_iter().any(|known| known % step == 0)
}
