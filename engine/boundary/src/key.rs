//! Keys that sign, and the public keys that they are checked with.
//!
//! A seed stays a secret text and is decoded for the moment in which it signs. It comes from a file that nobody
//! but its owner can use, never from a command line or a surrounding variable.

use nkeys::{KeyPair, KeyPairType};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::error::BoundaryError;

/// Characters of a public key.
const PUBLIC_LEN: usize = 56;

/// The public key of an operator or a user: `O…` or `U…`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublicKey(String);

impl PublicKey {
    /// Reads a key that may sign a boundary.
    ///
    /// # Errors
    ///
    /// If it is not the public key of an operator or a user.
    pub fn parse(text: &str) -> Result<PublicKey, BoundaryError> {
        let what = "the public key of an operator (`O…`) or a user (`U…`)";
        Self::of(text, what, &[KeyPairType::Operator, KeyPairType::User])
    }

    /// Reads a key that a principal signs commands with.
    ///
    /// # Errors
    ///
    /// If it is not the public key of a user.
    pub fn parse_user(text: &str) -> Result<PublicKey, BoundaryError> {
        Self::of(text, "the public key of a user (`U…`)", &[KeyPairType::User])
    }

    fn of(text: &str, what: &'static str, kinds: &[KeyPairType]) -> Result<PublicKey, BoundaryError> {
        let pair = KeyPair::from_public_key(text).ok();
        // The library takes a key whose first byte it does not know for an operator's.
        let is_known = text.starts_with(['O', 'U']) && text.len() == PUBLIC_LEN;
        match pair.filter(|pair| is_known && kinds.contains(&pair.key_pair_type())) {
            Some(pair) => Ok(PublicKey(pair.public_key())),
            None => {
                // A seed that was given by mistake is not said again.
                let is_seed = text.starts_with('S');
                let key = if is_seed { "S…".to_owned() } else { text.chars().take(PUBLIC_LEN).collect() };
                Err(BoundaryError::NotAKey { key, what })
            }
        }
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this key has signed the bytes.
    pub fn has_signed(&self, bytes: &[u8], signature: &[u8]) -> bool {
        KeyPair::from_public_key(&self.0).is_ok_and(|pair| pair.verify(bytes, signature).is_ok())
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key that signs. Its seed is not shown.
#[derive(Debug)]
pub struct SigningKey {
    seed: SecretString,
    public: PublicKey,
}

impl SigningKey {
    /// A new user's key.
    ///
    /// # Errors
    ///
    /// If the machine gives no random bytes.
    pub fn generate() -> Result<SigningKey, BoundaryError> {
        let random = random_bytes()?;
        let pair = KeyPair::new_from_raw(KeyPairType::User, *random).ok();
        let seed = pair.and_then(|pair| pair.seed().ok());
        let key = seed.and_then(|seed| SigningKey::from_seed(seed.into()));
        Ok(key.unwrap_or_else(|| unreachable!("32 bytes are a seed")))
    }

    /// Reads a seed, if it is one of an operator or a user.
    pub fn from_seed(seed: SecretString) -> Option<SigningKey> {
        let pair = KeyPair::from_seed(seed.expose_secret()).ok()?;
        let public = PublicKey::parse(&pair.public_key()).ok()?;
        Some(SigningKey { seed, public })
    }

    /// The key that signatures are checked with.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The seed, to be written to a file of its own.
    pub fn seed(&self) -> &SecretString {
        &self.seed
    }

    /// Signs the bytes.
    pub fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        let pair = KeyPair::from_seed(self.seed.expose_secret()).ok();
        let signature = pair.and_then(|pair| pair.sign(bytes).ok());
        signature.unwrap_or_else(|| unreachable!("the seed was read before"))
    }
}

/// 32 random bytes.
pub(crate) fn random_bytes() -> Result<Zeroizing<[u8; 32]>, BoundaryError> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut_slice()).map_err(BoundaryError::NoRandomness)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_key_signs_its_public_key_knows() {
        let (key, other) = (SigningKey::generate().expect("a key"), SigningKey::generate().expect("a key"));
        let signature = key.sign(b"text");
        assert!(key.public().has_signed(b"text", &signature));
        assert!(!key.public().has_signed(b"texT", &signature));
        assert!(!other.public().has_signed(b"text", &signature));
        assert!(!key.public().has_signed(b"text", &signature[1..]));
    }

    #[test]
    fn a_seed_is_not_shown() {
        let key = SigningKey::generate().expect("a key");
        let seed = key.seed().expose_secret().to_owned();
        assert!(seed.starts_with("SU"), "the seed of a user");
        assert!(!format!("{key:?}").contains(&seed));
        let refused = PublicKey::parse(&seed).expect_err("no public key").to_string();
        assert_eq!(refused, "`S…` is not the public key of an operator (`O…`) or a user (`U…`)");
    }

    #[track_caller]
    fn check(key: &str, operator_too: bool, expect: bool) {
        let parsed = if operator_too { PublicKey::parse(key) } else { PublicKey::parse_user(key) };
        assert_eq!(parsed.is_ok(), expect, "{key}");
    }

    #[test]
    fn operators_and_users_sign_and_nobody_else() {
        let public = |kind| KeyPair::new(kind).public_key();
        check(&public(KeyPairType::Operator), true, true);
        check(&public(KeyPairType::User), true, true);
        check(&public(KeyPairType::Operator), false, false);
        check(&public(KeyPairType::User), false, true);
        for kind in [KeyPairType::Account, KeyPairType::Server, KeyPairType::Module] {
            check(&public(kind), true, false);
        }
        for text in ["", "U", &"U".repeat(56), &"ü".repeat(28)] {
            check(text, true, false);
        }
    }
}
