//! The specification of [`Log`] as cases. Every provider's tests run all of them.
//!
//! ```
//! use std::sync::Arc;
//! use selfsame_log::{MemoryLog, conformance::{Opener, conformance}};
//!
//! conformance(&|| {
//!     let log = Arc::new(MemoryLog::new());
//!     let opener: Opener = Box::new(move || Box::new(Arc::clone(&log)));
//!     opener
//! });
//! ```
//!
//! Not here: what a crash or a fault leaves behind, which needs a process to kill or a fault to inject.

#![expect(clippy::expect_used, reason = "a suite of assertions: a provider that fails one should panic")]

use std::ops::ControlFlow;
use std::thread;

use selfsame_record::{ArchivedRecord, Block, Body, Event, Extra, Position, RECORDS_MAX, Record, Row, Value};

use crate::cursor::owned;
use crate::error::AppendError;
use crate::log::{Log, record};
use crate::schedule::mix;

/// Opens one and the same log each time, its earlier opening having been dropped.
pub type Opener = Box<dyn Fn() -> Box<dyn Log>>;

type Case = (&'static str, fn(&Opener));

const CASES: &[Case] = &[
    ("an empty log has head zero and nothing to visit", empty),
    ("what is appended is read back in order", appended_is_read),
    ("a scan begins in the middle of a block", middle_of_a_block),
    ("beyond the head there is nothing, and that is no error", beyond_the_head),
    ("a block that is not the next one is refused and changes nothing", not_next),
    ("a refused block leaves no part of itself", all_or_nothing),
    ("a scan while blocks are appended sees a gapless prefix", scan_while_appending),
    ("a scan ends at the head as of its beginning", head_as_of_the_call),
    ("a scan ends where its visitor breaks", breaks),
    ("a visitor may append and scan", visitor_may_use_the_log),
    ("a log that is opened again equals what it was", reopened),
    ("the largest blocks are kept", large_blocks),
    ("many blocks of one record stay gapless and whole", many_small_blocks),
    ("blocks of all sizes stay gapless and whole", mixed_sizes),
    ("a single record is found by its position", single_records),
    ("two writers are one after the other", two_writers),
];

/// Runs every case, each on a log of its own that `make` gives.
///
/// # Panics
///
/// If the provider breaks a promise; the case's name is printed to stderr.
pub fn conformance(make: &dyn Fn() -> Opener) {
    for (name, case) in CASES {
        let named = Named(name);
        case(&make());
        drop(named);
    }
}

/// Names the case when it panics.
struct Named(&'static str);

impl Drop for Named {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the log does not conform: {}", self.0);
        }
    }
}

/// The record that stands at a position in every log of the suite: now an event, now a control record, of
/// 0 to 400 bytes more or less, and the same each time.
pub fn record_at(position: u64) -> Record {
    let len = usize::try_from(mix(7, position) % 400).unwrap_or_default();
    record_of_bytes(position, len)
}

/// The same, with a text of `len` bytes.
pub fn record_of_bytes(position: u64, len: usize) -> Record {
    let time_us = i64::try_from(position).unwrap_or(i64::MAX);
    let body = match position % 7 {
        3 => Body::Control(format!("{{\"kind\":\"note\",\"text\":\"{}\"}}", text(position, len))),
        _ => Body::Event(event(position, len)),
    };
    Record { position, time_us, principal: "web".to_owned(), body }
}

fn event(position: u64, len: usize) -> Event {
    let slots = vec![Value::Object, Value::Int(-7), Value::Absent, Value::Text(text(position, len))];
    let extras = vec![Extra { host: 0, key: "more".to_owned(), json: "[1,null]".to_owned() }];
    let mut event = Event {
        event_type: "user.registered".to_owned(),
        key: format!("user-{}", position % 10),
        source: "/web".to_owned(),
        id: position.to_string(),
        version: 1,
        occurred_us: position.is_multiple_of(2).then_some(5),
        fingerprint: [0; 16],
        tray: None,
        attributes: Vec::new(),
        row: Row { slots, extras },
    };
    event.fingerprint = event.compute_fingerprint();
    event
}

/// Text that does not compress to nothing.
fn text(seed: u64, len: usize) -> String {
    let words = (0..).map(|n| format!("{:016x}", mix(seed, n)));
    let mut text: String = words.take(len.div_ceil(16)).collect();
    text.truncate(len);
    text
}

