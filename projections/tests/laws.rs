//! What holds for every sequence of events.

#[cfg(test)]
mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{World, listing};
use proptest::prelude::*;
use selfsame_projections::{Generation, Walk};
use selfsame_record::{Block, Position};

const DOCUMENT: &str = "
selfsame: 1
name: laws
events:
  put:
    schema:
      type: object
      properties: { n: { type: integer }, t: { type: string }, f: { type: number } }
  gone: { schema: { type: object } }
projections:
  object:
    kind: cache
    on:
      put: { set: { t: $.t, f: $.f }, append: { last: { value: $.n, max: 3 } } }
      gone: delete
  rows:
    kind: view
    indexes: [[t, n], [sum], [f]]
    on:
      put: { set: { t: $.t, f: $.f, n: $.n }, add: { sum: $.n }, max: { at: $time } }
      gone: { set: { n: null } }
  work:
    kind: jobs
    on: { put: { input: { t: $.t, n: $.n } } }
";

/// What happens: an event with a key, a control record, or the end of the batch.
#[derive(Clone, Debug)]
enum Step {
    Put { key: u8, json: String },
    Gone { key: u8 },
    Control,
    FinishJob { source: u8 },
    Settle,
}

fn put() -> impl Strategy<Value = Step> {
    let n = prop_oneof![Just(String::new()), "[0-9]", Just("4.0".into()), Just("9223372036854775807".into())];
    let f = prop_oneof![Just(String::new()), "[0-3](\\.[0-9])?"];
    let t = prop_oneof![Just(String::new()), "\"[a-c]?\""];
    (0..6u8, n, t, f).prop_map(|(key, n, t, f)| {
        let member = |name: &str, value: String| (!value.is_empty()).then(|| format!("\"{name}\":{value}"));
        let members: Vec<String> =
            [member("n", n), member("t", t), member("f", f)].into_iter().flatten().collect();
        Step::Put { key, json: format!("{{{}}}", members.join(",")) }
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => put(),
        2 => (0..6u8).prop_map(|key| Step::Gone { key }),
        1 => Just(Step::Control),
        1 => (0..40u8).prop_map(|source| Step::FinishJob { source }),
        1 => Just(Step::Settle),
    ];
    proptest::collection::vec(step, 0..40)
}

/// The log of the steps, and the generation that lived through them.
fn live(steps: &[Step], with_controls: bool) -> (World, Generation) {
    let mut world = World::with(DOCUMENT);
    let mut generation = world.empty(1);
    let mut sources = vec![];
    for step in steps {
        match step {
            Step::Put { key, json } => {
                world.event(1, "put", &key.to_string(), json);
                sources.push(Position::new(world.records.len() as u64));
            }
            Step::Gone { key } => world.event(1, "gone", &key.to_string(), "{}"),
            Step::Control if with_controls => world.control(),
            Step::Settle if with_controls => generation.settle(),
            Step::Control | Step::Settle => {}
            Step::FinishJob { source } => {
                world.control();
                world.fold_to(&mut generation, world.records.len(), |_| {});
                if let Some(source) = sources.get(usize::from(*source)) {
                    generation.finish_job("work", *source);
                }
            }
        }
        world.fold_to(&mut generation, world.records.len(), |_| {});
    }
    (world, generation)
}

proptest! {
    /// P6: it does not show when state was settled, nor whether it was built at once.
    #[test]
    fn replayed_state_is_live_state(steps in steps()) {
        let steps: Vec<Step> = steps.into_iter().filter(|s| !matches!(s, Step::FinishJob { .. })).collect();
        let (world, live) = live(&steps, true);
        let mut replayed = world.generation(1);
        prop_assert_eq!(live.digest(), replayed.digest());
        replayed.settle();
        let content = |generation: &Generation| {
            let lines = generation.report().into_iter();
            lines.map(|line| (line.name, line.kind, line.rows, line.digest)).collect::<Vec<_>>()
        };
        prop_assert_eq!(content(&live), content(&replayed), "what is settled takes more memory and says the same");
        prop_assert_eq!(live.skipped(), replayed.skipped());
        for index in [&[][..], &["t", "n"], &["sum"], &["f"]] {
            prop_assert_eq!(listing(&live, index), listing(&replayed, index));
        }
    }

    /// P4: control records, and with them positions, make no difference.
    #[test]
    fn a_twin_without_control_records_has_the_same_state(steps in steps()) {
        prop_assert_eq!(live(&steps, true).1.digest(), live(&steps, false).1.digest());
    }

    /// An index holds each row once, in the order of its columns.
    #[test]
    fn an_index_lists_every_row(steps in steps()) {
        let (_, generation) = live(&steps, true);
        let view = generation.view("rows").expect("a view");
        let scan: BTreeMap<String, String> =
            view.iter().map(|(key, row)| (key.to_owned(), row.to_json())).collect();
        for index in [&[][..], &["t", "n"], &["sum"], &["f"]] {
            let listed = listing(&generation, index);
            prop_assert_eq!(listed.len(), scan.len());
            prop_assert_eq!(listed.into_iter().collect::<BTreeMap<_, _>>(), scan.clone());
        }
        let sums: Vec<i64> = listing(&generation, &["sum"])
            .iter()
            .filter_map(|(_, json)| serde_json::from_str::<serde_json::Value>(json).ok()?.get("sum")?.as_i64())
            .collect();
        prop_assert!(sums.is_sorted(), "{:?}", sums);
    }

    /// Who reads the log again finds every row that a fold changed, and none of another key.
    #[test]
    fn a_record_names_the_row_that_its_fold_changes(steps in steps()) {
        let (world, _) = live(&steps, true);
        for projection in ["object", "rows"] {
            let mut generation = world.empty(1);
            let mut keys = generation.touched_keys(projection).expect("rows");
            for (at, one) in world.records.iter().enumerate() {
                let before = rows(&generation, projection);
                world.fold_to(&mut generation, at + 1, |_| {});
                let changed: Vec<String> = changes(&before, &rows(&generation, projection));
                let block = Block::pack(&vec![one.clone()]);
                let named = keys.of(&Block::view(block.as_bytes()).expect("a block").records()[0], &world.registry);
                prop_assert!(changed.iter().all(|key| named.as_ref() == Some(key)), "{changed:?} {named:?}");
            }
        }
    }
}

fn rows(generation: &Generation, projection: &str) -> BTreeMap<String, String> {
    let mut walk = Walk::new();
    let next = || generation.rows(projection)?.next(&mut walk);
    std::iter::from_fn(next).map(|(key, row)| (key.to_owned(), row.to_json())).collect()
}

/// The keys whose rows differ.
fn changes(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    keys.into_iter().filter(|key| before.get(*key) != after.get(*key)).cloned().collect()
}
