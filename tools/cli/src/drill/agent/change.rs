//! How a version is taken live: the one place where the steps of a change stand.
//!
//! plan → build → validate → cut over. Each step is sent again if a kill cut it off; what it led to before the
//! kill is in the log, so "it is so already" is an answer as good as the first.

use std::time::Instant;

use serde_json::{Value, json};

use super::{Agent, expecting};
use crate::drill::findings::Fault;
use crate::drill::run::count;
use crate::out::{member, show};

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// The version answers.
    Live,
    /// Another version answers than the one that was expected to be replaced.
    Conflict,
    /// It did not work out, and a finding says why.
    Failed,
}

impl Agent {
    /// Brings a registered version to where it can be cut over to: planned, built, in step, and compared with
    /// what answers. The evidence.
    pub(super) async fn prepare(&self, version: u64) -> Option<String> {
        let plan = self.plan(version, json!({})).await?;
        if member(&plan, "needs_approval") != &Value::Bool(false) {
            let what = format!("the plan of v{version} must not need an approval: {plan}");
            self.run.find(Fault::Unexpected, &self.name, what);
        }
        self.build(version).await?;
        let validated = self.validate(version, &plan).await?;
        if member(&validated, "passed") != &Value::Bool(true) {
            let what = format!("the comparison of v{version} must pass: {validated}");
            self.run.find(Fault::Unexpected, &self.name, what);
        }
        Some(show(member(&validated, "evidence")))
    }

    /// The plan of a change, as it was bound.
    pub(super) async fn plan(&self, version: u64, intent: Value) -> Option<Value> {
        let asked = self.order(version, "plan", intent).await;
        let answer = self.done(&format!("to plan v{version}"), asked, &[])?;
        Some(member(&answer, "planned").clone())
    }

    /// Builds a version, and waits until it is in step.
    pub(super) async fn build(&self, version: u64) -> Option<()> {
        let asked = self.order(version, "build", json!({ "share_percent": 100 })).await;
        self.done(&format!("to build v{version}"), asked, &["already-building"])?;
        self.wait_for(version, &["candidate", "active", "standby"]).await?;
        self.run.live.built(version);
        Some(())
    }

    /// Compares a version that is built with the one that answers; the plan must still hold.
    pub(super) async fn validate(&self, version: u64, plan: &Value) -> Option<Value> {
        let body = json!({ "plan": member(plan, "plan") });
        let asked = self.order(version, "validate", body).await;
        self.done(&format!("to validate v{version}"), asked, &[])
    }

    /// Makes a version that is prepared the active one, in the place of `expected`.
    pub(super) async fn take_live(&self, version: u64, expected: u64, evidence: Option<&str>) -> Change {
        let sent = Instant::now();
        let asked = self.order(version, "cutover", expecting(expected, evidence)).await;
        if asked.refused_as(&["active-changed"]) {
            count(&self.run.counts.conflicts);
            return Change::Conflict;
        }
        let Some(_) = self.done(&format!("to cut over to v{version}"), asked, &["already-active"]) else {
            return Change::Failed;
        };
        self.run.waits.switches.note(sent);
        self.run.live.switched(version);
        Change::Live
    }

    /// Goes back to an earlier version, which is in step (warm) or has to be built first (cold).
    pub(super) async fn rewind(&self, version: u64) -> Option<()> {
        let sent = Instant::now();
        let asked = self.order(version, "rewind", json!({ "reason": "the drill" })).await;
        let answer = self.done(&format!("to rewind to v{version}"), asked, &["already-active"])?;
        if answer.get("pending").is_some() {
            self.wait_for(version, &["active"]).await?;
            self.run.waits.switches.note(Instant::now());
        } else {
            self.run.waits.switches.note(sent);
        }
        self.run.live.switched(version);
        Some(())
    }

    /// Gives a generation up.
    pub(super) async fn drop_generation(&self, version: u64) -> Option<()> {
        let asked = self.order(version, "drop", json!({})).await;
        self.done(&format!("to drop v{version}"), asked, &["not-built", "version-not-live"])?;
        self.run.live.gone(version);
        Some(())
    }
}
