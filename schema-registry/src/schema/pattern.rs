//! Regular expressions of linear time that mean what JSON Schema means: ECMA-262.
//!
//! The engine's syntax is nearly the same. Where the same text means something else there, it is rewritten:
//! `\d`, `\w` and `\b` are about ASCII, `\s` has a list of its own, `.` stops at every line terminator, `[]`
//! is empty, and in a class `[`, `&&`, `--` and `~~` are characters. What ECMA-262 does not have and the
//! engine has (`\A`, `(?i)`) is taken as the engine means it; what only ECMA-262 has (look-around,
//! back-references, `\cA`) is refused.

use std::fmt;

use regex::{Regex, RegexBuilder};

use crate::limits::{PATTERN_BYTES_MAX, PATTERN_SIZE_MAX};

/// What `.` stands for.
const NOT_LINE_END: &str = r"[^\n\r\x{2028}\x{2029}]";
/// What `\s` stands for, as the inside of a class.
const SPACE: &str = r"\t-\r\x20\xa0\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}";

/// A regular expression, as it was written and compiled.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    source: String,
    regex: Regex,
}

impl Pattern {
    /// Compiles it, if it is of linear time and within [`PATTERN_BYTES_MAX`] and [`PATTERN_SIZE_MAX`].
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(crate) fn compile(source: &str) -> Result<Pattern, String> {
        if source.len() > PATTERN_BYTES_MAX {
            let bytes = source.len();
            return Err(format!("the pattern has {bytes} bytes, over the limit of {PATTERN_BYTES_MAX}"));
        }
        let regex = RegexBuilder::new(&rewrite(source)).size_limit(PATTERN_SIZE_MAX).build();
        Ok(Pattern { source: source.to_owned(), regex: regex.map_err(|e| reason(&e))? })
    }

    /// The pattern in the engine's syntax.
    pub(crate) fn engine_syntax(&self) -> String {
        rewrite(&self.source)
    }

    /// Whether it matches anywhere in the text.
    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

fn reason(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(max) => {
            format!(
                "the pattern takes more than {max} bytes when it is compiled: make its repetitions smaller"
            )
        }
        // The parser's message draws the pattern over several lines; its last line says what is wrong.
        error => {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
            format!("not a pattern of linear time: {last}")
        }
    }
}

/// Where a class is being read, to tell a hyphen from a range.
#[derive(Clone, Copy, PartialEq)]
enum Class {
    Outside,
    /// No character stands before that a range could begin with.
    Start,
    AfterCharacter,
    AfterHyphen,
}

impl Class {
    fn after_character(self) -> Class {
        match self {
            Class::Outside => Class::Outside,
            Class::Start | Class::AfterCharacter => Class::AfterCharacter,
            Class::AfterHyphen => Class::Start,
        }
    }
}

/// The pattern in the engine's syntax.
fn rewrite(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut class = Class::Outside;
    let mut chars = source.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, class) {
            ('\\', _) => class = escape(chars.next(), class, &mut out),
            ('.', Class::Outside) => out.push_str(NOT_LINE_END),
            ('[', Class::Outside) => {
                let negated = chars.next_if_eq(&'^').is_some();
                if chars.next_if_eq(&']').is_some() {
                    out.push_str(if negated { "(?s:.)" } else { "[a&&b]" });
                } else {
                    out.push_str(if negated { "[^" } else { "[" });
                    class = Class::Start;
                }
            }
            (c, Class::Outside) => out.push(c),
            (']', _) => {
                out.push(']');
                class = Class::Outside;
            }
            ('-', Class::AfterCharacter) if chars.peek().is_some_and(|next| *next != ']') => {
                out.push('-');
                class = Class::AfterHyphen;
            }
            (c, _) => {
                if matches!(c, '[' | '&' | '-' | '~' | '^') {
                    out.push('\\');
                }
                out.push(c);
                class = class.after_character();
            }
        }
    }
    out
}

/// Writes an escape; gives where in a class it leads.
fn escape(letter: Option<char>, class: Class, out: &mut String) -> Class {
    let set = match letter {
        Some('d') => "[0-9]",
        Some('D') => "[^0-9]",
        Some('w') => "[0-9A-Za-z_]",
        Some('W') => "[^0-9A-Za-z_]",
        Some('s') => &format!("[{SPACE}]"),
        Some('S') => &format!("[^{SPACE}]"),
        Some('b') if class == Class::Outside => r"(?-u:\b)",
        Some('B') if class == Class::Outside => r"(?-u:\B)",
        letter => {
            out.push('\\');
            out.extend(letter);
            return class.after_character();
        }
    };
    out.push_str(set);
    if class == Class::Outside { class } else { Class::Start }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, fits: &[&str], fails: &[&str]) {
        let pattern = Pattern::compile(source).unwrap_or_else(|e| panic!("{source}: {e}"));
        assert_eq!(pattern.to_string(), source);
        for (texts, expect) in [(fits, true), (fails, false)] {
            for text in texts {
                assert_eq!(pattern.is_match(text), expect, "{source} on {text:?}");
            }
        }
    }

    #[test]
    fn classes_by_letter_are_those_of_ecma_262() {
        check(r"^\d$", &["7"], &["٣", "x"]);
        check(r"^\D$", &["٣", "x"], &["7"]);
        check(r"^\w$", &["a", "_"], &["ü", "-"]);
        check(r"^\W$", &["ü", "-"], &["a"]);
        check(r"^\s$", &[" ", "\t", "\u{a0}", "\u{2028}", "\u{feff}"], &["\u{85}", "x"]);
        check(r"^\S$", &["\u{85}", "x"], &[" ", "\u{feff}"]);
        check(r"^[\d\s]$", &["7", " "], &["٣"]);
        check(r"^[^\d\s]$", &["٣"], &["7", " "]);
        check(r"^[\p{L}-]\p{Script=Greek}$", &["aπ", "-π"], &["1π", "aa"]);
    }

    #[test]
    fn a_dot_stops_at_every_line_terminator_and_a_border_is_that_of_ascii_words() {
        check("^.$", &["x", "😀", "\u{85}"], &["", "\n", "\r", "\u{2028}", "\u{2029}"]);
        check(r"^[.]\.$", &[".."], &["x.", ".x"]);
        check(r"\bx", &["x", "üx", "-x"], &["ax"]);
        check(r"\Bx", &["ax"], &["x", "üx"]);
    }

    #[test]
    fn a_class_holds_characters_and_ranges_and_nothing_else() {
        check("^[[a]$", &["[", "a"], &["b"]);
        check("^[a&&b]$", &["a", "&", "b"], &["", "c"]);
        check("^[a~~b^]$", &["a", "~", "^"], &["c"]);
        check("^[+--]$", &["+", ",", "-"], &["."]);
        check("^[--/]$", &["-", ".", "/"], &[",", "0"]);
        check("^[a-c-]$", &["b", "-"], &["d"]);
        check(r"^[\w-]$", &["b", "-"], &["."]);
        check(r"^[\w-.]$", &["b", "-", "."], &["/"]);
        check(r"^[\u0041-\u0043\]]$", &["A", "B", "]"], &["D", "-", "0"]);
        check("^[]", &[], &["", "x", "]"]);
        check("^[^]$", &["x", "\n"], &["", "xx"]);
    }

    #[test]
    fn what_is_not_of_linear_time_or_ends_too_early_is_refused() {
        for bad in [r"(a)\1", "(?=a)", "(?<!a)b", r"\cA", "[a", "\\", "(", "[b-a]", "[\\", "[a-"] {
            assert!(Pattern::compile(bad).is_err(), "{bad}");
        }
    }
}
