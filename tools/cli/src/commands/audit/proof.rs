//! A proof that a record is in a log, as a file that says all of it.

use std::path::Path;

use selfsame_record::Record;
use selfsame_record::checkpoint::SignedCheckpoint;
use selfsame_record::entry::EntryWriter;
use selfsame_record::merkle::{Hash, verify_inclusion};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::commands::audit::trust::{Trust, another, older, tampered};
use crate::commands::audit::verify::Verified;
use crate::failure::{Failure, Outcome};

/// What the file is said to be.
pub(super) const KIND: &str = "selfsame-proof/1";

/// A record, its path to a root, and the checkpoint that signs the root.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Proof {
    /// [`KIND`].
    pub(super) kind: String,
    /// The record in its full form.
    pub(super) record: Record,
    /// The hashes from its entry up to the root.
    pub(super) path: Vec<Hash>,
    /// The checkpoint of the size that the path is for.
    pub(super) checkpoint: String,
}

impl Proof {
    /// Checks it, and hands out the checkpoint.
    pub(super) fn check(&self, trust: &Trust) -> Outcome<Verified> {
        if self.kind != KIND {
            return Err(tampered("kind", format!("it is `{}`, and `{KIND}` is read", self.kind)));
        }
        let signed = SignedCheckpoint::parse(&self.checkpoint).map_err(|err| tampered("checkpoint", err))?;
        let key = trust.given()?.ok_or_else(|| {
            Failure::Usage("a proof is verified by the log's key: give it with `--key VKEY`".to_owned())
        })?;
        let checkpoint = signed.verify(&key).map_err(|err| tampered("checkpoint", err))?;
        let mut entry = EntryWriter::new();
        entry.write_owned(&self.record);
        let position = self.record.position;
        let (index, size) = (position.wrapping_sub(1), checkpoint.size);
        let shown = verify_inclusion(entry.leaf(), index, size, &self.path, checkpoint.root);
        shown.map_err(|err| {
            tampered(format!("#{position}"), format!("it is not shown to be in the log: {err}"))
        })?;
        let held = self.held(trust, &key, checkpoint)?;
        let more = json!({ "record": self.record.position, "leaf": entry.leaf(), "held": held });
        Ok(Verified { what: "proof", key: key.clone(), size, root: checkpoint.root.to_base64(), more })
    }

    /// A checkpoint that the caller holds says something of this one only if it is of the same size.
    fn held(
        &self,
        trust: &Trust,
        key: &selfsame_record::note::VerifierKey,
        signed: &selfsame_record::checkpoint::Checkpoint,
    ) -> Outcome<Option<u64>> {
        let Some(held) = trust.held(key)? else { return Ok(None) };
        if held.size != signed.size {
            let said = older(held.size, signed.size);
            return Err(tampered(
                trust.name(),
                format!("{said}, or the proof is for another size: ask for one of #{}", held.size),
            ));
        }
        if held.root != signed.root {
            return Err(tampered(trust.name(), another(&held, &signed.root.to_base64())));
        }
        Ok(Some(held.size))
    }
}

pub(super) fn verify(path: &Path, trust: &Trust) -> Outcome<Verified> {
    let failed = |source| Failure::File { path: path.to_owned(), verb: "read", source };
    let text = std::fs::read(path).map_err(failed)?;
    let proof: Proof = serde_json::from_slice(&text).map_err(|e| tampered(path.display().to_string(), e))?;
    proof.check(trust)
}
