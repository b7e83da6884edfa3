//! Any text is an expression or a refusal, and never a panic.

use proptest::prelude::*;
use serde_json::Value;

use super::{compile, order};

/// Compiles a text, and evaluates what it is.
fn try_text(source: &str) {
    let expression = match compile(source) {
        Ok(expression) => expression,
        // A panic is contained, and is a fault of what should have kept the text from the parser.
        Err(error) => return assert!(!error.contains("the parser fails"), "{source}"),
    };
    if let Ok(value) = expression.evaluate(&order()) {
        let json = value.to_json();
        assert!(serde_json::from_str::<Value>(&json).is_ok(), "{source} gives {json}");
    }
}

/// Texts that parsers have stumbled over.
#[test]
fn known_stumbling_blocks_are_refused() {
    for source in [
        "",
        " ",
        "\0",
        "'",
        "\"",
        "'''",
        "\"\"\"",
        "''''",
        "'''''",
        "r'",
        "r'\\",
        "'\\",
        "'\\'",
        "'\\x'",
        "'\\u12'",
        "'\\U0011'",
        "'\\ud800'",
        "'\\udfff\\ud800'",
        "'\\U00110000'",
        "'\\777'",
        "'\\8'",
        "b'",
        "br'\\",
        "`",
        "``",
        "`a",
        "event.`a`",
        "1e",
        "1e+",
        "0x",
        "0xg",
        "1.",
        ".",
        "..",
        ".1",
        "1..2",
        "1e999",
        "-1e999",
        "99999999999999999999999999",
        "-9223372036854775809",
        "0x8000000000000000",
        "0xffffffffffffffffff",
        "1u",
        "18446744073709551616u",
        "a.",
        "a..b",
        "a.1",
        "a[",
        "a]",
        "a[]",
        "a[1",
        "f(",
        "f)",
        "f(,)",
        "f(1,)",
        "[,]",
        "[1,,2]",
        "{",
        "}",
        "{,}",
        "{:}",
        "{a:}",
        "{'a':1,}",
        "T{",
        "T{a",
        "T{a:",
        "a?",
        "a?b",
        "a?b:",
        "a?:b",
        "?:",
        "&",
        "|",
        "&&",
        "a&&",
        "a&b",
        "=",
        "a=b",
        "!",
        "-",
        "--",
        "!-!-1",
        "has()",
        "has(a)",
        "has(a[0])",
        "has(a.b.c())",
        "has(has(a.b))",
        "event.all()",
        "event.all(x)",
        "event.all(1, x)",
        "event.all(x.y, x)",
        "[1].all(x, x, x)",
        "[1].map(x)",
        "[1].map(x, y, z, w)",
        "[1].exists(event, event > 0)",
        "[1].map(@result, 1)",
        "@result",
        "__result__",
        "[1].map(__result__, __result__)",
        "a.?b",
        "a[?0]",
        "[?a]",
        "{?'a': 1}",
        "// nothing",
        "//",
        "1 // \u{2028} 2",
        "\u{feff}1",
        "1\u{a0}+ 1",
        "é",
        "'\u{0}'",
        "'\n'",
        "'''\n'''",
        "\r\n1\r\n",
        "a\u{301}",
        "1 in",
        "in",
        "in in in",
        "null.a",
        "true()",
        "true.a",
        "1.a",
        "1.0.a",
        "'a'.b",
        "[].a",
        "if",
        "event.if",
        "package.a",
        ".event",
        ".event.n",
        "event.n.",
        "cel.bind(x, 1, x)",
        "[1].transformList(i, v, v)",
        "type(1)",
        "1 ? 2 : 3 : 4",
    ] {
        try_text(source);
    }
    for n in [1, 20, 24, 25, 100, 2000, 4096] {
        for open in [
            "(", "[", "{", "-", "!", "a?", "a?b:", "a[", "f(", "a.f(", "'", "\"\"\"", "1+", "a.", "{'a':",
            "[[", "!-", "a&&(",
        ] {
            try_text(&open.repeat(n));
            try_text(&format!("{}1{}", open.repeat(n), ")".repeat(n)));
            try_text(&format!("{}1{}", open.repeat(n), "]".repeat(n)));
        }
    }
}

