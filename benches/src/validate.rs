//! Checking an event and laying it out, beside its floor and a peer.
//!
//! - Floor: sonic-rs parses the same bytes into a struct that borrows its texts. It checks types and nothing
//!   else, and keeps no unknown members, lexemes or absent ones apart from null.
//! - Peer: serde_json builds a tree, and the jsonschema crate checks it.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use jsonschema::Validator;
use selfsame_record::VersionNo;
use selfsame_schema::{Document, EventShape, Registry};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Scale;
use crate::report::{median, table, time};

/// How many different events are read in turn.
const EVENTS: u64 = 64;

/// An event, as the floor reads it.
#[derive(Deserialize)]
#[expect(dead_code, reason = "a floor that reads what nobody looks at")]
struct Order<'a> {
    order_id: &'a str,
    customer: &'a str,
    email: &'a str,
    currency: &'a str,
    total: f64,
    items: u32,
    express: bool,
    note: Option<&'a str>,
    created_at: &'a str,
    channel: &'a str,
    #[serde(borrow)]
    address: Address<'a>,
    #[serde(borrow)]
    tags: Vec<&'a str>,
    weight: i64,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "a floor that reads what nobody looks at")]
struct Address<'a> {
    street: &'a str,
    city: &'a str,
    country: &'a str,
}

fn schema() -> Value {
    let text = |max: u64| json!({"type": "string", "minLength": 1, "maxLength": max});
    json!({
        "type": "object",
        "required": ["order_id", "customer", "currency", "total", "items", "created_at", "address"],
        "properties": {
            "order_id": text(40), "customer": text(80), "email": text(120),
            "currency": {"type": "string", "enum": ["EUR", "USD", "GBP"]},
            "total": {"type": "number", "minimum": 0}, "items": {"type": "integer", "minimum": 1},
            "express": {"type": "boolean"}, "note": {"type": ["string", "null"], "maxLength": 500},
            "created_at": {"type": "string", "format": "date-time"},
            "channel": {"type": "string", "enum": ["web", "app", "shop"]},
            "address": {"type": "object", "required": ["city"],
                "properties": {"street": text(120), "city": text(80), "country": text(2)}},
            "tags": {"type": "array", "items": text(20), "maxItems": 10},
            "weight": {"type": "integer"},
        },
    })
}

fn event(number: u64) -> String {
    format!(
        concat!(
            r#"{{"order_id":"ord-{n:012}","customer":"customer number {n}","email":"customer.{n}@example.org","#,
            r#""currency":"EUR","total":{n}.{c:02},"items":{i},"express":{e},"note":null,"#,
            r#""created_at":"2026-03-04T05:06:{c:02}Z","channel":"web","#,
            r#""address":{{"street":"Long Street {n}","city":"Somewhere","country":"DE"}},"#,
            r#""tags":["summer","returning"],"weight":{n}}}"#
        ),
        n = number * 7919 % 1_000_000,
        c = number % 60,
        i = number % 9 + 1,
        e = number.is_multiple_of(2),
    )
}

fn shape() -> Arc<EventShape> {
    let document = json!({"selfsame": 1, "name": "bench", "events": {"order.placed": {"schema": schema()}}});
    let document = Document::parse(&document.to_string()).expect("a document");
    let mut registry = Registry::new();
    registry.insert(registry.check(&document).expect("a version"));
    let version = registry.version(VersionNo::FIRST).expect("the version");
    version.event("order.placed").expect("the type").clone()
}

/// Seconds that one event takes.
fn timed(events: &[String], rounds: u64, mut each: impl FnMut(&[u8])) -> f64 {
    let started = Instant::now();
    for _ in 0..rounds {
        for event in events {
            each(black_box(event.as_bytes()));
        }
    }
    started.elapsed().as_secs_f64() / (rounds * events.len() as u64) as f64
}

/// Prints the figures.
pub(crate) fn run(scale: Scale) {
    let shape = shape();
    let oracle: Validator = jsonschema::options().build(&schema()).expect("a schema");
    let events: Vec<String> = (0..EVENTS).map(event).collect();
    let bytes = events.iter().map(String::len).sum::<usize>() / events.len();
    let rounds = (scale.validations / EVENTS).max(1);
    let mut runs: [Vec<f64>; 3] = Default::default();
    for _ in 0..scale.runs {
        let [floor, ours, peer] = &mut runs;
        floor.push(timed(&events, rounds, |json| {
            black_box(sonic_rs::from_slice::<Order<'_>>(json).expect("an order"));
        }));
        ours.push(timed(&events, rounds, |json| {
            black_box(shape.read(json).expect("an order"));
        }));
        peer.push(timed(&events, rounds, |json| {
            let tree: Value = serde_json::from_slice(json).expect("JSON");
            assert!(oracle.is_valid(&tree), "the peer takes it");
            black_box(tree);
        }));
    }
    let [floor, ours, peer] = runs.map(|mut run| median(&mut run));
    let row = vec![
        format!("{bytes} bytes"),
        time(floor),
        time(ours),
        format!("{:.2}", ours / floor),
        time(peer),
        format!("{:.2}", peer / ours),
    ];
    let title = format!("Checking an event and laying it out, medians of {} runs", scale.runs);
    let header = [
        "event",
        "floor: sonic-rs, typed and borrowed",
        "Selfsame",
        "of its floor",
        "peer: serde_json + jsonschema",
        "peer / Selfsame",
    ];
    table(&title, &header, &[row]);
}
