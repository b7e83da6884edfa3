//! Events that operators have set aside: left out of every fold until they are released.
//!
//! A quarantine is named by the position of its record. A generation leaves out what was in force when its build
//! or repair was ordered, and that is fixed by the record of the order; so a generation that is live, one that a
//! restart folds and one that is replayed leave out the same (P1, P6). A quarantine, and a release, order a repair
//! of every live generation, and until it is done the generation goes on as it was.
//!
//! The log keeps the events as they are: a release brings them back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use selfsame_projections::Exclusion;
use selfsame_record::{Position, VersionNo};
use serde::{Deserialize, Serialize};

use crate::control::Control;
use crate::limits::{QUARANTINE_NAMES_MAX, QUARANTINES_MAX};
use crate::refusal::{Code, Refusal};

/// The body of a `quarantined` record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantine {
    /// Which events.
    #[serde(flatten)]
    pub events: Exclusion,
    /// Why.
    pub reason: String,
}

/// What is set aside, and what each generation leaves out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Quarantines {
    known: BTreeMap<Position, Quarantine>,
    in_force: BTreeSet<Position>,
    /// What each live generation leaves out.
    kept: BTreeMap<VersionNo, BTreeSet<Position>>,
    /// What each generation leaves out that is being built or folded anew.
    ordered: BTreeMap<VersionNo, BTreeSet<Position>>,
    /// Versions whose last repair failed: none is ordered again by itself, until what is set aside changes.
    failed: BTreeSet<VersionNo>,
}

impl Quarantines {
    /// The quarantines in force, by the positions that name them.
    pub fn in_force(&self) -> impl Iterator<Item = (Position, &Quarantine)> {
        self.in_force.iter().filter_map(|at| Some((*at, self.known.get(at)?)))
    }

    /// The live versions whose generations do not leave out yet, or leave out still, what they should not.
    pub fn pending(&self) -> impl Iterator<Item = VersionNo> {
        self.kept.iter().filter(|(_, kept)| **kept != self.in_force).map(|(version, _)| *version)
    }

    /// The versions of [`Quarantines::pending`] for which a repair may be ordered without being asked for.
    pub(crate) fn due(&self) -> impl Iterator<Item = VersionNo> {
        self.pending().filter(|version| !self.failed.contains(version))
    }

    /// Sees that one more may be set aside.
    ///
    /// # Errors
    ///
    /// If it is of no events that there are, names too much, or there are too many.
    pub(crate) fn admit(&self, quarantine: &Quarantine, head: Position) -> Result<(), Refusal> {
        let Exclusion { from, to, types, principals } = &quarantine.events;
        let bad = |detail: String| Err(Refusal::new(Code::BadRequest, detail));
        if *from == Position::ZERO || from > to || *to > head {
            let refused =
                bad(format!("{from} to {to} is no range of records: the log goes from #1 to {head}"));
            return refused
                .map_err(|refusal: Refusal| refusal.next("name a range such as a rewind's window"));
        }
        let named = types.len().max(principals.len());
        if named > QUARANTINE_NAMES_MAX {
            let refused =
                bad(format!("{named} types or principals are named, the limit is {QUARANTINE_NAMES_MAX}"));
            return refused.map_err(|refusal: Refusal| refusal.next("set aside in several steps"));
        }
        let count = self.in_force.len();
        if count >= QUARANTINES_MAX {
            let detail = format!("{count} quarantines are in force, the limit is {QUARANTINES_MAX}");
            return Err(Refusal::new(Code::TooManyQuarantines, detail).next("release one of them"));
        }
        Ok(())
    }

    /// Sees that a quarantine is in force.
    ///
    /// # Errors
    ///
    /// If it is not.
    pub(crate) fn find(&self, quarantine: Position) -> Result<(), Refusal> {
        if self.in_force.contains(&quarantine) {
            return Ok(());
        }
        Err(Refusal::new(Code::NotFound, format!("no quarantine {quarantine} is in force"))
            .next("see `selfsame quarantine list`"))
    }

    /// What the generation of a version leaves out that is kept in step, or that would be built now.
    pub(crate) fn of_kept(&self, version: VersionNo) -> Arc<[Exclusion]> {
        self.exclusions(
            self.kept.get(&version).or_else(|| self.ordered.get(&version)).unwrap_or(&self.in_force),
        )
    }

    /// What the generation of a version leaves out that is being built or folded anew.
    pub(crate) fn of_ordered(&self, version: VersionNo) -> Arc<[Exclusion]> {
        self.exclusions(self.ordered.get(&version).unwrap_or(&self.in_force))
    }

    fn exclusions(&self, at: &BTreeSet<Position>) -> Arc<[Exclusion]> {
        at.iter().filter_map(|at| Some(self.known.get(at)?.events.clone())).collect()
    }

    /// Takes in what a record says.
    pub(crate) fn apply(&mut self, at: Position, control: &Control) {
        match control {
            Control::RepairFailed { version, .. } => _ = self.failed.insert(*version),
            Control::Quarantined(_) | Control::Released { .. } => self.failed.clear(),
            Control::RepairStarted { version } | Control::Dropped { version } => {
                self.failed.remove(version);
            }
            _ => {}
        }
        match control {
            Control::Quarantined(quarantine) => {
                self.known.insert(at, quarantine.clone());
                self.in_force.insert(at);
            }
            Control::Released { quarantine } => {
                self.in_force.remove(quarantine);
            }
            Control::BuildStarted { version, .. } | Control::RepairStarted { version } => {
                self.ordered.insert(*version, self.in_force.clone());
            }
            Control::CandidateReady { version, .. } | Control::Repaired { version, .. } => {
                let leaves_out = self.ordered.remove(version).unwrap_or_default();
                self.kept.insert(*version, leaves_out);
            }
            Control::BuildFailed { version, .. } | Control::RepairFailed { version, .. } => {
                self.ordered.remove(version);
            }
            Control::Dropped { version } => {
                self.ordered.remove(version);
                self.kept.remove(version);
            }
            _ => return,
        }
        let used: BTreeSet<Position> = self
            .kept
            .values()
            .chain(self.ordered.values())
            .chain([&self.in_force])
            .flatten()
            .copied()
            .collect();
        self.known.retain(|at, _| used.contains(at));
    }
}
