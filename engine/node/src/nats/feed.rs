//! The change feed over NATS: a request opens one, its messages go to the request's reply subject.
//!
//! Nobody knows over NATS whether a subscriber is still there, so it says so: it repeats the request, with
//! the same id and reply subject, within [`RENEW_WAIT`]. A repeated request that finds no feed opens one.
//!
//! Across accounts the server makes up another reply subject for each request and keeps it for a while, so
//! there a feed is known by its subscriber, subject and id, and goes on to the reply subject that came last.
//!
//! Not here: what is in a feed (`feed`).

use std::collections::HashMap;
use std::pin::pin;
use std::time::Duration;

use async_nats::{Client, HeaderMap, Message as NatsMessage, PublishErrorKind, Subject};
use selfsame_core::{Code, Refusal};
use selfsame_record::Position;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::{debug, warn};

use crate::feed::{Asked, Ended, Feed, Message, TAKER_WAIT};
use crate::handle::Handle;
use crate::nats::answer::question_from;
use crate::nats::inbox::{Inbox, raised};
use crate::nats::line::Line;
use crate::nats::message::one_value;
use crate::nats::subject::FEED;
use crate::read::Refused;

/// How long a feed goes on without its subscriber's request.
pub const RENEW_WAIT: Duration = Duration::from_secs(30);
/// The header that names a feed among those of one reply subject.
pub(crate) const ID: &str = "selfsame-feed-id";
/// The header that names the position to go on from.
pub(crate) const FROM: &str = "selfsame-from";
/// The header that asks for all rows.
pub(crate) const SNAPSHOT: &str = "selfsame-snapshot";
/// The header of each message that says what it is.
pub(crate) const MESSAGE: &str = "selfsame-message";
/// The header of each message that counts them.
pub(crate) const SEQ: &str = "selfsame-seq";
/// Letters of an id.
const ID_LEN_MAX: usize = 64;

/// What a feed is known by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Place {
    /// The reply subject; across accounts, the subject of the request.
    subject: String,
    id: String,
}

/// How long a feed goes on, and where to.
#[derive(Clone, Debug)]
struct Lease {
    until: Instant,
    to: Subject,
}

impl Lease {
    fn from_now(to: Subject) -> Lease {
        Lease { until: Instant::now() + RENEW_WAIT, to }
    }
}

/// The feeds that are open, each with what renews it.
type Open = HashMap<Place, watch::Sender<Lease>>;

/// Opens feeds until the subscription ends, and ends them then.
pub(crate) async fn run(handle: Handle, line: Line, client: Client, mut requests: Inbox) {
    let (stopping, _) = watch::channel(false);
    let mut open = Open::new();
    let mut feeds = JoinSet::new();
    while let Some(request) = requests.next().await {
        // One that has ended listens no longer.
        open.retain(|_, renew| renew.receiver_count() > 0);
        while feeds.try_join_next().is_some() {}
        let (named, projection) = parts(&request);
        let who = line.sender(&handle, named, &request);
        let Some(to) = question_from(&handle, who.clone(), &request) else { continue };
        let (who, place) = match who.and_then(|who| Ok((who, place(&line, &to, &request)?))) {
            Ok(known) => known,
            Err(refusal) => {
                refuse(&client, to, "", Refused::now(&handle, refusal)).await;
                continue;
            }
        };
        if let Some(renew) = open.get(&place) {
            renew.send_replace(Lease::from_now(to));
            continue;
        }
        let asked = asked(projection, &request).map_err(|refusal| Refused::now(&handle, refusal));
        match asked.and_then(|asked| handle.subscribe(Some(&who), &asked)) {
            Ok(feed) => {
                let (renew, lease) = watch::channel(Lease::from_now(to));
                let sender =
                    Sender { client: client.clone(), lease: lease.clone(), id: place.id.clone(), seq: 0 };
                feeds.spawn(sender.run(feed, lease, stopping.subscribe()));
                open.insert(place, renew);
            }
            Err(refused) => refuse(&client, to, &place.id, refused).await,
        }
    }
    stopping.send_replace(true);
    while feeds.join_next().await.is_some() {}
}

fn place(line: &Line, to: &Subject, request: &NatsMessage) -> Result<Place, Refusal> {
    let id =
        request.headers.as_ref().map_or(Ok(None), |headers| one_value(headers, ID).map_err(as_request))?;
    let is_id = |id: &&str| {
        (1..=ID_LEN_MAX).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
    };
    let id = id.filter(is_id).ok_or_else(|| {
        Refusal::new(Code::BadRequest, format!("the header `{ID}` does not name the feed"))
            .next(format!("choose an id of 1 to {ID_LEN_MAX} letters, digits, `_` and `-`"))
    })?;
    let known_by = if line.is_attested() { &request.subject } else { to };
    Ok(Place { subject: known_by.to_string(), id: id.to_owned() })
}

/// Who the subject says subscribes, and to which projection.
fn parts(request: &NatsMessage) -> (&str, Option<&str>) {
    let rest = request.subject.strip_prefix(FEED).unwrap_or_default();
    rest.split_once('.').map_or((rest, None), |(who, name)| (who, Some(name)))
}

