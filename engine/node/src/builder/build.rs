//! One build that is under way: whether it may go on, how fast, and how far it is.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use selfsame_core::Budget;
use selfsame_projections::Generation;
use selfsame_record::VersionNo;
use serde::Serialize;

/// The rate that is shown is over this long.
const RATE_OVER: Duration = Duration::from_secs(5);
/// How often the way so far is noted for the rate.
const NOTE_EVERY: Duration = Duration::from_millis(250);
/// Shorter waits are put off until they add up to this.
const WAIT_MIN: Duration = Duration::from_millis(1);

/// How far a build is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BuildProgress {
    /// The version that is built.
    pub version: VersionNo,
    /// Records folded.
    pub done: u64,
    /// Records in the log.
    pub total: u64,
    /// Records per second over the last seconds.
    pub rate: f64,
    /// Seconds that the rest will take at this rate; unknown while nothing moves.
    pub left_seconds: Option<f64>,
    /// About how many bytes the generation takes.
    pub bytes: u64,
    /// Whether it waits until it is resumed.
    pub paused: bool,
    /// What it may take of the machine.
    pub budget: Budget,
}

/// A build that is under way, as its thread and everybody else see it.
pub(crate) struct Build {
    pub(crate) budget: Budget,
    pub(crate) started: Instant,
    order: Mutex<Order>,
    changed: Condvar,
    meter: Mutex<Meter>,
}

/// What the build's thread is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Go,
    Wait,
    End,
}

#[derive(Default)]
struct Meter {
    done: u64,
    bytes: u64,
    /// Moments of the last seconds, with how far it was.
    way: VecDeque<(Instant, u64)>,
}

impl Build {
    pub(crate) fn new(budget: Budget, paused: bool) -> Build {
        let order = Mutex::new(if paused { Order::Wait } else { Order::Go });
        Build { budget, started: Instant::now(), order, changed: Condvar::new(), meter: Mutex::default() }
    }

    /// Lets it wait, or go on.
    pub(crate) fn pause(&self, paused: bool) {
        let mut order = self.order.lock();
        if *order != Order::End {
            *order = if paused { Order::Wait } else { Order::Go };
            self.changed.notify_all();
        }
    }

    /// Ends it.
    pub(crate) fn end(&self) {
        *self.order.lock() = Order::End;
        self.changed.notify_all();
    }

    /// Whether nothing was said against folding on.
    pub(crate) fn goes_on(&self) -> bool {
        *self.order.lock() == Order::Go
    }

    /// Waits while it is paused; false if it was ended.
    pub(crate) fn wait_for_leave(&self) -> bool {
        let mut order = self.order.lock();
        while *order == Order::Wait {
            self.meter.lock().way.clear();
            self.changed.wait(&mut order);
        }
        *order == Order::Go
    }

    /// Waits so long, or until something is said.
    fn rest(&self, wait: Duration) {
        let mut order = self.order.lock();
        if *order == Order::Go {
            self.changed.wait_for(&mut order, wait);
        }
    }

    /// Notes how far the generation is.
    pub(crate) fn note(&self, generation: &Generation) {
        let mut meter = self.meter.lock();
        (meter.done, meter.bytes) = (generation.position().get(), generation.bytes());
        meter.note(Instant::now());
    }

    pub(crate) fn progress(&self, version: VersionNo, total: u64) -> BuildProgress {
        let paused = *self.order.lock() == Order::Wait;
        let meter = self.meter.lock();
        let rate = if paused { 0.0 } else { meter.rate(Instant::now()) };
        let (done, bytes) = (meter.done, meter.bytes);
        let total = total.max(done);
        #[expect(clippy::cast_precision_loss, reason = "shown to people")]
        let left_seconds = (rate > 0.0).then(|| (total - done) as f64 / rate);
        BuildProgress { version, done, total, rate, left_seconds, bytes, paused, budget: self.budget.shown() }
    }
}

