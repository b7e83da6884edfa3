//! What lenses make of schemas: documents that are valid under the image, and documents that are not.

use selfsame_schema::{Purpose, Way, derive};
use serde_json::{Value, json};

use crate::yaml;

/// A lens, a way and a schema; what is valid under the image, one document per line, `!` before what is not.
#[track_caller]
fn check(way: Way, lens: &str, schema: &str, to: Option<&str>, documents: &[&str]) {
    let (lens, schema, to) = (yaml(lens), yaml(schema), to.map(yaml));
    let image =
        derive(&lens, way, Purpose::Proof, &schema, to.as_ref()).expect("a lens that leads somewhere");
    let validator = jsonschema::validator_for(&image).expect("a schema");
    for text in documents {
        let valid = !text.starts_with('!');
        let document = yaml(text.trim_start_matches('!'));
        assert_eq!(validator.is_valid(&document), valid, "{document} under {image}");
    }
}

#[track_caller]
fn up(lens: &str, schema: &str, documents: &[&str]) {
    check(Way::Up, lens, schema, None, documents);
}

#[track_caller]
fn down(lens: &str, schema: &str, documents: &[&str]) {
    check(Way::Down, lens, schema, None, documents);
}

/// An object with a required `a` and an optional `b`.
const AB: &str = "{type: object, required: [a], properties: {a: {type: string}, b: {type: integer}}, additionalProperties: false}";

#[test]
fn fields_come_and_go() {
    up("[{add: {at: /c, default: 1}}]", AB, &["{a: '', c: 1}", "!{a: ''}", "!{a: '', c: 2}"]);
    up("[{add: {at: /c}}]", AB, &["{a: ''}", "!{a: '', c: 1}"]);
    up("[{remove: {at: /a, default: ''}}]", AB, &["{b: 1}", "{}", "!{a: ''}"]);
    down("[{add: {at: /a, default: ''}}]", AB, &["{b: 1}", "!{a: ''}"]);
    down("[{remove: {at: /c, default: [1]}}]", AB, &["{a: '', c: [1]}", "!{a: ''}"]);
    // Taken away and given again, of another type.
    up(
        "[{remove: {at: /a, default: ''}}, {add: {at: /a, default: 5}}]",
        "{type: object, properties: {a: {type: string}}}",
        &["{a: 5}", "!{a: ''}", "!{}"],
    );
}

#[test]
fn a_field_keeps_its_type_and_its_being_there_under_another_name() {
    up("[{rename: {from: /a, to: /c}}]", AB, &["{c: ''}", "!{}", "!{c: 1}", "!{a: ''}"]);
    up("[{rename: {from: /b, to: /c}}]", AB, &["{a: ''}", "{a: '', c: 1}", "!{a: '', c: ''}"]);
    down("[{rename: {from: /c, to: /a}}]", AB, &["{c: ''}", "!{a: ''}"]);
    up(
        "[{rename: {from: /a, to: /b}}, {rename: {from: /b, to: /a}}]",
        "{type: object, properties: {a: {type: string}}, additionalProperties: false}",
        &["{a: ''}", "!{b: ''}"],
    );
}

#[test]
fn a_moved_field_makes_its_host() {
    let lens = "[{move: {from: /a, to: /n/a}}]";
    up(lens, AB, &["{n: {a: ''}}", "{n: {a: ''}, b: 1}", "!{b: 1}", "!{n: {}}"]);
    up(
        "[{move: {from: /b, to: /n/m/b}}]",
        AB,
        &["{a: ''}", "{a: '', n: {m: {b: 1}}}", "!{a: '', n: {m: {}}}"],
    );
    let host = "{type: object, required: [n], additionalProperties: false, properties: \
                {n: {type: object, required: [a], properties: {a: {type: string}}, additionalProperties: false}}}";
    check(Way::Down, lens, host, Some(AB), &["{a: ''}", "!{a: '', n: {}}"]);
    let kept = "{type: object, properties: {n: {type: object}}}";
    check(Way::Down, lens, host, Some(kept), &["{a: '', n: {}}", "!{a: ''}"]);
}

