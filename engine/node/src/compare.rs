//! The exact difference between the active version's generation and another one, at one position (P13),
//! without holding up the sequencer.
//!
//! Both generations are watched and walked in pieces, each under a short read lock; what folds touched in
//! the meantime is read again until little is left, and the last of it under the one lock under which the
//! position, the digests and the failures are taken too. If the watch is lost (a generation went or was
//! replaced) or another version comes to answer, it begins anew, once.
//!
//! Not here: what rows differ (`projections`), what follows from it for a change (`core`).

mod outcome;

use parking_lot::{RwLock, RwLockWriteGuard};
use selfsame_core::{Code, Lost, Refusal, Serving, TouchedRows, WatchId, no_active_version};
use selfsame_projections::{COMPARED_ROWS_MAX, CompareError, Comparison, Generation, Skip};
use selfsame_record::VersionNo;

pub(crate) use crate::compare::outcome::Compared;
use crate::handle::Handle;

/// Rows that are compared under one lock: about a millisecond's worth.
const PIECE_ROWS: usize = 4096;
/// Touched rows that wait before the walk stops to read them again.
const TOUCHED_WAIT_MAX: usize = 8 * PIECE_ROWS;
/// How often what was touched is read again in pieces before the rest is read under the last lock.
const AGAIN_ROUNDS_MAX: usize = 16;
/// Touched rows that are read under the last lock at most.
const LAST_ROWS_MAX: usize = 50_000;
/// How often a comparison begins.
const ROUNDS_MAX: usize = 2;

/// Why a round came to nothing.
enum Stopped {
    /// Beginning anew may help.
    Again(Refusal, Skip),
    Refused(Refusal),
}

/// Compares the generation of `version` with the active one.
///
/// # Errors
///
/// If there are no two generations to compare, they have too many rows, they change faster than they are
/// read, or are replaced again and again.
pub(crate) fn compare(handle: &Handle, version: VersionNo) -> Result<Compared, Refusal> {
    compare_meanwhile(handle, version, &mut || {})
}

/// As [`compare`], with something that happens after each piece.
fn compare_meanwhile(
    handle: &Handle,
    version: VersionNo,
    meanwhile: &mut dyn FnMut(),
) -> Result<Compared, Refusal> {
    let (mut skip, mut round) = (Skip::EqualDigests, 1);
    loop {
        match Round::begin(handle, version, skip).and_then(|round| round.run(meanwhile)) {
            Ok(compared) => return Ok(compared),
            Err(Stopped::Refused(refusal)) => return Err(refusal),
            Err(Stopped::Again(refusal, _)) if round == ROUNDS_MAX => return Err(refusal),
            Err(Stopped::Again(_, next)) => skip = next,
        }
        round += 1;
    }
}

/// A watch that ends with the comparison, however that ends.
struct Watch<'a> {
    serving: &'a RwLock<Serving>,
    id: Option<WatchId>,
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id.take() {
            self.serving.write().unwatch(id);
        }
    }
}

struct Round<'a> {
    handle: &'a Handle,
    watch: Watch<'a>,
    active: VersionNo,
    version: VersionNo,
    comparison: Comparison,
    skip: Skip,
}

