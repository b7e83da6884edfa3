//! The agents who switch, one act after the other: what is active is theirs to say.

mod guarded;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use reqwest::Method;
use serde_json::{Value, json};

use super::change::Change;
use super::{Agent, expecting};
use crate::drill::family::Shape;
use crate::drill::findings::Fault;
use crate::drill::plan::{Act, Acts};
use crate::drill::run::{Run, count, rest};
use crate::failure::Outcome;

/// Versions of one drill, below the engine's limit of a thousand; then it goes on with those that there are.
const VERSIONS_MAX: usize = 700;

/// Plays the acts.
pub(in crate::drill) struct Conductor {
    run: Arc<Run>,
    first: Agent,
    second: Agent,
    operator: Agent,
    acts: Acts,
    active: u64,
    /// Versions that were active, the latest last.
    history: Vec<u64>,
    /// Versions that the present act registered.
    open: Vec<u64>,
    /// Guards of the first agent's that tripped since its breaker was reset.
    trips: usize,
    pause_ms: u64,
}

impl Conductor {
    pub(in crate::drill) fn new(run: &Arc<Run>, acts: Acts, pause_ms: u64) -> Outcome<Conductor> {
        let (first, second) = (Agent::new(run, "agent-1")?, Agent::new(run, "agent-2")?);
        let operator = Agent::with(run, "operator", run.operator.clone());
        let (history, open) = (Vec::new(), Vec::new());
        let run = Arc::clone(run);
        Ok(Conductor { run, first, second, operator, acts, active: 0, history, open, trips: 0, pause_ms })
    }

    /// Takes the first version live.
    pub(in crate::drill) async fn begin(&mut self) -> Option<()> {
        let agent = &self.first;
        let version = agent.register(None, Shape::root()).await?;
        agent.build(version).await?;
        // There is nothing to compare with.
        let cut = agent.order(version, "cutover", json!({ "expected_active": null })).await;
        agent.done("to cut over to the first version", cut, &["already-active"])?;
        self.run.live.switched(version);
        self.now_active(version);
        Some(())
    }

    /// Changes the schema until it is told to end.
    pub(in crate::drill) async fn work(mut self) {
        while !self.run.ends.agents.load(Ordering::Relaxed) {
            let mut act = self.acts.next(self.first.random.draw());
            if self.run.family.len() >= VERSIONS_MAX && act.registers() {
                act = Act::Warm;
            }
            if self.play(act).await.is_none() {
                // A finding says why; the next act must not suffer from it.
                self.clear().await;
            }
            self.open.clear();
            rest(&mut self.first.random, self.pause_ms).await;
        }
    }

    async fn play(&mut self, act: Act) -> Option<()> {
        // Whenever a guarded version is cut over to its probation begins, and nobody goes live meanwhile.
        if self.run.family.shape(self.active).is_some_and(|shape| shape.is_guarded()) {
            self.wait_for_end_of_probation().await?;
        }
        match act {
            Act::Good => self.good().await,
            Act::Race => self.race().await,
            Act::Warm => self.warm().await,
            Act::Cold => self.cold().await,
            Act::Stale => self.stale().await,
            Act::Holds => self.holds().await,
            Act::Trips => self.trips().await,
            Act::Frozen => self.frozen().await,
            Act::Refused => self.refused().await,
        }
    }

    fn now_active(&mut self, version: u64) {
        self.active = version;
        self.history.retain(|v| *v != version);
        self.history.push(version);
    }

    /// Looks up what is active, and drops what an act that went wrong has left.
    async fn clear(&mut self) {
        let asked = self.first.ask(Method::GET, "health", &Value::Null).await;
        let version = asked.outcome.map(|answer| crate::out::version_of(&answer)).unwrap_or_default();
        if version > 0 {
            self.run.live.switched(version);
            self.now_active(version);
        }
        for open in std::mem::take(&mut self.open) {
            if open != version {
                // It is refused where there is nothing to drop.
                let _ = self.first.order(open, "drop", json!({})).await;
                self.run.live.gone(open);
            }
        }
    }

    /// A new child of the active version, registered.
    async fn child(&mut self) -> Option<u64> {
        let shape = self.run.family.child(self.active, &mut self.first.random)?;
        let version = self.first.register(Some(self.active), shape).await?;
        self.open.push(version);
        Some(version)
    }

