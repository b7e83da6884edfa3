//! One pass over JSON text: white space, literals, numbers and strings, by position.
//!
//! The grammar is that of RFC 8259, and nothing is forgiven. What is found is given as it is written; what it
//! means is the caller's to say.

/// Why text is not JSON, with the byte where that shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotJson {
    pub(crate) what: &'static str,
    pub(crate) at: usize,
}

/// A string as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lexeme<'a> {
    /// With its quotes.
    pub(crate) quoted: &'a str,
    /// Whether it has no escapes, so that its value lies between the quotes.
    pub(crate) plain: bool,
}

impl<'a> Lexeme<'a> {
    /// What lies between the quotes.
    pub(crate) fn inner(self) -> &'a str {
        self.quoted.get(1..self.quoted.len().saturating_sub(1)).unwrap_or_default()
    }
}

/// Text, and how far it was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scan<'a> {
    text: &'a str,
    at: usize,
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Whether a string cannot have the byte as it is: a control, the quote, the backslash.
fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

impl<'a> Scan<'a> {
    /// At the beginning of the text.
    pub(crate) fn new(text: &'a str) -> Scan<'a> {
        Scan { text, at: 0 }
    }

    /// How many bytes were read.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// The text from a position up to here.
    pub(crate) fn since(&self, from: usize) -> &'a str {
        self.text.get(from..self.at).unwrap_or_default()
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// The next byte that is not white space; 0 at the end.
    #[inline]
    pub(crate) fn peek(&mut self) -> u8 {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            if !is_space(byte) {
                return byte;
            }
            self.at += 1;
        }
        0
    }

    /// Goes past the byte that was seen.
    #[inline]
    pub(crate) fn pass(&mut self) {
        self.at += 1;
    }

    /// Goes past this byte if it is next. A branch, not a sum: rustc 1.95 optimises `at += usize::from(x == BYTE)`
    /// beside a branch on the same comparison so that nothing is added.
    #[inline]
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        if self.peek() != byte {
            return false;
        }
        self.at += 1;
        true
    }

    /// The problem at this place.
    pub(crate) fn wrong(&self, what: &'static str) -> NotJson {
        let what = if self.at >= self.text.len() { "it ends too early" } else { what };
        NotJson { what, at: self.at }
    }

    /// The string that begins here.
    #[inline]
    pub(crate) fn string(&mut self) -> Result<Lexeme<'a>, NotJson> {
        if self.peek() != b'"' {
            return Err(self.wrong("a string must stand here"));
        }
        let from = self.at;
        self.at += 1;
        let mut plain = true;
        loop {
            self.at += plain_run(self.rest());
            match self.rest().first() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Lexeme { quoted: self.since(from), plain });
                }
                Some(b'\\') => {
                    plain = false;
                    self.escape()?;
                }
                _ => return Err(self.wrong("a control character must be escaped in a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<(), NotJson> {
        self.at += 1;
        match self.rest() {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => self.at += 1,
            [b'u', a, b, c, d, ..] if [a, b, c, d].iter().all(|byte| byte.is_ascii_hexdigit()) => {
                self.at += 5
            }
            _ => return Err(self.wrong("there is no such escape")),
        }
        Ok(())
    }

    /// The number that begins here.
    #[inline]
    pub(crate) fn number(&mut self) -> Result<&'a str, NotJson> {
        let from = self.at;
        if self.rest().first() == Some(&b'-') {
            self.at += 1;
        }
        match self.rest() {
            [b'0', b'0'..=b'9', ..] => return Err(self.wrong("a number has no zeros before it")),
            [b'0'..=b'9', ..] => self.digits(),
            _ => return Err(self.wrong("a number must stand here")),
        }
        if let [b'.', rest @ ..] = self.rest() {
            self.at += 1;
            if !rest.first().is_some_and(u8::is_ascii_digit) {
                return Err(self.wrong("a digit must stand after the point"));
            }
            self.digits();
        }
        if let [b'e' | b'E', rest @ ..] = self.rest() {
            self.at += 1;
            if let Some(b'+' | b'-') = rest.first() {
                self.at += 1;
            }
            if !self.rest().first().is_some_and(u8::is_ascii_digit) {
                return Err(self.wrong("a digit must stand in the exponent"));
            }
            self.digits();
        }
        Ok(self.since(from))
    }

    fn digits(&mut self) {
        self.at += self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
    }

    /// The literal, if it stands here.
    pub(crate) fn literal(&mut self, literal: &str) -> Result<(), NotJson> {
        if !self.rest().starts_with(literal.as_bytes()) {
            return Err(self.wrong("a value must stand here"));
        }
        self.at += literal.len();
        Ok(())
    }
}

