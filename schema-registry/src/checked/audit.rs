//! What a schema document must be before it is compiled: of bounded size, closed in itself, and never slow.

use std::collections::BTreeMap;

use serde_json::Value;

use super::subschemas;
use crate::compat::{SCHEMA_NESTING_MAX, SCHEMA_VALUES_MAX};
use crate::json::pointer::{self, Pointer};
use crate::schema::Pattern;

/// References that one after the other are followed from a schema, over all that lies below it.
pub(super) const REFERENCE_DEPTH_MAX: usize = 128;
/// Schemas that one and the same value may have to be held against at one place.
pub(super) const BRANCHES_MAX: u64 = 4096;

/// Checks a document.
///
/// # Errors
///
/// The first thing that is wrong, with its place.
pub(super) fn audit(root: &Value) -> Result<(), String> {
    size(root)?;
    let mut audit = Audit { root, followed: BTreeMap::new(), branches: BTreeMap::new() };
    audit.walk(root, "", 0)?;
    audit.in_place(root, "", 0).map(drop)
}

/// Bounds every recursion that follows.
fn size(root: &Value) -> Result<(), String> {
    let mut open = vec![(root, 0_usize)];
    let mut values = 0_usize;
    while let Some((value, depth)) = open.pop() {
        values += 1;
        if values > SCHEMA_VALUES_MAX {
            return Err(format!("the schema has more than {SCHEMA_VALUES_MAX} values"));
        }
        if depth > SCHEMA_NESTING_MAX {
            return Err(format!(
                "the schema is more than {SCHEMA_NESTING_MAX} deep: take parts out as `$defs`"
            ));
        }
        match value {
            Value::Object(members) => open.extend(members.values().map(|value| (value, depth + 1))),
            Value::Array(list) => open.extend(list.iter().map(|value| (value, depth + 1))),
            _ => {}
        }
    }
    Ok(())
}

/// How far a reference has been looked into.
enum Seen {
    Open,
    Done(u64),
}

struct Audit<'a> {
    root: &'a Value,
    /// References whose targets were walked.
    followed: BTreeMap<&'a str, ()>,
    /// How many schemas a value is held against at a reference's target.
    branches: BTreeMap<&'a str, Seen>,
}

impl<'a> Audit<'a> {
    /// Checks a schema and all that lies below it.
    fn walk(&mut self, schema: &'a Value, place: &str, hops: usize) -> Result<(), String> {
        if hops > REFERENCE_DEPTH_MAX {
            return Err(format!(
                "{place}: references lie more than {REFERENCE_DEPTH_MAX} deep within each other"
            ));
        }
        self.words(schema, place)?;
        let reference = schema.get("$ref").and_then(Value::as_str).filter(|r| pointed(r).is_some());
        if let Some(reference) = reference
            && self.followed.insert(reference, ()).is_none()
        {
            let target = self.target(reference, place)?;
            self.walk(target, reference.trim_start_matches('#'), hops + 1)?;
        }
        let mut below = Vec::new();
        subschemas(schema, &mut |path, schema| {
            let place = path.iter().fold(place.to_owned(), |host, key| pointer::child(&host, key));
            below.push((place, schema));
        });
        for (place, schema) in below {
            self.walk(schema, &place, hops)?;
            self.in_place(schema, &place, 0)?;
        }
        Ok(())
    }

    fn words(&self, schema: &'a Value, place: &str) -> Result<(), String> {
        for word in ["$ref", "$dynamicRef", "$recursiveRef"] {
            match schema.get(word) {
                None => {}
                Some(Value::String(reference)) if reference.starts_with('#') => {}
                Some(Value::String(reference)) => {
                    return Err(format!(
                        "{place}/{word}: `{reference}` leads out of the document: copy what it leads to into `$defs`"
                    ));
                }
                Some(other) => return Err(format!("{place}/{word}: must be a string, is `{other}`")),
            }
        }
        if let Some(id) = schema.get("$id").filter(|_| !place.is_empty())
            && !id.as_str().is_some_and(|id| id.starts_with('#'))
        {
            return Err(format!(
                "{place}/$id: gives {id} a name of its own within the document: leave it out"
            ));
        }
        if let Some(source) = schema.get("pattern").and_then(Value::as_str) {
            pattern(source, &format!("{place}/pattern"))?;
        }
        let named = schema.get("patternProperties").and_then(Value::as_object);
        for source in named.into_iter().flatten().map(|(source, _)| source) {
            pattern(source, &pointer::child(&format!("{place}/patternProperties"), source))?;
        }
        Ok(())
    }

    fn target(&self, reference: &str, place: &str) -> Result<&'a Value, String> {
        let path = pointed(reference).unwrap_or_default();
        lookup(self.root, &path).ok_or_else(|| format!("{place}/$ref: `{reference}` leads nowhere"))
    }

    /// How many schemas a value is held against at this place itself.
    fn in_place(&mut self, schema: &'a Value, place: &str, hops: usize) -> Result<u64, String> {
        if hops > REFERENCE_DEPTH_MAX {
            return Err(format!(
                "{place}: references lie more than {REFERENCE_DEPTH_MAX} deep within each other"
            ));
        }
        let mut count = 1_u64;
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str)
            && pointed(reference).is_some()
        {
            count = count.saturating_add(self.at_target(reference, place, hops)?);
        }
        for word in ["allOf", "anyOf", "oneOf"] {
            for branch in schema.get(word).and_then(Value::as_array).into_iter().flatten() {
                count = count.saturating_add(self.in_place(branch, place, hops + 1)?);
            }
        }
        for word in ["not", "if", "then", "else"] {
            if let Some(branch) = schema.get(word) {
                count = count.saturating_add(self.in_place(branch, place, hops + 1)?);
            }
        }
        for word in ["dependentSchemas", "dependencies"] {
            for branch in schema.get(word).and_then(Value::as_object).into_iter().flat_map(|o| o.values()) {
                count = count.saturating_add(self.in_place(branch, place, hops + 1)?);
            }
        }
        if count > BRANCHES_MAX {
            return Err(format!("{place}: a value here meets more than {BRANCHES_MAX} branches: use fewer"));
        }
        Ok(count)
    }

    fn at_target(&mut self, reference: &'a str, place: &str, hops: usize) -> Result<u64, String> {
        match self.branches.get(reference) {
            Some(Seen::Done(count)) => return Ok(*count),
            Some(Seen::Open) => return Err(format!("{place}/$ref: `{reference}` leads back to itself")),
            None => {}
        }
        self.branches.insert(reference, Seen::Open);
        let target = self.target(reference, place)?;
        let count = self.in_place(target, reference.trim_start_matches('#'), hops + 1)?;
        self.branches.insert(reference, Seen::Done(count));
        Ok(count)
    }
}

fn pattern(source: &str, place: &str) -> Result<(), String> {
    Pattern::compile(source).map(drop).map_err(|message| format!("{place}: {message}"))
}

/// The keys that a reference by pointer names; none if it is an anchor.
pub(crate) fn pointed(reference: &str) -> Option<Vec<String>> {
    let fragment = reference.strip_prefix('#')?;
    let pointer = Pointer::parse(&percent_decoded(fragment)?).ok()?;
    Some(pointer.tokens().to_vec())
}

/// What lies at a path.
pub(crate) fn lookup<'a>(root: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(root, |value, key| match value {
        Value::Array(items) => items.get(key.parse::<usize>().ok()?),
        value => value.get(key),
    })
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'%' {
            bytes.push(first);
            continue;
        }
        let (hex, after) = rest.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}
