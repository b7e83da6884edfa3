//! `check`: two files, a verdict, and an exit code.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use std::path::Path;

use serde_json::Value;

use crate::helper::{Ended, run};

fn checked(dir: &Path, old: &str, new: &str, more: &[&str]) -> Ended {
    let file = |name: &str, text: &str| {
        let path = dir.join(name);
        std::fs::write(&path, text).expect("written");
        path.to_str().expect("a path").to_owned()
    };
    let (old, new) = (file("old", old), file("new", new));
    let mut args = vec!["check", &old, &new];
    args.extend(more);
    run(&args)
}

/// Two schemas, further arguments, the exit code, and what the first line says.
#[track_caller]
fn check(old: &str, new: &str, more: &[&str], code: i32, verdict: &str) {
    let dir = tempfile::tempdir().expect("a folder");
    let ended = checked(dir.path(), old, new, more);
    assert_eq!(ended.code, Some(code), "{}{}", ended.out, ended.err);
    let first = ended.out.lines().next().unwrap_or_default();
    assert!(first.starts_with(&format!("verdict  {verdict}")), "{first}");
    assert!(ended.out.contains("a label is a rule and not a proof"), "{}", ended.out);
    assert_eq!(
        ended.err.starts_with("error[incompatible]: the new schema is not"),
        code == 1,
        "{}",
        ended.err
    );
}

const INTEGER: &str = r#"{"type":"integer"}"#;
const NUMBER: &str = "type: number";

#[test]
fn the_mode_decides_the_exit_code() {
    let compatible = "compatible by the rules, and proven (backward, STRICT)";
    check(INTEGER, NUMBER, &[], 0, compatible);
    check(INTEGER, NUMBER, &["--mode", "forward"], 1, "not compatible (forward, STRICT)");
    check(INTEGER, NUMBER, &["--mode", "full"], 1, "not compatible (full, STRICT)");
    check(NUMBER, INTEGER, &["--mode", "forward"], 0, "compatible by the rules");
    check(INTEGER, INTEGER, &["--mode", "full"], 0, "compatible by the rules");
}

#[test]
fn a_witness_overrules_the_label() {
    let (old, new) = (r#"{"type":"object"}"#, r#"{"type":"object","required":["id"]}"#);
    check(old, new, &[], 1, "not compatible, though the label says full");
    let closed = |properties: &str| format!(r#"{{"properties":{properties},"additionalProperties":false}}"#);
    let (old, new) = (closed(r#"{"a":{"type":"string"}}"#), closed("{}"));
    check(&old, &new, &["--lenient"], 1, "not compatible, though the label says full");
}

/// Under an open schema the old data may use the name for anything, and the rules know it.
#[test]
fn the_policy_decides_which_label_counts() {
    let (old, new) = (r#"{"type":"object"}"#, r#"{"type":"object","properties":{"a":{"type":"string"}}}"#);
    check(old, new, &[], 1, "not compatible (backward, STRICT)");
    check(old, new, &["--lenient"], 1, "not compatible, though the label says full (backward, LENIENT)");
    let multiple = |n: &str| format!(r#"{{"type":"string","pattern":"{n}"}}"#);
    check(&multiple("^x+$"), &multiple("^xx*$"), &[], 1, "not compatible by the rules; no witness");
}

#[test]
fn people_see_places_changes_and_the_witness() {
    let dir = tempfile::tempdir().expect("a folder");
    let of = |name: &str| format!(r#"{{"type":"object","properties":{{"n":{{"type":"{name}"}}}}}}"#);
    let ended = checked(dir.path(), &of("number"), &of("integer"), &[]);
    for expect in [
        "label    STRICT forward, LENIENT forward\n",
        "PLACE          CHANGE         BACKWARD  FORWARD\n/properties/n  TYPE_NARROWED  no        yes\n",
        "witness against backward: valid under old, invalid under new\n  {\"n\":0.5}\n",
        "old in new  refuted\nnew in old  proven\n",
        "\ndocuments tried: ",
    ] {
        assert!(ended.out.contains(expect), "{}", ended.out);
    }
}

#[test]
fn programs_see_the_same() {
    let dir = tempfile::tempdir().expect("a folder");
    let ended = checked(dir.path(), NUMBER, INTEGER, &["--json"]);
    assert_eq!(ended.code, Some(1));
    let report: Value = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!(report["compatible"], false);
    assert_eq!((&report["strict"], &report["lenient"]), (&"forward".into(), &"forward".into()));
    let change =
        serde_json::json!({"pointer": "", "kind": "TYPE_NARROWED", "backward": false, "forward": true});
    assert_eq!(report["changes"], serde_json::json!([change]));
    assert_eq!(report["witnesses"][0]["against"], "backward");
    assert_eq!(report["witnesses"][0]["document"], 0.5);
    assert_eq!(report["inclusion"]["backward"]["answer"], "refuted");
    assert_eq!(report["inclusion"]["forward"], serde_json::json!({"answer": "proven"}));
    let same = checked(dir.path(), INTEGER, INTEGER, &["--json"]).json();
    assert_eq!(same["strict"], "identical");
}

/// One line per pair of files that cannot be compared, and what stderr says.
#[test]
fn what_cannot_be_compared_is_said() {
    let dir = tempfile::tempdir().expect("a folder");
    for (new, expect) in [
        (r#"{"$ref":"other.json"}"#, "`other.json` at `` leads out of the document"),
        (r#"{"#, "cannot be used: not JSON"),
        ("a: [", "cannot be used: not YAML"),
        ("text", "the new schema is neither an object nor a boolean"),
    ] {
        let ended = checked(dir.path(), INTEGER, new, &[]);
        assert_eq!(ended.code, Some(1), "{}", ended.out);
        assert!(ended.err.starts_with("error[bad-input]: ") && ended.err.contains(expect), "{}", ended.err);
        assert_eq!(ended.out, "");
    }
}

#[test]
fn a_schema_without_a_validator_is_said_and_still_labelled() {
    let dir = tempfile::tempdir().expect("a folder");
    let (old, new) = (r#"{"type":"nothing","minLength":1}"#, r#"{"type":"nothing"}"#);
    let ended = checked(dir.path(), old, new, &[]);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(ended.out.contains("no documents could be tried: the old schema: "), "{}", ended.out);
}

/// A proof does not make the rules kept, but it is said; what is not decided is said with its places.
#[test]
fn a_proof_and_what_is_not_decided_are_said() {
    let (old, new) = (r#"{"const":1}"#, r#"{"enum":[1,2]}"#);
    check(old, new, &[], 1, "not compatible by the rules, though all that is valid stays valid");
    let dir = tempfile::tempdir().expect("a folder");
    let of = |pattern: &str| format!(r#"{{"type":"string","pattern":"{pattern}"}}"#);
    let ended = checked(dir.path(), &of("^x+$"), &of("^xx*$"), &[]);
    let expect = "old in new  not decided:\n  /pattern: strings that `\"^xx*$\"` refuses are not excluded\n";
    assert!(ended.out.contains(expect), "{}", ended.out);
}

/// Without `$schema`, the spelling says which dialect is meant.
#[test]
fn a_list_under_items_is_taken_as_draft_7() {
    let of = |name: &str| format!(r#"{{"type":"array","items":[{{"type":"{name}"}}]}}"#);
    check(&of("integer"), &of("number"), &[], 0, "compatible by the rules, and proven");
    check(&of("number"), &of("integer"), &[], 1, "not compatible (backward, STRICT)");
}
