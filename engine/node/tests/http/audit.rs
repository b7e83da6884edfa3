//! The audit trail as it is served: checkpoints, tiles, proofs, receipts.

use reqwest::Method;
use selfsame_core::Settings;
use selfsame_node::Engine;
use selfsame_node::audit::{CHECKPOINT, KEY, TrailError, VKEY};
use selfsame_record::checkpoint::SignedCheckpoint;
use selfsame_record::entry::EntryWriter;
use selfsame_record::merkle::{Hash, Tree, verify_consistency, verify_inclusion};
use selfsame_record::note::VerifierKey;
use serde_json::{Value, json};

use crate::server::{STRUCTURED, Server, registered};

async fn bytes(server: &Server, path: &str) -> (u16, Vec<u8>) {
    let response =
        server.client.get(format!("http://{}{path}", server.address)).send().await.expect("an answer");
    (response.status().as_u16(), response.bytes().await.expect("a body").to_vec())
}

async fn operator_bytes(server: &Server, path: &str) -> (u16, Vec<u8>) {
    let client =
        reqwest::Client::builder().unix_socket(server.socket()).no_proxy().build().expect("a client");
    let response = client.get(format!("http://operator{path}")).send().await.expect("an answer");
    (response.status().as_u16(), response.bytes().await.expect("a body").to_vec())
}

async fn checkpoint(server: &Server) -> SignedCheckpoint {
    let (status, text) = bytes(server, "/audit/checkpoint").await;
    assert_eq!(status, 200);
    SignedCheckpoint::parse(&String::from_utf8(text).expect("text")).expect("a checkpoint")
}

fn hashes(value: &Value) -> Vec<Hash> {
    serde_json::from_value(value.clone()).expect("hashes")
}

fn hash(value: &Value) -> Hash {
    serde_json::from_value(value.clone()).expect("a hash")
}

fn signed(value: &Value, key: &VerifierKey) -> (u64, Hash) {
    let signed = SignedCheckpoint::parse(value.as_str().expect("text")).expect("a checkpoint");
    let checkpoint = signed.verify(key).expect("signed");
    (checkpoint.size, checkpoint.root)
}

