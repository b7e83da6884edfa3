//! Text from git as keys, ids and fields of events.
//!
//! A key is found again by people, so it stays as it is where it can. Bytes that a key cannot hold
//! (control characters, what is not UTF-8) are percent-encoded, and so is `%` itself, so that two paths
//! never become one key. A key over the limit keeps its beginning and ends in its SHA-256.

use std::borrow::Cow;
use std::fmt::Write as _;

use selfsame_record::Key;
use sha2::{Digest as _, Sha256};

/// The most bytes of an event id.
pub(crate) const ID_BYTES_MAX: usize = 256;
/// The most bytes of a name or a subject line; what is longer is cut.
pub(crate) const TEXT_BYTES_MAX: usize = 1024;
/// What stands for an empty key, such as the address of an author who gave none.
const EMPTY: &str = "(none)";

/// The bytes as a key.
pub(crate) fn key(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return EMPTY.to_owned();
    }
    let mut encoded = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() || c == '%' {
                c.encode_utf8(&mut [0; 4]).bytes().for_each(|b| percent(&mut encoded, b));
            } else {
                encoded.push(c);
            }
        }
        chunk.invalid().iter().for_each(|b| percent(&mut encoded, *b));
    }
    if encoded.len() <= Key::LEN_MAX {
        return encoded;
    }
    let hash = hash(bytes);
    let kept = cut(&encoded, Key::LEN_MAX - hash.len() - 1);
    format!("{kept}~{hash}")
}

/// The id of what a commit did to a file.
pub(crate) fn file_id(commit: &str, path: &[u8]) -> String {
    let plain = std::str::from_utf8(path).ok().map(|path| format!("{commit}:{path}"));
    plain.filter(|id| id.len() <= ID_BYTES_MAX).unwrap_or_else(|| format!("{commit}:{}", hash(path)))
}

/// A name or a line: what is not UTF-8 becomes U+FFFD, and what is too long is cut.
pub(crate) fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    match text {
        text if text.len() <= TEXT_BYTES_MAX => text.into_owned(),
        text => cut(&text, TEXT_BYTES_MAX).to_owned(),
    }
}

/// Whether [`text`] gives back what it was given.
pub(crate) fn is_kept(bytes: &[u8]) -> bool {
    bytes.len() <= TEXT_BYTES_MAX && matches!(String::from_utf8_lossy(bytes), Cow::Borrowed(_))
}

fn percent(out: &mut String, byte: u8) {
    // Writing to a string does not fail.
    let _ = write!(out, "%{byte:02X}");
}

/// The longest beginning of at most `max` bytes.
fn cut(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or_default()
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expect: &str) {
        let got = key(bytes);
        assert_eq!(got, expect);
        assert!(Key::parse(&got).is_ok(), "{got}");
    }

    #[test]
    fn a_key_stays_as_it_is_where_it_can() {
        check(b"src/main.rs", "src/main.rs");
        check("docs/für alle.md".as_bytes(), "docs/für alle.md");
        check(b"", "(none)");
    }

    #[test]
    fn what_a_key_cannot_hold_is_percent_encoded() {
        check(b"a\nb\tc", "a%0Ab%09c");
        check(b"100%", "100%25");
        check(b"a\xffb", "a%FFb");
        check("\u{85}x".as_bytes(), "%C2%85x");
    }

    #[test]
    fn a_key_over_the_limit_keeps_its_beginning_and_ends_in_its_hash() {
        let (one, other) = ("ä".repeat(300) + "1", "ä".repeat(300) + "2");
        let key_of_one = key(one.as_bytes());
        assert!(key_of_one.len() <= Key::LEN_MAX, "{}", key_of_one.len());
        assert!(key_of_one.starts_with("ää"));
        assert_ne!(key_of_one, key(other.as_bytes()));
    }

    #[test]
    fn ids_stay_within_the_limit_and_apart() {
        let commit = "0123456789012345678901234567890123456789";
        assert_eq!(file_id(commit, b"a b"), format!("{commit}:a b"));
        let long = file_id(commit, &[b'x'; 216]);
        assert_eq!(long.len(), 41 + 64);
        assert_ne!(file_id(commit, b"a\xff"), file_id(commit, b"a\xfe"));
    }

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(text(b"Ren\xe9"), "Ren\u{fffd}");
        assert_eq!(text("ü".repeat(600).as_bytes()), "ü".repeat(512));
        assert!(is_kept(b"plain") && !is_kept(b"Ren\xe9") && !is_kept(&[b'x'; 1025]));
    }
}
