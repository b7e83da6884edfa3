//! How long a shadow build takes, what it passes over or shares, and what others feel of it.
//!
//! The floor is a plain scan of the same log, which checks each block and looks at no record.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use selfsame_core::{Answer, Budget, Draft, Request, Settings, Stage};
use selfsame_log::Log;
use selfsame_node::{Engine, Handle};
use selfsame_record::{Position, Principal, VersionNo};

use crate::report::{median, percentile, rate, table, time};
use crate::{Scale, corpus};

/// One event in so many is of the type that is read by the versions that read one.
const READ_ONE_IN: u64 = 20;

/// Events a second that come in beside a build.
const INGEST: u64 = 20_000;

/// How the events of the type that is read lie in the log.
#[derive(Clone, Copy, PartialEq)]
enum Layout {
    Spread,
    Together,
}

impl Layout {
    fn is_read(self, number: u64, count: u64) -> bool {
        match self {
            Layout::Spread => number.is_multiple_of(READ_ONE_IN),
            Layout::Together => (count / 2..count / 2 + count / READ_ONE_IN).contains(&number),
        }
    }
}

/// Prints the figures.
pub(crate) fn run(scale: Scale) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let mut rows = Vec::new();
    for (layout, name) in [(Layout::Spread, "spread"), (Layout::Together, "together")] {
        let folder = folder.path().join(name);
        let world = runtime.block_on(World::open(&folder, scale.built, layout));
        let mut figures: Vec<(String, Vec<f64>)> = vec![(format!("floor: scan, {name}"), vec![])];
        figures.extend(world.children.iter().map(|(what, _)| (format!("{what}, {name}"), vec![])));
        for _ in 0..scale.runs {
            for (index, (_, seconds)) in figures.iter_mut().enumerate() {
                let build = index.checked_sub(1).and_then(|index| world.children.get(index));
                seconds.push(match build {
                    Some((_, version)) => runtime.block_on(world.build(*version, 100)),
                    None => scan(&**world.handle.log()),
                });
            }
        }
        let mut floor = f64::NAN;
        for (index, (what, mut seconds)) in figures.into_iter().enumerate() {
            let seconds = median(&mut seconds);
            floor = if index == 0 { seconds } else { floor };
            let per_second = rate(scale.built as f64 / seconds);
            rows.push(vec![what, time(seconds), per_second, format!("{:.2}", seconds / floor)]);
        }
        if layout == Layout::Spread {
            felt(&runtime, &world);
        }
        runtime.block_on(world.engine.stop());
    }
    let title =
        format!("Shadow build of {} events, 1 in {READ_ONE_IN} of the type that is read", scale.built);
    table(&title, &["", "time", "events", "of the floor"], &rows);
}

/// Prints what a reader and a publisher feel while something is built.
fn felt(runtime: &tokio::runtime::Runtime, world: &World) {
    let Some((_, version)) = world.children.first() else { return };
    let mut rows = Vec::new();
    for share in [None, Some(100), Some(50), Some(25)] {
        let Felt { mut reads, mut publishes, ingested, seconds } =
            runtime.block_on(world.beside(*version, share));
        rows.push(vec![
            share.map_or("nothing is built".to_owned(), |share| format!("a build with {share} %")),
            share.map_or(String::new(), |_| time(seconds)),
            rate(ingested),
            time(percentile(&mut reads, 50)),
            time(percentile(&mut reads, 99)),
            time(percentile(&mut publishes, 50)),
            time(percentile(&mut publishes, 99)),
        ]);
    }
    let header = ["meanwhile", "build", "ingest", "read, p50", "p99", "publish, p50", "p99"];
    let title = "Reads and publishes beside a build that reads everything, 20,000 events a second coming in";
    table(title, &header, &rows);
}

fn scan(log: &dyn Log) -> f64 {
    let started = Instant::now();
    let mut records = 0;
    log.scan(Position::ZERO.next(), &mut |slice| {
        records += slice.len();
        ControlFlow::Continue(())
    })
    .expect("a scan");
    assert_eq!(records as u64, log.head().get());
    started.elapsed().as_secs_f64()
}

