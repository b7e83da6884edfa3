//! From schemas to declarations.
//!
//! An object, a list of texts and a choice of types become declarations of their own, named by where they
//! stand; everything else is written where it is used.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::model::{Body, Declaration, Field, Rest, Role, Type};
use super::names::{pascal, taken};
use super::reading::{branches, described, inferred, listed, literals, merged, split_null};
use crate::contract::components::{PREFIX, free};

type Object = Map<String, Value>;

/// Types that are declared; what would be declared beyond them is anything.
const DECLARATIONS_MAX: usize = 10_000;

/// Declarations while they are gathered.
pub(super) struct Builder<'s> {
    schemas: &'s BTreeMap<String, Value>,
    /// The type names of components.
    names: BTreeMap<&'s str, String>,
    taken: BTreeSet<String>,
    declarations: Vec<Declaration>,
    /// Components that are parts of what is being declared.
    merging: Vec<String>,
}

impl<'s> Builder<'s> {
    pub(super) fn new(schemas: &'s BTreeMap<String, Value>) -> Builder<'s> {
        Builder {
            schemas,
            names: BTreeMap::new(),
            taken: taken(),
            declarations: Vec::new(),
            merging: Vec::new(),
        }
    }

    /// Declares all components: those that have a role first, in their order, then what they share.
    pub(super) fn declare_all(&mut self, roles: &[(String, Role)]) {
        let has_role = |name: &str| roles.iter().any(|(other, _)| other == name);
        let schemas = self.schemas;
        let with_role =
            roles.iter().filter_map(|(name, role)| Some((schemas.get_key_value(name)?, Some(role))));
        let others = schemas.iter().filter(|(name, _)| !has_role(name)).map(|entry| (entry, None));
        let all: Vec<_> = with_role.chain(others).collect();
        for ((component, _), _) in &all {
            let name = free(&pascal(component), "", &mut self.taken);
            self.names.insert(component, name);
        }
        for ((component, schema), role) in all {
            let name = self.names.get(component.as_str()).cloned().unwrap_or_default();
            let mut doc: Vec<String> = role.map(Role::sentence).into_iter().collect();
            doc.extend(described(schema));
            self.declare(name, doc, role.cloned(), |builder, name| builder.component(schema, name));
        }
    }

    pub(super) fn into_declarations(self) -> Vec<Declaration> {
        self.declarations
    }

    /// Declares a type. It stands before those that are found within it.
    fn declare(
        &mut self,
        name: String,
        doc: Vec<String>,
        role: Option<Role>,
        body: impl FnOnce(&mut Self, &str) -> Body,
    ) {
        let place = self.declarations.len();
        self.declarations.push(Declaration { name: name.clone(), doc, role, body: Body::Alias(Type::Any) });
        let body = body(self, &name);
        if let Some(declaration) = self.declarations.get_mut(place) {
            declaration.body = body;
        }
    }

    fn component(&mut self, schema: &Value, name: &str) -> Body {
        let (nullable, bare) = split_null(schema);
        if nullable {
            return Body::Alias(self.used(&bare, &format!("{name}Value")).or_null());
        }
        self.body(&bare, name)
    }

    /// The type of a schema where it is used; what must be declared is, under a name like the one given.
    fn used(&mut self, schema: &Value, name: &str) -> Type {
        let (nullable, bare) = split_null(schema);
        let ty = match self.forms_declaration(&bare) {
            false => match self.body(&bare, name) {
                Body::Alias(ty) => ty,
                // Only what forms a declaration has another body.
                _ => Type::Any,
            },
            // Schemas that are made of each other can come to more than they are.
            true if self.declarations.len() >= DECLARATIONS_MAX => Type::Any,
            true => {
                let name = free(name, "", &mut self.taken);
                let doc = if bare.get("$ref").is_some() { Vec::new() } else { described(&bare) };
                let declared = name.clone();
                self.declare(name, doc, None, |builder, name| builder.body(&bare, name));
                self.simplified(declared)
            }
        };
        if nullable { ty.or_null() } else { ty }
    }

    /// The use of a declaration, which is taken back if it turned out to be nothing but another name.
    fn simplified(&mut self, name: String) -> Type {
        let is_it = |it: &Declaration| it.name == name && matches!(it.body, Body::Alias(_));
        let Some(place) = self.declarations.iter().rposition(is_it) else { return Type::Named(name) };
        self.taken.remove(&name);
        match self.declarations.remove(place).body {
            Body::Alias(ty) => ty,
            // Looked at just now.
            _ => Type::Any,
        }
    }

    fn forms_declaration(&self, schema: &Value) -> bool {
        let Some(object) = schema.as_object() else { return false };
        let has = |words: &[&str]| words.iter().any(|word| object.contains_key(*word));
        has(&[
            "properties",
            "required",
            "patternProperties",
            "additionalProperties",
            "anyOf",
            "oneOf",
            "allOf",
            "enum",
            "const",
        ]) || object.get("type").is_some_and(|kind| kind.is_array() || kind == "object")
    }

    fn body(&mut self, schema: &Value, name: &str) -> Body {
        let Value::Object(object) = schema else {
            return Body::Alias(if schema == &json!(false) { Type::Never } else { Type::Any });
        };
        if let Some((whole, parts)) = merged(object, self.schemas) {
            return self.merged(whole, parts, name);
        }
        if let Some(values) = listed(object) {
            return literals(&values);
        }
        if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
            let component = reference.strip_prefix(PREFIX).and_then(|name| self.names.get(name));
            return Body::Alias(component.map_or(Type::Any, |name| Type::Named(name.clone())));
        }
        if let Some(branches) = branches(object) {
            return match branches.as_slice() {
                [one] => self.body(one, name),
                branches => self.union(branches, name),
            };
        }
        if let Some(Value::Array(kinds)) = object.get("type") {
            let branch = |kind: &Value| {
                let mut branch = object.clone();
                branch.insert("type".to_owned(), kind.clone());
                Value::Object(branch)
            };
            return self.union(&kinds.iter().map(branch).collect::<Vec<_>>(), name);
        }
        match object.get("type").and_then(Value::as_str).unwrap_or_else(|| inferred(object)) {
            "object" => self.object(object, name),
            "array" => Body::Alias(Type::List(Box::new(self.items(object, name)))),
            "string" => Body::Alias(Type::String),
            "integer" => Body::Alias(Type::Integer),
            "number" => Body::Alias(Type::Number),
            "boolean" => Body::Alias(Type::Boolean),
            "null" => Body::Alias(Type::Null),
            _ => Body::Alias(Type::Any),
        }
    }

