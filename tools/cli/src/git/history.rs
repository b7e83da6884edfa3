//! Reading a repository's history as it comes out of `git log`, oldest commit first.
//!
//! Parents come before their children, otherwise the order is that of commit times. Merge commits have
//! no files of their own: what they bring in was counted in the commits that they merge.

use std::collections::VecDeque;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};
use std::sync::Arc;

use super::event::{GitEvent, Origin, events_of};
use super::rows::{FORMAT, Rows, RowsError};
use super::run::{GitError, ask, git, message};

/// How much of a history to read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Limits {
    /// At most so many commits, the oldest.
    pub(crate) commits: Option<u64>,
    /// Commits since then, in any form that git understands.
    pub(crate) since: Option<String>,
}

/// A repository's history: an iterator over its events.
pub(crate) struct History {
    running: Option<Running>,
    ready: VecDeque<GitEvent>,
    commits_left: u64,
    commits: u64,
    shallow: bool,
    origin: Arc<Origin>,
}

struct Running {
    child: Child,
    rows: Rows<BufReader<ChildStdout>>,
    stderr: File,
}

/// Starts reading the history of the repository that `repo` is in.
///
/// # Errors
///
/// If there is no `git`, or it does not take `repo` for a repository. A repository without commits is no
/// error: its history has no events.
pub(crate) fn history(repo: &Path, limits: Limits) -> Result<History, GitError> {
    let shallow = ask(repo, &["rev-parse", "--is-shallow-repository"])?
        .map_err(|message| GitError::NotARepository { path: repo.to_owned(), message })?;
    let Ok(head) = ask(repo, &["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])? else {
        return Ok(History::empty());
    };
    let origin = Arc::new(origin(repo, &head)?);
    let all = count(repo, &head, &limits)?;
    let commits = limits.commits.map_or(all, |most| most.min(all));
    let running = Some(start(repo, &head, &limits)?);
    let shallow = shallow == "true";
    Ok(History { running, ready: VecDeque::new(), commits_left: commits, commits, shallow, origin })
}

fn origin(repo: &Path, head: &str) -> Result<Origin, GitError> {
    let root = ask(repo, &["rev-list", "--first-parent", "--max-parents=0", head])?;
    let root = root.map_err(GitError::Output)?;
    let branch = ask(repo, &["symbolic-ref", "--quiet", "--short", "HEAD"])?;
    let branch = branch.unwrap_or_else(|_| "main".to_owned());
    Ok(Origin { source: format!("urn:git:{root}"), branch })
}

fn count(repo: &Path, head: &str, limits: &Limits) -> Result<u64, GitError> {
    let since = limits.since.as_ref().map(|since| format!("--since={since}"));
    let mut args = vec!["rev-list", "--count"];
    args.extend(since.as_deref());
    args.push(head);
    let count = ask(repo, &args)?.map_err(GitError::Output)?;
    count.parse().map_err(|_| GitError::Output(format!("`{count}` is not a number of commits")))
}

fn start(repo: &Path, head: &str, limits: &Limits) -> Result<Running, GitError> {
    let stderr = tempfile::tempfile()?;
    let mut command = git(repo);
    command.args(["log", "--reverse", "--date-order", "-z", "--numstat", "--no-renames"]);
    command.args(["--no-diff-merges", "--no-ext-diff", "--no-textconv", "--no-color", "--no-mailmap"]);
    command.args(["--no-notes", "--no-decorate", "--ignore-submodules=none", "-O/dev/null"]);
    command.args(["--encoding=UTF-8", &format!("--format=tformat:{FORMAT}")]);
    command.args(limits.since.as_ref().map(|since| format!("--since={since}")));
    command.args([head, "--"]).stdout(Stdio::piped()).stderr(stderr.try_clone()?);
    let mut child = command.spawn().map_err(GitError::NoGit)?;
    match child.stdout.take() {
        Some(stdout) => Ok(Running { child, rows: Rows::new(BufReader::new(stdout)), stderr }),
        None => Err(GitError::Output("git has no output".to_owned())),
    }
}

impl History {
    fn empty() -> History {
        let origin = Arc::new(Origin { source: "urn:git:none".to_owned(), branch: "main".to_owned() });
        let ready = VecDeque::new();
        History { running: None, ready, commits_left: 0, commits: 0, shallow: false, origin }
    }

    /// How many commits will be read.
    pub(crate) fn commits(&self) -> u64 {
        self.commits
    }

    /// Whether the clone has only the latest part of the history.
    pub(crate) fn is_shallow(&self) -> bool {
        self.shallow
    }

    /// The next commit's events; `None` at the end.
    fn read(&mut self) -> Result<Option<Vec<GitEvent>>, GitError> {
        let Some(running) = self.running.as_mut().filter(|_| self.commits_left > 0) else {
            self.running = None;
            return Ok(None);
        };
        let commit = running.rows.commit().map_err(|err| match err {
            RowsError::Io(err) => GitError::Io(err),
            RowsError::Form(why) => GitError::Output(why),
        });
        match commit {
            Ok(Some(commit)) => {
                self.commits_left -= 1;
                Ok(Some(events_of(commit, &self.origin)))
            }
            // What git says when it gave up is more to the point than where its output broke off.
            broken => {
                let failed = self.running.take().map_or(Ok(()), Running::finish);
                failed.and(broken.map(|_| None))
            }
        }
    }
}

impl Iterator for History {
    type Item = Result<GitEvent, GitError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() {
            match self.read() {
                Ok(Some(events)) => self.ready.extend(events),
                Ok(None) => return None,
                Err(err) => {
                    self.running = None;
                    return Some(Err(err));
                }
            }
        }
        self.ready.pop_front().map(Ok)
    }
}

