//! Whether a value is valid under a schema, three-valued: what is not certain is not decided.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::doc::Place;
use super::value::{Exact, Types, all, any, equal};
use crate::checked::Dialect;
use crate::schema::Pattern;

/// Schemas within each other, for one value.
const DEPTH_MAX: usize = 48;
/// Places that are looked at for one value.
const STEPS_MAX: usize = 4000;

/// Regular expressions, each compiled once; none for one that cannot be.
#[derive(Debug, Default)]
pub(crate) struct Patterns(BTreeMap<String, Option<Pattern>>);

impl Patterns {
    /// Whether the pattern matches anywhere in the text; none if it cannot be compiled.
    pub(crate) fn matches(&mut self, pattern: &str, text: &str) -> Option<bool> {
        if let Some(known) = self.0.get(pattern) {
            return known.as_ref().map(|known| known.is_match(text));
        }
        let compiled = Pattern::compile(pattern).ok();
        let matches = compiled.as_ref().map(|compiled| compiled.is_match(text));
        self.0.insert(pattern.to_owned(), compiled);
        matches
    }
}

/// Whether the value is valid at the place; none if that is not certain.
pub(crate) fn valid(place: Place<'_>, value: &Value, patterns: &mut Patterns) -> Option<bool> {
    Evaluation { patterns, steps: 0 }.valid(place, value, 0)
}

struct Evaluation<'p> {
    patterns: &'p mut Patterns,
    steps: usize,
}

impl Evaluation<'_> {
    fn valid(&mut self, place: Place<'_>, value: &Value, depth: usize) -> Option<bool> {
        self.steps += 1;
        if depth > DEPTH_MAX || self.steps > STEPS_MAX {
            return None;
        }
        match place.value {
            Value::Bool(takes) => Some(*takes),
            Value::Object(_) => {
                let words: Vec<_> = place.words().collect();
                all(words.into_iter().map(|(word, said)| self.word(place, (word, said), value, depth + 1)))
            }
            _ => None,
        }
    }

    fn word(
        &mut self,
        place: Place<'_>,
        (word, said): (&str, &Value),
        value: &Value,
        depth: usize,
    ) -> Option<bool> {
        match word {
            "$ref" => self.valid(place.target()?, value, depth),
            "type" => Some(Types::of(value).within(Types::declared(said)?)),
            "const" => equal(said, value),
            "enum" => any(said.as_array()?.iter().map(|listed| equal(listed, value))),
            "allOf" => all(place.list(word).into_iter().map(|branch| self.valid(branch, value, depth))),
            "anyOf" => any(place.list(word).into_iter().map(|branch| self.valid(branch, value, depth))),
            "oneOf" => {
                let verdicts = place.list(word).into_iter().map(|branch| self.valid(branch, value, depth));
                one(verdicts.collect())
            }
            "not" => self.valid(place.at(said), value, depth).map(|holds| !holds),
            "if" => {
                let then = |evaluation: &mut Self, word| match place.below(word) {
                    Some(branch) => evaluation.valid(branch, value, depth),
                    None => Some(true),
                };
                match self.valid(place.at(said), value, depth) {
                    Some(true) => then(self, "then"),
                    Some(false) => then(self, "else"),
                    None => all([then(self, "then"), then(self, "else")]).filter(|holds| *holds),
                }
            }
            "then" | "else" => Some(true),
            "$dynamicRef" | "$recursiveRef" => None,
            _ => match value {
                Value::Number(_) => number(word, said, value),
                Value::String(text) => self.text(word, said, text),
                Value::Array(items) => self.array(place, (word, said), items, depth),
                Value::Object(members) => self.object(place, (word, said), members, depth),
                Value::Null | Value::Bool(_) => Some(true),
            },
        }
    }

    fn text(&mut self, word: &str, said: &Value, text: &str) -> Option<bool> {
        let length = || u64::try_from(text.chars().count()).ok();
        match word {
            "minLength" => Some(length()? >= super::doc::count(said)?),
            "maxLength" => Some(length()? <= super::doc::count(said)?),
            "pattern" => self.patterns.matches(said.as_str()?, text),
            _ => Some(true),
        }
    }

    fn array(
        &mut self,
        place: Place<'_>,
        (word, said): (&str, &Value),
        items: &[Value],
        depth: usize,
    ) -> Option<bool> {
        let length = u64::try_from(items.len()).ok()?;
        match word {
            "minItems" => Some(length >= super::doc::count(said)?),
            "maxItems" => Some(length <= super::doc::count(said)?),
            "uniqueItems" if said == &Value::Bool(true) => {
                let pairs = items.iter().enumerate();
                all(pairs.flat_map(|(n, a)| items.iter().skip(n + 1).map(|b| equal(a, b).map(|e| !e))))
            }
            "prefixItems" | "items" | "additionalItems" => {
                let known = |word: &str| place.get(word).and_then(Value::as_array).map_or(0, Vec::len);
                match (word, place.dialect(), said) {
                    ("prefixItems", Dialect::Draft07, _) | ("additionalItems", Dialect::Draft2020, _) => None,
                    ("prefixItems", _, Value::Array(_)) | ("items", Dialect::Draft07, Value::Array(_)) => {
                        let schemas = place.list(word);
                        all(schemas.into_iter().zip(items).map(|(s, item)| self.valid(s, item, depth)))
                    }
                    ("additionalItems", _, _) if !place.get("items").is_some_and(Value::is_array) => {
                        Some(true)
                    }
                    (_, _, schema) => {
                        let word = if word == "items" { "prefixItems" } else { "items" };
                        let rest = items.iter().skip(known(word));
                        all(rest.map(|item| self.valid(place.at(schema), item, depth)))
                    }
                }
            }
            "contains" => {
                let verdicts: Vec<_> =
                    items.iter().map(|item| self.valid(place.at(said), item, depth)).collect();
                let bounded = place.dialect() == Dialect::Draft2020;
                let least = place.count("minContains").filter(|_| bounded).unwrap_or(1);
                let most = place.count("maxContains").filter(|_| bounded);
                within(&verdicts, least, most)
            }
            "minContains" | "maxContains" if place.dialect() == Dialect::Draft2020 => Some(true),
            "unevaluatedItems" | "minContains" | "maxContains" => None,
            _ => Some(true),
        }
    }

    fn object(
        &mut self,
        place: Place<'_>,
        (word, said): (&str, &Value),
        members: &Map<String, Value>,
        depth: usize,
    ) -> Option<bool> {
        let length = u64::try_from(members.len()).ok()?;
        match word {
            "minProperties" => Some(length >= super::doc::count(said)?),
            "maxProperties" => Some(length <= super::doc::count(said)?),
            "required" => {
                said.as_array()?;
                Some(place.names(word).all(|name| members.contains_key(name)))
            }
            "properties" => {
                let listed = said.as_object()?.iter().filter_map(|(key, s)| Some((s, members.get(key)?)));
                all(listed.map(|(schema, member)| self.valid(place.at(schema), member, depth)))
            }
            "patternProperties" => {
                let patterns = said.as_object()?.iter();
                let pairs = patterns.flat_map(|pattern| members.iter().map(move |member| (pattern, member)));
                all(pairs.map(|((pattern, schema), (key, member))| {
                    match self.patterns.matches(pattern, key) {
                        Some(false) => Some(true),
                        Some(true) => self.valid(place.at(schema), member, depth),
                        None => self.valid(place.at(schema), member, depth).filter(|holds| *holds),
                    }
                }))
            }
            "additionalProperties" => all(members.iter().map(|(key, member)| {
                let listed = place.members("properties").is_some_and(|listed| listed.contains_key(key));
                let patterns = place.members("patternProperties").into_iter().flatten();
                match any(patterns.map(|(pattern, _)| self.patterns.matches(pattern, key))) {
                    _ if listed => Some(true),
                    Some(true) => Some(true),
                    Some(false) => self.valid(place.at(said), member, depth),
                    None => self.valid(place.at(said), member, depth).filter(|holds| *holds),
                }
            })),
            "propertyNames" => {
                let keys = members.keys().map(|key| Value::String(key.clone()));
                all(keys.map(|key| self.valid(place.at(said), &key, depth)))
            }
            "dependentRequired" | "dependentSchemas" | "dependencies" => {
                if word != "dependencies" && place.dialect() == Dialect::Draft07 {
                    return None;
                }
                let present = said.as_object()?.iter().filter(|(key, _)| members.contains_key(*key));
                all(present.map(|(_, needed)| match needed {
                    Value::Array(names) => {
                        Some(names.iter().filter_map(Value::as_str).all(|name| members.contains_key(name)))
                    }
                    schema => self.valid(place.at(schema), &Value::Object(members.clone()), depth),
                }))
            }
            "unevaluatedProperties" => None,
            _ => Some(true),
        }
    }
}

