//! JSON as a tree that keeps what was written: numbers by their lexeme, absent and null apart.
//!
//! Key order and white space are not kept. A tree is as deep as its reader was told it may be, so walking it
//! down is safe.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::number::Num;
use super::text::{LONE_SURROGATE, TextError, scalar, string, unquote, write_string};

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it was written.
    Number(String),
    /// A string, without quotes and escapes.
    Text(String),
    /// An array.
    Array(Vec<Node>),
    /// An object.
    Object(BTreeMap<String, Node>),
}

impl Node {
    /// Reads JSON text with objects and arrays at most `depth_max` deep within each other.
    ///
    /// # Errors
    ///
    /// If it is not JSON or lies deeper, a key stands twice, or a string has half a surrogate pair.
    pub(crate) fn parse(text: &str, depth_max: usize) -> Result<Node, TextError> {
        let json = serde_json::from_str::<&RawValue>(text);
        let json = json.map_err(|e| TextError::new(format!("not JSON: {e}")))?;
        Reader { rest: json.get() }.value(depth_max)
    }

    /// The tree of a document's value.
    pub(crate) fn from_value(value: &Value) -> Node {
        match value {
            Value::Null => Node::Null,
            Value::Bool(b) => Node::Bool(*b),
            Value::Number(n) => Node::Number(n.to_string()),
            Value::String(text) => Node::Text(text.clone()),
            Value::Array(items) => Node::Array(items.iter().map(Node::from_value).collect()),
            Value::Object(members) => Node::Object(
                members.iter().map(|(key, value)| (key.clone(), Node::from_value(value))).collect(),
            ),
        }
    }

    /// Appends the value as compact text.
    pub(crate) fn write(&self, out: &mut String) {
        match self {
            Node::Null => out.push_str("null"),
            Node::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
            Node::Number(lexeme) => out.push_str(lexeme),
            Node::Text(text) => write_string(out, text),
            Node::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Node::Object(members) => {
                out.push('{');
                for (index, (key, value)) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_string(out, key);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    /// The value as compact text.
    pub(crate) fn to_text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    /// Whether both are the same JSON value, as an `enum` compares: `1` and `1.0` are.
    pub(crate) fn same(&self, other: &Node) -> bool {
        match (self, other) {
            (Node::Number(a), Node::Number(b)) => a == b || Num::of(a).compare(Num::of(b)) == Ordering::Equal,
            (Node::Array(a), Node::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b)),
            (Node::Object(a), Node::Object(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|((key, a), (other, b))| key == other && a.same(b))
            }
            (a, b) => a == b,
        }
    }

    /// How many objects and arrays lie within each other, this one counted: 0 for a scalar.
    pub(crate) fn depth(&self) -> usize {
        match self {
            Node::Array(items) => 1 + items.iter().map(Node::depth).max().unwrap_or(0),
            Node::Object(members) => 1 + members.values().map(Node::depth).max().unwrap_or(0),
            _ => 0,
        }
    }

    /// What it is, for messages: `a string`.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Node::Null => "null",
            Node::Bool(_) => "a boolean",
            Node::Number(_) => "a number",
            Node::Text(_) => "a string",
            Node::Array(_) => "an array",
            Node::Object(_) => "an object",
        }
    }
}

