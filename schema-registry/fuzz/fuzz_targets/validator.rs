//! Any schema and any payload: both validators say the same, and what is read is written as it was.
//!
//! The input is two lines: a schema of an event, and a payload. Beside the payload some documents are tried
//! that are made from the schema.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use selfsame_schema::sample::{Budget, documents};
use selfsame_schema::{Document, EventShape, Registry};
use selfsame_schema_fuzz::{Oracle, Vocabulary, is_plain, mutate, same};
use serde_json::{Value, json};

static VOCABULARY: Vocabulary = Vocabulary::new(include_str!("../vocabulary/schema.txt"), "");

/// What is made from the schema.
const MADE: Budget = Budget { documents: 6, bytes: 4096 };

/// What ours refuses and the oracle does not see: its parser keeps the last of two members, and ends deeper.
const UNSEEN: [&str; 2] = ["stands twice", "too deep within each other"];

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate(data, size, max_size, seed, &VOCABULARY)
});

fuzz_target!(|text: &str| {
    let Some((schema, payload)) = text.split_once('\n') else { return };
    let Ok(schema) = serde_json::from_str::<Value>(schema) else { return };
    let document = json!({ "selfsame": 1, "name": "fuzz", "events": { "t": { "schema": schema } } });
    let Ok(document) = Document::parse(&document.to_string()) else { return };
    let Ok(version) = Registry::new().check(&document) else { return };
    let shape = version.event("t").expect("the type is there");
    let oracle = Oracle::new(&schema);
    try_payload(shape, oracle.as_ref(), payload);
    for made in documents(&schema, MADE) {
        try_payload(shape, oracle.as_ref(), &made.to_string());
    }
});

fn try_payload(shape: &EventShape, oracle: Option<&Oracle>, payload: &str) {
    let read = shape.read(payload.as_bytes());
    let value = serde_json::from_str::<Value>(payload);
    if let Ok(row) = &read {
        let written = shape.write_json(row);
        let again = shape.read(written.as_bytes()).expect("what was valid is valid");
        assert_eq!(*row, again);
        if let Ok(value) = &value {
            let written = serde_json::from_str::<Value>(&written).expect("JSON");
            assert!(same(value, &written), "{payload} is written as {written}");
        }
    }
    let (Some(oracle), Ok(value)) = (oracle, value) else { return };
    if is_plain(payload) {
        match &read {
            Ok(_) => assert!(oracle.takes(&value), "only the oracle refuses {payload}"),
            Err(error) if UNSEEN.iter().any(|words| error.message.contains(words)) => {}
            Err(error) => assert!(!oracle.takes(&value), "only ours refuses {payload}: {error}"),
        }
    }
}
