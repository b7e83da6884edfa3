//! The change feed as server-sent events.
//!
//! Only a message that completes its position has an `id`, so a client that comes back with
//! `Last-Event-ID` has missed nothing. Not here: what is in a feed (`feed`).

use std::fmt::Write as _;
use std::io;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use selfsame_core::Refusal;
use selfsame_record::{Position, Principal};
use tokio::sync::mpsc;

use crate::feed::{Asked, Ended, Feed, Message, TAKER_WAIT};
use crate::handle::Handle;
use crate::http::body::Lines;
use crate::http::connections::Stopping;
use crate::http::params::{Params, Place};
use crate::http::principal::Reader;
use crate::http::respond::bad_request;
use crate::read::Refused;

/// Pieces that wait for their reader.
const PIECES_MAX: usize = 2;
/// The header with which a client comes back.
const LAST_EVENT_ID: &str = "last-event-id";

pub(crate) async fn projection(
    State(handle): State<Handle>,
    Reader(reader): Reader,
    stopping: Option<Extension<Stopping>>,
    headers: HeaderMap,
    Place(projection): Place<String>,
    params: Params,
) -> Result<Response, Refused> {
    open(&handle, reader.as_ref(), stopping, &headers, Some(projection), params)
}

pub(crate) async fn switches(
    State(handle): State<Handle>,
    Reader(reader): Reader,
    stopping: Option<Extension<Stopping>>,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, Refused> {
    open(&handle, reader.as_ref(), stopping, &headers, None, params)
}

fn open(
    handle: &Handle,
    reader: Option<&Principal>,
    stopping: Option<Extension<Stopping>>,
    headers: &HeaderMap,
    projection: Option<String>,
    params: Params,
) -> Result<Response, Refused> {
    let asked = asked(projection, headers, params).map_err(|refusal| Refused::now(handle, refusal))?;
    let feed = handle.subscribe(reader, &asked)?;
    let (pieces, lines) = mpsc::channel(PIECES_MAX);
    tokio::spawn(run(feed, pieces, stopping.map(|Extension(stopping)| stopping)));
    let mut response = Body::new(Lines(lines)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn asked(projection: Option<String>, headers: &HeaderMap, mut params: Params) -> Result<Asked, Refusal> {
    let from = params.number("from")?;
    let last = headers.get(LAST_EVENT_ID).filter(|value| !value.is_empty());
    let last = last.map(|value| value.to_str().ok().and_then(|text| text.parse().ok()));
    let from = match last {
        None => from,
        Some(Some(last)) => Some(last),
        Some(None) => {
            return Err(bad_request(format!("`{LAST_EVENT_ID}` is not a position"))
                .next("send back the `id` of a message, or leave the header out"));
        }
    };
    let snapshot = match params.take("snapshot").as_deref() {
        None => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => return Err(bad_request("`snapshot` must be `true` or `false`")),
    };
    params.end()?;
    Ok(Asked { projection, from: from.map(Position::new), snapshot })
}

/// Sends what the feed says, until it ends, nobody reads, or the server stops.
async fn run(mut feed: Feed, pieces: mpsc::Sender<io::Result<Bytes>>, stopping: Option<Stopping>) {
    let mut stopped = std::pin::pin!(async move {
        match stopping {
            // An error says that the server is gone.
            Some(Stopping(mut stopping)) => drop(stopping.wait_for(|stopping| *stopping).await),
            None => std::future::pending().await,
        }
    });
    loop {
        let messages = tokio::select! {
            biased;
            () = pieces.closed() => return,
            () = &mut stopped => vec![feed.ended(Ended::Stopping)],
            messages = feed.next() => match messages {
                Some(messages) => messages,
                None => return,
            },
        };
        let last = messages.last().is_some_and(|message| message.name == "ended");
        let piece = Bytes::from(events(&messages));
        if pieces.send_timeout(Ok(piece), TAKER_WAIT).await.is_err() || last {
            return;
        }
    }
}

/// The messages as the text of events.
fn events(messages: &[Message]) -> String {
    let mut text = String::with_capacity(messages.iter().map(|m| m.json.len() + 64).sum());
    for message in messages {
        let id = if message.completes { format!("id: {}\n", message.position.get()) } else { String::new() };
        // Writing to a string does not fail.
        let _ = match message.name {
            // Moves the reader's last id and is no event.
            "alive" => write!(text, ": alive\n{id}\n"),
            name => write!(text, "event: {name}\n{id}data: {}\n\n", message.json),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use selfsame_record::VersionNo;

    use super::*;

    #[test]
    fn only_what_completes_its_position_has_an_id() {
        let (at, v1) = (Position::new(7), VersionNo::FIRST);
        let messages = [Message::reset(at, v1, "p"), Message::caught_up(at, None), Message::alive(at, None)];
        let expect = "event: reset\ndata: {\"position\":7,\"version\":\"v1\",\"message\":\"reset\",\
            \"projection\":\"p\",\"more\":true}\n\n\
            event: caught-up\nid: 7\ndata: {\"position\":7,\"version\":null,\"message\":\"caught-up\"}\n\n\
            : alive\nid: 7\n\n";
        assert_eq!(events(&messages), expect);
    }

    #[track_caller]
    fn check(query: &str, last: Option<&str>, expect: Result<(Option<u64>, Option<bool>), &str>) {
        let mut headers = HeaderMap::new();
        if let Some(last) = last {
            headers.insert(LAST_EVENT_ID, HeaderValue::from_str(last).expect("a value"));
        }
        let params = Params::parse(Some(query)).expect("parameters");
        let asked = asked(None, &headers, params).map_err(|refusal| refusal.detail);
        let asked = asked.map(|asked| (asked.from.map(Position::get), asked.snapshot));
        assert_eq!(asked, expect.map_err(str::to_owned));
    }

    #[test]
    fn a_client_that_comes_back_goes_before_its_url() {
        check("", None, Ok((None, None)));
        check("from=5&snapshot=true", None, Ok((Some(5), Some(true))));
        check("from=5&snapshot=false", Some("9"), Ok((Some(9), Some(false))));
        check("from=5", Some(""), Ok((Some(5), None)));
        check("from=x", None, Err("`x` is not a number, which `from` must be"));
        check("", Some("x"), Err("`last-event-id` is not a position"));
        check("snapshot=yes", None, Err("`snapshot` must be `true` or `false`"));
        check("form=5", None, Err("there is no parameter `form` here"));
    }
}
