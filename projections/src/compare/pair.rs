//! A projection that two generations both have: what of it was seen, and which rows differ.

use std::collections::BTreeSet;

use selfsame_record::Digest;

use crate::compare::CompareError;
use crate::compared::{Change, ComparedProjection, RowChange, RowSample};
use crate::generation::Generation;
use crate::limits::SAMPLE_ROW_BYTES_MAX;
use crate::side::{Cursor, RowText, Side};
use crate::touched::Key;

/// Which of the two generations is walked.
#[derive(Clone, Copy, Debug)]
enum Walk {
    Active(Cursor),
    Candidate(Cursor),
    Done,
}

/// A projection that both have under one name and kind.
#[derive(Debug)]
pub(super) struct Pair {
    /// Its place in the active version's plan.
    pub(super) active: usize,
    /// Its place in the candidate's plan.
    pub(super) candidate: usize,
    walk: Walk,
    added: BTreeSet<Key>,
    removed: BTreeSet<Key>,
    changed: BTreeSet<Key>,
}

impl Pair {
    pub(super) fn new(active: usize, candidate: usize) -> Pair {
        let (added, removed, changed) = <(BTreeSet<Key>, BTreeSet<Key>, BTreeSet<Key>)>::default();
        Pair { active, candidate, walk: Walk::Active(Cursor::END), added, removed, changed }
    }

    pub(super) fn sides<'a>(
        &self,
        active: &'a Generation,
        candidate: &'a Generation,
    ) -> Option<(Side<'a>, Side<'a>)> {
        Some((active.side(self.active)?, candidate.side(self.candidate)?))
    }

    pub(super) fn skip(&mut self) {
        self.walk = Walk::Done;
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self.walk, Walk::Done)
    }

    /// Walks on, and says over how many rows; over none too counts as one.
    pub(super) fn step(&mut self, one: Side<'_>, two: Side<'_>, limit: usize) -> usize {
        let (seen, next) = match self.walk {
            Walk::Active(cursor) => {
                let (rows, cursor) = one.next(cursor, limit);
                for (key, member) in &rows {
                    self.put(key, Some(*member), two.member(key));
                }
                let end = Walk::Candidate(Cursor::END);
                (rows.len(), if cursor.is_at_the_beginning() { end } else { Walk::Active(cursor) })
            }
            Walk::Candidate(cursor) => {
                let (rows, cursor) = two.next(cursor, limit);
                for (key, member) in &rows {
                    self.put(key, one.member(key), Some(*member));
                }
                (rows.len(), if cursor.is_at_the_beginning() { Walk::Done } else { Walk::Candidate(cursor) })
            }
            Walk::Done => (0, Walk::Done),
        };
        self.walk = next;
        seen.max(1)
    }

    pub(super) fn note(&mut self, one: Side<'_>, two: Side<'_>, key: &Key) {
        self.put(key, one.member(key), two.member(key));
    }

    fn put(&mut self, key: &Key, one: Option<Digest>, two: Option<Digest>) {
        let now = match (one, two) {
            (None, Some(_)) => Some(RowChange::Added),
            (Some(_), None) => Some(RowChange::Removed),
            (Some(one), Some(two)) if one != two => Some(RowChange::Changed),
            _ => None,
        };
        let sets = [
            (RowChange::Added, &mut self.added),
            (RowChange::Removed, &mut self.removed),
            (RowChange::Changed, &mut self.changed),
        ];
        for (change, keys) in sets {
            if now != Some(change) {
                keys.remove(key);
            } else if !keys.contains(key) {
                keys.insert(key.clone());
            }
        }
    }

    pub(super) fn differing(&self) -> [(RowChange, &BTreeSet<Key>); 3] {
        [
            (RowChange::Added, &self.added),
            (RowChange::Removed, &self.removed),
            (RowChange::Changed, &self.changed),
        ]
    }

    pub(super) fn differing_rows(&self) -> u64 {
        self.differing().iter().map(|(_, keys)| keys.len() as u64).sum()
    }

    pub(super) fn compared(
        &self,
        active: &Generation,
        candidate: &Generation,
    ) -> Result<ComparedProjection, CompareError> {
        assert!(self.is_done(), "a comparison ends after its last step");
        let place = active.plan().at(self.active).zip(self.sides(active, candidate));
        #[expect(clippy::expect_used, reason = "a pair is of two projections that are there")]
        let (plan, (one, two)) = place.expect("a projection");
        let [added, removed, changed] = self.differing().map(|(_, keys)| keys.len() as u64);
        let equal = one.len().checked_sub(removed + changed);
        let alike = self.differing_rows() == 0;
        let equal = equal.filter(|equal| equal + changed + added == two.len());
        let equal = equal.filter(|_| !alike || one.digest() == two.digest());
        let Some(equal) = equal else {
            return Err(CompareError::DoesNotAddUp { projection: plan.name().clone() });
        };
        Ok(ComparedProjection {
            name: plan.name().clone(),
            kind: plan.kind(),
            change: if alike { Change::Same } else { Change::Changed },
            active_rows: Some(one.len()),
            rows: Some(two.len()),
            equal,
            added,
            removed,
            changed,
            active_digest: Some(one.digest()),
            digest: Some(two.digest()),
            samples: vec![],
        })
    }
}

/// A row that differs, as text.
pub(super) fn sample(change: RowChange, key: &Key, one: Side<'_>, two: Side<'_>) -> RowSample {
    let mut cut = false;
    let mut text = |rows: Side<'_>| match rows.text(key, SAMPLE_ROW_BYTES_MAX) {
        Some(RowText::Json(json)) => Some(json),
        Some(RowText::TooLong) => {
            cut = true;
            None
        }
        None => None,
    };
    let (active, candidate) = (text(one), text(two));
    RowSample { change, key: key.to_string(), active, candidate, cut }
}
