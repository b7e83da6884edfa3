//! `oneOf` and `anyOf`: compiled where a value itself tells which branch it has to fit, by its type or its tag.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::super::equal::same_value;
use super::super::{Kind, Schema, Tagged, Types};
use super::{Parsed, Reader};

impl Reader<'_, '_> {
    /// One schema for the branches; where there is none, what takes at least what they take.
    pub(super) fn union(
        &mut self,
        word: &str,
        branches: Vec<Parsed>,
        discriminator: Option<&Value>,
    ) -> Parsed {
        let places = branches.iter().fold(1_usize, |sum, branch| sum.saturating_add(branch.places));
        let height = branches.iter().map(|branch| branch.height).max().unwrap_or(1);
        let schemas: Vec<Arc<Schema>> = branches.into_iter().map(|branch| branch.schema).collect();
        let schema = told_apart(word, &schemas, discriminator).unwrap_or_else(|| {
            self.leave(word);
            loosest(&schemas)
        });
        self.parsed(schema, places, height)
    }
}

/// The branches as one schema, if each value can fit one of them at most.
fn told_apart(word: &str, branches: &[Arc<Schema>], discriminator: Option<&Value>) -> Option<Schema> {
    if let [only] = branches {
        return Some(Schema::clone(only));
    }
    let nulls = branches.iter().filter(|branch| takes_null(branch)).count();
    if word == "oneOf" && nulls > 1 {
        return None;
    }
    let nullable = nulls > 0;
    let others: Vec<&Arc<Schema>> = branches.iter().filter(|branch| !is_null(branch)).collect();
    if let [only] = others.as_slice()
        && matches!(only.kind, Kind::Tagged(_) | Kind::Reference(_))
    {
        let exact = matches!(only.kind, Kind::Tagged(_)) && only.values.is_empty();
        return exact.then(|| Schema { nullable, ..Schema::clone(only) });
    }
    by_type(&others, nullable).or_else(|| by_tag(&others, nullable, discriminator))
}

fn by_type(branches: &[&Arc<Schema>], nullable: bool) -> Option<Schema> {
    let mut types = Types::default();
    for branch in branches {
        types = types.beside(Types::split(branch)?)?;
    }
    Some(types.schema(nullable))
}

fn takes_null(schema: &Schema) -> bool {
    schema.nullable && schema.values.iter().all(|list| list.iter().any(Value::is_null))
}

/// Whether only `null` fits.
fn is_null(schema: &Schema) -> bool {
    let nothing_else = match &schema.kind {
        Kind::Types(types) => types.all().into_iter().all(Option::is_none),
        _ => schema.values.iter().any(|list| list.iter().all(Value::is_null)),
    };
    nothing_else && takes_null(schema)
}

fn by_tag(branches: &[&Arc<Schema>], nullable: bool, discriminator: Option<&Value>) -> Option<Schema> {
    let first = branches.first()?.members_anywhere()?;
    let named = discriminator.and_then(|d| d.get("propertyName")).and_then(Value::as_str);
    let keys = named.into_iter().chain(first.properties.keys().map(String::as_str));
    let tagged = keys.into_iter().find_map(|key| tagged(branches, key))?;
    Some(Schema { nullable, ..Schema::of(Kind::Tagged(Arc::new(tagged))) })
}

fn tagged(branches: &[&Arc<Schema>], key: &str) -> Option<Tagged> {
    let mut read: Vec<(Vec<Value>, Arc<Schema>)> = Vec::new();
    let mut seen: BTreeMap<String, ()> = BTreeMap::new();
    for branch in branches {
        let Kind::Object(members) = &branch.kind else { return None };
        let property = members.properties.get(key).filter(|property| property.required)?;
        let values = tag_values(&property.schema)?;
        // The same value in two branches could fit both.
        if values.iter().any(|value| seen.insert(value.to_string(), ()).is_some()) {
            return None;
        }
        let branch = Arc::new(Schema { nullable: false, ..Schema::clone(branch) });
        read.push((values, branch));
    }
    Some(Tagged { key: key.to_owned(), branches: read })
}

/// The texts or truth values that a tag may have: such that are the same only if they are written so.
fn tag_values(schema: &Schema) -> Option<Vec<Value>> {
    let (first, more) = schema.values.split_first()?;
    let in_all = |value: &&Value| more.iter().all(|list| list.iter().any(|other| same_value(value, other)));
    let mut values: Vec<Value> = first.iter().filter(in_all).cloned().collect();
    values.dedup();
    let plain = |value: &Value| value.is_string() || value.is_boolean() || value.is_i64();
    (!values.is_empty() && values.iter().all(plain)).then_some(values)
}

/// What takes every value that some branch takes: their types, with nothing said about them.
fn loosest(branches: &[Arc<Schema>]) -> Schema {
    let mut types = Types::default();
    for branch in branches {
        match Types::split(branch) {
            Some(of_branch) => types.loosened(&of_branch),
            None => return Schema::any(),
        }
    }
    let nullable = branches.iter().any(|branch| branch.nullable);
    if nullable && types.all().into_iter().all(Option::is_some) {
        return Schema::any();
    }
    types.schema(nullable)
}
