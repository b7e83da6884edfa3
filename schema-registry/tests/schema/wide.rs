//! Generated schemas with every keyword that is supported, and documents that fit them or nearly do.

use serde_json::{Map, Value, json};

use crate::model::Dice;

const KEYS: [&str; 8] = ["a", "b", "", "0", "a/b", "~", "ü", "a\"\\\n"];
/// A key that no schema names.
const FOREIGN: &str = "x1";
const BOUNDS: [f64; 9] =
    [0.0, 1.0, 3.0, -1.0, 0.5, 1e2, 9_007_199_254_740_991.0, -9_007_199_254_740_991.0, 1e21];
/// Lexemes whose value a double holds, or rounds without passing a bound or gaining a fraction.
const NUMBERS: [&str; 24] = [
    "0",
    "1",
    "-0",
    "-0.0",
    "1.0",
    "1e2",
    "-1",
    "1.5",
    "0.1",
    "100e-2",
    "1E+2",
    "0.50",
    "3e0",
    "99.99",
    "5e-324",
    "9007199254740991",
    "9007199254740993",
    "-9007199254740992",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e21",
    "123456789012345678901234567890",
    "1.7976931348623157e308",
];
const CHARS: [&str; 8] = ["a", "ü", "😀", "\"", "\\", "\n", "\u{1}", "e\u{301}"];
/// A pattern, and strings for it that fit and that do not.
const PATTERNS: [(&str, [&str; 4]); 10] = [
    ("^a+$", ["a", "aa", "a\n", ""]),
    ("b", ["b", "aba", "", "a"]),
    (r"^\d{2}$", ["12", "٣٣", "1", "123"]),
    (r"^\w+$", ["a_1", "Z", "ü", "-"]),
    (r"^\S*$", ["", "\u{85}", "\u{feff}", " "]),
    (r"^[^\s\d]$", ["a", "😀", "1", "\u{2028}"]),
    ("^.$", ["😀", "\u{85}", "\n", "\u{2029}"]),
    ("^[[a&&b]$", ["[", "&", "", "c"]),
    (r"^(?:\u00e9|\/){1,2}$", ["é/", "/", "e", ""]),
    (r"(?i)^x-\x41$", ["x-A", "X-a", "xA", "x-b"]),
];

/// The schema of an event.
pub(crate) fn event(dice: &mut Dice) -> Value {
    let mut schema = object(dice, 3);
    schema["type"] = json!("object");
    schema
}

fn object(dice: &mut Dice, depth: usize) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for _ in 0..dice.roll(5) {
        let key = dice.pick(&KEYS);
        properties.insert(key.to_owned(), field(dice, depth));
        if dice.one_in(2) && !required.contains(&key) {
            required.push(key);
        }
    }
    let mut schema = json!({"properties": properties, "required": required});
    if dice.one_in(3) {
        schema["additionalProperties"] = json!(false);
    }
    typed(dice, "object", schema)
}

/// A field of one type.
pub(crate) fn field(dice: &mut Dice, depth: usize) -> Value {
    match dice.roll(if depth == 0 { 5 } else { 9 }) {
        0 => any(dice),
        1 => with_values(dice, |dice| typed(dice, "boolean", json!({}))),
        2 => with_values(dice, |dice| number(dice, "integer")),
        3 => with_values(dice, |dice| number(dice, "number")),
        4 => with_values(dice, string),
        5 | 6 => with_values(dice, |dice| array(dice, depth - 1)),
        _ => object(dice, depth - 1),
    }
}

fn typed(dice: &mut Dice, kind: &str, mut schema: Value) -> Value {
    schema["type"] = if dice.one_in(3) { json!([kind, "null"]) } else { json!(kind) };
    schema
}

fn any(dice: &mut Dice) -> Value {
    match dice.roll(4) {
        0 => json!(true),
        1 => json!({"title": "anything"}),
        2 => json!({"const": drawn(dice, &json!({}))}),
        _ => json!({"enum": [drawn(dice, &json!({})), drawn(dice, &json!({})), 1]}),
    }
}

/// Adds `enum` or `const` with values of the schema now and then.
fn with_values(dice: &mut Dice, schema: impl FnOnce(&mut Dice) -> Value) -> Value {
    let mut schema = schema(dice);
    match dice.roll(9) {
        7 => schema["const"] = drawn(dice, &schema),
        8 => schema["enum"] = json!([drawn(dice, &schema), drawn(dice, &schema), null]),
        _ => {}
    }
    schema
}

/// A value for `enum` and `const`: a document's integers are exact up to 2^53.
fn drawn(dice: &mut Dice, schema: &Value) -> Value {
    fn exact(value: Value) -> Value {
        match value {
            Value::Number(n) if n.as_f64().is_none_or(|x| x.abs() > 9e15) => json!(1.5),
            Value::Array(list) => list.into_iter().map(exact).collect(),
            Value::Object(object) => object.into_iter().map(|(key, value)| (key, exact(value))).collect(),
            other => other,
        }
    }
    exact(serde_json::from_str(&fitting(dice, schema).text(dice)).unwrap())
}

