//! CloudEvents 1.0 as they arrive: JSON structured mode, JSON batches, and binary mode (attributes beside
//! the data, as HTTP and NATS headers carry them).
//!
//! A [`Draft`] is the form alone: whether the type exists and the data fits is for admission. The data
//! stays the bytes that the producer sent.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::limits::{
    ATTRIBUTE_BYTES_MAX, ATTRIBUTES_MAX, EVENT_BYTES_MAX, EVENTS_PER_UNIT_MAX, UNIT_BYTES_MAX,
};
use crate::refusal::{Code, Refusal};

/// The media type of one structured event.
pub const STRUCTURED: &str = "application/cloudevents+json";
/// The media type of a batch of structured events.
pub const BATCH: &str = "application/cloudevents-batch+json";

/// An event whose form was read and whose content was not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// Every attribute by name, `specversion` too, as text.
    pub attributes: BTreeMap<String, String>,
    /// The data, JSON text.
    pub data: Vec<u8>,
}

impl Draft {
    /// Reads one event in structured mode.
    ///
    /// # Errors
    ///
    /// If it is over the size limit, not JSON, not an object of attributes and `data`, or carries
    /// `data_base64`.
    pub fn structured(json: &[u8]) -> Result<Draft, Refusal> {
        if json.len() > EVENT_BYTES_MAX {
            return Err(too_large(json.len()));
        }
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let draft = deserializer.deserialize_map(DraftVisitor).map_err(not_json)?;
        deserializer.end().map_err(not_json)?;
        draft.checked()
    }

    /// Reads a batch in structured mode.
    ///
    /// # Errors
    ///
    /// As [`Draft::structured`], with the event's place in the batch; also if the batch is empty or over
    /// a limit.
    pub fn batch(json: &[u8]) -> Result<Vec<Draft>, Refusal> {
        if json.len() > UNIT_BYTES_MAX {
            let detail = format!("the batch has {} bytes, over the limit of {UNIT_BYTES_MAX}", json.len());
            return Err(Refusal::new(Code::TooLarge, detail).next("publish it in several batches"));
        }
        let events: Vec<&RawValue> = serde_json::from_slice(json).map_err(not_json)?;
        if events.is_empty() {
            return Err(Refusal::new(Code::BadRequest, "the batch is empty"));
        }
        if events.len() > EVENTS_PER_UNIT_MAX {
            let detail =
                format!("the batch has {} events, over the limit of {EVENTS_PER_UNIT_MAX}", events.len());
            return Err(Refusal::new(Code::TooLarge, detail).next("publish it in several batches"));
        }
        let read = |(index, raw): (usize, &&RawValue)| {
            Draft::structured(raw.get().as_bytes()).map_err(|refusal| refusal.in_batch(index))
        };
        events.iter().enumerate().map(read).collect()
    }

    /// Takes one event in binary mode: attributes without their `ce-`, and the data.
    ///
    /// # Errors
    ///
    /// If the data is over the size limit, or an attribute is not one.
    pub fn binary(attributes: BTreeMap<String, String>, data: &[u8]) -> Result<Draft, Refusal> {
        if data.len() > EVENT_BYTES_MAX {
            return Err(too_large(data.len()));
        }
        Draft { attributes, data: data.to_vec() }.checked()
    }

    /// The attribute, if it is there.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    fn checked(self) -> Result<Draft, Refusal> {
        if self.attributes.len() > ATTRIBUTES_MAX {
            let len = self.attributes.len();
            let detail = format!("the event has {len} attributes, over the limit of {ATTRIBUTES_MAX}");
            return Err(Refusal::new(Code::TooLarge, detail));
        }
        for (name, value) in &self.attributes {
            let lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
            if name.is_empty() || name.len() > 64 || !name.bytes().all(lower) {
                let shown: String = name.chars().take(64).collect();
                let detail = format!("`{shown}` is not a CloudEvents attribute");
                return Err(Refusal::new(Code::NotCloudEvent, detail)
                    .next("use lower-case letters and digits, and put everything else into `data`"));
            }
            if value.len() > ATTRIBUTE_BYTES_MAX {
                let len = value.len();
                let detail =
                    format!("attribute `{name}` has {len} bytes, over the limit of {ATTRIBUTE_BYTES_MAX}");
                return Err(Refusal::new(Code::TooLarge, detail));
            }
        }
        Ok(self)
    }
}

