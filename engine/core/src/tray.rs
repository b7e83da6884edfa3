//! Which messages of the durable in-tray are in the log, so that a crash between the log and the tray's
//! acknowledgement neither loses nor doubles one.
//!
//! A tray hands out numbers that may have gaps and may come again in any order, so what was seen is kept
//! as runs of numbers. A stream that is made anew counts from 1 again: its identity is part of the place.

use std::collections::BTreeMap;

use selfsame_record::TraySeq;
use serde::Serialize;

/// The numbers seen, per stream, as runs `first -> last`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Tray {
    streams: BTreeMap<u64, BTreeMap<u64, u64>>,
}

impl Tray {
    /// Whether the message is in the log.
    pub(crate) fn contains(&self, place: TraySeq) -> bool {
        let run = self.streams.get(&place.stream).and_then(|runs| runs.range(..=place.seq).next_back());
        run.is_some_and(|(_, last)| place.seq <= *last)
    }

    /// Notes that the message is in the log.
    pub(crate) fn insert(&mut self, place: TraySeq) {
        if self.contains(place) {
            return;
        }
        let runs = self.streams.entry(place.stream).or_default();
        let after = place.seq.checked_add(1).and_then(|next| runs.remove(&next));
        let last = after.unwrap_or(place.seq);
        let before = runs.range_mut(..place.seq).next_back();
        match before {
            Some((_, end)) if end.checked_add(1) == Some(place.seq) => *end = last,
            _ => {
                runs.insert(place.seq, last);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(seq: u64) -> TraySeq {
        TraySeq { stream: 1, seq }
    }

    #[test]
    fn runs_grow_together_in_any_order() {
        let mut tray = Tray::default();
        for seq in [5, 1, 3, 2, u64::MAX, 4, 3] {
            tray.insert(place(seq));
        }
        let runs: Vec<(u64, u64)> = tray.streams[&1].iter().map(|(a, b)| (*a, *b)).collect();
        assert_eq!(runs, [(1, 5), (u64::MAX, u64::MAX)]);
        assert!(tray.contains(place(4)) && !tray.contains(place(6)));
    }

    #[test]
    fn a_stream_made_anew_is_another_stream() {
        let mut tray = Tray::default();
        tray.insert(place(1));
        assert!(!tray.contains(TraySeq { stream: 2, seq: 1 }));
    }
}
