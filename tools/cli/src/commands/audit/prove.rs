//! `audit prove`: a file that shows to anybody that a record is in a log.

use std::path::{Path, PathBuf};

use clap::Args;
use reqwest::Method;
use selfsame_log::record;
use selfsame_node::audit::{CHECKPOINT, VKEY, read_checkpoint, read_verifier, rebuild};
use selfsame_record::merkle::Hash;
use selfsame_record::{Position, Record};
use serde_json::Value;

use crate::client::Client;
use crate::commands::audit::folder::{Looked, signed};
use crate::commands::audit::proof::{KIND, Proof};
use crate::commands::audit::trust::{Token, older, tampered};
use crate::commands::event::position;
use crate::failure::{Failure, Outcome};
use crate::out::line;

/// Write a proof that a record is in the log, which `audit verify --proof` checks offline
///
/// The proof has the record in full, the hashes that lead from it to the root, and the signed checkpoint. It is
/// printed on stdout.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame audit prove 4711 --dir ./data > proof.json
  selfsame audit verify --proof proof.json --key VKEY")]
pub(crate) struct ProveArgs {
    /// The position, with or without `#`
    #[arg(value_parser = position)]
    pub(super) position: u64,
    /// The size of the log that the proof is for [default: all that is signed]
    #[arg(long, value_name = "POSITION", value_parser = position)]
    pub(super) size: Option<u64>,
    /// The engine's folder; the engine may run
    #[arg(long, value_name = "DIR", env = "SELFSAME_DIR", hide_env_values = true)]
    pub(super) dir: PathBuf,
    #[command(flatten)]
    pub(super) token: Token,
}

pub(crate) async fn run(args: ProveArgs, out: crate::out::Out) -> Outcome {
    let proof = match args.token.operator(&args.dir).await? {
        Some(client) => running(&client, &args).await?,
        None => {
            let proving = tokio::task::spawn_blocking(move || stopped(&args));
            proving.await.map_err(|_| Failure::Bug("the proof ended by a bug".to_owned()))??
        }
    };
    let text = if out.json { serde_json::to_string(&proof) } else { serde_json::to_string_pretty(&proof) };
    line(&text.map_err(|e| Failure::Bug(e.to_string()))?)
}

async fn running(client: &Client, args: &ProveArgs) -> Outcome<Proof> {
    let size = args.size.map(|size| format!("&size={size}")).unwrap_or_default();
    let answer = client.bytes(&format!("/audit/proof/inclusion?position={}{size}", args.position)).await?;
    let odd =
        |e: serde_json::Error| Failure::NotAnEngine { at: client.at().to_owned(), reason: e.to_string() };
    let answer: Value = serde_json::from_slice(&answer).map_err(odd)?;
    let path: Vec<Hash> =
        serde_json::from_value(answer.get("path").cloned().unwrap_or_default()).map_err(odd)?;
    let checkpoint = answer.get("checkpoint").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut found: Option<Record> = None;
    let query = [("from", args.position), ("until", args.position)];
    let request = client.request_at(Method::GET, "/audit/records").query(&query);
    client
        .lines(request, &mut |_, line| {
            found = Some(serde_json::from_value(line).map_err(odd)?);
            Ok(())
        })
        .await?;
    let record =
        found.ok_or_else(|| tampered(format!("#{}", args.position), "the engine does not show it"))?;
    Ok(Proof { kind: KIND.to_owned(), record, path, checkpoint })
}

pub(super) fn stopped(args: &ProveArgs) -> Outcome<Proof> {
    let (checkpoint, looked) = (held(&args.dir, args.size)?, Looked::at(&args.dir)?);
    let tree = rebuild(&looked.log).map_err(|err| tampered("log", err))?;
    let size = checkpoint.0;
    if tree.size() < size {
        return Err(tampered(CHECKPOINT, older(size, tree.size())));
    }
    let found = record(&looked.log, Position::new(args.position)).map_err(|err| tampered("log", err))?;
    let path = args.position.checked_sub(1).and_then(|index| tree.inclusion(index, size));
    let (record, path) = found.zip(path).ok_or_else(|| {
        Failure::Usage(format!("#{} is not within #1 and #{size}, which is signed", args.position))
    })?;
    Ok(Proof { kind: KIND.to_owned(), record, path, checkpoint: checkpoint.1 })
}

/// The size and the text of the checkpoint in a folder. Another size is signed only by an engine that runs.
fn held(dir: &Path, size: Option<u64>) -> Outcome<(u64, String)> {
    let key = read_verifier(dir).map_err(|err| tampered(VKEY, err))?;
    let key = key.ok_or_else(|| tampered(VKEY, "it is not there"))?;
    let checkpoint = signed(dir, &key)?;
    if size.is_some_and(|size| size != checkpoint.size) {
        let said = format!(
            "the folder has a checkpoint of #{} alone: start the engine for another",
            checkpoint.size
        );
        return Err(Failure::Usage(said));
    }
    let text = read_checkpoint(dir).map_err(|err| tampered(CHECKPOINT, err))?;
    Ok((checkpoint.size, text.map(|text| text.to_string()).unwrap_or_default()))
}