impl Refusal {
    /// The same refusal, said of one event of a batch.
    #[must_use]
    pub fn in_batch(mut self, index: usize) -> Refusal {
        self.detail = format!("event {index} of the batch: {}", self.detail);
        self.field("index", index)
    }
}

fn too_large(len: usize) -> Refusal {
    let detail = format!("the event has {len} bytes, over the limit of {EVENT_BYTES_MAX}");
    Refusal::new(Code::TooLarge, detail).next("keep large content elsewhere and publish a reference to it")
}

fn not_json(err: serde_json::Error) -> Refusal {
    let detail = format!("not CloudEvents JSON: {err}");
    Refusal::new(Code::NotCloudEvent, detail)
        .next("send an object with specversion, type, source, id and data")
}

struct DraftVisitor;

impl<'de> Visitor<'de> for DraftVisitor {
    type Value = Draft;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of CloudEvents attributes")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Draft, A::Error> {
        let mut draft = Draft::default();
        let mut has_data = false;
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            let value: &RawValue = map.next_value()?;
            match name.as_ref() {
                "data" if has_data => return Err(A::Error::custom("`data` stands there twice")),
                "data" => {
                    has_data = true;
                    draft.data = value.get().as_bytes().to_vec();
                }
                "data_base64" => {
                    return Err(A::Error::custom("`data_base64` is not taken: send JSON as `data`"));
                }
                _ => {
                    let Some(text) = attribute_text(value.get()) else {
                        let why = format!("attribute `{name}` is not a string, number or boolean");
                        return Err(A::Error::custom(why));
                    };
                    if text.is_some_and(|t| draft.attributes.insert(name.to_string(), t).is_some()) {
                        return Err(A::Error::custom(format!("attribute `{name}` stands there twice")));
                    }
                }
            }
        }
        Ok(draft)
    }
}

/// The attribute's value as text; `Some(None)` for null, which the specification takes for absent.
fn attribute_text(json: &str) -> Option<Option<String>> {
    match json.as_bytes().first()? {
        b'"' => serde_json::from_str(json).ok().map(Some),
        b'n' => Some(None),
        b'{' | b'[' => None,
        _ => Some(Some(json.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(json: &str, expect: &str) {
        let refusal = Draft::structured(json.as_bytes()).expect_err("a refusal");
        assert!(refusal.detail.contains(expect), "{}", refusal.detail);
    }

    #[test]
    fn attributes_and_data_are_told_apart() {
        let json = r#"{"specversion":"1.0","id":"1","n":7,"gone":null,"data":{ "a" : 1.0 }}"#;
        let draft = Draft::structured(json.as_bytes()).expect("a draft");
        assert_eq!(draft.data, b"{ \"a\" : 1.0 }");
        assert_eq!(draft.attribute("n"), Some("7"));
        assert_eq!(draft.attribute("gone"), None);
    }

    #[test]
    fn what_is_not_an_event_is_refused_with_the_reason() {
        refused("nonsense", "not CloudEvents JSON");
        refused("[]", "an object of CloudEvents attributes");
        refused(r#"{"id":"1"} x"#, "trailing characters");
        refused(r#"{"id":"1","id":"2"}"#, "`id` stands there twice");
        refused(r#"{"data":1,"data":2}"#, "`data` stands there twice");
        refused(r#"{"data_base64":"AA=="}"#, "`data_base64` is not taken");
        refused(r#"{"id":{}}"#, "attribute `id` is not a string");
        refused(r#"{"Big":"x"}"#, "`Big` is not a CloudEvents attribute");
        refused(&format!(r#"{{"a":"{}"}}"#, "x".repeat(2000)), "over the limit");
        refused(&format!(r#"{{"data":"{}"}}"#, "x".repeat(EVENT_BYTES_MAX)), "over the limit");
        let many: Vec<String> = (0..40).map(|n| format!(r#""a{n}":1"#)).collect();
        refused(&format!("{{{}}}", many.join(",")), "40 attributes, over the limit");
    }

    #[test]
    fn a_batch_names_the_event_that_is_wrong() {
        let refusal = Draft::batch(br#"[{"id":"1"},{"id":[]}]"#).expect_err("a refusal");
        assert!(refusal.detail.starts_with("event 1 of the batch"), "{}", refusal.detail);
        assert!(Draft::batch(b"[]").is_err());
        assert_eq!(Draft::batch(br#"[{"id":"1"},{"id":"2"}]"#).map(|b| b.len()), Ok(2));
    }
}
