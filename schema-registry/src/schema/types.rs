//! Rules by type, for a value that may be of several.

use std::sync::Arc;

use selfsame_record::ValueRef;
use serde_json::Value;

use super::{Items, Kind, Members, Range, Schema, Text};

/// What a value of each type must be; none where there may be no such value. Whether it may be `null` is said
/// beside it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Types {
    pub(crate) boolean: Option<Arc<Schema>>,
    pub(crate) number: Option<Arc<Schema>>,
    pub(crate) string: Option<Arc<Schema>>,
    pub(crate) array: Option<Arc<Schema>>,
    pub(crate) object: Option<Arc<Schema>>,
}

impl Types {
    /// The schema for a value; none for `null`, and for types that there may be no values of.
    pub(super) fn of(&self, value: ValueRef<'_>) -> Option<&Schema> {
        let schema = match value {
            ValueRef::Bool(_) => &self.boolean,
            ValueRef::Int(_) | ValueRef::Number(_) => &self.number,
            ValueRef::Text(_) => &self.string,
            ValueRef::Json(json) if json.starts_with('[') => &self.array,
            ValueRef::Json(_) | ValueRef::Object => &self.object,
            ValueRef::Null | ValueRef::Absent => &None,
        };
        schema.as_deref()
    }

    pub(super) fn all(&self) -> [&Option<Arc<Schema>>; 5] {
        [&self.boolean, &self.number, &self.string, &self.array, &self.object]
    }

    fn all_mut(&mut self) -> [&mut Option<Arc<Schema>>; 5] {
        [&mut self.boolean, &mut self.number, &mut self.string, &mut self.array, &mut self.object]
    }

    /// The types in words.
    pub(super) fn names(&self) -> Vec<&'static str> {
        let integer = |schema: &Arc<Schema>| matches!(schema.kind, Kind::Integer(_));
        let number = if self.number.as_ref().is_some_and(integer) { "an integer" } else { "a number" };
        let names = ["true or false", number, "a string", "an array", "an object"];
        names.into_iter().zip(self.all()).filter_map(|(name, schema)| schema.as_ref().map(|_| name)).collect()
    }

    /// The types of a schema, each with its rules; none if they cannot be told.
    pub(super) fn split(schema: &Schema) -> Option<Types> {
        let alone = || Some(Arc::new(Schema { nullable: false, ..schema.clone() }));
        let none = Types::default();
        let mut types = match &schema.kind {
            Kind::Any => Types::open(),
            Kind::Boolean => return Some(Types { boolean: alone(), ..none }),
            Kind::Integer(_) | Kind::Number(_) => return Some(Types { number: alone(), ..none }),
            Kind::String(_) => return Some(Types { string: alone(), ..none }),
            Kind::Array(_) => return Some(Types { array: alone(), ..none }),
            Kind::Object(_) | Kind::Tagged(_) => return Some(Types { object: alone(), ..none }),
            Kind::Types(types) => Types::clone(types),
            Kind::Reference(_) => return None,
        };
        if !schema.values.is_empty() {
            for schema_of_type in types.all_mut().into_iter().flatten() {
                Arc::make_mut(schema_of_type).values.extend(schema.values.iter().cloned());
            }
        }
        Some(types)
    }

    /// Every type, with nothing said about it.
    pub(super) fn open() -> Types {
        let of = |kind| Some(Arc::new(Schema::of(kind)));
        Types {
            boolean: of(Kind::Boolean),
            number: of(Kind::Number(Range::default())),
            string: of(Kind::String(Text::default())),
            array: of(Kind::Array(Items::default())),
            object: of(Schema::made_object().kind),
        }
    }

    /// The types of both, if they have none in common.
    pub(super) fn beside(mut self, other: Types) -> Option<Types> {
        let Types { boolean, number, string, array, object } = other;
        for (own, other) in self.all_mut().into_iter().zip([boolean, number, string, array, object]) {
            match (&own, other) {
                (Some(_), Some(_)) => return None,
                (None, other) => *own = other,
                (Some(_), None) => {}
            }
        }
        Some(self)
    }

    /// The types of either, with nothing said about them.
    pub(super) fn loosened(&mut self, other: &Types) {
        let open = Types::open();
        let given = self.all_mut().into_iter().zip(other.all());
        for ((own, other), open) in given.zip(open.all()) {
            if own.is_some() || other.is_some() {
                own.clone_from(open);
            }
        }
    }

    /// The schema of these types: the one that is there, if there is one alone.
    pub(super) fn schema(self, nullable: bool) -> Schema {
        let there: Vec<&Arc<Schema>> = self.all().into_iter().flatten().collect();
        if let [only] = there.as_slice()
            && (!matches!(&only.kind, Kind::Object(_)) || only.values.is_empty())
        {
            let mut only = Schema { nullable, ..Schema::clone(only) };
            for list in only.values.iter_mut().filter(|list| nullable && !list.contains(&Value::Null)) {
                list.push(Value::Null);
            }
            return only;
        }
        Schema { kind: Kind::Types(Arc::new(self)), nullable, values: Vec::new() }
    }
}

impl Schema {
    /// The same, with an object whose values are listed kept whole: only a whole value is held against them.
    pub(super) fn settled(self) -> Schema {
        match &self.kind {
            Kind::Object(_) if !self.values.is_empty() => {
                let nullable =
                    self.nullable && self.values.iter().all(|list| list.iter().any(|v| v.is_null()));
                let object = Some(Arc::new(Schema { nullable: false, ..self }));
                Schema {
                    kind: Kind::Types(Arc::new(Types { object, ..Types::default() })),
                    nullable,
                    values: Vec::new(),
                }
            }
            _ => self,
        }
    }

    /// The members of an object that is kept whole or has places of its own.
    pub(crate) fn members_anywhere(&self) -> Option<&Members> {
        match &self.kind {
            Kind::Object(members) => Some(members),
            Kind::Types(types) => types.object.as_ref()?.members_anywhere(),
            _ => None,
        }
    }
}
