//! Expressions against the interpreter of the `cel` crate.
//!
//! Both must give the same value, or both must fail. They are known to differ, and the generator keeps away
//! from it, in this:
//!
//! - a number that is not finite is a failure here, and a value there;
//! - an integer is compared with a double exactly here, and as a double there;
//! - doubles are written out differently by `string`, and there are more texts that `bool` takes;
//! - a number of a document is an integer there if it is written without a fraction, and here if its schema
//!   says so: documents are made with integers where integers belong, and with fractions elsewhere.

use std::collections::HashMap;

use cel::objects::Key;
use cel::parser::PrattParser;
use cel::{Context, Value as Theirs};
use proptest::prelude::*;
use selfsame_schema::cel::{CelValue, EvaluateError};
use serde_json::{Value, json};

use super::compile;

/// A source of decisions that shrinks to none.
struct Dice {
    rolls: Vec<u16>,
    next: usize,
}

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        let roll = self.rolls.get(self.next).copied().unwrap_or(0);
        self.next += 1;
        usize::from(roll) % sides
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Int,
    Double,
    Text,
    Bool,
    Texts,
    Ints,
}

const SCALARS: [Kind; 4] = [Kind::Int, Kind::Double, Kind::Text, Kind::Bool];

/// An expression of a type; the variables of macros are texts and integers.
fn expression(kind: Kind, depth: usize, locals: &mut Vec<(String, Kind)>, dice: &mut Dice) -> String {
    if depth == 0 || dice.roll(6) == 0 {
        return leaf(kind, locals, dice);
    }
    let mut part = |kind: Kind, dice: &mut Dice| expression(kind, depth - 1, locals, dice);
    match kind {
        Kind::Int => match dice.roll(7) {
            0 => format!("-({})", part(Kind::Int, dice)),
            1 => format!("size({})", part(Kind::Text, dice)),
            2 => format!("({}).size()", part(Kind::Texts, dice)),
            3 => format!("int({})", part(Kind::Double, dice)),
            4 => format!("int(string({}))", part(Kind::Int, dice)),
            5 => conditional(kind, depth, locals, dice),
            _ => {
                let sign = dice.pick(&["+", "-", "*", "/", "%"]);
                format!("({} {sign} {})", part(Kind::Int, dice), part(Kind::Int, dice))
            }
        },
        Kind::Double => match dice.roll(4) {
            0 => format!("-({})", part(Kind::Double, dice)),
            1 => format!("double({})", part(Kind::Int, dice)),
            2 => conditional(kind, depth, locals, dice),
            _ => {
                let sign = dice.pick(&["+", "-", "*", "/"]);
                format!("({} {sign} {})", part(Kind::Double, dice), part(Kind::Double, dice))
            }
        },
        Kind::Text => match dice.roll(4) {
            0 => format!("string({})", part(Kind::Int, dice)),
            1 => format!("string({})", part(Kind::Bool, dice)),
            2 => conditional(kind, depth, locals, dice),
            _ => format!("({} + {})", part(Kind::Text, dice), part(Kind::Text, dice)),
        },
        Kind::Texts => match dice.roll(4) {
            0 => format!("({} + {})", part(Kind::Texts, dice), part(Kind::Texts, dice)),
            1 => format!("[{}, {}]", part(Kind::Text, dice), part(Kind::Text, dice)),
            2 => fold("filter", Kind::Bool, depth, locals, dice),
            _ => fold("map", Kind::Text, depth, locals, dice),
        },
        Kind::Ints => match dice.roll(2) {
            0 => format!("[{}, {}]", part(Kind::Int, dice), part(Kind::Int, dice)),
            _ => fold("map", Kind::Int, depth, locals, dice),
        },
        Kind::Bool => condition(depth, locals, dice),
    }
}

fn conditional(kind: Kind, depth: usize, locals: &mut Vec<(String, Kind)>, dice: &mut Dice) -> String {
    let condition = expression(Kind::Bool, depth - 1, locals, dice);
    let yes = expression(kind, depth - 1, locals, dice);
    let no = expression(kind, depth - 1, locals, dice);
    format!("({condition} ? {yes} : {no})")
}

