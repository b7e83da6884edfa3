//! `selfsame demo`: the whole promise in ten seconds, on the history of a git repository.
//!
//! An engine of its own takes in the first part of the history at v1. While the rest goes on coming in,
//! and readers and workers never stop, an agent registers v2, builds it, cuts over, rewinds and rolls
//! forward again. Then it is judged: by what the readers saw, by what is in the log, and by a twin that
//! never changed its version. Anything but zeros is exit 1.

mod feed;
mod judge;
mod shape;
mod stage;
mod table;
mod watch;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use clap::Args;
use selfsame_record::VersionNo;
use serde_json::{Value, json};

use self::feed::Fed;
use self::stage::Stage;
use self::table::Verdict;
use self::watch::{Seen, Watch};
use crate::client::Client;
use crate::documents::{GIT_V1, GIT_V2};
use crate::failure::{Failure, Outcome};
use crate::git::{GitEvent, Limits, generated, history};
use crate::out::{member, show};
use crate::publisher::Tally;
use crate::twin::twin_digest;

/// Events taken from a long history; the demo shows a drill, not an import.
const EVENTS_MAX: usize = 20_000;
/// How long the second part of the history takes to come in.
const DRILL: Duration = Duration::from_secs(7);
/// How long each version is left to answer.
const ACT: Duration = Duration::from_millis(1500);
/// The longest that a shadow build may take before the demo gives up.
const BUILD_WAIT: Duration = Duration::from_secs(60);

/// Options of the demo.
#[derive(Args, Clone, Debug)]
pub(crate) struct DemoArgs {
    /// Take the history of this git repository instead of the one around the current folder
    #[arg(long, value_name = "PATH")]
    repo: Option<PathBuf>,
    /// Keep the engine's folder, to look at afterwards
    #[arg(long)]
    keep: bool,
}

/// Plays the demo.
pub(crate) async fn run(args: DemoArgs) -> Outcome {
    let events = read_events(args.repo)?;
    let wrong = |source| Failure::File { path: std::env::temp_dir(), verb: "written", source };
    let folder = tempfile::Builder::new().prefix("selfsame-demo-").tempdir().map_err(wrong)?;
    let stage = Stage::set(folder.path()).await?;
    let verdict = drill(&stage, events).await;
    stage.strike().await?;
    let verdict = verdict?;
    println!("{}", verdict.table());
    if args.keep {
        let kept = folder.keep().join("engine");
        println!("\nThe engine's folder is kept. To go on by hand:\n");
        println!("  selfsame serve --dev --dir {}", kept.display());
    } else {
        println!("\nTo go on by hand (`selfsame demo --keep` keeps this engine's folder for it):\n");
        println!("  selfsame serve --dev --dir ./data");
    }
    println!("  selfsame import git .                 in another terminal");
    println!("  selfsame state");
    println!("  selfsame query files --by churn --desc --limit 5");
    verdict.judge()
}

/// The history to play with: the repository's, or a made-up one where there is none.
fn read_events(repo: Option<PathBuf>) -> Outcome<Vec<GitEvent>> {
    let named = repo.is_some();
    let path = repo.unwrap_or_else(|| PathBuf::from("."));
    let read = history(&path, Limits::default());
    let events: Result<Vec<GitEvent>, _> = match read {
        Ok(history) => history.take(EVENTS_MAX).collect(),
        Err(err) => Err(err),
    };
    match events {
        Ok(events) if events.len() >= 20 => {
            eprintln!("history: {} events from the git repository at {}", events.len(), path.display());
            Ok(events)
        }
        Ok(events) if named => {
            let reason = format!("it has {} events, and the demo needs 20", events.len());
            Err(Failure::Input { what: format!("`{}`", path.display()), reason })
        }
        Err(err) if named => Err(err.into()),
        _ => {
            let events = generated(5_000);
            eprintln!(
                "history: no git history here, so {} made-up events (`--repo PATH` names one)",
                events.len()
            );
            Ok(events)
        }
    }
}

/// What the drill measured on its way.
struct Acts {
    cutover: Duration,
    rewind: Duration,
    forward: Duration,
    window: Value,
    twin_at_rewind: bool,
}

async fn drill(stage: &Stage, events: Vec<GitEvent>) -> Outcome<Verdict> {
    let agent = stage.client("agent")?;
    let mut importer = stage.publisher("git").await?;
    eprintln!("engine: {}; events go in {}", agent.at(), importer.how());
    take_live(&agent, "v1", GIT_V1).await?;
    let fed = Arc::new(Fed::default());
    let total = events.len() as u64;
    let (first, rest) = events.split_at(events.len() * 2 / 5);
    let keys = authors(first);
    eprintln!("import: {} events at v1, then {} more while the schema changes", first.len(), rest.len());
    let before = feed::publish_all(&mut importer, first, &fed).await?;
    let watch = Watch::start(|name| stage.client(name), &keys, [GIT_V1, GIT_V2])?;
    let feeding = feed::spawn(importer, rest.to_vec(), DRILL, &fed);
    let acts = change(stage, &agent, &fed).await;
    let after = feeding.await.map_err(|e| Failure::Bug(e.to_string()))??;
    tokio::time::sleep(ACT / 3).await;
    let seen = watch.end().await;
    judge(stage, total, &[before, after], seen, acts?, &fed)
}

