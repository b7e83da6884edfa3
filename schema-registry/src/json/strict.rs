//! Documents read without forgiving anything: JSON or YAML to a tree, duplicate keys refused.
//!
//! The tree's numbers survive RFC 8785 (which writes doubles): an integer beyond 2^53 is refused here.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::pointer;
use crate::limits::{DOCUMENT_BYTES_MAX, DOCUMENT_DEPTH_MAX, DOCUMENT_VALUES_MAX};
use crate::problem::Problem;

/// The largest integer that a double tells from its neighbours.
const INTEGER_MAX: u64 = (1 << 53) - 1;

/// Reads JSON if the text starts with `{`, else YAML.
pub(crate) fn parse(text: &str) -> Result<Value, Problem> {
    if text.len() > DOCUMENT_BYTES_MAX {
        let message =
            format!("the document has {} bytes, over the limit of {DOCUMENT_BYTES_MAX}", text.len());
        return Err(Problem::new("", message));
    }
    let mut state = State { values: 0, depth: 0, problem: None };
    let tree = Tree { state: &mut state, pointer: String::new() };
    let result = if text.trim_start().starts_with('{') {
        let mut json = serde_json::Deserializer::from_str(text);
        let value = tree.deserialize(&mut json);
        value.and_then(|value| json.end().map(|()| value)).map_err(|e| format!("not JSON: {e}"))
    } else {
        let value = tree.deserialize(serde_norway::Deserializer::from_str(text));
        value.map_err(|e| format!("not YAML: {e}"))
    };
    let mut value = result.map_err(|message| state.problem.unwrap_or_else(|| Problem::new("", message)))?;
    // One order of members, whichever they were written in.
    value.sort_all_objects();
    Ok(value)
}

struct State {
    values: usize,
    depth: usize,
    problem: Option<Problem>,
}

impl State {
    /// Keeps the first problem; the parser's own error carries no place.
    fn refuse<E: serde::de::Error>(&mut self, pointer: &str, message: impl Into<String>) -> E {
        self.problem.get_or_insert_with(|| Problem::new(pointer, message));
        E::custom("refused")
    }
}

struct Tree<'a> {
    state: &'a mut State,
    pointer: String,
}

impl Tree<'_> {
    fn enter<E: serde::de::Error>(&mut self) -> Result<(), E> {
        self.state.depth += 1;
        if self.state.depth > DOCUMENT_DEPTH_MAX {
            let message =
                format!("objects and arrays lie more than {DOCUMENT_DEPTH_MAX} deep within each other");
            return Err(self.state.refuse(&self.pointer, message));
        }
        Ok(())
    }

    fn integer<E: serde::de::Error>(self, magnitude: u64, number: Number) -> Result<Value, E> {
        if magnitude > INTEGER_MAX {
            let message =
                format!("{number} is beyond {INTEGER_MAX}, up to which integers are exact everywhere");
            return Err(self.state.refuse(&self.pointer, message));
        }
        Ok(Value::Number(number))
    }
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.state.values += 1;
        if self.state.values > DOCUMENT_VALUES_MAX {
            let message = format!("the document has more than {DOCUMENT_VALUES_MAX} values");
            return Err(self.state.refuse("", message));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        self.integer(value.unsigned_abs(), value.into())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        self.integer(value, value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        match Number::from_f64(value) {
            Some(number) => Ok(Value::Number(number)),
            None => Err(self.state.refuse(&self.pointer, "JSON has no infinite numbers and no `NaN`")),
        }
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Value, A::Error> {
        self.enter()?;
        let mut items = Vec::new();
        loop {
            let pointer = pointer::child(&self.pointer, &items.len().to_string());
            let Some(item) = seq.next_element_seed(Tree { state: self.state, pointer })? else { break };
            items.push(item);
        }
        self.state.depth -= 1;
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Value, A::Error> {
        self.enter()?;
        let mut members = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let pointer = pointer::child(&self.pointer, &key);
            if members.contains_key(&key) {
                return Err(self.state.refuse(&pointer, format!("the key `{key}` stands twice")));
            }
            let value = map.next_value_seed(Tree { state: self.state, pointer })?;
            members.insert(key, value);
        }
        self.state.depth -= 1;
        Ok(Value::Object(members))
    }

    fn visit_enum<A: serde::de::EnumAccess<'de>>(self, _data: A) -> Result<Value, A::Error> {
        Err(self.state.refuse(&self.pointer, "YAML tags are not taken: write the value without `!`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let got = parse(text).map_or_else(|e| e.to_string(), |v| v.to_string());
        assert!(got.starts_with(expect), "{got}");
    }

    #[test]
    fn json_and_yaml_give_the_same_tree() {
        check(r#"{"a":[1,-2,1.5,null,true,"x"]}"#, r#"{"a":[1,-2,1.5,null,true,"x"]}"#);
        check("a: [1, -2, 1.5, null, true, x]", r#"{"a":[1,-2,1.5,null,true,"x"]}"#);
        check("on: no\n1: yes", r#"{"1":"yes","on":"no"}"#);
        check("a: &x [1]\nb: *x", r#"{"a":[1],"b":[1]}"#);
    }

    #[test]
    fn what_cannot_be_kept_exactly_is_refused_with_its_place() {
        check(r#"{"a":{"b":1,"b":2}}"#, "/a/b: the key `b` stands twice");
        check("a:\n  - b: 1\n    b: 2", "/a/0/b: the key `b` stands twice");
        check(r#"{"a":9007199254740992}"#, "/a: 9007199254740992 is beyond 9007199254740991");
        check(r#"{"a":-9007199254740991}"#, r#"{"a":-9007199254740991}"#);
        check("a: .nan", "/a: JSON has no infinite numbers");
        check("a: !x 1", "/a: YAML tags are not taken");
    }

    #[test]
    fn text_that_is_neither_is_refused() {
        check(r#"{"a":1} x"#, "not JSON: trailing characters");
        check("{", "not JSON: EOF");
        check("a: [", "not YAML: ");
        check("a: 1\n---\nb: 2", "not YAML: ");
    }

    #[test]
    fn size_and_depth_are_limited() {
        check(
            &" ".repeat(DOCUMENT_BYTES_MAX + 1),
            "the document has 4194305 bytes, over the limit of 4194304",
        );
        let deep = |n: usize| format!("{{\"a\":{}1{}}}", "[".repeat(n), "]".repeat(n));
        check(&deep(DOCUMENT_DEPTH_MAX - 1), "{\"a\":[");
        check(&deep(DOCUMENT_DEPTH_MAX), "/a/0/0/");
        let wide = format!("a: [{}]", "1,".repeat(DOCUMENT_VALUES_MAX));
        check(&wide, "the document has more than 200000 values");
        let bomb: String =
            (1..9).map(|n| format!("a{n}: &a{n} [{}]\n", format!("*a{},", n - 1).repeat(9))).collect();
        assert!(parse(&format!("a0: &a0 [1]\n{bomb}")).is_err(), "aliases do not multiply without end");
    }
}
