//! `boundary sign`: an operator's signature over the files as they are.

use std::path::PathBuf;

use clap::Args;
use selfsame_boundary::{Proposal, SCHEMA, folder};
use serde_json::json;

use crate::failure::Outcome;
use crate::out::{Out, line};

/// Sign a boundary with an operator's key
///
/// Checks the files first: what an engine would not take is not signed. Look at what changed with
/// `selfsame boundary diff` before. Sign on a machine that no agent can reach, not where the engine runs.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame boundary diff ./in-force ./boundary
  selfsame boundary sign ./boundary --key ~/selfsame-keys/ada.nk")]
pub(crate) struct SignArgs {
    /// The folder of the boundary
    dir: PathBuf,
    /// The file with the seed of the key, which its owner alone can use
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Write policy.cedarschema as this selfsame has it, before signing
    #[arg(long)]
    schema: bool,
}

pub(super) fn run(args: &SignArgs, out: Out) -> Outcome {
    let key = folder::read_key(&args.key)?;
    let mut files = folder::read(&args.dir)?;
    if args.schema {
        files.schema = SCHEMA.to_owned();
    }
    let proposal = Proposal::read(&files)?;
    if args.schema {
        folder::write_schema(&args.dir, SCHEMA)?;
    }
    folder::write_seal(&args.dir, &files.sign(&key))?;
    let (hash, serial, signer) = (files.hash(), proposal.checked.serial, key.public().as_str());
    if out.json {
        return line(&json!({"hash": hash, "serial": serial, "signer": signer}).to_string());
    }
    line(&hash.to_string())?;
    for note in proposal.notes() {
        eprintln!("note: {note}");
    }
    eprintln!("signed with {signer}, serial {serial}");
    Ok(())
}
