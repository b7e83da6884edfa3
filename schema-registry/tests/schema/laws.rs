//! The laws of lenses over generated schemas, lenses and documents, on JSON in and JSON out.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use selfsame_schema::Registry;
use serde_json::Value;

use crate::common::{chain, read_as, v};
use crate::model::{Dice, Model, document, object};

const ALL: [&str; 6] = ["add", "remove", "rename", "move", "move", "move"];
const SIMPLE: [&str; 3] = ["add", "remove", "rename"];
/// Keys that no schema names.
const FOREIGN: [&str; 2] = ["x1", "x2"];
/// Keys that schemas name too.
const COMMON: [&str; 5] = ["a", "b", "", "0", "x1"];

fn rolls() -> impl Strategy<Value = Vec<u16>> {
    prop::collection::vec(any::<u16>(), 0..160)
}

/// The JSON as a tree, or what was wrong.
fn tree(result: Result<String, String>) -> Result<Value, String> {
    result.map(|json| serde_json::from_str(&json).unwrap_or_else(|e| panic!("{json}: {e}")))
}

/// A first schema and a lens; none if the registry refuses the lens.
fn pair(dice: &mut Dice, kinds: &[&str]) -> (Value, Model, Result<Registry, String>) {
    let first = object(dice, 2);
    let model = Model::draw(dice, &first, kinds);
    let registry = chain(&first, &[(model.ops.clone().into(), model.schema.clone())]);
    (first, model, registry)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, max_global_rejects: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Valid at the writer means valid at the reader, or a named error; `read_as` checks it, and that `get`
    /// and `to_json` say the same.
    #[test]
    fn what_is_valid_for_one_is_valid_for_the_other(rolls in rolls()) {
        let mut dice = Dice::new(rolls);
        let (first, model, registry) = pair(&mut dice, &ALL);
        let Ok(registry) = registry else { return Err(TestCaseError::reject("refused")) };
        for (writer, reader, schema) in [(1, 2, &first), (2, 1, &model.schema), (1, 1, &first)] {
            for _ in 0..4 {
                let json = document(&mut dice, schema, &COMMON);
                let got = read_as(&registry, writer, reader, &json);
                let fine = got.as_ref().map_or_else(|e| e.starts_with("inexpressible: "), |_| true);
                prop_assert!(fine, "{} {:?}", json, got);
                if writer == reader {
                    prop_assert_eq!(tree(got), tree(Ok(json)), "the source itself is kept");
                }
            }
        }
    }

    #[test]
    fn the_way_up_is_the_operations_one_after_the_other(rolls in rolls()) {
        let mut dice = Dice::new(rolls);
        let (first, model, registry) = pair(&mut dice, &ALL);
        prop_assume!(model.is_plain);
        let Ok(registry) = registry else { return Err(TestCaseError::reject("refused")) };
        // The model settles a lens as a whole, as slots do; on a tree its operations are run one by one.
        prop_assume!(!registry.decoder(v(1), v(2), "t").unwrap().is_tree());
        for _ in 0..4 {
            let json = document(&mut dice, &first, &FOREIGN);
            let got = tree(read_as(&registry, 1, 2, &json));
            prop_assert_eq!(got, Ok(model.up(&json)), "{}", json);
        }
    }

    /// What only gains fields and renames them comes back as it was, and so does what is written at B.
    #[test]
    fn down_undoes_up_where_nothing_is_lost(rolls in rolls()) {
        let mut dice = Dice::new(rolls);
        let (first, model, registry) = pair(&mut dice, &["add", "rename"]);
        let registry = registry.unwrap_or_else(|e| panic!("{:?}\n{e}", model.ops));
        for _ in 0..4 {
            let json = document(&mut dice, &first, &FOREIGN);
            let there = read_as(&registry, 1, 2, &json).unwrap();
            prop_assert_eq!(tree(read_as(&registry, 2, 1, &there)), tree(Ok(json)));
        }
        let no_adds = model.ops.iter().all(|op| op.get("add").is_none());
        let json = document(&mut dice, &model.schema, &FOREIGN);
        let there = read_as(&registry, 2, 1, &json).unwrap();
        prop_assert!(!no_adds || tree(read_as(&registry, 1, 2, &there)) == tree(Ok(json)));
    }

    #[test]
    fn a_chain_reads_as_its_steps_do(rolls in rolls()) {
        let mut dice = Dice::new(rolls);
        let first = object(&mut dice, 2);
        let one = Model::draw(&mut dice, &first, &ALL);
        let two = Model::draw(&mut dice, &one.schema, &ALL);
        let lenses = [&one, &two].map(|m| (Value::from(m.ops.clone()), m.schema.clone()));
        let Ok(registry) = chain(&first, &lenses) else { return Err(TestCaseError::reject("refused")) };
        for (from, to, schema) in [(1, 3, &first), (3, 1, &two.schema)] {
            for _ in 0..4 {
                let json = document(&mut dice, schema, &COMMON);
                let Ok(between) = read_as(&registry, from, 2, &json) else { continue };
                let direct = tree(read_as(&registry, from, to, &json));
                let stepwise = tree(read_as(&registry, 2, to, &between));
                prop_assert_eq!(direct, stepwise, "v{} to v{}: {} by {}", from, to, json, between);
            }
        }
    }

    #[test]
    fn no_text_makes_a_document_or_an_event_panic(text in "[\\[\\]{}:,\"\\\\a-c0-9 \\-.eE\n&*!|>#%@`~^u]{0,60}") {
        let _ = selfsame_schema::Document::parse(&text);
        let registry = chain(&serde_json::json!({"type": "object"}), &[]).unwrap();
        let shape = registry.versions().next().unwrap().event("t").unwrap();
        for json in [text.clone(), format!("{{\"a\":{text}}}"), format!("{{\"a\":\"{text}\"}}")] {
            let Ok(row) = shape.read(json.as_bytes()) else { continue };
            let again = shape.read(shape.write_json(&row).as_bytes());
            prop_assert_eq!(again, Ok(row));
        }
    }
}

/// Lenses without moves, with the flags that they imply, are never refused; of those with moves, enough are
/// taken for the laws above to say something.
#[test]
fn lenses_that_hold_what_they_promise_are_taken() {
    let mut runner = TestRunner::deterministic();
    let mut taken = 0;
    for _ in 0..400 {
        let draw = |runner: &mut TestRunner| rolls().new_tree(runner).unwrap().current();
        let (_, model, registry) = pair(&mut Dice::new(draw(&mut runner)), &SIMPLE);
        assert!(registry.is_ok(), "{:?}\n{:?}", model.ops, registry.err());
        taken += usize::from(pair(&mut Dice::new(draw(&mut runner)), &ALL).2.is_ok());
    }
    assert!(taken > 200, "{taken} of 400 lenses with moves were taken");
}
