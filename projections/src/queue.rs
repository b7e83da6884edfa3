//! A queue: the inputs of jobs that have no outcome yet.
//!
//! Who works on a job, how often it was tried and what came of it is the core's business; a queue holds
//! what a job is given, in the shape of its version. A job is named by its source, the position of its
//! event, which is the same in every version (P11). The digest does not contain it: a log with the same
//! events at other positions has the same state.

use std::collections::BTreeMap;
use std::ops::Bound;

use selfsame_record::{Digest, EventId, Micros, MultisetDigest, Name, Position};

use crate::cell::CellRef;
use crate::event::{EventRead, Origin};
use crate::json;
use crate::limits::{ROW_BYTES_MAX, ROW_OVERHEAD_BYTES};
use crate::skipped::Reason;
use crate::touched::Notes;

/// What a job is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobInput {
    /// Identity of the event that it comes from.
    pub event_id: EventId,
    /// The event's type.
    pub event_type: Box<str>,
    /// The event's time as its producer said it, else the record's.
    pub time: Micros,
    /// The fields as a compact JSON object.
    pub json: Box<str>,
}

#[derive(Debug)]
struct Pending {
    input: JobInput,
    /// Its digest as it is in the sum; none before it is settled.
    member: Option<Digest>,
}

/// The pending inputs of a projection of kind `jobs`.
#[derive(Debug)]
pub struct Queue {
    name: Name,
    pending: BTreeMap<Position, Pending>,
    sum: MultisetDigest,
    /// Positions that may hold an input which is not settled.
    dirty: Vec<Position>,
    touched: Notes<Position>,
    /// What the inputs take.
    bytes: usize,
}

impl Pending {
    fn bytes(&self) -> usize {
        ROW_OVERHEAD_BYTES + self.input.event_type.len() + self.input.json.len()
    }
}

impl Queue {
    pub(crate) fn new(name: Name) -> Queue {
        let (pending, sum) = (BTreeMap::new(), MultisetDigest::default());
        Queue { name, pending, sum, dirty: vec![], touched: Notes::default(), bytes: 0 }
    }

    /// The input of the job from this source, if the job is pending.
    pub fn get(&self, source: Position) -> Option<&JobInput> {
        self.pending.get(&source).map(|pending| &pending.input)
    }

    /// Pending inputs with their sources, the oldest first, from a position on.
    pub fn iter_from(&self, from: Position) -> impl Iterator<Item = (Position, &JobInput)> {
        let range = self.pending.range((Bound::Included(from), Bound::Unbounded));
        range.map(|(at, pending)| (*at, &pending.input))
    }

    /// Pending jobs with the digests of their inputs, the newest first, from before a position on.
    pub(crate) fn before(&self, until: Position) -> impl Iterator<Item = (Position, Digest)> {
        self.pending.range(..until).rev().map(|(at, pending)| (*at, self.digest_of(pending)))
    }

    /// The digest of the input of the job from this source, if the job is pending.
    pub(crate) fn member_of(&self, source: Position) -> Option<Digest> {
        self.pending.get(&source).map(|pending| self.digest_of(pending))
    }

    fn digest_of(&self, pending: &Pending) -> Digest {
        pending.member.unwrap_or_else(|| self.member(&pending.input))
    }

    /// How many jobs are pending.
    pub fn len(&self) -> usize {
        self.pending.len()
    }

    /// Whether none are pending.
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// About how many bytes the pending inputs take in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The digest over all pending inputs.
    pub fn digest(&self) -> Digest {
        let mut sum = self.sum;
        let mut dirty = self.dirty.clone();
        dirty.sort_unstable();
        dirty.dedup();
        for pending in dirty.iter().filter_map(|at| self.pending.get(at)) {
            sum.insert(&self.member(&pending.input));
        }
        sum.digest()
    }

    fn member(&self, input: &JobInput) -> Digest {
        let id = input.event_id.0.to_le_bytes();
        Digest::of(&[self.name.as_str().as_bytes(), &id, input.json.as_bytes()])
    }

    /// Takes in the input that the event at `source` gives.
    ///
    /// # Panics
    ///
    /// If there is one from this source already: a fold sees each record once.
    pub(crate) fn push(&mut self, source: Position, input: JobInput) {
        let pending = Pending { input, member: None };
        self.bytes += pending.bytes();
        let before = self.pending.insert(source, pending);
        assert!(before.is_none(), "the queue `{}` has an input from {source} already", self.name);
        self.dirty.push(source);
        self.touched.note(|| source);
    }

