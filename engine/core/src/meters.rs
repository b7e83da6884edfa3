//! What guards look back on: how many events were taken, refused and failed to fold, and how jobs ended, over
//! the last events or the last seconds.
//!
//! Counts are kept as running totals at moments of the log, at most one a second; a span is the difference of
//! two. So a span begins up to a second early, and never late.

use std::collections::VecDeque;

use selfsame_record::Micros;
use selfsame_schema::{Over, Rates, Ratio};

use crate::control::Control;
use crate::limits::METER_MARKS_MAX;

const SECOND_US: i64 = 1_000_000;

/// Running totals since the log began; of fold failures, since the process or the active version did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) taken: u64,
    pub(crate) refused: u64,
    pub(crate) fold_failures: u64,
    pub(crate) jobs_done: u64,
    pub(crate) jobs_failed: u64,
}

/// The totals now, and as they were.
#[derive(Debug, Default)]
pub(crate) struct Meters {
    now: Totals,
    time: Micros,
    /// Oldest first.
    marks: VecDeque<(Micros, Totals)>,
}

impl Meters {
    /// Takes in that an event was taken.
    pub(crate) fn event(&mut self, time: Micros) {
        self.mark(time);
        self.now.taken += 1;
    }

    /// Takes in the body of a control record. Only its kind is looked at, but for counts.
    pub(crate) fn control(&mut self, time: Micros, json: &str) {
        self.mark(time);
        let is = |kind: &str| json.strip_prefix(r#"{"kind":""#).is_some_and(|rest| rest.starts_with(kind));
        if is("event-refused") {
            self.now.refused += 1;
        } else if is("job-done") {
            self.now.jobs_done += 1;
        } else if is("job-") {
            self.now.jobs_failed += 1;
        } else if is("refusals-counted")
            && let Ok(Control::RefusalsCounted { count }) = Control::parse(json)
        {
            self.now.refused += count;
        }
    }

    /// Takes in how many events the active generation has failed to fold. A lower number is another generation's:
    /// what was counted before it says nothing about it.
    pub(crate) fn fold_failures(&mut self, count: u64) {
        if count < self.now.fold_failures {
            self.restart_fold_failures(count);
        }
        self.now.fold_failures = count;
    }

    /// From here on the failures are those of another generation, which had so many already.
    pub(crate) fn restart_fold_failures(&mut self, count: u64) {
        self.now.fold_failures = count;
        self.marks.iter_mut().for_each(|(_, totals)| totals.fold_failures = count);
    }

    fn mark(&mut self, time: Micros) {
        let due = self.marks.back().is_none_or(|(last, _)| time.0.saturating_sub(last.0) >= SECOND_US);
        if due {
            if self.marks.len() >= METER_MARKS_MAX {
                self.marks.pop_front();
            }
            self.marks.push_back((time, self.now));
        }
        self.time = self.time.max(time);
    }

    /// Events taken and rates over a span that ends at `now`.
    pub(crate) fn over(&self, over: Over, now: Micros) -> (u64, Rates) {
        let begins = |(time, totals): &&(Micros, Totals)| match over {
            Over::Events(events) => self.now.taken.saturating_sub(totals.taken) >= events,
            Over::Seconds(seconds) => {
                let span = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(SECOND_US);
                now.0.saturating_sub(time.0) >= span
            }
        };
        let oldest = self.marks.front().map(|(_, totals)| *totals).unwrap_or_default();
        let then = self.marks.iter().rev().find(begins).map_or(oldest, |(_, totals)| *totals);
        let taken = self.now.taken.saturating_sub(then.taken);
        let since = |now: u64, then: u64| now.saturating_sub(then);
        let ratio = |part: u64, of: u64| (of > 0).then_some(Ratio { part, of });
        let refused = since(self.now.refused, then.refused);
        let failed = since(self.now.jobs_failed, then.jobs_failed);
        let done = since(self.now.jobs_done, then.jobs_done);
        let rates = Rates {
            refused: ratio(refused, refused + taken),
            fold_failures: ratio(since(self.now.fold_failures, then.fold_failures), taken),
            job_failures: ratio(failed, failed + done),
        };
        (taken, rates)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::EventRefused;

    fn seconds(seconds: i64) -> Micros {
        Micros(seconds * SECOND_US)
    }

    /// Ten events a second for ten seconds, of which every fifth is refused in the last five.
    fn ten_seconds() -> Meters {
        let mut meters = Meters::default();
        let refused = Control::EventRefused(EventRefused::default()).to_json();
        for second in 0..10 {
            for n in 0..10 {
                if second >= 5 && n % 5 == 0 {
                    meters.control(seconds(second), &refused);
                } else {
                    meters.event(seconds(second));
                }
            }
        }
        meters
    }

    #[track_caller]
    fn check(over: Over, taken: u64, refused: Ratio) {
        let (found, rates) = ten_seconds().over(over, seconds(10));
        assert_eq!((found, rates.refused), (taken, Some(refused)));
    }

    #[test]
    fn a_span_is_of_the_last_seconds_or_events() {
        check(Over::Seconds(5), 40, Ratio { part: 10, of: 50 });
        check(Over::Seconds(1), 8, Ratio { part: 2, of: 10 });
        check(Over::Seconds(3600), 90, Ratio { part: 10, of: 100 });
        check(Over::Events(8), 8, Ratio { part: 2, of: 10 });
        check(Over::Events(9), 16, Ratio { part: 4, of: 20 });
        check(Over::Events(u64::MAX), 90, Ratio { part: 10, of: 100 });
    }

    #[test]
    fn jobs_that_were_given_back_or_given_up_have_failed() {
        let (queue, job) =
            (selfsame_record::Name::parse("q").expect("a name"), selfsame_record::Position::ZERO);
        let done = Control::JobDone { queue: queue.clone(), job, lease: job };
        let dead = Control::JobDead { queue, job, reason: String::new() };
        let mut meters = Meters::default();
        for control in [&done, &done, &dead, &Control::RefusalsCounted { count: 7 }] {
            meters.control(seconds(1), &control.to_json());
        }
        let rates = meters.over(Over::Seconds(9), seconds(1)).1;
        assert_eq!(rates.job_failures, Some(Ratio { part: 1, of: 3 }));
        assert_eq!(rates.refused, Some(Ratio { part: 7, of: 7 }));
    }

    #[test]
    fn of_nothing_there_is_no_rate() {
        let meters = Meters::default();
        assert_eq!(meters.over(Over::Seconds(60), seconds(5)), (0, Rates::default()));
    }

    #[test]
    fn the_failures_of_another_generation_begin_anew() {
        let mut meters = Meters::default();
        meters.event(seconds(1));
        meters.fold_failures(7);
        meters.event(seconds(3));
        meters.fold_failures(9);
        let failures = |meters: &Meters| meters.over(Over::Seconds(60), seconds(4)).1.fold_failures;
        assert_eq!(failures(&meters), Some(Ratio { part: 9, of: 2 }));
        meters.restart_fold_failures(20);
        assert_eq!(failures(&meters), Some(Ratio { part: 0, of: 2 }));
        meters.fold_failures(21);
        assert_eq!(failures(&meters), Some(Ratio { part: 1, of: 2 }));
    }

    #[test]
    fn marks_are_bounded() {
        let mut meters = Meters::default();
        for second in 0..2 * i64::try_from(METER_MARKS_MAX).expect("a few") {
            meters.event(seconds(second));
        }
        assert_eq!(meters.marks.len(), METER_MARKS_MAX);
    }
}
