//! Why a command did not do what it was asked, and how that is said.
//!
//! ```text
//! error[candidate-behind]: v3 is 4812 records behind, over the limit of 1000
//!   help: wait until `selfsame version show v3` says ready
//! ```
//!
//! With `--json` the same is one line of JSON on stderr, in the form of a problem document. The exit code
//! is 1 for what was refused or failed, 2 for a wrong command line, and 255 for a bug of ours.

pub(crate) mod problems;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};
use thiserror::Error;

use crate::git::GitError;

/// A command's outcome.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// Why a command did not do what it was asked.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// The engine refused, and said why.
    #[error("{}", text(.0, "detail"))]
    Refused(Box<Value>),
    /// Nobody answers.
    #[error("no engine answers at {at}: {reason}")]
    Unreachable { at: String, reason: String },
    /// Somebody answers, and not as an engine does.
    #[error("{at} does not answer like an engine: {reason}")]
    NotAnEngine { at: String, reason: String },
    /// NATS is needed and its address is not known.
    #[error("no NATS server is known for this engine")]
    NoNats,
    /// The command line asks for something that cannot be.
    #[error("{0}")]
    Usage(String),
    /// A file cannot be read or written.
    #[error("`{}` cannot be {verb}: {source}", path.display())]
    File { path: PathBuf, verb: &'static str, source: io::Error },
    /// What was given is not in the form that is needed.
    #[error("{what} cannot be used: {reason}")]
    Input { what: String, reason: String },
    /// A git repository cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The engine does not start.
    #[error(transparent)]
    Start(#[from] selfsame_node::StartError),
    /// One of the engine's servers does not start.
    #[error("{what} could not be started: {reason}")]
    Server { what: &'static str, reason: String },
    /// The engine would be reachable from other machines while nobody's identity is proven.
    #[error("`{0}` is reachable from other machines, and no boundary proves who is asking")]
    NotLoopback(SocketAddr),
    /// A boundary, or a file of its, cannot be used.
    #[error(transparent)]
    Boundary(#[from] selfsame_boundary::BoundaryError),
    /// The folder has no log.
    #[error("there is no log in `{}`", .0.display())]
    NoLog(PathBuf),
    /// The folder's log cannot be opened.
    #[error(transparent)]
    OpenLog(#[from] selfsame_log::OpenError),
    /// The log cannot be read.
    #[error(transparent)]
    ReadLog(#[from] selfsame_log::ReadError),
    /// Nothing was acknowledged for too long.
    #[error("nothing was acknowledged for {seconds} s; the last reason was: {reason}")]
    NoProgress { seconds: u64, reason: String },
    /// Some events were not taken.
    #[error("{count} events were refused: {codes}")]
    EventsRefused { count: u64, codes: String },
    /// A feed ended that was to go on.
    #[error("the feed ended: {reason}")]
    FeedEnded { reason: String, complete: Option<u64> },
    /// A build ended without a generation.
    #[error("the build of {version} did not finish: it is {stage}")]
    NotBuilt { version: String, stage: String },
    /// Evidence speaks against a version.
    #[error("the evidence speaks against it, in {findings} points")]
    NotPassed { findings: usize },
    /// Something is not what was signed.
    #[error("{place}: {reason}")]
    Audit { place: String, reason: String },
    /// A replay came to another state than the live one.
    #[error("the replayed state is not the live state")]
    Unequal,
    /// A schema may not replace another one.
    #[error("the new schema is not compatible with the old one in mode `{mode}`")]
    Incompatible { mode: &'static str },
    /// The demo saw something else than what is promised.
    #[error("not as promised: {0}")]
    Promise(String),
    /// Nobody reads the output any longer.
    #[error("the output was closed")]
    OutputClosed,
    /// What only a bug can do.
    #[error("{0}")]
    Bug(String),
}

impl Failure {
    /// A refusal that was made here rather than by an engine.
    pub(crate) fn refused(refusal: &selfsame_core::Refusal) -> Failure {
        Failure::Refused(Box::new(refusal.problem()))
    }

    /// The code that programs act on.
    pub(crate) fn code(&self) -> String {
        let code = match self {
            Failure::Refused(problem) => {
                let urn = text(problem, "type");
                return urn.rsplit(':').next().unwrap_or_default().to_owned();
            }
            Failure::Unreachable { .. } => "unreachable",
            Failure::NotAnEngine { .. } => "not-an-engine",
            Failure::NoNats => "no-nats",
            Failure::Boundary(_) => "boundary",
            Failure::Usage(_) => "usage",
            Failure::File { .. } => "file",
            Failure::Input { .. } => "bad-input",
            Failure::Git(_) => "git",
            Failure::Start(_) | Failure::Server { .. } => "not-started",
            Failure::NotLoopback(_) => "not-loopback",
            Failure::NoLog(_) => "no-log",
            Failure::OpenLog(_) => "log-not-opened",
            Failure::ReadLog(_) => "log-unreadable",
            Failure::NoProgress { .. } => "no-progress",
            Failure::EventsRefused { .. } => "events-refused",
            Failure::FeedEnded { .. } => "feed-ended",
            Failure::NotBuilt { .. } => "not-built",
            Failure::NotPassed { .. } => "failed-evidence",
            Failure::Audit { .. } => "audit-failed",
            Failure::Unequal => "unequal",
            Failure::Incompatible { .. } => "incompatible",
            Failure::Promise(_) => "not-as-promised",
            Failure::OutputClosed => "output-closed",
            Failure::Bug(_) => "bug",
        };
        code.to_owned()
    }

    /// What can be done about it, most useful first.
    fn help(&self) -> Vec<String> {
        let help: &[&str] = match self {
            Failure::Refused(problem) => {
                let next = problem.get("next").and_then(Value::as_array);
                let next = next.into_iter().flatten().filter_map(Value::as_str);
                return next.map(str::to_owned).collect();
            }
            Failure::Unreachable { .. } => &[
                "start one with `selfsame serve --dir DIR`",
                "or name another with `--server URL`, or its folder with `--dir DIR`",
            ],
            Failure::Boundary(err) => return err.next(),
            Failure::NotAnEngine { .. } => &["check the address after `--server`"],
            Failure::NoNats => &[
                "name it with `--nats URL`, or the engine's folder with `--dir DIR`",
                "or serve with `--nats managed`",
            ],
            Failure::Usage(_) => &["see `--help` of the command"],
            Failure::Git(GitError::NoGit(_)) => &["install git, or put it on the PATH"],
            Failure::Git(_) => &["check the path, and that `git -C PATH log` works"],
            Failure::Server { .. } => &["free the address, or choose another"],
            Failure::NotLoopback(_) => &["listen on 127.0.0.1 or ::1"],
            Failure::NoLog(_) => &["name the folder that was given to `selfsame serve --dir`"],
            Failure::NoProgress { .. } => &[
                "import again when the engine answers: what was taken is recognised by its id",
                "or wait longer with `--patience SECONDS`",
            ],
            Failure::EventsRefused { .. } => &["see why with `selfsame refused`"],
            Failure::FeedEnded { complete, .. } => {
                let go_on = |at: u64| format!("go on with `--from {at}`");
                return vec![complete.map_or_else(|| "begin again".to_owned(), go_on)];
            }
            Failure::NotBuilt { .. } => &["see why with `selfsame version show`"],
            Failure::NotPassed { .. } => {
                &["change the version, or what was said beforehand, and validate again"]
            }
            Failure::Audit { .. } => {
                &["keep everything as it is, and compare it with a copy, an export or what a witness holds"]
            }
            Failure::Unequal => &["keep the log and both digests, and report this: it should not happen"],
            Failure::Incompatible { .. } => &[
                "change the schema so that the documents of before stay valid, or raise its version with a lens",
            ],
            Failure::Promise(_) => &["keep the folder with `--keep`, and report this: it should not happen"],
            Failure::Bug(_) => &["please report this, with what you did before it"],
            Failure::File { .. }
            | Failure::Input { .. }
            | Failure::Start(_)
            | Failure::OpenLog(_)
            | Failure::ReadLog(_)
            | Failure::OutputClosed => &[],
        };
        help.iter().map(|line| (*line).to_owned()).collect()
    }

    /// What the process ends with.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            // As for a program that its reader has left: nothing went wrong.
            Failure::OutputClosed => 0,
            Failure::Usage(_) => 2,
            Failure::Bug(_) => 255,
            _ => 1,
        })
    }

    /// The failure as a problem document.
    fn problem(&self) -> Value {
        match self {
            Failure::Refused(problem) => (**problem).clone(),
            other => json!({
                "type": format!("urn:selfsame:error:{}", other.code()),
                "detail": other.to_string(),
                "next": other.help(),
            }),
        }
    }

    /// Says it on stderr.
    pub(crate) fn say(&self, as_json: bool) {
        if matches!(self, Failure::OutputClosed) {
            return;
        }
        if as_json {
            eprintln!("{}", self.problem());
            return;
        }
        eprintln!("error[{}]: {self}", self.code());
        if let Failure::Refused(problem) = self {
            eprint!("{}{}", problems::listed(problem), problems::conflicts(problem));
        }
        for line in self.help() {
            eprintln!("  help: {line}");
        }
    }
}

fn text<'a>(problem: &'a Value, member: &str) -> &'a str {
    problem.get(member).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_keeps_the_engines_words() {
        let refusal = selfsame_core::Refusal::new(selfsame_core::Code::UnknownVersion, "there is no v9")
            .next("list the versions with `selfsame version list`");
        let failure = Failure::refused(&refusal);
        assert_eq!(failure.code(), "unknown-version");
        assert_eq!(failure.to_string(), "there is no v9");
        assert_eq!(failure.help(), ["list the versions with `selfsame version list`"]);
        assert_eq!(failure.exit_code(), ExitCode::from(1));
    }

    #[test]
    fn a_failure_of_ours_is_a_problem_too() {
        let failure = Failure::Usage("`--eq` needs `=`".to_owned());
        let problem = failure.problem();
        assert_eq!(problem["type"], "urn:selfsame:error:usage");
        assert_eq!(problem["detail"], "`--eq` needs `=`");
        assert_eq!(failure.exit_code(), ExitCode::from(2));
        assert_eq!(Failure::Bug(String::new()).exit_code(), ExitCode::from(255));
    }
}
