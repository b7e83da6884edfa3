//! The JSON text of an answer, member by member.

use selfsame_record::{Position, VersionNo};
use serde::Serialize;
use tracing::error;

use crate::read::Served;

/// An answer that is being written. It begins with the position and version that it is given at.
pub(crate) struct Body {
    position: Position,
    version: Option<VersionNo>,
    json: String,
}

impl Body {
    pub(crate) fn new(position: Position, version: Option<VersionNo>) -> Body {
        let mut body = Body { position, version, json: String::from("{") };
        body.put("position", &position).put("version", &version);
        body
    }

    /// Adds a member.
    pub(crate) fn put<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> &mut Body {
        self.put_raw(name, &to_json(value))
    }

    /// Adds a member whose value is JSON text already.
    pub(crate) fn put_raw(&mut self, name: &str, json: &str) -> &mut Body {
        self.name(name);
        self.json.push_str(json);
        self
    }

    /// Adds a member that is a list of JSON texts.
    pub(crate) fn put_list(&mut self, name: &str, items: impl Iterator<Item = String>) -> &mut Body {
        self.name(name);
        self.json.push_str(&list(items));
        self
    }

    pub(crate) fn served(mut self) -> Served {
        self.json.push('}');
        Served { position: self.position, version: self.version, body: self.json }
    }

    fn name(&mut self, name: &str) {
        if self.json.len() > 1 {
            self.json.push(',');
        }
        self.json.push('"');
        self.json.push_str(name);
        self.json.push_str("\":");
    }
}

/// A list of JSON texts.
fn list(items: impl Iterator<Item = String>) -> String {
    let mut json = String::from("[");
    for (index, item) in items.enumerate() {
        if index > 0 {
            json.push(',');
        }
        json.push_str(&item);
    }
    json.push(']');
    json
}

/// JSON text of a value. What cannot be written, which only a bug brings about, is `null` and logged.
pub(crate) fn to_json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|err| {
        error!(err = &err as &dyn std::error::Error, "a part of an answer could not be written");
        "null".to_owned()
    })
}

/// How many bytes a value is as JSON.
pub(crate) fn json_bytes<T: Serialize + ?Sized>(value: &T) -> usize {
    to_json(value).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_one_flat_object() {
        let mut body = Body::new(Position::new(7), Some(VersionNo::FIRST));
        body.put("key", "a\"b").put_raw("value", r#"{"n":1.0}"#);
        body.put_list("rows", ["1", "2"].map(str::to_owned).into_iter());
        let served = body.served();
        let json = r#"{"position":7,"version":"v1","key":"a\"b","value":{"n":1.0},"rows":[1,2]}"#;
        assert_eq!(served.body, json);
    }

    #[test]
    fn without_an_active_version_it_is_null() {
        assert_eq!(Body::new(Position::ZERO, None).served().body, r#"{"position":0,"version":null}"#);
    }
}