struct World {
    engine: Engine,
    handle: Handle,
    agent: Principal,
    /// What is built, and its version.
    children: Vec<(&'static str, VersionNo)>,
}

impl World {
    /// An engine on a log of so many events, with the versions that are built.
    async fn open(folder: &Path, events: u64, layout: Layout) -> World {
        let agent = Principal::parse("agent").expect("a name");
        let first = World::start(folder, &agent);
        first.register(&document("base", "", VISITS, PINGS, "")).await;
        let _ = first.build(VersionNo::FIRST, 100).await;
        let cutover = Request::Cutover { version: VersionNo::FIRST, expected: None, evidence: None };
        first.ask(cutover).await;
        let admission = first.handle.admission();
        first.engine.stop().await;
        drop(first.handle);
        fill(folder, &admission, events, layout);
        let mut world = World::start(folder, &agent);
        let own = VISITS.replace("visitor:", "visitor_own:").replace("time_on_site:", "time_own:");
        let pings = PINGS.replace("pings:", "pings_own:");
        let more = "  agents: { kind: cache, on: { page.viewed: { set: { agent: $.agent } } } }\n";
        for (what, document) in [
            ("all types read", document("all", "v1", &own, &pings, "")),
            ("one type read", document("one", "v1", &own, "", "")),
            ("all but one projection shared", document("shared", "v1", VISITS, PINGS, more)),
        ] {
            let version = world.register(&document).await;
            world.children.push((what, version));
        }
        world
    }

    fn start(folder: &Path, agent: &Principal) -> World {
        let engine = Engine::open(folder, Settings { standbys_max: 2 }).expect("an engine");
        let handle = engine.handle().clone();
        World { engine, handle, agent: agent.clone(), children: vec![] }
    }

    async fn ask(&self, request: Request) -> Answer {
        self.handle.ask(&self.agent, request).await.outcome.expect("it is done")
    }

    async fn register(&self, document: &str) -> VersionNo {
        let registered = self.handle.register(&self.agent, document.to_owned()).await.outcome;
        let Ok(Answer::Registered { version, .. }) = registered else { panic!("{registered:?}") };
        version
    }

    /// The seconds until the version is a candidate; it is dropped again, unless it is the first.
    async fn build(&self, version: VersionNo, share: u8) -> f64 {
        let budget = Budget::new(None, None, Some(share)).expect("a budget");
        let started = Instant::now();
        self.ask(Request::Build { version, budget }).await;
        let is_ready = || {
            self.handle.read(|s| matches!(s.status().lifecycle.stage(version), Some(Stage::Candidate { .. })))
        };
        while !is_ready() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let seconds = started.elapsed().as_secs_f64();
        if version != VersionNo::FIRST {
            self.ask(Request::Drop { version }).await;
        }
        seconds
    }

