//! Schemas of single values: listed ones, null, and what an operation on a value makes of them.

use serde_json::{Map, Value, json};

use super::facts::{Definitions, list, words};
use super::object::unfold;
use crate::lens::op::{Otherwise, Scalar, Table};

/// References and choices within each other that are looked through for listed values.
const LISTED_DEPTH_MAX: usize = 32;

/// Either of two schemas.
pub(super) fn either(a: Value, b: Value) -> Value {
    match (&a, &b) {
        (Value::Bool(false), _) => b,
        (_, Value::Bool(false)) => a,
        _ if a == b => a,
        _ => json!({ "anyOf": [a, b] }),
    }
}

/// The schema of values that are listed.
fn one_of(mut values: Vec<Value>) -> Value {
    let mut seen: Vec<Value> = Vec::new();
    values.retain(|value| {
        let new = !seen.contains(value);
        seen.extend(new.then(|| value.clone()));
        new
    });
    if values.is_empty() { Value::Bool(false) } else { json!({ "enum": values }) }
}

/// The values that a schema lists, if it takes no others.
pub(super) fn listed(of: Definitions<'_>, schema: &Value) -> Option<Vec<Value>> {
    listed_at(of, schema, 0)
}

fn listed_at(of: Definitions<'_>, schema: &Value, depth: usize) -> Option<Vec<Value>> {
    let members = schema.as_object().filter(|_| depth < LISTED_DEPTH_MAX && !of.exhausted())?;
    if let Some(only) = members.get("const") {
        return Some(vec![only.clone()]);
    }
    if let Some(Value::Array(values)) = members.get("enum") {
        return Some(values.clone());
    }
    if members.get("type") == Some(&json!("null")) {
        return Some(vec![Value::Null]);
    }
    let target = members.get("$ref").and_then(Value::as_str).and_then(|r| of.target(r));
    let together = target.into_iter().chain(list(members, "allOf"));
    if let Some(found) = together.into_iter().find_map(|schema| listed_at(of, schema, depth + 1)) {
        return Some(found);
    }
    ["anyOf", "oneOf"].into_iter().filter(|word| members.contains_key(*word)).find_map(|word| {
        let all: Option<Vec<Vec<Value>>> =
            list(members, word).iter().map(|branch| listed_at(of, branch, depth + 1)).collect();
        all.map(|all| all.concat())
    })
}

/// The same schema without null.
pub(super) fn without_null(of: Definitions<'_>, schema: &Value) -> Value {
    let mut schema = schema.clone();
    drop_null(of, &mut schema, 0);
    schema
}

fn drop_null(of: Definitions<'_>, schema: &mut Value, depth: usize) {
    if !of.types(schema).contains("null") {
        return;
    }
    unfold(of, schema);
    let Value::Object(members) = schema else { return };
    if let Some(Value::Array(names)) = members.get_mut("type") {
        names.retain(|name| name != "null");
    } else if members.get("type").is_some() || members.get("const").is_some() {
        *schema = Value::Bool(false);
        return;
    }
    if let Some(Value::Array(values)) = members.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if let Some(Value::Array(branches)) = members.get_mut("anyOf").filter(|_| depth < LISTED_DEPTH_MAX) {
        branches.iter_mut().for_each(|branch| drop_null(of, branch, depth + 1));
        branches.retain(|branch| branch != &Value::Bool(false));
        if branches.is_empty() {
            *schema = Value::Bool(false);
            return;
        }
    }
    if of.types(schema).contains("null") {
        let Value::Object(members) = schema else { return };
        let kept = json!({ "type": ["array", "boolean", "number", "object", "string"] });
        match members.get_mut("allOf").and_then(Value::as_array_mut) {
            Some(all) => all.push(kept),
            None => drop(members.insert("allOf".to_owned(), json!([kept]))),
        }
    }
}

/// What a table makes of the values of a schema.
pub(super) fn converted(of: Definitions<'_>, schema: &Value, table: &Table, otherwise: &Otherwise) -> Value {
    let targets = || table.pairs().iter().map(|(_, to)| to.clone());
    let Some(listed) = listed(of, schema) else {
        return match otherwise {
            Otherwise::Fail => one_of(targets().collect()),
            Otherwise::Keep => either(schema.clone(), one_of(targets().collect())),
            Otherwise::Value(value) => one_of(targets().chain([value.clone()]).collect()),
        };
    };
    let led = |value: Value| match (table.get(&value), otherwise) {
        (Some(to), _) => Some(to.clone()),
        (None, Otherwise::Fail) => None,
        (None, Otherwise::Keep) => Some(value),
        (None, Otherwise::Value(other)) => Some(other.clone()),
    };
    one_of(listed.into_iter().filter_map(led).collect())
}

