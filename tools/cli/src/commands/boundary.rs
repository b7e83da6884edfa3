//! `boundary`: makes, checks, signs, shows and compares boundaries; on files alone.

mod check;
mod diff;
mod init;
mod nats_config;
mod show;
mod sign;

use std::path::Path;

use clap::Subcommand;
use selfsame_boundary::{Files, Proposal, folder};
use serde_json::{Value, json};

use crate::failure::Outcome;
use crate::out::Out;

/// What is done with a boundary.
#[derive(Debug, Subcommand)]
pub(crate) enum BoundaryCommand {
    Init(init::InitArgs),
    Check(check::CheckArgs),
    Sign(sign::SignArgs),
    Show(show::ShowArgs),
    Diff(diff::DiffArgs),
    NatsConfig(nats_config::NatsConfigArgs),
}

pub(crate) async fn run(command: BoundaryCommand, out: Out) -> Outcome {
    match command {
        BoundaryCommand::Init(args) => init::run(&args, out),
        BoundaryCommand::Check(args) => check::run(&args, out),
        BoundaryCommand::Sign(args) => sign::run(&args, out),
        BoundaryCommand::Show(args) => show::run(&args, out),
        BoundaryCommand::Diff(args) => diff::run(&args, out),
        BoundaryCommand::NatsConfig(args) => nats_config::run(&args),
    }
}

/// A boundary as its files say it, whoever signed it.
pub(crate) fn proposed(dir: &Path) -> Outcome<(Files, Proposal)> {
    let files = folder::read(dir)?;
    let proposal = Proposal::read(&files)?;
    Ok((files, proposal))
}

/// Who, with `every service` where it is every service, by the kinds of a boundary.
fn who<'a>(names: impl Iterator<Item = &'a String>, proposal: &Proposal) -> Value {
    let names: Vec<&String> = names.collect();
    let members = &proposal.checked.members;
    let mut said = Vec::new();
    for (kind, every) in
        [("service", "every service"), ("agent", "every agent"), ("operator", "every operator")]
    {
        let of_kind: Vec<&String> =
            members.iter().filter(|(_, member)| member.kind.as_str() == kind).map(|(name, _)| name).collect();
        let there: Vec<&str> =
            of_kind.iter().filter(|name| names.contains(name)).map(|name| name.as_str()).collect();
        if there.len() == of_kind.len() && there.len() > 1 {
            said.push(every.to_owned());
        } else {
            said.extend(there.into_iter().map(str::to_owned));
        }
    }
    let strangers = names.iter().filter(|name| !members.contains_key(**name));
    said.extend(strangers.map(|name| (*name).clone()));
    if said.is_empty() { json!("nobody") } else { json!(said.join(", ")) }
}
