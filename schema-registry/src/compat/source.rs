//! One schema document: its places, its references, and what a place says about types.
//!
//! References are looked up within the document: by JSON Pointer, by anchor, and by the exact text of an
//! `$id`. Relative references are not resolved against an `$id` in between; such a reference is an error
//! rather than a guess.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{CompatError, REFERENCE_HOPS_MAX, SCHEMA_NESTING_MAX, SCHEMA_VALUES_MAX};
use crate::json::pointer::{self, Pointer};

/// The words that make a schema refuse something. `format` and `content*` are not looked at.
const CONSTRAINTS: &[&str] = &[
    "$ref",
    "$dynamicRef",
    "$recursiveRef",
    "type",
    "enum",
    "const",
    "multipleOf",
    "maximum",
    "minimum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "items",
    "prefixItems",
    "additionalItems",
    "unevaluatedItems",
    "maxItems",
    "minItems",
    "uniqueItems",
    "contains",
    "maxContains",
    "minContains",
    "properties",
    "patternProperties",
    "additionalProperties",
    "unevaluatedProperties",
    "propertyNames",
    "maxProperties",
    "minProperties",
    "required",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
];

const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];

/// The schema that takes everything.
pub(crate) static ANYTHING: Value = Value::Bool(true);

/// A schema at a place of its document.
#[derive(Clone, Debug)]
pub(crate) struct Node<'a> {
    pub(crate) value: &'a Value,
    /// JSON Pointer to it.
    pub(crate) pointer: String,
    /// Only this one of its types: a list of types is compared branch by branch.
    pub(crate) only: Option<&'a str>,
}

impl<'a> Node<'a> {
    pub(crate) fn get(&self, word: &str) -> Option<&'a Value> {
        self.value.get(word)
    }

    pub(crate) fn members(&self, word: &str) -> Option<&'a Map<String, Value>> {
        self.get(word).and_then(Value::as_object)
    }

    /// The schemas in the list under a word.
    pub(crate) fn list(&self, word: &str) -> Vec<Node<'a>> {
        let list = self.get(word).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        list.iter().enumerate().map(|(n, value)| self.at(&[word, &n.to_string()], value)).collect()
    }

    /// The schema under a word.
    pub(crate) fn below(&self, word: &str) -> Option<Node<'a>> {
        self.get(word).map(|value| self.at(&[word], value))
    }

    /// What lies at a path below this.
    pub(crate) fn at(&self, path: &[&str], value: &'a Value) -> Node<'a> {
        let pointer = path.iter().fold(self.pointer.clone(), |host, key| pointer::child(&host, key));
        Node { value, pointer, only: None }
    }

    /// Whether it takes everything: `true`, or no constraint.
    pub(crate) fn is_empty(&self) -> bool {
        match self.value {
            Value::Object(members) => !CONSTRAINTS.iter().any(|word| members.contains_key(*word)),
            value => value != &Value::Bool(false),
        }
    }

    /// Whether it takes nothing.
    pub(crate) fn is_false(&self) -> bool {
        self.value == &Value::Bool(false)
    }

    /// Whether these are the only constraints.
    pub(crate) fn has_only(&self, words: &[&str]) -> bool {
        let members = self.value.as_object();
        let found = |word: &&&str| members.is_some_and(|m| m.contains_key(**word));
        CONSTRAINTS.iter().filter(found).all(|word| words.contains(word))
    }

    /// The reference, and the word it stands under.
    pub(crate) fn reference(&self) -> Option<(&'static str, &'a str)> {
        REFERENCES.iter().find_map(|word| Some((*word, self.get(word)?.as_str()?)))
    }

    /// The types that are written down.
    pub(crate) fn declared(&self) -> Option<Vec<&'a str>> {
        if let Some(only) = self.only {
            return Some(vec![only]);
        }
        match self.get("type")? {
            Value::String(name) => Some(vec![name.as_str()]),
            Value::Array(names) => Some(names.iter().filter_map(Value::as_str).collect()),
            _ => None,
        }
    }
}

