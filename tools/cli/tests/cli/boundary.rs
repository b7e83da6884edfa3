//! `boundary` and `explain`: made, checked, changed, compared, signed and asked as a person does it.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::helper::{Ended, run};

/// A folder with a new boundary in `b`, its keys in `keys`, and its public key.
struct Made {
    dir: TempDir,
    key: String,
}

impl Made {
    fn new() -> Made {
        let dir = tempfile::tempdir().expect("a folder");
        let made = Made { dir, key: String::new() };
        let init = "boundary init @b --keys @keys --instance shop --operator ada --operator bob --service web \
                    --agent coder:bob";
        let ended = made.run(init);
        assert!(ended.err.contains("next: move "), "{}", ended.err);
        let key = ended.ok().trim().to_owned();
        Made { key, ..made }
    }

    /// Runs a command whose words of the form `@name` are paths within the folder.
    fn run(&self, command: &str) -> Ended {
        let word = |word: &str| match word.strip_prefix('@') {
            Some(name) => self.path(name),
            None => word.replace("KEY", &self.key),
        };
        let args: Vec<String> = command.split(' ').map(word).collect();
        run(&args.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().expect("a path").to_owned()
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.dir.path().join(name)).expect("a file")
    }

    fn change(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{name} does not say `{from}`");
        fs::write(self.dir.path().join(name), text.replacen(from, to, 1)).expect("written");
    }

    fn copy(&self, from: &str, to: &str) {
        fs::create_dir(self.dir.path().join(to)).expect("a folder");
        for file in fs::read_dir(self.dir.path().join(from)).expect("a folder") {
            let file = file.expect("a file");
            fs::copy(file.path(), self.dir.path().join(to).join(file.file_name())).expect("copied");
        }
    }
}

