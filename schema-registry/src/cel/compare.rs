//! Equality and order of values. Integers are compared with each other and with doubles exactly.

use std::cmp::Ordering;

use super::convert::{BEYOND, Number, number, truncated};
use super::error::EvaluateError;
use super::evaluate::wrong_type;
use super::syntax::Binary;
use super::value::CelValue;

/// Whether two values are equal. Values of different types are not.
pub(super) fn equal(left: &CelValue<'_>, right: &CelValue<'_>) -> bool {
    if let (Some(left), Some(right)) = (number(left), number(right)) {
        return compare(left, right) == Ordering::Equal;
    }
    match (left, right) {
        (CelValue::Null, CelValue::Null) => true,
        (CelValue::Bool(left), CelValue::Bool(right)) => left == right,
        (CelValue::Text(left), CelValue::Text(right)) => left == right,
        (CelValue::List(left), CelValue::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| equal(l, r))
        }
        (CelValue::Object(left), CelValue::Object(right)) => {
            let same = |((key, l), (other, r)): ((_, _), (_, _))| key == other && equal(l, r);
            left.len() == right.len() && left.iter().zip(right).all(same)
        }
        _ => false,
    }
}

/// Whether two values stand in an order. Texts are ordered by their code points.
pub(super) fn order(order: Binary, left: &CelValue<'_>, right: &CelValue<'_>) -> Result<bool, EvaluateError> {
    let ordering = match (number(left), number(right), left, right) {
        (Some(left), Some(right), ..) => compare(left, right),
        (.., CelValue::Text(left), CelValue::Text(right)) => left.cmp(right),
        (Some(_), ..) => return Err(wrong_type(order.sign(), "two numbers or two texts", right)),
        (.., CelValue::Text(_), other) => {
            return Err(wrong_type(order.sign(), "two numbers or two texts", other));
        }
        _ => return Err(wrong_type(order.sign(), "two numbers or two texts", left)),
    };
    Ok(match order {
        Binary::Less => ordering.is_lt(),
        Binary::LessEqual => ordering.is_le(),
        Binary::Greater => ordering.is_gt(),
        _ => ordering.is_ge(),
    })
}

fn compare(left: Number, right: Number) -> Ordering {
    match (left, right) {
        (Number::Int(left), Number::Int(right)) => left.cmp(&right),
        // There is no NaN: a lexeme is never one, and a result is finite.
        (Number::Double(left), Number::Double(right)) => left.partial_cmp(&right).unwrap_or(Ordering::Equal),
        (Number::Int(left), Number::Double(right)) => int_and_double(left, right),
        (Number::Double(left), Number::Int(right)) => int_and_double(right, left).reverse(),
    }
}

fn int_and_double(int: i64, double: f64) -> Ordering {
    if double >= BEYOND {
        return Ordering::Less;
    }
    if double < -BEYOND {
        return Ordering::Greater;
    }
    let whole = truncated(double);
    int.cmp(&whole).then_with(|| 0.0_f64.partial_cmp(&double.fract()).unwrap_or(Ordering::Equal))
}
