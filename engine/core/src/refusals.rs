//! How refusals get into the log without filling it: whole up to a limit per principal and minute, and
//! counted beyond it.

use std::collections::BTreeMap;

use selfsame_record::Micros;
use serde::Serialize;

use crate::limits::REFUSALS_PER_MINUTE;

const MINUTE_US: i64 = 60_000_000;

/// One principal's refusals in the present minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
struct Window {
    minute: i64,
    recorded: u32,
    /// Not in the log yet, so not part of the state that a replay gives.
    #[serde(skip)]
    counted: u64,
}

/// The refusals of each principal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Refusals {
    windows: BTreeMap<String, Window>,
}

impl Refusals {
    /// Whether a refusal is recorded whole; otherwise it is counted here and now.
    pub(crate) fn admit(&mut self, principal: &str, now: Micros) -> bool {
        let minute = now.0.div_euclid(MINUTE_US);
        let window = self.windows.entry(principal.to_owned()).or_default();
        if window.minute != minute || window.recorded < REFUSALS_PER_MINUTE {
            return true;
        }
        window.counted += 1;
        false
    }

    /// Takes in that a refusal was recorded whole.
    pub(crate) fn apply(&mut self, principal: &str, time: Micros) {
        let minute = time.0.div_euclid(MINUTE_US);
        let window = self.windows.entry(principal.to_owned()).or_default();
        if window.minute != minute {
            (window.minute, window.recorded) = (minute, 0);
        }
        window.recorded += 1;
    }

    /// The counts whose minute is over, taken out: they are due as records.
    pub(crate) fn due(&mut self, now: Micros) -> Vec<(String, u64)> {
        let minute = now.0.div_euclid(MINUTE_US);
        let over = self.windows.iter_mut().filter(|(_, w)| w.counted > 0 && w.minute != minute);
        over.map(|(principal, window)| (principal.clone(), std::mem::take(&mut window.counted))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_and_the_count_is_due_in_the_next_minute() {
        let mut refusals = Refusals::default();
        let mut whole = 0;
        for n in 0..250 {
            if refusals.admit("web", Micros(n)) {
                refusals.apply("web", Micros(n));
                whole += 1;
            }
        }
        assert_eq!(whole, REFUSALS_PER_MINUTE);
        assert_eq!(refusals.due(Micros(59_000_000)), []);
        assert!(refusals.admit("other", Micros(1)), "others have a limit of their own");
        assert_eq!(refusals.due(Micros(60_000_000)), [("web".to_owned(), 150)]);
        assert_eq!(refusals.due(Micros(60_000_000)), []);
        assert!(refusals.admit("web", Micros(60_000_001)), "a new minute begins");
    }
}
