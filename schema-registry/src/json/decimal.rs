//! Decimal numbers, exactly and of bounded length: read from a lexeme, multiplied by a fraction, printed.

use std::fmt;

/// Digits of a number, zeros before and after the point counted, that is computed with or printed.
pub(crate) const DECIMAL_DIGITS_MAX: usize = 400;
/// Significant digits of a quotient that has no end.
pub(crate) const QUOTIENT_DIGITS: usize = 34;
/// Division by a 64-bit integer that ends at all ends within as many digits after the point.
const FINITE_DIGITS_MAX: usize = 64;

/// A number: digits times a power of ten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    negative: bool,
    /// From 0 to 9, the first and the last one not 0; none at all for zero.
    digits: Vec<u8>,
    exponent: i64,
}

/// How a number is rounded that has too many digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rounding {
    /// To the nearest, and from the middle to the even one.
    HalfEven,
    /// Towards zero.
    Down,
    /// Away from zero.
    Up,
}

/// What a division gives.
#[derive(Debug)]
pub(crate) struct Scaled {
    value: Decimal,
    /// Whether something is left after the last digit.
    more: bool,
}

impl Decimal {
    /// The number with this lexeme; none if it is beyond the limit of digits.
    pub(crate) fn parse(lexeme: &str) -> Option<Decimal> {
        let (mantissa, exponent) = lexeme.split_once(['e', 'E']).unwrap_or((lexeme, "0"));
        let (negative, mantissa) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).map(|b| b.saturating_sub(b'0')).collect();
        if digits.iter().all(|d| *d == 0) {
            return Some(Decimal { negative: false, digits: Vec::new(), exponent: 0 });
        }
        let exponent = exponent.parse::<i64>().ok()?.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        Decimal { negative, digits, exponent }.normal().bounded()
    }

    /// Whether there is no fraction.
    pub(crate) fn is_whole(&self) -> bool {
        self.exponent >= 0
    }

    fn normal(mut self) -> Decimal {
        let leading = self.digits.iter().take_while(|d| **d == 0).count();
        self.digits.drain(..leading);
        while self.digits.last() == Some(&0) {
            self.digits.pop();
            self.exponent = self.exponent.saturating_add(1);
        }
        if self.digits.is_empty() {
            return Decimal { negative: false, digits: Vec::new(), exponent: 0 };
        }
        self
    }

    fn bounded(self) -> Option<Decimal> {
        let max = i64::try_from(DECIMAL_DIGITS_MAX).ok()?;
        let digits = i64::try_from(self.digits.len()).ok()?;
        let before = digits.saturating_add(self.exponent).max(1);
        let after = self.exponent.saturating_neg().max(0);
        Some(self).filter(|_| before.saturating_add(after) <= max)
    }

    /// The number times `num / den`, with [`QUOTIENT_DIGITS`] digits at least if it has no end.
    ///
    /// Neither of them is 0.
    pub(crate) fn times(&self, num: i64, den: i64) -> Scaled {
        let negative = !self.digits.is_empty() && (self.negative ^ (num < 0) ^ (den < 0));
        let (num, den) = lowest(num.unsigned_abs(), den.unsigned_abs());
        let (mut digits, mut rest) = divide(&multiply(&self.digits, num), den);
        let mut exponent = self.exponent;
        for _ in 0..FINITE_DIGITS_MAX {
            if rest == 0 {
                break;
            }
            let next = u128::from(rest) * 10;
            digits.push(digit(next / u128::from(den)));
            rest = low(next % u128::from(den));
            exponent -= 1;
        }
        let value = Decimal { negative, digits, exponent };
        if rest == 0 {
            return Scaled { value: value.normal(), more: false };
        }
        Scaled { value, more: true }
    }

    /// Rounds to a multiple of a power of ten. `more` says that something is left after the last digit.
    fn rounded(mut self, exponent: i64, more: bool, rounding: Rounding) -> Decimal {
        let drop = usize::try_from(exponent.saturating_sub(self.exponent)).unwrap_or(0);
        let split = self.digits.len().saturating_sub(drop);
        let mut dropped = vec![0; drop.saturating_sub(self.digits.len())];
        dropped.extend(self.digits.drain(split..));
        if drop > 0 {
            self.exponent = exponent;
        }
        let odd = self.digits.last().is_some_and(|d| d % 2 == 1);
        if rounds_up(&dropped, more, odd, rounding) {
            increment(&mut self.digits);
        }
        self.normal()
    }
}

