//! What schemas say about one place of a document: the schema itself, what it refers to, and its branches.

use std::cell::RefCell;

use serde_json::Value;

use crate::inclusion::{Patterns, percent_decoded};

/// Schemas that are looked at for one place.
const PARTS_MAX: usize = 96;

/// A schema document, with the patterns of names that were compiled for it.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    root: &'a Value,
    patterns: RefCell<Patterns>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(root: &'a Value) -> Source<'a> {
        Source { root, patterns: RefCell::default() }
    }

    pub(crate) fn root(&'a self) -> Part<'a> {
        Part { source: self, schema: self.root }
    }
}

/// A schema at a place of its document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'a> {
    source: &'a Source<'a>,
    pub(crate) schema: &'a Value,
}

impl<'a> Part<'a> {
    pub(crate) fn get(self, word: &str) -> Option<&'a Value> {
        self.schema.get(word)
    }

    pub(crate) fn has(self, word: &str) -> bool {
        self.get(word).is_some()
    }

    pub(crate) fn is(self, other: Part<'_>) -> bool {
        std::ptr::eq(self.schema, other.schema)
    }

    pub(crate) fn below(self, word: &str) -> Option<Part<'a>> {
        self.get(word).map(|schema| Part { schema, ..self })
    }

    /// The schemas in the list under a word.
    pub(crate) fn list(self, word: &str) -> Vec<Part<'a>> {
        let list = self.get(word).and_then(Value::as_array);
        list.into_iter().flatten().map(|schema| Part { schema, ..self }).collect()
    }

    /// The schemas of the object under a word, with their names.
    pub(crate) fn members(self, word: &str) -> impl Iterator<Item = (&'a str, Part<'a>)> {
        let members = self.get(word).and_then(Value::as_object);
        members.into_iter().flatten().map(move |(name, schema)| (name.as_str(), Part { schema, ..self }))
    }

    /// The texts in the list under a word.
    pub(crate) fn names(self, word: &str) -> impl Iterator<Item = &'a str> {
        self.get(word).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    /// The schema that a reference by pointer leads to.
    pub(crate) fn target(self) -> Option<Part<'a>> {
        let reference = self.get("$ref")?.as_str()?;
        let schema = self.source.root.pointer(&percent_decoded(reference.strip_prefix('#')?)?)?;
        Some(Part { schema, ..self })
    }

    fn in_place(self) -> Vec<Part<'a>> {
        let mut parts: Vec<Part<'a>> = self.target().into_iter().collect();
        for word in ["allOf", "anyOf", "oneOf"] {
            parts.extend(self.list(word));
        }
        parts.extend(["not", "if", "then", "else"].into_iter().filter_map(|word| self.below(word)));
        for word in ["dependentSchemas", "dependencies"] {
            parts.extend(self.members(word).map(|(_, part)| part));
        }
        parts
    }
}

/// The schemas, and everything that speaks about the same place through them.
pub(crate) fn flatten<'a>(parts: &[Part<'a>]) -> Vec<Part<'a>> {
    let mut flat: Vec<Part<'a>> = Vec::new();
    let mut open: std::collections::VecDeque<Part<'a>> = parts.iter().copied().collect();
    while let Some(part) = open.pop_front() {
        if flat.len() >= PARTS_MAX || flat.iter().any(|known| known.is(part)) {
            continue;
        }
        flat.push(part);
        open.extend(part.in_place());
    }
    flat
}

/// What the schemas say about a member of that name.
pub(crate) fn of_member<'a>(flat: &[Part<'a>], name: &str) -> Vec<Part<'a>> {
    let of = |part: &Part<'a>| {
        let named = part.below("properties").and_then(|properties| properties.below(name));
        let patterns = part.members("patternProperties");
        let matches = |pattern: &str| {
            part.source
                .patterns
                .try_borrow_mut()
                .is_ok_and(|mut all| all.matches(pattern, name) == Some(true))
        };
        let mut parts: Vec<Part<'a>> = patterns.filter(|(p, _)| matches(p)).map(|(_, s)| s).collect();
        parts.extend(named);
        if parts.is_empty() {
            let others = ["additionalProperties", "unevaluatedProperties"];
            parts.extend(others.into_iter().filter_map(|word| part.below(word)).next());
        }
        parts
    };
    flat.iter().flat_map(of).collect()
}

/// What the schemas say about the item at that index; what is to be contained is for the first items.
pub(crate) fn of_item<'a>(flat: &[Part<'a>], index: usize) -> Vec<Part<'a>> {
    let of = |part: &Part<'a>| {
        let mut parts: Vec<Part<'a>> = Vec::new();
        let listed = ["prefixItems", "items"].iter().filter_map(|word| part.list(word).get(index).copied());
        parts.extend(listed.into_iter().next());
        if parts.is_empty() {
            let others = ["items", "additionalItems", "unevaluatedItems"].into_iter();
            let mut others = others.filter_map(|word| part.below(word));
            parts.extend(others.find(|part| !part.schema.is_array()));
        }
        parts
    };
    flat.iter().flat_map(of).collect()
}
