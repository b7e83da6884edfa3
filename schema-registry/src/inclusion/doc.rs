//! A schema document and the places in it.
//!
//! A place says what it says under the dialect of its document: under draft-07 a `$ref` stands alone.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::value::Types;
use crate::checked::Dialect;
use crate::compat::{REFERENCE_HOPS_MAX, SCHEMA_NESTING_MAX, SCHEMA_VALUES_MAX};

/// Words that make a schema refuse something. `format` and `content…` are annotations.
pub(crate) const WORDS: [&str; 42] = [
    "$ref",
    "$dynamicRef",
    "$recursiveRef",
    "allOf",
    "type",
    "const",
    "enum",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "prefixItems",
    "items",
    "additionalItems",
    "unevaluatedItems",
    "contains",
    "minContains",
    "maxContains",
    "required",
    "minProperties",
    "maxProperties",
    "propertyNames",
    "dependentRequired",
    "dependentSchemas",
    "dependencies",
    "properties",
    "patternProperties",
    "additionalProperties",
    "unevaluatedProperties",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
];

/// A schema document.
#[derive(Debug)]
pub(crate) struct Doc<'a> {
    root: &'a Value,
    dialect: Dialect,
    /// Anchors; none for one that is given twice.
    anchors: BTreeMap<&'a str, Option<&'a Value>>,
}

impl<'a> Doc<'a> {
    /// Reads a document; an error says why nothing can be said about it.
    pub(crate) fn read(root: &'a Value) -> Result<Doc<'a>, String> {
        if !root.is_object() && !root.is_boolean() {
            return Err("neither an object nor a boolean".to_owned());
        }
        let mut doc = Doc { root, dialect: Dialect::of(root)?, anchors: BTreeMap::new() };
        let (mut open, mut values) = (vec![(root, 0_usize)], 0_usize);
        while let Some((value, depth)) = open.pop() {
            values += 1;
            if values > SCHEMA_VALUES_MAX {
                return Err(format!("more than {SCHEMA_VALUES_MAX} values"));
            }
            if depth > SCHEMA_NESTING_MAX {
                return Err(format!("more than {SCHEMA_NESTING_MAX} objects and arrays within each other"));
            }
            match value {
                Value::Object(members) => {
                    if depth > 0 && members.get("$id").is_some_and(Value::is_string) {
                        return Err("an `$id` within the document moves the base of references".to_owned());
                    }
                    for word in ["$anchor", "$dynamicAnchor"] {
                        if let Some(name) = members.get(word).and_then(Value::as_str) {
                            let known = doc.anchors.contains_key(name);
                            doc.anchors.insert(name, (!known).then_some(value));
                        }
                    }
                    open.extend(members.values().map(|value| (value, depth + 1)));
                }
                Value::Array(items) => open.extend(items.iter().map(|value| (value, depth + 1))),
                _ => {}
            }
        }
        Ok(doc)
    }

    pub(crate) fn root(&'a self) -> Place<'a> {
        Place { doc: self, value: self.root }
    }

    fn target(&self, reference: &str) -> Option<&'a Value> {
        let fragment = match reference.split_once('#') {
            Some(("", fragment)) => fragment,
            Some((id, fragment)) if self.is_named(id) => fragment,
            None if self.is_named(reference) => "",
            _ => return None,
        };
        if fragment.is_empty() || fragment.starts_with('/') {
            let decoded = percent_decoded(fragment)?;
            return self.root.pointer(&decoded);
        }
        *self.anchors.get(fragment)?
    }

    fn is_named(&self, id: &str) -> bool {
        let own = self.root.get("$id").and_then(Value::as_str);
        own.is_some_and(|own| own.trim_end_matches('#') == id)
    }

    /// JSON Pointers to values, by their addresses.
    pub(crate) fn pointers(&self, wanted: &[usize]) -> BTreeMap<usize, String> {
        let (mut found, mut open) = (BTreeMap::new(), vec![(self.root, String::new())]);
        while let Some((value, pointer)) = open.pop() {
            let child = |key: &str| crate::json::pointer::child(&pointer, key);
            match value {
                Value::Object(members) => open.extend(members.iter().map(|(key, v)| (v, child(key)))),
                Value::Array(items) => {
                    open.extend(items.iter().enumerate().map(|(n, v)| (v, child(&n.to_string()))));
                }
                _ => {}
            }
            let address = address(value);
            if wanted.contains(&address) {
                found.entry(address).or_insert(pointer);
            }
        }
        found
    }
}

/// The fragment of a reference as the pointer that it means.
pub(crate) fn percent_decoded(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first == b'%' {
            let (hex, after) = rest.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()?);
            rest = after;
        } else {
            bytes.push(first);
        }
    }
    String::from_utf8(bytes).ok()
}

