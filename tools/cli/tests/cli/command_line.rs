//! What the command line promises without an engine: help, exit codes, errors.

use std::path::PathBuf;

use crate::helper::run;

/// One line per help text: the command, and the file that it must be equal to. A change to a file is a
/// change that users see; `SELFSAME_BLESS=1` writes the files anew.
#[test]
fn help_texts_stay_what_they_are() {
    for (command, file) in [
        ("--help", "help.txt"),
        ("serve --help", "serve.txt"),
        ("import git --help", "import-git.txt"),
        ("query --help", "query.txt"),
        ("feed --help", "feed.txt"),
        ("version rewind --help", "version-rewind.txt"),
        ("version docs --help", "version-docs.txt"),
        ("version types --help", "version-types.txt"),
        ("replay --help", "replay.txt"),
        ("check --help", "check.txt"),
        ("boundary --help", "boundary.txt"),
        ("boundary init --help", "boundary-init.txt"),
        ("boundary nats-config --help", "boundary-nats-config.txt"),
        ("explain --help", "explain.txt"),
    ] {
        let args: Vec<&str> = command.split(' ').collect();
        let help = run(&args).ok();
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file);
        if std::env::var_os("SELFSAME_BLESS").is_some() {
            std::fs::write(&path, &help).expect("written");
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(golden == help, "`selfsame {command}` is not {file} any more:\n{help}");
    }
}

/// One line per wrong command line: what is given, and what stderr must say.
#[test]
fn a_wrong_command_line_is_exit_2() {
    for (args, expect) in [
        (&["nonsense"][..], "unrecognized subcommand"),
        (&["serve"], "--dir <DIR>"),
        (&["serve", "--dir", "x", "--listen", "nowhere"], "invalid socket address"),
        (&["serve", "--dir", "x"], "no boundary is given"),
        (&["serve", "--dir", "x", "--boundary", "y"], "--boundary-key"),
        (&["serve", "--dir", "x", "--dev", "--boundary", "y", "--boundary-key", "z"], "cannot be used with"),
        (&["serve", "--dir", "x", "--dev", "--operator-listen", "127.0.0.1:0"], "cannot be used with"),
        (&["publish"], "<TYPE>"),
        (&["publish", "a.b", "--batch", "x"], "cannot be used with"),
        (&["query", "files", "--eq", "x"], "write it as COLUMN=VALUE"),
        (&["get", "author", "k", "--at-least", "soon"], "invalid digit"),
        (&["feed", "--snapshot"], "<PROJECTION>"),
        (&["feed", "files", "--from", "x"], "a position is a number"),
        (&["jobs", "nack", "review", "1", "2"], "--reason <TEXT>"),
        (&["import", "git", ".", "--in-flight", "0"], "0 is not in 1..=8192"),
        (&["event", "x"], "a position is a number"),
        (&["check", "old.json"], "<NEW>"),
        (&["check", "a", "b", "--mode", "any"], "invalid value 'any'"),
        (&["state", "--server", "https://x"], "error[usage]: `https://x` does not begin with `http://`"),
        (&["state", "--as", "two words"], "error[usage]: `two words` is not a principal"),
        (&["get", "author", ".."], "error[usage]: the key `..` cannot be part of a URL"),
    ] {
        let ended = run(args);
        assert_eq!(ended.code, Some(2), "{args:?}: {}", ended.err);
        assert!(ended.err.contains(expect), "{args:?}: {}", ended.err);
        assert_eq!(ended.out, "", "{args:?}");
    }
}

/// One line per failure: what is given, and what stderr must begin with.
#[test]
fn a_failure_is_exit_1_with_code_and_help() {
    let empty = tempfile::tempdir().expect("a folder");
    let dir = empty.path().to_str().expect("a path");
    for (args, expect) in [
        (
            &["state", "--server", "http://127.0.0.1:1"][..],
            "error[unreachable]: no engine answers at http://127.0.0.1:1",
        ),
        (&["state", "--dir", dir], "error[unreachable]: no engine answers at"),
        (&["get", "author", "k", "--via", "nats"], "error[no-nats]: no NATS server is known"),
        (
            &["serve", "--dev", "--dir", dir, "--listen", "0.0.0.0:0"],
            "error[not-loopback]: `0.0.0.0:0` is reachable from",
        ),
        (&["replay", "--dir", dir], "error[no-log]: there is no log in"),
        (&["log", "dump", "--dir", dir], "error[no-log]: there is no log in"),
        (&["log", "verify", "--dir", dir], "error[no-log]: there is no log in"),
        (&["import", "git", dir], "error[git]: `"),
        (&["version", "register", "/nowhere.yaml"], "error[file]: `/nowhere.yaml` cannot be read"),
        (&["publish", "a.b", "--data", "{"], "error[bad-input]: the data cannot be used: not JSON"),
    ] {
        let ended = run(args);
        assert_eq!(ended.code, Some(1), "{args:?}: {}", ended.err);
        assert!(ended.err.starts_with(expect), "{args:?}: {}", ended.err);
        assert_eq!(ended.out, "", "{args:?}");
    }
}

#[test]
fn with_json_a_failure_is_a_problem_document() {
    let ended = run(&["state", "--server", "http://127.0.0.1:1", "--json"]);
    assert_eq!(ended.code, Some(1));
    let problem: serde_json::Value = serde_json::from_str(&ended.err).expect("JSON");
    assert_eq!(problem["type"], "urn:selfsame:error:unreachable");
    assert!(problem["next"].as_array().is_some_and(|next| !next.is_empty()));
}
