//! Reading by request-reply: `selfsame.get.<projection>.<key>`, the same answers as over HTTP, and
//! `selfsame.get.builds` for the builds that are under way, which has no key and so is no row.
//!
//! The subject names no reader. Across accounts the server writes one in (`selfsame.read.<principal>.…`), and
//! only then is it known who reads.
//!
//! The header `selfsame-at-least: 42` waits for a position, `selfsame-read-as: v1` asks for another live
//! version than the active one. A read that waits does not hold up the others.

use std::sync::Arc;

use async_nats::{Client, HeaderMap, Message};
use selfsame_core::{Code, Refusal};
use selfsame_record::{Key, Position, Principal};
use tokio::sync::Semaphore;

use crate::handle::Handle;
use crate::nats::answer::{answer, question_from};
use crate::nats::inbox::Inbox;
use crate::nats::line::Line;
use crate::nats::message::{engine, one_value};
use crate::nats::subject::decode_key;
use crate::read::{self, Refused, Served};

/// The header that names the position to wait for.
pub(crate) const AT_LEAST: &str = "selfsame-at-least";
/// The header that names the version to read as.
pub(crate) const READ_AS: &str = "selfsame-read-as";
/// Reads that wait for a position at once; more are refused as overload.
pub const WAITING_READS_MAX: usize = 1024;

/// Answers until the subscription ends.
pub(crate) async fn run(handle: Handle, line: Line, client: Client, mut messages: Inbox) {
    let waiting = Arc::new(Semaphore::new(WAITING_READS_MAX));
    let prefix = line.read_prefix();
    while let Some(message) = messages.next().await {
        let reader = line.reader(&handle, &message);
        let sender = reader.clone().map(|reader| reader.unwrap_or_else(engine));
        let Some(to) = question_from(&handle, sender, &message) else { continue };
        let asked = reader.and_then(|reader| Asked::of(reader, &prefix, &message));
        let must_wait = asked.as_ref().is_ok_and(|asked| asked.at_least > handle.position());
        if !must_wait {
            let outcome =
                asked.map_err(|refusal| Refused::now(&handle, refusal)).and_then(|a| a.read(&handle));
            answer(&client, &handle, Some(to), outcome).await;
            continue;
        }
        let (Ok(asked), Ok(permit)) = (asked, Arc::clone(&waiting).try_acquire_owned()) else {
            let outcome = Err(Refused::now(&handle, too_many()));
            answer(&client, &handle, Some(to), outcome).await;
            continue;
        };
        let (handle, client) = (handle.clone(), client.clone());
        tokio::spawn(async move {
            let reached = handle.at_least(asked.at_least).await;
            let reached = reached.map_err(|refusal| Refused::now(&handle, refusal));
            let outcome = reached.and_then(|()| asked.read(&handle));
            answer(&client, &handle, Some(to), outcome).await;
            drop(permit);
        });
    }
}

/// The last word of the subject that asks for the builds that are under way.
const BUILDS: &str = "builds";

/// What is read.
enum What {
    Row { projection: String, key: Key },
    Builds,
}

/// A read, with what it waits for.
struct Asked {
    reader: Option<Principal>,
    what: What,
    at_least: Position,
    read_as: Option<String>,
}

impl Asked {
    fn of(reader: Option<Principal>, prefix: &str, message: &Message) -> Result<Asked, Refusal> {
        let rest = message.subject.strip_prefix(prefix).unwrap_or_default();
        let what = match rest.split_once('.') {
            Some((projection, key)) => What::Row { projection: projection.to_owned(), key: decode_key(key)? },
            None if rest == BUILDS => What::Builds,
            None => {
                let refusal = Refusal::new(Code::BadRequest, "the subject names no key");
                return Err(refusal.next("ask on `selfsame.get.<projection>.<key>`"));
            }
        };
        let (at_least, read_as) = message.headers.as_ref().map_or(Ok((Position::ZERO, None)), options)?;
        Ok(Asked { reader, what, at_least, read_as })
    }

    fn read(&self, handle: &Handle) -> Result<Served, Refused> {
        let read_as = self.read_as.as_deref();
        let What::Row { projection, key } = &self.what else { return Ok(read::builds(handle)) };
        let reader = self.reader.as_ref();
        handle.may_read(reader, projection).map_err(|refusal| Refused::now(handle, refusal))?;
        let answer = handle.timed(|| read::get(handle, projection, key.as_str(), read_as));
        handle.count_read(reader, read_as, &answer);
        answer
    }
}

fn options(headers: &HeaderMap) -> Result<(Position, Option<String>), Refusal> {
    let at_least = one_value(headers, AT_LEAST).map_err(as_request)?;
    let at_least = at_least.map_or(Ok(Position::ZERO), |value| {
        value.parse().map(Position::new).map_err(|_| not_a_position(value))
    })?;
    let read_as = one_value(headers, READ_AS).map_err(as_request)?.map(str::to_owned);
    Ok((at_least, read_as))
}

/// A header that stands there twice is no fault of an event here.
fn as_request(refusal: Refusal) -> Refusal {
    Refusal { code: Code::BadRequest, ..refusal }
}

fn not_a_position(value: &str) -> Refusal {
    let shown: String = value.chars().take(32).collect();
    Refusal::new(Code::BadRequest, format!("`{shown}` in `{AT_LEAST}` is not a position"))
        .next("send a number, such as the `position` of an answer")
}

fn too_many() -> Refusal {
    let detail = format!("{WAITING_READS_MAX} reads are waiting for a position, which is the limit");
    Refusal::new(Code::Overloaded, detail).next("ask again in a moment, or without a position")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Headers, and what they ask for.
    #[track_caller]
    fn check(rows: &[(&str, &str)], expect: Result<(u64, Option<&str>), &str>) {
        let mut headers = HeaderMap::new();
        rows.iter().for_each(|(name, value)| headers.append(*name, *value));
        let got = options(&headers).map_err(|refusal| (refusal.code, refusal.detail));
        let expect = expect.map(|(at, read_as)| (Position::new(at), read_as.map(str::to_owned)));
        assert_eq!(got, expect.map_err(|detail| (Code::BadRequest, detail.to_owned())));
    }

    #[test]
    fn options_are_headers_in_any_case() {
        check(&[], Ok((0, None)));
        check(&[("Selfsame-At-Least", "42"), ("SELFSAME-READ-AS", "v1")], Ok((42, Some("v1"))));
        check(&[("selfsame-at-least", "-1")], Err("`-1` in `selfsame-at-least` is not a position"));
        let twice = [("selfsame-read-as", "v1"), ("Selfsame-Read-As", "v2")];
        check(&twice, Err("header `selfsame-read-as` stands there twice"));
    }
}
