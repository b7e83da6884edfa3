//! What verifying notices: every changed byte, older copies, forks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::extract::Query;
use axum::routing::get;
use selfsame_log::{FjallLog, Log as _, seal};
use selfsame_node::audit::{CHECKPOINT, KEY, VKEY, new_key, rebuild, replace};
use selfsame_record::checkpoint::SignedCheckpoint;
use selfsame_record::merkle::{Hash, Tree};
use selfsame_record::note::{KeyKind, SignerKey};
use selfsame_record::{Attribute, Block, Body, Event, Extra, Record, Row, TraySeq, Value};

use crate::client::Client;
use crate::commands::audit::trust::{Token, Trust};
use crate::commands::audit::verify::Verified;
use crate::commands::audit::witness::{Witness, WitnessArgs};
use crate::commands::audit::{export, exported, folder, proof, prove};
use crate::failure::{Failure, Outcome};
use crate::out::Out;

fn record(position: u64) -> Record {
    let event = Event {
        event_type: "user.registered".into(),
        key: format!("u{position}"),
        source: "/web".into(),
        id: position.to_string(),
        version: 1,
        occurred_us: position.is_multiple_of(2).then_some(7),
        fingerprint: u128::from(position).to_be_bytes(),
        tray: position.is_multiple_of(3).then_some(TraySeq { stream: 5, seq: position }),
        attributes: vec![Attribute { name: "trace".into(), value: "a\"é".into() }],
        row: Row {
            slots: vec![Value::Object, Value::Text("x".into()), Value::Int(-1), Value::Number("1.0".into())],
            extras: vec![Extra { host: 0, key: "k".into(), json: "[1]".into() }],
        },
    };
    let body = match position % 5 {
        0 => Body::Control(format!("{{\"kind\":\"frozen\",\"reason\":\"{position}\"}}")),
        _ => Body::Event(event),
    };
    Record { position, time_us: 9, principal: "web".into(), body }
}

/// An engine's folder as a clean stop leaves it, with so many records, the first of them `before`.
struct Stopped {
    dir: tempfile::TempDir,
    key: SignerKey,
}

impl Stopped {
    fn with(records: &[Record]) -> Stopped {
        let dir = tempfile::tempdir().expect("a folder");
        let key = new_key(None, KeyKind::Ed25519).expect("a key");
        replace(dir.path(), KEY, &format!("{}\n", *key.to_secret_text())).expect("written");
        replace(dir.path(), VKEY, &format!("{}\n", key.verifier())).expect("written");
        let stopped = Stopped { dir, key };
        stopped.append(records);
        stopped
    }

    fn new(records: u64) -> Stopped {
        Stopped::with(&(1..=records).map(record).collect::<Vec<_>>())
    }

    fn append(&self, records: &[Record]) {
        let log = FjallLog::open(&self.path().join("log")).expect("opened");
        for block in records.chunks(300) {
            log.append(&Block::pack(&block.to_vec())).expect("appended");
        }
        let tree = rebuild(&log).expect("a tree");
        drop(log);
        let signed = SignedCheckpoint::sign(tree.size(), tree.root(), &self.key);
        replace(self.path(), CHECKPOINT, &signed.to_string()).expect("written");
        seal(&self.path().join("log")).expect("sealed");
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn trust(&self) -> Trust {
        Trust::new(Some(self.key.verifier().to_string()), None)
    }

    fn verify(&self) -> Outcome<Verified> {
        folder::verify(self.path(), &self.trust())
    }

    async fn export(&self, range: Option<(u64, u64)>) -> tempfile::TempDir {
        let place = tempfile::tempdir().expect("a folder");
        let (from, to) = (range.map(|r| r.0), range.map(|r| r.1));
        let out = place.path().join("export");
        let args = export::ExportArgs { dir: self.path().to_owned(), out, from, to, token: Token::default() };
        export::run(args, Out { json: true }).await.expect("exported");
        place
    }
}

/// Where it was noticed, or `None`.
fn place<T>(outcome: &Outcome<T>) -> Option<String> {
    match outcome {
        Ok(_) => None,
        Err(Failure::Audit { place, reason }) => Some(format!("{place}: {reason}")),
        Err(other) => panic!("{other}"),
    }
}

fn files(dir: &Path) -> BTreeMap<String, PathBuf> {
    let (mut found, mut open) = (BTreeMap::new(), vec![(String::new(), dir.to_owned())]);
    while let Some((prefix, folder)) = open.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                open.push((format!("{name}/"), entry.path()));
            } else {
                found.insert(name, entry.path());
            }
        }
    }
    found
}

