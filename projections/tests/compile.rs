//! What a document may say about projections, and how it is told what is wrong.

#[cfg(test)]
mod common;

use common::World;
use selfsame_projections::{COLUMNS_MAX, ColumnKind, INDEXES_MAX, ProjectionKind, QueuePlan};
use selfsame_schema::PROBLEMS_MAX;

fn document(projections: &str) -> String {
    let indented: String = projections.lines().map(|line| format!("  {line}\n")).collect();
    format!(
        "
selfsame: 1
name: test
events:
  a:
    schema:
      type: object
      properties:
        n: {{ type: integer }}
        f: {{ type: number }}
        t: {{ type: string }}
        b: {{ type: boolean }}
        l: {{ type: array, items: {{ type: string }} }}
        o: {{ type: object, properties: {{ x: {{ type: integer }}, y/z: {{ type: string }} }} }}
        any: {{}}
  b:
    schema: {{ type: object, properties: {{ m: {{ type: integer }} }} }}
projections:
{indented}"
    )
}

/// The problems of one projection `p`, without the place of the projection itself.
#[track_caller]
fn check(section: &str, expect: &[&str]) {
    let problems = match World::compile(&document(&format!("p: {section}"))) {
        Ok(_) => vec![],
        Err(problems) => problems,
    };
    assert!(problems.iter().all(|problem| problem.pointer.starts_with("/projections/p")), "{problems:#?}");
    let texts: Vec<String> =
        problems.iter().map(|p| p.to_string().replacen("/projections/p", "", 1)).collect();
    assert_eq!(texts, expect);
}

/// The same for what a cache does on event `a`.
#[track_caller]
fn check_on(reductions: &str, expect: &[&str]) {
    let expect: Vec<String> = expect.iter().map(|text| format!("/on/a{text}")).collect();
    let expect: Vec<&str> = expect.iter().map(String::as_str).collect();
    check(&format!("{{ kind: cache, on: {{ a: {reductions} }} }}"), &expect);
}

#[test]
fn what_is_said_well_is_taken() {
    check("{ kind: cache, on: { a: { set: { x: $.n } }, b: delete } }", &[]);
    check("{ kind: view, key: $.t, indexes: [[x, y], [y]], on: { a: { set: { x: $.n, y: $.t } } } }", &[]);
    check("{ kind: jobs, on: { a: { input: { to: $.t, all: $, when: $time } } }, lease: 1m }", &[]);
    check_on("{ set: { a: $.o.x, b: $/o/y~1z, c: $.o, d: $$x, e: 1.5, f: null, g: $principal } }", &[]);
    check_on("{ add: { a: 1, b: $.n }, max: { c: $time, d: $.t }, min: { e: -1, f: x } }", &[]);
    check_on("{ append: { a: { value: $.any, max: 1000 } } }", &[]);
    check_on("{ set: { empty: { } } }", &["/set/empty: must be an expression, not an array or an object"]);
}

#[test]
fn a_section_has_a_kind_and_its_members() {
    check("{ on: { a: delete } }", &[": `kind` is missing"]);
    check("{ kind: table, on: { a: delete } }", &["/kind: `table` is not a kind of projection"]);
    check("{ kind: [], on: { a: delete } }", &["/kind: must be a text, not an array"]);
    check("{ kind: cache }", &[": says nothing: `on` is missing"]);
    check("{ kind: cache, on: {} }", &["/on: names no event type"]);
    check("{ kind: cache, on: [] }", &["/on: must be an object, not an array", "/on: names no event type"]);
    check("{ kind: cache, ttl: 5s, on: { a: delete } }", &["/ttl: `ttl` is not supported yet"]);
    let misplaced = "/indexes: a projection of kind `cache` has no `indexes`";
    check("{ kind: cache, indexes: [], on: { a: delete } }", &[misplaced]);
    let misplaced = "/lease: a projection of kind `view` has no `lease`";
    check("{ kind: view, lease: 5s, on: { a: delete } }", &[misplaced]);
    let misplaced = "/key: a projection of kind `jobs` has no `key`";
    check("{ kind: jobs, key: $.t, on: { a: { input: {} } } }", &[misplaced]);
}

