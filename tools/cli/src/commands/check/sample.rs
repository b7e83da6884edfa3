//! Small documents that schemas speak about: ones that a schema likely takes, and values at and beyond the
//! bounds of its constraints.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::part::{Part, flatten, of_item, of_member};

/// Objects and arrays within each other in a document that is made.
const DEPTH_MAX: usize = 6;
/// Members that a made object is filled up to.
const MEMBERS_MAX: usize = 64;
/// Characters of a made text, and items of a made list.
const LENGTH_MAX: u64 = 300;
/// Texts that stand in for formats and common patterns.
const TEXTS: [&str; 13] = [
    "",
    "a",
    "A",
    "1",
    "a b",
    "é",
    "2024-02-29",
    "2024-02-29T12:00:00Z",
    "12:00:00Z",
    "a@example.org",
    "https://example.org/a",
    "123e4567-e89b-42d3-a456-426614174000",
    "127.0.0.1",
];

/// How a document is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// With every member, not only those that are required.
    pub(crate) filled: bool,
    /// Which branch, type and listed value is taken, counted round.
    pub(crate) choice: usize,
}

/// Makes a document that the schema likely takes.
pub(crate) fn make(part: Part<'_>, manner: Manner, depth: usize) -> Value {
    let parts = all_of(part, manner);
    let find = |word: &str| parts.iter().find_map(|part| part.get(word));
    if let Some(value) = find("const") {
        return value.clone();
    }
    if let Some(value) = find("enum").and_then(Value::as_array).and_then(|v| round(v, manner.choice)) {
        return value.clone();
    }
    let types = match find("type") {
        Some(Value::Array(names)) => round(names, manner.choice).and_then(Value::as_str),
        Some(Value::String(name)) => Some(name.as_str()),
        _ => None,
    };
    match types.unwrap_or_else(|| inferred(&parts)) {
        "object" => make_object(&parts, manner, depth),
        "array" => make_array(&parts, manner, depth),
        "integer" | "number" => make_number(&parts),
        "boolean" => json!(true),
        "string" => make_text(&parts, manner.choice),
        "null" => Value::Null,
        _ => parts.iter().flat_map(|part| bounds(*part)).next().unwrap_or_else(|| json!("a")),
    }
}

/// The type that constraints speak of where none is declared.
fn inferred(parts: &[Part<'_>]) -> &'static str {
    let has = |words: &[&str]| words.iter().any(|word| parts.iter().any(|part| part.get(word).is_some()));
    if has(&["properties", "required", "patternProperties", "additionalProperties"]) {
        "object"
    } else if has(&["items", "prefixItems", "minItems", "contains"]) {
        "array"
    } else if has(&["minLength", "pattern", "format"]) {
        "string"
    } else {
        ""
    }
}

/// The schemas that a document must meet together, one branch of each choice.
fn all_of<'a>(part: Part<'a>, manner: Manner) -> Vec<Part<'a>> {
    let mut parts: Vec<Part<'a>> = Vec::new();
    let mut open = vec![part];
    while let Some(part) = open.pop() {
        if parts.len() >= MEMBERS_MAX || parts.iter().any(|p| std::ptr::eq(p.schema, part.schema)) {
            continue;
        }
        parts.push(part);
        open.extend(part.target());
        open.extend(part.list("allOf"));
        for word in ["anyOf", "oneOf"] {
            open.extend(round(&part.list(word), manner.choice).copied());
        }
    }
    parts
}

fn round<T>(list: &[T], choice: usize) -> Option<&T> {
    list.get(choice.checked_rem(list.len())?)
}

