//! How long a switch takes, warm and cold, what readers and publishers feel of it, and whether the size of
//! the log matters.
//!
//! The floor of a warm switch is what a record costs at all: one append of a small block with its sync. The
//! floor of a cold rewind is a replay of the same log into the same version by an engine that does nothing
//! else.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use selfsame_core::{Answer, Budget, Request, Settings};
use selfsame_log::{FjallLog, Log};
use selfsame_node::{Engine, Handle, Intent, Proof, replay};
use selfsame_record::{Block, Body, Principal, Record, VersionNo};

use crate::report::{percentile, rate, table, time};
use crate::{Scale, corpus};

/// Publishers that publish one event after the other while versions switch.
const PUBLISHERS: usize = 4;

/// What was felt at switches, in seconds.
struct Felt {
    switches: Vec<f64>,
    reads: Vec<f64>,
    publishes: Vec<f64>,
    /// Until the version answers again that has to be built first.
    cold: f64,
    /// The same fold by an engine that does nothing else.
    replay: f64,
    records: u64,
}

/// Prints the figures.
pub(crate) fn run(scale: Scale) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (mut warm, mut cold) = (Vec::new(), Vec::new());
    for events in scale.rewind_sizes {
        let folder = tempfile::tempdir().expect("a folder");
        let mut felt = runtime.block_on(felt(folder.path(), events, scale.rewinds));
        let mut floor = appends(&folder.path().join("floor"), scale.rewinds);
        let ratio = percentile(&mut felt.switches, 50) / percentile(&mut floor, 50);
        warm.push(vec![
            events.to_string(),
            time(percentile(&mut floor, 50)),
            time(percentile(&mut felt.switches, 50)),
            time(percentile(&mut felt.switches, 99)),
            format!("{ratio:.2}"),
            time(percentile(&mut felt.reads, 99)),
            time(percentile(&mut felt.publishes, 99)),
        ]);
        let per_second = |seconds: f64| felt.records as f64 / seconds;
        cold.push(vec![
            events.to_string(),
            rate(per_second(felt.replay)),
            rate(per_second(felt.cold)),
            format!("{:.2}", felt.replay / felt.cold),
        ]);
    }
    let title = format!(
        "Warm rewind and roll forward, {} of them at each size of the log, {PUBLISHERS} publishers meanwhile",
        scale.rewinds
    );
    let header = [
        "events in the log",
        "floor: append + sync",
        "switch, p50",
        "p99",
        "of its floor",
        "read meanwhile, p99",
        "publish meanwhile, p99",
    ];
    table(&title, &header, &warm);
    let header = ["events in the log", "floor: replay, records/s", "cold rewind, records/s", "of its floor"];
    table("Cold rewind: the version is built first, while the present one serves", &header, &cold);
}

async fn felt(folder: &Path, events: u64, count: usize) -> Felt {
    let agent = Principal::parse("agent").expect("a name");
    let start = || Engine::open(folder, Settings { standbys_max: 2 }).expect("an engine");
    let engine = start();
    take_live(engine.handle(), &agent, corpus::V1, None).await;
    let admission = engine.handle().admission();
    engine.stop().await;
    let users = (events / 10).max(2);
    corpus::fill(folder, &admission, events, |number| corpus::draft(number, users));
    let engine = start();
    let handle = engine.handle().clone();
    let (v1, v2) = (VersionNo::FIRST, take_live(&handle, &agent, corpus::V2, Some(VersionNo::FIRST)).await);
    let stop = Arc::new(AtomicBool::new(false));
    let reading = tokio::task::spawn_blocking({
        let (handle, stop) = (handle.clone(), Arc::clone(&stop));
        move || read_on(&handle, &stop)
    });
    let publishing: Vec<_> = (0..PUBLISHERS)
        .map(|n| tokio::spawn(publish_on(handle.clone(), n as u64, Arc::clone(&stop))))
        .collect();
    let mut switches = Vec::new();
    for turn in 0..count {
        let version = if turn % 2 == 0 { v1 } else { v2 };
        let request = Request::Rewind { version, expected: None, reason: String::new() };
        let started = Instant::now();
        handle.ask(&agent, request).await.outcome.expect("a rewind");
        switches.push(started.elapsed().as_secs_f64());
    }
    stop.store(true, Ordering::Relaxed);
    let reads = reading.await.expect("a reader");
    let mut publishes = Vec::new();
    for publisher in publishing {
        publishes.extend(publisher.await.expect("a publisher"));
    }
    let (cold, replay, records) = cold(&handle, &agent, [v1, v2]).await;
    engine.stop().await;
    Felt { switches, reads, publishes, cold, replay, records }
}

