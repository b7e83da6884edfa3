//! Any text as an expression: compiled, or refused with a place; evaluated, or a named failure.
//!
//! The input is two texts, separated by a line break: an expression, and the event that it reads.
#![no_main]

use libfuzzer_sys::fuzz_target;
use selfsame_schema::Lens;

fuzz_target!(|text: &str| {
    let (source, document) = text.split_once('\n').unwrap_or((text, "{}"));
    let operations = serde_json::json!([{ "derive": { "at": "/derived", "cel": source } }]);
    let Ok(lens) = Lens::parse(&operations) else { return };
    let _ = lens.lead(&serde_json::json!({ "type": "object" }));
    let _ = lens.up(document);
});
