//! What a schema says about the members of an object.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::super::{Members, Pattern, Property, Schema};
use super::Reader;
use super::words::closes;
use crate::json::pointer;
use crate::limits::PROPERTY_BYTES_MAX;

impl<'a> Reader<'a, '_> {
    /// The members; and how many schemas lie below, and how deep.
    pub(super) fn members(&mut self, object: &'a Map<String, Value>) -> (Members, (usize, usize)) {
        let mut below = (0, 0);
        let (open, rest) = self.others(object, &mut below);
        let mut properties = self.properties(object.get("properties"), &mut below);
        let others = self.required(object.get("required"), open, &mut properties);
        let (min_properties, max_properties) = self.member_counts(object);
        (Members { properties, open, rest, others, min_properties, max_properties }, below)
    }

    /// Whether there may be members without a property, and what they must be.
    fn others(
        &mut self,
        object: &'a Map<String, Value>,
        below: &mut (usize, usize),
    ) -> (bool, Option<Arc<Schema>>) {
        let word = match object.get("additionalProperties") {
            None if closes(object) => "unevaluatedProperties",
            // Members that a pattern names are not among the others, and which those are is not compiled.
            Some(_) if object.contains_key("patternProperties") => return (true, None),
            _ => "additionalProperties",
        };
        match object.get(word) {
            None | Some(Value::Bool(true)) => (true, None),
            Some(Value::Bool(false)) => (false, None),
            Some(json) => {
                let read = self.below(&[word], json);
                if let Some(read) = &read {
                    *below = (below.0 + read.places, below.1.max(read.height));
                }
                (true, read.map(|read| read.schema).filter(|schema| !schema.is_any()))
            }
        }
    }

    /// The patterns of members' keys, for the problems that they have.
    pub(super) fn patterns(&mut self, json: Option<&Value>) {
        for source in json.and_then(Value::as_object).into_iter().flat_map(Map::keys) {
            if let Err(message) = Pattern::compile(source) {
                let place = pointer::child(&self.place("patternProperties"), source);
                self.problems.add(place, message);
            }
        }
    }

    fn properties(
        &mut self,
        json: Option<&'a Value>,
        below: &mut (usize, usize),
    ) -> BTreeMap<String, Property> {
        let object = match json {
            None => None,
            Some(Value::Object(object)) => Some(object),
            Some(_) => self.refuse("properties", "must be an object"),
        };
        let mut properties = BTreeMap::new();
        for (key, json) in object.into_iter().flatten() {
            if key.len() > PROPERTY_BYTES_MAX {
                let message =
                    format!("a key has at most {PROPERTY_BYTES_MAX} bytes, this one has {}", key.len());
                self.refuse::<()>("properties", message);
            } else if let Some(read) = self.below(&["properties", key], json) {
                *below = (below.0.saturating_add(read.places), below.1.max(read.height));
                properties.insert(key.clone(), Property { schema: read.schema, required: false });
            }
        }
        properties
    }

    /// Marks the properties that must be there; gives the keys of other members that must be.
    fn required(
        &mut self,
        json: Option<&Value>,
        open: bool,
        properties: &mut BTreeMap<String, Property>,
    ) -> Vec<String> {
        let Some(json) = json else { return Vec::new() };
        let keys: Option<Vec<&str>> =
            json.as_array().and_then(|list| list.iter().map(Value::as_str).collect());
        let Some(keys) = keys else {
            self.refuse::<()>("required", "must be a list of keys");
            return Vec::new();
        };
        let mut others = Vec::new();
        for (index, key) in keys.into_iter().enumerate() {
            let twice = format!("the key `{key}` stands twice");
            let message = match properties.get_mut(key) {
                Some(property) if !property.required => {
                    property.required = true;
                    continue;
                }
                Some(_) => twice,
                None if others.iter().any(|other| other == key) => twice,
                // A property with a problem of its own is reported there.
                None if self.problems.below(&pointer::child(&self.place("properties"), key)) => continue,
                None if open => {
                    others.push(key.to_owned());
                    continue;
                }
                None => format!("requires `{key}`, which `properties` does not have: add it there"),
            };
            self.refuse::<()>("required", format!("{message} (entry {index})"));
        }
        others.sort_unstable();
        others
    }
}
