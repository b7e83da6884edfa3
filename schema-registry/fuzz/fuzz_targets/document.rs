//! Any text as a schema-version document: a version, or problems that say where.
#![no_main]

use libfuzzer_sys::fuzz_target;
use selfsame_schema::{Document, Registry};

fuzz_target!(|text: &str| {
    let Ok(document) = Document::parse(text) else { return };
    let again = Document::parse(document.canonical()).expect("its own canonical text is a document");
    assert_eq!(document.canonical(), again.canonical());
    let _ = Registry::new().check(&document);
});
