//! The audit trail of a served engine, from the outside, and an independent verifier of its exports.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "tests end this way")]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::helper::{Ended, Served, run, small_repository};

fn text(path: &Path) -> &str {
    path.to_str().expect("a path")
}

fn key(dir: &Path) -> String {
    std::fs::read_to_string(dir.join("audit.vkey")).expect("a key").trim().to_owned()
}

fn verify(what: &str, key: &str, more: &[&str]) -> Ended {
    let mut args = vec!["audit", "verify", what, "--key", key, "--json"];
    args.extend(more);
    run(&args)
}

#[track_caller]
fn refused(ended: Ended, expect: &str) {
    assert_eq!(ended.code, Some(1), "{}{}", ended.out, ended.err);
    assert!(ended.err.contains(expect), "{}", ended.err);
}

fn address(dir: &Path) -> String {
    let serving: Value =
        serde_json::from_slice(&std::fs::read(dir.join("serving.json")).expect("a file")).expect("JSON");
    serving["http"].as_str().expect("an address").to_owned()
}

fn copy(from: &Path, to: &Path) {
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

fn with_history(dir: &Path) -> (tempfile::TempDir, Served) {
    let (repo, served) = (small_repository(), Served::start(dir, &[]));
    served.run(&["import", "git", text(repo.path())]).ok();
    (repo, served)
}

#[test]
fn an_engine_its_folder_an_export_and_a_proof_are_verified() {
    let (place, dir) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (_repo, served) = with_history(dir.path());
    let (key, folder) = (key(dir.path()), text(dir.path()));
    let live = verify(folder, &key, &[]).json();
    assert_eq!((&live["verified"], &live["records_read"]), (&"engine".into(), &true.into()), "{live}");
    let remote = verify(&address(dir.path()), &key, &[]).json();
    assert_eq!((&remote["records_read"], &remote["root"]), (&false.into(), &live["root"]), "{remote}");
    let shown = served.run(&["audit", "tail", "--count", "1", "--json"]).json();
    assert_eq!(shown["root"], live["root"]);
    let history = served.run(&["audit", "log"]).ok();
    assert!(history.contains("cut-over") && !history.contains("git.commit"), "{history}");
    let out = place.path().join("live");
    served.run(&["audit", "export", "--out", text(&out)]).ok();
    assert_eq!(verify(text(&out), &key, &[]).json()["root"], live["root"]);
    let proof = served.run(&["audit", "prove", "#6"]).ok();
    assert_eq!(served.stop(), Some(0));

    let still = verify(folder, &key, &[]).json();
    assert_eq!((&still["root"], &still["unsigned"]), (&live["root"], &0.into()), "{still}");
    assert!(still["files"].as_u64().is_some_and(|files| files > 5), "a clean stop lists the files: {still}");
    let again = place.path().join("stopped");
    run(&["audit", "export", "--dir", folder, "--out", text(&again)]).ok();
    for name in ["records.jsonl", "audit.vkey", "checkpoint"] {
        let read = |folder: &Path| std::fs::read(folder.join(name)).expect("a file");
        assert_eq!(read(&out), read(&again), "{name}");
    }
    assert_eq!(run(&["audit", "log", "--dir", folder]).ok(), history);
    let file = place.path().join("proof.json");
    std::fs::write(&file, &proof).expect("written");
    let proven = run(&["audit", "verify", "--proof", text(&file), "--key", &key, "--json"]).json();
    assert_eq!((&proven["record"], &proven["root"]), (&6.into(), &live["root"]), "{proven}");
    std::fs::write(&file, proof.replace("roof.rs", "door.rs")).expect("written");
    refused(run(&["audit", "verify", "--proof", text(&file), "--key", &key]), "error[audit-failed]: #6: ");
    independently(&out, &key);
}

/// Runs the verifier that knows nothing of this program, and shows that it can fail.
fn independently(export: &Path, key: &str) {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cli/verify_export.py");
    let verify = || Command::new("python3").arg(&script).arg(export).arg(key).output();
    let Ok(verified) = verify() else {
        return eprintln!("skipped: there is no python3 on the PATH; `./tools/test` installs it");
    };
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    assert!(String::from_utf8_lossy(&verified.stdout).ends_with(" records\n"));
    let records = export.join("records.jsonl");
    let sound = std::fs::read_to_string(&records).expect("records");
    std::fs::write(&records, sound.replacen("roof.rs", "door.rs", 1)).expect("written");
    assert!(!verify().expect("it runs").status.success(), "a changed record is noticed");
    std::fs::write(&records, sound).expect("written");
}

#[test]
fn a_set_back_engine_does_not_start_and_a_witness_refuses_it() {
    let (place, dir) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (repo, served) = with_history(dir.path());
    assert_eq!(served.stop(), Some(0));
    let older = place.path().join("older");
    copy(dir.path(), &older);
    let served = Served::start(dir.path(), &[]);
    crate::helper::commit(repo.path(), "Ann", "roof.rs", "a\n", "Lower the roof");
    served.run(&["import", "git", text(repo.path())]).ok();
    let (log_key, state, own) = (key(dir.path()), place.path().join("state"), place.path().join("w.key"));
    let witness = |dir: &Path| {
        let (url, log_key) = (address(dir), log_key.clone());
        let (state, own) = (text(&state).to_owned(), text(&own).to_owned());
        run(&[
            "audit",
            "witness",
            "--of",
            &url,
            "--log-key",
            &log_key,
            "--state",
            &state,
            "--key",
            &own,
            "--once",
        ])
    };
    let cosigned = witness(dir.path()).ok();
    assert_eq!(cosigned.matches('\u{2014}').count(), 2, "{cosigned}");
    assert_eq!(served.stop(), Some(0));

    // The older copy is sound by itself, and not to whoever holds a newer checkpoint.
    let held = place.path().join("state/checkpoint");
    assert_eq!(verify(text(&older), &log_key, &[]).code, Some(0));
    refused(verify(text(&older), &log_key, &["--checkpoint", text(&held)]), "an older copy was restored");
    let restored = Served::start(&older, &[]);
    refused(witness(&older), "an older copy was restored");
    restored.kill();
    // Only its log was put back: the engine's own checkpoint is newer.
    std::fs::remove_dir_all(dir.path().join("log")).expect("removed");
    copy(&older.join("log"), &dir.path().join("log"));
    refused(verify(text(dir.path()), &log_key, &[]), "checkpoint: it is signed for #");
    refused(
        run(&["serve", "--dev", "--dir", text(dir.path()), "--listen", "127.0.0.1:0"]),
        "error[not-started]: the log ends at #",
    );
}

#[test]
fn a_killed_engines_folder_is_verified_as_far_as_it_was_signed() {
    let dir = tempfile::tempdir().expect("a folder");
    let (_repo, served) = with_history(dir.path());
    served.kill();
    let verified = verify(text(dir.path()), &key(dir.path()), &[]).json();
    assert_eq!(verified["files"], Value::Null, "{verified}");
    let (size, records) = (verified["size"].as_u64(), verified["records"].as_u64());
    assert_eq!(size.zip(records).map(|(size, records)| records - size), verified["unsigned"].as_u64());
}
