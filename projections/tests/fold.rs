//! What events make of rows and queues, and what becomes of those that fail.

#[cfg(test)]
mod common;

use common::{World, row, skipped};
use selfsame_projections::{INDEX_TEXT_BYTES_MAX, ROW_BYTES_MAX};
use selfsame_record::{Digest, Position};

const EVENTS: &str = "
selfsame: 1
name: test
events:
  put:
    schema:
      type: object
      properties:
        id: { type: [string, 'null'] }
        n: { type: [integer, 'null'] }
        f: { type: number }
        t: { type: [string, 'null'] }
        l: { type: array, items: { type: integer } }
        o: { type: object, properties: { x: { type: integer } } }
  gone:
    schema: { type: object, properties: { id: { type: string } } }
  unread:
    schema: { type: object }
projections:
";

fn world(projections: &str) -> World {
    World::with(&format!("{EVENTS}{projections}"))
}

/// Folds the events into projection `p`; what its row `k` is then, and which events were skipped.
#[track_caller]
fn check(section: &str, events: &[&str], expect: &str, expect_skipped: &[&str]) {
    let mut world = world(&format!("  p: {section}"));
    for json in events {
        let event_type = if json.is_empty() { "gone" } else { "put" };
        world.event(1, event_type, "k", if json.is_empty() { "{}" } else { json });
    }
    let generation = world.generation(1);
    assert_eq!(row(&generation, "p", "k"), expect);
    assert_eq!(skipped(&generation), expect_skipped);
}

/// The same for a cache with these reductions on `put`, which `gone` deletes.
#[track_caller]
fn check_put(reductions: &str, events: &[&str], expect: &str, expect_skipped: &[&str]) {
    let section = format!("{{ kind: cache, on: {{ put: {reductions}, gone: delete }} }}");
    check(&section, events, expect, expect_skipped);
}

