//! The job ledger: what became of each job, whichever version is active (P11).
//!
//! A job is the pair of its queue and the position of its source event. Its input belongs to a generation
//! and has that version's shape; whether it is held, finished or given up stands here, once for all
//! versions. So a rewind neither runs a finished job again nor loses an unfinished one.
//!
//! A queue that a version brings begins at the record that makes the version active: jobs of older events
//! are not delivered, or a replay would have effects (P12).

use std::collections::{BTreeMap, BTreeSet};

use selfsame_projections::{Queue, QueuePlan};
use selfsame_record::{Micros, Name, Position};
use serde::Serialize;

use crate::control::Control;
use crate::refusal::{Code, Refusal};

/// A job that a worker holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Lease {
    /// The token: the position of the record that gave it.
    token: Position,
    until: Micros,
}

/// What became of one queue's jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
struct QueueLedger {
    /// Jobs of events up to here are not delivered.
    born: Position,
    leased: BTreeMap<Position, Lease>,
    waiting: BTreeMap<Position, Micros>,
    attempts: BTreeMap<Position, u32>,
    done: BTreeMap<Position, Position>,
    /// Jobs that were given up, with the record that says so.
    dead: BTreeMap<Position, Position>,
}

/// Figures of one queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct QueueCounts {
    /// Jobs of events up to here are not delivered.
    pub born: Position,
    /// Held by workers.
    pub leased: usize,
    /// Given back and due later.
    pub waiting: usize,
    /// Finished.
    pub done: usize,
    /// Given up.
    pub dead: usize,
}

/// What became of every job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Ledger {
    queues: BTreeMap<Name, QueueLedger>,
    switched_at: Position,
}

/// What a request for jobs leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Leasing {
    /// The jobs that the worker gets, with the number of the attempt.
    pub(crate) jobs: Vec<(Position, u32)>,
    /// The jobs that have used their attempts.
    pub(crate) dead: Vec<Position>,
}

impl Ledger {
    /// The figures of each queue, by name.
    pub(crate) fn counts(&self) -> BTreeMap<Name, QueueCounts> {
        let count = |q: &QueueLedger| QueueCounts {
            born: q.born,
            leased: q.leased.len(),
            waiting: q.waiting.len(),
            done: q.done.len(),
            dead: q.dead.len(),
        };
        self.queues.iter().map(|(name, queue)| (name.clone(), count(queue))).collect()
    }

    /// Chooses at most `max` jobs that are due, oldest first.
    pub(crate) fn lease(
        &self,
        queue: &str,
        pending: &Queue,
        plan: &QueuePlan,
        max: usize,
        now: Micros,
    ) -> Leasing {
        let mut leasing = Leasing::default();
        let Some(ledger) = self.queues.get(queue) else { return leasing };
        for (job, _) in pending.iter_from(ledger.born.next()) {
            if leasing.jobs.len() + leasing.dead.len() >= max {
                break;
            }
            if !ledger.is_due(job, now) {
                continue;
            }
            let attempt = ledger.attempts.get(&job).copied().unwrap_or(0).saturating_add(1);
            if attempt > plan.attempts {
                leasing.dead.push(job);
            } else {
                leasing.jobs.push((job, attempt));
            }
        }
        leasing
    }

    /// Decides on finishing a job. `None` if this lease has finished it before.
    ///
    /// # Errors
    ///
    /// If the job is not held under this lease.
    pub(crate) fn ack(
        &self,
        queue: &Name,
        job: Position,
        lease: Position,
    ) -> Result<Option<Control>, Refusal> {
        if self.queues.get(queue).is_some_and(|q| q.done.get(&job) == Some(&lease)) {
            return Ok(None);
        }
        self.held(queue, job, lease)?;
        Ok(Some(Control::JobDone { queue: queue.clone(), job, lease }))
    }

