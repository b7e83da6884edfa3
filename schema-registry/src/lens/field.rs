//! A schema while a lens works on it: a tree whose places know where they come from.

use std::collections::BTreeMap;
use std::sync::Arc;

use selfsame_record::Value as Slot;

use crate::json::pointer;
use crate::schema::{Kind, Members, Property, Schema};
use crate::shape::EventShape;

/// Where a field of the image comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Origin {
    /// A slot of the parent's shape.
    Parent(u16),
    /// The lens: its default, or nothing.
    Given(Slot),
    /// The lens made the object, since a member moved into it.
    Made,
}

/// A field of the image.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) origin: Origin,
    /// What may stand here, the members left out.
    pub(crate) schema: Schema,
    pub(crate) required: bool,
    pub(crate) members: BTreeMap<String, Field>,
}

impl Field {
    /// The tree of a schema. `origins` gives the places' origins in the order of slots.
    pub(crate) fn tree(schema: &Schema, required: bool, origins: &mut dyn FnMut() -> Origin) -> Field {
        let origin = origins();
        let properties = schema.members().into_iter().flat_map(|m| &m.properties);
        let members = properties
            .map(|(key, property)| (key.clone(), Field::tree(&property.schema, property.required, origins)))
            .collect();
        Field { origin, schema: schema.without_members(), required, members }
    }

    /// The tree of a parent's schema.
    pub(crate) fn of_parent(schema: &Schema) -> Field {
        let mut slots = 0..=u16::MAX;
        Field::tree(schema, true, &mut || slots.next().map_or(Origin::Made, Origin::Parent))
    }

    /// The tree of a schema that the lens adds, with its default laid out.
    pub(crate) fn given(schema: &Schema, default: Option<&serde_json::Value>) -> Result<Field, String> {
        let mut slots = lay_out(schema, default)?.into_iter();
        Ok(Field::tree(schema, false, &mut || Origin::Given(slots.next().unwrap_or(Slot::Absent))))
    }

    /// The schema as it stands, members included.
    pub(crate) fn schema(&self) -> Schema {
        let mut schema = self.schema.clone();
        if let Kind::Object(Members { properties, .. }) = &mut schema.kind {
            let below =
                |field: &Field| Property { schema: Arc::new(field.schema()), required: field.required };
            *properties = self.members.iter().map(|(key, field)| (key.clone(), below(field))).collect();
        }
        schema
    }

    /// The object at a place; the message says where the way ends.
    pub(crate) fn object(&mut self, keys: &[String]) -> Result<&mut Field, String> {
        let mut place = String::new();
        let mut field = self;
        for key in keys {
            place = pointer::child(&place, key);
            field = field.members.get_mut(key).ok_or_else(|| format!("there is no field `{place}`"))?;
            field.must_be_object(&place)?;
        }
        Ok(field)
    }

    /// The object at a place, made on the way where nothing is.
    pub(crate) fn object_made(&mut self, keys: &[String]) -> Result<&mut Field, String> {
        let mut place = String::new();
        let mut field = self;
        for key in keys {
            place = pointer::child(&place, key);
            field = field.members.entry(key.clone()).or_insert_with(Field::made);
            field.must_be_object(&place)?;
        }
        Ok(field)
    }

    fn made() -> Field {
        let schema = Schema::made_object();
        Field { origin: Origin::Made, schema, required: false, members: BTreeMap::new() }
    }

    fn must_be_object(&self, place: &str) -> Result<(), String> {
        match self.schema.kind {
            Kind::Object(_) => Ok(()),
            Kind::Array(_) => Err(format!("`{place}` is an array, and a lens does not reach into arrays")),
            _ => Err(format!("`{place}` is {}, which has no fields of its own", self.schema.type_name())),
        }
    }

    /// Unmakes the objects on the way to a place that the lens made and that nothing is left in.
    pub(crate) fn prune(&mut self, keys: &[String]) {
        let Some((first, rest)) = keys.split_first() else { return };
        let Some(below) = self.members.get_mut(first) else { return };
        below.prune(rest);
        if below.origin == Origin::Made && below.members.is_empty() {
            self.members.remove(first);
        }
    }
}

/// A value in the slots of a schema, all of them absent without a value.
pub(crate) fn lay_out(schema: &Schema, value: Option<&serde_json::Value>) -> Result<Vec<Slot>, String> {
    let shape = EventShape::compile(schema);
    let Some(value) = value else { return Ok(vec![Slot::Absent; shape.slots().len()]) };
    let row =
        shape.read(value.to_string().as_bytes()).map_err(|e| format!("the default does not fit: {e}"))?;
    match row.extras.first() {
        Some(extra) => Err(format!("the default has a member `{}` that the schema does not name", extra.key)),
        None => Ok(row.slots),
    }
}
