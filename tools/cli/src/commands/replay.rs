//! `replay`: fold a version from the log alone, and compare.

mod offline;

use std::path::PathBuf;

use clap::Args;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::UnixStream;

use crate::client::{Answer, Client};
use crate::commands::event::position;
use crate::failure::{Failure, Outcome};
use crate::out::{Out, member, show, table};
use crate::progress::Progress;
use crate::reach::OPERATOR;

pub(crate) use offline::open_log;

/// Replay a version from the log alone, and compare it with the live one
///
/// A running engine is asked over the socket in its folder; without one, the log in the folder is read
/// here. Nothing live is touched, and no job is handed out. If the live generation stands at the same
/// position, the digests are compared, and the exit code is 1 if they differ.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame replay --dir ./data                 the active version, up to the head
  selfsame replay --dir ./data --version v1 --until 4711")]
pub(crate) struct ReplayArgs {
    /// The engine's folder
    #[arg(long, value_name = "DIR", env = "SELFSAME_DIR", hide_env_values = true)]
    dir: PathBuf,
    /// The version to fold [default: the active one]
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// The last position to fold [default: where the live generation stands, or the head]
    #[arg(long, value_name = "POSITION", value_parser = position)]
    until: Option<u64>,
}

pub(crate) async fn run(args: ReplayArgs, out: Out) -> Outcome {
    let last = match operator(&args.dir).await? {
        Some(client) => ask(&client, &args).await?,
        None => offline::replay(args.dir, args.version, args.until).await?,
    };
    let answer = Answer { text: last.to_string(), json: last };
    out.answer(&answer, people)?;
    if member(&answer.json, "equal") == &Value::Bool(false) {
        return Err(Failure::Unequal);
    }
    Ok(())
}

/// A client for the folder's engine, if one runs.
pub(crate) async fn operator(dir: &std::path::Path) -> Outcome<Option<Client>> {
    let socket = dir.join(OPERATOR);
    match UnixStream::connect(&socket).await {
        Ok(_) => Client::operator(&socket, "operator").map(Some),
        Err(_) => Ok(None),
    }
}

async fn ask(client: &Client, args: &ReplayArgs) -> Outcome<Value> {
    let mut body = json!({});
    if let Some(members) = body.as_object_mut() {
        members.extend(args.version.as_ref().map(|version| ("version".to_owned(), version.as_str().into())));
        members.extend(args.until.map(|until| ("until".to_owned(), until.into())));
    }
    let mut progress = Progress::start("replaying", "records", 0);
    let mut last = None;
    let request = client.request(Method::POST, "replay").json(&body);
    let outcome = client
        .lines(request, &mut |_, line| {
            match (member(&line, "done").as_u64(), member(&line, "total").as_u64()) {
                (Some(done), Some(total)) => progress.at(done, total),
                _ => last = Some(line),
            }
            Ok(())
        })
        .await;
    progress.finish();
    outcome?;
    let broke_off =
        || Failure::NotAnEngine { at: client.at().to_owned(), reason: "the replay broke off".to_owned() };
    last.filter(|last| last.get("replayed").is_some()).ok_or_else(broke_off)
}

fn people(answer: &Value) -> String {
    let replayed = member(answer, "replayed");
    let rows = member(replayed, "projections").as_array().into_iter().flatten();
    let rows =
        rows.map(|row| ["name", "kind", "rows", "digest"].map(|name| member(row, name).clone()).to_vec());
    let text = |name| show(member(replayed, name));
    let seconds = member(replayed, "seconds").as_f64().unwrap_or_default();
    let lines = [
        format!(
            "{} at #{}, {} events skipped, {seconds:.2} s",
            text("version"),
            text("position"),
            text("skipped")
        ),
        table(&["projection", "kind", "rows", "digest"], &rows.collect::<Vec<_>>()),
        format!("digest of all: {}", text("digest")),
        verdict(answer),
    ];
    lines.join("\n")
}

fn verdict(answer: &Value) -> String {
    match (member(answer, "equal"), member(answer, "live")) {
        (Value::Bool(true), _) => "equal to the live state: yes".to_owned(),
        (Value::Bool(false), live) => {
            format!("equal to the live state: NO, the live digest is {}", show(member(live, "digest")))
        }
        _ => "there is no live state at this position to compare with".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(equal: Value) -> Value {
        let row = json!({"name": "files", "kind": "view", "rows": 3, "digest": "ab"});
        let replayed = json!({
            "version": "v1", "position": 9, "digest": "cd", "projections": [row], "skipped": 0, "seconds": 0.5,
        });
        json!({"replayed": replayed, "live": {"position": 9, "digest": "ef"}, "equal": equal})
    }

    #[test]
    fn a_replay_ends_in_a_verdict() {
        let text = people(&answer(true.into()));
        let expect = "v1 at #9, 0 events skipped, 0.50 s\nPROJECTION  KIND  ROWS  DIGEST\nfiles       view     3  ab\n\
                      digest of all: cd\nequal to the live state: yes";
        assert_eq!(text, expect);
        assert!(people(&answer(false.into())).ends_with("NO, the live digest is ef"));
        assert!(people(&answer(Value::Null)).ends_with("no live state at this position to compare with"));
    }
}