fn number(dice: &mut Dice, kind: &str) -> Value {
    let mut schema = json!({});
    for keyword in ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"] {
        if dice.one_in(4) {
            schema[keyword] = serde_json::from_str(&lexeme(dice.pick(&BOUNDS))).unwrap();
        }
    }
    typed(dice, kind, schema)
}

fn lexeme(bound: f64) -> String {
    if bound.fract() == 0.0 && bound.abs() < 1e16 { format!("{bound:.0}") } else { bound.to_string() }
}

fn string(dice: &mut Dice) -> Value {
    let mut schema = json!({});
    let min = dice.roll(3);
    for (keyword, length) in [("minLength", min), ("maxLength", min + dice.roll(3))] {
        if dice.one_in(3) {
            schema[keyword] = json!(length);
        }
    }
    match dice.roll(4) {
        2 => schema["format"] = json!("date-time"),
        3 => schema["pattern"] = json!(dice.pick(&PATTERNS).0),
        _ => {}
    }
    typed(dice, "string", schema)
}

fn array(dice: &mut Dice, depth: usize) -> Value {
    let mut schema = json!({});
    let min = dice.roll(3);
    for (keyword, count) in [("minItems", min), ("maxItems", min + dice.roll(3))] {
        if dice.one_in(2) {
            schema[keyword] = json!(count);
        }
    }
    if !dice.one_in(4) {
        schema["items"] = field(dice, depth);
    }
    typed(dice, "array", schema)
}

/// A JSON document with its lexemes.
#[derive(Clone)]
pub(crate) enum Json {
    /// A literal or number as it is written.
    Lexeme(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// A document that fits the schema, as far as its keywords do not get in each other's way.
pub(crate) fn fitting(dice: &mut Dice, schema: &Value) -> Json {
    let values = schema.get("const").map(|value| vec![value.clone()]);
    if let Some(values) = values.or_else(|| schema.get("enum")?.as_array().cloned()) {
        return Json::of(&dice.pick(&values));
    }
    let types = match schema.get("type") {
        None => return anything(dice),
        Some(Value::Array(types)) => types.clone(),
        Some(kind) => vec![kind.clone()],
    };
    if types.len() == 2 && dice.one_in(4) {
        return Json::Lexeme("null".to_owned());
    }
    match types[0].as_str() {
        Some("null") => Json::Lexeme("null".to_owned()),
        Some("boolean") => Json::Lexeme(dice.pick(&["true", "false"]).to_owned()),
        Some("integer" | "number") => Json::Lexeme(fitting_number(dice, schema)),
        Some("string") => Json::Text(fitting_text(dice, schema)),
        Some("array") => {
            let items = schema.get("items").unwrap_or(&Value::Null);
            let count = between(dice, schema, "minItems", "maxItems");
            Json::List((0..count).map(|_| fitting(dice, items)).collect())
        }
        _ => fitting_object(dice, schema),
    }
}

fn anything(dice: &mut Dice) -> Json {
    let texts =
        ["1", "null", "true", "\"\"", "1.50", "[]", "{}", "[1.0,{\"k\":null}]", "{\"k\":[\"\\u00fc\"]}"];
    Json::of(&serde_json::from_str(dice.pick(&texts)).unwrap())
}

fn between(dice: &mut Dice, schema: &Value, min: &str, max: &str) -> usize {
    let bound =
        |keyword: &str| schema.get(keyword).and_then(Value::as_u64).map(|n| usize::try_from(n).unwrap());
    let min = bound(min).unwrap_or(0);
    min + dice.roll(bound(max).map_or(3, |max| max - min + 1))
}

fn fitting_number(dice: &mut Dice, schema: &Value) -> String {
    let bound = |keyword: &str| schema.get(keyword).and_then(Value::as_f64);
    let at_least = bound("minimum").or(bound("exclusiveMinimum").map(|x| x + 1.0));
    let at_most = bound("maximum").or(bound("exclusiveMaximum").map(|x| x - 1.0));
    match at_least.or(at_most) {
        Some(bound) => lexeme(if schema["type"] == "integer" { bound.ceil() } else { bound }),
        None => dice.pick(&["1", "0", "1.0", "1e2", "-0", "9007199254740993"]).to_owned(),
    }
}

fn fitting_text(dice: &mut Dice, schema: &Value) -> String {
    match PATTERNS.iter().find(|(pattern, _)| schema["pattern"] == *pattern) {
        Some((_, texts)) => dice.pick(&texts[..2]).to_owned(),
        None => {
            let chars = dice.pick(&CHARS[..7]);
            chars.repeat(between(dice, schema, "minLength", "maxLength"))
        }
    }
}

fn fitting_object(dice: &mut Dice, schema: &Value) -> Json {
    let empty = Vec::new();
    let required = schema["required"].as_array().unwrap_or(&empty);
    let mut members = Vec::new();
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        if required.iter().any(|r| r == key) || !dice.one_in(3) {
            members.push((key.clone(), fitting(dice, property)));
        }
    }
    if schema.get("additionalProperties").is_none() && dice.one_in(3) {
        members.push((FOREIGN.to_owned(), anything(dice)));
    }
    let by = dice.roll(members.len().max(1));
    members.rotate_left(by);
    Json::Object(members)
}

impl Json {
    fn of(value: &Value) -> Json {
        match value {
            Value::String(text) => Json::Text(text.clone()),
            Value::Array(list) => Json::List(list.iter().map(Json::of).collect()),
            Value::Object(object) => {
                Json::Object(object.iter().map(|(k, v)| (k.clone(), Json::of(v))).collect())
            }
            scalar => Json::Lexeme(scalar.to_string()),
        }
    }

