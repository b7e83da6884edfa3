//! The way that the guide goes in five minutes, on a small repository, over HTTP.

#![expect(clippy::expect_used, reason = "tests end this way")]

use std::path::{Path, PathBuf};

use crate::helper::{Served, commit, run, small_repository};
use serde_json::Value;

const ANN: &str = "ann@example.org";

fn text(path: &Path) -> &str {
    path.to_str().expect("a path")
}

fn v2_document() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/git-v2.yaml")
}

/// An engine with the history of a small repository at v1.
fn with_history() -> (tempfile::TempDir, tempfile::TempDir, Served) {
    let (repo, dir) = (small_repository(), tempfile::tempdir().expect("a folder"));
    let served = Served::start(dir.path(), &[]);
    let imported = served.run(&["import", "git", text(repo.path())]);
    assert!(imported.err.contains("registering the bundled `git-history` as v1"), "{}", imported.err);
    let summary = imported.ok();
    assert!(summary.starts_with("3 commits, 3 file changes in "), "{summary}");
    assert!(summary.contains("new: 6, duplicates: 0, "), "{summary}");
    (repo, dir, served)
}

/// Takes v2 live.
fn cut_over(served: &Served) {
    assert_eq!(served.run(&["version", "register", text(&v2_document())]).ok(), "v2\n");
    served.run(&["version", "build", "v2", "--wait"]).ok();
    let switched = served.run(&["version", "cutover", "v2", "--expect", "v1"]).ok();
    assert!(switched.starts_with("v2 answers from #"), "{switched}");
}

fn author(served: &Served) -> Value {
    served.run(&["get", "author", ANN]).json()
}

#[test]
fn a_history_is_imported_once_and_read() {
    let (repo, _dir, served) = with_history();
    let again = served.run(&["import", "git", text(repo.path()), "--json"]).json();
    assert_eq!((&again["new"], &again["duplicates"]), (&0.into(), &6.into()), "{again}");
    commit(repo.path(), "Ann", "roof.rs", "a\n", "Lower the roof");
    let more = served.run(&["import", "git", text(repo.path()), "--json"]).json();
    assert_eq!((&more["new"], &more["duplicates"]), (&2.into(), &6.into()), "{more}");

    let ann = author(&served);
    assert_eq!((&ann["commits"], &ann["added"], &ann["removed"]), (&3.into(), &4.into(), &2.into()), "{ann}");
    assert_eq!(ann["last_title"], Value::Null);
    let door = served.run(&["get", "files", "docs/door%25.md", "--json"]).json();
    assert_eq!((&door["value"]["churn"], &door["version"]), (&1.into(), &"v1".into()), "{door}");

    let page = served.run(&["query", "files", "--by", "churn", "--desc", "--limit", "1", "--json"]).json();
    assert_eq!((&page["rows"][0]["key"], &page["rows"][0]["value"]["churn"]), (&"roof.rs".into(), &7.into()));
    let all = served.run(&["query", "files", "--by", "churn", "--limit", "1", "--all"]);
    assert!(all.err.starts_with("2 rows, v1 at #"), "{}", all.err);
    assert_eq!(all.ok().lines().count(), 3);
    let anns =
        served.run(&["query", "files", "--by", "last_author,churn", "--eq", &format!("last_author={ANN}")]);
    assert!(anns.ok().contains("docs/door%25.md"));
}

