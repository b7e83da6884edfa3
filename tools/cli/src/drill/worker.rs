//! Workers: lease jobs, finish most of them, give some back, and forget some.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use selfsame_sim::Random;
use serde_json::{Value, json};

use super::checker::{At, Eye};
use super::family::Projection;
use super::findings::Fault;
use super::run::{PAUSE, Run, count, is_away, rest};
use crate::client::Client;
use crate::failure::{Failure, Outcome};
use crate::out::member;

/// Jobs of one lease.
const JOBS_MAX: u64 = 10;
/// How long an outcome may be under way.
const PATIENCE: Duration = Duration::from_secs(120);

/// The jobs of which some worker knows that they are finished, with a position at which they were.
#[derive(Debug, Default)]
pub(super) struct Finished {
    jobs: Mutex<BTreeMap<u64, u64>>,
}

impl Finished {
    /// A job was finished at that position or before.
    fn note(&self, job: u64, position: u64) {
        self.jobs.lock().entry(job).or_insert(position);
    }

    /// Whether a lease at that position may still name the job.
    fn may_be_leased(&self, job: u64, lease: u64) -> bool {
        self.jobs.lock().get(&job).is_none_or(|done| lease <= *done)
    }
}

/// Somebody who works.
pub(super) struct Worker {
    run: Arc<Run>,
    name: String,
    client: Client,
    random: Random,
    eye: Eye,
    finished: Arc<Finished>,
}

/// A job that the worker holds.
#[derive(Clone, Copy, Debug)]
struct Held {
    job: u64,
    lease: u64,
}

impl Worker {
    pub(super) fn new(run: &Arc<Run>, number: u64, finished: &Arc<Finished>) -> Outcome<Worker> {
        let name = format!("worker-{number}");
        let (client, random) = (run.client(&name)?, run.random(&name));
        let (run, finished) = (Arc::clone(run), Arc::clone(finished));
        Ok(Worker { run, name, client, random, eye: Eye::default(), finished })
    }

    /// Works until it is told to end.
    pub(super) async fn work(mut self) {
        while !self.run.ends.workers.load(Ordering::Relaxed) {
            let sent = Instant::now();
            let leased = self.client.post("jobs/welcome/lease", &json!({ "max": JOBS_MAX })).await;
            match leased {
                Ok(leased) => self.leased(&leased.json, sent).await,
                Err(failure) if is_away(&failure) => tokio::time::sleep(PAUSE).await,
                Err(failure) => self.run.find(Fault::EmptyRead, &self.name, &failure),
            }
        }
    }

    async fn leased(&mut self, leased: &Value, sent: Instant) {
        self.run.waits.reading.note(sent);
        let Some(at) = self.run.checker.answer(&mut self.eye, leased, 0, None) else { return };
        let jobs = member(leased, "jobs").as_array().map(Vec::as_slice).unwrap_or_default();
        let lease = member(leased, "lease").as_u64().unwrap_or_default();
        for job in jobs {
            let held = Held { job: member(job, "job").as_u64().unwrap_or_default(), lease };
            self.look(at, held, member(job, "input"));
            self.finish(held).await;
        }
        if jobs.is_empty() {
            rest(&mut self.random, 40).await;
        }
    }

    fn look(&self, at: At, held: Held, input: &Value) {
        let user = member(input, "user").as_str().unwrap_or_default();
        self.run.checker.row(at, Projection::Welcome, user, input);
        if !self.finished.may_be_leased(held.job, held.lease) {
            let what = format!("job #{} was leased at #{}, after it was finished", held.job, held.lease);
            self.run.find(Fault::DoubledJob, &self.name, what);
        }
    }

    async fn finish(&mut self, held: Held) {
        let draining = self.run.ends.draining.load(Ordering::Relaxed);
        let chance = if draining { 100 } else { self.random.below(100) };
        match chance {
            // Forgotten: the lease runs out.
            0..=4 => {}
            5..=12 => {
                let reason = json!({ "job": held.job, "lease": held.lease, "reason": "not now" });
                self.settle("nack", &reason, held).await;
            }
            _ => {
                let ack = json!({ "job": held.job, "lease": held.lease });
                if let Some(position) = self.settle("ack", &ack, held).await {
                    self.finished.note(held.job, position);
                    count(&self.run.counts.jobs_done);
                }
            }
        }
    }

    /// Says what became of a job until it is answered; the answer's position, if it was taken.
    async fn settle(&mut self, verb: &str, body: &Value, held: Held) -> Option<u64> {
        let started = Instant::now();
        loop {
            let failure = match self.client.post(&format!("jobs/welcome/{verb}"), body).await {
                Ok(answer) => return member(&answer.json, "position").as_u64(),
                Err(failure) => failure,
            };
            match failure.code().as_str() {
                "lease-fenced" | "lease-lost" => {
                    count(&self.run.counts.fenced);
                    return None;
                }
                _ if is_away(&failure) && started.elapsed() < PATIENCE => tokio::time::sleep(PAUSE).await,
                _ => {
                    self.unsettled(held, &failure);
                    return None;
                }
            }
        }
    }

    fn unsettled(&self, held: Held, failure: &Failure) {
        self.run.find(Fault::Failed, &self.name, format!("job #{}: {failure}", held.job));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_after_the_outcome_is_a_doubled_job() {
        let finished = Finished::default();
        finished.note(7, 40);
        for (job, lease, may) in [(7, 39, true), (7, 40, true), (7, 41, false), (8, 99, true)] {
            assert_eq!(finished.may_be_leased(job, lease), may, "job #{job} leased at #{lease}");
        }
        finished.note(7, 60);
        assert!(!finished.may_be_leased(7, 50), "the first outcome counts");
    }
}
