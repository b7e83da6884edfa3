//! Annotations, types, values that are listed, and constraints on strings and numbers.

use std::collections::BTreeSet;

use serde_json::Value;

use super::bound;
use super::kind::ChangeKind::{self, *};
use super::source::Node;
use super::walk::Found;

const TYPES: [&str; 6] = ["array", "boolean", "null", "number", "object", "string"];

/// The types that both sides take, as far as constraints depend on it.
pub(crate) struct Shared {
    pub(crate) object: bool,
    pub(crate) array: bool,
    string: bool,
    number: bool,
}

/// Notes annotations that changed.
pub(crate) fn annotations(old: &Node<'_>, new: &Node<'_>, found: &mut Found) {
    let listed = [
        ("$id", IdChanged),
        ("title", TitleChanged),
        ("description", DescriptionChanged),
        ("default", DefaultChanged),
    ];
    for (word, kind) in listed {
        if old.get(word) != new.get(word) {
            let at = if new.get(word).is_some() { new } else { old };
            found.add_at(at, word, kind, kind);
        }
    }
}

/// Compares the types; `None` if no type is shared and nothing else is worth a comparison.
pub(crate) fn types(old: &Node<'_>, new: &Node<'_>, found: &mut Found) -> Option<Shared> {
    let (a, b) = (types_of(old), types_of(new));
    let shared = |name: &str| takes(&a, name) && takes(&b, name);
    let number = (takes(&a, "integer") && takes(&b, "integer")) || shared("number");
    let shared =
        Shared { object: shared("object"), array: shared("array"), string: shared("string"), number };
    if let Some((kind, back)) = types_changed(old, new, &a, &b) {
        found.add(new.pointer.clone(), kind, back);
        if kind == TypeChanged {
            return None;
        }
    }
    Some(shared)
}

fn types_changed(
    old: &Node<'_>,
    new: &Node<'_>,
    a: &BTreeSet<&str>,
    b: &BTreeSet<&str>,
) -> Option<(ChangeKind, ChangeKind)> {
    // Listed values say themselves which types they have; their own comparison tells more.
    let listed = values(old).is_some() && values(new).is_some();
    let declared = old.declared().is_some() && new.declared().is_some();
    if a == b || (listed && !declared) {
        return None;
    }
    let covers = |whole: &BTreeSet<&str>, part: &BTreeSet<&str>| part.iter().all(|name| takes(whole, name));
    let written = old.declared().is_some() || values(old).is_some();
    let written = written && (new.declared().is_some() || values(new).is_some());
    let same_count = a.len() == b.len();
    Some(match (covers(b, a), covers(a, b)) {
        (true, true) => return None,
        (true, false) if same_count || !written => (TypeExtended, TypeNarrowed),
        (true, false) => (SumTypeExtended, SumTypeNarrowed),
        (false, true) if same_count || !written => (TypeNarrowed, TypeExtended),
        (false, true) => (SumTypeNarrowed, SumTypeExtended),
        (false, false) if a.iter().any(|name| takes(b, name)) => {
            (CombinedTypeSubschemasChanged, CombinedTypeSubschemasChanged)
        }
        (false, false) => (TypeChanged, TypeChanged),
    })
}

fn takes(types: &BTreeSet<&str>, name: &str) -> bool {
    types.contains(name) || (name == "integer" && types.contains("number"))
}

/// The types that are declared, or that the listed values have, or all.
fn types_of<'a>(node: &Node<'a>) -> BTreeSet<&'a str> {
    if let Some(declared) = node.declared() {
        return declared.into_iter().collect();
    }
    match values(node) {
        Some(values) => values.into_iter().map(type_of).collect(),
        None => TYPES.into_iter().collect(),
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.as_f64().is_some_and(|n| n.fract() == 0.0) => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The values of `enum` or `const`.
fn values<'a>(node: &Node<'a>) -> Option<Vec<&'a Value>> {
    if let Some(value) = node.get("const") {
        return Some(vec![value]);
    }
    node.get("enum").and_then(Value::as_array).map(|values| values.iter().collect())
}

/// Compares what constrains values, strings and numbers.
pub(crate) fn constraints(old: &Node<'_>, new: &Node<'_>, shared: &Shared, found: &mut Found) {
    listed(old, new, found);
    if shared.string {
        bound::compare(bound::OF_STRINGS, old, new, found);
        pattern(old, new, found);
    }
    if shared.number {
        bound::compare(bound::OF_NUMBERS, old, new, found);
        bound::multiple_of(old, new, found);
    }
}

fn pattern(old: &Node<'_>, new: &Node<'_>, found: &mut Found) {
    match (old.get("pattern"), new.get("pattern")) {
        (None, Some(_)) => found.add_at(new, "pattern", PatternAdded, PatternRemoved),
        (Some(_), None) => found.add_at(old, "pattern", PatternRemoved, PatternAdded),
        (Some(a), Some(b)) if a != b => found.add_at(new, "pattern", PatternChanged, PatternChanged),
        _ => {}
    }
}

fn listed(old: &Node<'_>, new: &Node<'_>, found: &mut Found) {
    let word = |node: &Node<'_>| if node.get("const").is_some() { "const" } else { "enum" };
    let (a, b) = match (values(old), values(new)) {
        (None, None) => return,
        (None, Some(_)) => return found.add_at(new, word(new), ProductTypeExtended, ProductTypeNarrowed),
        (Some(_), None) => return found.add_at(old, word(old), ProductTypeNarrowed, ProductTypeExtended),
        (Some(a), Some(b)) => (texts(&a), texts(&b)),
    };
    let is_constant = old.get("const").is_some() || new.get("const").is_some();
    let (kind, back) = match (a.is_subset(&b), b.is_subset(&a)) {
        (true, true) if word(old) == word(new) => return,
        (true, false) if !is_constant => (EnumArrayExtended, EnumArrayNarrowed),
        (false, true) if !is_constant => (EnumArrayNarrowed, EnumArrayExtended),
        _ => (EnumArrayChanged, EnumArrayChanged),
    };
    found.add_at(new, word(new), kind, back);
}

/// The values as texts that are equal where the values are.
fn texts(values: &[&Value]) -> BTreeSet<String> {
    let text =
        |value: &&Value| serde_json_canonicalizer::to_string(value).unwrap_or_else(|_| value.to_string());
    values.iter().map(text).collect()
}
