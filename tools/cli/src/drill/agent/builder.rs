//! Builds that lead nowhere: given up in the middle or at the end, too slow, paused; and candidates that must
//! not be taken live: without evidence, with evidence that speaks against them, without an approval.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::{Agent, expecting};
use crate::drill::family::{Guard, Shape};
use crate::drill::findings::Fault;
use crate::drill::run::{count, rest};
use crate::out::{member, show};

/// After so many builds the agent ends; each is a version.
const BUILDS_MAX: u64 = 150;
/// Refusals that come first if another version went live, or is on probation, meanwhile.
const OVERTAKEN: [&str; 3] = ["active-changed", "stale-evidence", "on-probation"];

/// What goes on.
#[derive(Clone, Copy, Debug)]
enum Build {
    /// Given up while it is built, or when it is.
    GivenUp,
    /// Slow, paused, resumed, and abandoned.
    Slow,
    /// A guard speaks against it.
    GuardFails,
    /// The author's own prediction speaks against it.
    PredictionFails,
    /// It loses something, so an operator has to agree.
    Lossy,
}

const BUILDS: [Build; 5] =
    [Build::GivenUp, Build::Slow, Build::GuardFails, Build::PredictionFails, Build::Lossy];

/// Builds and gives up until it is told to end.
pub(in crate::drill) async fn build_and_give_up(mut agent: Agent, pause_ms: u64) {
    for _ in 0..BUILDS_MAX {
        if agent.run.ends.agents.load(Ordering::Relaxed) {
            return;
        }
        let build = agent.random.pick(&BUILDS).copied().unwrap_or(Build::GivenUp);
        // A finding says what went wrong; the next build is another one.
        let _ = one(&mut agent, build).await;
        rest(&mut agent.random, 2 * pause_ms).await;
    }
}

async fn one(agent: &mut Agent, build: Build) -> Option<()> {
    let parent = agent.run.live.active();
    let shape = agent.run.family.child(parent, &mut agent.random)?;
    match build {
        Build::GivenUp => given_up(agent, parent, shape).await,
        Build::Slow => slow(agent, parent, shape).await,
        Build::GuardFails => {
            let version = agent.register(Some(parent), shape.guarded(Guard::Fails)).await?;
            refused_on_evidence(agent, version, parent, json!({}), "failed-evidence").await
        }
        Build::PredictionFails => {
            let version = agent.register(Some(parent), shape).await?;
            let intent = json!({ "predicted": { "untouched": ["profile"] } });
            refused_on_evidence(agent, version, parent, intent, "failed-evidence").await
        }
        Build::Lossy => {
            let lossy = shape.lossy(parent);
            let asked = agent.post("versions", &lossy).await;
            let answer = agent.done("to register a lossy version", asked, &[])?;
            let version = super::number(member(&answer, "registered"));
            refused_on_evidence(agent, version, parent, json!({}), "approval-needed").await
        }
    }
}

async fn given_up(agent: &mut Agent, parent: u64, shape: Shape) -> Option<()> {
    let version = agent.register(Some(parent), shape).await?;
    // The expected version may be another one by now, which is checked first.
    let early = agent.order(version, "cutover", expecting(parent, None)).await;
    agent.refused("to cut over to what is not built", early, &["not-built", "active-changed"]);
    let never = agent.order(version, "rewind", json!({})).await;
    agent.refused("to rewind to what never was active", never, &["never-active"]);
    let built = agent.order(version, "build", json!({})).await;
    if built.refused_as(&["too-many-versions"]) {
        return Some(());
    }
    agent.done("to build", built, &["already-building"])?;
    if agent.random.below(2) == 0 {
        agent.wait_for(version, &["candidate"]).await?;
        agent.run.live.built(version);
        let again = agent.order(version, "build", json!({})).await;
        agent.refused("to build it again", again, &["already-building"]);
        let bare = agent.order(version, "cutover", expecting(parent, None)).await;
        let codes = ["no-evidence", "active-changed", "on-probation"];
        agent.refused("to cut over without evidence", bare, &codes);
        let unknown = expecting(parent, Some("00000000deadbeef"));
        let forged = agent.order(version, "cutover", unknown).await;
        let codes = ["unknown-evidence", "active-changed", "on-probation"];
        agent.refused("to cut over on evidence that is not there", forged, &codes);
        rest(&mut agent.random, 100).await;
    }
    give_up(agent, version, parent).await
}

