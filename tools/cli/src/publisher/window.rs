//! Events that were sent and not answered yet, and when they are due to be sent again.
//!
//! Order is kept across failures: after one, only the oldest event is sent, again and again, until it is
//! taken; then all the others follow in their order. An event that was taken before is a repetition, and
//! recognised as one.
//!
//! Not here: sending, and the clock: every moment is given.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::backoff;

/// How long to wait for an answer before an event is sent again.
pub(crate) const ANSWER_WAIT: Duration = Duration::from_secs(2);

/// Messages under way, by their number.
#[derive(Debug)]
pub(crate) struct Window<M> {
    waiting: BTreeMap<u64, M>,
    next: u64,
    /// When something is to be sent again, if no answer comes before.
    due: Option<Instant>,
    state: State,
}

/// Whether messages are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// As far as is known.
    Flowing,
    /// No: only the oldest one is sent, after so many attempts.
    Stalled { attempts: u32 },
    /// Again: everything that is waiting is to be sent once more.
    Resuming,
}

impl<M> Window<M> {
    pub(crate) fn new() -> Window<M> {
        Window { waiting: BTreeMap::new(), next: 1, due: None, state: State::Flowing }
    }

    /// How many are under way.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether another message may be sent, so many being under way at most.
    pub(crate) fn has_room(&self, most: usize) -> bool {
        self.state == State::Flowing && self.waiting.len() < most
    }

    /// Takes a message that is being sent now, and gives it its number.
    pub(crate) fn add(&mut self, message: M, now: Instant) -> u64 {
        let number = self.next;
        self.next += 1;
        self.waiting.insert(number, message);
        self.due.get_or_insert(now + ANSWER_WAIT);
        number
    }

    /// Takes out a message that was answered for good; `None` if it was before.
    pub(crate) fn settle(&mut self, number: u64, now: Instant) -> Option<M> {
        let oldest = self.waiting.first_key_value().map(|(oldest, _)| *oldest);
        let message = self.waiting.remove(&number)?;
        self.due = (!self.waiting.is_empty()).then_some(now + ANSWER_WAIT);
        if matches!(self.state, State::Stalled { .. }) && oldest == Some(number) {
            self.state = if self.waiting.is_empty() { State::Flowing } else { State::Resuming };
            self.due = self.due.map(|_| now);
        }
        Some(message)
    }

    /// A message was answered with "later".
    pub(crate) fn put_off(&mut self, number: u64, now: Instant) {
        let oldest = self.waiting.first_key_value().map(|(oldest, _)| *oldest);
        match self.state {
            State::Stalled { attempts } if oldest == Some(number) => {
                self.due = Some(now + backoff(attempts));
                self.state = State::Stalled { attempts: attempts.saturating_add(1) };
            }
            State::Stalled { .. } => {}
            State::Flowing | State::Resuming => {
                self.due = Some(now + backoff(0));
                self.state = State::Stalled { attempts: 1 };
            }
        }
    }

    /// When to look after what waits.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// The messages that are to be sent again now, in their order.
    pub(crate) fn overdue(&mut self, now: Instant) -> Vec<(u64, &M)> {
        if self.due.is_none_or(|due| due > now) {
            return Vec::new();
        }
        self.due = Some(now + ANSWER_WAIT);
        let most = match self.state {
            State::Resuming => {
                self.state = State::Flowing;
                usize::MAX
            }
            State::Flowing => {
                self.state = State::Stalled { attempts: 1 };
                1
            }
            State::Stalled { .. } => 1,
        };
        self.waiting.iter().take(most).map(|(number, message)| (*number, message)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after_ms(start: Instant, ms: u64) -> Instant {
        start + Duration::from_millis(ms)
    }

    #[test]
    fn after_a_failure_the_oldest_goes_first_and_then_all_the_others_in_order() {
        let start = Instant::now();
        let mut window = Window::new();
        let numbers = ["a", "b", "c", "d"].map(|message| window.add(message, start));
        assert_eq!(numbers, [1, 2, 3, 4]);
        window.put_off(3, start);
        assert!(!window.has_room(100), "nothing new is sent");
        assert!(window.overdue(after_ms(start, 99)).is_empty());
        assert_eq!(window.overdue(after_ms(start, 100)), [(1, &"a")]);
        window.put_off(1, after_ms(start, 101));
        window.put_off(4, after_ms(start, 101));
        assert_eq!(window.overdue(after_ms(start, 301)), [(1, &"a")], "later each time");
        assert_eq!(window.settle(2, after_ms(start, 302)), Some("b"), "a late answer");
        assert!(!window.has_room(100), "and not the one that is waited for");
        assert_eq!(window.settle(1, after_ms(start, 303)), Some("a"));
        assert_eq!(window.overdue(after_ms(start, 303)), [(3, &"c"), (4, &"d")]);
        assert!(window.has_room(100));
    }

    #[test]
    fn an_answer_that_does_not_come_is_a_failure_too() {
        let start = Instant::now();
        let mut window = Window::new();
        window.add("a", start);
        window.add("b", start);
        assert!(window.overdue(start + ANSWER_WAIT - Duration::from_millis(1)).is_empty());
        assert_eq!(window.overdue(start + ANSWER_WAIT), [(1, &"a")]);
        assert!(window.overdue(start + ANSWER_WAIT).is_empty(), "sent a moment ago");
        assert_eq!(window.settle(1, start + ANSWER_WAIT), Some("a"));
        assert_eq!(window.overdue(start + ANSWER_WAIT), [(2, &"b")]);
    }

    #[test]
    fn answers_that_come_leave_nothing_due() {
        let start = Instant::now();
        let mut window = Window::new();
        let number = window.add("a", start);
        assert_eq!(window.settle(number, start), Some("a"));
        assert_eq!(window.settle(number, start), None);
        assert_eq!((window.due(), window.len()), (None, 0));
    }
}
