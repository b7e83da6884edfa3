//! Objects in a schema, changed part by part.
//!
//! An object's schema can be in several parts: what it refers to, the branches of `allOf`, and those of
//! `anyOf` and `oneOf`. A document that is valid is valid under every part that holds, so a change that is
//! made to each part by itself keeps every document that the change gives valid. `oneOf` becomes `anyOf`
//! on the way, for two branches may come to take the same document.

use serde_json::{Map, Value, json};

use super::facts::{Definitions, list};
use crate::limits::REFERENCES_MAX;

/// Parts within parts of one place that are changed.
const PARTS_DEPTH_MAX: usize = 32;

/// Words that say something about an object as a whole, or about what lies below: they do not hold any
/// more for certain when something below is changed, so they go.
const WHOLE: [&str; 9] = [
    "not",
    "if",
    "then",
    "else",
    "dependencies",
    "dependentSchemas",
    "dependentRequired",
    "propertyNames",
    "enum",
];
/// Words that count members.
const COUNTS: [&str; 2] = ["minProperties", "maxProperties"];

/// One part of an object's schema.
pub(super) struct Part<'a>(pub(super) &'a mut Map<String, Value>);

/// What is done to one part.
pub(super) type Change<'f> = &'f mut dyn FnMut(&mut Part<'_>) -> Result<(), String>;

/// Changes every part of a schema that an object may be valid under.
pub(super) fn each_part(of: Definitions<'_>, schema: &mut Value, change: Change<'_>) -> Result<(), String> {
    part_at(of, schema, change, 0)
}

fn part_at(of: Definitions<'_>, schema: &mut Value, change: Change<'_>, depth: usize) -> Result<(), String> {
    if depth > PARTS_DEPTH_MAX {
        return Err(format!(
            "the schema has more than {PARTS_DEPTH_MAX} parts within each other: flatten it"
        ));
    }
    if !of.types(schema).contains("object") {
        return Ok(());
    }
    unfold(of, schema);
    let Value::Object(members) = schema else { return Ok(()) };
    for word in ["allOf", "anyOf"] {
        for branch in members.get_mut(word).and_then(Value::as_array_mut).into_iter().flatten() {
            part_at(of, branch, change, depth + 1)?;
        }
    }
    change(&mut Part(members))
}

/// Brings a schema into a form whose parts can be changed: no reference, no `oneOf`, no boolean.
pub(super) fn unfold(of: Definitions<'_>, schema: &mut Value) {
    dereference(of, schema);
    let Value::Object(members) = schema else { return };
    if let Some(Value::Array(branches)) = members.remove("oneOf") {
        if members.contains_key("anyOf") {
            also(members, "allOf", vec![json!({ "anyOf": branches })]);
        } else {
            members.insert("anyOf".to_owned(), branches.into());
        }
    }
    open_constant(members);
}

/// Puts in place of a reference what it leads to. References that lead from one to the next without an end
/// say nothing, and so does what lies beyond [`REFERENCES_MAX`].
fn dereference(of: Definitions<'_>, schema: &mut Value) {
    for _ in 0..REFERENCES_MAX {
        let Value::Object(members) = &mut *schema else { break };
        let reference = members.get("$ref").and_then(Value::as_str);
        let Some(target) = reference.and_then(|reference| of.target(reference)).cloned() else { return };
        members.remove("$ref");
        if members.keys().any(|word| !ANNOTATIONS.contains(&word.as_str())) {
            return also(members, "allOf", vec![target]);
        }
        *schema = target;
    }
    if schema != &Value::Bool(false) {
        *schema = json!({});
    }
}

/// Words that no document is refused for.
const ANNOTATIONS: [&str; 10] = [
    "$comment",
    "$schema",
    "title",
    "description",
    "default",
    "deprecated",
    "examples",
    "readOnly",
    "writeOnly",
    "format",
];

/// Says the only object that a schema takes as an object with members.
fn open_constant(members: &mut Map<String, Value>) {
    let Some(Value::Object(_)) = members.get("const") else { return };
    let Some(Value::Object(constant)) = members.remove("const") else { return };
    let required: Vec<Value> = constant.keys().map(|key| Value::from(key.as_str())).collect();
    let of = |(key, value): (String, Value)| (key, json!({ "const": value }));
    let properties: Map<String, Value> = constant.into_iter().map(of).collect();
    let object = json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false });
    if members.is_empty() {
        *members = object.as_object().cloned().unwrap_or_default();
    } else {
        also(members, "allOf", vec![object]);
    }
}

fn also(members: &mut Map<String, Value>, word: &str, schemas: Vec<Value>) {
    match members.get_mut(word).and_then(Value::as_array_mut) {
        Some(list) => list.extend(schemas),
        None => drop(members.insert(word.to_owned(), schemas.into())),
    }
}

