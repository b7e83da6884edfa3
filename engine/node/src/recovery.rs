//! Starting from a [`Log`]: the core's recovery, given the way to read it.

use selfsame_core::{Core, Serving, Settings};
use selfsame_log::{Log, ReadError};
use selfsame_record::Position;

/// Why a log cannot be started from.
pub type RecoveryError = selfsame_core::RecoveryError<ReadError>;

/// The state at the head of the log.
///
/// # Errors
///
/// If a block is damaged or missing, or a newer program wrote a record.
pub fn recover(log: &dyn Log, settings: Settings) -> Result<(Core, Serving), RecoveryError> {
    selfsame_core::recover(settings, &mut |visit| log.scan(Position::ZERO.next(), visit))
}

/// Everything that decisions are made by, without any generation.
///
/// # Errors
///
/// As [`recover`].
pub fn recover_core(log: &dyn Log, settings: Settings) -> Result<Core, RecoveryError> {
    selfsame_core::recover_core(settings, &mut |visit| log.scan(Position::ZERO.next(), visit))
}
