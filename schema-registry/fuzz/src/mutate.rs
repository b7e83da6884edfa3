//! Mutations of inputs that are lines, most of them JSON.

use std::sync::OnceLock;

use libfuzzer_sys::fuzzer_mutate;
use serde_json::{Map, Value};

use crate::random::Random;

/// What a target's inputs are made of.
pub struct Vocabulary {
    /// JSON values, one a line: schemas, operations, documents.
    values: &'static str,
    /// Words of lines that are not JSON, parted by spaces.
    words: &'static str,
    material: OnceLock<Material>,
}

impl Vocabulary {
    /// JSON values, one a line, and words of lines that are not JSON, parted by spaces.
    pub const fn new(values: &'static str, words: &'static str) -> Vocabulary {
        Vocabulary { values, words, material: OnceLock::new() }
    }

    fn material(&self) -> &Material {
        self.material.get_or_init(|| {
            let mut material = Material::default();
            let values = self.values.lines().filter_map(|line| serde_json::from_str(line).ok());
            values.for_each(|value: Value| material.take(&value));
            material
        })
    }
}

/// A mutation for `fuzz_mutator!`: of the tree of a line, of the words of a line, or of the bytes.
pub fn mutate(data: &mut [u8], size: usize, size_max: usize, seed: u32, vocabulary: &Vocabulary) -> usize {
    let mut random = Random::new(seed);
    if random.below(8) == 0 {
        return fuzzer_mutate(data, size, size_max);
    }
    let Ok(text) = std::str::from_utf8(&data[..size]) else { return fuzzer_mutate(data, size, size_max) };
    let mut lines: Vec<Line> = text.split('\n').map(Line::new).collect();
    let mut material = vocabulary.material().clone();
    for line in &lines {
        // What is there already counts more than what may come.
        if let Line::Json(value) = line {
            (0..3).for_each(|_| material.take(value));
        }
    }
    let words: Vec<&str> = vocabulary.words.split(' ').collect();
    for _ in 0..=random.below(4) {
        let index = random.below(lines.len());
        match &mut lines[index] {
            Line::Json(value) => change(value, &material, &mut random),
            Line::Text(text) => *text = reword(text, &words, &mut random),
        }
    }
    let out = lines.iter().map(Line::text).collect::<Vec<_>>().join("\n");
    if out.len() > size_max {
        return fuzzer_mutate(data, size, size_max);
    }
    data[..out.len()].copy_from_slice(out.as_bytes());
    out.len()
}

enum Line {
    Json(Value),
    Text(String),
}

impl Line {
    fn new(text: &str) -> Line {
        serde_json::from_str(text).map_or_else(|_| Line::Text(text.to_owned()), Line::Json)
    }

    fn text(&self) -> String {
        match self {
            Line::Json(value) => value.to_string(),
            Line::Text(text) => text.clone(),
        }
    }
}

/// What may be put in a place.
#[derive(Clone, Default)]
struct Material {
    values: Vec<Value>,
    keys: Vec<String>,
}

impl Material {
    fn take(&mut self, value: &Value) {
        self.values.push(value.clone());
        match value {
            Value::Object(members) => members.iter().for_each(|(key, member)| {
                self.keys.push(key.clone());
                self.take(member);
            }),
            Value::Array(items) => items.iter().for_each(|item| self.take(item)),
            _ => {}
        }
    }

    fn value(&self, random: &mut Random) -> Value {
        random.of(&self.values).cloned().unwrap_or_default()
    }

    fn key(&self, random: &mut Random) -> String {
        random.of(&self.keys).cloned().unwrap_or_default()
    }
}

/// How many places there are in a value, itself counted.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Object(members) => members.values().map(count).sum(),
        Value::Array(items) => items.iter().map(count).sum(),
        _ => 0,
    }
}

/// The place with this number, in preorder.
fn place<'a>(value: &'a mut Value, index: &mut usize) -> Option<&'a mut Value> {
    if *index == 0 {
        return Some(value);
    }
    *index -= 1;
    match value {
        Value::Object(members) => members.values_mut().find_map(|member| place(member, index)),
        Value::Array(items) => items.iter_mut().find_map(|item| place(item, index)),
        _ => None,
    }
}

