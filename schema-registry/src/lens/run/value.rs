//! Values that are put in the place of others: defaults, tables, fractions, arrays of one.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Failure, Fate, Runner, place};
use crate::json::decimal::{DECIMAL_DIGITS_MAX, Decimal, Rounding};
use crate::json::pointer::Pointer;
use crate::json::tree::Node;
use crate::lens::op::{Otherwise, Pick, Round, Table};

/// A value that the lens gives.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Given {
    node: Node,
    /// The bytes of its text.
    weight: usize,
}

impl Given {
    pub(super) fn of(value: &Value) -> Given {
        let node = Node::from_value(value);
        let weight = node.to_text().len();
        Given { node, weight }
    }
}

/// A table that is ready to be looked into.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lookup {
    /// What stands in the place of strings.
    texts: BTreeMap<String, Given>,
    /// What stands in the place of other values.
    others: Vec<(Node, Given)>,
    otherwise: Rest,
}

/// What becomes of values that a table does not list.
#[derive(Clone, Debug, PartialEq)]
enum Rest {
    Fails,
    Stays,
    Becomes(Given),
}

impl Lookup {
    pub(super) fn of(table: &Table, otherwise: &Otherwise) -> Lookup {
        let otherwise = match otherwise {
            Otherwise::Fail => Rest::Fails,
            Otherwise::Keep => Rest::Stays,
            Otherwise::Value(value) => Rest::Becomes(Given::of(value)),
        };
        let mut lookup = Lookup { texts: BTreeMap::new(), others: Vec::new(), otherwise };
        for (from, to) in table.pairs() {
            match from {
                Value::String(text) => drop(lookup.texts.insert(text.clone(), Given::of(to))),
                other => lookup.others.push((Node::from_value(other), Given::of(to))),
            }
        }
        lookup
    }

    /// How many comparisons a look takes at most, beside the one that every action takes.
    fn comparisons(&self, value: &Node) -> usize {
        if matches!(value, Node::Text(_)) { 0 } else { self.others.len() }
    }

    fn get(&self, value: &Node) -> Option<&Given> {
        match value {
            Node::Text(text) => self.texts.get(text),
            other => self.others.iter().find(|(from, _)| from.same(other)).map(|(_, to)| to),
        }
    }
}

/// What a number is multiplied by, and how the result is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fraction {
    pub(super) num: i64,
    pub(super) den: i64,
    pub(super) round: Round,
    /// Whether the result must have no fraction.
    pub(super) whole: bool,
}

impl Fraction {
    /// The number times this fraction, as its lexeme.
    fn times(self, lexeme: &str) -> Result<String, String> {
        let long = || format!("has more than {DECIMAL_DIGITS_MAX} digits, over the limit to compute with");
        let number = Decimal::parse(lexeme).ok_or_else(long)?;
        let scaled = number.times(self.num, self.den);
        let rounding = match self.round {
            Round::HalfEven => Rounding::HalfEven,
            Round::Down => Rounding::Down,
            Round::Up => Rounding::Up,
            Round::Fail => {
                let what = if self.whole { "no integer" } else { "no decimal number that ends" };
                let message = || format!("times {}/{} is {what}", self.num, self.den);
                return scaled.exact(self.whole).map(|n| n.to_string()).ok_or_else(message);
            }
        };
        scaled.rounded(self.whole, rounding).map(|n| n.to_string()).ok_or_else(long)
    }
}

/// What of a value a message shows.
pub(super) fn shown(value: &Node) -> String {
    let text = value.to_text();
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

impl Runner<'_> {
    /// A value that the lens gives, counted and no deeper than may be.
    pub(super) fn given(&mut self, at: &Pointer, value: &Given, level: usize) -> Result<Node, Failure> {
        self.give(at, value.weight)?;
        self.fits(at, &value.node, level)?;
        Ok(value.node.clone())
    }

    pub(super) fn translate(
        &mut self,
        at: &Pointer,
        table: &Lookup,
        scope: &mut Node,
        level: usize,
    ) -> Result<(), Failure> {
        let Some(value) = place::find(scope, at) else { return Ok(()) };
        self.count(table.comparisons(value))?;
        let given = match (table.get(value), &table.otherwise) {
            (Some(given), _) | (None, Rest::Becomes(given)) => given,
            (None, Rest::Stays) => return Ok(()),
            (None, Rest::Fails) => {
                return Err(Failure::new(at, format!("the table has no entry for `{}`", shown(value))));
            }
        };
        *value = self.given(at, given, level)?;
        Ok(())
    }

    pub(super) fn scale(&mut self, at: &Pointer, by: Fraction, scope: &mut Node) -> Result<(), Failure> {
        let Some(value) = place::find(scope, at) else { return Ok(()) };
        match value {
            Node::Null => Ok(()),
            Node::Number(lexeme) => {
                let result = by.times(lexeme).map_err(|why| {
                    let shown: String = lexeme.chars().take(80).collect();
                    Failure::new(at, format!("`{shown}` {why}"))
                })?;
                self.give(at, result.len().saturating_sub(lexeme.len()))?;
                *lexeme = result;
                Ok(())
            }
            other => Err(Failure::new(at, format!("must be a number, is {}", other.type_name()))),
        }
    }

    pub(super) fn fill(
        &mut self,
        at: &Pointer,
        value: &Given,
        absent: bool,
        scope: &mut Node,
        level: usize,
    ) -> Result<(), Failure> {
        match place::find(scope, at) {
            Some(null @ Node::Null) => *null = self.given(at, value, level)?,
            Some(_) => {}
            None if absent => self.insert(at, value, scope, level)?,
            None => {}
        }
        Ok(())
    }

    pub(super) fn wrap(&mut self, at: &Pointer, scope: &mut Node, level: usize) -> Result<(), Failure> {
        let Some(value) = place::find(scope, at) else { return Ok(()) };
        self.fits(at, value, level + 1)?;
        let inner = std::mem::replace(value, Node::Null);
        *value = Node::Array(vec![inner]);
        Ok(())
    }

    pub(super) fn pick(
        &mut self,
        at: &Pointer,
        pick: Pick,
        otherwise: Option<&Given>,
        scope: &mut Node,
        level: usize,
    ) -> Result<Fate, Failure> {
        let Some(value) = place::find(scope, at) else { return Ok(Fate::Stays) };
        let Node::Array(items) = value else {
            return Err(Failure::new(at, format!("must be an array, is {}", value.type_name())));
        };
        let picked = match pick {
            Pick::First if !items.is_empty() => Some(items.swap_remove(0)),
            Pick::First => None,
            Pick::Last => items.pop(),
        };
        let picked = match (picked, otherwise) {
            (Some(picked), _) => picked,
            (None, Some(given)) => self.given(at, given, level)?,
            (None, None) if at.tokens().is_empty() => return Ok(Fate::Goes),
            (None, None) => {
                drop(place::take(scope, at));
                return Ok(Fate::Stays);
            }
        };
        *value = picked;
        Ok(Fate::Stays)
    }
}