impl Part<'_> {
    /// Whether this part says something about a key by name.
    pub(super) fn names(&self, key: &str) -> bool {
        self.requires(key) || self.0.get("properties").is_some_and(|properties| properties.get(key).is_some())
    }

    /// What this part says about a key that it names.
    pub(super) fn said(&self, key: &str) -> Value {
        self.0
            .get("properties")
            .and_then(|properties| properties.get(key))
            .cloned()
            .unwrap_or(Value::Bool(true))
    }

    /// Whether this part alone says that the key is always there.
    pub(super) fn requires(&self, key: &str) -> bool {
        list(self.0, "required").iter().any(|name| name.as_str() == Some(key))
    }

    /// Leaves a key out: from now on nothing stands there.
    pub(super) fn take(&mut self, key: &str) {
        self.recount();
        self.require(key, false);
        self.say(key, Value::Bool(false));
    }

    /// Says what stands at a key, and whether it is always there.
    pub(super) fn put(&mut self, key: &str, schema: Value, required: bool) {
        self.recount();
        self.say(key, schema);
        self.require(key, required);
    }

    /// Lets anything stand at a key that this part does not name: another part says what.
    pub(super) fn admit(&mut self, key: &str) {
        self.recount();
        let other = ["additionalProperties", "unevaluatedProperties", "patternProperties"];
        if other.iter().any(|word| self.0.contains_key(*word)) {
            self.say(key, Value::Bool(true));
        }
    }

    /// Says what stands at a key.
    pub(super) fn say(&mut self, key: &str, schema: Value) {
        self.loosen();
        for (pattern, schema) in
            self.0.get_mut("patternProperties").and_then(Value::as_object_mut).into_iter().flatten()
        {
            if regex::Regex::new(pattern).map_or(true, |pattern| pattern.is_match(key)) {
                *schema = Value::Bool(true);
            }
        }
        match self.0.get_mut("properties").and_then(Value::as_object_mut) {
            Some(properties) => drop(properties.insert(key.to_owned(), schema)),
            None => drop(self.0.insert("properties".to_owned(), json!({ key: schema }))),
        }
    }

    /// Says whether a key is always there.
    pub(super) fn require(&mut self, key: &str, required: bool) {
        if self.requires(key) == required {
            return;
        }
        let mut names = list(self.0, "required").to_vec();
        names.retain(|name| name.as_str() != Some(key));
        names.extend(required.then(|| Value::from(key)));
        if names.is_empty() {
            self.0.remove("required");
        } else {
            self.0.insert("required".to_owned(), names.into());
        }
    }

    /// Drops what need not hold any more when something below changes.
    fn loosen(&mut self) {
        for word in WHOLE {
            self.0.remove(word);
        }
    }

    /// Drops what need not hold any more when members come and go.
    fn recount(&mut self) {
        self.loosen();
        for word in COUNTS {
            self.0.remove(word);
        }
    }
}

/// Goes through the schemas of which one holds, each as a whole; what no object is valid under is left.
pub(super) fn each_branch(
    of: Definitions<'_>,
    schema: &mut Value,
    change: &mut dyn FnMut(&mut Value) -> Result<bool, String>,
) -> Result<bool, String> {
    branch_at(of, schema, change, 0)
}

fn branch_at(
    of: Definitions<'_>,
    schema: &mut Value,
    change: &mut dyn FnMut(&mut Value) -> Result<bool, String>,
    depth: usize,
) -> Result<bool, String> {
    if depth > PARTS_DEPTH_MAX {
        return Err(format!(
            "the schema has more than {PARTS_DEPTH_MAX} parts within each other: flatten it"
        ));
    }
    unfold(of, schema);
    spread(schema);
    let branches = schema.get_mut("anyOf").and_then(Value::as_array_mut);
    let Some(branches) = branches else { return change(schema) };
    let mut found = false;
    for branch in branches.iter_mut() {
        if of.types(branch).contains("object") {
            found |= branch_at(of, branch, change, depth + 1)?;
        }
    }
    Ok(found)
}

/// Takes what holds beside a choice into each of its branches.
fn spread(schema: &mut Value) {
    let Value::Object(members) = schema else { return };
    let Some(Value::Array(branches)) = members.get("anyOf") else { return };
    let plain = |word: &String| word == "anyOf" || ANNOTATIONS.contains(&word.as_str());
    if members.keys().all(plain) {
        return;
    }
    let branches = branches.clone();
    let mut beside = members.clone();
    beside.remove("anyOf");
    let branches: Vec<Value> =
        branches.into_iter().map(|branch| json!({ "allOf": [beside, branch] })).collect();
    *schema = json!({ "anyOf": branches });
}
