//! What a schema says about types, members and null, read without changing it.

use std::cell::Cell;
use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::origin::with_definitions;
use crate::inclusion::doc::Doc;
use crate::inclusion::eval::{self, Patterns};

/// References, `allOf`, `anyOf` and `oneOf` within each other at one place.
const FOLDED_MAX: usize = 32;
/// Schemas that are looked at for one image, some of them again and again.
pub(super) const IMAGE_STEPS_MAX: usize = 500_000;

/// The JSON types.
const TYPES: [&str; 7] = ["array", "boolean", "integer", "null", "number", "object", "string"];

/// The definitions that the schemas of a document refer to, and how much was looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Definitions<'a> {
    root: &'a Value,
    steps: &'a Cell<usize>,
}

/// A member of an object, as all that is said about it.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) schema: Value,
    /// Whether an object always has it.
    pub(super) required: bool,
}

impl Definitions<'_> {
    /// The definitions of a document; `steps` counts what is looked at.
    pub(super) fn new<'a>(root: &'a Value, steps: &'a Cell<usize>) -> Definitions<'a> {
        Definitions { root, steps }
    }

    /// Whether more was looked at than may be: then what was found is not to be relied on.
    pub(super) fn exhausted(&self) -> bool {
        self.steps.get() > IMAGE_STEPS_MAX
    }

    /// Counts a schema that is looked at; none beyond the limits.
    fn looked<'v>(&self, schema: &'v Value, depth: usize) -> Option<&'v Map<String, Value>> {
        self.steps.set(self.steps.get().saturating_add(1));
        schema.as_object().filter(|_| depth < FOLDED_MAX && !self.exhausted())
    }

    /// The schema that a reference leads to.
    pub(super) fn target(&self, reference: &str) -> Option<&Value> {
        self.root.pointer(reference.strip_prefix('#')?)
    }

    /// Whether a value is certainly valid under a schema.
    pub(super) fn takes(&self, schema: &Value, value: &Value) -> bool {
        let whole = with_definitions(schema.clone(), self.root.clone());
        let doc = Doc::read(&whole);
        doc.is_ok_and(|doc| eval::valid(doc.root(), value, &mut Patterns::default()) == Some(true))
    }

    /// The types that a value may have.
    pub(super) fn types(&self, schema: &Value) -> BTreeSet<&'static str> {
        self.types_at(schema, 0)
    }

    fn types_at(&self, schema: &Value, depth: usize) -> BTreeSet<&'static str> {
        let Some(members) = self.looked(schema, depth) else {
            return if schema == &Value::Bool(false) { BTreeSet::new() } else { TYPES.into() };
        };
        let mut types = own_types(members);
        if let Some(target) = members.get("$ref").and_then(Value::as_str).and_then(|r| self.target(r)) {
            narrow(&mut types, &self.types_at(target, depth + 1));
        }
        for branch in list(members, "allOf") {
            narrow(&mut types, &self.types_at(branch, depth + 1));
        }
        for word in ["anyOf", "oneOf"] {
            if members.contains_key(word) {
                let branches = list(members, word);
                let any = branches.iter().flat_map(|branch| self.types_at(branch, depth + 1)).collect();
                narrow(&mut types, &any);
            }
        }
        types
    }

    /// What an object has at a key, if the schema names the key.
    pub(super) fn member(&self, schema: &Value, key: &str) -> Option<Member> {
        self.member_at(schema, key, 0)
    }

    fn member_at(&self, schema: &Value, key: &str, depth: usize) -> Option<Member> {
        let members = self.looked(schema, depth)?;
        let required = list(members, "required").iter().any(|name| name.as_str() == Some(key));
        let own = members.get("properties").and_then(|properties| properties.get(key));
        let own = own.filter(|own| *own != &Value::Bool(false)).cloned();
        let own = own.or_else(|| of_constant(members, key)).or_else(|| required.then_some(Value::Bool(true)));
        let mut all: Vec<Member> = own.map(|schema| Member { schema, required }).into_iter().collect();
        let target = members.get("$ref").and_then(Value::as_str).and_then(|r| self.target(r));
        for schema in target.into_iter().chain(list(members, "allOf")) {
            all.extend(self.member_at(schema, key, depth + 1));
        }
        for word in ["anyOf", "oneOf"] {
            all.extend(self.chosen(list(members, word), key, depth));
        }
        all.into_iter().reduce(|a, b| Member {
            required: a.required || b.required,
            schema: json!({ "allOf": [a.schema, b.schema] }),
        })
    }

    /// The same for branches of which one holds.
    fn chosen(&self, branches: &[Value], key: &str, depth: usize) -> Option<Member> {
        let objects = branches.iter().filter(|branch| self.types_at(branch, depth + 1).contains("object"));
        let found: Vec<Option<Member>> =
            objects.map(|branch| self.member_at(branch, key, depth + 1)).collect();
        let required = found.iter().all(|member| member.as_ref().is_some_and(|member| member.required));
        let mut schemas: Vec<Value> = found.into_iter().flatten().map(|member| member.schema).collect();
        schemas.dedup();
        let schema = if schemas.len() > 1 { json!({ "anyOf": schemas }) } else { schemas.pop()? };
        Some(Member { schema, required })
    }
}

/// A member of the only value that a schema takes.
fn of_constant(members: &Map<String, Value>, key: &str) -> Option<Value> {
    Some(json!({ "const": members.get("const")?.get(key)? }))
}

/// The schemas, or the names, in the list under a word.
pub(super) fn list<'a>(members: &'a Map<String, Value>, word: &str) -> &'a [Value] {
    members.get(word).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn own_types(members: &Map<String, Value>) -> BTreeSet<&'static str> {
    let named = |name: &Value| TYPES.into_iter().find(|known| name.as_str() == Some(known));
    let mut types: BTreeSet<&str> = match members.get("type") {
        Some(Value::Array(names)) => names.iter().filter_map(named).collect(),
        Some(name) => named(name).into_iter().collect(),
        None => TYPES.into(),
    };
    if types.contains("number") {
        types.insert("integer");
    }
    let listed = match (members.get("const"), members.get("enum")) {
        (Some(only), _) => Some(vec![only]),
        (None, Some(Value::Array(list))) => Some(list.iter().collect()),
        _ => None,
    };
    if let Some(listed) = listed {
        narrow(&mut types, &listed.into_iter().map(type_of).collect());
    }
    types
}

/// The type of a value.
pub(super) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.as_f64().is_some_and(|n| n.fract() == 0.0) => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn narrow(types: &mut BTreeSet<&'static str>, other: &BTreeSet<&'static str>) {
    types.retain(|name| other.contains(name));
}

/// A set of types in words: `a string`, `an integer or null`.
pub(super) fn words(types: &BTreeSet<&'static str>) -> String {
    let whole = types.contains("number");
    let words: Vec<&str> =
        types.iter().filter(|name| !(whole && **name == "integer")).map(|name| word(name)).collect();
    match words.as_slice() {
        [] => "nothing that can be valid".to_owned(),
        all if all.len() == TYPES.len() - 1 => "of any type".to_owned(),
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        words => words.join(""),
    }
}

fn word(name: &str) -> &'static str {
    match name {
        "array" => "an array",
        "boolean" => "a boolean",
        "integer" => "an integer",
        "null" => "null",
        "number" => "a number",
        "object" => "an object",
        _ => "a string",
    }
}
