//! Connections: how many there may be, and how long one may keep silent.
//!
//! A client that is slow, sends half a request or goes away costs one connection until a timeout, and
//! never an engine's lock.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tracing::debug;

/// Connections at once; further ones wait to be accepted.
pub const CONNECTIONS_MAX: usize = 512;
/// The longest that a connection may be idle, or take to send the head of a request.
pub const IDLE_WAIT: Duration = Duration::from_secs(60);
/// The longest that requests may take to finish once the server stops.
pub const STOP_WAIT: Duration = Duration::from_secs(5);

/// Raised when the server stops: an answer without an end ends then.
#[derive(Clone, Debug)]
pub(crate) struct Stopping(pub(crate) watch::Receiver<bool>);

/// Accepts and answers until `stop` is ready.
pub(crate) async fn serve_connections<L: Listener>(mut listener: L, router: Router, stop: impl Future) {
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let (stopping, _) = watch::channel(false);
    let router = router.layer(Extension(Stopping(stopping.subscribe())));
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let next = async {
            let slot = Arc::clone(&slots).acquire_owned().await;
            (slot, listener.accept().await.0)
        };
        let (slot, io) = tokio::select! {
            biased;
            _ = &mut stop => break,
            next = next => next,
        };
        // Nobody closes the semaphore.
        let Ok(slot) = slot else { break };
        while connections.try_join_next().is_some() {}
        connections.spawn(run::<L>(io, router.clone(), stopping.subscribe(), slot));
    }
    drop(listener);
    stopping.send_replace(true);
    let finished = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(STOP_WAIT, finished).await.is_err() {
        debug!(left = connections.len(), "connections are closed in the middle of a request");
    }
}

/// One connection, to its end.
async fn run<L: Listener>(
    io: L::Io,
    router: Router,
    mut stopping: watch::Receiver<bool>,
    _slot: OwnedSemaphorePermit,
) {
    let service = TowerToHyperService::new(router);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(IDLE_WAIT);
    let mut connection = pin!(http.serve_connection(TokioIo::new(io), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        _ = stopping.wait_for(|stopping| *stopping) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(err) = ended {
        debug!(err = &err as &dyn std::error::Error, "a connection ended early");
    }
}
