//! Where two schemas first part, in words. `format` and other annotations are not looked at.
//!
//! Whether a member is required is not compared here: the lens decides that by what it can promise.

use std::sync::Arc;

use serde_json::Value;

use super::equal::same_value;
use super::{Items, Kind, Members, Range, Schema, Tagged, Text, Types};
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
        (Kind::Object(x), Kind::Object(y)) => others(x, y),
        (Kind::Types(x), Kind::Types(y)) => types(x, y),
        (Kind::Tagged(x), Kind::Tagged(y)) => unions(x, y),
        (Kind::Reference(x), Kind::Reference(y)) if x.digest != y.digest => {
            let say = |digest: selfsame_record::Digest| format!("what {} names", digest.short());
            at("$ref", say(x.digest), say(y.digest))
        }
        _ => None,
    }
}

/// The type as a schema writes it: `string`, `integer or null`.
pub(crate) fn describe(schema: &Schema) -> String {
    if let Kind::Any | Kind::Reference(_) = schema.kind {
        return "any value".to_owned();
    }
    let named = schema.type_name().replace("true or false", "boolean");
    let bare = |name: &str| name.trim_start_matches("an ").trim_start_matches("a ").to_owned();
    let names: Vec<String> = named.split(" or ").map(bare).collect();
    if named.is_empty() { "no value".to_owned() } else { names.join(" or ") }
}

fn others(x: &Members, y: &Members) -> Option<Difference> {
    let say = |members: &Members| match &members.rest {
        Some(rest) => describe(rest),
        None => members.open.to_string(),
    };
    let place = "/additionalProperties";
    match (&x.rest, &y.rest) {
        (Some(a), Some(b)) => below(place, a, b),
        (None, None) if x.open == y.open => None,
        _ => Some((place.to_owned(), say(x), say(y))),
    }
    .or_else(|| {
        let list = |keys: &[String]| Value::from(keys).to_string();
        (x.others != y.others).then(|| ("/required".to_owned(), list(&x.others), list(&y.others)))
    })
    .or_else(|| {
        first(&[
            ("minProperties", &x.min_properties, &y.min_properties),
            ("maxProperties", &x.max_properties, &y.max_properties),
        ])
    })
}

fn below(place: &str, a: &Arc<Schema>, b: &Arc<Schema>) -> Option<Difference> {
    if Arc::ptr_eq(a, b) {
        return None;
    }
    difference(a, b).map(|(at, x, y)| (format!("{place}{at}"), x, y))
}

fn types(x: &Types, y: &Types) -> Option<Difference> {
    x.all().into_iter().zip(y.all()).find_map(|(a, b)| match (a, b) {
        (Some(a), Some(b)) => below("", a, b),
        (None, None) => None,
        (a, b) => {
            let say =
                |s: &Option<Arc<Schema>>| s.as_ref().map_or_else(|| "not there".to_owned(), |s| describe(s));
            Some(("/type".to_owned(), say(a), say(b)))
        }
    })
}

fn unions(x: &Tagged, y: &Tagged) -> Option<Difference> {
    let tags = |tagged: &Tagged| -> Vec<Vec<Value>> {
        tagged.branches.iter().map(|(values, _)| values.clone()).collect()
    };
    let (a, b) = (tags(x), tags(y));
    if x.key != y.key || !same_values(&a, &b) {
        let say =
            |key: &str, tags: &[Vec<Value>]| format!("branches by `{key}` {}", Value::from(tags.concat()));
        return Some(("/oneOf".to_owned(), say(&x.key, &a), say(&y.key, &b)));
    }
    let pairs = x.branches.iter().zip(&y.branches).enumerate();
    pairs.into_iter().find_map(|(n, ((_, a), (_, b)))| below(&format!("/oneOf/{n}"), a, b))
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
        ("multipleOf", &x.multiple_of, &y.multiple_of),
    ])
}

fn texts(x: &Text, y: &Text) -> Option<Difference> {
    let source = |text: &Text| text.pattern.as_ref().map(ToString::to_string);
    first(&[("minLength", &x.min_length, &y.min_length), ("maxLength", &x.max_length, &y.max_length)])
        .or_else(|| first(&[("pattern", &source(x), &source(y))]))
}

fn arrays(x: &Items, y: &Items) -> Option<Difference> {
    let lengths = [("minItems", &x.min_items, &y.min_items), ("maxItems", &x.max_items, &y.max_items)];
    first(&lengths)
        .or_else(|| {
            let say = |unique: bool| unique.to_string();
            (x.unique != y.unique).then(|| ("/uniqueItems".to_owned(), say(x.unique), say(y.unique)))
        })
        .or_else(|| match (&x.items, &y.items) {
            (None, None) => None,
            (Some(a), Some(b)) => below("/items", a, b),
            (a, b) => {
                let say = |s: &Option<Arc<Schema>>| {
                    s.as_ref().map_or_else(|| "any value".to_owned(), |s| describe(s))
                };
                Some(("/items".to_owned(), say(a), say(b)))
            }
        })
}
