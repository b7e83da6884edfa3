//! `audit verify`: whether a log, a copy, an export, a proof or a running engine is what was signed.

use std::path::{Path, PathBuf};

use clap::Args;
use selfsame_record::note::VerifierKey;
use serde_json::{Value, json};

use crate::client::Answer;
use crate::commands::audit::trust::{Token, Trust};
use crate::commands::audit::{engine, export, exported, folder, proof};
use crate::failure::{Failure, Outcome};
use crate::out::{Out, outline};

/// Verify a log, a copy of one, an export, a proof or a running engine
///
/// A folder is an engine's (or a copy of it) or an export. Every record is hashed again; the root must be the one
/// that was signed, and every file what it was. A running engine is asked over the socket in its folder, or, given
/// its address, for its hashes alone. Nothing is written where it is verified.
///
/// It fails with exit code 1 and names the place.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame audit verify ./data --key 'selfsame/1f0…+13cb40c3+AfBs…'
  selfsame audit verify ./export --key VKEY --checkpoint ./held-since-june
  selfsame audit verify --proof proof.json --key VKEY
  selfsame audit verify http://127.0.0.1:4747 --key VKEY")]
pub(crate) struct VerifyArgs {
    /// A folder, or the address of an engine
    #[arg(required_unless_present = "proof", conflicts_with = "proof")]
    what: Option<String>,
    /// A proof that `audit prove` wrote
    #[arg(long, value_name = "FILE")]
    proof: Option<PathBuf>,
    #[command(flatten)]
    trust: Trust,
    #[command(flatten)]
    token: Token,
}

/// What was verified, and against what.
#[derive(Debug)]
pub(super) struct Verified {
    /// What it was.
    pub(super) what: &'static str,
    /// The key that signed it.
    pub(super) key: VerifierKey,
    /// The size that is signed.
    pub(super) size: u64,
    /// The root over that.
    pub(super) root: String,
    /// What else there is to say.
    pub(super) more: Value,
}

impl Verified {
    fn answer(self) -> Answer {
        let mut json = json!({
            "verified": self.what, "log": self.key.name(), "key": self.key.to_string(),
            "size": self.size, "root": self.root,
        });
        if let (Some(members), Value::Object(more)) = (json.as_object_mut(), self.more) {
            members.extend(more);
        }
        Answer { text: json.to_string(), json }
    }
}

pub(crate) async fn run(args: VerifyArgs, out: Out) -> Outcome {
    let verified = match (&args.what, &args.proof) {
        (_, Some(path)) => proof::verify(path, &args.trust)?,
        (Some(what), None) if what.starts_with("http:") => {
            engine::verify(&args.token.client(what)?, &args.trust, None).await?
        }
        (Some(what), None) => of_folder(Path::new(what), &args.trust, &args.token).await?,
        (None, None) => return Err(Failure::Usage("nothing to verify was named".to_owned())),
    };
    out.answer(&verified.answer(), outline)
}

async fn of_folder(dir: &Path, trust: &Trust, token: &Token) -> Outcome<Verified> {
    if let Some(client) = token.operator(dir).await? {
        return engine::verify(&client, trust, Some(dir)).await;
    }
    let (dir, trust) = (dir.to_owned(), trust.clone());
    let verifying = tokio::task::spawn_blocking(move || {
        if dir.join("log").is_dir() {
            folder::verify(&dir, &trust)
        } else if dir.join(export::RECORDS).is_file() {
            exported::verify(&dir, &trust)
        } else {
            Err(Failure::NoLog(dir))
        }
    });
    verifying.await.map_err(|_| Failure::Bug("verifying ended by a bug".to_owned()))?
}
