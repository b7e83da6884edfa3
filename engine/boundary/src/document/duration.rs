//! Durations as people write them: a number and a unit.

/// Milliseconds of `30m`, `24h`, `7d`.
///
/// # Errors
///
/// What would have been right.
pub(super) fn milliseconds(text: &str) -> Result<u64, String> {
    let wrong =
        || format!("`{text}` is not a duration: use a number and `s`, `m`, `h` or `d`, such as `24h`");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let ms: u64 = match unit {
        's' => 1000,
        'm' => 60 * 1000,
        'h' => 60 * 60 * 1000,
        'd' => 24 * 60 * 60 * 1000,
        _ => return Err(wrong()),
    };
    let digits = text.trim_end_matches(unit);
    let is_number =
        !digits.is_empty() && digits.len() + 1 == text.len() && digits.bytes().all(|b| b.is_ascii_digit());
    let number: Option<u64> = if is_number { digits.parse().ok() } else { None };
    number.and_then(|number| number.checked_mul(ms)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Option<u64>) {
        assert_eq!(milliseconds(text).ok(), expect, "{text}");
    }

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        check("1s", Some(1000));
        check("30m", Some(1_800_000));
        check("24h", Some(86_400_000));
        check("7d", Some(604_800_000));
        for wrong in ["", "h", "24", "1.5h", "-1h", "24hh", "1 h", "+1h", "99999999999999999999d", "1y", "1é"]
        {
            check(wrong, None);
        }
    }
}
