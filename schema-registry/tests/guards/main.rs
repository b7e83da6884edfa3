//! Guards, probation and poison: what a document may say, what is refused, and how guards come out.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

mod any;
mod outcomes;
mod refusals;
mod sections;

use std::sync::Arc;

use selfsame_schema::{Document, Problem, Registry, Version};
use serde_json::{Value, json};

/// A document with three projections and more sections.
fn document(parent: Option<&str>, sections: &Value) -> Value {
    let mut document = json!({
        "selfsame": 1, "name": "n", "events": {},
        "projections": {"profile": {}, "users": {}, "by-mail": {}},
    });
    if let Some(parent) = parent {
        document["parent"] = json!(parent);
    }
    for (section, value) in sections.as_object().into_iter().flatten() {
        document[section] = value.clone();
    }
    document
}

/// A registry whose only version has the projections `profile` and `by-mail`.
fn registry() -> Registry {
    let mut registry = Registry::new();
    let first = document(None, &json!({"projections": {"profile": {}, "by-mail": {}}}));
    let first = Document::parse(&first.to_string()).expect("a document");
    let version = registry.check(&first).expect("a version");
    registry.insert(version);
    registry
}

/// The second version, with these sections.
fn second(sections: &Value) -> Result<Arc<Version>, Vec<Problem>> {
    let document = Document::parse(&document(Some("v1"), sections).to_string())?;
    registry().check(&document)
}

/// The first version, with these sections.
fn first(sections: &Value) -> Result<Arc<Version>, Vec<Problem>> {
    let document = Document::parse(&document(None, sections).to_string())?;
    Registry::new().check(&document)
}

/// A section that has one guard; `changed.by-mail` is measured.
fn guard(expect: &str) -> Value {
    json!({"guards": [{"name": "g", "expect": expect}], "probation": {"unchanged": ["by-mail"]}})
}

/// Problems as lines, each with its advice.
fn lines(problems: &[Problem]) -> String {
    let line = |problem: &Problem| match &problem.help {
        Some(help) => format!("{problem}; {help}"),
        None => problem.to_string(),
    };
    problems.iter().map(line).collect::<Vec<_>>().join("\n")
}
