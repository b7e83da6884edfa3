//! What a verifier goes by: the log's public key, and a checkpoint that it holds itself.

use std::path::{Path, PathBuf};

use clap::Args;
use selfsame_node::audit::{CHECKPOINT, VKEY, read_verifier};
use selfsame_record::checkpoint::{Checkpoint, SignedCheckpoint};
use selfsame_record::merkle::Tree;
use selfsame_record::note::VerifierKey;

use crate::client::Client;
use crate::commands::replay::operator;
use crate::failure::{Failure, Outcome};
use crate::secret::Credential;

/// What is gone by.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "What is gone by")]
pub(crate) struct Trust {
    /// The log's public key, as `audit.vkey` of its engine has it
    ///
    /// Take it from the engine's operator, not from what is verified: without it, the key that lies there is used,
    /// and whoever rewrote the log may have put it there.
    #[arg(long, value_name = "VKEY")]
    key: Option<String>,
    /// A checkpoint of the log that you hold; it must be a beginning of what is verified
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
}

/// Who asks a running engine.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Token {
    /// A file with an operator's token, where a boundary is in force
    #[arg(long, value_name = "FILE", env = "SELFSAME_OPERATOR_TOKEN_FILE", hide_env_values = true)]
    token_file: Option<PathBuf>,
}

impl Token {
    /// A client for the folder's engine, if one runs.
    pub(super) async fn operator(&self, dir: &Path) -> Outcome<Option<Client>> {
        operator(dir, self.token_file.as_deref()).await
    }

    /// A client for an engine at an address.
    pub(super) fn client(&self, server: &str) -> Outcome<Client> {
        Client::with(server, Credential::of(self.token_file.as_deref(), "auditor")?)
    }
}

/// Something is not what was signed. `place` says where.
pub(super) fn tampered(place: impl Into<String>, reason: impl ToString) -> Failure {
    Failure::Audit { place: place.into(), reason: reason.to_string() }
}

impl Trust {
    /// What a test goes by.
    #[cfg(test)]
    pub(super) fn new(key: Option<String>, checkpoint: Option<PathBuf>) -> Trust {
        Trust { key, checkpoint }
    }

    /// The key that was given.
    pub(super) fn given(&self) -> Outcome<Option<VerifierKey>> {
        let parse =
            |text: &String| VerifierKey::parse(text.trim()).map_err(|e| Failure::Usage(e.to_string()));
        self.key.as_ref().map(parse).transpose()
    }

    /// The key to go by for a folder; the one that lies there must be it.
    pub(super) fn of_folder(&self, dir: &Path) -> Outcome<VerifierKey> {
        let there = read_verifier(dir).map_err(|err| tampered(VKEY, err))?;
        match (self.given()?, there) {
            (Some(given), Some(there)) if given != there => {
                Err(tampered(VKEY, format!("it is the key `{there}`, and `{given}` was given")))
            }
            (Some(given), _) => Ok(given),
            (None, Some(there)) => {
                self.warn(&there);
                Ok(there)
            }
            (None, None) => Err(tampered(VKEY, "there is no key: give one with `--key VKEY`")),
        }
    }

    /// Says what a verification without a key of one's own is worth.
    fn warn(&self, there: &VerifierKey) {
        eprintln!(
            "warning: the key `{there}` lies beside what it signed. This shows that all of it is of one piece, and \
             not whose it is: give the key that you were told with `--key`."
        );
    }

    /// Holds the checkpoint that the caller has against the tree. Its size, if there is one.
    pub(super) fn hold_against(&self, key: &VerifierKey, tree: &Tree) -> Outcome<Option<u64>> {
        let Some(held) = self.held(key)? else { return Ok(None) };
        let place = self.name();
        match tree.root_at(held.size) {
            None => Err(tampered(place, older(held.size, tree.size()))),
            Some(root) if root != held.root => Err(tampered(place, another(&held, &root.to_base64()))),
            Some(_) => Ok(Some(held.size)),
        }
    }

    /// The checkpoint that the caller has.
    pub(super) fn held(&self, key: &VerifierKey) -> Outcome<Option<Checkpoint>> {
        let Some(path) = &self.checkpoint else { return Ok(None) };
        let unread = |source| Failure::File { path: path.clone(), verb: "read", source };
        let text = std::fs::read_to_string(path).map_err(unread)?;
        let signed = SignedCheckpoint::parse(&text).map_err(|e| tampered(self.name(), e))?;
        signed.verify(key).cloned().map(Some).map_err(|e| tampered(self.name(), e))
    }

    /// What the caller's checkpoint is called.
    pub(super) fn name(&self) -> String {
        self.checkpoint.as_ref().map_or_else(|| CHECKPOINT.to_owned(), |path| path.display().to_string())
    }
}

/// What is said of a log that is shorter than one of its checkpoints.
pub(super) fn older(signed: u64, found: u64) -> String {
    format!(
        "it is signed for #{signed}, and the log ends at #{found}: an older copy was restored, or its end was removed"
    )
}

/// What is said of a log that is not the one that was signed.
pub(super) fn another(signed: &Checkpoint, found: &str) -> String {
    let Checkpoint { size, root, .. } = signed;
    format!(
        "a record between #1 and #{size} is not the one that was signed: the root is {found}, and was {root}"
    )
}
