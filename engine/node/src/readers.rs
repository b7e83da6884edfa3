//! Who reads which schema version, counted in memory since the process started.
//!
//! A read is no record: a start forgets the counts, no other node has them, and nothing is decided upon
//! them. They tell a person who would notice if a version went.
//!
//! A reader counts under the version that its answer was of, or, if it was refused, under the one that it
//! asked for. A lease of jobs counts as a read of the active version. At most [`READERS_MAX`] rows name a
//! principal; others, and those who do not say who they are, have one row per version.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use parking_lot::RwLock;
use selfsame_record::{Micros, Principal, VersionNo};

use crate::clock;
use crate::handle::Handle;
use crate::read::{Refused, Served};
use crate::sequencer::Reply;

/// Rows that name a reader; what others read is counted together.
pub const READERS_MAX: usize = 1000;

/// The counts. A reader who has a row takes a shared lock and touches two numbers.
#[derive(Debug)]
pub(crate) struct Readers {
    since: Micros,
    rows: RwLock<Rows>,
}

type Versions = BTreeMap<VersionNo, Counter>;

#[derive(Debug, Default)]
struct Rows {
    named: BTreeMap<String, Versions>,
    named_rows: usize,
    unnamed: Versions,
    others: Versions,
}

#[derive(Debug, Default)]
struct Counter {
    reads: AtomicU64,
    last_us: AtomicI64,
}

/// Whose row it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    /// A principal's.
    Named(String),
    /// Of those who do not say who they are.
    Unnamed,
    /// Of those for whom there was no row.
    Others,
}

/// What somebody read of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    /// Requests.
    pub(crate) count: u64,
    /// When the last came.
    pub(crate) last_time: Micros,
}

impl Readers {
    /// Nobody has read yet.
    pub(crate) fn new() -> Readers {
        Readers { since: clock::now(), rows: RwLock::default() }
    }

    /// Since when it is counted.
    pub(crate) fn since(&self) -> Micros {
        self.since
    }

    /// Counts a read.
    pub(crate) fn count(&self, reader: Option<&Principal>, version: VersionNo, now: Micros) {
        let reader = reader.map(Principal::as_str);
        if let Some(counter) = self.rows.read().find(reader, version) {
            return counter.count(now);
        }
        self.rows.write().make(reader, version).count(now);
    }

    /// All rows, by reader and version.
    pub(crate) fn rows(&self) -> Vec<(Who, VersionNo, Read)> {
        let rows = self.rows.read();
        let named = rows.named.iter().map(|(name, versions)| (Who::Named(name.clone()), versions));
        let all = named.chain([(Who::Unnamed, &rows.unnamed), (Who::Others, &rows.others)]);
        all.flat_map(|(who, versions)| {
            versions.iter().map(move |(version, counter)| (who.clone(), *version, counter.read()))
        })
        .collect()
    }
}

impl Rows {
    fn find(&self, reader: Option<&str>, version: VersionNo) -> Option<&Counter> {
        let Some(reader) = reader else { return self.unnamed.get(&version) };
        let own = self.named.get(reader).and_then(|versions| versions.get(&version));
        own.or_else(|| self.others.get(&version).filter(|_| self.named_rows >= READERS_MAX))
    }

    fn make(&mut self, reader: Option<&str>, version: VersionNo) -> &Counter {
        let Some(reader) = reader else { return self.unnamed.entry(version).or_default() };
        let has_own = self.named.get(reader).is_some_and(|versions| versions.contains_key(&version));
        if !has_own && self.named_rows >= READERS_MAX {
            return self.others.entry(version).or_default();
        }
        self.named_rows += usize::from(!has_own);
        self.named.entry(reader.to_owned()).or_default().entry(version).or_default()
    }
}

impl Counter {
    fn count(&self, now: Micros) {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.last_us.fetch_max(now.0, Ordering::Relaxed);
    }

    fn read(&self) -> Read {
        let last_time = Micros(self.last_us.load(Ordering::Relaxed));
        Read { count: self.reads.load(Ordering::Relaxed), last_time }
    }
}

impl Handle {
    /// Counts what came of a read. `read_as` is the version that was asked for.
    pub(crate) fn count_read(
        &self,
        reader: Option<&Principal>,
        read_as: Option<&str>,
        answer: &Result<Served, Refused>,
    ) {
        let version = match (answer, read_as) {
            (Ok(served), _) => served.version,
            (Err(_), Some(asked)) => self.admission().find_version(asked).ok(),
            (Err(refused), None) => refused.version,
        };
        if let Some(version) = version {
            self.shared.readers.count(reader, version, clock::now());
        }
    }

    /// Counts a lease of jobs, whose inputs are of the version that answered.
    pub(crate) fn count_lease(&self, worker: &Principal, reply: &Reply) {
        if let (Ok(_), Some(version)) = (&reply.outcome, reply.version) {
            self.shared.readers.count(Some(worker), version, clock::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(name: &str) -> Principal {
        Principal::parse(name).expect("a name")
    }

    #[test]
    fn reads_are_counted_by_reader_and_version() {
        let readers = Readers::new();
        let (v1, v2) = (VersionNo::FIRST, VersionNo::new(2).expect("a version"));
        for (who, version, now) in
            [(Some("web"), v1, 5), (Some("web"), v2, 7), (None, v1, 6), (Some("web"), v1, 4)]
        {
            readers.count(who.map(reader).as_ref(), version, Micros(now));
        }
        let read = |count, last| Read { count, last_time: Micros(last) };
        let web = || Who::Named("web".to_owned());
        let expect = [(web(), v1, read(2, 5)), (web(), v2, read(1, 7)), (Who::Unnamed, v1, read(1, 6))];
        assert_eq!(readers.rows(), expect);
    }

    #[test]
    fn readers_beyond_the_limit_are_counted_together() {
        let readers = Readers::new();
        for n in (0..READERS_MAX + 5).chain(0..READERS_MAX + 5) {
            readers.count(Some(&reader(&format!("p{n}"))), VersionNo::FIRST, Micros(1));
        }
        let rows = readers.rows();
        assert_eq!(rows.len(), READERS_MAX + 1);
        assert!(rows.iter().all(|(who, _, read)| read.count == if *who == Who::Others { 10 } else { 2 }));
    }
}
