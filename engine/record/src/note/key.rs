//! Keys of signed notes, and their texts.
//!
//! ```text
//! <name>+<key id, 8 hex digits>+base64(kind || public key)                 of a verifier
//! PRIVATE+KEY+<name>+<key id, 8 hex digits>+base64(kind || seed)           of a signer
//! ```
//!
//! The first is C2SP's, the second the one of Go's `note` package, which the tools of transparency logs
//! read. The key id is the beginning of `SHA-256(name || 0x0A || kind || public key)`, so that a changed
//! character in either text is noticed.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use thiserror::Error;
use zeroize::{Zeroize as _, Zeroizing};

use crate::merkle::Hash;

/// The longest name of a key.
const NAME_BYTES_MAX: usize = 255;
/// What begins the text of a signer's key.
const PRIVATE: &str = "PRIVATE+KEY+";

/// Why a text is not a key. The text itself is not repeated: it may be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// Not the form of a key.
    #[error("this is not a key: a verifier's is `name+id+base64`, a signer's `PRIVATE+KEY+name+id+base64`")]
    Malformed,
    /// The id in the text is another key's.
    #[error("the key's text was changed: its id does not belong to it")]
    WrongId,
    /// The name cannot be one of a key.
    #[error("a key's name has 1 to {NAME_BYTES_MAX} bytes, no spaces, no control characters and no `+`")]
    Name,
    /// A kind of signature that is not read here.
    #[error("the key is for signatures of type {0:#04x}, and only 0x01 and 0x04 are read")]
    Kind(u8),
}

/// What a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// The text.
    Ed25519 = 0x01,
    /// The text with a time before it, as a witness.
    Cosignature = 0x04,
}

impl KeyKind {
    fn of(byte: u8) -> Result<KeyKind, KeyError> {
        match byte {
            0x01 => Ok(KeyKind::Ed25519),
            0x04 => Ok(KeyKind::Cosignature),
            other => Err(KeyError::Kind(other)),
        }
    }

    fn byte(self) -> u8 {
        match self {
            KeyKind::Ed25519 => 0x01,
            KeyKind::Cosignature => 0x04,
        }
    }
}

/// A key to check signatures with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    kind: KeyKind,
    key: VerifyingKey,
}

impl VerifierKey {
    /// Reads the text of a key.
    ///
    /// # Errors
    ///
    /// If it is none, or was changed.
    pub fn parse(text: &str) -> Result<VerifierKey, KeyError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::Malformed);
        };
        let bytes = STANDARD.decode(key).map_err(|_| KeyError::Malformed)?;
        let (kind, key) = bytes.split_first().ok_or(KeyError::Malformed)?;
        let kind = KeyKind::of(*kind)?;
        let key = <&[u8; 32]>::try_from(key).map_err(|_| KeyError::Malformed)?;
        let key = VerifyingKey::from_bytes(key).map_err(|_| KeyError::Malformed)?;
        let verifier = VerifierKey { name: checked(name)?, kind, key };
        if format!("{:08x}", verifier.id()) == id { Ok(verifier) } else { Err(KeyError::WrongId) }
    }

    /// Its name: of a log, the origin of its checkpoints.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it signs.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The id that stands before its signatures.
    pub fn id(&self) -> u32 {
        let kind = [self.kind.byte()];
        let parts: [&[u8]; 4] = [self.name.as_bytes(), b"\n", &kind, self.key.as_bytes()];
        let Hash(hash) = Hash::of(&parts.concat());
        let [a, b, c, d, ..] = hash;
        u32::from_be_bytes([a, b, c, d])
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        let signature = ed25519_dalek::Signature::from_slice(signature);
        signature.is_ok_and(|signature| self.key.verify_strict(message, &signature).is_ok())
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [[self.kind.byte()].as_slice(), self.key.as_bytes()].concat();
        write!(f, "{}+{:08x}+{}", self.name, self.id(), STANDARD.encode(bytes))
    }
}

/// A key to sign with. Its seed is overwritten when it is dropped, and is in no `Debug`.
pub struct SignerKey {
    seed: SigningKey,
    verifier: VerifierKey,
}

impl SignerKey {
    /// The key that follows from a seed of 32 random bytes.
    ///
    /// # Errors
    ///
    /// If the name cannot be one of a key.
    pub fn from_seed(name: &str, kind: KeyKind, seed: &[u8; 32]) -> Result<SignerKey, KeyError> {
        let seed = SigningKey::from_bytes(seed);
        let verifier = VerifierKey { name: checked(name)?, kind, key: seed.verifying_key() };
        Ok(SignerKey { seed, verifier })
    }

    /// Reads the text of a key.
    ///
    /// # Errors
    ///
    /// If it is none, or was changed.
    pub fn parse(text: &str) -> Result<SignerKey, KeyError> {
        let mut parts = text.strip_prefix(PRIVATE).ok_or(KeyError::Malformed)?.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::Malformed);
        };
        let bytes = Zeroizing::new(STANDARD.decode(key).map_err(|_| KeyError::Malformed)?);
        let (kind, seed) = bytes.split_first().ok_or(KeyError::Malformed)?;
        let seed = <&[u8; 32]>::try_from(seed).map_err(|_| KeyError::Malformed)?;
        let signer = SignerKey::from_seed(name, KeyKind::of(*kind)?, seed)?;
        if format!("{:08x}", signer.verifier.id()) == id { Ok(signer) } else { Err(KeyError::WrongId) }
    }

    /// Its text, to be kept where only its owner reads it.
    pub fn to_secret_text(&self) -> Zeroizing<String> {
        let VerifierKey { name, kind, .. } = &self.verifier;
        let mut bytes = Zeroizing::new([kind.byte(); 33]);
        let mut seed = self.seed.to_bytes();
        if let Some(rest) = bytes.get_mut(1..) {
            rest.copy_from_slice(&seed);
        }
        seed.zeroize();
        let encoded = Zeroizing::new(STANDARD.encode(*bytes));
        Zeroizing::new(format!("{PRIVATE}{name}+{:08x}+{}", self.verifier.id(), *encoded))
    }

    /// The key that its signatures are checked with.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    pub(super) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.seed.sign(message).to_bytes()
    }
}

impl fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignerKey({})", self.verifier)
    }
}

/// Whether a key may have this name.
pub(super) fn is_name(name: &str) -> bool {
    let forbidden = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    (1..=NAME_BYTES_MAX).contains(&name.len()) && !name.contains(forbidden)
}

fn checked(name: &str) -> Result<String, KeyError> {
    is_name(name).then(|| name.to_owned()).ok_or(KeyError::Name)
}