#[test]
fn a_version_goes_live_and_back() {
    let (_repo, dir, served) = with_history();
    let before = author(&served);
    assert_eq!(served.run(&["version", "register", text(&v2_document())]).ok(), "v2\n");
    assert_eq!(served.run(&["version", "register", text(&v2_document())]).ok(), "v2, which existed\n");
    let plan = served.run(&["version", "plan", "v2"]).ok();
    for line in [
        "v2 against v1:",
        "  changed  event git.commit: ",
        "  same     event git.file-changed",
        "  changed  view files",
    ] {
        assert!(plan.contains(line), "{line}: {plan}");
    }
    cut_over_registered(&served);
    assert_eq!(author(&served)["last_title"], "Say how to knock");
    let list = served.run(&["version", "list"]).ok();
    assert!(list.contains("standby") && list.contains("active"), "{list}");
    assert_eq!(served.run(&["get", "author", ANN, "--read-as", "v1"]).json(), before);

    let replayed = served.run(&["replay"]).ok();
    assert!(replayed.ends_with("equal to the live state: yes\n"), "{replayed}");
    let rewound = served.run(&["version", "rewind", "v1", "--reason", "to see it"]).ok();
    assert!(rewound.starts_with("v1 answers from #") && rewound.contains("the window was #"), "{rewound}");
    assert_eq!(author(&served), before);
    let replayed = served.run(&["replay", "--version", "v1", "--json"]).json();
    assert_eq!(replayed["equal"], true, "{replayed}");
    let state = served.run(&["state", "--json"]).json();
    assert_eq!((&state["active"], &state["events"]), (&"v1".into(), &6.into()), "{state}");
    assert!(served.run(&["state"]).ok().contains("boundary: none"));

    let census = served.run(&["census"]).ok();
    assert!(census.starts_with("PRINCIPAL  VERSION  STAGE "), "{census}");
    let rows = served.run(&["census", "--json"]).json()["rows"].clone();
    let of = |version: &str| rows.as_array()?.iter().find(|row| row["version"] == version).cloned();
    let (v1, v2) = (of("v1").expect("a row"), of("v2").expect("a row"));
    assert_eq!(
        (&v1["wrote"]["events"], &v2["wrote"], &v2["read"]["count"]),
        (&6.into(), &Value::Null, &1.into())
    );
    let reader = v2["principal"].as_str().expect("a name");
    let shown = served.run(&["version", "show", "v2"]).ok();
    let used = format!("still used by: {reader} reads v2 (1 since the start, last ");
    assert!(shown.contains(&used), "{shown}");
    let dropped = served.run(&["version", "drop", "v2"]).ok();
    assert!(dropped.starts_with(&format!("v2 is dropped\n{used}")), "{dropped}");

    assert!(dir.path().join("serving.json").exists());
    assert_eq!(served.stop(), Some(0));
    assert!(!dir.path().join("serving.json").exists());
}

fn cut_over_registered(served: &Served) {
    let built = served.run(&["version", "build", "v2", "--wait"]).ok();
    assert_eq!(built, "v2 is built: cut over with `selfsame version cutover v2`\n");
    served.run(&["version", "cutover", "v2"]).ok();
}

#[test]
fn a_build_has_a_budget_and_is_steered() {
    let (_repo, _dir, served) = with_history();
    served.run(&["version", "register", text(&v2_document())]).ok();
    assert_eq!(served.run(&["builds"]).ok(), "nothing is being built\n");
    let budget = ["--rate", "50000", "--memory", "200M", "--share", "60"];
    served.run(&[&["version", "build", "v2", "--wait"], &budget[..]].concat()).ok();
    for verb in ["pause", "resume", "abandon"] {
        let refused = served.run(&["version", verb, "v2"]).err;
        assert!(refused.contains("error[not-building]: v2 is candidate"), "{verb}: {refused}");
    }
    let usage = served.run(&["version", "build", "v2", "--memory", "much"]).err;
    assert!(usage.contains("`much` is not a number of bytes"), "{usage}");
    let refused = served.run(&["version", "build", "v2", "--rate", "5"]).err;
    assert!(refused.contains("under the minimum of 100"), "{refused}");
}

#[test]
fn jobs_are_in_the_shape_of_the_active_version() {
    let (_repo, _dir, served) = with_history();
    let lease = served.run(&["jobs", "lease", "review", "--max", "1", "--json"]).json();
    assert_eq!(lease["jobs"][0]["input"]["subject"], "Raise the roof", "{lease}");
    let number = |value: &Value| value.to_string();
    let (job, token) = (number(&lease["jobs"][0]["job"]), number(&lease["lease"]));
    assert_eq!(served.run(&["jobs", "ack", "review", &job, &token]).ok(), format!("job {job} is done\n"));
    cut_over(&served);
    let lease = served.run(&["jobs", "lease", "review", "--json"]).json();
    let input = &lease["jobs"][0]["input"];
    assert_eq!((&input["title"], &input["branch"]), (&"Mend the roof".into(), &"main".into()), "{lease}");
    let (job, token) = (number(&lease["jobs"][0]["job"]), number(&lease["lease"]));
    let back = served.run(&["jobs", "nack", "review", &job, &token, "--reason", "no time"]).ok();
    assert!(back.starts_with(&format!("job {job} is due again at ")), "{back}");
    let stale = served.run(&["jobs", "ack", "review", &job, &token]);
    assert_eq!((stale.code, stale.err.starts_with("error[lease-lost]: ")), (Some(1), true), "{}", stale.err);
    let list = served.run(&["jobs", "list"]).ok();
    let row: Vec<&str> = list.lines().nth(1).expect("a row").split_whitespace().collect();
    assert_eq!(row, ["review", "1", "0", "1", "1", "0"], "{list}");
    assert_eq!(served.run(&["jobs", "dead"]).ok(), "no job was given up\n");
}

