//! Numbers by their lexeme: compared exactly where both are 64-bit integers, else as doubles.

use std::cmp::Ordering;
use std::fmt;

/// A number to compare with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Num {
    /// A 64-bit integer, exactly.
    Int(i64),
    /// Anything else, as the nearest double.
    Float(f64),
}

impl Num {
    /// The number with this lexeme. A lexeme beyond the range of doubles counts as infinite.
    pub(crate) fn of(lexeme: &str) -> Num {
        match lexeme.parse::<i64>() {
            Ok(n) => Num::Int(n),
            Err(_) => Num::Float(lexeme.parse().unwrap_or(f64::NAN)),
        }
    }

    /// Which of the two is larger.
    pub(crate) fn compare(self, other: Num) -> Ordering {
        match (self, other) {
            (Num::Int(a), Num::Int(b)) => a.cmp(&b),
            (a, b) => a.float().total_cmp(&b.float()),
        }
    }

    fn float(self) -> f64 {
        match self {
            Num::Int(n) => n as f64,
            // Plus zero takes the sign from a negative zero, which `total_cmp` would tell apart.
            Num::Float(x) => x + 0.0,
        }
    }
}

impl fmt::Display for Num {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Num::Int(n) => n.fmt(f),
            Num::Float(x) => x.fmt(f),
        }
    }
}

/// Whether the number has no fraction: `1`, `1.0` and `1e3` have none, `1.5` and `1e-1` have one.
pub(crate) fn is_integral(lexeme: &str) -> bool {
    let (mantissa, exponent) = lexeme.split_once(['e', 'E']).unwrap_or((lexeme, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = || whole.bytes().chain(fraction.bytes()).rev();
    if !digits().any(|b| matches!(b, b'1'..=b'9')) {
        return true;
    }
    let zeros_at_end = digits().take_while(|&b| b == b'0').count();
    // An exponent beyond 64 bits is so far off that only its sign matters.
    let far = if exponent.starts_with('-') { i64::MIN } else { i64::MAX };
    let exponent = exponent.parse::<i64>().unwrap_or(far);
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    count(fraction.len()).saturating_sub(count(zeros_at_end)) <= exponent
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_without_a_fraction_are_integers_however_they_are_written() {
        for yes in
            ["0", "-7", "1.0", "1e3", "1.5e1", "100e-2", "0e-5", "0.000", "1E+2", "1e99999999999999999999"]
        {
            assert!(is_integral(yes), "{yes}");
        }
        for no in ["1.5", "1e-1", "100e-3", "-0.1", "1e-99999999999999999999", "1.25e1"] {
            assert!(!is_integral(no), "{no}");
        }
    }

    #[track_caller]
    fn check(a: &str, b: &str, expect: Ordering) {
        assert_eq!(Num::of(a).compare(Num::of(b)), expect, "{a} {b}");
        assert_eq!(Num::of(b).compare(Num::of(a)), expect.reverse(), "{b} {a}");
    }

    #[test]
    fn integers_are_compared_exactly_and_other_numbers_as_doubles() {
        check("9007199254740993", "9007199254740992", Ordering::Greater);
        check("1", "1.0", Ordering::Equal);
        check("-0", "0", Ordering::Equal);
        check("-0.0", "0", Ordering::Equal);
        check("1e400", "9223372036854775807", Ordering::Greater);
        check("-1e400", "-3", Ordering::Less);
        check("0.1", "0.2", Ordering::Less);
    }
}
