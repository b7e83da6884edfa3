//! Where in the log which kinds of records are, so that a build passes over those that its version's
//! projections do not read.
//!
//! The log is cut into runs of records, each with the set of kinds in it. A kind is an event type with the
//! version that it was written in, or the outcome of a job; what a fold never reads has none. A run that has
//! grown to [`RUN_RECORDS_MIN`] ends before a kind that is new to it, and every run ends at
//! [`RUN_RECORDS_MAX`]; neighbours with the same set are one. Beyond a limit a run counts as holding anything,
//! so the index may say that there is something to read where there is not, and never the other way round.
//!
//! It is made by the same pass over the log that takes in the census, and kept up by each commit. It is no
//! part of the state.

use std::collections::BTreeMap;
use std::sync::Arc;

use selfsame_projections::Generation;
use selfsame_record::{ArchivedBody, ArchivedRecord, Position};
use selfsame_schema::Registry;

use crate::limits::{KIND_SETS_MAX, KINDS_MAX, KINDS_PER_RUN_MAX, RUN_RECORDS_MAX, RUN_RECORDS_MIN};
use crate::serving::is_job_outcome;

/// Records that are passed over at once at least; reading on is as fast as finding the place to go on at.
const PASSED_MIN: u64 = 1024;

/// What a record is to a fold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An event, by its type and the number of the version that it was written in.
    Event(Arc<str>, u32),
    /// A job is done or dead.
    JobOutcome,
}

/// Positions from the first to the last, both among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first.
    pub first: Position,
    /// The last.
    pub last: Position,
}

/// Which kinds are where, up to a position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kinds {
    /// Each kind that was met, by its number.
    kinds: Vec<Kind>,
    /// Numbers by event type and writer's version.
    events: BTreeMap<Arc<str>, Vec<(u32, u16)>>,
    outcome: Option<u16>,
    sets: Vec<Arc<[u16]>>,
    set_numbers: BTreeMap<Arc<[u16]>, u32>,
    runs: Vec<Run>,
    open: Open,
    last: Position,
}

/// A run that begins after the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    last: Position,
    /// The number of its set; none if it may hold anything.
    set: Option<u32>,
}

/// The run that grows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Open {
    records: u64,
    /// Ascending.
    kinds: Vec<u16>,
    anything: bool,
}

/// Which of the kinds a generation reads, as far as they were met.
#[derive(Debug, Default)]
pub struct Reads(Vec<bool>);

impl Reads {
    /// Asks the generation about the kinds that were met since: those that [`Kinds::since`] gave, with the
    /// registry as of the same position.
    pub fn learn(&mut self, generation: &mut Generation, kinds: &[Kind], registry: &Registry) {
        self.0.extend(kinds.iter().map(|kind| match kind {
            Kind::Event(event_type, writer) => generation.reads(event_type, *writer, registry),
            Kind::JobOutcome => generation.has_queues(),
        }));
    }

    /// How many kinds are known.
    pub fn known(&self) -> usize {
        self.0.len()
    }

    /// A kind that is not known yet is read.
    fn reads(&self, kind: u16) -> bool {
        self.0.get(usize::from(kind)).copied().unwrap_or(true)
    }
}

impl Kinds {
    /// The kinds beyond the first `known` ones.
    pub fn since(&self, known: usize) -> Vec<Kind> {
        self.kinds.get(known..).unwrap_or_default().to_vec()
    }

