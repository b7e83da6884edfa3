//! Pairs of schemas and the operations that are proposed for them.

use selfsame_schema::{Proposal, propose};
use serde_json::{Value, json};

use crate::yaml;

fn proposals(old: &Value, new: &Value) -> Vec<Proposal> {
    propose(old, new).expect("schemas that can be walked")
}

/// Two sets of properties (a `!` behind a key requires it), and the operations as a document writes them.
#[track_caller]
fn check(old: &str, new: &str, expect: &str) {
    let (old, new) = (object(old), object(new));
    let ops: Vec<Value> = proposals(&old, &new).into_iter().map(|proposal| proposal.op).collect();
    let expect = if expect.is_empty() { json!([]) } else { yaml(expect) };
    assert_eq!(Value::from(ops.clone()), expect, "\n{}", serde_json::to_string_pretty(&ops).unwrap());
}

/// An object with these properties.
fn object(text: &str) -> Value {
    let (mut properties, mut required) = (serde_json::Map::new(), Vec::new());
    for (key, schema) in yaml(&format!("{{ {text} }}")).as_object().expect("properties") {
        let name = key.trim_end_matches('!');
        required.extend((name != key).then(|| name.to_owned()));
        properties.insert(name.to_owned(), schema.clone());
    }
    json!({
        "type": "object", "properties": properties, "required": required, "additionalProperties": false,
        "$defs": {
            "person": { "type": "object", "properties": { "name": { "type": "string" } }, "required": ["name"] },
            "tree": { "type": "object", "properties": { "below": { "$ref": "#/$defs/tree" } } },
        },
    })
}

#[test]
fn equal_schemas_need_nothing() {
    check("a!: {type: string}, b: {}", "a!: {type: string}, b: {}", "");
    check("a: {type: string, minLength: 1}", "a: {type: string, maxLength: 9}", "");
    check("a: {$ref: '#/$defs/person'}", "a: {$ref: '#/$defs/person'}", "");
}

#[test]
fn fields_come_and_go() {
    check("", "a: {type: string}", "[{add: {at: /a}}]");
    check("", "a!: {type: string}", "[{add: {at: /a, default: ''}}]");
    check("a: {type: string}", "", "[{remove: {at: /a}}]");
    check("a!: {type: integer, minimum: 3}", "", "[{remove: {at: /a, default: 3}}]");
    check("'a/b~c': {}", "'': {}", "[{remove: {at: /a~1b~0c}}, {add: {at: /}}]");
}

