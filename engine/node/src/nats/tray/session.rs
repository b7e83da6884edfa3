//! One connection that reads the in-tray in order.
//!
//! It has a connection of its own that is never used again once it is lost, so an acknowledgement that was
//! on its way cannot reach a stream that was made anew meanwhile.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::Event;
use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::{self, Message};
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use selfsame_core::{Request, Retry};
use selfsame_record::TraySeq;
use tokio::sync::watch;
use tokio::time::{Instant, interval_at};

use crate::handle::{Handle, Pending};
use crate::nats::line::Line;
use crate::nats::link::Link;
use crate::nats::message::Asked;
use crate::nats::subject::TRAY;
use crate::nats::tray::Tray;
use crate::nats::tray::sift::sift;
use crate::nats::tray::stream;
use crate::nats::tray::stream::TRAY_IN_FLIGHT_MAX;
use crate::nats::tray::trouble::TrayTrouble;

/// Messages that are asked for at once.
const PULL_MAX: usize = 256;
/// How long the server keeps a request for messages.
const PULL_EXPIRES: Duration = Duration::from_secs(30);
/// How often the server says that it is there while there are no messages.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How often is looked whether something was delivered and never arrived.
const STUCK_CHECK: Duration = Duration::from_secs(30);
/// A lost connection is given up; it only has to notice by itself.
const LOST_PAUSE: Duration = Duration::from_secs(5);

/// A session that has begun.
pub(super) struct Session<'a> {
    handle: &'a Handle,
    line: &'a Line,
    stream: u64,
    consumer: PullConsumer,
    lost: watch::Receiver<bool>,
    /// How far everything was acknowledged when it was last looked.
    floor: Option<u64>,
}

impl<'a> Session<'a> {
    /// Connects, and brings stream and consumer into the right form.
    pub(super) async fn open(tray: &'a Tray) -> Result<Session<'a>, TrayTrouble> {
        let Tray { handle, line, name, link, bytes_max, .. } = tray;
        let (client, lost) = connect(link, line).await?;
        let jetstream = jetstream::new(client);
        let tray = stream::ready(&jetstream, name, *bytes_max).await?;
        let identity = stream::identity(tray.cached_info());
        let consumer = match stream::consumer(&tray).await? {
            Some(consumer) => consumer,
            None => {
                sift(handle, &jetstream, &name.stream, identity).await?;
                stream::renew_consumer(&tray).await?
            }
        };
        Ok(Session { handle, line, stream: identity, consumer, lost, floor: None })
    }

    /// Reads until something goes wrong; `taken` counts what was acknowledged.
    pub(super) async fn read(mut self, taken: &mut u64) -> Result<Infallible, TrayTrouble> {
        let pull = self.consumer.stream().max_messages_per_batch(PULL_MAX);
        let pull = pull.expires(PULL_EXPIRES).heartbeat(HEARTBEAT).messages().await;
        let mut messages = pull.map_err(TrayTrouble::request("hand out messages of the in-tray"))?;
        let mut in_flight = FuturesOrdered::new();
        let mut checks = interval_at(Instant::now() + STUCK_CHECK, STUCK_CHECK);
        loop {
            tokio::select! {
                biased;
                () = crate::nats::inbox::raised(&mut self.lost) => return Err(TrayTrouble::Disconnected),
                Some(settled) = in_flight.next() => {
                    let message: Message = settled?;
                    message.ack().await.map_err(TrayTrouble::request("take an acknowledgement"))?;
                    *taken += 1;
                }
                message = messages.next(), if in_flight.len() < TRAY_IN_FLIGHT_MAX => {
                    let message = message.ok_or(TrayTrouble::Ended)??;
                    in_flight.push_back(self.take(message).await?);
                }
                _ = checks.tick() => if in_flight.is_empty() { self.check_stuck().await? },
            }
        }
    }

    /// Hands a message to the sequencer. What comes back waits until it may be acknowledged.
    async fn take(
        &self,
        message: Message,
    ) -> Result<impl Future<Output = Result<Message, TrayTrouble>> + use<>, TrayTrouble> {
        let seq = message.info().map_err(TrayTrouble::NoPlace)?.stream_sequence;
        let place = TraySeq { stream: self.stream, seq };
        let rest = message.subject.strip_prefix(TRAY).unwrap_or_default();
        let (named, event_type) = rest.split_once('.').unwrap_or((rest, ""));
        let sender = self.line.named(self.handle, named);
        let asked = Asked::of(self.handle, sender, event_type, &message.message, Some(place));
        if let Request::NoteRefused { refusal, .. } = &asked.request
            && refusal.code.retry() == Retry::Later
        {
            return Err(TrayTrouble::Held(refusal.clone()));
        }
        let pending = self.handle.submit_waiting(&asked.principal, asked.request).await;
        Ok(async move { settled(pending).await.map(|()| message) })
    }

    async fn check_stuck(&mut self) -> Result<(), TrayTrouble> {
        let info = self.consumer.get_info().await;
        let info = info.map_err(TrayTrouble::request("show the in-tray's consumer"))?;
        let (floor, pending) = (info.ack_floor.stream_sequence, info.num_ack_pending);
        if pending > 0 && self.floor == Some(floor) {
            return Err(TrayTrouble::Stuck { pending });
        }
        self.floor = Some(floor);
        Ok(())
    }
}

/// Waits until a record says what became of a message, an event or a refusal.
pub(super) async fn settled(pending: Pending) -> Result<(), TrayTrouble> {
    match pending.reply().await.outcome {
        Err(refusal) if refusal.code.retry() == Retry::Later => Err(TrayTrouble::Held(refusal)),
        Ok(_) | Err(_) => Ok(()),
    }
}

async fn connect(
    link: &Link,
    line: &Line,
) -> Result<(async_nats::Client, watch::Receiver<bool>), TrayTrouble> {
    let (lost, seen) = watch::channel(false);
    let stands = Arc::new(AtomicBool::new(false));
    let stood = Arc::clone(&stands);
    let options = link
        .options()
        .name(format!("selfsame in-tray {}", line.name()))
        .subscription_capacity(2 * PULL_MAX)
        .reconnect_delay_callback(
            move |_| if stood.load(Ordering::Relaxed) { LOST_PAUSE } else { Duration::ZERO },
        )
        .event_callback(move |event| {
            if matches!(event, Event::Disconnected | Event::Closed) {
                lost.send_replace(true);
            }
            std::future::ready(())
        });
    let client = options.connect(&link.url).await?;
    stands.store(true, Ordering::Relaxed);
    Ok((client, seen))
}
