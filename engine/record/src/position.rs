//! Where a record stands in the log, and when it was taken in.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The place of a record in the log: gapless, the first record is `#1`, and `#0` is "before them all".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(u64);

impl Position {
    /// Before the first record.
    pub const ZERO: Position = Position(0);

    /// The position with this number.
    pub const fn new(number: u64) -> Position {
        Position(number)
    }

    /// The number, as it stands in a header or a URL.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The position after this one.
    ///
    /// # Panics
    ///
    /// At the end of the number range, which a log of 2^64 records would reach.
    #[must_use]
    pub fn next(self) -> Position {
        assert!(self.0 < u64::MAX, "the log is at its last position");
        Position(self.0 + 1)
    }

    /// How many records lie after `earlier`, up to and with this one.
    ///
    /// # Panics
    ///
    /// If `earlier` is later than this position.
    pub fn records_since(self, earlier: Position) -> u64 {
        assert!(earlier <= self, "{earlier} is after {self}");
        self.0 - earlier.0
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// A moment: microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Micros(pub i64);

impl Micros {
    /// The moment `ms` milliseconds later, at most the last one that can be written down.
    #[must_use]
    pub fn plus_ms(self, ms: u64) -> Micros {
        let us = i64::try_from(ms).unwrap_or(i64::MAX).saturating_mul(1000);
        Micros(self.0.saturating_add(us))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_shown_with_a_hash_and_counted_from_one() {
        assert_eq!(Position::ZERO.next().to_string(), "#1");
        assert_eq!(Position::new(12).records_since(Position::new(2)), 10);
    }

    #[test]
    fn a_moment_does_not_run_over() {
        assert_eq!(Micros(5).plus_ms(2), Micros(2005));
        assert_eq!(Micros(5).plus_ms(u64::MAX), Micros(i64::MAX));
    }
}
