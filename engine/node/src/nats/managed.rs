//! A NATS server that the engine starts for itself, on a free port of this machine.
//!
//! It ends with the engine, also when the engine is killed: where `setpriv` is there the kernel sees to
//! that, otherwise it is killed when the value is dropped. If it ends by itself it is started again on the
//! same port and store.
//!
//! The kernel's signal is bound to the thread that started the process, so one thread starts the server,
//! looks after it, and lives as long.

use std::ffi::OsStr;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::Deserialize;
use tracing::{info, warn};

use crate::nats::error::NatsError;
use crate::nats::layout::NatsLayout;

/// How long a server may take until it is ready.
pub const START_WAIT: Duration = Duration::from_secs(10);

/// How often is looked at a server that is starting, or running.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// The pause before a server that ended is started again.
const RESTART_PAUSE: Duration = Duration::from_millis(500);
/// The log is begun anew at this size.
const LOG_BYTES_MAX: &str = "16777216";

/// The configuration of a server with accounts, in its folder.
const CONFIG: &str = "nats.conf";
/// The same while it is being written.
const NEW_CONFIG: &str = "nats.conf.new";

/// A running server. Dropping it ends the server.
pub struct ManagedNats {
    url: String,
    folder: PathBuf,
    /// Told that the configuration is another; dropped to end the server.
    running: Option<mpsc::Sender<()>>,
    keeper: Option<JoinHandle<()>>,
}

impl ManagedNats {
    /// Starts a server that keeps its files below `folder` (made if it is not there), and waits until it
    /// is ready, at most [`START_WAIT`].
    ///
    /// # Errors
    ///
    /// If there is no `nats-server` on the PATH, or it does not get ready.
    pub fn start(folder: &Path) -> Result<ManagedNats, NatsError> {
        ManagedNats::keep(folder, Keeper::new(find_server()?, folder)?)
    }

    /// As [`Self::start`], with the accounts of a layout. Where it listens and keeps its files is the same as
    /// there, whatever the layout says; the configuration is `nats.conf` in the folder.
    ///
    /// # Errors
    ///
    /// As [`Self::start`], or if the layout has no configuration.
    pub fn start_with(folder: &Path, layout: &NatsLayout) -> Result<ManagedNats, NatsError> {
        let mut keeper = Keeper::new(find_server()?, folder)?;
        keeper.config = Some(write_config(folder, layout)?);
        ManagedNats::keep(folder, keeper)
    }

    fn keep(folder: &Path, keeper: Keeper) -> Result<ManagedNats, NatsError> {
        let (running, stop) = mpsc::channel();
        let (ready, started) = mpsc::sync_channel(1);
        let thread = std::thread::Builder::new().name("nats-server".to_owned());
        let spawn_error = |source| NatsError::Spawn { program: PathBuf::from("nats-server"), source };
        let keeper = thread.spawn(move || keeper.run(&ready, &stop)).map_err(spawn_error)?;
        let ended = || spawn_error(std::io::Error::other("the thread that looks after it ended"));
        let port = started.recv().map_err(|_| ended())??;
        let url = format!("nats://{}:{port}", Ipv4Addr::LOCALHOST);
        info!(url, folder = %folder.display(), "a NATS server is started");
        Ok(ManagedNats { url, folder: folder.to_owned(), running: Some(running), keeper: Some(keeper) })
    }

    /// Has a server that was started with a layout go on with another one: who is no longer in it is cut
    /// off. It is started again on the same address, and clients connect again by themselves: a server that
    /// only reads its accounts again (2.9.10) leaves those that are new without a way to the engine.
    ///
    /// # Errors
    ///
    /// If the layout has no configuration, or it cannot be written.
    pub fn apply(&self, layout: &NatsLayout) -> Result<(), NatsError> {
        write_config(&self.folder, layout)?;
        if let Some(running) = &self.running {
            // A keeper that is gone is not there to be told.
            let _ = running.send(());
        }
        Ok(())
    }

    /// Where the server listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends the server. What it has acknowledged is in its files.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        drop(self.running.take());
        if let Some(keeper) = self.keeper.take() {
            // A keeper that panicked has dropped its child already.
            let _ = keeper.join();
        }
    }
}