#[test]
fn an_event_type_is_one_of_the_version() {
    check("{ kind: cache, on: { z: delete } }", &["/on/z: this version has no event type `z`"]);
    check("{ kind: cache, on: { a/b: delete } }", &["/on/a~1b: this version has no event type `a/b`"]);
}

#[test]
fn a_reduction_is_one_that_there_is() {
    check_on("remove", &[": `remove` is not supported yet"]);
    check_on("7", &[": must be an object, not a number"]);
    check_on("{}", &[": says nothing to do"]);
    check_on("{ set: {} }", &["/set: names no column"]);
    check_on("{ set: 1 }", &["/set: must be an object, not a number"]);
    check_on("{ when: true }", &["/when: must be a text, not a boolean", ": says nothing to do"]);
    check_on("{ count: { x: 1 } }", &["/count: `count` is not supported yet"]);
    let twice = "/add/x: `x` is changed by another reduction of this event already";
    check_on("{ add: { x: 1 }, set: { x: 1 } }", &[twice]);
    let grammar = "/set/a b: `a b` is not a name: use letters, digits, `_` and `-`";
    check_on("{ set: { a b: 1 } }", &[grammar]);
}

#[test]
fn an_expression_names_what_there_is() {
    check_on("{ set: { x: $.zip } }", &["/set/x: the event has no field `/zip`, which `$.zip` names"]);
    check_on("{ set: { x: $.o.q } }", &["/set/x: the event has no field `/o/q`, which `$.o.q` names"]);
    check_on("{ set: { x: $.l.0 } }", &["/set/x: the event has no field `/l/0`, which `$.l.0` names"]);
    check_on("{ set: { x: $position } }", &["/set/x: `$position` is not an expression"]);
    check_on("{ set: { x: $. } }", &["/set/x: `$.` is not an expression"]);
    check_on("{ set: { x: [1] } }", &["/set/x: must be an expression, not an array or an object"]);
    let problems = World::compile(&document("p: { kind: cache, on: { a: { set: { x: $.o.q } } } }"));
    let help = problems.err().and_then(|problems| problems[0].help.clone());
    assert_eq!(help.as_deref(), Some("it has `/o/x`, `/o/y~1z`"));
}

#[test]
fn a_key_is_a_text_or_an_integer_of_every_event() {
    let keyed = |key: &str| format!("{{ kind: cache, key: {key}, on: {{ a: delete, b: delete }} }}");
    let missing = "the event has no field";
    check(&keyed("$.n"), &[&format!("/key: for `b`: {missing} `/n`, which `$.n` names")]);
    check(
        &keyed("$.q"),
        &[
            &format!("/key: for `a`: {missing} `/q`, which `$.q` names"),
            &format!("/key: for `b`: {missing} `/q`, which `$.q` names"),
        ],
    );
    let moment = "`$time` is a moment, and a key is a text or an integer";
    check(&keyed("$time"), &[&format!("/key: for `a`: {moment}"), &format!("/key: for `b`: {moment}")]);
    let empty = "`` is not a key: 1 to 512 bytes without control characters";
    check(&keyed("''"), &[&format!("/key: for `a`: {empty}"), &format!("/key: for `b`: {empty}")]);
    for key in ["$id", "$source", "total", "7"] {
        check(&keyed(key), &[]);
    }
}

