//! The difference between two generations is that of their rows, however it was put together.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

#[cfg(test)]
mod common;

use std::collections::BTreeMap;

use common::World;
use proptest::prelude::*;
use selfsame_projections::{
    Change, CompareError, ComparedProjection, Comparison, Generation, JobInput, ProjectionKind,
    ROW_SAMPLES_MAX, RowChange, SAMPLE_ROW_BYTES_MAX, Skip,
};
use selfsame_record::Position;

const V1: &str = "
selfsame: 1
name: before
events:
  put:
    schema: { type: object, required: [n], properties: { n: { type: integer }, t: { type: string } } }
  gone: { schema: { type: object } }
projections:
  kind: { kind: cache, on: { put: { set: { t: $.t } } } }
  old: { kind: cache, on: { put: { set: { t: $.t } } } }
  rows: { kind: cache, on: { put: { set: { t: $.t, n: $.n } }, gone: delete } }
  same: { kind: view, on: { put: { set: { t: $.t } }, gone: delete } }
  work: { kind: jobs, on: { put: { input: { t: $.t } } } }
";

/// `rows` has other cells for some, lacks some and keeps some that are deleted in V1; `work` lacks some.
const V2: &str = "
selfsame: 1
name: after
parent: v1
events:
  put:
    schema: { type: object, required: [n], properties: { n: { type: integer }, t: { type: string } } }
  gone: { schema: { type: object } }
projections:
  kind: { kind: view, on: { put: { set: { t: $.t } } } }
  new: { kind: view, on: { put: { set: { t: $.t } } } }
  rows:
    kind: cache
    on:
      put: { when: 'event.n < 3', set: { t: $.t, n: $.n } }
      gone: { set: { n: 9 } }
  same: { kind: view, on: { put: { set: { t: $.t } }, gone: delete } }
  work: { kind: jobs, on: { put: { when: 'event.n < 4', input: { t: $.t } } } }
";

/// Two generations that live through the same records.
struct Twins {
    world: World,
    active: Generation,
    candidate: Generation,
    sources: Vec<Position>,
}

impl Twins {
    fn new() -> Twins {
        let mut world = World::with(V1);
        world.register(V2);
        let (active, candidate) = (world.empty(1), world.empty(2));
        Twins { world, active, candidate, sources: vec![] }
    }

