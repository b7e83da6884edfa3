//! Functions, and what they take.

use super::check::{Checker, Typed};
use super::error::{ExpressionError, Place, Refusal};
use super::plan::{Function, Plan};
use super::syntax::{Literal, Node, Syntax};
use super::types::Kind;
use crate::limits::PATTERN_BYTES_MAX;
use crate::schema::Pattern;

/// Functions of CEL that are left out, and what they are about.
const LEFT_OUT: [(&str, &str); 9] = [
    ("timestamp", "computing with times"),
    ("duration", "computing with times"),
    ("now", "the time of day"),
    ("uint", "an unsigned integer"),
    ("bytes", "a byte string"),
    ("dyn", "the conversion `dyn`"),
    ("type", "asking for a type"),
    ("has", "`has` of anything but a field, as in `has(event.name)`,"),
    ("format", "`format`"),
];

/// How a function may be called.
#[derive(Clone, Copy, PartialEq)]
enum Style {
    /// `x.f(y)`
    Method,
    /// `f(x)`
    Plain,
    Either,
}

struct Signature {
    function: Function,
    style: Style,
    takes: &'static str,
    fits: fn(&Kind) -> bool,
    gives: Kind,
}

fn signature(name: &str) -> Option<Signature> {
    let text: fn(&Kind) -> bool = |kind| *kind == Kind::String;
    let (function, style, takes, fits, gives): (_, _, _, fn(&Kind) -> bool, _) = match name {
        "size" => (Function::Size, Style::Either, "a text, a list or an object", is_sized, Kind::Int),
        "startsWith" => (Function::StartsWith, Style::Method, "texts", text, Kind::Bool),
        "endsWith" => (Function::EndsWith, Style::Method, "texts", text, Kind::Bool),
        "contains" => (Function::Contains, Style::Method, "texts", text, Kind::Bool),
        "lowerAscii" => (Function::LowerAscii, Style::Method, "a text", text, Kind::String),
        "upperAscii" => (Function::UpperAscii, Style::Method, "a text", text, Kind::String),
        "int" => (Function::Int, Style::Plain, "a number or a text", is_number_or_text, Kind::Int),
        "double" => (Function::Double, Style::Plain, "a number or a text", is_number_or_text, Kind::Number),
        "string" => (Function::Text, Style::Plain, "a number, a text or a boolean", is_scalar, Kind::String),
        "bool" => (Function::Bool, Style::Plain, "a boolean or a text", is_truth, Kind::Bool),
        _ => return None,
    };
    Some(Signature { function, style, takes, fits, gives })
}

fn is_sized(kind: &Kind) -> bool {
    matches!(kind, Kind::String | Kind::List(_) | Kind::Object | Kind::Any)
}

fn is_number_or_text(kind: &Kind) -> bool {
    matches!(kind, Kind::Int | Kind::Number | Kind::String | Kind::Any)
}

fn is_scalar(kind: &Kind) -> bool {
    matches!(kind, Kind::Bool) || is_number_or_text(kind)
}

fn is_truth(kind: &Kind) -> bool {
    matches!(kind, Kind::Bool | Kind::String | Kind::Any)
}

/// Checks a call; a method's host is the first argument.
pub(super) fn check(
    checker: &mut Checker<'_>,
    function: &str,
    method: bool,
    arguments: &[Syntax],
    place: Place,
) -> Result<Typed, ExpressionError> {
    if function == "matches" {
        return matches(checker, arguments, place);
    }
    let Some(signature) = signature(function) else { return Err(unknown(function).at(place)) };
    let expected = match signature.function {
        Function::StartsWith | Function::EndsWith | Function::Contains => 2,
        _ => 1,
    };
    let style = if method { Style::Method } else { Style::Plain };
    if arguments.len() != expected || (signature.style != style && signature.style != Style::Either) {
        return Err(wrong_call(&signature, expected, arguments.len()).at(place));
    }
    let mut parts = Vec::with_capacity(expected);
    for argument in arguments {
        let typed = checker.check(argument)?;
        checker
            .needs(&typed, function, signature.takes, signature.fits)
            .map_err(|refusal| refusal.at(argument.place))?;
        parts.push(typed.plan);
    }
    Ok(Typed::value(Plan::Call(signature.function, parts), signature.gives))
}

fn wrong_call(signature: &Signature, expected: usize, found: usize) -> Refusal {
    let function = signature.function.name().to_owned();
    let expected = match (signature.style, expected) {
        (Style::Method, 2) => "a text before the dot and one argument",
        (Style::Method, _) => "a text before the dot and no argument",
        _ => "one argument in brackets",
    };
    Refusal::Arguments { function, expected, found }
}

fn unknown(function: &str) -> Refusal {
    match LEFT_OUT.iter().find(|(name, _)| *name == function) {
        Some((_, what)) => Refusal::unsupported(what),
        None => Refusal::UnknownFunction { function: function.to_owned() },
    }
}

/// `x.matches('pattern')`: the pattern is compiled here, once.
fn matches(checker: &mut Checker<'_>, arguments: &[Syntax], place: Place) -> Result<Typed, ExpressionError> {
    let [text, pattern] = arguments else {
        let refusal = Refusal::Arguments {
            function: "matches".to_owned(),
            expected: "a text before the dot and one argument",
            found: arguments.len(),
        };
        return Err(refusal.at(place));
    };
    let typed = checker.check(text)?;
    checker
        .needs(&typed, "matches", "a text", |kind| *kind == Kind::String)
        .map_err(|refusal| refusal.at(text.place))?;
    let Node::Literal(Literal::Text(source)) = &pattern.node else {
        return Err(Refusal::PatternNotConstant.at(pattern.place));
    };
    let compiled = compile(source)
        .map_err(|message| Refusal::Pattern { pattern: source.clone(), message }.at(pattern.place))?;
    Ok(Typed::value(Plan::Matches(Box::new(typed.plan), Box::new(compiled)), Kind::Bool))
}

fn compile(source: &str) -> Result<Pattern, String> {
    if source.len() > PATTERN_BYTES_MAX {
        return Err(format!("it has {} bytes, over the limit of {PATTERN_BYTES_MAX}", source.len()));
    }
    // The message of the regular expression's parser has several lines; the last one says what is wrong.
    let last =
        |text: String| text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
    Pattern::compile(source).map_err(|error| last(error.to_string()))
}
