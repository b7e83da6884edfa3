//! The arguments of a call, as they were written, and how each is read.

use std::collections::BTreeMap;
use std::sync::Arc;

use rmcp::ErrorData;
use serde::de::DeserializeOwned;
use serde_json::json;
use serde_json::value::RawValue;

use crate::mcp::tool::{Argument, COLUMNS_MAX, EVENTS_MAX, Kind, Tool};

/// The arguments of one call, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arguments(Arc<BTreeMap<String, Box<RawValue>>>);

impl Arguments {
    pub(crate) fn new(arguments: BTreeMap<String, Box<RawValue>>) -> Arguments {
        Arguments(Arc::new(arguments))
    }

    /// The argument, if it is given. One that is null is not, where null means nothing.
    pub(crate) fn get(&self, argument: &Argument) -> Option<&RawValue> {
        let given = self.0.get(argument.name)?;
        (given.get() != "null" || argument.kind == Kind::NameOrNull).then_some(&**given)
    }

    /// Sees that the tool has each of them, and that each is as its schema says.
    pub(crate) fn check(&self, tool: &Tool) -> Result<(), ErrorData> {
        if let Some(name) = self.0.keys().find(|name| tool.argument(name).is_none()) {
            let shown: String = name.chars().take(80).collect();
            let known: Vec<_> = tool.arguments.iter().map(|argument| argument.name).collect();
            let said = format!("`{}` has no argument `{shown}`", tool.name);
            let said = match known.is_empty() {
                true => format!("{said}: it takes none"),
                false => format!("{said}: it takes `{}`", known.join("`, `")),
            };
            return Err(ErrorData::invalid_params(said, Some(json!({ "argument": shown, "known": known }))));
        }
        for argument in tool.arguments {
            let fits = match self.get(argument) {
                Some(given) => fits(argument.kind, given),
                None => !argument.is_needed,
            };
            if !fits {
                return Err(bad(tool, argument));
            }
        }
        Ok(())
    }
}

/// An argument is not there or not as it has to be.
pub(crate) fn bad(tool: &Tool, argument: &Argument) -> ErrorData {
    let expected = argument.kind.schema();
    let (tool, name, about) = (tool.name, argument.name, argument.about);
    let said = format!("`{name}` of `{tool}` must fit {expected}: {about}");
    ErrorData::invalid_params(said, Some(json!({ "argument": name, "expected": expected })))
}

fn read<T: DeserializeOwned>(given: &RawValue) -> Option<T> {
    serde_json::from_str(given.get()).ok()
}

/// The text that is meant. A number or boolean is taken as it is written.
pub(crate) fn text(kind: Kind, given: &RawValue) -> Option<String> {
    let json = given.get();
    match kind {
        Kind::OneOf(words) => {
            let said: String = read(given)?;
            words.iter().find(|(word, _)| *word == said).map(|(_, sent)| (*sent).to_owned())
        }
        Kind::Columns => Some(read::<Vec<String>>(given)?.join(",")),
        Kind::Number(..) => Some(json.to_owned()),
        Kind::Value if !json.starts_with(['"', '{', '[', 'n']) => Some(json.to_owned()),
        _ => read(given),
    }
}

/// Columns with the texts that are looked for.
pub(crate) fn equal(given: &RawValue) -> Option<Vec<(String, String)>> {
    let columns: BTreeMap<String, Box<RawValue>> = read(given)?;
    columns.into_iter().map(|(column, value)| Some((column, text(Kind::Value, &value)?))).collect()
}

