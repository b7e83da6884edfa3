//! An engine with its listener, and a caller of tools.

use std::sync::Arc;

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use selfsame_core::Settings;
use selfsame_log::MemoryLog;
use selfsame_node::{Engine, http};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const V1: &str = include_str!("../http/v1.yaml");
pub(crate) const V2: &str = include_str!("../http/v2.yaml");

/// A running engine, reachable over TCP.
pub(crate) struct Server {
    pub(crate) engine: Engine,
    pub(crate) address: String,
    pub(crate) client: reqwest::Client,
    server: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// What a tool answered.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) is_error: bool,
    pub(crate) json: Value,
}

impl Outcome {
    /// The last part of the problem's type.
    pub(crate) fn code(&self) -> &str {
        self.json["type"].as_str().and_then(|t| t.rsplit(':').next()).unwrap_or("none")
    }
}

impl Server {
    pub(crate) async fn start() -> Server {
        let engine = Engine::start(Arc::new(MemoryLog::new()), Settings { standbys_max: 1 });
        let engine = engine.expect("an engine");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let server =
            tokio::spawn(http::serve(engine.handle().clone(), listener, std::future::pending::<()>()));
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        Server { engine, address, client, server }
    }

    /// V1 registered, built and active.
    pub(crate) async fn with_v1() -> Server {
        let server = Server::start().await;
        server.done("register", json!({ "document": V1 })).await;
        server.build("v1").await;
        server.done("cutover", json!({ "version": "v1", "expected_active": null })).await;
        server
    }

    pub(crate) async fn build(&self, version: &str) {
        self.done("build", json!({ "version": version })).await;
        for _ in 0..500 {
            if self.done("version_show", json!({ "version": version })).await["stage"] == "candidate" {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("{version} was not built");
    }

    /// Calls a tool as `tester`.
    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Outcome {
        self.call_as(Some("tester"), tool, arguments).await
    }

    pub(crate) async fn call_as(&self, token: Option<&str>, tool: &str, arguments: Value) -> Outcome {
        let message = json!({
            "jsonrpc": "2.0", "id": 7, "method": "tools/call",
            "params": { "name": tool, "arguments": arguments },
        });
        let (status, answer) = self.send(token, &message.to_string()).await;
        assert_eq!((status, &answer["id"]), (200, &json!(7)), "{tool}: {answer}");
        let result = &answer["result"];
        let text = result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{tool}: {answer}"));
        let json: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(result["structuredContent"], json, "{answer}");
        assert!(json["position"].is_u64() && json.get("version").is_some(), "{answer}");
        Outcome { is_error: result["isError"] == true, json }
    }

    /// Calls a tool that is not refused.
    pub(crate) async fn done(&self, tool: &str, arguments: Value) -> Value {
        let outcome = self.call(tool, arguments).await;
        assert!(!outcome.is_error, "{tool}: {outcome:?}");
        outcome.json
    }

    /// Sends one message as it is.
    pub(crate) async fn send(&self, token: Option<&str>, message: &str) -> (u16, Value) {
        let mut request = self.post();
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        answer(request.body(message.to_owned())).await
    }

    /// A request with the headers that the protocol asks for.
    pub(crate) fn post(&self) -> reqwest::RequestBuilder {
        let request = self.client.post(format!("http://{}/mcp", self.address));
        request.header(CONTENT_TYPE, "application/json").header(ACCEPT, "application/json, text/event-stream")
    }

    /// An answer of the HTTP interface.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let request = self.client.get(format!("http://{}{path}", self.address)).bearer_auth("tester");
        answer(request).await.1
    }
}

/// Status and JSON of an answer, which says the position it was given at.
pub(crate) async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.expect("a response");
    assert!(response.headers().contains_key("selfsame-position"));
    let status = response.status().as_u16();
    let text = response.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or_else(|err| panic!("{err}: {text}")))
}

/// An event of V1, named by its user.
pub(crate) fn registered(user: &str, city: &str) -> Value {
    let data = json!({ "user_id": user, "email": format!("{user}@example.org"), "city": city });
    event("user.registered", user, data)
}

/// An event; its id is its type with its key.
pub(crate) fn event(event_type: &str, key: &str, data: Value) -> Value {
    json!({
        "specversion": "1.0", "type": event_type, "source": "/tests",
        "id": format!("{event_type} {key}"), "data": data,
    })
}
