//! What leads to the engine: HTTP, the operator's socket, NATS.

use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use selfsame_node::nats::layout::{NatsLayout, NatsPrincipal, principals_of};
use selfsame_node::nats::{
    ManagedNats, NatsError, NatsIdentity, NatsKey, NatsOptions, NatsPlane, TRAY_BYTES_DEFAULT, start,
};
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
    managed: Option<Managed>,
}

/// A NATS server of the engine's own, and the key that the engine proves itself with there.
struct Managed {
    server: ManagedNats,
    key: NatsKey,
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

    /// Goes on with the members of the boundary that is in force now.
    pub(super) async fn follow(&mut self, handle: &Handle) -> Outcome {
        match &mut self.nats {
            Some(nats) => nats.follow(handle).await,
            None => Ok(()),
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
                tokio::task::block_in_place(|| managed.server.stop());
            }
        }
    }
}

impl Nats {
    async fn start(handle: &Handle, args: &ServeArgs) -> Outcome<Option<Nats>> {
        let own = args.nats_key.as_deref().map(read_key).transpose()?;
        let principals = principals(handle)?;
        let managed = match args.nats.as_str() {
            "none" => return Ok(None),
            "managed" => Some(Managed::start(&args.dir.join(NATS), principals.as_deref())?),
            _ if principals.is_some() && own.is_none() => {
                let what = "under a boundary the engine proves itself to NATS: say `--nats-key FILE`, with the key that \
                            the server's configuration was written for";
                return Err(Failure::Usage(what.to_owned()));
            }
            _ => None,
        };
        let url =
            managed.as_ref().map_or_else(|| args.nats.clone(), |managed| managed.server.url().to_owned());
        let key =
            managed.as_ref().map(|managed| managed.key.clone()).filter(|_| principals.is_some()).or(own);
        let identity = principals.map_or(NatsIdentity::Claimed, NatsIdentity::Attested);
        let options = NatsOptions { key, identity, tray_bytes_max: TRAY_BYTES_DEFAULT };
        let plane = start(handle.clone(), &url, options).await.map_err(|e| failed(&e))?;
        Ok(Some(Nats { url, plane, managed }))
    }

    /// Goes on with the members of the boundary that is in force now.
    async fn follow(&mut self, handle: &Handle) -> Outcome {
        let Some(principals) = principals(handle)? else { return Ok(()) };
        if let Some(managed) = &self.managed {
            let layout = managed.layout(&principals);
            tokio::task::block_in_place(|| managed.server.apply(&layout)).map_err(|e| failed(&e))?;
        }
        self.plane.follow(principals).await.map_err(|e| failed(&e))
    }
}

impl Managed {
    /// With accounts under a boundary, and without where nobody proves who they are.
    fn start(folder: &Path, principals: Option<&[NatsPrincipal]>) -> Outcome<Managed> {
        let no_key = || Failure::Bug("the machine gives no random number for a key".to_owned());
        let key = NatsKey::fresh().ok_or_else(no_key)?;
        let server = tokio::task::block_in_place(|| match principals {
            None => ManagedNats::start(folder),
            Some(principals) => ManagedNats::start_with(folder, &layout(&key, principals)),
        });
        Ok(Managed { server: server.map_err(|e| failed(&e))?, key })
    }

    fn layout(&self, principals: &[NatsPrincipal]) -> NatsLayout {
        layout(&self.key, principals)
    }
}

/// The accounts of a server of the engine's own, which chooses where it listens and keeps its files.
fn layout(key: &NatsKey, principals: &[NatsPrincipal]) -> NatsLayout {
    NatsLayout {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        store_dir: PathBuf::new(),
        tray_bytes_max: TRAY_BYTES_DEFAULT,
        engine: vec![key.public().clone()],
        principals: principals.to_vec(),
    }
}

/// The members with a way in over NATS; none where no boundary is in force.
fn principals(handle: &Handle) -> Outcome<Option<Vec<NatsPrincipal>>> {
    let in_force = std::sync::Arc::clone(&handle.admission().boundary);
    let boundary = in_force.boundary().map_err(|refusal| Failure::refused(&refusal))?;
    let principals = boundary.map(|boundary| principals_of(&boundary.members)).transpose();
    principals.map_err(|e| not_started("NATS", e.to_string()))
}

fn failed(err: &NatsError) -> Failure {
    not_started("NATS", err.to_string())
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
