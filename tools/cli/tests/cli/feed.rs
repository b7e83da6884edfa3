//! `selfsame feed` against a served engine: what it prints, and how it ends.

#![expect(clippy::expect_used, reason = "tests end this way")]

use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::helper::{Served, command, small_repository};

/// A command that runs and prints.
struct Following {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Following {
    fn start(served: &Served, args: &[&str]) -> Following {
        let mut command = command(args);
        command.arg("--dir").arg(served.dir()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it runs");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        Following { child, lines }
    }

    fn line(&mut self) -> String {
        self.lines.next().expect("a line").expect("text")
    }

    /// Lines up to one that ends so.
    fn until(&mut self, end: &str) -> Vec<String> {
        let mut all = vec![];
        loop {
            all.push(self.line());
            if all.last().is_some_and(|line| line.ends_with(end)) {
                return all;
            }
        }
    }

    fn end(self) -> (Option<i32>, String) {
        let output = self.child.wait_with_output().expect("an end");
        (output.status.code(), String::from_utf8(output.stderr).expect("text"))
    }
}

#[test]
fn a_feed_is_followed_until_it_is_interrupted_or_ends() {
    let dir = tempfile::tempdir().expect("a folder");
    let served = Served::start(dir.path(), &[]);
    let refused = served.run(&["feed", "files"]);
    assert!(refused.err.starts_with("error[no-active-version]"), "{}", refused.err);
    let repo = small_repository();
    served.run(&["import", "git", repo.path().to_str().expect("a path")]).ok();
    let mut people = Following::start(&served, &["feed", "files"]);
    let begun = people.until("caught-up");
    assert!(begun.first().is_some_and(|line| line.ends_with(" v1 reset")), "{begun:?}");
    assert_eq!(begun.iter().filter(|line| line.contains(" v1 put ")).count(), begun.len() - 2);
    let mut json = Following::start(&served, &["feed", "files", "--json", "--snapshot"]);
    json.until("\"caught-up\"}");
    let data =
        r#"{"commit":"c","path":"p","author_email":"e","added":1,"removed":0,"churn":1,"binary":false}"#;
    served.run(&["publish", "git.file-changed", "--id", "1", "--data", data]).ok();
    let line = people.line();
    assert!(line.contains(" v1 put p {"), "{line}");
    let line: serde_json::Value = serde_json::from_str(&json.line()).expect("JSON");
    assert_eq!((&line["message"], &line["key"]), (&"row".into(), &"p".into()));
    let sent = Command::new("kill").args(["-INT", &people.child.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
    assert_eq!(people.end(), (Some(0), String::new()));
    assert_eq!(served.stop(), Some(0));
    let (code, err) = json.end();
    let position = &line["position"];
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("the feed ended: stopping") && err.contains(&format!("--from {position}")), "{err}");
}
