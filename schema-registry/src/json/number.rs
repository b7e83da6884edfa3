//! Numbers by their lexeme: compared exactly where both are 64-bit integers, else as doubles.

use std::cmp::Ordering;
use std::fmt;

use selfsame_record::ValueRef;

/// A number to compare with.
#[derive(Clone, Copy, Debug)]
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

impl PartialEq for Num {
    fn eq(&self, other: &Num) -> bool {
        self.compare(*other).is_eq()
    }
}

impl PartialOrd for Num {
    fn partial_cmp(&self, other: &Num) -> Option<Ordering> {
        Some(self.compare(*other))
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

/// The integers up to which doubles have all of them.
const DOUBLE_EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// A text that is the same for the same number, and for no other: as precise as the comparison is.
pub(crate) fn canonical(lexeme: &str) -> String {
    if let Ok(n) = lexeme.parse::<i128>()
        && i128::from(i64::MIN) <= n
        && n <= i128::from(u64::MAX)
    {
        return n.to_string();
    }
    let x = lexeme.parse::<f64>().unwrap_or(f64::NAN) + 0.0;
    if x.fract() == 0.0 && x.abs() < 1e38 { format!("{x:.0}") } else { format!("{x:e}") }
}

/// Whether a number is a whole number of steps. Exact for 64-bit integers; otherwise about the decimals that
/// the nearest doubles are printed as.
pub(crate) fn is_multiple(value: ValueRef<'_>, step: Num) -> bool {
    let step = step.float();
    let whole_step = step.fract() == 0.0 && step <= DOUBLE_EXACT_MAX;
    let (whole, x) = match value {
        ValueRef::Int(n) => (Some(i128::from(n)), Num::Int(n).float()),
        ValueRef::Number(n) => {
            let whole =
                n.parse::<u64>().ok().map(i128::from).or_else(|| n.parse::<i64>().ok().map(i128::from));
            (whole, n.parse().unwrap_or(f64::NAN))
        }
        _ => return false,
    };
    match (whole, whole_step) {
        (Some(n), true) => format!("{step:.0}").parse::<i128>().is_ok_and(|step| step != 0 && n % step == 0),
        (None, true) => x.fract() == 0.0 && x % step == 0.0,
        _ if x == 0.0 => true,
        _ if x.abs() < step => false,
        _ => divides(x, step).unwrap_or(x % step == 0.0),
    }
}

/// Whether the quotient of two doubles, each taken as the decimal that it is printed as, is whole.
fn divides(x: f64, step: f64) -> Option<bool> {
    let ((a, x), (b, y)) = (decimal(x)?, decimal(step)?);
    if x < y {
        // So many more places than a double has digits cannot all be zeros.
        let scale = 10_i128.checked_pow(x.abs_diff(y)).and_then(|scale| b.checked_mul(scale));
        return Some(scale.is_some_and(|scaled| a.checked_rem(scaled) == Some(0)));
    }
    let (mut rest, mut base, mut power) = (a.checked_rem(b)?, 10 % b, x.abs_diff(y));
    while power > 0 {
        if power % 2 == 1 {
            rest = rest.checked_mul(base)?.checked_rem(b)?;
        }
        base = base.checked_mul(base)?.checked_rem(b)?;
        power /= 2;
    }
    Some(rest == 0)
}

/// A double as digits and a power of ten.
fn decimal(x: f64) -> Option<(i128, i32)> {
    let text = format!("{x:e}");
    let (mantissa, exponent) = text.split_once('e')?;
    let fraction = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let digits: i128 = mantissa.replace('.', "").parse().ok()?;
    Some((digits, exponent.parse::<i32>().ok()?.checked_sub(i32::try_from(fraction).ok()?)?))
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

    #[track_caller]
    fn check_multiple(lexeme: &str, step: &str, expect: bool) {
        let value = lexeme.parse().map_or(ValueRef::Number(lexeme), ValueRef::Int);
        assert_eq!(is_multiple(value, Num::of(step)), expect, "{lexeme} {step}");
    }

    #[test]
    fn multiples_are_those_of_the_decimals() {
        check_multiple("9", "3", true);
        check_multiple("-9", "3", true);
        check_multiple("10", "3", false);
        check_multiple("0", "7", true);
        check_multiple("9007199254740993", "2", false);
        check_multiple("18446744073709551615", "5", true);
        check_multiple("18446744073709551614", "5", false);
        check_multiple("4.5", "1.5", true);
        check_multiple("0.3", "0.1", true);
        check_multiple("1.1", "0.25", false);
        check_multiple("4", "0.5", true);
        check_multiple("1e2", "10", true);
        check_multiple("1e300", "0.1", true);
        check_multiple("0.0", "0.1", true);
        check_multiple("1e-300", "1e-310", true);
        check_multiple("1.5e-300", "1e-300", false);
        check_multiple("3e300", "0.7", false);
    }
}