/// A schema document with its references.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    root: &'a Value,
    /// Anchors (with `#`) and ids, and where they are.
    named: BTreeMap<String, Node<'a>>,
}

impl<'a> Source<'a> {
    /// Reads a document.
    pub(crate) fn new(root: &'a Value) -> Result<Source<'a>, CompatError> {
        let mut source = Source { root, named: BTreeMap::new() };
        let mut open = vec![(source.root(), 0_usize)];
        let mut values = 0_usize;
        while let Some((node, depth)) = open.pop() {
            values += 1;
            if values > SCHEMA_VALUES_MAX {
                return Err(CompatError::TooLarge { values_max: SCHEMA_VALUES_MAX });
            }
            if depth > SCHEMA_NESTING_MAX {
                return Err(CompatError::TooNested {
                    pointer: node.pointer,
                    nesting_max: SCHEMA_NESTING_MAX,
                });
            }
            source.name(&node);
            match node.value {
                Value::Object(members) => {
                    open.extend(members.iter().map(|(key, value)| (node.at(&[key], value), depth + 1)));
                }
                Value::Array(items) => {
                    let items = items.iter().enumerate();
                    open.extend(items.map(|(n, value)| (node.at(&[&n.to_string()], value), depth + 1)));
                }
                _ => {}
            }
        }
        Ok(source)
    }

    fn name(&mut self, node: &Node<'a>) {
        for word in ["$anchor", "$dynamicAnchor"] {
            if let Some(anchor) = node.get(word).and_then(Value::as_str) {
                self.named.insert(format!("#{anchor}"), node.clone());
            }
        }
        if let Some(id) = node.get("$id").and_then(Value::as_str) {
            self.named.insert(id.trim_end_matches('#').to_owned(), node.clone());
        }
    }

    /// The whole document.
    pub(crate) fn root(&self) -> Node<'a> {
        Node { value: self.root, pointer: String::new(), only: None }
    }

    /// The schema itself, if the place only refers to it.
    pub(crate) fn resolve(&self, node: &Node<'a>) -> Result<Node<'a>, CompatError> {
        let mut node = node.clone();
        for _ in 0..REFERENCE_HOPS_MAX {
            let Some((word, reference)) = node.reference() else { return Ok(node) };
            if !node.has_only(&[word]) {
                return Ok(node);
            }
            node = self.target(&node, reference)?;
        }
        Err(CompatError::CircularReference { pointer: node.pointer, hops_max: REFERENCE_HOPS_MAX })
    }

    /// What a reference at a place refers to.
    pub(crate) fn target(&self, at: &Node<'a>, reference: &str) -> Result<Node<'a>, CompatError> {
        let place = || (reference.to_owned(), at.pointer.clone());
        if let Some(node) = self.named.get(reference.trim_end_matches('#')) {
            return Ok(node.clone());
        }
        let (resource, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let base = if resource.is_empty() { Some(self.root()) } else { self.named.get(resource).cloned() };
        let Some(base) = base else {
            let (reference, pointer) = place();
            return Err(CompatError::RemoteReference { reference, pointer });
        };
        let found = percent_decoded(fragment)
            .and_then(|text| Pointer::parse(&text).ok())
            .and_then(|path| follow(base, path.tokens()));
        found.ok_or_else(|| {
            let (reference, pointer) = place();
            CompatError::NoSuchReference { reference, pointer }
        })
    }
}

fn follow<'a>(base: Node<'a>, path: &[String]) -> Option<Node<'a>> {
    path.iter().try_fold(base, |node, key| {
        let value = match node.value {
            Value::Array(items) => items.get(key.parse::<usize>().ok()?)?,
            value => value.get(key)?,
        };
        Some(node.at(&[key], value))
    })
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'%' {
            bytes.push(first);
            continue;
        }
        let (hex, after) = rest.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}