    /// A child of the active version goes live.
    async fn good(&mut self) -> Option<()> {
        let version = self.child().await?;
        let evidence = self.first.prepare(version).await?;
        self.must_go_live(version, Some(&evidence)).await?;
        count(&self.run.counts.changes);
        Some(())
    }

    /// Takes a version live where nobody else switches.
    async fn must_go_live(&mut self, version: u64, evidence: Option<&str>) -> Option<()> {
        match self.first.take_live(version, self.active, evidence).await {
            Change::Live => {
                self.now_active(version);
                Some(())
            }
            Change::Conflict => {
                let what = format!("v{version} met a conflict without another agent");
                self.run.find(Fault::Unexpected, "agent-1", what);
                None
            }
            Change::Failed => None,
        }
    }

    /// Two children of the active version, built side by side: the first cutover wins, the second is told.
    async fn race(&mut self) -> Option<()> {
        let (first, second) = (&mut self.first, &mut self.second);
        let shapes = [&mut *first, &mut *second].map(|a| self.run.family.child(self.active, &mut a.random));
        let [Some(one), Some(other)] = shapes else { return None };
        let parent = Some(self.active);
        let (one, other) = tokio::join!(first.register(parent, one), second.register(parent, other));
        let (one, other) = (one?, other?);
        self.open.extend([one, other]);
        let (grounds, other_grounds) = tokio::join!(first.prepare(one), second.prepare(other));
        let (grounds, other_grounds) = (grounds?, other_grounds?);
        let ends = tokio::join!(
            first.take_live(one, self.active, Some(&grounds)),
            second.take_live(other, self.active, Some(&other_grounds))
        );
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
        self.now_active(winner);
        self.second.drop_generation(loser).await
    }

    /// Back to the version before, and forward again.
    async fn warm(&mut self) -> Option<()> {
        let from = self.active;
        let Some(to) = self.standby().await? else { return Some(()) };
        self.first.rewind(to).await?;
        count(&self.run.counts.warm_rewinds);
        self.now_active(to);
        rest(&mut self.first.random, self.pause_ms).await;
        self.must_go_live(from, None).await?;
        count(&self.run.counts.forward);
        Some(())
    }

    /// The version before, if it is kept in step.
    async fn standby(&self) -> Option<Option<u64>> {
        let Some(before) = self.history.iter().rev().nth(1).copied() else { return Some(None) };
        let stage = self.first.stage(before).await?;
        Some((stage == "standby").then_some(before))
    }

    /// Back to a version that is not kept any longer, and has to be built from the log.
    async fn cold(&mut self) -> Option<()> {
        for to in self.history.clone().into_iter().rev().skip(1) {
            if self.first.stage(to).await? == "dropped" {
                self.first.rewind(to).await?;
                count(&self.run.counts.cold_rewinds);
                self.now_active(to);
                break;
            }
        }
        Some(())
    }

    /// Evidence that another change has overtaken, and evidence of another version.
    async fn stale(&mut self) -> Option<()> {
        let late = self.child().await?;
        let stale = self.first.prepare(late).await?;
        let version = self.child().await?;
        let grounds = self.first.prepare(version).await?;
        let others = self.first.order(version, "cutover", expecting(self.active, Some(&stale))).await;
        self.first.refused("to cut over on another version's evidence", others, &["stale-evidence"]);
        self.must_go_live(version, Some(&grounds)).await?;
        count(&self.run.counts.changes);
        let stale = self.first.order(late, "cutover", expecting(self.active, Some(&stale))).await;
        self.first.refused("to cut over on stale evidence", stale, &["stale-evidence"]);
        self.first.drop_generation(late).await
    }

    /// What cannot be done with the version that is active.
    async fn refused(&mut self) -> Option<()> {
        let (agent, active) = (&self.first, self.active);
        let again = agent.order(active, "cutover", expecting(active, None)).await;
        agent.refused("to cut over to the active version", again, &["already-active"]);
        let again = agent.order(active, "rewind", expecting(active, None)).await;
        agent.refused("to rewind to the active version", again, &["already-active"]);
        let again = agent.order(active, "plan", json!({})).await;
        agent.refused("to plan the active version", again, &["already-active"]);
        let again = agent.order(active, "build", json!({})).await;
        agent.refused("to build the active version", again, &["already-building"]);
        let dropped = agent.order(active, "drop", json!({})).await;
        agent.refused("to drop the active version", dropped, &["in-use"]);
        Some(())
    }
}
