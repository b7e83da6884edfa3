//! One example of a schema's values, or none if what was made up is not valid.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::components::PREFIX;

/// Values of one example, so that a schema that branches widely does not give a large one.
const VALUES_MAX: usize = 500;
/// Schemas within each other in an example.
const DEPTH_MAX: usize = 24;
/// Characters of a text, or items of a list, that are made up at most.
const LENGTH_MAX: u64 = 1000;

/// A value that the schema takes.
pub(super) fn example(schema: &Value, schemas: &BTreeMap<String, Value>) -> Option<Value> {
    let mut made = Maker { schemas, path: Vec::new(), left: VALUES_MAX };
    let value = made.value(schema)?;
    let whole = json!({ "allOf": [schema], "components": { "schemas": reachable(schema, schemas) } });
    let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012);
    let validator = options.build(&whole).ok()?;
    validator.is_valid(&value).then_some(value)
}

/// The components that a schema refers to, and those that they refer to.
fn reachable<'a>(schema: &'a Value, schemas: &'a BTreeMap<String, Value>) -> BTreeMap<&'a str, &'a Value> {
    let mut found: BTreeMap<&str, &Value> = BTreeMap::new();
    let mut open = vec![schema];
    while let Some(part) = open.pop() {
        match part {
            Value::Array(items) => open.extend(items),
            Value::Object(members) => {
                open.extend(members.values());
                let name = members.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix(PREFIX));
                if let Some((name, schema)) = name.and_then(|name| schemas.get_key_value(name))
                    && found.insert(name, schema).is_none()
                {
                    open.push(schema);
                }
            }
            _ => {}
        }
    }
    found
}

struct Maker<'a> {
    schemas: &'a BTreeMap<String, Value>,
    /// The components that the value is within.
    path: Vec<&'a str>,
    left: usize,
}

impl<'a> Maker<'a> {
    fn value(&mut self, schema: &'a Value) -> Option<Value> {
        self.left = self.left.checked_sub(1)?;
        let Value::Object(object) = schema else { return (schema == &json!(true)).then(|| json!("a")) };
        let listed = |word: &str| object.get(word)?.as_array()?.first();
        let said = listed("examples").or(object.get("default")).or(object.get("const")).or(listed("enum"));
        if let Some(value) = said {
            return Some(value.clone());
        }
        if let Some(name) = object.get("$ref").and_then(Value::as_str) {
            return self.component(name.strip_prefix(PREFIX)?);
        }
        for word in ["anyOf", "oneOf"] {
            let branches = object.get(word).and_then(Value::as_array).into_iter().flatten();
            let is_null = |branch: &&Value| branch.get("type").is_some_and(|name| name == "null");
            if let Some(value) = branches.filter(|b| !is_null(b)).find_map(|branch| self.value(branch)) {
                return Some(value);
            }
        }
        if let Some(first) = listed("allOf").filter(|_| !object.contains_key("properties")) {
            return self.value(first);
        }
        self.of_type(object)
    }

    fn component(&mut self, name: &'a str) -> Option<Value> {
        let schema = self.schemas.get(name)?;
        if self.path.contains(&name) || self.path.len() >= DEPTH_MAX {
            return None;
        }
        self.path.push(name);
        let value = self.value(schema);
        self.path.pop();
        value
    }

    fn of_type(&mut self, object: &'a Map<String, Value>) -> Option<Value> {
        let name = match object.get("type") {
            Some(Value::Array(names)) => names.iter().find(|name| *name != "null")?.as_str()?,
            Some(name) => name.as_str()?,
            None if object.contains_key("properties") => "object",
            None => "string",
        };
        match name {
            "object" => self.object(object),
            "array" => self.array(object),
            "integer" | "number" => Some(number(object)),
            "boolean" => Some(json!(true)),
            "null" => Some(Value::Null),
            _ => text(object),
        }
    }

    /// Every member that can be made; none at all if one cannot that must be there.
    fn object(&mut self, object: &'a Map<String, Value>) -> Option<Value> {
        let required = object.get("required").and_then(Value::as_array);
        let is_required = |key: &String| required.is_some_and(|keys| keys.iter().any(|other| other == key));
        let mut made = Map::new();
        for (key, schema) in object.get("properties").and_then(Value::as_object).into_iter().flatten() {
            match self.value(schema) {
                Some(value) => drop(made.insert(key.clone(), value)),
                None if is_required(key) => return None,
                None => {}
            }
        }
        Some(made.into())
    }

