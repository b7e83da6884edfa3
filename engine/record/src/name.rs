//! Names that come from outside. Each type's `parse` is the only way in; nothing downstream checks again.

use std::borrow::Borrow;
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a name was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NameError {
    /// Nothing stands where a name must stand.
    #[error("{what} must not be empty")]
    Empty {
        /// The kind of name, with its article.
        what: &'static str,
    },
    /// Longer than the limit.
    #[error("{what} has at most {max} bytes, this one has {len}")]
    TooLong {
        /// The kind of name, with its article.
        what: &'static str,
        /// Bytes it has.
        len: usize,
        /// Bytes it may have.
        max: usize,
    },
    /// A character that the grammar does not have.
    #[error("`{name}` is not {what}: {grammar}")]
    Grammar {
        /// The kind of name, with its article.
        what: &'static str,
        /// What was given.
        name: String,
        /// What would have been right.
        grammar: &'static str,
    },
}

fn bounded(what: &'static str, name: &str, max: usize) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty { what });
    }
    if name.len() > max {
        return Err(NameError::TooLong { what, len: name.len(), max });
    }
    Ok(())
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

macro_rules! text_name {
    ($(#[$doc:meta])* $type:ident, $what:literal, $max:literal, $grammar:literal, $ok:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(Box<str>);

        impl $type {
            /// The most bytes that such a name has.
            pub const LEN_MAX: usize = $max;

            /// Checks and takes the name.
            ///
            /// # Errors
            ///
            /// If it is empty, longer than [`Self::LEN_MAX`] bytes, or not of the grammar.
            pub fn parse(name: &str) -> Result<Self, NameError> {
                bounded($what, name, $max)?;
                let ok: fn(&str) -> bool = $ok;
                if !ok(name) {
                    let name = name.to_owned();
                    return Err(NameError::Grammar { what: $what, name, grammar: $grammar });
                }
                Ok(Self(name.into()))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Borrow<str> for $type {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $type {
            type Error = NameError;
            fn try_from(name: String) -> Result<Self, NameError> {
                Self::parse(&name)
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0.into()
            }
        }

        impl FromStr for $type {
            type Err = NameError;
            fn from_str(name: &str) -> Result<Self, NameError> {
                Self::parse(name)
            }
        }
    };
}

text_name!(
    /// The type of an event: words of ASCII letters, digits, `_` and `-`, joined by dots.
    EventType,
    "an event type",
    128,
    "use words of letters, digits, `_` and `-`, joined by single dots",
    |name| name.split('.').all(is_word)
);

text_name!(
    /// Who acts: one word, since it is one token of a NATS subject.
    Principal,
    "a principal",
    64,
    "use letters, digits, `_` and `-`",
    is_word
);

text_name!(
    /// The name of a projection, or of a column of one.
    Name,
    "a name",
    64,
    "use letters, digits, `_` and `-`",
    is_word
);

text_name!(
    /// What an event is about (the CloudEvents `subject`), and what a row is found by.
    Key,
    "a key",
    512,
    "control characters are not allowed",
    |name| !name.chars().any(char::is_control)
);

impl EventType {
    /// Whether only the system itself may write it: `selfsame` or anything below, in any case.
    pub fn is_protected(&self) -> bool {
        self.0.split('.').next().is_some_and(|first| first.eq_ignore_ascii_case("selfsame"))
    }
}

/// The number of a schema version, shown `v2`. The first is `v1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VersionNo(NonZeroU32);

impl VersionNo {
    /// The version with this number, if it is not 0.
    pub fn new(number: u32) -> Option<VersionNo> {
        NonZeroU32::new(number).map(VersionNo)
    }

    /// The first version of a log.
    pub const FIRST: VersionNo = VersionNo(NonZeroU32::MIN);

    /// The number alone.
    pub fn get(self) -> u32 {
        self.0.get()
    }

    /// Reads `v2`.
    ///
    /// # Errors
    ///
    /// If it is not a `v` with a number from 1 to 4294967295 behind it.
    pub fn parse(name: &str) -> Result<VersionNo, NameError> {
        let digits = name.strip_prefix('v').filter(|d| d.bytes().all(|b| b.is_ascii_digit()));
        digits.filter(|d| !d.starts_with('0')).and_then(|d| d.parse().ok()).map(VersionNo).ok_or_else(|| {
            NameError::Grammar {
                what: "a schema version",
                name: name.chars().take(64).collect(),
                grammar: "use `v` and a number, such as `v2`",
            }
        })
    }
}

impl fmt::Display for VersionNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

impl TryFrom<String> for VersionNo {
    type Error = NameError;
    fn try_from(name: String) -> Result<Self, NameError> {
        VersionNo::parse(&name)
    }
}

impl From<VersionNo> for String {
    fn from(version: VersionNo) -> String {
        version.to_string()
    }
}

impl FromStr for VersionNo {
    type Err = NameError;
    fn from_str(name: &str) -> Result<Self, NameError> {
        VersionNo::parse(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expect: Result<(), &str>) {
        let got = EventType::parse(name).map(|_| ()).map_err(|e| e.to_string());
        assert_eq!(got.as_ref().map_err(String::as_str).copied(), expect);
    }

    #[test]
    fn event_types_are_dotted_words() {
        check("user.registered", Ok(()));
        check("git.file-changed", Ok(()));
        check("", Err("an event type must not be empty"));
        let grammar = "use words of letters, digits, `_` and `-`, joined by single dots";
        check("user..x", Err(&format!("`user..x` is not an event type: {grammar}")));
        check("usér.x", Err(&format!("`usér.x` is not an event type: {grammar}")));
        check(&"x".repeat(129), Err("an event type has at most 128 bytes, this one has 129"));
    }

    #[test]
    fn the_systems_own_types_are_known_in_every_case() {
        for name in ["selfsame", "selfsame.x", "SelfSame.y"] {
            assert!(EventType::parse(name).expect("a name").is_protected(), "{name}");
        }
        for name in ["selfsamex.y", "a.selfsame"] {
            assert!(!EventType::parse(name).expect("a name").is_protected(), "{name}");
        }
    }

    #[test]
    fn versions_are_v_and_a_number() {
        assert_eq!(VersionNo::parse("v12").map(VersionNo::get), Ok(12));
        for bad in ["12", "v0", "v01", "v", "v-1", "v99999999999", "V1"] {
            assert!(VersionNo::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn keys_take_anything_but_control_characters() {
        assert!(Key::parse("src/main.rs ä").is_ok());
        assert!(Key::parse("a\nb").is_err());
    }
}
