//! `boundary check`: whether an engine would take a boundary, and who may do what under it.

use std::path::PathBuf;

use clap::Args;
use selfsame_boundary::{Line, Proposal, PublicKey, Samples, folder, survey};
use serde_json::{Value, json};

use super::{proposed, who};
use crate::failure::Outcome;
use crate::out::{Out, line, table};

/// Check a boundary, and print who may do what under it
///
/// Reads the files as an engine does: their form, names and limits, and every rule against the schema. Then it
/// asks of everybody whether they may do each thing, on samples: what the boundary names, and something that it
/// does not name. With --key it checks the signature first.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame boundary check ./boundary
  selfsame boundary check ./boundary --key UABC... --type order.paid --projection orders")]
pub(crate) struct CheckArgs {
    /// The folder of the boundary
    dir: PathBuf,
    /// The public key that it is to be signed with
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// An event type to ask about, too
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// A projection to ask about, too
    #[arg(long = "projection", value_name = "NAME")]
    projections: Vec<String>,
}

pub(super) fn run(args: &CheckArgs, out: Out) -> Outcome {
    if let Some(key) = &args.key {
        folder::open(&args.dir, &PublicKey::parse(key)?)?;
    }
    let (_, proposal) = proposed(&args.dir)?;
    let mut samples = Samples::of(&proposal);
    args.types.iter().for_each(|name| samples.add_type(name));
    args.projections.iter().for_each(|name| samples.add_projection(name));
    let (lines, notes) = (survey(&proposal, &samples), proposal.notes());
    if out.json {
        let lines: Vec<Value> =
            lines.iter().map(|l| json!({"actions": l.actions, "on": l.on, "allowed": l.who})).collect();
        return line(
            &json!({"verified": args.key.is_some(), "decisions": lines, "notes": notes}).to_string(),
        );
    }
    line(&people(&lines, &proposal))?;
    for note in notes {
        eprintln!("note: {note}");
    }
    let signed = if args.key.is_some() { "its signature fits" } else { "its signature was not looked at" };
    eprintln!("an engine takes it; {signed}");
    Ok(())
}

fn people(lines: &[Line], proposal: &Proposal) -> String {
    let row = |l: &Line| vec![json!(l.on), json!(l.actions.join(", ")), who(l.who.iter(), proposal)];
    table(&["on", "may", "who"], &lines.iter().map(row).collect::<Vec<_>>())
}
