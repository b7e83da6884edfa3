//! Lens operations in the form of a document, run on a payload.

use serde_json::{Map, Value, json};

type Ran = Result<(), String>;

/// The object that holds a place, and the key in it.
type Host<'v> = (&'v mut Map<String, Value>, String);

/// Runs the operations, up in their order or down in the reverse one.
pub(crate) fn run(ops: &[Value], up: bool, value: &mut Value) -> Ran {
    let mut order: Vec<&Value> = ops.iter().collect();
    if !up {
        order.reverse();
    }
    for op in order {
        let Some((name, body)) = op.as_object().and_then(|op| op.iter().next()) else { continue };
        one(name, body, up, value).map_err(|message| format!("`{name}`: {message}"))?;
    }
    Ok(())
}

fn one(name: &str, body: &Value, up: bool, value: &mut Value) -> Ran {
    let (from, to) = if up { ("from", "to") } else { ("to", "from") };
    match name {
        "rename" | "move" => {
            let Some((host, key)) = host(value, body[from].as_str().unwrap_or_default(), false)? else {
                return Ok(());
            };
            let Some(taken) = host.remove(&key) else { return Ok(()) };
            if let Some((host, key)) =
                self::host(value, body[to].as_str().unwrap_or_default(), name == "move")?
            {
                host.insert(key, taken);
            }
            Ok(())
        }
        "in" | "map" | "when" => scope(name, body, up, value),
        _ => at(name, body, up, value),
    }
}

fn scope(name: &str, body: &Value, up: bool, value: &mut Value) -> Ran {
    let pointer = body["at"].as_str().unwrap_or_default();
    let lens = body["lens"].as_array().map(Vec::as_slice).unwrap_or_default();
    if name == "when" {
        return if value.pointer(pointer) == Some(&body["equals"]) { run(lens, up, value) } else { Ok(()) };
    }
    let Some(found) = value.pointer_mut(pointer) else { return Ok(()) };
    match found {
        Value::Object(_) if name == "in" => run(lens, up, found),
        Value::Object(members) if name == "map" => members.values_mut().try_for_each(|v| run(lens, up, v)),
        Value::Array(items) if name == "map" => items.iter_mut().try_for_each(|v| run(lens, up, v)),
        _ => Ok(()),
    }
}

fn at(name: &str, body: &Value, up: bool, value: &mut Value) -> Ran {
    let pointer = body["at"].as_str().unwrap_or_default();
    let default = body.get("default");
    if pointer.is_empty() {
        return changed(name, body, up, value);
    }
    let Some((host, key)) = host(value, pointer, false)? else { return Ok(()) };
    let missing = |host: &Map<String, Value>| host.get(&key).is_none_or(Value::is_null);
    match (name, up) {
        ("add", true) | ("remove", false) => {
            if let Some(default) = default.filter(|_| !host.contains_key(&key)) {
                host.insert(key, default.clone());
            }
        }
        ("add", false) | ("remove", true) => {
            host.remove(&key);
        }
        ("require", true) | ("relax", false) => {
            if let Some(default) = default.filter(|_| missing(host)) {
                host.insert(key, default.clone());
            }
        }
        ("require" | "relax", _) => {}
        _ => {
            let Some(value) = host.get_mut(&key) else { return Ok(()) };
            if let (("wrap", false) | ("unwrap", true), Some([])) =
                ((name, up), value.as_array().map(Vec::as_slice))
            {
                match body.get("else") {
                    Some(other) => *value = other.clone(),
                    None => drop(host.remove(&key)),
                }
                return Ok(());
            }
            changed(name, body, up, value)?;
        }
    }
    Ok(())
}

fn changed(name: &str, body: &Value, up: bool, value: &mut Value) -> Ran {
    match (name, up) {
        ("nullable", false) if value.is_null() => *value = body["null_as"].clone(),
        ("nullable", _) => {}
        ("convert", up) => {
            let table = &body[if up { "up" } else { "down" }];
            if let Some(to) = value.as_str().and_then(|text| table.get(text)) {
                *value = to.clone();
            }
        }
        ("cast", up) => {
            let to = body[if up { "to" } else { "from" }].as_str().unwrap_or_default();
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            *value = match to {
                "string" => Value::String(text),
                _ => match serde_json::from_str::<Value>(&text) {
                    Ok(parsed) if parsed.is_number() || parsed.is_boolean() => parsed,
                    _ => return Err(format!("`{text}` is no {to}")),
                },
            };
        }
        ("wrap", true) | ("unwrap", false) => *value = json!([value.take()]),
        ("wrap", false) | ("unwrap", true) => {
            let first = value.as_array_mut().and_then(|items| items.first_mut());
            *value = first.map(Value::take).ok_or("there is no first element")?;
        }
        _ => return Err("not known here".to_owned()),
    }
    Ok(())
}

/// The object that holds the place, and the key in it.
fn host<'v>(value: &'v mut Value, pointer: &str, make: bool) -> Result<Option<Host<'v>>, String> {
    let mut tokens: Vec<String> =
        pointer.split('/').skip(1).map(|t| t.replace("~1", "/").replace("~0", "~")).collect();
    let Some(key) = tokens.pop() else { return Ok(None) };
    let mut host = value;
    for token in tokens {
        let Value::Object(members) = host else { return Ok(None) };
        if !members.contains_key(&token) {
            if !make {
                return Ok(None);
            }
            members.insert(token.clone(), json!({}));
        }
        let Some(below) = members.get_mut(&token) else { return Ok(None) };
        host = below;
    }
    match host {
        Value::Object(members) => Ok(Some((members, key))),
        _ => Ok(None),
    }
}
