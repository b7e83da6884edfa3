//! `lens propose`, `lens apply` and `check --lens`: files in, a lens, a schema or a verdict out.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::helper::{Ended, Served, run};

const FLAT: &str = "\
type: object
required: [email, given_name, family_name]
properties:
  email: { type: string, format: email }
  given_name: { type: string }
  family_name: { type: string }
additionalProperties: false
";
const NESTED: &str = "\
type: object
required: [email, name, locale]
properties:
  email: { type: string, format: email }
  name: { type: object, required: [given, family], properties: { given: { type: string }, family: { type: string } } }
  locale: { type: string }
additionalProperties: false
";

/// Runs a command whose words of the form `@name` are files with these texts.
fn with(files: &[(&str, &str)], command: &str) -> Ended {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).expect("written");
    }
    let word = |word: &str| match word.strip_prefix('@') {
        Some(name) => dir.path().join(name).to_str().expect("a path").to_owned(),
        None => word.to_owned(),
    };
    let args: Vec<String> = command.split(' ').map(word).collect();
    run(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name);
    std::fs::read_to_string(path).expect("an example")
}

/// The text of a file under `tests/golden/lens`; `SELFSAME_BLESS=1` writes it anew.
#[track_caller]
fn golden(file: &str, text: &str) {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/lens").join(file);
    if std::env::var_os("SELFSAME_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(&path, text).expect("written");
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(golden == text, "{} is another text now:\n{text}", path.display());
}

#[test]
fn a_lens_between_two_schemas_is_proposed() {
    let ended = with(&[("old", FLAT), ("new", NESTED)], "lens propose @old @new");
    assert!(ended.err.starts_with("confirm it, then judge it with `selfsame check"), "{}", ended.err);
    golden("propose.yaml", &ended.ok());
    let back = with(&[("old", NESTED), ("new", FLAT)], "lens propose @old @new");
    golden("propose-back.yaml", &back.ok());
    let json = with(&[("old", FLAT), ("new", NESTED)], "lens propose @old @new --json").json();
    assert_eq!(json[0]["op"], json!({"move": {"from": "/family_name", "to": "/name/family"}}));
    assert_eq!(json[0]["confidence"], 80);
}

#[test]
fn the_lenses_of_two_documents_are_proposed_as_a_section_to_be_pasted() {
    let (one, two) = (example("profiles-v1.yaml"), example("profiles-v2.yaml"));
    let section = with(&[("one", &one), ("two", &two)], "lens propose @one @two").ok();
    golden("propose-documents.yaml", &section);
    let (one, two) = (example("git-v1.yaml"), example("git-v2.yaml"));
    golden("propose-git.yaml", &with(&[("one", &one), ("two", &two)], "lens propose @one @two").ok());
}

/// The proposal as it is printed leads there and back.
#[test]
fn a_proposed_lens_is_applied_and_judged() {
    let lens = with(&[("old", FLAT), ("new", NESTED)], "lens propose @old @new").ok();
    let files = [("old", FLAT), ("new", NESTED), ("lens", lens.as_str())];
    golden("check.txt", &with(&files, "check @old @new --lens @lens --mode full").ok());
    let applied = with(&files, "lens apply @old @lens").ok();
    golden("apply.json", &applied);
    let json = with(&files, "lens apply @old @lens --json").json();
    assert_eq!(json, serde_json::from_str::<Value>(&applied).expect("JSON"));
}

#[test]
fn where_there_is_nothing_to_propose_it_is_said() {
    for (old, new, out, err) in [
        (FLAT, FLAT, "[]\n", "no operation is proposed: the two are alike"),
        (
            "{ type: string }",
            "type: string\nmaxLength: 3",
            "[]\n",
            "no operation is proposed: the two are alike",
        ),
    ] {
        let ended = with(&[("old", old), ("new", new)], "lens propose @old @new");
        assert!(ended.err.starts_with(err), "{}", ended.err);
        assert_eq!(ended.ok(), out);
    }
    let one = example("profiles-v1.yaml");
    let ended = with(&[("one", &one)], "lens propose @one @one");
    assert!(ended.err.starts_with("no operation is proposed: no event type"), "{}", ended.err);
    assert_eq!(ended.ok(), "lenses: {}\n");
    // An empty lens is a lens.
    let files = [("old", FLAT), ("lens", "[]")];
    let same = with(&files, "lens apply @old @lens --json").json();
    assert_eq!(same["required"], json!(["email", "given_name", "family_name"]));
}

/// One line per wrong file: the command, and what stderr says.
#[test]
fn wrong_files_are_exit_1_and_say_what_is_wrong() {
    let document = example("profiles-v1.yaml");
    let files = [
        ("old", FLAT),
        ("new", NESTED),
        ("version", document.as_str()),
        ("broken", "a: ["),
        ("cut", "{ type: "),
        ("text", "just a text"),
        ("unknown", "[{ foo: { at: /x } }]"),
        ("astray", "[{ remove: { at: /nowhere } }]"),
        ("half", "[{ remove: { at: /email } }]"),
        ("lens", "[{ remove: { at: /given_name } }]"),
    ];
    for (command, expect) in [
        ("lens propose @old @missing", "cannot be read"),
        ("lens propose @broken @new", "cannot be used: not YAML"),
        ("lens propose @cut @new", "cannot be used: not JSON"),
        ("lens propose @text @new", "the old schema is neither an object nor a boolean"),
        ("lens propose @version @new", "one is a schema-version document and the other a schema"),
        ("lens apply @version @lens", "it is a schema-version document: give the schema of one event type"),
        ("lens apply @text @lens", "it is no schema, which is an object or a boolean"),
        ("lens apply @old @new", "cannot be used: must be a list of operations"),
        ("lens apply @old @unknown", "cannot be used: /0: the operation `foo` is not known"),
        ("lens apply @old @astray", "cannot be used: /0: there is no field `/nowhere`"),
        ("check @version @version --lens @lens", "it is a schema-version document"),
        ("check @old @new --lens @unknown", "cannot be used: /0: the operation `foo` is not known"),
        ("check @old @new --lens @astray", "cannot be used: /0: there is no field `/nowhere`"),
        (
            "check @old @new --lens @half",
            "/properties/email of the new schema: the lens does not lead to `email`",
        ),
    ] {
        let ended = with(&files, command);
        assert_eq!(ended.code, Some(1), "{command}: {}{}", ended.out, ended.err);
        assert!(ended.err.starts_with("error[") && ended.err.contains(expect), "{command}: {}", ended.err);
        assert_eq!(ended.out, "", "{command}");
    }
    let ended = with(&files, "check @old @new --lens @lens");
    assert_eq!(ended.code, Some(1), "{}{}", ended.out, ended.err);
    assert!(ended.err.starts_with("error[incompatible]") && ended.out.contains("fails"), "{}", ended.out);
}

#[test]
fn a_refused_document_is_answered_with_the_lens_that_is_missing() {
    let dir = tempfile::tempdir().expect("a folder");
    let served = Served::start(dir.path(), &[]);
    let register = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).expect("written");
        served.run(&["version", "register", path.to_str().expect("a path")])
    };
    register("one.yaml", &example("profiles-v1.yaml")).ok();
    let two = example("profiles-v2.yaml");
    let (before, after) = two.split_once("lenses:").expect("lenses");
    let (_, projections) = after.split_once("projections:").expect("projections");
    let refused = register("two.yaml", &format!("{before}projections:{projections}"));
    assert_eq!(refused.code, Some(1), "{}{}", refused.out, refused.err);
    golden("refused.txt", &refused.err);
    // Pasted as it is proposed, it is taken.
    let lens: Vec<&str> = refused.err.lines().filter_map(|line| line.trim().strip_prefix("- ")).collect();
    let pasted = format!("lenses:\n  user.registered: [{}]\n", lens.join(", "));
    assert_eq!(register("three.yaml", &format!("{before}{pasted}projections:{projections}")).ok(), "v2\n");
}
