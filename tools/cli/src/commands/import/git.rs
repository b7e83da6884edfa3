//! `import git`: the history of a repository, published until the engine has it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::prepare::prepare;
use crate::client::Answer;
use crate::commands::Via;
use crate::failure::{Failure, Outcome};
use crate::git::{History, Limits, history};
use crate::nats;
use crate::out::{Out, member};
use crate::progress::Progress;
use crate::publisher::{Events, HttpPublisher, NatsPublisher, Pace, Publisher, Tally};
use crate::reach::Reach;

/// Import the history of a git repository
///
/// Publishes one event per commit (who, when, what for) and one per file that it changed (lines added and
/// removed), oldest first. Over NATS if the engine has it, else over HTTP. Each event is sent again until it
/// is answered, also while the engine or NATS restarts. Importing again changes nothing: events that are
/// there are recognised.
///
/// An engine without any version gets the bundled one, `examples/git-v1.yaml`.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame import git .
  selfsame import git ~/src/linux --dir ./data --in-flight 1024
  selfsame import git . --since 2026-01-01 --write-as v2")]
pub(crate) struct GitArgs {
    /// The repository
    path: PathBuf,
    /// Events under way at once; over HTTP, events per request
    ///
    /// More is faster up to some hundreds, and means more to send again after a failure.
    #[arg(long, value_name = "EVENTS", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=8192))]
    in_flight: u32,
    /// Import at most so many commits, the oldest
    #[arg(long, value_name = "COMMITS")]
    limit: Option<u64>,
    /// Import commits since then, in any form that git understands
    #[arg(long, value_name = "DATE")]
    since: Option<String>,
    /// The live version to write; every version but v1 is written in the shape of `examples/git-v2.yaml`
    #[arg(long, value_name = "VERSION", default_value = "v1")]
    write_as: String,
    /// Seconds without any acknowledgement after which to give up
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    patience: u64,
    /// How events travel [default: NATS if one is known, else HTTP]
    #[arg(long, value_enum)]
    via: Option<Via>,
    #[command(flatten)]
    reach: Reach,
}

/// Events that are read ahead of their publication.
const AHEAD: usize = 4096;

pub(crate) async fn run(args: GitArgs, out: Out) -> Outcome {
    let limits = Limits { commits: args.limit, since: args.since.clone() };
    let history = history(&args.path, limits)?;
    if history.is_shallow() {
        eprintln!(
            "the clone is shallow: its history begins in the middle (`git fetch --unshallow` gets the rest)"
        );
    }
    prepare(&args.reach.client()?, &args.write_as).await?;
    let mut publisher = publisher(&args).await?;
    let (started, commits) = (Instant::now(), history.commits());
    let in_flight = usize::try_from(args.in_flight).unwrap_or(usize::MAX);
    let pace = Pace { in_flight, patience: Duration::from_secs(args.patience) };
    let mut progress = Progress::start("importing", "commits", commits);
    progress.say(&format!("importing {commits} commits {}", publisher.how()));
    let (events, altered) = read_ahead(history, args.write_as);
    let published = publisher.publish(events, pace, &mut |tally| show(&mut progress, tally, commits)).await;
    progress.finish();
    let tally = published?;
    let altered = altered.await.unwrap_or_default();
    let summary = summary(&tally, altered, started.elapsed());
    let answer = Answer { text: summary.to_string(), json: summary };
    out.answer(&answer, |json| people(json, &tally))?;
    tally.outcome()
}

async fn publisher(args: &GitArgs) -> Outcome<Publisher> {
    let via = match args.via {
        Some(via) => via,
        None if args.reach.nats_url()?.is_some() => Via::Nats,
        None => Via::Http,
    };
    match via {
        Via::Http => Ok(Publisher::Http(HttpPublisher::new(args.reach.client()?))),
        Via::Nats => {
            let principal = args.reach.principal()?;
            let client = nats::connect(&args.reach).await?;
            Ok(Publisher::Nats(NatsPublisher::new(client, principal.as_str())))
        }
    }
}

/// Reads the history on a thread of its own; tells in the end how many events could not be kept byte for
/// byte.
fn read_ahead(history: History, write_as: String) -> (Events, tokio::task::JoinHandle<u64>) {
    let (sender, events) = mpsc::channel(AHEAD);
    let reading = tokio::task::spawn_blocking(move || {
        let mut altered = 0;
        for event in history {
            let event = event.map_err(Failure::from).map(|event| {
                altered += u64::from(event.is_altered());
                event.cloud_event(&write_as)
            });
            let ended = event.is_err();
            // Nobody takes it if publishing was given up.
            if sender.blocking_send(event).is_err() || ended {
                break;
            }
        }
        altered
    });
    (events, reading)
}

fn show(progress: &mut Progress, tally: &Tally, commits: u64) {
    progress.note(format!("({} events)", tally.settled()));
    progress.at(tally.of_type("git.commit"), commits);
}

fn summary(tally: &Tally, altered: u64, took: Duration) -> Value {
    json!({
        "commits": tally.of_type("git.commit"),
        "file_changes": tally.of_type("git.file-changed"),
        "new": tally.new,
        "duplicates": tally.duplicates,
        "refused": tally.refused,
        "altered": altered,
        "sent_again": tally.repeated,
        "position": tally.position,
        "seconds": took.as_secs_f64(),
    })
}

fn people(summary: &Value, tally: &Tally) -> String {
    let number = |name| member(summary, name).to_string();
    let seconds = member(summary, "seconds").as_f64().unwrap_or_default();
    let mut lines = vec![
        format!("{} commits, {} file changes in {seconds:.1} s", number("commits"), number("file_changes")),
        format!("new: {}, duplicates: {}, up to #{}", tally.new, tally.duplicates, tally.position),
    ];
    for (code, count) in &tally.refused {
        let reason = tally.reasons.get(code).map(String::as_str).unwrap_or_default();
        lines.push(format!("refused: {count} {code}, such as: {reason}"));
    }
    if number("altered") != "0" {
        let what = "events have a path, name or subject that could not be kept byte for byte";
        lines.push(format!("{} {what}", number("altered")));
    }
    if tally.repeated > 0 {
        lines.push(format!("{} times an event was sent again until it was answered", tally.repeated));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_says_what_was_new_and_what_was_refused() {
        let mut tally = Tally::default();
        tally.take("git.commit", &json!({"position": 4, "duplicate": false}));
        tally.take("git.file-changed", &json!({"position": 5, "duplicate": true}));
        let problem = json!({"type": "urn:selfsame:error:invalid-event", "detail": "no"});
        tally.refuse("git.file-changed", &Failure::Refused(Box::new(problem)));
        let summary = summary(&tally, 2, Duration::from_millis(1500));
        assert_eq!((&summary["commits"], &summary["file_changes"]), (&json!(1), &json!(2)));
        let expect = "1 commits, 2 file changes in 1.5 s\nnew: 1, duplicates: 1, up to #5\n\
                      refused: 1 invalid-event, such as: no\n\
                      2 events have a path, name or subject that could not be kept byte for byte";
        assert_eq!(people(&summary, &tally), expect);
    }
}
