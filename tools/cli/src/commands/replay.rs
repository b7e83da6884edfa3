//! `replay`: fold a version from the log alone, and compare.

mod offline;

use std::path::PathBuf;

use clap::Args;
use reqwest::Method;
use selfsame_node::RowsWanted;
use selfsame_record::Digest;
use serde_json::{Value, json};
use tokio::net::UnixStream;

use crate::client::{Answer, Client};
use crate::commands::event::position;
use crate::failure::{Failure, Outcome};
use crate::out::{Out, member, show, table};
use crate::progress::Progress;
use crate::reach::OPERATOR;
use crate::secret::Credential;

pub(crate) use offline::open_log;

/// Replay a version from the log alone, and compare it with the live one
///
/// A running engine is asked over the socket in its folder; without one, the log in the folder is read
/// here. Nothing live is touched, and no job is handed out. If the live generation stands at the same
/// position, or a digest is given, the digests are compared, and the exit code is 1 if they differ.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame replay --dir ./data                 the active version, up to the head
  selfsame replay --dir ./data --version v1 --until 4711
  selfsame replay --dir ./data --until 4711 --rows profile --key ada")]
pub(crate) struct ReplayArgs {
    /// The engine's folder
    #[arg(long, value_name = "DIR", env = "SELFSAME_DIR", hide_env_values = true)]
    dir: PathBuf,
    /// A file with an operator's token, where a boundary is in force
    #[arg(long, value_name = "FILE", env = "SELFSAME_OPERATOR_TOKEN_FILE", hide_env_values = true)]
    token_file: Option<PathBuf>,
    /// The version to fold [default: the active one]
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// The last position to fold [default: where the live generation stands, or the head]
    #[arg(long, value_name = "POSITION", value_parser = position)]
    until: Option<u64>,
    /// Compare the digest with this one instead of the live one
    #[arg(long, value_name = "DIGEST", value_parser = digest)]
    compare_with: Option<Digest>,
    #[command(flatten)]
    rows: Rows,
}

/// Rows of the replayed state to show.
#[derive(Args, Debug)]
struct Rows {
    /// Show rows of this cache or view, as they were there
    #[arg(long = "rows", value_name = "PROJECTION")]
    projection: Option<String>,
    /// The row with this key alone
    #[arg(long, requires = "projection", conflicts_with = "limit")]
    key: Option<String>,
    /// The first so many rows by their keys, at most 1000 [default: 100]
    #[arg(long, requires = "projection")]
    limit: Option<usize>,
}

impl Rows {
    fn wanted(&self) -> Option<RowsWanted> {
        let (key, limit) = (self.key.clone(), self.limit);
        self.projection.clone().map(|projection| RowsWanted { projection, key, limit })
    }
}

fn digest(text: &str) -> Result<Digest, &'static str> {
    Digest::try_from(text.to_owned())
}

pub(crate) async fn run(args: ReplayArgs, out: Out) -> Outcome {
    let last = match operator(&args.dir, args.token_file.as_deref()).await? {
        Some(client) => ask(&client, &args).await?,
        None => {
            let rows = args.rows.wanted();
            offline::replay(args.dir, (args.version, args.until), args.compare_with, rows).await?
        }
    };
    let answer = Answer { text: last.to_string(), json: last };
    out.answer(&answer, people)?;
    if member(&answer.json, "equal") == &Value::Bool(false) {
        return Err(Failure::Unequal);
    }
    Ok(())
}

/// A client for the folder's engine, if one runs.
pub(crate) async fn operator(
    dir: &std::path::Path,
    token_file: Option<&std::path::Path>,
) -> Outcome<Option<Client>> {
    let socket = dir.join(OPERATOR);
    match UnixStream::connect(&socket).await {
        Ok(_) => Client::operator_with(&socket, Credential::of(token_file, "operator")?).map(Some),
        Err(_) => Ok(None),
    }
}

async fn ask(client: &Client, args: &ReplayArgs) -> Outcome<Value> {
    let mut body = json!({});
    if let Some(members) = body.as_object_mut() {
        members.extend(args.version.as_ref().map(|version| ("version".to_owned(), version.as_str().into())));
        members.extend(args.until.map(|until| ("until".to_owned(), until.into())));
        members.extend(args.compare_with.map(|digest| ("compare_with".to_owned(), json!(digest))));
        let Rows { projection, key, limit } = &args.rows;
        let rows = projection.as_ref().map(|name| json!({ "projection": name, "key": key, "limit": limit }));
        members.extend(rows.map(|rows| ("rows".to_owned(), rows)));
    }
    let mut progress = Progress::start("replaying", "records", 0);
    let (mut last, mut rows) = (None, Vec::new());
    let request = client.request(Method::POST, "replay").json(&body);
    let outcome = client
        .lines(request, &mut |_, line| {
            match (member(&line, "done").as_u64(), member(&line, "total").as_u64()) {
                (Some(done), Some(total)) => progress.at(done, total),
                _ if !member(&line, "row").is_null() => rows.push(member(&line, "row").clone()),
                _ => last = Some(line),
            }
            Ok(())
        })
        .await;
    progress.finish();
    outcome?;
    let broke_off =
        || Failure::NotAnEngine { at: client.at().to_owned(), reason: "the replay broke off".to_owned() };
    let last = last.filter(|last| last.get("replayed").is_some());
    last.map(|last| with_rows(last, args.rows.projection.is_some(), rows)).ok_or_else(broke_off)
}

/// The answer with the rows that were asked for.
fn with_rows(mut answer: Value, asked: bool, rows: Vec<Value>) -> Value {
    if let Some(members) = answer.as_object_mut()
        && asked
    {
        members.insert("rows".to_owned(), rows.into());
    }
    answer
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
    let rows = member(answer, "rows").as_array().into_iter().flatten();
    let rows = rows.map(|row| format!("{}  {}", show(member(row, "key")), member(row, "value")));
    lines.into_iter().chain(rows).collect::<Vec<String>>().join("\n")
}

fn verdict(answer: &Value) -> String {
    if let (Value::Bool(equal), Value::String(digest)) =
        (member(answer, "equal"), member(answer, "compared_with"))
    {
        return format!("equal to {digest}: {}", if *equal { "yes" } else { "NO" });
    }
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

    #[test]
    fn a_digest_that_was_given_is_in_the_verdict_and_rows_come_after_it() {
        let mut answer = answer(false.into());
        answer["compared_with"] = "ff".into();
        let answer = with_rows(answer, true, vec![json!({"key": "a", "value": {"n": 1}})]);
        assert!(people(&answer).ends_with("equal to ff: NO\na  {\"n\":1}"), "{}", people(&answer));
    }
}