    fn take(&mut self, happening: &Happening) {
        match happening {
            Happening::Put(key, n) => {
                self.world.event(1, "put", key, &format!(r#"{{"n":{n},"t":"t{n}"}}"#));
                self.sources.push(Position::new(self.world.records.len() as u64));
            }
            Happening::Gone(key) => self.world.event(1, "gone", key, "{}"),
            Happening::Finish(_) => self.world.control(),
            Happening::Settle => {
                self.active.settle();
                self.candidate.settle();
            }
        }
        let head = self.world.records.len();
        self.world.fold_to(&mut self.active, head, |_| {});
        self.world.fold_to(&mut self.candidate, head, |_| {});
        if let Happening::Finish(number) = happening
            && let Some(source) = self.sources.get(*number)
        {
            self.active.finish_job("work", *source);
            self.candidate.finish_job("work", *source);
        }
    }

    fn begin(&mut self, skip: Skip) -> Comparison {
        self.active.watch();
        self.candidate.watch();
        Comparison::begin(&self.active, &self.candidate, skip, 1000).expect("a comparison")
    }

    fn read_again(&mut self, comparison: &mut Comparison) {
        let touched = [self.active.take_touched(), self.candidate.take_touched()];
        let (active, candidate) = (&self.active, &self.candidate);
        comparison.read_again(active, candidate, active.version(), &touched[0]).expect("few rows");
        comparison.read_again(active, candidate, candidate.version(), &touched[1]).expect("few rows");
    }

    fn finish(&mut self, mut comparison: Comparison) -> Vec<ComparedProjection> {
        while comparison.step(&self.active, &self.candidate, 3).expect("few rows") {}
        self.read_again(&mut comparison);
        let (all, cut) = comparison.finish(&self.active, &self.candidate, 1 << 20).expect("it adds up");
        assert!(!cut);
        all
    }
}

/// All rows of a projection as they are.
fn rows(generation: &Generation, name: &str) -> BTreeMap<String, String> {
    let row = |(key, row): (&str, selfsame_projections::RowRef<'_>)| (key.to_owned(), row.to_json());
    if let Some(cache) = generation.cache(name) {
        return cache.iter().map(row).collect();
    }
    if let Some(view) = generation.view(name) {
        return view.iter().map(row).collect();
    }
    let Some(queue) = generation.queue(name) else { return BTreeMap::new() };
    // Padded, so that they are in the order of their positions.
    let job = |(at, input): (Position, &JobInput)| (format!("{:>6}", at.to_string()), input.json.to_string());
    queue.iter_from(Position::ZERO).map(job).collect()
}

/// One projection's counts and samples, without any cleverness.
fn naive(active: &Generation, candidate: &Generation, name: &str) -> String {
    let (one, two) = (rows(active, name), rows(candidate, name));
    let removed: Vec<_> = one.iter().filter(|(key, _)| !two.contains_key(*key)).collect();
    let added: Vec<_> = two.iter().filter(|(key, _)| !one.contains_key(*key)).collect();
    let changed: Vec<_> = one.iter().filter(|(k, row)| two.get(*k).is_some_and(|r| r != *row)).collect();
    let counts = (one.len() - removed.len() - changed.len(), added.len(), removed.len(), changed.len());
    let mut text = format!("{counts:?}");
    let shown = [added, removed, changed].into_iter().flat_map(|rows| rows.into_iter().take(ROW_SAMPLES_MAX));
    for (key, _) in shown {
        text.push_str(&format!(" {} {:?} {:?}", key.trim(), one.get(key), two.get(key)));
    }
    text
}

fn shown(compared: &ComparedProjection) -> String {
    let counts = (compared.equal, compared.added, compared.removed, compared.changed);
    let mut text = format!("{counts:?}");
    for sample in &compared.samples {
        text.push_str(&format!(" {} {:?} {:?}", sample.key, sample.active, sample.candidate));
    }
    text
}

fn check(twins: &mut Twins, comparison: Comparison) {
    let all = twins.finish(comparison);
    let changes: Vec<_> = all.iter().map(|c| (c.name.as_str(), c.change)).collect();
    let kind = [Change::Gone, Change::New].map(|change| ("kind", change));
    assert_eq!([changes[0], changes[1]], kind, "another kind is another projection");
    assert_eq!([changes[2], changes[3]], [("new", Change::New), ("old", Change::Gone)]);
    assert_eq!(changes[5], ("same", Change::Same));
    for name in ["rows", "same", "work"] {
        let compared = all.iter().find(|c| c.name.as_str() == name).expect("a projection");
        assert_eq!(shown(compared), naive(&twins.active, &twins.candidate, name), "{name}");
        let report =
            |g: &Generation| g.report().into_iter().find(|r| r.name.as_str() == name).map(|r| r.digest);
        assert_eq!(compared.active_digest, report(&twins.active));
        assert_eq!(compared.digest, report(&twins.candidate));
        let same = compared.active_digest == compared.digest;
        assert_eq!(compared.change == Change::Same, same, "{name}");
    }
}

#[derive(Clone, Debug)]
enum Happening {
    Put(String, u8),
    Gone(String),
    Finish(usize),
    Settle,
}

#[derive(Clone, Debug)]
enum Meanwhile {
    Fold(Happening),
    Step(usize),
    ReadAgain,
}

fn happening() -> impl Strategy<Value = Happening> {
    let key = || (0..10u8).prop_map(|key| format!("k{key}"));
    prop_oneof![
        6 => (key(), 0..6u8).prop_map(|(key, n)| Happening::Put(key, n)),
        3 => key().prop_map(Happening::Gone),
        2 => (0..12usize).prop_map(Happening::Finish),
        1 => Just(Happening::Settle),
    ]
}

fn meanwhile() -> impl Strategy<Value = Meanwhile> {
    prop_oneof![
        3 => happening().prop_map(Meanwhile::Fold),
        4 => (1..4usize).prop_map(Meanwhile::Step),
        1 => Just(Meanwhile::ReadAgain),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_comparison_in_pieces_while_folds_go_on_is_the_difference_of_the_rows(
        before in proptest::collection::vec(happening(), 0..30),
        meanwhile in proptest::collection::vec(meanwhile(), 0..40),
        nothing_skipped in any::<bool>(),
    ) {
        let mut twins = Twins::new();
        before.iter().for_each(|happening| twins.take(happening));
        let skip = if nothing_skipped { Skip::Nothing } else { Skip::EqualDigests };
        let mut comparison = twins.begin(skip);
        for step in &meanwhile {
            match step {
                Meanwhile::Fold(happening) => twins.take(happening),
                Meanwhile::Step(rows) => {
                    comparison.step(&twins.active, &twins.candidate, *rows).expect("few rows");
                }
                Meanwhile::ReadAgain => twins.read_again(&mut comparison),
            }
        }
        check(&mut twins, comparison);
    }
}

fn put(key: &str, n: u8) -> Happening {
    Happening::Put(key.to_owned(), n)
}

/// The last row of a table takes the place of a deleted one, which no fold touches.
#[test]
fn a_row_that_moves_behind_the_walk_is_not_missed() {
    for seen in 1..8 {
        for deleted in ["a", "b", "c", "d"] {
            let mut twins = Twins::new();
            // The candidate does not take them, so that only this walk meets them.
            ["a", "b", "c", "d"].iter().for_each(|key| twins.take(&put(key, 5)));
            let mut comparison = twins.begin(Skip::EqualDigests);
            comparison.step(&twins.active, &twins.candidate, seen).expect("few rows");
            twins.take(&Happening::Gone(deleted.to_owned()));
            let all = twins.finish(comparison);
            let rows = all.iter().find(|c| c.name.as_str() == "rows").expect("a projection");
            assert_eq!((rows.removed, rows.added), (3, 1), "{seen} seen, {deleted} deleted");
        }
    }
}

#[test]
fn a_job_is_known_by_its_source() {
    let mut twins = Twins::new();
    for n in [1, 5, 5, 2] {
        twins.take(&put("k", n));
    }
    let mut comparison = twins.begin(Skip::EqualDigests);
    assert!(comparison.step(&twins.active, &twins.candidate, 1).expect("few rows"));
    twins.take(&Happening::Finish(1));
    twins.take(&Happening::Finish(0));
    let all = twins.finish(comparison);
    let jobs = all.iter().find(|c| c.kind == ProjectionKind::Jobs).expect("a queue");
    assert_eq!((jobs.equal, jobs.added, jobs.removed, jobs.changed), (1, 0, 1, 0));
    let sample = &jobs.samples[0];
    assert_eq!((sample.change, &*sample.key), (RowChange::Removed, "#3"));
    assert_eq!(sample.active.as_deref(), Some(r#"{"t":"t5"}"#));
    let json = serde_json::to_string(sample).expect("JSON");
    assert_eq!(json, r##"{"change":"removed","key":"#3","active":{"t":"t5"}}"##);
}

#[test]
fn samples_are_few_and_short_and_it_is_said_what_was_cut() {
    let mut twins = Twins::new();
    let long = "x".repeat(SAMPLE_ROW_BYTES_MAX);
    twins.world.event(1, "put", "a-long-one", &format!(r#"{{"n":5,"t":"{long}"}}"#));
    for key in 0..ROW_SAMPLES_MAX + 5 {
        twins.take(&put(&format!("k{key:02}"), 5));
    }
    let mut comparison = twins.begin(Skip::EqualDigests);
    while comparison.step(&twins.active, &twins.candidate, 100).expect("few rows") {}
    let finish = |bytes| comparison.finish(&twins.active, &twins.candidate, bytes).expect("it adds up");
    let (all, cut) = finish(1 << 20);
    let rows = all.iter().find(|c| c.name.as_str() == "rows").expect("a projection");
    assert_eq!((rows.removed, rows.samples.len()), (ROW_SAMPLES_MAX as u64 + 6, ROW_SAMPLES_MAX));
    assert!(cut && rows.samples[0].cut && rows.samples[0].active.is_none(), "{:?}", rows.samples[0]);
    assert_eq!(rows.samples[1].active.as_deref(), Some(r#"{"n":5,"t":"t5"}"#));
    let (all, cut) = finish(600);
    let samples: usize = all.iter().map(|c| c.samples.len()).sum();
    assert!(cut && (1..9).contains(&samples), "{samples}");
    assert!(all.iter().filter(|c| c.change == Change::Changed).all(|c| !c.samples.is_empty()), "in turns");
}

#[test]
fn too_many_rows_are_refused() {
    let mut twins = Twins::new();
    for key in 0..5 {
        twins.take(&put(&key.to_string(), 1));
    }
    let begin = |twins: &Twins, rows_max| {
        Comparison::begin(&twins.active, &twins.candidate, Skip::EqualDigests, rows_max)
    };
    let mut comparison = begin(&twins, 0).expect("all digests are equal, so that nothing is walked");
    twins.active.watch();
    twins.take(&put("k", 5));
    let touched = twins.active.take_touched();
    let again =
        comparison.read_again(&twins.active, &twins.candidate, twins.active.version(), &touched).unwrap_err();
    assert_eq!(again, CompareError::TooManyRows { rows: 2, rows_max: 0 }, "a row and a job");
    let err = begin(&twins, 21).unwrap_err();
    assert_eq!(err.to_string(), "22 rows would have to be compared one by one, over the limit of 21");
    assert!(begin(&twins, 22).is_ok());
}