#[test]
fn set_keeps_what_was_written() {
    check_put("{ set: { x: $.n } }", &[], "none", &[]);
    check_put("{ set: { x: $.n } }", &[r#"{"n":1}"#, r#"{"n":2}"#], r#"{"x":2}"#, &[]);
    check_put("{ set: { x: $.n } }", &[r#"{"n":1.0}"#], r#"{"x":1.0}"#, &[]);
    check_put("{ set: { x: $.n } }", &[r#"{"n":1}"#, r#"{"n":null}"#], r#"{"x":null}"#, &[]);
    check_put("{ set: { x: $.n, y: 1 } }", &[r#"{"n":1}"#, "{}"], r#"{"y":1}"#, &[]);
    check_put("{ set: { x: $.n } }", &["{}"], "{}", &[]);
    let whole = r#"{"l":[1,2],"o":{"x":3,"q":[4]},"z":true}"#;
    check_put("{ set: { x: $.l, y: $.o } }", &[whole], r#"{"x":[1,2],"y":{"x":3,"q":[4]}}"#, &[]);
    check_put("{ set: { x: $.o.x } }", &[whole], r#"{"x":3}"#, &[]);
    check_put("{ set: { x: $$n, y: 1.5, z: true } }", &["{}"], r#"{"x":"$n","y":1.5,"z":true}"#, &[]);
}

#[test]
fn the_envelope_is_read() {
    let all = "{ set: { a: $time, b: $key, c: $type, d: $id, e: $source, f: $principal } }";
    let expect = r#"{"a":"1970-01-01T00:00:00.000000Z","b":"k","c":"put","d":"0","e":"/test","f":"web"}"#;
    check_put(all, &["{}"], expect, &[]);
}

/// A condition that is false leaves the event out; one that has no value skips it with the reason.
#[test]
fn a_condition_decides_whether_an_event_is_folded() {
    let count = |condition: &str| format!("{{ when: \"{condition}\", add: {{ x: 1 }} }}");
    let events = [r#"{"n":1}"#, r#"{"n":2}"#, r#"{"n":null}"#, "{}", r#"{"n":5}"#];
    check_put(&count("has(event.n) && event.n != null && event.n > 1"), &events, r#"{"x":2}"#, &[]);
    check_put(&count("!has(event.n)"), &events, r#"{"x":1}"#, &[]);
    check_put(&count("has(event.n) && event.n == null"), &events, r#"{"x":1}"#, &[]);
    check_put(&count("true"), &events, r#"{"x":5}"#, &[]);
    check_put(&count("false"), &events, "none", &[]);
    let divided = "has(event.n) && event.n != null && 4 / (event.n - 1) == 1";
    check_put(&count(divided), &events, r#"{"x":1}"#, &["put p ConditionFailed #1"]);
}

/// Below slots, arrays and values of any type are read from JSON text.
#[test]
fn a_condition_reads_what_has_no_slot_of_its_own() {
    let holds = |condition: &str, event: &str| {
        let reductions = format!("{{ when: \"{condition}\", set: {{ x: 1 }} }}");
        check_put(&reductions, &[event], r#"{"x":1}"#, &[]);
    };
    holds("has(event.o) && has(event.o.x) && event.o.x == 3", r#"{"o":{"x":3}}"#);
    holds("has(event.o) && !has(event.o.x)", r#"{"o":{}}"#);
    holds("!has(event.o)", "{}");
    holds("has(event.o) && size(event.o) == 2", r#"{"o":{"x":3,"other":1}}"#);
    holds("has(event.l) && event.l.exists(i, i == 9007199254740993)", r#"{"l":[1,9007199254740993]}"#);
    holds("has(event.l) && event.l[1] == 1000", r#"{"l":[1e400,1e3]}"#);
    holds("has(event.t) && event.t == 'aé'", r#"{"t":"a\u00e9"}"#);
    holds("has(event.f) && event.f > 0.1", r#"{"f":1.0e-0}"#);
    holds("size(event) == 2", r#"{"n":1,"unknown":{"a":[]}}"#);
}

#[test]
fn a_condition_holds_for_jobs_and_for_the_version_that_reads() {
    let jobs = "  p: { kind: jobs, on: { put: { when: has(event.t), input: { t: $.t } } } }";
    let mut world = world(jobs);
    for json in ["{}", r#"{"t":"a"}"#, r#"{"t":null}"#] {
        world.event(1, "put", "k", json);
    }
    assert_eq!(world.generation(1).queue("p").expect("a queue").len(), 2);
    // The second version has another name for the field, and its condition reads by that name.
    let second = EVENTS.replace("t: { type: [string, 'null'] }", "text: { type: [string, 'null'] }");
    let second = second.replace("name: test", "name: second\nparent: v1");
    let lenses = "lenses: { put: [{ rename: { from: /t, to: /text } }] }\nprojections:";
    let jobs = jobs.replace("event.t", "event.text").replace("$.t", "$.text");
    world.register(&format!("{}{jobs}", second.replace("projections:", lenses)));
    assert_eq!(world.generation(2).queue("p").expect("a queue").len(), 2);
}

#[test]
fn add_counts() {
    let events = [r#"{"n":2}"#, r#"{"n":-5}"#, r#"{"n":4.0}"#, r#"{"n":null}"#, "{}"];
    check_put("{ add: { x: $.n, y: 1 } }", &events, r#"{"x":1,"y":5}"#, &[]);
    check_put("{ add: { x: $.n } }", &["{}"], "{}", &[]);
    let beyond = [r#"{"n":9223372036854775807}"#, r#"{"n":1}"#, r#"{"n":-1}"#, r#"{"n":1}"#];
    let expect = r#"{"x":9223372036854775807,"y":3}"#;
    check_put("{ add: { x: $.n, y: 1 } }", &beyond, expect, &["put p SumOutOfRange #2"]);
    let large = [r#"{"n":7}"#, r#"{"n":9223372036854775808}"#, r#"{"n":1e400}"#];
    check_put("{ add: { x: $.n } }", &large, r#"{"x":7}"#, &["put p NotAnInteger #2 #3"]);
}

#[test]
fn max_and_min_keep_extremes() {
    let events = [r#"{"n":2,"t":"b"}"#, r#"{"n":-5.0,"t":"ä"}"#, r#"{"n":null,"t":"a"}"#, "{}"];
    check_put(
        "{ max: { x: $.n, y: $.t, z: $time } }",
        &events,
        r#"{"x":2,"y":"ä","z":"1970-01-01T00:00:03.000000Z"}"#,
        &[],
    );
    check_put(
        "{ min: { x: $.n, y: $.t, z: $time } }",
        &events,
        r#"{"x":-5,"y":"a","z":"1970-01-01T00:00:00.000000Z"}"#,
        &[],
    );
    check_put("{ max: { x: $.n } }", &[r#"{"n":1e30}"#], "none", &["put p NotAnInteger #1"]);
}

#[test]
fn append_keeps_the_last_items() {
    let events = [r#"{"n":1}"#, r#"{"n":2.0}"#, r#"{"n":null}"#, "{}", r#"{"n":3}"#, r#"{"n":4}"#];
    check_put("{ append: { x: { value: $.n, max: 3 } } }", &events, r#"{"x":[2.0,3,4]}"#, &[]);
    check_put("{ append: { x: { value: $.o, max: 2 } } }", &[r#"{"o":{"x":1}}"#], r#"{"x":[{"x":1}]}"#, &[]);
}

#[test]
fn delete_takes_the_row_and_the_next_event_makes_it_anew() {
    let counted = "{ set: { y: $.t }, add: { x: 1 } }";
    check_put(counted, &[r#"{"t":"a"}"#, "{}", ""], "none", &[]);
    check_put(counted, &[r#"{"t":"a"}"#, "", r#"{"t":"b"}"#], r#"{"x":1,"y":"b"}"#, &[]);
    check_put(counted, &[""], "none", &[]);
}

#[test]
fn a_column_that_is_counted_and_set_is_an_integer() {
    let section = "{ kind: cache, on: { put: { set: { x: $.n } }, gone: { add: { x: 1 } } } }";
    check(section, &[r#"{"n":4.0}"#, ""], r#"{"x":5}"#, &[]);
    check(section, &["", "", r#"{"n":null}"#, ""], r#"{"x":1}"#, &[]);
    check(section, &["", r#"{"n":1e99}"#, ""], r#"{"x":2}"#, &["put p NotAnInteger #2"]);
}

#[test]
fn rows_are_found_by_the_key_expression() {
    let by = |key: &str| format!("{{ kind: view, key: {key}, on: {{ put: {{ add: {{ x: 1 }} }} }} }}");
    check(&by("$.id"), &[r#"{"id":"k"}"#, r#"{"id":"j"}"#], r#"{"x":1}"#, &[]);
    check(&by("$.id"), &[r#"{"id":"k"}"#, "{}", r#"{"id":null}"#], r#"{"x":1}"#, &["put p KeyMissing #2 #3"]);
    let long = format!(r#"{{"id":"{}"}}"#, "x".repeat(513));
    let invalid = [r#"{"id":""}"#, r#"{"id":"a\nb"}"#, &long];
    check(&by("$.id"), &invalid, "none", &["put p KeyInvalid #1 #2 #3"]);
    check(&by("k"), &["{}", "{}"], r#"{"x":2}"#, &[]);
    let mut world = world(&format!("  p: {}", by("$.n")));
    for json in [r#"{"n":7}"#, r#"{"n":7.0}"#, r#"{"n":7e99}"#] {
        world.event(1, "put", "k", json);
    }
    let generation = world.generation(1);
    assert_eq!(row(&generation, "p", "7"), r#"{"x":2}"#);
    assert_eq!(skipped(&generation), ["put p KeyInvalid #3"]);
}

#[test]
fn a_row_and_an_index_have_limits() {
    let text = |len: usize| format!(r#"{{"t":"{}"}}"#, "x".repeat(len));
    let section = "{ kind: view, indexes: [[x]], on: { put: { set: { x: $.t } } } }";
    let (fits, longer) = (text(INDEX_TEXT_BYTES_MAX), text(INDEX_TEXT_BYTES_MAX + 1));
    let expect = fits.replace("\"t\"", "\"x\"");
    check(section, &[&fits, &longer], &expect, &["put p IndexTextTooLong #2"]);
    // A list of texts grows until the row is full; a removed column makes room again.
    let half = text(ROW_BYTES_MAX / 2 - 100);
    let section = "{ kind: cache, on: { put: { append: { x: { value: $.t, max: 9 } }, set: { y: $.t } } } }";
    check(
        section,
        &[&half, &half, "{}", &half, "{}"],
        &half.replace("\"t\":", "\"x\":[").replace('}', "]}"),
        &["put p RowTooLarge #2 #4"],
    );
}

#[test]
fn a_failure_in_one_projection_is_none_of_the_others() {
    let mut world = world(
        "  good: { kind: cache, on: { put: { set: { n: $.n } } } }
  sum: { kind: cache, on: { put: { set: { t: $.t }, add: { n: $.n } } } }
  by_id: { kind: view, key: $.id, on: { put: { set: { n: $.n } } } }",
    );
    world.event(1, "put", "k", r#"{"n":1,"t":"a"}"#);
    world.event(1, "put", "k", r#"{"n":1e99,"t":"b"}"#);
    let generation = world.generation(1);
    assert_eq!(row(&generation, "good", "k"), r#"{"n":1e99}"#);
    assert_eq!(row(&generation, "sum", "k"), r#"{"n":1,"t":"a"}"#);
    assert_eq!(skipped(&generation), ["put by_id KeyMissing #1 #2", "put sum NotAnInteger #2"]);
}

#[test]
fn a_queue_holds_inputs_until_their_outcome() {
    let mut world = world("  mail: { kind: jobs, on: { put: { input: { to: $.t, no: $.n, at: $time } } } }");
    world.event(1, "put", "k", r#"{"t":"a"}"#);
    world.control();
    world.event(1, "unread", "k", "{}");
    world.event(1, "put", "k", r#"{"t":"b","n":null}"#);
    let mut generation = world.generation(1);
    let pending = |generation: &selfsame_projections::Generation, from| {
        let queue = generation.queue("mail").expect("a queue");
        let inputs = queue.iter_from(Position::new(from));
        inputs.map(|(at, input)| format!("{at} {}", input.json)).collect::<Vec<_>>()
    };
    let first = r##"#1 {"at":"1970-01-01T00:00:00.000000Z","to":"a"}"##;
    let second = r##"#4 {"at":"1970-01-01T00:00:02.000000Z","no":null,"to":"b"}"##;
    assert_eq!(pending(&generation, 0), [first, second]);
    assert_eq!(pending(&generation, 2), [second]);
    generation.settle();
    generation.finish_job("mail", Position::new(1));
    generation.finish_job("mail", Position::new(2));
    generation.finish_job("no-such-queue", Position::new(4));
    assert_eq!(pending(&generation, 0), [second]);
    generation.finish_job("mail", Position::new(4));
    assert_eq!(generation.queue("mail").map(|queue| queue.digest()), Some(Digest::default()));
}

#[test]
fn an_input_has_a_limit() {
    let mut world = world("  mail: { kind: jobs, on: { put: { input: { a: $.t, b: $.t } } } }");
    world.event(1, "put", "k", &format!(r#"{{"t":"{}"}}"#, "x".repeat(ROW_BYTES_MAX / 2 - 8)));
    world.event(1, "put", "k", &format!(r#"{{"t":"{}"}}"#, "x".repeat(ROW_BYTES_MAX / 2 - 7)));
    let generation = world.generation(1);
    assert_eq!(generation.queue("mail").map(|queue| queue.len()), Some(1));
    assert_eq!(skipped(&generation), ["put mail InputTooLarge #2"]);
}

#[test]
fn projections_are_found_by_name_and_kind() {
    let world = world(
        "  c: { kind: cache, on: { put: delete } }
  q: { kind: jobs, on: { put: { input: {} } } }
  v: { kind: view, on: { put: delete } }",
    );
    let generation = world.generation(1);
    let found = |name| {
        [generation.cache(name).is_some(), generation.view(name).is_some(), generation.queue(name).is_some()]
    };
    assert_eq!(found("c"), [true, false, false]);
    assert_eq!(found("v"), [false, true, false]);
    assert_eq!(found("q"), [false, false, true]);
    assert_eq!(found("x"), [false; 3]);
    let report: Vec<_> =
        generation.report().into_iter().map(|line| (line.name.to_string(), line.rows, line.digest)).collect();
    assert_eq!(report, ["c", "q", "v"].map(|name| (name.to_owned(), 0, Digest::default())));
}

#[test]
#[should_panic(expected = "v1 at #1 cannot fold #1")]
fn a_record_is_folded_once() {
    let mut world = world("  c: { kind: cache, on: { put: delete } }");
    world.event(1, "put", "k", "{}");
    let mut generation = world.generation(1);
    let block = selfsame_record::Block::pack(&world.records);
    let view = selfsame_record::Block::view(block.as_bytes()).expect("a block");
    generation.fold(&view.records()[0], &world.registry);
}