    /// The body of what several schemas come to. What is within one of them already would not end: it is then
    /// that one alone.
    fn merged(&mut self, whole: Object, parts: BTreeSet<String>, name: &str) -> Body {
        if let Some(again) = parts.iter().find(|part| self.merging.contains(part)) {
            let named = self.names.get(again.as_str());
            return Body::Alias(named.map_or(Type::Any, |name| Type::Named(name.clone())));
        }
        let before = self.merging.len();
        self.merging.extend(parts);
        let body = self.body(&whole.into(), name);
        self.merging.truncate(before);
        body
    }

    fn items(&mut self, object: &Object, name: &str) -> Type {
        let first = object.get("prefixItems").and_then(Value::as_array);
        let schemas: Vec<Value> = first.into_iter().flatten().chain(object.get("items")).cloned().collect();
        match schemas.as_slice() {
            [] => Type::Any,
            [one] if first.is_none() => self.used(one, name),
            // Beyond the first ones anything may follow.
            several if object.contains_key("items") => self.used(&json!({ "anyOf": several }), name),
            _ => Type::Any,
        }
    }

    fn union(&mut self, branches: &[Value], name: &str) -> Body {
        let mut types: Vec<Type> = Vec::new();
        let mut nullable = false;
        for (number, branch) in branches.iter().enumerate() {
            let title = branch.get("title").and_then(Value::as_str);
            let own = title.map_or_else(
                || format!("{name}Option{}", number + 1),
                |title| format!("{name}{}", pascal(title)),
            );
            let ty = match self.used(branch, &own) {
                Type::Nullable(inner) => {
                    nullable = true;
                    *inner
                }
                Type::Null => {
                    nullable = true;
                    continue;
                }
                Type::Never => continue,
                ty => ty,
            };
            if !types.contains(&ty) {
                types.push(ty);
            }
        }
        if types.contains(&Type::Any) {
            return Body::Alias(Type::Any);
        }
        if types.contains(&Type::Number) {
            types.retain(|ty| *ty != Type::Integer);
        }
        let ty = match types.len() {
            0 => Type::Never,
            1 => types.remove(0),
            _ if !nullable => return Body::Union(types),
            _ => {
                let declared = free(&format!("{name}Value"), "", &mut self.taken);
                self.declare(declared.clone(), Vec::new(), None, |_, _| Body::Union(types));
                Type::Named(declared)
            }
        };
        Body::Alias(if nullable { ty.or_null() } else { ty })
    }

    fn object(&mut self, object: &Object, name: &str) -> Body {
        let rest = self.rest(object, name);
        let empty = Object::new();
        let members = object.get("properties").and_then(Value::as_object).unwrap_or(&empty);
        let keys = object.get("required").and_then(Value::as_array).into_iter().flatten();
        let required: BTreeSet<&str> = keys.filter_map(Value::as_str).collect();
        let unnamed = required.iter().filter(|key| !members.contains_key(**key));
        let unnamed: Vec<(String, Value)> = unnamed.map(|key| ((*key).to_owned(), json!(true))).collect();
        let members: Vec<(&String, &Value)> =
            members.iter().chain(unnamed.iter().map(|(key, schema)| (key, schema))).collect();
        let mut fields = Vec::new();
        for (key, schema) in members {
            let ty = self.used(schema, &format!("{name}{}", pascal(key)));
            let required = required.contains(key.as_str());
            fields.push(Field { key: key.clone(), doc: described(schema), ty, required });
        }
        match rest {
            Rest::Unsaid if fields.is_empty() => Body::Alias(Type::Map(Box::new(Type::Any))),
            Rest::Of(ty) if fields.is_empty() => Body::Alias(Type::Map(Box::new(ty))),
            rest => Body::Object { fields, rest },
        }
    }

