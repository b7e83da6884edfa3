//! An agent: it asks for changes over HTTP, sends again what a kill cut off, and knows of each request
//! whether it must be done or refused, and why.
//!
//! - `change`: the one procedure by which a version is taken live, step by step.
//! - `conductor`: who switches: good changes, races, rewinds warm and cold.
//! - `builder`: who builds versions and gives them up.
//! - `saboteur`: who asks for what must be refused, all the time.

mod builder;
mod change;
mod conductor;
mod saboteur;

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Method;
use selfsame_core::STRUCTURED;
use selfsame_sim::Random;
use serde_json::{Value, json};

use super::family::Shape;
use super::findings::Fault;
use super::run::{PAUSE, Run, count, is_away};
use crate::client::Client;
use crate::failure::{Failure, Outcome};
use crate::out::{member, show};

pub(super) use builder::build_and_give_up;
pub(super) use conductor::Conductor;
pub(super) use saboteur::sabotage;

/// How long a build, or a cold rewind, may take.
const BUILD_MAX: Duration = Duration::from_secs(120);
/// How long one request may take, over kills and restarts.
const PATIENCE: Duration = Duration::from_secs(120);

/// Somebody who changes the schema.
pub(super) struct Agent {
    run: Arc<Run>,
    name: String,
    client: Client,
    random: Random,
}

/// What became of a request.
struct Asked {
    outcome: Outcome<Value>,
    /// An earlier attempt may have been carried out without an answer, so "already done" means done.
    unsure: bool,
}

impl Asked {
    /// Whether it was refused with one of these codes.
    fn refused_as(&self, codes: &[&str]) -> bool {
        self.outcome.as_ref().err().is_some_and(|failure| codes.contains(&failure.code().as_str()))
    }
}

impl Agent {
    pub(super) fn new(run: &Arc<Run>, name: &str) -> Outcome<Agent> {
        Ok(Agent::with(run, name, run.client(name)?))
    }

    /// One who comes another way, as an operator does.
    pub(super) fn with(run: &Arc<Run>, name: &str, client: Client) -> Agent {
        Agent { run: Arc::clone(run), name: name.to_owned(), client, random: run.random(name) }
    }