/// How many bytes at the beginning stand in a string as they are.
#[inline]
fn plain_run(bytes: &[u8]) -> usize {
    let mut done = 0;
    for eight in bytes.chunks_exact(8) {
        let word = <[u8; 8]>::try_from(eight).map_or(0, u64::from_le_bytes);
        let found = specials(word);
        if found != 0 {
            return done + (found.trailing_zeros() / 8) as usize;
        }
        done += 8;
    }
    let tail = bytes.get(done..).unwrap_or_default();
    done + tail.iter().take_while(|byte| !is_special(**byte)).count()
}

/// The high bit of each byte that is a control, a quote or a backslash. Above the first such byte there may
/// be others that are none.
fn specials(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let zero = |w: u64| w.wrapping_sub(ONES) & !w & HIGHS;
    let below_space = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
    below_space | zero(word ^ (ONES * 0x22)) | zero(word ^ (ONES * 0x5c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_string(text: &str, expect: Result<&str, &str>) {
        let mut scan = Scan::new(text);
        let got = scan.string().map(|lexeme| lexeme.quoted).map_err(|e| e.what);
        assert_eq!(got, expect, "{text}");
    }

    #[test]
    fn strings_end_where_they_end() {
        check_string(r#""a" "#, Ok(r#""a""#));
        check_string(r#"  "" "#, Ok(r#""""#));
        check_string(r#""a\"b\\" "#, Ok(r#""a\"b\\""#));
        check_string(r#""\ud83d\ude00ü😀""#, Ok(r#""\ud83d\ude00ü😀""#));
        check_string("\"a\n\"", Err("a control character must be escaped in a string"));
        check_string("\"\u{7f}\u{80}\"", Ok("\"\u{7f}\u{80}\""));
        check_string("\"a", Err("it ends too early"));
        check_string("\"a\\", Err("it ends too early"));
        check_string(r#""\x""#, Err("there is no such escape"));
        check_string(r#""\u12g4""#, Err("there is no such escape"));
        check_string("x", Err("a string must stand here"));
        for length in 0..20 {
            for special in ['"', '\\', '\u{0}', '\u{1f}'] {
                let text = format!("{}{special}{}", "ü".repeat(length), "a".repeat(9));
                assert_eq!(plain_run(text.as_bytes()), length * 2, "{text:?}");
            }
        }
    }

    #[track_caller]
    fn check_number(text: &str, expect: Result<&str, &str>) {
        assert_eq!(Scan::new(text).number().map_err(|e| e.what), expect, "{text}");
    }

    #[test]
    fn numbers_are_those_of_json() {
        for fine in ["0", "-0", "10", "1.50", "1e5", "1E+05", "-1.0e-3", "123456789012345678901234567890"] {
            check_number(fine, Ok(fine));
            check_number(&format!("{fine},"), Ok(fine));
        }
        check_number("01", Err("a number has no zeros before it"));
        check_number("-", Err("it ends too early"));
        check_number("+1", Err("a number must stand here"));
        check_number("1.x", Err("a digit must stand after the point"));
        check_number("1ex", Err("a digit must stand in the exponent"));
        check_number(".5", Err("a number must stand here"));
    }
}
