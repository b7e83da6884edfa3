//! A schema from its JSON, with every problem it has.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{Items, Kind, Members, Pattern, Property, Range, Schema, Text};
use crate::json::number::Num;
use crate::json::pointer;
use crate::limits::{ENUM_MAX, PROPERTY_BYTES_MAX, SCHEMA_DEPTH_MAX, SLOTS_MAX};
use crate::problem::Problems;

/// Keywords that change nothing about what is valid. `format` is one too, but stays in the content id,
/// since it says how a string is read.
pub(crate) const ANNOTATIONS: [&str; 7] =
    ["$comment", "$schema", "default", "deprecated", "description", "examples", "title"];

/// Every keyword that constrains one type, with the type.
const KEYWORDS: [(&str, &str); 14] = [
    ("properties", "object"),
    ("required", "object"),
    ("additionalProperties", "object"),
    ("items", "array"),
    ("minItems", "array"),
    ("maxItems", "array"),
    ("minLength", "string"),
    ("maxLength", "string"),
    ("pattern", "string"),
    ("format", "string"),
    ("minimum", "number"),
    ("maximum", "number"),
    ("exclusiveMinimum", "number"),
    ("exclusiveMaximum", "number"),
];

const TYPES: [&str; 6] = ["object", "array", "string", "integer", "number", "boolean"];

/// The schema of an event's payload: an object, not null, with a limited number of slots.
pub(crate) fn event_schema(json: &Value, place: &str, problems: &mut Problems) -> Option<Schema> {
    let schema = field_schema(json, place, problems)?;
    if schema.members().is_none() || schema.nullable {
        problems.add(place, "an event's schema must have `type: object`");
        return None;
    }
    let slots = slots(&schema);
    if slots > SLOTS_MAX {
        problems.add(place, format!("the schema has {slots} fields, over the limit of {SLOTS_MAX}"));
        return None;
    }
    Some(schema)
}

/// The schema of a value.
pub(crate) fn field_schema(json: &Value, place: &str, problems: &mut Problems) -> Option<Schema> {
    let before = problems.count();
    let schema = Place { pointer: place.to_owned(), depth: 1, problems }.schema(json);
    schema.filter(|_| problems.count() == before)
}

fn slots(schema: &Schema) -> usize {
    let members = schema.members().into_iter().flat_map(|m| m.properties.values());
    1 + members.map(|property| slots(&property.schema)).sum::<usize>()
}

struct Place<'a> {
    pointer: String,
    depth: usize,
    problems: &'a mut Problems,
}

