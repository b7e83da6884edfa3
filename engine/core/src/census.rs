//! Who writes which schema version: a fold of the log's events.
//!
//! A principal who writes a version is counted from its first event on, and for good: when it wrote last
//! says whether it still does. Nothing is decided by the census; it tells whoever takes a version away who
//! would notice.
//!
//! # Invariants
//!
//! 1. The same log gives the same census, row for row (P6).
//! 2. At most [`CENSUS_ROWS_MAX`] rows name a principal. The first to write have them; events of others are
//!    counted in one row per version, which names nobody.
//!
//! Not here: who reads (the node counts that in memory, since reads are no records).

use std::collections::{BTreeMap, BTreeSet};

use selfsame_record::{ArchivedEvent, ArchivedRecord, Micros, Position, VersionNo};

use crate::limits::CENSUS_ROWS_MAX;

/// What was written in one version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Events.
    pub events: u64,
    /// The first of them.
    pub first: Position,
    /// The last of them.
    pub last: Position,
    /// When the last was taken in.
    pub last_time: Micros,
}

/// Who wrote which version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    named: BTreeMap<String, BTreeMap<VersionNo, Written>>,
    rows: usize,
    others: BTreeMap<VersionNo, Written>,
}

impl Census {
    /// Takes in an event.
    pub(crate) fn take_in(&mut self, record: &ArchivedRecord, event: &ArchivedEvent) {
        if let Some(version) = VersionNo::new(event.version.to_native()) {
            self.count(record.principal.as_str(), version, record.at(), record.time());
        }
    }

    fn count(&mut self, principal: &str, version: VersionNo, at: Position, time: Micros) {
        let row = self.named.get_mut(principal).and_then(|versions| versions.get_mut(&version));
        let row = match row {
            Some(row) => row,
            None => self.row(principal, version, at, time),
        };
        row.events += 1;
        (row.last, row.last_time) = (at, time);
    }

    /// A row of its own, as long as there is room.
    fn row(&mut self, principal: &str, version: VersionNo, at: Position, time: Micros) -> &mut Written {
        let none = Written { events: 0, first: at, last: at, last_time: time };
        if self.rows >= CENSUS_ROWS_MAX {
            return self.others.entry(version).or_insert(none);
        }
        self.rows += 1;
        self.named.entry(principal.to_owned()).or_default().entry(version).or_insert(none)
    }

    /// Every principal with each version that it wrote, by name and version.
    pub fn writers(&self) -> impl Iterator<Item = (&str, VersionNo, &Written)> {
        self.named.iter().flat_map(|(principal, versions)| {
            versions.iter().map(|(version, written)| (principal.as_str(), *version, written))
        })
    }

    /// What principals without a row wrote, by version.
    pub fn others(&self) -> impl Iterator<Item = (VersionNo, &Written)> {
        self.others.iter().map(|(version, written)| (*version, written))
    }

    /// The versions that events were written in, in order.
    pub fn written(&self) -> Vec<VersionNo> {
        let named = self.writers().map(|(_, version, _)| version);
        let all: BTreeSet<VersionNo> = named.chain(self.others.keys().copied()).collect();
        all.into_iter().collect()
    }

    /// The version that the principal wrote last.
    pub fn latest(&self, principal: &str) -> Option<(VersionNo, &Written)> {
        let versions = self.named.get(principal)?.iter();
        versions.map(|(version, written)| (*version, written)).max_by_key(|(_, written)| written.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v(number: u32) -> VersionNo {
        VersionNo::new(number).expect("a version")
    }

    /// Who wrote which version, in the order of the log, from #1 on.
    fn census(events: impl IntoIterator<Item = (String, u32)>) -> Census {
        let mut census = Census::default();
        for (index, (principal, version)) in events.into_iter().enumerate() {
            let at = index as u64 + 1;
            census.count(&principal, v(version), Position::new(at), Micros(at as i64 * 10));
        }
        census
    }

    #[test]
    fn each_principal_has_a_row_per_version() {
        let events = [("web", 1), ("app", 1), ("web", 2), ("web", 1)];
        let census = census(events.map(|(who, version)| (who.to_owned(), version)));
        let shown = |(who, version, w): (&str, VersionNo, &Written)| {
            format!("{who} {version}: {} {}..{} {}", w.events, w.first, w.last, w.last_time.0)
        };
        let rows: Vec<String> = census.writers().map(shown).collect();
        assert_eq!(rows, ["app v1: 1 #2..#2 20", "web v1: 2 #1..#4 40", "web v2: 1 #3..#3 30"]);
        assert_eq!(census.latest("web").map(|(version, _)| version), Some(v(1)));
        assert_eq!(census.latest("nobody"), None);
    }

    #[test]
    fn principals_beyond_the_limit_are_counted_together_by_version() {
        let many = || (0..CENSUS_ROWS_MAX + 5).map(|n| (format!("p{n:05}"), 1 + u32::from(n % 2 == 1)));
        let first = || many().take(1);
        let census = census(many().chain(many()).chain(first()));
        assert_eq!(census.writers().count(), CENSUS_ROWS_MAX);
        let others: Vec<(VersionNo, u64)> = census.others().map(|(v, w)| (v, w.events)).collect();
        assert_eq!(others, [(v(1), 6), (v(2), 4)], "five principals, each twice");
        let (_, first) = census.latest("p00000").expect("the first has its row");
        assert_eq!(first.events, 3, "a row that is there goes on");
    }
}