#[test]
fn sums_are_of_integers() {
    check_on("{ add: { x: $.f } }", &["/add/x: `x` is a sum of integers, and `$.f` is a number"]);
    check_on("{ add: { x: 1.5 } }", &["/add/x: `x` is a sum of integers, and `1.5` is a number"]);
    check_on(
        "{ add: { x: $.any } }",
        &["/add/x: `x` is a sum of integers, and `$.any` is of no single kind"],
    );
    let other = |set: &str| format!("{{ kind: cache, on: {{ a: {{ add: {{ x: 1 }} }}, b: {{ {set} }} }} }}");
    check(&other("set: { x: $.m }"), &[]);
    check(&other("set: { x: null }"), &[]);
    check(&other("set: { x: y }"), &["/on/b/set/x: `x` is a sum of integers, and `y` is a text"]);
    let counted = "/on/b/max/x: `x` is a sum: only `add` and `set` of an integer change it";
    check(&other("max: { x: $.m }"), &[counted]);
}

#[test]
fn extremes_are_of_one_kind_with_an_order() {
    let takes = "`max` and `min` take integers, `$time` and texts, and";
    check_on("{ max: { x: $.f } }", &[&format!("/max/x: {takes} `$.f` is a number")]);
    check_on("{ min: { x: $.b } }", &[&format!("/min/x: {takes} `$.b` is a boolean")]);
    check_on("{ min: { x: null } }", &[&format!("/min/x: {takes} `null` is `null`")]);
    let other =
        |set: &str| format!("{{ kind: cache, on: {{ a: {{ max: {{ x: $time }} }}, b: {{ {set} }} }} }}");
    check(&other("set: { x: $time }"), &[]);
    check(&other("set: { x: null }"), &[]);
    let mixed = "`x` is a moment where its maximum or minimum is taken, and `$.m` is an integer";
    check(&other("min: { x: $.m }"), &[&format!("/on/b/min/x: {mixed}")]);
    check(&other("set: { x: $.m }"), &[&format!("/on/b/set/x: {mixed}")]);
}

#[test]
fn a_list_is_bounded_and_only_appended_to() {
    check_on("{ append: { x: { value: $.t } } }", &["/append/x: `max` is missing"]);
    check_on("{ append: { x: { max: 1 } } }", &["/append/x: `value` is missing"]);
    for max in [0, 1001] {
        let expect = format!("/append/x/max: must be an integer from 1 to 1000, not `{max}`");
        check_on(&format!("{{ append: {{ x: {{ value: 1, max: {max} }} }} }}"), &[&expect]);
    }
    let unknown = "/append/x/unique: `unique` is not supported yet";
    check_on("{ append: { x: { value: 1, max: 1, unique: true } } }", &[unknown]);
    let section = "{ kind: cache, on: { a: { append: { x: { value: 1, max: 1 } } }, b: { set: { x: 1 } } } }";
    check(section, &["/on/b/set/x: `x` is a list in another event: only `append` changes it"]);
}

#[test]
fn an_index_holds_scalars() {
    let set = "on: { a: { set: { n: $.n, t: $.t, l: $.l, any: $.any, c: 1, d: 1 } }, b: { set: { t: 1 } } }";
    let indexed = |indexes: &str| format!("{{ kind: view, indexes: {indexes}, {set} }}");
    check(&indexed("[[n], [n, c], [c, n]]"), &[]);
    check(&indexed("n"), &["/indexes: must be an array, not a text"]);
    check(&indexed("[n]"), &["/indexes/0: must be an array, not a text"]);
    check(&indexed("[[7]]"), &["/indexes/0/0: must be a text, not a number"]);
    check(&indexed("[[]]"), &["/indexes/0: an index has 1 to 4 columns, this one has 0"]);
    let twice = "/indexes/0/1: `n` stands in this index twice";
    check(&indexed("[[n, n]]"), &[twice]);
    check(&indexed("[[n], [c], [n]]"), &["/indexes/2: is the same as an index before it"]);
    check(&indexed("[[zip]]"), &["/indexes/0/0: no reduction gives the column `zip`"]);
    let scalars = "and an index holds scalars of one kind";
    check(&indexed("[[l]]"), &[&format!("/indexes/0/0: `l` is an array or an object, {scalars}")]);
    check(&indexed("[[any]]"), &[&format!("/indexes/0/0: `any` is of no single kind, {scalars}")]);
    check(&indexed("[[t]]"), &[&format!("/indexes/0/0: `t` is of no single kind, {scalars}")]);
}

