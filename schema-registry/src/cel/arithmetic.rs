//! Arithmetic: integers of 64 bits, checked; other numbers as IEEE 754 doubles, finite.

use super::convert::{finite, int_of, number_of};
use super::error::EvaluateError;
use super::evaluate::Evaluated;
use super::plan::Class;
use super::syntax::Binary;
use super::value::CelValue;

pub(super) fn compute<'a>(
    operator: Binary,
    class: Class,
    left: &CelValue<'_>,
    right: &CelValue<'_>,
) -> Evaluated<'a> {
    let sign = operator.sign();
    match class {
        Class::Int => integers(operator, int_of(sign, left)?, int_of(sign, right)?).map(CelValue::Int),
        _ => doubles(operator, number_of(sign, left)?, number_of(sign, right)?).map(CelValue::Double),
    }
}

pub(super) fn negate<'a>(class: Class, value: &CelValue<'_>) -> Evaluated<'a> {
    match class {
        Class::Int => {
            let overflow = EvaluateError::Overflow { operation: "-" };
            int_of("-", value)?.checked_neg().map(CelValue::Int).ok_or(overflow)
        }
        _ => Ok(CelValue::Double(-number_of("-", value)?)),
    }
}

fn integers(operator: Binary, left: i64, right: i64) -> Result<i64, EvaluateError> {
    let operation = operator.sign();
    if right == 0 && matches!(operator, Binary::Divide | Binary::Modulo) {
        return Err(EvaluateError::ByZero { operation });
    }
    let result = match operator {
        Binary::Add => left.checked_add(right),
        Binary::Subtract => left.checked_sub(right),
        Binary::Multiply => left.checked_mul(right),
        Binary::Divide => left.checked_div(right),
        _ => left.checked_rem(right),
    };
    result.ok_or(EvaluateError::Overflow { operation })
}

fn doubles(operator: Binary, left: f64, right: f64) -> Result<f64, EvaluateError> {
    let operation = operator.sign();
    let result = match operator {
        Binary::Add => left + right,
        Binary::Subtract => left - right,
        Binary::Multiply => left * right,
        _ if right == 0.0 => return Err(EvaluateError::ByZero { operation }),
        _ => left / right,
    };
    finite(operation, result)
}