    /// Asks until it is answered, whatever the answer; a freeze is waited for, and if others took back too much
    /// of what the agent took live, the operator is asked to let it go on.
    async fn ask(&self, method: Method, path: &str, body: &Value) -> Asked {
        let started = Instant::now();
        loop {
            let asked = self.ask_braked(&method, path, body).await;
            if started.elapsed() > PATIENCE || !asked.refused_as(&["frozen", "breaker-open"]) {
                return asked;
            }
            if asked.refused_as(&["breaker-open"]) {
                self.reset_breaker().await;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The operator lets the agent do more than propose again.
    async fn reset_breaker(&self) {
        count(&self.run.counts.breakers);
        let path = format!("breakers/{}/reset", self.name);
        // If the engine is away, the agent is refused once more and comes again.
        if let Err(failure) = self.run.operator.post(&path, &json!({})).await
            && !is_away(&failure)
        {
            self.run.find(Fault::Unexpected, "operator", format!("to reset a breaker: {failure}"));
        }
    }

    /// Asks until it is answered, and be the answer that a brake is on.
    async fn ask_braked(&self, method: &Method, path: &str, body: &Value) -> Asked {
        let (started, mut unsure) = (Instant::now(), false);
        loop {
            self.run.stepped.notify_waiters();
            let answer = match *method {
                Method::GET => self.client.get(path, &[]).await,
                _ => self.client.post(path, body).await,
            };
            match answer {
                Err(failure) if is_away(&failure) && started.elapsed() < PATIENCE => {
                    unsure |= matches!(failure, Failure::Unreachable { .. });
                    tokio::time::sleep(PAUSE).await;
                }
                other => return Asked { outcome: other.map(|answer| answer.json), unsure },
            }
        }
    }

    /// Asks about a version. Without more to say the body is an empty object.
    async fn order(&self, version: u64, verb: &str, body: Value) -> Asked {
        self.post(&format!("versions/v{version}/{verb}"), &body).await
    }

    async fn post(&self, path: &str, body: &Value) -> Asked {
        self.ask(Method::POST, path, body).await
    }

    /// Publishes one event.
    async fn publish(&self, event: &Value) -> Asked {
        let (started, mut unsure) = (Instant::now(), false);
        loop {
            match self.client.send("events", STRUCTURED, event.to_string()).await {
                Err(failure) if is_away(&failure) && started.elapsed() < PATIENCE => {
                    unsure |= matches!(failure, Failure::Unreachable { .. });
                    tokio::time::sleep(PAUSE).await;
                }
                other => return Asked { outcome: other.map(|answer| answer.json), unsure },
            }
        }
    }

    /// The answer to what must be done; `None`, and a finding, if it was refused. If an earlier attempt may
    /// have been carried out, these codes say that it was.
    fn done(&self, what: &str, asked: Asked, already: &[&str]) -> Option<Value> {
        if asked.unsure && asked.refused_as(already) {
            return Some(Value::Null);
        }
        match asked.outcome {
            Ok(answer) => Some(answer),
            Err(failure) => {
                let what = format!("{what} must be done: {}: {failure}", failure.code());
                self.run.find(Fault::Unexpected, &self.name, what);
                None
            }
        }
    }

    /// Counts a refusal with one of the codes; anything else is a finding.
    fn refused(&self, what: &str, asked: Asked, codes: &[&str]) {
        if asked.refused_as(codes) {
            return count(&self.run.counts.refused);
        }
        let was = match asked.outcome {
            Ok(answer) => format!("it was done: {answer}"),
            Err(failure) => format!("{}: {failure}", failure.code()),
        };
        let what = format!("{what} must be refused as {codes:?}: {was}");
        self.run.find(Fault::Unexpected, &self.name, what);
    }

    /// Registers a member of the family; the version's number.
    async fn register(&self, parent: Option<u64>, shape: Shape) -> Option<u64> {
        let what = format!("to register drill-{}", shape.tag);
        let asked = self.post("versions", &shape.document(parent)).await;
        let answer = self.done(&what, asked, &[])?;
        let version = number(member(&answer, "registered"));
        match version {
            0 => self.run.find(Fault::Failed, &self.name, format!("{what}: {answer}")),
            version => self.run.family.registered(version, shape),
        }
        (version > 0).then_some(version)
    }

    /// Waits until the version is in one of the stages. `None`, and a finding, if it stays in another one for
    /// too long.
    async fn wait_for(&self, version: u64, stages: &[&str]) -> Option<()> {
        let (started, mut stage) = (Instant::now(), String::new());
        while started.elapsed() < BUILD_MAX {
            let asked = self.ask(Method::GET, &format!("versions/v{version}"), &Value::Null).await;
            let answer = self.done("to look at a version", asked, &[])?;
            stage = show(member(&answer, "stage"));
            if stages.contains(&stage.as_str()) {
                return Some(());
            }
            if stage == "failed" {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        let what = format!("v{version} does not become {stages:?}, it is {stage}");
        self.run.find(Fault::Failed, &self.name, what);
        None
    }

    /// Waits until a build that was abandoned is over.
    async fn wait_in_vain(&self, version: u64) -> Option<()> {
        let stage = self.stage(version).await?;
        if stage == "failed" {
            return Some(());
        }
        self.run.find(Fault::Unexpected, &self.name, format!("v{version} was abandoned, and is {stage}"));
        None
    }

    /// The stage of a version.
    async fn stage(&self, version: u64) -> Option<String> {
        let asked = self.ask(Method::GET, &format!("versions/v{version}"), &Value::Null).await;
        Some(show(member(&self.done("to look at a version", asked, &[])?, "stage")))
    }
}

/// The number in a version's name; 0 if it is none.
fn number(name: &Value) -> u64 {
    let digits = name.as_str().and_then(|name| name.strip_prefix('v'));
    digits.and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

/// A cutover's body.
fn expecting(active: u64, evidence: Option<&str>) -> Value {
    let mut body = json!({ "expected_active": format!("v{active}") });
    if let (Some(members), Some(evidence)) = (body.as_object_mut(), evidence) {
        members.insert("evidence".to_owned(), evidence.into());
    }
    body
}
