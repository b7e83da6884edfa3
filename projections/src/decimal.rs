//! Exact order and conversion of JSON numbers by their lexemes.
//!
//! No lexeme becomes a floating-point number: `0.1` and `0.10` are equal, `1e400` is more than `1e399`, and
//! the order is the same on every machine. Exponents beyond 10^18 count as 10^18.

use std::cmp::Ordering;

const EXPONENT_MAX: i64 = 1_000_000_000_000_000_000;

/// A lexeme taken apart: `int.frac × 10^exponent`.
#[derive(Clone, Copy)]
struct Decimal<'a> {
    negative: bool,
    int: &'a str,
    frac: &'a str,
    exponent: i64,
}

impl<'a> Decimal<'a> {
    /// Takes the lexeme apart if it is one of RFC 8259, section 6.
    fn parse(lexeme: &'a str) -> Option<Decimal<'a>> {
        let unsigned = lexeme.strip_prefix('-');
        let (negative, rest) = unsigned.map_or((false, lexeme), |rest| (true, rest));
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (rest, 0),
        };
        let (int, frac) = match mantissa.split_once('.') {
            Some((int, frac)) if is_digits(frac) => (int, frac),
            Some(_) => return None,
            None => (mantissa, ""),
        };
        let whole = is_digits(int) && (int == "0" || !int.starts_with('0'));
        whole.then_some(Decimal { negative, int, frac, exponent })
    }

    /// The digits from the first that is not zero.
    fn significant(self) -> impl Iterator<Item = u8> + 'a {
        self.int.bytes().chain(self.frac.bytes()).skip_while(|b| *b == b'0')
    }

    fn is_zero(self) -> bool {
        self.significant().next().is_none()
    }

    /// Where the decimal point stands, counted from the first significant digit.
    fn point(self) -> i128 {
        let digits = self.int.len() + self.frac.len();
        let zeros = digits - self.significant().count();
        i128::from(self.exponent) + self.int.len() as i128 - zeros as i128
    }

    fn sign(self) -> i8 {
        match (self.is_zero(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn parse_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !is_digits(digits) {
        return None;
    }
    let size = digits.parse::<i64>().unwrap_or(EXPONENT_MAX).min(EXPONENT_MAX);
    Some(if text.starts_with('-') { -size } else { size })
}

/// Whether the text is a JSON number.
pub(crate) fn is_number(text: &str) -> bool {
    Decimal::parse(text).is_some()
}

/// The order of two numbers by value. What is not a number comes first, so that the order is total.
pub(crate) fn order(a: &str, b: &str) -> Ordering {
    match (Decimal::parse(a), Decimal::parse(b)) {
        (Some(x), Some(y)) => x.sign().cmp(&y.sign()).then_with(|| match x.sign() {
            0 => Ordering::Equal,
            1 => order_magnitudes(x, y),
            _ => order_magnitudes(y, x),
        }),
        (x, y) => x.is_some().cmp(&y.is_some()).then_with(|| a.cmp(b)),
    }
}

/// The order of two numbers other than zero, signs left aside.
fn order_magnitudes(x: Decimal<'_>, y: Decimal<'_>) -> Ordering {
    x.point().cmp(&y.point()).then_with(|| {
        let (mut xs, mut ys) = (x.significant(), y.significant());
        loop {
            let step = match (xs.next(), ys.next()) {
                (None, None) => return Ordering::Equal,
                (x, y) => x.unwrap_or(b'0').cmp(&y.unwrap_or(b'0')),
            };
            if step != Ordering::Equal {
                return step;
            }
        }
    })
}

/// The number as a 64-bit integer, if it is one by value: `1.0`, `1e3` and `-0` are.
pub(crate) fn to_i64(lexeme: &str) -> Option<i64> {
    let number = Decimal::parse(lexeme)?;
    if number.is_zero() {
        return Some(0);
    }
    let point = usize::try_from(number.point()).ok().filter(|p| (1..=19).contains(p))?;
    if number.significant().skip(point).any(|b| b != b'0') {
        return None;
    }
    let padded = number.significant().chain(std::iter::repeat(b'0')).take(point);
    let size = padded.fold(0i128, |sum, b| sum * 10 + i128::from(b - b'0'));
    i64::try_from(if number.negative { -size } else { size }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_in_the_order_of_their_values() {
        let rows = [
            "-1e400",
            "-12",
            "-1.5",
            "-1e-400",
            "0",
            "1e-400",
            "0.1",
            "0.11",
            "1",
            "1.5",
            "2",
            "9.99e1",
            "100",
            "9223372036854775808",
            "1e399",
            "1e400",
            "1e99999999999999999999",
        ];
        for (i, a) in rows.iter().enumerate() {
            for (j, b) in rows.iter().enumerate() {
                assert_eq!(order(a, b), i.cmp(&j), "{a} and {b}");
            }
        }
    }

    #[test]
    fn numbers_of_equal_value_are_equal() {
        for (a, b) in [("1", "1.0"), ("100", "1e2"), ("0", "-0"), ("0.10", "1E-1"), ("0e5", "0.000")] {
            assert_eq!(order(a, b), Ordering::Equal, "{a} and {b}");
        }
    }

    #[test]
    fn integers_are_known_by_value() {
        let rows = [
            ("1.0", Some(1)),
            ("-0", Some(0)),
            ("1e3", Some(1000)),
            ("12.50e1", Some(125)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("1.5", None),
            ("1e19", None),
            ("1e-1", None),
            ("1e99999999999999999999", None),
        ];
        for (lexeme, expect) in rows {
            assert_eq!(to_i64(lexeme), expect, "{lexeme}");
        }
    }

    #[test]
    fn only_json_numbers_are_numbers() {
        for good in ["0", "-1", "1.50", "1E+3", "1e-07"] {
            assert!(is_number(good), "{good}");
        }
        for bad in ["", "-", "01", "+1", "1.", ".5", "1e", "1e+", "0x1", "NaN", " 1", "1 ", "1.5.2", "١"] {
            assert!(!is_number(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn the_order_of_integers_is_kept(a in any::<i64>(), b in any::<i64>()) {
            prop_assert_eq!(order(&a.to_string(), &b.to_string()), a.cmp(&b));
            prop_assert_eq!(to_i64(&a.to_string()), Some(a));
        }

        #[test]
        fn the_order_is_transitive(mut lexemes in proptest::collection::vec("-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,3})?(e-?[0-9])?", 3)) {
            lexemes.sort_by(|a, b| order(a, b));
            prop_assert!(order(&lexemes[0], &lexemes[2]) != Ordering::Greater);
        }
    }
}
