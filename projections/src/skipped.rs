//! Which events a generation could not take in, and why.
//!
//! A skipped event stays in the log as it was written and comes back in a version that can express it
//! (P4, P5). What is noted here is for people: it is no part of the state and of no digest.

use std::collections::BTreeMap;

use selfsame_record::{Name, Position};
use serde::Serialize;

use crate::limits::SAMPLES_MAX;

/// Why an event was skipped, by the whole generation or by one projection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The version has no such event type.
    UnknownType,
    /// No lens leads from the version that the event was written in.
    NoLens,
    /// The version's shape cannot say what the event says.
    Inexpressible,
    /// The projection's condition has no value for the event.
    ConditionFailed,
    /// The projection's key is absent or `null` in the event.
    KeyMissing,
    /// The projection's key is empty, too long, has control characters, or is not an integer by value.
    KeyInvalid,
    /// A number that the projection counts with is not a 64-bit integer by value.
    NotAnInteger,
    /// A sum would leave the range of 64-bit integers.
    SumOutOfRange,
    /// A text in a column of an index is longer than
    /// [`INDEX_TEXT_BYTES_MAX`](crate::INDEX_TEXT_BYTES_MAX).
    IndexTextTooLong,
    /// The row would be larger than [`ROW_BYTES_MAX`](crate::ROW_BYTES_MAX).
    RowTooLarge,
    /// The job input would be larger than [`ROW_BYTES_MAX`](crate::ROW_BYTES_MAX).
    InputTooLarge,
}

/// What is known about the events that were skipped for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notes {
    /// How many.
    pub count: u64,
    /// The first one.
    pub first: Position,
    /// The last one.
    pub last: Position,
    /// The first [`SAMPLES_MAX`] ones.
    pub samples: Vec<Position>,
    /// What was wrong with the first one, if there is more to say than the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Notes {
    fn absorb(&mut self, other: &Notes) {
        self.count += other.count;
        if other.first < self.first {
            (self.first, self.detail) = (other.first, other.detail.clone());
        }
        self.last = self.last.max(other.last);
        self.samples.extend(&other.samples);
        self.samples.sort_unstable();
        self.samples.truncate(SAMPLES_MAX);
    }
}

/// One line of [`Skipped`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SkippedLine<'a> {
    /// The event type.
    pub event_type: &'a str,
    /// The projection that skipped them; all of them if there is none.
    pub projection: Option<&'a Name>,
    /// Why.
    pub reason: Reason,
    /// How many, and which.
    #[serde(flatten)]
    pub notes: &'a Notes,
}

/// By projection (all of them if there is none) and reason.
type Lines = BTreeMap<(Option<Name>, Reason), Notes>;

/// Skipped events, counted by event type, projection and reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    by_type: BTreeMap<Box<str>, Lines>,
}

