//! The words and signs of an expression's text, and the bounds that hold before a parser sees it.
//!
//! The parser recurses over brackets and is not trusted with characters that it does not know. So the text
//! is cut into tokens here first: only what CEL's grammar has passes, in bounded number and nesting. What
//! CEL has and this package does not support in any place (bytes, unsigned integers, quoted names) is
//! refused here, where its place is known.

use super::error::{ExpressionError, Place, Refusal};
use super::{EXPRESSION_BRACKETS_MAX, EXPRESSION_BYTES_MAX, EXPRESSION_TOKENS_MAX};

/// What sort of token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A name or a keyword.
    Name,
    Number,
    Text,
    /// An operator or a bracket.
    Sign,
}

/// One token and its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: TokenKind,
    pub(super) text: &'a str,
    pub(super) place: Place,
}

/// Signs, the longer ones first.
const SIGNS: [&str; 24] = [
    "&&", "||", "==", "!=", "<=", ">=", "(", ")", "[", "]", "{", "}", "<", ">", "!", "+", "-", "*", "/", "%",
    "?", ":", ".", ",",
];

/// Cuts a text into tokens.
pub(super) fn scan(source: &str) -> Result<Vec<Token<'_>>, ExpressionError> {
    if source.len() > EXPRESSION_BYTES_MAX {
        let refusal = Refusal::TooLong { bytes: source.len(), bytes_max: EXPRESSION_BYTES_MAX };
        return Err(refusal.anywhere());
    }
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut brackets: Vec<&str> = Vec::new();
    let mut cursor = Cursor { rest: source, place: Place::START };
    loop {
        cursor.skip_space();
        let place = cursor.place;
        let Some((kind, text)) = cursor.token()? else { break };
        if tokens.len() == EXPRESSION_TOKENS_MAX {
            return Err(Refusal::TooManyTokens { tokens_max: EXPRESSION_TOKENS_MAX }.at(place));
        }
        tokens.push(Token { kind, text, place });
        nest(text, place, &mut brackets)?;
    }
    match brackets.last() {
        None => Ok(tokens),
        Some(open) => Err(Refusal::Unclosed { what: (*open).to_owned() }.at(cursor.place)),
    }
}

/// Follows the brackets.
fn nest<'a>(text: &'a str, place: Place, open: &mut Vec<&'a str>) -> Result<(), ExpressionError> {
    let opening = match text {
        "(" | "[" | "{" => {
            open.push(text);
            if open.len() > EXPRESSION_BRACKETS_MAX {
                return Err(Refusal::TooManyBrackets { brackets_max: EXPRESSION_BRACKETS_MAX }.at(place));
            }
            return Ok(());
        }
        ")" => "(",
        "]" => "[",
        "}" => "{",
        _ => return Ok(()),
    };
    if open.pop() == Some(opening) {
        return Ok(());
    }
    Err(Refusal::Syntax { message: format!("`{text}` closes nothing") }.at(place))
}

struct Cursor<'a> {
    rest: &'a str,
    place: Place,
}

impl<'a> Cursor<'a> {
    /// Takes so many bytes, which end between two characters.
    fn take(&mut self, bytes: usize) -> &'a str {
        let (text, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.place = text.chars().fold(self.place, Place::after);
        self.rest = rest;
        text
    }

    fn skip_space(&mut self) {
        loop {
            let space = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c');
            let bytes = self.rest.find(|c| !space(c)).unwrap_or(self.rest.len());
            self.take(bytes);
            if !self.rest.starts_with("//") {
                return;
            }
            self.take(self.rest.find('\n').unwrap_or(self.rest.len()));
        }
    }

