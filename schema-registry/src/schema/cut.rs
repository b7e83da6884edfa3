//! How much of a schema is laid out: as many objects, from the outside in, as there may be slots for.

use std::sync::Arc;

use super::{Kind, Members, Property, Schema, Types};
use crate::limits::SLOTS_MAX;

/// The schema with its innermost objects kept whole, so that it has at most [`SLOTS_MAX`] slots. Which ones
/// depends on the schema alone. None if not even its own members have slots enough.
pub(super) fn cut(schema: &Arc<Schema>) -> Option<Arc<Schema>> {
    let mut level = vec![schema.as_ref()];
    let mut slots = 1;
    for depth in 0_usize.. {
        let below: Vec<&Schema> = level
            .iter()
            .filter_map(|s| s.members())
            .flat_map(|m| m.properties.values().map(|p| p.schema.as_ref()))
            .collect();
        slots += below.len();
        if below.is_empty() {
            break;
        }
        if slots > SLOTS_MAX {
            return (depth > 0).then(|| Arc::new(kept_to(schema, depth)));
        }
        level = below;
    }
    Some(schema.clone())
}

/// The schema with objects so deep in it kept whole.
fn kept_to(schema: &Schema, depth: usize) -> Schema {
    let Kind::Object(members) = &schema.kind else { return schema.clone() };
    if depth == 0 {
        let object = Some(Arc::new(Schema { nullable: false, ..schema.clone() }));
        let kind = Kind::Types(Arc::new(Types { object, ..Types::default() }));
        return Schema { kind, nullable: schema.nullable, values: Vec::new() };
    }
    let below = |property: &Property| {
        let schema = Arc::new(kept_to(&property.schema, depth - 1));
        Property { schema, required: property.required }
    };
    let properties =
        members.properties.iter().map(|(key, property)| (key.clone(), below(property))).collect();
    let kind = Kind::Object(Members { properties, ..members.clone() });
    Schema { kind, nullable: schema.nullable, values: schema.values.clone() }
}
