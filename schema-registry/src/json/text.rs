//! JSON text that stays text: made compact, and looked into without building a tree.
//!
//! [`compact`] takes text that a JSON parser has accepted and refuses what that parser lets through:
//! duplicate keys, lone surrogates, nesting beyond a limit. The other functions take what `compact` gave.

use std::borrow::Cow;
use std::collections::BTreeSet;

use selfsame_record::{Value, ValueRef};

use super::pointer;

/// What is wrong within the text, with the place counted from its beginning.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TextError {
    pub(crate) pointer: String,
    pub(crate) message: String,
}

impl TextError {
    pub(super) fn new(message: impl Into<String>) -> TextError {
        TextError { pointer: String::new(), message: message.into() }
    }

    pub(super) fn within(self, key: &str) -> TextError {
        let pointer = format!("{}{}", pointer::child("", key), self.pointer);
        TextError { pointer, ..self }
    }
}

/// The message for a string that is not one.
pub(crate) const LONE_SURROGATE: &str =
    "the string has half a surrogate pair: write `\\u` escapes in pairs, or the character itself";

/// Takes white space out and writes each string in one way; numbers keep their lexeme.
pub(crate) fn compact(json: &str, depth_max: usize) -> Result<String, TextError> {
    let mut scan = Scan { json, at: 0, out: String::with_capacity(json.len()) };
    scan.value(depth_max)?;
    Ok(scan.out)
}

struct Scan<'a> {
    json: &'a str,
    at: usize,
    out: String,
}

impl<'a> Scan<'a> {
    /// The next byte that is not white space; 0 at the end.
    fn peek(&mut self) -> u8 {
        let rest = self.json.as_bytes().get(self.at..).unwrap_or_default();
        let space = rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
        self.at += space;
        rest.get(space).copied().unwrap_or(0)
    }

    /// Copies a byte of punctuation.
    fn punctuation(&mut self) {
        let byte = self.peek();
        self.out.push(char::from(byte));
        self.at += 1;
    }

    fn value(&mut self, depth_left: usize) -> Result<(), TextError> {
        match self.peek() {
            b'{' | b'[' if depth_left == 0 => {
                Err(TextError::new("objects and arrays lie too deep within each other"))
            }
            b'{' => self.object(depth_left - 1),
            b'[' => self.array(depth_left - 1),
            b'"' => self.string().map(drop),
            _ => {
                let lexeme = scalar(self.json.get(self.at..).unwrap_or_default());
                self.at += lexeme.len();
                self.out.push_str(lexeme);
                if lexeme.is_empty() { Err(TextError::new("the text ends too early")) } else { Ok(()) }
            }
        }
    }

    fn array(&mut self, depth_left: usize) -> Result<(), TextError> {
        self.punctuation();
        for index in 0_usize.. {
            if self.peek() == b']' {
                break;
            }
            self.value(depth_left).map_err(|e| e.within(&index.to_string()))?;
            if self.peek() == b',' {
                self.punctuation();
            }
        }
        self.punctuation();
        Ok(())
    }

    fn object(&mut self, depth_left: usize) -> Result<(), TextError> {
        self.punctuation();
        let mut seen = BTreeSet::new();
        while self.peek() != b'}' {
            let key = self.string()?;
            self.peek();
            self.punctuation();
            self.value(depth_left).map_err(|e| e.within(&key))?;
            if self.peek() == b',' {
                self.punctuation();
            }
            if seen.contains(&key) {
                return Err(TextError::new(format!("the key `{key}` stands twice")));
            }
            seen.insert(key);
        }
        self.punctuation();
        Ok(())
    }

    /// Copies a string and gives its value.
    fn string(&mut self) -> Result<Cow<'a, str>, TextError> {
        let lexeme = string(self.json.get(self.at..).unwrap_or_default());
        self.at += lexeme.len();
        let value = unquote(lexeme).ok_or_else(|| TextError::new(LONE_SURROGATE))?;
        match &value {
            Cow::Borrowed(_) => self.out.push_str(lexeme),
            Cow::Owned(text) => write_string(&mut self.out, text),
        }
        if lexeme.is_empty() { Err(TextError::new("the text ends too early")) } else { Ok(value) }
    }
}

/// The literal or number at the beginning of the text.
pub(super) fn scalar(text: &str) -> &str {
    let end = text.find(|c: char| matches!(c, ',' | ']' | '}' | ':') || c.is_ascii_whitespace());
    text.get(..end.unwrap_or(text.len())).unwrap_or_default()
}

/// The string at the beginning of the text, with its quotes.
pub(super) fn string(text: &str) -> &str {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return text.get(..=at).unwrap_or_default(),
            _ => {}
        }
    }
    ""
}

/// The value at the beginning of compact text.
fn value(text: &str) -> &str {
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
        let got = compact(json, 4);
        let got = got.as_ref().map(String::as_str).map_err(|e| (e.pointer.as_str(), e.message.as_str()));
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
            let _ = compact(bad, 4).map(|text| text.len());
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
