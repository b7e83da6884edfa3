//! Which event types a principal may publish, as the server's permissions say it.

use std::fmt;

use crate::nats::layout::LayoutError;

/// Letters of a pattern.
const LEN_MAX: usize = 128;

/// An event type, with `*` for any one word and `>` for any rest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TypePattern(String);

impl TypePattern {
    /// Every type.
    pub fn all() -> TypePattern {
        TypePattern(">".to_owned())
    }

    /// Reads one.
    ///
    /// # Errors
    ///
    /// If a word is empty or has anything in it but letters, digits, `_` and `-`, or `>` is not the last.
    pub fn parse(text: &str) -> Result<TypePattern, LayoutError> {
        let is_word = |word: &str| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
        };
        let words = text.strip_suffix('>').map_or(Some(text), |rest| match rest {
            "" => None,
            rest => Some(rest.strip_suffix('.').unwrap_or(">")),
        });
        let is_pattern = words.is_none_or(|words| words.split('.').all(|word| word == "*" || is_word(word)));
        if text.len() > LEN_MAX || !is_pattern {
            return Err(LayoutError::Pattern { shown: text.chars().take(64).collect() });
        }
        Ok(TypePattern(text.to_owned()))
    }
}

impl fmt::Display for TypePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_words_with_a_star_for_one_and_an_arrow_for_the_rest() {
        for taken in [">", "a", "user.registered", "user.*", "*.x", "a.b.>", "A-1_2"] {
            assert_eq!(TypePattern::parse(taken).expect(taken).to_string(), taken);
        }
        let long = "a".repeat(129);
        for refused in
            ["", ".", "a.", ".a", "a..b", ">.a", "a>", "a.>b", ">>", "a*", "a b", "a\"", "ä", "a.>.>", &long]
        {
            assert!(TypePattern::parse(refused).is_err(), "{refused}");
        }
    }
}
