//! `boundary show`: what a boundary says.

use std::path::{Path, PathBuf};

use clap::Args;
use selfsame_boundary::{Files, Proposal, PublicKey, folder};
use selfsame_core::Rate;
use serde_json::{Value, json};

use super::proposed;
use crate::failure::Outcome;
use crate::out::{Out, line, objects, outline};

/// Show what a boundary says
///
/// Its instance, serial and hash, who signed it, what is protected, who has to agree, everybody whom it names,
/// and the names of its rules. Who may do what is printed by `selfsame boundary check`.
#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    /// The folder of the boundary
    dir: PathBuf,
}

pub(super) fn run(args: &ShowArgs, out: Out) -> Outcome {
    let (files, proposal) = proposed(&args.dir)?;
    let mut said = head(&args.dir, &files, &proposal);
    let members = members(&proposal);
    if out.json {
        if let Some(said) = said.as_object_mut() {
            said.insert("principals".to_owned(), Value::Array(members));
        }
        return line(&said.to_string());
    }
    line(&format!("{}\n{}", outline(&said), objects(&members)))
}

fn head(dir: &Path, files: &Files, proposal: &Proposal) -> Value {
    let checked = &proposal.checked;
    json!({
        "instance": checked.instance,
        "serial": checked.serial,
        "hash": files.hash(),
        "signed": signed(dir, files),
        "protected": {
            "types": checked.protected.patterns().collect::<Vec<_>>(),
            "projections": checked.projections,
        },
        "approvals": {
            "lossy": checked.approvals.lossy,
            "breaking": checked.approvals.breaking,
            "ttl": proposal.document.approvals.ttl,
        },
        "rules": proposal.rules.names(),
    })
}

/// Who has signed it, if the signature fits.
fn signed(dir: &Path, files: &Files) -> Value {
    let verified = folder::read_seal(dir).and_then(|seal| {
        let key = PublicKey::parse(&seal.signer)?;
        seal.verify(files, &key).map(|()| seal.signer)
    });
    match verified {
        Ok(signer) => json!({"by": signer}),
        Err(error) => json!({"not": error.to_string()}),
    }
}

pub(super) fn members(proposal: &Proposal) -> Vec<Value> {
    let checked = &proposal.checked;
    let members = checked.members.iter().map(|(name, member)| {
        json!({
            "principal": name,
            "kind": member.kind,
            "owner": member.owner,
            "roles": checked.roles.get(name),
            "tokens": member.tokens.len(),
            "rate": member.rate.map(|Rate { per_second, burst }| format!("{per_second}/s, {burst} at once")),
            "nkey": member.nkey,
        })
    });
    members.collect()
}
