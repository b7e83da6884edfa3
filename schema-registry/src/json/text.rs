//! JSON text that stays text: made compact, and looked into without building a tree.
//!
//! [`compact`] refuses what is not JSON, and what many parsers let through: duplicate keys, lone surrogates,
//! nesting beyond a limit. The other functions take what `compact` gave.

use std::borrow::Cow;

use selfsame_record::{Value, ValueRef};

use super::pointer;
use super::scan::{Lexeme, NotJson, Scan};

/// What is wrong with a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TextError {
    /// It is not JSON.
    NotJson(NotJson),
    /// It is, but something in it is not taken; the place is counted from the text's beginning.
    Refused { pointer: String, message: String },
}

impl TextError {
    pub(crate) fn new(message: impl Into<String>) -> TextError {
        TextError::Refused { pointer: String::new(), message: message.into() }
    }

    pub(super) fn within(self, key: &str) -> TextError {
        match self {
            TextError::Refused { pointer: below, message } => {
                TextError::Refused { pointer: format!("{}{below}", pointer::child("", key)), message }
            }
            not_json @ TextError::NotJson(_) => not_json,
        }
    }
}

impl TextError {
    /// Where, counted from the text's beginning, and what is wrong.
    pub(crate) fn said(self) -> (String, String) {
        match self {
            TextError::Refused { pointer, message } => (pointer, message),
            TextError::NotJson(error) => {
                (String::new(), format!("not JSON: {} (byte {})", error.what, error.at + 1))
            }
        }
    }
}

impl From<NotJson> for TextError {
    fn from(error: NotJson) -> TextError {
        TextError::NotJson(error)
    }
}

/// The message for a string that is not one.
pub(crate) const LONE_SURROGATE: &str =
    "the string has half a surrogate pair: write `\\u` escapes in pairs, or the character itself";

/// Goes past a value and gives it without white space, each string written in one way; numbers keep their
/// lexeme.
pub(crate) fn compact(scan: &mut Scan<'_>, depth_max: usize) -> Result<String, TextError> {
    /// Small arrays need no second place in memory.
    const BYTES_FIRST: usize = 64;
    let mut compact = Compact { scan, out: String::with_capacity(BYTES_FIRST) };
    compact.value(depth_max)?;
    Ok(compact.out)
}

struct Compact<'s, 'a> {
    scan: &'s mut Scan<'a>,
    out: String,
}

impl<'a> Compact<'_, 'a> {
    fn value(&mut self, depth_left: usize) -> Result<(), TextError> {
        match self.scan.peek() {
            b'{' | b'[' if depth_left == 0 => {
                Err(TextError::new("objects and arrays lie too deep within each other"))
            }
            b'{' => self.object(depth_left - 1),
            b'[' => self.array(depth_left - 1),
            b'"' => self.string().map(drop),
            _ => {
                let lexeme = scalar_lexeme(self.scan)?;
                self.out.push_str(lexeme);
                Ok(())
            }
        }
    }

    fn array(&mut self, depth_left: usize) -> Result<(), TextError> {
        self.scan.pass();
        self.out.push('[');
        let mut index = 0_usize;
        while !(index == 0 && self.scan.take(b']')) {
            self.value(depth_left).map_err(|e| e.within(&index.to_string()))?;
            index += 1;
            if !self.more(b']')? {
                break;
            }
        }
        self.out.push(']');
        Ok(())
    }

    fn object(&mut self, depth_left: usize) -> Result<(), TextError> {
        self.scan.pass();
        self.out.push('{');
        let mut keys: Vec<Cow<'a, str>> = Vec::new();
        while !(keys.is_empty() && self.scan.take(b'}')) {
            let key = self.string()?;
            colon(self.scan)?;
            self.out.push(':');
            self.value(depth_left).map_err(|e| e.within(&key))?;
            keys.push(key);
            if !self.more(b'}')? {
                break;
            }
        }
        self.out.push('}');
        match twice(&mut keys) {
            Some(key) => Err(TextError::new(format!("the key `{key}` stands twice"))),
            None => Ok(()),
        }
    }

    /// Whether a comma follows, or the end.
    fn more(&mut self, end: u8) -> Result<bool, NotJson> {
        let more = comma(self.scan, end)?;
        if more {
            self.out.push(',');
        }
        Ok(more)
    }

    /// Copies a string and gives its value.
    fn string(&mut self) -> Result<Cow<'a, str>, TextError> {
        let lexeme = self.scan.string()?;
        let value = value_of(lexeme).ok_or_else(|| TextError::new(LONE_SURROGATE))?;
        match &value {
            Cow::Borrowed(_) => self.out.push_str(lexeme.quoted),
            Cow::Owned(text) => write_string(&mut self.out, text),
        }
        Ok(value)
    }
}

