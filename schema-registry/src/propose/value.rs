//! One value at two places: its type, null, and the values that are listed for it.

use serde_json::{Map, Value, json};

use super::found::Found;
use super::place::Place;
use super::sample::sample;
use super::similar;
use super::walk::{Walk, Way};
use crate::compat::CompatError;
use crate::compat::source::Source;

/// Listed values that are compared with each other.
const LISTED_MAX: usize = 256;

/// Listed values that a sentence names.
const NAMED_MAX: usize = 8;

/// Types whose values can be said in each other.
const CASTS: [(&str, &str); 5] = [
    ("string", "integer"),
    ("string", "number"),
    ("string", "boolean"),
    ("integer", "number"),
    ("integer", "date-time"),
];

/// What leads across if the two places have no type in common; none if they have.
pub(super) fn retyped<'a>(
    walk: &mut Walk<'a, '_>,
    old: &Place<'a>,
    new: &Place<'a>,
) -> Result<Option<Way<'a>>, CompatError> {
    let numeric = |place: &Place<'_>| place.types.contains("integer") || place.types.contains("number");
    if !old.types.is_disjoint(&new.types) || (numeric(old) && numeric(new)) {
        return Ok(None);
    }
    if let (Some(from), Some(to)) = (scalar(old), scalar(new)) {
        if !CASTS.iter().any(|(a, b)| (*a, *b) == (from, to) || (*b, *a) == (from, to)) {
            return Ok(Some(Way::Other));
        }
        let reason = format!("the type changed from {from} to {to}{}", counted(from, to));
        let cast = Found::new("cast", &[], 70, reason);
        return Ok(Some(Way::By(vec![cast.with("from", json!(from)).with("to", json!(to))])));
    }
    if new.is_only("array")
        && let Some(inner) = around(walk, old, new, false)?
    {
        let wrap = Found::new("wrap", &[], 70, "one value became an array of such values");
        return Ok(Some(Way::By([inner, vec![wrap]].concat())));
    }
    if old.is_only("array")
        && let Some(inner) = around(walk, new, old, true)?
    {
        let unwrap =
            Found::new("unwrap", &[], 50, "an array became one value: the first is taken, confirm it");
        let mut unwrap = unwrap.with("pick", json!("first"));
        // What is taken in place of an empty array goes on as an element does.
        let default = if inner.is_empty() {
            sample(walk.new, new)?
        } else {
            sample(walk.old, &Place::of(walk.old, &old.items())?)?
        };
        if let Some(default) = default {
            unwrap = unwrap.with("else", default.value);
        }
        return Ok(Some(Way::By([vec![unwrap], inner].concat())));
    }
    Ok(Some(Way::Other))
}

/// What a number says that is cast to a date or from one.
fn counted(from: &str, to: &str) -> &'static str {
    match (from, to) {
        ("integer", "date-time") => {
            "; the number counts microseconds: if it counts seconds (or milliseconds), put `scale` with \
             `num: 1000000` (or `num: 1000`) before this"
        }
        ("date-time", "integer") => {
            "; the number counts microseconds: if it is to count seconds (or milliseconds), put `scale` with \
             `den: 1000000` (or `den: 1000`) behind this"
        }
        _ => "",
    }
}

/// The operations between a value and the elements of an array, if it may be one of them.
fn around<'a>(
    walk: &mut Walk<'a, '_>,
    one: &Place<'a>,
    many: &Place<'a>,
    out: bool,
) -> Result<Option<Vec<Found<'a>>>, CompatError> {
    let (source, items) = (if out { walk.old } else { walk.new }, many.items());
    if items.is_empty() {
        return Ok(None);
    }
    let item = Place::of(source, &items)?;
    if item.types.is_disjoint(&one.types) {
        return Ok(None);
    }
    let way = if out { walk.places(&item, one)? } else { walk.places(one, &item)? };
    Ok(match way {
        Way::By(found) => Some(found),
        Way::Other => None,
    })
}

