//! The members of an operation's body, each read with what is wrong with it.

use serde_json::Value;

use super::Body;
use crate::json::pointer::{self, Pointer};
use crate::limits::{EVENT_DEPTH_MAX, SPLIT_PARTS_MAX};

impl<'a> Body<'a> {
    pub(super) fn below(&self, key: &str) -> String {
        pointer::child(&self.place, key)
    }

    pub(super) fn problem(&mut self, message: impl Into<String>) {
        self.problems.add(&self.place, message);
    }

    pub(super) fn problem_at<T>(&mut self, key: &str, message: impl Into<String>) -> Option<T> {
        self.problems.add(self.below(key), message);
        None
    }

    pub(super) fn only(&mut self, known: &[&str]) {
        for unknown in self.body.keys().filter(|key| !known.contains(&key.as_str())) {
            let message = format!("not known here: use {}", known.join(", "));
            self.problems.add(self.below(unknown), message);
        }
    }

    pub(super) fn member(&mut self, key: &str, what: &str) -> Option<&'a Value> {
        let value = self.body.get(key);
        if value.is_none() {
            self.problem(format!("the member `{key}` is missing: write {what}"));
        }
        value
    }

    pub(super) fn text(&mut self, key: &str, what: &str) -> Option<&'a str> {
        let json = self.member(key, what)?;
        match json.as_str() {
            Some(text) => Some(text),
            None => self.problem_at(key, format!("must be a string, {what}, is `{json}`")),
        }
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(&mut self, key: &str, words: &[(&str, T)], default: Option<T>) -> Option<T> {
        let names = || words.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let json = match self.body.get(key) {
            None if default.is_some() => return default,
            None => self.member(key, &format!("one of {}", names()))?,
            Some(json) => json,
        };
        let found = words.iter().find(|(name, _)| json.as_str() == Some(*name));
        match found {
            Some((_, word)) => Some(*word),
            None => self.problem_at(key, format!("must be one of {}, is `{json}`", names())),
        }
    }

    /// A pointer to a field.
    pub(super) fn pointer(&mut self, key: &str) -> Option<Pointer> {
        let json = self.member(key, "a JSON Pointer")?;
        self.pointer_of(json, &self.below(key), false)
    }

    /// A pointer to a field, or to the element of a `map` itself.
    pub(super) fn value_pointer(&mut self, key: &str) -> Option<Pointer> {
        let json = self.member(key, "a JSON Pointer")?;
        self.pointer_of(json, &self.below(key), self.scope.element)
    }

    fn pointer_of(&mut self, json: &Value, place: &str, empty: bool) -> Option<Pointer> {
        let whole = if self.scope.element { "element" } else { "payload" };
        let message = match json {
            Value::String(text) => match Pointer::parse(text) {
                Ok(pointer) if pointer.tokens().len() > EVENT_DEPTH_MAX => {
                    let depth = pointer.tokens().len();
                    format!("leads {depth} objects deep, over the limit of {EVENT_DEPTH_MAX} for an event")
                }
                Ok(pointer) if empty || !pointer.tokens().is_empty() => return Some(pointer),
                Ok(_) if self.scope.depth > 0 && !self.scope.element => {
                    "points to the whole object: name a field".to_owned()
                }
                Ok(_) => format!("points to the whole {whole}: name a field"),
                Err(message) => message,
            },
            other => format!("must be a JSON Pointer such as `/name/given`, is `{other}`"),
        };
        self.problems.add(place, message);
        None
    }

    /// Several places, none of them within another.
    pub(super) fn pointers(&mut self, key: &str) -> Option<Vec<Pointer>> {
        let json = self.member(key, "a list of JSON Pointers")?;
        let Some(list) = json.as_array().filter(|list| (2..=SPLIT_PARTS_MAX).contains(&list.len())) else {
            let parts =
                json.as_array().map_or_else(|| format!("`{json}`"), |list| format!("{} of them", list.len()));
            return self.problem_at(key, format!("must be 2 to {SPLIT_PARTS_MAX} JSON Pointers, is {parts}"));
        };
        let mut pointers: Vec<Pointer> = Vec::new();
        for (index, json) in list.iter().enumerate() {
            let place = pointer::child(&self.below(key), &index.to_string());
            let Some(pointer) = self.pointer_of(json, &place, false) else { continue };
            let overlaps = |other: &&Pointer| {
                other.tokens().starts_with(pointer.tokens()) || pointer.tokens().starts_with(other.tokens())
            };
            match pointers.iter().find(overlaps) {
                Some(other) if *other == pointer => {
                    self.problems.add(place, format!("`{pointer}` stands twice"))
                }
                Some(other) => {
                    self.problems.add(place, format!("`{pointer}` and `{other}` lie within each other"))
                }
                None => pointers.push(pointer),
            }
        }
        Some(pointers).filter(|pointers| pointers.len() == list.len())
    }
}
