//! The import that goes on while the schema changes under it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::failure::Outcome;
use crate::git::GitEvent;
use crate::publisher::{Pace, Publisher, Tally};

const PACE: Pace = Pace { in_flight: 64, patience: Duration::from_secs(30) };

/// What the feed and the rest of the demo share.
#[derive(Debug, Default)]
pub(super) struct Fed {
    /// Events answered.
    pub(super) answered: AtomicU64,
    /// Events that were written in v2.
    pub(super) in_second: AtomicU64,
    /// From when on every third event is written in v2: 0 as long as v2 is not live.
    pub(super) second_is_live: AtomicU64,
}

/// Publishes all events as fast as they are taken.
pub(super) async fn publish_all(
    publisher: &mut Publisher,
    events: &[GitEvent],
    fed: &Arc<Fed>,
) -> Outcome<Tally> {
    publish_paced(publisher, events.to_vec(), Duration::ZERO, fed).await
}

/// Publishes the events spread over `length`, in a task of its own.
pub(super) fn spawn(
    mut publisher: Publisher,
    events: Vec<GitEvent>,
    length: Duration,
    fed: &Arc<Fed>,
) -> JoinHandle<Outcome<Tally>> {
    let fed = Arc::clone(fed);
    tokio::spawn(async move { publish_paced(&mut publisher, events, length, &fed).await })
}

async fn publish_paced(
    publisher: &mut Publisher,
    events: Vec<GitEvent>,
    length: Duration,
    fed: &Arc<Fed>,
) -> Outcome<Tally> {
    let (sender, receiver) = mpsc::channel(PACE.in_flight);
    let writer = tokio::spawn(write(sender, events, length, Arc::clone(fed)));
    let tally = publisher
        .publish(receiver, PACE, &mut |tally| {
            fed.answered.store(tally.settled(), Ordering::Relaxed);
        })
        .await;
    writer.abort();
    tally
}

/// Hands the events over one by one; each is written in a version that is live at that moment.
async fn write(sender: mpsc::Sender<Outcome<Value>>, events: Vec<GitEvent>, length: Duration, fed: Arc<Fed>) {
    let started = tokio::time::Instant::now();
    let count = u32::try_from(events.len()).unwrap_or(u32::MAX).max(1);
    for (event, number) in events.iter().zip(0u32..) {
        tokio::time::sleep_until(started + length.mul_f64(f64::from(number) / f64::from(count))).await;
        let second = number % 3 == 0 && fed.second_is_live.load(Ordering::Relaxed) > 0;
        fed.in_second.fetch_add(u64::from(second), Ordering::Relaxed);
        let version = if second { "v2" } else { "v1" };
        if sender.send(Ok(event.cloud_event(version))).await.is_err() {
            return;
        }
    }
}
