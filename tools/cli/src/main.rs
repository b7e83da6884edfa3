//! `selfsame`: the one binary. It serves an engine, and speaks to one that is running.
//!
//! Data goes to stdout, talk to stderr. Exit codes: 0 done, 1 refused or failed for a reason given, 2 a
//! wrong command line, 255 a bug of ours.

mod args;
mod client;
mod commands;
mod contract;
mod demo;
mod documents;
mod drill;
mod failure;
mod git;
mod nats;
mod out;
mod progress;
mod publisher;
mod reach;
mod secret;
mod signing;
mod twin;

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

use crate::args::{Cli, Command};
use crate::failure::{Failure, Outcome};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let json = cli.json;
    start_log(&cli.command);
    let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| run(cli)));
    let outcome = outcome.unwrap_or_else(|_| Err(Failure::Bug("the program ended by a bug".to_owned())));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.say(json);
            failure.exit_code()
        }
    }
}

fn run(cli: Cli) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Failure::Server { what: "the runtime", reason: e.to_string() })?;
    let outcome = runtime.block_on(commands::run(cli));
    // A thread that reads a pipe or a log must not hold up the end.
    runtime.shutdown_background();
    outcome
}

/// What the engine logs goes to stderr, at the level that `SELFSAME_LOG` says.
fn start_log(command: &Command) {
    let default = if matches!(command, Command::Serve(_)) {
        "info,async_nats=warn,rmcp=warn"
    } else {
        "error,async_nats=off"
    };
    let filter = std::env::var("SELFSAME_LOG").unwrap_or_else(|_| default.to_owned());
    let filter = EnvFilter::try_new(&filter).unwrap_or_else(|_| EnvFilter::new(default));
    let ansi = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(ansi).init();
}
