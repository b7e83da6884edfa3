//! Attacks from outside on an engine under a boundary, as a process of its own. What is tried over NATS is in
//! `engine/node/tests/nats/redteam`.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nkeys::KeyPair;
use reqwest::{Client, Method};
use selfsame_tests::Server;
use serde_json::{Value, json};

const V1: &str = "
selfsame: 1
name: users
events:
  user.registered:
    key: /id
    schema: { type: object, required: [id], properties: { id: { type: string } } }
projections:
  users: { kind: cache, on: { user.registered: { set: { id: $.id } } } }
";

/// An engine under a boundary of two operators, two services and an agent.
struct Fort {
    server: Server,
    folder: PathBuf,
    client: Client,
}

impl Fort {
    fn start(folder: &Path) -> Fort {
        let (boundary, keys, data) = (folder.join("boundary"), folder.join("keys"), folder.join("data"));
        let made = Command::new(selfsame_tests::binary())
            .args(["boundary", "init", "--instance", "shop", "--operator", "ada", "--operator", "bob"])
            .args(["--service", "web", "--service", "shop", "--agent", "coder:zoe", "--keys"])
            .arg(&keys)
            .arg(&boundary)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let key = String::from_utf8(made.stdout).unwrap();
        std::fs::create_dir(&data).unwrap();
        let boundary = boundary.to_str().unwrap();
        let arguments =
            ["--boundary", boundary, "--boundary-key", key.trim(), "--operator-listen", "127.0.0.1:0"];
        let server = Server::start(&data, &arguments);
        let client = Client::builder().no_proxy().build().unwrap();
        Fort { server, folder: folder.to_owned(), client }
    }

    fn token(&self, who: &str) -> String {
        std::fs::read_to_string(self.folder.join(format!("keys/{who}.token"))).unwrap().trim().to_owned()
    }

    fn key(&self, who: &str) -> KeyPair {
        let seed = std::fs::read_to_string(self.folder.join(format!("keys/{who}.nk"))).unwrap();
        KeyPair::from_seed(seed.trim()).unwrap()
    }

    fn operators(&self) -> String {
        let serving = std::fs::read_to_string(self.server.folder().join("serving.json")).unwrap();
        let serving: Value = serde_json::from_str(&serving).unwrap();
        serving["operator"].as_str().unwrap().to_owned()
    }

