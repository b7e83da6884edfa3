//! Durable publish over NATS, one event a request, beside its floor and a peer.
//!
//! - Floor: an echo that gathers what waits, writes it to a file, syncs once and answers. It validates,
//!   keeps and folds nothing.
//! - Peer: JetStream's own publish to a file-backed stream, which acknowledges without a sync.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use async_nats::{Client, HeaderMap};
use selfsame_core::{Budget, Request, Settings};
use selfsame_node::Engine;
use selfsame_node::nats::{self, ManagedNats, NatsOptions, TRAY_BYTES_DEFAULT};
use selfsame_record::{Principal, VersionNo};
use tokio::task::JoinSet;

use crate::report::{median, percentile, rate, table, time};
use crate::{Scale, corpus};

const IN_FLIGHT: [usize; 3] = [1, 64, 256];
const USERS: u64 = 10_000;

/// Events per second, and the seconds that 99 of 100 requests stay below.
struct Run {
    rate: f64,
    p99: f64,
}

/// Prints the figures.
pub(crate) fn run(scale: Scale) {
    tokio::runtime::Runtime::new().expect("a runtime").block_on(measure(scale));
}

async fn measure(scale: Scale) {
    let folder = tempfile::tempdir().expect("a folder");
    let server = tokio::task::block_in_place(|| ManagedNats::start(&folder.path().join("nats")));
    let server = server.expect("nats-server, which this needs");
    let client = async_nats::connect(server.url()).await.expect("a connection");
    let engine = start_engine(folder.path()).await;
    let options = NatsOptions::claimed(TRAY_BYTES_DEFAULT);
    let plane = nats::start(engine.handle().clone(), server.url(), options).await.expect("a connection");
    let echo = tokio::spawn(echo(client.clone(), folder.path().join("echo")));
    let jetstream = async_nats::jetstream::new(client.clone());
    let config = async_nats::jetstream::stream::Config {
        name: "PEER".to_owned(),
        subjects: vec!["peer.>".to_owned()],
        ..Default::default()
    };
    jetstream.create_stream(config).await.expect("a stream");
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut rows = Vec::new();
    let mut next = 0;
    for in_flight in IN_FLIGHT {
        let count = if in_flight == 1 { scale.publishes / 10 } else { scale.publishes };
        let mut runs: [Vec<Run>; 3] = Default::default();
        for _ in 0..scale.runs {
            for (all, subject) in
                runs.iter_mut().zip(["echo.sync", "selfsame.in.bench.page.viewed", "peer.page"])
            {
                all.push(publish(&client, subject, next, count, in_flight).await);
                next += count;
            }
        }
        rows.push(row(in_flight, runs));
    }
    let title = format!("Durable publish over NATS, medians of {} runs", scale.runs);
    let header = [
        "in flight",
        "floor: echo + sync",
        "Selfsame",
        "of its floor",
        "p99 floor",
        "p99 Selfsame",
        "peer: JetStream (no sync)",
    ];
    table(&title, &header, &rows);
    echo.abort();
    plane.stop().await;
    engine.stop().await;
}

fn row(in_flight: usize, runs: [Vec<Run>; 3]) -> Vec<String> {
    let [floor, ours, peer] = runs.map(|runs| {
        let mut rates: Vec<f64> = runs.iter().map(|r| r.rate).collect();
        let mut waits: Vec<f64> = runs.iter().map(|r| r.p99).collect();
        (median(&mut rates), median(&mut waits))
    });
    vec![
        in_flight.to_string(),
        rate(floor.0),
        rate(ours.0),
        format!("{:.2}", ours.0 / floor.0),
        time(floor.1),
        time(ours.1),
        rate(peer.0),
    ]
}

async fn start_engine(folder: &Path) -> Engine {
    let engine = Engine::open(&folder.join("engine"), Settings { standbys_max: 1 }).expect("an engine");
    let handle = engine.handle();
    let agent = Principal::parse("agent").expect("a name");
    handle.register(&agent, corpus::V1.to_owned()).await.outcome.expect("a version");
    let build = Request::Build { version: VersionNo::FIRST, budget: Budget::default() };
    handle.ask(&agent, build).await.outcome.expect("a build");
    let cutover = || Request::Cutover { version: VersionNo::FIRST, expected: None, evidence: None };
    while handle.ask(&agent, cutover()).await.outcome.is_err() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    engine
}

/// Publishes events from number `first` on, so many at a time, each answered before its task sends another.
async fn publish(client: &Client, subject: &str, first: u64, count: u64, in_flight: usize) -> Run {
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    let each = count / in_flight as u64;
    for task in 0..in_flight as u64 {
        let (client, subject) = (client.clone(), subject.to_owned());
        tasks.spawn(async move {
            let mut waits = Vec::new();
            for number in (first + task * each)..(first + (task + 1) * each) {
                let sent = Instant::now();
                let (headers, data) = message(number);
                let reply = client.request_with_headers(subject.clone(), headers, data.into()).await;
                let reply = reply.expect("an answer");
                let refused =
                    reply.payload.starts_with(b"{\"error") || find(&reply.payload, b"urn:selfsame:error");
                assert!(!refused, "{}", String::from_utf8_lossy(&reply.payload));
                waits.push(sent.elapsed().as_secs_f64());
            }
            waits
        });
    }
    let mut waits: Vec<f64> = tasks.join_all().await.into_iter().flatten().collect();
    let rate = waits.len() as f64 / started.elapsed().as_secs_f64();
    Run { rate, p99: percentile(&mut waits, 99) }
}

fn find(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}

fn message(number: u64) -> (HeaderMap, String) {
    let draft = corpus::draft(number, USERS);
    let mut headers = HeaderMap::new();
    for (name, value) in &draft.attributes {
        headers.insert(format!("ce-{name}"), value.as_str());
    }
    (headers, corpus::data(number, USERS))
}

/// Answers each message once it is synced, all that wait with one sync.
async fn echo(client: Client, path: std::path::PathBuf) {
    use futures_util::StreamExt;
    let mut messages = client.subscribe("echo.>").await.expect("a subscription").ready_chunks(1024);
    let mut file = File::create(path).expect("a file");
    while let Some(waiting) = messages.next().await {
        for message in &waiting {
            file.write_all(&message.payload).expect("a write");
        }
        tokio::task::block_in_place(|| file.sync_data()).expect("a sync");
        for message in waiting {
            if let Some(reply) = message.reply {
                client.publish(reply, "ok".into()).await.expect("a connection");
            }
        }
    }
}
