//! A whole JSON Schema document that checks values: for what does not compile to a layout.
//!
//! The checks are those of the `jsonschema` crate, as JSON Schema 2020-12 or draft-07 say them. `format` and
//! `content…` are annotations in both. Nothing is ever fetched: a reference leads to a place of the same
//! document, or the document is refused. So is what could make checking slow without end: a pattern that is
//! not of linear time, a reference that leads back to itself, and branches that multiply.
//!
//! Not here: which places of an event's schema need it (`schema`).

mod audit;

use std::fmt;

pub(crate) use audit::{lookup, pointed};
use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::{Map, Value};

use crate::limits::PATTERN_SIZE_MAX;

/// Words that no check here looks at. Left out before a schema is compiled, which also saves their memory.
const SILENT: [&str; 13] = [
    "$comment",
    "$schema",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "default",
    "deprecated",
    "description",
    "examples",
    "format",
    "readOnly",
    "title",
    "writeOnly",
];

/// Words under which one schema stands.
pub(crate) const ONE: [&str; 11] = [
    "additionalItems",
    "additionalProperties",
    "contains",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];
/// Words under which a list of schemas stands. `items` is one of them in draft-07.
pub(crate) const LIST: [&str; 5] = ["allOf", "anyOf", "items", "oneOf", "prefixItems"];
/// Words under which schemas stand by name. `dependencies` has lists of keys, too.
pub(crate) const NAMED: [&str; 6] =
    ["$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"];

/// Which JSON Schema a document is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Dialect {
    /// JSON Schema 2020-12.
    Draft2020,
    /// JSON Schema draft-07: nothing beside a `$ref` counts.
    Draft07,
}

impl Dialect {
    /// By `$schema`; without it, by `definitions` (draft-07) or its absence.
    ///
    /// # Errors
    ///
    /// If `$schema` names something else.
    pub(crate) fn of(schema: &Value) -> Result<Dialect, String> {
        let Some(named) = schema.get("$schema") else {
            let old = schema.get("definitions").is_some() && schema.get("$defs").is_none();
            return Ok(if old { Dialect::Draft07 } else { Dialect::Draft2020 });
        };
        let uri = named.as_str().unwrap_or_default();
        let bare = uri.trim_end_matches('#').trim_start_matches("https://").trim_start_matches("http://");
        match bare {
            "json-schema.org/draft/2020-12/schema" => Ok(Dialect::Draft2020),
            "json-schema.org/draft-07/schema" => Ok(Dialect::Draft07),
            _ => Err(format!(
                "`$schema` says {named}: the dialects are `https://json-schema.org/draft/2020-12/schema` and `http://json-schema.org/draft-07/schema#`"
            )),
        }
    }
}

/// A compiled schema document.
#[derive(Clone)]
pub(crate) struct Checked {
    validator: Validator,
}

impl Checked {
    /// Compiles a whole document whose references stay within it.
    ///
    /// # Errors
    ///
    /// What is wrong with it, with the place, in one sentence.
    pub(crate) fn compile(schema: &Value) -> Result<Checked, String> {
        let dialect = Dialect::of(schema)?;
        audit::audit(schema)?;
        let draft = match dialect {
            Dialect::Draft2020 => Draft::Draft202012,
            Dialect::Draft07 => Draft::Draft7,
        };
        let patterns = PatternOptions::regex().size_limit(PATTERN_SIZE_MAX).dfa_size_limit(PATTERN_SIZE_MAX);
        let options = jsonschema::options()
            .with_draft(draft)
            .offline()
            .should_validate_formats(false)
            .with_pattern_options(patterns);
        let mut bare = silent(schema);
        if let Some(root) = bare.as_object_mut() {
            root.remove("$id");
        }
        let validator = options.build(&bare).map_err(|e| {
            let place = e.instance_path().to_string();
            format!("{}{e}", if place.is_empty() { String::new() } else { format!("{place}: ") })
        })?;
        Ok(Checked { validator })
    }

