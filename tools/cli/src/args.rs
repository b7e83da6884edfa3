//! The command line. Each command's own arguments stand with the command.

use clap::{Parser, Subcommand};

use crate::commands::{
    approvals, audit, autonomy, boundary, builds, census, check, event, explain, feed, get, import, jobs,
    lens, log, operate, plans, publish, query, refused, replay, serve, state, version,
};
use crate::demo::DemoArgs;
use crate::drill::DrillArgs;

/// Serve and operate a Selfsame engine
///
/// One log holds every change of state. The cache, the views and the job inputs that services read are
/// projections of it, built from one schema version, and they change to another version together, at one
/// position of the log. Going back is one record.
///
/// Data is printed on stdout, everything else on stderr. The exit code is 0 if it was done, 1 if it was
/// refused or failed for the reason given, 2 for a wrong command line, and 255 for a bug.
#[derive(Debug, Parser)]
#[command(name = "selfsame", version, max_term_width = 100, arg_required_else_help = true)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Cli {
    /// Print data as JSON, and a failure as a problem document
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  selfsame demo                           see the whole life of a change, on this repository
  selfsame serve --dev --dir ./data       start an engine to try it out
  selfsame import git .                   publish the history of a repository as events
  selfsame query files --by churn --desc  see the files that changed most
  selfsame version register v2.yaml       take in a schema version; then plan, build and cutover";

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Serve(serve::ServeArgs),
    /// Show the life of a change on the history of a git repository
    Demo(DemoArgs),
    Drill(DrillArgs),
    /// Import the history of something as events
    #[command(subcommand)]
    Import(import::ImportCommand),
    Publish(publish::PublishArgs),
    Get(get::GetArgs),
    Query(query::QueryArgs),
    Feed(feed::FeedArgs),
    /// Take jobs, and say what became of them
    #[command(subcommand)]
    Jobs(jobs::JobsCommand),
    /// Register, build and switch schema versions
    #[command(subcommand)]
    Version(version::VersionCommand),
    Plans(plans::PlansArgs),
    Autonomy(autonomy::AutonomyArgs),
    Builds(builds::BuildsArgs),
    State(state::StateArgs),
    Census(census::CensusArgs),
    Refused(refused::RefusedArgs),
    Event(event::EventArgs),
    Replay(replay::ReplayArgs),
    Freeze(operate::FreezeArgs),
    Unfreeze(operate::UnfreezeArgs),
    Floor(operate::FloorArgs),
    Seal(operate::SealArgs),
    Unseal(operate::UnsealArgs),
    ResetBreaker(operate::ResetBreakerArgs),
    Repair(operate::RepairArgs),
    /// Set events aside, so that every fold leaves them out, or let them come back
    #[command(subcommand)]
    Quarantine(operate::QuarantineCommand),
    /// See what waits for an operator's word, and give it
    #[command(subcommand)]
    Approvals(approvals::ApprovalsCommand),
    Check(check::CheckArgs),
    /// Propose a lens between two schemas, or apply one to a schema
    #[command(subcommand)]
    Lens(lens::LensCommand),
    /// Verify, prove, export and follow the audit trail
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Make, check, sign, show and compare boundaries, which say who may do what
    #[command(subcommand)]
    Boundary(boundary::BoundaryCommand),
    Explain(explain::ExplainArgs),
    /// Read the log of an engine, running or not
    #[command(subcommand)]
    Log(log::LogCommand),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    /// STYLE: the first line of every help is an imperative without a period, and nothing is undocumented.
    #[test]
    fn every_command_and_option_is_explained() {
        fn check(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            assert!(!about.is_empty() && !about.ends_with('.'), "{path}: `{about}`");
            assert!(about.starts_with(char::is_uppercase), "{path}: `{about}`");
            for arg in command.get_arguments() {
                let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                assert!(!help.is_empty() && !help.ends_with('.'), "{path} {}: `{help}`", arg.get_id());
            }
            command.get_subcommands().filter(|c| c.get_name() != "help").for_each(|c| check(c, &path));
        }
        check(&Cli::command(), "");
    }
}
