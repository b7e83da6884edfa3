//! Generated schemas, lenses and documents, and a plain reading of what a lens means, on JSON trees.
//!
//! Everything is drawn from a list of rolls, so that a failure shrinks to few of them.

use serde_json::{Map, Value, json};

const KEYS: [&str; 8] = ["a", "b", "c", "", "0", "a/b", "~", "ü"];

/// A source of choices that proptest shrinks.
pub(crate) struct Dice {
    rolls: std::vec::IntoIter<u16>,
}

impl Dice {
    pub(crate) fn new(rolls: Vec<u16>) -> Dice {
        Dice { rolls: rolls.into_iter() }
    }

    /// A number below `n`; 0 when the rolls are used up.
    pub(crate) fn roll(&mut self, n: usize) -> usize {
        usize::from(self.rolls.next().unwrap_or(0)) % n
    }

    /// Whether one of `n` comes out; not when the rolls are used up.
    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.roll(n) == n - 1
    }

    /// One of them; the first when the rolls are used up.
    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len())].clone()
    }
}

/// A schema of an object.
pub(crate) fn object(dice: &mut Dice, depth: usize) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for _ in 0..dice.roll(5) {
        let key = dice.pick(&KEYS);
        properties.insert(key.to_owned(), field(dice, depth));
        if dice.one_in(2) && !required.contains(&key) {
            required.push(key);
        }
    }
    json!({"type": "object", "properties": properties, "required": required})
}

fn field(dice: &mut Dice, depth: usize) -> Value {
    let mut schema = match dice.roll(if depth == 0 { 6 } else { 9 }) {
        0 => return json!({}),
        1 => json!({"type": "string"}),
        2 => json!({"type": "string", "maxLength": 2}),
        3 => json!({"type": "integer", "minimum": 0}),
        4 => json!({"type": "boolean"}),
        5 => json!({"type": "array", "items": {"type": "integer"}}),
        _ => object(dice, depth - 1),
    };
    if dice.one_in(3) {
        schema["type"] = json!([schema["type"], "null"]);
    }
    schema
}

/// JSON text that is valid under the schema. `strangers` are keys for members that it may not name.
pub(crate) fn document(dice: &mut Dice, schema: &Value, strangers: &[&str]) -> String {
    let (kind, nullable) = match &schema["type"] {
        Value::Array(types) => (types[0].clone(), true),
        kind => (kind.clone(), false),
    };
    if nullable && dice.one_in(3) {
        return "null".to_owned();
    }
    let choices: &[&str] = match kind.as_str() {
        None => &["null", "1.50", "\"\"", "[]", "{}", "{\"k\":[1.0]}", "false"],
        Some("string") => &["\"\"", "\"x\"", "\"\\n\\\"\"", "\"ü\""],
        Some("integer") => &["0", "7", "1.0", "2e1", "9223372036854775808"],
        Some("boolean") => &["true", "false"],
        Some("array") => &["[]", "[1,2.0]", "[0]"],
        _ => return members(dice, schema, strangers),
    };
    dice.pick(choices).to_owned()
}

fn members(dice: &mut Dice, schema: &Value, strangers: &[&str]) -> String {
    let properties = schema["properties"].as_object().unwrap();
    let mut members = Vec::new();
    for (key, property) in properties {
        if is_required(schema, key) || !dice.one_in(3) {
            members.push(format!("{}:{}", json!(key), document(dice, property, strangers)));
        }
    }
    for key in strangers {
        if !properties.contains_key(*key) && dice.one_in(3) {
            members.push(format!("{}:{}", json!(key), document(dice, &json!({}), &[])));
        }
    }
    format!("{{{}}}", members.join(","))
}

pub(crate) fn is_required(schema: &Value, key: &str) -> bool {
    schema["required"].as_array().is_some_and(|keys| keys.iter().any(|k| k == key))
}

fn require(schema: &mut Value, key: &str, required: bool) {
    let keys = schema["required"].as_array_mut().unwrap();
    keys.retain(|k| k != key);
    if required {
        keys.push(json!(key));
    }
}

type Path = Vec<String>;

fn pointer(path: &[String]) -> String {
    path.iter().map(|key| format!("/{}", key.replace('~', "~0").replace('/', "~1"))).collect()
}

fn at<'a>(schema: &'a mut Value, path: &[String]) -> &'a mut Value {
    path.iter().fold(schema, |schema, key| &mut schema["properties"][key])
}

fn is_object(schema: &Value) -> bool {
    schema["properties"].is_object()
}

