//! Bodies of requests, bounded in size and time, and bodies of responses that come bit by bit.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use hyper::body::{Body as _, Frame};
use selfsame_core::{Code, Refusal};
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;

use crate::http::respond::bad_request;

/// Bytes of a body that orders something: a lease, a cutover.
pub const JSON_BYTES_MAX: usize = 64 * 1024;
/// The longest that a body may take to arrive.
pub const BODY_WAIT: Duration = Duration::from_secs(30);
/// Bytes of a body over its limit that are read on, so that the client is there for the answer.
const DRAINED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Reads a body of at most `bytes_max`.
pub(crate) async fn read_body(body: Body, bytes_max: usize) -> Result<Vec<u8>, Refusal> {
    match tokio::time::timeout(BODY_WAIT, collect(body, bytes_max)).await {
        Ok(collected) => collected,
        Err(_) => {
            let seconds = BODY_WAIT.as_secs();
            Err(bad_request(format!("the body was not there within {seconds} s")).next("send it again"))
        }
    }
}

async fn collect(mut body: Body, bytes_max: usize) -> Result<Vec<u8>, Refusal> {
    let mut kept = Vec::new();
    let mut len = 0_usize;
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = frame.map_err(|err| bad_request(format!("the body broke off: {err}")))?;
        let Ok(data) = frame.into_data() else { continue };
        len = len.saturating_add(data.len());
        if len <= bytes_max {
            kept.extend_from_slice(&data);
        } else if len > DRAINED_BYTES_MAX {
            break;
        }
    }
    if len > bytes_max {
        let detail = format!("the body has {len} bytes or more, over the limit of {bytes_max}");
        return Err(Refusal::new(Code::TooLarge, detail).next("send it in smaller parts"));
    }
    Ok(kept)
}

/// Reads a JSON object; an empty body is an empty object.
pub(crate) async fn from_json<T: DeserializeOwned>(body: Body) -> Result<T, Refusal> {
    let bytes = read_body(body, JSON_BYTES_MAX).await?;
    let json = bytes.trim_ascii();
    let json: &[u8] = if json.is_empty() { b"{}" } else { json };
    if !json.starts_with(b"{") {
        return Err(bad_request("the body is not a JSON object"));
    }
    serde_json::from_slice(json).map_err(|err| bad_request(format!("the body is not understood: {err}")))
}

/// A response that somebody else writes: it ends when they do, and they notice when its reader is gone.
pub(crate) struct Lines(pub(crate) mpsc::Receiver<io::Result<Bytes>>);

impl hyper::body::Body for Lines {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.0.poll_recv(cx).map(|next| next.map(|bytes| bytes.map(Frame::data)))
    }
}
