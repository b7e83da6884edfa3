//! The ordinary stack in the drill: PostgreSQL, Redis and a NATS work queue, changed under load.
//!
//! `cargo run --release -p selfsame-benches -- ordinary [--seconds 30] [--changes 6] [--json] [--smoke]`
//!
//! A service in four instances registers and renames users, answers profiles through a cache and lists users
//! by locale; workers send welcome mails from a queue. The change is the one of `examples/profiles-v2.yaml`:
//! `given_name` and `family_name` become `name { given, family }`, and there is a `locale`. It is rolled out
//! while clients go on, and rolled back, again and again, and a [`checker`] follows every answer.
//!
//! The same drill is run by three teams ([`practice`] says what each does and why):
//!
//! | team | schema | cache | jobs |
//! |---|---|---|---|
//! | naive | one migration up, one down | one key per user | published after the commit |
//! | textbook | expand, with a trigger; down when nobody needs it | a key per user and version | outbox, tolerant workers |
//! | careful | expand without long locks; never down | one entry of all versions, guarded by the row's revision | outbox, drained before workers go back |
//!
//! What holds for all of them, in favour of the stack: every process ends well and takes no request while it
//! ends, no server is restarted, no message is lost on the way, the statements name their columns, and
//! nobody takes away the old columns for good (after that there would be no way back at all).
//!
//! The instances are tasks of one process. They share nothing but the servers: each has connections and
//! prepared statements of its own.
//!
//! Not here: Selfsame in the same drill.

mod app;
mod cache;
mod change;
mod checker;
mod clients;
mod drill;
mod failed;
mod fleet;
mod outbox;
mod postgres;
mod practice;
mod queue;
mod redis;
mod report;
mod server;
mod shape;
mod waits;
mod worker;

use std::process::ExitCode;
use std::time::Duration;

use crate::ordinary::drill::Plan;
use crate::ordinary::practice::Practice;
use crate::ordinary::server::Servers;

const USAGE: &str = "usage: selfsame-benches ordinary [--seconds 30] [--changes 6] [--json] [--smoke]";

/// What the command line asks for.
#[derive(Debug, PartialEq)]
struct Asked {
    plan: Plan,
    json: bool,
}

/// Runs the drill and prints what was counted. Faults that were found are no failure.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let asked = match parse(arguments) {
        Ok(asked) => asked,
        Err(problem) => {
            eprintln!("error: {problem}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    // The servers end with the thread that starts them, so this is the main one.
    let outcome = Servers::start().and_then(|servers| {
        let runtime = tokio::runtime::Runtime::new().map_err(|err| format!("no runtime: {err}"))?;
        let mut columns = Vec::new();
        for practice in Practice::ALL {
            eprintln!("{}: {} changes in {:?}", practice.name(), asked.plan.changes, asked.plan.length);
            let drilled = runtime.block_on(drill::run(&servers, practice, asked.plan));
            columns
                .push(drilled.map_err(|err| format!("the {} drill cannot go on: {err}", practice.name()))?);
        }
        Ok(columns)
    });
    match outcome {
        Ok(columns) if asked.json => println!("{}", report::json(&asked.plan, &columns)),
        Ok(columns) => report::print(&asked.plan, &columns),
        Err(problem) => {
            eprintln!("error: {problem}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn parse(arguments: &[String]) -> Result<Asked, String> {
    let mut asked = Asked { plan: Plan::FULL, json: false };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let mut number = || {
            let value = words.next().ok_or_else(|| format!("`{word}` needs a number"))?;
            let parsed = value.parse::<u32>().ok().filter(|n| *n > 0);
            parsed.ok_or_else(|| format!("`{word} {value}`: not a number above 0"))
        };
        match word.as_str() {
            "--seconds" => asked.plan.length = Duration::from_secs(number()?.into()),
            "--changes" => asked.plan.changes = number()?,
            "--smoke" => asked.plan = Plan::SMOKE,
            "--json" => asked.json = true,
            _ => return Err(format!("`{word}` is not known")),
        }
    }
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Result<(u128, u32, bool), &str>) {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let parsed = parse(&words).map(|a| (a.plan.length.as_millis(), a.plan.changes, a.json));
        assert_eq!(parsed, expected.map_err(str::to_owned), "{line}");
    }

    #[test]
    fn the_command_line_is_read_or_refused() {
        check("", Ok((30_000, 6, false)));
        check("--seconds 10 --changes 2 --json", Ok((10_000, 2, true)));
        check("--smoke", Ok((1_200, 1, false)));
        check("--changes", Err("`--changes` needs a number"));
        check("--changes 0", Err("`--changes 0`: not a number above 0"));
        check("--seconds soon", Err("`--seconds soon`: not a number above 0"));
        check("--fast", Err("`--fast` is not known"));
    }
}