    /// Takes out an input, if it is there.
    pub(crate) fn finish(&mut self, source: Position) {
        let Some(pending) = self.pending.remove(&source) else {
            return;
        };
        self.bytes = self.bytes.saturating_sub(pending.bytes());
        if let Some(member) = &pending.member {
            self.sum.remove(member);
        }
        self.touched.note(|| source);
        if self.dirty.len() > 2 * self.pending.len() + 1024 {
            self.dirty.retain(|at| self.pending.contains_key(at));
        }
    }

    /// The sources of the inputs that came and went while somebody watched.
    pub(crate) fn touched(&mut self) -> &mut Notes<Position> {
        &mut self.touched
    }

    /// Brings the digest up to date.
    pub(crate) fn settle(&mut self) {
        for at in std::mem::take(&mut self.dirty) {
            let Some(pending) = self.pending.get(&at) else {
                continue;
            };
            let member = self.member(&pending.input);
            if let Some(pending) = self.pending.get_mut(&at) {
                self.sum.insert(&member);
                pending.member = Some(member);
            }
        }
    }
}

/// Reads the fields of a job input; one that is absent is left out.
///
/// # Errors
///
/// If the input would be larger than [`ROW_BYTES_MAX`].
pub(crate) fn read_input(read: EventRead<'_>, fields: &[(Box<str>, Origin)]) -> Result<JobInput, Reason> {
    let mut json = String::new();
    let values = fields.iter().map(|(name, source)| (&**name, read.read(source)));
    let present = values.filter(|(_, value)| *value != CellRef::Absent);
    json::write_object(present, &mut json, |value, out| {
        // What is beyond the limit is not gathered: the input is refused below.
        if out.len() <= ROW_BYTES_MAX {
            value.write_json(out);
        }
    });
    if json.len() > ROW_BYTES_MAX {
        return Err(Reason::InputTooLarge);
    }
    let event = read.event;
    let event_id = EventId::of(&read.record.principal, &event.source, &event.id);
    let event_type = event.event_type.as_str().into();
    Ok(JobInput { event_id, event_type, time: read.time(), json: json.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue() -> Queue {
        Queue::new(Name::parse("q").unwrap())
    }

    fn input(id: u128) -> JobInput {
        JobInput { event_id: EventId(id), event_type: "a".into(), time: Micros(0), json: "{}".into() }
    }

    #[test]
    fn the_digest_is_of_what_is_pending_wherever_it_came_from() {
        let (mut one, mut other) = (queue(), queue());
        one.push(Position::new(1), input(1));
        one.push(Position::new(2), input(2));
        one.settle();
        one.push(Position::new(3), input(3));
        one.finish(Position::new(1));
        one.finish(Position::new(77));
        other.push(Position::new(10), input(3));
        other.push(Position::new(20), input(2));
        assert_eq!(one.digest(), other.digest());
        one.settle();
        assert_eq!(one.digest(), other.digest());
        for at in [2, 3] {
            one.finish(Position::new(at));
        }
        assert_eq!((one.digest(), one.is_empty(), one.bytes()), (Digest::default(), true, 0));
    }

    #[test]
    fn pending_inputs_are_listed_by_age() {
        let mut queue = queue();
        for at in [2, 5, 9] {
            queue.push(Position::new(at), input(u128::from(at)));
        }
        let from = |at| queue.iter_from(Position::new(at)).map(|(at, _)| at.get()).collect::<Vec<_>>();
        assert_eq!((from(0), from(5), from(6), from(10)), (vec![2, 5, 9], vec![5, 9], vec![9], vec![]));
        assert_eq!(queue.get(Position::new(5)), Some(&input(5)));
    }

    #[test]
    fn the_list_of_unsettled_inputs_stays_bounded() {
        let mut queue = queue();
        for at in 1..5000 {
            queue.push(Position::new(at), input(u128::from(at)));
            queue.finish(Position::new(at));
        }
        assert!(queue.dirty.len() <= 1026, "{} positions", queue.dirty.len());
    }

    #[test]
    #[should_panic(expected = "has an input from #1 already")]
    fn a_source_gives_one_input() {
        let mut queue = queue();
        queue.push(Position::new(1), input(1));
        queue.push(Position::new(1), input(1));
    }
}
