//! Any schema and any payload: what is read is written again as the same document.
//!
//! The input is two texts, separated by a line break: a schema of an event, and a payload.
#![no_main]

use libfuzzer_sys::fuzz_target;
use selfsame_schema::{Document, Registry};

fuzz_target!(|text: &str| {
    let Some((schema, payload)) = text.split_once('\n') else { return };
    let text = format!(r#"{{"selfsame":1,"name":"fuzz","events":{{"t":{{"schema":{schema}}}}}}}"#);
    let Ok(document) = Document::parse(&text) else { return };
    let Ok(version) = Registry::new().check(&document) else { return };
    let shape = version.event("t").expect("the type is there");
    let Ok(row) = shape.read(payload.as_bytes()) else { return };
    let written = shape.write_json(&row);
    let again = shape.read(written.as_bytes()).expect("what was valid is valid");
    assert_eq!(row, again);
});