/// Reads text that a parser has accepted; other text does no harm.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    /// The next byte that is not white space; 0 at the end.
    fn peek(&mut self) -> u8 {
        self.rest = self.rest.trim_ascii_start();
        self.rest.as_bytes().first().copied().unwrap_or(0)
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// Whether the list goes on, after its beginning or after an entry.
    fn goes_on(&mut self, end: u8) -> Result<bool, TextError> {
        if self.peek() == b',' {
            self.skip(1);
        }
        match self.peek() {
            0 => Err(TextError::new("the text ends too early")),
            byte if byte == end => {
                self.skip(1);
                Ok(false)
            }
            _ => Ok(true),
        }
    }

    fn value(&mut self, depth_left: usize) -> Result<Node, TextError> {
        match self.peek() {
            b'{' | b'[' if depth_left == 0 => {
                Err(TextError::new("objects and arrays lie too deep within each other"))
            }
            b'{' => self.object(depth_left - 1),
            b'[' => self.array(depth_left - 1),
            b'"' => self.string().map(Node::Text),
            _ => self.scalar(),
        }
    }

    fn array(&mut self, depth_left: usize) -> Result<Node, TextError> {
        self.skip(1);
        let mut items = Vec::new();
        while self.goes_on(b']')? {
            let index = items.len();
            items.push(self.value(depth_left).map_err(|e| e.within(&index.to_string()))?);
        }
        Ok(Node::Array(items))
    }

    fn object(&mut self, depth_left: usize) -> Result<Node, TextError> {
        self.skip(1);
        let mut members = BTreeMap::new();
        while self.goes_on(b'}')? {
            let key = self.string()?;
            if self.peek() == b':' {
                self.skip(1);
            }
            let value = self.value(depth_left).map_err(|e| e.within(&key))?;
            if members.contains_key(&key) {
                return Err(TextError::new(format!("the key `{key}` stands twice")));
            }
            members.insert(key, value);
        }
        Ok(Node::Object(members))
    }

    fn string(&mut self) -> Result<String, TextError> {
        let lexeme = string(self.rest);
        if lexeme.is_empty() {
            return Err(TextError::new("the text ends too early"));
        }
        self.skip(lexeme.len());
        let value = unquote(lexeme).ok_or_else(|| TextError::new(LONE_SURROGATE))?;
        Ok(value.into_owned())
    }

    fn scalar(&mut self) -> Result<Node, TextError> {
        let lexeme: &'a str = scalar(self.rest);
        self.skip(lexeme.len());
        match lexeme {
            "" => Err(TextError::new("the text ends too early")),
            "null" => Ok(Node::Null),
            "true" => Ok(Node::Bool(true)),
            "false" => Ok(Node::Bool(false)),
            number => Ok(Node::Number(number.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let got = Node::parse(text, 4).map_or_else(
            |e| {
                let (at, why) = e.said();
                format!("{at}: {why}")
            },
            |n| n.to_text(),
        );
        assert_eq!(got, expect);
    }

    #[test]
    fn what_is_written_is_kept_and_nothing_else() {
        check(
            r#" {"b" : [ 1.0 , -0, 1e999999999, 12345678901234567890 ] , "" : {} } "#,
            r#"{"":{},"b":[1.0,-0,1e999999999,12345678901234567890]}"#,
        );
        check(r#""\u0041\n\ud83d\ude00""#, "\"A\\n\u{1f600}\"");
        check("null", "null");
        check("[true,false,[],null]", "[true,false,[],null]");
    }

    #[test]
    fn what_cannot_be_kept_is_refused_with_its_place() {
        check(r#"{"a":[0,{"b":1,"\u0062":2}]}"#, "/a/1: the key `b` stands twice");
        check(r#"{"a/b":"\ud800"}"#, &format!("/a~1b: {LONE_SURROGATE}"));
        check("[[[[[]]]]]", "/0/0/0/0: objects and arrays lie too deep within each other");
        check("[[[[1]]]]", "[[[[1]]]]");
        check("[1", ": not JSON: EOF while parsing a list at line 1 column 2");
        check("{} {}", ": not JSON: trailing characters at line 1 column 4");
        check("01", ": not JSON: invalid number at line 1 column 2");
    }

    #[test]
    fn values_are_compared_as_json_compares_them() {
        for (a, b, expect) in [
            ("1", "1.0", true),
            ("[1e2,{\"a\":-0}]", "[100,{\"a\":0.0}]", true),
            ("9007199254740993", "9007199254740992", false),
            ("\"1\"", "1", false),
            ("{}", "[]", false),
            ("{\"a\":null}", "{}", false),
            ("false", "0", false),
        ] {
            let (a, b) = (Node::parse(a, 4).unwrap(), Node::parse(b, 4).unwrap());
            assert_eq!(a.same(&b), expect, "{a:?} {b:?}");
        }
    }

    #[test]
    fn text_that_no_parser_has_seen_does_no_harm() {
        for bad in
            ["", "[", "{", "{\"", "{\"a", "{\"a\"", "{\"a\":", "[1", "\"", "\"\\", "[,,]", "{]", "[}", "{:"]
        {
            let _ = Reader { rest: bad }.value(4).map(|node| node.to_text());
        }
    }
}
