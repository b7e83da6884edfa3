//! A place of a schema as a proposal sees it: the schemas that hold there together, and those that may hold
//! one instead of the other.
//!
//! References are followed and `allOf` is taken apart, so a place is a list of schemas that all hold. Null
//! is kept apart from the other types: that a value may be null is a fact about the place, not a type of
//! its own. `not`, `if` and the dependent words are not looked at.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::compat::CompatError;
use crate::compat::source::{ANYTHING, Node, Source};

/// Schemas that hold at one place together; what lies beyond is not looked at.
const TOGETHER_MAX: usize = 64;
/// `allOf`, `oneOf` and references within each other at one place.
const FOLDED_MAX: usize = 16;
/// Branches at one place, those within others counted; what lies beyond is not looked at.
const PLACE_BRANCHES_MAX: usize = 512;

/// The JSON types, null aside.
const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];

/// What a schema says about one place.
#[derive(Clone, Debug)]
pub(super) struct Place<'a> {
    /// They all hold.
    pub(super) nodes: Vec<Node<'a>>,
    /// One of them holds; empty where there is no choice.
    pub(super) branches: Vec<Place<'a>>,
    /// Whether a value may be null.
    pub(super) null: bool,
    /// The other types a value may have.
    pub(super) types: BTreeSet<&'static str>,
}

impl<'a> Place<'a> {
    /// The place where all of these hold.
    pub(super) fn of(source: &Source<'a>, schemas: &[Node<'a>]) -> Result<Place<'a>, CompatError> {
        Place::folded(source, schemas, 0, &mut { PLACE_BRANCHES_MAX })
    }

    fn folded(
        source: &Source<'a>,
        schemas: &[Node<'a>],
        depth: usize,
        left: &mut usize,
    ) -> Result<Place<'a>, CompatError> {
        let mut nodes = Vec::new();
        for schema in schemas {
            together(source, schema, &mut nodes, depth)?;
        }
        let mut place = Place { nodes, branches: Vec::new(), null: true, types: TYPES.into() };
        for node in &place.nodes {
            place.null &= takes_null(node);
        }
        place.choose(source, depth, left)?;
        for node in &place.nodes {
            narrow(&mut place.types, &types_of(node));
        }
        if !place.branches.is_empty() {
            let all = place.branches.iter().flat_map(|branch| branch.types.iter().copied()).collect();
            narrow(&mut place.types, &all);
        }
        Ok(place)
    }

    /// Takes the choices apart: one that is only between a schema and null is no choice.
    fn choose(&mut self, source: &Source<'a>, depth: usize, left: &mut usize) -> Result<(), CompatError> {
        let choices = self.nodes.iter().flat_map(|node| [node.list("oneOf"), node.list("anyOf")]);
        let choices: Vec<Vec<Node<'a>>> = choices.filter(|list| !list.is_empty()).collect();
        if depth >= FOLDED_MAX {
            return Ok(());
        }
        for choice in choices {
            let mut places = Vec::new();
            for branch in &choice {
                let Some(fewer) = left.checked_sub(1) else { return Ok(()) };
                *left = fewer;
                places.push(Place::folded(source, std::slice::from_ref(branch), depth + 1, left)?);
            }
            self.null &= places.iter().any(|place| place.null);
            places.retain(|place| !place.types.is_empty());
            if places.len() == 1 {
                let only = places.remove(0);
                self.nodes.extend(only.nodes);
                places = only.branches;
            }
            if self.branches.is_empty() {
                self.branches = places;
            }
        }
        Ok(())
    }

    /// The place where a branch holds too.
    #[must_use]
    pub(super) fn with(&self, branch: &Place<'a>) -> Place<'a> {
        let mut types = self.types.clone();
        narrow(&mut types, &branch.types);
        let nodes = [self.nodes.as_slice(), &branch.nodes].concat();
        Place { nodes, branches: branch.branches.clone(), null: self.null && branch.null, types }
    }

    /// Whether a value is an object or null, always.
    pub(super) fn is_object(&self) -> bool {
        self.is_only("object")
    }

    /// Whether a value that is not null has this type.
    pub(super) fn is_only(&self, name: &str) -> bool {
        self.types.len() == 1 && self.types.contains(name)
    }

    /// The properties by key, each with the schemas that hold for it.
    pub(super) fn properties(&self) -> BTreeMap<&'a str, Vec<Node<'a>>> {
        let mut found: BTreeMap<&str, Vec<Node<'a>>> = BTreeMap::new();
        for node in &self.nodes {
            for (key, value) in node.members("properties").into_iter().flatten() {
                found.entry(key).or_default().push(node.at(&["properties", key], value));
            }
        }
        for key in self.required() {
            let anything = || Node { value: &ANYTHING, pointer: String::new(), only: None };
            found.entry(key).or_insert_with(|| vec![anything()]);
        }
        found.retain(|key, schemas| !self.forbids(key) && !schemas.iter().any(Node::is_false));
        found
    }

    /// Whether a key may not stand in an object here.
    fn forbids(&self, key: &str) -> bool {
        self.nodes.iter().any(|node| {
            let closed = node.get("additionalProperties") == Some(&Value::Bool(false));
            let named = node.members("properties").is_some_and(|members| members.contains_key(key));
            closed && !named && node.members("patternProperties").is_none()
        })
    }

    /// The keys that an object must have.
    pub(super) fn required(&self) -> BTreeSet<&'a str> {
        let lists = self.nodes.iter().filter_map(|node| node.get("required")?.as_array());
        lists.flatten().filter_map(Value::as_str).collect()
    }

    /// What holds for every element of an array, if one schema says it for all.
    pub(super) fn items(&self) -> Vec<Node<'a>> {
        if self.nodes.iter().any(|node| node.get("prefixItems").is_some()) {
            return Vec::new();
        }
        self.nodes.iter().filter_map(|node| node.below("items")).filter(is_schema).collect()
    }

    /// What holds for every value of an object, if it is a map: no key has a meaning of its own.
    pub(super) fn values(&self) -> Vec<Node<'a>> {
        let named =
            |node: &Node<'a>| ["properties", "patternProperties"].iter().any(|w| node.get(w).is_some());
        if self.nodes.iter().any(named) {
            return Vec::new();
        }
        self.nodes.iter().filter_map(|node| node.below("additionalProperties")).filter(is_schema).collect()
    }

    /// The values that are listed, if any are: those of `enum` and `const`, null aside.
    pub(super) fn listed(&self) -> Option<Vec<&'a Value>> {
        let lists = self.nodes.iter().filter_map(listed);
        let list = lists.reduce(|a, b| a.into_iter().filter(|value| b.contains(value)).collect())?;
        Some(list.into_iter().filter(|value| !value.is_null()).collect())
    }

    /// The first value under a word.
    pub(super) fn word(&self, word: &str) -> Option<&'a Value> {
        self.nodes.iter().find_map(|node| node.get(word))
    }

    /// The numbers under a word.
    pub(super) fn numbers(&self, word: &str) -> impl Iterator<Item = f64> {
        self.nodes.iter().filter_map(move |node| node.get(word)?.as_f64())
    }

    /// The largest count under a word; 0 if there is none.
    pub(super) fn count(&self, word: &str) -> usize {
        let counts = self.nodes.iter().filter_map(|node| node.get(word)?.as_u64());
        counts.max().map_or(0, |count| usize::try_from(count).unwrap_or(usize::MAX))
    }

    /// What the place is known by during a walk: where its schemas lie in memory.
    pub(super) fn identity(schemas: &[Node<'a>]) -> Vec<usize> {
        schemas.iter().map(|node| std::ptr::from_ref(node.value).addr()).collect()
    }
}

