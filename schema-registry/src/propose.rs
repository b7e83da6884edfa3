//! A lens proposed from two schemas: what an author would probably write to lead from the one to the other.
//!
//! [`propose`] walks two schemas in step. What only the new one has is added, what only the old one has is
//! removed, unless the two look like one field that was renamed or moved; types, null, `required` and listed
//! values that changed get the operation that leads across. Each proposal says how sure it is and why, in
//! words. A proposal is no proof: whether the lens leads from the one schema to the other is decided where
//! lenses are checked, and the author confirms or edits it.
//!
//! # Promises
//!
//! 1. The operations are in an order in which they can be applied, one after the other: removals, renames,
//!    changes of what stays, additions.
//! 2. A default that is proposed is of a type that its schema takes, and one of the listed values if values
//!    are listed.
//! 3. The same schemas give the same proposals.
//!
//! What no operation expresses (bounds, patterns, a type that got wider) is left out. Tuples, `not`, `if`
//! and values by pattern are not looked into.

mod choice;
mod found;
mod member;
mod moves;
mod place;
mod sample;
mod similar;
mod value;
mod walk;

use serde::Serialize;
use serde_json::Value;

use crate::compat::source::Source;
use crate::compat::{CompatError, Side};
use crate::limits::LENS_DEPTH_MAX;
use walk::Walk;

/// Schemas within each other that are walked for one proposal.
pub const PROPOSE_DEPTH_MAX: usize = 48;
/// Pairs of schemas, and operations taken over from a pair seen before, for one call.
pub const PROPOSE_STEPS_MAX: usize = 50_000;
/// How often a definition that refers to itself is entered.
pub const RECURSION_MAX: usize = 3;

/// An operation that probably belongs to the lens.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Proposal {
    /// The operation as a document writes it.
    pub op: Value,
    /// How sure it is, in percent.
    pub confidence: u8,
    /// Why, in a sentence.
    pub reason: String,
}

/// The operations that probably lead from the old schema to the new one, in the order of a lens.
///
/// # Errors
///
/// If one of the two is no schema, is larger or more nested than the limits allow, or has a reference that
/// leads nowhere; and if the two are so entangled that the walk takes more than [`PROPOSE_STEPS_MAX`] steps.
pub fn propose(old: &Value, new: &Value) -> Result<Vec<Proposal>, CompatError> {
    for (side, value) in [(Side::Old, old), (Side::New, new)] {
        if !value.is_object() && !value.is_boolean() {
            return Err(CompatError::NotASchema(side));
        }
    }
    let (old, new) = (Source::new(old)?, Source::new(new)?);
    let found = Walk::new(&old, &new).root()?;
    let found = found.into_iter().filter_map(|found| found.within(LENS_DEPTH_MAX));
    Ok(found.map(found::Found::proposal).collect())
}
