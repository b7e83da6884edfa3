//! How long a warm rewind takes, and whether the size of the log matters.
//!
//! The floor is what a record costs at all: one append of a small block with its sync.

use std::time::Instant;

use selfsame_core::{Answer, Budget, Request, Settings};
use selfsame_log::{FjallLog, Log};
use selfsame_node::{Engine, Intent, Proof};
use selfsame_record::{Block, Body, Principal, Record, VersionNo};

use crate::report::{percentile, table, time};
use crate::{Scale, corpus};

/// Prints the figures.
pub(crate) fn run(scale: Scale) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut rows = Vec::new();
    for events in scale.rewind_sizes {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut rewinds, mut reads) = runtime.block_on(rewinds(folder.path(), events, scale.rewinds));
        let mut floor = appends(&folder.path().join("floor"), scale.rewinds);
        let ratio = percentile(&mut rewinds, 50) / percentile(&mut floor, 50);
        rows.push(vec![
            events.to_string(),
            time(percentile(&mut floor, 50)),
            time(percentile(&mut rewinds, 50)),
            time(percentile(&mut rewinds, 99)),
            format!("{ratio:.2}"),
            time(percentile(&mut reads, 99)),
        ]);
    }
    let title = format!("Warm rewind and roll forward, {} of them at each size of the log", scale.rewinds);
    let header = [
        "events in the log",
        "floor: append + sync",
        "switch, p50",
        "p99",
        "of its floor",
        "read meanwhile, p99",
    ];
    table(&title, &header, &rows);
}

/// The seconds that each switch took, and those that a reader took meanwhile.
async fn rewinds(folder: &std::path::Path, events: u64, count: usize) -> (Vec<f64>, Vec<f64>) {
    let engine = Engine::open(folder, Settings { standbys_max: 2 }).expect("an engine");
    let handle = engine.handle().clone();
    let agent = Principal::parse("agent").expect("a name");
    let mut versions = Vec::new();
    for document in [corpus::V1, corpus::V2] {
        let registered = handle.register(&agent, document.to_owned()).await.outcome;
        let Ok(Answer::Registered { version, .. }) = registered else {
            panic!("not registered");
        };
        handle
            .ask(&agent, Request::Build { version, budget: Budget::default() })
            .await
            .outcome
            .expect("a build");
        let expected = versions.last().copied();
        switch(&handle, &agent, version, expected).await;
        versions.push(version);
        if versions.len() == 1 {
            fill(&handle, &agent, events).await;
        }
    }
    let reader = handle.clone();
    let (stop, mut stopped) = tokio::sync::oneshot::channel();
    let reading = tokio::task::spawn_blocking(move || {
        let mut reads = Vec::new();
        while stopped.try_recv().is_err() {
            let started = Instant::now();
            let found = reader.read(|s| {
                s.active_generation()
                    .and_then(|g| g.cache("visitor")?.get("user-00000001").map(|r| r.to_json()))
            });
            reads.push(started.elapsed().as_secs_f64());
            assert!(found.is_some(), "an empty read");
            std::thread::sleep(std::time::Duration::from_micros(50));
        }
        reads
    });
    let mut seconds = Vec::new();
    for turn in 0..count {
        let Some(&version) = versions.get(turn % 2) else { break };
        let request = Request::Rewind { version, expected: None, reason: String::new() };
        let started = Instant::now();
        handle.ask(&agent, request).await.outcome.expect("a rewind");
        seconds.push(started.elapsed().as_secs_f64());
    }
    let _ = stop.send(());
    let reads = reading.await.expect("a reader");
    engine.stop().await;
    (seconds, reads)
}

/// Cuts over as soon as the candidate is built, planned and validated.
async fn switch(
    handle: &selfsame_node::Handle,
    agent: &Principal,
    version: VersionNo,
    expected: Option<VersionNo>,
) {
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
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            Err(refusal) => panic!("{refusal}"),
        }
    }
}

async fn fill(handle: &selfsame_node::Handle, agent: &Principal, events: u64) {
    let admission = handle.admission();
    let users = (events / 10).max(2);
    let mut number = 0;
    while number < events {
        let upto = (number + 500).min(events);
        let pending = (number..upto).map(|n| corpus::request(&admission, n, users));
        let pending: Vec<_> = pending.map(|request| handle.submit(agent, request)).collect();
        for reply in pending {
            reply.reply().await.outcome.expect("an event");
        }
        number = upto;
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
