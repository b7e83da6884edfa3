//! What services notice while one agent sends refused registrations as fast as it can be told to.
//!
//! The log is on disk and synced. Services publish at a fixed rate, well below what the engine can; the agent's requests come over HTTP
//! on connections of its own, many in flight, from a thread of this process: what it costs to send them is part of
//! the figure. Floor: the same publishers without the agent, alternated. There is no peer.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use selfsame_core::Settings;
use selfsame_node::{Engine, Handle, http};
use selfsame_record::Principal;
use tokio::net::TcpListener;

use crate::Scale;
use crate::corpus::{V1, draft};
use crate::fort::{Fort, take_live};
use crate::report::{median, percentile, rate, table, time};

/// Requests of the agent in a second.
const FLOOD: u64 = 10_000;
/// Connections of the agent.
const CONNECTIONS: u64 = 20;
/// Publishers of the services; each has one event in flight.
const PUBLISHERS: u64 = 16;
/// Events of the services in a second, all together.
const EVENTS: u64 = 4_000;

pub(crate) async fn run(scale: Scale) {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = Engine::open(folder.path(), Settings { standbys_max: 0 }).expect("an engine");
    let handle = engine.handle().clone();
    let agent = Principal::parse("coder").expect("a name");
    let registered = handle.register(&agent, V1.to_owned()).await;
    assert!(registered.outcome.is_ok(), "{registered:?}");
    take_live(&handle, &agent).await;
    let fort = Fort::make();
    handle.bind(Some(Arc::clone(&fort.boundary))).await.outcome.expect("it is in force");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (stop, mut stopped) = tokio::sync::watch::channel(false);
    let serving = tokio::spawn(http::serve(handle.clone(), listener, async move {
        let _ = stopped.wait_for(|stop| *stop).await;
    }));
    let _ticks = engine.spawn_ticks();
    let (mut quiet, mut flooded) = (Vec::new(), Vec::new());
    let (mut quiet_rate, mut flooded_rate, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..scale.runs as u64 {
        let (p99, rate) = publish(&handle, &fort, 2 * run, scale.publishes).await;
        quiet.push(p99);
        quiet_rate.push(rate);
        let flood = Flood::start(address, &fort.coder);
        let start = Instant::now();
        let (p99, rate) = publish(&handle, &fort, 2 * run + 1, scale.publishes).await;
        let seconds = start.elapsed().as_secs_f64();
        flooded.push(p99);
        flooded_rate.push(rate);
        refused.push(flood.stop() as f64 / seconds);
    }
    let medians =
        [&mut quiet, &mut flooded, &mut quiet_rate, &mut flooded_rate, &mut refused].map(|f| median(f));
    let [quiet, flooded, quiet_rate, flooded_rate, refused] = medians;
    table(
        "Durable publishing while one agent's registrations are refused",
        &["what", "p99", "published", "refused"],
        &[
            vec!["without the agent".to_owned(), time(quiet), rate(quiet_rate), "none".to_owned()],
            vec!["with it".to_owned(), time(flooded), rate(flooded_rate), rate(refused)],
            vec![
                "ratio".to_owned(),
                format!("{:.2}", flooded / quiet),
                format!("{:.2}", flooded_rate / quiet_rate),
                String::new(),
            ],
        ],
    );
    stop.send_replace(true);
    let _ = serving.await;
    engine.stop().await;
}

/// Publishes so many events, and says the 99th percentile of the waits and the rate.
async fn publish(handle: &Handle, fort: &Fort, run: u64, events: u64) -> (f64, f64) {
    let start = Instant::now();
    let next = Arc::new(AtomicU64::new(0));
    let publishers = (0..PUBLISHERS).map(|_| {
        let (handle, next, web) = (handle.clone(), Arc::clone(&next), fort.web.clone());
        tokio::spawn(async move {
            let mut waits = Vec::new();
            let mut due = tokio::time::interval(Duration::from_micros(1_000_000 * PUBLISHERS / EVENTS));
            loop {
                due.tick().await;
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= events {
                    return waits;
                }
                let asked = Instant::now();
                let web = handle.identify(Some(&web)).expect("a member").expect("a boundary");
                let reply = handle.publish(&web, &[draft(run * events + number, 1000)]).await;
                assert!(reply.outcome.is_ok(), "{reply:?}");
                waits.push(asked.elapsed().as_secs_f64());
            }
        })
    });
    let mut waits = Vec::new();
    for publisher in publishers.collect::<Vec<_>>() {
        waits.extend(publisher.await.expect("no panic"));
    }
    let rate = events as f64 / start.elapsed().as_secs_f64();
    (percentile(&mut waits, 99), rate)
}

/// The agent, on threads of its own.
struct Flood {
    stop: Arc<AtomicBool>,
    threads: Vec<std::thread::JoinHandle<u64>>,
}

impl Flood {
    fn start(address: SocketAddr, authorization: &str) -> Flood {
        let stop = Arc::new(AtomicBool::new(false));
        let body = "selfsame: 1\nname: flood\nevents: { a: 1 }\n";
        let request = format!(
            "POST /v1/versions HTTP/1.1\r\nhost: x\r\nauthorization: {authorization}\r\ncontent-type: application/yaml\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let thread = |_| {
            let (stop, request) = (Arc::clone(&stop), request.clone());
            std::thread::spawn(move || flood(address, &request, &stop))
        };
        Flood { threads: (0..CONNECTIONS).map(thread).collect(), stop: Arc::clone(&stop) }
    }

    /// How many were refused.
    fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    }
}

/// Sends a hundredth of a second's requests at once, reads their answers, and waits for the next hundredth.
fn flood(address: SocketAddr, request: &str, stop: &AtomicBool) -> u64 {
    let pause = Duration::from_millis(10);
    let burst = FLOOD / CONNECTIONS / 100;
    let many = request.repeat(usize::try_from(burst).expect("a few"));
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_nodelay(true).expect("an option");
    let (mut refused, mut due) = (0, Instant::now());
    let mut buffer = vec![0; 256 * 1024];
    while !stop.load(Ordering::Relaxed) {
        stream.write_all(many.as_bytes()).expect("sent");
        let mut answered = 0;
        let mut text = String::new();
        while answered < burst {
            let read = stream.read(&mut buffer).expect("an answer");
            assert!(read > 0, "the connection was closed");
            text.push_str(&String::from_utf8_lossy(buffer.get(..read).unwrap_or_default()));
            answered = text.matches("HTTP/1.1 4").count() as u64;
        }
        refused += answered;
        due += pause;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    refused
}