impl<'a> Round<'a> {
    fn begin(handle: &'a Handle, version: VersionNo, skip: Skip) -> Result<Round<'a>, Stopped> {
        let lock = &*handle.shared.serving;
        let mut serving = lock.write();
        let active = serving.active().ok_or_else(|| Stopped::Refused(no_active_version()))?;
        if active == version {
            return Err(Stopped::Refused(already_active(version)));
        }
        let watched = serving.watch(&[active, version]);
        let id = watched.map_err(|missing| Stopped::Refused(not_built(missing)))?;
        let begun = match serving.generation(active).zip(serving.generation(version)) {
            Some((one, two)) => {
                Comparison::begin(one, two, skip, COMPARED_ROWS_MAX).map_err(|err| stopped(&err, skip))
            }
            None => Err(Stopped::Refused(not_built(version))),
        };
        match begun {
            Ok(comparison) => {
                let watch = Watch { serving: lock, id: Some(id) };
                Ok(Round { handle, watch, active, version, comparison, skip })
            }
            Err(stopped) => {
                serving.unwatch(id);
                Err(stopped)
            }
        }
    }

    fn run(mut self, meanwhile: &mut dyn FnMut()) -> Result<Compared, Stopped> {
        loop {
            let more = self.piece()?;
            meanwhile();
            if !more {
                break;
            }
            if self.waiting()? > TOUCHED_WAIT_MAX {
                self.read_again(meanwhile)?;
            }
        }
        for _ in 0..AGAIN_ROUNDS_MAX {
            if self.waiting()? <= PIECE_ROWS {
                break;
            }
            self.read_again(meanwhile)?;
        }
        self.finish()
    }

    /// The next rows. Whether there are more.
    fn piece(&mut self) -> Result<bool, Stopped> {
        let serving = self.watch.serving.read();
        let (one, two) = pair(self.handle, &serving, self.active, self.version)?;
        self.comparison.step(one, two, PIECE_ROWS).map_err(|err| stopped(&err, self.skip))
    }

    fn waiting(&self) -> Result<usize, Stopped> {
        let serving = self.watch.serving.read();
        match &self.watch.id {
            Some(id) => serving.touched_waiting(id).map_err(|lost| self.lost(lost)),
            None => Err(self.lost(Lost::Unknown)),
        }
    }

    fn take(&self, serving: &mut Serving) -> Result<TouchedRows, Stopped> {
        match &self.watch.id {
            Some(id) => serving.take_touched(id).map_err(|lost| self.lost(lost)),
            None => Err(self.lost(Lost::Unknown)),
        }
    }

    /// Reads what was touched again, in pieces.
    fn read_again(&mut self, meanwhile: &mut dyn FnMut()) -> Result<(), Stopped> {
        let touched = self.take(&mut self.watch.serving.write())?;
        for (version, rows) in touched {
            let rows: Vec<_> = rows.into_iter().collect();
            for piece in rows.chunks(PIECE_ROWS) {
                let serving = self.watch.serving.read();
                let (one, two) = pair(self.handle, &serving, self.active, self.version)?;
                let read = self.comparison.read_again(one, two, version, piece);
                read.map_err(|err| stopped(&err, self.skip))?;
                drop(serving);
                meanwhile();
            }
        }
        Ok(())
    }

    /// Reads what is left and says how the two differ, under one lock.
    fn finish(mut self) -> Result<Compared, Stopped> {
        let mut serving = self.watch.serving.write();
        let touched = self.take(&mut serving)?;
        let waiting: usize = touched.values().map(|rows| rows.len()).sum();
        if waiting > LAST_ROWS_MAX {
            return Err(Stopped::Refused(too_fast(waiting)));
        }
        let serving = RwLockWriteGuard::downgrade(serving);
        let (one, two) = pair(self.handle, &serving, self.active, self.version)?;
        for (version, rows) in &touched {
            let read = self.comparison.read_again(one, two, *version, rows);
            read.map_err(|err| stopped(&err, self.skip))?;
        }
        let compared = Compared::take(&self.comparison, one, two, serving.position());
        let compared = compared.map_err(|err| stopped(&err, self.skip))?;
        let admission = std::sync::Arc::clone(&serving.status().admission);
        drop(serving);
        let boundary = admission.boundary.boundary().map_err(Stopped::Refused)?;
        let mut compared = compared.cut();
        for no in [self.active, self.version] {
            if let Some((boundary, version)) = boundary.zip(admission.registry.version(no)) {
                compared.hide(boundary, version);
            }
        }
        Ok(compared)
    }

    fn lost(&self, lost: Lost) -> Stopped {
        match lost {
            Lost::Generation(_) | Lost::Unknown => Stopped::Again(replaced(self.version), self.skip),
            Lost::TooMany(_) => Stopped::Refused(too_fast(selfsame_core::limits::TOUCHED_MAX)),
        }
    }
}

/// The two generations, as long as the one still answers and the engine runs.
fn pair<'s>(
    handle: &Handle,
    serving: &'s Serving,
    active: VersionNo,
    version: VersionNo,
) -> Result<(&'s Generation, &'s Generation), Stopped> {
    if handle.inbox.is_closed() {
        let refusal = Refusal::new(Code::Stopping, "the engine is stopping");
        return Err(Stopped::Refused(refusal.next("ask again when it is back")));
    }
    if serving.active() != Some(active) {
        return Err(Stopped::Again(overtaken(active), Skip::EqualDigests));
    }
    match serving.generation(active).zip(serving.generation(version)) {
        Some(pair) => Ok(pair),
        None => Err(Stopped::Again(replaced(version), Skip::EqualDigests)),
    }
}

fn stopped(err: &CompareError, skip: Skip) -> Stopped {
    let refusal = match err {
        CompareError::TooManyRows { rows, rows_max } => Refusal::new(Code::TooLarge, err.to_string())
            .next("leave projections with many rows as they are: those with equal digests are not walked")
            .field("rows", *rows)
            .field("rows_max", *rows_max),
        CompareError::DoesNotAddUp { .. } => Refusal::new(Code::Overloaded, err.to_string())
            .next("ask again, and compare both with `selfsame replay` if it stays so"),
    };
    match err {
        CompareError::DoesNotAddUp { .. } if skip == Skip::EqualDigests => {
            Stopped::Again(refusal, Skip::Nothing)
        }
        _ => Stopped::Refused(refusal),
    }
}

fn already_active(version: VersionNo) -> Refusal {
    Refusal::new(Code::AlreadyActive, format!("{version} is the version that others are compared with"))
        .next("name another version")
}

fn not_built(version: VersionNo) -> Refusal {
    Refusal::new(Code::NotBuilt, format!("{version} has no generation to compare"))
        .next(format!("build it with `selfsame version build {version}`"))
}

fn overtaken(active: VersionNo) -> Refusal {
    Refusal::new(Code::ActiveChanged, format!("{active} stopped answering while it was compared"))
        .next("look at `selfsame state`, and compare again")
}

fn replaced(version: VersionNo) -> Refusal {
    Refusal::new(Code::NotBuilt, format!("a generation was dropped or replaced while {version} was compared"))
        .next("compare again when both versions are live")
}

fn too_fast(waiting: usize) -> Refusal {
    let detail = format!(
        "rows change faster than they are compared: {waiting} waited, over the limit of {LAST_ROWS_MAX}"
    );
    Refusal::new(Code::Overloaded, detail).next("compare again when fewer events arrive")
}

#[cfg(test)]
mod tests;
