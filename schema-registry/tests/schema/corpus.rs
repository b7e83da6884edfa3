//! A large real schema: GitHub's webhooks, as one document. Only where `tools/corpus` was run.

use selfsame_schema::{Document, Registry};

/// Where `tools/corpus` writes it, from this package on.
const DOCUMENT: &str = "../corpus/schemas/github-6-11-0.json";

#[test]
fn a_large_real_schema_registers() {
    let Ok(text) = std::fs::read_to_string(DOCUMENT) else { return };
    let document = Document::parse(&text).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let version = Registry::new().check(&document).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let types = version.events().count();
    let whole = version.events().filter(|(_, shape)| !shape.unchecked_places().is_empty()).count();
    assert!(types > 200 && whole < types / 3, "{whole} of {types} are checked whole");
}