/// V1 and so many users; the tree has them all.
async fn server_with(users: u64) -> (Server, VerifierKey) {
    let server = Server::with_v1().await;
    for user in 0..users {
        server.register_user(&format!("u{user}"), "London").await;
    }
    let key = server.engine.handle().trail().verifier().clone();
    let head = server.get("/v1/state").await.position;
    while server.engine.handle().trail().size() < head {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    (server, key)
}

#[tokio::test]
async fn tiles_and_entries_make_up_the_root_that_is_signed() {
    let (server, key) = server_with(300).await;
    let signed = checkpoint(&server).await;
    let (size, root) = signed.verify(&key).map(|c| (c.size, c.root)).expect("signed");
    let partial = size % 256;
    assert!(size > 300 && partial > 0, "{size}");
    let mut leaves = Vec::new();
    for path in ["/audit/tile/0/000".to_owned(), format!("/audit/tile/0/001.p/{partial}")] {
        let (status, tile) = bytes(&server, &path).await;
        assert_eq!(status, 200, "{path}");
        leaves.extend(tile.as_chunks::<32>().0.iter().map(|hash| Hash(*hash)));
    }
    let mut tree = Tree::new();
    leaves.iter().for_each(|leaf| tree.push(*leaf));
    assert_eq!((tree.size(), tree.root()), (size, root));
    // The operator has the entries themselves, and each is the leaf that it should be.
    let (_, records) = server.operator(Method::GET, "/audit/records", "").await;
    assert!(records.len() >= leaves.len());
    let mut entry = EntryWriter::new();
    for (record, leaf) in records.iter().zip(&leaves) {
        entry.write_owned(&serde_json::from_value(record.clone()).expect("a record"));
        assert_eq!(entry.leaf(), *leaf, "{record}");
    }
    let (first, _) =
        server.engine.handle().trail().inclusion(selfsame_record::Position::new(1), size).expect("in");
    let (_, bundle) = operator_bytes(&server, "/audit/tile/entries/000.p/1").await;
    assert_eq!(Hash::of_leaf(&bundle[2..]), first);
}

#[tokio::test]
async fn entries_are_for_operators_alone() {
    let (server, _) = server_with(1).await;
    for path in ["/audit/tile/entries/000.p/1", "/audit/records"] {
        assert_eq!(bytes(&server, path).await.0, 404, "{path}");
        let (status, body) = operator_bytes(&server, path).await;
        assert_eq!((status, body.is_empty()), (200, false), "{path}");
    }
}

#[tokio::test]
async fn what_the_tree_does_not_have_is_not_found() {
    let (server, _) = server_with(1).await;
    for (path, status, code) in [
        ("/audit/tile/0/000", 404, "not-found"),
        ("/audit/tile/0/000.p/255", 404, "not-found"),
        ("/audit/tile/1/000.p/1", 404, "not-found"),
        ("/audit/tile/0/0", 400, "bad-request"),
        ("/audit/tile/0/000.p/256", 400, "bad-request"),
        ("/audit/tile/0/x000/001", 400, "bad-request"),
        ("/audit/proof/inclusion", 400, "bad-request"),
        ("/audit/proof/inclusion?position=0", 404, "not-found"),
        ("/audit/proof/inclusion?position=1&size=9999", 404, "not-found"),
        ("/audit/proof/consistency?from=0", 404, "not-found"),
        ("/audit/proof/consistency?from=3&to=2", 404, "not-found"),
        ("/audit/checkpoint?size=1", 400, "bad-request"),
    ] {
        let answer = server.get(path).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn proofs_hold_for_every_size() {
    let (server, key) = server_with(5).await;
    let size = checkpoint(&server).await.unverified().size;
    for of in 1..=size {
        let answer = server.get(&format!("/audit/proof/inclusion?position={of}&size={size}")).await.json;
        let (at, root) = signed(&answer["checkpoint"], &key);
        assert_eq!(at, size);
        let proof = (hash(&answer["leaf"]), hashes(&answer["path"]));
        assert_eq!(verify_inclusion(proof.0, of - 1, size, &proof.1, root), Ok(()));
        let early = server.get(&format!("/audit/proof/inclusion?position={of}&size={of}")).await.json;
        let (_, then) = signed(&early["checkpoint"], &key);
        let answer = server.get(&format!("/audit/proof/consistency?from={of}")).await.json;
        let (to, root) = signed(&answer["checkpoint"], &key);
        assert_eq!(verify_consistency((of, then), (to, root), &hashes(&answer["path"])), Ok(()));
    }
}

#[tokio::test]
async fn a_receipt_shows_that_events_are_in_the_signed_tree() {
    let (server, key) = server_with(3).await;
    let body = registered("ada", "London").to_string();
    let answer = server.post("/v1/events?receipt=true", STRUCTURED, &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let receipt = &answer.json["receipt"];
    let (size, root) = signed(&receipt["checkpoint"], &key);
    let proof = &receipt["proofs"][0];
    assert_eq!((proof["of"].as_u64(), &receipt["size"]), (Some(answer.position), &json!(size)));
    let (leaf, path) = (hash(&proof["leaf"]), hashes(&proof["path"]));
    assert_eq!(verify_inclusion(leaf, answer.position - 1, size, &path, root), Ok(()));
    // A repetition has its first place shown.
    let again = server.post("/v1/events?receipt=true", STRUCTURED, &body).await;
    assert_eq!(again.json["receipt"]["proofs"][0]["of"], proof["of"]);
    assert_eq!(server.post("/v1/events?receipt=false", STRUCTURED, &body).await.json["receipt"], Value::Null);
    assert_eq!(server.post("/v1/events?receipt=maybe", STRUCTURED, &body).await.code(), "bad-request");
    assert_eq!(server.post("/v1/events?recept=true", STRUCTURED, &body).await.code(), "bad-request");
    let refused = server.post("/v1/events?receipt=true", STRUCTURED, "{}").await;
    assert_eq!((refused.code(), &refused.json["receipt"]), ("not-a-cloud-event", &Value::Null));
}

/// Starts an engine in a folder, publishes refusals (which are records), stops it; the tree's size and root.
async fn run(folder: &std::path::Path, records: u64) -> Result<(u64, Hash, String), TrailError> {
    let engine = match Engine::open(folder, Settings { standbys_max: 1 }) {
        Ok(engine) => engine,
        Err(selfsame_node::StartError::Trail(err)) => return Err(err),
        Err(other) => panic!("{other}"),
    };
    let caller = selfsame_record::Principal::parse("web").expect("a principal");
    for _ in 0..records {
        let (kind, code) = (selfsame_core::Refusal::new, selfsame_core::Code::NotCloudEvent);
        let request = selfsame_node::note_refused(None, kind(code, "not one"), None);
        let _ = engine.handle().ask(&caller, request).await;
    }
    let handle = engine.handle().clone();
    engine.stop().await;
    let trail = handle.trail();
    let stand = (trail.size(), trail.root_at(trail.size()).expect("a root"), trail.verifier().to_string());
    let written = selfsame_node::audit::read_checkpoint(folder).expect("read").expect("a checkpoint");
    let checkpoint = written.verify(trail.verifier()).expect("signed");
    assert_eq!(
        (checkpoint.size, checkpoint.root),
        (stand.0, stand.1),
        "a clean stop leaves the last checkpoint"
    );
    assert_eq!(handle.position().get(), stand.0);
    Ok(stand)
}

#[tokio::test]
async fn a_restart_keeps_key_and_root() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let first = run(folder.path(), 3).await.expect("runs");
    assert!(first.0 > 0);
    let second = run(folder.path(), 0).await.expect("runs");
    assert_eq!(first, second);
    let third = run(folder.path(), 2).await.expect("runs");
    assert_eq!((third.0 > second.0, &third.2), (true, &second.2));
    let mode = std::fs::metadata(folder.path().join(KEY)).expect("a key").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_log_that_is_not_the_signed_one_is_not_started_from() {
    let (newer, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    run(newer.path(), 1).await.expect("runs");
    let older = tempfile::tempdir().expect("a folder");
    copy(&newer.path().join("log"), &older.path().join("log"));
    run(newer.path(), 2).await.expect("runs");
    std::fs::remove_dir_all(newer.path().join("log")).expect("removed");
    copy(&older.path().join("log"), &newer.path().join("log"));
    let said = run(newer.path(), 0).await.expect_err("an older copy");
    assert!(matches!(said, TrailError::Shorter { .. }), "{said}");
    run(other.path(), 5).await.expect("runs");
    std::fs::remove_dir_all(newer.path().join("log")).expect("removed");
    copy(&other.path().join("log"), &newer.path().join("log"));
    let said = run(newer.path(), 0).await.expect_err("another log");
    assert!(matches!(said, TrailError::Rewritten { .. }), "{said}");
    std::fs::write(newer.path().join(CHECKPOINT), "x").expect("written");
    let said = run(newer.path(), 0).await.expect_err("no checkpoint");
    assert!(matches!(said, TrailError::Checkpoint { .. }), "{said}");
    std::fs::remove_file(newer.path().join(CHECKPOINT)).expect("removed");
    run(newer.path(), 0).await.expect("a person moved it away");
}

#[tokio::test]
async fn a_lost_or_foreign_key_is_said_so() {
    let (folder, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    run(folder.path(), 0).await.expect("runs");
    run(other.path(), 0).await.expect("runs");
    let key = folder.path().join(KEY);
    let kept = std::fs::read(&key).expect("a key");
    std::fs::remove_file(&key).expect("removed");
    assert!(matches!(run(folder.path(), 0).await, Err(TrailError::KeyLost { .. })));
    std::fs::copy(other.path().join(KEY), &key).expect("copied");
    assert!(matches!(run(folder.path(), 0).await, Err(TrailError::OtherKey { .. })));
    std::fs::write(&key, "x").expect("written");
    assert!(matches!(run(folder.path(), 0).await, Err(TrailError::Key { .. })));
    std::fs::write(&key, &kept).expect("written");
    std::fs::remove_file(folder.path().join(VKEY)).expect("removed");
    run(folder.path(), 0).await.expect("the public key follows from the secret one");
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let place = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &place);
        } else {
            std::fs::copy(entry.path(), place).expect("copied");
        }
    }
}

#[tokio::test]
async fn checkpoints_follow_each_other() {
    let (server, key) = server_with(1).await;
    let before = checkpoint(&server).await;
    server.register_user("ada", "London").await;
    let (from, to) = (before.unverified().size, server.engine.handle().trail().size());
    if to > from {
        let path = server.get(&format!("/audit/proof/consistency?from={from}&to={to}")).await.json;
        let (_, root) = signed(&path["checkpoint"], &key);
        assert_eq!(
            verify_consistency((from, before.unverified().root), (to, root), &hashes(&path["path"])),
            Ok(())
        );
    }
}
