//! What schemas say about one place of a document: the schema itself, what it refers to, and its branches.

use serde_json::Value;

/// Schemas that are looked at for one place.
const PARTS_MAX: usize = 96;

/// A schema, and the document that its references lead into.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'a> {
    root: &'a Value,
    pub(crate) schema: &'a Value,
}

impl<'a> Part<'a> {
    pub(crate) fn root(root: &'a Value) -> Part<'a> {
        Part { root, schema: root }
    }

    pub(crate) fn get(self, word: &str) -> Option<&'a Value> {
        self.schema.get(word)
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
    pub(crate) fn members(self, word: &str) -> Vec<(&'a str, Part<'a>)> {
        let members = self.get(word).and_then(Value::as_object);
        members.into_iter().flatten().map(|(name, schema)| (name.as_str(), Part { schema, ..self })).collect()
    }

    /// The texts in the list under a word.
    pub(crate) fn names(self, word: &str) -> Vec<&'a str> {
        let list = self.get(word).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// The schema that a reference by pointer leads to.
    pub(crate) fn target(self) -> Option<Part<'a>> {
        let reference = self.get("$ref")?.as_str()?;
        let schema = self.root.pointer(reference.strip_prefix('#')?)?;
        Some(Part { schema, ..self })
    }

    fn in_place(self) -> Vec<Part<'a>> {
        let mut parts: Vec<Part<'a>> = self.target().into_iter().collect();
        for word in ["allOf", "anyOf", "oneOf"] {
            parts.extend(self.list(word));
        }
        parts.extend(["not", "if", "then", "else"].into_iter().filter_map(|word| self.below(word)));
        for word in ["dependentSchemas", "dependencies"] {
            parts.extend(self.members(word).into_iter().map(|(_, part)| part));
        }
        parts
    }
}

/// The schemas, and everything that speaks about the same place through them.
pub(crate) fn flatten<'a>(parts: &[Part<'a>]) -> Vec<Part<'a>> {
    let mut flat: Vec<Part<'a>> = Vec::new();
    let mut open: std::collections::VecDeque<Part<'a>> = parts.iter().copied().collect();
    while let Some(part) = open.pop_front() {
        let known = flat.iter().any(|known| std::ptr::eq(known.schema, part.schema));
        if known || flat.len() >= PARTS_MAX {
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
        let patterns = part.members("patternProperties").into_iter().map(|(_, schema)| schema);
        named.into_iter().chain(patterns).chain(part.below("additionalProperties")).collect::<Vec<_>>()
    };
    flat.iter().flat_map(of).collect()
}

/// What the schemas say about the item at that index.
pub(crate) fn of_item<'a>(flat: &[Part<'a>], index: usize) -> Vec<Part<'a>> {
    let of = |part: &Part<'a>| {
        let mut parts: Vec<Part<'a>> = Vec::new();
        parts.extend(["prefixItems", "items"].iter().filter_map(|word| part.list(word).get(index).copied()));
        let all = ["items", "additionalItems", "contains"].into_iter().filter_map(|word| part.below(word));
        parts.extend(all.filter(|part| !part.schema.is_array()));
        parts
    };
    flat.iter().flat_map(of).collect()
}