/// The agent's part: register, build, cut over, rewind, roll forward.
async fn change(stage: &Stage, agent: &Client, fed: &Fed) -> Outcome<Acts> {
    tokio::time::sleep(ACT / 3).await;
    agent.send("versions", "application/yaml", GIT_V2).await?;
    let plan = agent.get("versions/v2/plan", &[]).await?.json;
    eprintln!("agent: v2 is registered; its plan says the change is {}", member(&plan, "class"));
    build(agent, "v2").await?;
    fed.second_is_live.store(1, Ordering::Relaxed);
    let (validation, validated) = timed(validate(agent, "v2")).await?;
    let evidence = member(&validated, "evidence");
    eprintln!("agent: compared v2 with v1 row by row in {validation:?}; evidence {}", show(evidence));
    let ask = json!({ "expected_active": "v1", "evidence": evidence });
    let (cutover, _) = timed(agent.post("versions/v2/cutover", &ask)).await?;
    eprintln!("agent: cut over to v2 in {cutover:?}; events of both versions go on coming in");
    tokio::time::sleep(ACT).await;
    let reason = json!({ "expected_active": "v2", "reason": "the drill" });
    let (rewind, answer) = timed(agent.post("versions/v1/rewind", &reason)).await?;
    let handle = stage.engine.handle();
    let live = judge::live_digest(handle, VersionNo::FIRST);
    eprintln!("agent: rewound to v1 in {rewind:?}");
    tokio::time::sleep(ACT).await;
    let (forward, _) = timed(agent.post("versions/v2/cutover", &json!({ "expected_active": "v1" }))).await?;
    eprintln!("agent: rolled forward to v2 in {forward:?}");
    let twin_at_rewind = match live {
        Some((at, digest)) => twin_digest(&**handle.log(), VersionNo::FIRST, at)? == digest,
        None => false,
    };
    let window = member(&answer, "window").clone();
    Ok(Acts { cutover, rewind, forward, window, twin_at_rewind })
}

fn judge(
    stage: &Stage,
    total: u64,
    tallies: &[Tally],
    seen: Seen,
    acts: Acts,
    fed: &Fed,
) -> Outcome<Verdict> {
    let handle = stage.engine.handle();
    let log = &**handle.log();
    let logged = judge::read_log(log)?;
    let switches = handle.read(|s| s.status().lifecycle.switches().to_vec());
    let acknowledged: u64 = tallies.iter().map(|t| t.new).sum();
    let equal_at_end = match judge::live_digest(handle, VersionNo::FIRST) {
        Some((at, digest)) => twin_digest(log, VersionNo::FIRST, at)? == digest,
        None => false,
    };
    let twice = logged.finished.values().filter(|times| **times > 1).count() as u64;
    let distinct: std::collections::BTreeSet<u64> = seen.done.iter().copied().collect();
    Ok(Verdict {
        events: total,
        in_second: fed.in_second.load(Ordering::Relaxed),
        over: if stage.has_nats() { "NATS" } else { "HTTP" },
        refused: tallies.iter().flat_map(|t| t.refused.values()).sum(),
        lost: acknowledged.abs_diff(logged.events.len() as u64) + total.saturating_sub(acknowledged),
        reads: seen.reads,
        mixed: seen.mixed + judge::wrong_version(&seen, &switches),
        backwards: seen.backwards,
        empty: seen.empty,
        jobs: logged.finished.len() as u64,
        jobs_twice: twice + (seen.done.len() - distinct.len()) as u64,
        fenced: seen.fenced,
        longest: seen.longest,
        cutover: acts.cutover,
        rewind: acts.rewind,
        forward: acts.forward,
        window: member(&acts.window, "events").as_u64(),
        twin: acts.twin_at_rewind && equal_at_end,
        failures: seen.failures,
    })
}

async fn take_live(agent: &Client, version: &str, document: &str) -> Outcome {
    agent.send("versions", "application/yaml", document.to_owned()).await?;
    build(agent, version).await?;
    agent.post(&format!("versions/{version}/cutover"), &json!({ "expected_active": null })).await?;
    Ok(())
}

/// Plans a change and compares the candidate with what answers.
async fn validate(agent: &Client, version: &str) -> Outcome<crate::client::Answer> {
    agent.post(&format!("versions/{version}/plan"), &json!({})).await?;
    agent.post(&format!("versions/{version}/validate"), &json!({})).await
}

/// Builds a version in the shadow, and waits until it is a candidate.
async fn build(agent: &Client, version: &str) -> Outcome {
    agent.post(&format!("versions/{version}/build"), &json!({})).await?;
    let until = Instant::now() + BUILD_WAIT;
    loop {
        let shown = agent.get(&format!("versions/{version}"), &[]).await?.json;
        let stage = member(&shown, "stage").as_str().unwrap_or_default().to_owned();
        if stage == "candidate" {
            return Ok(());
        }
        if stage != "building" || Instant::now() > until {
            return Err(Failure::NotBuilt { version: version.to_owned(), stage });
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn timed(answer: impl Future<Output = Outcome<crate::client::Answer>>) -> Outcome<(Duration, Value)> {
    let started = Instant::now();
    let answer = answer.await?;
    Ok((started.elapsed(), answer.json))
}

/// The authors of the events, each once.
fn authors(events: &[GitEvent]) -> Vec<String> {
    let commits = events.iter().filter(|event| matches!(event, GitEvent::Commit(_)));
    let emails: std::collections::BTreeSet<String> =
        commits.map(|e| e.commit().author_email.clone()).collect();
    emails.into_iter().collect()
}
