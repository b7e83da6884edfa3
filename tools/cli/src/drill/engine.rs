//! The engine of a drill: a process of its own, killed and started again on the same folder and addresses.
//!
//! The NATS server is the drill's and not the engine's, so that it goes on when the engine is killed, and
//! clients meet an engine that is away and not a server that is away.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use selfsame_node::nats::{ManagedNats, find_server};
use tokio::process::{Child, Command};

use crate::client::Client;
use crate::failure::{Failure, Outcome};
use crate::reach::{OPERATOR, Serving};

/// How long a start, with all of its recovery, may take.
const START_MAX: Duration = Duration::from_secs(120);
/// How long the end may take that SIGTERM asks for.
const STOP_MAX: Duration = Duration::from_secs(60);
/// How often is looked whether an engine that is starting answers.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// An engine that is running, or was killed a moment ago.
pub(super) struct EngineProcess {
    folder: PathBuf,
    http: String,
    nats: Option<ManagedNats>,
    child: Child,
}

impl EngineProcess {
    /// Starts an engine in a folder of the drill's, with NATS if its server is on the PATH.
    pub(super) async fn start(folder: &Path) -> Outcome<EngineProcess> {
        let nats = match find_server() {
            Ok(_) => Some(tokio::task::block_in_place(|| ManagedNats::start(&folder.join("nats")))),
            Err(_) => None,
        };
        let nats = nats.transpose().map_err(|e| not_started(e.to_string()))?;
        let folder = folder.join("engine");
        let child = spawn(&folder, "127.0.0.1:0", nats.as_ref())?;
        let mut engine = EngineProcess { folder, http: String::new(), nats, child };
        engine.http = engine.answers().await?;
        Ok(engine)
    }

    /// Where it answers over HTTP, now and after each start.
    pub(super) fn http(&self) -> &str {
        &self.http
    }

    /// The NATS server that it uses.
    pub(super) fn nats(&self) -> Option<&str> {
        self.nats.as_ref().map(ManagedNats::url)
    }

    /// The folder of its log.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A client for its operator's plane.
    pub(super) fn operator(&self) -> Outcome<Client> {
        Client::operator(&self.folder.join(OPERATOR), "operator")
    }

    /// `kill -9`.
    pub(super) async fn kill(&mut self) -> Outcome {
        self.child.kill().await.map_err(|e| Failure::Bug(format!("the engine could not be killed: {e}")))
    }

    /// Starts it again, at the addresses that it had.
    pub(super) async fn start_again(&mut self) -> Outcome {
        let address = self.http.trim_start_matches("http://").to_owned();
        self.child = spawn(&self.folder, &address, self.nats.as_ref())?;
        self.answers().await.map(drop)
    }

    /// Ready when the engine ends, which nobody ordered; what it wrote last.
    pub(super) async fn ended(&mut self) -> String {
        let status = self.child.wait().await;
        let status = status.map_or_else(|e| e.to_string(), |status| status.to_string());
        format!("the engine ended by itself ({status}): {}", last_words(&self.folder))
    }

    /// Ends it as SIGTERM does; the NATS server goes on until this value is dropped.
    pub(super) async fn stop(&mut self) -> Outcome {
        let id = self.child.id().map(|id| id.to_string()).unwrap_or_default();
        let told = Command::new("kill").args(["-TERM", &id]).status().await;
        told.map_err(|e| Failure::Bug(format!("`kill` does not run: {e}")))?;
        match tokio::time::timeout(STOP_MAX, self.child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(status) => Err(Failure::Bug(format!("the engine ended with {status:?}"))),
            Err(_) => Err(Failure::Bug(format!("the engine did not end within {} s", STOP_MAX.as_secs()))),
        }
    }

    /// Waits until it says where it listens.
    async fn answers(&mut self) -> Outcome<String> {
        let until = Instant::now() + START_MAX;
        loop {
            if let Ok(Some(serving)) = Serving::read(&self.folder) {
                return Ok(serving.http);
            }
            let ended = self.child.try_wait().ok().flatten();
            if ended.is_some() || Instant::now() > until {
                return Err(not_started(last_words(&self.folder)));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

fn spawn(folder: &Path, listen: &str, nats: Option<&ManagedNats>) -> Outcome<Child> {
    let failed = |e: std::io::Error| not_started(e.to_string());
    // What a killed engine has left would be taken for the next one's.
    let _ = std::fs::remove_file(folder.join(crate::reach::SERVING));
    let log = folder.with_extension("stderr");
    let log = std::fs::File::options().create(true).append(true).open(log).map_err(failed)?;
    let mut command = Command::new(std::env::current_exe().map_err(failed)?);
    command.args(["serve", "--dev", "--dir"]).arg(folder).args(["--listen", listen]);
    command.args(["--nats", nats.map_or("none", ManagedNats::url)]);
    for inherited in ["SELFSAME_DIR", "SELFSAME_SERVER", "SELFSAME_NATS"] {
        command.env_remove(inherited);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).kill_on_drop(true);
    command.spawn().map_err(failed)
}

fn not_started(reason: String) -> Failure {
    Failure::Server { what: "the drill's engine", reason }
}

/// The last lines that the engine wrote to stderr.
fn last_words(folder: &Path) -> String {
    let text = std::fs::read(folder.with_extension("stderr")).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines.iter().skip(lines.len().saturating_sub(5)).copied().collect::<Vec<_>>().join(" | ")
}
