//! What a tool is: a name, a route, and arguments with bounds that stand in its JSON Schema.

use rmcp::model::{JsonObject, Tool as Shown, ToolAnnotations};
use selfsame_core::limits::REASON_BYTES_MAX;
use serde_json::{Value, json};

/// Characters of a name: of a version, a plan, a projection, a principal.
const NAME_CHARS_MAX: usize = 128;
/// Characters of a row's key.
const KEY_CHARS_MAX: usize = 512;
/// Characters of a cursor or a value that rows are looked for by.
const VALUE_CHARS_MAX: usize = 2048;
/// Columns of a query.
pub(crate) const COLUMNS_MAX: usize = 8;
/// Events of one call.
pub(crate) const EVENTS_MAX: usize = 1000;

/// What a call does to the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing.
    Reads,
    /// Adds to it, or steers what can be steered back.
    Adds,
    /// Changes what others are answered, or ends something.
    Switches,
}

/// Where an argument goes in the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goes {
    /// Into the path, in the place of `{name}`.
    Path,
    /// Into the query.
    Query,
    /// Into the body, a JSON object.
    Body,
    /// It is the body.
    Whole,
    /// Nowhere: if it is true, the route is only looked at, with GET.
    Look,
}

/// What an argument may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Name,
    Key,
    Reason,
    /// A text, or a number or boolean that is meant as one.
    Value,
    Number(u64, u64),
    Flag,
    Object,
    /// A version, or null for none.
    NameOrNull,
    /// One of these words, each with what it is in the route.
    OneOf(&'static [(&'static str, &'static str)]),
    /// Names of columns.
    Columns,
    /// Columns with their values.
    Equal,
    /// A document, as an object or as JSON or YAML text.
    Document,
    /// One CloudEvent or several.
    Events,
}

impl Kind {
    /// The schema of such an argument.
    pub(crate) fn schema(self) -> Value {
        let text = |max: usize| json!({ "type": "string", "minLength": 1, "maxLength": max });
        match self {
            Kind::Name => text(NAME_CHARS_MAX),
            Kind::Key => text(KEY_CHARS_MAX),
            Kind::Reason => json!({ "type": "string", "maxLength": REASON_BYTES_MAX }),
            Kind::Value => json!({ "type": ["string", "number", "boolean"], "maxLength": VALUE_CHARS_MAX }),
            Kind::Number(min, max) => json!({ "type": "integer", "minimum": min, "maximum": max }),
            Kind::Flag => json!({ "type": "boolean" }),
            Kind::Object => json!({ "type": "object" }),
            Kind::NameOrNull => {
                json!({ "type": ["string", "null"], "minLength": 1, "maxLength": NAME_CHARS_MAX })
            }
            Kind::OneOf(words) => {
                json!({ "type": "string", "enum": words.iter().map(|(word, _)| word).collect::<Vec<_>>() })
            }
            Kind::Columns => {
                json!({ "type": "array", "maxItems": COLUMNS_MAX, "items": text(NAME_CHARS_MAX) })
            }
            Kind::Equal => json!({
                "type": "object",
                "maxProperties": COLUMNS_MAX,
                "additionalProperties": Kind::Value.schema(),
            }),
            Kind::Document => json!({ "type": ["object", "string"] }),
            Kind::Events => json!({
                "anyOf": [
                    { "type": "object" },
                    { "type": "array", "minItems": 1, "maxItems": EVENTS_MAX, "items": { "type": "object" } },
                ],
            }),
        }
    }

    /// The most characters of such a text.
    pub(crate) fn chars_max(self) -> usize {
        match self {
            Kind::Key => KEY_CHARS_MAX,
            Kind::Reason => REASON_BYTES_MAX,
            Kind::Value | Kind::Equal => VALUE_CHARS_MAX,
            _ => NAME_CHARS_MAX,
        }
    }
}

/// One argument.
#[derive(Debug)]
pub(crate) struct Argument {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) goes: Goes,
    pub(crate) is_needed: bool,
    pub(crate) about: &'static str,
}

/// One tool.
#[derive(Debug)]
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    pub(crate) effect: Effect,
    /// The route, with `{name}` for arguments.
    pub(crate) path: &'static str,
    pub(crate) arguments: &'static [Argument],
    /// What it does, when it is refused, what to do next.
    pub(crate) about: &'static str,
}

impl Tool {
    /// The argument of this name.
    pub(crate) fn argument(&self, name: &str) -> Option<&'static Argument> {
        self.arguments.iter().find(|argument| argument.name == name)
    }

    /// The tool as clients are told of it.
    pub(crate) fn shown(&self) -> Shown {
        let mut properties = JsonObject::new();
        for argument in self.arguments {
            let mut schema = argument.kind.schema();
            if let Some(members) = schema.as_object_mut() {
                members.insert("description".to_owned(), argument.about.into());
            }
            properties.insert(argument.name.to_owned(), schema);
        }
        let needed = self.arguments.iter().filter(|argument| argument.is_needed);
        let mut schema = JsonObject::new();
        schema.insert("type".to_owned(), "object".into());
        schema.insert("properties".to_owned(), properties.into());
        schema.insert("required".to_owned(), needed.map(|argument| argument.name).collect());
        schema.insert("additionalProperties".to_owned(), false.into());
        let hints = ToolAnnotations::new()
            .read_only(self.effect == Effect::Reads)
            .destructive(self.effect == Effect::Switches)
            .open_world(false);
        Shown::new(self.name, self.about, schema).with_annotations(hints)
    }
}
