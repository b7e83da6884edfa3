//! The last events of each type, for the gate that runs a new version's lenses over what was really
//! written.
//!
//! Of each (event type, writer version) the last few payloads that differ are kept. The first
//! [`SAMPLES_FIRST`] events are looked at one by one, then every [`SAMPLE_EVERY`]th, so that a busy type
//! costs a count per event and no copy. How many events came before is all that this goes by, so the same
//! log gives the same samples (P6).
//!
//! Bounded by bytes, per type and in all, the oldest out first; a payload larger than a type may keep is
//! left out. What is kept counts as [`Sample::bytes`] says, which is about what it takes in memory.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use selfsame_record::{ArchivedEvent, Position, Row, Value, VersionNo};
use selfsame_schema::Logged;

use crate::limits::{
    SAMPLE_BYTES_MAX, SAMPLE_EVERY, SAMPLE_TYPE_BYTES_MAX, SAMPLES_FIRST, SAMPLES_PER_VERSION,
};

/// Bytes that a sample counts beside its payload, and that each slot or unknown member counts.
const SAMPLE_OVERHEAD_BYTES: usize = 128;
const VALUE_OVERHEAD_BYTES: usize = 32;

/// An event that was kept.
#[derive(Debug, PartialEq)]
pub struct Sample {
    /// The version that it was written in.
    pub version: VersionNo,
    /// Where it stands in the log.
    pub position: Position,
    /// Its payload, as the writer's version lays it out.
    pub row: Row,
}

impl Sample {
    /// What it counts.
    pub fn bytes(&self) -> usize {
        let text = |value: &Value| match value {
            Value::Number(text) | Value::Text(text) | Value::Json(text) => text.len(),
            _ => 0,
        };
        let slots: usize = self.row.slots.iter().map(|value| VALUE_OVERHEAD_BYTES + text(value)).sum();
        let extras = self.row.extras.iter().map(|e| VALUE_OVERHEAD_BYTES + e.key.len() + e.json.len());
        SAMPLE_OVERHEAD_BYTES + slots + extras.sum::<usize>()
    }
}

/// The samples of one event type.
#[derive(Clone, Debug, Default, PartialEq)]
struct OfType {
    /// Events that came, by writer version.
    seen: BTreeMap<VersionNo, u64>,
    /// By position.
    kept: VecDeque<Arc<Sample>>,
    bytes: usize,
}

/// The samples of all event types. A copy shares the payloads.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples {
    types: BTreeMap<Arc<str>, OfType>,
    /// Every sample's position with its type, to find the oldest.
    order: BTreeMap<Position, Arc<str>>,
    bytes: usize,
}

impl Samples {
    /// The samples of an event type, in the order of the log.
    pub fn of(&self, event_type: &str) -> impl Iterator<Item = &Sample> {
        self.types.get(event_type).into_iter().flat_map(|of| of.kept.iter().map(|sample| &**sample))
    }

    /// What all samples count.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes in an event.
    pub(crate) fn take_in(&mut self, at: Position, event: &ArchivedEvent) {
        let Some(version) = VersionNo::new(event.version.to_native()) else { return };
        if self.wants(&event.event_type, version) {
            self.keep(&event.event_type, Sample { version, position: at, row: event.row.to_row() });
        }
    }

    /// Counts the event, and says whether it is looked at.
    fn wants(&mut self, event_type: &str, version: VersionNo) -> bool {
        let of = match self.types.get_mut(event_type) {
            Some(of) => of,
            None => self.types.entry(event_type.into()).or_default(),
        };
        let seen = of.seen.entry(version).or_insert(0);
        *seen += 1;
        *seen <= SAMPLES_FIRST || seen.is_multiple_of(SAMPLE_EVERY)
    }

    /// Keeps a sample, unless its payload is kept already, and lets the oldest go where there are too many.
    fn keep(&mut self, event_type: &str, sample: Sample) {
        let bytes = sample.bytes();
        let Some((name, of)) = self.types.get_key_value(event_type) else { return };
        let same_version = || of.kept.iter().filter(|kept| kept.version == sample.version);
        if bytes > SAMPLE_TYPE_BYTES_MAX || same_version().any(|kept| kept.row == sample.row) {
            return;
        }
        let surplus = (same_version().count() >= SAMPLES_PER_VERSION).then(|| same_version().next());
        let surplus = surplus.flatten().map(|oldest| oldest.position);
        let name = Arc::clone(name);
        if let Some(position) = surplus {
            self.forget(position);
        }
        let position = sample.position;
        if let Some(of) = self.types.get_mut(event_type) {
            of.kept.push_back(Arc::new(sample));
            of.bytes += bytes;
        }
        self.bytes += bytes;
        self.order.insert(position, name);
        self.shrink(event_type);
    }

    fn shrink(&mut self, event_type: &str) {
        while let Some(of) = self.types.get(event_type).filter(|of| of.bytes > SAMPLE_TYPE_BYTES_MAX) {
            let Some(oldest) = of.kept.front().map(|sample| sample.position) else { break };
            self.forget(oldest);
        }
        while self.bytes > SAMPLE_BYTES_MAX {
            let Some(oldest) = self.order.keys().next().copied() else { break };
            self.forget(oldest);
        }
    }