/// A block of `count` records from `first` on, each as [`record_at`] says.
pub fn block(first: u64, count: u64) -> Block {
    Block::pack(&(first..first + count).map(record_at).collect())
}

/// A block of one record that takes a little more than `len` bytes.
pub fn block_of_bytes(at: u64, len: usize) -> Block {
    Block::pack(&vec![record_of_bytes(at, len)])
}

/// Appends records in blocks of `sizes`, again and again until the head is `until`.
pub fn fill(log: &dyn Log, until: u64, sizes: &[u64]) {
    let mut first = log.head().get() + 1;
    for size in sizes.iter().cycle() {
        if first > until {
            return;
        }
        let count = (*size).min(until - first + 1);
        let head = log.append(&block(first, count)).expect("appended");
        assert_eq!(head, Position::new(first + count - 1), "the head after an append of {count}");
        assert_eq!(log.head(), head, "the head is what the append returned");
        first += count;
    }
}

/// Checks that a scan from `from` visits exactly the records up to `head`, each as [`record_at`] says.
pub fn check(log: &dyn Log, from: u64, head: u64) {
    let mut next = from.max(1);
    scan_all(log, from, &mut |record| {
        assert_eq!(record.at(), Position::new(next), "a scan from #{from}");
        assert_eq!(owned(record).expect("a record"), record_at(next), "the record at #{next}");
        next += 1;
    });
    assert_eq!(next, head.max(from.max(1) - 1) + 1, "the end of a scan from #{from}");
}

fn scan_all(log: &dyn Log, from: u64, each: &mut dyn FnMut(&ArchivedRecord)) {
    let scanned = log.scan(Position::new(from), &mut |records| {
        assert!(!records.is_empty(), "an empty slice was handed out");
        records.iter().for_each(&mut *each);
        ControlFlow::Continue(())
    });
    scanned.expect("a scan");
}

fn empty(open: &Opener) {
    let log = open();
    assert_eq!(log.head(), Position::ZERO);
    for from in [0, 1, 2, u64::MAX] {
        scan_all(&*log, from, &mut |_| panic!("visited a record of an empty log"));
    }
}

fn appended_is_read(open: &Opener) {
    let log = open();
    fill(&*log, 20, &[1, 3, 7]);
    for from in [0, 1] {
        check(&*log, from, 20);
    }
    assert!(log.size_bytes() > 0, "twenty records take no bytes");
}

fn middle_of_a_block(open: &Opener) {
    let log = open();
    fill(&*log, 400, &[300, 10, 20, 30]);
    for from in 1..=400 {
        check(&*log, from, 400);
    }
}

fn beyond_the_head(open: &Opener) {
    let log = open();
    fill(&*log, 5, &[5]);
    for from in [6, 7, u64::MAX] {
        check(&*log, from, 5);
    }
}

fn not_next(open: &Opener) {
    let log = open();
    fill(&*log, 10, &[4]);
    for (first, count) in [(1, 1), (9, 2), (10, 5), (12, 1), (100, 1), (1, 20)] {
        let refused = log.append(&block(first, count)).expect_err("refused");
        let AppendError::NotNext { expected, found } = refused else {
            panic!("a block at #{first} after #10: {refused}");
        };
        assert_eq!((expected, found), (Position::new(11), Position::new(first)));
        assert_eq!(log.head(), Position::new(10));
    }
    fill(&*log, 12, &[2]);
    check(&*log, 1, 12);
}

fn all_or_nothing(open: &Opener) {
    let log = open();
    fill(&*log, 10, &[10]);
    log.append(&block(10, 300)).expect_err("begins at the head");
    log.append(&block(12, 300)).expect_err("leaves a gap");
    check(&*log, 1, 10);
    drop(log);
    check(&*open(), 1, 10);
}

fn scan_while_appending(open: &Opener) {
    let log = open();
    fill(&*log, 50, &[50]);
    thread::scope(|scope| {
        let writer = scope.spawn(|| fill(&*log, 3000, &[1, 9, 30, 300]));
        while !writer.is_finished() {
            let before = log.head();
            for from in [1, 40, before.get() - 3] {
                let mut next = Position::new(from);
                scan_all(&*log, from, &mut |record| {
                    assert_eq!(record.at(), next, "a scan from #{from} while appending");
                    next = next.next();
                });
                assert!(next > before, "a scan from #{from} ended before {before}");
            }
        }
    });
    check(&*log, 1, 3000);
}