/// Seconds that a rewind to a version takes that is not kept, those of a replay, and the records of each.
async fn cold(handle: &Handle, agent: &Principal, [v1, v2]: [VersionNo; 2]) -> (f64, f64, u64) {
    let active = handle.read(|serving| serving.active()).expect("an active version");
    let other = if active == v1 { v2 } else { v1 };
    handle.ask(agent, Request::Drop { version: other }).await.outcome.expect("a drop");
    let log = Arc::clone(handle.log());
    let replayed = tokio::task::spawn_blocking(move || {
        let (replayed, _) = replay(&*log, Some(other), None, &mut |_, _| {}).expect("a replay");
        replayed.seconds
    });
    let replayed = replayed.await.expect("a replay");
    let request = Request::Rewind { version: other, expected: None, reason: String::new() };
    let started = Instant::now();
    handle.ask(agent, request).await.outcome.expect("a rewind");
    while handle.read(|serving| serving.active()) != Some(other) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    (started.elapsed().as_secs_f64(), replayed, handle.position().get())
}

/// How long each read took until it was told to stop; every read finds a row.
fn read_on(handle: &Handle, stop: &AtomicBool) -> Vec<f64> {
    let mut reads = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let started = Instant::now();
        let found = handle.read(|s| {
            s.active_generation().and_then(|g| g.cache("visitor")?.get("user-00000001").map(|r| r.to_json()))
        });
        reads.push(started.elapsed().as_secs_f64());
        assert!(found.is_some(), "an empty read");
        std::thread::sleep(Duration::from_micros(50));
    }
    reads
}

/// How long each event waited, published one after the other.
async fn publish_on(handle: Handle, publisher: u64, stop: Arc<AtomicBool>) -> Vec<f64> {
    let web = Principal::parse(&format!("web-{publisher}")).expect("a name");
    let mut waits = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let number = waits.len() as u64;
        let request = corpus::request(&handle.admission(), number, 1000);
        let started = Instant::now();
        handle.ask(&web, request).await.outcome.expect("an event");
        waits.push(started.elapsed().as_secs_f64());
    }
    waits
}

/// Registers, builds, plans, validates and cuts over.
pub(crate) async fn take_live(
    handle: &Handle,
    agent: &Principal,
    document: &str,
    expected: Option<VersionNo>,
) -> VersionNo {
    let registered = handle.register(agent, document.to_owned()).await.outcome;
    let Ok(Answer::Registered { version, .. }) = registered else {
        panic!("not registered");
    };
    let build = Request::Build { version, budget: Budget::new(None, None, Some(100)).expect("a budget") };
    handle.ask(agent, build).await.outcome.expect("a build");
    switch(handle, agent, version, expected).await;
    version
}

/// Cuts over as soon as the candidate is built, planned and validated.
async fn switch(handle: &Handle, agent: &Principal, version: VersionNo, expected: Option<VersionNo>) {
    if expected.is_some() {
        handle.plan_change(agent, version, Intent::default()).await.outcome.expect("a plan");
    }
    loop {
        let evidence = match expected {
            Some(_) => handle.validate(agent, version, Proof::default()).await.outcome.map(Some),
            None => Ok(None),
        };
        let evidence = evidence.map(|answer| match answer {
            Some(Answer::Validated { evidence, .. }) => Some(evidence),
            _ => None,
        });
        let outcome = match evidence {
            Ok(evidence) => {
                let request = Request::Cutover { version, expected, evidence };
                handle.ask(agent, request).await.outcome.map(|_| ())
            }
            Err(refusal) => Err(refusal),
        };
        match outcome {
            Ok(()) => return,
            Err(refusal) if refusal.code == selfsame_core::Code::NotBuilt => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(refusal) => panic!("{refusal}"),
        }
    }
}

fn appends(folder: &std::path::Path, count: usize) -> Vec<f64> {
    let log = FjallLog::open(folder).expect("a log");
    let append = |position: u64| {
        let body = Body::Control(r#"{"kind":"dropped","version":"v1"}"#.to_owned());
        let block = Block::pack(&vec![Record { position, time_us: 0, principal: "bench".to_owned(), body }]);
        let started = Instant::now();
        log.append(&block).expect("an append");
        started.elapsed().as_secs_f64()
    };
    (1..=count as u64).map(append).collect()
}
