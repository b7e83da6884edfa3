//! The operator plane: what only the person in charge of the machine may do, on a Unix socket that only
//! they can open.
//!
//! The conventions are those of `http`. Answers that take long come as lines of JSON.
//!
//! Not here: folding (`replay`), the form of a record (`read`).

mod commands;
mod dump;
mod orders;
mod replayed;

use std::future::Future;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::routing::{get, post};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc};

use crate::handle::Handle;
use crate::http::{finish, serve_connections};

/// Long answers at once; each holds a thread, and a replay a generation besides.
pub const LONG_ANSWERS_MAX: usize = 2;
/// How long a long answer waits for a client that does not read it.
pub const READER_WAIT: Duration = Duration::from_secs(30);
/// Pieces of a long answer that wait for their reader.
const PIECES_MAX: usize = 8;

/// The route of signed commands: who signs needs no token.
pub(crate) const COMMANDS: &str = "/v1/commands";

/// Answers on a listener of its own until `stop` is ready: for operators who are not on the machine, behind a tunnel.
/// Under a boundary alone, since nothing else proves who they are.
///
/// # Errors
///
/// None at present: a listener that fails to accept is tried again.
pub async fn serve_tcp(
    handle: Handle,
    listener: TcpListener,
    stop: impl Future + Send + 'static,
) -> io::Result<()> {
    serve_connections(listener, router(handle), stop).await;
    Ok(())
}

/// Answers on a Unix socket at the path until `stop` is ready. The socket of an engine that is gone is
/// replaced; at the end the socket is removed.
///
/// # Errors
///
/// If somebody answers at the path, something else than a socket is there, or none can be made.
pub async fn serve(handle: Handle, socket: &Path, stop: impl Future + Send + 'static) -> io::Result<()> {
    let (listener, _file) = bind(socket).await?;
    serve_connections(listener, router(handle), stop).await;
    Ok(())
}

/// All routes of the operator plane: those of everybody, and those of operators alone.
fn router(handle: Handle) -> Router {
    let slots = Arc::new(Semaphore::new(LONG_ANSWERS_MAX));
    let (for_dumps, for_records) = (Arc::clone(&slots), Arc::clone(&slots));
    let routes = crate::http::routes()
        .route(COMMANDS, post(commands::command))
        .route("/v1/freeze", post(orders::freeze))
        .route("/v1/unfreeze", post(orders::unfreeze))
        .route("/v1/floor", post(orders::floor))
        .route("/v1/versions/{version}/repair", post(orders::repair))
        .route("/v1/versions/{version}/seal", post(orders::seal))
        .route("/v1/versions/{version}/unseal", post(orders::unseal))
        .route("/v1/quarantines", post(orders::quarantine))
        .route("/v1/quarantines/{quarantine}/release", post(orders::release))
        .route("/v1/breakers/{agent}/reset", post(orders::reset_breaker))
        .route("/v1/plans/{plan}/approve", post(orders::approve))
        .route("/v1/plans/{plan}/reject", post(orders::reject))
        .route("/audit/tile/entries/{*path}", get(crate::http::audit_entries))
        .route(
            "/audit/records",
            get(move |state, who, params| dump::records(state, who, params, for_records)),
        )
        .route("/v1/replay", post(move |state, who, request| replayed::replay(state, who, request, slots)))
        .route("/v1/log", get(move |state, who, params| dump::dump(state, who, params, for_dumps)));
    finish(routes, handle.as_operator())
}

/// The socket's file, removed when it is dropped.
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // It may be gone already, and nothing hangs on it: a start replaces what is left.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Binds within a folder that nobody else can enter, so that the socket is never open to others, and
/// moves it into its place.
async fn bind(socket: &Path) -> io::Result<(UnixListener, SocketFile)> {
    clear(socket).await?;
    let private = socket.with_file_name(".op");
    let _ = std::fs::remove_dir_all(&private);
    std::fs::create_dir(&private)?;
    std::fs::set_permissions(&private, std::fs::Permissions::from_mode(0o700))?;
    let bound = private.join("s");
    let listener = UnixListener::bind(&bound)?;
    std::fs::set_permissions(&bound, std::fs::Permissions::from_mode(0o600))?;
    std::fs::rename(&bound, socket)?;
    let file = SocketFile(socket.to_owned());
    std::fs::remove_dir(&private)?;
    Ok((listener, file))
}

/// Removes the socket of an engine that is gone.
async fn clear(socket: &Path) -> io::Result<()> {
    let found = match std::fs::symlink_metadata(socket) {
        Ok(found) => found,
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(err) => return Err(err),
    };
    let path = socket.display();
    if !found.file_type().is_socket() {
        let what = format!("`{path}` is there and is not a socket: move it away");
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, what));
    }
    if UnixStream::connect(socket).await.is_ok() {
        let what = format!("an engine answers at `{path}` already: stop it first");
        return Err(io::Error::new(io::ErrorKind::AddrInUse, what));
    }
    std::fs::remove_file(socket)
}

/// The writer's end of a long answer. Only for threads that may block.
struct Pieces(mpsc::Sender<io::Result<Bytes>>);

impl Pieces {
    fn channel() -> (Pieces, crate::http::Lines) {
        let (sender, receiver) = mpsc::channel(PIECES_MAX);
        (Pieces(sender), crate::http::Lines(receiver))
    }

    /// Sends a piece; whether somebody still reads.
    fn send(&self, piece: String) -> bool {
        let sending = self.0.send_timeout(Ok(Bytes::from(piece)), READER_WAIT);
        tokio::runtime::Handle::current().block_on(sending).is_ok()
    }

    /// Sends a piece unless others are waiting.
    fn offer(&self, piece: String) {
        // A reader who is slow misses some progress and nothing else.
        let _ = self.0.try_send(Ok(Bytes::from(piece)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn a_socket_is_for_its_owner_alone_and_goes_with_the_engine() {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("operator.sock");
        let (listener, file) = bind(&socket).await.expect("a socket");
        assert_eq!(mode(&socket), 0o600);
        let again = bind(&socket).await.err().expect("somebody answers");
        assert_eq!(again.kind(), io::ErrorKind::AddrInUse);
        drop(listener);
        std::mem::forget(file);
        let (_listener, file) = bind(&socket).await.expect("what is left is replaced");
        drop(file);
        assert!(!socket.exists());
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }

    #[tokio::test]
    async fn what_is_not_a_socket_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("operator.sock");
        std::fs::write(&file, "mine").expect("a file");
        let err = bind(&file).await.err().expect("a file is there");
        assert_eq!(err.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&file).expect("it is still there"), b"mine");
    }
}
