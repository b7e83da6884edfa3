//! Nothing that is proven has a counterexample, and every witness is one, over generated pairs of schemas.

use selfsame_schema::inclusion::{Inclusion, examine};
use selfsame_schema::sample::{Budget, witness};
use serde_json::{Map, Value, json};

use crate::oracle;

/// Pairs that are generated; more with `SELFSAME_INCLUSION_PAIRS`.
const PAIRS: u64 = 1500;
const DOCUMENTS: usize = 150;

/// Numbers from a seed, the same on every machine (xorshift64*).
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let sides = u64::try_from(sides).expect("few");
        usize::try_from((self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % sides).expect("few")
    }

    fn one_of<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())].clone()
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 9 } else { 13 }) {
            0 => Value::Null,
            1 => json!(self.below(2) == 0),
            2..=4 => json!(i64::try_from(self.below(7)).expect("few") - 1),
            5 => json!(self.one_of(&[0.5, 1.0, 2.5])),
            6..=8 => json!(self.one_of(&["", "a", "b", "ab", "abc"])),
            9 | 10 => (0..self.below(4)).map(|_| self.value(depth - 1)).collect(),
            _ => {
                let names = ["a", "b", "ab", "c"].into_iter().filter(|_| self.below(2) == 0);
                let names: Vec<&str> = names.collect();
                names
                    .into_iter()
                    .map(|name| (name.to_owned(), self.value(depth - 1)))
                    .collect::<Map<_, _>>()
                    .into()
            }
        }
    }

    fn schema(&mut self, depth: usize) -> Value {
        if self.below(14) == 0 {
            return self.one_of(&[json!(true), json!(false), json!({}), json!({"$ref": "#/$defs/d"})]);
        }
        let mut schema = Map::new();
        let words: &[usize] = match self.below(8) {
            0 => &[7, 8, 9],
            1 => &[10, 11, 10],
            2 | 3 => &[12, 14, 12, 26, 26, 27, 28, 29, 31],
            4..=6 => &[13, 15, 15, 16, 17, 18, 20, 21, 22, 23, 24, 25, 30],
            _ => &[0, 4, 5, 6, 32, 33, 33, 34, 34, 35, 36, 37],
        };
        let kind = match words.first() {
            Some(7) => Some(self.one_of(&["integer", "number"])),
            Some(10) => Some("string"),
            Some(12) => Some("array"),
            Some(13) => Some("object"),
            _ => None,
        };
        if let Some(kind) = kind.filter(|_| self.below(4) > 0) {
            schema.insert("type".to_owned(), json!(kind));
        }
        for _ in 0..=self.below(3) {
            let word = if self.below(6) == 0 { self.below(38) } else { self.one_of(words) };
            let word = if depth == 0 && word > 15 { self.below(16) } else { word };
            let (word, said) = self.word(word, depth);
            schema.insert(word.to_owned(), said);
        }
        Value::Object(schema)
    }

    fn word(&mut self, word: usize, depth: usize) -> (&'static str, Value) {
        const TYPES: [&str; 7] = ["null", "boolean", "integer", "number", "string", "array", "object"];
        let count = self.below(4);
        match word {
            0..=3 => ("type", json!(self.one_of(&TYPES))),
            4 => ("type", json!([self.one_of(&TYPES[..3]), self.one_of(&TYPES[3..])])),
            5 => ("const", self.value(1)),
            6 => ("enum", json!([self.value(0), self.value(1), self.value(0)])),
            7 => (self.one_of(&["minimum", "maximum"]), json!(count)),
            8 => (self.one_of(&["exclusiveMinimum", "exclusiveMaximum"]), json!(count)),
            9 => ("multipleOf", json!(count + 1)),
            10 => (self.one_of(&["minLength", "maxLength"]), json!(count)),
            11 => ("pattern", json!(self.one_of(&["^a", "b$", "^[ab]*$"]))),
            12 => (self.one_of(&["minItems", "maxItems"]), json!(count)),
            13 => (self.one_of(&["minProperties", "maxProperties"]), json!(count)),
            14 => ("uniqueItems", json!(true)),
            15 => ("required", json!([self.one_of(&["a", "b", "c"])])),
            16..=19 => ("properties", self.named(depth, &["a", "b", "ab"])),
            20 => ("patternProperties", self.named(depth, &["^a", "b$"])),
            21 | 22 => ("additionalProperties", self.schema(depth - 1)),
            23 => ("propertyNames", self.schema(0)),
            24 => ("dependentRequired", json!({self.one_of(&["a", "b"]): [self.one_of(&["a", "c"])]})),
            25 => ("dependentSchemas", self.named(depth, &["a", "b"])),
            26 => ("items", self.schema(depth - 1)),
            27 => ("prefixItems", json!([self.schema(depth - 1), self.schema(depth - 1)])),
            28 => ("contains", self.schema(depth - 1)),
            29 => (self.one_of(&["minContains", "maxContains"]), json!(count)),
            30 => ("unevaluatedProperties", self.schema(depth - 1)),
            31 => ("unevaluatedItems", self.schema(depth - 1)),
            32 => ("allOf", json!([self.schema(depth - 1), self.schema(depth - 1)])),
            33 => ("anyOf", json!([self.schema(depth - 1), self.schema(depth - 1)])),
            34 => ("oneOf", json!([self.schema(depth - 1), self.schema(depth - 1)])),
            35 => ("not", self.schema(depth - 1)),
            36 => ("if", self.schema(depth - 1)),
            _ => (self.one_of(&["then", "else"]), self.schema(depth - 1)),
        }
    }

    fn named(&mut self, depth: usize, names: &[&str]) -> Value {
        let names: Vec<&str> = names.iter().copied().filter(|_| self.below(2) == 0).collect();
        names.into_iter().map(|name| (name.to_owned(), self.schema(depth - 1))).collect::<Map<_, _>>().into()
    }

    fn document(&mut self, depth: usize) -> Value {
        let mut schema = self.schema(depth);
        if let Some(members) = schema.as_object_mut() {
            members.insert("$defs".to_owned(), json!({"d": self.schema(1)}));
        }
        schema
    }

    /// The schema with something else in one place.
    fn changed(&mut self, value: &Value) -> Value {
        match value {
            Value::Object(members) if !members.is_empty() => {
                let key = self.one_of(&members.keys().cloned().collect::<Vec<_>>());
                let mut members = members.clone();
                if self.below(4) == 0 && key != "$defs" {
                    members.remove(&key);
                } else {
                    let inner = self.changed(&members[&key]);
                    members.insert(key, inner);
                }
                members.into()
            }
            Value::Array(items) if !items.is_empty() => {
                let mut items = items.clone();
                let index = self.below(items.len());
                items[index] = self.changed(&items[index]);
                items.into()
            }
            Value::Number(number) => json!(number.as_i64().unwrap_or(1) + 1),
            Value::Bool(_) => self.schema(1),
            value => value.clone(),
        }
    }
}

