//! How long publishers and readers wait, as guards read it.
//!
//! A wait is counted in a bucket of an eighth of its power of two, so a percentile is at most an eighth too
//! high. Two windows follow one another: the one that gathers, and the whole one before it, so that what is
//! read is of the last one to two windows.

use std::time::{Duration, Instant};

use parking_lot::Mutex;
use selfsame_schema::Latencies;

use crate::handle::Handle;

/// How long a window gathers.
const WINDOW: Duration = Duration::from_secs(10);
/// Waits that a percentile needs to say anything.
const SAMPLES_MIN: u64 = 100;
/// Eight for each power of two, up to more than an hour in microseconds.
const BUCKETS: usize = 33 * 8;

/// Waits of publishers and of readers.
#[derive(Debug, Default)]
pub(crate) struct Latency {
    publish: Mutex<Windows>,
    read: Mutex<Windows>,
}

impl Latency {
    /// Counts how long a publisher waited.
    pub(crate) fn published(&self, waited: Duration) {
        self.publish.lock().count(waited, Instant::now());
    }

    /// Counts how long a reader waited.
    pub(crate) fn was_read(&self, waited: Duration) {
        self.read.lock().count(waited, Instant::now());
    }

    /// The percentiles of the last while; what was hardly measured is left out.
    pub(crate) fn read(&self) -> Latencies {
        let now = Instant::now();
        Latencies {
            publish_p99_us: self.publish.lock().p99_us(now),
            read_p99_us: self.read.lock().p99_us(now),
        }
    }
}

impl Handle {
    /// Reads, and counts how long it took.
    pub(crate) fn timed<T>(&self, read: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let found = read();
        self.shared.latency.was_read(started.elapsed());
        found
    }
}

#[derive(Debug, Default)]
struct Windows {
    began: Option<Instant>,
    gathering: Waits,
    before: Waits,
}

#[derive(Debug)]
struct Waits([u64; BUCKETS]);

impl Default for Waits {
    fn default() -> Waits {
        Waits([0; BUCKETS])
    }
}

impl Windows {
    fn count(&mut self, waited: Duration, now: Instant) {
        self.turn(now);
        let us = u64::try_from(waited.as_micros()).unwrap_or(u64::MAX);
        if let Some(count) = self.gathering.0.get_mut(bucket(us)) {
            *count += 1;
        }
    }

    /// Begins a new window if it is time; what is older than the one before is forgotten.
    fn turn(&mut self, now: Instant) {
        let began = *self.began.get_or_insert(now);
        let age = now.saturating_duration_since(began);
        if age < WINDOW {
            return;
        }
        let gathered = std::mem::take(&mut self.gathering);
        self.before = if age < 2 * WINDOW { gathered } else { Waits::default() };
        self.began = Some(now);
    }

    fn p99_us(&mut self, now: Instant) -> Option<u64> {
        self.turn(now);
        let counts = || self.gathering.0.iter().zip(&self.before.0).map(|(a, b)| a + b);
        let all: u64 = counts().sum();
        if all < SAMPLES_MIN {
            return None;
        }
        let beyond = all / 100;
        let mut above = all;
        let found = counts().position(|count| {
            above -= count;
            above <= beyond
        });
        found.map(upper_us)
    }
}

/// The bucket of a wait: up to 8 µs one each, then eight for each power of two.
fn bucket(us: u64) -> usize {
    let power = us.max(1).ilog2();
    let index = if power < 3 { us } else { u64::from(power - 2) * 8 + ((us >> (power - 3)) & 7) };
    usize::try_from(index).unwrap_or(usize::MAX).min(BUCKETS - 1)
}

/// The longest wait that a bucket holds.
fn upper_us(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < 8 {
        return bucket;
    }
    let shift = bucket / 8 - 1;
    ((8 + bucket % 8 + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_waits_up_to_an_eighth_apart() {
        for us in [0, 1, 7, 8, 9, 15, 16, 100, 1_000, 123_456, 3_600_000_000] {
            let upper = upper_us(bucket(us));
            assert!(upper >= us && upper - us <= us / 8, "{us} is taken for {upper}");
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn of_a_hundred_one_may_wait_longer() {
        let (mut windows, now) = (Windows::default(), Instant::now());
        for us in 1..=99 {
            windows.count(Duration::from_micros(us), now);
        }
        assert_eq!(windows.p99_us(now), None, "99 waits are too few");
        windows.count(Duration::from_secs(1), now);
        assert_eq!(windows.p99_us(now), Some(103));
        windows.count(Duration::from_secs(1), now);
        assert!(windows.p99_us(now) > Some(1_000_000));
    }

    #[test]
    fn what_was_measured_long_ago_is_forgotten() {
        let (mut windows, now) = (Windows::default(), Instant::now());
        (0..200).for_each(|_| windows.count(Duration::from_millis(1), now));
        assert!(windows.p99_us(now + WINDOW).is_some(), "the window before");
        assert_eq!(windows.p99_us(now + 2 * WINDOW), None);
    }
}