    async fn post(&self, who: &str, path: &str, content_type: &str, body: String) -> (u16, String) {
        let request = self.client.post(format!("{}{path}", self.server.http)).bearer_auth(self.token(who));
        let answer = request.header("content-type", content_type).body(body).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// V1, taken live by the agent.
    async fn with_v1(&self) {
        let registered = self.post("coder", "/v1/versions", "application/yaml", V1.to_owned()).await;
        assert_eq!(registered.0, 201, "{registered:?}");
        let built = self.post("coder", "/v1/versions/v1/build", "application/json", "{}".to_owned()).await;
        assert_eq!(built.0, 202, "{built:?}");
        loop {
            let cut =
                self.post("coder", "/v1/versions/v1/cutover", "application/json", "{}".to_owned()).await;
            if cut.0 == 200 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }

    /// All records, as an operator reads them.
    async fn log(&self) -> Vec<Value> {
        let request = self.client.get(format!("{}/v1/log", self.operators())).bearer_auth(self.token("ada"));
        let text = request.send().await.unwrap().text().await.unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn event(event_type: &str, id: usize) -> Value {
    json!({
        "specversion": "1.0", "type": event_type, "source": "/red", "id": id.to_string(), "subject": "x",
        "data": { "id": "x" },
    })
}

/// How else a name could be written.
fn spellings(name: &str) -> Vec<String> {
    let (word, rest) = name.split_once('.').unwrap();
    let wide = |c: char| char::from_u32(u32::from(c) - 0x21 + 0xff01).unwrap();
    vec![
        name.to_owned(),
        name.to_uppercase(),
        name.replace(['i', 'I'], "l"),
        name.replace('i', "1").replace('o', "0"),
        format!("{word}_.{rest}"),
        word.chars().map(wide).chain(['.']).chain(rest.chars()).collect(),
        name.replace('e', "\u{435}").replace('a', "\u{430}"),
        name.replace('t', "t\u{200b}").replace('s', "s\u{ad}"),
        name.replace('.', "\u{2024}"),
        name.replace('.', "%2e"),
        format!(" {name}"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_way_in_takes_a_protected_type_however_it_is_spelled_and_each_attempt_is_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let fort = Fort::start(folder.path());
    fort.with_v1().await;
    let before = fort.log().await.len();
    let mut tried = 0;
    for protected in ["identity.role", "permission.granted", "audit.note", "selfsame.x"] {
        for spelled in spellings(protected) {
            let event = event(&spelled, tried);
            let call = json!({
                "jsonrpc": "2.0", "id": 1, "method": "tools/call",
                "params": { "name": "publish", "arguments": { "events": [event] } },
            });
            let (one, mcp) = (event.to_string(), call.to_string());
            let batch = json!([harmless(tried), event]).to_string();
            // Two names, so that each refusal is recorded whole.
            let who = ["web", "shop"][tried % 2];
            let (status, answer) = fort.post(who, "/v1/events", "application/cloudevents+json", one).await;
            assert!((400..500).contains(&status), "{spelled:?}: {answer}");
            let (status, answer) =
                fort.post(who, "/v1/events", "application/cloudevents-batch+json", batch).await;
            assert!((400..500).contains(&status), "{spelled:?}: {answer}");
            let request = fort.client.post(format!("{}/mcp", fort.server.http)).bearer_auth(fort.token(who));
            let request = request
                .header("content-type", "application/json")
                .header("accept", "application/json, text/event-stream");
            let answer = request.body(mcp).send().await.unwrap().text().await.unwrap();
            assert!(answer.contains("\"isError\":true"), "{spelled:?}: {answer}");
            tried += 1;
        }
    }
    let log = fort.log().await;
    let events = |log: &[Value]| log.iter().filter(|record| record["source"] == "/red").count();
    assert_eq!(events(&log), 0, "an event got in");
    let refused = log.iter().skip(before).filter(|record| record.to_string().contains("event-refused"));
    assert_eq!(refused.count(), 3 * tried, "an attempt left no record");
    let good = harmless(0).to_string();
    assert_eq!(fort.post("web", "/v1/events", "application/cloudevents+json", good).await.0, 200);
    assert_eq!(events(&fort.log().await), 1, "what is no attack is taken");
}

/// An event that would be taken by itself.
fn harmless(id: usize) -> Value {
    event("user.registered", 1_000_000 + id)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_operators_may_do_is_not_on_the_listener_of_others() {
    let folder = tempfile::tempdir().unwrap();
    let fort = Fort::start(folder.path());
    for path in [
        "/v1/commands",
        "/v1/freeze",
        "/v1/unfreeze",
        "/v1/floor",
        "/v1/replay",
        "/v1/quarantines",
        "/v1/quarantines/1/release",
        "/v1/breakers/coder/reset",
        "/v1/versions/v1/seal",
        "/v1/versions/v1/unseal",
        "/v1/versions/v1/repair",
        "/v1/plans/00000000000000ff/approve",
        "/v1/plans/00000000000000ff/reject",
        "/v1/boundary",
        "/v1/policy",
    ] {
        for who in ["coder", "web", "ada"] {
            let (status, answer) = fort.post(who, path, "application/json", "{}".to_owned()).await;
            assert_eq!(status, 404, "{path} as {who}: {answer}");
        }
    }
    // No verb of any listener writes the boundary.
    for (base, who) in [(fort.server.http.clone(), "coder"), (fort.operators(), "ada")] {
        for method in [Method::PUT, Method::POST, Method::PATCH, Method::DELETE] {
            let request =
                fort.client.request(method, format!("{base}/v1/boundary")).bearer_auth(fort.token(who));
            assert_eq!(request.send().await.unwrap().status().as_u16(), 404);
        }
    }
}

/// A signed order, ready to be sent.
fn signed(key: &KeyPair, who: &str, verb: &str, nonce: u64) -> String {
    let expires = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(120);
    let command = json!({
        "instance": "shop", "principal": who, "verb": verb, "args": { "reason": format!("{nonce}") },
        "expected": "v1", "nonce": format!("{nonce:016x}"), "expires": expires.to_string(),
    });
    let text = command.to_string();
    let signature = key.sign(format!("selfsame-command-v1\n{text}").as_bytes()).unwrap();
    json!({ "command": text, "signature": STANDARD.encode(signature) }).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_clients_that_race_replay_and_reorder_commands_have_each_taken_once() {
    const COMMANDS: u64 = 40;
    let folder = tempfile::tempdir().unwrap();
    let fort = Fort::start(folder.path());
    fort.with_v1().await;
    let keys = [fort.key("ada"), fort.key("bob")];
    let command = |n: u64| {
        let by = usize::try_from(n % 2).unwrap();
        signed(&keys[by], ["ada", "bob"][by], ["freeze", "unfreeze"][usize::try_from(n / 2 % 2).unwrap()], n)
    };
    let commands: Vec<String> = (0..COMMANDS).map(command).collect();
    let url = format!("{}/v1/commands", fort.operators());
    // Both send all of them twice; one in their order, the other one backwards.
    let clients = [false, true].map(|backwards| {
        let (mut own, url, client) = (commands.clone(), url.clone(), fort.client.clone());
        if backwards {
            own.reverse();
        }
        tokio::spawn(async move {
            let mut outcomes = Vec::new();
            for command in own.iter().chain(&own) {
                let request = client.post(&url).header("content-type", "application/json");
                let answer = request.body(command.clone()).send().await.unwrap();
                outcomes.push((answer.status().as_u16(), answer.text().await.unwrap()));
            }
            outcomes
        })
    });
    let mut taken = 0;
    for client in clients {
        for (status, answer) in client.await.unwrap() {
            match status {
                200 => taken += 1,
                _ => assert!(answer.contains("nonce-used"), "{answer}"),
            }
        }
    }
    assert_eq!(taken, COMMANDS);
    let log = fort.log().await;
    let kind =
        |record: &Value| record["control"]["kind"].as_str().or(record["kind"].as_str()).map(str::to_owned);
    let kinds: Vec<String> = log.iter().filter_map(kind).collect();
    let count = |wanted: &str| kinds.iter().filter(|kind| *kind == wanted).count() as u64;
    assert_eq!((count("command-taken"), count("frozen"), count("unfrozen")), (COMMANDS, 20, 20), "{kinds:?}");
    // After a crash they are as used as before.
    let (server, keys_of) = (fort.server, fort.folder.clone());
    let data = server.folder().to_owned();
    server.kill();
    let boundary = keys_of.join("boundary");
    let seal = std::fs::read_to_string(boundary.join("boundary.sig")).unwrap();
    let key = seal.split('"').nth(1).unwrap().to_owned();
    let arguments = [
        "--boundary",
        boundary.to_str().unwrap(),
        "--boundary-key",
        &key,
        "--operator-listen",
        "127.0.0.1:0",
    ];
    let again = Fort { server: Server::start(&data, &arguments), folder: keys_of, client: fort.client };
    let url = format!("{}/v1/commands", again.operators());
    for command in &commands {
        let request = again.client.post(&url).header("content-type", "application/json");
        let answer = request.body(command.clone()).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 409, "{}", answer.text().await.unwrap());
    }
}
