//! `jobs`: look at queues, take jobs, say what became of them.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::client::segment;
use crate::commands::event::position;
use crate::failure::Outcome;
use crate::out::{Out, member, objects, show, table};
use crate::reach::Reach;

/// What is done with jobs.
#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// List the queues with what is pending, leased, waiting, done and dead
    List {
        #[command(flatten)]
        reach: Reach,
    },
    Lease(LeaseArgs),
    /// Say that a job is finished
    Ack(SettleArgs),
    Nack(NackArgs),
    /// List the latest jobs that were given up
    Dead {
        /// At most so many, the newest first
        #[arg(long, value_name = "JOBS", default_value_t = 20)]
        limit: u32,
        #[command(flatten)]
        reach: Reach,
    },
}

/// Lease jobs of a queue
///
/// A job that is neither acknowledged nor given back when the lease ends is handed out again. A switch to
/// another version ends every lease: the job is handed out again in that version's shape.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame jobs lease review --max 5
  selfsame jobs ack review 42 57      job 42, under lease 57")]
pub(crate) struct LeaseArgs {
    /// The queue
    queue: String,
    /// At most so many, 1 to 100
    #[arg(long, value_name = "JOBS", default_value_t = 1)]
    max: u32,
    #[command(flatten)]
    reach: Reach,
}

/// Which job, under which lease.
#[derive(Args, Debug)]
pub(crate) struct SettleArgs {
    /// The queue
    queue: String,
    /// The job: the position of its event
    #[arg(value_parser = position)]
    job: u64,
    /// The lease that it is held under
    #[arg(value_parser = position)]
    lease: u64,
    #[command(flatten)]
    reach: Reach,
}

/// Give a job back, to be tried again later
///
/// After the queue's number of attempts it is given up.
#[derive(Args, Debug)]
pub(crate) struct NackArgs {
    /// Why it could not be done
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    settle: SettleArgs,
}

pub(crate) async fn run(command: JobsCommand, out: Out) -> Outcome {
    match command {
        JobsCommand::List { reach } => {
            let answer = reach.client()?.get("jobs", &[]).await?;
            out.answer(&answer, queues)
        }
        JobsCommand::Lease(args) => lease(args, out).await,
        JobsCommand::Ack(args) => settle("ack", args, None, out).await,
        JobsCommand::Nack(args) => settle("nack", args.settle, Some(args.reason), out).await,
        JobsCommand::Dead { limit, reach } => {
            let query = [("limit".to_owned(), limit.to_string())];
            let answer = reach.client()?.get("jobs/dead", &query).await?;
            out.answer(&answer, |json| match member(json, "dead").as_array() {
                Some(dead) if !dead.is_empty() => objects(dead),
                _ => "no job was given up".to_owned(),
            })
        }
    }
}

async fn lease(args: LeaseArgs, out: Out) -> Outcome {
    let client = args.reach.client()?;
    let path = format!("jobs/{}/lease", segment(&args.queue));
    let answer = client.post(&path, &json!({ "max": args.max })).await?;
    out.answer(&answer, leased)
}

async fn settle(verb: &str, args: SettleArgs, reason: Option<String>, out: Out) -> Outcome {
    let mut body = json!({ "job": args.job, "lease": args.lease });
    if let (Some(reason), Some(members)) = (reason, body.as_object_mut()) {
        members.insert("reason".to_owned(), reason.into());
    }
    let path = format!("jobs/{}/{verb}", segment(&args.queue));
    let answer = args.reach.client()?.post(&path, &body).await?;
    out.answer(&answer, settled)
}

pub(super) fn queues(answer: &Value) -> String {
    const COUNTS: [&str; 5] = ["pending", "leased", "waiting", "done", "dead"];
    let Some(queues) = member(answer, "queues").as_object().filter(|queues| !queues.is_empty()) else {
        return "there are no queues".to_owned();
    };
    let rows = queues.iter().map(|(name, counts)| {
        let counts = COUNTS.iter().map(|count| member(counts, count).clone());
        std::iter::once(Value::from(name.as_str())).chain(counts).collect()
    });
    let header: Vec<&str> = std::iter::once("queue").chain(COUNTS).collect();
    table(&header, &rows.collect::<Vec<_>>())
}

fn leased(answer: &Value) -> String {
    let jobs = member(answer, "jobs").as_array().filter(|jobs| !jobs.is_empty());
    let Some(jobs) = jobs else {
        return "no job is due".to_owned();
    };
    let head = format!("lease {} until {}", show(member(answer, "lease")), show(member(answer, "until")));
    let lines = jobs.iter().map(|job| {
        let (number, attempt, input) = (member(job, "job"), member(job, "attempt"), member(job, "input"));
        format!("job {number}, attempt {attempt}: {input}")
    });
    std::iter::once(head).chain(lines).collect::<Vec<_>>().join("\n")
}

fn settled(answer: &Value) -> String {
    let job = member(answer, "job");
    if member(answer, "dead") == &Value::Bool(true) {
        return format!("job {job} is given up");
    }
    match member(answer, "retry_at") {
        Value::String(at) => format!("job {job} is due again at {at}"),
        _ => format!("job {job} is done"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_told_in_lines() {
        let answer =
            json!({"lease": 57, "until": "x", "jobs": [{"job": 42, "attempt": 1, "input": {"a": 1}}]});
        assert_eq!(leased(&answer), "lease 57 until x\njob 42, attempt 1: {\"a\":1}");
        assert_eq!(leased(&json!({"lease": null, "jobs": []})), "no job is due");
        let counts = json!({"pending": 1, "leased": 2, "waiting": 3, "done": 4, "dead": 5});
        let text = queues(&json!({"queues": {"review": counts}}));
        assert_eq!(text.lines().next(), Some("QUEUE   PENDING  LEASED  WAITING  DONE  DEAD"));
        assert_eq!(text.lines().nth(1), Some("review        1       2        3     4     5"));
    }

    #[test]
    fn what_became_of_a_job_is_one_sentence() {
        for (answer, expect) in [
            (json!({"job": 42}), "job 42 is done"),
            (json!({"job": 42, "retry_at": "soon", "dead": false}), "job 42 is due again at soon"),
            (json!({"job": 42, "retry_at": null, "dead": true}), "job 42 is given up"),
        ] {
            assert_eq!(settled(&answer), expect);
        }
    }
}
