//! Signed notes: text with lines of signatures below it, as C2SP signed-note has them, and the cosignatures
//! of C2SP tlog-cosignature.
//!
//! ```text
//! text, which ends in a newline
//!
//! — <key name> base64(key id || signature)
//! ```
//!
//! Two of the signature types: Ed25519 over the text (`0x01`), and Ed25519 over the text with a time before
//! it (`0x04`), which is what a witness gives. Ed25519 is RFC 8032; signing takes no random numbers.
//!
//! Not here: what a text says ([`checkpoint`](crate::checkpoint)), and where keys come from.

mod key;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

pub use key::{KeyError, KeyKind, SignerKey, VerifierKey};

/// The most signatures that a note may carry.
pub const SIGNATURES_MAX: usize = 64;
/// What begins a signature's line.
const DASH: &str = "\u{2014} ";

/// Why bytes are not a note, or not one that a key signed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoteError {
    /// Not the form of a note.
    #[error("this is not a signed note: {0}")]
    Malformed(&'static str),
    /// No line is the key's.
    #[error("`{name}` (key {id:08x}) did not sign it")]
    NotSigned {
        /// The key's name.
        name: String,
        /// The key's id.
        id: u32,
    },
    /// A line says that it is the key's, and is not.
    #[error("the signature of `{name}` (key {id:08x}) does not match the text")]
    WrongSignature {
        /// The key's name.
        name: String,
        /// The key's id.
        id: u32,
    },
}

/// One line below a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    name: String,
    id: u32,
    bytes: Vec<u8>,
}

impl Signature {
    /// The name of the key.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn parse(line: &str) -> Option<Signature> {
        let (name, encoded) = line.strip_prefix(DASH)?.split_once(' ')?;
        let bytes = STANDARD.decode(encoded).ok()?;
        let (id, bytes) = bytes.split_first_chunk::<4>()?;
        let well_named = key::is_name(name) && !bytes.is_empty();
        well_named.then(|| Signature {
            name: name.to_owned(),
            id: u32::from_be_bytes(*id),
            bytes: bytes.to_vec(),
        })
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.id.to_be_bytes().as_slice(), &self.bytes].concat();
        write!(f, "{DASH}{} {}", self.name, STANDARD.encode(bytes))
    }
}

/// Text and who signed it. Nothing is known of the text until a key was asked
/// ([`verify`](Note::verify)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

impl Note {
    /// A note that nobody signed yet. The text ends in a newline.
    pub fn new(text: String) -> Note {
        debug_assert!(text.ends_with('\n'), "a note's text ends in a newline");
        Note { text, signatures: Vec::new() }
    }

    /// Reads a note. It has one spelling: what is read is written back byte for byte.
    ///
    /// # Errors
    ///
    /// If it is not in the form of one.
    pub fn parse(note: &str) -> Result<Note, NoteError> {
        use NoteError::Malformed;
        if note.chars().any(|c| c < ' ' && c != '\n') {
            return Err(Malformed("it has control characters"));
        }
        let cut = note.rfind("\n\n").ok_or(Malformed("it has no empty line before the signatures"))?;
        let (text, lines) = note.split_at(cut + 1);
        let lines = lines.strip_prefix('\n').unwrap_or_default();
        let lines = lines.strip_suffix('\n').ok_or(Malformed("it does not end in a newline"))?;
        let signatures = lines.split('\n').map(Signature::parse).collect::<Option<Vec<_>>>();
        let signatures = signatures.ok_or(Malformed("a line below the text is not a signature"))?;
        if signatures.len() > SIGNATURES_MAX {
            return Err(Malformed("it has too many signatures"));
        }
        Ok(Note { text: text.to_owned(), signatures })
    }

    /// What was signed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The lines below it.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Adds the signature of a key. `time` is the time of a cosignature, in seconds since 1970; it stands
    /// for nothing with a key that signs the text alone.
    pub fn sign(&mut self, key: &SignerKey, time: u64) {
        let verifier = key.verifier();
        let stamp = time.to_be_bytes();
        let signature = key.sign(&signed_bytes(verifier.kind(), time, &self.text));
        let bytes = match verifier.kind() {
            KeyKind::Ed25519 => signature.to_vec(),
            KeyKind::Cosignature => [stamp.as_slice(), &signature].concat(),
        };
        let (name, id) = (verifier.name().to_owned(), verifier.id());
        self.signatures.retain(|known| (known.name.as_str(), known.id) != (name.as_str(), id));
        self.signatures.push(Signature { name, id, bytes });
    }

    /// Takes the signatures of another note over the same text in, those that are not here yet.
    pub fn merge(&mut self, other: &Note) {
        if other.text == self.text {
            for signature in &other.signatures {
                if !self.signatures.contains(signature) && self.signatures.len() < SIGNATURES_MAX {
                    self.signatures.push(signature.clone());
                }
            }
        }
    }

    /// Checks that a key signed the text, and says when, if the signature says it.
    ///
    /// # Errors
    ///
    /// If no line is the key's, or one that says so does not match.
    pub fn verify(&self, key: &VerifierKey) -> Result<Option<u64>, NoteError> {
        let (name, id) = (key.name().to_owned(), key.id());
        let mut lines = self.signatures.iter().filter(|s| s.name == name && s.id == id).peekable();
        if lines.peek().is_none() {
            return Err(NoteError::NotSigned { name, id });
        }
        let mut signed_at = None;
        for line in lines {
            signed_at =
                self.check(key, &line.bytes).ok_or(NoteError::WrongSignature { name: name.clone(), id })?;
        }
        Ok(signed_at)
    }

    /// The time of a signature that matches, if its kind has one; `None` if it does not match.
    fn check(&self, key: &VerifierKey, bytes: &[u8]) -> Option<Option<u64>> {
        let (time, signature) = match key.kind() {
            KeyKind::Ed25519 => (None, bytes),
            KeyKind::Cosignature => {
                let (time, signature) = bytes.split_first_chunk::<8>()?;
                (Some(u64::from_be_bytes(*time)), signature)
            }
        };
        let signed = signed_bytes(key.kind(), time.unwrap_or_default(), &self.text);
        key.verify(&signed, signature).then_some(time)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

/// The bytes that a signature is over.
fn signed_bytes(kind: KeyKind, time: u64, text: &str) -> Vec<u8> {
    match kind {
        KeyKind::Ed25519 => text.as_bytes().to_vec(),
        KeyKind::Cosignature => format!("cosignature/v1\ntime {time}\n{text}").into_bytes(),
    }
}