fn compiles(schema: &Value) -> bool {
    jsonschema::validator_for(schema).is_ok()
}

#[test]
fn what_is_proven_has_no_counterexample_and_a_witness_is_one() {
    let pairs = std::env::var("SELFSAME_INCLUSION_PAIRS").ok().and_then(|n| n.parse().ok()).unwrap_or(PAIRS);
    let (mut proven, mut refuted, mut unknown) = (0, 0, 0);
    for seed in 0..pairs {
        let mut dice = Dice::new(seed + 1);
        let sub = dice.document(3);
        let sup = match dice.below(4) {
            0 => dice.document(2),
            1 => json!({"anyOf": [sub.get("properties").map_or(json!(true), |p| json!({"properties": p})),
                                  dice.schema(1)], "$defs": sub.get("$defs")}),
            _ => dice.changed(&sub),
        };
        if !compiles(&sub) || !compiles(&sup) {
            continue;
        }
        let (inside, outside) = (oracle(&sub), oracle(&sup));
        let budget = Budget { documents: 300, bytes: 1 << 18 };
        match examine(&sub, &sup, 3000, budget).inclusion {
            Inclusion::Proven => {
                proven += 1;
                let found = witness(&sub, &sup, budget).witness;
                assert_eq!(found, None, "seed {seed}: {sub} -> {sup}");
                for _ in 0..DOCUMENTS {
                    let value = dice.value(3);
                    let fits = !inside.is_valid(&value) || outside.is_valid(&value);
                    assert!(fits, "seed {seed}: {value}: {sub} -> {sup}");
                }
            }
            Inclusion::Refuted { witness } => {
                refuted += 1;
                assert!(inside.is_valid(&witness), "seed {seed}: {witness}: {sub}");
                assert!(!outside.is_valid(&witness), "seed {seed}: {witness}: {sup}");
            }
            Inclusion::Unknown { .. } => unknown += 1,
        }
    }
    println!("{proven} proven, {refuted} refuted, {unknown} unknown");
    assert!(proven > pairs / 10 && refuted > pairs / 10, "{proven} proven, {refuted} refuted");
    assert!(unknown < pairs / 10, "{unknown} unknown");
}
