//! A subscription that ends when the plane stops: what has arrived by then is still taken.

use async_nats::{Client, Message, Subscriber};
use futures_util::StreamExt;
use tokio::sync::watch;
use tracing::debug;

use crate::nats::error::NatsError;

/// The messages of one subject.
pub(crate) struct Inbox {
    subscriber: Subscriber,
    stopped: watch::Receiver<bool>,
    ending: bool,
}

impl Inbox {
    /// Listens on a subject until `stopped` says so.
    ///
    /// # Errors
    ///
    /// If it is not a subject.
    pub(crate) async fn listen(
        client: &Client,
        subject: &str,
        stopped: watch::Receiver<bool>,
    ) -> Result<Inbox, NatsError> {
        let subscribed = client.subscribe(subject.to_owned()).await;
        let subscriber =
            subscribed.map_err(|source| NatsError::Subscribe { subject: subject.to_owned(), source })?;
        Ok(Inbox { subscriber, stopped, ending: false })
    }

    /// The next message; `None` once the plane stops and nothing is left.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        if !self.ending {
            tokio::select! {
                biased;
                () = raised(&mut self.stopped) => self.end().await,
                message = self.subscriber.next() => return message,
            }
        }
        self.subscriber.next().await
    }

    async fn end(&mut self) {
        self.ending = true;
        if let Err(err) = self.subscriber.unsubscribe().await {
            debug!(err = &err as &dyn std::error::Error, "the connection has ended before the subscription");
        }
    }
}

/// Waits until the flag is raised, or nobody is left who could.
pub(crate) async fn raised(flag: &mut watch::Receiver<bool>) {
    // An error says that the other end is gone.
    let _ = flag.wait_for(|raised| *raised).await;
}