/// What a cast makes of the values of a schema.
pub(super) fn cast(of: Definitions<'_>, schema: &Value, from: Scalar, to: Scalar) -> Result<Value, String> {
    let types = of.types(schema);
    let fits = types.contains(json_type(from)) || (from == Scalar::Number && types.contains("integer"));
    if !fits {
        return Err(format!("is {}, and not {}", words(&types), from.name()));
    }
    if (from, to) == (Scalar::Integer, Scalar::Number) {
        return Ok(schema.clone());
    }
    let mut cast = Map::from_iter([("type".to_owned(), json!(json_type(to)))]);
    if to == Scalar::DateTime {
        cast.insert("format".to_owned(), json!("date-time"));
    }
    Ok(and_null(&types, cast.into()))
}

/// What multiplying makes of the numbers of a schema: integers if `whole`; of integers, integers if that is
/// not known.
pub(super) fn scaled(of: Definitions<'_>, schema: &Value, whole: Option<bool>) -> Result<Value, String> {
    let types = of.types(schema);
    if !types.contains("number") && !types.contains("integer") {
        return Err(format!("is {}, and not a number", words(&types)));
    }
    let whole = whole.unwrap_or(!types.contains("number"));
    Ok(and_null(&types, json!({ "type": if whole { "integer" } else { "number" } })))
}

fn and_null(types: &std::collections::BTreeSet<&'static str>, schema: Value) -> Value {
    if types.contains("null") { either(schema, json!({ "type": "null" })) } else { schema }
}

fn json_type(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::String | Scalar::DateTime => "string",
        Scalar::Integer => "integer",
        Scalar::Number => "number",
        Scalar::Boolean => "boolean",
    }
}

/// The schema of every element of an array, and whether an array has one always; none if it is no array.
pub(super) fn elements(of: Definitions<'_>, schema: &Value) -> Option<(Value, bool)> {
    elements_at(of, schema, 0)
}

fn elements_at(of: Definitions<'_>, schema: &Value, depth: usize) -> Option<(Value, bool)> {
    if !of.types(schema).contains("array") {
        return None;
    }
    let Some(members) = schema.as_object().filter(|_| depth < LISTED_DEPTH_MAX) else {
        return Some((Value::Bool(true), false));
    };
    if let Some(Value::Array(values)) = members.get("const") {
        return Some((one_of(values.clone()), !values.is_empty()));
    }
    let items = members.get("items").filter(|items| !items.is_array()).cloned().unwrap_or(Value::Bool(true));
    // Before 2020-12 a list under `items` was what `prefixItems` is now.
    let first = list(members, "prefixItems").iter().chain(list(members, "items"));
    let rest = if members.get("items").is_some_and(Value::is_array) {
        members.get("additionalItems").cloned().unwrap_or(Value::Bool(true))
    } else {
        items
    };
    let own = first.fold(rest, |all, item| either(all, item.clone()));
    let some = members.get("minItems").and_then(Value::as_f64).is_some_and(|count| count >= 1.0);
    let mut all = vec![(own, some)];
    let target = members.get("$ref").and_then(Value::as_str).and_then(|r| of.target(r));
    for schema in target.into_iter().chain(list(members, "allOf")) {
        all.extend(elements_at(of, schema, depth + 1));
    }
    for word in ["anyOf", "oneOf"] {
        let branches = list(members, word).iter().filter_map(|branch| elements_at(of, branch, depth + 1));
        all.extend(branches.reduce(|a, b| (either(a.0, b.0), a.1 && b.1)));
    }
    all.into_iter().reduce(|a, b| (both(a.0, b.0), a.1 || b.1))
}

/// Both of two schemas.
pub(super) fn both(a: Value, b: Value) -> Value {
    match (&a, &b) {
        (Value::Bool(true), _) => b,
        (_, Value::Bool(true)) => a,
        _ if a == b => a,
        _ => json!({ "allOf": [a, b] }),
    }
}
