//! An engine with its servers, and a client that checks what every response has in common.

use std::sync::Arc;

use reqwest::Method;
use selfsame_core::Settings;
use selfsame_log::{FaultyLog, Log, MemoryLog, Schedule};
use selfsame_node::{Engine, http, operator};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Users with a cache, a view and jobs.
pub(crate) const V1: &str = include_str!("v1.yaml");
/// V1 with another name for a field, another field, a type more and another queue.
pub(crate) const V2: &str = include_str!("v2.yaml");

pub(crate) const STRUCTURED: &str = "application/cloudevents+json";
pub(crate) const BATCH: &str = "application/cloudevents-batch+json";

/// A running engine, reachable over TCP and over its socket.
pub(crate) struct Server {
    pub(crate) engine: Engine,
    pub(crate) address: String,
    pub(crate) client: reqwest::Client,
    folder: TempDir,
    stop: watch::Sender<bool>,
    servers: Vec<tokio::task::JoinHandle<std::io::Result<()>>>,
}

/// What came of a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) position: u64,
    pub(crate) version: Option<String>,
    pub(crate) json: Value,
}

impl Answer {
    /// The last part of the problem's type.
    pub(crate) fn code(&self) -> &str {
        self.json["type"].as_str().and_then(|t| t.rsplit(':').next()).unwrap_or("none")
    }
}

impl Server {
    pub(crate) async fn start() -> Server {
        Server::start_on(Schedule::default()).await
    }

    /// With an engine whose log fails on a schedule.
    pub(crate) async fn start_on(faults: Schedule) -> Server {
        Server::start_with(Arc::new(FaultyLog::new(MemoryLog::new(), faults))).await
    }

    /// With an engine on this log.
    pub(crate) async fn start_with(log: Arc<dyn Log>) -> Server {
        let engine = Engine::start(log, Settings { standbys_max: 1 }).expect("an engine");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let folder = tempfile::tempdir().expect("a folder");
        let (stop, _) = watch::channel(false);
        let stopped = |mut stop: watch::Receiver<bool>| async move {
            let _ = stop.wait_for(|stop| *stop).await;
        };
        let (handle, socket) = (engine.handle().clone(), folder.path().join("operator.sock"));
        let (tcp_stop, socket_stop) = (stopped(stop.subscribe()), stopped(stop.subscribe()));
        let tcp = tokio::spawn(http::serve(handle.clone(), listener, tcp_stop));
        let unix = tokio::spawn(async move { operator::serve(handle, &socket, socket_stop).await });
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let server = Server { engine, address, client, folder, stop, servers: vec![tcp, unix] };
        while !server.socket_exists() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        server
    }

    /// V1 registered, built and active.
    pub(crate) async fn with_v1() -> Server {
        let server = Server::start().await;
        server.activate(V1, "v1").await;
        server
    }

    /// Registers, builds and cuts over.
    pub(crate) async fn activate(&self, document: &str, version: &str) {
        self.prepare(document, version).await;
        self.cutover(version).await;
    }

    /// Plans and validates if another version answers, and cuts over.
    pub(crate) async fn cutover(&self, version: &str) -> Answer {
        let mut body = json!({});
        if self.get("/v1/health").await.version.is_some() {
            body["evidence"] = self.evidence(version).await;
        }
        let cutover = self.order(&format!("/v1/versions/{version}/cutover"), body).await;
        assert_eq!(cutover.status, 200, "{cutover:?}");
        cutover
    }

    /// Plans and validates.
    pub(crate) async fn evidence(&self, version: &str) -> Value {
        let planned = self.order(&format!("/v1/versions/{version}/plan"), json!({})).await;
        assert_eq!(planned.status, 201, "{planned:?}");
        if planned.json["planned"]["needs_approval"] == true {
            let path = format!("/v1/plans/{}/approve", planned.json["plan"].as_str().expect("an id"));
            assert_eq!(self.operator(Method::POST, &path, "").await.0, 200);
        }
        let validated = self.order(&format!("/v1/versions/{version}/validate"), json!({})).await;
        assert_eq!((validated.status, &validated.json["passed"]), (201, &json!(true)), "{validated:?}");
        validated.json["evidence"].clone()
    }

    /// Registers and builds.
    pub(crate) async fn prepare(&self, document: &str, version: &str) {
        let registered = self.post("/v1/versions", "application/yaml", document).await;
        assert_eq!(registered.json["registered"], version, "{registered:?}");
        let building = self.order(&format!("/v1/versions/{version}/build"), json!({})).await;
        assert_eq!(building.status, 202, "{building:?}");
        self.until_stage(version, "candidate").await;
    }