    /// The spans of `from ..= until` that hold everything that is read in there, in order, at most `max`; if
    /// there are so many, there may be more after the last.
    pub fn spans(&self, from: Position, until: Position, reads: &Reads, max: usize) -> Vec<Span> {
        let is_read: Vec<bool> =
            self.sets.iter().map(|set| set.iter().any(|kind| reads.reads(*kind))).collect();
        let set_read = |set: &u32| usize::try_from(*set).ok().and_then(|set| is_read.get(set)).copied();
        let closed = self.runs.iter().map(|run| {
            let read = run.set.as_ref().is_none_or(|set| set_read(set).unwrap_or(true));
            (run.last, read)
        });
        let open = self.open.anything || self.open.kinds.iter().any(|kind| reads.reads(*kind));
        let start = self.runs.partition_point(|run| run.last < from);
        let mut first = self.runs.get(start.wrapping_sub(1)).map_or(Position::ZERO, |run| run.last).next();
        let mut spans: Vec<Span> = Vec::new();
        for (last, read) in closed.skip(start).chain([(self.last, open)]) {
            let span = Span { first: first.max(from), last: last.min(until) };
            if first > until {
                break;
            }
            first = last.next();
            if !read || span.first > span.last {
                continue;
            }
            let room = spans.len() < max;
            match spans.last_mut() {
                Some(before) if span.first.records_since(before.last) <= PASSED_MIN => {
                    before.last = span.last
                }
                _ if room => spans.push(span),
                _ => break,
            }
        }
        spans
    }

    /// Takes in the next record.
    pub(crate) fn take_in(&mut self, record: &ArchivedRecord) {
        let kind = match &record.body {
            ArchivedBody::Event(event) => Some(self.of_event(&event.event_type, event.version.to_native())),
            ArchivedBody::Control(json) => is_job_outcome(json).then(|| self.of_outcome()),
        };
        self.push(record.at(), kind);
    }

    /// `kind` is none for what no fold reads, and the kind's number is none beyond the limit.
    fn push(&mut self, at: Position, kind: Option<Option<u16>>) {
        let place = kind.flatten().map(|kind| (kind, self.open.kinds.binary_search(&kind)));
        let is_new = place.is_some_and(|(_, found)| found.is_err()) || kind == Some(None);
        let records = self.open.records;
        if records >= RUN_RECORDS_MAX || (is_new && records >= RUN_RECORDS_MIN) {
            self.close();
            return self.push(at, kind);
        }
        self.open.records += 1;
        self.last = at;
        match place {
            Some((kind, Err(place))) if self.open.kinds.len() < KINDS_PER_RUN_MAX => {
                self.open.kinds.insert(place, kind);
            }
            Some((_, Ok(_))) => {}
            Some((_, Err(_))) => self.open.anything = true,
            None => self.open.anything |= kind == Some(None),
        }
    }

    fn close(&mut self) {
        let open = std::mem::take(&mut self.open);
        let set = if open.anything { None } else { self.of_set(open.kinds.into()) };
        match self.runs.last_mut() {
            Some(before) if before.set == set => before.last = self.last,
            _ => self.runs.push(Run { last: self.last, set }),
        }
    }

    fn of_set(&mut self, set: Arc<[u16]>) -> Option<u32> {
        if let Some(number) = self.set_numbers.get(&set) {
            return Some(*number);
        }
        let number = u32::try_from(self.sets.len()).ok().filter(|_| self.sets.len() < KIND_SETS_MAX)?;
        self.sets.push(Arc::clone(&set));
        self.set_numbers.insert(set, number);
        Some(number)
    }

    fn of_event(&mut self, event_type: &str, writer: u32) -> Option<u16> {
        let known = self.events.get_key_value(event_type);
        if let Some(number) = known.and_then(|(_, of)| of.iter().find(|(version, _)| *version == writer)) {
            return Some(number.1);
        }
        let name = known.map_or_else(|| Arc::from(event_type), |(name, _)| Arc::clone(name));
        let number = self.add(Kind::Event(Arc::clone(&name), writer))?;
        self.events.entry(name).or_default().push((writer, number));
        Some(number)
    }

    fn of_outcome(&mut self) -> Option<u16> {
        if self.outcome.is_none() {
            self.outcome = self.add(Kind::JobOutcome);
        }
        self.outcome
    }

