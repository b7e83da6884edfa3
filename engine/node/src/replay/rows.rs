//! The rows of a generation that was replayed, as far as they are asked for.

use std::collections::BTreeMap;

use selfsame_core::{Code, Refusal};
use selfsame_projections::{Generation, Walk};
use serde::{Deserialize, Serialize};

use crate::read::unknown_projection;

/// Rows of one replay that are shown.
pub const REPLAY_ROWS_MAX: usize = 1000;
/// Rows that are shown if nobody says how many.
const ROWS_DEFAULT: usize = 100;

/// Which rows are wanted: that of a key, or the first so many by their keys.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct RowsWanted {
    /// The cache or view.
    pub projection: String,
    /// The one row.
    #[serde(default)]
    pub key: Option<String>,
    /// How many, without a key.
    #[serde(default)]
    pub limit: Option<usize>,
}

/// A row of a replayed state.
#[derive(Clone, Debug, Serialize)]
pub struct ReplayedRow {
    /// Its key.
    pub key: String,
    /// What it holds, as readers would get it.
    pub value: Box<serde_json::value::RawValue>,
}

impl RowsWanted {
    /// Sees that it can be given, before anything is folded for it.
    ///
    /// # Errors
    ///
    /// If both a key and a number are given, or more rows than are shown.
    pub fn check(&self) -> Result<(), Refusal> {
        let bad = |detail: String| {
            Err(Refusal::new(Code::BadRequest, detail).next("say `key` for one row, or `limit` for several"))
        };
        match (&self.key, self.limit) {
            (Some(_), Some(_)) => bad("`key` and `limit` are both given".to_owned()),
            (None, Some(limit)) if limit == 0 || limit > REPLAY_ROWS_MAX => {
                bad(format!("`limit` is {limit}, and must be 1 to {REPLAY_ROWS_MAX}"))
            }
            _ => Ok(()),
        }
    }

    /// The rows, by their keys.
    ///
    /// # Errors
    ///
    /// If the version has no such cache or view.
    pub fn of(&self, generation: &Generation) -> Result<Vec<ReplayedRow>, Refusal> {
        let rows = generation.rows(&self.projection);
        let rows = rows.ok_or_else(|| unknown_projection(generation, &self.projection))?;
        if let Some(key) = &self.key {
            return Ok(rows.get(key).and_then(|row| shown(key, row.to_json())).into_iter().collect());
        }
        let limit = self.limit.unwrap_or(ROWS_DEFAULT);
        let (mut first, mut walk) = (BTreeMap::new(), Walk::new());
        while let Some((key, row)) = rows.next(&mut walk) {
            first.insert(key, row);
            if first.len() > limit {
                first.pop_last();
            }
        }
        Ok(first.into_iter().filter_map(|(key, row)| shown(key, row.to_json())).collect())
    }
}

/// A row is always JSON text.
fn shown(key: &str, json: String) -> Option<ReplayedRow> {
    let value = serde_json::value::RawValue::from_string(json).ok()?;
    Some(ReplayedRow { key: key.to_owned(), value })
}