    /// Seconds of reads and of publishes while the version is built, and of the build; or for a second.
    async fn beside(&self, version: VersionNo, share: Option<u8>) -> Felt {
        let stop = Arc::new(AtomicBool::new(false));
        let reading = tokio::task::spawn_blocking({
            let (handle, stop) = (self.handle.clone(), Arc::clone(&stop));
            move || reads(&handle, &stop)
        });
        let publishing = tokio::spawn(publishes(self.handle.clone(), Arc::clone(&stop)));
        let ingesting = tokio::spawn(ingest(self.handle.clone(), Arc::clone(&stop)));
        let seconds = match share {
            Some(share) => self.build(version, share).await,
            None => {
                tokio::time::sleep(Duration::from_secs(3)).await;
                3.0
            }
        };
        stop.store(true, Ordering::Relaxed);
        let reads = reading.await.expect("a reader");
        let publishes = publishing.await.expect("a publisher");
        let ingested = ingesting.await.expect("a publisher");
        Felt { reads, publishes, ingested, seconds }
    }
}

/// What was felt beside a build.
struct Felt {
    reads: Vec<f64>,
    publishes: Vec<f64>,
    /// Events per second that came in.
    ingested: f64,
    seconds: f64,
}

/// Publishes about [`INGEST`] events a second, all that five milliseconds bring at once; how many a second came
/// through.
async fn ingest(handle: Handle, stop: Arc<AtomicBool>) -> f64 {
    let publisher = Principal::parse("ingest").expect("a name");
    let (run, started, mut number) = (handle.position(), Instant::now(), 0_u64);
    let mut ticks = tokio::time::interval(Duration::from_millis(5));
    while !stop.load(Ordering::Relaxed) {
        ticks.tick().await;
        let mut pending = Vec::new();
        for _ in 0..INGEST / 200 {
            number += 1;
            let data = format!(r#"{{"user":"user-{:08}"}}"#, number % 1000);
            let draft = draft(&format!("{run} {number}"), "page.pinged", &data);
            pending.push(
                handle.submit_waiting(&publisher, handle.admit(&publisher, &[draft], None, None)).await,
            );
        }
        for reply in pending {
            reply.reply().await.outcome.expect("published");
        }
    }
    number as f64 / started.elapsed().as_secs_f64()
}

fn reads(handle: &Handle, stop: &AtomicBool) -> Vec<f64> {
    let mut seconds = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let started = Instant::now();
        let found = handle
            .read(|s| s.active_generation()?.cache("visitor")?.get("user-00000000").map(|row| row.to_json()));
        seconds.push(started.elapsed().as_secs_f64());
        assert!(found.is_some(), "an empty read");
        std::thread::sleep(Duration::from_micros(50));
    }
    seconds
}

async fn publishes(handle: Handle, stop: Arc<AtomicBool>) -> Vec<f64> {
    let publisher = Principal::parse("publisher").expect("a name");
    let mut seconds = Vec::new();
    // Ids of this process's own, so that a later run does not repeat them.
    let run = handle.position();
    while !stop.load(Ordering::Relaxed) {
        let draft = draft(&format!("{run} {}", seconds.len()), "page.pinged", r#"{"user":"user-00000000"}"#);
        let started = Instant::now();
        handle.publish(&publisher, &[draft]).await.outcome.expect("published");
        seconds.push(started.elapsed().as_secs_f64());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    seconds
}

const VISITS: &str = "  visitor:
    kind: cache
    on: { page.viewed: { set: { page: $.page, agent: $.agent }, add: { views: 1 } } }
  time_on_site:
    kind: view
    key: $.user
    on: { page.viewed: { add: { millis: $.millis, views: 1 }, max: { last: $time } } }
";
const PINGS: &str = "  pings:
    kind: view
    key: $.user
    on: { page.pinged: { add: { pings: 1 }, max: { last: $time } } }
";

/// A version of the one set of events, with these projections.
fn document(name: &str, parent: &str, visits: &str, pings: &str, more: &str) -> String {
    let parent = if parent.is_empty() { String::new() } else { format!("parent: {parent}\n") };
    format!(
        "selfsame: 1
name: {name}
{parent}events:
  page.viewed:
    key: /user
    schema:
      type: object
      required: [user, page, millis]
      properties:
        user: {{ type: string }}
        page: {{ type: string }}
        millis: {{ type: integer }}
        agent: {{ type: string }}
        referrer: {{ type: string }}
  page.pinged:
    key: /user
    schema:
      type: object
      required: [user]
      properties: {{ user: {{ type: string }}, page: {{ type: string }}, millis: {{ type: integer }}, agent: {{ type: string }}, referrer: {{ type: string }} }}
projections:
{visits}{pings}{more}"
    )
}

fn draft(id: &str, event_type: &str, data: &str) -> Draft {
    let named = [
        ("specversion", "1.0"),
        ("type", event_type),
        ("source", "/bench"),
        ("id", id),
        ("dataschema", "v1"),
    ];
    let attributes: BTreeMap<String, String> =
        named.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Draft { attributes, data: data.as_bytes().to_vec() }
}

/// Appends the events to the log in the folder, as an engine would have left them.
fn fill(folder: &Path, admission: &selfsame_core::Admission, events: u64, layout: Layout) {
    let users = (events / 10).max(2);
    corpus::fill(folder, admission, events, |number| {
        let event_type = if layout.is_read(number, events) { "page.viewed" } else { "page.pinged" };
        // The user whom the readers read has a visit in every layout.
        let is_first = layout.is_read(number, events) && number % users < READ_ONE_IN;
        let data = corpus::data(if is_first { 0 } else { number }, users);
        draft(&number.to_string(), event_type, &data)
    });
}
