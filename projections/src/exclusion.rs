//! Events that a generation leaves out, by an operator's order.
//!
//! What a generation leaves out is fixed before its first record: an event that was folded cannot be taken out
//! again, so a generation that is to leave out more, or less, is folded anew.

use std::sync::Arc;

use selfsame_record::{ArchivedRecord, Position};
use serde::{Deserialize, Serialize};

use crate::generation::Generation;

/// A rule: events of a range of positions, of these types and principals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exclusion {
    /// The first position.
    pub from: Position,
    /// The last position.
    pub to: Position,
    /// Event types as their producers wrote them; none: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    /// Who published them; none: anybody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub principals: Vec<String>,
}

impl Exclusion {
    /// Whether the record is an event that is left out.
    pub fn covers(&self, record: &ArchivedRecord) -> bool {
        let at = record.at();
        let Some(event) = record.event().filter(|_| self.from <= at && at <= self.to) else { return false };
        let named =
            |names: &[String], name: &str| names.is_empty() || names.iter().any(|known| known == name);
        named(&self.types, event.event_type.as_str()) && named(&self.principals, record.principal.as_str())
    }
}

impl Generation {
    /// The same generation, which leaves these events out.
    ///
    /// # Panics
    ///
    /// If a record was folded already.
    #[must_use]
    pub fn excluding(mut self, exclusions: Arc<[Exclusion]>) -> Generation {
        assert_eq!(self.position(), Position::ZERO, "what is left out is fixed before the first record");
        self.exclusions = exclusions;
        self
    }

    /// What it leaves out.
    pub fn exclusions(&self) -> &Arc<[Exclusion]> {
        &self.exclusions
    }
}
