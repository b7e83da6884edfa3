//! What a schema version says about the time after its cutover, and about events that cannot be folded.

use selfsame_record::Name;
use serde::{Deserialize, Serialize};

use crate::limits::{
    PROBATION_EVENTS_DEFAULT, PROBATION_EXTENSIONS_DEFAULT, PROBATION_MS_DEFAULT, PROBATION_SAMPLES_DEFAULT,
};

/// The guarded time after a cutover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probation {
    /// It lasts until so many events were taken, unless the time is over first.
    pub events: u64,
    /// It lasts so many milliseconds, unless there were enough events first.
    pub time_ms: u64,
    /// With fewer events than this it is inconclusive.
    pub samples_min: u64,
    /// What an inconclusive probation leads to.
    pub inconclusive: Inconclusive,
    /// How often it is extended; an inconclusive one after that rewinds.
    pub extend_max: u32,
    /// The projections that are declared to stay as they are, sorted.
    pub unchanged: Vec<Name>,
}

impl Default for Probation {
    fn default() -> Probation {
        Probation {
            events: PROBATION_EVENTS_DEFAULT,
            time_ms: PROBATION_MS_DEFAULT,
            samples_min: PROBATION_SAMPLES_DEFAULT,
            inconclusive: Inconclusive::Extend,
            extend_max: PROBATION_EXTENSIONS_DEFAULT,
            unchanged: Vec::new(),
        }
    }
}

/// What a probation leads to that neither passed nor failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Inconclusive {
    /// To a rewind.
    Rewind,
    /// To another such time; to a rewind if that was done often enough.
    Extend,
    /// To the version being settled all the same.
    Settle,
}

/// What becomes of an event that cannot be read by a version, or not be folded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Poison {
    /// When its candidate is validated.
    pub build: PoisonBuild,
    /// While it is live.
    pub live: PoisonLive,
}

/// What becomes of a candidate that could not read or fold an event which the active version takes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PoisonBuild {
    /// Its evidence does not pass.
    #[default]
    Stop,
    /// The event is skipped, and the evidence says so.
    Skip,
}

/// What a live generation does with an event that it cannot read or fold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PoisonLive {
    /// It notes the event and goes on.
    #[default]
    Park,
}
