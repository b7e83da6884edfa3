//! What a view takes at most, and whether it is certain that it takes nothing.

use serde_json::Value;

use super::eval;
use super::prove::{Prover, State};
use super::value::Types;
use super::view::View;

/// Views within each other that are looked at for a contradiction.
const NEVER_MAX: usize = 6;
/// Values that are checked one by one.
const VALUES_MAX: usize = 1024;

static NULL: Value = Value::Null;
static TRUE: Value = Value::Bool(true);
static FALSE: Value = Value::Bool(false);

impl<'a> Prover<'a> {
    /// The values that the view takes at most, if they are few.
    pub(crate) fn finite(&mut self, view: &View<'a>) -> Option<Vec<&'a Value>> {
        let listed = view.parts.iter().filter_map(|part| match (part.get("const"), part.get("enum")) {
            (Some(value), _) => Some(vec![value]),
            (None, Some(Value::Array(values))) => Some(values.iter().collect::<Vec<_>>()),
            _ => None,
        });
        let listed = view.fixed.map(|value| vec![value]).into_iter().chain(listed);
        let shortest = listed.min_by_key(Vec::len).filter(|values| values.len() <= VALUES_MAX);
        let plain = Types::NULL.or(Types::BOOLEAN);
        let values = match shortest {
            Some(values) => values,
            None if view.types.within(plain) => vec![&NULL, &FALSE, &TRUE],
            None => return None,
        };
        let mut left = values;
        left.retain(|value| Types::of(value).within(view.types));
        for part in &view.parts {
            left.retain(|value| eval::valid(*part, value, &mut self.patterns) != Some(false));
        }
        for refuted in &view.refuted {
            left.retain(|value| eval::valid(*refuted, value, &mut self.patterns) != Some(true));
        }
        Some(left)
    }

    /// Whether it is certain that the view takes nothing.
    pub(crate) fn never(&mut self, view: &View<'a>) -> bool {
        if view.never {
            return true;
        }
        let key = view.key();
        match self.known.get(&key) {
            Some(State::Proven) => return true,
            Some(_) => return false,
            None => {}
        }
        self.steps += 1;
        if self.never_depth >= NEVER_MAX || self.is_spent() {
            return false;
        }
        self.known.insert(key.clone(), State::Failed);
        self.never_depth += 1;
        let never = self.finite(view).is_some_and(|values| values.is_empty())
            || view.types.each().all(|types| self.never_of(&view.only(types)));
        self.never_depth -= 1;
        if never {
            self.proven.push(key.clone());
            self.known.insert(key, State::Proven);
        } else {
            // How deep it was looked at depends on where it was asked.
            self.known.remove(&key);
        }
        never
    }

    fn never_of(&mut self, view: &View<'a>) -> bool {
        let apart = match view.types {
            Types::WHOLE | Types::FRACTION => view.numbers_are_apart(),
            Types::STRING => view.lengths_are_apart(),
            Types::ARRAY => self.arrays_are_apart(view),
            Types::OBJECT => self.objects_are_apart(view),
            _ => false,
        };
        if view.never || apart {
            return true;
        }
        for refuted in view.refuted.clone() {
            let within = refuted.resolved().types().meets(view.types)
                && self.quietly(|prover| prover.holds(view, refuted));
            if within {
                return true;
            }
        }
        view.cases().is_some_and(|cases| cases.iter().all(|case| self.never(case)))
    }
}
