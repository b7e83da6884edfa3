//! The end of a drill: everything comes to rest, and the state is held against the log and the twin.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Method;
use selfsame_record::{Position, VersionNo};
use serde_json::{Value, json};

use super::engine::EngineProcess;
use super::family::Projection;
use super::findings::Fault;
use super::logged::Logged;
use super::run::{PAUSE, Run};
use crate::client::Client;
use crate::commands::replay::open_log;
use crate::failure::{Failure, Outcome};
use crate::out::member;
use crate::twin::twin_digest;

/// How long the last jobs may take.
const DRAIN_MAX: Duration = Duration::from_secs(60);

/// A generation that is live in the end.
#[derive(Clone, Debug)]
struct Standing {
    version: VersionNo,
    at: Position,
    digest: String,
}

/// What the end showed besides findings.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ended {
    /// Live generations that equal the log's and the twin's state.
    pub(super) equal: u64,
    pub(super) events: u64,
    pub(super) jobs: u64,
    pub(super) position: u64,
}

/// Waits until no job is left.
pub(super) async fn drain(run: &Run) -> Outcome {
    let client = run.client("drill")?;
    let started = Instant::now();
    loop {
        let jobs = client.get("jobs", &[]).await?.json;
        let queue = member(member(&jobs, "queues"), Projection::Welcome.name());
        let open = ["pending", "leased", "waiting"].map(|name| member(queue, name).as_u64().unwrap_or(1));
        if open == [0, 0, 0] {
            return Ok(());
        }
        if started.elapsed() > DRAIN_MAX {
            run.find(Fault::LostJob, "drain", format!("{queue} after {} s", DRAIN_MAX.as_secs()));
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Compares, ends the engine, and reads its log.
pub(super) async fn judge(run: &Arc<Run>, mut engine: EngineProcess) -> Outcome<Ended> {
    let state = run.client("drill")?.get("state", &[]).await?.json;
    let standing = standing(run, &state);
    let operator = engine.operator()?;
    let mut equal = Vec::new();
    for generation in standing {
        if replays_equal(run, &operator, &generation).await? {
            equal.push(generation);
        }
    }
    if let Err(failure) = engine.stop().await {
        run.find(Fault::Failed, "engine", failure);
    }
    let folder = engine.folder().to_owned();
    let (this, position) = (Arc::clone(run), member(&state, "position").as_u64().unwrap_or_default());
    let judging = tokio::task::spawn_blocking(move || judge_log(&this, &folder, &equal));
    let ended = judging.await.map_err(|_| Failure::Bug("judging the log ended by a bug".to_owned()))??;
    Ok(Ended { position, ..ended })
}

/// The live generations, with the figures that they must have.
fn standing(run: &Run, state: &Value) -> Vec<Standing> {
    let events = member(state, "events").as_u64();
    if events != Some(run.book.events()) {
        let what = format!("the state has {events:?} events, {} are acknowledged", run.book.events());
        run.find(Fault::LostEvent, "state", what);
    }
    let versions = member(state, "versions").as_array().map(Vec::as_slice).unwrap_or_default();
    let live = versions.iter().filter(|version| member(version, "live").is_object());
    let standing = live.filter_map(|entry| {
        let live = member(entry, "live");
        let version = VersionNo::parse(member(entry, "no").as_str()?).ok()?;
        for projection in member(live, "projections").as_array().into_iter().flatten() {
            check_rows(run, version, projection);
        }
        let at = Position::new(member(live, "at").as_u64()?);
        Some(Standing { version, at, digest: member(live, "digest").as_str()?.to_owned() })
    });
    let standing: Vec<Standing> = standing.collect();
    if standing.is_empty() {
        run.find(Fault::EmptyRead, "state", "no version is live in the end");
    }
    standing
}

fn check_rows(run: &Run, version: VersionNo, projection: &Value) {
    let (name, rows) = (member(projection, "name"), member(projection, "rows").as_u64());
    let expected = if name == Projection::Welcome.name() { 0 } else { run.book.users() };
    if rows != Some(expected) {
        run.find(Fault::WrongRow, "state", format!("{name} of {version} has {rows:?} rows, not {expected}"));
    }
}

/// Whether a replay from the log alone, by the engine, comes to the live state.
async fn replays_equal(run: &Run, operator: &Client, generation: &Standing) -> Outcome<bool> {
    let body = json!({ "version": generation.version });
    let request = operator.request(Method::POST, "replay").json(&body);
    let mut last = Value::Null;
    operator
        .lines(request, &mut |_, line| {
            last = line;
            Ok(())
        })
        .await?;
    let equal = member(&last, "equal") == &Value::Bool(true);
    if !equal {
        run.find(Fault::Digest, "replay", format!("of {}: {last}", generation.version));
    }
    Ok(equal)
}

/// Reads the log of an engine that has ended.
fn judge_log(run: &Run, folder: &std::path::Path, standing: &[Standing]) -> Outcome<Ended> {
    let log = open_log(folder)?;
    let logged = Logged::read(&log)?;
    let acked = run.book.take_acked();
    logged.judge(&acked, &run.findings);
    run.checker.judge_versions(logged.switches());
    let mut equal = 0;
    for Standing { version, at, digest } in standing {
        match twin_digest(&log, *version, *at) {
            Ok(twin) if twin.to_string() == *digest => equal += 1,
            Ok(twin) => {
                let what = format!("{version} at {at} is {digest}, a twin that never changed is {twin}");
                run.find(Fault::Digest, "twin", what);
            }
            Err(failure) => run.find(Fault::Digest, "twin", format!("of {version}: {failure}")),
        }
    }
    Ok(Ended { equal, events: acked.len() as u64, jobs: logged.jobs(), position: 0 })
}
