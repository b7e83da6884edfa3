//! The secret key that a connection is proven with, from a file.
//!
//! It is never part of an argument, a URL or a log line. The file is to be its owner's alone.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use async_nats::ConnectOptions;
use nkeys::{KeyPair, KeyPairType};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};
use thiserror::Error;

use crate::nats::layout::UserKey;

/// Bytes of a key file: one seed, and room for comments.
const FILE_BYTES_MAX: u64 = 4096;

/// The seed of a NATS user's key.
#[derive(Clone)]
pub struct NatsKey {
    seed: SecretString,
    public: UserKey,
}

/// Why there is no key.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The file cannot be read.
    #[error("the key file `{}` cannot be read: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: std::io::Error,
    },
    /// Others can read it.
    #[error("the key file `{}` can be read by others (mode {mode:03o}); `chmod 600` it, and change the key if \
             somebody may have read it", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Not one seed.
    #[error("the key file `{}` does not hold the seed of a NATS user; it is one line that begins with `SU`",
            path.display())]
    NoSeed {
        /// The file.
        path: PathBuf,
    },
}

impl NatsKey {
    /// Reads the seed from a file: one line that begins with `SU`; lines that begin with `#` are passed over.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, others can read it, or it holds no seed of a user.
    pub fn read(path: &Path) -> Result<NatsKey, KeyError> {
        let failed = |source| KeyError::File { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        let mode = metadata.permissions().mode() & 0o777;
        if metadata.is_file() && mode & 0o077 != 0 {
            return Err(KeyError::Open { path: path.to_owned(), mode });
        }
        let mut text = Zeroizing::new(String::with_capacity(usize::try_from(FILE_BYTES_MAX).unwrap_or(0)));
        file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
        NatsKey::parse(&text).ok_or_else(|| KeyError::NoSeed { path: path.to_owned() })
    }

    /// Reads the seed from text; `None` if it is none of a user.
    pub fn parse(text: &str) -> Option<NatsKey> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let (seed, more) = (lines.next()?, lines.next());
        let pair = KeyPair::from_seed(seed).ok()?;
        let is_one = more.is_none() && pair.key_pair_type() == KeyPairType::User;
        let public = UserKey::parse(&pair.public_key()).ok()?;
        is_one.then(|| NatsKey { seed: SecretString::from(seed), public })
    }

    /// A key that nobody had before, for a server that is told of its public half and started with it.
    pub fn fresh() -> Option<NatsKey> {
        let seed = Zeroizing::new(KeyPair::new_user().seed().ok()?);
        NatsKey::parse(&seed)
    }

    /// The public key, by which the server knows it.
    pub fn public(&self) -> &UserKey {
        &self.public
    }

    /// Connects with it.
    pub fn connect_options(&self) -> ConnectOptions {
        ConnectOptions::with_nkey(self.seed.expose_secret().to_owned())
    }
}

impl fmt::Debug for NatsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NatsKey({})", self.public)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed(kind: KeyPairType) -> String {
        KeyPair::new_from_raw(kind, [3; 32]).expect("a key").seed().expect("a seed")
    }

    #[test]
    fn a_key_file_holds_one_seed_of_a_user() {
        let user = seed(KeyPairType::User);
        for text in [user.clone(), format!("# web\n\n {user} \n")] {
            assert!(NatsKey::parse(&text).is_some());
        }
        let public = NatsKey::parse(&user).expect("a key").public().to_string();
        for text in ["", "#", &seed(KeyPairType::Account), &format!("{user}\n{user}"), &public, &user[1..]] {
            assert!(NatsKey::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_fresh_key_is_another_each_time() {
        let fresh = || NatsKey::fresh().expect("a key").public().clone();
        assert_ne!(fresh(), fresh());
    }

    #[test]
    fn a_key_is_never_shown() {
        let user = seed(KeyPairType::User);
        let shown = format!("{:?}", NatsKey::parse(&user).expect("a key"));
        assert!(!shown.contains(&user) && shown.starts_with("NatsKey(U"), "{shown}");
    }

    #[test]
    fn a_key_file_is_its_owners_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("web.nk");
        assert!(NatsKey::read(&path).expect_err("none").to_string().contains("cannot be read"));
        std::fs::write(&path, seed(KeyPairType::User)).expect("a file");
        for mode in [0o644, 0o640, 0o604] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("a mode");
            let err = NatsKey::read(&path).expect_err("open").to_string();
            assert!(err.contains(&format!("can be read by others (mode {mode:o})")), "{err}");
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("a mode");
        assert!(NatsKey::read(&path).is_ok());
        std::fs::write(&path, "nonsense SU").expect("a file");
        let err = NatsKey::read(&path).expect_err("nonsense").to_string();
        assert!(err.contains("does not hold the seed") && !err.contains("nonsense"), "{err}");
    }
}