    pub(crate) async fn until_stage(&self, version: &str, stage: &str) {
        for _ in 0..500 {
            let shown = self.get(&format!("/v1/versions/{version}")).await;
            if shown.json["stage"] == stage {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("{version} did not become {stage}");
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// A request of the principal `tester` with a JSON body.
    pub(crate) async fn order(&self, path: &str, body: Value) -> Answer {
        self.post(path, "application/json", &body.to_string()).await
    }

    pub(crate) async fn post(&self, path: &str, content_type: &str, body: &str) -> Answer {
        let request = self.request(Method::POST, path).bearer_auth("tester");
        self.send(request.header("content-type", content_type).body(body.to_owned())).await
    }

    /// Publishes one event of V1 in structured mode.
    pub(crate) async fn register_user(&self, user: &str, city: &str) -> Answer {
        self.post("/v1/events", STRUCTURED, &registered(user, city).to_string()).await
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    /// Sends it and checks what holds for every response.
    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.expect("a response");
        let header = |name: &str| response.headers().get(name).map(|v| v.to_str().expect("text").to_owned());
        let position: u64 = header("selfsame-position").expect("a position").parse().expect("a number");
        let version = header("selfsame-version");
        let retry_after = header("retry-after");
        let content_type = header("content-type").unwrap_or_default();
        let status = response.status().as_u16();
        let text = response.text().await.expect("a body");
        let json: Value = serde_json::from_str(&text).unwrap_or_else(|err| panic!("{err}: {text}"));
        assert_eq!(json["position"], position, "{text}");
        assert_eq!(json["version"], json!(version), "{text}");
        if status >= 400 {
            assert_eq!(content_type, "application/problem+json", "{text}");
            assert_eq!(json["status"], status, "{text}");
            for member in ["type", "title", "detail", "retry"] {
                assert!(json[member].is_string(), "{member}: {text}");
            }
            assert!(json["next"].is_array(), "{text}");
            let waits = matches!(status, 429 | 503) && json["retry"] == "later";
            assert_eq!(retry_after.is_some(), waits || json["retry_after_seconds"].is_u64(), "{text}");
        } else {
            assert_eq!(content_type, "application/json", "{text}");
        }
        Answer { status, position, version, json }
    }

    /// A request over the operator's socket: status and lines.
    pub(crate) async fn operator(&self, method: Method, path: &str, body: &str) -> (u16, Vec<Value>) {
        self.operator_as(Some("ada"), method, path, body).await
    }

    /// The same with this bearer token.
    pub(crate) async fn operator_as(
        &self,
        token: Option<&str>,
        method: Method,
        path: &str,
        body: &str,
    ) -> (u16, Vec<Value>) {
        let socket = self.socket();
        let client = reqwest::Client::builder().unix_socket(socket).no_proxy().build().expect("a client");
        let mut request = client.request(method, format!("http://operator{path}"));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let request = request.body(body.to_owned());
        let response = request.send().await.expect("a response");
        assert!(response.headers().contains_key("selfsame-position"));
        let status = response.status().as_u16();
        let text = response.text().await.expect("a body");
        let line = |line: &str| serde_json::from_str(line).unwrap_or_else(|err| panic!("{err}: {line}"));
        (status, text.lines().map(line).collect())
    }

    pub(crate) fn socket(&self) -> std::path::PathBuf {
        self.folder.path().join("operator.sock")
    }

    pub(crate) fn socket_exists(&self) -> bool {
        self.socket().exists()
    }

    /// Stops the servers and the engine, in that order.
    pub(crate) async fn stop(self) -> TempDir {
        self.stop.send_replace(true);
        for server in self.servers {
            server.await.expect("no panic").expect("a clean end");
        }
        self.engine.stop().await;
        self.folder
    }
}

/// An event of V1, named by its user.
pub(crate) fn registered(user: &str, city: &str) -> Value {
    let data = json!({ "user_id": user, "email": format!("{user}@example.org"), "city": city });
    event("user.registered", user, data)
}

/// An event in structured mode; its id is its type with its key.
pub(crate) fn event(event_type: &str, key: &str, data: Value) -> Value {
    json!({
        "specversion": "1.0",
        "type": event_type,
        "source": "/tests",
        "id": format!("{event_type} {key}"),
        "data": data,
    })
}
