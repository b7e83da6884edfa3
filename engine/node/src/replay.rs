//! An operator's replay: any version, folded up to any position, from the log alone. It touches nothing
//! live and has no effects (P12). It leaves out what the version's generation left out where it ends, whatever was
//! set aside or released since.

mod rows;

use std::ops::ControlFlow;

use selfsame_core::{Code, Refusal, Settings, fold};
use selfsame_log::Log;
use selfsame_projections::{Generation, ProjectionReport};
use selfsame_record::{Digest, Position, VersionNo};
use serde::Serialize;

pub use crate::replay::rows::{REPLAY_ROWS_MAX, ReplayedRow, RowsWanted};

use crate::recovery::RecoveryError;

/// What a replay came to.
#[derive(Clone, Debug, Serialize)]
pub struct Replayed {
    /// The version.
    pub version: VersionNo,
    /// The last record folded.
    pub position: Position,
    /// The generation's digest there.
    pub digest: Digest,
    /// Each projection.
    pub projections: Vec<ProjectionReport>,
    /// Events that the version could not express or fold.
    pub skipped: u64,
    /// How long folding took.
    pub seconds: f64,
}

/// Folds `version` up to `until` (or the head) from the log; `progress` is told records done and in all.
///
/// # Errors
///
/// If the version is not registered in the log, or the log cannot be read.
pub fn replay(
    log: &dyn Log,
    version: Option<VersionNo>,
    until: Option<Position>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(Replayed, Generation), Refusal> {
    let settings = Settings { standbys_max: 0 };
    let recovered = selfsame_core::recover_core_with(settings, until, &mut |visit| {
        log.scan(Position::ZERO.next(), visit)
    });
    let (core, set_aside) = recovered.map_err(unreadable)?;
    let version = version.or(core.lifecycle().active()).ok_or_else(selfsame_core::no_active_version)?;
    let mut generation = core.new_generation_as_of(version, &set_aside).ok_or_else(|| {
        Refusal::new(Code::UnknownVersion, format!("the log has no schema version {version}"))
    })?;
    let until = until.unwrap_or(core.head()).min(core.head());
    let started = std::time::Instant::now();
    let registry = core.registry();
    log.scan(Position::ZERO.next(), &mut |records| {
        records.iter().take_while(|r| r.at() <= until).for_each(|r| fold(&mut generation, r, registry));
        progress(generation.position().get(), until.get());
        if generation.position() >= until { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .map_err(|err| unreadable(RecoveryError::Read(err)))?;
    generation.settle();
    let replayed = Replayed {
        version,
        position: generation.position(),
        digest: generation.digest(),
        projections: generation.report(),
        skipped: generation.skipped_count(),
        seconds: started.elapsed().as_secs_f64(),
    };
    Ok((replayed, generation))
}

fn unreadable(err: RecoveryError) -> Refusal {
    Refusal::new(Code::UnreadableLog, err.to_string())
        .next("keep a copy of the folder as it is, and restore it from a backup")
}
