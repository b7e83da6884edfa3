//! What the event schemas of a document share (`$defs`), and which references lead where.
//!
//! A reference is a pointer into the event's own schema, or to a definition of the document. References that
//! lead back, however far around, are found beforehand: only those from one part of a ring into the same ring
//! are not followed, so that what a definition becomes depends on the definition alone.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::Reference;
use super::parse::Parsed;
use crate::checked::{Dialect, lookup, pointed, subschemas};
use crate::json::pointer;

/// In which tree a pointer is to be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    /// The event's own schema.
    Own,
    /// The document's definitions.
    Shared,
}

/// A place that references lead to.
pub(super) type Target = (Scope, String);

/// The definitions of a document, and what became of them so far.
#[derive(Debug, Default)]
pub(crate) struct Library<'a> {
    shared: Option<&'a Map<String, Value>>,
    rings: BTreeMap<String, usize>,
    /// The definitions that each one refers to.
    used: BTreeMap<&'a str, BTreeSet<&'a str>>,
    pub(super) parsed: BTreeMap<(Dialect, String), Option<Parsed>>,
    pub(super) kept: BTreeMap<(Dialect, String), Option<Arc<Reference>>>,
}

impl<'a> Library<'a> {
    /// Without any definitions.
    pub(crate) fn empty() -> Library<'a> {
        Library::default()
    }

    /// Of a document's section `$defs`.
    pub(crate) fn of(shared: Option<&'a Map<String, Value>>) -> Library<'a> {
        let mut library = Library { shared, ..Library::default() };
        let names: Vec<String> = shared.into_iter().flatten().map(|(name, _)| definition(name)).collect();
        library.rings = rings(names, &|at| {
            let places = library.lookup(at).map(references).unwrap_or_default();
            places.into_iter().filter(|at| library.lookup(at).is_some()).collect()
        });
        for (name, schema) in shared.into_iter().flatten() {
            library.used.insert(name, library.names(schema));
        }
        library
    }

    /// Whether the document has a definition of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.shared.is_some_and(|shared| shared.contains_key(name))
    }

    /// The names of the definitions.
    pub(crate) fn all(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.shared.into_iter().flatten().map(|(name, _)| name.as_str())
    }

    /// What stands at a pointer such as `/$defs/x`.
    pub(super) fn lookup(&self, at: &str) -> Option<&'a Value> {
        let tokens = pointed(&format!("#{at}"))?;
        let [first, name, rest @ ..] = tokens.as_slice() else { return None };
        if first != "$defs" {
            return None;
        }
        lookup(self.shared?.get(name)?, rest)
    }

    /// Whether two places lie on one ring of references.
    pub(super) fn same_ring(&self, a: &str, b: &str) -> bool {
        self.rings.get(a).is_some_and(|ring| self.rings.get(b) == Some(ring))
    }

    /// The definitions that a schema refers to.
    fn names(&self, schema: &Value) -> BTreeSet<&'a str> {
        let tokens = references(schema).into_iter().filter_map(|at| pointed(&format!("#{at}")));
        let names = tokens.filter_map(|tokens| match tokens.as_slice() {
            [first, name, ..] if first == "$defs" => {
                self.shared?.get_key_value(name).map(|(name, _)| name.as_str())
            }
            _ => None,
        });
        names.collect()
    }

    /// The definitions that a schema needs, and those that they need in turn.
    pub(super) fn needed(&self, schema: &Value) -> Map<String, Value> {
        let mut open: Vec<&'a str> = self.names(schema).into_iter().collect();
        let mut needed = BTreeSet::new();
        while let Some(name) = open.pop() {
            if needed.insert(name) {
                open.extend(self.used.get(name).into_iter().flatten());
            }
        }
        let member = |name: &'a str| Some((name.to_owned(), self.shared?.get(name)?.clone()));
        needed.into_iter().filter_map(member).collect()
    }
}

/// The place of a definition.
pub(super) fn definition(name: &str) -> String {
    pointer::child("/$defs", name)
}