/// Changes bytes of a file, about so many of them spread evenly, one at a time; says which went unnoticed, and
/// checks that what is said of the others names the file.
fn flip(path: &Path, names: &[&str], about: usize, verify: &dyn Fn() -> Option<String>) -> Vec<usize> {
    let (sound, mut unnoticed) = (std::fs::read(path).expect("bytes"), Vec::new());
    let step = (sound.len() / about).max(1);
    for at in (0..sound.len()).step_by(step) {
        let mut bytes = sound.clone();
        bytes[at] ^= if at % 2 == 0 { 0x01 } else { 0x20 };
        std::fs::write(path, &bytes).expect("written");
        match verify() {
            Some(said) => assert!(names.iter().any(|n| said.contains(n)), "byte {at} of {names:?}: {said}"),
            None => unnoticed.push(at),
        }
    }
    std::fs::write(path, &sound).expect("written");
    assert_eq!(verify(), None, "{names:?} is as it was");
    unnoticed
}

#[tokio::test(flavor = "multi_thread")]
async fn every_changed_byte_of_an_export_is_noticed_and_its_file_named() {
    let mut records: Vec<Record> = (1..=12).map(record).collect();
    records.push(Record { position: 13, body: Body::Control("x".repeat(70_000)), ..record(13) });
    let stopped = Stopped::with(&records);
    for range in [None, Some((3, 5))] {
        let place_of = stopped.export(range).await;
        let dir = place_of.path().join("export");
        let verify = || place(&exported::verify(&dir, &stopped.trust()));
        assert_eq!(verify(), None);
        for (name, path) in files(&dir) {
            assert_eq!(flip(&path, &[&name], 150, &verify), [0_usize; 0], "of {name}");
        }
        // Without a key of one's own, too.
        assert_eq!(place(&exported::verify(&dir, &Trust::default())), None);
        for name in [CHECKPOINT, VKEY] {
            let verify = || place(&exported::verify(&dir, &Trust::default()));
            // A changed key may no longer be the one that signed: then the checkpoint is named.
            assert_eq!(flip(&dir.join(name), &[CHECKPOINT, VKEY], 80, &verify), [0_usize; 0], "of {name}");
        }
        for (name, path) in files(&dir) {
            let kept = std::fs::read(&path).expect("bytes");
            std::fs::remove_file(&path).expect("removed");
            let said = exported::verify(&dir, &stopped.trust()).err().map(|e| e.to_string());
            assert!(said.is_some() || name == VKEY, "{name} is gone, and nobody noticed");
            std::fs::write(&path, kept).expect("written");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_export_names_the_tile() {
    let stopped = Stopped::new(1000);
    let place_of = stopped.export(None).await;
    let dir = place_of.path().join("export");
    let verify = || place(&exported::verify(&dir, &stopped.trust()));
    assert_eq!(verify(), None);
    for name in ["tile/0/000", "tile/0/002", "tile/0/003.p/232", "tile/1/000.p/3", "tile/entries/001"] {
        assert_eq!(flip(&dir.join(name), &[name], 10, &verify), [0_usize; 0], "of {name}");
    }
    let records = std::fs::read_to_string(dir.join("records.jsonl")).expect("records");
    let shorter: Vec<&str> = records.split_inclusive('\n').take(999).collect();
    std::fs::write(dir.join("records.jsonl"), shorter.concat()).expect("written");
    assert_eq!(
        verify().expect("noticed"),
        "records.jsonl: it has #1 to #999, and the export is of #1 to #1000"
    );
}

#[test]
fn every_changed_byte_of_a_stopped_engines_files_is_noticed() {
    let stopped = Stopped::new(700);
    let verify = || place(&stopped.verify());
    assert_eq!(verify(), None);
    for (name, path) in files(stopped.path()) {
        let shown = name.strip_prefix("log/").unwrap_or(&name);
        assert_eq!(flip(&path, &[shown, "files.sha256"], 25, &verify), [0_usize; 0], "of {name}");
    }
}

/// Without the list of files: what no record is made of may go unnoticed, and nothing that one is made of.
#[test]
fn without_the_list_of_files_no_changed_record_goes_unnoticed() {
    let stopped = Stopped::new(700);
    std::fs::remove_file(stopped.path().join("log/files.sha256")).expect("removed");
    let (mut changed, mut unnoticed) = (0, 0);
    for (name, path) in files(&stopped.path().join("log")) {
        let sound = std::fs::read(&path).expect("bytes");
        for at in (0..sound.len()).step_by((sound.len() / 20).max(1)) {
            let mut bytes = sound.clone();
            bytes[at] ^= 0x10;
            std::fs::write(&path, &bytes).expect("written");
            changed += 1;
            // Verified, so every record is the one that was signed.
            if let Ok(verified) = stopped.verify() {
                assert_eq!(verified.size, 700, "byte {at} of {name}");
                unnoticed += 1;
            }
        }
        std::fs::write(&path, &sound).expect("written");
    }
    println!("{unnoticed} of {changed} changed bytes are of no record");
    assert!(changed > unnoticed);
}

#[test]
fn an_older_copy_is_noticed_by_whoever_holds_a_newer_checkpoint() {
    let stopped = Stopped::new(10);
    let older = tempfile::tempdir().expect("a folder");
    copy(stopped.path(), older.path());
    stopped.append(&(11..=20).map(record).collect::<Vec<_>>());
    let held = stopped.path().join(CHECKPOINT);
    let trust = Trust::new(Some(stopped.key.verifier().to_string()), Some(held.clone()));
    assert_eq!(place(&folder::verify(stopped.path(), &trust)), None);
    assert_eq!(place(&folder::verify(older.path(), &stopped.trust())), None, "by itself it is sound");
    let said = place(&folder::verify(older.path(), &trust)).expect("noticed");
    assert!(
        said.contains("it is signed for #20, and the log ends at #10: an older copy was restored"),
        "{said}"
    );
    // Its own checkpoint is newer than the log that was put there.
    std::fs::copy(&held, older.path().join(CHECKPOINT)).expect("copied");
    let said = place(&folder::verify(older.path(), &stopped.trust())).expect("noticed");
    assert!(said.starts_with("checkpoint: it is signed for #20, and the log ends at #10"), "{said}");
    // Another history of the same length.
    let forged = Stopped::with(&(1..=20).map(|at| Record { time_us: 10, ..record(at) }).collect::<Vec<_>>());
    for name in [KEY, VKEY, CHECKPOINT] {
        std::fs::copy(stopped.path().join(name), forged.path().join(name)).expect("copied");
    }
    let said = place(&folder::verify(forged.path(), &stopped.trust())).expect("noticed");
    assert!(said.starts_with("log: a record between #1 and #20 is not the one that was signed"), "{said}");
}

#[test]
fn another_key_than_the_given_one_is_noticed() {
    let (stopped, other) = (Stopped::new(3), Stopped::new(3));
    let said = place(&folder::verify(stopped.path(), &other.trust())).expect("noticed");
    assert!(said.starts_with("audit.vkey: it is the key"), "{said}");
}

#[test]
fn a_changed_proof_shows_nothing() {
    let stopped = Stopped::new(20);
    let args =
        prove::ProveArgs { position: 8, size: None, dir: stopped.path().to_owned(), token: Token::default() };
    let text = serde_json::to_vec(&prove::stopped(&args).expect("a proof")).expect("JSON");
    let file = stopped.path().join("proof.json");
    std::fs::write(&file, &text).expect("written");
    let verify = || proof::verify(&file, &stopped.trust());
    assert_eq!(verify().expect("sound").size, 20);
    for at in (0..text.len()).step_by(3) {
        let mut bytes = text.clone();
        bytes[at] ^= 0x01;
        std::fs::write(&file, &bytes).expect("written");
        assert!(verify().is_err(), "byte {at}: {}", String::from_utf8_lossy(&bytes));
    }
}

/// What an engine would answer that shows this tree.
async fn show(tree: Tree, key: Arc<SignerKey>) -> String {
    let shared = Arc::new(tree);
    let (for_proof, for_checkpoint) = (Arc::clone(&shared), shared);
    let checkpoint = move || {
        let text = SignedCheckpoint::sign(for_checkpoint.size(), for_checkpoint.root(), &key).to_string();
        async move { text }
    };
    let consistency = move |Query(asked): Query<BTreeMap<String, u64>>| {
        let path = for_proof.consistency(asked["from"], asked["to"]);
        async move { serde_json::json!({ "path": path }).to_string() }
    };
    let routes = Router::new().route("/audit/checkpoint", get(checkpoint));
    let routes = routes.route("/audit/proof/consistency", get(consistency));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, routes).await });
    format!("http://{address}")
}

