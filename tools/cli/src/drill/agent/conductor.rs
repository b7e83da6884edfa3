//! The agents who switch, one act after the other: what is active is theirs to say.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use reqwest::Method;
use serde_json::Value;

use super::change::Change;
use super::{Agent, expecting};
use crate::drill::family::Shape;
use crate::drill::findings::Fault;
use crate::drill::plan::Act;
use crate::drill::run::{Run, count, rest};
use crate::failure::Outcome;

/// Versions of one drill, below the engine's limit of a thousand; then it goes on with those that there are.
const VERSIONS_MAX: usize = 700;

/// The agents who switch.
pub(super) struct Racers {
    first: Agent,
    second: Agent,
}

/// Plays the acts.
pub(in crate::drill) struct Conductor {
    run: Arc<Run>,
    racers: Racers,
    acts: crate::drill::plan::Acts,
    active: u64,
    /// Versions that were active, the latest last.
    history: Vec<u64>,
    pause_ms: u64,
}

impl Conductor {
    pub(in crate::drill) fn new(
        run: &Arc<Run>,
        acts: crate::drill::plan::Acts,
        pause_ms: u64,
    ) -> Outcome<Conductor> {
        let racers = Racers { first: Agent::new(run, "agent-1")?, second: Agent::new(run, "agent-2")? };
        Ok(Conductor { run: Arc::clone(run), racers, acts, active: 0, history: Vec::new(), pause_ms })
    }

    /// Takes the first version live.
    pub(in crate::drill) async fn begin(&mut self) -> Option<()> {
        let agent = &self.racers.first;
        let version = agent.register(None, Shape::root()).await?;
        let built = agent.post(&format!("versions/v{version}/build"), &Value::Null).await;
        agent.done("to build the first version", built, &["already-building"])?;
        agent.wait_for(version, &["candidate"]).await?;
        let nothing = serde_json::json!({ "expected_active": null });
        let cut = agent.post(&format!("versions/v{version}/cutover"), &nothing).await;
        agent.done("to cut over to the first version", cut, &["already-active"])?;
        self.run.live.switched(version);
        self.now_active(version);
        Some(())
    }

    /// Changes the schema until it is told to end.
    pub(in crate::drill) async fn work(mut self) {
        while !self.run.ends.agents.load(Ordering::Relaxed) {
            let mut act = self.acts.next(self.racers.first.random.draw());
            if self.run.family.len() >= VERSIONS_MAX && matches!(act, Act::Good | Act::Race) {
                act = Act::Warm;
            }
            let played = match act {
                Act::Good => self.good().await,
                Act::Race => self.race().await,
                Act::Warm => self.warm().await,
                Act::Cold => self.cold().await,
                Act::Refused => self.refused().await,
            };
            if played.is_none() {
                // A finding says why; what is active is looked up, so that the next act is sound.
                self.look().await;
            }
            rest(&mut self.racers.first.random, self.pause_ms).await;
        }
    }

    fn now_active(&mut self, version: u64) {
        self.active = version;
        self.history.retain(|v| *v != version);
        self.history.push(version);
    }

    async fn look(&mut self) {
        let asked = self.racers.first.ask(Method::GET, "health", &Value::Null).await;
        let version = asked.outcome.map(|answer| crate::out::version_of(&answer)).unwrap_or_default();
        if version > 0 {
            self.run.live.switched(version);
            self.now_active(version);
        }
    }

    /// A child of the active version goes live.
    async fn good(&mut self) -> Option<()> {
        let shape = self.run.family.child(self.active, &mut self.racers.first.random)?;
        let version = self.racers.first.register(Some(self.active), shape).await?;
        self.racers.first.prepare(version).await?;
        if self.racers.first.take_live(version, self.active).await != Change::Live {
            let what = format!("v{version} met a conflict without another agent");
            self.run.find(Fault::Unexpected, "agent-1", what);
            return None;
        }
        count(&self.run.counts.changes);
        self.now_active(version);
        Some(())
    }

    /// Two children of the active version, built side by side: the first cutover wins, the second is told.
    async fn race(&mut self) -> Option<()> {
        let (first, second) = (&mut self.racers.first, &mut self.racers.second);
        let shapes = [&mut *first, &mut *second].map(|a| self.run.family.child(self.active, &mut a.random));
        let [Some(one), Some(other)] = shapes else { return None };
        let parent = Some(self.active);
        let (one, other) = tokio::join!(first.register(parent, one), second.register(parent, other));
        let (one, other) = (one?, other?);
        let (built, also_built) = tokio::join!(first.prepare(one), second.prepare(other));
        let (_, _) = (built?, also_built?);
        let ends = tokio::join!(first.take_live(one, self.active), second.take_live(other, self.active));
        let (winner, loser) = match ends {
            (Change::Live, Change::Conflict) => (one, other),
            (Change::Conflict, Change::Live) => (other, one),
            ends => {
                let what = format!("v{one} and v{other} raced, and one must win: {ends:?}");
                self.run.find(Fault::Unexpected, "agents", what);
                return None;
            }
        };
        count(&self.run.counts.changes);
        // Both said which one is live, in some order.
        self.run.live.switched(winner);
        self.now_active(winner);
        let dropped = self.racers.second.post(&format!("versions/v{loser}/drop"), &Value::Null).await;
        self.racers.second.done("to drop the loser", dropped, &["not-built", "version-not-live"])?;
        self.run.live.gone(loser);
        Some(())
    }

    /// Back to the version before, and forward again.
    async fn warm(&mut self) -> Option<()> {
        let from = self.active;
        let before = self.history.iter().rev().nth(1).copied();
        let Some(to) = before else { return Some(()) };
        if self.racers.first.stage(to).await? != "standby" {
            return Some(());
        }
        self.racers.first.rewind(to).await?;
        count(&self.run.counts.warm_rewinds);
        self.now_active(to);
        rest(&mut self.racers.first.random, self.pause_ms).await;
        if self.racers.first.take_live(from, to).await != Change::Live {
            let what = format!("v{from} cannot be taken live again after the rewind to v{to}");
            self.run.find(Fault::Unexpected, "agent-1", what);
            return None;
        }
        count(&self.run.counts.forward);
        self.now_active(from);
        Some(())
    }

    /// Back to a version that is not kept any longer, and has to be built from the log.
    async fn cold(&mut self) -> Option<()> {
        for to in self.history.clone().into_iter().rev().skip(1) {
            if self.racers.first.stage(to).await? == "dropped" {
                self.racers.first.rewind(to).await?;
                count(&self.run.counts.cold_rewinds);
                self.now_active(to);
                break;
            }
        }
        Some(())
    }

    /// What cannot be done with the version that is active.
    async fn refused(&mut self) -> Option<()> {
        let (agent, active) = (&self.racers.first, self.active);
        let path = |verb: &str| format!("versions/v{active}/{verb}");
        let null = Value::Null;
        let again = agent.post(&path("cutover"), &expecting(active)).await;
        agent.refused("to cut over to the active version", again, &["already-active"]);
        let again = agent.post(&path("rewind"), &expecting(active)).await;
        agent.refused("to rewind to the active version", again, &["already-active"]);
        let again = agent.post(&path("build"), &null).await;
        agent.refused("to build the active version", again, &["already-building"]);
        let dropped = agent.post(&path("drop"), &null).await;
        agent.refused("to drop the active version", dropped, &["in-use"]);
        Some(())
    }
}
