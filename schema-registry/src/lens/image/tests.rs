//! Whatever document is valid under a schema, what the lens makes of it is valid under the image.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Purpose, image};
use crate::json::tree::Node;
use crate::lens::op::parse_ops;
use crate::lens::run::side::SchemaSide;
use crate::lens::run::{Context, Program, Way};
use crate::problem::Problems;

/// Choices, drawn one after the other; 0 when there are no more.
struct Choices(std::vec::IntoIter<u8>);

const KEYS: [&str; 4] = ["a", "b", "c", "o"];

impl Choices {
    fn below(&mut self, count: usize) -> usize {
        usize::from(self.0.next().unwrap_or(0)) % count
    }

    fn key(&mut self) -> &'static str {
        KEYS[self.below(KEYS.len())]
    }

    fn place(&mut self) -> String {
        match self.below(4) {
            0 => format!("/o/{}", self.key()),
            _ => format!("/{}", self.key()),
        }
    }

    fn schema(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 6 } else { 10 }) {
            0 => json!({ "type": "string" }),
            1 => json!({ "type": "integer" }),
            2 => json!({ "enum": ["x", "y"] }),
            3 => json!({ "type": ["string", "null"] }),
            4 => json!({ "type": "boolean" }),
            5 => json!({ "$ref": "#/$defs/word" }),
            6 => json!({ "type": "array", "items": self.schema(depth - 1), "minItems": self.below(2) }),
            7 => json!({ "oneOf": [self.object(depth - 1), { "type": "null" }] }),
            8 => json!({ "allOf": [self.object(depth - 1), { "required": [self.key()] }] }),
            _ => self.object(depth - 1),
        }
    }

    fn object(&mut self, depth: usize) -> Value {
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for key in KEYS {
            match self.below(3) {
                0 => continue,
                1 => required.push(key),
                _ => {}
            }
            let schema = if key == "o" && depth > 0 { self.object(depth - 1) } else { self.schema(depth) };
            properties.insert(key.to_owned(), schema);
        }
        let mut object = json!({ "type": "object", "properties": properties, "required": required });
        if self.below(2) == 0 {
            object["additionalProperties"] = json!(false);
        }
        object
    }

    fn document(&mut self) -> Value {
        let mut schema = self.object(2);
        schema["$defs"] = json!({ "word": { "type": "string" } });
        schema
    }

    fn value(&mut self) -> Value {
        [json!("x"), json!(1), json!({}), json!(true), json!(["x"]), json!({ "a": "x" })][self.below(6)]
            .clone()
    }

    fn op(&mut self, depth: usize) -> Value {
        let at = self.place();
        match self.below(if depth == 0 { 14 } else { 17 }) {
            0 => json!({ "add": { "at": at, "default": self.value() } }),
            1 => json!({ "add": { "at": at } }),
            2 => json!({ "remove": { "at": at, "default": self.value() } }),
            3 => json!({ "remove": { "at": at } }),
            4 => {
                json!({ "rename": { "from": format!("/{}", self.key()), "to": format!("/{}", self.key()) } })
            }
            5 => json!({ "move": { "from": at, "to": self.place() } }),
            6 => {
                json!({ "convert": { "at": at, "up": { "x": "u" }, "else": (["keep", "fail"][self.below(2)]) } })
            }
            7 => json!({ "cast": { "at": at, "from": "integer", "to": "string" } }),
            8 => json!({ "nullable": { "at": at, "null_as": "x" } }),
            9 => json!({ "require": { "at": at, "default": self.value() } }),
            10 => json!({ "relax": { "at": at, "default": self.value() } }),
            11 => json!({ "wrap": { "at": at } }),
            12 => json!({ "unwrap": { "at": at } }),
            13 => json!({ "split": { "from": at, "to": [self.place(), self.place()], "by": "x" } }),
            14 => json!({ "in": { "at": at, "lens": [self.op(depth - 1)] } }),
            15 => json!({ "map": { "at": at, "lens": [self.op(depth - 1)] } }),
            _ => json!({ "when": { "at": at, "equals": "x", "lens": [self.op(depth - 1)] } }),
        }
    }

    /// A document that is probably valid under a schema of this module.
    fn valid(&mut self, schema: &Value) -> Value {
        if let Some(values) = schema["enum"].as_array() {
            return values[self.below(values.len())].clone();
        }
        if let Some(branches) = schema["oneOf"].as_array() {
            let chosen = self.below(branches.len());
            return self.valid(&branches[chosen]);
        }
        if let Some(parts) = schema["allOf"].as_array() {
            return self.valid(&parts[0].clone());
        }
        match schema["type"].as_str() {
            Some("integer") => json!(self.below(3)),
            Some("boolean") => json!(true),
            Some("null") => Value::Null,
            Some("array") => {
                let count = 1 + self.below(2);
                (0..count).map(|_| self.valid(&schema["items"])).collect()
            }
            Some("object") => {
                let required = schema["required"].as_array().cloned().unwrap_or_default();
                let mut members = Map::new();
                for (key, schema) in schema["properties"].as_object().into_iter().flatten() {
                    if required.contains(&json!(key)) || self.below(2) == 0 {
                        members.insert(key.clone(), self.valid(schema));
                    }
                }
                members.into()
            }
            _ if schema["type"].is_array() && self.below(2) == 0 => Value::Null,
            _ => json!(["x", "y", "1", ""][self.below(4)]),
        }
    }
}

/// What came of one case.
fn check(bytes: Vec<u8>, way: Way) -> Result<bool, TestCaseError> {
    let mut choices = Choices(bytes.into_iter());
    let (from, to) = (choices.document(), choices.document());
    let count = 1 + choices.below(3);
    let lens: Vec<Value> = (0..count).map(|_| choices.op(1)).collect();
    let mut problems = Problems::default();
    let Some(ops) = parse_ops(&Value::from(lens.clone()), "", &mut problems) else { return Ok(false) };
    let document = choices.valid(&from);
    if problems.count() > 0 || !jsonschema::is_valid(&from, &document) {
        return Ok(false);
    }
    let Ok(image) = image(&ops, way, Purpose::Proof, &from, Some(&to)) else { return Ok(false) };
    let (below, above) = if way == Way::Up { (&from, &to) } else { (&to, &from) };
    let program = Program::compile(&ops, &SchemaSide { root: below }, &SchemaSide { root: above });
    let mut event = Node::from_value(&document);
    let context = Context { derive: &|_, _| Ok(None) };
    if program.run(way, &mut event, &context).is_err() {
        return Ok(false);
    }
    let made: Value = serde_json::from_str(&event.to_text()).expect("JSON");
    let valid = jsonschema::is_valid(&image, &made);
    let told = || format!("{lens:?} {way:?}\nfrom {from}\nto {to}\n{document} became {made}\nimage {image}");
    prop_assert!(valid, "{}", told());
    Ok(true)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_image_takes_what_the_lens_gives(bytes in prop::collection::vec(any::<u8>(), 160), down in any::<bool>()) {
        check(bytes, if down { Way::Down } else { Way::Up })?;
    }
}

#[test]
fn enough_cases_get_as_far_as_the_image() {
    let mut state = 1_u32;
    let mut byte = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    let cases = (0..2000).filter(|n| {
        let bytes = (0..160).map(|_| byte()).collect();
        check(bytes, if n % 2 == 0 { Way::Up } else { Way::Down }).expect("a sound image")
    });
    let cases = cases.count();
    assert!(cases > 200, "only {cases} of 2000");
}
