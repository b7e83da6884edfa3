//! A JSON Schema as the shape of fields that an expression is checked against.
//!
//! A place in a document stands under every schema that applies to it: its own, those under `allOf`, what
//! they refer to. All of them hold, so whatever any of them says is true of the place; what is not
//! understood is left out, which makes a type wider and never wrong. Of an `anyOf` or a `oneOf` it is known
//! which types its branches allow together, and, if only one branch allows objects or lists, what is in
//! them.

use std::cell::Cell;

use serde_json::Value;

use super::types::{Field, Fields, Kind, Step, Type};
use crate::compat::CompatError;
use crate::compat::source::{Node, Source};

/// Schemas that are looked at for one place; what lies beyond is left out.
const SCHEMAS_MAX: usize = 64;
/// Branches within branches that are looked at for the types of one place.
const BRANCHES_DEPTH_MAX: usize = 8;
/// Schemas whose types are looked at for one place; the types of what lies beyond count as any.
const LOOKS_MAX: usize = 10_000;
/// Lists within lists whose elements' types are known.
const LISTS_DEPTH_MAX: usize = 8;

/// The fields of a JSON Schema: a whole document, whose references lead within it.
#[derive(Debug)]
pub struct SchemaFields<'a> {
    source: Source<'a>,
    /// What is left of [`LOOKS_MAX`].
    looks: Cell<usize>,
}

impl<'a> SchemaFields<'a> {
    /// The fields of a schema.
    ///
    /// # Errors
    ///
    /// If the schema is too large or too deeply nested.
    pub fn new(schema: &'a Value) -> Result<SchemaFields<'a>, CompatError> {
        Ok(SchemaFields { source: Source::new(schema)?, looks: Cell::new(LOOKS_MAX) })
    }

    /// All schemas that hold at a place if an object or a list is there.
    fn together(&self, start: &[Node<'a>]) -> Vec<Node<'a>> {
        let mut together: Vec<Node<'a>> = Vec::new();
        let mut open = start.to_vec();
        while let Some(node) = open.pop() {
            if together.len() >= SCHEMAS_MAX {
                break;
            }
            if let Some((_, reference)) = node.reference()
                && let Ok(target) = self.source.target(&node, reference)
            {
                open.push(target);
            }
            open.extend(node.list("allOf"));
            for word in ["anyOf", "oneOf"] {
                open.extend(self.only_branch(&node, word));
            }
            together.push(node);
        }
        together
    }

    /// The branch that has what is inside of a value, if there is one such branch.
    fn only_branch(&self, node: &Node<'a>, word: &str) -> Option<Node<'a>> {
        let hosts = Types::OBJECT.or(Types::ARRAY);
        let is_host = |branch: &Node<'a>| !self.types(branch, 0).and(hosts).is_empty();
        let mut branches = node.list(word).into_iter().filter(is_host);
        branches.next().filter(|_| branches.next().is_none())
    }

    /// The types that a schema allows, or more.
    fn types(&self, node: &Node<'a>, depth: usize) -> Types {
        if node.is_false() {
            return Types::NONE;
        }
        let looks = self.looks.get();
        if depth > BRANCHES_DEPTH_MAX || looks == 0 {
            return Types::ALL;
        }
        self.looks.set(looks - 1);
        let mut types = declared(node);
        if let Some((_, reference)) = node.reference()
            && let Ok(target) = self.source.target(node, reference)
        {
            types = types.and(self.types(&target, depth + 1));
        }
        for branch in node.list("allOf") {
            types = types.and(self.types(&branch, depth + 1));
        }
        for word in ["anyOf", "oneOf"] {
            let branches = node.list(word);
            if !branches.is_empty() {
                let either = branches.iter().map(|branch| self.types(branch, depth + 1));
                types = types.and(either.fold(Types::NONE, Types::or));
            }
        }
        types
    }

    /// The schemas that are written down for the end of a way, and whether it may be absent.
    fn find(&self, path: &[Step]) -> Option<(Vec<Node<'a>>, bool)> {
        let mut here = vec![self.source.root()];
        let mut may_be_absent = false;
        for step in path {
            let together = self.together(&here);
            (here, may_be_absent) = match step {
                Step::Key(key) => {
                    let (below, required) = member(&together, key)?;
                    (below, !required)
                }
                Step::Element => (together.iter().filter_map(items).collect(), false),
            };
        }
        Some((here, may_be_absent))
    }

    fn type_of(&self, here: &[Node<'a>], depth: usize) -> Type {
        let types = here.iter().map(|node| self.types(node, 0)).fold(Types::ALL, Types::and);
        let nullable = !types.and(Types::NULL).is_empty();
        let kind = match types.without(Types::NULL) {
            Types::NONE if nullable => Kind::Null,
            Types::BOOLEAN => Kind::Bool,
            Types::INTEGER => Kind::Int,
            Types::NUMBER | Types::FRACTION => Kind::Number,
            Types::STRING => Kind::String,
            Types::OBJECT => Kind::Object,
            Types::ARRAY if depth < LISTS_DEPTH_MAX => {
                let items: Vec<_> = self.together(here).iter().filter_map(items).collect();
                Kind::List(Box::new(self.type_of(&items, depth + 1)))
            }
            Types::ARRAY => Kind::List(Box::new(Type::any())),
            _ => Kind::Any,
        };
        Type { nullable, kind }
    }
}

impl Fields for SchemaFields<'_> {
    fn field(&self, path: &[Step]) -> Option<Field> {
        self.looks.set(LOOKS_MAX);
        let (here, may_be_absent) = self.find(path)?;
        Some(Field { ty: self.type_of(&here, 0), may_be_absent })
    }
}

/// The schemas of a member, and whether it has to be there; nothing if the object has no such member.
///
/// A member that no schema names and that the objects may have nevertheless is taken for a mistake, unless
/// the schemas name no member at all.
fn member<'a>(here: &[Node<'a>], key: &str) -> Option<(Vec<Node<'a>>, bool)> {
    let mut below = Vec::new();
    let (mut named, mut names_any) = (false, false);
    for node in here {
        if let Some(properties) = node.members("properties") {
            names_any |= !properties.is_empty();
            if let Some(schema) = properties.get(key) {
                named = true;
                below.push(node.at(&["properties", key], schema));
                continue;
            }
        }
        // Patterns are not looked at; they may say more than `additionalProperties`, and something else.
        if node.get("patternProperties").is_some() {
            named = true;
            continue;
        }
        match node.below("additionalProperties") {
            Some(schema) if schema.is_false() => names_any = true,
            Some(schema) if schema.value.is_object() => {
                named = true;
                below.push(schema);
            }
            _ => {}
        }
    }
    if !named && names_any {
        return None;
    }
    let requires = |node: &Node<'a>| {
        let list = node.get("required").and_then(Value::as_array);
        list.is_some_and(|keys| keys.iter().any(|k| k.as_str() == Some(key)))
    };
    Some((below, here.iter().any(requires)))
}

/// The schema of every element of a list.
fn items<'a>(node: &Node<'a>) -> Option<Node<'a>> {
    if node.get("prefixItems").is_some() {
        return None;
    }
    node.below("items").filter(|items| !items.value.is_array())
}

