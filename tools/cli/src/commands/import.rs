//! `import`: a history as events.

mod git;
mod prepare;

use clap::Subcommand;

use crate::failure::Outcome;
use crate::out::Out;

/// What is imported.
#[derive(Debug, Subcommand)]
pub(crate) enum ImportCommand {
    Git(git::GitArgs),
}

pub(crate) async fn run(command: ImportCommand, out: Out) -> Outcome {
    match command {
        ImportCommand::Git(args) => git::run(args, out).await,
    }
}
