//! Words that speak of arrays.

use serde_json::Value;

use super::doc::Place;
use super::prove::{Prover, Step};
use super::value::Types;
use super::view::View;
use crate::checked::Dialect;

/// Items that a schema lists one by one.
const LISTED_MAX: usize = 256;

/// The schemas of the first items, and the word and schema of those after them.
fn items(place: Place<'_>) -> (Vec<Place<'_>>, Option<(&'static str, Place<'_>)>) {
    let rest = |word: &'static str| place.below(word).map(|schema| (word, schema));
    match (place.dialect(), place.get("items")) {
        (Dialect::Draft07, Some(Value::Array(_))) => (place.list("items"), rest("additionalItems")),
        (Dialect::Draft07, _) => (Vec::new(), rest("items")),
        (Dialect::Draft2020, Some(_)) => (place.list("prefixItems"), rest("items")),
        (Dialect::Draft2020, None) => {
            let others =
                ["$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "if", "dependentSchemas", "contains"];
            let alone = others.iter().all(|word| place.get(word).is_none());
            (place.list("prefixItems"), rest("unevaluatedItems").filter(|_| alone))
        }
    }
}

impl<'a> View<'a> {
    /// What is known of the item at an index.
    fn item(&self, index: usize) -> View<'a> {
        let known = self.parts.iter().filter_map(|part| {
            let (first, rest) = items(*part);
            first.get(index).copied().or(rest.map(|(_, schema)| schema))
        });
        View::of(&known.collect::<Vec<_>>(), Types::ALL)
    }

    /// How many items are listed one by one.
    fn listed(&self) -> usize {
        self.parts.iter().map(|part| items(*part).0.len()).max().unwrap_or(0).min(LISTED_MAX)
    }

    fn items_at_least(&self) -> u64 {
        let contained = self.parts.iter().map(|part| least_contained(*part)).max().unwrap_or(0);
        self.at_least("minItems").max(contained)
    }

    /// How many items there are at most; an item that cannot be ends the array.
    fn items_at_most(&self) -> Option<u64> {
        let listed = self.listed();
        let ended =
            (0..=listed).find(|index| self.item(*index).never).and_then(|end| u64::try_from(end).ok());
        self.at_most("maxItems").into_iter().chain(ended).min()
    }
}

fn least_contained(place: Place<'_>) -> u64 {
    match place.get("contains") {
        None => 0,
        Some(_) if place.dialect() == Dialect::Draft07 => 1,
        Some(_) => place.count("minContains").unwrap_or(1),
    }
}

fn most_contained(place: Place<'_>) -> Option<u64> {
    place.count("maxContains").filter(|_| place.dialect() == Dialect::Draft2020)
}

impl<'a> Prover<'a> {
    /// Whether a word that speaks of arrays holds.
    pub(crate) fn of_array(
        &mut self,
        view: &View<'a>,
        sup: Place<'a>,
        (word, said): (&'static str, &'a Value),
    ) -> bool {
        let count = super::doc::count(said);
        let holds = match word {
            "minItems" => count.is_some_and(|count| count <= view.items_at_least()),
            "maxItems" => count.is_some_and(|count| view.items_at_most().is_some_and(|most| most <= count)),
            "uniqueItems" => {
                said == &Value::Bool(false)
                    || (said == &Value::Bool(true)
                        && (view.says(word, said) || view.items_at_most().is_some_and(|most| most <= 1)))
            }
            "prefixItems" | "items" | "additionalItems" => return self.items(view, sup, word),
            "contains" => return self.contains(view, sup, sup.at(said)),
            "minContains" | "maxContains" => {
                sup.get("contains").is_none() || sup.dialect() == Dialect::Draft2020
            }
            _ => {
                let rest = sup.at(said);
                let (first, others) = items(sup);
                rest.takes_all()
                    || others.is_some_and(|(word, _)| word == "items")
                    || self.unevaluated_items(view, rest, first.len())
            }
        };
        holds || self.gap(sup, Some(word), format!("arrays that `{word}` refuses are not excluded"))
    }

