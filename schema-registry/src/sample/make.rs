//! Documents that schemas likely take.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::part::{Part, Source, of_item, of_member};
use super::text::text;
use crate::inclusion::Types;

/// Objects and arrays within each other in a document that is made.
const DEPTH_MAX: usize = 12;
/// Levels that are filled up with optional members.
const FILLED_DEPTH_MAX: usize = 5;
/// Members of a made object.
const MEMBERS_MAX: usize = 256;
/// Items of a made list.
pub(crate) const ITEMS_MAX: u64 = 128;
/// Schemas that are met together in one place.
const PARTS_MAX: usize = 64;
/// Values in one document.
const VALUES_MAX: usize = 4000;

/// How a document is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// With every member, not only those that are required.
    pub(crate) filled: bool,
    /// Which branch, type and listed value is taken, counted round.
    pub(crate) choice: usize,
}

/// Makes a document that the schemas likely take.
pub(crate) fn make(parts: &[Part<'_>], manner: Manner) -> Value {
    Making { manner, values: 0 }.value(parts, 0)
}

struct Making {
    manner: Manner,
    values: usize,
}

impl Making {
    fn value(&mut self, parts: &[Part<'_>], depth: usize) -> Value {
        self.values += 1;
        if depth > DEPTH_MAX || self.values > VALUES_MAX {
            return Value::Null;
        }
        let parts = all_of(parts, self.manner.choice, depth);
        if let Some(value) = listed(&parts, self.manner.choice) {
            return value;
        }
        let types = parts.iter().fold(Types::ALL, |types, part| types.and(types_of(*part)));
        let wanted = wanted(&parts, types, if depth > FILLED_DEPTH_MAX { 0 } else { self.manner.choice });
        match wanted {
            Types::OBJECT => self.object(parts, depth),
            Types::ARRAY => self.array(&parts, depth),
            Types::WHOLE | Types::FRACTION => number(&parts, wanted == Types::FRACTION),
            Types::BOOLEAN => json!(true),
            Types::STRING => json!(text(&parts, self.manner.choice)),
            _ => Value::Null,
        }
    }

    fn object(&mut self, mut parts: Vec<Part<'_>>, depth: usize) -> Value {
        let filled = self.manner.filled && depth < FILLED_DEPTH_MAX;
        let (names, more) = names(&parts, filled);
        parts.extend(all_of(&more, self.manner.choice, depth));
        let names = names.into_iter().chain(parts.iter().flat_map(|part| part.names("required")));
        let names: BTreeSet<&str> = names.collect();
        let mut members = Map::new();
        for name in names.into_iter().take(MEMBERS_MAX) {
            let value = self.value(&of_member(&parts, name), depth + 1);
            members.insert(name.to_owned(), value);
        }
        let count = |word: &'static str| {
            parts.iter().filter_map(move |part| usize::try_from(part.get(word)?.as_u64()?).ok())
        };
        let least = count("minProperties").max().unwrap_or(0).min(MEMBERS_MAX);
        let optional =
            parts.iter().flat_map(|part| part.members("properties")).map(|(name, _)| name.to_owned());
        let patterned = parts.iter().flat_map(|part| part.members("patternProperties"));
        let patterned = patterned.map(|(pattern, _)| name_for(pattern));
        let keys: Vec<Part<'_>> = parts.iter().filter_map(|part| part.below("propertyNames")).collect();
        let made =
            (0..2).map(|choice| text(&all_of(&keys, choice, depth), choice)).filter(|_| !keys.is_empty());
        let invented = made.chain((0..least).map(|n| format!("k{n}"))).collect::<Vec<_>>();
        let wanted = usize::from(filled);
        for name in optional.chain(patterned).chain(invented) {
            if members.len() >= least.max(wanted) {
                break;
            }
            let schemas = of_member(&parts, &name);
            if !members.contains_key(&name) && !schemas.iter().any(|part| part.schema == &Value::Bool(false))
            {
                let value = self.value(&schemas, depth + 1);
                members.insert(name, value);
            }
        }
        Value::Object(members)
    }

    fn array(&mut self, parts: &[Part<'_>], depth: usize) -> Value {
        let count = |word: &str| parts.iter().filter_map(|part| part.get(word)?.as_u64()).max();
        let contained: Vec<Part<'_>> = parts.iter().filter_map(|part| part.below("contains")).collect();
        let contains = if contained.is_empty() { 0 } else { count("minContains").unwrap_or(1) };
        let filled = u64::from(self.manner.filled && depth < FILLED_DEPTH_MAX);
        let most = parts.iter().filter_map(|part| part.get("maxItems")?.as_u64()).min().unwrap_or(ITEMS_MAX);
        let least = count("minItems").unwrap_or(0).max(filled.min(most)).max(contains).min(ITEMS_MAX);
        let unique = parts.iter().any(|part| part.get("uniqueItems") == Some(&Value::Bool(true)));
        let mut items: Vec<Value> = Vec::new();
        for index in 0..least {
            let mut of = of_item(parts, usize::try_from(index).unwrap_or(usize::MAX));
            if index < contains {
                of.extend(&contained);
            }
            let manner = self.manner;
            let mut item = self.value(&of, depth + 1);
            for choice in 1..8 {
                if !unique || !items.contains(&item) {
                    break;
                }
                self.manner.choice = manner.choice + choice;
                item = self.value(&of, depth + 1);
            }
            self.manner = manner;
            if unique && items.contains(&item) {
                item = distinct(&item, index);
            }
            items.push(item);
        }
        Value::Array(items)
    }
}

/// The same kind of value, but another one.
fn distinct(item: &Value, index: u64) -> Value {
    match item {
        Value::String(text) => json!(format!("{text}{index}")),
        Value::Number(number) => {
            number.as_i64().map_or(json!(index), |n| json!(n.saturating_add_unsigned(index)))
        }
        _ => json!(index),
    }
}

/// The names of an object, and the schemas that hold because of them.
fn names<'a>(parts: &[Part<'a>], filled: bool) -> (BTreeSet<&'a str>, Vec<Part<'a>>) {
    let mut names: BTreeSet<&str> = parts.iter().flat_map(|part| part.names("required")).collect();
    if filled {
        let optional = parts.iter().flat_map(|part| part.members("properties"));
        names.extend(optional.filter(|(_, part)| part.schema != &Value::Bool(false)).map(|(name, _)| name));
    }
    let mut more = Vec::new();
    for word in ["dependentRequired", "dependentSchemas", "dependencies"] {
        for (key, needed) in parts.iter().flat_map(|part| part.members(word)) {
            if names.contains(key) {
                names.extend(needed.schema.as_array().into_iter().flatten().filter_map(Value::as_str));
                more.extend(Some(needed).filter(|needed| !needed.schema.is_array()));
            }
        }
    }
    (names, more)
}

