//! What a comparison of two generations says of each projection.

use selfsame_record::{Digest, Name};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::plan::ProjectionKind;

/// What becomes of a projection between two versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Both have it, with the same rows.
    Same,
    /// Both have it, and some rows differ.
    Changed,
    /// Only the candidate has one of this name and kind.
    New,
    /// Only the active version has one of this name and kind.
    Gone,
}

/// What becomes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowChange {
    /// Only the candidate has it.
    Added,
    /// Only the active version has it.
    Removed,
    /// Both have a row with this key, and they differ.
    Changed,
}

/// A row that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowSample {
    /// How.
    pub change: RowChange,
    /// Its key; for a job the position of its source event.
    pub key: String,
    /// The active version's row, JSON text.
    #[serde(serialize_with = "raw", skip_serializing_if = "Option::is_none")]
    pub active: Option<String>,
    /// The candidate's row, JSON text.
    #[serde(serialize_with = "raw", skip_serializing_if = "Option::is_none")]
    pub candidate: Option<String>,
    /// Whether a row is left out because it is longer than
    /// [`SAMPLE_ROW_BYTES_MAX`](crate::SAMPLE_ROW_BYTES_MAX).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

impl RowSample {
    /// About how many bytes it is as JSON, and not more than that.
    pub(crate) fn bytes_max(&self) -> usize {
        let rows = [&self.active, &self.candidate].into_iter().flatten().map(String::len).sum::<usize>();
        // A byte of a key is six at most when it is escaped.
        6 * self.key.len() + rows + 80
    }
}

/// How one projection of the two generations differs at one position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ComparedProjection {
    /// Its name.
    pub name: Name,
    /// What it is.
    pub kind: ProjectionKind,
    /// What becomes of it.
    pub change: Change,
    /// Rows, objects or pending jobs of the active version's; absent if it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active_rows: Option<u64>,
    /// Those of the candidate's; absent if it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Rows that both have alike.
    pub equal: u64,
    /// Rows that only the candidate has.
    pub added: u64,
    /// Rows that only the active version has.
    pub removed: u64,
    /// Rows that both have and that differ.
    pub changed: u64,
    /// The digest of the active version's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active_digest: Option<Digest>,
    /// The digest of the candidate's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Some of the rows that differ, those with the least keys first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<RowSample>,
}

#[expect(clippy::ref_option, reason = "as serde calls it")]
fn raw<S: Serializer>(json: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    let Some(json) = json else { return serializer.serialize_none() };
    let value = RawValue::from_string(json.clone());
    value.map_err(serde::ser::Error::custom)?.serialize(serializer)
}
