//! Who is told which rows the folds touch: those who compare generations, and the feed of changes.
//!
//! A generation notes what its folds touch while somebody watches it. After each commit that is taken
//! once and handed on, so that any number can watch and none takes another's notes.
//!
//! # Invariants
//!
//! 1. A watch tells of every row that was touched in its generations since it began, or says that it is
//!    lost: a watched generation went or was replaced, or more was touched than a watch keeps.
//! 2. While nobody watches a generation, its folds note nothing.

use std::collections::BTreeMap;

use indexmap::IndexSet;
use selfsame_projections::{Generation, Touched};
use selfsame_record::VersionNo;

use crate::limits::TOUCHED_MAX;
use crate::sharing::{self, Share};

type Generations = BTreeMap<VersionNo, Generation>;

/// A watch over generations. It is given back to [`Serving::unwatch`](crate::Serving::unwatch), or the folds
/// go on noting.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WatchId(u64);

/// Why a watch no longer tells all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// A watched generation is not kept in step any longer, or another one was put in its place.
    Generation(VersionNo),
    /// More than [`TOUCHED_MAX`] rows of a generation were touched and not taken.
    TooMany(VersionNo),
    /// It is no watch of this state.
    Unknown,
}

/// The rows of each generation that were touched since they were last taken, each once.
pub type TouchedRows = BTreeMap<VersionNo, IndexSet<Touched>>;

/// Everybody who watches.
#[derive(Debug, Default)]
pub(crate) struct Watches {
    last: u64,
    watches: BTreeMap<WatchId, Result<TouchedRows, Lost>>,
    followers: usize,
    followed: Option<VersionNo>,
    /// What the last commit touched in the followed generation.
    touched: Vec<Touched>,
}

impl Watches {
    /// # Errors
    ///
    /// The first of the versions that has no generation.
    pub(crate) fn watch(
        &mut self,
        generations: &mut Generations,
        versions: &[VersionNo],
    ) -> Result<WatchId, VersionNo> {
        if let Some(missing) = versions.iter().find(|version| !generations.contains_key(version)) {
            return Err(*missing);
        }
        let rows: TouchedRows = versions.iter().map(|version| (*version, IndexSet::new())).collect();
        for version in rows.keys() {
            generations.entry(*version).and_modify(Generation::watch);
        }
        self.last += 1;
        self.watches.insert(WatchId(self.last), Ok(rows));
        Ok(WatchId(self.last))
    }

    pub(crate) fn unwatch(&mut self, generations: &mut Generations, id: &WatchId) {
        if let Some(Ok(rows)) = self.watches.remove(id) {
            release(generations, rows.keys());
        }
    }

    pub(crate) fn take(&mut self, id: &WatchId) -> Result<TouchedRows, Lost> {
        match self.watches.get_mut(id) {
            Some(Ok(rows)) => {
                Ok(rows.iter_mut().map(|(version, rows)| (*version, std::mem::take(rows))).collect())
            }
            Some(Err(lost)) => Err(*lost),
            None => Err(Lost::Unknown),
        }
    }

    pub(crate) fn waiting(&self, id: &WatchId) -> Result<usize, Lost> {
        match self.watches.get(id) {
            Some(Ok(rows)) => Ok(rows.values().map(IndexSet::len).sum()),
            Some(Err(lost)) => Err(*lost),
            None => Err(Lost::Unknown),
        }
    }

    pub(crate) fn follow(&mut self, generations: &mut Generations, active: Option<VersionNo>) {
        self.followers += 1;
        self.align(generations, active);
    }

    /// # Panics
    ///
    /// If nobody follows.
    pub(crate) fn unfollow(&mut self, generations: &mut Generations) {
        assert!(self.followers > 0, "nobody follows the active generation");
        self.followers -= 1;
        self.align(generations, self.followed);
    }

    pub(crate) fn followed(&self) -> Option<(VersionNo, &[Touched])> {
        Some((self.followed?, &self.touched))
    }

    /// Before the folds of a commit: a generation that goes or is replaced takes its notes with it.
    pub(crate) fn gone(&mut self, generations: &mut Generations, version: VersionNo) {
        if self.followed == Some(version) {
            self.followed = None;
        }
        for watch in self.watches.values_mut() {
            lose(generations, watch, version, Lost::Generation(version));
        }
    }

    /// Before the folds of a commit, with the generation that will answer after it.
    pub(crate) fn align(&mut self, generations: &mut Generations, active: Option<VersionNo>) {
        let wanted = active.filter(|version| self.followers > 0 && generations.contains_key(version));
        if wanted == self.followed {
            return;
        }
        self.touched.clear();
        release(generations, self.followed.iter());
        if let Some(version) = wanted {
            generations.entry(version).and_modify(Generation::watch);
        }
        self.followed = wanted;
    }

    /// After the folds of a commit: hands on what they touched.
    pub(crate) fn hand_on(&mut self, generations: &mut Generations, shares: &[Share]) {
        self.touched.clear();
        let mut too_many = vec![];
        for (version, touched) in &sharing::take_touched(shares, generations) {
            for rows in self.watches.values_mut().filter_map(|watch| watch.as_mut().ok()?.get_mut(version)) {
                rows.extend(touched.iter().cloned());
                if rows.len() > TOUCHED_MAX {
                    too_many.push(*version);
                }
            }
            if self.followed == Some(*version) {
                self.touched.clone_from(touched);
            }
        }
        for version in too_many {
            for watch in self.watches.values_mut() {
                let over =
                    |rows: &TouchedRows| rows.get(&version).is_some_and(|rows| rows.len() > TOUCHED_MAX);
                if watch.as_ref().is_ok_and(over) {
                    lose(generations, watch, version, Lost::TooMany(version));
                }
            }
        }
    }
}

/// Ends a watch that has this version, for it would not tell all from here on.
fn lose(
    generations: &mut Generations,
    watch: &mut Result<TouchedRows, Lost>,
    version: VersionNo,
    lost: Lost,
) {
    if let Ok(rows) = watch
        && rows.contains_key(&version)
    {
        let there = |other: &&VersionNo| lost != Lost::Generation(**other);
        release(generations, rows.keys().filter(there));
        *watch = Err(lost);
    }
}

fn release<'a>(generations: &mut Generations, versions: impl Iterator<Item = &'a VersionNo>) {
    for version in versions {
        generations.entry(*version).and_modify(Generation::unwatch);
    }
}
