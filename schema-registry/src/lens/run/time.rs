//! Dates with a time of day, as RFC 3339 writes them, and microseconds since the Unix epoch.

const DAY_US: i64 = 86_400_000_000;
const SECOND_US: i64 = 1_000_000;

/// The microseconds since the epoch; what lies beyond them is dropped. The message is the end of a sentence.
pub(super) fn micros(text: &str) -> Result<i64, String> {
    read(text).ok_or_else(|| "is no date-time such as `2024-02-29T12:00:00Z`".to_owned())
}

fn read(text: &str) -> Option<i64> {
    let mut text = Cursor { rest: text };
    let (year, month, day) = (text.digits(4)?, text.then('-')?.digits(2)?, text.then('-')?.digits(2)?);
    text.one_of(&['T', 't', ' '])?;
    let (hour, minute) = (text.digits(2)?, text.then(':')?.digits(2)?);
    let second = text.then(':')?.digits(2)?;
    let fraction = text.fraction()?;
    let offset = text.offset()?;
    let in_day = hour <= 23 && minute <= 59 && second <= 59;
    let in_year = (1..=12).contains(&month) && day >= 1 && day <= days_of(year, month);
    if !in_day || !in_year || !text.rest.is_empty() {
        return None;
    }
    let seconds = (hour * 60 + minute - offset) * 60 + second;
    Some(days(year, month, day) * DAY_US + seconds * SECOND_US + fraction)
}

/// The date-time in UTC, with as many digits of the second as it needs; none outside of the years 0000 to
/// 9999.
pub(super) fn print(micros: i64) -> Option<String> {
    let (day, rest) = (micros.div_euclid(DAY_US), micros.rem_euclid(DAY_US));
    let (year, month, day) = date(day);
    if !(0..=9999).contains(&year) {
        return None;
    }
    let (second, fraction) = (rest / SECOND_US, rest % SECOND_US);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    if fraction > 0 {
        let digits = format!("{fraction:06}");
        text = format!("{text}.{}", digits.trim_end_matches('0'));
    }
    Some(text + "Z")
}

struct Cursor<'a> {
    rest: &'a str,
}

impl Cursor<'_> {
    fn digits(&mut self, count: usize) -> Option<i64> {
        let digits = self.rest.get(..count).filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?;
        self.rest = self.rest.get(count..)?;
        digits.parse().ok()
    }

    fn one_of(&mut self, chars: &[char]) -> Option<char> {
        let first = self.rest.chars().next().filter(|c| chars.contains(c))?;
        self.rest = self.rest.get(first.len_utf8()..)?;
        Some(first)
    }

    fn then(&mut self, separator: char) -> Option<&mut Self> {
        self.one_of(&[separator])?;
        Some(self)
    }

    /// Microseconds of a fraction of a second, 0 without one.
    fn fraction(&mut self) -> Option<i64> {
        if self.one_of(&['.']).is_none() {
            return Some(0);
        }
        let count = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let digits = self.rest.get(..count).filter(|d| !d.is_empty())?;
        let micros: String = digits.chars().chain(std::iter::repeat('0')).take(6).collect();
        self.rest = self.rest.get(count..)?;
        micros.parse().ok()
    }

    /// Minutes before UTC's time.
    fn offset(&mut self) -> Option<i64> {
        let sign = match self.one_of(&['Z', 'z', '+', '-'])? {
            '+' => 1,
            '-' => -1,
            _ => return Some(0),
        };
        let (hours, minutes) = (self.digits(2)?, self.then(':')?.digits(2)?);
        Some(sign * (hours * 60 + minutes)).filter(|_| hours <= 23 && minutes <= 59)
    }
}

fn days_of(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since the epoch. A year is counted from its March on, so that a leap day is its last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // 719,468 days lie between the first of March of year 0 and the epoch.
    year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1 - 719_468
}

/// Year, month and day of the days since the epoch.
fn date(days_since: i64) -> (i64, i64, i64) {
    // A year has 365.2425 days, so the estimate is the year or a neighbour of it.
    let estimate = 1970 + days_since.div_euclid(365);
    let mut year = estimate - (estimate - 1970) / 1460;
    while days(year, 1, 1) > days_since {
        year -= 1;
    }
    while days(year + 1, 1, 1) <= days_since {
        year += 1;
    }
    let mut month = 12;
    while days(year, month, 1) > days_since {
        month -= 1;
    }
    (year, month, days_since - days(year, month, 1) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, micros: i64, canonical: &str) {
        assert_eq!(read(text), Some(micros), "{text}");
        assert_eq!(print(micros).as_deref(), Some(canonical), "{micros}");
        assert_eq!(read(canonical), Some(micros), "{canonical}");
    }

    #[test]
    fn date_times_are_microseconds_and_back() {
        check("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z");
        check("1969-12-31T23:59:59.999999Z", -1, "1969-12-31T23:59:59.999999Z");
        check("2024-02-29t12:00:00.50+02:00", 1_709_200_800_500_000, "2024-02-29T10:00:00.5Z");
        check("2001-09-09 01:46:40.1234567-00:00", 1_000_000_000_123_456, "2001-09-09T01:46:40.123456Z");
        check("2000-03-01T00:30:00+01:00", 951_867_000_000_000, "2000-02-29T23:30:00Z");
        check("0000-01-01T00:00:00Z", -62_167_219_200_000_000, "0000-01-01T00:00:00Z");
        check("9999-12-31T23:59:59Z", 253_402_300_799_000_000, "9999-12-31T23:59:59Z");
        for day in -720_000..=720_000 {
            let (year, month, of_month) = date(day);
            assert_eq!(days(year, month, of_month), day);
        }
        for micros in [i64::MIN, i64::MAX, 253_402_300_800_000_000, -62_167_219_200_000_001] {
            assert_eq!(print(micros), None, "{micros}");
        }
    }

    #[test]
    fn other_text_is_refused() {
        for text in [
            "",
            "2024-02-30T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2024-13-01T00:00:00Z",
            "2024-00-01T00:00:00Z",
            "2024-01-00T00:00:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:60:00Z",
            "2024-01-01T00:00:60Z",
            "2024-01-01",
            "2024-01-01T00:00Z",
            "2024-01-01T00:00:00",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00+1:00",
            "2024-01-01T00:00:00+24:00",
            "2024-01-01T00:00:00Z ",
            "24-01-01T00:00:00Z",
            "2024-01-01T00:00:0٣Z",
            "+024-01-01T00:00:00Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