fn condition(depth: usize, locals: &mut Vec<(String, Kind)>, dice: &mut Dice) -> String {
    let mut part = |kind: Kind, dice: &mut Dice| expression(kind, depth - 1, locals, dice);
    match dice.roll(9) {
        0 => format!("!({})", part(Kind::Bool, dice)),
        1 => {
            let function = dice.pick(&["startsWith", "endsWith", "contains"]);
            format!("({}).{function}({})", part(Kind::Text, dice), part(Kind::Text, dice))
        }
        2 => format!("({} in {})", part(Kind::Text, dice), part(Kind::Texts, dice)),
        3 => format!("({} in {})", part(Kind::Int, dice), part(Kind::Ints, dice)),
        4 => fold(dice.pick(&["all", "exists", "exists_one"]), Kind::Bool, depth, locals, dice),
        5 => {
            let sign = dice.pick(&["==", "!=", "<", "<=", ">", ">="]);
            let kinds = [Kind::Int, Kind::Double];
            let (left, right) = (kinds[dice.roll(2)], kinds[dice.roll(2)]);
            let mut side = |kind: Kind| match part(kind, dice) {
                int if kind == Kind::Int && left != right => format!("({int} % 1000)"),
                other => other,
            };
            format!("({} {sign} {})", side(left), side(right))
        }
        6 => {
            let sign = dice.pick(&["==", "!=", "<", "<=", ">", ">="]);
            format!("({} {sign} {})", part(Kind::Text, dice), part(Kind::Text, dice))
        }
        _ => {
            let sign = dice.pick(&["&&", "||"]);
            format!("({} {sign} {})", part(Kind::Bool, dice), part(Kind::Bool, dice))
        }
    }
}

fn fold(name: &str, body: Kind, depth: usize, locals: &mut Vec<(String, Kind)>, dice: &mut Dice) -> String {
    let element = if body == Kind::Int || (name != "map" && name != "filter" && dice.roll(2) == 0) {
        Kind::Ints
    } else {
        Kind::Texts
    };
    let list = expression(element, depth - 1, locals, dice);
    let variable = format!("x{}", locals.len());
    locals.push((variable.clone(), if element == Kind::Ints { Kind::Int } else { Kind::Text }));
    let body = expression(body, depth - 1, locals, dice);
    locals.pop();
    format!("{list}.{name}({variable}, {body})")
}

fn leaf(kind: Kind, locals: &[(String, Kind)], dice: &mut Dice) -> String {
    let known: Vec<&str> = locals.iter().filter(|(_, k)| *k == kind).map(|(name, _)| name.as_str()).collect();
    if !known.is_empty() && dice.roll(2) == 0 {
        return dice.pick(&known).to_owned();
    }
    let leaves: &[&str] = match kind {
        Kind::Int => &[
            "event.n",
            "event.m",
            "0",
            "1",
            "-1",
            "2",
            "7",
            "9223372036854775807",
            "-9223372036854775808",
            "9007199254740993",
            "(has(event.count) ? event.count : -5)",
            "event.items[0].qty",
            "event.items[3].qty",
        ],
        Kind::Double => {
            &["event.price", "event.rate", "0.0", "0.5", "-1.5", "2.0", "1e300", "9007199254740992.0", "1e18"]
        }
        Kind::Text => &[
            "event.id",
            "event.name.given",
            "''",
            "'a'",
            "'ä'",
            "'o-1'",
            "\"\\u00e9\"",
            "event.tags[0]",
            "(event.maybe == null ? 'none' : event.maybe)",
            "('env' in event.labels ? event.labels['env'] : '')",
        ],
        Kind::Bool => &[
            "event.paid",
            "true",
            "false",
            "has(event.note)",
            "has(event.name.family)",
            "event.maybe != null",
            "'env' in event.labels",
            "has(event.count)",
            "has(event.labels.env)",
        ],
        Kind::Texts => &["event.tags", "['a', 'b']", "[event.id]", "event.tags"],
        Kind::Ints => &["[1, 2, 3]", "[event.n, event.m]", "[0]"],
    };
    dice.pick(leaves).to_owned()
}

fn document(dice: &mut Dice) -> Value {
    let ints = [0, 1, -1, 2, 7, i64::MAX, i64::MIN, 9_007_199_254_740_993];
    let doubles = [0.5, -0.25, 2.5, 1e300, 9_007_199_254_740_991.5, -1e-300];
    let texts = ["", "a", "o-1", "ä", "10", "-7", "zz", "é"];
    let mut int = || ints[dice.roll(ints.len())];
    let (n, m, qty, count) = (int(), int(), int(), int());
    let mut double = || doubles[dice.roll(doubles.len())];
    let (price, rate) = (double(), double());
    let mut text = || texts[dice.roll(texts.len())];
    let (id, given, tag, env) = (text(), text(), text(), text());
    let tags = vec![tag; dice.roll(4)];
    let mut document = json!({
        "id": id, "n": n, "m": m, "price": price, "rate": rate, "paid": dice.roll(2) == 0, "maybe": null,
        "name": { "given": given }, "tags": tags, "items": [{ "sku": "x", "qty": qty }], "labels": {}, "any": null,
    });
    for (field, value) in [
        ("note", json!(id)),
        ("count", json!(count)),
        ("maybe", json!(given)),
        ("labels", json!({ "env": env })),
    ] {
        if dice.roll(2) == 0 {
            document[field] = value;
        }
    }
    document
}

