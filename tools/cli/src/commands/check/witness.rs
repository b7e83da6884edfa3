//! Documents that one schema takes and the other does not.
//!
//! A few thousand small documents are made from both schemas and validated under both. What is found is
//! certain; that nothing is found proves nothing.

use jsonschema::{Draft, Validator};
use serde_json::Value;

use super::part::Part;
use super::sample::{Manner, make, pool};
use super::vary::{smaller, variants};

/// Documents that are tried for one pair of schemas.
const DOCUMENTS_MAX: usize = 6000;
/// Documents that are made whole, per schema and fullness: one per branch or type.
const CHOICES: usize = 4;
/// Steps in which a witness is made smaller.
const SHRINK_MAX: usize = 200;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Witnesses {
    /// Valid under the old schema, invalid under the new one.
    pub(crate) backward: Option<Value>,
    /// The other way round.
    pub(crate) forward: Option<Value>,
    /// How many documents were tried.
    pub(crate) tried: usize,
    /// How many of them the old schema takes, and how many the new one.
    pub(crate) valid: (usize, usize),
}

/// Looks for witnesses against both directions; an error says which schema cannot be validated with.
pub(crate) fn search(old: &Value, new: &Value) -> Result<Witnesses, String> {
    let old_validator = validator(old).map_err(|e| format!("the old schema: {e}"))?;
    let new_validator = validator(new).map_err(|e| format!("the new schema: {e}"))?;
    let mut found = Witnesses::default();
    for document in documents(old, new) {
        found.tried += 1;
        let (in_old, in_new) = (old_validator.is_valid(&document), new_validator.is_valid(&document));
        found.valid.0 += usize::from(in_old);
        found.valid.1 += usize::from(in_new);
        match (in_old, in_new) {
            (true, false) => keep(&mut found.backward, document),
            (false, true) => keep(&mut found.forward, document),
            _ => {}
        }
    }
    found.backward = found.backward.map(|witness| shrink(witness, &old_validator, &new_validator));
    found.forward = found.forward.map(|witness| shrink(witness, &new_validator, &old_validator));
    Ok(found)
}

fn validator(schema: &Value) -> Result<Validator, String> {
    let mut options = jsonschema::options().should_validate_formats(true);
    if schema.get("$schema").is_none() && speaks_draft_7(schema, 0) {
        options = options.with_draft(Draft::Draft7);
    }
    options.build(schema).map_err(|e| e.to_string())
}

/// Whether the schema uses spellings that only draft-07 knows.
fn speaks_draft_7(schema: &Value, depth: usize) -> bool {
    let old_words = |m: &serde_json::Map<String, Value>| {
        m.get("items").is_some_and(Value::is_array)
            || ["additionalItems", "dependencies"].iter().any(|word| m.contains_key(*word))
    };
    match schema {
        _ if depth > selfsame_schema::compat::SCHEMA_NESTING_MAX => false,
        Value::Object(members) => {
            old_words(members) || members.values().any(|s| speaks_draft_7(s, depth + 1))
        }
        Value::Array(items) => items.iter().any(|s| speaks_draft_7(s, depth + 1)),
        _ => false,
    }
}

fn documents(old: &Value, new: &Value) -> Vec<Value> {
    let parts = [Part::root(old), Part::root(new)];
    let mut documents = pool(&parts, 0);
    let manners = (0..CHOICES).flat_map(|choice| [false, true].map(|filled| Manner { filled, choice }));
    let mut bases: Vec<Value> = manners.flat_map(|manner| parts.map(|part| make(part, manner, 0))).collect();
    let mut seen = std::collections::BTreeSet::new();
    bases.retain(|base| seen.insert(base.to_string()));
    let share = DOCUMENTS_MAX / bases.len().max(1);
    for base in bases {
        documents.extend(variants(&base, &parts, share));
        documents.push(base);
    }
    documents.truncate(DOCUMENTS_MAX);
    documents
}

/// Keeps the shorter one.
fn keep(kept: &mut Option<Value>, witness: Value) {
    let length = |value: &Value| value.to_string().len();
    if kept.as_ref().is_none_or(|kept| length(&witness) < length(kept)) {
        *kept = Some(witness);
    }
}

fn shrink(mut witness: Value, valid: &Validator, invalid: &Validator) -> Value {
    for _ in 0..SHRINK_MAX {
        let is_witness = |value: &Value| valid.is_valid(value) && !invalid.is_valid(value);
        let Some(next) = smaller(&witness).into_iter().find(is_witness) else { break };
        witness = next;
    }
    witness
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The witnesses against both directions, `-` for none.
    #[track_caller]
    fn check(old: &str, new: &str, backward: &str, forward: &str) {
        let schema = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
        let found = search(&schema(old), &schema(new)).expect("validators");
        let text = |witness: &Option<Value>| witness.as_ref().map_or("-".to_owned(), Value::to_string);
        assert_eq!((text(&found.backward), text(&found.forward)), (backward.into(), forward.into()));
    }

    #[test]
    fn a_bound_that_moved_has_a_witness() {
        check(r#"{"maxLength":5}"#, r#"{"maxLength":4}"#, r#""aaaaa""#, "-");
        check(r#"{"type":"integer"}"#, r#"{"type":"number"}"#, "-", "1.5");
        check(r#"{"enum":["x","y"]}"#, r#"{"enum":["x"]}"#, r#""y""#, "-");
        check(r#"{"type":"string"}"#, r#"{"type":"string"}"#, "-", "-");
    }

    #[test]
    fn what_the_rule_does_not_look_at_has_a_witness() {
        check(r#"{"type":"object"}"#, r#"{"type":"object","required":["a"]}"#, "{}", "-");
        check(r#"{"type":"string"}"#, r#"{"type":"string","format":"date"}"#, r#""""#, "-");
        check(r#"{"type":"array"}"#, r#"{"type":"array","contains":{"type":"string"}}"#, "[]", "-");
        let list = |more: &str| format!(r#"{{"oneOf":[{{"type":"integer"}}{more}]}}"#);
        check(&list(""), &list(r#",{"type":"number"}"#), "0", "1.5");
    }

    #[test]
    fn a_witness_is_found_within_and_is_small() {
        let of = |name: &str| {
            format!(
                r##"{{"type":"object","properties":{{"list":{{"items":{{"$ref":"#/$defs/x"}}}},"more":{{}}}},
                    "required":["list"],"$defs":{{"x":{{"type":"object","properties":{{"n":{{"type":"{name}"}}}}}}}}}}"##
            )
        };
        check(&of("number"), &of("integer"), r#"{"list":[{"n":1.5}]}"#, "-");
    }

    #[test]
    fn recursion_in_place_ends() {
        for schema in [r##"{"allOf":[{"$ref":"#"}]}"##, r##"{"anyOf":[{"$ref":"#"},{"type":"string"}]}"##] {
            let schema: Value = serde_json::from_str(schema).expect("JSON");
            assert!(search(&schema, &schema).is_ok_and(|found| found.backward.is_none()));
        }
    }
}