impl Running {
    fn finish(mut self) -> Result<(), GitError> {
        let status = self.child.wait()?;
        if status.success() {
            return Ok(());
        }
        Err(GitError::Failed { status, message: message(&mut self.stderr) })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Ended already, unless reading stopped before the end of the history.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Repo(tempfile::TempDir);

    impl Repo {
        fn new() -> Repo {
            let repo = Repo(tempfile::tempdir().expect("a folder"));
            repo.git(&["init", "--quiet", "--initial-branch=trunk"]);
            repo
        }

        fn git(&self, args: &[&str]) {
            let identity =
                ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false"];
            let mut command = git(self.0.path());
            let output = command.args(identity).args(args).output().expect("git runs");
            assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        }

        fn commit(&self, path: &str, text: &[u8], subject: &str) {
            let file = self.0.path().join(path);
            std::fs::create_dir_all(file.parent().expect("a parent")).expect("a folder");
            std::fs::write(file, text).expect("a file");
            self.git(&["add", "--all"]);
            self.git(&["commit", "--quiet", "-m", subject]);
        }
    }

    /// What the history of a repository is, one line per event.
    fn lines(repo: &Path, limits: Limits) -> Vec<String> {
        let events = history(repo, limits).expect("a history").map(|event| event.expect("an event"));
        let line = |event: GitEvent| match event {
            GitEvent::Commit(commit) => {
                format!("{} ({} files +{} -{})", commit.subject, commit.files, commit.added, commit.removed)
            }
            GitEvent::File(file) => {
                format!("  {} +{} -{} {}", file.path, file.added, file.removed, file.binary)
            }
        };
        events.map(line).collect()
    }

    #[test]
    fn a_history_is_told_from_its_beginning() {
        let repo = Repo::new();
        repo.commit("a.txt", b"one\ntwo\n", "first");
        repo.commit("d/odd\tname\n", b"x", "odd");
        repo.commit("bin", b"\0\x01", "binary");
        repo.commit("a.txt", b"one\n", "last");
        let expect = [
            "first (1 files +2 -0)",
            "  a.txt +2 -0 false",
            "odd (1 files +1 -0)",
            "  d/odd%09name%0A +1 -0 false",
            "binary (1 files +0 -0)",
            "  bin +0 -0 true",
            "last (1 files +0 -1)",
            "  a.txt +0 -1 false",
        ];
        assert_eq!(lines(repo.0.path(), Limits::default()), expect);
        let limits = Limits { commits: Some(1), since: None };
        assert_eq!(lines(repo.0.path(), limits), expect[..2]);
        // From a folder within, paths are still those of the whole repository.
        assert_eq!(lines(&repo.0.path().join("d"), Limits::default()), expect);
    }

    #[test]
    fn a_merge_has_two_parents_and_no_files() {
        let repo = Repo::new();
        repo.commit("a", b"1\n", "first");
        repo.git(&["switch", "--quiet", "-c", "side"]);
        repo.commit("b", b"2\n", "on the side");
        repo.git(&["switch", "--quiet", "trunk"]);
        repo.commit("c", b"3\n", "on the trunk");
        repo.git(&["merge", "--quiet", "--no-edit", "-m", "merged", "side"]);
        let events: Vec<GitEvent> = history(repo.0.path(), Limits::default())
            .expect("a history")
            .map(|e| e.expect("an event"))
            .collect();
        let last = events.last().expect("an event");
        assert!(matches!(last, GitEvent::Commit(_)));
        assert_eq!((last.commit().parents.len(), last.commit().files), (2, 0));
        assert_eq!(last.cloud_event("v2")["data"]["branch"], "trunk");
        assert_eq!(last.cloud_event("v1")["source"], format!("urn:git:{}", events[0].commit().hash));
    }

    #[test]
    fn a_repository_without_commits_has_no_events() {
        let repo = Repo::new();
        assert_eq!(lines(repo.0.path(), Limits::default()), Vec::<String>::new());
    }

    #[test]
    fn what_is_no_repository_is_said_so() {
        let folder = tempfile::tempdir().expect("a folder");
        let err = history(folder.path(), Limits::default()).err().expect("an error").to_string();
        assert!(err.contains("is not a git repository that can be read: not a git repository"), "{err}");
        let err =
            history(&folder.path().join("gone"), Limits::default()).err().expect("an error").to_string();
        assert!(err.contains("No such file"), "{err}");
    }

    #[test]
    fn a_shallow_clone_is_known() {
        let repo = Repo::new();
        repo.commit("a", b"1\n", "first");
        repo.commit("a", b"2\n", "second");
        let clones = tempfile::tempdir().expect("a folder");
        let from = format!("file://{}", repo.0.path().display());
        let clone = clones.path().join("clone");
        repo.git(&["clone", "--quiet", "--depth=1", &from, clone.to_str().expect("a path")]);
        let shallow = history(&clone, Limits::default()).expect("a history");
        assert!(shallow.is_shallow());
        assert_eq!(shallow.commits(), 1);
        assert_eq!(lines(&clone, Limits::default()), ["second (1 files +1 -0)", "  a +1 -0 false"]);
    }

    #[test]
    fn a_history_that_breaks_off_is_an_error() {
        let repo = Repo::new();
        repo.commit("a", b"1\n", "first");
        repo.commit("a", b"2\n", "second");
        let tree = ask(repo.0.path(), &["rev-parse", "HEAD~1^{tree}"]).expect("git").expect("a tree");
        let object = repo.0.path().join(".git/objects").join(&tree[..2]).join(&tree[2..]);
        std::fs::remove_file(object).expect("the tree's file");
        let outcome: Result<Vec<GitEvent>, GitError> =
            history(repo.0.path(), Limits::default()).expect("a history").collect();
        let err = outcome.expect_err("an error").to_string();
        assert!(err.starts_with("git ended with"), "{err}");
    }
}
