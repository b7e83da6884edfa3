//! The audit trail over HTTP: checkpoints, tiles and proofs.
//!
//! Everybody may have hashes and signatures. The entries themselves hold what was published, protected types
//! included, so only the operator plane has them.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use selfsame_core::{Code, Refusal};
use selfsame_record::Position;
use selfsame_record::merkle::{TileKind, TileName};

use crate::audit::bundle;
use crate::handle::Handle;
use crate::http::Reader;
use crate::http::params::{Params, Place};
use crate::http::respond::bad_request;
use crate::read::{Body, Refused, Served};

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// The signed checkpoint of the whole tree.
pub(crate) async fn checkpoint(State(handle): State<Handle>, params: Params) -> Result<Response, Refused> {
    params.end().map_err(|refusal| Refused::now(&handle, refusal))?;
    let signed = handle.trail().checkpoint().to_string();
    Ok(([(CONTENT_TYPE, TEXT), (CACHE_CONTROL, HeaderValue::from_static("no-cache"))], signed)
        .into_response())
}

/// A tile of hashes.
pub(crate) async fn tile(
    State(handle): State<Handle>,
    Place(path): Place<String>,
    params: Params,
) -> Result<Response, Refused> {
    params.end().map_err(|refusal| Refused::now(&handle, refusal))?;
    let tile = name(&handle, &path)?;
    let bytes = handle.trail().tile(tile).ok_or_else(|| no_tile(&handle, tile))?;
    Ok(for_good(bytes))
}

/// A bundle of entries. Only the operator plane has a route to it.
pub(crate) async fn entries(
    State(handle): State<Handle>,
    Reader(reader): Reader,
    Place(path): Place<String>,
    params: Params,
) -> Result<Response, Refused> {
    params.end().map_err(|refusal| Refused::now(&handle, refusal))?;
    let may = handle.may_operate(reader.as_ref(), "dump");
    may.map_err(|refusal| Refused::now(&handle, refusal))?;
    let tile = name(&handle, &format!("entries/{path}"))?;
    let leaves = TileName { kind: TileKind::Level(0), ..tile };
    if handle.trail().tile(leaves).is_none() {
        return Err(no_tile(&handle, tile));
    }
    let log = std::sync::Arc::clone(handle.log());
    let read = tokio::task::spawn_blocking(move || bundle(&*log, tile.index, tile.width)).await;
    match read {
        Ok(Ok(bytes)) => Ok(for_good(bytes)),
        Ok(Err(err)) => Err(Refused::now(&handle, unreadable(err.to_string()))),
        Err(_) => Err(Refused::now(&handle, unreadable("reading it ended by a bug".to_owned()))),
    }
}

/// Where a record is in the tree, and that it is.
pub(crate) async fn inclusion(State(handle): State<Handle>, params: Params) -> Result<Served, Refused> {
    let refuse = |refusal| Refused::now(&handle, refusal);
    let (of, size) = two(params, "position", "size").map_err(refuse)?;
    let trail = handle.trail();
    let size = size.unwrap_or_else(|| trail.size());
    let proof = trail.inclusion(Position::new(of), size).zip(trail.checkpoint_at(size));
    let ((leaf, path), signed) = proof.ok_or_else(|| refuse(outside(of, size, trail.size())))?;
    let mut body = body(&handle);
    body.put("of", &of).put("size", &size).put("leaf", &leaf).put("path", &path);
    body.put("checkpoint", &signed.to_string());
    Ok(body.served())
}

/// That a later tree begins with an earlier one.
pub(crate) async fn consistency(State(handle): State<Handle>, params: Params) -> Result<Served, Refused> {
    let refuse = |refusal| Refused::now(&handle, refusal);
    let (from, to) = two(params, "from", "to").map_err(refuse)?;
    let trail = handle.trail();
    let to = to.unwrap_or_else(|| trail.size());
    let proof = trail.consistency(from, to).zip(trail.checkpoint_at(to));
    let (path, signed) = proof.ok_or_else(|| refuse(outside(from, to, trail.size())))?;
    let mut body = body(&handle);
    body.put("from", &from).put("to", &to).put("path", &path).put("checkpoint", &signed.to_string());
    Ok(body.served())
}

/// Adds to an answer what shows that records are in the tree, as soon as they are.
pub(crate) async fn receipt(handle: &Handle, positions: &[Position]) -> Option<serde_json::Value> {
    let trail = handle.trail();
    let last = positions.iter().max()?;
    trail.at_least(last.get()).await;
    let signed = trail.checkpoint();
    let size = signed.unverified().size;
    let of_one = |position: &Position| {
        let (leaf, path) = trail.inclusion(*position, size)?;
        Some(serde_json::json!({ "of": position, "leaf": leaf, "path": path }))
    };
    let proofs: Vec<_> = positions.iter().map(of_one).collect::<Option<_>>()?;
    Some(serde_json::json!({ "size": size, "proofs": proofs, "checkpoint": signed.to_string() }))
}

fn body(handle: &Handle) -> Body {
    let (position, version) = handle.read(|serving| (serving.position(), serving.active()));
    Body::new(position, version)
}

/// Two numbers, the first of which must be there.
fn two(mut params: Params, first: &str, second: &str) -> Result<(u64, Option<u64>), Refusal> {
    let (one, two) = (params.number(first)?, params.number(second)?);
    params.end()?;
    let one =
        one.ok_or_else(|| bad_request(format!("`{first}` is missing")).next(format!("add `{first}=…`")))?;
    Ok((one, two))
}

fn name(handle: &Handle, path: &str) -> Result<TileName, Refused> {
    TileName::parse(path).ok_or_else(|| {
        let path: String = path.chars().take(80).collect();
        let refusal = bad_request(format!("`{path}` names no tile"))
            .next("write tiles as C2SP tlog-tiles does, such as `tile/0/x001/234` or `tile/1/000.p/17`");
        Refused::now(handle, refusal)
    })
}

/// What never changes may be kept.
fn for_good(bytes: Vec<u8>) -> Response {
    let kept = HeaderValue::from_static("public, max-age=31536000, immutable");
    ([(CONTENT_TYPE, BYTES), (CACHE_CONTROL, kept)], Bytes::from(bytes)).into_response()
}

fn no_tile(handle: &Handle, tile: TileName) -> Refused {
    let size = handle.trail().size();
    let refusal = Refusal::new(Code::NotFound, format!("a tree of {size} records has no `{tile}`"))
        .next("ask for the checkpoint, and for tiles that a tree of its size has")
        .field("size", size);
    Refused::now(handle, refusal)
}

fn outside(first: u64, second: u64, size: u64) -> Refusal {
    let detail = format!("a tree of {size} records has no proof from {first} to {second}");
    Refusal::new(Code::NotFound, detail)
        .next("name positions from 1 on, the earlier one first, up to the size of a checkpoint")
        .field("size", size)
}

fn unreadable(reason: String) -> Refusal {
    Refusal::new(Code::UnreadableLog, format!("the log cannot be read: {reason}"))
}
