//! The exact difference between two generations at one position, put together from pieces while both go on.
//!
//! Whoever compares watches both generations, takes one [`Comparison::step`] after the other, each while
//! both stand at one position, and hands over what was touched ([`Comparison::read_again`]). When the steps
//! are done and nothing waits that was touched, [`Comparison::finish`] says how the two differ at the
//! position where they stand then.
//!
//! # Why that is exact
//!
//! A row that no fold touched since the watch began is what it was when a step saw it, and every row is
//! seen: a walk goes from the end of a table to its beginning, because a row that moves goes forwards. A row that was touched is read again on both sides. Only rows that differ are
//! remembered, by key; all others are alike, so their number follows from those of the rows.
//!
//! Rows are alike if their digests are: SHA-256 over key, column names and cells, or over a job's event and
//! input. A projection whose two digests are equal when the comparison begins is not walked; those digests
//! are sums, and [`Skip::Nothing`] is for whoever does not want to rest on them.
//!
//! # Memory
//!
//! A key for each row that differs: two words and what a set of them needs beside, and the key's text once
//! its row is gone. [`COMPARED_ROWS_MAX`](crate::COMPARED_ROWS_MAX) bounds how many rows are walked.

mod pair;

use selfsame_record::{Name, VersionNo};
use thiserror::Error;

use crate::compare::pair::{Pair, sample};
use crate::compared::{Change, ComparedProjection};
use crate::generation::Generation;
use crate::limits::ROW_SAMPLES_MAX;
use crate::plan::ProjectionPlan;
use crate::touched::Touched;

/// Why two generations are not compared.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CompareError {
    /// More rows would have to be walked, or to be remembered, than the limit.
    #[error("{rows} rows would have to be compared one by one, over the limit of {rows_max}")]
    TooManyRows {
        /// How many.
        rows: u64,
        /// The limit.
        rows_max: u64,
    },
    /// The rows that differ do not account for the numbers of rows, or for different digests. Projections
    /// that were skipped for their equal digests had different rows.
    #[error("the rows of `{projection}` do not add up")]
    DoesNotAddUp {
        /// Where.
        projection: Name,
    },
}

/// Which projections a comparison does not walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    /// Those whose digests and numbers of rows are equal when it begins.
    EqualDigests,
    /// None.
    Nothing,
}

/// A comparison under way.
#[derive(Debug)]
pub struct Comparison {
    active: VersionNo,
    candidate: VersionNo,
    pairs: Vec<Pair>,
    rows_max: u64,
}

impl Comparison {
    /// Begins with two generations at one position, which are watched from here on.
    ///
    /// # Errors
    ///
    /// If more than `rows_max` rows would have to be walked.
    ///
    /// # Panics
    ///
    /// If they stand at different positions; so do all other functions here.
    pub fn begin(
        active: &Generation,
        candidate: &Generation,
        skip: Skip,
        rows_max: u64,
    ) -> Result<Comparison, CompareError> {
        let (versions, mut pairs, mut rows) = ((active.version(), candidate.version()), vec![], 0);
        for (at, plan) in active.plan().projections().enumerate() {
            let same = |other: &ProjectionPlan| other.name() == plan.name() && other.kind() == plan.kind();
            let Some(other) = candidate.plan().projections().position(same) else { continue };
            let mut pair = Pair::new(at, other);
            if let Some((one, two)) = pair.sides(active, candidate) {
                if skip == Skip::EqualDigests && one.len() == two.len() && one.digest() == two.digest() {
                    pair.skip();
                } else {
                    rows += one.len() + two.len();
                }
            }
            pairs.push(pair);
        }
        let comparison = Comparison { active: versions.0, candidate: versions.1, pairs, rows_max };
        comparison.assert_in_step(active, candidate);
        if rows > rows_max { Err(CompareError::TooManyRows { rows, rows_max }) } else { Ok(comparison) }
    }

    /// Compares the next rows, at most so many. Whether there are more.
    ///
    /// # Errors
    ///
    /// If more rows differ than the limit.
    pub fn step(
        &mut self,
        active: &Generation,
        candidate: &Generation,
        rows: usize,
    ) -> Result<bool, CompareError> {
        self.assert_in_step(active, candidate);
        let mut left = rows;
        for pair in &mut self.pairs {
            let Some((one, two)) = pair.sides(active, candidate) else { continue };
            while left > 0 && !pair.is_done() {
                left -= pair.step(one, two, left).min(left);
            }
        }
        self.check_size()?;
        Ok(!self.pairs.iter().all(Pair::is_done))
    }

