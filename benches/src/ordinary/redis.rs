//! A Redis server of the bench's own, set up as a cache: nothing is written to disk.

use std::path::Path;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client};

use crate::ordinary::failed::Failed;
use crate::ordinary::server::{Process, free_port};

/// Longer than any lock that a migration holds, so that the drill counts what the stack does.
const RESPONSE_WAIT: Duration = Duration::from_secs(10);

/// A running server.
pub(super) struct Redis {
    port: u16,
    _process: Process,
}

impl Redis {
    pub(super) fn start(program: &Path, folder: &Path) -> Result<Redis, String> {
        let (port, log) = (free_port()?, folder.join("redis.log"));
        let port_text = port.to_string();
        let folder = folder.to_string_lossy();
        let arguments = [
            "--port",
            &port_text,
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            &folder,
        ];
        let mut process = Process::spawn(program, &arguments, None, "TERM", &log)?;
        process.wait_ready(port, &log)?;
        Ok(Redis { port, _process: process })
    }

    /// A server that holds nothing, and where it is.
    pub(super) async fn emptied(&self) -> Result<Address, Failed> {
        let address = Address { port: self.port };
        redis::cmd("FLUSHALL").exec_async(&mut address.connect().await?).await?;
        Ok(address)
    }
}

/// Where the server is.
#[derive(Clone, Copy)]
pub(super) struct Address {
    port: u16,
}

impl Address {
    pub(super) async fn connect(self) -> Result<MultiplexedConnection, Failed> {
        let client = Client::open(("127.0.0.1", self.port))?;
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(RESPONSE_WAIT));
        Ok(client.get_multiplexed_async_connection_with_config(&config).await?)
    }
}
