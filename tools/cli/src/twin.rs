//! A log read from its beginning, and the digest of a twin that never changed its version.
//!
//! Not here: what a twin is ([`Twin`]), and what its digest is held against.

use std::ops::ControlFlow;

use selfsame_log::Log;
use selfsame_record::{ArchivedRecord, Digest, Position, VersionNo};
use selfsame_sim::{Twin, core_of};

use crate::failure::{Failure, Outcome};

/// The digest of a twin that was at `version` all along, at the last record up to `until`.
pub(crate) fn twin_digest(log: &dyn Log, version: VersionNo, until: Position) -> Outcome<Digest> {
    let bug = |err: &dyn std::fmt::Display| Failure::Bug(err.to_string());
    let mut core = core_of(&mut std::iter::empty()).map_err(|e| bug(&e))?;
    each(log, &mut |record| core.replay(record).map_err(|e| bug(&e)))?;
    let mut twin = Twin::new(core, version).map_err(|e| bug(&e))?;
    each(log, &mut |record| {
        if record.at() <= until { twin.follow(record).map_err(|e| bug(&e)) } else { Ok(()) }
    })?;
    Ok(twin.generation().digest())
}

/// Shows every record once, in order.
pub(crate) fn each(log: &dyn Log, visit: &mut dyn FnMut(&ArchivedRecord) -> Outcome) -> Outcome {
    let mut outcome = Ok(());
    log.scan(Position::ZERO.next(), &mut |records| {
        outcome = records.iter().try_for_each(&mut *visit);
        if outcome.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    outcome
}