/// What a schema says itself.
fn declared(node: &Node<'_>) -> Types {
    let mut types = match node.declared() {
        Some(names) => names.into_iter().map(Types::named).fold(Types::NONE, Types::or),
        None => Types::ALL,
    };
    if let Some(value) = node.get("const") {
        types = types.and(Types::of(value));
    }
    if let Some(values) = node.get("enum").and_then(Value::as_array) {
        types = types.and(values.iter().map(Types::of).fold(Types::NONE, Types::or));
    }
    types
}

/// A set of JSON types; a number has a fraction or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Types(u8);

impl Types {
    const NONE: Types = Types(0);
    const NULL: Types = Types(1);
    const BOOLEAN: Types = Types(2);
    const INTEGER: Types = Types(4);
    const FRACTION: Types = Types(8);
    const NUMBER: Types = Types(12);
    const STRING: Types = Types(16);
    const ARRAY: Types = Types(32);
    const OBJECT: Types = Types(64);
    const ALL: Types = Types(127);

    fn named(name: &str) -> Types {
        match name {
            "null" => Types::NULL,
            "boolean" => Types::BOOLEAN,
            "integer" => Types::INTEGER,
            "number" => Types::NUMBER,
            "string" => Types::STRING,
            "array" => Types::ARRAY,
            "object" => Types::OBJECT,
            _ => Types::ALL,
        }
    }

    fn of(value: &Value) -> Types {
        match value {
            Value::Null => Types::NULL,
            Value::Bool(_) => Types::BOOLEAN,
            Value::Number(_) => Types::NUMBER,
            Value::String(_) => Types::STRING,
            Value::Array(_) => Types::ARRAY,
            Value::Object(_) => Types::OBJECT,
        }
    }

    fn or(self, other: Types) -> Types {
        Types(self.0 | other.0)
    }

    fn and(self, other: Types) -> Types {
        Types(self.0 & other.0)
    }

    fn without(self, other: Types) -> Types {
        Types(self.0 & !other.0)
    }

    fn is_empty(self) -> bool {
        self == Types::NONE
    }
}
