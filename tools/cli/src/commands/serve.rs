//! `serve`: an engine and its servers, until it is told to stop.

mod servers;
mod source;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use selfsame_core::Settings;
use selfsame_node::Engine;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use crate::failure::{Failure, Outcome};
use crate::out::{Out, line};
use crate::reach::{LISTEN, OPERATOR, SERVING, Serving};
use servers::Servers;
use source::Source;

/// How often it is looked whether the engine still runs.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How often it is tried to list the log's files at the end, while readers let go of it.
const SEAL_TRIES: u32 = 25;

/// Serve an engine from a folder
///
/// The log in the folder is all that counts: everything else follows from it. Services publish and read
/// over HTTP, and over NATS if it is given; operators use the socket `operator.sock` in the folder, which
/// only the folder's owner can open. `serving.json` says where the engine listens while it does.
///
/// With --boundary the signed files in that folder say who may do what; they are read again on SIGHUP and when they
/// change, and what does not verify is refused while the last one stays in force. With --dev there is none: nobody's
/// identity is proven, and whoever reaches the engine may do everything. It listens on this machine alone either way.
///
/// SIGINT or SIGTERM ends it: what waits is finished first. What was acknowledged survives any end.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame serve --dir ./data --boundary ./boundary --boundary-key OB…
  selfsame serve --dir ./data --dev                         to try it out
  selfsame serve --dir ./data --dev --nats managed          with a nats-server of its own")]
pub(crate) struct ServeArgs {
    /// The folder of the log; made if it is not there
    #[arg(long, value_name = "DIR", env = "SELFSAME_DIR", hide_env_values = true)]
    dir: PathBuf,
    /// Where to listen for HTTP, on this machine; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = LISTEN)]
    listen: SocketAddr,
    /// The folder of the boundary: the signed files that say who may do what
    #[arg(long, value_name = "DIR", requires = "boundary_key")]
    boundary: Option<PathBuf>,
    /// The public key that the boundary is signed with
    #[arg(long, value_name = "KEY", requires = "boundary")]
    boundary_key: Option<String>,
    /// A second listener for operators, on this machine; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", requires = "boundary")]
    operator_listen: Option<SocketAddr>,
    /// Serve without a boundary: whoever reaches the engine may do everything
    #[arg(long, conflicts_with_all = ["boundary", "operator_listen"])]
    dev: bool,
    /// NATS: the URL of a server, `managed` to start one on a free port, or `none`
    #[arg(long, value_name = "URL", default_value = "none")]
    nats: String,
    /// The file with the seed of the engine's NATS key, for a server with accounts
    ///
    /// One line that begins with `SU`, in a file that only the engine's user can read.
    #[arg(long, value_name = "FILE", env = "SELFSAME_NATS_KEY", hide_env_values = true)]
    nats_key: Option<PathBuf>,
    /// Earlier versions that are kept in step for a warm rewind
    ///
    /// More take memory and time for each event; with 0, every rewind builds first.
    #[arg(long, value_name = "VERSIONS", default_value_t = 2)]
    standbys: u8,
}

pub(crate) async fn run(args: ServeArgs, out: Out) -> Outcome {
    for listen in std::iter::once(args.listen).chain(args.operator_listen) {
        if !listen.ip().is_loopback() {
            return Err(Failure::NotLoopback(listen));
        }
    }
    let mut source = Source::of(&args)?;
    // Before anything starts, so that no signal goes unheard.
    let stop = Stop::listen()?;
    let engine = open(&args.dir, Settings { standbys_max: usize::from(args.standbys) }).await?;
    let ticks = engine.spawn_ticks();
    // Before anybody can ask for anything.
    let bound = source.begin(engine.handle()).await;
    if let Err(failure) = bound {
        ticks.abort();
        engine.stop().await;
        return Err(failure);
    }
    let mut servers = Servers::start(engine.handle(), &args, source.principals()).await?;
    let serving = servers.serving();
    serving.write(&args.dir)?;
    let key = engine.handle().trail().verifier().to_string();
    say(&serving, &key, &args.dir, source.said(), out)?;
    let ended = until_told(stop, &engine, &mut source, &mut servers).await;
    // Gone already if somebody cleaned up; it is only a hint to others.
    let _ = std::fs::remove_file(args.dir.join(SERVING));
    ended?;
    servers.stop().await;
    // It holds a way to the engine, and with it the log.
    ticks.abort();
    engine.stop().await;
    seal(args.dir.join("log")).await;
    eprintln!("stopped");
    Ok(())
}