#[test]
fn a_default_is_valid_under_its_schema() {
    for (schema, default) in [
        ("{type: string, default: x}", "x"),
        ("{type: string, default: 1}", "''"),
        ("{const: 5}", "5"),
        ("{enum: [b, a]}", "b"),
        ("{type: [string, 'null']}", "null"),
        ("{oneOf: [{type: string}, {type: 'null'}]}", "null"),
        ("{type: boolean}", "false"),
        ("{type: integer}", "0"),
        ("{type: integer, exclusiveMinimum: 4, multipleOf: 3}", "6"),
        ("{type: number, maximum: -1.5}", "-1.5"),
        ("{type: number, exclusiveMinimum: 0, exclusiveMaximum: 1}", "0.5"),
        ("{type: string, minLength: 3}", "aaa"),
        ("{type: string, pattern: '^[0-9a-f]{40}$'}", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("{type: string, format: date-time}", "'1970-01-01T00:00:00Z'"),
        ("{type: string, format: email}", "nobody@example.invalid"),
        ("{type: array, items: {type: string}}", "[]"),
        ("{type: array, items: {type: integer}, minItems: 2}", "[0, 0]"),
        ("{$ref: '#/$defs/person'}", "{name: ''}"),
        (
            "{allOf: [{$ref: '#/$defs/person'}, {required: [age], properties: {age: {type: integer}}}]}",
            "{name: '', age: 0}",
        ),
        ("{anyOf: [{type: integer}, {type: string}]}", "0"),
    ] {
        check("", &format!("a!: {schema}"), &format!("[{{add: {{at: /a, default: {default}}}}}]"));
        let new = object(&format!("a!: {schema}"));
        let op = proposals(&object(""), &new).remove(0).op;
        let valid = jsonschema::is_valid(&new, &json!({ "a": op["add"]["default"] }));
        assert!(valid, "{schema}: {op}");
    }
}

#[test]
fn a_default_that_is_a_guess_says_so() {
    for (new, confidence, words) in [
        ("a!: {const: 5}", 85, "only `a` comes with the new schema"),
        ("a!: {type: string, default: x}", 85, "the default that the schema names"),
        ("a!: {type: string}", 20, "only the smallest valid value: confirm it"),
        ("a!: {enum: [x, y]}", 30, "only the first of the values that the schema lists: confirm it"),
        ("a!: {type: string, pattern: '^never[0-9]{3}matched$'}", 0, "no valid default was found"),
    ] {
        let proposal = proposals(&object(""), &object(new)).remove(0);
        assert_eq!(proposal.confidence, confidence, "{new}");
        assert!(proposal.reason.contains(words) || confidence == 85, "{new}: {}", proposal.reason);
    }
}

#[test]
fn a_field_under_another_name_is_renamed() {
    let rename = |from: &str, to: &str| format!("[{{rename: {{from: /{from}, to: /{to}}}}}]");
    check(
        "mail: {type: string, format: email}",
        "email: {type: string, format: email}",
        &rename("mail", "email"),
    );
    check("givenName!: {type: string}", "given_name!: {type: string}", &rename("givenName", "given_name"));
    let described = |key: &str| format!("{key}: {{type: string, description: what the user is called}}");
    check(&described("nick"), &described("handle"), &rename("nick", "handle"));
    // Another type, or another name altogether, is another field; and of two that fit equally well neither.
    check("mail: {type: string}", "email: {type: integer}", "[{remove: {at: /mail}}, {add: {at: /email}}]");
    check("age: {type: string}", "color: {type: string}", "[{remove: {at: /age}}, {add: {at: /color}}]");
    let two = "[{remove: {at: /url}}, {add: {at: /url_a}}, {add: {at: /url_b}}]";
    let link = |key: &str| format!("{key}: {{type: string, format: uri}}");
    check(&link("url"), &format!("{}, {}", link("url_a"), link("url_b")), two);
}

#[test]
fn what_a_renamed_field_holds_is_led_across_too() {
    check(
        "mail: {type: string}",
        "email!: {type: string}",
        "[{rename: {from: /mail, to: /email}}, {require: {at: /email, default: ''}}]",
    );
}

#[test]
fn a_field_in_another_object_is_moved() {
    let old =
        "user!: {type: object, properties: {locale: {type: string}}}, prefs!: {type: object, properties: {}}";
    let new =
        "user!: {type: object, properties: {}}, prefs!: {type: object, properties: {locale: {type: string}}}";
    check(old, new, "[{move: {from: /user/locale, to: /prefs/locale}}]");
    check(new, old, "[{move: {from: /prefs/locale, to: /user/locale}}]");
}

#[test]
fn fields_are_nested_and_flattened() {
    let flat = "email!: {type: string}, given_name!: {type: string}, family_name: {type: string}";
    let name = |inner: &str| format!("email!: {{type: string}}, name!: {{type: object, {inner}}}");
    let both = name("required: [given], properties: {given: {type: string}, family: {type: string}}");
    check(
        flat,
        &both,
        "[{move: {from: /family_name, to: /name/family}}, {move: {from: /given_name, to: /name/given}}]",
    );
    check(
        &both,
        flat,
        "[{move: {from: /name/family, to: /family_name}}, {move: {from: /name/given, to: /given_name}}]",
    );
    // What has no counterpart comes and goes by itself.
    let more = name(
        "required: [given, title], properties: {given: {type: string}, family: {type: string}, title: {type: string}}",
    );
    check(
        flat,
        &more,
        "[{move: {from: /family_name, to: /name/family}}, {move: {from: /given_name, to: /name/given}}, \
         {add: {at: /name/title, default: ''}}]",
    );
    check(
        &more,
        flat,
        "[{remove: {at: /name/title, default: ''}}, {move: {from: /name/family, to: /family_name}}, \
         {move: {from: /name/given, to: /given_name}}]",
    );
    // The same keys are enough if they are most of the object, and an object made of nothing is required.
    let loose = "street: {type: string}, city: {type: string}";
    let address = |must: &str| {
        format!(
            "address{must}: {{type: object, properties: {{street: {{type: string}}, city: {{type: string}}}}}}"
        )
    };
    let moves = "{move: {from: /city, to: /address/city}}, {move: {from: /street, to: /address/street}}";
    check(loose, &address(""), &format!("[{moves}]"));
    check(loose, &address("!"), &format!("[{moves}, {{require: {{at: /address, default: {{}}}}}}]"));
    check(
        "url: {type: string}",
        "site: {type: object, properties: {url: {type: string}, a: {}, b: {}}}",
        "[{remove: {at: /url}}, {add: {at: /site}}]",
    );
}

#[test]
fn the_lens_of_the_design_is_proposed() {
    check(
        "user_id!: {type: string}, email!: {type: string, format: email}, given_name!: {type: string}, family_name!: {type: string}",
        "user_id!: {type: string}, email!: {type: string, format: email}, locale!: {type: string, default: en}, \
         name!: {type: object, required: [given, family], properties: {given: {type: string}, family: {type: string}}}",
        "[{move: {from: /family_name, to: /name/family}}, {move: {from: /given_name, to: /name/given}}, \
         {add: {at: /locale, default: en}}]",
    );
}

#[test]
fn what_is_moved_is_led_across_too() {
    check(
        "user_age: {type: integer}",
        "user!: {type: object, properties: {age: {type: [integer, 'null']}, id: {type: string}}, required: [id]}",
        "[{move: {from: /user_age, to: /user/age}}, {nullable: {at: /user/age, null_as: 0}}, \
         {add: {at: /user/id, default: ''}}, {require: {at: /user, default: {id: ''}}}]",
    );
}

#[test]
fn one_text_and_several_are_cut_and_joined() {
    let (one, two) = ("name!: {type: string}", "last_name: {type: string}, first_name!: {type: string}");
    check(one, two, "[{split: {from: /name, to: [/first_name, /last_name], by: ' '}}]");
    check(two, one, "[{join: {from: [/first_name, /last_name], to: /name, by: ' '}}]");
    let loose = "last_name: {type: string}, first_name: {type: string}";
    check(
        one,
        loose,
        "[{split: {from: /name, to: [/first_name, /last_name], by: ' '}}, {relax: {at: /first_name, default: ''}}]",
    );
    let strict = "last_name!: {type: string}, first_name!: {type: string}";
    check(
        one,
        strict,
        "[{split: {from: /name, to: [/first_name, /last_name], by: ' '}}, {require: {at: /last_name, default: ''}}]",
    );
    let proposal = proposals(&object(one), &object(two)).remove(0);
    assert!(proposal.confidence < 50 && proposal.reason.contains("confirm it"), "{}", proposal.reason);
}

#[test]
fn a_cast_of_a_time_says_what_the_number_counts() {
    let (number, time) = (object("a: {type: integer}"), object("a: {type: string, format: date-time}"));
    for (old, new, word) in [(&number, &time, "`num: 1000000`"), (&time, &number, "`den: 1000`")] {
        let reason = proposals(old, new).remove(0).reason;
        assert!(
            reason.contains("microseconds") && reason.contains("`scale`") && reason.contains(word),
            "{reason}"
        );
    }
}

#[test]
fn members_beside_a_choice_and_in_it_are_the_same() {
    let branch = |tag: &str| {
        format!(
            "{{type: object, required: [name, kind], properties: {{kind: {{const: {tag}}}, name: {{type: string}}}}}}"
        )
    };
    let choice = format!("{{oneOf: [{}, {}]}}", branch("x"), branch("y"));
    let narrowed = format!("a!: {{allOf: [{choice}, {}]}}", branch("x"));
    check(&narrowed, &format!("a!: {choice}"), "");
    check(&format!("a!: {choice}"), &narrowed, "");
}

#[test]
fn null_and_being_there_are_led_across() {
    let (text, or_null) = ("{type: string}", "{type: [string, 'null']}");
    for (old, new, ops) in [
        (format!("a: {text}"), format!("a!: {text}"), "[{require: {at: /a, default: ''}}]"),
        (format!("a!: {text}"), format!("a: {text}"), "[{relax: {at: /a, default: ''}}]"),
        (format!("a: {text}"), format!("a: {or_null}"), "[{nullable: {at: /a, null_as: ''}}]"),
        (format!("a: {or_null}"), format!("a: {text}"), "[{require: {at: /a, default: ''}}]"),
        (format!("a!: {text}"), format!("a: {or_null}"), "[{relax: {at: /a, default: ''}}]"),
        (
            format!("a: {text}"),
            format!("a!: {or_null}"),
            "[{nullable: {at: /a, null_as: ''}}, {require: {at: /a, default: null}}]",
        ),
        (
            format!("a!: {or_null}"),
            format!("a: {text}"),
            "[{relax: {at: /a, default: null}}, {require: {at: /a, default: ''}}]",
        ),
    ] {
        check(&old, &new, ops);
    }
}

#[test]
fn types_are_led_across() {
    check("a: {type: integer}", "a: {type: string}", "[{cast: {at: /a, from: integer, to: string}}]");
    check("a: {type: string}", "a: {type: array, items: {type: string}}", "[{wrap: {at: /a}}]");
    check(
        "a: {type: array, items: {type: string}}",
        "a: {type: string}",
        "[{unwrap: {at: /a, pick: first, else: ''}}]",
    );
    check(
        "a!: {type: object}",
        "a!: {type: string}",
        "[{remove: {at: /a, default: {}}}, {add: {at: /a, default: ''}}]",
    );
    check("a: {type: boolean}", "a: {type: integer}", "[{remove: {at: /a}}, {add: {at: /a}}]");
    check(
        "a!: {type: 'null'}",
        "a!: {type: [string, 'null']}",
        "[{remove: {at: /a, default: null}}, {add: {at: /a, default: null}}]",
    );
    check("a: {type: integer}", "a: {type: number}", "");
}

#[test]
fn listed_values_are_led_across() {
    check("a: {enum: [m, f]}", "a: {enum: [male, f]}", "[{convert: {at: /a, up: {m: male, f: f}}}]");
    check(
        "a: {enum: [m, f, null]}",
        "a: {enum: [male, f, null]}",
        "[{convert: {at: /a, up: {m: male}, down: {male: m}, else: keep}}]",
    );
    check("a: {enum: [x]}", "a: {enum: [x, xy]}", "[{convert: {at: /a, up: {}, down: {xy: x}, else: keep}}]");
    check(
        "a: {enum: [draft, drafts, live]}",
        "a: {enum: [live]}",
        "[{convert: {at: /a, up: {draft: live, drafts: live}, down: {}, else: keep}}]",
    );
}

#[test]
fn what_lies_below_is_led_across() {
    let deep = |inner: &str| format!("a!: {{type: object, properties: {{b: {inner}}}}}");
    check(
        &deep("{type: integer}"),
        &deep("{type: string}"),
        "[{cast: {at: /a/b, from: integer, to: string}}]",
    );
    let list = |inner: &str| format!("a: {{type: array, items: {inner}}}");
    check(
        &list("{type: object, properties: {}}"),
        &list("{type: object, properties: {b: {type: string}}, required: [b]}"),
        "[{map: {at: /a, lens: [{add: {at: /b, default: ''}}]}}]",
    );
    check(
        &list("{type: integer}"),
        &list("{type: string}"),
        "[{map: {at: /a, lens: [{cast: {at: '', from: integer, to: string}}]}}]",
    );
    let map = |inner: &str| format!("a: {{type: object, additionalProperties: {inner}}}");
    check(
        &map("{type: string}"),
        &map("{type: [string, 'null']}"),
        "[{map: {at: /a, lens: [{nullable: {at: '', null_as: ''}}]}}]",
    );
    let either =
        |inner: &str| format!("a: {{anyOf: [{{type: string}}, {{type: object, properties: {inner}}}]}}");
    check(&either("{}"), &either("{b: {}}"), "[{in: {at: /a, lens: [{add: {at: /b}}]}}]");
}

#[test]
fn branches_are_told_apart_by_a_member() {
    let branch = |tag: &str, more: &str| {
        format!("{{type: object, required: [kind], properties: {{kind: {{const: {tag}}}{more}}}}}")
    };
    let union = |a: &str, b: &str| format!("a!: {{oneOf: [{}, {}]}}", branch("x", a), branch("y", b));
    check(
        &union("", ""),
        &union(", n: {type: integer}", ""),
        "[{in: {at: /a, lens: [{when: {at: /kind, equals: x, lens: [{add: {at: /n}}]}}]}}]",
    );
}

#[test]
fn a_definition_that_refers_to_itself_is_entered_a_few_times() {
    let tree = |inner: &str| {
        yaml(&format!(
            "{{$ref: '#/$defs/t', $defs: {{t: {{type: object, properties: {{below: {{$ref: '#/$defs/t'}}, {inner}}}}}}}}}"
        ))
    };
    let ops = proposals(&tree("a: {type: integer}"), &tree("a: {type: string}"));
    let at: Vec<&str> = ops.iter().filter_map(|p| p.op["cast"]["at"].as_str()).collect();
    assert_eq!(at, ["/a", "/below/a", "/below/below/a", "/below/below/below/a"]);
}

#[test]
fn proposals_are_read_as_a_lens() {
    let old = object("a: {enum: [x, y]}, b!: {type: integer}, c: {type: array, items: {type: integer}}");
    let new = object("a: {enum: [z, v, w]}, b: {type: string}, d: {type: array, items: {type: string}}");
    let ops: Vec<Value> = proposals(&old, &new).into_iter().map(|p| p.op).collect();
    let derived = selfsame_schema::derive(
        &Value::from(ops),
        selfsame_schema::Way::Up,
        selfsame_schema::Purpose::Proof,
        &old,
        Some(&new),
    );
    derived.expect("a lens that leads from the old schema");
}
