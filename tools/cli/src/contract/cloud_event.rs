//! Events as CloudEvents 1.0: the envelope of structured mode, and the headers of binary mode.

use selfsame_core::STRUCTURED;
use serde_json::{Map, Value, json};

use super::Contract;
use super::components::reference;

/// Bytes of `source` and of `id`.
const NAME_BYTES_MAX: u64 = 256;
/// Bytes of `subject`, which is the key.
const KEY_BYTES_MAX: u64 = 512;

/// An event type, as far as its envelope goes.
pub(super) struct Envelope<'a> {
    pub(super) event_type: &'a str,
    /// The data says what the key is, so `subject` need not.
    pub(super) has_key: bool,
    /// A version to be named in `dataschema`.
    version: &'a str,
}

impl<'a> Envelope<'a> {
    pub(super) fn new(contract: &'a Contract, event_type: &'a str, event: &Value) -> Envelope<'a> {
        Envelope { event_type, has_key: event.get("key").is_some(), version: contract.version_or_example() }
    }

    /// The whole event in structured mode.
    pub(super) fn structured(&self) -> Value {
        let mut properties = self.attributes();
        let content_type = json!({
            "type": "string",
            "description": "The media type of the data, which is JSON.",
        });
        properties.insert("datacontenttype".to_owned(), content_type);
        properties.insert("data".to_owned(), reference(self.event_type));
        let mut required = self.required();
        required.push("data");
        json!({
            "type": "object",
            "description": format!("`{}` as a CloudEvent in structured mode ({STRUCTURED}).", self.event_type),
            "required": required,
            "properties": properties,
        })
    }

    /// The headers of binary mode; the data is the payload.
    pub(super) fn headers(&self) -> Value {
        let prefixed = |name: &str| format!("ce-{name}");
        let mut properties: Map<String, Value> =
            self.attributes().into_iter().map(|(name, schema)| (prefixed(&name), schema)).collect();
        properties
            .insert("content-type".to_owned(), json!({ "type": "string", "default": "application/json" }));
        let required: Vec<String> = self.required().into_iter().map(prefixed).collect();
        json!({
            "type": "object",
            "description": "The attributes, percent-encoded where they are not plain text.",
            "required": required,
            "properties": properties,
        })
    }

    /// An event in structured mode with this data.
    pub(super) fn example(&self, data: Value) -> Value {
        let mut event = self.example_attributes("");
        event.insert("data".to_owned(), data);
        event.into()
    }

    /// The headers of an event in binary mode.
    pub(super) fn example_headers(&self) -> Value {
        let mut headers = self.example_attributes("ce-");
        headers.insert("content-type".to_owned(), json!("application/json"));
        headers.into()
    }

    fn example_attributes(&self, prefix: &str) -> Map<String, Value> {
        // An id is used once for each source, whatever the type.
        let id = format!("{}-1", self.event_type);
        let mut attributes = vec![
            ("specversion", "1.0"),
            ("type", self.event_type),
            ("source", "/example"),
            ("id", id.as_str()),
            ("dataschema", self.version),
        ];
        if !self.has_key {
            attributes.push(("subject", "k1"));
        }
        attributes.into_iter().map(|(name, value)| (format!("{prefix}{name}"), json!(value))).collect()
    }

    fn required(&self) -> Vec<&'static str> {
        let mut required = vec!["specversion", "type", "source", "id"];
        if !self.has_key {
            required.push("subject");
        }
        required
    }

    fn attributes(&self) -> Map<String, Value> {
        let subject = if self.has_key {
            "The key. It may be left out; if it is there, it must be what the data says is the key."
        } else {
            "The key: what the event is about."
        };
        let attributes = json!({
            "specversion": { "const": "1.0" },
            "type": { "const": self.event_type },
            "source": {
                "type": "string",
                "minLength": 1,
                "maxLength": NAME_BYTES_MAX,
                "description": "Where the event comes from. Principal, source and id together make an event one: \
                                the same again gets the first answer again.",
            },
            "id": { "type": "string", "minLength": 1, "maxLength": NAME_BYTES_MAX },
            "subject": { "type": "string", "minLength": 1, "maxLength": KEY_BYTES_MAX, "description": subject },
            "time": { "type": "string", "format": "date-time", "description": "When it happened." },
            "dataschema": {
                "type": "string",
                "description": format!(
                    "The version that the data is written in, as `{v}` or `urn:selfsame:version:{v}`; \
                     without it, the version that is active when the event arrives.",
                    v = self.version,
                ),
            },
        });
        if let Value::Object(attributes) = attributes { attributes } else { Map::new() }
    }
}
