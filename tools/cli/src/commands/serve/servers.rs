//! What leads to the engine: HTTP, the operator's socket, NATS.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;

use selfsame_node::nats::{ManagedNats, NatsOptions, NatsPlane, TRAY_BYTES_DEFAULT, start};
use selfsame_node::{Handle, http, operator};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::ServeArgs;
use crate::failure::{Failure, Outcome};
use crate::reach::{OPERATOR, Serving, read_key};

/// The folder of a NATS server that the engine started, within the engine's own.
const NATS: &str = "nats";

/// The servers of a running engine.
pub(super) struct Servers {
    http: SocketAddr,
    operator: Option<SocketAddr>,
    stopping: watch::Sender<bool>,
    tasks: Vec<JoinHandle<std::io::Result<()>>>,
    nats: Option<Nats>,
}

struct Nats {
    url: String,
    plane: NatsPlane,
    managed: Option<ManagedNats>,
}

impl Servers {
    /// Starts all of them.
    pub(super) async fn start(handle: &Handle, args: &ServeArgs) -> Outcome<Servers> {
        let dir = &args.dir;
        let (listener, http) = bind("the HTTP server", args.listen).await?;
        let for_operators = match args.operator_listen {
            Some(listen) => Some(bind("the operators' listener", listen).await?),
            None => None,
        };
        let nats = Nats::start(handle, args).await?;
        let (stopping, _) = watch::channel(false);
        let serve = http::serve(handle.clone(), listener, told(&stopping));
        let operate = operate(handle.clone(), dir.join(OPERATOR), told(&stopping));
        let mut tasks = vec![tokio::spawn(serve)];
        let operator = for_operators.map(|(listener, address)| {
            let serve = operator::serve_tcp(handle.clone(), listener, told(&stopping));
            tasks.push(tokio::spawn(serve));
            address
        });
        tasks.push(tokio::spawn(operate));
        let mut servers = Servers { http, operator, stopping, tasks, nats };
        servers.settle(&dir.join(OPERATOR)).await?;
        Ok(servers)
    }

    /// Waits until the operator's socket is there, or could not be made.
    async fn settle(&mut self, socket: &Path) -> Outcome {
        let Some(operate) = self.tasks.last_mut() else { return Ok(()) };
        while tokio::net::UnixStream::connect(socket).await.is_err() {
            if operate.is_finished() {
                let reason = match operate.await {
                    Ok(Err(err)) => err.to_string(),
                    _ => "it ended at once".to_owned(),
                };
                self.tasks.pop();
                return Err(not_started("the operator's socket", reason));
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// Where they listen.
    pub(super) fn serving(&self) -> Serving {
        Serving {
            http: format!("http://{}", self.http),
            nats: self.nats.as_ref().map(|nats| nats.url.clone()),
            operator: self.operator.map(|address| format!("http://{address}")),
            pid: std::process::id(),
        }
    }

    /// Finishes what was begun and ends them; the NATS server last, if it is the engine's own.
    pub(super) async fn stop(self) {
        self.stopping.send_replace(true);
        for task in self.tasks {
            // A server that ended by a bug has said so; the engine's own stop goes on.
            let _ = task.await;
        }
        if let Some(nats) = self.nats {
            nats.plane.stop().await;
            if let Some(managed) = nats.managed {
                tokio::task::block_in_place(|| managed.stop());
            }
        }
    }
}

impl Nats {
    async fn start(handle: &Handle, args: &ServeArgs) -> Outcome<Option<Nats>> {
        let (dir, asked) = (&args.dir, args.nats.as_str());
        let key = args.nats_key.as_deref().map(read_key).transpose()?;
        let failed = |e: selfsame_node::nats::NatsError| not_started("NATS", e.to_string());
        let managed = match asked {
            "none" => return Ok(None),
            "managed" => {
                Some(tokio::task::block_in_place(|| ManagedNats::start(&dir.join(NATS))).map_err(failed)?)
            }
            _ => None,
        };
        let url = managed.as_ref().map_or_else(|| asked.to_owned(), |managed| managed.url().to_owned());
        let options = NatsOptions { key, ..NatsOptions::claimed(TRAY_BYTES_DEFAULT) };
        let plane = start(handle.clone(), &url, options).await.map_err(failed)?;
        Ok(Some(Nats { url, plane, managed }))
    }
}

async fn bind(what: &'static str, listen: SocketAddr) -> Outcome<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(listen).await;
    let listener = listener.map_err(|e| not_started(what, format!("{listen}: {e}")))?;
    let address = listener.local_addr().map_err(|e| not_started(what, e.to_string()))?;
    Ok((listener, address))
}

async fn operate(
    handle: Handle,
    socket: std::path::PathBuf,
    stop: impl Future + Send + 'static,
) -> std::io::Result<()> {
    operator::serve(handle, &socket, stop).await
}

/// Ready when the servers are told to stop.
fn told(stopping: &watch::Sender<bool>) -> impl Future + Send + 'static {
    let mut told = stopping.subscribe();
    async move {
        // An error means that the servers were dropped, which is a stop too.
        let _ = told.wait_for(|stop| *stop).await;
    }
}

fn not_started(what: &'static str, reason: String) -> Failure {
    Failure::Server { what, reason }
}
