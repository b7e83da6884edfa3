//! The relay of the transactional outbox: jobs that were written with their row are published once the
//! transaction that wrote them is there, and then removed.
//!
//! If the relay ends in between, the job is published again with the same id, and the queue takes it once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio_postgres::Client;

use crate::ordinary::failed::Failed;
use crate::ordinary::queue::Queue;

/// The pause when there was nothing.
const PAUSE: Duration = Duration::from_millis(5);

const TAKE: &str = "DELETE FROM outbox WHERE id IN \
    (SELECT id FROM outbox ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED) RETURNING id, job";

/// Publishes until it is told to stop and there is nothing left.
pub(super) async fn relay(mut client: Client, queue: Queue, stop: Arc<AtomicBool>) -> Result<(), Failed> {
    loop {
        let last = stop.load(Ordering::SeqCst);
        let published = publish_some(&mut client, &queue).await?;
        if published == 0 {
            if last {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn publish_some(client: &mut Client, queue: &Queue) -> Result<usize, Failed> {
    let transaction = client.transaction().await?;
    let mut jobs = Vec::new();
    for row in transaction.query(TAKE, &[]).await? {
        jobs.push((row.try_get::<_, i64>(0)?, row.try_get::<_, String>(1)?));
    }
    jobs.sort_unstable();
    for (id, job) in &jobs {
        queue.publish(&format!("outbox-{id}"), job.clone()).await?;
    }
    transaction.commit().await?;
    Ok(jobs.len())
}
