//! Producers: each sends the events of its own users, every one until it is answered, in whichever live
//! version it likes.
//!
//! An event keeps its id over repetitions, so that it counts once. If its version goes between two attempts
//! it is written in another one, under the same id: then it is either new, or refused as a reuse of the id
//! by the first attempt, whose position the refusal names.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use selfsame_sim::Random;
use serde_json::{Value, json};

use super::findings::Fault;
use super::link::Link;
use super::run::{PAUSE, Run, count, is_away, rest};
use crate::failure::{Failure, Outcome};
use crate::out::member;

/// How long an event may be under way, over kills and restarts.
const PATIENCE: Duration = Duration::from_secs(120);

/// With so many users a producer gets new ones more rarely, so that tables stay of a size that followers of the
/// feed, who are told all of it at each switch, can keep up with.
const USERS_MANY: usize = 500;

/// What a producer is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Habit {
    pub(super) name: String,
    /// Over NATS, if there is a server.
    pub(super) nats: bool,
    /// Events in one unit.
    pub(super) unit: u64,
    /// The longest pause between two units, in milliseconds.
    pub(super) rest_ms: u64,
}

/// An event before it is written in a version.
#[derive(Clone, Debug)]
struct Planned {
    user: String,
    n: u64,
    id: String,
}

/// Somebody who publishes.
pub(super) struct Producer {
    run: Arc<Run>,
    habit: Habit,
    link: Link,
    random: Random,
    users: Vec<String>,
    next_id: u64,
}

impl Producer {
    pub(super) fn new(run: &Arc<Run>, habit: Habit) -> Outcome<Producer> {
        let link = Link::new(run, &habit.name, habit.nats)?;
        let random = run.random(&habit.name);
        Ok(Producer { run: Arc::clone(run), habit, link, random, users: Vec::new(), next_id: 1 })
    }

    /// Publishes until it is told to end.
    pub(super) async fn work(mut self) {
        while !self.run.ends.producers.load(Ordering::Relaxed) {
            let unit = self.plan_unit();
            if let Err(failure) = self.settle(&unit).await {
                // What became of these events is not known, so neither is the state of their users.
                return self.run.find(Fault::Failed, &self.habit.name, failure);
            }
            rest(&mut self.random, self.habit.rest_ms).await;
        }
    }

    /// The next events: of different users, now and then of a new one.
    fn plan_unit(&mut self) -> Vec<Planned> {
        let mut unit: Vec<Planned> = Vec::new();
        let new_of = if self.users.len() < USERS_MANY { 6 } else { 40 };
        for _ in 0..self.habit.unit {
            let old =
                (self.random.below(new_of) > 0).then(|| self.random.pick(&self.users).cloned()).flatten();
            let user = old.filter(|user| !unit.iter().any(|planned| planned.user == *user));
            let user = user.unwrap_or_else(|| self.new_user());
            let (n, id) = (self.run.book.send(&user), self.next_id.to_string());
            self.next_id += 1;
            unit.push(Planned { user, n, id });
        }
        unit
    }

    fn new_user(&mut self) -> String {
        let user = format!("{}-{}", self.habit.name, self.users.len());
        self.users.push(user.clone());
        user
    }

    /// A live version: every other time another one than the active.
    fn version(&mut self) -> u64 {
        let active = self.run.live.active();
        let other = if self.random.below(2) == 0 { self.run.live.other(&mut self.random) } else { None };
        other.filter(|version| self.run.family.shape(*version).is_some()).unwrap_or(active)
    }

    /// Sends a unit until it is answered.
    async fn settle(&mut self, unit: &[Planned]) -> Outcome {
        let started = Instant::now();
        // Whether an attempt may have been taken without an answer.
        let mut unsure = false;
        let (mut version, mut last) = (self.version(), String::new());
        while started.elapsed() < PATIENCE {
            let sent = Instant::now();
            let failure = match self.link.publish(&self.written(unit, version)).await {
                Ok(answer) => {
                    self.run.waits.publishing.note(sent);
                    return self.taken(unit, &answer, unsure, version);
                }
                Err(failure) => failure,
            };
            last = failure.to_string();
            count(&self.run.counts.repeated);
            match (failure.code().as_str(), &failure) {
                ("version-not-live" | "unknown-version", Failure::Refused(problem)) => {
                    self.run.live.listed(problem);
                    version = self.version();
                }
                ("id-reused", Failure::Refused(problem)) if unsure => {
                    let first = member(problem, "about_position").as_u64().unwrap_or_default();
                    return self.were_taken(unit, first);
                }
                _ if is_away(&failure) => {
                    unsure |= matches!(failure, Failure::Unreachable { .. });
                    tokio::time::sleep(PAUSE).await;
                }
                _ => return Err(failure),
            }
        }
        Err(Failure::NoProgress { seconds: PATIENCE.as_secs(), reason: last })
    }

    fn written(&self, unit: &[Planned], version: u64) -> Vec<Value> {
        let shape = self.run.family.shape(version);
        let write = |planned: &Planned| {
            let Planned { user, n, id } = planned;
            let registered = *n == 1;
            let data = match &shape {
                Some(shape) if registered => shape.registered(user, *n),
                _ => json!({ "user": user, "n": n }),
            };
            json!({
                "specversion": "1.0", "source": "/drill", "id": id, "dataschema": format!("v{version}"),
                "type": if registered { "user.registered" } else { "user.acted" },
                "data": data,
            })
        };
        unit.iter().map(write).collect()
    }

    fn taken(&self, unit: &[Planned], answer: &Value, unsure: bool, version: u64) -> Outcome {
        let placed = member(answer, "events").as_array().map(Vec::as_slice).unwrap_or_default();
        if placed.len() != unit.len() {
            let reason = format!("{} events were sent, and the answer is `{answer}`", unit.len());
            return Err(Failure::NotAnEngine { at: self.run.http.clone(), reason });
        }
        for (planned, placed) in unit.iter().zip(placed) {
            let position = member(placed, "position").as_u64().unwrap_or_default();
            if member(placed, "duplicate") != &Value::Bool(false) && !unsure {
                let what = format!("{} was a repetition at #{position} when it was sent first", planned.id);
                self.run.find(Fault::DoubledEvent, &self.habit.name, what);
            }
            self.acknowledged(planned, position);
        }
        if version != self.run.live.active() {
            self.run.counts.in_others.fetch_add(unit.len() as u64, Ordering::Relaxed);
        }
        Ok(())
    }

    /// An earlier attempt was taken, all in a row from `first` on; the log says in the end whether that is so.
    fn were_taken(&self, unit: &[Planned], first: u64) -> Outcome {
        for (planned, position) in unit.iter().zip(first..) {
            self.acknowledged(planned, position);
        }
        Ok(())
    }

    fn acknowledged(&self, planned: &Planned, position: u64) {
        self.run.book.ack(&planned.user, (self.habit.name.clone(), planned.id.clone()), position);
    }
}