    fn items(&mut self, view: &View<'a>, sup: Place<'a>, word: &'static str) -> bool {
        let (first, rest) = items(sup);
        let most = view.items_at_most();
        let within = |index: usize| most.is_none_or(|most| u64::try_from(index).is_ok_and(|n| n < most));
        if first.len() > LISTED_MAX {
            return self.gap(sup, Some(word), format!("more than {LISTED_MAX} items are listed"));
        }
        let listing = if sup.dialect() == Dialect::Draft07 { "items" } else { "prefixItems" };
        if word == listing && sup.get(word).is_some_and(Value::is_array) {
            let mut holds = true;
            for (index, schema) in first.iter().enumerate().filter(|(index, _)| within(*index)) {
                holds &= self.holds_at(Step::Item(index), &view.item(index), *schema);
            }
            return holds;
        }
        match rest {
            Some((known, schema)) if known == word && !schema.value.is_array() => {
                // The index after all that are listed stands for the rest.
                let end = view.listed().max(first.len());
                let mut holds = true;
                for index in (first.len()..=end).filter(|index| within(*index)) {
                    holds &= self.holds_at(Step::Item(index), &view.item(index), schema);
                }
                holds
            }
            // Without a list under `items`, `additionalItems` says nothing.
            _ if word == "additionalItems" && sup.dialect() == Dialect::Draft07 => true,
            _ => self.gap(sup, Some(word), "the dialect does not know this".to_owned()),
        }
    }

    /// Every item but the first ones is taken, whether something else speaks of it or not.
    fn unevaluated_items(&mut self, view: &View<'a>, rest: Place<'a>, first: usize) -> bool {
        let most = view.items_at_most();
        let within = |index: usize| most.is_none_or(|most| u64::try_from(index).is_ok_and(|n| n < most));
        (first..=view.listed().max(first)).filter(|index| within(*index)).all(|index| {
            let item = view.item(index);
            self.holds_at(Step::Item(index), &item, rest)
        })
    }

    fn contains(&mut self, view: &View<'a>, sup: Place<'a>, wanted: Place<'a>) -> bool {
        let (least, most) = (least_contained(sup), most_contained(sup));
        let enough = least == 0 || self.contains_at_least(view, wanted, least);
        let few = most.is_none_or(|most| self.contains_at_most(view, wanted, most));
        if enough && few {
            return true;
        }
        self.gap(sup, Some("contains"), "arrays with too few or too many such items may occur".to_owned())
    }

    fn contains_at_least(&mut self, view: &View<'a>, wanted: Place<'a>, least: u64) -> bool {
        for part in view.parts.clone() {
            let Some(known) = part.below("contains").filter(|_| least_contained(part) >= least) else {
                continue;
            };
            // The rest of what is known about the items helps only if it is the same for all.
            let item =
                if view.listed() == 0 { view.item(0).with(&[known]) } else { View::of(&[known], Types::ALL) };
            if self.quietly(|prover| prover.holds_at(Step::Item(0), &item, wanted)) {
                return true;
            }
        }
        let listed = view.listed();
        view.items_at_least() >= least
            && (0..=listed).all(|index| {
                let item = view.item(index);
                self.quietly(|prover| prover.holds_at(Step::Item(index), &item, wanted))
            })
    }

    fn contains_at_most(&mut self, view: &View<'a>, wanted: Place<'a>, most: u64) -> bool {
        if view.items_at_most().is_some_and(|count| count <= most) {
            return true;
        }
        let parts = view.parts.clone();
        parts.into_iter().any(|part| {
            let bounded = most_contained(part).is_some_and(|known| known <= most);
            part.below("contains").filter(|_| bounded).is_some_and(|known| {
                let item = View::of(&[wanted], Types::ALL);
                self.quietly(|prover| prover.holds_at(Step::Item(0), &item, known))
            })
        })
    }

    /// Whether it is certain that no array is taken.
    pub(crate) fn arrays_are_apart(&mut self, view: &View<'a>) -> bool {
        let least = view.items_at_least();
        if view.items_at_most().is_some_and(|most| most < least) {
            return true;
        }
        (0..view.listed().max(1)).any(|index| {
            let needed = u64::try_from(index).is_ok_and(|index| index < least);
            needed && self.never(&view.item(index))
        })
    }
}