    fn token(&mut self) -> Result<Option<(TokenKind, &'a str)>, ExpressionError> {
        let Some(first) = self.rest.chars().next() else { return Ok(None) };
        let second = self.rest.chars().nth(1);
        if matches!(first, '"' | '\'') || (matches!(first, 'r' | 'R') && matches!(second, Some('"' | '\''))) {
            return self.text().map(|text| Some((TokenKind::Text, text)));
        }
        if first.is_ascii_alphabetic() || first == '_' {
            return self.name().map(|text| Some((TokenKind::Name, text)));
        }
        if first.is_ascii_digit() || (first == '.' && second.is_some_and(|c| c.is_ascii_digit())) {
            return self.number().map(|text| Some((TokenKind::Number, text)));
        }
        match SIGNS.iter().find(|sign| self.rest.starts_with(**sign)) {
            Some(sign) => Ok(Some((TokenKind::Sign, self.take(sign.len())))),
            None if first == '`' => Err(Refusal::QuotedName.at(self.place)),
            None => Err(Refusal::Character { character: first }.at(self.place)),
        }
    }

    fn name(&mut self) -> Result<&'a str, ExpressionError> {
        let ends = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
        let bytes = self.rest.find(ends).unwrap_or(self.rest.len());
        let place = self.place;
        let name = self.take(bytes);
        if self.rest.starts_with(['"', '\'']) && is_prefix(name) {
            return Err(Refusal::Bytes.at(place));
        }
        Ok(name)
    }

    /// A number: digits, a fraction, an exponent; or hexadecimal digits.
    fn number(&mut self) -> Result<&'a str, ExpressionError> {
        let bytes = self.rest.as_bytes();
        let digits = |from: usize| {
            let rest = bytes.get(from..).unwrap_or_default();
            from + rest.iter().take_while(|b| b.is_ascii_digit()).count()
        };
        let is = |at: usize, set: &[u8]| bytes.get(at).is_some_and(|b| set.contains(b));
        let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        let mut end = digits(0);
        if end == 1 && is(0, b"0") && is(1, b"xX") {
            let rest = bytes.get(2..).unwrap_or_default();
            end = 2 + rest.iter().take_while(|b| b.is_ascii_hexdigit()).count();
            end = if end == 2 { 1 } else { end };
        } else {
            if is(end, b".") && digit(end + 1) {
                end = digits(end + 1);
            }
            if is(end, b"eE") {
                let sign = usize::from(is(end + 1, b"+-"));
                end = if digit(end + 1 + sign) { digits(end + 1 + sign) } else { end };
            }
        }
        let place = self.place;
        let number = self.take(end);
        match self.rest.chars().next() {
            Some('u' | 'U') => Err(Refusal::Unsigned.at(place)),
            Some(c) if c.is_ascii_alphanumeric() || c == '_' => {
                Err(Refusal::Syntax { message: format!("`{number}{c}` is not a number") }.at(place))
            }
            _ => Ok(number),
        }
    }

    /// A text in quotes, with the quotes: single or triple, with escapes or raw.
    fn text(&mut self) -> Result<&'a str, ExpressionError> {
        let raw = usize::from(self.rest.starts_with(['r', 'R']));
        let quoted = self.rest.get(raw..).unwrap_or_default();
        let quote = if quoted.starts_with("'''") || quoted.starts_with("\"\"\"") { 3 } else { 1 };
        let (quote, inside) = quoted.split_at_checked(quote).unwrap_or((quoted, ""));
        let mut escaped = false;
        for (at, c) in inside.char_indices() {
            if !escaped && inside.get(at..).is_some_and(|rest| rest.starts_with(quote)) {
                return Ok(self.take(raw + quote.len() + at + quote.len()));
            }
            if quote.len() == 1 && matches!(c, '\n' | '\r') {
                break;
            }
            escaped = raw == 0 && c == '\\' && !escaped;
        }
        Err(Refusal::Unclosed { what: quote.to_owned() }.at(self.place))
    }
}

/// Whether a name before a quote makes bytes of the text.
fn is_prefix(name: &str) -> bool {
    matches!(name.to_ascii_lowercase().as_str(), "b" | "br" | "rb")
}