impl Place<'_> {
    fn refuse<T>(&mut self, keyword: &str, message: impl Into<String>) -> Option<T> {
        let place =
            if keyword.is_empty() { self.pointer.clone() } else { pointer::child(&self.pointer, keyword) };
        self.problems.add(place, message);
        None
    }

    fn schema(&mut self, json: &Value) -> Option<Schema> {
        if self.depth > SCHEMA_DEPTH_MAX {
            let message = format!("schemas lie more than {SCHEMA_DEPTH_MAX} deep within each other");
            return self.refuse("", message);
        }
        let object = match json {
            Value::Bool(true) => &Map::new(),
            Value::Object(object) => object,
            Value::Bool(false) => return self.refuse("", "the schema `false` is not supported yet"),
            _ => return self.refuse("", "a schema must be an object or `true`"),
        };
        let (name, nullable) = self.type_of(object)?;
        self.keywords(object, name);
        let kind = match name {
            None => Kind::Any,
            Some("boolean") => Kind::Boolean,
            Some("integer") => Kind::Integer(self.range(object)),
            Some("number") => Kind::Number(self.range(object)),
            Some("string") => Kind::String(self.text(object)),
            Some("array") => Kind::Array(self.items(object)),
            Some(_) => Kind::Object(self.members(object)),
        };
        let values = self.values(object, name);
        Some(Schema { kind, nullable, values })
    }

    /// The one type besides `null`, and whether `null` is there.
    fn type_of<'j>(&mut self, object: &'j Map<String, Value>) -> Option<(Option<&'j str>, bool)> {
        let names: Vec<&Value> = match object.get("type") {
            None => return Some((None, true)),
            Some(Value::Array(names)) => names.iter().collect(),
            Some(name) => vec![name],
        };
        let texts: Option<BTreeSet<&str>> = names.iter().map(|name| name.as_str()).collect();
        let texts =
            texts.filter(|t| t.len() == names.len() && t.iter().all(|t| *t == "null" || TYPES.contains(t)));
        let Some(mut texts) = texts else {
            return self.refuse(
                "type",
                format!("must be one of {}, or a list of them with `null`", TYPES.join(", ")),
            );
        };
        let nullable = texts.remove("null");
        match (texts.pop_first(), texts.is_empty()) {
            (Some(name), true) => Some((Some(name), nullable)),
            _ => self.refuse("type", "only one type, or one type and `null`, is supported yet"),
        }
    }

    /// Refuses every keyword that is not known, or that says nothing about the type.
    fn keywords(&mut self, object: &Map<String, Value>, name: Option<&str>) {
        for keyword in object.keys().map(String::as_str) {
            if ANNOTATIONS.contains(&keyword) || ["type", "enum", "const"].contains(&keyword) {
                continue;
            }
            let known = KEYWORDS.iter().find(|(known, _)| *known == keyword);
            let message = match (known, name) {
                (None, _) => format!("the keyword `{keyword}` is not supported yet"),
                (Some((_, about)), None) => format!("`{keyword}` needs `type: {about}` beside it"),
                (Some((_, "number")), Some("integer")) => continue,
                (Some((_, about)), Some(name)) if *about == name => continue,
                (_, Some(name)) => format!("`{keyword}` says nothing about type `{name}`: leave it out"),
            };
            self.refuse::<()>(keyword, message);
        }
    }

    fn count(&mut self, object: &Map<String, Value>, keyword: &str) -> Option<u64> {
        let value = object.get(keyword)?;
        value
            .as_u64()
            .or_else(|| self.refuse(keyword, format!("must be a whole number from 0 on, is `{value}`")))
    }

    fn number(&mut self, object: &Map<String, Value>, keyword: &str) -> Option<Num> {
        match object.get(keyword)? {
            Value::Number(number) => Some(Num::of(&number.to_string())),
            value => self.refuse(keyword, format!("must be a number, is `{value}`")),
        }
    }

    fn range(&mut self, object: &Map<String, Value>) -> Range {
        Range {
            minimum: self.number(object, "minimum"),
            maximum: self.number(object, "maximum"),
            exclusive_minimum: self.number(object, "exclusiveMinimum"),
            exclusive_maximum: self.number(object, "exclusiveMaximum"),
        }
    }

    fn text(&mut self, object: &Map<String, Value>) -> Text {
        let date_time = match object.get("format") {
            None => false,
            Some(Value::String(format)) => format == "date-time",
            Some(value) => self.refuse("format", format!("must be a string, is `{value}`")).unwrap_or(false),
        };
        Text {
            min_length: self.count(object, "minLength"),
            max_length: self.count(object, "maxLength"),
            pattern: object.get("pattern").and_then(|pattern| self.pattern(pattern)),
            date_time,
        }
    }

    fn pattern(&mut self, json: &Value) -> Option<Pattern> {
        let Some(source) = json.as_str() else {
            return self.refuse("pattern", format!("must be a string, is `{json}`"));
        };
        Pattern::compile(source).map_err(|e| self.refuse::<()>("pattern", e)).ok()
    }

    fn items(&mut self, object: &Map<String, Value>) -> Items {
        let items = object.get("items").and_then(|json| self.below("items", json));
        Items {
            items: items.map(Box::new),
            min_items: self.count(object, "minItems"),
            max_items: self.count(object, "maxItems"),
        }
    }

    fn below(&mut self, keyword: &str, json: &Value) -> Option<Schema> {
        let pointer = pointer::child(&self.pointer, keyword);
        Place { pointer, depth: self.depth + 1, problems: self.problems }.schema(json)
    }

    fn members(&mut self, object: &Map<String, Value>) -> Members {
        let open = match object.get("additionalProperties") {
            None | Some(Value::Bool(true)) => true,
            Some(Value::Bool(false)) => false,
            Some(_) => self
                .refuse("additionalProperties", "only `true` and `false` are supported yet")
                .unwrap_or(true),
        };
        let mut properties = self.properties(object.get("properties"));
        self.required(object.get("required"), &mut properties);
        Members { properties, open }
    }

    fn properties(&mut self, json: Option<&Value>) -> BTreeMap<String, Property> {
        let empty = Map::new();
        let object = match json {
            None => &empty,
            Some(Value::Object(object)) => object,
            Some(_) => self.refuse("properties", "must be an object").unwrap_or(&empty),
        };
        let mut properties = BTreeMap::new();
        let pointer = pointer::child(&self.pointer, "properties");
        let mut place = Place { pointer, depth: self.depth, problems: self.problems };
        for (key, json) in object {
            if key.len() > PROPERTY_BYTES_MAX {
                let message =
                    format!("a key has at most {PROPERTY_BYTES_MAX} bytes, this one has {}", key.len());
                place.refuse::<()>("", message);
            } else if let Some(schema) = place.below(key, json) {
                properties.insert(key.clone(), Property { schema, required: false });
            }
        }
        properties
    }

    fn required(&mut self, json: Option<&Value>, properties: &mut BTreeMap<String, Property>) {
        let Some(json) = json else { return };
        let keys: Option<Vec<&str>> =
            json.as_array().and_then(|list| list.iter().map(Value::as_str).collect());
        let Some(keys) = keys else {
            self.refuse::<()>("required", "must be a list of keys");
            return;
        };
        for (index, key) in keys.into_iter().enumerate() {
            let message = match properties.get_mut(key) {
                Some(property) if !property.required => {
                    property.required = true;
                    continue;
                }
                Some(_) => format!("the key `{key}` stands twice"),
                // A property with a problem of its own is reported there.
                None if self
                    .problems
                    .below(&pointer::child(&format!("{}/properties", self.pointer), key)) =>
                {
                    continue;
                }
                None => format!("requires `{key}`, which `properties` does not have: add it there"),
            };
            self.refuse::<()>("required", format!("{message} (entry {index})"));
        }
    }

    fn values(&mut self, object: &Map<String, Value>, name: Option<&str>) -> Vec<Vec<Value>> {
        let mut lists = Vec::new();
        for keyword in ["enum", "const"] {
            let Some(json) = object.get(keyword) else { continue };
            if name == Some("object") {
                self.refuse::<()>(keyword, format!("`{keyword}` on an object is not supported yet"));
                continue;
            }
            match (keyword, json) {
                ("const", value) => lists.push(vec![value.clone()]),
                (_, Value::Array(list)) if (1..=ENUM_MAX).contains(&list.len()) => lists.push(list.clone()),
                _ => {
                    self.refuse::<()>(keyword, format!("must be a list of 1 to {ENUM_MAX} values"));
                }
            }
        }
        lists
    }
}
