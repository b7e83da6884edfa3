//! The commands, one file each, and which of them is run.

pub(crate) mod approvals;
pub(crate) mod audit;
pub(crate) mod autonomy;
pub(crate) mod boundary;
pub(crate) mod builds;
pub(crate) mod census;
pub(crate) mod check;
pub(crate) mod event;
pub(crate) mod explain;
pub(crate) mod feed;
pub(crate) mod get;
pub(crate) mod import;
pub(crate) mod jobs;
pub(crate) mod lens;
pub(crate) mod log;
pub(crate) mod operate;
pub(crate) mod plans;
pub(crate) mod publish;
pub(crate) mod query;
pub(crate) mod refused;
pub(crate) mod replay;
pub(crate) mod serve;
pub(crate) mod state;
pub(crate) mod version;

use clap::ValueEnum;

use crate::args::{Cli, Command};
use crate::failure::Outcome;
use crate::out::Out;

/// How a request travels, where there is a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Via {
    /// HTTP
    Http,
    /// NATS, by request and reply
    Nats,
}

/// Runs the command.
pub(crate) async fn run(cli: Cli) -> Outcome {
    let out = Out { json: cli.json };
    match cli.command {
        Command::Serve(args) => serve::run(args, out).await,
        Command::Demo(args) => crate::demo::run(args).await,
        Command::Drill(args) => crate::drill::run(args, out).await,
        Command::Import(command) => import::run(command, out).await,
        Command::Publish(args) => publish::run(args, out).await,
        Command::Get(args) => get::run(args, out).await,
        Command::Query(args) => query::run(args, out).await,
        Command::Feed(args) => feed::run(args, out).await,
        Command::Jobs(command) => jobs::run(command, out).await,
        Command::Version(command) => version::run(command, out).await,
        Command::Builds(args) => builds::run(args, out).await,
        Command::State(args) => state::run(args, out).await,
        Command::Census(args) => census::run(args, out).await,
        Command::Refused(args) => refused::run(args, out).await,
        Command::Event(args) => event::run(args, out).await,
        Command::Check(args) => check::run(args, out).await,
        Command::Lens(command) => lens::run(command, out).await,
        Command::Boundary(command) => boundary::run(command, out).await,
        Command::Explain(args) => explain::run(args, out).await,
        Command::Quarantine(command) => operate::quarantine(command, out).await,
        Command::Repair(args) => operate::repair(args, out).await,
        Command::Autonomy(args) => autonomy::run(args, out).await,
        Command::ResetBreaker(args) => operate::reset_breaker(args, out).await,
        Command::Plans(args) => plans::run(args, out).await,
        Command::Replay(args) => replay::run(args, out).await,
        Command::Freeze(args) => operate::freeze(args, out).await,
        Command::Unfreeze(args) => operate::unfreeze(args, out).await,
        Command::Floor(args) => operate::floor(args, out).await,
        Command::Seal(args) => operate::seal(args, out).await,
        Command::Unseal(args) => operate::unseal(args, out).await,
        Command::Approvals(command) => approvals::run(command, out).await,
        Command::Audit(command) => audit::run(command, out).await,
        Command::Log(command) => log::run(command, out).await,
    }
}