fn fits(kind: Kind, given: &RawValue) -> bool {
    let json = given.get();
    let within = |text: &str, min: usize| (min..=kind.chars_max()).contains(&text.chars().count());
    match kind {
        Kind::Name | Kind::Key => text(kind, given).is_some_and(|text| within(&text, 1)),
        Kind::NameOrNull => json == "null" || text(kind, given).is_some_and(|text| within(&text, 1)),
        Kind::Reason | Kind::Value => text(kind, given).is_some_and(|text| within(&text, 0)),
        Kind::Number(min, max) => read::<u64>(given).is_some_and(|number| (min..=max).contains(&number)),
        Kind::Flag => read::<bool>(given).is_some(),
        Kind::Object => json.starts_with('{'),
        Kind::Document => json.starts_with(['{', '"']),
        Kind::OneOf(_) => text(kind, given).is_some(),
        Kind::Columns => read::<Vec<String>>(given).is_some_and(|columns| {
            columns.len() <= COLUMNS_MAX && columns.iter().all(|column| within(column, 1))
        }),
        Kind::Equal => equal(given).is_some_and(|columns| {
            let within = |(column, text): &(String, String)| within(column, 1) && within(text, 0);
            columns.len() <= COLUMNS_MAX && columns.iter().all(within)
        }),
        Kind::Events => {
            let all: Option<Vec<&RawValue>> = serde_json::from_str(json).ok();
            let is_list = |all: Vec<&RawValue>| {
                (1..=EVENTS_MAX).contains(&all.len()) && all.iter().all(|event| event.get().starts_with('{'))
            };
            json.starts_with('{') || all.is_some_and(is_list)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: Kind, json: &str, expect: bool) {
        let raw: &RawValue = serde_json::from_str(json).expect("JSON");
        assert_eq!(fits(kind, raw), expect, "{kind:?}: {json}");
        // The schema that clients are told of says the same.
        let (schema, value) = (kind.schema(), serde_json::from_str(json).expect("JSON"));
        assert_eq!(agrees(&schema, &value), expect, "{schema}: {json}");
    }

    /// The few words of JSON Schema that the tools use.
    fn agrees(schema: &serde_json::Value, value: &serde_json::Value) -> bool {
        use serde_json::Value;
        if let Some(any) = schema["anyOf"].as_array() {
            return any.iter().any(|schema| agrees(schema, value));
        }
        let is = |word: &Value| match word.as_str().expect("a word") {
            "string" => value.is_string(),
            "integer" => value.is_u64() || value.is_i64(),
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            "object" => value.is_object(),
            "array" => value.is_array(),
            "null" => value.is_null(),
            other => panic!("{other}"),
        };
        let typed = match &schema["type"] {
            Value::Array(words) => words.iter().any(is),
            word => is(word),
        };
        let bound = |word: &str, or: u64| schema[word].as_u64().unwrap_or(or);
        let among =
            |n: usize, min: &str, max: &str| (bound(min, 0)..=bound(max, u64::MAX)).contains(&(n as u64));
        typed
            && match value {
                Value::String(text) => {
                    among(text.chars().count(), "minLength", "maxLength")
                        && schema["enum"].as_array().is_none_or(|words| words.contains(value))
                }
                Value::Number(number) => number.as_u64().map_or(schema["minimum"].is_null(), |n| {
                    (bound("minimum", 0)..=bound("maximum", u64::MAX)).contains(&n)
                }),
                Value::Array(items) => {
                    among(items.len(), "minItems", "maxItems")
                        && items.iter().all(|item| agrees(&schema["items"], item))
                }
                Value::Object(members) => {
                    let of = &schema["additionalProperties"];
                    among(members.len(), "minProperties", "maxProperties")
                        && (of.is_null() || members.values().all(|member| agrees(of, member)))
                }
                _ => true,
            }
    }

    #[test]
    fn what_is_taken_is_what_the_schema_says() {
        let long = |len: usize| format!("{:?}", "ä".repeat(len));
        for (kind, json, expect) in [
            (Kind::Name, "\"v2\"", true),
            (Kind::Name, "\"\"", false),
            (Kind::Name, "2", false),
            (Kind::Name, "null", false),
            (Kind::Name, &long(128), true),
            (Kind::Name, &long(129), false),
            (Kind::Key, &long(512), true),
            (Kind::Key, &long(513), false),
            (Kind::NameOrNull, "null", true),
            (Kind::NameOrNull, "\"v1\"", true),
            (Kind::NameOrNull, "1", false),
            (Kind::Reason, "\"\"", true),
            (Kind::Reason, &long(1025), false),
            (Kind::Value, "\"\"", true),
            (Kind::Value, "1.50", true),
            (Kind::Value, "true", true),
            (Kind::Value, "null", false),
            (Kind::Value, "[1]", false),
            (Kind::Value, "{}", false),
            (Kind::Number(1, 9), "9", true),
            (Kind::Number(1, 9), "0", false),
            (Kind::Number(1, 9), "10", false),
            (Kind::Number(1, 9), "-1", false),
            (Kind::Number(1, 9), "\"1\"", false),
            (Kind::Flag, "true", true),
            (Kind::Flag, "\"true\"", false),
            (Kind::Object, "{}", true),
            (Kind::Object, "[]", false),
            (Kind::OneOf(&[("view", "views")]), "\"view\"", true),
            (Kind::OneOf(&[("view", "views")]), "\"views\"", false),
            (Kind::Columns, "[]", true),
            (Kind::Columns, "[\"a\",\"b\"]", true),
            (Kind::Columns, "[1]", false),
            (Kind::Columns, "\"a\"", false),
            (Kind::Columns, "[\"\"]", false),
            (Kind::Columns, &format!("{:?}", ["a"; 9]), false),
            (Kind::Equal, "{\"a\":1,\"b\":\"x\"}", true),
            (Kind::Equal, "{\"a\":null}", false),
            (Kind::Equal, "{\"a\":[]}", false),
            (Kind::Document, "{}", true),
            (Kind::Document, "\"selfsame: 1\"", true),
            (Kind::Document, "[]", false),
            (Kind::Events, "{}", true),
            (Kind::Events, "[{}]", true),
            (Kind::Events, "[]", false),
            (Kind::Events, "[1]", false),
            (Kind::Events, "\"{}\"", false),
            (Kind::Events, &format!("[{}{{}}]", "{},".repeat(EVENTS_MAX)), false),
        ] {
            check(kind, json, expect);
        }
    }

    #[test]
    fn a_value_is_passed_on_as_it_is_written() {
        let raw: &RawValue = serde_json::from_str("12345678901234567890123.10").expect("JSON");
        assert_eq!(text(Kind::Value, raw).as_deref(), Some("12345678901234567890123.10"));
        let raw: &RawValue = serde_json::from_str(r#"{"a":1.50,"b":"x y"}"#).expect("JSON");
        let columns = [("a", "1.50"), ("b", "x y")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(equal(raw), Some(columns.to_vec()));
    }
}
