//! Moments as text: RFC 3339 in UTC with microseconds, `2024-02-29T12:00:00.000001Z`.
//!
//! Outside the years −9999 to 9999, which text of this form does not reach, a moment is shown as its
//! number of microseconds since 1970. Both forms are read.

use jiff::Timestamp;
use selfsame_record::Micros;

/// The moment as text.
pub(crate) fn to_text(moment: Micros) -> String {
    match Timestamp::from_microsecond(moment.0) {
        Ok(timestamp) => format!("{timestamp:.6}"),
        Err(_) => moment.0.to_string(),
    }
}

/// Reads either form; a finer fraction than microseconds is cut off.
pub(crate) fn parse(text: &str) -> Option<Micros> {
    if let Ok(micros) = text.parse::<i64>() {
        return Some(Micros(micros));
    }
    text.parse::<Timestamp>().ok().map(|timestamp| Micros(timestamp.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_reads_back() {
        let rows = [
            (0, "1970-01-01T00:00:00.000000Z"),
            (1_709_208_000_000_001, "2024-02-29T12:00:00.000001Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (i64::MAX, "9223372036854775807"),
            (i64::MIN, "-9223372036854775808"),
        ];
        for (micros, text) in rows {
            assert_eq!(to_text(Micros(micros)), text);
            assert_eq!(parse(text), Some(Micros(micros)));
        }
    }

    #[test]
    fn other_zones_and_shorter_forms_are_read() {
        assert_eq!(parse("1970-01-01T01:00:00+01:00"), Some(Micros(0)));
        assert_eq!(parse("yesterday"), None);
    }
}