#[test]
fn sizes_are_limited() {
    let list = |n: usize, item: &dyn Fn(usize) -> String| (0..n).map(item).collect::<Vec<_>>().join(", ");
    let columns =
        |n| format!("{{ kind: cache, on: {{ a: {{ set: {{ {} }} }} }} }}", list(n, &|i| format!("c{i}: 1")));
    check(&columns(COLUMNS_MAX), &[]);
    check(&columns(COLUMNS_MAX + 1), &[": a projection has at most 128 columns, this one has 129"]);
    let fields =
        |n| format!("{{ kind: jobs, on: {{ a: {{ input: {{ {} }} }} }} }}", list(n, &|i| format!("c{i}: 1")));
    check(&fields(COLUMNS_MAX), &[]);
    check(&fields(COLUMNS_MAX + 1), &["/on/a/input: a job input has at most 128 fields, this one has 129"]);
    let indexes = |n| {
        let set = list(9, &|i| format!("c{i}: 1"));
        format!(
            "{{ kind: view, indexes: [{}], on: {{ a: {{ set: {{ {set} }} }} }} }}",
            list(n, &|i| format!("[c{i}]"))
        )
    };
    check(&indexes(INDEXES_MAX), &[]);
    check(&indexes(INDEXES_MAX + 1), &["/indexes: a view has at most 8 indexes, this one has 9"]);
    let wide =
        "{ kind: view, indexes: [[a, b, c, d, e]], on: { a: { set: { a: 1, b: 1, c: 1, d: 1, e: 1 } } } }";
    check(wide, &["/indexes/0: an index has 1 to 4 columns, this one has 5"]);
}

#[test]
fn a_condition_is_checked_against_the_event() {
    let check_when = |condition: &str, expect: &[&str]| {
        let expect: Vec<String> = expect.iter().map(|text| format!("/when: {text}")).collect();
        let expect: Vec<&str> = expect.iter().map(String::as_str).collect();
        check_on(&format!("{{ when: \"{condition}\", set: {{ x: 1 }} }}"), &expect);
    };
    check_when("has(event.n) && event.n > 1", &[]);
    check_when("has(event.l) && event.l.exists(x, x == 'a')", &[]);
    check_when("has(event.o) && 'y/z' in event.o && event.o['y/z'] != ''", &[]);
    check_when("event.n > 1", &["column 7: `event.n` may be absent"]);
    check_when("has(event.m)", &["column 11: there is no field `event.m`"]);
    check_when("1", &["a condition is true or false, and this is an integer"]);
    check_when(
        "has(event.any) && event.any",
        &["column 25: `&&` takes a boolean, and this is a value of any type"],
    );
    check_when(
        "1 +",
        &["column 4: the text is not an expression: mismatched input the end expecting expression"],
    );
}

/// The ids of projections name everything that their state hangs on.
#[test]
fn a_condition_and_the_types_that_it_reads_are_part_of_the_content_id() {
    let id = |condition: &str, items: &str| {
        let text = document(&format!("p: {{ kind: cache, on: {{ a: {{ {condition} set: {{ x: 1 }} }} }} }}"));
        let text = text.replace("items: { type: string }", items);
        World::compile(&text).expect("a plan").content_id("p").expect("an id")
    };
    let (text, number) = ("items: { type: string }", "items: { type: number }");
    let when = |condition: &str| format!("when: \"{condition}\",");
    let same = when("has(event.l) && event.l == event.l");
    assert_eq!(id(&same, text), id(&same, text));
    assert_ne!(id(&same, text), id(&when("has(event.l)"), text));
    assert_ne!(id(&same, text), id(&same, number));
    // Without a condition the elements do not matter.
    assert_eq!(id("", text), id("", number));
}