impl Meter {
    fn note(&mut self, now: Instant) {
        if self.way.back().is_none_or(|(at, _)| now.duration_since(*at) >= NOTE_EVERY) {
            self.way.push_back((now, self.done));
        }
        // The oldest that is kept is the one from which on the rate is taken.
        while self.way.get(1).is_some_and(|(at, _)| now.duration_since(*at) >= RATE_OVER) {
            self.way.pop_front();
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "shown to people")]
    fn rate(&self, now: Instant) -> f64 {
        let Some((since, done)) = self.way.front() else { return 0.0 };
        let seconds = now.duration_since(*since).as_secs_f64();
        if seconds > 0.0 { self.done.saturating_sub(*done) as f64 / seconds } else { 0.0 }
    }
}

/// Keeps a build's thread to its budget: it rests after each slice of records, for as long as the work so
/// far is ahead of what it may be.
pub(crate) struct Pace {
    budget: Budget,
    /// When the work began that was not rested for yet.
    since: Instant,
    /// How long it has to rest; below zero if a rest was longer than it had to be.
    debt: f64,
}

impl Pace {
    pub(crate) fn new(budget: Budget) -> Pace {
        Pace { budget, since: Instant::now(), debt: 0.0 }
    }

    /// Rests after so many records, if there is need to.
    pub(crate) fn rest(&mut self, build: &Build, records: usize) {
        let worked = self.since.elapsed().as_secs_f64();
        self.debt = (self.debt + self.rest_for(worked, records)).max(-WAIT_MIN.as_secs_f64());
        if self.debt >= WAIT_MIN.as_secs_f64() {
            let began = Instant::now();
            build.rest(Duration::from_secs_f64(self.debt));
            self.debt -= began.elapsed().as_secs_f64();
        }
        self.since = Instant::now();
    }

    #[expect(clippy::cast_precision_loss, reason = "a slice is small")]
    fn rest_for(&self, worked: f64, records: usize) -> f64 {
        let share = f64::from(self.budget.share_percent());
        let by_share = worked * (100.0 - share) / share;
        let by_rate = self.budget.records_per_second().map(|rate| records as f64 / rate as f64 - worked);
        by_rate.map_or(by_share, |by_rate| by_share.max(by_rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(rate: Option<u64>, share: Option<u8>) -> Budget {
        Budget::new(rate, None, share).expect("a budget")
    }

    /// Seconds worked for so many records, and milliseconds of rest that follow.
    #[track_caller]
    fn check(budget: Budget, worked: f64, records: usize, expect: f64) {
        let rest = Pace::new(budget).rest_for(worked, records) * 1000.0;
        assert!((rest - expect).abs() < 1e-6, "{rest} ms");
    }

    #[test]
    fn a_build_rests_in_proportion_to_its_work_and_for_its_rate() {
        check(budget(None, Some(50)), 0.01, 100, 10.0);
        check(budget(None, Some(100)), 0.01, 100, 0.0);
        check(budget(None, Some(20)), 0.01, 100, 40.0);
        check(budget(Some(1000), Some(100)), 0.01, 100, 90.0);
        check(budget(Some(1000), Some(1)), 0.01, 100, 990.0);
        check(Budget::default(), 0.01, 100, 10.0);
    }

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let (mut meter, start) = (Meter::default(), Instant::now());
        for second in 0..=20_u64 {
            meter.done = if second <= 10 { second * 1000 } else { 10_000 + (second - 10) * 100 };
            meter.note(start + Duration::from_secs(second));
        }
        let rate = meter.rate(start + Duration::from_secs(20));
        assert!((rate - 100.0).abs() < 1e-6, "{rate}");
        assert!(meter.way.len() <= 7, "{} moments are kept", meter.way.len());
    }

    #[test]
    fn what_was_ended_is_not_resumed() {
        let build = Build::new(Budget::default(), true);
        assert!(!build.goes_on());
        build.pause(false);
        assert!(build.wait_for_leave());
        build.end();
        build.pause(false);
        assert!(!build.wait_for_leave() && !build.goes_on());
    }
}
