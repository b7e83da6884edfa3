//! One row per line of the rule table and direction: old, new, kinds, kinds of the way back, labels.

use crate::{both, check};

/// An object schema from its properties, its required names and the members after them.
fn object(properties: &str, required: &str, more: &str) -> String {
    format!(r#"{{"type":"object","properties":{{{properties}}},"required":[{required}]{more}}}"#)
}

const CLOSED: &str = r#","additionalProperties":false"#;
const INTEGERS: &str = r#","additionalProperties":{"type":"integer"}"#;

#[test]
fn properties_come_and_go() {
    let row = |property: &str, required: &str, more: &str, [kind, back, strict, lenient]: [&str; 4]| {
        both(&object("", "", more), &object(property, required, more), kind, back, strict, lenient);
    };
    let (a, with_default) = (r#""a":{"type":"string"}"#, r#""a":{"type":"string","default":""}"#);
    let (open, closed) =
        ("PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL", "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL");
    row(a, "", "", ["OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL", open, "forward", "full"]);
    let empty = "PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL";
    row(r#""a":{}"#, "", "", [empty, open, "full", "full"]);
    row(a, "", CLOSED, ["OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL", closed, "backward", "full"]);
    let required = r#""a""#;
    row(a, required, "", ["REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL", open, "forward", "forward"]);
    let unopen = "REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL";
    row(a, required, CLOSED, [unopen, closed, "breaking", "forward"]);
    let kind = "REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL";
    row(with_default, required, "", [kind, open, "forward", "full"]);
    let kind = "REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_UNOPEN_CONTENT_MODEL";
    row(with_default, required, CLOSED, [kind, closed, "backward", "full"]);
    let without = "PROPERTY_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL";
    let kind = "OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL";
    row(r#""a":false"#, "", CLOSED, [kind, without, "full", "full"]);
}

#[test]
fn a_partial_schema_covers_a_property_or_does_not() {
    let row = |property: &str, more: &str, [kind, back, strict, lenient]: [&str; 4]| {
        both(&object("", "", more), &object(property, "", more), kind, back, strict, lenient);
    };
    let [added, not_added] = [
        "PROPERTY_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
    ];
    let [removed, not_removed] = [
        "PROPERTY_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
    ];
    row(r#""a":{"type":"number"}"#, INTEGERS, [added, not_removed, "backward", "full"]);
    row(r#""a":{"type":"string"}"#, INTEGERS, [not_added, not_removed, "breaking", "full"]);
    row(r#""a":{"type":"integer"}"#, INTEGERS, [added, removed, "full", "full"]);
    let patterns = r#","patternProperties":{"^a":{"type":"integer"}},"additionalProperties":false"#;
    row(r#""a":{"type":"number"}"#, patterns, [added, not_removed, "backward", "full"]);
    let closed = "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL";
    let unopen = "OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL";
    row(r#""b":{"type":"number"}"#, patterns, [unopen, closed, "backward", "full"]);
}

#[test]
fn properties_become_required_and_optional() {
    let row = |property: &str, kind: &str, strict: &str, lenient: &str| {
        let (old, new) = (object(property, "", ""), object(property, r#""a""#, ""));
        both(&old, &new, kind, "REQUIRED_ATTRIBUTE_REMOVED", strict, lenient);
    };
    row(r#""a":{"type":"string"}"#, "REQUIRED_ATTRIBUTE_ADDED", "forward", "forward");
    let kind = "REQUIRED_ATTRIBUTE_WITH_DEFAULT_ADDED";
    row(r#""a":{"type":"string","default":""}"#, kind, "full", "full");
}

#[test]
fn objects_open_and_close() {
    for (word, name) in [
        ("additionalProperties", "ADDITIONAL_PROPERTIES"),
        ("unevaluatedProperties", "UNEVALUATED_PROPERTIES"),
    ] {
        let [absent, closed, partial] = [
            r#"{"type":"object"}"#.to_owned(),
            format!(r#"{{"type":"object","{word}":false}}"#),
            format!(r#"{{"type":"object","{word}":{{"type":"string"}}}}"#),
        ];
        let [added, removed, extended, narrowed] =
            ["ADDED", "REMOVED", "EXTENDED", "NARROWED"].map(|end| format!("{name}_{end}"));
        both(&closed, &absent, &added, &removed, "backward", "full");
        both(&closed, &partial, &added, &removed, "backward", "full");
        both(&partial, &absent, &extended, &narrowed, "backward", "full");
        check(&format!(r#"{{"type":"object","{word}":true}}"#), &absent, "", "full", "full");
    }
}

#[test]
fn dependencies_are_extended_and_narrowed() {
    for word in ["dependencies", "dependentRequired"] {
        let with = |names: &str| format!(r#"{{"type":"object","{word}":{{{names}}}}}"#);
        let [none, b, bc, c] = ["", r#""a":["b"]"#, r#""a":["b","c"]"#, r#""a":["c"]"#].map(with);
        let [added, removed] = ["DEPENDENCY_ARRAY_ADDED", "DEPENDENCY_ARRAY_REMOVED"];
        both(&b, &none, removed, added, "backward", "backward");
        let [extended, narrowed] = ["DEPENDENCY_ARRAY_EXTENDED", "DEPENDENCY_ARRAY_NARROWED"];
        both(&bc, &b, narrowed, extended, "backward", "backward");
        let changed = "DEPENDENCY_ARRAY_CHANGED";
        both(&b, &c, changed, changed, "breaking", "breaking");
    }
    for word in ["dependencies", "dependentSchemas"] {
        let with = |schema: &str| format!(r#"{{"type":"object","{word}":{{{schema}}}}}"#);
        let [none, least_1, least_2] =
            ["", r#""a":{"minProperties":1}"#, r#""a":{"minProperties":2}"#].map(with);
        let [added, removed] = ["DEPENDENCY_SCHEMA_ADDED", "DEPENDENCY_SCHEMA_REMOVED"];
        both(&least_1, &none, removed, added, "backward", "backward");
        let [decreased, increased] = ["MIN_PROPERTIES_DECREASED", "MIN_PROPERTIES_INCREASED"];
        both(&least_2, &least_1, decreased, increased, "backward", "backward");
    }
}

#[test]
fn reserved_names_stay_reserved() {
    let reserved = |names: &str| object("", "", &format!(r#","metadata":{{"reserved":[{names}]}}"#));
    let kind = "RESERVED_PROPERTY_REMOVED";
    check(&reserved(r#""a""#), &reserved(""), kind, "breaking", "breaking");
    let again = object(r#""a":{}"#, "", r#","metadata":{"reserved":["a"]}"#);
    let kinds = "PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL \
                 RESERVED_PROPERTY_CONFLICTS_WITH_PROPERTY";
    check(&reserved(r#""a""#), &again, kinds, "breaking", "breaking");
}

#[test]
fn a_rename_is_a_removal_and_an_addition() {
    let of = |name: &str, more: &str| object(&format!(r#""{name}":{{"type":"string"}}"#), "", more);
    let open = "PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL";
    check(&of("a", ""), &of("b", ""), open, "breaking", "full");
    let closed = "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL";
    check(&of("a", CLOSED), &of("b", CLOSED), closed, "breaking", "full");
}

#[test]
fn annotations_references_and_formats_are_full() {
    let row = |old: &str, new: &str, kind: &str| both(old, new, kind, kind, "full", "full");
    let plain = r#"{"type":"string"}"#;
    row(plain, r#"{"type":"string","title":"x"}"#, "TITLE_CHANGED");
    row(plain, r#"{"type":"string","description":"x"}"#, "DESCRIPTION_CHANGED");
    row(plain, r#"{"type":"string","default":"x"}"#, "DEFAULT_CHANGED");
    row(plain, r#"{"type":"string","$id":"urn:x"}"#, "ID_CHANGED");
    row(plain, r##"{"$ref":"#/$defs/a","$defs":{"a":{"type":"string"}}}"##, "");
    row(plain, r#"{"type":"string","format":"date"}"#, "");
    row(plain, r#"{"type":"string","contentEncoding":"base64"}"#, "");
}

#[test]
fn nothing_but_the_order_of_sets_is_identical() {
    let row = |old: &str, new: &str| both(old, new, "", "", "identical", "identical");
    row("true", "true");
    row(r#"{"type":["string","null"]}"#, r#"{"type":["null","string"]}"#);
    row(r#"{"enum":[1,2]}"#, r#"{"$comment":"x","enum":[2,1]}"#);
    let ab = r#""a":{},"b":{}"#;
    row(&object(ab, r#""a","b""#, ""), &object(ab, r#""b","a""#, ""));
}

#[test]
fn types_widen_and_narrow() {
    let row =
        |old: &str, new: &str, kind: &str, back: &str| both(old, new, kind, back, "backward", "backward");
    let (integer, number) = (r#"{"type":"integer"}"#, r#"{"type":"number"}"#);
    let (string, nullable) = (r#"{"type":"string"}"#, r#"{"type":["string","null"]}"#);
    row(integer, number, "TYPE_EXTENDED", "TYPE_NARROWED");
    row(string, "{}", "TYPE_EXTENDED", "TYPE_NARROWED");
    row(string, "true", "TYPE_EXTENDED", "TYPE_NARROWED");
    row("false", string, "TYPE_EXTENDED", "TYPE_NARROWED");
    row(r#"{"properties":{}}"#, "{}", "TYPE_EXTENDED", "TYPE_NARROWED");
    row(string, nullable, "SUM_TYPE_EXTENDED", "SUM_TYPE_NARROWED");
    for word in ["anyOf", "oneOf"] {
        let sum = format!(r#"{{"{word}":[{{"type":"null"}},{{"type":"string"}}]}}"#);
        row(string, &sum, "SUM_TYPE_EXTENDED", "SUM_TYPE_NARROWED");
        both(nullable, &sum, "", "", "full", "full");
    }
    for (a, b) in [(string, number), (r#"{"type":"object"}"#, r#"{"type":"array"}"#)] {
        both(a, b, "TYPE_CHANGED", "TYPE_CHANGED", "breaking", "breaking");
    }
}

#[test]
fn bounds_move() {
    let bounds = [
        ("string", "maxLength", "MAX_LENGTH"),
        ("string", "minLength", "MIN_LENGTH"),
        ("number", "maximum", "MAXIMUM"),
        ("number", "minimum", "MINIMUM"),
        ("number", "exclusiveMaximum", "EXCLUSIVE_MAXIMUM"),
        ("number", "exclusiveMinimum", "EXCLUSIVE_MINIMUM"),
        ("object", "maxProperties", "MAX_PROPERTIES"),
        ("object", "minProperties", "MIN_PROPERTIES"),
        ("array", "maxItems", "MAX_ITEMS"),
        ("array", "minItems", "MIN_ITEMS"),
        ("array", "maxContains", "MAX_CONTAINS"),
        ("array", "minContains", "MIN_CONTAINS"),
    ];
    for (kind, word, name) in bounds {
        let none = format!(r#"{{"type":"{kind}"}}"#);
        let with = |bound: u32| format!(r#"{{"type":"{kind}","{word}":{bound}}}"#);
        let [added, removed, increased, decreased] =
            ["ADDED", "REMOVED", "INCREASED", "DECREASED"].map(|end| format!("{name}_{end}"));
        both(&with(2), &none, &removed, &added, "backward", "backward");
        let raised = if name.contains("MAX") { "backward" } else { "forward" };
        both(&with(2), &with(3), &increased, &decreased, raised, raised);
    }
}

#[test]
fn multiples_and_patterns() {
    let multiple = |n: &str| format!(r#"{{"type":"number","multipleOf":{n}}}"#);
    let number = r#"{"type":"number"}"#;
    both(&multiple("4"), number, "MULTIPLE_OF_REMOVED", "MULTIPLE_OF_ADDED", "backward", "backward");
    let [reduced, expanded] = ["MULTIPLE_OF_REDUCED", "MULTIPLE_OF_EXPANDED"];
    both(&multiple("4"), &multiple("2"), reduced, expanded, "backward", "backward");
    both(&multiple("0.3"), &multiple("0.1"), reduced, expanded, "backward", "backward");
    let changed = "MULTIPLE_OF_CHANGED";
    both(&multiple("4"), &multiple("3"), changed, changed, "breaking", "breaking");
    let pattern = |p: &str| format!(r#"{{"type":"string","pattern":"{p}"}}"#);
    let string = r#"{"type":"string"}"#;
    both(&pattern("a"), string, "PATTERN_REMOVED", "PATTERN_ADDED", "backward", "backward");
    both(&pattern("ab"), &pattern("a"), "PATTERN_CHANGED", "PATTERN_CHANGED", "breaking", "breaking");
}

#[test]
fn listed_values() {
    let [extended, narrowed, changed] = ["ENUM_ARRAY_EXTENDED", "ENUM_ARRAY_NARROWED", "ENUM_ARRAY_CHANGED"];
    let (ab, abc, ac) = (r#"{"enum":["a","b"]}"#, r#"{"enum":["a","b","c"]}"#, r#"{"enum":["a","c"]}"#);
    both(ab, abc, extended, narrowed, "backward", "backward");
    both(ab, ac, changed, changed, "breaking", "breaking");
    both(ab, r#"{"enum":["a","b",null]}"#, extended, narrowed, "backward", "backward");
    let [kind, back] = ["PRODUCT_TYPE_NARROWED", "PRODUCT_TYPE_EXTENDED"];
    for constraint in [r#""enum":["a"]"#, r#""const":"a""#] {
        let with = format!(r#"{{"type":"string",{constraint}}}"#);
        both(&with, r#"{"type":"string"}"#, kind, back, "backward", "backward");
    }
    both(r#"{"const":1}"#, r#"{"const":2}"#, changed, changed, "breaking", "breaking");
    both(r#"{"const":1}"#, r#"{"enum":[1,2]}"#, changed, changed, "breaking", "breaking");
}

#[test]
fn items_of_arrays() {
    let array = |more: &str| format!(r#"{{"type":"array"{more}}}"#);
    let [none, integers, numbers] =
        ["", r#","items":{"type":"integer"}"#, r#","items":{"type":"number"}"#].map(array);
    both(&integers, &numbers, "TYPE_EXTENDED", "TYPE_NARROWED", "backward", "backward");
    both(&integers, &none, "SCHEMA_REMOVED", "SCHEMA_ADDED", "backward", "backward");
    let unique = array(r#","uniqueItems":true"#);
    both(&unique, &none, "UNIQUE_ITEMS_REMOVED", "UNIQUE_ITEMS_ADDED", "backward", "backward");
    let [closed, partial] =
        [r#","unevaluatedItems":false"#, r#","unevaluatedItems":{"type":"string"}"#].map(array);
    let [added, removed] = ["UNEVALUATED_ITEMS_ADDED", "UNEVALUATED_ITEMS_REMOVED"];
    both(&closed, &none, added, removed, "backward", "backward");
    let [extended, narrowed] = ["UNEVALUATED_ITEMS_EXTENDED", "UNEVALUATED_ITEMS_NARROWED"];
    both(&partial, &none, extended, narrowed, "backward", "backward");
}

#[test]
fn items_of_tuples() {
    let spellings = [("prefixItems", "items"), ("items", "additionalItems")];
    for (tuple, rest) in spellings {
        let of = |items: &str, more: &str| format!(r#"{{"type":"array","{tuple}":[true{items}]{more}}}"#);
        let row = |item: &str, more: &str, [kind, back, label]: [&str; 3]| {
            both(&of("", more), &of(item, more), kind, back, label, label);
        };
        let (closed, partial) = (format!(r#","{rest}":false"#), format!(r#","{rest}":{{"type":"integer"}}"#));
        let (string, open) = (r#",{"type":"string"}"#, "ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL");
        row(string, "", ["ITEM_ADDED_TO_OPEN_CONTENT_MODEL", open, "forward"]);
        row(",{}", "", ["ITEM_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL", open, "full"]);
        let kind = "ITEM_ADDED_TO_CLOSED_CONTENT_MODEL";
        row(string, &closed, [kind, "ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL", "backward"]);
        row(",false", &closed, [kind, "ITEM_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL", "full"]);
        let kind = "ITEM_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL";
        let back = "ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL";
        row(r#",{"type":"number"}"#, &partial, [kind, back, "backward"]);
        let covered = "ITEM_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL";
        row(r#",{"type":"integer"}"#, &partial, [kind, covered, "full"]);
        let kind = "ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL";
        row(string, &partial, [kind, back, "breaking"]);
        let [added, removed, extended, narrowed] =
            ["ADDED", "REMOVED", "EXTENDED", "NARROWED"].map(|end| format!("ADDITIONAL_ITEMS_{end}"));
        both(&of("", &closed), &of("", ""), &added, &removed, "backward", "backward");
        both(&of("", &partial), &of("", ""), &extended, &narrowed, "backward", "backward");
    }
}

#[test]
fn branches_come_and_go() {
    let [string, integer, boolean] =
        [r#"{"type":"string"}"#, r#"{"type":"integer"}"#, r#"{"type":"boolean"}"#];
    let list = |word: &str, branches: &[&str]| format!(r#"{{"{word}":[{}]}}"#, branches.join(","));
    for word in ["anyOf", "oneOf"] {
        let two = list(word, &[string, integer]);
        let three = list(word, &[boolean, integer, string]);
        both(&two, &three, "SUM_TYPE_EXTENDED", "SUM_TYPE_NARROWED", "backward", "backward");
        let other = list(word, &[boolean, integer, r#"{"type":"null"}"#]);
        let changed = "COMBINED_TYPE_SUBSCHEMAS_CHANGED";
        both(&two, &other, changed, changed, "breaking", "breaking");
    }
    let (one, two) = (list("allOf", &[string]), list("allOf", &[r#"{"minLength":1}"#, string]));
    both(&two, &one, "PRODUCT_TYPE_NARROWED", "PRODUCT_TYPE_EXTENDED", "backward", "backward");
    let [extended, changed] = ["COMBINED_TYPE_EXTENDED", "COMBINED_TYPE_CHANGED"];
    let turned = |old: &str, new: &str, more: &str| both(old, new, extended, more, "backward", "backward");
    turned(&list("oneOf", &[string, integer]), &list("anyOf", &[string, integer]), changed);
    turned(&list("allOf", &[string, string]), &list("anyOf", &[string, string]), changed);
    turned(&list("allOf", &[string, string]), &list("oneOf", &[string]), changed);
    let (one, sum) = (list("allOf", &[string]), list("oneOf", &[string, integer]));
    check(&one, &sum, extended, "backward", "backward");
    check(&sum, &list("allOf", &[string, integer]), changed, "breaking", "breaking");
}

#[test]
fn branches_that_do_not_fit_say_why_by_their_names() {
    let list = |length: u32| {
        let named = format!(r#"{{"title":"text","type":"string","maxLength":{length}}}"#);
        format!(r#"{{"anyOf":[{{"type":"boolean"}},{named}]}}"#)
    };
    let old = list(2).replace("boolean", "integer");
    let changed = "COMBINED_TYPE_SUBSCHEMAS_CHANGED";
    let [kinds, back] = ["INCREASED", "DECREASED"].map(|end| format!("{changed} MAX_LENGTH_{end}"));
    both(&old, &list(3), &kinds, &back, "breaking", "breaking");
}

#[test]
fn what_is_not_allowed_is_compared_the_other_way_round() {
    let not = |schema: &str| format!(r#"{{"type":["string","number"],"not":{schema}}}"#);
    let (integer, number) = (not(r#"{"type":"integer"}"#), not(r#"{"type":"number"}"#));
    both(&number, &integer, "NOT_TYPE_NARROWED", "NOT_TYPE_EXTENDED", "backward", "backward");
    let none = r#"{"type":["string","number"]}"#;
    both(&number, none, "PRODUCT_TYPE_NARROWED", "PRODUCT_TYPE_EXTENDED", "backward", "backward");
}
