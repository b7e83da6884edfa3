//! Entries: their bytes, and that each says all of its record.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

use selfsame_record::entry::{BODY_BYTES_MAX, ENTRY_BYTES_MAX, EntryWriter};
use selfsame_record::merkle::Hash;
use selfsame_record::{Attribute, Block, Body, Event, Extra, Record, Row, TraySeq, Value};

fn event() -> Event {
    Event {
        event_type: "a.b".into(),
        key: "k".into(),
        source: "/s".into(),
        id: "1".into(),
        version: 7,
        occurred_us: Some(-2),
        fingerprint: [9; 16],
        tray: Some(TraySeq { stream: 3, seq: 4 }),
        attributes: vec![Attribute { name: "n".into(), value: "v".into() }],
        row: Row {
            slots: vec![
                Value::Object,
                Value::Absent,
                Value::Null,
                Value::Bool(true),
                Value::Int(-1),
                Value::Number("1.0".into()),
                Value::Text("t".into()),
                Value::Json("[]".into()),
            ],
            extras: vec![Extra { host: 1, key: "x".into(), json: "{}".into() }],
        },
    }
}

fn record(body: Body) -> Record {
    Record { position: 5, time_us: 6, principal: "web".into(), body }
}

/// The entry of a record; written from the record and from its archive, which is the same.
fn entry(record: &Record) -> Vec<u8> {
    let mut writer = EntryWriter::new();
    writer.write_owned(record);
    let owned = (writer.entry().to_vec(), writer.hashed_body().map(<[u8]>::to_vec), writer.leaf());
    let block = Block::pack(&vec![record.clone()]);
    writer.write(&Block::view(block.as_bytes()).expect("a block").records()[0]);
    assert_eq!(owned, (writer.entry().to_vec(), writer.hashed_body().map(<[u8]>::to_vec), writer.leaf()));
    let view = Block::view(block.as_bytes()).expect("a block");
    assert_eq!(&view.records()[0].to_record(), record);
    assert_eq!(Hash::of_leaf(&owned.0), owned.2);
    owned.0
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Signed roots follow from these bytes: another value here is another [`ENTRY_FORMAT`].
///
/// [`ENTRY_FORMAT`]: selfsame_record::entry::ENTRY_FORMAT
#[test]
fn entries_keep_their_form() {
    let head = "01 0000000000000005 0000000000000006 00000003 776562";
    let control = format!("{head} 01 00000002 7b7d");
    assert_eq!(hex(&entry(&record(Body::Control("{}".into())))), control.replace(' ', ""));
    let body = "00000003 612e62 00000001 6b 00000002 2f73 00000001 31 00000007 01 fffffffffffffffe \
                09090909090909090909090909090909 01 0000000000000003 0000000000000004 \
                00000001 00000001 6e 00000001 76 \
                00000008 02 00 01 03 01 04 ffffffffffffffff 05 00000003 312e30 06 00000001 74 07 00000002 5b5d \
                00000001 0001 00000001 78 00000002 7b7d";
    let body = body.replace(' ', "");
    let expect = format!("{head} 00 {:08x}", body.len() / 2).replace(' ', "") + &body;
    assert_eq!(hex(&entry(&record(Body::Event(event())))), expect);
}

#[test]
fn whatever_a_record_says_is_in_its_entry() {
    let base = record(Body::Event(event()));
    let with = |change: &dyn Fn(&mut Event)| {
        let mut event = event();
        change(&mut event);
        record(Body::Event(event))
    };
    let others = [
        Record { position: 4, ..base.clone() },
        Record { time_us: 7, ..base.clone() },
        Record { principal: "weba".into(), ..base.clone() },
        record(Body::Control("{}".into())),
        record(Body::Control("{} ".into())),
        with(&|e| e.event_type = "a".into()),
        with(&|e| e.key = "/".into()),
        with(&|e| e.source = "s".into()),
        with(&|e| e.id = "2".into()),
        with(&|e| e.version = 8),
        with(&|e| e.occurred_us = None),
        with(&|e| e.occurred_us = Some(0)),
        with(&|e| e.fingerprint[15] = 8),
        with(&|e| e.tray = None),
        with(&|e| e.tray = Some(TraySeq { stream: 4, seq: 3 })),
        with(&|e| e.attributes.clear()),
        with(&|e| e.attributes[0].name = "nv".into()),
        with(&|e| e.attributes[0].value = String::new()),
        with(&|e| e.row.slots[1] = Value::Null),
        with(&|e| e.row.slots[3] = Value::Bool(false)),
        with(&|e| e.row.slots[4] = Value::Number("-1".into())),
        with(&|e| e.row.slots[6] = Value::Json("t".into())),
        with(&|e| e.row.slots.push(Value::Absent)),
        with(&|e| e.row.extras[0].host = 0),
        with(&|e| e.row.extras[0].key = String::new()),
        with(&|e| e.row.extras[0].json = "[]".into()),
        with(&|e| e.row.extras.clear()),
        base,
    ];
    let entries: std::collections::BTreeSet<Vec<u8>> = others.iter().map(entry).collect();
    assert_eq!(entries.len(), others.len());
}

#[test]
fn a_long_body_stands_for_itself_by_its_hash() {
    for (len, hashed) in [(BODY_BYTES_MAX, false), (BODY_BYTES_MAX + 1, true), (1 << 20, true)] {
        let text = "x".repeat(len);
        let record = Record { principal: "p".repeat(255), ..record(Body::Control(text.clone())) };
        let entry = entry(&record);
        assert!(entry.len() <= ENTRY_BYTES_MAX, "{}", entry.len());
        let mut writer = EntryWriter::new();
        writer.write_owned(&record);
        assert_eq!(writer.hashed_body(), hashed.then_some(text.as_bytes()));
        assert_eq!(entry.ends_with(&Hash::of(text.as_bytes()).0), hashed);
    }
}

#[test]
fn the_full_form_is_read_back_as_the_record_that_it_was() {
    for record in [record(Body::Event(event())), record(Body::Control("{\"a\":1}".into()))] {
        let json = serde_json::to_string(&record).expect("JSON");
        let read: Record = serde_json::from_str(&json).expect("the record");
        assert_eq!(read, record);
        assert_eq!(entry(&read), entry(&record));
    }
    let json = serde_json::to_string(&record(Body::Control("{}".into()))).expect("JSON");
    assert_eq!(json, r#"{"position":5,"time_us":6,"principal":"web","body":{"control":"{}"}}"#);
    assert!(serde_json::from_str::<Record>(&json.replace("time_us", "time")).is_err());
}