/// All fields, and all objects with the root.
fn places(schema: &Value, path: &Path, fields: &mut Vec<Path>, objects: &mut Vec<Path>) {
    if !is_object(schema) {
        return;
    }
    objects.push(path.clone());
    for (key, property) in schema["properties"].as_object().unwrap() {
        let below: Path = path.iter().cloned().chain([key.clone()]).collect();
        fields.push(below.clone());
        places(property, &below, fields, objects);
    }
}

/// A lens and the schema that it leads to, drawn step by step.
pub(crate) struct Model {
    pub(crate) schema: Value,
    pub(crate) ops: Vec<Value>,
    /// Where moves led; what is taken from there again is beyond the plain reading, and so is what goes
    /// in or out of an object that has a default.
    moved: Vec<Path>,
    pub(crate) is_plain: bool,
}

impl Model {
    /// Up to four operations on the schema, of the first `kinds` of add, remove, rename, move.
    pub(crate) fn draw(dice: &mut Dice, schema: &Value, kinds: &[&str]) -> Model {
        let mut model =
            Model { schema: bare(schema.clone()), ops: Vec::new(), moved: Vec::new(), is_plain: true };
        for _ in 0..=dice.roll(4) {
            let (mut fields, mut objects) = (Vec::new(), Vec::new());
            places(&model.schema, &Vec::new(), &mut fields, &mut objects);
            let kind = dice.pick(kinds);
            if kind == "add" {
                model.add(dice, &objects);
            } else if !fields.is_empty() {
                let from = dice.pick(&fields);
                let touched = |to: &Path| to.starts_with(&from) || from.starts_with(to);
                model.is_plain &= !model.moved.iter().any(touched) && !model.is_in_default(&from);
                match kind {
                    "remove" => model.remove(dice, &from),
                    "rename" => model.relocate(dice, "rename", &from, from[..from.len() - 1].to_vec()),
                    _ => {
                        let fine = |host: &Path| !host.starts_with(&from);
                        let hosts: Vec<Path> = objects.into_iter().filter(fine).collect();
                        let host = dice.pick(&hosts);
                        model.relocate(dice, "move", &from, host);
                    }
                }
            }
        }
        model
    }

    /// A key that the object does not have, if the die finds one.
    fn fresh(&mut self, dice: &mut Dice, host: &[String]) -> Option<Path> {
        let key = dice.pick(&KEYS);
        let taken = at(&mut self.schema, host)["properties"].get(key).is_some();
        (!taken).then(|| host.iter().cloned().chain([key.to_owned()]).collect())
    }

    fn add(&mut self, dice: &mut Dice, objects: &[Path]) {
        let host = dice.pick(objects);
        let Some(to) = self.fresh(dice, &host) else { return };
        let schema = field(dice, 1);
        let mut op = json!({"at": pointer(&to), "schema": schema});
        let mut marked = schema.clone();
        let defaulted = !dice.one_in(3);
        if defaulted {
            let default: Value = serde_json::from_str(&document(dice, &schema, &[])).unwrap();
            let default =
                if default.is_f64() || default.is_u64() && !default.is_i64() { json!(7) } else { default };
            let default = without_floats(default);
            op["default"] = default.clone();
            marked["examples"] = json!([default]);
        }
        at(&mut self.schema, &host)["properties"][to.last().unwrap()] = marked;
        let required = defaulted && dice.one_in(2);
        require(at(&mut self.schema, &host), to.last().unwrap(), required);
        self.ops.push(json!({"add": op}));
    }

    /// Whether the place lies within an object that has a default of its own.
    fn is_in_default(&mut self, path: &[String]) -> bool {
        (1..path.len()).any(|n| at(&mut self.schema, &path[..n]).get("examples").is_some())
    }

    fn take(&mut self, from: &[String]) -> (Value, bool) {
        let (key, host) = from.split_last().unwrap();
        let host = at(&mut self.schema, host);
        let required = is_required(host, key);
        require(host, key, false);
        (host["properties"].as_object_mut().unwrap().remove(key).unwrap(), required)
    }

    fn remove(&mut self, dice: &mut Dice, from: &[String]) {
        let (schema, required) = self.take(from);
        let mut op = json!({"at": pointer(from)});
        if required || dice.one_in(2) {
            op["default"] = without_floats(serde_json::from_str(&document(dice, &schema, &[])).unwrap());
        }
        self.ops.push(json!({"remove": op}));
        self.prune(&from[..from.len() - 1]);
    }

