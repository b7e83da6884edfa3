//! One row per rule: what is proven, and the witness of the way back.

use crate::{check, narrower, same};

#[test]
fn types_and_listed_values() {
    narrower(r#"{"type":"integer"}"#, r#"{"type":"number"}"#, "0.5");
    narrower(r#"{"type":"string"}"#, r#"{"type":["string","null"]}"#, "null");
    narrower(r#"{"type":"string"}"#, "{}", "null");
    narrower("false", r#"{"type":"string"}"#, r#""""#);
    narrower(r#"{"const":1}"#, r#"{"enum":[1.0,2]}"#, "2");
    narrower(r#"{"enum":["a","b"]}"#, r#"{"type":"string","maxLength":1}"#, r#""""#);
    narrower(r#"{"const":{"a":[1]}}"#, r#"{"type":"object","properties":{"a":{"type":"array"}}}"#, "{}");
    same(r#"{"type":"boolean"}"#, r#"{"enum":[true,false]}"#);
    same(r#"{"type":["integer","number"]}"#, r#"{"type":"number"}"#);
    same(r#"{"enum":[1,"a"],"type":"integer"}"#, r#"{"const":1}"#);
    same(r#"{"enum":[]}"#, "false");
}

#[test]
fn bounds() {
    narrower(r#"{"type":"number","minimum":2}"#, r#"{"type":"number","minimum":1}"#, "1");
    narrower(r#"{"type":"number","exclusiveMinimum":1}"#, r#"{"type":"number","minimum":1}"#, "1");
    same(r#"{"type":"integer","exclusiveMinimum":1}"#, r#"{"type":"integer","minimum":2}"#);
    same(r#"{"type":"integer","maximum":4,"minimum":5}"#, "false");
    narrower(r#"{"type":"number","maximum":1.5}"#, r#"{"maximum":2}"#, "null");
    narrower(r#"{"type":"integer","multipleOf":6}"#, r#"{"type":"integer","multipleOf":3}"#, "3");
    same(
        r#"{"type":"integer","multipleOf":5,"minimum":6}"#,
        r#"{"type":"integer","multipleOf":5,"minimum":10}"#,
    );
    same(r#"{"type":"number","multipleOf":1}"#, r#"{"type":"integer"}"#);
    narrower(
        r#"{"type":"string","minLength":2,"maxLength":4}"#,
        r#"{"type":"string","minLength":1}"#,
        r#""a""#,
    );
    narrower(r#"{"type":"string","pattern":"^a+$"}"#, r#"{"type":"string"}"#, r#""""#);
    same(r#"{"type":"string","format":"date"}"#, r#"{"type":"string"}"#);
    check(r#"{"type":"string","pattern":"^x+$"}"#, r#"{"pattern":"^xx*$"}"#, "unknown at /pattern");
}

#[test]
fn items() {
    let of = |name: &str| format!(r#"{{"type":"array","items":{{"type":"{name}"}}}}"#);
    narrower(&of("integer"), &of("number"), "[0.5]");
    check(&of("number"), r#"{"type":"array","items":{"type":"integer"},"maxItems":0}"#, "[0]");
    narrower(
        r#"{"type":"array","prefixItems":[{"type":"integer"}],"items":false}"#,
        r#"{"type":"array","maxItems":1}"#,
        r#"[""]"#,
    );
    narrower(
        r#"{"type":"array","prefixItems":[{"const":1},{"const":2}],"items":{"const":3}}"#,
        r#"{"type":"array","items":{"type":"integer"}}"#,
        "[0]",
    );
    narrower(
        r#"{"definitions":{},"type":"array","items":[{"const":1}],"additionalItems":{"const":3}}"#,
        r#"{"type":"array","prefixItems":[{"const":1}]}"#,
        r#"[1,""]"#,
    );
    narrower(
        r#"{"type":"array","minItems":2,"uniqueItems":true}"#,
        r#"{"type":"array","minItems":1}"#,
        r#"[""]"#,
    );
    same(r#"{"type":"array","maxItems":1}"#, r#"{"type":"array","maxItems":1,"uniqueItems":true}"#);
    narrower(
        r#"{"type":"array","contains":{"const":1}}"#,
        r#"{"type":"array","contains":{"type":"integer"},"minItems":1}"#,
        "[0]",
    );
    narrower(
        r#"{"type":"array","contains":{"type":"integer"},"minContains":2}"#,
        r#"{"type":"array","minItems":2}"#,
        r#"["",""]"#,
    );
    narrower(
        r#"{"type":"array","items":{"type":"integer"},"minItems":1}"#,
        r#"{"type":"array","contains":{"type":"number"}}"#,
        "[0.5]",
    );
    narrower(
        r#"{"type":"array","contains":{"type":"number"},"minContains":0,"maxContains":1}"#,
        r#"{"type":"array","contains":{"type":"integer"},"minContains":0,"maxContains":2}"#,
        "[0,0]",
    );
    narrower(
        r#"{"type":"array","items":{"type":"integer"},"unevaluatedItems":false}"#,
        r#"{"type":"array","unevaluatedItems":{"type":"number"}}"#,
        "[0.5]",
    );
}

#[test]
fn members() {
    let of = |more: &str| format!(r#"{{"type":"object"{more}}}"#);
    narrower(&of(r#","required":["a","b"]"#), &of(r#","required":["a"]"#), r#"{"a":""}"#);
    let a = r#","properties":{"a":{"type":"string"}}"#;
    narrower(&of(a), &of(""), r#"{"a":null}"#);
    narrower(&of(&format!(r#"{a},"additionalProperties":false"#)), &of(a), r#"{"other":""}"#);
    narrower(
        &of(r#","properties":{"b":{"const":"x"}},"additionalProperties":{"type":"string"}"#),
        &of(a),
        r#"{"b":""}"#,
    );
    narrower(
        &of(r#","additionalProperties":{"type":"integer"}"#),
        &of(r#","patternProperties":{"^x":{"type":"number"}}"#),
        r#"{"x":0.5}"#,
    );
    narrower(
        &of(r#","patternProperties":{"^x":{"type":"integer"}}"#),
        &of(r#","patternProperties":{"^x":{"type":"number"}}"#),
        r#"{"x":0.5}"#,
    );
    narrower(
        &of(r#","patternProperties":{"^x":{"type":"integer"}},"additionalProperties":false"#),
        &of(r#","additionalProperties":{"type":"number"}"#),
        r#"{"other":0}"#,
    );
    narrower(
        &of(r#","properties":{"x1":{"const":7}},"additionalProperties":false"#),
        &of(r#","patternProperties":{"^x":{"type":"integer"}},"additionalProperties":false"#),
        r#"{"x":0}"#,
    );
    narrower(&of(r#","required":["a","b"]"#), &of(r#","minProperties":2"#), r#"{"k0":"","k1":""}"#);
    narrower(
        &of(r#","properties":{"a":true,"b":true},"additionalProperties":false"#),
        &of(r#","maxProperties":2"#),
        r#"{"other":""}"#,
    );
    narrower(
        &of(r#","propertyNames":{"maxLength":1}"#),
        &of(r#","propertyNames":{"maxLength":2}"#),
        r#"{"b1":null}"#,
    );
    narrower(
        &of(r#","properties":{"a":{}},"additionalProperties":false"#),
        &of(r#","propertyNames":{"maxLength":1}"#),
        r#"{"":""}"#,
    );
}

#[test]
fn what_depends_on_a_member() {
    let of = |more: &str| format!(r#"{{"type":"object"{more}}}"#);
    let dependent = of(r#","dependentRequired":{"a":["b"]}"#);
    narrower(&of(r#","required":["b"]"#), &dependent, "{}");
    check(&of(""), &dependent, r#"{"a":null}"#);
    narrower(&of(r#","properties":{"a":false}"#), &dependent, r#"{"a":"","b":""}"#);
    same(&dependent, &of(r#","dependentSchemas":{"a":{"required":["b"]}}"#));
    same(&dependent, r#"{"definitions":{},"type":"object","dependencies":{"a":["b"]}}"#);
    narrower(&of(r#","dependentRequired":{"a":["b","c"]}"#), &dependent, r#"{"a":"","b":""}"#);
    narrower(
        &of(r#","dependentSchemas":{"a":{"minProperties":3}},"required":["a"]"#),
        &of(r#","minProperties":3"#),
        r#"{"k0":"","k1":"","k2":""}"#,
    );
}

#[test]
fn branches() {
    narrower(r#"{"type":"string"}"#, r#"{"anyOf":[{"type":"string"},{"type":"null"}]}"#, "null");
    same(r#"{"type":["string","null"]}"#, r#"{"anyOf":[{"type":"null"},{"type":"string"}]}"#);
    same(r#"{"type":["string","null"]}"#, r#"{"oneOf":[{"type":"null"},{"type":"string"}]}"#);
    check(r#"{"type":"integer"}"#, r#"{"oneOf":[{"type":"integer"},{"type":"number"}]}"#, "0");
    narrower(r#"{"allOf":[{"type":"number"},{"minimum":3}]}"#, r#"{"type":"number","minimum":2}"#, "2");
    same(r#"{"allOf":[{"type":["string","integer"]},{"type":["integer","null"]}]}"#, r#"{"type":"integer"}"#);
    let tagged = |more: &str, name: &str| {
        format!(
            r#"{{"oneOf":[{{"type":"object","required":["t"],"properties":{{"t":{{"const":"a"}},"v":{{"type":"{name}"}}}}}},
                {{"type":"object","required":["t"],"properties":{{"t":{{"const":"b"}}}}}}{more}]}}"#
        )
    };
    narrower(&tagged("", "integer"), &tagged("", "number"), r#"{"t":"a","v":1.5}"#);
    let third = r#",{"type":"object","required":["t"],"properties":{"t":{"enum":["c","d"]}}}"#;
    narrower(&tagged("", "integer"), &tagged(third, "number"), r#"{"t":"c"}"#);
    // One branch becomes several, told apart by a member.
    let whole =
        r#"{"type":"object","required":["t"],"properties":{"t":{"enum":["a","b"]},"v":{"type":"integer"}}}"#;
    check(whole, &tagged("", "integer"), "proven");
    // Whatever matched exactly one of the old branches matches none of those that shrank.
    narrower(
        r#"{"oneOf":[{"minimum":3},{"maximum":9}]}"#,
        r#"{"anyOf":[{"minimum":2},{"maximum":9}]}"#,
        "null",
    );
}

#[test]
fn negation_and_conditions() {
    narrower(r#"{"type":"string"}"#, r#"{"not":{"type":"null"}}"#, "false");
    same(r#"{"not":{"type":"string"}}"#, r#"{"type":["null","boolean","number","array","object"]}"#);
    narrower(r#"{"not":{"minimum":3}}"#, r#"{"not":{"minimum":4}}"#, "3");
    narrower(
        r#"{"type":"object","required":["a"],"properties":{"a":{"const":1}}}"#,
        r#"{"not":{"type":"object","required":["a"],"properties":{"a":{"const":2}}}}"#,
        r#""""#,
    );
    let condition = |then: &str| {
        format!(
            r#"{{"type":"object","if":{{"properties":{{"a":{{"const":1}}}},"required":["a"]}},"then":{then}}}"#
        )
    };
    narrower(
        &condition(r#"{"minProperties":3}"#),
        &condition(r#"{"minProperties":2}"#),
        r#"{"a":1,"k0":""}"#,
    );
    narrower(r#"{"type":"object","required":["b"]}"#, &condition(r#"{"required":["b"]}"#), "{}");
    check(r#"{"type":"object"}"#, r#"{"if":true,"then":false}"#, "{}");
    narrower(
        r#"{"type":"object","if":{"required":["a"]},"else":{"required":["b"]}}"#,
        r#"{"type":"object","minProperties":1}"#,
        r#"{"k0":""}"#,
    );
}

#[test]
fn references_and_recursion() {
    let list = |name: &str, word: &str| {
        format!(
            r##"{{"$ref":"#/{word}/l","{word}":{{"l":{{"type":"object","required":["v"],"properties":{{
                "v":{{"type":"{name}"}},"next":{{"anyOf":[{{"type":"null"}},{{"$ref":"#/{word}/l"}}]}}}}}}}}}}"##
        )
    };
    same(&list("integer", "$defs"), &list("integer", "definitions"));
    narrower(&list("integer", "$defs"), &list("number", "$defs"), r#"{"v":0.5}"#);
    let tree = |more: &str| format!(r##"{{"type":"object","properties":{{"l":{{"$ref":"#"}}{more}}}}}"##);
    narrower(&tree(r#","n":{"type":"null"}"#), &tree(""), r#"{"n":""}"#);
    same(
        r##"{"$ref":"#/$defs/a","$defs":{"a":{"type":"string"}}}"##,
        r##"{"$ref":"#/$defs/b","$defs":{"b":{"type":"string","title":"B"},"c":true}}"##,
    );
    // Beside a reference nothing counts in draft-07.
    check(
        r##"{"$ref":"#/definitions/a","maximum":3,"definitions":{"a":{"type":"integer"}}}"##,
        r#"{"maximum":3}"#,
        "4",
    );
    check(
        r##"{"$ref":"#/$defs/a","maximum":3,"$defs":{"a":{"type":"integer"}}}"##,
        r#"{"maximum":3}"#,
        "proven",
    );
}

#[test]
fn unevaluated_properties() {
    let of = |base: &str, more: &str| {
        format!(
            r##"{{"type":"object","allOf":[{{"$ref":"#/$defs/b"}}],"properties":{{"x":{{}}}},"unevaluatedProperties":{more},
                "$defs":{{"b":{{"properties":{{"a":{{"type":"{base}"}}}}}}}}}}"##
        )
    };
    narrower(&of("integer", "false"), &of("number", "false"), r#"{"a":0.5}"#);
    narrower(&of("integer", "false"), &of("integer", "true"), r#"{"other":""}"#);
}

#[test]
fn a_contradiction_is_included_in_anything() {
    for sub in [
        r#"{"type":"object","required":["a"],"properties":{"a":false}}"#,
        r#"{"allOf":[{"type":"string"},{"type":"null"}]}"#,
        r#"{"type":"string","minLength":3,"maxLength":2}"#,
        r#"{"const":1,"enum":[2]}"#,
        r#"{"type":"array","minItems":1,"items":false}"#,
        r#"{"oneOf":[{"type":"string","minLength":2,"maxLength":1},{"enum":[1],"type":"string"}]}"#,
        r#"{"type":"object","required":["a","b"],"maxProperties":1}"#,
        r#"{"not":{}}"#,
        r#"{"type":"string","not":{"type":["string","null"]}}"#,
    ] {
        check(sub, "false", "proven");
    }
}
