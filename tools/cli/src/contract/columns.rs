//! What readers find in rows and workers in job inputs, as far as the event schemas and the reductions say it.
//!
//! A column that is set from a field has that field's schema; one that is counted with is an integer of 64
//! bits; one that is set from different fields has any of their schemas. A column must be there if every event
//! that makes a row gives it a value that must be there. Words that are not known here say nothing about a
//! column, and nothing is then promised about it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::components::{Components, Place, reference};

/// The reductions whose effect on a column is known here.
const VERBS: [&str; 5] = ["add", "append", "max", "min", "set"];

/// The schema of an expression's values, and what may be missing.
struct Operand {
    schema: Value,
    /// It can be absent.
    optional: bool,
    /// It can be `null`.
    nullable: bool,
}

/// What one event does to one column.
struct Use<'d> {
    verb: &'d str,
    operand: Operand,
    /// The longest list that `append` keeps.
    items_max: Option<u64>,
}

/// The schema of a row of a cache or view.
pub(super) fn row(components: &mut Components<'_>, projection: &Value) -> Value {
    let events = events(projection);
    let changing = events.iter().filter(|(_, on)| !on.is_string()).count();
    let mut columns: BTreeMap<&str, Vec<Use<'_>>> = BTreeMap::new();
    let mut all_known = true;
    for (event_type, on) in &events {
        for (verb, members) in on.as_object().into_iter().flatten() {
            all_known &= VERBS.contains(&verb.as_str());
            for (column, value) in members.as_object().into_iter().flatten() {
                columns.entry(column).or_default().push(read_use(components, event_type, verb, value));
            }
        }
    }
    let is_there =
        |uses: &[Use<'_>]| all_known && uses.len() == changing && uses.iter().all(Use::always_gives);
    let required: Vec<&str> =
        columns.iter().filter(|(_, uses)| is_there(uses)).map(|(name, _)| *name).collect();
    let properties: Map<String, Value> =
        columns.iter().map(|(name, uses)| ((*name).to_owned(), column(uses))).collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

/// The schema of a queue's job inputs.
pub(super) fn job_input(components: &mut Components<'_>, projection: &Value) -> Value {
    let mut inputs: Vec<(&str, Value)> = Vec::new();
    for (event_type, on) in events(projection) {
        let fields = on.get("input").and_then(Value::as_object);
        let mut required = Vec::new();
        let mut properties = Map::new();
        for (name, value) in fields.into_iter().flatten() {
            let operand = read_operand(components, event_type, value);
            if !operand.optional {
                required.push(name.clone());
            }
            properties.insert(name.clone(), operand.schema);
        }
        let input = json!({ "type": "object", "required": required, "properties": properties });
        if !inputs.iter().any(|(_, other)| *other == input) {
            inputs.push((event_type, input));
        }
    }
    let several = inputs.len() > 1;
    any_of(inputs.into_iter().map(|(event_type, mut input)| {
        // Inputs of different forms are told apart by the event type that gives them first.
        if let Some(members) = input.as_object_mut().filter(|_| several) {
            members.insert("title".to_owned(), event_type.into());
        }
        input
    }))
}

fn events(projection: &Value) -> Vec<(&String, &Value)> {
    projection.get("on").and_then(Value::as_object).into_iter().flatten().collect()
}

impl Use<'_> {
    /// Whether the column is there after every such event.
    fn always_gives(&self) -> bool {
        !self.operand.optional && (self.verb == "set" || !self.operand.nullable)
    }

    fn counts(&self) -> bool {
        matches!(self.verb, "add" | "max" | "min")
    }
}

fn read_use<'d>(components: &mut Components<'_>, event_type: &str, verb: &'d str, value: &Value) -> Use<'d> {
    let is_append = verb == "append";
    let operand = if is_append { value.get("value").unwrap_or(&Value::Null) } else { value };
    let items_max = value.get("max").filter(|_| is_append).and_then(Value::as_u64);
    Use { verb, operand: read_operand(components, event_type, operand), items_max }
}

/// The column's schema from everything that changes it.
fn column(uses: &[Use<'_>]) -> Value {
    if uses.iter().any(|it| !VERBS.contains(&it.verb)) {
        return json!({});
    }
    if uses.iter().any(|it| it.verb == "append") {
        let items = any_of(uses.iter().map(|it| without_null(&it.operand.schema)));
        let mut list = json!({ "type": "array", "items": items });
        if let (Some(max), Some(list)) =
            (uses.iter().filter_map(|it| it.items_max).max(), list.as_object_mut())
        {
            list.insert("maxItems".to_owned(), max.into());
        }
        return list;
    }
    let is_integer = |it: &Use<'_>| it.verb == "add" || has_type(&it.operand.schema, "integer");
    if !uses.iter().any(|it| it.counts() && is_integer(it)) {
        let taken = |it: &Use<'_>| {
            if it.counts() { without_null(&it.operand.schema) } else { it.operand.schema.clone() }
        };
        return any_of(uses.iter().map(taken));
    }
    // Only `set` keeps a null.
    let null = uses.iter().any(|it| it.verb == "set" && it.operand.nullable);
    let kind = if null { json!(["integer", "null"]) } else { json!("integer") };
    json!({ "type": kind, "format": "int64" })
}

fn has_type(schema: &Value, name: &str) -> bool {
    match schema.get("type") {
        Some(Value::Array(names)) => names.iter().any(|other| other == name),
        Some(other) => other == name,
        None => schema.get("const").is_some_and(|value| name == "integer" && value.is_i64()),
    }
}

/// The schema without the `null` of its own type; every reduction but `set` passes over nulls.
fn without_null(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(names) = schema.get_mut("type").and_then(Value::as_array_mut) {
        names.retain(|name| name != "null");
        if let [one] = names.as_slice() {
            let one = one.clone();
            schema
                .as_object_mut()
                .into_iter()
                .for_each(|members| drop(members.insert("type".to_owned(), one.clone())));
        }
    }
    schema
}

/// The one schema if all are the same, else any of them.
fn any_of(schemas: impl IntoIterator<Item = Value>) -> Value {
    let mut distinct: Vec<Value> = Vec::new();
    for schema in schemas {
        if !distinct.contains(&schema) {
            distinct.push(schema);
        }
    }
    match distinct.pop() {
        None => json!({}),
        Some(one) if distinct.is_empty() => one,
        Some(last) => {
            distinct.push(last);
            json!({ "anyOf": distinct })
        }
    }
}

fn read_operand(components: &mut Components<'_>, event_type: &str, value: &Value) -> Operand {
    let always = |schema: Value| Operand { schema, optional: false, nullable: false };
    let text = match value {
        Value::Array(_) | Value::Object(_) => return unknown(),
        Value::String(text) => text,
        literal => {
            return Operand { nullable: literal.is_null(), ..always(json!({ "const": literal })) };
        }
    };
    match text.as_str() {
        "$time" => always(json!({ "type": "string", "format": "date-time" })),
        "$key" | "$type" | "$id" | "$source" | "$principal" => always(json!({ "type": "string" })),
        "$" => always(reference(event_type)),
        _ => match text.strip_prefix('$') {
            None => always(json!({ "const": text })),
            Some(rest) if rest.starts_with('$') => always(json!({ "const": rest })),
            Some(path) => read_field(components, event_type, path).unwrap_or_else(unknown),
        },
    }
}

fn unknown() -> Operand {
    Operand { schema: json!({}), optional: true, nullable: true }
}

/// A field of the event, by `.a.b` or `/a/b`.
fn read_field(components: &mut Components<'_>, event_type: &str, path: &str) -> Option<Operand> {
    let keys: Vec<String> = if let Some(names) = path.strip_prefix('.') {
        names.split('.').map(str::to_owned).collect()
    } else {
        let tokens = path.strip_prefix('/')?.split('/');
        tokens.map(|token| token.replace("~1", "/").replace("~0", "~")).collect()
    };
    let mut at: Place<'_> = components.event(event_type)?;
    let mut optional = false;
    for key in &keys {
        let (member, required) = components.member(at, key)?;
        (at, optional) = (member, optional || !required);
    }
    let nullable = components.may_be_null(at);
    Some(Operand { schema: components.lift(at), optional, nullable })
}
