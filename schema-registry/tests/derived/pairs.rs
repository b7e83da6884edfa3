//! Lenses proposed for generated pairs of schemas: each applies in order, both ways, and leads there.

use std::collections::BTreeMap;

use selfsame_schema::inclusion::{Inclusion, examine};
use selfsame_schema::sample::Budget;
use selfsame_schema::{Purpose, Way, derive, propose};
use serde_json::{Map, Value, json};

/// Pairs that are generated; more with `SELFSAME_PROPOSE_PAIRS`.
const PAIRS: u64 = 400;
const STEPS_MAX: usize = 20_000;
const BUDGET: Budget = Budget { documents: 300, bytes: 1 << 20 };

/// Of a hundred lenses that are proposed for changes that operations express, so many are proven both ways,
/// and so many may be refuted.
const PROVEN_MIN: usize = 98;
const REFUTED_MAX: usize = 1;

/// Numbers from a seed, the same on every machine (xorshift64*).
struct Dice(u64);

impl Dice {
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
}

/// An object: its members, and whether each is required.
type Object = BTreeMap<String, (Field, bool)>;

#[derive(Clone, Debug)]
enum Field {
    Value(Value),
    List(Box<Field>),
    Object(Object),
}

const NAMES: [&str; 18] = [
    "given_name",
    "family_name",
    "name",
    "address",
    "street",
    "city",
    "mail",
    "email",
    "id",
    "userId",
    "state",
    "tags",
    "items",
    "count",
    "address_city",
    "full_name",
    "first_name",
    "last_name",
];
const INNER: [&str; 7] = ["given", "family", "street", "city", "id", "count", "state"];

fn field(dice: &mut Dice, depth: usize) -> Field {
    match dice.below(if depth == 0 { 8 } else { 12 }) {
        0..=2 => Field::Value(json!({ "type": "string" })),
        3 => Field::Value(json!({ "type": "integer" })),
        4 => Field::Value(json!({ "type": "boolean" })),
        5 => Field::Value(json!({ "type": ["string", "null"] })),
        6 => Field::Value(json!({ "enum": (["open", "closed", "draft"][..=dice.below(3)]) })),
        7 => Field::Value(json!({ "type": "string", "format": "date-time" })),
        8 | 9 => Field::List(Box::new(field(dice, depth - 1))),
        _ => Field::Object(object(dice, depth - 1, &INNER)),
    }
}

fn object(dice: &mut Dice, depth: usize, names: &[&str]) -> Object {
    let count = 1 + dice.below(5);
    (0..count).map(|_| (dice.one_of(names).to_owned(), (field(dice, depth), dice.below(2) == 0))).collect()
}

/// A change that an author makes.
fn changed(dice: &mut Dice, object: &mut Object, names: &[&str]) {
    let keys: Vec<String> = object.keys().cloned().collect();
    let Some(key) = (!keys.is_empty()).then(|| dice.one_of(&keys)) else { return };
    match dice.below(9) {
        0 | 1 => {
            let (name, field) = (dice.one_of(names).to_owned(), field(dice, 1));
            object.entry(name).or_insert((field, dice.below(2) == 0));
        }
        2 => drop(object.remove(&key)),
        3 => object.get_mut(&key).expect("a member").1 ^= true,
        4 => {
            let (field, _) = object.get_mut(&key).expect("a member");
            *field = retyped(dice, field.clone());
        }
        5 => {
            let member = object.remove(&key).expect("a member");
            object.entry(format!("{key}s")).or_insert(member);
        }
        6 => nested(dice, object),
        7 => flattened(object),
        _ => {
            if let (Field::Object(inner), _) = object.get_mut(&key).expect("a member") {
                changed(dice, inner, &INNER);
            } else if let (Field::List(item), _) = object.get_mut(&key).expect("a member") {
                match item.as_mut() {
                    Field::Object(inner) => changed(dice, inner, &INNER),
                    item => *item = retyped(dice, item.clone()),
                }
            }
        }
    }
}

