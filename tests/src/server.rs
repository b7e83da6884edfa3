//! An engine as a process of its own, started, killed and asked like any user's.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Once;
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a start, with all of its recovery, may take before a test gives up.
const START_MAX: Duration = Duration::from_secs(60);

/// The binary under test, built once if it is not there.
#[expect(clippy::expect_used, reason = "a test cannot go on without it")]
pub fn binary() -> PathBuf {
    static BUILT: Once = Once::new();
    let test = std::env::current_exe().expect("a test has a path");
    let profile = test.ancestors().nth(2).expect("target/PROFILE/deps/TEST").to_owned();
    let binary = profile.join("selfsame");
    BUILT.call_once(|| {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--package", "selfsame", "--bin", "selfsame"]);
        if profile.ends_with("release") {
            build.arg("--release");
        }
        let status = build.current_dir(env!("CARGO_MANIFEST_DIR")).status().expect("cargo runs");
        assert!(status.success(), "the binary does not build");
    });
    binary
}

/// A running `selfsame serve`.
pub struct Server {
    child: Child,
    folder: PathBuf,
    /// Base URL of its HTTP listener.
    pub http: String,
    /// URL of its NATS server, if it has one.
    pub nats: Option<String>,
}

impl Server {
    /// Starts `selfsame serve` on the folder with free ports, and waits until it answers.
    pub fn start(folder: &Path, arguments: &[&str]) -> Server {
        Server::start_at(folder, "127.0.0.1:0", arguments)
    }

    /// As [`Server::start`], on a given address.
    pub fn start_at(folder: &Path, address: &str, arguments: &[&str]) -> Server {
        match Server::spawn(folder, address, arguments, None) {
            Ok(server) => server,
            Err(output) => panic!("serve ended: {output}"),
        }
    }

    /// As [`Server::start`], run by a shell that sets a limit first, such as `ulimit -f 1000`.
    ///
    /// # Errors
    ///
    /// What it wrote to stderr, if it ended before it answered.
    pub fn try_start(folder: &Path, arguments: &[&str], shell: Option<&str>) -> Result<Server, String> {
        Server::spawn(folder, "127.0.0.1:0", arguments, shell)
    }

    #[expect(clippy::expect_used, reason = "a test cannot go on without it")]
    fn spawn(
        folder: &Path,
        address: &str,
        arguments: &[&str],
        shell: Option<&str>,
    ) -> Result<Server, String> {
        let _ = std::fs::remove_file(folder.join("serving.json"));
        let program = binary();
        let mut command = match shell {
            None => Command::new(program),
            Some(limit) => {
                let mut command = Command::new("sh");
                command.args(["-c", &format!(r#"{limit}; exec "$0" "$@""#)]).arg(program);
                command
            }
        };
        command.args(["serve", "--dir"]).arg(folder).args(["--listen", address]).args(arguments);
        if !arguments.contains(&"--boundary") {
            command.arg("--dev");
        }
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let log = folder.with_extension("stderr");
        command.stderr(std::fs::File::create(&log).expect("a file for stderr"));
        let mut child = command.spawn().expect("the binary starts");
        let until = Instant::now() + START_MAX;
        loop {
            if child.try_wait().expect("a child").is_some() || Instant::now() > until {
                let _ = child.kill();
                return Err(std::fs::read_to_string(&log).unwrap_or_default());
            }
            if let Some((http, nats)) = addresses(folder) {
                return Ok(Server { child, folder: folder.to_owned(), http, nats });
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// `kill -9`.
    #[expect(clippy::expect_used, reason = "a test cannot go on without it")]
    pub fn kill(mut self) {
        self.child.kill().expect("a running child");
        self.child.wait().expect("a killed child");
    }

    /// `kill -TERM`, and its exit code.
    #[expect(clippy::expect_used, reason = "a test cannot go on without it")]
    pub fn stop(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().expect("kill runs");
        self.child.wait().expect("a stopped child").code()
    }

    /// Runs the binary against this engine.
    pub fn cli(&self, arguments: &[&str]) -> Output {
        self.cli_command(arguments).output().unwrap_or_else(|e| panic!("the binary does not run: {e}"))
    }

    /// A command that runs the binary against this engine.
    pub fn cli_command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(arguments).env("SELFSAME_SERVER", &self.http).env("SELFSAME_PRINCIPAL", "tester");
        if let Some(nats) = &self.nats {
            command.env("SELFSAME_NATS", nats);
        }
        command
    }

    /// The binary's `--json` output, which must be a success.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let output = self.cli_command(arguments).arg("--json").output();
        let output = output.unwrap_or_else(|e| panic!("the binary does not run: {e}"));
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {error}");
        let text = String::from_utf8_lossy(&output.stdout);
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{arguments:?} gave {text}: {e}"))
    }

    /// The folder that it serves from.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn addresses(folder: &Path) -> Option<(String, Option<String>)> {
    let text = std::fs::read_to_string(folder.join("serving.json")).ok()?;
    let serving: Value = serde_json::from_str(&text).ok()?;
    let text = |name| serving.get(name).and_then(Value::as_str).map(str::to_owned);
    Some((text("http")?, text("nats")))
}

/// A git repository with so many commits of so many changed files each, made in one go.
#[expect(clippy::expect_used, reason = "a test cannot go on without it")]
pub fn git_repository(folder: &Path, commits: u32, files: u32) {
    use std::io::Write;
    std::fs::create_dir_all(folder).expect("a folder");
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.arg("-C").arg(folder).args(arguments);
        command
    };
    let status = git(&["init", "--quiet", "--initial-branch=main"]).status().expect("git runs");
    assert!(status.success(), "git init");
    let mut import = git(&["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn().expect("git runs");
    let mut input = std::io::BufWriter::new(import.stdin.take().expect("a pipe"));
    for commit in 1..=commits {
        let author = format!("Author {0} <a{0}@example.org>", commit % 7);
        let time = 1_600_000_000 + u64::from(commit) * 60;
        let message = format!("change {commit}");
        write!(input, "commit refs/heads/main\ncommitter {author} {time} +0000\n").expect("a pipe");
        write!(input, "data {}\n{message}\n", message.len()).expect("a pipe");
        for file in 0..files {
            let path = format!("src/d{}/f{}.txt", file % 5, (commit * 3 + file) % 500);
            let content = format!("{commit} {file}\n").repeat(1 + file as usize % 4);
            write!(input, "M 100644 inline {path}\ndata {}\n{content}\n", content.len()).expect("a pipe");
        }
    }
    drop(input);
    assert!(import.wait().expect("git ends").success(), "git fast-import");
}