impl Scaled {
    /// The number, if the division has an end and, if it must, no fraction; none if it is not exact or
    /// beyond the limit of digits.
    pub(crate) fn exact(self, whole: bool) -> Option<Decimal> {
        Some(self.value).filter(|value| !self.more && (!whole || value.is_whole()))?.bounded()
    }

    /// The number, rounded where it is not exact; none beyond the limit of digits.
    pub(crate) fn rounded(self, whole: bool, rounding: Rounding) -> Option<Decimal> {
        if whole {
            return self.value.rounded(0, self.more, rounding).bounded();
        }
        if !self.more {
            return self.value.bounded();
        }
        let leading = self.value.digits.iter().take_while(|d| **d == 0).count();
        let significant = self.value.digits.len() - leading;
        let spare = i64::try_from(significant.saturating_sub(QUOTIENT_DIGITS)).unwrap_or(0);
        // Digits before the point of the number that was divided are not given up.
        let exponent = self.value.exponent.saturating_add(spare.min(FINITE_DIGITS_MAX as i64));
        self.value.rounded(exponent, true, rounding).bounded()
    }
}

/// Plain digits, with a point if there is a fraction, and no zeros that say nothing.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text: String = self.digits.iter().map(|d| char::from(b'0' + d)).collect();
        let after = usize::try_from(-self.exponent).unwrap_or(0);
        let zeros = usize::try_from(self.exponent).unwrap_or(0);
        text.extend(std::iter::repeat_n('0', zeros));
        if text.len() <= after {
            text.insert_str(0, &"0".repeat(after + 1 - text.len()));
        }
        if after > 0 {
            text.insert(text.len() - after, '.');
        }
        let text = if text.is_empty() { "0" } else { &text };
        write!(f, "{}{text}", if self.negative { "-" } else { "" })
    }
}

fn lowest(a: u64, b: u64) -> (u64, u64) {
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    (a / x.max(1), b / x.max(1))
}

fn digit(n: u128) -> u8 {
    u8::try_from(n % 10).unwrap_or(0)
}

fn low(n: u128) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

fn multiply(digits: &[u8], by: u64) -> Vec<u8> {
    let mut carry = 0_u128;
    let mut product = Vec::with_capacity(digits.len() + 20);
    for d in digits.iter().rev() {
        carry += u128::from(*d) * u128::from(by);
        product.push(digit(carry));
        carry /= 10;
    }
    while carry > 0 {
        product.push(digit(carry));
        carry /= 10;
    }
    product.reverse();
    product
}

fn divide(digits: &[u8], by: u64) -> (Vec<u8>, u64) {
    let mut rest = 0_u128;
    let mut quotient = Vec::with_capacity(digits.len() + FINITE_DIGITS_MAX);
    for d in digits {
        rest = rest * 10 + u128::from(*d);
        quotient.push(digit(rest / u128::from(by)));
        rest %= u128::from(by);
    }
    (quotient, low(rest))
}

fn rounds_up(dropped: &[u8], more: bool, odd: bool, rounding: Rounding) -> bool {
    let rest = more || dropped.iter().any(|d| *d != 0);
    match rounding {
        Rounding::Down => false,
        Rounding::Up => rest,
        Rounding::HalfEven => match dropped.split_first() {
            None => false,
            Some((first, below)) => {
                let above_half = more || below.iter().any(|d| *d != 0);
                *first > 5 || (*first == 5 && (above_half || odd))
            }
        },
    }
}

