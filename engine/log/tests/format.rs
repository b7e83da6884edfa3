//! A promise to the past: blocks of each released format stay readable, to these very values.

#![expect(clippy::expect_used, reason = "a test says by panicking what went wrong")]

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;

use selfsame_record::{Attribute, Block, Body, Event, Extra, FORMAT, Record, Row, TraySeq, Value};

fn fixture() -> PathBuf {
    let name = format!("tests/fixtures/block-format-{FORMAT}.bin");
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// One record of each form, and each kind of field filled and left out.
fn records() -> Vec<Record> {
    let control = r#"{"kind":"cut-over","version":2,"reason":"ä \" \\ 🙂"}"#;
    let bodies = [Body::Control(control.to_owned()), Body::Event(full_event()), Body::Event(bare_event())];
    let record = |(position, body)| Record {
        position,
        time_us: 1_700_000_000_000_000 + i64::try_from(position).expect("small"),
        principal: "web".to_owned(),
        body,
    };
    (4_294_967_300..).zip(bodies).map(record).collect()
}

fn full_event() -> Event {
    let text = |text: &str| Value::Text(text.to_owned());
    let number = |text: &str| Value::Number(text.to_owned());
    let slots = vec![
        Value::Object,
        Value::Absent,
        Value::Null,
        Value::Bool(true),
        Value::Bool(false),
        Value::Int(0),
        Value::Int(i64::MIN),
        Value::Int(i64::MAX),
        number("1.0"),
        number("-0"),
        number("123456789012345678901234567890"),
        text(""),
        text("short"),
        text("a text that is longer than what lies inline"),
        text("\u{0}\n\"\\ äöü 🙂"),
        Value::Json("[1,{\"a\":null},\"x\"]".to_owned()),
    ];
    let extra = |host, key: &str, json: &str| Extra { host, key: key.to_owned(), json: json.to_owned() };
    let extras = vec![extra(0, "unknown", "{\"b\":1e3}"), extra(0, "~/", "null"), extra(65_535, "", "[]")];
    let attribute = |name: &str, value: &str| Attribute { name: name.to_owned(), value: value.to_owned() };
    Event {
        event_type: "user.registered".to_owned(),
        key: "user-1".to_owned(),
        source: "/web".to_owned(),
        id: "9c5b94b1-35ad-49bb-b118-8e8fc24abf80".to_owned(),
        version: 7,
        occurred_us: Some(-1),
        fingerprint: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255],
        tray: Some(TraySeq { stream: u64::MAX, seq: 42 }),
        attributes: vec![attribute("dataschema", "urn:x"), attribute("traceparent", "")],
        row: Row { slots, extras },
    }
}

fn bare_event() -> Event {
    Event {
        event_type: "a".to_owned(),
        key: String::new(),
        source: String::new(),
        id: String::new(),
        version: 0,
        occurred_us: None,
        fingerprint: [0; 16],
        tray: None,
        attributes: Vec::new(),
        row: Row::default(),
    }
}

#[test]
fn a_block_of_the_released_format_reads_to_the_same_values() {
    let bytes = fs::read(fixture()).expect("the fixture");
    let view = Block::view(&bytes).expect("a block");
    let read = |record| rkyv::deserialize::<Record, rkyv::rancor::Error>(record).expect("a record");
    let read: Vec<Record> = view.records().iter().map(read).collect();
    assert_eq!(read, records());
}

#[test]
fn the_same_records_pack_to_the_same_bytes() {
    let bytes = fs::read(fixture()).expect("the fixture");
    assert!(Block::pack(&records()).as_bytes() == bytes, "packing gives other bytes than the fixture");
}

/// A new format number gets a fixture of its own by running this once; it never replaces one.
#[test]
#[ignore = "writes the fixture of a new format"]
fn write_the_fixture_of_a_new_format() {
    let mut file = File::create_new(fixture()).expect("no fixture of this format yet");
    file.write_all(Block::pack(&records()).as_bytes()).expect("written");
}
