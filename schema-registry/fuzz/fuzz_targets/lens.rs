//! Any list of operations over any document: it leads there, or says why not; and what it leads to is JSON.
//!
//! The input is three JSON texts, one per line: the operations, a schema, a document.
#![no_main]

use libfuzzer_sys::fuzz_target;
use selfsame_schema::Lens;

fuzz_target!(|text: &str| {
    let mut lines = text.split('\n');
    let Some(Ok(operations)) = lines.next().map(serde_json::from_str) else { return };
    let Ok(lens) = Lens::parse(&operations) else { return };
    if let Some(Ok(schema)) = lines.next().map(serde_json::from_str) {
        let _ = lens.lead(&schema);
    }
    let document = lines.next().unwrap_or("{}");
    if let Ok(up) = lens.up(document) {
        serde_json::from_str::<serde_json::de::IgnoredAny>(&up).expect("JSON");
        if let Ok(down) = lens.down(&up) {
            serde_json::from_str::<serde_json::de::IgnoredAny>(&down).expect("JSON");
        }
    }
});