    /// Decides on giving a job back: it is due again after a while that doubles with each attempt, or
    /// given up if its attempts are used.
    ///
    /// # Errors
    ///
    /// If the job is not held under this lease.
    pub(crate) fn nack(
        &self,
        queue: &Name,
        job: Position,
        lease: Position,
        reason: &str,
        plan: &QueuePlan,
        now: Micros,
    ) -> Result<Control, Refusal> {
        self.held(queue, job, lease)?;
        let (queue, reason) = (queue.clone(), reason.to_owned());
        let attempts = self.queues.get(&queue).and_then(|q| q.attempts.get(&job)).copied().unwrap_or(0);
        if attempts >= plan.attempts {
            return Ok(Control::JobDead { queue, job, reason });
        }
        let doublings = attempts.saturating_sub(1).min(32);
        let wait_ms = plan.backoff_min_ms.saturating_mul(1 << doublings).min(plan.backoff_max_ms);
        Ok(Control::JobFailed { queue, job, lease, reason, retry_at: now.plus_ms(wait_ms) })
    }

    /// Takes in what a record says.
    pub(crate) fn apply(&mut self, at: Position, control: &Control) {
        match control {
            Control::Leased { queue, jobs, until } => self.apply_leased(at, queue, jobs, *until),
            Control::JobDone { queue, job, lease } => {
                let ledger = self.queue(queue);
                ledger.settle(*job);
                ledger.done.insert(*job, *lease);
            }
            Control::JobFailed { queue, job, retry_at, .. } => {
                let ledger = self.queue(queue);
                ledger.leased.remove(job);
                ledger.waiting.insert(*job, *retry_at);
            }
            Control::JobDead { queue, job, .. } => {
                let ledger = self.queue(queue);
                ledger.settle(*job);
                ledger.dead.insert(*job, at);
            }
            _ => {}
        }
    }

    /// Takes in that another version answers from `at` on, with these queues: every lease ends (P11), and
    /// queues that no active version had before begin here.
    pub(crate) fn switch(&mut self, at: Position, queues: &BTreeSet<Name>) {
        let first = self.switched_at == Position::ZERO;
        self.switched_at = at;
        for ledger in self.queues.values_mut() {
            ledger.leased.clear();
        }
        for queue in queues {
            let born = if first { Position::ZERO } else { at };
            self.queues
                .entry(queue.clone())
                .or_insert_with(|| QueueLedger { born, ..QueueLedger::default() });
        }
    }

    fn apply_leased(&mut self, at: Position, queue: &Name, jobs: &[Position], until: Micros) {
        let ledger = self.queue(queue);
        for job in jobs {
            ledger.waiting.remove(job);
            ledger.leased.insert(*job, Lease { token: at, until });
            *ledger.attempts.entry(*job).or_insert(0) += 1;
        }
    }

    fn queue(&mut self, queue: &Name) -> &mut QueueLedger {
        self.queues.entry(queue.clone()).or_default()
    }

    fn held(&self, queue: &Name, job: Position, lease: Position) -> Result<(), Refusal> {
        let held = self.queues.get(queue).and_then(|q| q.leased.get(&job));
        if held.is_some_and(|l| l.token == lease) {
            return Ok(());
        }
        if lease < self.switched_at {
            let at = self.switched_at;
            let detail = format!("the lease {lease} ended at {at}, where another version became active");
            return Err(Refusal::new(Code::LeaseFenced, detail)
                .next("drop the result and lease again: the job comes back in the active version's shape"));
        }
        let detail = format!("the job {job} of `{queue}` is not held under the lease {lease}");
        Err(Refusal::new(Code::LeaseLost, detail)
            .next("the lease ran out or the job was settled: drop the result and lease again"))
    }
}

impl QueueLedger {
    fn is_due(&self, job: Position, now: Micros) -> bool {
        let held = self.leased.get(&job).is_some_and(|l| l.until > now);
        let waits = self.waiting.get(&job).is_some_and(|retry_at| *retry_at > now);
        !held && !waits && !self.done.contains_key(&job) && !self.dead.contains_key(&job)
    }

    fn settle(&mut self, job: Position) {
        self.leased.remove(&job);
        self.waiting.remove(&job);
        self.attempts.remove(&job);
    }
}