/// What is asked for.
fn asked(projection: Option<&str>, request: &NatsMessage) -> Result<Asked, Refusal> {
    let (from, snapshot) = request.headers.as_ref().map_or(Ok((None, None)), options)?;
    Ok(Asked { projection: projection.map(str::to_owned), from, snapshot })
}

fn options(headers: &HeaderMap) -> Result<(Option<Position>, Option<bool>), Refusal> {
    let wrong = |name: &str, value: &str, what: &str| {
        let shown: String = value.chars().take(32).collect();
        Refusal::new(Code::BadRequest, format!("`{shown}` in `{name}` is not {what}"))
    };
    let from = one_value(headers, FROM).map_err(as_request)?;
    let from = from.map(|value| value.parse().map_err(|_| wrong(FROM, value, "a position"))).transpose()?;
    let snapshot = one_value(headers, SNAPSHOT).map_err(as_request)?;
    let snapshot =
        snapshot.map(|value| value.parse().map_err(|_| wrong(SNAPSHOT, value, "`true` or `false`")));
    Ok((from.map(Position::new), snapshot.transpose()?))
}

/// A header that stands there twice is no fault of an event here.
fn as_request(refusal: Refusal) -> Refusal {
    Refusal { code: Code::BadRequest, ..refusal }
}

/// Sends a refusal to where the messages would have gone.
async fn refuse(client: &Client, to: Subject, id: &str, refused: Refused) {
    let headers = headers(id, "refused", 1);
    // Who went away has lost nothing but the answer.
    let _ = client.publish_with_headers(to, headers, refused.to_json().into()).await;
}

fn headers(id: &str, message: &str, seq: u64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ID, id);
    headers.insert(MESSAGE, message);
    headers.insert(SEQ, seq.to_string());
    headers
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    /// It is on its way.
    Yes,
    /// The NATS server takes nothing as large.
    TooLarge,
    /// There is no way, or it took too long.
    No,
}

/// Where a feed's messages go.
struct Sender {
    client: Client,
    lease: watch::Receiver<Lease>,
    id: String,
    /// The number of the last message.
    seq: u64,
}

impl Sender {
    /// Sends what the feed says, until it ends, its subscriber no longer asks for it, or the plane stops.
    async fn run(
        mut self,
        mut feed: Feed,
        lease: watch::Receiver<Lease>,
        mut stopping: watch::Receiver<bool>,
    ) {
        let mut forgotten = pin!(forgotten(lease));
        let mut stopped = pin!(async move { raised(&mut stopping).await });
        loop {
            let messages = tokio::select! {
                biased;
                () = &mut stopped => {
                    self.send(&feed.ended(Ended::Stopping)).await;
                    return;
                }
                () = &mut forgotten => return debug!(id = self.id, "a feed was not renewed"),
                messages = feed.next() => messages,
            };
            let Some(messages) = messages else { return };
            for message in &messages {
                match self.send(message).await {
                    Sent::Yes => {}
                    Sent::No => return,
                    Sent::TooLarge => {
                        // It would be too large the next time, so there is nowhere to resume from.
                        self.send(&Message::ended(message.position, None, None, Ended::RowTooLarge)).await;
                        return;
                    }
                }
            }
        }
    }

    async fn send(&mut self, message: &Message) -> Sent {
        self.seq += 1;
        let headers = headers(&self.id, message.name, self.seq);
        let payload = message.json.as_bytes().to_vec().into();
        let to = self.lease.borrow().to.clone();
        let sending = self.client.publish_with_headers(to.clone(), headers, payload);
        match tokio::time::timeout(TAKER_WAIT, sending).await {
            Ok(Ok(())) => Sent::Yes,
            Ok(Err(err)) if err.kind() == PublishErrorKind::MaxPayloadExceeded => {
                // It was never sent.
                self.seq -= 1;
                let (len, max) = (message.json.len(), self.client.max_payload());
                warn!(to = %to, len, max, "a row is over the NATS server's limit, its feed ends");
                Sent::TooLarge
            }
            Ok(Err(err)) => {
                debug!(err = &err as &dyn std::error::Error, "a message of a feed could not be sent");
                Sent::No
            }
            Err(_) => Sent::No,
        }
    }
}

/// Ready when the subscriber has not renewed the feed in time.
async fn forgotten(mut lease: watch::Receiver<Lease>) {
    loop {
        let deadline = lease.borrow_and_update().until;
        tokio::select! {
            () = tokio::time::sleep_until(deadline) => return,
            changed = lease.changed() => if changed.is_err() { return },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds after which the feed is renewed, and when it ends.
    async fn check(renewals: &[u64], end: u64) {
        let begun = Instant::now();
        let (renew, lease) = watch::channel(Lease::from_now("a".into()));
        let renewing = async {
            for seconds in renewals {
                tokio::time::sleep_until(begun + Duration::from_secs(*seconds)).await;
                renew.send_replace(Lease::from_now("b".into()));
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = forgotten(lease) => {}
            () = renewing => {}
        }
        assert_eq!(begun.elapsed().as_secs(), end);
    }

    #[tokio::test(start_paused = true)]
    async fn a_feed_ends_when_its_subscriber_no_longer_asks_for_it() {
        check(&[], 30).await;
        check(&[29], 59).await;
        check(&[10, 20, 45], 75).await;
    }
}
