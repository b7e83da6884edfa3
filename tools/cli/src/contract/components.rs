//! All schemas of a version in one place, each under a name of its own.
//!
//! A reference in an event's schema is looked up in that schema first and among the document's `$defs` then.
//! Whatever it leads to becomes a component, once, and the reference becomes one to that component.
//!
//! Names are made of what OpenAPI and AsyncAPI take in a component's name. An event type's own name is one
//! and stays; other names that are taken already get a number.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::schema::{map_parts, to_2020_12};
use super::section;

/// Where the components of a document are.
pub(super) const PREFIX: &str = "#/components/schemas/";
/// The most references that are followed from one place to a schema that is none.
const HOPS_MAX: usize = 64;

/// The schema in which a reference is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Scope<'d> {
    Document,
    Event(&'d str),
}

/// A schema of the document, with where its references are looked up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'d> {
    scope: Scope<'d>,
    pub(super) schema: &'d Value,
}

/// The schemas that were gathered so far.
pub(super) struct Components<'d> {
    document: &'d Value,
    /// The component that the schema at a pointer of a scope became.
    names: BTreeMap<(Scope<'d>, String), String>,
    schemas: BTreeMap<String, Value>,
    taken: BTreeSet<String>,
    /// Components that were named and not brought in yet.
    open: Vec<(String, Place<'d>)>,
    /// The first reference that leads nowhere.
    lost: Option<String>,
}

impl<'d> Components<'d> {
    /// The event types' schemas, and what they refer to.
    ///
    /// # Errors
    ///
    /// If a reference leads nowhere.
    pub(super) fn of(document: &'d Value) -> Result<Components<'d>, String> {
        let mut components = Components {
            document,
            names: BTreeMap::new(),
            schemas: BTreeMap::new(),
            taken: BTreeSet::new(),
            open: Vec::new(),
            lost: None,
        };
        for (event_type, _) in section(document, "events") {
            components.taken.insert(event_type.clone());
            components.names.insert((Scope::Event(event_type), String::new()), event_type.clone());
        }
        for (event_type, _) in section(document, "events") {
            if let Some(place) = components.event(event_type) {
                let schema = components.lift(place);
                components.schemas.insert(event_type.clone(), schema);
            }
        }
        components.lost.take().map_or(Ok(components), Err)
    }

    /// The schema of an event type.
    pub(super) fn event(&self, event_type: &str) -> Option<Place<'d>> {
        let (name, event) = section(self.document, "events").find(|(name, _)| *name == event_type)?;
        Some(Place { scope: Scope::Event(name), schema: event.get("schema")? })
    }

    /// The schema by its name.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.schemas.get(name)
    }

    /// All schemas, by name.
    pub(super) fn schemas(&self) -> &BTreeMap<String, Value> {
        &self.schemas
    }

    /// Adds a schema whose references are to components already, under this name or one like it.
    pub(super) fn add(&mut self, wanted: &str, schema: Value) -> String {
        let name = self.name(wanted);
        self.schemas.insert(name.clone(), schema);
        name
    }

    /// A copy of the schema with references to components. What it refers to is brought in.
    pub(super) fn lift(&mut self, place: Place<'d>) -> Value {
        let schema = self.copy(place);
        while let Some((name, place)) = self.open.pop() {
            let component = self.copy(place);
            self.schemas.insert(name, component);
        }
        schema
    }

    /// The member of the object at a place, and whether it must be there.
    pub(super) fn member(&self, at: Place<'d>, key: &str) -> Option<(Place<'d>, bool)> {
        let host = self.follow(at);
        if let Some(schema) = host.schema.get("properties").and_then(|members| members.get(key)) {
            let names = host.schema.get("required").and_then(Value::as_array);
            let required = names.is_some_and(|names| names.iter().any(|name| name == key));
            return Some((Place { schema, ..host }, required && !self.may_be_null(host)));
        }
        let parts = host.schema.get("allOf").and_then(Value::as_array)?;
        parts.iter().find_map(|schema| self.member_of_part(Place { schema, ..host }, key))
    }

    /// A part of `allOf` is not asked for parts of its own, so that this ends.
    fn member_of_part(&self, at: Place<'d>, key: &str) -> Option<(Place<'d>, bool)> {
        let host = self.follow(at);
        let schema = host.schema.get("properties")?.get(key)?;
        Some((Place { schema, ..host }, false))
    }

    /// Whether a value at the place can be `null`. Where it is not plain to see, it can.
    pub(super) fn may_be_null(&self, at: Place<'d>) -> bool {
        let at = self.follow(at);
        match (at.schema.get("type"), at.schema.get("const"), at.schema.get("enum")) {
            (Some(Value::String(name)), ..) => name == "null",
            (Some(Value::Array(names)), ..) => names.iter().any(|name| name == "null"),
            (_, Some(value), _) => value.is_null(),
            (_, _, Some(Value::Array(values))) => values.iter().any(Value::is_null),
            _ => true,
        }
    }

    /// Where the references from a place lead in the end.
    pub(super) fn follow(&self, at: Place<'d>) -> Place<'d> {
        let next = |at: &Place<'d>| Some(self.target(at.scope, at.schema.get("$ref")?.as_str()?)?.1);
        std::iter::successors(Some(at), next).take(HOPS_MAX).last().unwrap_or(at)
    }

    fn copy(&mut self, place: Place<'d>) -> Value {
        let Value::Object(object) = place.schema else { return place.schema.clone() };
        let mut copy = map_parts(object, &mut |schema| self.copy(Place { schema, ..place }));
        if let Some(Value::String(reference)) = object.get("$ref") {
            let name = self.component(place.scope, reference);
            copy.insert("$ref".to_owned(), format!("{PREFIX}{name}").into());
        }
        to_2020_12(&mut copy);
        copy.into()
    }

    /// The component that a reference leads to, which is brought in later if it is new.
    fn component(&mut self, scope: Scope<'d>, reference: &str) -> String {
        let Some((pointer, place)) = self.target(scope, reference) else {
            self.lost.get_or_insert_with(|| match scope {
                Scope::Event(name) => format!("the reference `{reference}` of `{name}` leads nowhere"),
                Scope::Document => format!("the reference `{reference}` leads nowhere"),
            });
            return String::new();
        };
        if let Some(name) = self.names.get(&(place.scope, pointer.clone())) {
            return name.clone();
        }
        let name = self.name(&wanted(place.scope, &pointer));
        self.names.insert((place.scope, pointer), name.clone());
        self.open.push((name.clone(), place));
        name
    }

    /// What a reference leads to, and the pointer to it in its scope.
    fn target(&self, scope: Scope<'d>, reference: &str) -> Option<(String, Place<'d>)> {
        let encoded = reference.strip_prefix('#')?;
        let pointer = percent_decode_str(encoded).decode_utf8().ok()?.into_owned();
        let event = match scope {
            Scope::Event(name) => self.event(name),
            Scope::Document => None,
        };
        let own = event.and_then(|event| Some((scope, event.schema.pointer(&pointer)?)));
        let shared = || {
            let is_definition = pointer.starts_with("/$defs/");
            Some((Scope::Document, self.document.pointer(&pointer).filter(|_| is_definition)?))
        };
        let (scope, schema) = own.or_else(shared)?;
        Some((pointer, Place { scope, schema }))
    }

    /// The name, or one like it that is free.
    fn name(&mut self, wanted: &str) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
        let name: String = wanted.chars().map(plain).collect();
        free(if name.is_empty() { "_" } else { &name }, "_", &mut self.taken)
    }
}

