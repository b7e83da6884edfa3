//! Lenses that are led through slots mean the same on trees.

#[path = "../../../../tests/schema/model.rs"]
#[expect(dead_code, reason = "its plain reading of a lens is for the tests of slots alone")]
mod model;

use proptest::prelude::*;
use selfsame_record::VersionNo;
use serde_json::{Value, json};

use self::model::{Dice, Model, document, object};
use super::common::run;
use crate::json::tree::Node;
use crate::lens::parse_ops;
use crate::lens::run::side::SchemaSide;
use crate::lens::run::{Program, Way};
use crate::limits::EVENT_DEPTH_MAX;
use crate::problem::Problems;
use crate::{Document, Registry};

/// Keys that no schema names. What they hold goes with an object that is made by the lens when it is led
/// through slots, and stays in a tree, so there are none on the way down.
const FOREIGN: [&str; 2] = ["x1", "x2"];

fn registered(schema: &Value, model: &Model) -> Option<Registry> {
    let mut registry = Registry::new();
    let first = json!({"selfsame": 1, "name": "t", "events": {"t": {"schema": schema}}});
    let lenses = json!({"t": model.ops});
    let events = json!({"t": {"schema": model.schema}});
    let second = json!({"selfsame": 1, "name": "t", "parent": "v1", "events": events, "lenses": lenses});
    for text in [first, second] {
        let version = registry.check(&Document::parse(&text.to_string()).ok()?).ok()?;
        registry.insert(version);
    }
    Some(registry)
}

/// Whether a field is moved out of an object that is then removed. On the way back, slots give the object's
/// default beside the field; a tree has it only if the object around it is there before the field comes.
fn leaves_before_removal(ops: &[Value]) -> bool {
    let text = |op: &Value, name: &str, key: &str| op[name][key].as_str().map(|text| format!("{text}/"));
    let removed = |index: usize| ops.iter().skip(index).filter_map(|op| text(op, "remove", "at"));
    let left = ops.iter().enumerate().filter_map(|(index, op)| Some((index, text(op, "move", "from")?)));
    left.into_iter().any(|(index, from)| removed(index).any(|at| from.starts_with(&at)))
}

/// The event without the members that the schema does not name.
fn named(event: &Node, schema: &Value) -> Node {
    match (event, schema.get("properties").and_then(Value::as_object)) {
        (Node::Object(members), Some(properties)) => {
            let member =
                |(key, value): (&String, &Node)| Some((key.clone(), named(value, properties.get(key)?)));
            Node::Object(members.iter().filter_map(member).collect())
        }
        _ => event.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, max_global_rejects: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn slots_and_trees_give_the_same_event(rolls in prop::collection::vec(any::<u16>(), 0..160)) {
        let mut dice = Dice::new(rolls);
        let first = object(&mut dice, 2);
        // Slots do not make an object for a default that moves into it; a tree does.
        let kinds = if dice.one_in(2) { ["add", "remove", "rename"] } else { ["move", "remove", "rename"] };
        let model = Model::draw(&mut dice, &first, &kinds);
        prop_assume!(model.is_plain && !leaves_before_removal(&model.ops));
        let Some(registry) = registered(&first, &model) else { return Err(TestCaseError::reject("refused")) };
        let ops = parse_ops(&model.ops.clone().into(), "", &mut Problems::default()).expect("it is registered");
        let program = Program::compile(&ops, &SchemaSide { root: &first }, &SchemaSide { root: &model.schema });
        let no = |no| VersionNo::new(no).expect("not 0");
        for (way, writer, reader, schema, known) in [(Way::Up, no(1), no(2), &first, &model.schema), (Way::Down, no(2), no(1), &model.schema, &first)] {
            let decoder = registry.decoder(writer, reader, "t").expect("both have the type");
            prop_assume!(!decoder.is_tree());
            for _ in 0..4 {
                let json = document(&mut dice, schema, if way == Way::Up { &FOREIGN } else { &[] });
                let row = registry.version(writer).unwrap().event("t").unwrap().read(json.as_bytes()).unwrap();
                let slots = decoder.decode(&row).unwrap().to_json();
                let slots = Node::parse(&slots, EVENT_DEPTH_MAX).unwrap();
                let tree = run(&program, way, &Node::parse(&json, EVENT_DEPTH_MAX).unwrap());
                let tree = tree.map_err(|e| TestCaseError::fail(format!("{json}: {e}")))?;
                prop_assert_eq!(named(&slots, known).to_text(), named(&tree, known).to_text(), "{:?} from {} by {:?}", way, json, model.ops);
            }
        }
    }
}