    /// Checks a value.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong: JSON Pointer to the place, and what is wrong there.
    pub(crate) fn check(&self, value: &Value) -> Result<(), (String, String)> {
        // Asking only whether is much faster than asking where not.
        if self.is_valid(value) {
            return Ok(());
        }
        self.validator.validate(value).map_err(|e| {
            let place = e.instance_path().to_string();
            (place, e.masked_with("the value").to_string())
        })
    }

    /// Whether a value is valid.
    pub(crate) fn is_valid(&self, value: &Value) -> bool {
        self.validator.is_valid(value)
    }
}

impl fmt::Debug for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Checked")
    }
}

/// The schema without the words that no check looks at. Its depth is bounded by the audit.
pub(crate) fn silent(schema: &Value) -> Value {
    let Some(object) = schema.as_object() else { return schema.clone() };
    let kept = object.iter().filter(|(word, _)| !SILENT.contains(&word.as_str()));
    Value::Object(
        kept.map(|(word, value)| (word.clone(), within_word(word, value, &silent))).collect::<Map<_, _>>(),
    )
}

/// The schema with its references leading to where it is put. Its own name, if it has one, goes.
pub(crate) fn moved(schema: &Value, to: &str) -> Value {
    let Some(object) = schema.as_object() else { return schema.clone() };
    let below = |schema: &Value| moved(schema, to);
    let members = object.iter().filter(|(word, _)| *word != "$id").map(|(word, value)| {
        let value = match (word.as_str(), value.as_str().and_then(|reference| reference.strip_prefix('#'))) {
            ("$ref", Some(place)) if place.is_empty() || place.starts_with('/') => {
                Value::from(format!("#{to}{place}"))
            }
            _ => within_word(word, value, &below),
        };
        (word.clone(), value)
    });
    Value::Object(members.collect())
}

/// What stands under a word, with the schemas there made anew.
fn within_word(word: &str, value: &Value, make: &dyn Fn(&Value) -> Value) -> Value {
    match value {
        Value::Array(list) if LIST.contains(&word) => list.iter().map(make).collect(),
        Value::Object(named) if NAMED.contains(&word) => {
            Value::Object(named.iter().map(|(name, schema)| (name.clone(), make(schema))).collect())
        }
        value if ONE.contains(&word) => make(value),
        value => value.clone(),
    }
}

