//! A place in a document: a value and the JSON Pointer to it.

use selfsame_schema::Problem;
use serde_json::Value;

use super::Problems;

/// A value in a document, and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Spot<'a> {
    pub(crate) value: &'a Value,
    pub(crate) pointer: String,
}

/// A key as one step of a JSON Pointer.
pub(crate) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

impl<'a> Spot<'a> {
    pub(crate) fn new(value: &'a Value, pointer: &str) -> Spot<'a> {
        Spot { value, pointer: pointer.to_owned() }
    }

    /// The same value one step further down.
    pub(crate) fn under(&self, key: &str) -> Spot<'a> {
        Spot { value: self.value, pointer: format!("{}/{}", self.pointer, escape(key)) }
    }

    pub(crate) fn problem(&self, message: impl Into<String>) -> Problem {
        Problem::new(self.pointer.clone(), message)
    }

    /// The members, if it is an object.
    pub(crate) fn members(&self, problems: &mut Problems) -> Option<Vec<(&'a str, Spot<'a>)>> {
        let Value::Object(members) = self.value else {
            problems.push(self.problem(format!("must be an object, not {}", article(self.value))));
            return None;
        };
        let spot = |(key, value)| {
            let key: &'a String = key;
            (key.as_str(), Spot { value, pointer: format!("{}/{}", self.pointer, escape(key)) })
        };
        Some(members.iter().map(spot).collect())
    }

    /// The items, if it is an array.
    pub(crate) fn items(&self, problems: &mut Problems) -> Option<Vec<Spot<'a>>> {
        let Value::Array(items) = self.value else {
            problems.push(self.problem(format!("must be an array, not {}", article(self.value))));
            return None;
        };
        let spot = |(i, value)| Spot { value, pointer: format!("{}/{i}", self.pointer) };
        Some(items.iter().enumerate().map(spot).collect())
    }

    /// The text, if it is one.
    pub(crate) fn text(&self, problems: &mut Problems) -> Option<&'a str> {
        let text = self.value.as_str();
        if text.is_none() {
            problems.push(self.problem(format!("must be a text, not {}", article(self.value))));
        }
        text
    }

    /// The number, if it is an integer within the limits.
    pub(crate) fn integer(&self, min: u64, max: u64, problems: &mut Problems) -> Option<u64> {
        let number = self.value.as_u64().filter(|n| (min..=max).contains(n));
        if number.is_none() {
            let message = format!("must be an integer from {min} to {max}, not `{}`", self.value);
            problems.push(self.problem(message));
        }
        number
    }

    /// The spot itself stands under a key that nothing here knows.
    pub(crate) fn unsupported(&self, key: &str, known: &[&str], problems: &mut Problems) {
        let help = format!("use {}", one_of(known));
        problems.push(self.problem(format!("`{key}` is not supported yet")).help(help));
    }
}

/// The words as a list in prose.
pub(crate) fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

fn article(value: &Value) -> &'static str {
    match value {
        Value::Null => "`null`",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_escaped() {
        let value = serde_json::json!({"a/b~c": 1});
        let mut problems = vec![];
        let spot = Spot::new(&value, "/x");
        assert_eq!(spot.members(&mut problems).unwrap()[0].1.pointer, "/x/a~1b~0c");
        assert_eq!(problems, []);
    }

    #[test]
    fn a_wrong_form_is_named() {
        let mut problems = vec![];
        let value = serde_json::json!(7);
        let spot = Spot::new(&value, "/x");
        assert!(spot.members(&mut problems).is_none() && spot.items(&mut problems).is_none());
        assert!(spot.text(&mut problems).is_none() && spot.integer(1, 5, &mut problems).is_none());
        let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "/x: must be an object, not a number",
                "/x: must be an array, not a number",
                "/x: must be a text, not a number",
                "/x: must be an integer from 1 to 5, not `7`",
            ]
        );
    }

    #[test]
    fn words_become_prose() {
        assert_eq!(one_of(&["a"]), "`a`");
        assert_eq!(one_of(&["a", "b", "c"]), "`a`, `b` or `c`");
    }
}