/// The name of the only type that may stand there, as `cast` names it.
fn scalar(place: &Place<'_>) -> Option<&'static str> {
    let mut types =
        place.types.iter().copied().filter(|name| *name != "integer" || !place.types.contains("number"));
    let name = types.next().filter(|name| !["object", "array"].contains(name))?;
    let time = name == "string" && place.word("format") == Some(&json!("date-time"));
    types.next().is_none().then_some(if time { "date-time" } else { name })
}

/// Null for a value that was never null.
pub(super) fn nullable<'a>(source: &Source<'a>, old: &Place<'a>) -> Result<Option<Found<'a>>, CompatError> {
    let Some(value) = sample(source, old)? else { return Ok(None) };
    let reason =
        format!("it may be null now; the value in place of null on the way back is {}", value.words());
    let found = Found::new("nullable", &[], value.confidence(), reason);
    Ok(Some(found.with("null_as", value.value)))
}

/// A table for the listed values that went and came.
pub(super) fn listed<'a>(old: &Place<'a>, new: &Place<'a>) -> Option<Found<'a>> {
    let (from, to) = (strings(old)?, strings(new)?);
    let gone: Vec<&str> = from.iter().copied().filter(|value| !to.contains(value)).collect();
    let came: Vec<&str> = to.iter().copied().filter(|value| !from.contains(value)).collect();
    if gone.is_empty() && came.is_empty() {
        return None;
    }
    let (mut up, mut down, mut sure) = (Map::new(), Map::new(), 90);
    let pairs = matched(&gone, &came);
    for (a, b, alike) in &pairs {
        up.insert((*a).to_owned(), json!(b));
        down.insert((*b).to_owned(), json!(a));
        sure = sure.min(30 + alike / 2);
    }
    for value in &gone {
        if !up.contains_key(*value) {
            // A value that came is led back to one that went, and so cannot take in others beside it.
            let stayed: Vec<&str> = to.iter().copied().filter(|other| !came.contains(other)).collect();
            up.insert((*value).to_owned(), json!(closest(value, &stayed).or_else(|| closest(value, &to))?));
            sure = 15;
        }
    }
    for value in &came {
        if !down.contains_key(*value) {
            let led =
                up.iter().find(|(_, there)| there.as_str() == Some(value)).map(|(from, _)| from.as_str());
            down.insert((*value).to_owned(), json!(led.or_else(|| closest(value, &from))?));
            sure = 15;
        }
    }
    let confirm = if sure == 15 { ": confirm the table" } else { "" };
    let reason = match (gone.as_slice(), came.as_slice()) {
        ([], came) => format!("{} came{confirm}", all(came)),
        (gone, []) => format!("{} went{confirm}", all(gone)),
        (gone, came) => format!("{} went and {} came{confirm}", all(gone), all(came)),
    };
    let found = Found::new("convert", &[], u8::try_from(sure).unwrap_or(15), reason);
    let paired = pairs.len() == gone.len() && pairs.len() == came.len();
    if paired && !old.null && !new.null {
        // With every value named and none beside them, nothing is lost either way.
        let stayed = from.iter().filter(|value| to.contains(value));
        up.extend(stayed.map(|value| ((*value).to_owned(), json!(value))));
        return Some(found.with("up", up.into()));
    }
    Some(found.with("up", up.into()).with("down", down.into()).with("else", json!("keep")))
}

fn strings<'a>(place: &Place<'a>) -> Option<Vec<&'a str>> {
    let list = place.listed().filter(|list| list.len() <= LISTED_MAX && !list.is_empty())?;
    list.into_iter().map(Value::as_str).collect()
}

/// Values that went with the ones that came in their place, the most alike first. One that went and one
/// that came are a pair however they are spelled.
fn matched<'v>(gone: &[&'v str], came: &[&'v str]) -> Vec<(&'v str, &'v str, u32)> {
    let pairs = gone.iter().flat_map(|a| came.iter().map(move |b| (*a, *b, similar::names(a, b))));
    let alone = gone.len() == 1 && came.len() == 1;
    let mut pairs: Vec<(&str, &str, u32)> = pairs.filter(|(.., alike)| alone || *alike >= 60).collect();
    pairs.sort_by_key(|(a, b, alike)| (u32::MAX - alike, *a, *b));
    let mut taken: Vec<(&str, &str, u32)> = Vec::new();
    for pair in pairs {
        if !taken.iter().any(|other| other.0 == pair.0 || other.1 == pair.1) {
            taken.push(pair);
        }
    }
    taken
}

/// The value that is spelled most alike; the first of those.
fn closest<'v>(value: &str, others: &[&'v str]) -> Option<&'v str> {
    others.iter().copied().rev().max_by_key(|other| similar::names(value, other))
}

/// Values for a sentence: the first of them, if they are many.
fn all(values: &[&str]) -> String {
    let named: Vec<String> = values.iter().take(NAMED_MAX).map(|value| format!("`{value}`")).collect();
    let more = values.len().saturating_sub(NAMED_MAX);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let values = if values.len() == 1 { "the value" } else { "the values" };
    format!("{values} {}{more}", named.join(", "))
}