impl Skipped {
    /// All lines, by event type, projection and reason.
    pub fn lines(&self) -> impl Iterator<Item = SkippedLine<'_>> {
        self.by_type.iter().flat_map(|(event_type, lines)| {
            lines.iter().map(move |((projection, reason), notes)| SkippedLine {
                event_type,
                projection: projection.as_ref(),
                reason: *reason,
                notes,
            })
        })
    }

    /// How many times an event was skipped; one that two projections skipped counts twice.
    pub fn count(&self) -> u64 {
        self.lines().map(|line| line.notes.count).sum()
    }

    /// The lines that `other` does not have in the same way, because other events were skipped for this
    /// reason, or none; each with how many more there are than in the other, at least one.
    pub fn beyond<'a>(&'a self, other: &'a Skipped) -> impl Iterator<Item = (SkippedLine<'a>, u64)> {
        self.lines().filter_map(|line| {
            let lines = other.by_type.get(line.event_type);
            let there = lines.and_then(|lines| lines.get(&(line.projection.cloned(), line.reason)));
            // The detail is a version's own words for the same thing.
            let of = |notes: &Notes| (notes.count, notes.first, notes.last);
            let is_it = |there: &&Notes| of(there) == of(line.notes) && there.samples == line.notes.samples;
            if there.filter(is_it).is_some() {
                return None;
            }
            let more = line.notes.count.saturating_sub(there.map_or(0, |there| there.count));
            Some((line, more.max(1)))
        })
    }

    /// Takes in what another one counted: other events, or of other projections.
    pub(crate) fn absorb(&mut self, other: &Skipped) {
        for (event_type, lines) in &other.by_type {
            let own = self.by_type.entry(event_type.clone()).or_default();
            for (key, notes) in lines {
                match own.get_mut(key) {
                    Some(before) => before.absorb(notes),
                    None => {
                        own.insert(key.clone(), notes.clone());
                    }
                }
            }
        }
    }

    /// Notes an event. The detail is asked for only if it is the first of its kind.
    pub(crate) fn note(
        &mut self,
        event_type: &str,
        projection: Option<&Name>,
        reason: Reason,
        at: Position,
        detail: impl FnOnce() -> Option<String>,
    ) {
        if !self.by_type.contains_key(event_type) {
            self.by_type.insert(event_type.into(), BTreeMap::new());
        }
        let Some(lines) = self.by_type.get_mut(event_type) else {
            return;
        };
        let notes = lines.entry((projection.cloned(), reason)).or_insert_with(|| Notes {
            count: 0,
            first: at,
            last: at,
            samples: vec![],
            detail: detail(),
        });
        notes.count += 1;
        notes.last = at;
        if notes.samples.len() < SAMPLES_MAX {
            notes.samples.push(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_counted_by_type_projection_and_reason() {
        let mut skipped = Skipped::default();
        let name = Name::parse("p").unwrap();
        for at in 1..=20 {
            let detail = || Some(format!("detail of {at}"));
            skipped.note("b", None, Reason::Inexpressible, Position::new(at), detail);
        }
        skipped.note("b", Some(&name), Reason::KeyMissing, Position::new(21), || None);
        skipped.note("a", Some(&name), Reason::KeyMissing, Position::new(22), || None);
        let lines: Vec<_> = skipped
            .lines()
            .map(|l| (l.event_type, l.projection.is_some(), l.reason, l.notes.count))
            .collect();
        let expect = [
            ("a", true, Reason::KeyMissing, 1),
            ("b", false, Reason::Inexpressible, 20),
            ("b", true, Reason::KeyMissing, 1),
        ];
        assert_eq!(lines, expect);
        assert_eq!(skipped.count(), 22);
        let notes = skipped.lines().nth(1).unwrap().notes;
        assert_eq!((notes.first, notes.last), (Position::new(1), Position::new(20)));
        assert_eq!(notes.samples, (1..=8).map(Position::new).collect::<Vec<_>>());
        assert_eq!(notes.detail.as_deref(), Some("detail of 1"));
    }

    #[test]
    fn a_line_that_another_has_alike_is_not_beyond_it() {
        let note = |skipped: &mut Skipped, event_type: &str, reason, at, detail: &str| {
            let detail = || Some(detail.to_owned());
            skipped.note(event_type, None, reason, Position::new(at), detail);
        };
        let (mut one, mut other) = (Skipped::default(), Skipped::default());
        note(&mut one, "a", Reason::UnknownType, 1, "said so");
        note(&mut other, "a", Reason::UnknownType, 1, "said otherwise");
        assert_eq!(one.beyond(&other).count(), 0);
        note(&mut one, "a", Reason::NoLens, 2, "");
        note(&mut one, "b", Reason::NoLens, 2, "");
        let beyond = |one: &Skipped, other: &Skipped| -> Vec<(String, Reason)> {
            one.beyond(other).map(|(line, _)| (line.event_type.to_owned(), line.reason)).collect()
        };
        let both = [("a".to_owned(), Reason::NoLens), ("b".to_owned(), Reason::NoLens)];
        assert_eq!(beyond(&one, &other), both);
        note(&mut other, "b", Reason::NoLens, 3, "");
        assert_eq!(beyond(&one, &other), both, "as many, and others");
        assert_eq!(beyond(&other, &one), both[1..]);
        note(&mut one, "b", Reason::NoLens, 4, "");
        note(&mut one, "b", Reason::NoLens, 5, "");
        assert_eq!(one.beyond(&other).map(|(_, more)| more).collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn what_was_counted_apart_is_counted_together() {
        let mut both = Skipped::default();
        let mut parts = [Skipped::default(), Skipped::default()];
        for at in 1..=20_u64 {
            let detail = || Some(format!("detail of {at}"));
            both.note("a", None, Reason::Inexpressible, Position::new(at), detail);
            let part = &mut parts[usize::from(at % 3 != 0)];
            part.note("a", None, Reason::Inexpressible, Position::new(at), detail);
        }
        let mut sum = Skipped::default();
        parts.iter().for_each(|part| sum.absorb(part));
        assert_eq!(sum, both);
    }

    #[test]
    fn a_line_is_flat_json() {
        let mut skipped = Skipped::default();
        skipped.note("a", None, Reason::UnknownType, Position::new(3), || None);
        let json = serde_json::to_string(&skipped.lines().next()).unwrap();
        let expect = r#"{"event_type":"a","projection":null,"reason":"unknown-type","count":1,"first":3,"last":3,"samples":[3]}"#;
        assert_eq!(json, expect);
    }
}
