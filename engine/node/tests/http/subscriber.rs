//! A subscriber to a feed that keeps a copy, and checks what holds for every message.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::server::Server;

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A subscriber that keeps a copy of the projection, and checks what holds for every message.
pub(crate) struct Copy {
    pub(crate) response: Option<Response>,
    buffer: String,
    /// What it says when it comes back.
    pub(crate) last_id: Option<u64>,
    pub(crate) rows: BTreeMap<String, Value>,
    pub(crate) position: u64,
    version: Option<String>,
    /// Whether the last message of a position has come.
    complete: bool,
}

impl Copy {
    pub(crate) fn new() -> Copy {
        Copy {
            response: None,
            buffer: String::new(),
            last_id: None,
            rows: BTreeMap::new(),
            position: 0,
            version: None,
            complete: true,
        }
    }

    pub(crate) async fn subscribed(server: &Server, path: &str) -> Copy {
        let mut copy = Copy::new();
        copy.subscribe(server, path).await;
        copy
    }

    /// Subscribes, from where it was before.
    pub(crate) async fn subscribe(&mut self, server: &Server, path: &str) {
        let mut request = server.request(Method::GET, path);
        if let Some(last) = self.last_id {
            request = request.header("last-event-id", last.to_string());
        }
        let response = request.send().await.expect("a response");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert!(response.headers().contains_key("selfsame-position"));
        (self.response, self.position) = (Some(response), 0);
        (self.version, self.complete) = (None, true);
        self.buffer.clear();
    }

    /// The next message; `None` when the feed has ended.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        tokio::time::timeout(PATIENCE, self.read()).await.expect("a message in time")
    }

    pub(crate) async fn read(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.buffer.find("\n\n") {
                let text: String = self.buffer.drain(..end + 2).collect();
                if let Some(message) = self.take(&text) {
                    return Some(message);
                }
                continue;
            }
            let chunk = self.response.as_mut()?.chunk().await.expect("a piece")?;
            self.buffer.push_str(std::str::from_utf8(&chunk).expect("text"));
        }
    }

    /// Takes one event in.
    fn take(&mut self, text: &str) -> Option<Value> {
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
        let data: Value = serde_json::from_str(field("data: ")?).expect("JSON");
        let (name, id) = (field("event: ").expect("a name"), field("id: "));
        let id: Option<u64> = id.map(|id| id.parse().expect("a number"));
        let position = data["position"].as_u64().expect("a position");
        assert_eq!(data["message"], name, "{text}");
        assert_eq!(id.is_none(), data["more"] == true, "{text}");
        assert!(id.is_none_or(|id| id == position), "{text}");
        assert!(position >= self.position, "{text} comes after #{}", self.position);
        // What is complete stays so: another row or switch is of a later position.
        let adds = matches!(name, "row" | "switch");
        assert!(!adds || !self.complete || self.position == 0 || position > self.position, "{text}");
        let version = data["version"].as_str().map(str::to_owned);
        match name {
            "row" => {
                assert!(
                    self.version.is_none() || version == self.version,
                    "a row of another version: {text}"
                );
                self.version = version;
                let key = data["key"].as_str().expect("a key").to_owned();
                match data["op"].as_str() {
                    Some("put") => drop(self.rows.insert(key, data["value"].clone())),
                    Some("delete") => drop(self.rows.remove(&key)),
                    _ => panic!("no op: {text}"),
                }
            }
            "switch" => {
                assert!(self.version.is_none() || data["from"] == json!(self.version), "{text}");
                self.version = version;
            }
            "reset" => {
                self.rows.clear();
                self.version = version;
            }
            "caught-up" => self.version = version,
            "lagged" | "ended" => {}
            other => panic!("an unknown message: {other}"),
        }
        (self.position, self.complete) = (position, id.is_some());
        self.last_id = id.or(self.last_id);
        Some(data)
    }

    /// Everything up to and with the next message of this name, as short texts.
    pub(crate) async fn until(&mut self, name: &str) -> Vec<String> {
        let mut texts = vec![];
        loop {
            let message = self.next().await.unwrap_or_else(|| panic!("no `{name}` after {texts:?}"));
            texts.push(short(&message));
            if message["message"] == name {
                return texts;
            }
        }
    }

    /// Goes on until everything up to a position is there.
    pub(crate) async fn reach(&mut self, position: u64) {
        while !(self.complete && self.position >= position) {
            self.next().await.expect("a feed that goes on");
        }
    }
}

/// A message in a few words.
pub(crate) fn short(message: &Value) -> String {
    let text = |name: &str| message[name].as_str().unwrap_or("-").to_owned();
    match message["message"].as_str() {
        Some("row") => {
            let more = if message["more"] == true { " ..." } else { "" };
            format!("{} {} {}{more}", text("version"), text("op"), text("key"))
        }
        Some("switch") => format!("{} {} from {}", text("kind"), text("version"), text("from")),
        Some("ended") => format!("ended {}", text("reason")),
        other => other.unwrap_or_default().to_owned(),
    }
}

/// The rows of a copy that begins now.
pub(crate) async fn fresh(server: &Server) -> BTreeMap<String, Value> {
    let mut fresh = Copy::subscribed(server, "/v1/feed/profile").await;
    fresh.until("caught-up").await;
    fresh.rows
}

/// Switches, and says where.
pub(crate) async fn switch(server: &Server, verb: &str, version: &str) -> u64 {
    let path = format!("/v1/versions/{version}/{verb}");
    let current = server.get("/v1/state").await.json["active"].clone();
    let mut body = json!({ "expected_active": current });
    let stage = server.get(&format!("/v1/versions/{version}")).await.json["stage"].clone();
    if verb == "cutover" && stage == "candidate" {
        body["evidence"] = server.evidence(version).await;
    }
    let switched = server.order(&path, body).await;
    assert_eq!(switched.status, 200, "{switched:?}");
    switched.json["at"].as_u64().expect("a position")
}
