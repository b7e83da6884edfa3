//! The last batches of one feed's subject, shared by all who subscribe to it.
//!
//! It keeps so many bytes and batches and no more, whoever is behind: memory does not grow with slow
//! subscribers, and the sequencer never waits for one.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use selfsame_core::Switch;
use selfsame_record::{Position, VersionNo};
use tokio::sync::watch;

use crate::feed::message::Message;
use crate::feed::{TOPIC_BATCHES_MAX, TOPIC_BYTES_MAX};

/// What one group commit changed.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Its last position.
    pub(crate) until: Position,
    /// The version that answers there.
    pub(crate) version: Option<VersionNo>,
    /// The switches in it.
    pub(crate) switches: Vec<Switch>,
    /// The rows that changed, as they are now, each with its key.
    pub(crate) rows: Vec<(Arc<str>, Message)>,
    /// Whether another generation came in the place of the one that answers.
    pub(crate) replaced: bool,
    /// Whether it has other rows than was said.
    pub(crate) anew: bool,
    /// Whether the version that answers has no such projection.
    pub(crate) gone: bool,
}

impl Batch {
    fn bytes(&self) -> usize {
        let rows = self.rows.iter().map(|(key, message)| key.len() + message.json.len());
        rows.sum::<usize>() + 64 * (1 + self.rows.len() + self.switches.len())
    }
}

/// Why a subscriber gets no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// What comes next for it is no longer kept.
    Lagged,
    /// The engine ends.
    Closed,
}

#[derive(Debug, Default)]
struct Ring {
    batches: VecDeque<(Arc<Batch>, usize)>,
    /// The number of the first batch that is kept.
    first: u64,
    bytes: usize,
    closed: bool,
}

/// The last batches.
#[derive(Debug)]
pub(crate) struct Topic {
    ring: Mutex<Ring>,
    news: watch::Sender<()>,
}

/// A subscriber's place in a topic. The topic lives as long as one of them.
#[derive(Debug)]
pub(crate) struct Cursor {
    topic: Arc<Topic>,
    at: u64,
    news: watch::Receiver<()>,
}

impl Topic {
    pub(crate) fn new() -> Topic {
        Topic { ring: Mutex::default(), news: watch::channel(()).0 }
    }

    /// A place after everything that is there.
    pub(crate) fn cursor(self: &Arc<Self>) -> Cursor {
        let ring = self.ring.lock();
        let at = ring.first + ring.batches.len() as u64;
        Cursor { topic: Arc::clone(self), at, news: self.news.subscribe() }
    }

    /// Adds a batch, and forgets the oldest ones beyond what is kept.
    pub(crate) fn push(&self, batch: Batch) {
        let bytes = batch.bytes();
        let mut ring = self.ring.lock();
        ring.bytes += bytes;
        ring.batches.push_back((Arc::new(batch), bytes));
        while ring.bytes > TOPIC_BYTES_MAX || ring.batches.len() > TOPIC_BATCHES_MAX {
            let Some((_, bytes)) = ring.batches.pop_front() else { break };
            ring.bytes -= bytes;
            ring.first += 1;
        }
        drop(ring);
        self.news.send_replace(());
    }

    /// Nothing will be added.
    pub(crate) fn close(&self) {
        self.ring.lock().closed = true;
        self.news.send_replace(());
    }
}

impl Cursor {
    /// The next batch, if it is there.
    pub(crate) fn try_next(&mut self) -> Result<Option<Arc<Batch>>, Lost> {
        let ring = self.topic.ring.lock();
        let Some(behind) = self.at.checked_sub(ring.first) else { return Err(Lost::Lagged) };
        let found = usize::try_from(behind).ok().and_then(|behind| ring.batches.get(behind));
        match found {
            Some((batch, _)) => {
                self.at += 1;
                Ok(Some(Arc::clone(batch)))
            }
            None if ring.closed => Err(Lost::Closed),
            None => Ok(None),
        }
    }

    /// Waits for the next batch. Nothing is lost if the wait is given up.
    pub(crate) async fn next(&mut self) -> Result<Arc<Batch>, Lost> {
        loop {
            self.news.mark_unchanged();
            if let Some(batch) = self.try_next()? {
                return Ok(batch);
            }
            // The topic cannot end before its cursors.
            let _ = self.news.changed().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::message::More;

    fn batch(at: u64, len: usize) -> Batch {
        let (until, value) = (Position::new(at), format!("\"{}\"", "x".repeat(len)));
        let message = Message::row(until, VersionNo::FIRST, ("p", "k"), Some(&value), More::No);
        let rows = vec![("k".into(), message)];
        Batch { until, version: None, switches: vec![], rows, replaced: false, anew: false, gone: false }
    }

    /// Batches of these lengths, and what a subscriber who was there first still gets.
    #[track_caller]
    fn check(lens: &[usize], expect: Result<u64, Lost>) {
        let topic = Arc::new(Topic::new());
        let mut cursor = topic.cursor();
        (1..).zip(lens).for_each(|(at, len)| topic.push(batch(at, *len)));
        let first = cursor.try_next().map(|batch| batch.map_or(0, |batch| batch.until.get()));
        assert_eq!(first, expect);
        let mut late = topic.cursor();
        assert!(matches!(late.try_next(), Ok(None)));
        topic.close();
        assert!(matches!(late.try_next(), Err(Lost::Closed)));
    }

    #[test]
    fn who_is_further_behind_than_is_kept_has_lagged() {
        check(&[], Ok(0));
        check(&[10, 10], Ok(1));
        check(&vec![10; TOPIC_BATCHES_MAX], Ok(1));
        check(&vec![10; TOPIC_BATCHES_MAX + 1], Err(Lost::Lagged));
        check(&[TOPIC_BYTES_MAX / 2, TOPIC_BYTES_MAX / 4], Ok(1));
        check(&[TOPIC_BYTES_MAX / 2, TOPIC_BYTES_MAX / 2], Err(Lost::Lagged));
        check(&[TOPIC_BYTES_MAX], Err(Lost::Lagged));
    }
}