impl Drop for ManagedNats {
    fn drop(&mut self) {
        self.end();
    }
}

/// The server's program.
///
/// # Errors
///
/// If it is not on the PATH.
pub fn find_server() -> Result<PathBuf, NatsError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    find_in(&path, "nats-server").ok_or(NatsError::NotInstalled)
}

/// The first file of that name in the folders of a PATH that may be executed.
fn find_in(path: &OsStr, name: &str) -> Option<PathBuf> {
    let executable = |file: &PathBuf| {
        let metadata = std::fs::metadata(file);
        metadata.is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
    };
    std::env::split_paths(path).map(|folder| folder.join(name)).find(executable)
}

/// What starts the server and looks after it.
struct Keeper {
    program: PathBuf,
    setpriv: Option<PathBuf>,
    store: PathBuf,
    ports: PathBuf,
    log: PathBuf,
    /// The accounts, if there are any.
    config: Option<PathBuf>,
}

impl Keeper {
    fn new(program: PathBuf, folder: &Path) -> Result<Keeper, NatsError> {
        let ports = folder.join("ports");
        let made = std::fs::create_dir_all(folder).and_then(|()| match std::fs::remove_dir_all(&ports) {
            Err(err) if err.kind() != std::io::ErrorKind::NotFound => Err(err),
            _ => std::fs::create_dir(&ports),
        });
        made.map_err(|source| NatsError::Folder { path: folder.to_owned(), source })?;
        let (store, log) = (folder.to_owned(), folder.join("nats-server.log"));
        Ok(Keeper { program, setpriv: find_setpriv(), store, ports, log, config: None })
    }

