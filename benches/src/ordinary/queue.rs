//! The work queue: a JetStream stream on disk from which a message is gone once a worker acknowledged it.

use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::stream::{Config, RetentionPolicy, StorageType, Stream};
use async_nats::jetstream::{self, Context};

use crate::ordinary::failed::Failed;

const STREAM: &str = "MAIL";
const SUBJECT: &str = "mail.welcome";
const CONSUMER: &str = "welcome";

/// After so many deliveries a worker gives a message up.
pub(super) const DELIVERIES_MAX: i64 = 5;
/// A message that was neither acknowledged nor sent back comes again after this long.
const ACK_WAIT: Duration = Duration::from_secs(2);

/// The queue, for those who publish and those who work.
#[derive(Clone)]
pub(super) struct Queue {
    context: Context,
    stream: Stream,
}

impl Queue {
    /// Makes the stream anew.
    pub(super) async fn create(url: &str) -> Result<Queue, Failed> {
        let client = async_nats::connect(url).await.map_err(Failed::queue)?;
        let context = jetstream::new(client);
        // There is none the first time.
        let _ = context.delete_stream(STREAM).await;
        let config = Config {
            name: STREAM.to_owned(),
            subjects: vec![SUBJECT.to_owned()],
            retention: RetentionPolicy::WorkQueue,
            storage: StorageType::File,
            ..Config::default()
        };
        let stream = context.create_stream(config).await.map_err(Failed::queue)?;
        Ok(Queue { context, stream })
    }

    /// Publishes a job, and waits until the queue has it. The same id is taken once.
    pub(super) async fn publish(&self, id: &str, job: String) -> Result<(), Failed> {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", id);
        let sent = self.context.publish_with_headers(SUBJECT, headers, job.into()).await;
        sent.map_err(Failed::queue)?.await.map_err(Failed::queue)?;
        Ok(())
    }

    /// The one consumer that all workers share.
    pub(super) async fn consumer(&self) -> Result<PullConsumer, Failed> {
        let config = pull::Config {
            durable_name: Some(CONSUMER.to_owned()),
            ack_policy: AckPolicy::Explicit,
            ack_wait: ACK_WAIT,
            max_deliver: DELIVERIES_MAX,
            ..pull::Config::default()
        };
        self.stream.get_or_create_consumer(CONSUMER, config).await.map_err(Failed::queue)
    }

    /// The sequence of the oldest message, and of the next one to come: equal if there is none.
    pub(super) async fn bounds(&self) -> Result<(u64, u64), Failed> {
        let info = self.stream.get_info().await.map_err(Failed::queue)?;
        let next = info.state.last_sequence + 1;
        Ok((if info.state.messages == 0 { next } else { info.state.first_sequence }, next))
    }
}
