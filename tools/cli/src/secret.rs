//! Tokens and keys, read from files that nobody else can read. They are held so that they are wiped, and are never
//! printed, logged or put on a command line.

use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use nkeys::KeyPair;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::failure::{Failure, Outcome};

/// Bytes of a token's or a key's file.
const SECRET_BYTES_MAX: u64 = 4096;

/// A bearer token.
pub(crate) fn token(path: &Path) -> Outcome<SecretString> {
    let text = read(path)?;
    let fits = text.len() <= selfsame_node::TOKEN_BYTES_MAX && text.bytes().all(|b| b.is_ascii_graphic());
    if text.is_empty() || !fits {
        return Err(unusable(path, "it is not one token in letters that can be sent"));
    }
    Ok(SecretString::from(text.as_str()))
}

/// A key that signs: the seed of an nkey.
pub(crate) fn key(path: &Path) -> Outcome<KeyPair> {
    // A file of credentials may say more around the seed.
    let text = read(path)?;
    let seed = text.lines().map(str::trim).find(|line| line.starts_with("SU") || line.starts_with("SO"));
    let seed = seed.ok_or_else(|| unusable(path, "it has no line with an nkey's seed"))?;
    KeyPair::from_seed(seed).map_err(|_| unusable(path, "its seed is not that of an nkey"))
}

/// The text of a file that is its owner's alone, without blanks around it.
fn read(path: &Path) -> Outcome<Zeroizing<String>> {
    let failed = |source| Failure::File { path: path.to_owned(), verb: "read", source };
    let file = std::fs::File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.mode();
    if mode & 0o077 != 0 {
        let reason = format!("others can read it (mode {:03o}): `chmod 600` it", mode & 0o777);
        return Err(unusable(path, &reason));
    }
    let mut text = Zeroizing::new(String::new());
    file.take(SECRET_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    Ok(Zeroizing::new(text.trim().to_owned()))
}

fn unusable(path: &Path, reason: &str) -> Failure {
    Failure::Input { what: format!("the secret in `{}`", path.display()), reason: reason.to_owned() }
}

/// What proves who sends a request.
#[derive(Clone, Debug)]
pub(crate) enum Credential {
    /// A name, where nobody proves anything.
    Name(String),
    /// A token.
    Token(SecretString),
}

impl Credential {
    /// The token in the file, or the name if there is none.
    pub(crate) fn of(file: Option<&Path>, name: &str) -> Outcome<Credential> {
        selfsame_record::Principal::parse(name).map_err(|e| Failure::Usage(e.to_string()))?;
        match file {
            Some(file) => token(file).map(Credential::Token),
            None => Ok(Credential::Name(name.to_owned())),
        }
    }

    /// What is sent.
    pub(crate) fn bearer(&self) -> &str {
        match self {
            Credential::Name(name) => name,
            Credential::Token(token) => token.expose_secret(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn file(text: &str, mode: u32) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("written");
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).expect("a mode");
        file
    }

    #[track_caller]
    fn refused<T>(outcome: Outcome<T>, expect: &str) {
        let err = outcome.err().expect("an error").to_string();
        assert!(err.contains(expect), "{err}");
    }

    #[test]
    fn a_secret_is_its_owners_alone() {
        let seed = KeyPair::new_user().seed().expect("a seed");
        for mode in [0o644, 0o640, 0o660, 0o604] {
            refused(token(file("abc", mode).path()), "`chmod 600` it");
            refused(key(file(&seed, mode).path()), "`chmod 600` it");
        }
        assert_eq!(token(file(" abc\n", 0o600).path()).expect("a token").expose_secret(), "abc");
        assert!(key(file(&format!("# mine\n{seed}\n"), 0o400).path()).is_ok());
    }

    #[test]
    fn what_is_no_secret_is_said_without_showing_it() {
        refused(token(file("", 0o600).path()), "not one token");
        refused(token(file("two words", 0o600).path()), "not one token");
        refused(token(file(&"x".repeat(300), 0o600).path()), "not one token");
        refused(key(file("SUnonsense", 0o600).path()), "not that of an nkey");
        refused(key(file("nothing", 0o600).path()), "no line with an nkey's seed");
        refused(token(Path::new("/nowhere")), "cannot be read");
        let token = Credential::Token(SecretString::from("abc"));
        assert!(!format!("{token:?}").contains("abc"));
    }
}