/// What a value is known by: where it lies in memory.
pub(crate) fn address(value: &Value) -> usize {
    std::ptr::from_ref(value).addr()
}

/// A schema at a place of its document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    doc: &'a Doc<'a>,
    pub(crate) value: &'a Value,
}

impl<'a> Place<'a> {
    /// What the place is known by.
    pub(crate) fn id(self) -> usize {
        address(self.value)
    }

    pub(crate) fn dialect(self) -> Dialect {
        self.doc.dialect
    }

    pub(crate) fn at(self, value: &'a Value) -> Place<'a> {
        Place { value, ..self }
    }

    /// What stands under a word, if the dialect looks at it here.
    pub(crate) fn get(self, word: &str) -> Option<&'a Value> {
        let members = self.value.as_object()?;
        let alone = self.dialect() == Dialect::Draft07 && word != "$ref" && members.contains_key("$ref");
        if alone { None } else { members.get(word) }
    }

    /// The constraints that are written here.
    pub(crate) fn words(self) -> impl Iterator<Item = (&'static str, &'a Value)> {
        WORDS.into_iter().filter_map(move |word| Some((word, self.get(word)?)))
    }

    pub(crate) fn below(self, word: &str) -> Option<Place<'a>> {
        self.get(word).map(|value| self.at(value))
    }

    pub(crate) fn members(self, word: &str) -> Option<&'a Map<String, Value>> {
        self.get(word).and_then(Value::as_object)
    }

    /// The schemas in the list under a word.
    pub(crate) fn list(self, word: &str) -> Vec<Place<'a>> {
        let list = self.get(word).and_then(Value::as_array);
        list.into_iter().flatten().map(|value| self.at(value)).collect()
    }

    /// The texts in the list under a word.
    pub(crate) fn names(self, word: &str) -> impl Iterator<Item = &'a str> {
        self.get(word).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    pub(crate) fn count(self, word: &str) -> Option<u64> {
        count(self.get(word)?)
    }

    /// Where the reference leads.
    pub(crate) fn target(self) -> Option<Place<'a>> {
        Some(self.at(self.doc.target(self.get("$ref")?.as_str()?)?))
    }

    /// The schema itself, if the place only refers to it.
    pub(crate) fn resolved(self) -> Place<'a> {
        let mut place = self;
        for _ in 0..REFERENCE_HOPS_MAX {
            let only = place.words().all(|(word, _)| word == "$ref");
            match place.target().filter(|_| only) {
                Some(target) => place = target,
                None => break,
            }
        }
        place
    }

    pub(crate) fn is_false(self) -> bool {
        self.value == &Value::Bool(false)
    }

    /// Whether it takes everything: `true`, or no constraint.
    pub(crate) fn takes_all(self) -> bool {
        match self.value {
            Value::Bool(takes) => *takes,
            Value::Object(_) => self.words().next().is_none(),
            _ => false,
        }
    }

    /// The types that it may take, as far as its own words say.
    pub(crate) fn types(self) -> Types {
        if self.is_false() {
            return Types::NONE;
        }
        let mut types = self.get("type").and_then(Types::declared).unwrap_or(Types::ALL);
        if let Some(value) = self.get("const") {
            types = types.and(Types::of(value));
        }
        if let Some(values) = self.get("enum").and_then(Value::as_array) {
            types = types.and(values.iter().fold(Types::NONE, |types, value| types.or(Types::of(value))));
        }
        if self.get("multipleOf").is_some_and(|n| n.as_u64().is_some_and(|n| n > 0)) {
            types = types.without(Types::FRACTION);
        }
        types
    }
}

/// A count, which may be written with a fraction of zero.
pub(crate) fn count(value: &Value) -> Option<u64> {
    super::value::Exact::of(value)?.whole().and_then(|n| u64::try_from(n).ok())
}
