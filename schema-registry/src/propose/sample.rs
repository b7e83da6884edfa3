//! The smallest value that is valid at a place, to stand where a document has none.

use regex::RegexBuilder;
use serde_json::{Map, Value};

use super::place::{Place, type_of};
use crate::compat::CompatError;
use crate::compat::source::Source;
use crate::limits::PATTERN_SIZE_MAX;

/// Objects and arrays within each other in a value that is made.
const SAMPLE_DEPTH_MAX: usize = 12;
/// Elements of an array, or characters of a string, that are made because a schema asks for so many.
const SAMPLE_COUNT_MAX: usize = 1024;

/// Why a value was taken, from the best reason to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ground {
    /// It is the schema's `default`.
    Default,
    /// The schema leaves no other.
    Only,
    /// Null says that there is none.
    Null,
    /// It is the first of those that are listed.
    First,
    /// It is the smallest of its type.
    Smallest,
}

/// A value that is valid at a place.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) value: Value,
    pub(super) ground: Ground,
}

impl Sample {
    /// How sure one can be that the author means this value, in percent.
    pub(super) fn confidence(&self) -> u8 {
        match self.ground {
            Ground::Default | Ground::Only => 85,
            Ground::Null => 60,
            Ground::First => 30,
            Ground::Smallest => 20,
        }
    }

    /// What the value is, for a sentence.
    pub(super) fn words(&self) -> &'static str {
        match self.ground {
            Ground::Default => "the default that the schema names",
            Ground::Only => "the only value that the schema allows",
            Ground::Null => "null, which says that there is none: confirm it",
            Ground::First => "only the first of the values that the schema lists: confirm it",
            Ground::Smallest => "only the smallest valid value: confirm it",
        }
    }
}

/// A value that is valid at the place, if one was found.
pub(super) fn sample<'a>(source: &Source<'a>, place: &Place<'a>) -> Result<Option<Sample>, CompatError> {
    at_depth(source, place, 0)
}

fn at_depth<'a>(source: &Source<'a>, place: &Place<'a>, depth: usize) -> Result<Option<Sample>, CompatError> {
    if depth >= SAMPLE_DEPTH_MAX {
        return Ok(None);
    }
    let taken = |value: &Value, ground| Ok(Some(Sample { value: value.clone(), ground }));
    if let Some(value) = place.word("default").filter(|value| fits(place, value)) {
        return taken(value, Ground::Default);
    }
    let listed = place.listed();
    let listed: Option<Vec<&Value>> =
        listed.map(|list| list.into_iter().filter(|v| fits(place, v)).collect());
    match listed.as_deref() {
        Some([only]) if !place.null => return taken(only, Ground::Only),
        _ if place.null => return taken(&Value::Null, Ground::Null),
        Some([first, ..]) => return taken(first, Ground::First),
        Some([]) => return Ok(None),
        None => {}
    }
    for branch in &place.branches {
        let mut nodes = place.nodes.clone();
        nodes.retain(|node| node.get("oneOf").is_none() && node.get("anyOf").is_none());
        nodes.extend(branch.nodes.iter().cloned());
        if let Some(found) = at_depth(source, &Place::of(source, &nodes)?, depth + 1)? {
            return Ok(Some(Sample { ground: Ground::Smallest, ..found }));
        }
    }
    let value = if place.branches.is_empty() { smallest(source, place, depth)? } else { None };
    Ok(value.map(|value| Sample { value, ground: Ground::Smallest }))
}

/// Whether a value that the schema itself names is of a type that may stand here, and listed if values are.
fn fits(place: &Place<'_>, value: &Value) -> bool {
    let listed = place.listed().is_none_or(|list| list.contains(&value));
    match type_of(value) {
        None => place.null,
        Some("integer") => listed && (place.types.contains("integer") || place.types.contains("number")),
        Some(name) => listed && place.types.contains(name),
    }
}

fn smallest<'a>(source: &Source<'a>, place: &Place<'a>, depth: usize) -> Result<Option<Value>, CompatError> {
    let has = |name: &str| place.types.contains(name);
    Ok(match () {
        () if has("string") => string(place).map(Value::String),
        () if has("boolean") => Some(Value::Bool(false)),
        () if has("number") || has("integer") => number(place),
        () if has("array") => array(source, place, depth)?,
        () if has("object") => object(source, place, depth)?,
        () => None,
    })
}

fn object<'a>(source: &Source<'a>, place: &Place<'a>, depth: usize) -> Result<Option<Value>, CompatError> {
    let mut properties = place.properties();
    let mut members = Map::new();
    for key in place.required() {
        let Some(schemas) = properties.remove(key) else { return Ok(None) };
        let Some(found) = at_depth(source, &Place::of(source, &schemas)?, depth + 1)? else {
            return Ok(None);
        };
        members.insert(key.to_owned(), found.value);
    }
    Ok((members.len() >= place.count("minProperties")).then_some(Value::Object(members)))
}

