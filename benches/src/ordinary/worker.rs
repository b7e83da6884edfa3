//! A worker that sends welcome mails, written for one shape of the job.
//!
//! A message that it cannot read it sends back, so that another worker may read it, and gives up after
//! [`DELIVERIES_MAX`] deliveries. That a job has been done is written down before the queue is told, and a
//! queue that does not hear it brings the job again: at least once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::{AckKind, Message};
use futures_util::StreamExt as _;
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::ordinary::app::Stack;
use crate::ordinary::checker::Checker;
use crate::ordinary::failed::Failed;
use crate::ordinary::queue::DELIVERIES_MAX;
use crate::ordinary::shape::{Shape, User};

/// What sending a mail takes.
const MAIL_TIME: Duration = Duration::from_millis(10);
/// A message that could not be read comes again after this long.
const BACKOFF: Duration = Duration::from_millis(100);
/// How long a worker waits for a message before it looks whether it is to end.
const FETCH_WAIT: Duration = Duration::from_millis(100);

/// A running worker.
pub(super) struct Worker {
    stop: Arc<AtomicBool>,
    task: JoinHandle<Result<(), Failed>>,
}

/// What a worker knows.
struct Desk {
    consumer: PullConsumer,
    shape: Shape,
    /// Whether it reads the shape before its own as well.
    tolerant: bool,
    checker: Arc<Checker>,
}

impl Worker {
    pub(super) async fn start(stack: &Stack, shape: Shape, checker: &Arc<Checker>) -> Result<Worker, Failed> {
        let tolerant = stack.practice.has_tolerant_workers();
        let checker = Arc::clone(checker);
        let desk = Desk { consumer: stack.queue.consumer().await?, shape, tolerant, checker };
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let task = tokio::spawn(async move {
            while !stopped.load(Ordering::SeqCst) {
                desk.work().await?;
            }
            Ok(())
        });
        Ok(Worker { stop, task })
    }

    /// Ends the worker after the job that it has.
    pub(super) async fn stop(self) -> Result<(), Failed> {
        self.stop.store(true, Ordering::SeqCst);
        self.task.await.map_err(|err| Failed(format!("a worker ended: {err}")))?
    }
}

impl Desk {
    /// Does one job, if there is one.
    async fn work(&self) -> Result<(), Failed> {
        let batch = self.consumer.batch().max_messages(1).expires(FETCH_WAIT);
        let mut messages = batch.messages().await.map_err(Failed::queue)?;
        // The queue says when there is none, but that may be missed, and the client then waits for seconds.
        while let Ok(Some(message)) = tokio::time::timeout(3 * FETCH_WAIT, messages.next()).await {
            self.take(&message.map_err(Failed::queue)?).await?;
        }
        Ok(())
    }

    async fn take(&self, message: &Message) -> Result<(), Failed> {
        let job: Option<Value> = serde_json::from_slice(&message.payload).ok();
        let Some((shape, user)) = job.as_ref().and_then(User::read) else {
            return Err(Failed("a job of no shape".to_owned()));
        };
        let reads = shape == self.shape || (self.tolerant && self.shape == Shape::V2);
        self.checker.message(shape, self.shape, reads);
        if reads {
            tokio::time::sleep(MAIL_TIME).await;
            self.checker.mailed(user.id);
            return message.double_ack().await.map_err(Failed::queue);
        }
        let delivered = message.info().map_err(Failed::queue)?.delivered;
        let answer = if delivered >= DELIVERIES_MAX {
            self.checker.given_up();
            AckKind::Term
        } else {
            AckKind::Nak(Some(BACKOFF))
        };
        message.double_ack_with(answer).await.map_err(Failed::queue)
    }
}
