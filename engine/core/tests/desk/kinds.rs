//! A law: a build that passes over what it does not read comes to the same as one that reads everything.

use proptest::prelude::*;
use selfsame_core::{Draft, Reads, Request, fold};
use selfsame_projections::Generation;
use selfsame_record::{Name, VersionNo};

use crate::desk::Desk;

/// `a` and `c` are read, `b` is not; `a` makes jobs.
const V1: &str = r#"
selfsame: 1
name: one
events:
  a: { key: /k, schema: { type: object, required: [k], properties: { k: { type: string }, n: { type: integer } } } }
  b: { key: /k, schema: { type: object, required: [k], properties: { k: { type: string } } } }
  c: { key: /k, schema: { type: object, required: [k], properties: { k: { type: string } } } }
projections:
  rows: { kind: view, on: { a: { set: { n: $.n } }, c: { add: { seen: 1 } } } }
  work: { kind: jobs, on: { a: { input: { n: $.n } } } }
"#;

/// Its child: `a` has a text that an older event may have as a number, `b` is gone, `d` is new, `c` is not
/// read any longer, and there are no jobs.
const V2: &str = r#"
selfsame: 1
name: two
parent: v1
events:
  a:
    key: /k
    schema:
      type: object
      required: [k, t]
      properties: { k: { type: string }, n: { type: integer }, t: { type: string } }
  c: { key: /k, schema: { type: object, required: [k], properties: { k: { type: string } } } }
  d: { key: /k, schema: { type: object, required: [k], properties: { k: { type: string } } } }
lenses:
  a: [{ add: { at: /t, default: x } }]
projections:
  rows: { kind: view, on: { a: { set: { n: $.n, t: $.t } }, d: delete } }
"#;

/// So many events of one type in one version, and whether a job is finished after them.
#[derive(Clone, Debug)]
struct Stretch {
    event_type: &'static str,
    version: u32,
    count: usize,
    finish: bool,
}

fn stretch() -> impl Strategy<Value = Stretch> {
    let kinds = prop_oneof![
        2 => Just(("a", 1)), 1 => Just(("a", 2)), 4 => Just(("b", 1)), 2 => Just(("c", 1)), 2 => Just(("c", 2)),
        1 => Just(("d", 2)),
    ];
    let count = prop_oneof![1..10usize, 200..400usize, 900..1000usize];
    (kinds, count, any::<bool>()).prop_map(|((event_type, version), count, finish)| Stretch {
        event_type,
        version,
        count,
        finish,
    })
}

fn publish(desk: &mut Desk, stretch: &Stretch, number: usize) {
    let admission = desk.core.admission();
    let draft = |n: usize| {
        let version = format!("v{}", stretch.version);
        let id = format!("{number}-{n}");
        let named = [
            ("specversion", "1.0"),
            ("type", stretch.event_type),
            ("source", "/t"),
            ("id", &id),
            ("dataschema", &version),
        ];
        let attributes = named.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let t = if n.is_multiple_of(7) && stretch.version == 1 { "5" } else { r#""y""# };
        let t = if stretch.event_type == "a" { format!(r#","n":{n},"t":{t}"#) } else { String::new() };
        Draft { attributes, data: format!(r#"{{"k":"k{}"{t}}}"#, n % 50).into_bytes() }
    };
    let events = (0..stretch.count).map(|n| admission.admit(&draft(n), None, None).unwrap()).collect();
    desk.ask(Request::Publish { events }).unwrap();
    if stretch.finish {
        let (lease, jobs) = desk.lease("work", 3);
        for (job, ..) in jobs {
            let queue = Name::parse("work").unwrap();
            desk.ask(Request::Ack { queue, job, lease: lease.unwrap() }).unwrap();
        }
    }
}

/// Reads everything.
fn plain(desk: &Desk, version: VersionNo) -> Generation {
    let mut generation = desk.core.new_generation(version).unwrap();
    desk.each(&mut |core, record| fold(&mut generation, record, core.registry()));
    generation
}

/// Reads only the spans that hold what it reads; how many records these are.
fn passing_over(desk: &Desk, version: VersionNo) -> (Generation, u64) {
    let (kinds, registry, head) = (desk.serving.kinds(), desk.core.registry(), desk.core.head());
    let mut generation = desk.core.new_generation(version).unwrap();
    let mut reads = Reads::default();
    reads.learn(&mut generation, &kinds.since(0), registry);
    let spans = kinds.spans(generation.position().next(), head, &reads, usize::MAX);
    let mut read = 0;
    desk.each(&mut |core, record| {
        if spans.iter().any(|span| (span.first..=span.last).contains(&record.at())) {
            if generation.position().next() < record.at() {
                generation.skip_to(selfsame_record::Position::new(record.at().get() - 1));
            }
            fold(&mut generation, record, core.registry());
            read += 1;
        }
    });
    if generation.position() < head {
        generation.skip_to(head);
    }
    (generation, read)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn a_build_that_passes_over_what_it_does_not_read_comes_to_the_same(
        stretches in proptest::collection::vec(stretch(), 1..14),
    ) {
        let mut desk = Desk::new();
        desk.take_live(V1, None);
        desk.candidate(V2);
        for (number, stretch) in stretches.iter().enumerate() {
            publish(&mut desk, stretch, number);
        }
        for version in [1, 2].map(|no| VersionNo::new(no).unwrap()) {
            let (all, (some, _)) = (plain(&desk, version), passing_over(&desk, version));
            prop_assert_eq!(all.digest(), some.digest());
            prop_assert_eq!(all.report(), some.report());
            prop_assert_eq!(all.skipped(), some.skipped());
            prop_assert_eq!(all.position(), some.position());
            let live = desk.serving.generation(version).unwrap();
            prop_assert_eq!((live.digest(), live.skipped()), (some.digest(), some.skipped()));
        }
        desk.check_replay();
    }
}

#[test]
fn a_build_reads_a_part_of_the_log() {
    let mut desk = Desk::new();
    let v1 = desk.take_live(V1, None);
    for (number, event_type) in ["a", "b", "b", "b", "b", "b", "c"].into_iter().enumerate() {
        publish(&mut desk, &Stretch { event_type, version: 1, count: 1000, finish: false }, number);
    }
    let (generation, read) = passing_over(&desk, v1);
    assert_eq!(generation.digest(), desk.serving.generation(v1).unwrap().digest());
    assert!(read < 3000, "{read} of {} were read", desk.core.head());
}
