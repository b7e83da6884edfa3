//! The stream and its consumer as they have to be, made or brought into that form.

use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::{self, AckPolicy, DeliverPolicy, PullConsumer, pull};
use async_nats::jetstream::context::{ConsumerInfoErrorKind, GetStreamErrorKind};
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType, Stream};
use async_nats::jetstream::{ErrorCode, stream};
use selfsame_core::limits::EVENT_BYTES_MAX;
use selfsame_record::Digest;
use tracing::info;

use crate::nats::line::TrayName;
use crate::nats::tray::trouble::TrayTrouble;

/// The stream's name; under a boundary, what the name of each principal's begins with.
pub const TRAY_STREAM: &str = "SELFSAME_TRAY";
/// The durable consumer's name.
pub const CONSUMER: &str = "selfsame";
/// Bytes that the in-tray keeps if the operator says nothing: 1 GiB.
pub const TRAY_BYTES_DEFAULT: u64 = 1024 * 1024 * 1024;
/// Bytes of one message of the in-tray, headers and all. A larger one is refused by the NATS server.
pub const TRAY_MESSAGE_BYTES_MAX: usize = EVENT_BYTES_MAX + 64 * 1024;
/// Messages that are delivered and not acknowledged yet.
pub const TRAY_IN_FLIGHT_MAX: usize = 512;

/// As short as a server allows: within it, one publisher's `Nats-Msg-Id` suppresses another's message.
const DUPLICATE_WINDOW: Duration = Duration::from_millis(100);
/// When a message that was delivered and not acknowledged is delivered again.
const ACK_WAIT: Duration = Duration::from_secs(30);

/// The stream, made if it is not there.
pub(super) async fn ready(
    jetstream: &Context,
    name: &TrayName,
    bytes_max: u64,
) -> Result<Stream, TrayTrouble> {
    let stream = match jetstream.get_stream(&name.stream).await {
        Ok(stream) => stream,
        Err(err) if is_not_found(&err.kind()) => {
            let made = jetstream.create_stream(wanted(name, Config::default(), bytes_max)).await;
            let made = made.map_err(TrayTrouble::request("make the in-tray's stream"))?;
            info!(stream = name.stream, bytes_max, "the in-tray is made");
            return Ok(made);
        }
        Err(err) => return Err(TrayTrouble::request("show the in-tray's stream")(err)),
    };
    let found = &stream.cached_info().config;
    check_fixed(&name.stream, found)?;
    let wanted = wanted(name, found.clone(), bytes_max);
    if wanted != *found {
        let updated = jetstream.update_stream(wanted).await;
        updated.map_err(TrayTrouble::request("change the in-tray's stream"))?;
        info!(stream = name.stream, bytes_max, "the in-tray's settings are put right");
    }
    Ok(stream)
}

fn is_not_found(kind: &GetStreamErrorKind) -> bool {
    matches!(kind, GetStreamErrorKind::JetStream(err) if err.error_code() == ErrorCode::STREAM_NOT_FOUND)
}