async fn give_up(agent: &mut Agent, version: u64, parent: u64) -> Option<()> {
    agent.drop_generation(version).await?;
    count(&agent.run.counts.abandoned);
    let late = agent.order(version, "cutover", expecting(parent, None)).await;
    agent.refused("to cut over to what was given up", late, &["not-built", "active-changed"]);
    Some(())
}

/// Slower than what is published, so it never ends by itself.
async fn slow(agent: &mut Agent, parent: u64, shape: Shape) -> Option<()> {
    let version = agent.register(Some(parent), shape).await?;
    let stopped = agent.order(version, "pause", json!({})).await;
    agent.refused("to pause what is not being built", stopped, &["not-building"]);
    let built = agent.order(version, "build", json!({ "records_per_second": 100 })).await;
    if built.refused_as(&["too-many-versions"]) {
        return Some(());
    }
    agent.done("to build slowly", built, &["already-building"])?;
    for verb in ["pause", "resume", "pause", "resume"] {
        // A log that is shorter than the builder's reach is built at once.
        let asked = agent.order(version, verb, json!({})).await;
        if asked.refused_as(&["not-building"]) && agent.stage(version).await? == "candidate" {
            return give_up(agent, version, parent).await;
        }
        agent.done(&format!("to {verb} a build"), asked, &[])?;
        rest(&mut agent.random, 200).await;
    }
    let asked = agent.order(version, "abandon", json!({ "reason": "the drill" })).await;
    if asked.refused_as(&["not-building"]) && agent.stage(version).await? == "candidate" {
        return give_up(agent, version, parent).await;
    }
    agent.done("to abandon a build", asked, &["not-building"])?;
    agent.wait_in_vain(version).await?;
    count(&agent.run.counts.abandoned);
    let late = agent.order(version, "cutover", expecting(parent, None)).await;
    agent.refused("to cut over to what was abandoned", late, &["not-built", "active-changed"]);
    Some(())
}

/// Goes all the way up to the cutover, which must be refused with that code.
async fn refused_on_evidence(
    agent: &mut Agent,
    version: u64,
    parent: u64,
    intent: Value,
    code: &str,
) -> Option<()> {
    let plan = agent.order(version, "plan", intent).await;
    let plan = agent.done("to plan what will be refused", plan, &[])?;
    let plan = member(&plan, "planned");
    let approval = member(plan, "needs_approval") == &Value::Bool(true);
    if approval != (code == "approval-needed") {
        let what = format!("the plan of v{version} says of an approval: {plan}");
        agent.run.find(Fault::Unexpected, &agent.name, what);
    }
    let built = agent.order(version, "build", json!({})).await;
    if built.refused_as(&["too-many-versions"]) {
        return Some(());
    }
    agent.done("to build what will be refused", built, &["already-building"])?;
    agent.wait_for(version, &["candidate"]).await?;
    let validated = agent.order(version, "validate", json!({ "plan": member(plan, "plan") })).await;
    if !validated.refused_as(&["stale-evidence"]) {
        let validated = agent.done("to validate what will be refused", validated, &[])?;
        if member(&validated, "passed") == &Value::Bool(code == "failed-evidence") {
            let what = format!("the evidence of v{version} must lead to {code}: {validated}");
            agent.run.find(Fault::Unexpected, &agent.name, what);
        }
        let evidence = show(member(&validated, "evidence"));
        let cut = agent.order(version, "cutover", expecting(parent, Some(&evidence))).await;
        let codes: Vec<&str> = OVERTAKEN.into_iter().chain([code]).collect();
        agent.refused(&format!("to cut over in spite of {code}"), cut, &codes);
    }
    give_up(agent, version, parent).await
}
