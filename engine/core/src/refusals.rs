//! How refusals get into the log without filling it: whole up to a limit per principal and minute and a
//! limit for all of them together, and counted beyond.
//!
//! What is counted is in memory until it is written, so a crash forgets the counts of its minute. What is
//! recorded whole is state like any other, and follows from the records alone.

use std::collections::BTreeMap;

use selfsame_record::Micros;
use serde::Serialize;

use crate::limits::{COUNTED_PRINCIPALS_MAX, REFUSALS_PER_MINUTE, REFUSALS_PER_MINUTE_IN_ALL};

const MINUTE_US: i64 = 60_000_000;
/// Under this name stand the counts of principals beyond the limit.
const OTHERS: &str = "selfsame";

/// The refusals of the present minute, and the counts that are not written yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Refusals {
    /// Of the last refusal that was recorded whole.
    minute: i64,
    /// Refusals recorded whole in that minute, by principal.
    recorded: BTreeMap<String, u32>,
    /// Not in the log yet, so not part of the state that a replay gives: the minute, and how many.
    #[serde(skip)]
    counted: BTreeMap<String, (i64, u64)>,
}

impl Refusals {
    /// Whether a refusal is recorded whole; otherwise it is counted here and now.
    pub(crate) fn admit(&mut self, principal: &str, now: Micros) -> bool {
        let minute = minute_of(now);
        let own = self.recorded.get(principal).copied().unwrap_or(0);
        let all: u32 = self.recorded.values().sum();
        if minute != self.minute || own < REFUSALS_PER_MINUTE && all < REFUSALS_PER_MINUTE_IN_ALL {
            return true;
        }
        let is_full = self.counted.len() >= COUNTED_PRINCIPALS_MAX && !self.counted.contains_key(principal);
        let name = if is_full { OTHERS } else { principal };
        self.counted.entry(name.to_owned()).or_insert((minute, 0)).1 += 1;
        false
    }

    /// Takes in that a refusal was recorded whole.
    pub(crate) fn apply(&mut self, principal: &str, time: Micros) {
        let minute = minute_of(time);
        if minute != self.minute {
            self.minute = minute;
            self.recorded.clear();
        }
        *self.recorded.entry(principal.to_owned()).or_insert(0) += 1;
    }

    /// At most `max` counts whose minute is over, taken out: they are due as records.
    pub(crate) fn due(&mut self, now: Micros, max: usize) -> Vec<(String, u64)> {
        let minute = minute_of(now);
        let over = self.counted.iter().filter(|(_, (counted, _))| *counted != minute).take(max);
        let over: Vec<(String, u64)> = over.map(|(name, (_, count))| (name.clone(), *count)).collect();
        for (name, _) in &over {
            self.counted.remove(name);
        }
        over
    }
}

fn minute_of(time: Micros) -> i64 {
    time.0.div_euclid(MINUTE_US)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Refuses so often, and says how many were recorded whole.
    fn refuse(refusals: &mut Refusals, principal: &str, times: u32, now: Micros) -> u32 {
        let mut whole = 0;
        for _ in 0..times {
            if refusals.admit(principal, now) {
                refusals.apply(principal, now);
                whole += 1;
            }
        }
        whole
    }

    #[test]
    fn a_flood_is_counted_and_the_count_is_due_in_the_next_minute() {
        let mut refusals = Refusals::default();
        assert_eq!(refuse(&mut refusals, "web", 250, Micros(1)), REFUSALS_PER_MINUTE);
        assert_eq!(refusals.due(Micros(59_000_000), 10), []);
        assert!(refusals.admit("other", Micros(1)), "others have a limit of their own");
        assert_eq!(refusals.due(Micros(60_000_000), 10), [("web".to_owned(), 150)]);
        assert_eq!(refusals.due(Micros(60_000_000), 10), []);
        assert!(refusals.admit("web", Micros(60_000_001)), "a new minute begins");
    }

    #[test]
    fn many_names_share_a_limit_and_take_bounded_memory() {
        let mut refusals = Refusals::default();
        let names = || (0..COUNTED_PRINCIPALS_MAX + 500).map(|n| format!("p{n}"));
        let whole: u32 = names().map(|name| refuse(&mut refusals, &name, 5, Micros(1))).sum();
        assert_eq!(whole, REFUSALS_PER_MINUTE_IN_ALL);
        assert!(refusals.recorded.len() <= REFUSALS_PER_MINUTE_IN_ALL as usize);
        assert!(refusals.counted.len() <= COUNTED_PRINCIPALS_MAX + 1);
        let mut counted = 0;
        loop {
            let due = refusals.due(Micros(60_000_000), 100);
            assert!(due.len() <= 100);
            if due.is_empty() {
                break;
            }
            counted += due.iter().map(|(_, count)| count).sum::<u64>();
        }
        assert_eq!(u64::from(whole) + counted, names().count() as u64 * 5, "none is forgotten");
        refuse(&mut refusals, "web", 1, Micros(60_000_000));
        assert_eq!(refusals.recorded.len(), 1, "the last minute's names are gone");
    }
}