/// The same first three leaves, whatever the salt.
fn tree(leaves: u64, salt: u64) -> Tree {
    let mut tree = Tree::new();
    for leaf in 0..leaves {
        let salt = if leaf < 3 { 0 } else { salt };
        tree.push(Hash::of_leaf(&[leaf.to_be_bytes(), salt.to_be_bytes()].concat()));
    }
    tree
}

#[tokio::test]
async fn a_witness_cosigns_what_follows_and_refuses_a_fork() {
    let key = Arc::new(new_key(None, KeyKind::Ed25519).expect("a key"));
    let state = tempfile::tempdir().expect("a folder");
    let args = |url: &str| WitnessArgs {
        engine: url.to_owned(),
        log_key: key.verifier().to_string(),
        state: state.path().to_owned(),
        key: state.path().join("w.key"),
        name: "w".to_owned(),
        listen: None,
        once: true,
        every: 1,
        token: Token::default(),
    };
    let look = async |leaves, salt| {
        let url = show(tree(leaves, salt), Arc::clone(&key)).await;
        // A new witness each time: what it goes by is in its folder.
        let mut witness = Witness::open(&args(&url), key.verifier().clone()).expect("a witness");
        let cosigned = witness.look(&Client::new(&url, "witness").expect("a client")).await?;
        assert!(cosigned.cosigned(witness.verifier()).is_ok_and(|time| time.is_some()));
        Ok::<u64, Failure>(cosigned.unverified().size)
    };
    assert_eq!(look(5, 0).await.ok(), Some(5));
    assert_eq!(look(5, 0).await.ok(), Some(5));
    assert_eq!(look(9, 0).await.ok(), Some(9));
    for (leaves, salt, expect) in [
        (8, 0, "it is signed for #9, and the log ends at #8: an older copy was restored"),
        (9, 1, "its log of #9 does not begin with the one of #9: a fork"),
        (12, 1, "its log of #12 does not begin with the one of #9: a fork"),
    ] {
        let said = place(&look(leaves, salt).await).expect("refused");
        assert!(said.contains(expect), "{said}");
    }
    assert_eq!(look(12, 0).await.ok(), Some(12), "what was refused changed nothing");
    let kept = std::fs::read_to_string(state.path().join(CHECKPOINT)).expect("kept");
    assert_eq!(SignedCheckpoint::parse(&kept).expect("a checkpoint").unverified().size, 12);
    let (url, other) =
        (show(tree(13, 0), Arc::clone(&key)).await, new_key(None, KeyKind::Ed25519).expect("a key"));
    assert!(Witness::open(&args(&url), other.verifier().clone()).is_err(), "its memory is of another log");
    let _first = Witness::open(&args(&url), key.verifier().clone()).expect("a witness");
    assert!(Witness::open(&args(&url), key.verifier().clone()).is_err(), "two witnesses with one memory");
}

fn copy(from: &Path, to: &Path) {
    for (name, path) in files(from) {
        let place = to.join(name);
        std::fs::create_dir_all(place.parent().expect("a parent")).expect("a folder");
        std::fs::copy(path, place).expect("copied");
    }
}
