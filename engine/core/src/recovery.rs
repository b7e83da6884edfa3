//! From a log to the state it means: what a start does, and what shows that the log is enough (P1).
//!
//! The log is read twice. First everything that decisions are made by, which tells which generations are
//! live at the head; then these generations, all in one pass. Who reads the log is the caller's affair:
//! it hands in a function that shows the records in order.

use std::ops::ControlFlow;
use std::sync::Arc;

use selfsame_projections::{Exclusion, Generation};
use selfsame_record::{ArchivedRecord, Position, VersionNo};
use thiserror::Error;

use crate::core::{Core, ReplayError, Settings};
use crate::quarantine::Quarantines;
use crate::serving::{Serving, fold};
use crate::sharing::leave_out_shared;

/// Shows records, block by block, until told to break.
pub type Visit<'a> = dyn FnMut(&[ArchivedRecord]) -> ControlFlow<()> + 'a;

/// Why a log cannot be started from; `E` is what reading it may run into.
#[derive(Debug, Error)]
pub enum RecoveryError<E: std::error::Error + 'static> {
    /// The log cannot be read.
    #[error("the log cannot be read: {0}")]
    Read(#[source] E),
    /// The log is not understood.
    #[error("the log cannot be taken in: {0}")]
    Replay(#[source] ReplayError),
}

/// The state at the head of the log that `scan` shows.
///
/// # Errors
///
/// If the log cannot be read, or a newer program wrote a record.
pub fn recover<E: std::error::Error + 'static>(
    settings: Settings,
    scan: &mut dyn FnMut(&mut Visit<'_>) -> Result<(), E>,
) -> Result<(Core, Serving), RecoveryError<E>> {
    let core = recover_core(settings, scan)?;
    let live = core.lifecycle().live();
    let mut generations: Vec<Generation> = Vec::new();
    for mut generation in live.into_iter().filter_map(|version| core.new_generation(version)) {
        let others: Vec<&Generation> = generations.iter().collect();
        leave_out_shared(&mut generation, &others, core.registry());
        generations.push(generation);
    }
    let mut serving = Serving::default();
    let registry = Arc::clone(core.registry());
    let visited = scan(&mut |records| {
        for record in records.iter().filter(|r| r.at() <= core.head()) {
            serving.observe(record);
            generations.iter_mut().for_each(|generation| fold(generation, record, &registry));
        }
        ControlFlow::Continue(())
    });
    visited.map_err(RecoveryError::Read)?;
    generations.iter_mut().for_each(Generation::settle);
    let serving = serving.assemble(&core, generations);
    Ok((core, serving))
}

/// Everything that decisions are made by, without any generation.
///
/// # Errors
///
/// As [`recover`].
pub fn recover_core<E: std::error::Error + 'static>(
    settings: Settings,
    scan: &mut dyn FnMut(&mut Visit<'_>) -> Result<(), E>,
) -> Result<Core, RecoveryError<E>> {
    Ok(recover_core_with(settings, None, scan)?.0)
}

/// As [`recover_core`], with what was set aside as of `until`, or of the head: a replay up to there leaves out
/// what the generations left out that were live there.
///
/// # Errors
///
/// As [`recover`].
pub fn recover_core_with<E: std::error::Error + 'static>(
    settings: Settings,
    until: Option<Position>,
    scan: &mut dyn FnMut(&mut Visit<'_>) -> Result<(), E>,
) -> Result<(Core, Quarantines), RecoveryError<E>> {
    let mut core = Core::new(settings);
    let (mut failed, mut then) = (None, None);
    let visited = scan(&mut |records| {
        for record in records {
            if let Err(err) = core.replay(record) {
                failed = Some(err);
                return ControlFlow::Break(());
            }
            if Some(record.at()) == until {
                then = Some(core.quarantines.clone());
            }
        }
        ControlFlow::Continue(())
    });
    visited.map_err(RecoveryError::Read)?;
    match failed {
        Some(err) => Err(RecoveryError::Replay(err)),
        None => {
            let then = then.unwrap_or_else(|| core.quarantines.clone());
            Ok((core, then))
        }
    }
}

impl Core {
    /// An empty generation of a registered version, without what a live generation has as well.
    pub fn new_generation_beside(&self, version: VersionNo, serving: &Serving) -> Option<Generation> {
        let mut generation = self.new_shadow(version)?;
        serving.leave_out_shared(&mut generation);
        Some(generation)
    }

    /// An empty generation of a registered version that is being built or folded anew, whole.
    pub fn new_shadow(&self, version: VersionNo) -> Option<Generation> {
        Some(self.empty(version)?.excluding(self.quarantines.of_ordered(version)))
    }

    /// An empty generation of a registered version: of the one that is live, if it is.
    pub fn new_generation(&self, version: VersionNo) -> Option<Generation> {
        Some(self.empty(version)?.excluding(self.quarantines.of_kept(version)))
    }

    /// An empty generation of a registered version that leaves out what it left out then.
    pub fn new_generation_as_of(&self, version: VersionNo, then: &Quarantines) -> Option<Generation> {
        Some(self.empty(version)?.excluding(then.of_kept(version)))
    }

    /// What the live generation of a version leaves out, or one that would be built now.
    pub fn exclusions(&self, version: VersionNo) -> Arc<[Exclusion]> {
        self.quarantines.of_kept(version)
    }

    fn empty(&self, version: VersionNo) -> Option<Generation> {
        let document = self.registry.version(version)?;
        Some(Generation::new(Arc::clone(document), Arc::clone(self.plan(version)?)))
    }
}