    /// Reads rows anew that were touched in one of the generations, which is named by its version.
    ///
    /// # Errors
    ///
    /// If more rows differ than the limit.
    pub fn read_again<'a>(
        &mut self,
        active: &Generation,
        candidate: &Generation,
        version: VersionNo,
        touched: impl IntoIterator<Item = &'a Touched>,
    ) -> Result<(), CompareError> {
        self.assert_in_step(active, candidate);
        for touched in touched {
            let is_it = |pair: &&mut Pair| match version == self.active {
                true => pair.active == touched.projection,
                false => pair.candidate == touched.projection,
            };
            // A projection that only one side has is counted and not compared.
            let Some(pair) = self.pairs.iter_mut().find(is_it) else { continue };
            if let Some((one, two)) = pair.sides(active, candidate) {
                pair.note(one, two, &touched.key);
            }
        }
        self.check_size()
    }

    /// How the two differ where they stand, by name. `bytes_max` bounds the samples; whether some were left
    /// out for it is the other answer.
    ///
    /// # Errors
    ///
    /// If a projection that was skipped for its digest had different rows.
    ///
    /// # Panics
    ///
    /// If the steps are not done.
    pub fn finish(
        &self,
        active: &Generation,
        candidate: &Generation,
        bytes_max: usize,
    ) -> Result<(Vec<ComparedProjection>, bool), CompareError> {
        self.assert_in_step(active, candidate);
        let paired = self.pairs.iter().map(|pair| pair.compared(active, candidate));
        let mut all = paired.collect::<Result<Vec<_>, _>>()?;
        let samples_cut = self.add_samples(&mut all, active, candidate, bytes_max);
        let gone = |at: usize| !self.pairs.iter().any(|pair| pair.active == at);
        let new = |at: usize| !self.pairs.iter().any(|pair| pair.candidate == at);
        all.extend(alone(active, Change::Gone, gone));
        all.extend(alone(candidate, Change::New, new));
        all.sort_by(|a, b| (&a.name, a.kind).cmp(&(&b.name, b.kind)));
        Ok((all, samples_cut))
    }

    /// Adds samples in turns, so that no projection takes the room of the others.
    fn add_samples(
        &self,
        all: &mut [ComparedProjection],
        active: &Generation,
        candidate: &Generation,
        bytes_max: usize,
    ) -> bool {
        let (mut bytes, mut cut) = (0, false);
        'turns: for turn in 0..ROW_SAMPLES_MAX {
            for (pair, compared) in self.pairs.iter().zip(all.iter_mut()) {
                let Some((one, two)) = pair.sides(active, candidate) else { continue };
                for (change, keys) in pair.differing() {
                    let Some(key) = keys.iter().nth(turn) else { continue };
                    let sample = sample(change, key, one, two);
                    bytes += sample.bytes_max();
                    if bytes > bytes_max {
                        cut = true;
                        break 'turns;
                    }
                    cut |= sample.cut;
                    compared.samples.push(sample);
                }
            }
        }
        all.iter_mut().for_each(|compared| compared.samples.sort_by_key(|sample| sample.change));
        cut
    }

    fn check_size(&self) -> Result<(), CompareError> {
        let rows = self.pairs.iter().map(Pair::differing_rows).sum();
        let rows_max = self.rows_max;
        if rows > rows_max { Err(CompareError::TooManyRows { rows, rows_max }) } else { Ok(()) }
    }

    fn assert_in_step(&self, active: &Generation, candidate: &Generation) {
        assert_eq!((active.version(), candidate.version()), (self.active, self.candidate));
        assert_eq!(active.position(), candidate.position(), "rows are compared at one position");
    }
}

/// The projections that only one generation has: all of its rows come or go with it.
fn alone(
    generation: &Generation,
    change: Change,
    is_alone: impl Fn(usize) -> bool,
) -> impl Iterator<Item = ComparedProjection> {
    let lines = generation.report().into_iter().enumerate().filter(move |(at, _)| is_alone(*at));
    lines.map(move |(_, line)| {
        let (rows, digest) = (Some(line.rows), Some(line.digest));
        let empty = ComparedProjection {
            name: line.name,
            kind: line.kind,
            change,
            active_rows: None,
            rows: None,
            equal: 0,
            added: 0,
            removed: 0,
            changed: 0,
            active_digest: None,
            digest: None,
            samples: vec![],
        };
        match change {
            Change::Gone => {
                ComparedProjection { active_rows: rows, removed: line.rows, active_digest: digest, ..empty }
            }
            _ => ComparedProjection { rows, added: line.rows, digest, ..empty },
        }
    })
}
