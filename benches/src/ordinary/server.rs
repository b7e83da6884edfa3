//! Starting the three servers on free loopback ports in a temporary folder, and stopping them.
//!
//! A server ends with the bench, also when the bench is killed: `setpriv` has the kernel see to that. The
//! kernel's signal is bound to the thread that starts the server, so the main thread does.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use selfsame_node::nats::ManagedNats;

use crate::ordinary::postgres::Postgres;
use crate::ordinary::redis::Redis;

/// What to do where a program is missing.
pub(super) const INSTALL: &str =
    "install it with `apt-get install -y --no-install-recommends postgresql redis-server nats-server`";

/// How long a server may take to start, or to end.
const WAIT: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The ordinary stack, running. Dropping it ends the servers and removes their files.
pub(super) struct Servers {
    pub(super) postgres: Postgres,
    pub(super) redis: Redis,
    pub(super) nats: ManagedNats,
    _folder: tempfile::TempDir,
}

impl Servers {
    /// Starts all three.
    ///
    /// # Errors
    ///
    /// If one is not installed or does not start.
    pub(super) fn start() -> Result<Servers, String> {
        let programs = crate::ordinary::postgres::Programs::find()?;
        let redis = find("redis-server", &[]).ok_or_else(|| format!("Redis is not installed: {INSTALL}"))?;
        find("nats-server", &[]).ok_or_else(|| format!("NATS is not installed: {INSTALL}"))?;
        let folder = tempfile::Builder::new().prefix("selfsame-ordinary-").tempdir();
        let folder = folder.map_err(|err| format!("no temporary folder: {err}"))?;
        // PostgreSQL may run as another user, who has to get through to its folder.
        let passable = std::fs::Permissions::from_mode(0o711);
        std::fs::set_permissions(folder.path(), passable).map_err(|err| format!("no folder: {err}"))?;
        let postgres = Postgres::start(&programs, folder.path())?;
        let redis = Redis::start(&redis, folder.path())?;
        let nats = ManagedNats::start(&folder.path().join("nats")).map_err(|err| err.to_string())?;
        Ok(Servers { postgres, redis, nats, _folder: folder })
    }
}

/// The program's path: from the PATH, or from one of the folders.
pub(super) fn find(name: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let from_path: Vec<PathBuf> = std::env::split_paths(&path).collect();
    from_path.iter().chain(folders).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// A server's process. Dropping it asks it to end, and ends it.
pub(super) struct Process {
    child: Child,
    /// The signal that asks it to end at once.
    end: &'static str,
}

impl Process {
    /// Starts a program with a log file, as another user if one is named.
    pub(super) fn spawn(
        program: &Path,
        arguments: &[&str],
        user: Option<&str>,
        end: &'static str,
        log: &Path,
    ) -> Result<Process, String> {
        let failed = |err: std::io::Error| format!("`{}` cannot be started: {err}", program.display());
        let mut command = as_child(program, user, end);
        let out = std::fs::File::create(log).map_err(failed)?;
        let err = out.try_clone().map_err(failed)?;
        command.args(arguments).stdin(Stdio::null()).stdout(out).stderr(err);
        // A Ctrl-C at the terminal is for the bench.
        command.process_group(0);
        Ok(Process { child: command.spawn().map_err(failed)?, end })
    }

    /// Waits until the server takes connections.
    pub(super) fn wait_ready(&mut self, port: u16, log: &Path) -> Result<(), String> {
        let deadline = Instant::now() + WAIT;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let said = || std::fs::read_to_string(log).unwrap_or_default();
        while Instant::now() < deadline {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("a server ended with {status}; it said: {}", said()));
            }
            if TcpStream::connect_timeout(&address, LOOK_EVERY).is_ok() {
                return Ok(());
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Err(format!("a server was not ready after {WAIT:?}; it said: {}", said()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let deadline = Instant::now() + WAIT;
        let mut asked = false;
        // Once it has ended its number may be another process's.
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            if !asked {
                let mut kill = Command::new("kill");
                asked = kill.args([format!("-{}", self.end), self.child.id().to_string()]).status().is_ok();
            }
            std::thread::sleep(LOOK_EVERY);
        }
        // It may have ended meanwhile.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command that runs a program as a user, bound to the life of the thread that starts it.
fn as_child(program: &Path, user: Option<&str>, end: &str) -> Command {
    if find("setpriv", &[]).is_none() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    if let Some(user) = user {
        command.args(["--reuid", user, "--regid", user, "--init-groups"]);
    }
    command.args(["--pdeathsig", end, "--"]).arg(program);
    command
}

/// A port that was free a moment ago.
pub(super) fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let address = listener.and_then(|listener| listener.local_addr());
    address.map(|address| address.port()).map_err(|err| format!("no free port: {err}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_ends_is_told_with_what_it_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("log");
        let script = ["-c", "echo no room; exit 3"];
        let mut process = Process::spawn(Path::new("sh"), &script, None, "TERM", &log).expect("a process");
        let err = process.wait_ready(free_port().expect("a port"), &log).expect_err("it ended");
        assert!(err.contains("exit status: 3") && err.contains("no room"), "{err}");
    }

    #[test]
    fn a_server_ends_when_it_is_dropped() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("log");
        let process = Process::spawn(Path::new("sleep"), &["600"], None, "TERM", &log).expect("a process");
        let id = process.child.id().to_string();
        let is_there = || Command::new("kill").args(["-0", &id]).output().expect("`kill`").status.success();
        assert!(is_there());
        drop(process);
        assert!(!is_there());
    }

    #[test]
    fn what_is_not_installed_is_not_found() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(find("selfsame-no-such-program", &[folder.path().to_owned()]), None);
        let program = folder.path().join("selfsame-no-such-program");
        std::fs::write(&program, "").expect("a file");
        assert_eq!(find("selfsame-no-such-program", &[folder.path().to_owned()]), Some(program));
    }
}
