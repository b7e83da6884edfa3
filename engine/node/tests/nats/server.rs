//! A NATS server that a test may kill, start again on the same port, or have come back empty; and a bare
//! connection that says what no client library would.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use selfsame_node::nats::find_server;
use serde_json::Value;
use tempfile::TempDir;

use crate::rig::until;

/// Stands in a configuration for the server's folder.
pub(crate) const FOLDER: &str = "/the/folder";

/// A server of one test.
pub(crate) struct Nats {
    pub(crate) folder: TempDir,
    pub(crate) port: u16,
    config: Option<PathBuf>,
    /// Whether the configuration says where its files are.
    has_store: bool,
    child: Option<Child>,
}

impl Nats {
    pub(crate) async fn start() -> Nats {
        Nats::with_config(None).await
    }

    /// With lines of configuration.
    pub(crate) async fn with_config(lines: Option<&str>) -> Nats {
        let mut nats = Nats::not_yet(0);
        if let Some(lines) = lines {
            let config = nats.folder.path().join("nats.conf");
            let folder = nats.folder.path().to_str().expect("text");
            std::fs::write(&config, lines.replace(FOLDER, folder)).expect("a file");
            nats.config = Some(config);
            nats.has_store = lines.contains(FOLDER);
        }
        nats.resume().await;
        nats
    }

    /// On a port that was free a moment ago, not running.
    pub(crate) fn away() -> Nats {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        Nats::not_yet(listener.local_addr().expect("an address").port())
    }

    fn not_yet(port: u16) -> Nats {
        Nats {
            folder: tempfile::tempdir().expect("a folder"),
            port,
            config: None,
            has_store: false,
            child: None,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Kills it, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("a process");
            child.wait().expect("an end");
        }
    }

    /// Forgets everything that it had stored.
    pub(crate) fn forget(&mut self) {
        assert!(self.child.is_none(), "forget what a running server has stored");
        std::fs::remove_dir_all(self.folder.path().join("jetstream")).expect("a store");
    }

    /// Starts it, on the port that it had.
    pub(crate) async fn resume(&mut self) {
        let program = find_server().unwrap_or_else(|err| panic!("{err}"));
        let ports = self.folder.path().join("ports");
        std::fs::create_dir_all(&ports).expect("a folder");
        let port = if self.port == 0 { "-1".to_owned() } else { self.port.to_string() };
        let mut command = Command::new(program);
        command.args(["-a", "127.0.0.1", "-p", &port]);
        if !self.has_store {
            command.arg("-js").arg("-sd").arg(self.folder.path());
        }
        command.arg("--ports_file_dir").arg(&ports).arg("-l").arg(self.folder.path().join("log"));
        if let Some(config) = &self.config {
            command.arg("-c").arg(config);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.child = Some(command.spawn().expect("a server"));
        until("the server listens", async || {
            if self.port == 0 {
                self.port = chosen_port(&ports).unwrap_or_default();
            }
            self.port != 0 && TcpStream::connect(("127.0.0.1", self.port)).is_ok()
        })
        .await;
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.kill();
    }
}

fn chosen_port(folder: &std::path::Path) -> Option<u16> {
    let file = std::fs::read_dir(folder).ok()?.next()?.ok()?;
    let ports: Value = serde_json::from_slice(&std::fs::read(file.path()).ok()?).ok()?;
    ports["nats"][0].as_str()?.rsplit_once(':')?.1.parse().ok()
}

/// Publishes bytes as they are, and waits until the server has taken them.
pub(crate) fn publish_bytes(port: u16, subject: &[u8], headers: &[u8], data: &[u8]) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    let mut said = b"CONNECT {\"verbose\":false,\"headers\":true}\r\nHPUB ".to_vec();
    said.extend_from_slice(subject);
    said.extend_from_slice(format!(" {} {}\r\n", headers.len(), headers.len() + data.len()).as_bytes());
    said.extend_from_slice(headers);
    said.extend_from_slice(data);
    said.extend_from_slice(b"\r\nPING\r\n");
    stream.write_all(&said).expect("room");
    let mut reader = BufReader::new(&stream);
    let mut line = String::new();
    while !line.starts_with("PONG") {
        line.clear();
        assert!(reader.read_line(&mut line).expect("an answer") > 0, "the server hung up");
        assert!(!line.starts_with("-ERR"), "{line}");
    }
}