    fn add(&mut self, kind: Kind) -> Option<u16> {
        let number = u16::try_from(self.kinds.len()).ok().filter(|_| self.kinds.len() < KINDS_MAX)?;
        self.kinds.push(kind);
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kinds that are given as `letter × records`; `-` is what no fold reads.
    fn index(log: &[(char, u64)]) -> Kinds {
        let mut kinds = Kinds::default();
        for (letter, count) in log {
            for _ in 0..*count {
                let kind = (*letter != '-').then(|| kinds.of_event(&letter.to_string(), 1));
                kinds.push(kinds.last.next(), kind);
            }
        }
        kinds
    }

    /// The spans that a generation which reads these letters has to read, from a position on.
    #[track_caller]
    fn check(kinds: &Kinds, read: &str, from: u64, expect: &[(u64, u64)]) {
        let is_read = |kind: &Kind| matches!(kind, Kind::Event(name, _) if read.contains(&**name));
        let reads = Reads(kinds.kinds.iter().map(is_read).collect());
        let spans = kinds.spans(Position::new(from), kinds.last, &reads, usize::MAX);
        let got: Vec<(u64, u64)> = spans.iter().map(|span| (span.first.get(), span.last.get())).collect();
        assert_eq!(got, expect);
    }

    #[test]
    fn what_is_not_read_is_passed_over() {
        let kinds = index(&[('a', 5000), ('b', 5000), ('-', 5000), ('c', 10)]);
        check(&kinds, "", 1, &[]);
        check(&kinds, "a", 1, &[(1, 5000)]);
        // What no fold reads makes a run longer, up to its limit.
        check(&kinds, "b", 1, &[(5001, 13_192)]);
        check(&kinds, "b", 7000, &[(7000, 13_192)]);
        check(&kinds, "b", 13_193, &[]);
        check(&kinds, "c", 1, &[(15_001, 15_010)]);
    }

    #[test]
    fn neighbours_with_the_same_kinds_are_one_run() {
        let kinds = index(&[('a', 100_000), ('b', 1)]);
        assert_eq!((kinds.runs.len(), kinds.sets.len()), (1, 1));
        let mixed: Vec<(char, u64)> = (0..50_000).map(|n| (if n % 2 == 0 { 'a' } else { 'b' }, 1)).collect();
        let kinds = index(&mixed);
        assert_eq!((kinds.runs.len(), kinds.sets.len()), (1, 1));
        check(&kinds, "b", 1, &[(1, 50_000)]);
    }

    #[test]
    fn short_gaps_are_read() {
        let kinds = index(&[('a', 300), ('b', 300), ('a', 300), ('b', 3000), ('a', 300)]);
        check(&kinds, "a", 1, &[(1, 900), (3901, 4200)]);
    }

    #[test]
    fn beyond_the_limits_anything_may_be_there() {
        let letters: Vec<(char, u64)> = ('\u{4e00}'..).take(KINDS_PER_RUN_MAX + 1).map(|c| (c, 1)).collect();
        let mut kinds = index(&letters);
        assert!(kinds.open.anything);
        check(&kinds, "", 1, &[(1, letters.len() as u64)]);
        for number in 0..=KINDS_MAX {
            let kind = kinds.of_event(&number.to_string(), 1);
            assert_eq!(kind.is_some(), kinds.kinds.len() < KINDS_MAX || number < KINDS_MAX - letters.len());
        }
        let mut kinds = index(&[('a', 10_000)]);
        kinds.push(kinds.last.next(), Some(None));
        check(&kinds, "", 1, &[(10_001, 10_001)]);
        let sets = (0..u16::MAX).map(|kind| kinds.of_set([kind].into())).filter(Option::is_some);
        assert!(sets.count() <= KIND_SETS_MAX);
    }

    #[test]
    fn no_more_spans_are_given_than_asked_for() {
        let log: Vec<(char, u64)> = (0..20).map(|n| (if n % 2 == 0 { 'a' } else { 'b' }, 2000)).collect();
        let kinds = index(&log);
        let reads = Reads(vec![true, false]);
        let first = kinds.spans(Position::new(1), kinds.last, &reads, 3);
        assert_eq!(first.len(), 3);
        let next = first[2].last.next();
        let rest = kinds.spans(next, kinds.last, &reads, usize::MAX);
        let all = kinds.spans(Position::new(1), kinds.last, &reads, usize::MAX);
        assert_eq!([first, rest].concat(), all);
        assert_eq!(kinds.spans(kinds.last.next(), kinds.last, &reads, 9), []);
    }
}