fn number(word: &str, said: &Value, value: &Value) -> Option<bool> {
    let order = || Exact::of(value)?.order(Exact::of(said)?);
    match word {
        "minimum" => Some(order()? != Ordering::Less),
        "maximum" => Some(order()? != Ordering::Greater),
        "exclusiveMinimum" => Some(order()? == Ordering::Greater),
        "exclusiveMaximum" => Some(order()? == Ordering::Less),
        "multipleOf" => {
            let (value, step) = (Exact::of(value)?.whole()?, Exact::of(said)?.whole()?);
            value.checked_rem(step).map(|rest| rest == 0)
        }
        _ => Some(true),
    }
}

/// Whether exactly one holds.
fn one(verdicts: Vec<Option<bool>>) -> Option<bool> {
    match verdicts.iter().filter(|verdict| **verdict == Some(true)).count() {
        0 | 1 if verdicts.contains(&None) => None,
        holding => Some(holding == 1),
    }
}

/// Whether as many hold as must and may.
fn within(verdicts: &[Option<bool>], least: u64, most: Option<u64>) -> Option<bool> {
    let count = |verdict| verdicts.iter().filter(|v| **v == verdict).count();
    let certain = u64::try_from(count(Some(true))).ok()?;
    let possible = certain.checked_add(u64::try_from(count(None)).ok()?)?;
    if possible < least || most.is_some_and(|most| certain > most) {
        return Some(false);
    }
    (certain >= least && most.is_none_or(|most| possible <= most)).then_some(true)
}
