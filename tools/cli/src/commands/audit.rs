//! `audit`: the trail that nobody can rewrite unseen: verifying, proving, exporting, following, witnessing it.

mod engine;
mod export;
mod exported;
mod folder;
mod log;
mod proof;
mod prove;
mod tail;
#[cfg(test)]
mod tests;
mod trust;
mod verify;
mod witness;

use clap::Subcommand;

use crate::failure::Outcome;
use crate::out::Out;

/// What is done with the audit trail.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    Verify(verify::VerifyArgs),
    Prove(prove::ProveArgs),
    Export(export::ExportArgs),
    Tail(tail::TailArgs),
    Witness(witness::WitnessArgs),
    Log(log::LogArgs),
}

pub(crate) async fn run(command: AuditCommand, out: Out) -> Outcome {
    match command {
        AuditCommand::Verify(args) => verify::run(args, out).await,
        AuditCommand::Prove(args) => prove::run(args, out).await,
        AuditCommand::Export(args) => export::run(args, out).await,
        AuditCommand::Tail(args) => tail::run(args, out).await,
        AuditCommand::Witness(args) => witness::run(args).await,
        AuditCommand::Log(args) => log::run(args, out).await,
    }
}
