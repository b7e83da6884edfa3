//! What a comparison came to, of bounded size.

use std::cmp::Reverse;

use selfsame_core::Boundary;
use selfsame_projections::{CompareError, ComparedProjection, Comparison, Generation, Reason, SkippedLine};
use selfsame_record::{Digest, Name, Position, VersionNo};
use selfsame_schema::Version;
use serde::Serialize;

/// Bytes of a comparison as JSON.
pub(crate) const COMPARED_BYTES_MAX: usize = 48 * 1024;
/// Kinds of failures that are listed.
const FAILED_MAX: usize = 50;
/// Characters of what was wrong with the first event of a kind.
const DETAIL_CHARS_MAX: usize = 300;

/// Two generations as they are at one position.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Compared {
    /// Where both stand.
    pub(crate) at: Position,
    /// The version that answers.
    pub(crate) active: VersionNo,
    pub(crate) active_digest: Digest,
    /// The version that is compared with it.
    pub(crate) version: VersionNo,
    pub(crate) digest: Digest,
    /// By name.
    pub(crate) projections: Vec<ComparedProjection>,
    /// Whether samples, or rows in them, were left out for their size.
    pub(crate) samples_cut: bool,
    /// How many times `version` could not take in an event, beyond what the active one could not either.
    pub(crate) failures: u64,
    /// The kinds of these failures, the most frequent first.
    pub(crate) failed: Vec<Failed>,
    /// Kinds that are not listed.
    pub(crate) failed_cut: usize,
}

/// Events that one version could not take in for one reason, as the other one could.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Failed {
    pub(crate) event_type: String,
    /// All projections, if there is none.
    pub(crate) projection: Option<Name>,
    pub(crate) reason: Reason,
    pub(crate) count: u64,
    pub(crate) first: Position,
    pub(crate) last: Position,
    pub(crate) samples: Vec<Position>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<String>,
}

impl Compared {
    /// What the comparison comes to where the two stand.
    pub(crate) fn take(
        comparison: &Comparison,
        active: &Generation,
        other: &Generation,
        at: Position,
    ) -> Result<Compared, CompareError> {
        let (projections, samples_cut) = comparison.finish(active, other, COMPARED_BYTES_MAX)?;
        let (own, before) = (other.skipped(), active.skipped());
        let mut beyond: Vec<(SkippedLine<'_>, u64)> = own.beyond(&before).collect();
        let failures = beyond.iter().map(|(_, more)| more).sum();
        beyond.sort_by_key(|(_, more)| Reverse(*more));
        let failed_cut = beyond.len().saturating_sub(FAILED_MAX);
        Ok(Compared {
            at,
            active: active.version(),
            active_digest: active.digest(),
            version: other.version(),
            digest: other.digest(),
            projections,
            samples_cut,
            failures,
            failed: beyond.iter().take(FAILED_MAX).map(|(line, _)| Failed::of(line)).collect(),
            failed_cut,
        })
    }

    /// Leaves out what would show rows of protected projections, and values of protected types.
    pub(crate) fn hide(&mut self, boundary: &Boundary, version: &Version) {
        for projection in &mut self.projections {
            if boundary.hides(version, &projection.name) && !projection.samples.is_empty() {
                projection.samples.clear();
                self.samples_cut = true;
            }
        }
        for failed in &mut self.failed {
            if boundary.protected.covers(&failed.event_type).is_some() {
                failed.detail = None;
            }
        }
    }

    /// The same in at most [`COMPARED_BYTES_MAX`] as JSON: samples are left out first, then the rarest
    /// failures.
    pub(crate) fn cut(mut self) -> Compared {
        while self.bytes() > COMPARED_BYTES_MAX {
            let most = self.projections.iter_mut().max_by_key(|projection| projection.samples.len());
            if most.is_some_and(|projection| projection.samples.pop().is_some()) {
                self.samples_cut = true;
            } else if self.failed.pop().is_some() {
                self.failed_cut += 1;
            } else {
                break;
            }
        }
        self
    }

    pub(super) fn bytes(&self) -> usize {
        crate::read::json_bytes(self)
    }
}

impl Failed {
    fn of(line: &SkippedLine<'_>) -> Failed {
        let detail = line.notes.detail.as_ref();
        Failed {
            event_type: line.event_type.to_owned(),
            projection: line.projection.cloned(),
            reason: line.reason,
            count: line.notes.count,
            first: line.notes.first,
            last: line.notes.last,
            samples: line.notes.samples.clone(),
            detail: detail.map(|detail| detail.chars().take(DETAIL_CHARS_MAX).collect()),
        }
    }
}
