//! A schema derived from another one and a lens, both as documents write them.

use serde_json::Value;

use super::image::{Purpose, image};
use super::op::parse_ops;
use super::run::Way;
use crate::problem::{Problem, Problems};

/// The schema that a lens makes of `schema`: upwards from the parent's, downwards from the version's own.
///
/// For [`Purpose::Schema`] it is what a version would say whose author wrote the lens alone. `to` is the
/// schema of the side that the lens leads to, if there is one: objects that it does not have are unmade when
/// a move leaves them empty.
///
/// # Errors
///
/// What is wrong with the lens in itself, or the first operation that does not lead from the schema to
/// anywhere, each with its place in the lens.
pub fn derive(
    lens: &Value,
    way: Way,
    purpose: Purpose,
    schema: &Value,
    to: Option<&Value>,
) -> Result<Value, Vec<Problem>> {
    let mut problems = Problems::default();
    let ops = parse_ops(lens, "", &mut problems);
    let ops = problems.or(ops.unwrap_or_default())?;
    image(&ops, way, purpose, schema, to).map_err(|astray| vec![Problem::new(astray.op, astray.message)])
}
