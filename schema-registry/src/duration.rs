//! Durations as they stand in a document: `300ms`, `2s`, `5m`, `1h`, `7d`, and ranges of them, `2s..5m`.

/// The milliseconds of one duration.
pub fn parse(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..)? {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse::<u64>().ok()?.checked_mul(unit)).flatten()
}

/// The milliseconds of both ends; a single duration is both.
pub fn parse_range(text: &str) -> Option<(u64, u64)> {
    let (min, max) = text.split_once("..").unwrap_or((text, text));
    Some((parse(min)?, parse(max)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_number_and_a_unit() {
        for (text, ms) in [
            ("300ms", 300),
            ("2s", 2_000),
            ("5m", 300_000),
            ("1h", 3_600_000),
            ("7d", 604_800_000),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Some(ms), "{text}");
        }
        for text in
            ["", "s", "5", "5 s", "-1s", "1.5s", "5w", "5sm", "99999999999999999999s", "9999999999999999h"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_range_has_two_ends() {
        assert_eq!(parse_range("2s..5m"), Some((2_000, 300_000)));
        assert_eq!(parse_range("2s"), Some((2_000, 2_000)));
        for text in ["..", "2s..", "..5m", "2s..5m..6m", "2s...5m"] {
            assert_eq!(parse_range(text), None, "{text}");
        }
    }
}