fn make_object(parts: &[Part<'_>], manner: Manner, depth: usize) -> Value {
    let mut names: BTreeSet<&str> = parts.iter().flat_map(|part| part.names("required")).collect();
    if manner.filled {
        names.extend(parts.iter().flat_map(|part| part.members("properties")).map(|(name, _)| name));
    }
    let member = |name: &str| {
        let schema = of_member(parts, name).into_iter().next();
        let value = schema.filter(|_| depth < DEPTH_MAX).map(|part| make(part, manner, depth + 1));
        (name.to_owned(), value.unwrap_or_else(|| json!("a")))
    };
    Value::Object(names.into_iter().take(MEMBERS_MAX).map(member).collect())
}

fn make_array(parts: &[Part<'_>], manner: Manner, depth: usize) -> Value {
    let count = |word: &str| parts.iter().filter_map(|part| part.get(word)?.as_u64()).max().unwrap_or(0);
    let least = count("minItems").max(u64::from(manner.filled)).min(LENGTH_MAX);
    let item = |index: u64| {
        let schema = of_item(parts, usize::try_from(index).unwrap_or(usize::MAX)).into_iter().next();
        let value = schema.filter(|_| depth < DEPTH_MAX).map(|part| make(part, manner, depth + 1));
        value.unwrap_or_else(|| json!(index))
    };
    (0..least).map(item).collect()
}

fn make_number(parts: &[Part<'_>]) -> Value {
    let tried = parts.iter().flat_map(|part| bounds(*part)).filter(Value::is_number);
    let fits = |value: &Value| {
        let within = |word: &str, holds: fn(f64, f64) -> bool| {
            let bounds = parts.iter().filter_map(|part| part.get(word)?.as_f64());
            bounds.into_iter().all(|bound| value.as_f64().is_some_and(|value| holds(value, bound)))
        };
        within("minimum", |v, b| v >= b)
            && within("maximum", |v, b| v <= b)
            && within("exclusiveMinimum", |v, b| v > b)
            && within("exclusiveMaximum", |v, b| v < b)
            && within("multipleOf", |v, b| b > 0.0 && v % b == 0.0)
    };
    std::iter::once(json!(0)).chain(tried).find(fits).unwrap_or_else(|| json!(1))
}

fn make_text(parts: &[Part<'_>], choice: usize) -> Value {
    let least = parts.iter().filter_map(|part| part.get("minLength")?.as_u64()).max().unwrap_or(0);
    let is_free = |part: &Part<'_>| part.get("pattern").is_none() && part.get("format").is_none();
    if least > 0 || parts.iter().all(is_free) {
        return json!("a".repeat(usize::try_from(least.min(LENGTH_MAX)).unwrap_or_default()));
    }
    let of_format = parts.iter().find_map(|part| match part.get("format")?.as_str()? {
        "date" => Some("2024-02-29"),
        "date-time" => Some("2024-02-29T12:00:00Z"),
        "time" => Some("12:00:00Z"),
        "email" => Some("a@example.org"),
        "uri" | "iri" | "uri-reference" => Some("https://example.org/a"),
        "uuid" => Some("123e4567-e89b-42d3-a456-426614174000"),
        "ipv4" => Some("127.0.0.1"),
        _ => None,
    });
    json!(of_format.or_else(|| round(&TEXTS, choice).copied()))
}

/// Values that tell the schemas of a place apart: of every type, at and beyond every bound.
pub(crate) fn pool(parts: &[Part<'_>], depth: usize) -> Vec<Value> {
    let flat = flatten(parts);
    let mut values =
        vec![json!(null), json!(false), json!(0), json!(1.5), json!([]), json!({}), json!([0, 0])];
    values.extend(TEXTS.iter().map(|text| json!(text)));
    for part in &flat {
        values.extend(bounds(*part));
        if depth < 3 {
            let manners = [false, true].map(|filled| Manner { filled, choice: 0 });
            values.extend(manners.map(|manner| make(*part, manner, depth + 1)));
        }
    }
    let mut seen = BTreeSet::new();
    values.retain(|value| seen.insert(value.to_string()));
    values
}

/// Values at and beyond the bounds of one schema.
fn bounds(part: Part<'_>) -> Vec<Value> {
    let mut values: Vec<Value> = Vec::new();
    values.extend(part.get("const").cloned());
    for word in ["enum", "examples"] {
        values.extend(part.get(word).and_then(Value::as_array).into_iter().flatten().take(64).cloned());
    }
    for word in ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"] {
        match (part.get(word).and_then(Value::as_i64), part.get(word).and_then(Value::as_f64)) {
            (Some(n), _) => values.extend([-1, 0, 1].map(|step| json!(n.saturating_add(step)))),
            (None, Some(n)) => values.extend([n - 1.0, n, n + 1.0].map(|n| json!(n))),
            (None, None) => {}
        }
    }
    let around = |word: &str| {
        let bound = part.get(word).and_then(Value::as_u64).filter(|n| *n < LENGTH_MAX);
        bound.into_iter().flat_map(|n| n.saturating_sub(1)..=n + 1)
    };
    for length in around("minLength").chain(around("maxLength")) {
        values.push(json!("a".repeat(usize::try_from(length).unwrap_or_default())));
    }
    for count in around("minItems").chain(around("maxItems")) {
        let item = of_item(&[part], 0).into_iter().next();
        let made =
            |n| item.map_or(json!(n), |item| make(item, Manner { filled: false, choice: 0 }, DEPTH_MAX));
        values.push((0..count).map(made).collect());
    }
    for count in around("minProperties").chain(around("maxProperties")) {
        let members = (0..count).map(|n| (format!("k{n}"), json!(n)));
        values.push(Value::Object(members.collect::<Map<_, _>>()));
    }
    values
}