/// Which stream it is: one that is made anew under the same name is another.
pub(super) fn identity(info: &stream::Info) -> u64 {
    let created = info.created.unix_timestamp_nanos().to_le_bytes();
    let [a, b, c, d, e, f, g, h, ..] = Digest::of(&[info.config.name.as_bytes(), &created]).0;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

/// The configuration with everything that matters set, and the rest as it is.
///
/// A message leaves the stream when it is acknowledged (a work queue), so the limit on bytes is one on
/// what waits. Purging is denied; deleting one message is not, since the engine has to take out a message
/// that no client can read.
fn wanted(name: &TrayName, mut config: Config, bytes_max: u64) -> Config {
    config.name.clone_from(&name.stream);
    config.subjects = vec![name.subject.clone()];
    config.description = Some("events on their way into the log of selfsame".to_owned());
    config.storage = StorageType::File;
    config.retention = RetentionPolicy::WorkQueue;
    config.discard = DiscardPolicy::New;
    config.discard_new_per_subject = false;
    config.max_bytes = i64::try_from(bytes_max).unwrap_or(i64::MAX);
    config.max_message_size = i32::try_from(TRAY_MESSAGE_BYTES_MAX).unwrap_or(i32::MAX);
    config.max_messages = -1;
    config.max_messages_per_subject = -1;
    config.max_age = Duration::ZERO;
    config.duplicate_window = DUPLICATE_WINDOW;
    config.no_ack = false;
    config.allow_rollup = false;
    config.deny_purge = true;
    config.num_replicas = config.num_replicas.max(1);
    config.max_consumers = if config.max_consumers == 0 { -1 } else { config.max_consumers };
    config
}

/// What a server never changes afterwards.
fn check_fixed(stream: &str, found: &Config) -> Result<(), TrayTrouble> {
    let differs =
        |what, found: String, needed| TrayTrouble::Config { stream: stream.to_owned(), what, found, needed };
    if found.storage != StorageType::File {
        return Err(differs("storage", format!("{:?}", found.storage).to_lowercase(), "file"));
    }
    if found.retention != RetentionPolicy::WorkQueue {
        return Err(differs("retention", format!("{:?}", found.retention).to_lowercase(), "workqueue"));
    }
    if found.mirror.is_some() || found.sources.as_ref().is_some_and(|sources| !sources.is_empty()) {
        return Err(differs(
            "contents",
            "of other streams".to_owned(),
            "nothing but what is published to it",
        ));
    }
    if found.sealed {
        return Err(differs("been", "sealed".to_owned(), "one that is open"));
    }
    Ok(())
}

/// The consumer, if it can be gone on with: it has the right form and owes nothing from before.
pub(super) async fn consumer(stream: &Stream) -> Result<Option<PullConsumer>, TrayTrouble> {
    let info = match stream.consumer_info(CONSUMER).await {
        Ok(info) => info,
        Err(err) if matches!(err.kind(), ConsumerInfoErrorKind::NotFound) => return Ok(None),
        Err(err) => return Err(TrayTrouble::request("show the in-tray's consumer")(err)),
    };
    if info.num_ack_pending > 0 || !suits(&info.config) {
        return Ok(None);
    }
    let found = stream.get_consumer(CONSUMER).await;
    found.map(Some).map_err(TrayTrouble::request("show the in-tray's consumer"))
}

/// Makes the consumer anew: it begins with the oldest message, which keeps the order.
pub(super) async fn renew_consumer(stream: &Stream) -> Result<PullConsumer, TrayTrouble> {
    // There is none to delete, or the next request says what is wrong.
    let _ = stream.delete_consumer(CONSUMER).await;
    let made = stream.create_consumer(consumer_config()).await;
    made.map_err(TrayTrouble::request("make the in-tray's consumer"))
}

fn consumer_config() -> pull::Config {
    pull::Config {
        durable_name: Some(CONSUMER.to_owned()),
        description: Some("brings events into the log of selfsame".to_owned()),
        deliver_policy: DeliverPolicy::All,
        ack_policy: AckPolicy::Explicit,
        ack_wait: ACK_WAIT,
        max_deliver: -1,
        max_ack_pending: i64::try_from(TRAY_IN_FLIGHT_MAX).unwrap_or(i64::MAX),
        ..pull::Config::default()
    }
}

fn suits(found: &consumer::Config) -> bool {
    let wanted = consumer_config();
    found.deliver_subject.is_none()
        && found.deliver_policy == wanted.deliver_policy
        && found.ack_policy == wanted.ack_policy
        && found.ack_wait == wanted.ack_wait
        && found.max_deliver == wanted.max_deliver
        && found.max_ack_pending == wanted.max_ack_pending
        && found.filter_subject.is_empty()
        && found.filter_subjects.is_empty()
        && !found.headers_only
        && found.backoff.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> TrayName {
        TrayName { stream: TRAY_STREAM.to_owned(), subject: "selfsame.tray.>".to_owned() }
    }

    #[test]
    fn what_a_server_cannot_change_is_said_with_both_sides() {
        let right = wanted(&name(), Config::default(), TRAY_BYTES_DEFAULT);
        assert!(check_fixed(TRAY_STREAM, &right).is_ok());
        let memory = Config { storage: StorageType::Memory, ..right.clone() };
        let limits = Config { retention: RetentionPolicy::Limits, ..right.clone() };
        for (config, expect) in [
            (memory, "the stream `SELFSAME_TRAY` has storage memory, and file is needed"),
            (limits, "the stream `SELFSAME_TRAY` has retention limits, and workqueue is needed"),
        ] {
            let trouble = check_fixed(TRAY_STREAM, &config).expect_err(expect).to_string();
            assert!(trouble.starts_with(expect), "{trouble}");
        }
    }

    #[test]
    fn what_an_operator_may_choose_is_left_alone() {
        let found = Config { num_replicas: 3, max_consumers: 7, ..Config::default() };
        let wanted = wanted(&name(), found, 5);
        assert_eq!((wanted.num_replicas, wanted.max_consumers, wanted.max_bytes), (3, 7, 5));
    }
}
