//! Names that stand for a protected one, however they are spelled.
//!
//! A name is folded and compared word by word. Folding takes, in this order: NFKD (UAX #15), lower case, characters
//! that do not show, the confusables skeleton (UTS #39), what separates words, and the letters of ASCII that look
//! alike. What is refused here for imitating a protected name would be refused by the grammar of event types too,
//! where it is not ASCII; the fold lets it be recorded as what it is, and catches what the grammar lets through.

use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;

/// Characters of a name that are looked at; no event type is as long.
pub const FOLDED_CHARS_MAX: usize = 512;

/// Patterns of protected names: `identity.*` is `identity` and all below it, `a.b` is that name alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Protected(Vec<Pattern>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    /// As it was given.
    text: String,
    words: Vec<String>,
    /// Whether it covers what is below, too.
    is_open: bool,
}

impl Protected {
    /// Compiles the patterns. The system's own, `selfsame.*`, is always among them.
    pub fn new<S: AsRef<str>>(patterns: &[S]) -> Protected {
        let given = patterns.iter().map(AsRef::as_ref);
        let compiled = std::iter::once("selfsame.*").chain(given).map(|text| {
            let stem = text.strip_suffix(".*");
            Pattern { text: text.to_owned(), words: fold(stem.unwrap_or(text)), is_open: stem.is_some() }
        });
        Protected(compiled.filter(|pattern| !pattern.words.is_empty()).collect())
    }

    /// The pattern that a name falls under, whatever its spelling.
    pub fn covers(&self, name: &str) -> Option<&str> {
        let words = fold(name);
        let covers = |pattern: &&Pattern| match pattern.is_open {
            true => words.starts_with(&pattern.words),
            false => words == pattern.words,
        };
        self.0.iter().find(covers).map(|pattern| pattern.text.as_str())
    }

    /// The patterns as they were given, and the system's own first.
    pub fn patterns(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|pattern| pattern.text.as_str())
    }
}

/// The words of a name, each as what it looks like.
fn fold(name: &str) -> Vec<String> {
    let bounded: String = decoded(name).chars().take(FOLDED_CHARS_MAX).collect();
    let plain = bounded.nfkd().flat_map(char::to_lowercase).filter(|c| shows(*c));
    // Before the skeleton, too, which makes a full stop of another script a ring.
    let plain: String = plain.map(|c| if separates(c) { '.' } else { c }).collect();
    let seen: String = skeleton(&plain).flat_map(char::to_lowercase).collect();
    let words = seen.split(separates).map(word);
    words.filter(|word| !word.is_empty()).collect()
}

/// A name without percent-encoding, if it has one that can be read.
fn decoded(name: &str) -> String {
    if !name.contains('%') {
        return name.to_owned();
    }
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.first_chunk::<2>().filter(|_| *first == b'%');
        let byte = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether a character leaves a trace on paper.
fn shows(c: char) -> bool {
    let hidden = c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}')
        || matches!(c, '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}')
        || matches!(c, '\u{e0000}'..='\u{e0fff}');
    // An accent does not make it another name.
    !hidden && !matches!(c, '\u{300}'..='\u{36f}')
}

/// Whether a character stands between words, or looks as if it did.
fn separates(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '.' | '/' | ':' | ';' | ',' | '\\' | '·' | '•' | '‧' | '∙' | '⋅' | '。' | '､' | '٠' | '۰'
        )
}

/// A word as what it looks like: `l`, `i` and `1` are one letter, as are `o` and `0`, `m` and `rn`, `w` and `vv`.
fn word(text: &str) -> String {
    let bare = text.trim_matches(['-', '_', '*', '\'', '"', '`']);
    let alike = bare.chars().map(|c| match c {
        'i' | '1' | '|' | 'ı' | '!' => 'l',
        '0' => 'o',
        '_' => '-',
        other => other,
    });
    alike.collect::<String>().replace("rn", "m").replace("vv", "w")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn protected() -> Protected {
        Protected::new(&["identity.*", "permission.*", "audit.*", "billing.card"])
    }

    #[track_caller]
    fn check(name: &str, expect: Option<&str>) {
        assert_eq!(protected().covers(name), expect, "{name:?}");
    }

    #[test]
    fn a_pattern_covers_its_name_and_what_is_below() {
        check("identity", Some("identity.*"));
        check("identity.user.created", Some("identity.*"));
        check("selfsame.x", Some("selfsame.*"));
        check("billing.card", Some("billing.card"));
        check("billing.card.x", None);
    }

    #[test]
    fn what_only_looks_a_bit_alike_is_another_name() {
        for name in
            ["identities.x", "auditor.y", "user.identity", "permissions.x", "self.same", "", "...", "ident"]
        {
            check(name, None);
        }
    }

    #[test]
    fn every_spelling_is_the_name_that_it_imitates() {
        for name in [
            "Identity.Role",
            "IDENTITY.role",
            "ldentity.role",
            "1dentity.role",
            "identity_.role",
            "-identity-.role",
            "іdentity.role",
            "identitу.role",
            "ｉｄｅｎｔｉｔｙ.role",
            "𝐢𝐝𝐞𝐧𝐭𝐢𝐭𝐲.role",
            "ıdentity.role",
            "İdentity.role",
            "ïdentity.role",
            "iden\u{200b}tity.role",
            "\u{feff}identity.role",
            "iden\u{ad}tity.role",
            "identity\u{2024}role",
            "identity．role",
            "identity。role",
            "identity/role",
            " identity .role",
            ".identity.role",
            "identity%2Erole",
            "%69dentity.role",
            "identity",
        ] {
            check(name, Some("identity.*"));
        }
        check("perrnission.granted", Some("permission.*"));
        check("pеrmissiоn.granted", Some("permission.*"));
        check("seIfsame.x", Some("selfsame.*"));
        check("5elfsame.x", None);
    }

    #[test]
    fn no_text_is_too_strange() {
        let long = "identity.".repeat(100_000);
        check(&long, Some("identity.*"));
        for name in ["%", "%2", "%zz", "\u{0}", "\u{10ffff}", "%ff%fe", "۰", "🦀.x"] {
            let _ = protected().covers(name);
        }
    }

    #[test]
    fn an_empty_pattern_covers_nothing() {
        assert_eq!(Protected::new(&["", ".*", "-"]).covers("anything"), None);
    }
}
