//! Generated schemas with everything beyond the plain types: unions, references, maps, merged schemas, and
//! keywords that do not compile; and documents that fit them or nearly do.

use serde_json::{Map, Value, json};

use crate::model::Dice;
use crate::wide::{self, Json};

/// How many fields below each other are drawn.
const DEPTH: usize = 2;
const DEFINITIONS: [&str; 4] = ["leaf", "pair/of", "node", "list"];

/// The schema of an event, in draft 2020-12.
pub(crate) fn event(dice: &mut Dice) -> Value {
    let mut schema = match dice.roll(8) {
        0 => json!({"$ref": "#/$defs/pair~1of"}),
        1 => union_of_objects(dice, DEPTH),
        _ => object(dice, DEPTH),
    };
    schema["$defs"] = definitions(dice);
    schema
}

/// The same in draft-07, where tuples and dependencies are written otherwise.
pub(crate) fn older(schema: &Value) -> Value {
    let Some(object) = schema.as_object() else { return schema.clone() };
    let mut out = Map::new();
    for (word, value) in object {
        let (word, value) = match (word.as_str(), value) {
            ("$ref", Value::String(to)) => (word.as_str(), json!(to.replace("#/$defs/", "#/definitions/"))),
            ("const" | "enum" | "required" | "type", value) => (word.as_str(), value.clone()),
            ("$defs" | "properties" | "patternProperties" | "dependentRequired", Value::Object(named)) => {
                let word = match word.as_str() {
                    "$defs" => "definitions",
                    "dependentRequired" => "dependencies",
                    word => word,
                };
                (word, named.iter().map(|(name, schema)| (name.clone(), older(schema))).collect())
            }
            ("prefixItems", Value::Array(list)) => ("items", list.iter().map(older).collect()),
            ("unevaluatedProperties", _) => continue,
            // Its meta-schema wants patterns of ECMA-262, which has no flags within.
            ("pattern", Value::String(pattern)) => (word.as_str(), json!(pattern.replace("(?i)", ""))),
            (word, Value::Array(list)) => (word, list.iter().map(older).collect()),
            (word, value) => (word, older(value)),
        };
        out.insert(word.to_owned(), value);
    }
    Value::Object(out)
}