fn types_of(part: Part<'_>) -> Types {
    part.get("type").and_then(Types::declared).unwrap_or(Types::ALL)
}

/// The type of the value to make.
fn wanted(parts: &[Part<'_>], types: Types, choice: usize) -> Types {
    let has = |words: &[&str]| words.iter().any(|word| parts.iter().any(|part| part.has(word)));
    if types == Types::ALL {
        return if has(&[
            "properties",
            "required",
            "patternProperties",
            "additionalProperties",
            "minProperties",
        ]) {
            Types::OBJECT
        } else if has(&["items", "prefixItems", "minItems", "contains"]) {
            Types::ARRAY
        } else if has(&["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]) {
            Types::WHOLE
        } else {
            Types::STRING
        };
    }
    // What has members is told apart best, null least.
    let order = [
        Types::OBJECT,
        Types::ARRAY,
        Types::STRING,
        Types::WHOLE,
        Types::FRACTION,
        Types::BOOLEAN,
        Types::NULL,
    ];
    let left: Vec<Types> = order.into_iter().filter(|one| types.meets(*one)).collect();
    round(&left, choice).copied().unwrap_or(Types::NULL)
}

/// A value that every list of values has.
fn listed(parts: &[Part<'_>], choice: usize) -> Option<Value> {
    if let Some(value) = parts.iter().find_map(|part| part.get("const")) {
        return Some(value.clone());
    }
    let lists: Vec<&Vec<Value>> = parts.iter().filter_map(|part| part.get("enum")?.as_array()).collect();
    let types = parts.iter().fold(Types::ALL, |types, part| types.and(types_of(*part)));
    let (first, rest) = lists.split_first()?;
    let shared =
        |value: &&Value| rest.iter().all(|list| list.contains(value)) && Types::of(value).within(types);
    let left: Vec<&Value> = first.iter().filter(shared).collect();
    round(&left, choice).map(|value| (*value).clone())
}

/// The schemas that a document must meet together, one branch of each choice.
pub(crate) fn all_of<'a>(parts: &[Part<'a>], choice: usize, depth: usize) -> Vec<Part<'a>> {
    let mut all: Vec<Part<'a>> = Vec::new();
    let (mut open, mut choices) = (parts.to_vec(), Vec::new());
    loop {
        while let Some(part) = open.pop() {
            if all.len() >= PARTS_MAX || all.iter().any(|known| known.is(part)) {
                continue;
            }
            all.push(part);
            open.extend(part.target());
            open.extend(part.list("allOf"));
            choices
                .extend(["anyOf", "oneOf"].map(|word| part.list(word)).into_iter().filter(|l| !l.is_empty()));
            if let Some(condition) = part.below("if") {
                let (met, word) = if choice.is_multiple_of(2) { (true, "then") } else { (false, "else") };
                open.extend(part.below(word));
                open.extend(Some(condition).filter(|_| met && part.has("then")));
            }
        }
        let Some(branches) = choices.pop() else { return all };
        open.extend(branch(&branches, &all, if depth > FILLED_DEPTH_MAX { None } else { Some(choice) }));
    }
}