/// Lines without what differs from run to run, and without the padding of columns.
fn lines(text: &str) -> Vec<String> {
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[track_caller]
fn refused(ended: &Ended, expect: &str) {
    assert_eq!(ended.code, Some(1), "{}{}", ended.out, ended.err);
    assert!(ended.err.starts_with("error[") && ended.err.contains(expect), "{}", ended.err);
    assert!(ended.err.contains("  help: "), "{}", ended.err);
    assert_eq!(ended.out, "");
}

/// One way from nothing to a changed boundary that is signed again.
#[test]
fn a_boundary_is_made_checked_changed_compared_and_signed() {
    let made = Made::new();
    made.run("boundary check @b --key KEY").ok();
    made.copy("b", "c");
    made.change("c/boundary.toml", "serial = 1", "serial = 2");
    made.change("c/boundary.toml", "types = [", "types = [\"card.*\", ");
    let rule = "@id(\"agents-publish\") permit (principal is Selfsame::Agent, \
                action == Selfsame::Action::\"publish\", resource);\n\n// Services";
    made.change("c/policy.cedar", "// Services", rule);

    refused(&made.run("boundary check @c --key KEY"), "is what was signed");
    let diff = made.run("boundary diff @b @c").ok();
    let expect = [
        "WHAT OLD NEW",
        "serial 1 2",
        "protected types selfsame.*, identity.*, permission.*, audit.* selfsame.*, card.*, identity.*, permission.*, audit.*",
        "rules agents-publish",
        "",
        "ON MAY MORE LESS",
        "any other type publish coder nobody",
        "card.* publish nobody web",
        "card.* read nobody web, coder",
    ];
    assert_eq!(lines(&diff), expect);

    let hash = made.run("boundary sign @c --key @keys/ada.nk").ok();
    let shown = made.run("boundary show @c --json").json();
    assert_eq!(shown["hash"], hash.trim());
    assert_eq!(shown["signed"], json!({"by": made.key}));
    assert_eq!(shown["serial"], 2);
    assert_eq!(shown["principals"][2]["principal"], "coder");
    made.run("boundary check @c --key KEY").ok();
    assert_eq!(made.run("boundary diff @c @c --json").json(), json!({"differences": [], "decisions": []}));
}

#[test]
fn the_table_says_who_may_do_what() {
    let made = Made::new();
    let table = made.run("boundary check @b --type card.paid").ok();
    for line in [
        "ON MAY WHO",
        "card.paid publish web, every operator",
        "identity.* publish every operator",
        "selfsame.* publish nobody",
        "any other projection read web, coder, every operator",
        "any other version: lossy activate every operator",
        "any other version: lossy, and agreed to activate coder, every operator",
    ] {
        assert!(lines(&table).iter().any(|l| l == line), "{line}\n{table}");
    }
    let json = made.run("boundary check @b --json").json();
    let of = |on: &str| {
        let all = json["decisions"].as_array().expect("decisions");
        all.iter().find(|line| line["on"] == on).map(|line| line["allowed"].clone())
    };
    assert_eq!(of("the system"), Some(json!(["ada", "bob"])));
    assert_eq!(json["verified"], false);
}

/// Where the word of too few counts, it is said before anybody waits for it.
#[test]
fn what_nobody_can_agree_to_is_noted() {
    let made = Made::new();
    let noted = made.run("boundary check @b").err;
    assert!(
        noted.contains("note: nobody can take live a breaking change of `coder`: it needs the word of 2 owners other than `bob`, and operators with keys have 1"),
        "{noted}"
    );
}

/// One line per question: the words, whether it is allowed, the rules, and the first help.
#[test]
fn a_decision_is_explained() {
    let made = Made::new();
    for (question, allowed, rules, help) in [
        ("web publish order.paid", true, json!(["services-publish"]), None),
        (
            "web publish ldentity.x",
            false,
            json!(["protected-is-for-operators"]),
            Some("`identity.*` is protected"),
        ),
        ("ada publish selfsame.x", false, json!([]), Some("the engine alone writes its own types")),
        ("web read type:identity", false, json!(["protected-is-for-operators"]), Some("`ada`, of the kind")),
        ("web read profile", true, json!(["everybody-reads"]), None),
        ("web work mail", true, json!(["services-work"]), None),
        ("coder register v3 --changes user", true, json!(["agents-prepare"]), None),
        ("coder activate v3", true, json!(["agents-activate-reversible"]), None),
        (
            "coder activate v3 --context class=lossy",
            false,
            json!([]),
            Some("it would be allowed if one operator agrees"),
        ),
        (
            "coder activate v3 --context class=breaking",
            false,
            json!([]),
            Some("it would be allowed if 2 operators"),
        ),
        (
            "coder activate v3 --context class=lossy --context approvals=1",
            true,
            json!(["agents-activate-approved"]),
            None,
        ),
        (
            "coder activate v3 --context rewind_loses=true",
            false,
            json!([]),
            Some("it would be allowed if one operator"),
        ),
        ("coder freeze", false, json!([]), Some("`freeze` on the system is nothing that the kind agent")),
        ("eve publish a.b", false, json!([]), Some("the boundary names no principal `eve`")),
        ("web fly", false, json!([]), Some("there is no action `fly`")),
    ] {
        let said: Value = made.run(&format!("explain --boundary @b {question} --json")).json();
        assert_eq!((&said["allowed"], &said["rules"]), (&json!(allowed), &rules), "{question}: {said}");
        let first = said["next"][0].as_str();
        assert!(first.unwrap_or_default().starts_with(help.unwrap_or_default()), "{question}: {said}");
        assert_eq!(first.is_some(), help.is_some(), "{question}: {said}");
    }
    let people = made.run("explain --boundary @b coder activate v3 --context class=lossy").ok();
    let expect = "\
coder may not activate v3
rule  no rule of the boundary allows it
help  it would be allowed if one operator agrees with `selfsame approvals approve`
help  it would be allowed if the change is no more than compatible
help  it would be allowed if the change is no more than additive
help  `ada`, of the kind operator, may do it
";
    assert_eq!(people, expect);
}

/// One line per wrong word after `--context`.
#[test]
fn a_context_that_is_none_is_a_wrong_command_line() {
    let made = Made::new();
    for (pair, expect) in [
        ("class", "`class` is not of the form NAME=VALUE"),
        ("class=big", "`class=big` is not a name with none, additive, compatible, lossy or breaking"),
        ("failures=many", "`failures=many` is not a name with a number"),
        ("rewind_loses=1", "`rewind_loses=1` is not a name with true or false"),
        ("x=1", "`x=1` is not about anything that is measured"),
    ] {
        let ended = made.run(&format!("explain --boundary @b coder activate v3 --context {pair}"));
        assert_eq!(ended.code, Some(2), "{}", ended.err);
        assert!(ended.err.contains(expect), "{}", ended.err);
    }
}

/// One line per thing that is refused, and what is said.
#[test]
fn what_cannot_be_is_refused_and_nothing_is_overwritten() {
    let made = Made::new();
    let (document, key) = (made.read("b/boundary.toml"), made.read("keys/ada.nk"));
    let init = |dir: &str, keys: &str, who: &str| {
        made.run(&format!("boundary init {dir} --keys {keys} --instance shop --operator {who}"))
    };
    refused(&init("@b", "@other", "ada"), "boundary.toml` is there already");
    refused(&init("@d", "@keys", "ada"), "ada.nk` is there already");
    refused(&init("@d", "@other", "ada.x"), "`ada.x` is not a principal");
    refused(&init("@d", "@other", "selfsame"), "the principal `selfsame` has the name of the engine itself");
    let within = init("@d", "@d/keys", "ada");
    assert_eq!(within.code, Some(2), "{}", within.err);
    for dir in ["d", "other"] {
        assert!(!Path::new(&made.path(dir)).exists(), "{dir} was made for nothing");
    }
    assert_eq!((document, key), (made.read("b/boundary.toml"), made.read("keys/ada.nk")));

    refused(&made.run("boundary check @nowhere"), "boundary.toml` cannot be read");
    refused(&made.run("boundary check @b --key UABC"), "`UABC` is not the public key of an operator");
    refused(&made.run("boundary sign @b --key @keys/ada.token"), "does not hold the seed");
    refused(&made.run("boundary sign @b --key @b/boundary.toml"), "so that others than its owner can use it");
    made.change("b/policy.cedar", "resource.protected", "resource.secret");
    refused(&made.run("boundary sign @b --key @keys/ada.nk"), "policy.cedar: line ");
    refused(&made.run("explain --boundary @b web publish a.b"), "policy.cedar: line ");
}

/// A schema of another selfsame is noted, and written anew when it is signed.
#[test]
fn the_schema_is_written_anew_on_request() {
    let made = Made::new();
    made.change("b/policy.cedarschema", "// Principals", "// Those who act");
    let checked = made.run("boundary check @b");
    assert!(
        checked.err.contains("note: policy.cedarschema is not the one of this selfsame"),
        "{}",
        checked.err
    );
    made.run("boundary sign @b --key @keys/bob.nk --schema").ok();
    let checked = made.run("boundary check @b");
    assert!(!checked.err.contains("policy.cedarschema"), "{}", checked.err);
    refused(&made.run("boundary check @b --key KEY"), "boundary.sig is signed with U");
}

/// Neither a seed nor a token is in what is printed, or in the folder that the engine reads.
#[test]
fn secrets_are_only_in_their_files() {
    let made = Made::new();
    let mut said = String::new();
    for command in [
        "boundary show @b",
        "boundary check @b",
        "boundary show @b --json",
        "boundary sign @b --key @keys/ada.nk",
    ] {
        let ended = made.run(command);
        said.push_str(&ended.out);
        said.push_str(&ended.err);
    }
    for file in ["b/boundary.toml", "b/policy.cedar", "b/policy.cedarschema", "b/boundary.sig"] {
        said.push_str(&made.read(file));
    }
    for name in ["ada", "bob", "web", "coder"] {
        for end in ["nk", "token"] {
            let secret = made.read(&format!("keys/{name}.{end}"));
            assert!(!said.contains(secret.trim()), "the {end} of {name} is somewhere else");
        }
    }
}