/// What a component is called, if that is free: a shared definition by its own name, anything within an event
/// with the event's type before it.
fn wanted(scope: Scope<'_>, pointer: &str) -> String {
    let tokens = pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~"));
    let words = tokens.filter(|token| !["$defs", "definitions", "properties"].contains(&token.as_str()));
    let own = words.collect::<Vec<String>>().join("_");
    match scope {
        Scope::Document => own,
        Scope::Event(name) => format!("{name}.{own}"),
    }
}

/// The name, or the first of `name2`, `name3` and so on that is not taken; it is then.
pub(super) fn free(name: &str, between: &str, taken: &mut BTreeSet<String>) -> String {
    let numbered = (2_u64..).map(|number| format!("{name}{between}{number}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    // There are more numbers than names.
    let free = names.find(|name| !taken.contains(name)).unwrap_or_default();
    taken.insert(free.clone());
    free
}

/// A reference to a component.
pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("{PREFIX}{name}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(document: &Value, expect: Value) {
        let schemas = Components::of(document).map(|components| json!(components.schemas));
        assert_eq!(schemas, Ok(expect));
    }

    #[test]
    fn a_reference_is_looked_up_in_the_event_and_then_in_the_document() {
        let event = |own: Value| json!({"schema": {"$ref": "#/$defs/x", "$defs": own}});
        check(
            &json!({
                "$defs": {"x": {"$ref": "#/$defs/y"}, "y": {"type": "string"}, "unused": {}},
                "events": {"a": event(json!({})), "b": event(json!({"x": {"type": "null"}})),
                           "c": event(json!({"y": {"type": "null"}}))},
            }),
            json!({
                "a": {"$ref": "#/components/schemas/x"},
                "b": {"$ref": "#/components/schemas/b.x"},
                "c": {"$ref": "#/components/schemas/x"},
                "x": {"$ref": "#/components/schemas/y"},
                "y": {"type": "string"},
                "b.x": {"type": "null"},
            }),
        );
    }

    #[test]
    fn recursion_ends_and_names_do_not_collide() {
        let all = ["e", "a_b", "a_b_2", "_", "e_2", "e.d_e", "e.p"].map(reference);
        check(
            &json!({
                "$defs": {"a b": {"$ref": "#/$defs/a%20b"}, "a_b": true, "": {"type": "string"}, "e": false},
                "events": {"e": {"schema": {
                    "anyOf": [{"$ref": "#"}, {"$ref": "#/$defs/a b"}, {"$ref": "#/$defs/a_b"}, {"$ref": "#/$defs/"},
                              {"$ref": "#/$defs/e"}, {"$ref": "#/definitions/d~1e"}, {"$ref": "#/properties/p"}],
                    "definitions": {"d/e": {"items": [{"$ref": "#"}]}},
                    "properties": {"p": {"type": "integer"}},
                }}},
            }),
            json!({
                "e": {
                    "anyOf": all,
                    "properties": {"p": {"type": "integer"}},
                },
                "a_b": {"$ref": "#/components/schemas/a_b"},
                "a_b_2": true,
                "_": {"type": "string"},
                "e_2": false,
                "e.d_e": {"prefixItems": [{"$ref": "#/components/schemas/e"}]},
                "e.p": {"type": "integer"},
            }),
        );
    }

    #[test]
    fn a_reference_that_leads_nowhere_is_named() {
        for reference in ["#/$defs/y", "other.json", "#anchor", "#/events", "#/name"] {
            let document = json!({"name": "n", "events": {"a": {"schema": {"items": {"$ref": reference}}}}});
            let lost = Components::of(&document).map(|_| ()).expect_err("lost");
            assert_eq!(lost, format!("the reference `{reference}` of `a` leads nowhere"));
        }
    }
}
