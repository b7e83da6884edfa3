//! How a version is taken live: the one place where the steps of a change stand.

use std::time::Instant;

use reqwest::Method;
use serde_json::Value;

use super::{Agent, expecting};
use crate::drill::findings::Fault;
use crate::drill::run::count;
use crate::out::member;

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
    /// Brings a registered version to where it can be cut over to: built, and in step.
    pub(super) async fn prepare(&self, version: u64) -> Option<()> {
        let plan = self.ask(Method::GET, &format!("versions/v{version}/plan"), &Value::Null).await;
        let plan = self.done("to plan", plan, &[])?;
        if member(&plan, "rollback_safe") != &Value::Bool(true) {
            let what = format!("the plan of v{version} must be rollback-safe: {plan}");
            self.run.find(Fault::Unexpected, &self.name, what);
        }
        let built = self.post(&format!("versions/v{version}/build"), &Value::Null).await;
        self.done("to build", built, &["already-building"])?;
        self.wait_for(version, &["candidate", "active", "standby"]).await?;
        self.run.live.built(version);
        Some(())
    }

    /// Makes a version that is prepared the active one, in the place of `expected`.
    pub(super) async fn take_live(&self, version: u64, expected: u64) -> Change {
        let sent = Instant::now();
        let asked = self.post(&format!("versions/v{version}/cutover"), &expecting(expected)).await;
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
        let reason = serde_json::json!({ "reason": "the drill" });
        let asked = self.post(&format!("versions/v{version}/rewind"), &reason).await;
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
}
