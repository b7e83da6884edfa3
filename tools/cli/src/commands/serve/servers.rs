//! What leads to the engine: HTTP, the operator's socket, NATS.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;

use selfsame_node::nats::layout::{NatsLayout, NatsPrincipal};
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
    managed: Option<ManagedNats>,
    /// The engine's own key, where it has one.
    key: Option<NatsKey>,
}

impl Servers {
    /// Starts all of them.
    pub(super) async fn start(
        handle: &Handle,
        args: &ServeArgs,
        principals: Option<&[NatsPrincipal]>,
    ) -> Outcome<Servers> {
        let dir = &args.dir;
        let (listener, http) = bind("the HTTP server", args.listen).await?;
        let for_operators = match args.operator_listen {
            Some(listen) => Some(bind("the operators' listener", listen).await?),
            None => None,
        };
        let nats = Nats::start(handle, args, principals).await?;
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

    /// Goes on over NATS with the principals of another boundary.
    pub(super) async fn follow(&mut self, principals: &[NatsPrincipal]) {
        let Some(nats) = &mut self.nats else { return };
        if let Err(err) = nats.follow(principals).await {
            eprintln!("warning: NATS goes on with the accounts that it has: {err}");
        }
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
    /// Under a boundary a server has accounts: its own if the engine starts it, with a key made for it, and
    /// those that were written for it if it is another's.
    async fn start(
        handle: &Handle,
        args: &ServeArgs,
        principals: Option<&[NatsPrincipal]>,
    ) -> Outcome<Option<Nats>> {
        let (folder, asked) = (args.dir.join(NATS), args.nats.as_str());
        let mut key = args.nats_key.as_deref().map(read_key).transpose()?;
        let failed = |e: selfsame_node::nats::NatsError| not_started("NATS", e.to_string());
        let managed = match (asked, principals) {
            ("none", _) => return Ok(None),
            ("managed", None) => Some(tokio::task::block_in_place(|| ManagedNats::start(&folder))),
            ("managed", Some(principals)) => {
                let made = key.take().or_else(NatsKey::fresh);
                let made = made.ok_or_else(|| not_started("NATS", "no key could be made".to_owned()))?;
                let layout = layout(&folder, &made, principals);
                key = Some(made);
                Some(tokio::task::block_in_place(|| ManagedNats::start_with(&folder, &layout)))
            }
            _ => None,
        };
        let managed = managed.transpose().map_err(failed)?;
        let url = managed.as_ref().map_or_else(|| asked.to_owned(), |managed| managed.url().to_owned());
        let identity = principals
            .map_or(NatsIdentity::Claimed, |principals| NatsIdentity::Attested(principals.to_vec()));
        let options = NatsOptions { tray_bytes_max: TRAY_BYTES_DEFAULT, identity, key: key.clone() };
        let plane = start(handle.clone(), &url, options).await.map_err(failed)?;
        Ok(Some(Nats { url, plane, managed, key }))
    }

    async fn follow(&mut self, principals: &[NatsPrincipal]) -> Result<(), NatsError> {
        if let (Some(managed), Some(key)) = (&self.managed, &self.key) {
            managed.apply(&layout(Path::new(NATS), key, principals))?;
        }
        self.plane.follow(principals.to_vec()).await
    }
}

/// The accounts of a server that the engine starts, which chooses the address and the folder itself.
fn layout(folder: &Path, key: &NatsKey, principals: &[NatsPrincipal]) -> NatsLayout {
    NatsLayout {
        listen: (std::net::Ipv4Addr::LOCALHOST, 0).into(),
        store_dir: folder.to_owned(),
        tray_bytes_max: TRAY_BYTES_DEFAULT,
        engine: vec![key.public().clone()],
        principals: principals.to_vec(),
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