#[test]
fn values_are_led_by_the_table() {
    let schema = "{type: object, required: [a], properties: {a: {enum: [x, y, z]}}}";
    up("[{convert: {at: /a, up: {x: 1, y: 2}}}]", schema, &["{a: 1}", "!{a: x}", "!{a: z}"]);
    up("[{convert: {at: /a, up: {x: 1}, else: keep}}]", schema, &["{a: 1}", "{a: z}", "!{a: x}"]);
    up("[{convert: {at: /a, up: {x: 1}, else: {value: 9}}}]", schema, &["{a: 9}", "!{a: y}"]);
    down("[{convert: {at: /a, up: {u: x, v: y, w: z}}}]", schema, &["{a: u}", "!{a: x}"]);
    let open = "{type: object, properties: {a: {type: string}}}";
    up("[{convert: {at: /a, up: {x: 1}, else: keep}}]", open, &["{a: 1}", "{a: other}", "!{a: 2}"]);
    up("[{convert: {at: /a, up: {x: 1}}}]", open, &["{a: 1}", "!{a: other}"]);
}

#[test]
fn types_change_with_the_operation() {
    up("[{cast: {at: /b, from: integer, to: string}}]", AB, &["{a: '', b: '1'}", "!{a: '', b: 1}"]);
    down("[{cast: {at: /a, from: integer, to: string}}]", AB, &["{a: 1}", "!{a: ''}"]);
    up("[{scale: {at: /b, num: 1, den: 100}}]", AB, &["{a: '', b: 3}", "!{a: '', b: ''}"]);
    up("[{wrap: {at: /a}}]", AB, &["{a: ['']}", "!{a: []}", "!{a: ''}"]);
    let list = "{type: object, required: [a], properties: {a: {type: array, items: {type: string}}}}";
    down("[{wrap: {at: /a}}]", list, &["{a: ''}", "{}", "!{a: 1}"]);
    up("[{unwrap: {at: /a, else: 7}}]", list, &["{a: ''}", "{a: 7}", "!{}", "!{a: 8}"]);
    down("[{unwrap: {at: /a}}]", AB, &["{a: ['']}"]);
}

#[test]
fn null_and_being_there_change_with_the_operation() {
    let schema = "{type: object, properties: {a: {type: [string, 'null']}}, additionalProperties: false}";
    up("[{require: {at: /a, default: x}}]", schema, &["{a: s}", "!{}", "!{a: null}"]);
    down("[{relax: {at: /a, default: x}}]", schema, &["{a: s}", "!{}", "!{a: null}"]);
    down("[{nullable: {at: /a, null_as: 5}}]", schema, &["{a: s}", "{a: 5}", "{}", "!{a: null}"]);
    down("[{relax: {at: /a}}]", schema, &["{a: null}", "{}"]);
    let union = "{type: object, properties: {a: {oneOf: [{$ref: '#/$defs/s'}, {type: 'null'}]}}, $defs: {s: {type: string}}}";
    up("[{require: {at: /a, default: x}}]", union, &["{a: s}", "!{a: null}"]);
}

#[test]
fn strings_are_cut_and_joined() {
    let split = "[{split: {from: /a, to: [/x, /y], by: ' '}}]";
    up(split, AB, &["{x: s, y: t}", "{x: s}", "!{a: s}", "!{}"]);
    let parts = "{type: object, required: [x], properties: {x: {type: string}, y: {type: string}}}";
    down(split, parts, &["{a: s}", "!{x: s, a: s}", "!{}"]);
    up("[{join: {from: [/x, /y], to: /a, by: ' '}}]", parts, &["{a: s}", "!{}"]);
    up("[{derive: {at: /c, cel: '1 + 1'}}]", AB, &["{a: '', c: 2}"]);
}

#[test]
fn scopes_are_entered() {
    let schema = "{type: object, required: [a, l, m], properties: {\
                    a: {anyOf: [{type: string}, {$ref: '#/$defs/o'}]}, \
                    l: {type: array, items: {$ref: '#/$defs/o'}}, \
                    m: {type: object, additionalProperties: {$ref: '#/$defs/o'}}}, \
                  $defs: {o: {type: object, required: [x], properties: {x: {type: integer}}, additionalProperties: false}}}";
    let rename = "lens: [{rename: {from: /x, to: /y}}]";
    up(
        &format!("[{{in: {{at: /a, {rename}}}}}]"),
        schema,
        &["{a: {y: 1}, l: [{x: 1}], m: {k: {x: 1}}}", "{a: s, l: [], m: {}}", "!{a: {x: 1}, l: [], m: {}}"],
    );
    up(
        &format!("[{{map: {{at: /l, {rename}}}}}, {{map: {{at: /m, {rename}}}}}]"),
        schema,
        &[
            "{a: s, l: [{y: 1}], m: {k: {y: 1}}}",
            "!{a: s, l: [{x: 1}], m: {}}",
            "!{a: s, l: [], m: {k: {x: 1}}}",
        ],
    );
    up(
        "[{map: {at: /l, lens: [{wrap: {at: ''}}]}}]",
        schema,
        &["{a: s, l: [[{x: 1}]], m: {}}", "!{a: s, l: [{x: 1}], m: {}}"],
    );
}

