//! Which faults happen when: written out, or drawn from a seed.
//!
//! A fault is looked up by the number of the append or of the scan, so that the same calls meet the same
//! faults in every run.

use std::collections::BTreeMap;
use std::time::Duration;

/// What happens to an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendFault {
    /// The block is torn: a part is written, the append fails, and after opening again it is not there.
    ShortWrite,
    /// The block is written and its sync fails: the append fails, and after opening again it is there.
    LostSync,
    /// The disk is full: the append fails, and after opening again the block is not there.
    Full,
    /// The append takes this much longer, and succeeds.
    Stall(Duration),
}

/// What happens to a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadFault {
    /// One bit of the first block is another one: the bit with this number, modulo the block's bits.
    BitFlip(u64),
}

/// Which append and which scan meet which fault. Both are counted from 0.
#[derive(Clone, Debug, Default)]
pub struct Schedule {
    appends: BTreeMap<u64, AppendFault>,
    reads: BTreeMap<u64, ReadFault>,
    seeded: Option<Seeded>,
}

#[derive(Clone, Copy, Debug)]
struct Seeded {
    seed: u64,
    one_in: u64,
}

impl Schedule {
    /// No faults.
    pub fn none() -> Schedule {
        Schedule::default()
    }

    /// One call in `one_in`, in the mean, meets a fault; which one and what fault follow from the seed.
    ///
    /// # Panics
    ///
    /// If `one_in` is 0.
    pub fn seeded(seed: u64, one_in: u64) -> Schedule {
        assert!(one_in > 0, "one call in 0 cannot fail");
        Schedule { seeded: Some(Seeded { seed, one_in }), ..Schedule::default() }
    }

    /// The append with this number meets this fault.
    #[must_use]
    pub fn append(mut self, number: u64, fault: AppendFault) -> Schedule {
        self.appends.insert(number, fault);
        self
    }

    /// The scan with this number meets this fault.
    #[must_use]
    pub fn read(mut self, number: u64, fault: ReadFault) -> Schedule {
        self.reads.insert(number, fault);
        self
    }

    /// What happens to the append with this number.
    pub fn of_append(&self, number: u64) -> Option<AppendFault> {
        let written = self.appends.get(&number).copied();
        written.or_else(|| self.seeded.and_then(|s| s.of_append(number)))
    }

    /// What happens to the scan with this number.
    pub fn of_read(&self, number: u64) -> Option<ReadFault> {
        let written = self.reads.get(&number).copied();
        written.or_else(|| self.seeded.and_then(|s| s.of_read(number)))
    }
}

impl Seeded {
    fn of_append(self, number: u64) -> Option<AppendFault> {
        let drawn = mix(self.seed, 2 * number);
        let kind = drawn / self.one_in;
        drawn.is_multiple_of(self.one_in).then(|| match kind % 4 {
            0 => AppendFault::ShortWrite,
            1 => AppendFault::LostSync,
            2 => AppendFault::Full,
            _ => AppendFault::Stall(Duration::from_millis(1 + kind / 4 % 5)),
        })
    }

    fn of_read(self, number: u64) -> Option<ReadFault> {
        let drawn = mix(self.seed, 2 * number + 1);
        drawn.is_multiple_of(self.one_in).then_some(ReadFault::BitFlip(drawn / self.one_in))
    }
}

/// The `number`th value of the SplitMix64 sequence of a seed.
pub(crate) fn mix(seed: u64, number: u64) -> u64 {
    let mut z = seed.wrapping_add(number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_the_published_one() {
        // The first values for the seed 1234567, as in the reference implementation's test vectors.
        let expect = [6457827717110365317, 3203168211198807973, 9817491932198370423];
        assert_eq!([0, 1, 2].map(|n| mix(1_234_567, n)), expect);
    }

    #[test]
    fn a_seed_gives_the_same_faults_each_time_and_every_kind() {
        let draw = |seed| {
            let schedule = Schedule::seeded(seed, 10);
            (0..1000).map(|n| (schedule.of_append(n), schedule.of_read(n))).collect::<Vec<_>>()
        };
        let drawn = draw(1);
        assert_eq!(drawn, draw(1));
        assert_ne!(drawn, draw(2));
        let appends: Vec<_> = drawn.iter().filter_map(|(append, _)| *append).collect();
        assert!((50..200).contains(&appends.len()), "{} of 1000 appends", appends.len());
        for fault in [AppendFault::ShortWrite, AppendFault::LostSync, AppendFault::Full] {
            assert!(appends.contains(&fault), "{fault:?} never happens");
        }
        assert!(appends.iter().any(|f| matches!(f, AppendFault::Stall(_))));
        assert!((50..200).contains(&drawn.iter().filter(|(_, read)| read.is_some()).count()));
    }

    #[test]
    fn what_is_written_out_happens() {
        let schedule = Schedule::none().append(3, AppendFault::Full).read(0, ReadFault::BitFlip(9));
        assert_eq!(schedule.of_append(3), Some(AppendFault::Full));
        assert_eq!(schedule.of_append(0), None);
        assert_eq!(schedule.of_read(0), Some(ReadFault::BitFlip(9)));
    }
}
