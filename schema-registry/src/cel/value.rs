//! The values of expressions, and the documents that they are read from.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum CelValue<'a> {
    /// Null.
    Null,
    /// True or false.
    Bool(bool),
    /// A computed integer.
    Int(i64),
    /// A computed number; always finite.
    Double(f64),
    /// A number of a document, as it is written there.
    Number(Cow<'a, str>),
    /// A text.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<CelValue<'a>>),
    /// An object.
    Object(BTreeMap<Cow<'a, str>, CelValue<'a>>),
}

impl CelValue<'_> {
    /// The word for what it is.
    pub fn type_name(&self) -> &'static str {
        match self {
            CelValue::Null => "null",
            CelValue::Bool(_) => "a boolean",
            CelValue::Int(_) => "an integer",
            CelValue::Double(_) | CelValue::Number(_) => "a number",
            CelValue::Text(_) => "a text",
            CelValue::List(_) => "a list",
            CelValue::Object(_) => "an object",
        }
    }

    /// The value as JSON text. Numbers of a document stay as they are written; a computed one is written
    /// with the fewest digits that tell it from its neighbours.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out);
        out
    }

    fn write_json(&self, out: &mut String) {
        match self {
            CelValue::Null => out.push_str("null"),
            CelValue::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            CelValue::Int(value) => out.push_str(&value.to_string()),
            CelValue::Double(value) => out.push_str(&number_text(*value)),
            CelValue::Number(lexeme) => out.push_str(lexeme),
            CelValue::Text(text) => out.push_str(&quoted(text)),
            CelValue::List(items) => {
                out.push('[');
                for (n, item) in items.iter().enumerate() {
                    out.push_str(if n == 0 { "" } else { "," });
                    item.write_json(out);
                }
                out.push(']');
            }
            CelValue::Object(members) => {
                out.push('{');
                for (n, (key, value)) in members.iter().enumerate() {
                    out.push_str(if n == 0 { "" } else { "," });
                    out.push_str(&quoted(key));
                    out.push(':');
                    value.write_json(out);
                }
                out.push('}');
            }
        }
    }

    /// The same value, independent of where it was read.
    pub fn into_owned(self) -> CelValue<'static> {
        match self {
            CelValue::Null => CelValue::Null,
            CelValue::Bool(value) => CelValue::Bool(value),
            CelValue::Int(value) => CelValue::Int(value),
            CelValue::Double(value) => CelValue::Double(value),
            CelValue::Number(lexeme) => CelValue::Number(Cow::Owned(lexeme.into_owned())),
            CelValue::Text(text) => CelValue::Text(Cow::Owned(text.into_owned())),
            CelValue::List(items) => CelValue::List(items.into_iter().map(CelValue::into_owned).collect()),
            CelValue::Object(members) => {
                let owned = |(key, value): (Cow<'_, str>, CelValue<'_>)| {
                    (Cow::Owned(key.into_owned()), value.into_owned())
                };
                CelValue::Object(members.into_iter().map(owned).collect())
            }
        }
    }

    /// How much there is to look at: values at any depth, and long texts by their length.
    pub(super) fn weight(&self) -> usize {
        match self {
            CelValue::Number(text) | CelValue::Text(text) => 1 + text.len() / 256,
            CelValue::List(items) => 1 + items.iter().map(CelValue::weight).sum::<usize>(),
            CelValue::Object(members) => 1 + members.values().map(CelValue::weight).sum::<usize>(),
            _ => 1,
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A double with the fewest digits that tell it from its neighbours, as JSON writes numbers.
pub(super) fn number_text(value: f64) -> String {
    // Plus zero takes the sign from a negative zero.
    let value = value + 0.0;
    if value != 0.0 && !(1e-7..1e21).contains(&value.abs()) {
        return format!("{value:e}");
    }
    value.to_string()
}

/// Something that an expression is evaluated over.
pub trait Document {
    /// What stands at the end of a way of keys from the root; nothing if it is absent, or if the way leads
    /// through something that is not an object. The empty way leads to the root.
    fn get(&self, path: &[String]) -> Option<CelValue<'_>>;

    /// Whether something stands there, null included. It costs one step, so it should not build the value.
    fn has(&self, path: &[String]) -> bool;
}

impl Document for serde_json::Value {
    fn get(&self, path: &[String]) -> Option<CelValue<'_>> {
        find(self, path).map(CelValue::from)
    }

    fn has(&self, path: &[String]) -> bool {
        find(self, path).is_some()
    }
}

fn find<'a>(root: &'a serde_json::Value, path: &[String]) -> Option<&'a serde_json::Value> {
    path.iter().try_fold(root, |host, key| host.as_object()?.get(key))
}

impl<'a> From<&'a serde_json::Value> for CelValue<'a> {
    fn from(value: &'a serde_json::Value) -> CelValue<'a> {
        match value {
            serde_json::Value::Null => CelValue::Null,
            serde_json::Value::Bool(value) => CelValue::Bool(*value),
            serde_json::Value::Number(number) => CelValue::Number(Cow::Owned(number.to_string())),
            serde_json::Value::String(text) => CelValue::Text(Cow::Borrowed(text)),
            serde_json::Value::Array(items) => CelValue::List(items.iter().map(CelValue::from).collect()),
            serde_json::Value::Object(members) => {
                let member = |(key, value): (&'a String, &'a serde_json::Value)| {
                    (Cow::Borrowed(key.as_str()), CelValue::from(value))
                };
                CelValue::Object(members.iter().map(member).collect())
            }
        }
    }
}
