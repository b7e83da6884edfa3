//! The readers and workers of the demo, who never stop while the version changes, and check every answer.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::shape::Marks;
use crate::client::{Client, segment};
use crate::failure::Outcome;
use crate::out::{member, version_of};

/// How long a reader rests between two reads, so that the engine is busy and not drowned.
const REST: Duration = Duration::from_millis(1);
/// How many distinct keys a reader goes round.
const KEYS_MAX: usize = 500;

/// What the watchers saw.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Answers checked.
    pub(super) reads: u64,
    /// Answers with a row of another version than the answer names.
    pub(super) mixed: u64,
    /// Reads of something that was there before and was not found.
    pub(super) empty: u64,
    /// Answers at a position before one that the same reader had seen.
    pub(super) backwards: u64,
    /// The version that each answer named, at its position.
    pub(super) answers: BTreeSet<(u64, u64)>,
    /// Jobs whose acknowledgement was accepted, in order.
    pub(super) done: Vec<u64>,
    /// Acknowledgements refused because the version had switched.
    pub(super) fenced: u64,
    /// The longest that any reader waited.
    pub(super) longest: Duration,
    /// What the readers could not make sense of.
    pub(super) failures: Vec<String>,
}

/// Everybody who watches.
pub(super) struct Watch {
    tasks: JoinSet<Seen>,
    stop: Arc<AtomicBool>,
}

/// One reader's or worker's part.
struct Watcher {
    client: Client,
    stop: Arc<AtomicBool>,
    seen: Seen,
    position: u64,
}

impl Watch {
    /// Starts two readers of the cache, two of the view and two workers.
    pub(super) fn start(
        clients: impl Fn(&str) -> Outcome<Client>,
        keys: &[String],
        documents: [&str; 2],
    ) -> Outcome<Watch> {
        let mut watch = Watch { tasks: JoinSet::new(), stop: Arc::default() };
        let [first, second] = documents;
        let marks = |projection| Marks::of(projection, first, second).map(Arc::new);
        let (author, files, review) = (marks("author")?, marks("files")?, marks("review")?);
        for number in 0..2 {
            let watcher = |role: &str| Watcher::new(&clients, &format!("{role}-{number}"), &watch.stop);
            let keys: Vec<String> = keys.iter().take(KEYS_MAX).cloned().collect();
            let (cache, view, worker) = (watcher("reader")?, watcher("viewer")?, watcher("worker")?);
            watch.tasks.spawn(cache.read_cache(keys, Arc::clone(&author)));
            watch.tasks.spawn(view.read_view(Arc::clone(&files)));
            watch.tasks.spawn(worker.work(Arc::clone(&review)));
        }
        Ok(watch)
    }

    /// Ends the watch: what all of them saw.
    pub(super) async fn end(mut self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Seen::default();
        while let Some(seen) = self.tasks.join_next().await {
            match seen {
                Ok(seen) => all.add(seen),
                Err(err) => all.failures.push(err.to_string()),
            }
        }
        all
    }
}

impl Seen {
    fn add(&mut self, other: Seen) {
        self.reads += other.reads;
        self.mixed += other.mixed;
        self.empty += other.empty;
        self.backwards += other.backwards;
        self.answers.extend(other.answers);
        self.done.extend(other.done);
        self.fenced += other.fenced;
        self.longest = self.longest.max(other.longest);
        self.failures.extend(other.failures);
    }
}

impl Watcher {
    fn new(
        clients: &impl Fn(&str) -> Outcome<Client>,
        name: &str,
        stop: &Arc<AtomicBool>,
    ) -> Outcome<Watcher> {
        let (client, stop) = (clients(name)?, Arc::clone(stop));
        Ok(Watcher { client, stop, seen: Seen::default(), position: 0 })
    }

    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    async fn read_cache(mut self, keys: Vec<String>, marks: Arc<Marks>) -> Seen {
        let mut next = 0;
        while self.goes_on() {
            let Some(key) = keys.get(next % keys.len().max(1)) else { break };
            next += 1;
            let started = Instant::now();
            let answer = self.client.get(&format!("cache/author/{}", segment(key)), &[]).await;
            if let Some(answer) = self.take(answer.map(|a| a.json), started) {
                self.check(&answer, &marks, member(&answer, "value"));
            }
            tokio::time::sleep(REST).await;
        }
        self.seen
    }

    /// The view only grows, so a page that was full once stays full.
    async fn read_view(mut self, marks: Arc<Marks>) -> Seen {
        let query = [("by", "churn"), ("order", "desc"), ("limit", "20")];
        let query = query.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut rows_before = 0;
        while self.goes_on() {
            let started = Instant::now();
            let answer = self.client.get("views/files", &query).await;
            if let Some(answer) = self.take(answer.map(|a| a.json), started) {
                let rows = member(&answer, "rows").as_array().cloned().unwrap_or_default();
                self.seen.empty += u64::from(rows.len() < rows_before);
                rows_before = rows_before.max(rows.len());
                for row in &rows {
                    self.check(&answer, &marks, member(row, "value"));
                }
            }
            tokio::time::sleep(REST).await;
        }
        self.seen
    }

    async fn work(mut self, marks: Arc<Marks>) -> Seen {
        while self.goes_on() {
            let started = Instant::now();
            let leased = self.client.post("jobs/review/lease", &json!({ "max": 5 })).await;
            let Some(leased) = self.take(leased.map(|a| a.json), started) else { continue };
            let jobs = member(&leased, "jobs").as_array().cloned().unwrap_or_default();
            for job in &jobs {
                self.check(&leased, &marks, member(job, "input"));
                tokio::time::sleep(REST).await;
                self.finish(member(job, "job"), member(&leased, "lease")).await;
            }
            if jobs.is_empty() {
                tokio::time::sleep(REST * 20).await;
            }
        }
        self.seen
    }

    async fn finish(&mut self, job: &Value, lease: &Value) {
        let ack = json!({ "job": job, "lease": lease });
        match self.client.post("jobs/review/ack", &ack).await {
            Ok(_) => self.seen.done.extend(job.as_u64()),
            Err(failure) if failure.code() == "lease-fenced" => self.seen.fenced += 1,
            Err(failure) => self.seen.failures.push(failure.to_string()),
        }
    }

    /// Notes an answer: when it came, what it was given at. Nothing here is allowed to be missing.
    fn take(&mut self, answer: Outcome<Value>, started: Instant) -> Option<Value> {
        self.seen.longest = self.seen.longest.max(started.elapsed());
        self.seen.reads += 1;
        match answer {
            Ok(answer) => {
                let position = member(&answer, "position").as_u64().unwrap_or_default();
                self.seen.backwards += u64::from(position < self.position);
                self.position = position;
                self.seen.answers.insert((position, version_of(&answer)));
                Some(answer)
            }
            Err(failure) if ["not-found", "unknown-projection"].contains(&failure.code().as_str()) => {
                self.seen.empty += 1;
                None
            }
            Err(failure) => {
                self.seen.failures.push(failure.to_string());
                None
            }
        }
    }

    fn check(&mut self, answer: &Value, marks: &Marks, row: &Value) {
        self.seen.mixed += u64::from(!marks.fit(version_of(answer), row));
    }
}