/// Adds a schema and what holds with it: what it refers to, and the branches of its `allOf`.
fn together<'a>(
    source: &Source<'a>,
    node: &Node<'a>,
    nodes: &mut Vec<Node<'a>>,
    depth: usize,
) -> Result<(), CompatError> {
    if depth > FOLDED_MAX || nodes.len() >= TOGETHER_MAX {
        return Ok(());
    }
    let node = source.resolve(node)?;
    if let Some((_, reference)) = node.reference() {
        together(source, &source.target(&node, reference)?, nodes, depth + 1)?;
    }
    nodes.push(node.clone());
    for branch in node.list("allOf") {
        together(source, &branch, nodes, depth + 1)?;
    }
    Ok(())
}

fn is_schema(node: &Node<'_>) -> bool {
    node.value.is_object() || node.value == &ANYTHING
}

fn listed<'a>(node: &Node<'a>) -> Option<Vec<&'a Value>> {
    match node.get("enum").and_then(Value::as_array) {
        Some(list) => Some(list.iter().collect()),
        None => node.get("const").map(|value| vec![value]),
    }
}

fn takes_null(node: &Node<'_>) -> bool {
    let declared = node.declared().is_none_or(|names| names.contains(&"null"));
    declared && !node.is_false() && listed(node).is_none_or(|list| list.contains(&&Value::Null))
}

/// The types that a schema by itself leaves, null aside.
fn types_of(node: &Node<'_>) -> BTreeSet<&'static str> {
    if node.is_false() {
        return BTreeSet::new();
    }
    if let Some(names) = node.declared() {
        return TYPES.into_iter().filter(|name| names.contains(name)).collect();
    }
    if let Some(list) = listed(node) {
        return list.into_iter().filter_map(type_of).collect();
    }
    let meant = |word: &&str| node.get(word).is_some();
    if ["properties", "required", "additionalProperties"].iter().any(meant) {
        return ["object"].into();
    }
    TYPES.into()
}

/// The type of a value; none for null.
pub(super) fn type_of(value: &Value) -> Option<&'static str> {
    match value {
        Value::Null => None,
        Value::Bool(_) => Some("boolean"),
        Value::Number(n) if n.as_f64().is_some_and(|n| n.fract() == 0.0) => Some("integer"),
        Value::Number(_) => Some("number"),
        Value::String(_) => Some("string"),
        Value::Array(_) => Some("array"),
        Value::Object(_) => Some("object"),
    }
}

/// Leaves the types that both have; an integer is a number too.
fn narrow(types: &mut BTreeSet<&'static str>, other: &BTreeSet<&'static str>) {
    let integers = |set: &BTreeSet<&str>| set.contains("integer") || set.contains("number");
    let integer = integers(types) && integers(other);
    types.retain(|name| other.contains(name));
    if integer && !types.contains("number") {
        types.insert("integer");
    }
}
