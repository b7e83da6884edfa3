//! What a schema version promises to its clients, written in forms that their tools read: AsyncAPI and
//! OpenAPI documents, and types for programs.
//!
//! Everything here is pure and works on the version's document as JSON. The same document gives the same
//! bytes. The schemas of all event types, of the definitions that they share, of rows and of job inputs are
//! brought together first ([`components`]), each under a name of its own and with references to those names;
//! the documents and the types are written from these.
//!
//! Not here: where a document comes from (`commands::version::contract`), whether it is a right one (the
//! schema registry), what an engine answers (the node; a test asks one everything that the documents say).

mod answers;
pub(crate) mod asyncapi;
mod cloud_event;
mod columns;
mod components;
mod example;
pub(crate) mod openapi;
mod schema;
pub(crate) mod types;

use selfsame_schema::Document;
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use components::Components;

/// Hexadecimal digits of a content id in a version's label.
const ID_DIGITS: usize = 12;

/// A schema version, as far as its clients are concerned.
#[derive(Clone, Debug)]
pub(crate) struct Contract {
    /// What the document calls itself.
    name: String,
    /// `v2+` and the beginning of its content id, or a hash of the document if it is not registered.
    label: String,
    /// `v2`, if it is registered.
    version: Option<String>,
    /// Its content id, if it is registered.
    id: Option<String>,
    document: Value,
}

/// A document with its first members in the order in which people read them.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Written {
    /// An AsyncAPI document.
    AsyncApi(asyncapi::AsyncApi),
    /// An OpenAPI document.
    OpenApi(openapi::OpenApi),
}

impl Contract {
    /// A version that an engine knows, from its answer to `GET /v1/versions/{version}`. `None` if that is not
    /// what it answered.
    pub(crate) fn registered(answer: &Value) -> Option<Contract> {
        let text = |member: &str| answer.get(member).and_then(Value::as_str).map(str::to_owned);
        let (version, id, name) = (text("no")?, text("id")?, text("name")?);
        let document = ordered(answer.get("document").filter(|document| document.is_object())?.clone());
        let label = format!("{version}+{}", id.chars().take(ID_DIGITS).collect::<String>());
        Some(Contract { name, label, version: Some(version), id: Some(id), document })
    }

    /// A version that is not registered, from its document as YAML or JSON.
    ///
    /// # Errors
    ///
    /// What is wrong with the document in itself, one problem in a line.
    pub(crate) fn written(text: &str) -> Result<Contract, String> {
        let parsed = Document::parse(text).map_err(|problems| {
            problems.iter().map(|problem| format!("\n  {problem}")).collect::<String>()
        })?;
        let document = serde_json::from_str(parsed.canonical()).map_err(|err| err.to_string())?;
        Ok(Contract::of_document(parsed.name(), parsed.canonical(), document))
    }

    fn of_document(name: &str, canonical: &str, document: Value) -> Contract {
        let digest = Sha256::digest(canonical);
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).take(ID_DIGITS / 2).collect();
        let label = format!("unregistered+{hex}");
        Contract { name: name.to_owned(), label, version: None, id: None, document: ordered(document) }
    }

    /// The schemas of everything that a client meets.
    ///
    /// # Errors
    ///
    /// If a reference leads nowhere; the sentence says which.
    fn components(&self) -> Result<Components<'_>, String> {
        Components::of(&self.document)
    }

    /// What a client should say so that this version, and no other one, reads what it writes.
    fn version_or_example(&self) -> &str {
        self.version.as_deref().unwrap_or("v1")
    }

    /// The members of `info` that both kinds of document have.
    fn info(&self, description: &str) -> Value {
        let mut info = json!({
            "title": self.name,
            "version": self.label,
            "description": description,
        });
        if let (Some(id), Some(members)) = (&self.id, info.as_object_mut()) {
            members.insert("x-selfsame-content-id".to_owned(), json!(id));
        }
        info
    }
}

/// With the members of every object in the order of the alphabet, whichever they were written in.
fn ordered(mut value: Value) -> Value {
    value.sort_all_objects();
    value
}

/// See [`ordered`].
fn ordered_members(members: Map<String, Value>) -> Map<String, Value> {
    let mut members: Map<String, Value> =
        members.into_iter().map(|(name, value)| (name, ordered(value))).collect();
    members.sort_keys();
    members
}

/// A section of a document that is an object; nothing is like an empty one.
fn section<'d>(document: &'d Value, name: &str) -> impl Iterator<Item = (&'d String, &'d Value)> {
    document.get(name).and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

#[cfg(test)]
mod tests;
