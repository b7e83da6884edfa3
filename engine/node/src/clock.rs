//! The one place that reads the clock.

use std::time::{SystemTime, UNIX_EPOCH};

use selfsame_record::Micros;

/// Now, as the machine's clock has it.
pub(crate) fn now() -> Micros {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// A moment as RFC 3339 text with microseconds, for people and answers.
pub fn show_time(time: Micros) -> String {
    jiff::Timestamp::from_microsecond(time.0).map_or_else(|_| time.0.to_string(), |t| format!("{t:.6}"))
}
