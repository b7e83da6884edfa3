//! The events and versions that all benchmarks share: about 256 bytes of data, one cache and one view.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use selfsame_core::{Admission, Draft, Request, check_document};
use selfsame_log::{FjallLog, Log};
use selfsame_record::{Block, Body, Record, VersionNo};
use selfsame_schema::Registry;

/// The version that events are written in.
pub(crate) const V1: &str = r#"
selfsame: 1
name: bench
events:
  page.viewed:
    key: /user
    schema:
      type: object
      required: [user, page, millis]
      properties:
        user: { type: string }
        page: { type: string }
        millis: { type: integer }
        agent: { type: string }
        referrer: { type: string }
projections:
  visitor:
    kind: cache
    on: { page.viewed: { set: { page: $.page, agent: $.agent }, add: { views: 1 } } }
  time_on_site:
    kind: view
    key: $.user
    on: { page.viewed: { add: { millis: $.millis, views: 1 }, max: { last: $time } } }
"#;

/// Its child: a field more and a field renamed.
pub(crate) const V2: &str = r#"
selfsame: 1
name: bench-with-site
parent: v1
events:
  page.viewed:
    key: /user
    schema:
      type: object
      required: [user, path, millis, site]
      properties:
        user: { type: string }
        path: { type: string }
        site: { type: string }
        millis: { type: integer }
        agent: { type: string }
        referrer: { type: string }
lenses:
  page.viewed:
    - rename: { from: /page, to: /path }
    - add: { at: /site, default: main }
projections:
  visitor:
    kind: cache
    on: { page.viewed: { set: { path: $.path, site: $.site, agent: $.agent }, add: { views: 1 } } }
  time_on_site:
    kind: view
    key: $.user
    on: { page.viewed: { add: { millis: $.millis, views: 1 }, max: { last: $time } } }
"#;

/// The data of the event with this number, over so many users.
pub(crate) fn data(number: u64, users: u64) -> String {
    // Fibonacci hashing spreads the users over the log without a random number.
    let user = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % users;
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
    format!(
        r#"{{"user":"user-{user:08}","page":"/articles/{}/comments","millis":{},"agent":"{agent}","referrer":"https://example.org/search?q={user}&page={number}"}}"#,
        number % 997,
        number % 30_000
    )
}

/// The event with this number as a draft.
pub(crate) fn draft(number: u64, users: u64) -> Draft {
    let id = number.to_string();
    let named = [
        ("specversion", "1.0"),
        ("type", "page.viewed"),
        ("source", "/bench"),
        ("id", &id),
        ("dataschema", "v1"),
    ];
    let attributes: BTreeMap<String, String> =
        named.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Draft { attributes, data: data(number, users).into_bytes() }
}

/// The registry with v1 and v2, and v1's admission.
pub(crate) fn admission() -> Admission {
    let mut registry = Registry::new();
    for document in [V1, V2] {
        let (version, _) = check_document(&registry, document).expect("the document is right");
        registry.insert(version);
    }
    let live = VersionNo::FIRST;
    Admission { registry: Arc::new(registry), live: vec![live], active: Some(live), ..Admission::default() }
}

/// A request that publishes the event with this number.
pub(crate) fn request(admission: &Admission, number: u64, users: u64) -> Request {
    let admitted = admission.admit(&draft(number, users), None, None).expect("the event is right");
    Request::Publish { events: vec![admitted] }
}

/// Blocks of so many records with the events from 1 to `count`.
pub(crate) fn blocks(
    admission: &Admission,
    count: u64,
    users: u64,
    per_block: u64,
) -> impl Iterator<Item = Block> {
    let record = move |position: u64| {
        let admitted = admission.admit(&draft(position, users), None, None).expect("the event is right");
        let body = Body::Event(admitted.event);
        Record {
            position,
            time_us: i64::try_from(position).unwrap_or(0),
            principal: "bench".to_owned(),
            body,
        }
    };
    (0..count.div_ceil(per_block)).map(move |block| {
        let first = block * per_block + 1;
        let records: Vec<Record> = (first..(first + per_block).min(count + 1)).map(record).collect();
        Block::pack(&records)
    })
}

/// Appends so many events to the log in an engine's folder, as the engine would have left them. The records go on in
/// time where the log ends.
pub(crate) fn fill(folder: &Path, admission: &Admission, events: u64, draft: impl Fn(u64) -> Draft) {
    let log = FjallLog::open(&folder.join("log")).expect("a log");
    let mut time_us = 0;
    log.scan(log.head(), &mut |records| {
        time_us = records.last().map_or(0, |record| record.time().0);
        ControlFlow::Continue(())
    })
    .expect("a scan");
    let record = |position: u64, number: u64| {
        let event = admission.admit(&draft(number), None, None).expect("the event is right").event;
        Record { position, time_us, principal: "bench".to_owned(), body: Body::Event(event) }
    };
    for first in (0..events).step_by(256) {
        let start = log.head().next().get();
        let numbers = first..(first + 256).min(events);
        let records: Vec<Record> = (start..).zip(numbers).map(|(position, n)| record(position, n)).collect();
        log.append(&Block::pack(&records)).expect("an append");
    }
}