#[test]
fn a_job_has_an_input() {
    let jobs = |on: &str| format!("{{ kind: jobs, on: {{ a: {on} }} }}");
    check(&jobs("{ }"), &["/on/a: `input` is missing"]);
    check(&jobs("delete"), &["/on/a: must be an object, not a text"]);
    check(
        &jobs("{ input: { x: $.zip } }"),
        &["/on/a/input/x: the event has no field `/zip`, which `$.zip` names"],
    );
    check(&jobs("{ when: has(event.n), input: {} }"), &[]);
    check(&jobs("{ when: x, input: {} }"), &["/on/a/when: column 1: there is no variable `x`"]);
    check(
        "{ kind: jobs, on: { a: { input: {} } }, retry: { attempts: 0 } }",
        &["/retry/attempts: must be an integer from 1 to 100, not `0`"],
    );
}

#[test]
fn a_plan_lists_what_it_compiled() {
    let plan = World::compile(&document(
        "z: { kind: cache, on: { a: { set: { a: $.n, b: $time }, add: { c: 1 } }, b: { set: { a: y } } } }
q: { kind: jobs, on: { a: { input: {} } }, retry: { attempts: 3, backoff: 2s..5m }, lease: 10s }
v: { kind: view, on: { a: delete } }",
    ))
    .expect("a plan");
    let kinds: Vec<_> = plan.kinds().map(|(name, kind)| (name.as_str(), kind)).collect();
    assert_eq!(
        kinds,
        [("q", ProjectionKind::Jobs), ("v", ProjectionKind::View), ("z", ProjectionKind::Cache)]
    );
    let queues: Vec<_> = plan.queues().map(|(name, queue)| (name.as_str(), *queue)).collect();
    let queue = QueuePlan { attempts: 3, backoff_min_ms: 2_000, backoff_max_ms: 300_000, lease_ms: 10_000 };
    assert_eq!(queues, [("q", queue)]);
    let columns = plan.projection("z").expect("a projection").columns();
    let columns: Vec<_> = columns.iter().map(|column| (&*column.name, column.kind)).collect();
    assert_eq!(columns, [("a", ColumnKind::Any), ("b", ColumnKind::Time), ("c", ColumnKind::Integer)]);
}

#[test]
fn a_content_id_is_of_section_and_shapes() {
    let id = |text: &str| World::compile(text).expect("a plan").content_id("p").expect("an id");
    let first = document("p: { kind: cache, on: { a: { set: { x: $.n, y: 1 } } } }");
    assert_eq!(id(&first), id(&document("p: { on: { a: { set: { y: 1, x: $.n } } }, kind: cache }")));
    assert_ne!(id(&first), id(&document("p: { kind: view, on: { a: { set: { x: $.n, y: 1 } } } }")));
    assert_ne!(id(&first), id(&first.replace("f: { type: number }", "f: { type: integer }")));
    assert_eq!(id(&first), id(&first.replace("m: { type: integer }", "m: { type: string }")));
}

#[test]
fn every_projection_tells_its_problems() {
    let problems =
        World::compile(&document("p: { kind: x }\nq: { kind: cache, on: { a: { set: { x: $.zip } } } }"));
    let places: Vec<String> = problems.expect_err("problems").into_iter().map(|p| p.pointer).collect();
    assert_eq!(places, ["/projections/p/kind", "/projections/q/on/a/set/x"]);
}

#[test]
fn a_refusal_lists_a_limited_number_of_problems() {
    let wrong = |n: usize| (0..n).map(|i| format!("c{i}: $.zip")).collect::<Vec<_>>().join(", ");
    for (n, listed) in [(PROBLEMS_MAX, PROBLEMS_MAX), (PROBLEMS_MAX + 1, PROBLEMS_MAX)] {
        let section = format!("p: {{ kind: cache, on: {{ a: {{ set: {{ {} }} }} }} }}", wrong(n));
        let problems = World::compile(&document(&section)).err().map(|problems| problems.len());
        assert_eq!(problems, Some(listed), "{n} problems");
    }
}
