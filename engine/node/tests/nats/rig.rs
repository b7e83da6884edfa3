//! An engine on a log in memory, its NATS plane, and a client.

use std::sync::Arc;
use std::time::Duration;

use async_nats::HeaderMap;
use selfsame_core::{Budget, Draft, Request, Settings};
use selfsame_log::{FaultyLog, MemoryLog, Schedule};
use selfsame_node::nats::client::{ClientError, Publisher};
use selfsame_node::nats::{self, NatsOptions, NatsPlane, TRAY_BYTES_DEFAULT, TrayState};
use selfsame_node::{Engine, Handle, read};
use selfsame_record::{Key, Name, Principal, VersionNo};
use serde_json::{Value, json};

use crate::server::Nats;

/// Users with a cache and a view.
pub(crate) const V1: &str = include_str!("v1.yaml");

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) type TestLog = Arc<FaultyLog<MemoryLog>>;

/// A running engine that listens on NATS.
pub(crate) struct Rig {
    pub(crate) nats: Nats,
    pub(crate) engine: Engine,
    pub(crate) plane: NatsPlane,
    pub(crate) log: TestLog,
}

pub(crate) fn log(faults: Schedule) -> TestLog {
    Arc::new(FaultyLog::new(MemoryLog::new(), faults))
}

pub(crate) fn engine(log: &TestLog) -> Engine {
    Engine::start(Arc::clone(log) as Arc<dyn selfsame_log::Log>, Settings { standbys_max: 1 })
        .expect("an engine")
}

pub(crate) async fn plane(engine: &Engine, nats: &Nats) -> NatsPlane {
    let options = NatsOptions::claimed(TRAY_BYTES_DEFAULT);
    nats::start(engine.handle().clone(), &nats.url(), options).await.expect("an address")
}

impl Rig {
    /// With V1 active and everything listening.
    pub(crate) async fn start() -> Rig {
        Rig::on(Nats::start().await).await
    }

    pub(crate) async fn on(nats: Nats) -> Rig {
        let log = log(Schedule::none());
        let engine = engine(&log);
        activate(engine.handle()).await;
        let plane = plane(&engine, &nats).await;
        let rig = Rig { nats, engine, plane, log };
        rig.until_reading().await;
        rig
    }

    pub(crate) fn handle(&self) -> &Handle {
        self.engine.handle()
    }

    pub(crate) async fn until_reading(&self) {
        let reading = async || {
            let status = self.plane.status();
            status.connected && status.tray == TrayState::Reading
        };
        until("the plane listens", reading).await;
    }

    pub(crate) async fn publisher(&self) -> Publisher {
        Publisher::connect(&self.nats.url()).await.expect("a connection")
    }

    /// A client without the project's own library.
    pub(crate) async fn client(&self) -> async_nats::Client {
        async_nats::connect(self.nats.url()).await.expect("a connection")
    }

    /// The city that a user's profile shows.
    pub(crate) fn city(&self, user: &str) -> Option<String> {
        city(self.handle(), user)
    }

    /// Waits until a user's profile shows the city.
    pub(crate) async fn until_city(&self, user: &str, city: &str) {
        until(&format!("{user} lives in {city}"), async || self.city(user).as_deref() == Some(city)).await;
    }

    pub(crate) fn events(&self) -> u64 {
        self.handle().read(selfsame_core::Serving::events)
    }

    /// What is noted as refused, newest first.
    pub(crate) fn refused(&self) -> Vec<Value> {
        let served: Value =
            serde_json::from_str(&read::refused(self.handle(), None, 1000).body).expect("JSON");
        served["refused"].as_array().expect("a list").clone()
    }

    pub(crate) async fn stop(self) -> (Nats, TestLog) {
        self.plane.stop().await;
        self.engine.stop().await;
        (self.nats, self.log)
    }
}

pub(crate) fn city(handle: &Handle, user: &str) -> Option<String> {
    let served = read::get(handle, "profile", user, None).ok()?;
    let answer: Value = serde_json::from_str(&served.body).expect("JSON");
    answer["value"]["city"].as_str().map(str::to_owned)
}

/// Registers V1, builds it and cuts over.
pub(crate) async fn activate(handle: &Handle) {
    let tester = who("tester");
    let v1 = VersionNo::FIRST;
    let ask = async |request| handle.ask(&tester, request).await.outcome.expect("no refusal");
    handle.register(&tester, V1.to_owned()).await.outcome.expect("no refusal");
    ask(Request::Build { version: v1, budget: Budget::default() }).await;
    let live = async || handle.read(|s| s.status().lifecycle.stage(v1).is_some_and(|stage| stage.is_live()));
    until("v1 is built", live).await;
    ask(Request::Cutover { version: v1, expected: None, evidence: None }).await;
}

/// Waits until it is so.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(tokio::time::Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(crate) fn who(name: &str) -> Principal {
    Principal::parse(name).expect("a principal")
}

pub(crate) fn key(name: &str) -> Key {
    Key::parse(name).expect("a key")
}

pub(crate) fn name(name: &str) -> Name {
    Name::parse(name).expect("a name")
}

/// The event that a user lives somewhere.
pub(crate) fn registered(id: &str, user: &str, city: &str) -> Draft {
    Draft::structured(structured(id, user, city).to_string().as_bytes()).expect("an event")
}

/// The same in structured mode.
pub(crate) fn structured(id: &str, user: &str, city: &str) -> Value {
    json!({
        "specversion": "1.0",
        "type": "user.registered",
        "source": "/tests",
        "id": id,
        "data": { "user_id": user, "city": city },
    })
}

pub(crate) fn headers(rows: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    rows.iter().for_each(|(name, value)| headers.append(*name, *value));
    headers
}

/// The code of a refusal.
#[track_caller]
pub(crate) fn code(outcome: Result<Value, ClientError>) -> String {
    match outcome {
        Err(ClientError::Refused(problem)) => code_of(&problem),
        other => panic!("not a refusal: {other:?}"),
    }
}

/// The code of a problem document, with everything that each of them has.
#[track_caller]
pub(crate) fn code_of(problem: &Value) -> String {
    for member in ["type", "title", "detail", "retry"] {
        assert!(problem[member].is_string(), "{member}: {problem}");
    }
    assert!(problem["status"].is_u64() && problem["position"].is_u64(), "{problem}");
    assert!(problem["next"].is_array() && problem.get("version").is_some(), "{problem}");
    problem["type"].as_str().and_then(|t| t.strip_prefix("urn:selfsame:error:")).expect("a code").to_owned()
}
