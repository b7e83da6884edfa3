//! HTTP: what services, workers and agents ask for, answered as JSON.
//!
//! Every response, errors too, says in `selfsame-position` and `selfsame-version` what it was given at.
//! Errors are problem documents (RFC 9457). Any GET takes `at_least=<position>` and waits for it.
//!
//! Under a boundary a bearer token proves who asks; without one the principal is what the caller says it is.
//!
//! Not here: what an answer says (`read`), the operator's routes (`operator`).

mod audit;
mod body;
mod change;
mod connections;
pub(crate) mod control;
mod events;
mod feed;
mod jobs;
mod params;
mod principal;
mod reads;
mod respond;

use std::future::Future;
use std::io;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;

use crate::handle::Handle;
pub(crate) use crate::http::audit::entries as audit_entries;
pub use crate::http::body::{BODY_WAIT, JSON_BYTES_MAX};
pub(crate) use crate::http::body::{Lines, from_json, read_body};
pub(crate) use crate::http::change::plan_id;
pub(crate) use crate::http::connections::serve_connections;
pub use crate::http::connections::{CONNECTIONS_MAX, IDLE_WAIT, STOP_WAIT};
pub(crate) use crate::http::params::{Params, Place};
pub(crate) use crate::http::principal::{Caller, Reader};
pub(crate) use crate::http::respond::{bad_request, ndjson};

/// Answers on the listener until `stop` is ready, then finishes what was begun, for [`STOP_WAIT`] at most.
///
/// # Errors
///
/// None at present: a listener that fails to accept is tried again.
pub async fn serve(
    handle: Handle,
    listener: TcpListener,
    stop: impl Future + Send + 'static,
) -> io::Result<()> {
    // An answer is not held back until the one before it is acknowledged.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    serve_connections(listener, router(handle), stop).await;
    Ok(())
}

/// All routes of the data and the control plane.
pub fn router(handle: Handle) -> Router {
    let mcp = crate::mcp::route(&handle);
    finish(routes().route("/mcp", mcp), handle)
}

/// The routes of services and agents as tools reach them: who asks was found out when the message came in.
pub(crate) fn router_for_tools(handle: Handle) -> Router {
    routes().layer(from_fn_with_state(handle.clone(), respond::around)).with_state(handle)
}

/// The routes that every plane has.
pub(crate) fn routes() -> Router<Handle> {
    Router::new()
        .route("/v1/events", post(events::publish))
        .route("/v1/events/{position}", get(reads::event))
        .route("/v1/cache/{projection}/{*key}", get(reads::cache))
        .route("/v1/views/{projection}", get(reads::query))
        .route("/v1/views/{projection}/{*key}", get(reads::view))
        .route("/v1/feed", get(feed::switches))
        .route("/v1/feed/{projection}", get(feed::projection))
        .route("/v1/jobs", get(reads::jobs))
        .route("/v1/jobs/dead", get(reads::dead))
        .route("/v1/jobs/{queue}/lease", post(jobs::lease))
        .route("/v1/jobs/{queue}/ack", post(jobs::ack))
        .route("/v1/jobs/{queue}/nack", post(jobs::nack))
        .route("/v1/versions", get(reads::versions).post(control::register))
        .route("/v1/versions/{version}", get(reads::version))
        .route("/v1/versions/{version}/plan", get(reads::plan).post(change::plan))
        .route("/v1/versions/{version}/validate", post(change::validate))
        .route("/v1/versions/{version}/compare", get(reads::compare))
        .route("/v1/versions/{version}/diff", get(reads::diff))
        .route("/v1/versions/{version}/build", post(control::build))
        .route("/v1/versions/{version}/pause", post(control::pause))
        .route("/v1/versions/{version}/resume", post(control::resume))
        .route("/v1/versions/{version}/abandon", post(control::abandon))
        .route("/v1/versions/{version}/cutover", post(control::cutover))
        .route("/v1/versions/{version}/rewind", get(reads::rewind).post(control::rewind))
        .route("/v1/versions/{version}/drop", post(control::drop_generation))
        .route("/v1/versions/{version}/rebase", post(change::rebase))
        .route("/v1/versions/{version}/retire", post(change::retire))
        .route("/v1/autonomy", get(reads::autonomy))
        .route("/v1/explain", get(reads::explain))
        .route("/v1/plans", get(change::plans))
        .route("/v1/plans/{plan}", get(change::plan_of))
        .route("/v1/evidence/{evidence}", get(change::evidence))
        .route("/v1/builds", get(reads::builds))
        .route("/v1/census", get(reads::census))
        .route("/v1/state", get(reads::state))
        .route("/v1/system", get(reads::state))
        .route("/v1/refused", get(reads::refused))
        .route("/v1/health", get(reads::health))
        .route("/audit/checkpoint", get(audit::checkpoint))
        .route("/audit/tile/{*path}", get(audit::tile))
        .route("/audit/proof/inclusion", get(audit::inclusion))
        .route("/audit/proof/consistency", get(audit::consistency))
}

/// Adds what all routes have in common: unknown routes, wrong methods, `at_least`, the headers.
pub(crate) fn finish(routes: Router<Handle>, handle: Handle) -> Router {
    routes
        .fallback(respond::no_route)
        .method_not_allowed_fallback(respond::wrong_method)
        .layer(from_fn_with_state(handle.clone(), principal::identify))
        .layer(from_fn_with_state(handle.clone(), respond::around))
        .with_state(handle)
}