/// A key that is there twice.
fn twice<'k>(keys: &'k mut [Cow<'_, str>]) -> Option<&'k str> {
    keys.sort_unstable();
    let found = keys.iter().zip(keys.iter().skip(1)).find(|(a, b)| a == b);
    found.map(|(key, _)| key.as_ref())
}

/// Goes past a colon.
pub(crate) fn colon(scan: &mut Scan<'_>) -> Result<(), NotJson> {
    if scan.take(b':') { Ok(()) } else { Err(scan.wrong("a colon must stand after a key")) }
}

/// Goes past a comma, or past the end of what it stands in; tells whether it was a comma.
pub(crate) fn comma(scan: &mut Scan<'_>, end: u8) -> Result<bool, NotJson> {
    if scan.take(b',') {
        return Ok(true);
    }
    if scan.take(end) { Ok(false) } else { Err(scan.wrong("a comma or the end must stand after a value")) }
}

/// The literal or number that stands next.
pub(crate) fn scalar_lexeme<'a>(scan: &mut Scan<'a>) -> Result<&'a str, NotJson> {
    let first = scan.peek();
    let from = scan.at();
    match first {
        b't' => scan.literal("true")?,
        b'f' => scan.literal("false")?,
        b'n' => scan.literal("null")?,
        b'-' | b'0'..=b'9' => return scan.number(),
        _ => return Err(scan.wrong("a value must stand here")),
    }
    Ok(scan.since(from))
}

/// The value of a string; none if it has half a surrogate pair.
pub(crate) fn value_of(lexeme: Lexeme<'_>) -> Option<Cow<'_, str>> {
    if lexeme.plain { Some(Cow::Borrowed(lexeme.inner())) } else { unquote(lexeme.quoted) }
}

/// The literal or number at the beginning of the text.
pub(super) fn scalar(text: &str) -> &str {
    let ends = |byte: &u8| matches!(byte, b',' | b']' | b'}' | b':') || byte.is_ascii_whitespace();
    let end = text.as_bytes().iter().position(ends);
    text.get(..end.unwrap_or(text.len())).unwrap_or_default()
}

/// The string at the beginning of the text, with its quotes.
pub(super) fn string(text: &str) -> &str {
    Scan::new(text).string().map_or("", |lexeme| lexeme.quoted)
}

/// The value at the beginning of compact text.
fn value(text: &str) -> &str {
    match text.as_bytes().first() {
        Some(b'"') => return string(text),
        Some(b'{' | b'[') => {}
        _ => return scalar(text),
    }
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        match rest.as_bytes().first() {
            Some(b'{' | b'[') => (at, depth) = (at + 1, depth + 1),
            Some(b'}' | b']') => (at, depth) = (at + 1, depth.saturating_sub(1)),
            Some(b',' | b':') => at += 1,
            Some(b'"') => at += string(rest).len().max(1),
            _ => at += scalar(rest).len().max(1),
        }
        if depth == 0 {
            break;
        }
    }
    text.get(..at).unwrap_or_default()
}

/// The value of a string with its quotes; none if it has half a surrogate pair.
pub(crate) fn unquote(lexeme: &str) -> Option<Cow<'_, str>> {
    let inner = lexeme.get(1..lexeme.len().saturating_sub(1)).unwrap_or_default();
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    serde_json::from_str::<String>(lexeme).ok().map(Cow::Owned)
}

/// Appends a string with quotes and escapes.
pub(crate) fn write_string(out: &mut String, text: &str) {
    if text.bytes().any(|b| b < 0x20 || b == b'"' || b == b'\\') {
        out.push_str(&serde_json::Value::from(text).to_string());
        return;
    }
    out.push('"');
    out.push_str(text);
    out.push('"');
}

/// Appends a value; an object has to be written by who knows its members.
pub(crate) fn write_value(out: &mut String, value: ValueRef<'_>) {
    match value {
        ValueRef::Absent | ValueRef::Object => {}
        ValueRef::Null => out.push_str("null"),
        ValueRef::Bool(b) => out.push_str(if b { "true" } else { "false" }),
        ValueRef::Int(n) => out.push_str(&n.to_string()),
        ValueRef::Number(json) | ValueRef::Json(json) => out.push_str(json),
        ValueRef::Text(text) => write_string(out, text),
    }
}

