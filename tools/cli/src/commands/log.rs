//! `log`: the records themselves, of an engine that runs or of its folder alone.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use reqwest::Method;
use selfsame_log::{FjallLog, Log as _};
use selfsame_record::Position;
use serde_json::json;

use crate::client::{Answer, Client};
use crate::commands::event::position;
use crate::commands::replay::{open_log, operator};
use crate::failure::{Failure, Outcome};
use crate::out::{Out, line, outline};
use crate::progress::Progress;

/// What is done with the log.
#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    Dump(DumpArgs),
    Verify(VerifyArgs),
}

/// Print the log's records, one line of JSON each
///
/// An event's data is in the shape that its producer wrote. A running engine is asked over the socket in
/// its folder; without one, the log in the folder is read here.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame log dump --dir ./data --from 4711 --limit 10
  selfsame log dump --dir ./data | grep cut-over")]
pub(crate) struct DumpArgs {
    /// The engine's folder
    #[arg(long, value_name = "DIR", env = "SELFSAME_DIR", hide_env_values = true)]
    dir: PathBuf,
    /// A file with an operator's token, where a boundary is in force
    #[arg(long, value_name = "FILE", env = "SELFSAME_OPERATOR_TOKEN_FILE", hide_env_values = true)]
    token_file: Option<PathBuf>,
    /// The first position
    #[arg(long, value_name = "POSITION", value_parser = position, default_value = "1")]
    from: u64,
    /// The last position [default: the head]
    #[arg(long, value_name = "POSITION", value_parser = position)]
    until: Option<u64>,
    /// At most so many records
    #[arg(long, value_name = "RECORDS")]
    limit: Option<u64>,
}

/// Check every block of a log that no engine has open
///
/// Reads all records; checksums, forms and positions are checked on the way.
#[derive(Args, Debug)]
pub(crate) struct VerifyArgs {
    /// The engine's folder
    #[arg(long, value_name = "DIR", env = "SELFSAME_DIR", hide_env_values = true)]
    dir: PathBuf,
}

pub(crate) async fn run(command: LogCommand, out: Out) -> Outcome {
    match command {
        LogCommand::Dump(args) => match operator(&args.dir, args.token_file.as_deref()).await? {
            Some(client) => ask(&client, &args).await,
            None => blocking(move || read(&args)).await,
        },
        LogCommand::Verify(args) => {
            let answer = blocking(move || verify(&args.dir)).await?;
            out.answer(&answer, outline)
        }
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Outcome<T> + Send + 'static) -> Outcome<T> {
    let worked = tokio::task::spawn_blocking(work).await;
    worked.map_err(|_| Failure::Bug("reading the log ended by a bug".to_owned()))?
}

async fn ask(client: &Client, args: &DumpArgs) -> Outcome {
    let mut query = vec![("from", args.from)];
    query.extend(args.until.map(|until| ("until", until)));
    query.extend(args.limit.map(|limit| ("limit", limit)));
    let request = client.request(Method::GET, "log").query(&query);
    client.lines(request, &mut |text, _| line(text)).await
}

fn read(args: &DumpArgs) -> Outcome {
    let log = open_log(&args.dir)?;
    let settings = selfsame_core::Settings { standbys_max: 0 };
    let core = selfsame_node::recover_core(&log, settings).map_err(selfsame_node::StartError::Recovery)?;
    let (mut left, mut outcome) = (args.limit.unwrap_or(u64::MAX), Ok(()));
    log.scan(Position::new(args.from), &mut |records| {
        for found in records {
            if left == 0 || args.until.is_some_and(|until| found.at().get() > until) || outcome.is_err() {
                return ControlFlow::Break(());
            }
            left -= 1;
            outcome = line(&selfsame_node::record_line(core.registry(), found));
        }
        ControlFlow::Continue(())
    })?;
    outcome
}

fn verify(dir: &Path) -> Outcome<Answer> {
    let log = open_log(dir)?;
    let mut progress = Progress::start("verifying", "records", log.head().get());
    let counted = count(&log, &mut progress);
    progress.finish();
    let (records, events) = counted?;
    let json = json!({
        "head": log.head(), "records": records, "events": events,
        "control_records": records - events, "bytes": log.size_bytes(), "sound": true,
    });
    Ok(Answer { text: json.to_string(), json })
}

fn count(log: &FjallLog, progress: &mut Progress) -> Outcome<(u64, u64)> {
    let (mut records, mut events, total) = (0, 0, log.head().get());
    log.scan(Position::ZERO.next(), &mut |slice| {
        records += slice.len() as u64;
        events += slice.iter().filter(|record| record.event().is_some()).count() as u64;
        progress.at(records, total);
        ControlFlow::Continue(())
    })?;
    Ok((records, events))
}
