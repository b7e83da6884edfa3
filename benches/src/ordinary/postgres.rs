//! A PostgreSQL server of the bench's own, and connections to it.
//!
//! It does not run as root, so that under root it runs as the user `postgres` that the package makes. Syncs
//! are on, as a server has them; anybody on this machine may connect while the bench runs.

use std::path::{Path, PathBuf};
use std::process::Command;

use tokio_postgres::{Client, NoTls};

use crate::ordinary::failed::Failed;
use crate::ordinary::server::{INSTALL, Process, find, free_port};

const USER: &str = "postgres";

/// Where the programs are.
pub(super) struct Programs {
    initdb: PathBuf,
    postgres: PathBuf,
    /// The user to run them as, if it is not the one who runs the bench.
    user: Option<&'static str>,
}

impl Programs {
    /// Finds them on the PATH or where Debian puts them.
    ///
    /// # Errors
    ///
    /// If they are not installed, or cannot be run by this user.
    pub(super) fn find() -> Result<Programs, String> {
        let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
        let folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
        let program =
            |name| find(name, &folders).ok_or_else(|| format!("PostgreSQL is not installed: {INSTALL}"));
        let user = if is_root() { Some(USER) } else { None };
        if user.is_some() && find("setpriv", &[]).is_none() {
            return Err(
                "PostgreSQL does not run as root and there is no `setpriv`: run it as a user".to_owned()
            );
        }
        Ok(Programs { initdb: program("initdb")?, postgres: program("postgres")?, user })
    }

    /// Makes a database cluster.
    fn init(&self, data: &Path) -> Result<(), String> {
        std::fs::create_dir(data).map_err(|err| format!("no folder for PostgreSQL: {err}"))?;
        let mut command = match self.user {
            Some(user) => {
                run(Command::new("chown").arg(user).arg(data))?;
                let mut command = Command::new("setpriv");
                command.args(["--reuid", user, "--regid", user, "--init-groups", "--"]).arg(&self.initdb);
                command
            }
            None => Command::new(&self.initdb),
        };
        command.args(["--username", USER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C"]);
        run(command.arg("--no-sync").arg("--pgdata").arg(data))
    }
}

/// A running server.
pub(super) struct Postgres {
    port: u16,
    _process: Process,
}

impl Postgres {
    /// Makes a cluster below the folder and serves it.
    pub(super) fn start(programs: &Programs, folder: &Path) -> Result<Postgres, String> {
        let data = folder.join("postgres");
        programs.init(&data)?;
        let (port, log) = (free_port()?, folder.join("postgres.log"));
        let port_text = port.to_string();
        let data_text = data.to_string_lossy();
        let arguments = ["-D", &data_text, "-p", &port_text, "-h", "127.0.0.1", "-k", ""];
        // QUIT ends it without a checkpoint: the files are thrown away.
        let mut process = Process::spawn(&programs.postgres, &arguments, programs.user, "QUIT", &log)?;
        process.wait_ready(port, &log)?;
        Ok(Postgres { port, _process: process })
    }

    /// A connection to a database.
    pub(super) async fn connect(&self, database: &str) -> Result<Client, Failed> {
        connect(self.port, database).await
    }

    /// A database that has nothing in it, and where it is.
    pub(super) async fn create(&self, name: &str) -> Result<Database, Failed> {
        // The server takes connections a moment before it answers them.
        let mut client = self.connect(USER).await;
        for _ in 0..100 {
            if client.is_ok() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            client = self.connect(USER).await;
        }
        client?.batch_execute(&format!("CREATE DATABASE {name}")).await?;
        Ok(Database { port: self.port, name: name.to_owned() })
    }
}

/// Where a database is.
#[derive(Clone)]
pub(super) struct Database {
    port: u16,
    name: String,
}

impl Database {
    /// A connection to it.
    pub(super) async fn connect(&self) -> Result<Client, Failed> {
        connect(self.port, &self.name).await
    }
}

async fn connect(port: u16, database: &str) -> Result<Client, Failed> {
    let mut config = tokio_postgres::Config::new();
    config.host("127.0.0.1").port(port).user(USER).dbname(database);
    let (client, connection) = config.connect(NoTls).await?;
    // It ends with the client; what goes wrong is told to the client's requests.
    tokio::spawn(connection);
    Ok(client)
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.starts_with(b"0\n"))
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|err| format!("{command:?}: {err}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(format!("{command:?}: {}", said.trim())) }
}