/// What a slot keeps for this compact text: a scalar as one, an object or array as text.
///
/// Gives an owned value only for strings with escapes and for integers.
pub(crate) fn leaf(json: &str) -> Leaf<'_> {
    match json.as_bytes().first() {
        Some(b'n') => Leaf::Borrowed(ValueRef::Null),
        Some(b't') => Leaf::Borrowed(ValueRef::Bool(true)),
        Some(b'f') => Leaf::Borrowed(ValueRef::Bool(false)),
        Some(b'"') => match unquote(json) {
            Some(Cow::Owned(text)) => Leaf::Owned(Value::Text(text)),
            Some(Cow::Borrowed(text)) => Leaf::Borrowed(ValueRef::Text(text)),
            None => Leaf::Borrowed(ValueRef::Json(json)),
        },
        Some(b'-' | b'0'..=b'9') => match Value::number(json) {
            Value::Int(n) => Leaf::Borrowed(ValueRef::Int(n)),
            _ => Leaf::Borrowed(ValueRef::Number(json)),
        },
        _ => Leaf::Borrowed(ValueRef::Json(json)),
    }
}

/// A value that mostly lies in the text itself.
pub(crate) enum Leaf<'a> {
    /// It does.
    Borrowed(ValueRef<'a>),
    /// A string that has escapes.
    Owned(Value),
}

impl Leaf<'_> {
    /// The value, borrowed.
    pub(crate) fn value(&self) -> ValueRef<'_> {
        match self {
            Leaf::Borrowed(value) => *value,
            Leaf::Owned(value) => value.as_ref(),
        }
    }
}

/// The elements of a compact array.
pub(crate) fn elements(array: &str) -> impl Iterator<Item = &str> {
    let mut rest = array.get(1..).unwrap_or_default();
    std::iter::from_fn(move || {
        let element = value(rest.trim_start_matches(','));
        rest = rest.trim_start_matches(',').get(element.len()..).unwrap_or_default();
        Some(element).filter(|e| !e.is_empty() && !e.starts_with(']'))
    })
}

/// The members of a compact object: key with its quotes, value.
pub(crate) fn members(object: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = object.get(1..).unwrap_or_default();
    std::iter::from_fn(move || {
        let text = rest.trim_start_matches(',');
        let key = string(text);
        let member = value(text.get(key.len() + 1..).unwrap_or_default());
        rest = text.get(key.len() + 1 + member.len()..).unwrap_or_default();
        Some((key, member)).filter(|_| text.starts_with('"'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expect: Result<&str, (&str, &str)>) {
        let got = compact(&mut Scan::new(json), 4);
        let got = got.as_ref().map(String::as_str).map_err(|e| match e {
            TextError::Refused { pointer, message } => (pointer.as_str(), message.as_str()),
            TextError::NotJson(e) => ("not JSON", e.what),
        });
        assert_eq!(got, expect);
    }

    #[test]
    fn white_space_goes_and_lexemes_stay() {
        check(" [ 1.0 , 1e3 ,-0, 12345678901234567890 ] ", Ok("[1.0,1e3,-0,12345678901234567890]"));
        check("{ \"a b\" : { } , \"\" : [ ] }", Ok(r#"{"a b":{},"":[]}"#));
        check(r#"["\u0041\/\n\"", "\ud83d\ude00 , ] }"]"#, Ok(r#"["A/\n\"","😀 , ] }"]"#));
        check("true", Ok("true"));
    }

    #[test]
    fn what_the_parser_lets_through_is_refused_here() {
        check(r#"{"a":[0,{"b":1,"\u0062":2}]}"#, Err(("/a/1", "the key `b` stands twice")));
        check(r#"{"a/b":"\ud800"}"#, Err(("/a~1b", LONE_SURROGATE)));
        check(r#"{"\ud800":1}"#, Err(("", LONE_SURROGATE)));
        let deep = "objects and arrays lie too deep within each other";
        check("[[[[[]]]]]", Err(("/0/0/0/0", deep)));
        check("[[[[1]]]]", Ok("[[[[1]]]]"));
    }

    #[test]
    fn text_that_no_parser_has_seen_does_no_harm() {
        for bad in ["", "[", "{", "{\"", "{\"a", "{\"a\"", "{\"a\":", "[1", "\"", "\"\\", "[,,]", "{]"] {
            assert!(matches!(compact(&mut Scan::new(bad), 4), Err(TextError::NotJson(_))), "{bad}");
            assert!(elements(bad).count() < 10 && members(bad).count() < 10, "{bad}");
        }
    }

    #[test]
    fn elements_and_members_are_cut_where_they_end() {
        let array = r#"[1,"a,]\"",[2,[]],{"k":[3]},null]"#;
        assert_eq!(
            elements(array).collect::<Vec<_>>(),
            ["1", r#""a,]\"""#, "[2,[]]", r#"{"k":[3]}"#, "null"]
        );
        assert_eq!(elements("[]").count(), 0);
        let object = r#"{"a":1,"":{"x":[]},"c}":"}"}"#;
        let expect = [(r#""a""#, "1"), (r#""""#, r#"{"x":[]}"#), (r#""c}""#, r#""}""#)];
        assert_eq!(members(object).collect::<Vec<_>>(), expect);
        assert_eq!(members("{}").count(), 0);
    }
}