fn change(value: &mut Value, material: &Material, random: &mut Random) {
    let mut index = random.below(count(value));
    let Some(place) = place(value, &mut index) else { return };
    if random.below(5) == 0 {
        *place = material.value(random);
        return;
    }
    match place {
        Value::Object(members) => change_object(members, material, random),
        Value::Array(items) => change_array(items, material, random),
        Value::Number(number) => *place = change_number(number.as_f64().unwrap_or(0.0), random),
        Value::String(text) => {
            let strings: Vec<&str> = material.values.iter().filter_map(Value::as_str).collect();
            match random.below(6) {
                0 => *text = material.key(random),
                1 => *text = format!("/{}", material.key(random)),
                2 => *text = format!("{text}/{}", material.key(random)),
                3 => *text = text.rsplit_once('/').map_or("", |(host, _)| host).to_owned(),
                _ => *text = (*random.of(&strings).unwrap_or(&"")).to_owned(),
            }
        }
        _ => *place = material.value(random),
    }
}

fn change_object(members: &mut Map<String, Value>, material: &Material, random: &mut Random) {
    let keys: Vec<String> = members.keys().cloned().collect();
    let known = random.of(&keys).cloned();
    match (random.below(5), known) {
        (0, Some(key)) => drop(members.remove(&key)),
        (1, Some(key)) => {
            let member = members.remove(&key).unwrap_or_default();
            members.insert(material.key(random), member);
        }
        (2, Some(key)) => {
            let member = members.get(&key).cloned().unwrap_or_default();
            members.insert(material.key(random), member);
        }
        (3, Some(key)) => drop(members.insert(key, material.value(random))),
        _ => drop(members.insert(material.key(random), material.value(random))),
    }
}

fn change_array(items: &mut Vec<Value>, material: &Material, random: &mut Random) {
    let index = random.below(items.len() + 1);
    let known = index < items.len();
    match random.below(4) {
        0 if known => drop(items.remove(index)),
        1 if known => {
            let other = random.below(items.len());
            items.swap(index, other);
        }
        2 if known => items.insert(index, items[index].clone()),
        _ => items.insert(index, material.value(random)),
    }
}

fn change_number(number: f64, random: &mut Random) -> Value {
    const EDGES: [f64; 12] =
        [0.0, 1.0, -1.0, 0.5, 2.0, 10.0, 1e15, 1e21, 5e-324, 9_007_199_254_740_991.0, 0.1, -0.0];
    let changed = match random.below(5) {
        0 => number + 1.0,
        1 => number - 1.0,
        2 => -number,
        3 => number / 10.0,
        _ => random.of(&EDGES).copied().unwrap_or_default(),
    };
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and small")]
    let whole = (changed.fract() == 0.0 && changed.abs() < 1e15).then_some(changed as i64);
    whole.map_or_else(|| Value::from(changed), Value::from)
}

/// A line of words with some of them left out, doubled, or put elsewhere.
fn reword(text: &str, vocabulary: &[&str], random: &mut Random) -> String {
    let mut words = words(text);
    let index = random.below(words.len() + 1);
    let end = (index + 1 + random.below(6)).min(words.len());
    let new = (*random.of(vocabulary).unwrap_or(&"")).to_owned();
    match random.below(6) {
        0 if index < end => drop(words.drain(index..=(index + random.below(end - index)))),
        1 if index < words.len() => words[index] = new,
        2 if index < end => {
            let part: Vec<String> = words[index..end].to_vec();
            let to = random.below(words.len() + 1);
            words.splice(to..to, part);
        }
        3 if index < end => {
            words.insert(end, ")".to_owned());
            words.insert(index, "(".to_owned());
        }
        4 if index < words.len() => {
            let other = random.below(words.len());
            words.swap(index, other);
        }
        _ => words.insert(index, new),
    }
    words.concat()
}

/// Letters and digits stay together, everything else stands alone.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut inside = false;
    for c in text.chars() {
        let letter = c.is_alphanumeric() || c == '_';
        match words.last_mut().filter(|_| letter && inside) {
            Some(word) => word.push(c),
            None => words.push(c.to_string()),
        }
        inside = letter;
    }
    words
}