    fn forget(&mut self, position: Position) {
        let of = self.order.remove(&position).and_then(|name| self.types.get_mut(&name));
        let Some(of) = of else { return };
        let index = of.kept.iter().position(|sample| sample.position == position);
        if let Some(sample) = index.and_then(|index| of.kept.remove(index)) {
            of.bytes -= sample.bytes();
            self.bytes -= sample.bytes();
        }
    }
}

impl selfsame_schema::Samples for Samples {
    fn of(&self, event_type: &str) -> Vec<Logged<'_>> {
        let of = Samples::of(self, event_type);
        of.map(|s| Logged { at: s.position, version: s.version, row: &s.row }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v(number: u32) -> VersionNo {
        VersionNo::new(number).expect("a version")
    }

    fn text(text: &str) -> Row {
        Row { slots: vec![Value::Object, Value::Text(text.to_owned())], extras: vec![] }
    }

    /// Takes in an event as the log would hand it out.
    fn see(samples: &mut Samples, event_type: &str, version: VersionNo, at: u64, content: &str) {
        if samples.wants(event_type, version) {
            samples.keep(event_type, Sample { version, position: Position::new(at), row: text(content) });
        }
    }

    fn kept(samples: &Samples, event_type: &str) -> Vec<u64> {
        samples.of(event_type).map(|sample| sample.position.get()).collect()
    }

    #[track_caller]
    fn check_bounds(samples: &Samples) {
        let counted: usize = samples.types.values().flat_map(|of| &of.kept).map(|s| s.bytes()).sum();
        assert_eq!(
            (samples.bytes(), samples.order.len()),
            (counted, samples.types.values().map(|of| of.kept.len()).sum())
        );
        assert!(samples.bytes() <= SAMPLE_BYTES_MAX);
        assert!(samples.types.values().all(|of| of.bytes <= SAMPLE_TYPE_BYTES_MAX));
    }

    #[test]
    fn the_last_payloads_that_differ_are_kept() {
        let mut samples = Samples::default();
        for at in 1..=40 {
            see(&mut samples, "a", v(1), at, &(at / 2).to_string());
        }
        assert_eq!(kept(&samples, "a"), (10..=40).step_by(2).collect::<Vec<u64>>());
        assert_eq!(kept(&samples, "b"), [] as [u64; 0]);
        check_bounds(&samples);
    }

    #[test]
    fn a_busy_type_is_looked_at_now_and_then() {
        let mut samples = Samples::default();
        for at in 1..=SAMPLE_EVERY * 40 {
            see(&mut samples, "a", v(1), at, &at.to_string());
        }
        let expect: Vec<u64> = (25..=40).map(|n| n * SAMPLE_EVERY).collect();
        assert_eq!(kept(&samples, "a"), expect);
    }

    #[test]
    fn a_version_that_is_written_seldom_keeps_its_samples() {
        let mut samples = Samples::default();
        see(&mut samples, "a", v(1), 1, "old");
        for at in 2..=SAMPLE_EVERY * 40 {
            see(&mut samples, "a", v(2), at, &at.to_string());
        }
        let versions: Vec<VersionNo> = samples.of("a").map(|sample| sample.version).collect();
        assert_eq!((versions.len(), versions[0]), (SAMPLES_PER_VERSION + 1, v(1)));
        check_bounds(&samples);
    }

    #[test]
    fn a_type_keeps_so_many_bytes_the_oldest_out_first() {
        let mut samples = Samples::default();
        let large = "x".repeat(SAMPLE_TYPE_BYTES_MAX / 4);
        for at in 1..=6 {
            see(&mut samples, "a", v(1), at, &format!("{large}{at}"));
        }
        assert_eq!(kept(&samples, "a"), [4, 5, 6]);
        see(&mut samples, "a", v(1), 7, &"x".repeat(SAMPLE_TYPE_BYTES_MAX));
        assert_eq!(kept(&samples, "a"), [4, 5, 6], "one that is larger than all may be is left out");
        check_bounds(&samples);
    }

    #[test]
    fn all_types_together_keep_so_many_bytes() {
        let mut samples = Samples::default();
        let large = "x".repeat(SAMPLE_TYPE_BYTES_MAX - 1000);
        let types = SAMPLE_BYTES_MAX as u64 / SAMPLE_TYPE_BYTES_MAX as u64 + 20;
        for at in 1..=types {
            see(&mut samples, &format!("t{at}"), v(1), at, &large);
            check_bounds(&samples);
        }
        assert_eq!(kept(&samples, "t1"), [] as [u64; 0], "the oldest made room");
        assert_eq!(kept(&samples, &format!("t{types}")), [types]);
        assert!(samples.bytes() > SAMPLE_BYTES_MAX - SAMPLE_TYPE_BYTES_MAX);
    }
}
