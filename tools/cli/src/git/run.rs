//! Running the `git` binary so that its output is the same whatever the user's settings.

use std::io::{self, Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use thiserror::Error;

/// Bytes of git's own message that are passed on.
const MESSAGE_BYTES_MAX: u64 = 1024;

/// Why a repository's history cannot be read.
#[derive(Debug, Error)]
pub(crate) enum GitError {
    /// There is no `git` to run.
    #[error("`git` could not be run: {0}")]
    NoGit(io::Error),
    /// Not a repository, or one that git refuses to look at.
    #[error("`{}` is not a git repository that can be read: {message}", path.display())]
    NotARepository {
        /// What was given.
        path: PathBuf,
        /// What git says.
        message: String,
    },
    /// git gave up.
    #[error("git ended with {status}: {message}")]
    Failed {
        /// How it ended.
        status: std::process::ExitStatus,
        /// What it says.
        message: String,
    },
    /// git's output is not what was asked for.
    #[error("the output of git is not understood: {0}")]
    Output(String),
    /// Reading git's output failed.
    #[error("the output of git could not be read: {0}")]
    Io(#[from] io::Error),
}

/// A `git` command in the repository: no pager, no replaced objects, no inherited repository.
pub(crate) fn git(repo: &Path) -> Command {
    let mut command = Command::new("git");
    command.args(["--no-pager", "--no-replace-objects", "--literal-pathspecs", "-C"]).arg(repo);
    for (name, value) in SETTINGS {
        command.arg("-c").arg(format!("{name}={value}"));
    }
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_EXTERNAL_DIFF", "GIT_DIFF_OPTS"] {
        command.env_remove(name);
    }
    command.env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0").stdin(Stdio::null());
    command
}

/// Settings of a user's that would change what is printed.
const SETTINGS: [(&str, &str); 5] = [
    ("core.quotePath", "false"),
    ("diff.algorithm", "default"),
    ("diff.relative", "false"),
    ("log.showSignature", "false"),
    ("log.follow", "false"),
];

/// The output of a short command, without the newline at its end; the message if it failed.
pub(crate) fn ask(repo: &Path, args: &[&str]) -> Result<Result<String, String>, GitError> {
    let output = git(repo).args(args).output().map_err(GitError::NoGit)?;
    if output.status.success() {
        return Ok(Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned()));
    }
    Ok(Err(one_line(&String::from_utf8_lossy(&output.stderr))))
}

/// What a command wrote to the file that it got as its standard error.
pub(crate) fn message(stderr: &mut std::fs::File) -> String {
    let mut text = Vec::new();
    let read = stderr.rewind().and_then(|()| stderr.take(MESSAGE_BYTES_MAX).read_to_end(&mut text));
    match read {
        Ok(_) => one_line(&String::from_utf8_lossy(&text)),
        Err(err) => err.to_string(),
    }
}

fn one_line(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("no reason given");
    line.trim_start_matches("fatal: ").to_owned()
}