fn array<'a>(source: &Source<'a>, place: &Place<'a>, depth: usize) -> Result<Option<Value>, CompatError> {
    let count = place.count("minItems");
    if count == 0 {
        return Ok(Some(Value::Array(Vec::new())));
    }
    let unique = place.word("uniqueItems") == Some(&Value::Bool(true));
    let mixed = place.word("prefixItems").is_some() || place.word("contains").is_some();
    if count > SAMPLE_COUNT_MAX || mixed || (unique && count > 1) {
        return Ok(None);
    }
    let item = at_depth(source, &Place::of(source, &place.items())?, depth + 1)?;
    Ok(item.map(|item| Value::Array(vec![item.value; count])))
}

/// Zero, or the number next to it that the bounds allow.
fn number(place: &Place<'_>) -> Option<Value> {
    let step = place.numbers("multipleOf").reduce(f64::max);
    let whole = !place.types.contains("number");
    let unit = step.unwrap_or(if whole { 1.0 } else { 0.5 });
    let low = place.numbers("minimum").chain(place.numbers("exclusiveMinimum")).reduce(f64::max);
    let high = place.numbers("maximum").chain(place.numbers("exclusiveMaximum")).reduce(f64::min);
    let from = |bound: f64| [(bound / unit).floor(), (bound / unit).ceil()].map(|n| n * unit);
    let mut near = vec![0.0];
    if let Some(low) = low {
        near.extend(from(low).into_iter().chain([low, low + unit, from(low)[1] + unit]));
    }
    if let Some(high) = high {
        near.extend(from(high).into_iter().chain([high, high - unit, from(high)[0] - unit]));
    }
    if let (Some(low), Some(high)) = (low, high) {
        near.push(low.midpoint(high));
    }
    let allowed = |n: &f64| {
        place.numbers("minimum").all(|bound| *n >= bound)
            && place.numbers("exclusiveMinimum").all(|bound| *n > bound)
            && place.numbers("maximum").all(|bound| *n <= bound)
            && place.numbers("exclusiveMaximum").all(|bound| *n < bound)
            && place.numbers("multipleOf").all(|unit| (n / unit).fract() == 0.0)
            && (!whole || n.fract() == 0.0)
    };
    let found = near.into_iter().find(allowed)?;
    let text = if found.fract() == 0.0 { format!("{found:.0}") } else { found.to_string() };
    serde_json::from_str(if text == "-0" { "0" } else { &text }).ok()
}

/// Strings that look like nothing, and like what people write patterns for.
const TRIED: &[&str] = &[
    "",
    "0",
    "a",
    "A",
    "a0",
    "A0",
    "0.0",
    "0.0.0",
    "a.a",
    "a/a",
    "a-a",
    "a_a",
    "/",
    "#000000",
    "1970-01-01",
    "1970-01-01T00:00:00Z",
    "00:00",
    "00:00:00",
    "nobody@example.invalid",
    "https://example.invalid/",
    "00000000-0000-0000-0000-000000000000",
];

fn string(place: &Place<'_>) -> Option<String> {
    let least = place.count("minLength");
    if least > SAMPLE_COUNT_MAX {
        return None;
    }
    let most = place.numbers("maxLength").reduce(f64::min);
    let mut patterns = Vec::new();
    for pattern in place.nodes.iter().filter_map(|node| node.get("pattern")?.as_str()) {
        patterns.push(RegexBuilder::new(pattern).size_limit(PATTERN_SIZE_MAX).build().ok()?);
    }
    let fits = |text: &String| {
        let length = text.chars().count();
        let short =
            most.is_none_or(|most| u32::try_from(length).is_ok_and(|length| f64::from(length) <= most));
        length >= least && short && patterns.iter().all(|pattern| pattern.is_match(text))
    };
    let named = place.word("examples").and_then(Value::as_array).into_iter().flatten();
    let named = named.filter_map(Value::as_str).map(str::to_owned);
    let format = place.word("format").and_then(Value::as_str).and_then(of_format);
    if let Some(format) = format {
        return [format.to_owned()].into_iter().chain(named).find(fits);
    }
    let tried =
        TRIED.iter().map(|text| (*text).to_owned()).take(if patterns.is_empty() { 1 } else { TRIED.len() });
    let long = ["a", "0", "A"].into_iter().flat_map(|one| {
        [least, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20, 24, 32, 40, 64].map(|count| one.repeat(count))
    });
    tried.chain(long).chain(named).find(fits)
}

/// A value of a format, of a kind that belongs to nobody.
fn of_format(name: &str) -> Option<&'static str> {
    Some(match name {
        "date-time" => "1970-01-01T00:00:00Z",
        "date" => "1970-01-01",
        "time" => "00:00:00Z",
        "duration" => "PT0S",
        "email" | "idn-email" => "nobody@example.invalid",
        "hostname" | "idn-hostname" => "example.invalid",
        "ipv4" => "0.0.0.0",
        "ipv6" => "::",
        "uri" | "iri" => "https://example.invalid/",
        "uuid" => "00000000-0000-0000-0000-000000000000",
        _ => return None,
    })
}
