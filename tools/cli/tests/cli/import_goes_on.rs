//! An import survives the engine's sudden end, and that of NATS, and comes to the same state.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "tests end this way")]

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::helper::{Nats, Served, command, free_port, long_repository};

const COMMITS: u32 = 4000;

fn text(path: &Path) -> &str {
    path.to_str().expect("a path")
}

fn import(repo: &Path, more: &[&str]) -> Child {
    let mut args = vec!["--json", "import", "git", text(repo), "--in-flight", "16"];
    args.extend(more);
    command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs")
}

/// Waits until so many events are in the log.
fn wait_for_events(served: &Served, events: u64) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let state = served.run(&["state", "--json"]).json();
        if state["events"].as_u64().is_some_and(|n| n >= events) {
            return;
        }
        assert!(Instant::now() < deadline, "{state}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The summary of an import that did what it was asked.
fn summary(import: Child) -> Value {
    let output = import.wait_with_output().expect("it ends");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{out}\n{err}");
    serde_json::from_str(&out).expect("JSON")
}

/// Everything is there once, and the replayed state is the live one.
fn check_complete(served: &Served, summary: &Value) {
    let commits = u64::from(COMMITS);
    assert_eq!(
        (&summary["commits"], &summary["file_changes"]),
        (&commits.into(), &commits.into()),
        "{summary}"
    );
    assert_ne!(summary["sent_again"], 0, "nothing was interrupted: {summary}");
    let state = served.run(&["state", "--json"]).json();
    assert_eq!(state["events"], 2 * commits, "{summary}");
    assert_eq!(served.run(&["replay", "--json"]).json()["equal"], true);
    let author = served.run(&["get", "author", "a1@example.org"]).json();
    assert_eq!(author["commits"], commits / 7 + 1, "{author}");
}

#[test]
fn over_http_when_the_engine_is_killed() {
    let (repo, dir) = (long_repository(COMMITS), tempfile::tempdir().expect("a folder"));
    let address = format!("127.0.0.1:{}", free_port());
    let served = Served::listen(dir.path(), &address, &[]);
    let running = import(repo.path(), &["--server", &format!("http://{address}")]);
    wait_for_events(&served, 500);
    served.kill();
    let served = Served::listen(dir.path(), &address, &[]);
    check_complete(&served, &summary(running));
}

#[test]
fn over_nats_when_the_engine_is_killed_and_nats_too() {
    let (repo, dir) = (long_repository(COMMITS), tempfile::tempdir().expect("a folder"));
    let (folder, port) = (tempfile::tempdir().expect("a folder"), free_port());
    let Some(nats) = Nats::start(port, folder.path()) else { return };
    let address = format!("127.0.0.1:{}", free_port());
    let start = || Served::listen(dir.path(), &address, &["--nats", &format!("nats://127.0.0.1:{port}")]);
    let served = start();
    let running = import(repo.path(), &["--server", &format!("http://{address}"), "--nats", &nats.url]);
    wait_for_events(&served, 500);
    served.kill();
    let served = start();
    wait_for_events(&served, 3000);
    drop(nats);
    let _nats = Nats::start(port, folder.path()).expect("it was there before");
    check_complete(&served, &summary(running));
}
