//! What a schema says by itself about types and their values.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::super::{Items, Kind, Pattern, Range, Schema, Text, Types};
use super::words::KEYWORDS;
use super::{Parsed, Reader};
use crate::json::number::Num;
use crate::limits::ENUM_MAX;

const TYPES: [&str; 7] = ["object", "array", "string", "integer", "number", "boolean", "null"];

impl<'a> Reader<'a, '_> {
    /// The types that a schema names, all of them if it names none.
    pub(super) fn types(&mut self, object: &'a Map<String, Value>) -> Option<Vec<&'a str>> {
        let names: Vec<&Value> = match object.get("type") {
            None => return Some(TYPES.to_vec()),
            Some(Value::Array(names)) => names.iter().collect(),
            Some(name) => vec![name],
        };
        let texts: Option<BTreeSet<&str>> = names.iter().map(|name| name.as_str()).collect();
        let fine = |texts: &BTreeSet<&str>| {
            !texts.is_empty() && texts.len() == names.len() && texts.iter().all(|text| TYPES.contains(text))
        };
        match texts.filter(fine) {
            Some(texts) => Some(TYPES.into_iter().filter(|name| texts.contains(name)).collect()),
            None => self.refuse("type", format!("must be one of {}, or a list of them", TYPES.join(", "))),
        }
    }

    /// The schema but for what it combines.
    pub(super) fn base(&mut self, object: &'a Map<String, Value>, types: &[&str]) -> Option<Parsed> {
        let values = self.values(object);
        let said = KEYWORDS.iter().any(|(word, _)| *word != "format" && object.contains_key(*word));
        if types.len() == TYPES.len() && !said {
            return Some(self.parsed(Schema { values, ..Schema::any() }, 1, 1));
        }
        let (mut places, mut height) = (1, 1);
        let mut all = Types::default();
        for name in types {
            let (place, kind) = match *name {
                "boolean" => (&mut all.boolean, Kind::Boolean),
                // A number may be one without a fraction, so the wider type says it all.
                "integer" if types.contains(&"number") => continue,
                "integer" => (&mut all.number, Kind::Integer(self.range(object))),
                "number" => (&mut all.number, Kind::Number(self.range(object))),
                "string" => (&mut all.string, Kind::String(self.text(object))),
                "array" => {
                    let (items, below) = self.items(object);
                    let below = below.unwrap_or_default();
                    (places, height) = (places + below.0, height.max(below.1 + 1));
                    (&mut all.array, Kind::Array(items))
                }
                "object" => {
                    let (members, below) = self.members(object);
                    (places, height) = (places + below.0, height.max(below.1 + 1));
                    (&mut all.object, Kind::Object(members))
                }
                _ => continue,
            };
            *place = Some(Arc::new(Schema::of(kind)));
        }
        let schema = all.schema(types.contains(&"null"));
        let schema = Schema { values: [schema.values.clone(), values].concat(), ..schema };
        Some(self.parsed(schema, places, height))
    }

    fn count(&mut self, object: &Map<String, Value>, keyword: &str) -> Option<u64> {
        let value = object.get(keyword)?;
        value
            .as_u64()
            .or_else(|| {
                value
                    .as_f64()
                    .filter(|x| *x >= 0.0 && x.fract() == 0.0)
                    .and_then(|x| format!("{x:.0}").parse().ok())
            })
            .or_else(|| self.refuse(keyword, format!("must be a whole number from 0 on, is `{value}`")))
    }

    fn number(&mut self, object: &Map<String, Value>, keyword: &str) -> Option<Num> {
        match object.get(keyword)? {
            Value::Number(number) => Some(Num::of(&number.to_string())),
            value => self.refuse(keyword, format!("must be a number, is `{value}`")),
        }
    }

    fn range(&mut self, object: &Map<String, Value>) -> Range {
        let multiple_of = self.number(object, "multipleOf");
        if multiple_of.is_some_and(|step| step <= Num::Int(0)) {
            self.refuse::<()>("multipleOf", "must be more than 0");
        }
        Range {
            minimum: self.number(object, "minimum"),
            maximum: self.number(object, "maximum"),
            exclusive_minimum: self.number(object, "exclusiveMinimum"),
            exclusive_maximum: self.number(object, "exclusiveMaximum"),
            multiple_of,
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

    /// What is said about an array; and how many schemas lie below it, and how deep.
    fn items(&mut self, object: &'a Map<String, Value>) -> (Items, Option<(usize, usize)>) {
        let unique = match object.get("uniqueItems") {
            None => false,
            Some(Value::Bool(unique)) => *unique,
            Some(value) => {
                self.refuse("uniqueItems", format!("must be true or false, is `{value}`")).unwrap_or(false)
            }
        };
        let items = match (self.items_for_all(object), object.get("items")) {
            (Some(items), _) => self.below(&["items"], items),
            (None, Some(_)) => {
                self.leave("items");
                None
            }
            (None, None) => None,
        };
        let below = items.as_ref().map(|items| (items.places, items.height));
        let items = Items {
            items: items.map(|items| items.schema),
            min_items: self.count(object, "minItems"),
            max_items: self.count(object, "maxItems"),
            unique,
        };
        (items, below)
    }

    pub(super) fn member_counts(&mut self, object: &Map<String, Value>) -> (Option<u64>, Option<u64>) {
        (self.count(object, "minProperties"), self.count(object, "maxProperties"))
    }

    fn values(&mut self, object: &Map<String, Value>) -> Vec<Vec<Value>> {
        let mut lists = Vec::new();
        for keyword in ["enum", "const"] {
            let Some(json) = object.get(keyword) else { continue };
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
