//! Builds that nobody needs: they are begun, given up in the middle or at the end, and cannot be taken live
//! then.

use std::sync::atomic::Ordering;

use serde_json::Value;

use super::{Agent, expecting};
use crate::drill::run::{count, rest};

/// Builds the agent gives up before it ends; each is a version.
const BUILDS_MAX: u64 = 150;

/// Builds and gives up until it is told to end.
pub(in crate::drill) async fn build_and_give_up(mut agent: Agent, pause_ms: u64) {
    for _ in 0..BUILDS_MAX {
        if agent.run.ends.agents.load(Ordering::Relaxed) {
            return;
        }
        // A finding says what went wrong; the next build is another one.
        let _ = once(&mut agent).await;
        rest(&mut agent.random, 2 * pause_ms).await;
    }
}

async fn once(agent: &mut Agent) -> Option<()> {
    let parent = agent.run.live.active();
    let shape = agent.run.family.child(parent, &mut agent.random)?;
    let version = agent.register(Some(parent), shape).await?;
    let path = |verb: &str| format!("versions/v{version}/{verb}");
    // The expected version may be another one by now, which is checked first.
    let early = agent.post(&path("cutover"), &expecting(parent)).await;
    agent.refused("to cut over to what is not built", early, &["not-built", "active-changed"]);
    let never = agent.post(&path("rewind"), &Value::Object(serde_json::Map::new())).await;
    agent.refused("to rewind to what never was active", never, &["never-active"]);
    let built = agent.post(&path("build"), &Value::Null).await;
    if built.refused_as(&["too-many-versions"]) {
        return Some(());
    }
    agent.done("to build", built, &["already-building"])?;
    if agent.random.below(2) == 0 {
        agent.wait_for(version, &["candidate"]).await?;
        agent.run.live.built(version);
        let again = agent.post(&path("build"), &Value::Null).await;
        agent.refused("to build it again", again, &["already-building"]);
        rest(&mut agent.random, 100).await;
    }
    let dropped = agent.post(&path("drop"), &Value::Null).await;
    agent.done("to give a build up", dropped, &["not-built", "version-not-live"])?;
    agent.run.live.gone(version);
    count(&agent.run.counts.abandoned);
    let late = agent.post(&path("cutover"), &expecting(parent)).await;
    agent.refused("to cut over to what was given up", late, &["not-built", "active-changed"]);
    Some(())
}
