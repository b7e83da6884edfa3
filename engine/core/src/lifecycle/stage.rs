//! Where a version is in its life, in itself.

use selfsame_record::{Digest, Position, VersionNo};
use serde::Serialize;

use crate::budget::Budget;
use crate::refusal::{Code, Refusal};

/// Where a version is in its life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "stage")]
pub enum Stage {
    /// It exists; nothing is built.
    Registered,
    /// A generation is being built since that record.
    Building {
        /// The order to build.
        since: Position,
        /// Whether it waits until it is resumed.
        paused: bool,
        /// What it may take of the machine.
        budget: Budget,
    },
    /// The last build ended without a generation.
    Failed {
        /// Why.
        reason: String,
    },
    /// Its generation is complete and kept in step; it has not answered since it was built.
    Candidate {
        /// The record that says so.
        ready: Position,
        /// The generation's digest just before that record.
        digest: Digest,
    },
    /// It answers.
    Active {
        /// From this record on.
        since: Position,
    },
    /// It answered, and its generation is kept in step for a rewind.
    Standby {
        /// Since it stopped answering.
        since: Position,
    },
    /// Its generation is not kept any longer.
    Dropped,
}

impl Stage {
    /// Whether a generation is kept in step.
    pub fn is_live(&self) -> bool {
        matches!(self, Stage::Candidate { .. } | Stage::Active { .. } | Stage::Standby { .. })
    }

    /// The stage in one word.
    pub fn word(&self) -> &'static str {
        match self {
            Stage::Registered => "registered",
            Stage::Building { .. } => "building",
            Stage::Failed { .. } => "failed",
            Stage::Candidate { .. } => "candidate",
            Stage::Active { .. } => "active",
            Stage::Standby { .. } => "standby",
            Stage::Dropped => "dropped",
        }
    }
}

/// The refusal of what needs a generation of a version that has none.
pub(crate) fn not_built(version: VersionNo, stage: &Stage) -> Refusal {
    Refusal::new(
        Code::NotBuilt,
        format!("{version} is {}, so it has no generation to serve from", stage.word()),
    )
    .next(match stage {
        Stage::Building { paused: true, .. } => format!("resume it with `selfsame version resume {version}`"),
        Stage::Building { .. } => format!("wait until `selfsame version show {version}` says candidate"),
        _ => format!("build it with `selfsame version build {version}`"),
    })
    .field("version", version.to_string())
    .field("stage", stage.word())
}
