//! Where group commits become messages: the topics that somebody subscribes to, and what goes into them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use selfsame_core::{Code, Refusal, Serving, Switch};
use selfsame_projections::{Generation, Key, Touched};
use selfsame_record::{Name, Position};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::feed::message::{Message, More};
use crate::feed::topic::{Batch, Cursor, Topic};
use crate::feed::{FEEDS_MAX, RESUMES_MAX, TOPIC_BYTES_MAX};

/// Everything that feeds share. A topic's name is its projection; the one without is of switches alone.
#[derive(Debug)]
pub(crate) struct Hub {
    /// Whether anybody subscribes, so that a commit for nobody looks no further.
    awake: AtomicBool,
    topics: Mutex<Topics>,
    feeds: Arc<Semaphore>,
    /// Leave to read the log.
    pub(crate) resumes: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Topics {
    by_name: BTreeMap<Option<Name>, Weak<Topic>>,
    /// Whether the folded state is told to note what commits touch.
    following: bool,
    closed: bool,
}

impl Hub {
    /// Nobody subscribes.
    pub(crate) fn new() -> Hub {
        let (feeds, resumes) = (Semaphore::new(FEEDS_MAX), Semaphore::new(RESUMES_MAX));
        let (feeds, resumes) = (Arc::new(feeds), Arc::new(resumes));
        Hub { awake: AtomicBool::new(false), topics: Mutex::default(), feeds, resumes }
    }

    /// Leave to be a feed.
    ///
    /// # Errors
    ///
    /// If there are too many.
    pub(crate) fn permit(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        Arc::clone(&self.feeds).try_acquire_owned().map_err(|_| {
            Refusal::new(Code::Overloaded, format!("{FEEDS_MAX} feeds are open, which is the limit"))
                .next("close one that is not needed, or subscribe again later")
        })
    }

    /// A place in a topic: everything that is committed after this comes to it. Whoever calls holds the
    /// folded state, so nothing is committed meanwhile.
    pub(crate) fn join(&self, serving: &mut Serving, name: Option<&Name>) -> Cursor {
        let mut topics = self.topics.lock();
        let known = topics.by_name.get(&name.cloned()).and_then(Weak::upgrade);
        let topic = known.unwrap_or_else(|| {
            let topic = Arc::new(Topic::new());
            topics.by_name.insert(name.cloned(), Arc::downgrade(&topic));
            topic
        });
        if name.is_some() && !topics.following {
            serving.follow();
            topics.following = true;
        }
        if topics.closed {
            topic.close();
        }
        self.awake.store(true, Ordering::Release);
        topic.cursor()
    }

    /// Before a commit: forgets the topics that nobody subscribes to any longer.
    pub(crate) fn tidy(&self, serving: &mut Serving) {
        if !self.awake.load(Ordering::Acquire) {
            return;
        }
        let mut topics = self.topics.lock();
        topics.by_name.retain(|_, topic| topic.strong_count() > 0);
        if topics.following && !topics.by_name.keys().any(Option::is_some) {
            serving.unfollow();
            topics.following = false;
        }
        self.awake.store(!topics.by_name.is_empty(), Ordering::Release);
    }

    /// After a commit and before its position is published: tells everybody what it changed. `before` is the
    /// position before it.
    pub(crate) fn publish(&self, serving: &Serving, before: Position) {
        if !self.awake.load(Ordering::Acquire) {
            return;
        }
        let switches = switches_since(serving, before);
        let lifecycle = &serving.status().lifecycle;
        let replaced = lifecycle.same_generation_since() > before;
        let anew = lifecycle.active_since() > before;
        let topics = self.topics.lock();
        for (name, topic) in &topics.by_name {
            let Some(topic) = topic.upgrade() else { continue };
            let batch = Batch {
                until: serving.position(),
                version: serving.active(),
                switches: switches.clone(),
                rows: vec![],
                replaced,
                anew,
                gone: false,
            };
            match name {
                Some(projection) => publish_rows(serving, projection, batch, &topic),
                None if switches.is_empty() => {}
                None => topic.push(batch),
            }
        }
    }

    /// The engine ends: nothing more is committed.
    pub(crate) fn close(&self) {
        let mut topics = self.topics.lock();
        topics.closed = true;
        topics.by_name.values().filter_map(Weak::upgrade).for_each(|topic| topic.close());
    }
}

/// The switches after a position, oldest first.
pub(crate) fn switches_since(serving: &Serving, before: Position) -> Vec<Switch> {
    let all = serving.status().lifecycle.switches();
    let first = all.partition_point(|switch| switch.at <= before);
    all.get(first..).unwrap_or_default().to_vec()
}

fn publish_rows(serving: &Serving, projection: &Name, mut batch: Batch, topic: &Topic) {
    let generation = serving.active_generation();
    batch.gone = generation.is_none_or(|generation| generation.rows(projection.as_str()).is_none());
    if let Some(generation) = generation {
        batch.rows = rows(serving, generation, projection, batch.until);
    }
    if batch.gone || batch.replaced || !batch.rows.is_empty() || !batch.switches.is_empty() {
        topic.push(batch);
    }
}

/// What the last commit touched in the projection, as it is now. Rows of more bytes than a topic keeps are
/// not all written: who subscribes lags anyway.
fn rows(
    serving: &Serving,
    generation: &Generation,
    projection: &Name,
    until: Position,
) -> Vec<(Arc<str>, Message)> {
    let keys = touched(serving, generation, projection);
    let Some(rows) = generation.rows(projection.as_str()) else { return vec![] };
    let (mut made, mut bytes) = (Vec::with_capacity(keys.len()), 0);
    for (index, key) in keys.iter().enumerate() {
        let more = if index + 1 < keys.len() { More::Yes } else { More::No };
        let value = rows.get(key).map(|row| row.to_json());
        let place = (projection.as_str(), &**key);
        let message = Message::row(until, generation.version(), place, value.as_deref(), more);
        bytes += message.json.len();
        made.push((Arc::clone(key), message));
        if bytes > TOPIC_BYTES_MAX {
            break;
        }
    }
    made
}

/// The keys that the last commit touched in the projection, each once, in order.
fn touched(serving: &Serving, generation: &Generation, projection: &Name) -> Vec<Arc<str>> {
    let Some((version, touched)) = serving.last_touched() else { return vec![] };
    assert_eq!(version, generation.version(), "what is followed is what answers");
    let is_named = |touched: &&Touched| {
        generation.plan().at(touched.projection).is_some_and(|plan| plan.name() == projection)
    };
    let key = |touched: &Touched| match &touched.key {
        Key::Row(key) => Some(Arc::clone(key)),
        Key::Job(_) => None,
    };
    let mut keys: Vec<Arc<str>> = touched.iter().filter(is_named).filter_map(key).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}
