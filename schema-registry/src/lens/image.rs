//! What a lens makes of a schema.
//!
//! [`image`] gives the JSON Schema of the documents that a lens gives for the documents of another schema:
//! upwards for those of the parent's, downwards for those of the version's own. Whatever document is valid
//! under the schema, what the lens makes of it is valid under the image; of a [`Purpose::Schema`] that holds if
//! every default fits the schema that the lens or the place has for it. The image is tight where a proof
//! needs it (which members are there, of which types, which values a table leads to) and loose elsewhere: a
//! place that an operation leads to loses the words that need not hold any more, such as `not` and `if`.
//!
//! A key that no part of a schema names is taken to be absent if the lens names it: a document that has it
//! nevertheless, as an unknown key, is not spoken of.
//!
//! References are followed and copied along the places that are changed and stay elsewhere, so the image is
//! a document of its own, with the definitions of the schema. They must lead into `$defs` or `definitions`.

mod facts;
mod object;
mod ops;
mod origin;
#[cfg(test)]
mod tests;
mod value;

use std::cell::Cell;

use serde_json::Value;

use super::op::Op;
use super::run::Way;
use super::run::side::{Key, Place, SchemaSide, Scope, Side};
use facts::Definitions;
use ops::Imager;

/// What an image is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To prove that it lies in another schema: a default is exactly its value.
    Proof,
    /// To be the schema of a version: a field that is added has the schema that the lens names, or any value
    /// of its default's type, and what may be null or be left out says so.
    Schema,
}

/// An operation that does not lead from the schema to anywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Astray {
    /// JSON Pointer to it in the lens: `/2/map/lens/0`.
    pub(crate) op: String,
    /// What is wrong.
    pub(crate) message: String,
}

/// The schema of what the lens gives for documents of `schema`.
///
/// `to` is the schema of the side that the lens leads to, if it is known: by it an object that a move leaves
/// empty is unmade or kept, and a scaled number is an integer or not. If it is not known, such objects are
/// kept, and integers stay integers.
///
/// # Errors
///
/// The first operation that names a place which the schema does not have, or has already, or which is of a
/// type that the operation is not for.
pub(crate) fn image(
    ops: &[Op],
    way: Way,
    purpose: Purpose,
    schema: &Value,
    to: Option<&Value>,
) -> Result<Value, Astray> {
    let mut result = origin::bundled(schema).map_err(|message| Astray { op: String::new(), message })?;
    let definitions = origin::definitions(&mut result);
    let steps = Cell::new(0);
    let (from, unknown) = (SchemaSide { root: schema }, Unknown);
    let known = to.map(|root| SchemaSide { root });
    let to: &dyn Side = known.as_ref().map_or(&unknown, |side| side);
    let (below, above): (&dyn Side, &dyn Side) = if way == Way::Up { (&from, to) } else { (to, &from) };
    let scope = Scope { below, above, ops, index: 0, outer: None };
    let imager = Imager { of: Definitions::new(&definitions, &steps), way, purpose, whole: known.is_some() };
    imager.run(&scope, &mut result, "")?;
    if purpose == Purpose::Schema {
        origin::tidy(&mut result);
    }
    Ok(origin::with_definitions(result, definitions))
}

/// A side whose schema is not known: it is what the image says.
struct Unknown;

impl Side for Unknown {
    fn at(&self, _: &[Key]) -> Place {
        Place { known: true, ..Place::default() }
    }
}
