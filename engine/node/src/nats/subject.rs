//! Subjects: which ones the engine listens on, and how a key stands in one.
//!
//! ```text
//! selfsame.in.<principal>.<event type>     request-reply ingest
//! selfsame.tray.<principal>.<event type>   the durable in-tray
//! selfsame.get.<projection>.<key>          reading
//! selfsame.read.<principal>.<projection>.<key>   the same, as the server hands it on across accounts
//! selfsame.feed.<principal>.<projection>   the change feed
//! ```
//!
//! The key is the rest of its subject. What a subject cannot carry is percent-encoded: white space, `*`,
//! `>`, `%`, control characters, and a dot that would leave an empty token.

use std::fmt::Write as _;

use percent_encoding::percent_decode_str;
use selfsame_core::{Code, Refusal};
use selfsame_record::{EventType, Key, Name, NameError, Principal};

/// What everything that the engine listens on begins with.
pub const ROOT: &str = "selfsame";
/// What a request-reply publish begins with.
pub const IN: &str = "selfsame.in.";
/// What a message of the in-tray begins with.
pub const TRAY: &str = "selfsame.tray.";
/// What a read begins with.
pub const GET: &str = "selfsame.get.";
/// What a read begins with once the server has written in whose account it came from.
pub const READ: &str = "selfsame.read.";
/// What a subscription to a feed begins with.
pub const FEED: &str = "selfsame.feed.";

/// The subject to publish an event on by request-reply.
pub fn subject_in(principal: &Principal, event_type: &EventType) -> String {
    format!("{IN}{principal}.{event_type}")
}

/// The subject to put an event into the in-tray.
pub fn subject_tray(principal: &Principal, event_type: &EventType) -> String {
    format!("{TRAY}{principal}.{event_type}")
}

/// The subject to read a row of a cache or view on.
pub fn subject_get(projection: &Name, key: &Key) -> String {
    format!("{GET}{projection}.{}", encode_key(key))
}

/// The subject to subscribe to the feed of a cache or view on, or to that of switches.
pub fn subject_feed(principal: &Principal, projection: Option<&Name>) -> String {
    projection.map_or_else(|| format!("{FEED}{principal}"), |name| format!("{FEED}{principal}.{name}"))
}

/// Whether an answer may be published there: never where the engine itself listens, or a caller could
/// make it publish events to itself, and never to the server's own subjects.
pub(crate) fn may_answer(reply: &str) -> bool {
    !reply.starts_with('$') && reply.split('.').next() != Some(ROOT)
}

/// The key as the end of a subject.
pub fn encode_key(key: &Key) -> String {
    let mut subject = String::with_capacity(key.as_str().len() + 8);
    let mut token_is_empty = true;
    let mut letters = key.as_str().chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '.' && !token_is_empty && letters.peek().is_some() {
            subject.push('.');
            token_is_empty = true;
            continue;
        }
        token_is_empty = false;
        if must_be_encoded(letter) {
            percent_encode(letter, &mut subject);
        } else {
            subject.push(letter);
        }
    }
    subject
}

/// A dot comes here only where it would end an empty token or begin one.
fn must_be_encoded(letter: char) -> bool {
    letter.is_whitespace() || letter.is_control() || matches!(letter, '*' | '>' | '%' | '.')
}

fn percent_encode(letter: char, subject: &mut String) {
    for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
        // Writing to a string cannot fail.
        let _ = write!(subject, "%{byte:02X}");
    }
}

/// The key that stands at the end of a subject.
///
/// # Errors
///
/// If a `%` is not followed by two hexadecimal digits, the bytes are not UTF-8, or it is not a key.
pub fn decode_key(rest: &str) -> Result<Key, Refusal> {
    let mut parts = rest.split('%');
    let _before_the_first = parts.next();
    let is_hex = |part: &str| part.get(..2).is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
    if !parts.all(is_hex) {
        return Err(not_a_key("a `%` in the subject is not followed by two hexadecimal digits")
            .next("write a `%` of the key as `%25`"));
    }
    let decoded = percent_decode_str(rest).decode_utf8();
    let text = decoded.map_err(|_| not_a_key("the percent-encoded bytes of the subject are not UTF-8"))?;
    Key::parse(&text).map_err(|err: NameError| not_a_key(&err.to_string()))
}

fn not_a_key(detail: &str) -> Refusal {
    Refusal::new(Code::BadRequest, detail).next("ask on `selfsame.get.<projection>.<key>`")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(text: &str) -> Key {
        Key::parse(text).expect("a key")
    }

    #[track_caller]
    fn check(text: &str, subject: &str) {
        assert_eq!(encode_key(&key(text)), subject);
        assert_eq!(decode_key(subject), Ok(key(text)));
    }

    #[test]
    fn a_key_stands_in_a_subject_as_readable_as_can_be() {
        check("u1", "u1");
        check("src/main.rs", "src/main.rs");
        check("a.b.c", "a.b.c");
        check("a b", "a%20b");
        check("*.>", "%2A.%3E");
        check("100%", "100%25");
        check(".", "%2E");
        check("..", "%2E%2E");
        check(".git", "%2Egit");
        check("a..b", "a.%2Eb");
        check("a.", "a%2E");
        check("Köln", "Köln");
        check("a\u{2028}b", "a%E2%80%A8b");
    }

    #[test]
    fn what_is_not_a_key_is_refused_with_the_reason() {
        for (subject, expect) in [
            ("100%", "not followed by two hexadecimal digits"),
            ("%4", "not followed by two hexadecimal digits"),
            ("%zz", "not followed by two hexadecimal digits"),
            ("%é", "not followed by two hexadecimal digits"),
            ("%FF", "not UTF-8"),
            ("a%0Ab", "control characters are not allowed"),
            ("", "must not be empty"),
        ] {
            let refusal = decode_key(subject).expect_err(subject);
            assert_eq!(refusal.code, Code::BadRequest);
            assert!(refusal.detail.contains(expect), "{subject}: {}", refusal.detail);
        }
    }

    #[test]
    fn the_engine_answers_anywhere_but_where_it_or_the_server_listens() {
        for refused in
            ["selfsame.in.web.x", "selfsame", "selfsame.tray.a.b", "$JS.API.STREAM.DELETE.X", "$SYS.x"]
        {
            assert!(!may_answer(refused), "{refused}");
        }
        for taken in ["_INBOX.abc.1", "selfsamex.in", "answers.selfsame", "a$"] {
            assert!(may_answer(taken), "{taken}");
        }
    }

    proptest! {
        #[test]
        fn every_key_comes_back_and_is_a_subject_that_a_server_takes(
            text in "[a-z.%*> \u{a0}ß𝄞]{1,40}|\\PC{1,60}",
        ) {
            prop_assume!(Key::parse(&text).is_ok());
            let encoded = encode_key(&key(&text));
            prop_assert_eq!(decode_key(&encoded), Ok(key(&text)));
            let tokens: Vec<&str> = encoded.split('.').collect();
            prop_assert!(tokens.iter().all(|token| !token.is_empty()));
            prop_assert!(!encoded.contains(|c: char| c.is_whitespace() || c.is_control() || "*>".contains(c)));
            prop_assert!(async_nats::Subject::from(encoded).is_valid());
        }
    }
}