    fn relocate(&mut self, dice: &mut Dice, op: &str, from: &[String], mut host: Path) {
        let made = op == "move" && dice.one_in(3);
        if made {
            match self.fresh(dice, &host) {
                Some(path) => host = path,
                None => return,
            }
        }
        let parent = if made { &host[..host.len() - 1] } else { &host[..] };
        let key = dice.pick(&KEYS).to_owned();
        let to: Path = host.iter().cloned().chain([key.clone()]).collect();
        if to == from || (!made && at(&mut self.schema, parent)["properties"].get(&key).is_some()) {
            return;
        }
        let sure = op == "rename" || self.sure(&from[..from.len() - 1]);
        let (schema, required) = self.take(from);
        if made {
            let object = json!({"type": "object", "properties": {}, "required": [], "$comment": "made"});
            at(&mut self.schema, parent)["properties"][host.last().unwrap()] = object;
        }
        at(&mut self.schema, &host)["properties"][&key] = schema;
        require(at(&mut self.schema, &host), &key, required && sure);
        if op == "move" && required && sure {
            (1..=host.len()).for_each(|n| require(at(&mut self.schema, &host[..n - 1]), &host[n - 1], true));
        }
        if op == "move" {
            self.moved.push(to.clone());
        }
        self.is_plain &= !self.is_in_default(&to);
        self.ops.push(json!({op: {"from": pointer(from), "to": pointer(&to)}}));
        self.prune(&from[..from.len() - 1]);
    }

    /// Whether the object is there in every document.
    fn sure(&mut self, path: &[String]) -> bool {
        (1..=path.len()).all(|n| {
            let required = is_required(at(&mut self.schema, &path[..n - 1]), &path[n - 1]);
            required && at(&mut self.schema, &path[..n])["type"] == "object"
        })
    }

    fn prune(&mut self, path: &[String]) {
        for n in (1..=path.len()).rev() {
            let host = at(&mut self.schema, &path[..n]);
            if host["$comment"] == "made" && host["properties"].as_object().unwrap().is_empty() {
                self.take(&path[..n]);
            }
        }
    }

    /// The document after the lens, operation by operation, defaults last.
    pub(crate) fn up(&self, json: &str) -> Value {
        let mut document: Value = serde_json::from_str(json).unwrap();
        for op in &self.ops {
            let (name, body) = op.as_object().unwrap().iter().next().unwrap();
            match name.as_str() {
                "add" => {}
                "remove" => drop(take_value(&mut document, body["at"].as_str().unwrap())),
                _ => {
                    if let Some(value) = take_value(&mut document, body["from"].as_str().unwrap()) {
                        put_value(&mut document, body["to"].as_str().unwrap(), value);
                    }
                }
            }
        }
        fill(&self.schema, &mut document);
        document
    }
}

/// A lens's default goes through RFC 8785, which writes `1.0` as `1`.
fn without_floats(value: Value) -> Value {
    match value {
        Value::Number(n) if n.as_i64().is_none() => json!(7),
        Value::Array(list) => list.into_iter().map(without_floats).collect(),
        Value::Object(object) => object.into_iter().map(|(k, v)| (k, without_floats(v))).collect(),
        other => other,
    }
}

/// The schema without the marks of an earlier lens.
fn bare(mut schema: Value) -> Value {
    if let Some(object) = schema.as_object_mut() {
        object.remove("examples");
        object.remove("$comment");
        let properties = object.get_mut("properties").and_then(Value::as_object_mut);
        properties.into_iter().flat_map(Map::values_mut).for_each(|p| *p = bare(p.take()));
    }
    schema
}

fn keys(pointer: &str) -> Path {
    pointer.split('/').skip(1).map(|key| key.replace("~1", "/").replace("~0", "~")).collect()
}

fn take_value(document: &mut Value, pointer: &str) -> Option<Value> {
    let path = keys(pointer);
    let (key, host) = path.split_last().unwrap();
    let host = host.iter().try_fold(document, |value, key| value.as_object_mut()?.get_mut(key))?;
    host.as_object_mut()?.remove(key)
}

fn put_value(document: &mut Value, pointer: &str, value: Value) {
    let path = keys(pointer);
    let (key, host) = path.split_last().unwrap();
    let host = host.iter().fold(document, |value, key| {
        let below = value.as_object_mut().unwrap().entry(key.clone()).or_insert(Value::Null);
        if !below.is_object() {
            *below = json!({});
        }
        below
    });
    host.as_object_mut().unwrap().insert(key.clone(), value);
}

fn fill(schema: &Value, document: &mut Value) {
    let (Some(properties), Some(object)) = (schema["properties"].as_object(), document.as_object_mut())
    else {
        return;
    };
    for (key, property) in properties {
        if let (Some(default), false) = (property["examples"].get(0), object.contains_key(key)) {
            object.insert(key.clone(), default.clone());
        }
        if let Some(below) = object.get_mut(key) {
            fill(property, below);
        }
    }
}