    fn array(&mut self, object: &'a Map<String, Value>) -> Option<Value> {
        let least = object.get("minItems").and_then(Value::as_u64).unwrap_or(0);
        if let Some(first) = object.get("prefixItems").and_then(Value::as_array) {
            return first.iter().map(|schema| self.value(schema)).collect();
        }
        let item = object.get("items").and_then(|schema| self.value(schema));
        match item {
            Some(item) => Some((0..least.clamp(1, LENGTH_MAX)).map(|_| item.clone()).collect()),
            None if least == 0 => Some(json!([])),
            None if !object.contains_key("items") => Some((0..least.min(LENGTH_MAX)).collect()),
            None => None,
        }
    }
}

fn number(object: &Map<String, Value>) -> Value {
    let bound = |word: &str| object.get(word).and_then(Value::as_i64);
    let least = bound("minimum").or_else(|| Some(bound("exclusiveMinimum")?.saturating_add(1)));
    let most = bound("maximum").or_else(|| Some(bound("exclusiveMaximum")?.saturating_sub(1)));
    match (least, most) {
        (Some(least), _) => json!(least.max(most.map_or(least, |most| most.min(1)))),
        (None, Some(most)) => json!(most.min(1)),
        (None, None) => object.get("minimum").or(object.get("maximum")).cloned().unwrap_or_else(|| json!(1)),
    }
}

fn text(object: &Map<String, Value>) -> Option<Value> {
    let text = match object.get("format").and_then(Value::as_str) {
        Some("date") => "2024-02-29",
        Some("date-time") => "2024-02-29T12:00:00Z",
        Some("time") => "12:00:00Z",
        Some("duration") => "PT1H",
        Some("email" | "idn-email") => "ada@example.org",
        Some("uri" | "iri" | "uri-reference" | "iri-reference") => "https://example.org/a",
        Some("uuid") => "123e4567-e89b-42d3-a456-426614174000",
        Some("ipv4") => "127.0.0.1",
        Some("ipv6") => "::1",
        Some("hostname") => "example.org",
        _ => {
            let least = object.get("minLength").and_then(Value::as_u64).unwrap_or(0);
            return Some(json!("a".repeat(usize::try_from(least.clamp(1, LENGTH_MAX)).ok()?)));
        }
    };
    Some(json!(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(schema: Value, expect: Option<Value>) {
        let schemas = json!({
            "tree": {"type": "object", "required": ["kids"],
                     "properties": {"kids": {"type": "array", "items": {"$ref": "#/components/schemas/tree"}},
                                    "next": {"$ref": "#/components/schemas/tree"}}},
            "endless": {"type": "object", "required": ["next"],
                        "properties": {"next": {"$ref": "#/components/schemas/endless"}}},
        });
        let schemas = serde_json::from_value(schemas).expect("schemas");
        assert_eq!(example(&schema, &schemas), expect);
    }

    #[test]
    fn an_example_is_valid_or_not_there() {
        check(json!({"type": "string", "examples": ["x"]}), Some(json!("x")));
        check(json!({"type": "string", "examples": [1]}), None);
        check(json!({"type": "integer", "minimum": 7}), Some(json!(7)));
        check(json!({"type": "integer", "exclusiveMaximum": -7}), Some(json!(-8)));
        check(json!({"type": ["null", "string"], "minLength": 3}), Some(json!("aaa")));
        check(json!({"type": "string", "pattern": "^[0-9]$"}), None);
        check(json!({"anyOf": [{"type": "null"}, {"const": 5}]}), Some(json!(5)));
        check(
            json!({"type": "array", "minItems": 2, "items": {"type": "boolean"}}),
            Some(json!([true, true])),
        );
        check(json!({"$ref": "#/components/schemas/tree"}), Some(json!({"kids": []})));
        check(json!({"$ref": "#/components/schemas/endless"}), None);
        check(json!(false), None);
    }
}
