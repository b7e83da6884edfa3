//! Engines that are killed, NATS that goes away, disks that are full: nothing acknowledged is lost.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use selfsame_tests::{Server, git_repository};
use serde_json::{Value, json};

fn digests(server: &Server) -> Value {
    let projections = server.json(&["version", "show", "v1"])["live"]["projections"].clone();
    assert_eq!(projections.as_array().map(Vec::len), Some(3), "{projections}");
    projections
}

fn events(server: &Server) -> u64 {
    server.json(&["state"])["events"].as_u64().unwrap()
}

fn import(server: &Server, repo: &str) -> Child {
    let mut command = server.cli_command(&["import", "git", repo, "--json"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn finish(import: Child) -> Value {
    let output = import.wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// An import of tens of thousands of changes over NATS; the engine is killed in the middle, twice, and
/// started again. In the end every event is there once, and the state is that of an undisturbed import.
#[test]
fn an_import_survives_kill_9_and_comes_to_equal_digests() {
    let folder = tempfile::tempdir().unwrap();
    let repo = folder.path().join("repo");
    git_repository(&repo, 1_500, 14);
    let repo = repo.to_str().unwrap();
    let total = 1_500 * 15;
    let undisturbed = Server::start(&folder.path().join("undisturbed"), &["--nats", "managed"]);
    assert!(undisturbed.nats.is_some());
    finish(import(&undisturbed, repo));
    assert_eq!(events(&undisturbed), total);

    let engine = folder.path().join("engine");
    let mut server = Server::start(&engine, &["--nats", "managed"]);
    for part in [total / 5, total / 2] {
        let importing = import(&server, repo);
        let until = Instant::now() + Duration::from_secs(60);
        while events(&server) < part {
            assert!(Instant::now() < until, "the import does not get on");
            std::thread::sleep(Duration::from_millis(5));
        }
        server.kill();
        abandon(importing);
        server = Server::start(&engine, &["--nats", "managed"]);
        let kept = events(&server);
        assert!(kept >= part && kept < total, "{kept} of {total} events after the kill");
    }
    finish(import(&server, repo));
    assert_eq!(events(&server), total);
    assert_eq!(digests(&server), digests(&undisturbed));
    let head = server.json(&["state"])["position"].clone();
    let again = finish(import(&server, repo));
    assert_eq!((&again["new"], &again["duplicates"]), (&json!(0), &json!(total)), "{again}");
    assert_eq!(server.json(&["state"])["position"], head, "importing again changes nothing");
    let replay = server.cli(&["replay", "--dir", engine.to_str().unwrap()]);
    assert!(replay.status.success(), "{}", String::from_utf8_lossy(&replay.stderr));
}

/// The importer of an engine that is gone is ended like a user would.
fn abandon(mut importing: Child) {
    importing.kill().unwrap();
    importing.wait().unwrap();
}

/// The importer waits for an engine that comes back on the same address, and then goes on.
#[test]
fn an_importer_waits_for_an_engine_that_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let repo = folder.path().join("repo");
    git_repository(&repo, 800, 9);
    let engine = folder.path().join("engine");
    let server = Server::start(&engine, &[]);
    let address = server.http.strip_prefix("http://").unwrap().to_owned();
    let importing = import(&server, repo.to_str().unwrap());
    let until = Instant::now() + Duration::from_secs(60);
    while events(&server) < 1_000 {
        assert!(Instant::now() < until, "the import does not get on");
        std::thread::sleep(Duration::from_millis(2));
    }
    server.kill();
    let server = Server::start_at(&engine, &address, &[]);
    finish(importing);
    assert_eq!(events(&server), 800 * 10);
}

/// A file-size limit stands for a full disk: the write fails, the engine says so, reads go on, and after a
/// restart with room everything acknowledged is there.
#[test]
fn a_full_disk_is_said_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let engine = folder.path().join("engine");
    let repo = folder.path().join("repo");
    git_repository(&repo, 2_000, 14);
    // Made without the limit: the store sets 64 MiB aside for its first journal.
    assert_eq!(Server::start(&engine, &[]).stop(), Some(0));
    let limit = "trap '' XFSZ; ulimit -f 4096";
    let server = Server::try_start(&engine, &[], Some(limit)).unwrap();
    let mut command = server.cli_command(&["import", "git", repo.to_str().unwrap(), "--patience", "2"]);
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    let state = server.json(&["state"]);
    assert_eq!(state["read_only"], true, "{state}");
    let acknowledged = state["events"].as_u64().unwrap();
    assert!(acknowledged > 0);
    let refused = server.cli(&["publish", "git.commit", "--key", "x", "--data", "{}"]);
    let refused = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.contains("error[read-only]") && refused.contains("help:"), "{refused}");
    server.kill();
    let server = Server::start(&engine, &[]);
    let found = events(&server);
    assert!(found >= acknowledged, "{found} of {acknowledged} acknowledged events");
    assert_eq!(server.json(&["state"])["read_only"], false);
}