/// Calls `each` with every schema directly below this one and the path to it.
pub(crate) fn subschemas<'a>(schema: &'a Value, each: &mut dyn FnMut(&[&str], &'a Value)) {
    for (word, value) in schema.as_object().into_iter().flatten() {
        match value {
            Value::Array(list) if LIST.contains(&word.as_str()) => {
                for (index, schema) in list.iter().enumerate() {
                    each(&[word, &index.to_string()], schema);
                }
            }
            Value::Object(named) if NAMED.contains(&word.as_str()) => {
                for (name, schema) in named.iter().filter(|(_, schema)| !schema.is_array()) {
                    each(&[word, name], schema);
                }
            }
            schema if ONE.contains(&word.as_str()) => each(&[word], schema),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(schema: Value, value: Value, expect: &str) {
        let checked = Checked::compile(&schema).unwrap_or_else(|e| panic!("{schema}: {e}"));
        let said =
            checked.check(&value).map_or_else(|(at, what)| format!("{at}: {what}"), |()| "fine".into());
        assert!(said.starts_with(expect), "{schema} says {said}");
        assert_eq!(checked.is_valid(&value), expect == "fine");
    }

    #[track_caller]
    fn check_refused(schema: Value, expect: &str) {
        let problem = Checked::compile(&schema).expect_err("is refused");
        assert!(problem.contains(expect), "{schema}: {problem}");
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_place() {
        let union = json!({"properties": {"a": {"oneOf": [{"type": "string"}, {"minimum": 3}]}}});
        check(union.clone(), json!({"a": 4}), "fine");
        check(union, json!({"a": 2}), "/a: the value is not valid under any of the schemas");
        check(
            json!({"$defs": {"x/y": {"type": "integer"}}, "$ref": "#/$defs/x~1y"}),
            json!("a"),
            ": the value",
        );
        let list = json!({"type": "array", "items": {"$ref": "#"}});
        check(list.clone(), json!([[], [[]]]), "fine");
        check(list, json!([[], [1]]), "/1/0: ");
    }

    #[test]
    fn each_dialect_has_its_own_meaning() {
        let beside =
            json!({"$ref": "#/definitions/a", "minimum": 3, "definitions": {"a": {"type": "integer"}}});
        check(beside.clone(), json!(1), "fine");
        let mut newer = beside;
        newer["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
        check(newer, json!(1), ": ");
        let tuple =
            json!({"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "null"}]});
        check(tuple, json!([1]), "/0: ");
        check_refused(json!({"$schema": "http://json-schema.org/draft-04/schema#"}), "the dialects are");
        check_refused(json!({"$schema": 7}), "the dialects are");
    }

    #[test]
    fn format_and_content_are_annotations() {
        for schema in [
            json!({"format": "date-time"}),
            json!({"definitions": {}, "format": "email", "contentMediaType": "application/json"}),
        ] {
            check(schema, json!("{nothing of the kind"), "fine");
        }
        check(json!({"properties": {"format": {"type": "null"}}}), json!({"format": "x"}), "/format: ");
        check(json!({"enum": [{"title": 1}]}), json!({"title": 1}), "fine");
    }

    #[test]
    fn references_stay_within_the_document() {
        check(json!({"$id": "https://example.org/root", "type": "null"}), json!(null), "fine");
        let far = "leads out of the document";
        check_refused(json!({"$ref": "https://example.org/x"}), far);
        check_refused(json!({"properties": {"a": {"$dynamicRef": "other.json#x"}}}), far);
        check_refused(json!({"$ref": "file:///etc/passwd"}), far);
        check_refused(json!({"properties": {"a": {"$id": "https://example.org/a"}}}), "/properties/a/$id: ");
        check_refused(json!({"$ref": "#/$defs/none"}), "leads nowhere");
        check_refused(json!({"$ref": 7}), "must be a string");
    }

    #[test]
    fn what_could_take_for_ever_is_refused() {
        check_refused(json!({"pattern": "(a)\\1"}), "/pattern: ");
        check_refused(json!({"patternProperties": {"(?=x)": true}}), "/patternProperties/(?=x): ");
        check_refused(json!({"pattern": "(a{1000}){1000}"}), "/pattern: ");
        check_refused(json!({"$ref": "#"}), "leads back to itself");
        let ring =
            json!({"$defs": {"a": {"allOf": [{"$ref": "#/$defs/b"}]}, "b": {"not": {"$ref": "#/$defs/a"}}}});
        check_refused(ring, "leads back to itself");
        let mut doubling = json!({"$defs": {"d40": true}, "$ref": "#/$defs/d0"});
        for n in 0..40 {
            let next = json!({"$ref": format!("#/$defs/d{}", n + 1)});
            doubling["$defs"][format!("d{n}")] = json!({"oneOf": [next, next]});
        }
        check_refused(doubling, "branches");
        let mut chain = json!({"$defs": {"d5000": true}, "$ref": "#/$defs/d0"});
        for n in 0..5000 {
            chain["$defs"][format!("d{n}")] = json!({"items": {"$ref": format!("#/$defs/d{}", n + 1)}});
        }
        check_refused(chain, "references lie more than");
        let deep = (0..200).fold(json!(true), |inner, _| json!({"items": inner}));
        check_refused(deep, "deep");
    }

    #[test]
    fn what_the_dialect_does_not_know_is_refused() {
        check_refused(json!({"type": "strnig"}), "/type: ");
        check_refused(json!({"properties": 7}), "/properties: ");
    }
}