#[test]
fn what_is_refused_is_exit_1_and_stays_readable() {
    let (repo, _dir, served) = with_history();
    cut_over(&served);
    // The same ids with another content: the events are there already, written in v1.
    let other = served.run(&["import", "git", text(repo.path()), "--write-as", "v2"]);
    assert_eq!(other.code, Some(1), "{}", other.err);
    assert!(other.err.contains("error[events-refused]: 6 events were refused: 6 id-reused"), "{}", other.err);
    for (args, code) in [
        (&["publish", "git.nonsense", "--key", "k"][..], "unknown-type"),
        (&["publish", "selfsame.x", "--key", "k"], "protected-type"),
        (&["publish", "git.commit", "--data", "{}"], "invalid-event"),
        (&["get", "author", "nobody"], "not-found"),
        (&["get", "nonsense", "k"], "unknown-projection"),
        (&["query", "files", "--by", "nonsense"], "bad-query"),
        (&["version", "cutover", "v9"], "unknown-version"),
        (&["version", "cutover", "v1", "--expect", "none"], "active-changed"),
        (&["import", "git", text(repo.path()), "--write-as", "v9"], "unknown-version"),
        (&["event", "999999"], "not-found"),
        (&["replay", "--version", "v9"], "unknown-version"),
    ] {
        let ended = served.run(args);
        assert_eq!(ended.code, Some(1), "{args:?}: {}", ended.err);
        assert!(ended.err.starts_with(&format!("error[{code}]: ")), "{args:?}: {}", ended.err);
    }
    let refused = served.run(&["refused"]).ok();
    for code in ["unknown-type", "protected-type", "invalid-event"] {
        assert!(refused.contains(&format!("[{code}]")), "{code}: {refused}");
    }
}

#[test]
fn events_are_published_one_by_one_and_in_batches() {
    let (_repo, dir, served) = with_history();
    let data =
        r#"{"commit":"c","path":"p","author_email":"e","added":1,"removed":0,"churn":1,"binary":false}"#;
    let publish = ["publish", "git.file-changed", "--key", "p", "--id", "1", "--data", data];
    let first = served.run(&publish).ok();
    assert_eq!(served.run(&publish).ok(), format!("{}, which was there before\n", first.trim()));
    let shown = served.run(&["event", first.trim()]).ok();
    assert!(shown.contains("type: git.file-changed\n") && shown.contains("\"path\": \"p\""), "{shown}");

    let event = |id: u32| {
        format!(
            r#"{{"specversion":"1.0","id":"b{id}","source":"urn:x","type":"git.file-changed","data":{data}}}"#
        )
    };
    let batch = dir.path().join("batch.ndjson");
    std::fs::write(&batch, format!("{}\n{}\n", event(1), event(2))).expect("written");
    assert_eq!(served.run(&["publish", "--batch", text(&batch)]).ok().lines().count(), 2);
    let row = served.run(&["get", "files", "p"]).json();
    assert_eq!(row["churn"], 3, "{row}");
}

#[test]
fn a_folder_is_read_the_same_with_and_without_its_engine() {
    let (_repo, dir, served) = with_history();
    cut_over(&served);
    let online = served.run(&["log", "dump"]).ok();
    assert!(online.lines().count() >= 10 && online.contains("cut-over"), "{online}");
    let live = served.run(&["replay", "--json"]).json();
    let second = run(&["serve", "--dev", "--dir", text(dir.path()), "--listen", "127.0.0.1:0"]);
    assert_eq!(second.code, Some(1));
    assert!(second.err.contains("is in use"), "{}", second.err);
    served.kill();

    let folder = ["--dir", text(dir.path())];
    assert_eq!(run(&["log", "dump", folder[0], folder[1]]).ok(), online);
    let part =
        run(&["log", "dump", folder[0], folder[1], "--from", "3", "--until", "9", "--limit", "2"]).ok();
    assert_eq!(part.lines().collect::<Vec<_>>(), online.lines().skip(2).take(2).collect::<Vec<_>>());
    let replayed = run(&["replay", folder[0], folder[1], "--json"]).json();
    assert_eq!(replayed["replayed"]["digest"], live["replayed"]["digest"]);
    assert_eq!(replayed["equal"], Value::Null);
    let verified = run(&["log", "verify", folder[0], folder[1], "--json"]).json();
    assert_eq!((&verified["sound"], &verified["events"]), (&true.into(), &6.into()), "{verified}");

    let again = Served::start(dir.path(), &[]);
    let state = again.run(&["state", "--json"]).json();
    assert_eq!((&state["active"], &state["events"]), (&"v2".into(), &6.into()));
    assert_eq!(again.run(&["replay", "--json"]).json()["equal"], true);
}
