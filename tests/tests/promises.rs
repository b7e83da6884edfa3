//! The promises that a user sees, on an engine as a process of its own. The numbers are those of the
//! design: `ARCHITECTURE.md` lists which test holds which.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use selfsame_tests::{Server, git_repository};
use serde_json::{Value, json};

fn example(name: &str) -> String {
    format!("{}/../examples/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// An engine that has taken in a small repository at v1.
fn imported(folder: &Path) -> Server {
    let repo = folder.join("repo");
    git_repository(&repo, 40, 4);
    let server = Server::start(&folder.join("engine"), &[]);
    let import = server.cli(&["import", "git", repo.to_str().unwrap()]);
    assert!(import.status.success(), "{}", String::from_utf8_lossy(&import.stderr));
    server
}

fn build(server: &Server, version: &str) {
    server.json(&["version", "build", version, "--wait"]);
}

fn take_v2_live(server: &Server) {
    server.json(&["version", "register", &example("git-v2.yaml")]);
    build(server, "v2");
    server.json(&["version", "cutover", "v2"]);
}

fn rewind_to_v1(server: &Server) {
    server.json(&["version", "rewind", "v1", "--reason", "a test"]);
}

/// What must be the same after a restart: positions, stages, digests, figures of jobs and refusals.
fn lasting(server: &Server) -> Value {
    let mut state = server.json(&["state"]);
    for passing in ["builds", "nats", "uptime"] {
        state.as_object_mut().unwrap().remove(passing);
    }
    state
}

/// P1, P6: everything but the log is deleted, and the state is the same, digest for digest.
#[test]
fn only_the_log_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let server = imported(folder.path());
    take_v2_live(&server);
    let leased = server.json(&["jobs", "lease", "review", "--max", "3"]);
    let (lease, job) = (leased["lease"].to_string(), leased["jobs"][0]["job"].to_string());
    server.json(&["jobs", "ack", "review", &job, &lease]);
    let refused = server.cli(&["publish", "git.commit", "--data", "{}", "--key", "x"]);
    assert_eq!(refused.status.code(), Some(1));
    rewind_to_v1(&server);
    let before = lasting(&server);
    let engine = server.folder().to_owned();
    assert_eq!(server.stop(), Some(0));
    for entry in std::fs::read_dir(&engine).unwrap() {
        let path = entry.unwrap().path();
        match path.file_name().unwrap().to_str() {
            Some("log") => {}
            _ if path.is_dir() => std::fs::remove_dir_all(path).unwrap(),
            _ => std::fs::remove_file(path).unwrap(),
        }
    }
    let server = Server::start(&engine, &[]);
    assert_eq!(lasting(&server), before);
}

/// P2: who has seen a position asks for at least that one anywhere, and waits rather than see less.
#[tokio::test]
async fn a_reader_never_sees_less_than_the_position_it_asks_for() {
    let folder = tempfile::tempdir().unwrap();
    let server = imported(folder.path());
    let client = reqwest::Client::new();
    let head = server.json(&["state"])["position"].as_u64().unwrap();
    let url = |at: u64| format!("{}/v1/views/files?at_least={at}&limit=1", server.http);
    let waiting = tokio::spawn(client.get(url(head + 1)).send());
    let event = json!({
        "specversion": "1.0", "type": "git.file-changed", "source": "/test", "id": "1",
        "data": { "commit": "c", "path": "p", "author_email": "a", "added": 1, "removed": 0, "churn": 1, "binary": false }
    });
    let publish = client.post(format!("{}/v1/events", server.http)).bearer_auth("tester");
    let publish = publish.header("content-type", "application/cloudevents+json").body(event.to_string());
    let published: Value = publish.send().await.unwrap().json().await.unwrap();
    assert_eq!(published["events"][0]["position"], head + 1);
    let answer = waiting.await.unwrap().unwrap();
    assert_eq!(answer.status(), 200);
    let position: u64 = answer.headers()["selfsame-position"].to_str().unwrap().parse().unwrap();
    assert!(position > head);
    let behind = client.get(url(head + 1000)).send().await.unwrap();
    assert_eq!(behind.status(), 504);
}

/// P3: while the version switches back and forth, every answer is of the version that it names, whole, and
/// of the one that is active at its position.
#[tokio::test]
async fn readers_see_one_version_at_every_position() {
    let folder = tempfile::tempdir().unwrap();
    let server = imported(folder.path());
    server.json(&["version", "register", &example("git-v2.yaml")]);
    build(&server, "v2");
    // The first cutover is decided upon evidence; those after it go back to what was kept in step.
    server.json(&["version", "cutover", "v2"]);
    rewind_to_v1(&server);
    let stop = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = ["cache/author/a1@example.org", "views/files?by=churn&order=desc&limit=5"]
        .map(|path| tokio::spawn(read_on(format!("{}/v1/{path}", server.http), Arc::clone(&stop))))
        .into();
    let client = reqwest::Client::new();
    let post = |path: &str| client.post(format!("{}/v1/versions/{path}", server.http)).bearer_auth("agent");
    for _ in 0..10 {
        let cutover = post("v2/cutover").json(&json!({ "expected_active": "v1" })).send().await.unwrap();
        assert_eq!(cutover.status(), 200, "{}", cutover.text().await.unwrap());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        let rewind = post("v1/rewind").json(&json!({})).send().await.unwrap();
        assert_eq!(rewind.status(), 200, "{}", rewind.text().await.unwrap());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    stop.store(true, Ordering::Relaxed);
    let state = server.json(&["state"]);
    let switches = state["switches"].as_array().unwrap();
    assert_eq!(switches.len(), 1 + 2 + 20);
    let active_at = |position: u64| {
        let before = switches.iter().rev().find(|s| s["at"].as_u64().unwrap() <= position);
        before.unwrap()["to"].as_str().unwrap().to_owned()
    };
    for reader in readers {
        let answers = reader.await.unwrap();
        let versions: std::collections::BTreeSet<&str> = answers.iter().map(|(_, v)| v.as_str()).collect();
        assert_eq!(versions.len(), 2, "the reader saw both versions in {} answers", answers.len());
        for (position, version) in &answers {
            assert_eq!(*version, active_at(*position), "the answer at #{position}");
        }
    }
}

/// Reads until told to stop; each row must have the columns of the version that the answer names.
async fn read_on(url: String, stop: Arc<AtomicBool>) -> Vec<(u64, String)> {
    let client = reqwest::Client::new();
    let mut answers: Vec<(u64, String)> = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let response = client.get(&url).send().await.unwrap();
        assert_eq!(response.status(), 200);
        let header = response.headers()["selfsame-version"].to_str().unwrap().to_owned();
        let body: Value = response.json().await.unwrap();
        let (position, version) = (body["position"].as_u64().unwrap(), body["version"].as_str().unwrap());
        assert_eq!(header, version, "header and body agree");
        assert!(answers.last().is_none_or(|(before, _)| *before <= position), "positions do not go back");
        let rows = match body["rows"].as_array() {
            Some(rows) => rows.iter().map(|row| row["value"].clone()).collect(),
            None => vec![body["value"].clone()],
        };
        assert!(!rows.is_empty(), "an empty answer");
        for row in rows {
            let second = row.get("branch").is_some() || row.get("binary").is_some();
            assert_eq!(second, version == "v2", "{row} at {version}");
        }
        answers.push((position, version.to_owned()));
    }
    answers
}

/// P4: after a rewind the state has the digests of a replay at that version, warm and cold alike.
#[test]
fn a_warm_and_a_cold_rewind_come_to_the_same_state() {
    let folder = tempfile::tempdir().unwrap();
    let server = imported(folder.path());
    let digest = |server: &Server| {
        let shown = server.json(&["version", "show", "v1"]);
        shown["live"]["digest"].as_str().unwrap().to_owned()
    };
    let before = digest(&server);
    take_v2_live(&server);
    rewind_to_v1(&server);
    assert_eq!(digest(&server), before, "warm");
    server.json(&["version", "cutover", "v2", "--expect", "v1"]);
    server.json(&["version", "drop", "v1"]);
    rewind_to_v1(&server);
    assert_eq!(digest(&server), before, "cold");
    let state = server.json(&["state"]);
    assert_eq!(state["version"], "v1");
    let engine = server.folder().to_str().unwrap().to_owned();
    let replayed = server.cli(&["replay", "--dir", &engine, "--version", "v1"]);
    assert!(replayed.status.success(), "{}", String::from_utf8_lossy(&replayed.stderr));
}

/// P5: what a producer wrote in v2 is there again when v2 answers again, though v1 had no place for it.
#[test]
fn a_field_survives_going_back_and_forth() {
    let folder = tempfile::tempdir().unwrap();
    let server = imported(folder.path());
    take_v2_live(&server);
    let data = json!({
        "commit": "c1", "author_name": "A", "author_email": "new@example.org", "committed_at": "2026-01-01T00:00:00Z",
        "title": "t", "branch": "experiment", "parents": [], "files": 0, "added": 0, "removed": 0, "unknown": { "kept": 1.0 }
    })
    .to_string();
    server.json(&["publish", "git.commit", "--write-as", "v2", "--id", "c1", "--data", &data]);
    let read = |server: &Server| server.json(&["get", "author", "new@example.org"])["value"].clone();
    let at_v2 = read(&server);
    assert_eq!(at_v2["branch"], "experiment");
    rewind_to_v1(&server);
    let at_v1 = read(&server);
    assert_eq!((at_v1.get("branch"), &at_v1["commits"]), (None, &json!(1)));
    server.json(&["version", "cutover", "v2", "--expect", "v1"]);
    assert_eq!(read(&server), at_v2);
}

/// P8: no way in takes a protected type, in any spelling.
#[test]
fn protected_types_are_refused_and_noted() {
    let folder = tempfile::tempdir().unwrap();
    let server = imported(folder.path());
    for name in ["selfsame.cut-over", "SELFSAME.x", "selfsame"] {
        let refused = server.cli(&["publish", name, "--key", "k", "--data", "{}"]);
        assert_eq!(refused.status.code(), Some(1), "{name}");
        let error = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(error.contains("error[protected-type]") && error.contains("help:"), "{error}");
    }
    let refused = server.json(&["refused"]);
    assert_eq!(refused["refused"].as_array().unwrap().len(), 3, "{refused}");
}

/// A second engine on the same folder does not start, and says what to do; the first goes on.
#[test]
fn a_folder_serves_one_engine() {
    let folder = tempfile::tempdir().unwrap();
    let server = imported(folder.path());
    let copy = server.folder().to_owned();
    let second = std::process::Command::new(selfsame_tests::binary())
        .args(["serve", "--dev", "--listen", "127.0.0.1:0", "--dir"])
        .arg(&copy)
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(1), "{error}");
    assert!(error.contains("in use"), "{error}");
    assert!(server.cli(&["state"]).status.success());
}