/// An event's schema with all that it refers to: a document of its own.
pub(crate) fn bundle(schema: &Value, library: &Library<'_>) -> Value {
    let mut whole = schema.clone();
    let needed = library.needed(schema);
    let dialect = Dialect::of(schema);
    if let Some(members) = whole.as_object_mut().filter(|_| !needed.is_empty()) {
        if dialect == Ok(Dialect::Draft07) {
            members.insert("$schema".to_owned(), Value::from("http://json-schema.org/draft-07/schema#"));
        }
        let defs = members.entry("$defs").or_insert_with(|| Value::Object(Map::new()));
        // A name that both have was refused.
        defs.as_object_mut().into_iter().for_each(|defs| defs.extend(needed.clone()));
    }
    whole
}

/// Where the references in and below a schema lead, as pointers.
pub(super) fn references(schema: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(schema, &mut found);
    found
}

/// The same, but for the definitions that stand at the schema's root.
pub(super) fn references_of_root(schema: &Value) -> BTreeSet<String> {
    let mut found = own_reference(schema).into_iter().collect();
    subschemas(schema, &mut |path, below| {
        if !matches!(path, ["$defs" | "definitions", _]) {
            collect(below, &mut found);
        }
    });
    found
}

fn collect(schema: &Value, found: &mut BTreeSet<String>) {
    found.extend(own_reference(schema));
    subschemas(schema, &mut |_, below| collect(below, found));
}

fn own_reference(schema: &Value) -> Option<String> {
    place_of(schema.get("$ref")?.as_str()?)
}

/// The pointer that a reference such as `#/$defs/x` means, in one way of writing it.
pub(super) fn place_of(reference: &str) -> Option<String> {
    Some(pointed(reference)?.iter().fold(String::new(), |host, key| pointer::child(&host, key)))
}

/// Numbers that are equal for places on one ring of references.
pub(super) fn rings(from: Vec<String>, next: &dyn Fn(&str) -> BTreeSet<String>) -> BTreeMap<String, usize> {
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut open = from;
    while let Some(at) = open.pop() {
        if let Entry::Vacant(free) = edges.entry(at) {
            let to = next(free.key());
            open.extend(to.iter().cloned());
            free.insert(to);
        }
    }
    let order = finished(&edges);
    let mut back: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (from, to) in &edges {
        to.iter().for_each(|to| back.entry(to).or_default().push(from));
    }
    let mut rings: BTreeMap<String, usize> = BTreeMap::new();
    for (number, start) in order.iter().rev().enumerate() {
        let mut open = vec![*start];
        while let Some(at) = open.pop() {
            if !rings.contains_key(at) {
                rings.insert(at.to_owned(), number);
                open.extend(back.get(at).into_iter().flatten());
            }
        }
    }
    rings
}

/// The places in the order in which a walk is done with them.
fn finished(edges: &BTreeMap<String, BTreeSet<String>>) -> Vec<&str> {
    let (mut seen, mut order) = (BTreeSet::new(), Vec::new());
    for start in edges.keys() {
        let mut open = vec![(start.as_str(), false)];
        while let Some((at, left)) = open.pop() {
            if left {
                order.push(at);
            } else if seen.insert(at) {
                open.push((at, true));
                open.extend(edges.get(at).into_iter().flatten().map(|to| (to.as_str(), false)));
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_refers_to_itself_lies_on_a_ring() {
        let defs = json!({
            "a": {"items": {"$ref": "#/$defs/b"}}, "b": {"not": {"$ref": "#/$defs/c"}},
            "c": {"properties": {"x": {"$ref": "#/$defs/b"}, "y": {"$ref": "#/$defs/d"}}}, "d": {}, "e/": true,
        });
        let library = Library::of(defs.as_object());
        assert!(library.same_ring("/$defs/b", "/$defs/c"));
        assert!(!library.same_ring("/$defs/a", "/$defs/b"));
        assert!(!library.same_ring("/$defs/c", "/$defs/d"));
        let schema = json!({"$ref": "#/$defs/c", "$defs": {"own": {"$ref": "#/$defs/e~1"}}});
        assert_eq!(library.needed(&schema).keys().collect::<Vec<_>>(), ["b", "c", "d", "e/"]);
        let whole = bundle(&schema, &library);
        assert_eq!(whole["$defs"].as_object().unwrap().len(), 5);
        assert_eq!(bundle(&json!({"type": "object"}), &library), json!({"type": "object"}));
    }
}
