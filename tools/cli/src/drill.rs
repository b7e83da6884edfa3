//! `selfsame drill`: the promises under load, bad agents and `kill -9`, judged answer by answer.
//!
//! An engine of its own runs as a process of its own. Producers publish in two versions at once, readers and
//! workers go on all the time, agents change the schema again and again, well and badly, and the engine is
//! killed and started again. A checker follows every answer; in the end the log is read, and the state held
//! against it and against a twin that never changed. Anything but zeros is exit 1.
//!
//! Not here: what the rows mean for users, in `docs/drill.md`.

mod agent;
mod book;
mod checker;
mod ending;
mod engine;
mod family;
mod findings;
mod follower;
mod killer;
mod link;
mod live;
mod logged;
mod plan;
mod producer;
mod reader;
mod report;
mod run;
mod waits;
mod worker;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use tokio::task::JoinSet;

use self::agent::{Agent, Conductor, build_and_give_up, sabotage};
use self::engine::EngineProcess;
use self::family::Projection;
use self::findings::Fault;
use self::follower::Follower;
use self::plan::{Kill, Plan};
use self::producer::Producer;
use self::reader::{Reader, Way};
use self::report::Report;
use self::run::Run;
use self::worker::{Finished, Worker};
use crate::failure::{Failure, Outcome};
use crate::out::{Out, line};

/// How often it is said how far the drill is.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// Put an engine under load, bad agents and `kill -9`, and check every answer
///
/// An engine of its own is started in a folder of its own, with NATS if `nats-server` is on the PATH.
/// Producers, readers, workers and agents work on it while it is killed and started again. In the end the
/// log is read, and the state compared with a replay and with a twin that never changed its version. The exit
/// code is 0 only if every figure that must be zero is zero; otherwise the folder is kept.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame drill
  selfsame drill --seconds 600 --json
  selfsame drill --seed 4711 --data ./drill       again what a seed did, and keep the engine's folder")]
pub(crate) struct DrillArgs {
    /// How long the load lasts; the judgement comes after it
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(5..=86_400))]
    seconds: u64,
    /// The number that everything random follows from [default: another one each time]
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// A new folder for the engine, which is kept [default: a temporary one, kept if something is wrong]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Do not kill the engine
    #[arg(long)]
    no_kill: bool,
}

/// Plays the drill.
pub(crate) async fn run(args: DrillArgs, out: Out) -> Outcome {
    let seed = args.seed.unwrap_or_else(any_seed);
    let kill = if args.no_kill { Kill::Never } else { Kill::AtRandom };
    let plan = Plan::new(seed, Duration::from_secs(args.seconds), kill);
    let folder = Folder::make(args.data)?;
    eprintln!("drill: seed {seed}, {} s, in {}", args.seconds, folder.path().display());
    let report = drill(&plan, folder.path()).await;
    let judged = report.and_then(|report| {
        let text = if out.json { report.json().to_string() } else { report.table() };
        line(&text).and_then(|()| report.judge())
    });
    if judged.is_err() {
        let kept = folder.keep();
        eprintln!("drill: seed {seed}; the engine's folder and what it wrote are kept in {}", kept.display());
    }
    judged
}

/// A number that is another one each time.
fn any_seed() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(0) & 0xffff_ffff
}

/// Where the engine's folder is.
enum Folder {
    /// Removed if nobody keeps it.
    Passing(tempfile::TempDir),
    Given(PathBuf),
}

impl Folder {
    fn make(given: Option<PathBuf>) -> Outcome<Folder> {
        let Some(path) = given else {
            let wrong = |source| Failure::File { path: std::env::temp_dir(), verb: "written", source };
            let made = tempfile::Builder::new().prefix("selfsame-drill-").tempdir();
            return Ok(Folder::Passing(made.map_err(wrong)?));
        };
        if path.join("engine").exists() {
            let what = format!(
                "`{}` has an engine's folder already; a drill begins with an empty log",
                path.display()
            );
            return Err(Failure::Usage(what));
        }
        match std::fs::create_dir_all(&path) {
            Ok(()) => Ok(Folder::Given(path)),
            Err(source) => Err(Failure::File { path, verb: "made", source }),
        }
    }

    fn path(&self) -> &Path {
        match self {
            Folder::Passing(folder) => folder.path(),
            Folder::Given(path) => path,
        }
    }

    fn keep(self) -> PathBuf {
        match self {
            Folder::Passing(folder) => folder.keep(),
            Folder::Given(path) => path,
        }
    }
}

/// Everybody who works, in the order in which they end.
struct Cast {
    agents: JoinSet<()>,
    producers: JoinSet<()>,
    workers: JoinSet<()>,
    readers: JoinSet<()>,
}