    fn rest(&mut self, object: &Object, name: &str) -> Rest {
        let patterns = object.get("patternProperties").and_then(Value::as_object);
        let mut schemas: Vec<Value> = patterns.into_iter().flat_map(Map::values).cloned().collect();
        let closed = match object.get("additionalProperties") {
            Some(Value::Bool(false)) => true,
            None if schemas.is_empty() => return Rest::Unsaid,
            None | Some(Value::Bool(true)) => return Rest::Of(Type::Any),
            Some(schema) => {
                schemas.push(schema.clone());
                false
            }
        };
        let name = format!("{name}Other");
        match schemas.as_slice() {
            [] if closed => Rest::Closed,
            [one] => Rest::Of(self.used(one, &name)),
            several => Rest::Of(self.used(&json!({ "anyOf": several }), &name)),
        }
    }
}

impl Role {
    fn sentence(&self) -> String {
        match self {
            Role::Event(name) => format!("The data of the event type `{name}`."),
            Role::Row(name) => format!("A row of `{name}`."),
            Role::Input(name) => format!("A job input of `{name}`."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Declares the schemas; gives the name and body of each type.
    fn declared(schemas: Value) -> Vec<String> {
        let schemas: BTreeMap<String, Value> = serde_json::from_value(schemas).expect("schemas");
        let mut builder = Builder::new(&schemas);
        builder.declare_all(&[]);
        builder.into_declarations().iter().map(|it| format!("{} {:?}", it.name, it.body)).collect()
    }

    #[test]
    fn schemas_that_are_made_of_themselves_end() {
        let named = |name: &str| json!({"$ref": format!("{PREFIX}{name}")});
        for schema in [
            named("a"),
            json!({"allOf": [named("a"), {"properties": {"x": {}}}]}),
            json!({"type": "object", "anyOf": [named("a"), {"type": "string"}]}),
            json!({"properties": {"x": {"allOf": [named("a"), {"properties": {"y": {"allOf": [named("a"), {"required": ["z"]}]}}}]}}}),
            json!({"$ref": format!("{PREFIX}a"), "properties": {"x": {"$ref": format!("{PREFIX}a"), "properties": {}}}}),
        ] {
            let types = declared(json!({"a": schema}));
            assert!((1..10).contains(&types.len()), "{types:?}");
        }
    }

    #[test]
    fn types_beyond_the_limit_are_anything() {
        let member = |n: usize| (format!("m{n}"), json!({"properties": {"x": {}}}));
        let members: Map<String, Value> = (0..DECLARATIONS_MAX + 9).map(member).collect();
        let types = declared(json!({"a": {"properties": members}}));
        assert_eq!(types.len(), DECLARATIONS_MAX);
        assert!(types[0].contains("ty: Any, required: false }]"), "{}", &types[0][..200]);
    }

    /// Schema, and what the type `A` is.
    #[track_caller]
    fn check(schema: Value, expect: &str) {
        assert_eq!(declared(json!({"a": schema})).first().map(String::as_str), Some(expect));
    }

    #[test]
    fn null_is_allowed_where_type_and_values_allow_it() {
        check(json!({"type": ["string", "null"]}), "A Alias(Nullable(String))");
        check(json!({"type": "null"}), "A Alias(Null)");
        check(json!({"type": ["string", "null"], "enum": ["x"]}), r#"A Enum(["x"])"#);
        check(json!({"type": "string", "enum": ["x", null]}), r#"A Enum(["x"])"#);
        check(json!({"anyOf": [{"type": "integer"}, {"type": "null"}]}), "A Alias(Nullable(Integer))");
        check(json!({"anyOf": [{"type": "number"}, {"type": "integer"}]}), "A Alias(Number)");
        check(json!({"enum": [1, 2.5]}), "A Alias(Number)");
        check(json!({"enum": [1, "x"]}), "A Alias(Any)");
    }

    #[test]
    fn conditions_are_not_choices() {
        let object =
            r#"A Object { fields: [Field { key: "x", doc: [], ty: Any, required: false }], rest: Unsaid }"#;
        check(json!({"properties": {"x": {}}, "anyOf": [{"required": ["x"]}, {"minProperties": 2}]}), object);
        check(json!({"allOf": [{"properties": {"x": {}}}, {"maxProperties": 3}]}), object);
        check(json!({"type": "object"}), "A Alias(Map(Any))");
        check(
            json!({"patternProperties": {"^x": {"type": "string"}}, "additionalProperties": false}),
            "A Alias(Map(String))",
        );
    }
}
