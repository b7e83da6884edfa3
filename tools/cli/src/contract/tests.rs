//! Whole outputs for one small document, byte for byte, and what must hold of them for every document.

use std::path::{Path, PathBuf};

use super::types::Language;
use super::*;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/contract")
}

/// A document with everything that names and types can be troubled by.
fn troubling() -> Contract {
    let text = std::fs::read_to_string(folder().join("document.yaml")).expect("a document");
    let document: Value = serde_norway::from_str(&text).expect("YAML");
    let id = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    let answer = json!({ "no": "v2", "id": id, "name": "shop", "document": document });
    Contract::registered(&answer).expect("a contract")
}

/// The documents that come with the program.
fn examples() -> Vec<Contract> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect("a document");
    let names = ["git-v1.yaml", "git-v2.yaml", "profiles-v1.yaml", "profiles-v2.yaml"];
    names.map(|name| Contract::written(&read(name)).expect("a document")).into()
}

/// One line per output: the file that it must be equal to. A change to a file is a change that users see;
/// `SELFSAME_BLESS=1` writes the files anew.
#[test]
fn outputs_stay_what_they_are() {
    let contract = troubling();
    let yaml = |written: Result<Written, String>| serde_norway::to_string(&written.expect("a document"));
    let types = |language| types::write(&contract, language).expect("types");
    for (file, text) in [
        ("asyncapi.yaml", yaml(asyncapi::write(&contract)).expect("YAML")),
        ("openapi.yaml", yaml(openapi::write(&contract)).expect("YAML")),
        ("types.ts", types(Language::Typescript)),
        ("types.py", types(Language::Python)),
        ("types.rs", types(Language::Rust)),
    ] {
        let path = folder().join(file);
        if std::env::var_os("SELFSAME_BLESS").is_some() {
            std::fs::write(&path, &text).expect("written");
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(golden == text, "{file} is not what is written any more:\n{text}");
    }
}

/// Every `$ref` of a document, with the schemas that lie behind `examples` and the like left out.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| references(member, found));
        }
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_one() {
    for contract in examples().into_iter().chain([troubling()]) {
        for (write, draft) in [
            (asyncapi::write as fn(&Contract) -> _, jsonschema::Draft::Draft7),
            (openapi::write, jsonschema::Draft::Draft202012),
        ] {
            let document = json!(write(&contract).expect("a document"));
            let mut found = Vec::new();
            references(&document, &mut found);
            assert!(!found.is_empty());
            for reference in found {
                let pointer = reference.strip_prefix('#').expect("a local reference");
                assert!(document.pointer(pointer).is_some(), "{reference}");
            }
            let schemas = document["components"]["schemas"].as_object().expect("schemas");
            for name in schemas.keys() {
                let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
                assert!(name.chars().all(plain) && !name.is_empty(), "{name}");
                let whole = json!({ "allOf": [{ "$ref": format!("#/components/schemas/{name}") }],
                                    "components": document["components"] });
                jsonschema::options()
                    .with_draft(draft)
                    .build(&whole)
                    .unwrap_or_else(|e| panic!("{name}: {e}"));
            }
        }
    }
}

#[test]
fn examples_of_messages_are_valid() {
    for contract in examples().into_iter().chain([troubling()]) {
        let document = json!(asyncapi::write(&contract).expect("a document"));
        let mut checked = 0;
        for (name, message) in document["components"]["messages"].as_object().expect("messages") {
            for example in message["examples"].as_array().into_iter().flatten() {
                for part in ["payload", "headers"] {
                    let (Some(schema), Some(value)) = (message.get(part), example.get(part)) else {
                        continue;
                    };
                    let whole = json!({ "allOf": [schema], "components": document["components"] });
                    let options = jsonschema::options().with_draft(jsonschema::Draft::Draft7);
                    let validator = options.build(&whole).expect("a schema");
                    assert!(validator.is_valid(value), "{name} {part}: {value}");
                    checked += 1;
                }
            }
        }
        assert!(checked >= 4, "{checked}");
    }
}

/// What the compiled plan says of a column, and the type that a row's schema must then allow.
#[test]
fn columns_are_of_the_kind_that_the_compiled_plan_says() {
    use selfsame_projections::{ColumnKind, Plan, ProjectionKind};
    let mut registry = selfsame_schema::Registry::new();
    let mut compared = 0;
    for contract in examples() {
        let document = Document::parse(&contract.document.to_string()).expect("a document");
        if contract.document.get("parent").is_none() {
            registry = selfsame_schema::Registry::new();
        }
        let version = registry.insert(registry.check(&document).expect("a version"));
        let plan = Plan::compile(&version).expect("a plan");
        let mut components = contract.components().expect("components");
        for projection in plan.projections().filter(|it| it.kind() != ProjectionKind::Jobs) {
            let section = &contract.document["projections"][projection.name().as_str()];
            let row = columns::row(&mut components, section);
            let columns = row["properties"].as_object().expect("columns");
            assert_eq!(columns.len(), projection.columns().len());
            for column in projection.columns() {
                let schema = &columns[&*column.name];
                let expect = match column.kind {
                    ColumnKind::Boolean => "boolean",
                    ColumnKind::Integer => "integer",
                    ColumnKind::Time | ColumnKind::Text => "string",
                    other => panic!("no example has a column of {other:?}"),
                };
                assert_eq!(schema["type"], expect, "{}: {schema}", column.name);
                assert_eq!(column.kind == ColumnKind::Time, schema["format"] == "date-time", "{schema}");
                compared += 1;
            }
        }
    }
    assert!(compared > 20, "{compared}");
}

#[test]
fn a_document_with_a_problem_is_refused_with_its_place() {
    let problems =
        Contract::written("selfsame: 1\nname: x\nevents: { a: { key: /a } }").expect_err("problems");
    assert!(problems.contains("/events/a") && problems.contains("the schema is missing"), "{problems}");
}

#[test]
fn a_version_is_labelled_by_number_and_content_or_by_content_alone() {
    assert_eq!(troubling().label, "v2+001122334455");
    let written = Contract::written("selfsame: 1\nname: x\nevents: {}").expect("a document");
    assert!(written.label.starts_with("unregistered+") && written.version.is_none(), "{}", written.label);
    assert!(Contract::registered(&json!({ "no": "v2", "id": "0" })).is_none());
}