async fn open(dir: &Path, settings: Settings) -> Outcome<Engine> {
    let unusable = |source| Failure::File { path: dir.to_owned(), verb: "made", source };
    std::fs::create_dir_all(dir).map_err(unusable)?;
    let dir = dir.to_owned();
    let opening = tokio::task::spawn_blocking(move || Engine::open(&dir, settings));
    let opened =
        opening.await.map_err(|_| Failure::Bug("the engine ended by a bug at its start".to_owned()))?;
    Ok(opened?)
}

/// Says where the engine listens, and what it does not do.
fn say(serving: &Serving, key: &str, dir: &Path, boundary: Option<&str>, out: Out) -> Outcome {
    let operator = dir.join(OPERATOR);
    eprintln!("http      {}", serving.http);
    eprintln!("nats      {}", serving.nats.as_deref().unwrap_or("none"));
    eprintln!("operator  {}", operator.display());
    if let Some(address) = &serving.operator {
        eprintln!("          {address}");
    }
    eprintln!("audit     {key}");
    match boundary {
        Some(boundary) => eprintln!("boundary  {boundary}"),
        None => eprintln!(
            "warning: no boundary is in force: nobody's identity is proven, and whoever reaches these addresses \
             can do everything. Only this machine does."
        ),
    }
    if out.json {
        let said = json!({
            "http": serving.http, "nats": serving.nats, "operator": operator, "pid": serving.pid,
            "operator_http": serving.operator, "boundary": boundary, "audit": key,
        });
        return line(&said.to_string());
    }
    Ok(())
}

/// Lists the files of the log once nobody has it open any longer, for whoever verifies the folder.
async fn seal(log: PathBuf) {
    for _ in 0..SEAL_TRIES {
        let folder = log.clone();
        let sealed = tokio::task::spawn_blocking(move || selfsame_log::seal(&folder)).await;
        match sealed {
            Ok(Err(selfsame_log::OpenError::InUse { .. })) => tokio::time::sleep(LOOK_EVERY).await,
            Ok(Ok(())) => return,
            Ok(Err(err)) => return eprintln!("warning: the log's files could not be listed: {err}"),
            Err(_) => return eprintln!("warning: the log's files were not listed, by a bug"),
        }
    }
    eprintln!("warning: the log's files were not listed: something still reads the log");
}

/// Waits for the end: a signal, or the sequencer's, which nobody ordered.
async fn until_told(mut stop: Stop, engine: &Engine, source: &mut Source, servers: &mut Servers) -> Outcome {
    let mut looks = tokio::time::interval(LOOK_EVERY);
    loop {
        let is_new = tokio::select! {
            told = stop.told() => match told {
                Told::Stop => return Ok(()),
                Told::Again => source.look(engine.handle(), true).await,
            },
            _ = looks.tick() => if engine.has_ended() {
                return Err(Failure::Bug("the sequencer ended by a bug; what was acknowledged is in the log".to_owned()));
            } else {
                source.look(engine.handle(), false).await
            },
        };
        if is_new && let Some(principals) = source.principals() {
            servers.follow(principals).await;
        }
    }
}

/// What a signal says.
enum Told {
    /// To end.
    Stop,
    /// To read the boundary again.
    Again,
}

/// The signals that end an engine, and the one that has it read its boundary again.
struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

impl Stop {
    fn listen() -> Outcome<Stop> {
        let listen = |kind| {
            signal(kind).map_err(|e| Failure::Server { what: "listening for signals", reason: e.to_string() })
        };
        Ok(Stop {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    async fn told(&mut self) -> Told {
        tokio::select! {
            _ = self.interrupt.recv() => Told::Stop,
            _ = self.terminate.recv() => Told::Stop,
            _ = self.hangup.recv() => Told::Again,
        }
    }
}