/// A branch that fits what holds already, counted round; without a choice the one that is least to make.
fn branch<'a>(branches: &[Part<'a>], all: &[Part<'a>], choice: Option<usize>) -> Option<Part<'a>> {
    let types = all.iter().fold(Types::ALL, |types, part| types.and(types_of(*part)));
    let resolved = |part: &Part<'a>| part.target().unwrap_or(*part);
    let fits = |part: &&Part<'a>| types_of(resolved(part)).meets(types) && tags_fit(resolved(part), all);
    let left: Vec<Part<'a>> = branches.iter().filter(fits).copied().collect();
    let left = if left.is_empty() { branches } else { &left };
    match choice {
        Some(choice) => round(left, choice).copied(),
        None => {
            left.iter().min_by_key(|part| (part.has("$ref"), types_of(**part).meets(Types::OBJECT))).copied()
        }
    }
}

/// Whether the constants of a branch's members are among those that hold already.
fn tags_fit(branch: Part<'_>, all: &[Part<'_>]) -> bool {
    let tag = |part: Part<'_>| listed(&[part], 0);
    branch.members("properties").all(|(name, part)| {
        let Some(value) = tag(part) else { return true };
        let others = all.iter().filter_map(|other| other.below("properties")?.below(name));
        others.into_iter().all(|other| {
            match (other.get("const"), other.get("enum").and_then(Value::as_array)) {
                (Some(known), _) => known == &value || part.get("enum").is_some(),
                (None, Some(list)) => list.contains(&value) || part.get("enum").is_some(),
                (None, None) => true,
            }
        })
    })
}

/// The item at an index, counted round.
pub(crate) fn round<T>(list: &[T], choice: usize) -> Option<&T> {
    list.get(choice.checked_rem(list.len())?)
}

/// A number within the bounds.
fn number(parts: &[Part<'_>], fraction: bool) -> Value {
    let of = |word: &'static str| parts.iter().filter_map(move |part| part.get(word)?.as_f64());
    let step = of("multipleOf").next().filter(|step| *step > 0.0);
    let mut tried: Vec<Value> = vec![if fraction { json!(0.5) } else { json!(0) }, json!(1)];
    tried.extend(parts.iter().flat_map(|part| super::vary::numbers(*part)));
    for bound in
        of("minimum").chain(of("exclusiveMinimum")).chain(of("maximum")).chain(of("exclusiveMaximum"))
    {
        tried.push(json!(bound + 0.5));
        tried.push(json!(bound - 0.5));
        if let Some(step) = step {
            let near = (bound / step).round();
            tried.extend([near - 1.0, near, near + 1.0].map(|n| whole(n * step)));
        }
    }
    let fits = |value: &Value| {
        let Some(value) = value.as_f64() else { return false };
        of("minimum").all(|bound| value >= bound)
            && of("maximum").all(|bound| value <= bound)
            && of("exclusiveMinimum").all(|bound| value > bound)
            && of("exclusiveMaximum").all(|bound| value < bound)
            && of("multipleOf").all(|step| (value / step).fract().abs() < f64::EPSILON)
            && (fraction || value.fract() == 0.0)
    };
    tried.iter().find(|value| fits(value)).or(tried.first()).cloned().unwrap_or_default()
}

/// The number, without a fraction of zero.
fn whole(number: f64) -> Value {
    let text = format!("{number}");
    text.parse::<i64>().map_or(json!(number), |whole| json!(whole))
}

/// A name that a pattern likely matches.
pub(crate) fn name_for(pattern: &str) -> String {
    let schema = json!({ "pattern": pattern });
    text(&[Source::new(&schema).root()], 0)
}
