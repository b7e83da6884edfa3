//! Conversions between types, and what a number of a document is worth.
//!
//! A number of a document that has no fraction and fits into 64 bits is that integer, however it is written
//! (`1`, `1.0`, `1e3`); any other is the nearest double.

use std::borrow::Cow;

use super::error::EvaluateError;
use super::evaluate::{Evaluated, wrong_type};
use super::plan::Function;
use super::value::{CelValue, number_text};
use crate::json::number::is_integral;

/// The smallest double that is beyond 64-bit integers.
pub(super) const BEYOND: f64 = 9_223_372_036_854_775_808.0;

/// A number to compute with.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Int(i64),
    Double(f64),
}

/// The number that a value is.
pub(super) fn number(value: &CelValue<'_>) -> Option<Number> {
    match value {
        CelValue::Int(value) => Some(Number::Int(*value)),
        CelValue::Double(value) => Some(Number::Double(*value)),
        CelValue::Number(lexeme) => Some(match integer(lexeme) {
            Some(value) => Number::Int(value),
            None => Number::Double(lexeme.parse().unwrap_or(0.0)),
        }),
        _ => None,
    }
}

/// The 64-bit integer that a lexeme means.
fn integer(lexeme: &str) -> Option<i64> {
    if let Ok(value) = lexeme.parse() {
        return Some(value);
    }
    if !is_integral(lexeme) {
        return None;
    }
    let (mantissa, exponent) = lexeme.split_once(['e', 'E']).unwrap_or((lexeme, "0"));
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all: String = [whole, fraction].concat();
    let digits = all.trim_end_matches('0');
    if digits.trim_start_matches('0').is_empty() {
        return Some(0);
    }
    // Zeros that were taken off stand for places.
    let places = i64::try_from(all.len() - digits.len()).ok()? - i64::try_from(fraction.len()).ok()?;
    let zeros = exponent.parse::<i64>().ok()?.checked_add(places)?;
    let zeros = usize::try_from(zeros).ok().filter(|zeros| *zeros < 20)?;
    format!("{sign}{digits}{}", "0".repeat(zeros)).parse().ok()
}

/// An integer, for an operation that takes integers.
pub(super) fn int_of(operation: &'static str, value: &CelValue<'_>) -> Result<i64, EvaluateError> {
    match number(value) {
        Some(Number::Int(value)) => Ok(value),
        Some(Number::Double(double)) if double.fract() == 0.0 => Err(EvaluateError::Overflow { operation }),
        _ => Err(wrong_type(operation, "an integer", value)),
    }
}

/// A double, for an operation that takes numbers.
pub(super) fn number_of(operation: &'static str, value: &CelValue<'_>) -> Result<f64, EvaluateError> {
    match (value, number(value)) {
        // Not by way of an integer, which may have more digits than a double.
        (CelValue::Number(lexeme), _) => finite(operation, lexeme.parse().unwrap_or(0.0)),
        (_, Some(Number::Int(value))) => Ok(value as f64),
        (_, Some(Number::Double(value))) => finite(operation, value),
        (_, None) => Err(wrong_type(operation, "a number", value)),
    }
}

pub(super) fn finite(operation: &'static str, value: f64) -> Result<f64, EvaluateError> {
    if value.is_finite() { Ok(value) } else { Err(EvaluateError::NotFinite { operation }) }
}

/// The whole part of a double; the nearest limit if it is beyond 64 bits.
#[expect(clippy::cast_possible_truncation, reason = "cutting off the fraction is what is asked for")]
pub(super) fn truncated(value: f64) -> i64 {
    value as i64
}

/// Elements of a list, members of an object, characters of a text.
pub(super) fn size<'a>(value: &CelValue<'_>) -> Evaluated<'a> {
    let size = match value {
        CelValue::Text(text) => text.chars().count(),
        CelValue::List(items) => items.len(),
        CelValue::Object(members) => members.len(),
        other => return Err(wrong_type("size", "a text, a list or an object", other)),
    };
    i64::try_from(size).map(CelValue::Int).map_err(|_| EvaluateError::Overflow { operation: "size" })
}

/// `int(x)` and its like.
pub(super) fn convert(function: Function, value: CelValue<'_>) -> Evaluated<'_> {
    match function {
        Function::Int => to_int(&value).map(CelValue::Int),
        Function::Double => to_double(&value).map(CelValue::Double),
        Function::Bool => to_bool(&value).map(CelValue::Bool),
        _ => to_text(value).map(CelValue::Text),
    }
}

fn to_int(value: &CelValue<'_>) -> Result<i64, EvaluateError> {
    if let CelValue::Text(text) = value {
        return text.parse().map_err(|_| not_convertible(text, "a 64-bit integer"));
    }
    match number(value) {
        Some(Number::Int(value)) => Ok(value),
        // Both ends are left out, as in other implementations of CEL.
        Some(Number::Double(double)) if double.abs() < BEYOND => Ok(truncated(double)),
        Some(Number::Double(_)) => Err(EvaluateError::Overflow { operation: "int" }),
        None => Err(wrong_type("int", "a number or a text", value)),
    }
}

fn to_double(value: &CelValue<'_>) -> Result<f64, EvaluateError> {
    let CelValue::Text(text) = value else { return number_of("double", value) };
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    number.ok_or_else(|| not_convertible(text, "a finite number"))
}

fn to_bool(value: &CelValue<'_>) -> Result<bool, EvaluateError> {
    match value {
        CelValue::Bool(value) => Ok(*value),
        CelValue::Text(text) => match &**text {
            "true" | "True" | "TRUE" | "t" | "1" => Ok(true),
            "false" | "False" | "FALSE" | "f" | "0" => Ok(false),
            _ => Err(not_convertible(text, "`true` or `false`")),
        },
        other => Err(wrong_type("bool", "a boolean or a text", other)),
    }
}

fn to_text(value: CelValue<'_>) -> Result<Cow<'_, str>, EvaluateError> {
    if let CelValue::Number(lexeme) = &value
        && lexeme.bytes().all(|b| b.is_ascii_digit() || b == b'-')
    {
        // An integer beyond 64 bits keeps its digits.
        return Ok(Cow::Owned(if lexeme == "-0" { "0".to_owned() } else { lexeme.to_string() }));
    }
    match (number(&value), value) {
        (Some(Number::Int(value)), _) => Ok(Cow::Owned(value.to_string())),
        (Some(Number::Double(value)), _) => finite("string", value).map(|v| Cow::Owned(number_text(v))),
        (None, CelValue::Text(text)) => Ok(text),
        (None, CelValue::Bool(value)) => Ok(Cow::Borrowed(if value { "true" } else { "false" })),
        (None, other) => Err(wrong_type("string", "a number, a text or a boolean", &other)),
    }
}

fn not_convertible(text: &str, expected: &'static str) -> EvaluateError {
    EvaluateError::NotConvertible { text: text.chars().take(40).collect(), expected }
}
