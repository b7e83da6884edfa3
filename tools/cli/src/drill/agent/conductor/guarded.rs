//! Acts with a brake in them: probations that hold, guards that trip, and the operator's freeze.

use std::time::{Duration, Instant};

use reqwest::Method;
use selfsame_core::limits::BREAKER_REWINDS;
use serde_json::{Value, json};

use super::Conductor;
use crate::drill::agent::{BUILD_MAX, expecting};
use crate::drill::family::Guard;
use crate::drill::findings::Fault;
use crate::drill::run::{PAUSE, count, rest};
use crate::out::member;

/// Within this time a probation of five seconds is not over.
const SURELY_ON_PROBATION: Duration = Duration::from_secs(4);

impl Conductor {
    /// A guarded child of the active version goes live.
    async fn guarded(&mut self, guard: Guard) -> Option<u64> {
        let shape = self.run.family.child(self.active, &mut self.first.random)?.guarded(guard);
        let version = self.first.register(Some(self.active), shape).await?;
        self.open.push(version);
        let evidence = self.first.prepare(version).await?;
        self.must_go_live(version, Some(&evidence)).await?;
        count(&self.run.counts.changes);
        Some(version)
    }

    /// A probation that ends well; nobody else goes live meanwhile.
    pub(super) async fn holds(&mut self) -> Option<()> {
        let before = self.active;
        let version = self.guarded(Guard::Holds).await?;
        let begun = Instant::now();
        let hasty = self.second.order(before, "cutover", expecting(version, None)).await;
        if hasty.outcome.is_ok() && begun.elapsed() > SURELY_ON_PROBATION {
            // A kill made it late: the probation was over, and the cutover allowed.
            self.run.live.switched(before);
            self.now_active(before);
            return Some(());
        }
        self.second.refused("to cut over during a probation", hasty, &["on-probation"]);
        self.wait_for_end_of_probation().await?;
        if self.first.stage(version).await? != "active" {
            let what = format!("the guard of v{version} holds, and it does not answer after its probation");
            self.run.find(Fault::Unexpected, "agent-1", what);
            return None;
        }
        count(&self.run.counts.settled);
        Some(())
    }

    /// A guard that trips: the version before answers again without anybody's doing.
    pub(super) async fn trips(&mut self) -> Option<()> {
        let before = self.active;
        let version = self.guarded(Guard::Trips).await?;
        let cut = Instant::now();
        self.first.wait_for(version, &["standby", "dropped"]).await?;
        self.run.waits.switches.note(cut);
        if self.first.stage(before).await? != "active" {
            let what = format!("the guard of v{version} tripped, and v{before} does not answer");
            self.run.find(Fault::Unexpected, "agent-1", what);
            return None;
        }
        count(&self.run.counts.tripped);
        self.run.live.switched(before);
        self.now_active(before);
        self.trips += 1;
        if self.trips == BREAKER_REWINDS {
            self.trips = 0;
            // Before anything else is asked: whoever is refused by a breaker has it reset.
            self.broken().await?;
        }
        let again = self.first.order(version, "cutover", expecting(before, None)).await;
        let codes = ["no-evidence", "not-built"];
        self.first.refused("to cut over again, without new evidence, to what tripped", again, &codes);
        // Going back to it would be possible, and forward to it would trip again.
        self.history.retain(|v| *v != version);
        Some(())
    }

    /// Too many of the agent's versions were taken back: it may propose, and do no more.
    async fn broken(&mut self) -> Option<()> {
        let version = self.child().await?;
        self.first.plan(version, json!({})).await?;
        let path = format!("versions/v{version}/build");
        let asked = self.first.ask_braked(&Method::POST, &path, &json!({})).await;
        self.first.refused("to build after three trips", asked, &["breaker-open"]);
        self.first.reset_breaker().await;
        Some(())
    }

    pub(super) async fn wait_for_end_of_probation(&self) -> Option<()> {
        let started = Instant::now();
        while started.elapsed() < BUILD_MAX {
            let asked = self.first.ask(Method::GET, "state", &Value::Null).await;
            let state = self.first.done("to look at the state", asked, &[])?;
            if member(&state, "probation").is_null() {
                return Some(());
            }
            tokio::time::sleep(8 * PAUSE).await;
        }
        self.run.find(Fault::Failed, "agent-1", "a probation does not end");
        None
    }

    /// The operator stops all changes; a rewind goes on working; then everything goes on.
    pub(super) async fn frozen(&mut self) -> Option<()> {
        let from = self.active;
        let version = self.child().await?;
        let reason = json!({ "reason": "the drill" });
        let frozen = self.operator.post("freeze", &reason).await;
        self.operator.done("to freeze", frozen, &[])?;
        count(&self.run.counts.freezes);
        for verb in ["plan", "build"] {
            let path = format!("versions/v{version}/{verb}");
            let asked = self.first.ask_braked(&Method::POST, &path, &json!({})).await;
            self.first.refused(&format!("to {verb} while changes are frozen"), asked, &["frozen"]);
        }
        let back = self.standby().await?;
        if let Some(to) = back {
            self.first.rewind(to).await?;
            count(&self.run.counts.warm_rewinds);
            self.now_active(to);
        }
        rest(&mut self.first.random, self.pause_ms).await;
        let unfrozen = self.operator.post("unfreeze", &reason).await;
        self.operator.done("to unfreeze", unfrozen, &[])?;
        if back.is_some() {
            self.must_go_live(from, None).await?;
            count(&self.run.counts.forward);
        }
        Some(())
    }
}
