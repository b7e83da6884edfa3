//! What became of the events that were published.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::failure::{Failure, Outcome};

/// Counts of what became of events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Events that were not there before.
    pub(crate) new: u64,
    /// Events that were.
    pub(crate) duplicates: u64,
    /// Events that were not taken, by code.
    pub(crate) refused: BTreeMap<String, u64>,
    /// The sentence of the first refusal of each code.
    pub(crate) reasons: BTreeMap<String, String>,
    /// All of these, by event type.
    pub(crate) by_type: BTreeMap<String, u64>,
    /// Times that an event was sent again.
    pub(crate) repeated: u64,
    /// The highest position that an answer has named.
    pub(crate) position: u64,
}

impl Tally {
    /// Notes that an event was taken, as the engine says in its answer's `events`.
    pub(crate) fn take(&mut self, event_type: &str, placed: &Value) {
        match placed.get("duplicate").and_then(Value::as_bool) {
            Some(true) => self.duplicates += 1,
            _ => self.new += 1,
        }
        let position = placed.get("position").and_then(Value::as_u64).unwrap_or_default();
        self.position = self.position.max(position);
        self.count(event_type);
    }

    /// Notes that an event was refused for good.
    pub(crate) fn refuse(&mut self, event_type: &str, refusal: &Failure) {
        let code = refusal.code();
        self.reasons.entry(code.clone()).or_insert_with(|| refusal.to_string());
        *self.refused.entry(code).or_default() += 1;
        self.count(event_type);
    }

    fn count(&mut self, event_type: &str) {
        *self.by_type.entry(event_type.to_owned()).or_default() += 1;
    }

    /// How many events of a type were answered.
    pub(crate) fn of_type(&self, event_type: &str) -> u64 {
        self.by_type.get(event_type).copied().unwrap_or_default()
    }

    /// How many events were answered.
    pub(crate) fn settled(&self) -> u64 {
        self.by_type.values().sum()
    }

    /// A failure if any event was refused.
    pub(crate) fn outcome(&self) -> Outcome {
        if self.refused.is_empty() {
            return Ok(());
        }
        let codes: Vec<String> = self.refused.iter().map(|(code, count)| format!("{count} {code}")).collect();
        Err(Failure::EventsRefused { count: self.refused.values().sum(), codes: codes.join(", ") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn refusals_make_a_failure_that_counts_them() {
        let mut tally = Tally::default();
        tally.take("a", &json!({"position": 7, "duplicate": false}));
        tally.take("a", &json!({"position": 3, "duplicate": true}));
        assert!(tally.outcome().is_ok());
        assert_eq!((tally.new, tally.duplicates, tally.position, tally.settled()), (1, 1, 7, 2));
        let problem = |detail: &str| {
            Failure::Refused(Box::new(json!({"type": "urn:selfsame:error:unknown-type", "detail": detail})))
        };
        tally.refuse("b", &problem("the first"));
        tally.refuse("b", &problem("the second"));
        let err = tally.outcome().expect_err("refused");
        assert_eq!(err.to_string(), "2 events were refused: 2 unknown-type");
        assert_eq!(tally.reasons["unknown-type"], "the first");
        assert_eq!(tally.of_type("b"), 2);
    }
}
