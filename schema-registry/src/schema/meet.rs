//! Two schemas at once, where that is one schema again.

use std::sync::Arc;

use super::{Items, Kind, Members, Property, Range, Schema, Text, Types};
use crate::json::number::Num;

/// What fits both; none if no schema here says that exactly.
pub(super) fn meet(a: &Arc<Schema>, b: &Arc<Schema>) -> Option<Arc<Schema>> {
    if a.is_any() || Arc::ptr_eq(a, b) {
        return Some(b.clone());
    }
    if b.is_any() {
        return Some(a.clone());
    }
    let values = a.values.iter().chain(&b.values).cloned().collect();
    let nullable = a.nullable && b.nullable;
    let kind = match (&a.kind, &b.kind) {
        (Kind::Types(_), _) | (_, Kind::Types(_)) => return types(a, b),
        (Kind::Any, kind) | (kind, Kind::Any) => kind.clone(),
        (Kind::Boolean, Kind::Boolean) => Kind::Boolean,
        (Kind::Integer(x), Kind::Integer(y) | Kind::Number(y)) | (Kind::Number(x), Kind::Integer(y)) => {
            Kind::Integer(range(x, y)?)
        }
        (Kind::Number(x), Kind::Number(y)) => Kind::Number(range(x, y)?),
        (Kind::String(x), Kind::String(y)) => Kind::String(text(x, y)?),
        (Kind::Array(x), Kind::Array(y)) => Kind::Array(items(x, y)?),
        (Kind::Object(x), Kind::Object(y)) => Kind::Object(members(x, y)?),
        (Kind::Reference(x), Kind::Reference(y)) if x.digest == y.digest => a.kind.clone(),
        (Kind::Tagged(_) | Kind::Reference(_), _) | (_, Kind::Tagged(_) | Kind::Reference(_)) => return None,
        _ => Kind::Types(Arc::new(Types::default())),
    };
    Some(Arc::new(Schema { kind, nullable, values }.settled()))
}

fn types(a: &Schema, b: &Schema) -> Option<Arc<Schema>> {
    let (x, y) = (Types::split(a)?, Types::split(b)?);
    let both = |x: &Option<Arc<Schema>>, y: &Option<Arc<Schema>>| match (x, y) {
        (Some(x), Some(y)) => meet(x, y).map(Some),
        _ => Some(None),
    };
    let met = Types {
        boolean: both(&x.boolean, &y.boolean)?,
        number: both(&x.number, &y.number)?,
        string: both(&x.string, &y.string)?,
        array: both(&x.array, &y.array)?,
        object: both(&x.object, &y.object)?,
    };
    let null_fits = |schema: &Schema| {
        schema.nullable && schema.values.iter().all(|list| list.iter().any(|v| v.is_null()))
    };
    Some(Arc::new(met.schema(null_fits(a) && null_fits(b))))
}

fn larger<T: PartialOrd + Copy>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if a < b { b } else { a }),
        (a, b) => a.or(b),
    }
}

fn smaller<T: PartialOrd + Copy>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b < a { b } else { a }),
        (a, b) => a.or(b),
    }
}

/// One of the two where only one is said, or both say the same.
fn either<T: Clone>(a: &Option<T>, b: &Option<T>, same: impl Fn(&T, &T) -> bool) -> Option<Option<T>> {
    match (a, b) {
        (Some(x), Some(y)) => same(x, y).then(|| a.clone()),
        _ => Some(a.clone().or_else(|| b.clone())),
    }
}

fn range(a: &Range, b: &Range) -> Option<Range> {
    Some(Range {
        minimum: larger(a.minimum, b.minimum),
        maximum: smaller(a.maximum, b.maximum),
        exclusive_minimum: larger(a.exclusive_minimum, b.exclusive_minimum),
        exclusive_maximum: smaller(a.exclusive_maximum, b.exclusive_maximum),
        multiple_of: either(&a.multiple_of, &b.multiple_of, Num::eq)?,
    })
}

fn text(a: &Text, b: &Text) -> Option<Text> {
    Some(Text {
        min_length: larger(a.min_length, b.min_length),
        max_length: smaller(a.max_length, b.max_length),
        pattern: either(&a.pattern, &b.pattern, |x, y| x.to_string() == y.to_string())?,
        date_time: a.date_time || b.date_time,
    })
}

fn items(a: &Items, b: &Items) -> Option<Items> {
    Some(Items {
        items: rests(&a.items, &b.items)?,
        min_items: larger(a.min_items, b.min_items),
        max_items: smaller(a.max_items, b.max_items),
        unique: a.unique || b.unique,
    })
}

fn rests(a: &Option<Arc<Schema>>, b: &Option<Arc<Schema>>) -> Option<Option<Arc<Schema>>> {
    match (a, b) {
        (Some(a), Some(b)) => meet(a, b).map(Some),
        _ => Some(a.clone().or_else(|| b.clone())),
    }
}

fn members(a: &Members, b: &Members) -> Option<Members> {
    let mut properties = std::collections::BTreeMap::new();
    for key in a.properties.keys().chain(b.properties.keys()) {
        if properties.contains_key(key) {
            continue;
        }
        let schema = meet(&a.member(key), &b.member(key))?;
        let required = |of: &Members| {
            of.properties.get(key).is_some_and(|property| property.required) || of.others.contains(key)
        };
        properties.insert(key.clone(), Property { schema, required: required(a) || required(b) });
    }
    let mut others: Vec<String> = a.others.iter().chain(&b.others).cloned().collect();
    others.sort_unstable();
    others.dedup();
    others.retain(|key| !properties.contains_key(key));
    Some(Members {
        properties,
        open: a.open && b.open,
        rest: rests(&a.rest, &b.rest)?,
        others,
        min_properties: larger(a.min_properties, b.min_properties),
        max_properties: smaller(a.max_properties, b.max_properties),
    })
}

impl Members {
    /// What a member must be.
    fn member(&self, key: &str) -> Arc<Schema> {
        match (self.properties.get(key), &self.rest) {
            (Some(property), _) => property.schema.clone(),
            (None, _) if !self.open => Arc::new(Schema::nothing()),
            (None, Some(rest)) => rest.clone(),
            (None, None) => Arc::new(Schema::any()),
        }
    }
}