fn increment(digits: &mut Vec<u8>) {
    for d in digits.iter_mut().rev() {
        if *d < 9 {
            *d += 1;
            return;
        }
        *d = 0;
    }
    digits.insert(0, 1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lexeme: &str, expect: &str) {
        let got = Decimal::parse(lexeme).map_or("too long".to_owned(), |d| d.to_string());
        assert_eq!(got, expect, "{lexeme}");
    }

    #[test]
    fn every_lexeme_has_one_text_or_is_too_long() {
        for (lexeme, expect) in [
            ("0", "0"),
            ("-0.00e7", "0"),
            ("0e99999999999999999999", "0"),
            ("1.0", "1"),
            ("-1.50", "-1.5"),
            ("1e3", "1000"),
            ("12.5E-3", "0.0125"),
            ("100e-2", "1"),
            ("1E+2", "100"),
            ("0.1", "0.1"),
            ("12345678901234567890.5", "12345678901234567890.5"),
            ("1e999999999", "too long"),
            ("1e-999999999", "too long"),
            ("1e99999999999999999999", "too long"),
            ("1e400", "too long"),
            ("1e-400", "too long"),
        ] {
            check(lexeme, expect);
        }
        check("1e399", &format!("1{}", "0".repeat(399)));
        check("1e-399", &format!("0.{}1", "0".repeat(398)));
        let long = "9".repeat(DECIMAL_DIGITS_MAX);
        check(&long, &long);
        check(&format!("{long}9"), "too long");
    }

    #[track_caller]
    fn scaled(lexeme: &str, num: i64, den: i64, whole: bool, expect: [&str; 4]) {
        let times = || Decimal::parse(lexeme).expect("not too long").times(num, den);
        let show = |d: Option<Decimal>| d.map_or("none".to_owned(), |d| d.to_string());
        let got = [
            show(times().exact(whole)),
            show(times().rounded(whole, Rounding::HalfEven)),
            show(times().rounded(whole, Rounding::Down)),
            show(times().rounded(whole, Rounding::Up)),
        ];
        assert_eq!(got, expect, "{lexeme} * {num} / {den}");
    }

    #[test]
    fn fractions_are_exact_or_rounded_as_asked() {
        scaled("1999", 1, 100, false, ["19.99"; 4]);
        scaled("19.99", 100, 1, true, ["1999"; 4]);
        scaled("0", -3, 7, true, ["0"; 4]);
        scaled("-6", 2, -3, false, ["4"; 4]);
        scaled(
            "1",
            1,
            i64::MIN,
            false,
            ["-0.000000000000000000108420217248550443400745280086994171142578125"; 4],
        );
        scaled("2.5", 1, 1, true, ["none", "2", "2", "3"]);
        scaled("3.5", 1, 1, true, ["none", "4", "3", "4"]);
        scaled("-2.5", 1, 1, true, ["none", "-2", "-2", "-3"]);
        scaled("2.500001", 1, 1, true, ["none", "3", "2", "3"]);
        scaled("0.4", 1, 1, true, ["none", "0", "0", "1"]);
        scaled("0.5", 1, 1, true, ["none", "0", "0", "1"]);
        scaled("0.05", 1, 1, true, ["none", "0", "0", "1"]);
        scaled("9.5", 1, 1, true, ["none", "10", "9", "10"]);
        scaled("1e-300", 1, 3, true, ["none", "0", "0", "1"]);
        scaled("5", 1, 3, true, ["none", "2", "1", "2"]);
        let (third, up) = ("0.3333333333333333333333333333333333", "0.3333333333333333333333333333333334");
        scaled("1", 1, 3, false, ["none", third, third, up]);
        let (down, two) = ("0.6666666666666666666666666666666666", "0.6666666666666666666666666666666667");
        scaled("2", 1, 3, false, ["none", two, down, two]);
        let nines = "9".repeat(DECIMAL_DIGITS_MAX);
        scaled(&nines, 100, 1, false, ["none"; 4]);
        let (down, up) = ("037".repeat(16) + "03", "037".repeat(16) + "04");
        let (down, up) = (down.trim_start_matches('0'), up.trim_start_matches('0'));
        scaled(&"1".repeat(50), 1, 3, false, ["none", up, down, up]);
    }
}