fn definitions(dice: &mut Dice) -> Value {
    json!({
        "leaf": wide::field(dice, 1),
        "pair/of": {"type": "object", "properties": {"a": field(dice, 0), "b": {"$ref": "#/$defs/leaf"}},
            "additionalProperties": false},
        "node": {"type": "object", "required": ["v"], "properties": {"v": {"type": "integer"},
            "next": {"oneOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}, "more": {"$ref": "#/$defs/list"}}},
        "list": {"type": "array", "maxItems": 3, "items": {"$ref": "#/$defs/node"}},
    })
}

fn object(dice: &mut Dice, depth: usize) -> Value {
    let mut properties = Map::new();
    for key in ["a", "b", "", "0", "a/b", "~ü"] {
        if dice.one_in(2) {
            properties.insert(key.to_owned(), field(dice, depth));
        }
    }
    let mut schema = json!({"type": "object", "properties": properties});
    if dice.one_in(2) {
        schema["required"] = match dice.roll(3) {
            0 => json!(["x1"]),
            _ => properties.keys().take(1).cloned().collect(),
        };
    }
    match dice.roll(6) {
        0 => schema["additionalProperties"] = wide::field(dice, 1),
        1 if schema["required"] != json!(["x1"]) => schema["additionalProperties"] = json!(false),
        2 => schema["unevaluatedProperties"] = json!({"type": ["null", "object", "string"]}),
        _ => {}
    }
    for keyword in ["minProperties", "maxProperties"] {
        if dice.one_in(5) {
            schema[keyword] = json!(dice.roll(3));
        }
    }
    schema
}

fn field(dice: &mut Dice, depth: usize) -> Value {
    let inner = depth.saturating_sub(1);
    match dice.roll(if depth == 0 { 10 } else { 18 }) {
        0 | 1 => wide::field(dice, 1),
        2 => nullable(dice, |dice| wide::field(dice, 1)),
        3 => several(dice),
        4 => json!({"minLength": 1, "minimum": 1, "minItems": 1, "required": ["k"]}),
        5 => referring(dice),
        6 => json!({"enum": [{"k": 1}, {}, [1.0], null, "a"]}),
        7 => dice.pick(&[json!(false), json!({"type": "null"}), json!({"const": {"k": [1]}})]),
        8 => {
            json!({"type": dice.pick(&["number", "integer"]), "multipleOf": dice.pick(&[json!(2), json!(0.1), json!(1.5)])})
        }
        9 => json!({"type": "array", "uniqueItems": true, "items": wide::field(dice, 0)}),
        10 => object(dice, inner),
        11 => json!({"type": "object", "additionalProperties": field(dice, inner)}),
        12 => union_of_objects(dice, inner),
        13 => nullable(dice, |dice| union_of_objects(dice, inner)),
        14 => json!({"allOf": [object(dice, inner), object(dice, inner)]}),
        15 => json!({"allOf": [field(dice, inner)], "type": ["object", "string", "null"]}),
        16 => json!({"type": "array", "items": field(dice, inner), "maxItems": 3}),
        _ => left(dice, inner),
    }
}

fn nullable(dice: &mut Dice, schema: impl Fn(&mut Dice) -> Value) -> Value {
    let mut branches = vec![json!({"type": "null"}), schema(dice)];
    branches.rotate_left(dice.roll(2));
    json!({dice.pick(&["oneOf", "anyOf"]): branches})
}

fn several(dice: &mut Dice) -> Value {
    let types = ["null", "boolean", "integer", "number", "string", "array", "object"];
    let first = dice.roll(7);
    let types: Vec<&str> = (0..2 + dice.roll(2)).map(|n| types[(first + n * 2) % 7]).collect();
    json!({"type": types, "maxLength": 2, "maximum": 3, "maxItems": 1, "items": {"type": "integer"},
        "properties": {"k": {"type": "string"}}, "maxProperties": 1})
}

fn referring(dice: &mut Dice) -> Value {
    let name = dice.pick(&DEFINITIONS).replace('/', "~1");
    let mut schema = json!({"$ref": format!("#/$defs/{name}")});
    match dice.roll(5) {
        0 => schema["type"] = json!(["object", "array", "string"]),
        1 => schema["maxProperties"] = json!(2),
        _ => {}
    }
    schema
}

fn union_of_objects(dice: &mut Dice, depth: usize) -> Value {
    let tagged = |dice: &mut Dice, tag: Value| {
        let mut schema = object(dice, depth);
        schema["properties"]["kind"] = tag;
        schema["required"] = json!(["kind"]);
        schema
    };
    let mut branches = vec![
        tagged(dice, json!({"const": "x"})),
        tagged(dice, json!({"enum": ["y", "z"], "type": "string"})),
    ];
    if dice.one_in(2) {
        let tag = json!({"const": dice.roll(2)});
        branches.push(tagged(dice, tag));
    }
    if dice.one_in(4) {
        branches.push(tagged(dice, json!({"const": "x"})));
    }
    json!({dice.pick(&["oneOf", "anyOf"]): branches})
}

/// Something that does not compile.
fn left(dice: &mut Dice, depth: usize) -> Value {
    match dice.roll(9) {
        0 => json!({"not": wide::field(dice, 0)}),
        1 => json!({"if": {"type": "string"}, "then": {"minLength": 1}, "else": wide::field(dice, 1)}),
        2 => json!({"type": "array", "contains": {"type": "integer"}, "items": wide::field(dice, 0)}),
        3 => {
            json!({"type": "object", "patternProperties": {"^k": {"type": "integer"}}, "additionalProperties": false})
        }
        4 => json!({"type": "array", "prefixItems": [wide::field(dice, 0), {"type": "string"}]}),
        5 => {
            json!({"type": "object", "dependentRequired": {"k": ["x1"]}, "properties": {"k": field(dice, depth)}})
        }
        6 => json!({"propertyNames": {"maxLength": 1}}),
        7 => json!({"oneOf": [wide::field(dice, 0), wide::field(dice, 0), {"maximum": 2}]}),
        _ => json!({"allOf": [{"type": "string", "pattern": "a"}, {"pattern": "b"}]}),
    }
}

/// A document that fits the schema, as far as its keywords do not get in each other's way.
pub(crate) fn fitting(dice: &mut Dice, root: &Value, schema: &Value, depth: usize) -> Json {
    if depth == 0 {
        return Json::Lexeme("null".to_owned());
    }
    if let Some(to) = schema.get("$ref").and_then(Value::as_str) {
        let target = root.pointer(to.trim_start_matches('#')).expect("a target").clone();
        return fitting(dice, root, &target, depth - 1);
    }
    for word in ["oneOf", "anyOf"] {
        if let Some(branches) = schema.get(word).and_then(Value::as_array) {
            let branch = dice.pick(branches);
            return fitting(dice, root, &branch, depth - 1);
        }
    }
    if let Some(all) = schema.get("allOf").and_then(Value::as_array) {
        let parts: Vec<Json> = all.iter().map(|part| fitting(dice, root, part, depth - 1)).collect();
        return parts.into_iter().reduce(merged).expect("parts");
    }
    let is_object = schema["type"] == "object" || schema.get("properties").is_some();
    if !is_object || schema.get("const").is_some() {
        if schema["type"] == "array" {
            return list(dice, root, schema, depth);
        }
        return wide::fitting(dice, schema);
    }
    let mut members: Vec<(String, Json)> = Vec::new();
    let required =
        |key: &str| schema["required"].as_array().is_some_and(|list| list.iter().any(|r| r == key));
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        if required(key) || !dice.one_in(3) {
            members.push((key.clone(), fitting(dice, root, property, depth - 1)));
        }
    }
    for key in ["x1", "k", "k2"] {
        let closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
        if !members.iter().any(|(known, _)| known == key) && (required(key) || dice.one_in(5) && !closed) {
            let rest = schema.get("additionalProperties").cloned().unwrap_or(Value::Bool(true));
            members.push((key.to_owned(), fitting(dice, root, &rest, depth - 1)));
        }
    }
    Json::Object(members)
}

fn list(dice: &mut Dice, root: &Value, schema: &Value, depth: usize) -> Json {
    let anything = Value::Bool(true);
    let first = schema.get("prefixItems").and_then(Value::as_array).cloned().unwrap_or_default();
    let items = schema.get("items").unwrap_or(&anything);
    let count = dice.roll(4);
    let of = |n: usize| first.get(n).unwrap_or(items).clone();
    Json::List((0..count).map(|n| fitting(dice, root, &of(n), depth - 1)).collect())
}

fn merged(a: Json, b: Json) -> Json {
    match (a, b) {
        (Json::Object(mut a), Json::Object(b)) => {
            for (key, value) in b {
                if !a.iter().any(|(known, _)| *known == key) {
                    a.push((key, value));
                }
            }
            Json::Object(a)
        }
        (a, _) => a,
    }
}
