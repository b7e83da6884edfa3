//! Values said in another type.
//!
//! Numbers are printed as plain decimal digits without zeros that say nothing, so `1.0` becomes `"1"`; a
//! string that is a JSON number keeps its lexeme when it becomes a number. A number with no fraction becomes
//! an integer, one with a fraction fails. A date-time is its microseconds since the Unix epoch as an
//! integer; what it has beyond microseconds is dropped, and its offset too. Null stays null.

use super::value::shown;
use super::{Failure, Runner, place, time};
use crate::json::decimal::{DECIMAL_DIGITS_MAX, Decimal};
use crate::json::number::is_integral;
use crate::json::pointer::Pointer;
use crate::json::tree::Node;
use crate::lens::op::Scalar;

impl Runner<'_> {
    pub(super) fn cast(
        &mut self,
        at: &Pointer,
        from: Scalar,
        to: Scalar,
        scope: &mut Node,
    ) -> Result<(), Failure> {
        let Some(value) = place::find(scope, at) else { return Ok(()) };
        if *value == Node::Null {
            return Ok(());
        }
        let before = scalar_bytes(value);
        let result =
            cast(value, from, to).map_err(|why| Failure::new(at, format!("`{}` {why}", shown(value))))?;
        self.give(at, scalar_bytes(&result).saturating_sub(before))?;
        *value = result;
        Ok(())
    }
}

fn scalar_bytes(value: &Node) -> usize {
    match value {
        Node::Number(text) | Node::Text(text) => text.len(),
        _ => 0,
    }
}

/// The value in the other type, or why there is none, as the end of a sentence.
fn cast(value: &Node, from: Scalar, to: Scalar) -> Result<Node, String> {
    let text = match (from, value) {
        (Scalar::Boolean, Node::Bool(b)) => {
            return if to == Scalar::String { Ok(Node::Text(b.to_string())) } else { Err(no_cast(from, to)) };
        }
        (Scalar::Integer, Node::Number(lexeme)) if is_integral(lexeme) => lexeme,
        (Scalar::Number, Node::Number(lexeme)) => lexeme,
        (Scalar::String, Node::Text(text)) => text,
        (Scalar::DateTime, Node::Text(text)) => text,
        _ => return Err(format!("is no {}", from.name())),
    };
    match (from, to) {
        (Scalar::String, Scalar::Boolean) => match text.as_str() {
            "true" => Ok(Node::Bool(true)),
            "false" => Ok(Node::Bool(false)),
            _ => Err("is neither `true` nor `false`".to_owned()),
        },
        (Scalar::String, Scalar::Number) if is_number(text) => Ok(Node::Number(text.clone())),
        (Scalar::String, Scalar::Integer) if is_number(text) => integer(text),
        (Scalar::String, Scalar::Number | Scalar::Integer) => Err("is no JSON number".to_owned()),
        (Scalar::String, Scalar::DateTime) | (Scalar::DateTime, Scalar::String) => {
            time::micros(text).map(|_| Node::Text(text.clone()))
        }
        (Scalar::DateTime, Scalar::Integer) => time::micros(text).map(|us| Node::Number(us.to_string())),
        (Scalar::Integer, Scalar::DateTime) => {
            let micros = plain(text)?.parse().ok().and_then(time::print);
            micros.map(Node::Text).ok_or_else(|| "lies outside of the years 0000 to 9999".to_owned())
        }
        (Scalar::Integer, Scalar::Number) => Ok(Node::Number(text.clone())),
        (Scalar::Number, Scalar::Integer) => integer(text),
        (Scalar::Integer | Scalar::Number, Scalar::String) => plain(text).map(Node::Text),
        _ => Err(no_cast(from, to)),
    }
}

fn no_cast(from: Scalar, to: Scalar) -> String {
    format!("is {}, which cannot be cast to {}", from.name(), to.name())
}

fn integer(lexeme: &str) -> Result<Node, String> {
    if !is_integral(lexeme) {
        return Err("has a fraction".to_owned());
    }
    plain(lexeme).map(Node::Number)
}

/// The number's digits, without an exponent.
fn plain(lexeme: &str) -> Result<String, String> {
    let number = Decimal::parse(lexeme).map(|number| number.to_string());
    number.ok_or_else(|| format!("has more than {DECIMAL_DIGITS_MAX} digits when it is written out"))
}

/// Whether the text is a number as JSON writes it, and nothing else.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let unsigned = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (unsigned, None),
    };
    let exponent_fine = exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e)));
    let whole_fine = digits(whole) && (whole == "0" || !whole.starts_with('0'));
    whole_fine && fraction.is_none_or(digits) && exponent_fine
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_what_json_says_it_is() {
        for text in [
            "0", "-0", "1", "-1.50", "1e3", "1E+3", "1e-3", "0.0", "01", "1.", ".1", "+1", "", "-", "1e",
            "1e+", "--1", "1 ", " 1", "0x1", "NaN", "1_0", "1.2.3", "1e3e3", "-01", "١",
        ] {
            let json = serde_json::from_str::<Box<serde_json::value::RawValue>>(text);
            let expect = json.is_ok_and(|raw| raw.get() == text && text.trim() == text);
            assert_eq!(is_number(text), expect, "{text}");
        }
    }
}
