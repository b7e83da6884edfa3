//! Why a boundary is not taken, as a sentence, and what can be done about it.

use std::path::PathBuf;

use thiserror::Error;

/// Why a boundary is not taken.
#[derive(Debug, Error)]
pub enum BoundaryError {
    /// A file is not there, or cannot be read or written.
    #[error("`{}` cannot be {verb}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// `read` or `written`.
        verb: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// A file is there already, which would be lost.
    #[error("`{}` is there already", path.display())]
    Exists {
        /// Which.
        path: PathBuf,
    },
    /// A file is larger than it may be.
    #[error("`{}` has more than {max} bytes", path.display())]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// The limit.
        max: usize,
    },
    /// A file is no text.
    #[error("`{}` is not UTF-8", path.display())]
    NotText {
        /// Which.
        path: PathBuf,
    },
    /// A secret lies open.
    #[error("`{}` has mode {mode:04o}, so that others than its owner can use it", path.display())]
    OpenSecret {
        /// Which.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A file that should hold a seed holds something else.
    #[error("`{}` does not hold the seed of an operator's or a user's nkey", path.display())]
    NotASeed {
        /// Which.
        path: PathBuf,
    },
    /// A text that should be a public key is something else.
    #[error("`{key}` is not {what}")]
    NotAKey {
        /// The text, cut.
        key: String,
        /// What it should be.
        what: &'static str,
    },
    /// The machine gives no random bytes.
    #[error("the machine gives no random bytes: {0}")]
    NoRandomness(getrandom::Error),
    /// `boundary.sig` is not in its form, byte for byte.
    #[error("boundary.sig is not in the form that it is written in: {reason}")]
    SealForm {
        /// What is wrong.
        reason: String,
    },
    /// Another key has signed.
    #[error("boundary.sig is signed with {signer}, and the boundary is to be signed with {expected}")]
    OtherSigner {
        /// Who signed, by the file.
        signer: String,
        /// Who should have.
        expected: String,
    },
    /// The files are not those that were signed.
    #[error("the files have the digest {found}, and {signed} is what was signed")]
    Changed {
        /// Of the files as they are.
        found: String,
        /// By `boundary.sig`.
        signed: String,
    },
    /// The signature is not one of the key over the digest.
    #[error("the signature in boundary.sig is not one of {signer} over these files")]
    BadSignature {
        /// Whose it should be.
        signer: String,
    },
    /// `boundary.toml` is not in its form.
    #[error("boundary.toml: {reason}")]
    Document {
        /// What is wrong, with its place.
        reason: String,
    },
    /// `policy.cedarschema` cannot be read.
    #[error("policy.cedarschema: {reason}")]
    Schema {
        /// What is wrong.
        reason: String,
    },
    /// `policy.cedar` cannot be read, or says what the schema does not know.
    #[error("policy.cedar: {reason}")]
    Policy {
        /// What is wrong, one sentence per line.
        reason: String,
    },
}

impl BoundaryError {
    /// What can be done about it, most useful first.
    pub fn next(&self) -> Vec<String> {
        let next: &[&str] = match self {
            BoundaryError::File { verb: "read", .. } => &[
                "name the folder that `selfsame boundary init` made, which has boundary.toml, policy.cedar, \
                 policy.cedarschema and boundary.sig",
            ],
            BoundaryError::File { .. } => &["see that the folder is there and may be written"],
            BoundaryError::Exists { .. } => &["name another folder, or move what is there out of the way"],
            BoundaryError::TooLarge { .. } | BoundaryError::NotText { .. } => {
                &["see that it is the file that it should be"]
            }
            BoundaryError::OpenSecret { path, .. } => {
                return vec![format!("close it with `chmod 600 {}`", path.display())];
            }
            BoundaryError::NotASeed { .. } => &[
                "name a file with a line that begins with `SO` or `SU`, as `selfsame boundary init` writes it",
            ],
            BoundaryError::NotAKey { .. } => {
                &["give the public key as `selfsame boundary show` prints it: 56 letters and digits"]
            }
            BoundaryError::NoRandomness(_) => &["try again on a machine with a source of random bytes"],
            BoundaryError::SealForm { .. } => &["sign the boundary again with `selfsame boundary sign`"],
            BoundaryError::OtherSigner { .. } => {
                &["give the key that signed it after `--boundary-key`, or have the right operator sign it"]
            }
            BoundaryError::Changed { .. } => &[
                "see what changed with `selfsame boundary diff`, and sign it with `selfsame boundary sign` if it \
                 is meant",
                "or put back the files that were signed",
            ],
            BoundaryError::BadSignature { .. } => &[
                "sign the boundary again with `selfsame boundary sign`, or put back the file that was signed",
            ],
            BoundaryError::Document { .. } | BoundaryError::Policy { .. } => {
                &["correct it, see it with `selfsame boundary check`, and sign it again"]
            }
            BoundaryError::Schema { .. } => {
                &["write it anew with `selfsame boundary sign --schema`, which signs again"]
            }
        };
        next.iter().map(|line| (*line).to_owned()).collect()
    }
}
