//! Where two schemas first part, in words. `format` and other annotations are not looked at.
//!
//! Whether a member is required is not compared here: the lens decides that by what it can promise.

use serde_json::Value;

use super::check::same_value;
use super::{Items, Kind, Range, Schema, Text};
use crate::json::number::Num;
use crate::json::pointer;

/// A place below the two schemas as keywords, what the first one says there, what the second one says.
pub(crate) type Difference = (String, String, String);

/// The first difference of two schemas, members and `required` included.
pub(crate) fn difference(a: &Schema, b: &Schema) -> Option<Difference> {
    if let Some(found) = shells(a, b) {
        return Some(found);
    }
    let (Some(left), Some(right)) = (a.members(), b.members()) else { return None };
    for (key, property) in &left.properties {
        let place = pointer::child("/properties", key);
        let Some(other) = right.properties.get(key) else {
            return Some((place, format!("a member `{key}`"), "none".to_owned()));
        };
        if property.required != other.required {
            let say = |required| if required { "required" } else { "optional" };
            return Some((place, say(property.required).to_owned(), say(other.required).to_owned()));
        }
        if let Some((below, x, y)) = difference(&property.schema, &other.schema) {
            return Some((format!("{place}{below}"), x, y));
        }
    }
    let more = right.properties.keys().find(|key| !left.properties.contains_key(*key))?;
    Some((pointer::child("/properties", more), "no such member".to_owned(), format!("a member `{more}`")))
}

/// The first difference of two schemas, their members left out.
pub(crate) fn shells(a: &Schema, b: &Schema) -> Option<Difference> {
    let at = |keyword: &str, x: String, y: String| Some((format!("/{keyword}"), x, y));
    let same_kind = std::mem::discriminant(&a.kind) == std::mem::discriminant(&b.kind);
    if !same_kind || a.nullable != b.nullable {
        return at("type", describe(a), describe(b));
    }
    if !same_values(&a.values, &b.values) {
        return at("enum", values(&a.values), values(&b.values));
    }
    match (&a.kind, &b.kind) {
        (Kind::Integer(x), Kind::Integer(y)) | (Kind::Number(x), Kind::Number(y)) => ranges(x, y),
        (Kind::String(x), Kind::String(y)) => texts(x, y),
        (Kind::Array(x), Kind::Array(y)) => arrays(x, y),
        (Kind::Object(x), Kind::Object(y)) if x.open != y.open => {
            at("additionalProperties", x.open.to_string(), y.open.to_string())
        }
        _ => None,
    }
}

/// The type as a schema writes it: `string`, `integer or null`.
pub(crate) fn describe(schema: &Schema) -> String {
    let name = match schema.kind {
        Kind::Any => return "any value".to_owned(),
        Kind::Boolean => "boolean",
        Kind::Integer(_) => "integer",
        Kind::Number(_) => "number",
        Kind::String(_) => "string",
        Kind::Array(_) => "array",
        Kind::Object(_) => "object",
    };
    if schema.nullable { format!("{name} or null") } else { name.to_owned() }
}

fn same_values(a: &[Vec<Value>], b: &[Vec<Value>]) -> bool {
    let subset = |x: &[Value], y: &[Value]| x.iter().all(|v| y.iter().any(|w| same_value(v, w)));
    a.len() == b.len() && a.iter().zip(b).all(|(x, y)| subset(x, y) && subset(y, x))
}

fn values(lists: &[Vec<Value>]) -> String {
    let texts: Vec<String> = lists.iter().map(|list| Value::from(list.clone()).to_string()).collect();
    if texts.is_empty() { "any".to_owned() } else { texts.join(" and ") }
}

/// The first pair that differs.
fn first<T: PartialEq + ToString>(pairs: &[(&str, &Option<T>, &Option<T>)]) -> Option<Difference> {
    let say = |x: &Option<T>| x.as_ref().map_or_else(|| "none".to_owned(), T::to_string);
    let (keyword, x, y) = pairs.iter().find(|(_, x, y)| x != y)?;
    Some((format!("/{keyword}"), say(x), say(y)))
}

fn ranges(x: &Range, y: &Range) -> Option<Difference> {
    first::<Num>(&[
        ("minimum", &x.minimum, &y.minimum),
        ("maximum", &x.maximum, &y.maximum),
        ("exclusiveMinimum", &x.exclusive_minimum, &y.exclusive_minimum),
        ("exclusiveMaximum", &x.exclusive_maximum, &y.exclusive_maximum),
    ])
}

fn texts(x: &Text, y: &Text) -> Option<Difference> {
    let source = |text: &Text| text.pattern.as_ref().map(ToString::to_string);
    first(&[("minLength", &x.min_length, &y.min_length), ("maxLength", &x.max_length, &y.max_length)])
        .or_else(|| first(&[("pattern", &source(x), &source(y))]))
}

fn arrays(x: &Items, y: &Items) -> Option<Difference> {
    let lengths = [("minItems", &x.min_items, &y.min_items), ("maxItems", &x.max_items, &y.max_items)];
    first(&lengths).or_else(|| match (&x.items, &y.items) {
        (None, None) => None,
        (Some(a), Some(b)) => difference(a, b).map(|(at, p, q)| (format!("/items{at}"), p, q)),
        (a, b) => {
            let say =
                |s: &Option<Box<Schema>>| s.as_ref().map_or_else(|| "any value".to_owned(), |s| describe(s));
            Some(("/items".to_owned(), say(a), say(b)))
        }
    })
}
