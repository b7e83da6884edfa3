//! The built binary, an engine that it serves, and a small repository, for the tests beside this.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "tests end this way")]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How a command ended, and what it said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// The data, if the command did what it was asked.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self.out
    }

    /// The data as JSON.
    #[track_caller]
    pub(crate) fn json(self) -> Value {
        let out = self.ok();
        serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}"))
    }
}

/// The binary, without anything of the surroundings that it listens to.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_selfsame"));
    for name in [
        "COLUMNS",
        "SELFSAME_SERVER",
        "SELFSAME_DIR",
        "SELFSAME_NATS",
        "SELFSAME_NATS_KEY",
        "SELFSAME_PRINCIPAL",
        "SELFSAME_LOG",
    ] {
        command.env_remove(name);
    }
    command.args(args).stdin(Stdio::null());
    command
}

/// Runs the binary to its end.
pub(crate) fn run(args: &[&str]) -> Ended {
    let output = command(args).output().expect("the binary runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// A served engine in a folder.
pub(crate) struct Served {
    child: Child,
    dir: PathBuf,
}

impl Served {
    /// Serves from the folder and waits until it says where.
    pub(crate) fn start(dir: &Path, more: &[&str]) -> Served {
        Served::listen(dir, "127.0.0.1:0", more)
    }

    /// Serves at an address.
    pub(crate) fn listen(dir: &Path, address: &str, more: &[&str]) -> Served {
        let dir_text = dir.to_str().expect("a path");
        let mut args = vec!["--dev", "--dir", dir_text, "--listen", address];
        args.extend(more);
        Served::with(dir, &args)
    }

    /// Serves from the folder with these arguments.
    pub(crate) fn with(dir: &Path, more: &[&str]) -> Served {
        let mut args = vec!["--json", "serve"];
        args.extend(more);
        let mut child = command(&args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it runs");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("its output");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let said: Value = serde_json::from_str(&line).expect("it says where it listens");
        assert_eq!(said["pid"], child.id());
        Served { child, dir: dir.to_owned() }
    }

    /// Runs a command against it.
    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        let dir = self.dir.to_str().expect("a path");
        let mut all = args.to_vec();
        all.extend(["--dir", dir]);
        run(&all)
    }

    /// Tells it to stop, and waits for its end.
    pub(crate) fn stop(mut self) -> Option<i32> {
        self.signal("TERM");
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("it did not stop");
    }

    /// Where it is served from.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Kills it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Gone already unless a test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that nobody listens on at the moment.
pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// A nats-server of the test's own.
pub(crate) struct Nats {
    child: Child,
    pub(crate) url: String,
}

impl Nats {
    /// Starts one; `None`, said aloud, if there is no `nats-server` on the PATH.
    pub(crate) fn start(port: u16, folder: &Path) -> Option<Nats> {
        let mut command = Command::new("nats-server");
        command.args(["-a", "127.0.0.1", "-p", &port.to_string(), "-js", "-sd"]).arg(folder);
        Nats::spawned(port, command)
    }

    /// The same with a configuration that says this port.
    pub(crate) fn with_config(port: u16, config: &Path) -> Option<Nats> {
        let mut command = Command::new("nats-server");
        command.arg("-c").arg(config);
        Nats::spawned(port, command)
    }

    fn spawned(port: u16, mut command: Command) -> Option<Nats> {
        let Ok(child) = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn() else {
            eprintln!("skipped: there is no nats-server on the PATH; `./tools/test` installs it");
            return None;
        };
        let deadline = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "nats-server did not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(Nats { child, url: format!("nats://127.0.0.1:{port}") })
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        // Gone already unless a test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A git repository with so many commits of one file each.
pub(crate) fn long_repository(commits: u32) -> tempfile::TempDir {
    use std::io::Write as _;
    let repo = tempfile::tempdir().expect("a folder");
    git(repo.path(), &["init", "--quiet", "--initial-branch=trunk"], "Ann");
    let mut import = Command::new("git")
        .arg("-C")
        .arg(repo.path())
        .args(["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("git runs");
    let mut stdin = import.stdin.take().expect("its input");
    for n in 1..=commits {
        let (author, time) = (format!("A{} <a{}@example.org>", n % 7, n % 7), 1_700_000_000 + n);
        let content = format!("{n}\n");
        write!(
            stdin,
            "commit refs/heads/trunk\ncommitter {author} {time} +0000\ndata 3\nx{:02}\nM 644 inline f{}\ndata {}\n{content}\n",
            n % 100, n % 50, content.len(),
        )
        .expect("written");
    }
    drop(stdin);
    assert!(import.wait().expect("it ends").success());
    repo
}

/// A git repository with three commits by two authors.
pub(crate) fn small_repository() -> tempfile::TempDir {
    let repo = tempfile::tempdir().expect("a folder");
    git(repo.path(), &["init", "--quiet", "--initial-branch=trunk"], "Ann");
    commit(repo.path(), "Ann", "roof.rs", "a\nb\nc\n", "Raise the roof");
    commit(repo.path(), "Bob", "roof.rs", "a\nb\nd\n", "Mend the roof");
    commit(repo.path(), "Ann", "docs/door%.md", "knock\n", "Say how to knock");
    repo
}

/// Commits one file.
pub(crate) fn commit(repo: &Path, author: &str, path: &str, text: &str, subject: &str) {
    let file = repo.join(path);
    std::fs::create_dir_all(file.parent().expect("a parent")).expect("a folder");
    std::fs::write(file, text).expect("a file");
    git(repo, &["add", "--all"], author);
    git(repo, &["commit", "--quiet", "-m", subject], author);
}

fn git(repo: &Path, args: &[&str], author: &str) {
    let email = format!("user.email={}@example.org", author.to_lowercase());
    let name = format!("user.name={author}");
    let mut command = Command::new("git");
    command.arg("-C").arg(repo).args(["-c", &name, "-c", &email, "-c", "commit.gpgsign=false"]);
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(variable);
    }
    let output = command.args(args).output().expect("git runs");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
}