fn retyped(dice: &mut Dice, field: Field) -> Field {
    match (field, dice.below(3)) {
        (Field::List(item), 0) => *item,
        (field @ (Field::List(_) | Field::Object(_)), _) => field,
        (field, 0) => Field::List(Box::new(field)),
        (Field::Value(schema), _) if schema["type"] == "integer" => Field::Value(json!({ "type": "string" })),
        (Field::Value(schema), 1) if schema["type"] == "string" => {
            Field::Value(json!({ "type": ["string", "null"] }))
        }
        (Field::Value(schema), _) if schema.get("enum").is_some() => {
            Field::Value(json!({ "enum": ["opened", "closed"] }))
        }
        (Field::Value(_), _) => Field::Value(json!({ "type": "string" })),
    }
}

/// Takes fields into an object, whole words of their names first.
fn nested(dice: &mut Dice, object: &mut Object) {
    let (host, keys): (&str, &[(&str, &str)]) = dice.one_of(&[
        ("name", &[("given_name", "given"), ("family_name", "family")][..]),
        ("address", &[("street", "street"), ("city", "city"), ("address_city", "city")][..]),
    ]);
    if object.contains_key(host) || !keys.iter().any(|(key, _)| object.contains_key(*key)) {
        return;
    }
    let mut inner = Object::new();
    for (key, name) in keys {
        if let Some(member) = object.remove(*key) {
            inner.insert((*name).to_owned(), member);
        }
    }
    let required = dice.below(2) == 0;
    object.insert(host.to_owned(), (Field::Object(inner), required));
}

fn flattened(object: &mut Object) {
    for host in ["name", "address"] {
        let Some((Field::Object(inner), _)) = object.get(host).cloned() else { continue };
        object.remove(host);
        for (key, member) in inner {
            object.entry(format!("{key}_{host}")).or_insert(member);
        }
    }
}

fn schema(object: &Object) -> Value {
    let properties: Map<String, Value> =
        object.iter().map(|(key, (field, _))| (key.clone(), of_field(field))).collect();
    let required: Vec<&String> =
        object.iter().filter(|(_, (_, required))| *required).map(|(key, _)| key).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn of_field(field: &Field) -> Value {
    match field {
        Field::Value(schema) => schema.clone(),
        Field::List(item) => json!({ "type": "array", "items": of_field(item) }),
        Field::Object(object) => schema(object),
    }
}

fn pair(seed: u64) -> (Value, Value) {
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let old = object(&mut dice, 2, &NAMES);
    let mut new = old.clone();
    for _ in 0..=dice.below(4) {
        changed(&mut dice, &mut new, &NAMES);
    }
    (schema(&old), schema(&new))
}

#[test]
fn a_proposed_lens_applies_and_leads_there() {
    let pairs = std::env::var("SELFSAME_PROPOSE_PAIRS").ok().and_then(|n| n.parse().ok()).unwrap_or(PAIRS);
    let (mut proven, mut unknown, mut refuted) = (0_usize, 0_usize, 0_usize);
    for seed in 0..pairs {
        let (old, new) = pair(seed);
        let shown = format!("seed {seed}\n{old}\n{new}");
        let proposals = propose(&old, &new).expect("schemas that can be walked");
        assert_eq!(proposals, propose(&old, &new).expect("the same schemas"), "{shown}");
        let lens: Value = proposals.into_iter().map(|proposal| proposal.op).collect();
        let mut worst = 0;
        for (way, from, to) in [(Way::Up, &old, &new), (Way::Down, &new, &old)] {
            let image = derive(&lens, way, Purpose::Proof, from, Some(to));
            let image = image.unwrap_or_else(|e| panic!("{way:?}: {}\n{lens}\n{shown}", e[0]));
            match examine(&image, to, STEPS_MAX, BUDGET).inclusion {
                Inclusion::Proven => {}
                Inclusion::Unknown { places } => {
                    worst = worst.max(1);
                    note(&format!("{way:?} unknown {places:?}\n{lens}\n{shown}"));
                }
                Inclusion::Refuted { witness } => {
                    worst = 2;
                    note(&format!("{way:?} refuted {witness}\n{lens}\n{shown}"));
                }
            }
        }
        *[&mut proven, &mut unknown, &mut refuted][worst] += 1;
    }
    let all = proven + unknown + refuted;
    println!("{proven} proven, {unknown} unknown, {refuted} refuted");
    assert!(
        proven * 100 >= all * PROVEN_MIN,
        "{proven} of {all} proven, {unknown} unknown, {refuted} refuted"
    );
    assert!(refuted * 100 <= all * REFUTED_MAX, "{refuted} of {all} refuted");
}

/// Printed when the test fails.
fn note(text: &str) {
    println!("{text}\n");
}
