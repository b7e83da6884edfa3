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
//! 1. The operations are in an order in which they can be applied, one after the other: removals, renames and
//!    changes of what stays, then moves, then additions. No place is taken or filled twice.
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

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::compat::source::Source;
use crate::compat::{CompatError, Side};
use crate::lens::{Purpose, Way, derive};
use crate::limits::LENS_DEPTH_MAX;
use walk::Walk;

/// Schemas within each other that are walked for one proposal.
pub const PROPOSE_DEPTH_MAX: usize = 48;
/// Pairs of schemas, and operations taken over from a pair seen before, for one call.
pub const PROPOSE_STEPS_MAX: usize = 50_000;
/// How often a definition that refers to itself is entered.
pub const RECURSION_MAX: usize = 3;

/// Operations, those within others counted, of a lens that is proposed with a refusal.
pub const OFFERED_OPS_MAX: usize = 64;

/// An operation that probably belongs to the lens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// The same for a refusal: nothing, if there is nothing to propose, if it is too much to be read there, or if
/// it does not lead anywhere.
pub(crate) fn offered(old: &Value, new: &Value) -> Vec<Proposal> {
    let proposals = propose(old, new).unwrap_or_default();
    let lens: Value = proposals.iter().map(|proposal| proposal.op.clone()).collect();
    let leads = |way, from, to| derive(&lens, way, Purpose::Proof, from, Some(to)).is_ok();
    let few = counted(&lens) <= OFFERED_OPS_MAX;
    if few && leads(Way::Up, old, new) && leads(Way::Down, new, old) { proposals } else { Vec::new() }
}

/// The operations of a lens, those within others counted. How deep they lie is bounded by
/// [`LENS_DEPTH_MAX`].
fn counted(lens: &Value) -> usize {
    let bodies =
        lens.as_array().into_iter().flatten().filter_map(Value::as_object).flat_map(|op| op.values());
    bodies.map(|body| 1 + body.get("lens").map_or(0, counted)).sum()
}
