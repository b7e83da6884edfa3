//! The drill, short: every promise at once, with one kill at least, and zeros in the end.

use std::process::Command;

use selfsame_tests::binary;
use serde_json::Value;

/// Rows that say that something happened at all.
const SOME: [&str; 11] = [
    "events",
    "feed_messages",
    "events_in_others",
    "reads",
    "jobs",
    "jobs_done",
    "changes",
    "refused",
    "kills",
    "equal_digests",
    "versions",
];
/// Rows that must be zero.
const ZERO: [&str; 11] = [
    "mixed_reads",
    "empty_reads",
    "backwards_reads",
    "wrong_rows",
    "lost_events",
    "doubled_events",
    "lost_jobs",
    "doubled_jobs",
    "unequal_digests",
    "unexpected_answers",
    "failures",
];

#[test]
fn a_short_drill_with_a_kill_comes_to_zeros() {
    let folder = tempfile::tempdir().unwrap();
    let mut drill = Command::new(binary());
    drill.args(["drill", "--seconds", "12", "--seed", "12", "--json", "--data"]).arg(folder.path());
    let output = drill.output().unwrap();
    let (told, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}\n{said}");
    let report: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&report["seed"], &report["ok"]), (&12.into(), &true.into()), "{report}");
    for name in SOME {
        assert!(report["rows"][name].as_u64().unwrap() > 0, "no {name}: {report}");
    }
    for name in ZERO {
        assert_eq!(report["rows"][name], 0, "{name}: {report}");
    }
    let zeros = report["must_be_zero"].as_array().unwrap();
    assert_eq!(zeros.iter().map(|name| name.as_str().unwrap()).collect::<Vec<_>>(), ZERO);
    assert!(folder.path().join("engine/log").is_dir(), "the folder that was named is kept");
    let again = Command::new(binary()).args(["drill", "--data"]).arg(folder.path()).output().unwrap();
    assert_eq!(again.status.code(), Some(2), "a drill begins with an empty log");
}