    /// Changes one place within the payload, which itself stays an object.
    pub(crate) fn mutate(&mut self, dice: &mut Dice) {
        let index = dice.roll(self.count());
        let place = self.at(index);
        let new = match dice.roll(9) {
            0 => Json::Lexeme("null".to_owned()),
            1 | 2 => Json::Lexeme(dice.pick(&NUMBERS).to_owned()),
            3 => Json::Text(dice.pick(&CHARS).repeat(dice.roll(5))),
            4 => {
                let (_, texts) = dice.pick(&PATTERNS);
                Json::Text(dice.pick(&texts).to_owned())
            }
            5 => anything(dice),
            _ => place.nudged(dice),
        };
        if index > 0 || matches!(new, Json::Object(_)) {
            *place = new;
        }
    }

    /// The same kind of value, a step away.
    fn nudged(&self, dice: &mut Dice) -> Json {
        let mut new = self.clone();
        match &mut new {
            Json::Lexeme(lexeme) => {
                let number = lexeme.parse::<f64>().ok().filter(|x| x.abs() < 1e15);
                *lexeme = match number {
                    Some(x) => dice.pick(&[x + 1.0, x - 1.0, x + 0.5, x - 0.5]).to_string(),
                    None => dice.pick(&["0", "\"\"", "false", "9007199254740992"]).to_owned(),
                };
            }
            Json::Text(text) if dice.one_in(2) => drop(text.pop()),
            Json::Text(text) => text.push_str(dice.pick(&CHARS)),
            Json::List(list) if dice.one_in(2) => list.truncate(dice.roll(2)),
            Json::List(list) => {
                let more = list.first().cloned().unwrap_or_else(|| anything(dice));
                list.extend(vec![more; 1 + dice.roll(3)]);
            }
            Json::Object(members) if dice.one_in(2) => drop(members.pop()),
            Json::Object(members) => {
                if members.iter().all(|(key, _)| key != "x2") {
                    members.push(("x2".to_owned(), anything(dice)));
                }
            }
        }
        new
    }

    fn count(&self) -> usize {
        1 + match self {
            Json::List(list) => list.iter().map(Json::count).sum::<usize>(),
            Json::Object(members) => members.iter().map(|(_, value)| value.count()).sum(),
            _ => 0,
        }
    }

    /// The place with this number, from the outside in.
    fn at(&mut self, index: usize) -> &mut Json {
        if index == 0 {
            return self;
        }
        let below: Vec<&mut Json> = match self {
            Json::List(list) => list.iter_mut().collect(),
            Json::Object(members) => members.iter_mut().map(|(_, value)| value).collect(),
            _ => Vec::new(),
        };
        let mut left = index - 1;
        for value in below {
            let count = value.count();
            if left < count {
                return value.at(left);
            }
            left -= count;
        }
        panic!("there is no place {index}")
    }

    /// As text, with white space and escapes here and there.
    pub(crate) fn text(&self, dice: &mut Dice) -> String {
        let space = dice.pick(&["", "", "", " ", "\n\t"]);
        let text = match self {
            Json::Lexeme(lexeme) => lexeme.clone(),
            Json::Text(text) => quoted(dice, text),
            Json::List(list) => {
                let items: Vec<String> = list.iter().map(|item| item.text(dice)).collect();
                format!("[{}]", items.join(","))
            }
            Json::Object(members) => {
                let member =
                    |(key, value): &(String, Json)| format!("{}:{}", quoted(dice, key), value.text(dice));
                format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
            }
        };
        format!("{space}{text}{space}")
    }
}

fn quoted(dice: &mut Dice, text: &str) -> String {
    if dice.one_in(4) {
        let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        return format!("\"{escaped}\"");
    }
    json!(text).to_string()
}