/// Parts of expressions, right and wrong.
const PARTS: [&str; 72] = [
    "event",
    ".",
    "n",
    "price",
    "items",
    "tags",
    "maybe",
    "any",
    "labels",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "?",
    "&&",
    "||",
    "!",
    "-",
    "+",
    "*",
    "/",
    "%",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    " in ",
    "has(",
    ".all(x, ",
    ".exists(x, ",
    ".map(x, ",
    ".filter(x, ",
    ".exists_one(x, ",
    "x",
    "event.n",
    "event.price",
    "event.tags",
    "event.paid",
    "event.name.given",
    "has(event.count)",
    "event.count",
    "size(",
    "int(",
    "string(",
    ".matches('",
    ".contains(",
    "'",
    "\"",
    "'a'",
    "'\\u00e9'",
    "'\\ud800'",
    "r'\\d'",
    "'''",
    "0",
    "1",
    "9223372036854775807",
    "1.5",
    "1e308",
    "0x7f",
    "null",
    "true",
    "false",
    " ",
    "\n",
    "//",
    "event.id",
];

fn pieces() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&PARTS[..]), 0..24).prop_map(|parts| parts.concat())
}

/// Expressions that are taken, to be broken.
const TAKEN: [&str; 8] = [
    "has(event.count) && event.count > 1 ? event.items.map(i, i.qty * 2) : [1, 2]",
    "event.items.filter(i, has(i.price) && i.price > 1.5).exists_one(i, i.sku.matches('^[a-z]+$'))",
    "event.id + '-' + string(event.n) + \"\\u00e9\" + r'\\d' + '''x'''",
    "event.maybe != null && event.maybe.startsWith('a') || !(event.n % 2 == 0x1F)",
    "'a-b' in event.labels ? event.labels['a-b'] : ''",
    "[1, 2, 3].all(x, x in [1, 2.0, -3] || x / 0 > 1)",
    "double(event.n) * 2.5e-3 - event.price / 3.0 <= 1e10",
    "event.any == null ? [event.tags[0]] : event.tags + ['ü']",
];

/// An expression with some characters taken out, put in or doubled.
fn broken() -> impl Strategy<Value = String> {
    let change = (any::<prop::sample::Index>(), 0..4_u8, any::<char>(), prop::sample::select(&PARTS[..]));
    (prop::sample::select(&TAKEN[..]), prop::collection::vec(change, 1..6)).prop_map(|(source, changes)| {
        let mut chars: Vec<char> = source.chars().collect();
        for (at, what, new, part) in changes {
            let at = at.index(chars.len() + 1).min(chars.len());
            match what {
                0 => chars.insert(at, new),
                1 => drop(chars.splice(at..at, part.chars())),
                2 if at < chars.len() => drop(chars.remove(at)),
                _ => chars.truncate(at),
            }
        }
        chars.into_iter().collect()
    })
}

/// Values of every kind, a few of them within each other.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-3..3_i64).prop_map(Value::from),
        ".{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let keys = prop::sample::select(&["sku", "qty", "price", "given", "env", "a-b", ""][..]);
        let members = prop::collection::vec((keys, inner.clone()), 0..4);
        let object = members.prop_map(|members| {
            Value::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
        });
        prop_oneof![prop::collection::vec(inner, 0..4).prop_map(Value::from), object]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_characters_are_an_expression_or_a_refusal(source in any::<String>()) {
        try_text(&source);
    }

    #[test]
    fn any_bytes_are_an_expression_or_a_refusal(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        try_text(&String::from_utf8_lossy(&bytes));
        let ascii: String = bytes.iter().map(|b| char::from(b & 127)).collect();
        try_text(&ascii);
        try_text(&format!("'{ascii}'"));
    }

    #[test]
    fn any_pieces_are_an_expression_or_a_refusal(source in pieces()) {
        try_text(&source);
    }

    /// A row fits its schema, and an evaluation does not hang on it.
    #[test]
    fn any_document_gives_a_value_or_a_failure(
        source in prop::sample::select(&TAKEN[..]),
        field in prop::sample::select(&["id", "n", "price", "maybe", "name", "tags", "items", "labels", "any", "count"][..]),
        value in json(),
    ) {
        let mut document = order();
        document[field] = value;
        let expression = compile(source).expect("an expression");
        if let Ok(value) = expression.evaluate(&document) {
            prop_assert!(serde_json::from_str::<Value>(&value.to_json()).is_ok());
        }
        let whole = &document[field];
        if let Ok(value) = expression.evaluate(whole) {
            prop_assert!(serde_json::from_str::<Value>(&value.to_json()).is_ok());
        }
    }

    #[test]
    fn a_broken_expression_is_an_expression_or_a_refusal(source in broken()) {
        try_text(&source);
    }
}

/// The expressions that are broken above are taken as they are.
#[test]
fn the_expressions_to_be_broken_are_taken() {
    for source in TAKEN {
        compile(source).unwrap_or_else(|e| panic!("{source}: {e}"));
    }
}
