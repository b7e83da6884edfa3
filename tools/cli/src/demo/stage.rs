//! What the demo plays on: an engine in a folder of its own, with HTTP, and with NATS if it is there.

use std::net::SocketAddr;
use std::path::Path;

use selfsame_core::Settings;
use selfsame_node::nats::{self, ManagedNats, NatsOptions, NatsPlane, TRAY_BYTES_DEFAULT};
use selfsame_node::{Engine, http};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::client::Client;
use crate::failure::{Failure, Outcome};
use crate::publisher::{HttpPublisher, NatsPublisher, Publisher};

/// An engine and what leads to it.
pub(super) struct Stage {
    pub(super) engine: Engine,
    base: String,
    nats: Option<(ManagedNats, NatsPlane)>,
    http: JoinHandle<std::io::Result<()>>,
    stop: oneshot::Sender<()>,
}

impl Stage {
    /// Starts everything on free ports of the loopback address.
    pub(super) async fn set(folder: &Path) -> Outcome<Stage> {
        let engine = Engine::open(&folder.join("engine"), Settings { standbys_max: 2 })?;
        let failed = |reason: String| Failure::Server { what: "the HTTP listener", reason };
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = tokio::net::TcpListener::bind(loopback).await.map_err(|e| failed(e.to_string()))?;
        let address = listener.local_addr().map_err(|e| failed(e.to_string()))?;
        let (stop, stopped) = oneshot::channel::<()>();
        let until = async {
            // Dropped or sent, both mean to stop.
            let _ = stopped.await;
        };
        let http = tokio::spawn(http::serve(engine.handle().clone(), listener, until));
        let nats = start_nats(&engine, &folder.join("nats")).await?;
        Ok(Stage { engine, base: format!("http://{address}"), nats, http, stop })
    }

    /// Whether events go in over NATS.
    pub(super) fn has_nats(&self) -> bool {
        self.nats.is_some()
    }

    /// A client who acts as `principal`.
    pub(super) fn client(&self, principal: &str) -> Outcome<Client> {
        Client::new(&self.base, principal)
    }

    /// A way to publish as `principal`.
    pub(super) async fn publisher(&self, principal: &str) -> Outcome<Publisher> {
        let Some((server, _)) = &self.nats else {
            return Ok(Publisher::Http(HttpPublisher::new(self.client(principal)?)));
        };
        let connected = async_nats::connect(server.url()).await;
        let client = connected.map_err(|e| Failure::Server { what: "NATS", reason: e.to_string() })?;
        Ok(Publisher::Nats(NatsPublisher::new(client, principal)))
    }

    /// Ends everything.
    pub(super) async fn strike(self) -> Outcome {
        if let Some((server, plane)) = self.nats {
            plane.stop().await;
            tokio::task::block_in_place(|| server.stop());
        }
        // Gone already if nobody takes it.
        let _ = self.stop.send(());
        let _ = self.http.await;
        self.engine.stop().await;
        Ok(())
    }
}

/// NATS is used if its server is on the PATH, and not needed.
async fn start_nats(engine: &Engine, folder: &Path) -> Outcome<Option<(ManagedNats, NatsPlane)>> {
    if nats::find_server().is_err() {
        return Ok(None);
    }
    let failed = |reason: String| Failure::Server { what: "nats-server", reason };
    let server =
        tokio::task::block_in_place(|| ManagedNats::start(folder)).map_err(|e| failed(e.to_string()))?;
    let plane =
        nats::start(engine.handle().clone(), server.url(), NatsOptions::claimed(TRAY_BYTES_DEFAULT)).await;
    Ok(Some((server, plane.map_err(|e| failed(e.to_string()))?)))
}