    fn run(&self, ready: &mpsc::SyncSender<Result<u16, NatsError>>, stop: &mpsc::Receiver<()>) {
        let started = self.spawn(None).and_then(|mut child| match self.wait_ready(&mut child.0) {
            Ok(port) => Ok((child, port)),
            Err(err) => Err(err),
        });
        let (mut child, port) = match started {
            Ok(started) => started,
            Err(err) => {
                // The one who waits for it is there until it has come.
                let _ = ready.send(Err(err));
                return;
            }
        };
        let _ = ready.send(Ok(port));
        loop {
            match stop.recv_timeout(LOOK_EVERY) {
                Ok(()) => {
                    info!("the NATS server is started again with other accounts");
                    // It may have ended by itself.
                    let _ = child.0.kill();
                    let _ = child.0.wait();
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    let Ok(Some(status)) = child.0.try_wait() else { continue };
                    warn!(%status, log = %self.log.display(), "the NATS server ended, it is started again");
                    if !is_wanted(stop, RESTART_PAUSE) {
                        return;
                    }
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            }
            match self.spawn(Some(port)) {
                Ok(again) => child = again,
                Err(err) => warn!(err = &err as &dyn std::error::Error, "the NATS server cannot be started"),
            }
        }
    }

    /// Starts the server on the given port, or on one that is free.
    fn spawn(&self, port: Option<u16>) -> Result<Running, NatsError> {
        let mut command = match &self.setpriv {
            Some(setpriv) => {
                let mut command = Command::new(setpriv);
                command.args(["--pdeathsig", "KILL", "--"]).arg(&self.program);
                command
            }
            None => Command::new(&self.program),
        };
        // `-1` has the server choose, so that nobody else can take the port in between.
        let port = port.map_or_else(|| "-1".to_owned(), |port| port.to_string());
        command.args(["--addr", "127.0.0.1", "--port", &port]).arg("--ports_file_dir").arg(&self.ports);
        match &self.config {
            Some(config) => command.arg("--config").arg(config),
            None => command.arg("--jetstream").arg("--store_dir").arg(&self.store),
        };
        command.arg("--log").arg(&self.log).args(["--log_size_limit", LOG_BYTES_MAX]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // A Ctrl-C at the terminal is for the engine, which ends the server when it is done with it.
        command.process_group(0);
        let spawned = command.spawn();
        spawned.map(Running).map_err(|source| NatsError::Spawn { program: self.program.clone(), source })
    }

    /// The port, once the server takes connections.
    fn wait_ready(&self, child: &mut Child) -> Result<u16, NatsError> {
        let deadline = Instant::now() + START_WAIT;
        while Instant::now() < deadline {
            if !matches!(child.try_wait(), Ok(None)) {
                return Err(NatsError::Ended { log: self.log.clone(), tail: tail(&self.log) });
            }
            if let Some(port) = port_in(&self.ports).filter(|port| takes_connections(*port)) {
                return Ok(port);
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Err(NatsError::NotReady { waited: START_WAIT, log: self.log.clone() })
    }
}

/// Writes the accounts of a layout for a server in this folder, whole or not at all.
fn write_config(folder: &Path, layout: &NatsLayout) -> Result<PathBuf, NatsError> {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let layout = NatsLayout { listen, store_dir: folder.to_owned(), ..layout.clone() };
    let text = layout.to_config()?;
    let (config, new) = (folder.join(CONFIG), folder.join(NEW_CONFIG));
    let written = std::fs::write(&new, text).and_then(|()| std::fs::rename(&new, &config));
    written.map_err(|source| NatsError::Folder { path: folder.to_owned(), source })?;
    Ok(config)
}

/// A process that is killed when it is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits, and says whether the server is still wanted then.
fn is_wanted(stop: &mpsc::Receiver<()>, wait: Duration) -> bool {
    !matches!(stop.recv_timeout(wait), Err(mpsc::RecvTimeoutError::Disconnected))
}

/// `setpriv`, if it is there and can bind a process to its parent's life.
fn find_setpriv() -> Option<PathBuf> {
    let setpriv = find_in(&std::env::var_os("PATH").unwrap_or_default(), "setpriv")?;
    let mut trial = Command::new(&setpriv);
    trial.args(["--pdeathsig", "KILL", "--", "true"]);
    trial.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let works = trial.status().is_ok_and(|status| status.success());
    if !works {
        warn!("`setpriv` cannot bind the NATS server to the engine: it goes on if the engine is killed");
    }
    works.then_some(setpriv)
}

/// The file that the server writes when it is ready.
#[derive(Deserialize)]
struct Ports {
    nats: Vec<String>,
}

fn port_in(folder: &Path) -> Option<u16> {
    let file = std::fs::read_dir(folder).ok()?.filter_map(Result::ok).next()?;
    // Half of it may be written yet.
    let ports: Ports = serde_json::from_slice(&std::fs::read(file.path()).ok()?).ok()?;
    ports.nats.first()?.rsplit_once(':')?.1.parse().ok()
}

fn takes_connections(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
}

/// The last lines of a log, in one.
fn tail(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let mut lines: Vec<&str> = text.lines().rev().take(3).collect();
    lines.reverse();
    if lines.is_empty() { "nothing".to_owned() } else { lines.join(" | ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_in_the_first_folder_where_it_may_be_executed() {
        let folder = tempfile::tempdir().expect("a folder");
        let make = |name: &str, mode: u32| {
            let file = folder.path().join(name).join("nats-server");
            std::fs::create_dir_all(file.parent().expect("a parent")).expect("a folder");
            std::fs::write(&file, "").expect("a file");
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("a mode");
            file
        };
        make("plain", 0o644);
        let right = make("right", 0o755);
        make("later", 0o755);
        std::fs::create_dir_all(folder.path().join("folder/nats-server")).expect("a folder");
        let names = ["missing", "plain", "folder", "right", "later"].map(|name| folder.path().join(name));
        let path = std::env::join_paths(names).expect("a PATH");
        assert_eq!(find_in(&path, "nats-server"), Some(right));
        assert_eq!(find_in(&path, "setpriv"), None);
    }

    #[test]
    fn a_server_that_does_not_start_is_told_with_the_end_of_its_log() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("jetstream"), "in the way").expect("a file");
        let Err(err) = ManagedNats::start(folder.path()) else { panic!("a server without a store") };
        assert!(matches!(err, NatsError::Ended { .. }), "{err}");
        assert!(err.to_string().contains("storage directory is not a directory"), "{err}");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        std::fs::write(&file, "").expect("a file");
        let Err(err) = ManagedNats::start(&file.join("below")) else { panic!("a folder in a file") };
        assert!(matches!(err, NatsError::Folder { .. }), "{err}");
    }
}