async fn drill(plan: &Plan, folder: &Path) -> Outcome<Report> {
    std::fs::create_dir_all(folder.join("engine")).map_err(|source| Failure::File {
        path: folder.to_owned(),
        verb: "written",
        source,
    })?;
    let engine = EngineProcess::start(folder).await?;
    let nats = match engine.nats() {
        Some(url) => Some(connect(url).await?),
        None => None,
    };
    let run = Arc::new(Run::new(plan.seed, engine.http(), nats, engine.operator()?));
    let mut conductor = Conductor::new(&run, plan.acts.clone(), plan.pause_ms)?;
    if conductor.begin().await.is_none() {
        let reason = run.findings.said().join("; ");
        return Err(Failure::Server { what: "the drill", reason });
    }
    let mut cast = Cast::start(&run, plan, conductor)?;
    let killer = tokio::spawn(killer::kill_and_start(Arc::clone(&run), engine, plan.kills.clone()));
    go_on(&run, plan.length, &killer).await;
    end(&mut cast.agents, &run.ends.agents, &run).await;
    let engine = killer.await.map_err(|e| Failure::Bug(e.to_string()))??;
    end(&mut cast.producers, &run.ends.producers, &run).await;
    run.ends.draining.store(true, Ordering::Relaxed);
    ending::drain(&run).await?;
    end(&mut cast.workers, &run.ends.workers, &run).await;
    end(&mut cast.readers, &run.ends.readers, &run).await;
    let ended = ending::judge(&run, engine).await?;
    Ok(Report::new(&run, plan, ended))
}

async fn connect(url: &str) -> Outcome<async_nats::Client> {
    let connected = async_nats::connect(url).await;
    connected.map_err(|e| Failure::Server { what: "the connection to NATS", reason: e.to_string() })
}

impl Cast {
    fn start(run: &Arc<Run>, plan: &Plan, conductor: Conductor) -> Outcome<Cast> {
        let mut cast = Cast {
            agents: JoinSet::new(),
            producers: JoinSet::new(),
            workers: JoinSet::new(),
            readers: JoinSet::new(),
        };
        for habit in &plan.producers {
            cast.producers.spawn(Producer::new(run, habit.clone())?.work());
        }
        for way in Way::ALL {
            cast.readers.spawn(Reader::new(run, way)?.work());
        }
        let followers = [Projection::Profile, Projection::Activity].map(|p| Follower::new(run, p));
        for follower in followers {
            cast.readers.spawn(apart(follower?.work()));
        }
        let finished = Arc::new(Finished::default());
        for number in 1..=plan.workers {
            cast.workers.spawn(Worker::new(run, number, &finished)?.work());
        }
        cast.agents.spawn(conductor.work());
        cast.agents.spawn(build_and_give_up(Agent::new(run, "builder")?, plan.pause_ms));
        cast.agents.spawn(sabotage(Agent::new(run, "saboteur")?, plan.pause_ms));
        Ok(cast)
    }
}

/// Runs on a thread of its own: checking a flood of messages must not make others wait, whose waits are measured.
async fn apart(work: impl Future<Output = ()> + Send + 'static) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else { return work.await };
    let thread = tokio::task::spawn_blocking(move || runtime.block_on(work));
    if let Err(err) = thread.await {
        std::panic::resume_unwind(Box::new(err.to_string()));
    }
}

/// Waits until the time is over, Ctrl-C is pressed, or the engine cannot be started again.
async fn go_on<T>(run: &Run, length: Duration, killer: &tokio::task::JoinHandle<T>) {
    let until = Instant::now() + length;
    let mut say = tokio::time::interval(SAY_EVERY);
    say.tick().await;
    let mut look = tokio::time::interval(Duration::from_millis(100));
    while Instant::now() < until && !killer.is_finished() {
        tokio::select! {
            _ = look.tick() => {}
            _ = tokio::signal::ctrl_c() => return,
            _ = say.tick() => eprintln!(
                "drill: {} s left; {} events, {} reads, {} changes, {} kills, {} findings",
                until.saturating_duration_since(Instant::now()).as_secs(),
                run.book.events(),
                run.checker.reads(),
                run.counts.changes.load(Ordering::Relaxed),
                run.counts.kills.load(Ordering::Relaxed),
                run.findings.total(),
            ),
        }
    }
}

/// Tells them to end, and waits for it.
async fn end(tasks: &mut JoinSet<()>, told: &AtomicBool, run: &Run) {
    told.store(true, Ordering::Relaxed);
    while let Some(ended) = tasks.join_next().await {
        if let Err(err) = ended {
            run.find(Fault::Failed, "drill", err);
        }
    }
}