#[test]
fn only_the_branch_that_is_meant_changes() {
    let branch = |tag: &str| {
        format!(
            "{{type: object, required: [kind, x], properties: {{kind: {{const: {tag}}}, x: {{type: integer}}}}, additionalProperties: false}}"
        )
    };
    let schema = format!("{{oneOf: [{}, {}]}}", branch("p"), branch("q"));
    up(
        "[{when: {at: /kind, equals: p, lens: [{rename: {from: /x, to: /y}}]}}]",
        &schema,
        &["{kind: p, y: 1}", "{kind: q, x: 1}", "!{kind: p, x: 1}", "!{kind: q, y: 1}"],
    );
    let open = "{type: object, required: [kind], properties: {kind: {type: string}, x: {type: integer}}, additionalProperties: false}";
    up(
        "[{when: {at: /kind, equals: p, lens: [{rename: {from: /x, to: /y}}]}}]",
        open,
        &["{kind: p, y: 1}", "{kind: q, x: 1}"],
    );
}

#[test]
fn parts_of_a_schema_change_together() {
    let schema = "{allOf: [{$ref: '#/$defs/base'}, {required: [a]}, {properties: {a: {minLength: 2}}}], \
                  $defs: {base: {type: object, properties: {a: {type: string}}, additionalProperties: false}}}";
    up("[{rename: {from: /a, to: /b}}]", schema, &["{b: xx}", "!{b: x}", "!{}", "!{a: xx}"]);
    // What no part can promise any more goes.
    let bound = "{type: object, properties: {a: {type: string}}, minProperties: 1, not: {required: [a]}, \
                 propertyNames: {pattern: '^a'}, patternProperties: {'^b': {type: integer}}}";
    up("[{rename: {from: /a, to: /b}}]", bound, &["{b: x}", "{}"]);
    up(
        "[{add: {at: /c, default: 1}}]",
        "{type: object, additionalProperties: {type: string}}",
        &["{c: 1, d: x}"],
    );
}

#[test]
fn definitions_stay_as_they_are_elsewhere() {
    let schema = "{type: object, properties: {a: {$ref: '#/$defs/o'}, b: {$ref: '#/$defs/o'}, again: {$ref: '#'}}, \
                  $defs: {o: {type: object, properties: {x: {type: integer}}, additionalProperties: false}}}";
    up(
        "[{rename: {from: /a/x, to: /a/y}}]",
        schema,
        &[
            "{a: {y: 1}, b: {x: 1}}",
            "!{a: {x: 1}}",
            "!{b: {y: 1}}",
            "{again: {a: {x: 1}}}",
            "!{again: {a: {y: 1}}}",
        ],
    );
}

#[test]
fn a_version_can_be_derived_from_its_lens() {
    let lens = yaml(
        "[{add: {at: /locale, schema: {type: string}, default: en}}, {add: {at: /n, default: 0}}, \
          {move: {from: /given, to: /name/given}}, {nullable: {at: /mail, null_as: ''}}, {remove: {at: /old}}]",
    );
    let schema = yaml(
        "{type: object, required: [given, mail], properties: {given: {type: string}, mail: {type: string}, old: {}}}",
    );
    let derived = derive(&lens, Way::Up, Purpose::Schema, &schema, None).expect("a schema");
    let expect = json!({
        "type": "object",
        "required": ["mail", "locale", "n", "name"],
        "properties": {
            "mail": { "anyOf": [{ "type": "string" }, { "type": "null" }] },
            "locale": { "type": "string" },
            "n": { "type": "integer" },
            "name": {
                "type": "object", "properties": { "given": { "type": "string" } },
                "required": ["given"], "additionalProperties": false,
            },
        },
    });
    assert_eq!(derived, expect);
    let _: Value = derived;
}
