//! Verifying an engine's folder, or a copy of it, as it lies there.

use std::io;
use std::path::Path;

use selfsame_log::{FjallLog, Log as _, check_seal, open_copy};
use selfsame_node::audit::{CHECKPOINT, KEY, read_checkpoint, rebuild};
use selfsame_record::checkpoint::Checkpoint;
use selfsame_record::note::{SignerKey, VerifierKey};
use serde_json::json;

use crate::commands::audit::trust::{Trust, another, older, tampered};
use crate::commands::audit::verify::Verified;
use crate::failure::{Failure, Outcome};

/// A log that is looked at in a copy of its small files, so that it stays as it is.
pub(super) struct Looked {
    pub(super) log: FjallLog,
    // Removed after the log is closed.
    _copy: tempfile::TempDir,
}

impl Looked {
    pub(super) fn at(dir: &Path) -> Outcome<Looked> {
        let made = tempfile::Builder::new().prefix("selfsame-audit-").tempdir();
        let copy =
            made.map_err(|source| Failure::File { path: std::env::temp_dir(), verb: "used", source })?;
        let log = open_copy(&dir.join("log"), copy.path());
        let log = log.map_err(|err| match err {
            selfsame_log::OpenError::InUse { .. } => Failure::OpenLog(err),
            other => tampered("log", other),
        })?;
        Ok(Looked { log, _copy: copy })
    }
}

pub(super) fn verify(dir: &Path, trust: &Trust) -> Outcome<Verified> {
    let key = trust.of_folder(dir)?;
    check_secret(dir, &key)?;
    let signed = signed(dir, &key)?;
    let files = check_seal(&dir.join("log")).map_err(|err| tampered("log", err))?;
    if files.is_none() {
        eprintln!(
            "note: the engine was not stopped cleanly, or its log was opened since: its records are verified, and the \
             bytes of its files that no record is made of are not"
        );
    }
    let looked = Looked::at(dir)?;
    let tree = rebuild(&looked.log).map_err(|err| tampered("log", err))?;
    match tree.root_at(signed.size) {
        None => return Err(tampered(CHECKPOINT, older(signed.size, tree.size()))),
        Some(root) if root != signed.root => {
            return Err(tampered("log", another(&signed, &root.to_base64())));
        }
        Some(_) => {}
    }
    let held = trust.hold_against(&key, &tree)?;
    let more = json!({
        "records": looked.log.head(), "unsigned": tree.size() - signed.size, "files": files, "held": held,
    });
    Ok(Verified { what: "folder", key, size: signed.size, root: signed.root.to_base64(), more })
}

/// The folder's checkpoint.
pub(super) fn signed(dir: &Path, key: &VerifierKey) -> Outcome<Checkpoint> {
    let signed = read_checkpoint(dir).map_err(|err| tampered(CHECKPOINT, err))?;
    let signed =
        signed.ok_or_else(|| tampered(CHECKPOINT, "it is not there: nothing says what was signed"))?;
    signed.verify(key).cloned().map_err(|err| tampered(CHECKPOINT, err))
}

/// Sees that the secret key is the one that the log is signed with, if it may be read.
fn check_secret(dir: &Path, key: &VerifierKey) -> Outcome {
    let text = match std::fs::read_to_string(dir.join(KEY)) {
        Ok(text) => text,
        Err(err) if matches!(err.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) => {
            return Ok(());
        }
        Err(err) => return Err(tampered(KEY, err)),
    };
    let text = zeroize::Zeroizing::new(text);
    let secret = text.strip_suffix('\n').map(SignerKey::parse);
    match secret {
        Some(Ok(secret)) if secret.verifier() == key => Ok(()),
        Some(Ok(_)) => Err(tampered(KEY, "it is another log's")),
        Some(Err(err)) => Err(tampered(KEY, err)),
        None => Err(tampered(KEY, "it does not end in a newline")),
    }
}