fn head_as_of_the_call(open: &Opener) {
    let log = open();
    fill(&*log, 20, &[1]);
    let mut seen = 0;
    let scanned = log.scan(Position::new(1), &mut |records| {
        seen += records.len();
        if log.head() == Position::new(20) {
            fill(&*log, 1400, &[100]);
        }
        ControlFlow::Continue(())
    });
    scanned.expect("a scan");
    assert_eq!(seen, 20, "a scan of twenty records, more being appended meanwhile");
    check(&*log, 1, 1400);
}

fn breaks(open: &Opener) {
    let log = open();
    fill(&*log, 900, &[300, 1, 1]);
    for from in [1, 300, 301, 899] {
        let mut calls = 0;
        let scanned = log.scan(Position::new(from), &mut |records| {
            calls += 1;
            assert_eq!(records.first().map(ArchivedRecord::at), Some(Position::new(from)));
            ControlFlow::Break(())
        });
        scanned.expect("a scan");
        assert_eq!(calls, 1, "slices visited from #{from} after a break in the first");
    }
}

fn visitor_may_use_the_log(open: &Opener) {
    let log = open();
    fill(&*log, 10, &[1]);
    let scanned = log.scan(Position::new(1), &mut |_| {
        let next = log.head().get() + 1;
        log.append(&block(next, 1)).expect("appended by a visitor");
        check(&*log, 1, next);
        ControlFlow::Continue(())
    });
    scanned.expect("a scan");
    check(&*log, 1, log.head().get());
    assert!(log.head() > Position::new(10));
}

fn reopened(open: &Opener) {
    for until in [0, 1, 40, 1100, 1101, 3000, 3001] {
        let log = open();
        fill(&*log, until, &[1, 2, 3, 50, 400]);
        drop(log);
        let log = open();
        assert_eq!(log.head(), Position::new(until), "the head after opening again");
        check(&*log, 1, until);
    }
}

fn large_blocks(open: &Opener) {
    let log = open();
    let most = RECORDS_MAX as u64;
    fill(&*log, 1 + 3 * most, &[1, most]);
    let at = log.head().get() + 1;
    let large = 5 << 20;
    log.append(&block_of_bytes(at, large)).expect("a block of five megabytes");
    drop(log);
    let log = open();
    let found = record(&*log, Position::new(at)).expect("a read").expect("a record");
    assert!(found == record_of_bytes(at, large), "a record of five megabytes changed");
    let mut seen = 0;
    scan_all(&*log, 1, &mut |_| seen += 1);
    assert_eq!(seen, at);
}

fn many_small_blocks(open: &Opener) {
    let log = open();
    fill(&*log, 2500, &[1]);
    check(&*log, 1, 2500);
    drop(log);
    let log = open();
    check(&*log, 1, 2500);
    fill(&*log, 2600, &[1]);
    for from in [1, 1023, 1024, 1025, 2048, 2049, 2500, 2600] {
        check(&*log, from, 2600);
    }
}

fn mixed_sizes(open: &Opener) {
    let log = open();
    for seed in 0..4 {
        let sizes: Vec<u64> = (0..40).map(|n| 1 + mix(seed, n) % (1 << (mix(n, seed) % 11))).collect();
        let until = log.head().get() + 4000;
        fill(&*log, until, &sizes);
        check(&*log, 1 + mix(seed, 99) % until, until);
    }
    check(&*log, 1, log.head().get());
}

fn single_records(open: &Opener) {
    let log = open();
    fill(&*log, 700, &[1, 299]);
    for at in [1, 2, 300, 301, 302, 700] {
        let found = record(&*log, Position::new(at)).expect("a read");
        assert_eq!(found, Some(record_at(at)));
    }
    for at in [0, 701, u64::MAX] {
        let found = record(&*log, Position::new(at)).expect("a read");
        assert_eq!(found, None, "#{at}");
    }
}

fn two_writers(open: &Opener) {
    let log = open();
    let append_until_100 = || {
        let mut refused = 0;
        while log.head() < Position::new(100) {
            match log.append(&block(log.head().get() + 1, 1)) {
                Ok(_) => {}
                Err(AppendError::NotNext { .. }) => refused += 1,
                Err(e) => panic!("an append beside another one: {e}"),
            }
        }
        refused
    };
    thread::scope(|scope| {
        scope.spawn(append_until_100);
        scope.spawn(append_until_100);
    });
    check(&*log, 1, log.head().get());
}
