//! The words of JSON Schema: which say something about which type, and which are not known.

use serde_json::{Map, Value};

use super::Reader;
use crate::checked::Dialect;
use crate::problem::Problem;

/// Keywords that change nothing about what is valid. `format` is one too, but stays in the content id,
/// since it says how a string is read.
pub(crate) const ANNOTATIONS: [&str; 12] = [
    "$comment",
    "$schema",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "default",
    "deprecated",
    "description",
    "examples",
    "readOnly",
    "title",
    "writeOnly",
];

/// Every keyword that compiles and constrains one type, with the type.
pub(super) const KEYWORDS: [(&str, &str); 18] = [
    ("properties", "object"),
    ("required", "object"),
    ("additionalProperties", "object"),
    ("minProperties", "object"),
    ("maxProperties", "object"),
    ("items", "array"),
    ("minItems", "array"),
    ("maxItems", "array"),
    ("uniqueItems", "array"),
    ("minLength", "string"),
    ("maxLength", "string"),
    ("pattern", "string"),
    ("format", "string"),
    ("minimum", "number"),
    ("maximum", "number"),
    ("exclusiveMinimum", "number"),
    ("exclusiveMaximum", "number"),
    ("multipleOf", "number"),
];

/// Every keyword that does not compile, with the type that it constrains, if it is one.
const LEFT: [(&str, Option<&str>); 14] = [
    ("$dynamicRef", None),
    ("$recursiveRef", None),
    ("not", None),
    ("if", None),
    ("patternProperties", Some("object")),
    ("propertyNames", Some("object")),
    ("dependentRequired", Some("object")),
    ("dependentSchemas", Some("object")),
    ("dependencies", Some("object")),
    ("unevaluatedProperties", Some("object")),
    ("contains", Some("array")),
    ("prefixItems", Some("array")),
    ("additionalItems", Some("array")),
    ("unevaluatedItems", Some("array")),
];

/// Keywords that say something only together with others, or nothing about values.
const OTHERS: [&str; 20] = [
    "type",
    "enum",
    "const",
    "$ref",
    "allOf",
    "anyOf",
    "oneOf",
    "discriminator",
    "then",
    "else",
    "minContains",
    "maxContains",
    "$defs",
    "definitions",
    "$id",
    "$anchor",
    "$dynamicAnchor",
    "$recursiveAnchor",
    "$vocabulary",
    "id",
];

/// Words that other dialects have, near to a keyword as they are.
const FOREIGN: [&str; 2] = ["example", "nullable"];

impl Reader<'_, '_> {
    /// Looks at every keyword: whether it is known, says something here, and compiles.
    pub(super) fn words(&mut self, object: &Map<String, Value>, types: &[&str]) {
        let says = |about: &str| types.contains(&about) || (about == "number" && types.contains(&"integer"));
        for word in object.keys().map(String::as_str) {
            let about = KEYWORDS.iter().find(|(known, _)| *known == word).map(|(_, about)| *about);
            let left = LEFT.iter().find(|(known, _)| *known == word).map(|(_, about)| *about);
            match (about, left) {
                (Some(about), _) if says(about) || word == "format" => {}
                (Some(about), _) | (_, Some(Some(about))) if !says(about) => {
                    let message = format!("`{word}` says nothing about type `{}`", types.join("` or `"));
                    let place = self.place(word);
                    self.notes.once(&format!("{word} beside {about}"), Problem::new(place, message));
                }
                (_, Some(_)) => self.leave_word(object, word),
                _ if ANNOTATIONS.contains(&word) || OTHERS.contains(&word) => self.id(object, word),
                _ => self.unknown(word),
            }
        }
    }

    /// A word that does not compile, unless it says nothing here or the same as one that does.
    fn leave_word(&mut self, object: &Map<String, Value>, word: &str) {
        let nothing = match word {
            "additionalItems" => !object.get("items").is_some_and(Value::is_array),
            "unevaluatedProperties" if closes(object) => true,
            "unevaluatedProperties" | "unevaluatedItems" | "propertyNames" => {
                object.get(word) == Some(&Value::Bool(true))
            }
            "if" => !object.contains_key("then") && !object.contains_key("else"),
            _ => false,
        };
        if word == "patternProperties" {
            self.patterns(object.get(word));
        }
        if !nothing {
            self.leave(word);
        }
    }

    fn id(&mut self, object: &Map<String, Value>, word: &str) {
        let local = object.get("$id").and_then(Value::as_str).is_some_and(|id| id.starts_with('#'));
        if word == "$id" && !local && (!self.at.is_empty() || !self.definition.is_empty()) {
            self.refuse::<()>("$id", "gives a part of the schema a name of its own: leave it out");
        }
    }

    /// A word that JSON Schema does not know says nothing, unless it is one that was written wrongly.
    fn unknown(&mut self, word: &str) {
        let known = KEYWORDS.iter().map(|(known, _)| *known);
        let known = known.chain(LEFT.iter().map(|(known, _)| *known)).chain(OTHERS).chain(ANNOTATIONS);
        let near = known.filter(|known| is_near(word, known)).min_by_key(|known| distance(word, known));
        let place = self.place(word);
        match near.filter(|_| !FOREIGN.contains(&word) && !word.starts_with("x-")) {
            Some(near) => {
                let problem = Problem::new(place, format!("the keyword `{word}` is not one of JSON Schema"));
                self.problems.push(problem.help(format!("did you mean `{near}`?")));
            }
            None => {
                let message = format!("the keyword `{word}` is not one of JSON Schema, which ignores it");
                self.notes.once(word, Problem::new(place, message));
            }
        }
    }

    /// Whether `items` is one schema for all elements.
    pub(super) fn items_for_all<'v>(&self, object: &'v Map<String, Value>) -> Option<&'v Value> {
        let items = object.get("items")?;
        let rest = self.dialect == Dialect::Draft2020 && object.contains_key("prefixItems");
        Some(items).filter(|items| !rest && !items.is_array())
    }
}

/// Whether `unevaluatedProperties` says what `additionalProperties` would say: nothing beside it looks at
/// members.
pub(super) fn closes(object: &Map<String, Value>) -> bool {
    const OTHERS: [&str; 11] = [
        "$ref",
        "$dynamicRef",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "if",
        "dependentSchemas",
        "dependencies",
        "patternProperties",
        "additionalProperties",
    ];
    !OTHERS.iter().any(|word| object.contains_key(*word))
}

/// Whether a word is likely another one that was written wrongly.
fn is_near(word: &str, known: &str) -> bool {
    let far = if known.len() > 6 { 2 } else { 1 };
    known.len() > 3 && distance(word, known) <= far
}

/// How many characters have to be put in, left out or changed to make one of the other.
fn distance(a: &str, b: &str) -> usize {
    const CHARS_MAX: usize = 32;
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(CHARS_MAX).collect(), b.chars().collect());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for ((y, above), left_above) in b.iter().zip(row.iter().skip(1)).zip(&row) {
            let left = next.last().copied().unwrap_or_default();
            next.push((left + 1).min(above + 1).min(left_above + usize::from(x != y)));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_are_nearly_keywords_are_told_from_others() {
        for (word, known) in [("requird", "required"), ("propertes", "properties"), ("Type", "type")] {
            assert!(is_near(word, known), "{word}");
        }
        let known = || KEYWORDS.iter().map(|(known, _)| *known).chain(OTHERS).chain(ANNOTATIONS);
        for word in ["tsAdditionalProperties", "x-order", "unit", "markdownDescription", "xml", "if2"] {
            assert!(!known().any(|known| is_near(word, known)), "{word}");
        }
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