fn theirs_of(value: &Value) -> Theirs {
    match value {
        Value::Null => Theirs::Null,
        Value::Bool(value) => Theirs::Bool(*value),
        Value::Number(number) => match number.as_i64() {
            Some(int) => Theirs::Int(int),
            None => Theirs::Float(number.as_f64().expect("a double")),
        },
        Value::String(text) => Theirs::from(text.as_str()),
        Value::Array(items) => Theirs::from(items.iter().map(theirs_of).collect::<Vec<_>>()),
        Value::Object(members) => {
            let members = members.iter().map(|(key, value)| (Key::from(key.as_str()), theirs_of(value)));
            Theirs::from(members.collect::<HashMap<_, _>>())
        }
    }
}

fn same(ours: &CelValue<'_>, theirs: &Theirs) -> bool {
    match (ours, theirs) {
        (CelValue::Null, Theirs::Null) => true,
        (CelValue::Bool(ours), Theirs::Bool(theirs)) => ours == theirs,
        (CelValue::Int(ours), Theirs::Int(theirs)) => ours == theirs,
        (CelValue::Double(ours), Theirs::Float(theirs)) => ours == theirs,
        (CelValue::Number(lexeme), Theirs::Int(theirs)) => lexeme.parse() == Ok(*theirs),
        (CelValue::Number(lexeme), Theirs::Float(theirs)) => lexeme.parse() == Ok(*theirs),
        (CelValue::Text(ours), Theirs::String(theirs)) => *ours == theirs.as_str(),
        (CelValue::List(ours), Theirs::List(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs.iter()).all(|(o, t)| same(o, t))
        }
        _ => false,
    }
}

/// What both make of an expression; whether it could be compared.
fn agree(source: &str, document: &Value) -> Result<bool, String> {
    let expression = compile(source).map_err(|e| format!("{source} is refused: {e}"))?;
    let ours = expression.evaluate(document);
    if matches!(
        ours,
        Err(EvaluateError::NotFinite { .. }
            | EvaluateError::ByZero { .. }
            | EvaluateError::TextTooLong { .. })
    ) {
        return Ok(false);
    }
    let tree = PrattParser::new().parse(source).map_err(|e| e.to_string())?;
    let mut context = Context::default();
    context.add_variable_from_value("event", theirs_of(document));
    let theirs = Theirs::resolve(&tree, &context);
    match (&ours, &theirs) {
        (Ok(ours), Ok(theirs)) if same(ours, theirs) => Ok(true),
        (Err(_), Err(_)) => Ok(true),
        _ => Err(format!("{source}\nover {document}\nours: {ours:?}\ntheirs: {theirs:?}")),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_interpreter_of_the_crate_gives_the_same(rolls in prop::collection::vec(any::<u16>(), 0..80), kind in 0..6_usize) {
        let mut dice = Dice { rolls, next: 0 };
        let document = document(&mut dice);
        let kind = SCALARS.into_iter().chain([Kind::Texts, Kind::Ints]).nth(kind).expect("a kind");
        let source = expression(kind, 3, &mut Vec::new(), &mut dice);
        if let Err(message) = agree(&source, &document) {
            prop_assert!(false, "{}", message);
        }
    }
}

/// The generator makes expressions that have values, often enough.
#[test]
fn most_expressions_are_compared() {
    let (mut compared, mut seed) = (0, 1_u32);
    for _ in 0..500 {
        let mut roll = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            u16::try_from(seed >> 16).expect("16 bits")
        };
        let mut dice = Dice { rolls: (0..80).map(|_| roll()).collect(), next: 0 };
        let document = document(&mut dice);
        let source = expression(Kind::Bool, 3, &mut Vec::new(), &mut dice);
        compared += usize::from(agree(&source, &document) == Ok(true));
    }
    assert!(compared > 300, "{compared} of 500");
}
