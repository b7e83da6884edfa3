//! A document without the definitions that nothing leads to: in a bundle of hundreds, few are needed for one
//! root, and what is left out need not be compiled.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::inclusion::percent_decoded;
use crate::json::pointer::Pointer;

const WORDS: [&str; 2] = ["$defs", "definitions"];

/// The document with only those definitions that its references lead to, or as it is if that is not certain.
pub(crate) fn pruned(root: &Value) -> Value {
    let defined = |word: &str| root.get(word).and_then(Value::as_object);
    let Some(members) = root.as_object().filter(|_| WORDS.iter().any(|word| defined(word).is_some())) else {
        return root.clone();
    };
    let mut needed: BTreeSet<(String, String)> = BTreeSet::new();
    let own = members.iter().filter(|(word, _)| !WORDS.contains(&word.as_str()));
    let own = Value::Object(own.map(|(word, value)| (word.clone(), value.clone())).collect());
    let mut open = vec![&own];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(members) => {
                if ["$anchor", "$dynamicRef", "$recursiveRef", "$id"]
                    .iter()
                    .any(|word| members.contains_key(*word))
                {
                    return root.clone();
                }
                if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                    let Some((word, name)) = definition(reference) else { return root.clone() };
                    let found = root.get(&word).and_then(|defined| defined.get(&name));
                    if needed.insert((word, name)) {
                        open.extend(found);
                    }
                }
                open.extend(members.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    let kept = |(word, value): (&String, &Value)| {
        let value = match value {
            Value::Object(defined) if WORDS.contains(&word.as_str()) => {
                let needed = |name: &str| needed.contains(&(word.clone(), name.to_owned()));
                let kept = defined.iter().filter(|(name, _)| needed(name));
                Value::Object(
                    kept.map(|(name, schema)| (name.clone(), schema.clone())).collect::<Map<_, _>>(),
                )
            }
            value => value.clone(),
        };
        (word.clone(), value)
    };
    Value::Object(members.iter().map(kept).collect())
}

/// The definition that a reference leads to or into.
fn definition(reference: &str) -> Option<(String, String)> {
    let pointer = Pointer::parse(&percent_decoded(reference.strip_prefix('#')?)?).ok()?;
    match pointer.tokens() {
        [word, name, ..] if WORDS.contains(&word.as_str()) => Some((word.clone(), name.clone())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_definitions_that_are_led_to_are_kept() {
        let schema = json!({"$ref": "#/definitions/a~1b", "definitions": {
            "a/b": {"items": {"$ref": "#/definitions/c/properties/x"}},
            "c": {"properties": {"x": {"$ref": "#/definitions/c"}}},
            "d": {"$ref": "#/definitions/a~1b"}}});
        let mut expect = schema.clone();
        expect["definitions"].as_object_mut().expect("definitions").remove("d");
        assert_eq!(pruned(&schema), expect);
    }

    #[test]
    fn a_document_with_other_references_is_left_alone() {
        for schema in
            [json!({"items": {"$ref": "#"}, "$defs": {"x": {}}}), json!({"$ref": "#a", "$defs": {"x": {}}})]
        {
            assert_eq!(pruned(&schema), schema);
        }
    }
}
