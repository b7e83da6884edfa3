//! What is not as promised: counted by kind, the first of each told in a sentence.

use std::collections::BTreeMap;

use parking_lot::Mutex;

/// Sentences that are kept of each kind.
const SAID_MAX: usize = 8;

/// A way in which a promise can be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// An answer names one version and shows another, or another was active at its position.
    MixedRead,
    /// Something acknowledged was not there, or nothing answered.
    EmptyRead,
    /// A reader was shown an earlier position than before, or than it asked for.
    BackwardsRead,
    /// A row of the right shape says something else than the acknowledged events do.
    WrongRow,
    /// An acknowledged event is not in the log where it was acknowledged.
    LostEvent,
    /// An event is in the log twice.
    DoubledEvent,
    /// A job was not finished in the end.
    LostJob,
    /// A job was handed out, or finished, after it was finished.
    DoubledJob,
    /// A live state differs from the log's, or from a twin's that never changed.
    Digest,
    /// What must be refused was not, or for another reason; what must be done was refused.
    Unexpected,
    /// Something did not answer as an engine does.
    Failed,
}

impl Fault {
    pub(super) const ALL: [Fault; 11] = [
        Fault::MixedRead,
        Fault::EmptyRead,
        Fault::BackwardsRead,
        Fault::WrongRow,
        Fault::LostEvent,
        Fault::DoubledEvent,
        Fault::LostJob,
        Fault::DoubledJob,
        Fault::Digest,
        Fault::Unexpected,
        Fault::Failed,
    ];

    /// The row's name in `--json`, and what people read.
    pub(super) fn names(self) -> (&'static str, &'static str) {
        match self {
            Fault::MixedRead => ("mixed_reads", "mixed reads: a shape or version of another position"),
            Fault::EmptyRead => ("empty_reads", "empty reads: something acknowledged was not there"),
            Fault::BackwardsRead => ("backwards_reads", "reads that went back in time"),
            Fault::WrongRow => ("wrong_rows", "rows that differ from the acknowledged events"),
            Fault::LostEvent => ("lost_events", "events lost or misplaced"),
            Fault::DoubledEvent => ("doubled_events", "events doubled"),
            Fault::LostJob => ("lost_jobs", "jobs lost"),
            Fault::DoubledJob => ("doubled_jobs", "jobs doubled"),
            Fault::Digest => ("unequal_digests", "digests that differ from the log's or the twin's"),
            Fault::Unexpected => {
                ("unexpected_answers", "agents' requests answered otherwise than they must be")
            }
            Fault::Failed => ("failures", "requests, processes or waits that failed"),
        }
    }
}

/// All findings of a drill.
#[derive(Debug, Default)]
pub(super) struct Findings {
    found: Mutex<BTreeMap<Fault, Found>>,
}

#[derive(Clone, Debug, Default)]
struct Found {
    count: u64,
    said: Vec<String>,
}

impl Findings {
    /// Counts one.
    pub(super) fn add(&self, fault: Fault, what: impl Into<String>) {
        let mut found = self.found.lock();
        let found = found.entry(fault).or_default();
        found.count += 1;
        if found.said.len() < SAID_MAX {
            found.said.push(what.into());
        }
    }

    /// How many of a kind there are.
    pub(super) fn count(&self, fault: Fault) -> u64 {
        self.found.lock().get(&fault).map_or(0, |found| found.count)
    }

    /// How many there are of all kinds.
    pub(super) fn total(&self) -> u64 {
        self.found.lock().values().map(|found| found.count).sum()
    }

    /// The first ones of each kind, in words.
    pub(super) fn said(&self) -> Vec<String> {
        let found = self.found.lock();
        let said = found
            .iter()
            .flat_map(|(fault, found)| found.said.iter().map(|what| format!("{}: {what}", fault.names().0)));
        said.collect()
    }
}
