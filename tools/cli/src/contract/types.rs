//! Types for programs: the data of each event type, rows, and job inputs.
//!
//! A `Model` says what is to be declared, in words that all languages have; each language
//! writes it down. A member that may be absent and one that may be `null` are told apart in each of them.
//!
//! Types say less than schemas: bounds, patterns, `if` and `not` are left to the engine.

mod build;
mod model;
mod names;
mod python;
mod reading;
mod rust;
mod typescript;

use clap::ValueEnum;
use serde_json::Value;

use super::{Contract, columns, section};
use build::Builder;
use model::{Model, Role};

/// A language in which types are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// Interfaces, for TypeScript 4.4 or later
    Typescript,
    /// Structs and enums with serde, which need `serde` and `serde_json`
    Rust,
    /// TypedDicts, for Python 3.11 or later
    Python,
}

/// The types of a version.
///
/// # Errors
///
/// If a reference of a schema leads nowhere.
pub(crate) fn write(contract: &Contract, language: Language) -> Result<String, String> {
    let model = model(contract)?;
    Ok(match language {
        Language::Typescript => typescript::write(&model),
        Language::Rust => rust::write(&model),
        Language::Python => python::write(&model),
    })
}

fn model(contract: &Contract) -> Result<Model, String> {
    let mut components = contract.components()?;
    let mut roles: Vec<(String, Role)> = Vec::new();
    for (name, _) in section(&contract.document, "events") {
        roles.push((name.clone(), Role::Event(name.clone())));
    }
    for (name, projection) in section(&contract.document, "projections") {
        let kind = projection.get("kind").and_then(Value::as_str);
        let (words, schema, role) = match kind {
            Some("cache" | "view") => {
                ("row", columns::row(&mut components, projection), Role::Row(name.clone()))
            }
            Some("jobs") => {
                ("input", columns::job_input(&mut components, projection), Role::Input(name.clone()))
            }
            _ => continue,
        };
        roles.push((components.add(&format!("{name}.{words}"), schema), role));
    }
    let mut builder = Builder::new(components.schemas());
    builder.declare_all(&roles);
    let (name, label) = (contract.name.clone(), contract.label.clone());
    Ok(Model { name, label, version: contract.version.clone(), declarations: builder.into_declarations() })
}
