//! Projections that generations hold together: what is read is as if each had its own.

use proptest::prelude::*;
use selfsame_core::{Draft, Effect, Input, Request, Ticket, fold};
use selfsame_projections::Generation;
use selfsame_record::{Name, VersionNo};

use crate::desk::Desk;

/// `logins` and `work` read what no child changes, `users` and `names` what the second one changes.
const V1: &str = r#"
selfsame: 1
name: one
events:
  user: { key: /k, schema: { type: object, required: [k, n], properties: { k: { type: string }, n: { type: string } } } }
  login: { key: /k, schema: { type: object, required: [k], properties: { k: { type: string }, s: { type: integer } } } }
projections:
  users: { kind: cache, on: { user: { set: { n: $.n } } } }
  logins: { kind: view, key: $.k, indexes: [[s]], on: { login: { add: { s: $.s } } } }
  work: { kind: jobs, on: { login: { input: { k: $.k } } } }
  both: { kind: cache, on: { login: { add: { s: $.s } }, user: { set: { k: $.k } } } }
"#;

/// Its child: a field of `user` is renamed, which an older event may contradict.
const V2: &str = r#"
selfsame: 1
name: two
parent: v1
events:
  user: { key: /k, schema: { type: object, required: [k, m], properties: { k: { type: string }, m: { type: string }, x: { type: string } } } }
  login: { key: /k, schema: { type: object, required: [k], properties: { k: { type: string }, s: { type: integer } } } }
lenses:
  user: [{ rename: { from: /n, to: /m } }, { add: { at: /x, default: x } }]
projections:
  added: { kind: cache, on: { user: { set: { n: $.m } } } }
  users: { kind: cache, on: { user: { set: { n: $.m } } } }
  logins: { kind: view, key: $.k, indexes: [[s]], on: { login: { add: { s: $.s } } } }
  work: { kind: jobs, on: { login: { input: { k: $.k } } } }
  both: { kind: cache, on: { login: { add: { s: $.s } }, user: { set: { k: $.k } } } }
"#;

/// The child of that: the same events, and `logins` says something else.
const V3: &str = r#"
selfsame: 1
name: three
parent: v2
events:
  user: { key: /k, schema: { type: object, required: [k, m], properties: { k: { type: string }, m: { type: string }, x: { type: string } } } }
  login: { key: /k, schema: { type: object, required: [k], properties: { k: { type: string }, s: { type: integer } } } }
projections:
  added: { kind: cache, on: { user: { set: { n: $.m } } } }
  users: { kind: cache, on: { user: { set: { n: $.m } } } }
  logins: { kind: view, key: $.k, on: { login: { add: { s: $.s } } } }
  work: { kind: jobs, on: { login: { input: { k: $.k } } } }
  both: { kind: cache, on: { login: { add: { s: $.s } }, user: { set: { k: $.k } } } }
"#;

fn v(no: u32) -> VersionNo {
    VersionNo::new(no).unwrap()
}

fn publish(desk: &mut Desk, event_type: &str, version: u32, n: usize) {
    let (id, version) = (format!("{n}"), v(version));
    let named = [
        ("specversion", "1.0"),
        ("type", event_type),
        ("source", "/t"),
        ("id", &id),
        ("dataschema", &version.to_string()),
    ];
    let attributes = named.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let x = if n.is_multiple_of(3) { r#", "x": 5"# } else { "" };
    let data = match (event_type, version.get()) {
        ("login", _) => format!(r#"{{"k":"k{}","s":{n}}}"#, n % 7),
        // The later versions know `x` as a text.
        (_, 1) => format!(r#"{{"k":"k{}","n":"n{n}"{x}}}"#, n % 7),
        _ => format!(r#"{{"k":"k{}","m":"n{n}","x":"y"}}"#, n % 7),
    };
    let draft = Draft { attributes, data: data.into_bytes() };
    let events = vec![desk.core.admission().admit(&draft, None, None).unwrap()];
    desk.ask(Request::Publish { events }).unwrap();
}

fn finish_a_job(desk: &mut Desk) {
    let (lease, jobs) = desk.lease("work", 1);
    for (job, ..) in jobs {
        let queue = Name::parse("work").unwrap();
        desk.ask(Request::Ack { queue, job, lease: lease.unwrap() }).unwrap();
    }
}

/// Each live generation is as one that was folded by itself.
#[track_caller]
fn check(desk: &Desk) {
    for (version, live) in desk.serving.generations() {
        let mut own = desk.core.new_generation(version).unwrap();
        desk.each(&mut |core, record| fold(&mut own, record, core.registry()));
        own.settle();
        assert_eq!(live.report(), own.report(), "{version}");
        assert_eq!(live.digest(), own.digest(), "{version}");
        assert_eq!(live.skipped(), own.skipped(), "{version}");
    }
    desk.check_replay();
}

/// The projections that two live generations hold together.
fn shared(desk: &Desk, one: u32, other: u32) -> Vec<String> {
    let [one, other] = [one, other].map(|no| desk.serving.generation(v(no)).unwrap());
    let names = one.plan().projections().map(|plan| plan.name().as_str());
    names.filter(|name| one.shares(other, name)).map(str::to_owned).collect()
}

#[test]
fn projections_are_shared_if_nothing_lies_between_the_versions() {
    let mut desk = Desk::new();
    desk.take_live(V1, None);
    for n in 0..30 {
        publish(&mut desk, if n % 2 == 0 { "user" } else { "login" }, 1, n);
    }
    desk.candidate(V2);
    desk.candidate(V3);
    assert_eq!(shared(&desk, 1, 2), ["logins", "work"], "`user` goes through a lens");
    assert_eq!(shared(&desk, 2, 3), ["added", "both", "users", "work"], "`logins` says something else");
    assert_eq!(shared(&desk, 1, 3), ["work"]);
    for n in 30..60 {
        publish(&mut desk, if n % 2 == 0 { "user" } else { "login" }, 1 + u32::try_from(n % 3).unwrap(), n);
    }
    finish_a_job(&mut desk);
    check(&desk);
}

/// A field that goes and comes back: the third version has the first one's schema and projections.
const THERE_AND_BACK: [&str; 3] = [
    r#"
selfsame: 1
name: there
events:
  user: { key: /k, schema: { type: object, required: [k, n], properties: { k: { type: string }, n: { type: string } } } }
projections: { users: { kind: cache, on: { user: { set: { n: $.n } } } } }
"#,
    r#"
selfsame: 1
name: away
parent: v1
events:
  user: { key: /k, schema: { type: object, required: [k], properties: { k: { type: string } } } }
lenses: { user: [{ remove: { at: /n, default: gone } }] }
projections: { users: { kind: cache, on: { user: { set: { k: $.k } } } } }
"#,
    r#"
selfsame: 1
name: back
parent: v2
events:
  user: { key: /k, schema: { type: object, required: [k, n], properties: { k: { type: string }, n: { type: string } } } }
lenses: { user: [{ add: { at: /n, default: lost } }] }
projections: { users: { kind: cache, on: { user: { set: { n: $.n } } } } }
"#,
];

#[test]
fn equal_content_is_not_shared_across_a_lens() {
    let mut desk = Desk::new();
    desk.take_live(THERE_AND_BACK[0], None);
    publish(&mut desk, "user", 1, 1);
    desk.candidate(THERE_AND_BACK[1]);
    desk.candidate(THERE_AND_BACK[2]);
    let [one, three] = [1, 3].map(|no| desk.serving.generation(v(no)).unwrap());
    assert_eq!(one.plan().content_id("users"), three.plan().content_id("users"));
    assert_eq!(shared(&desk, 1, 3), [""; 0]);
    let name = |g: &Generation| g.cache("users").unwrap().get("k1").unwrap().to_json();
    assert_eq!((name(one), name(three)), (r#"{"n":"n1"}"#.to_owned(), r#"{"n":"lost"}"#.to_owned()));
    check(&desk);
}

#[test]
fn who_holds_a_projection_folds_on_when_the_other_is_dropped() {
    let mut desk = Desk::new();
    desk.take_live(V1, None);
    desk.take_live(V2, Some(v(1)));
    desk.candidate(V3);
    for n in 0..20 {
        publish(&mut desk, if n % 2 == 0 { "user" } else { "login" }, 1, n);
    }
    desk.ask(Request::Drop { version: v(1) }).unwrap();
    assert_eq!(shared(&desk, 2, 3), ["added", "both", "users", "work"]);
    for n in 20..40 {
        publish(&mut desk, if n % 2 == 0 { "user" } else { "login" }, 2, n);
    }
    finish_a_job(&mut desk);
    check(&desk);
    desk.cutover(v(3), Some(v(2))).unwrap();
    desk.ask(Request::Drop { version: v(2) }).unwrap();
    publish(&mut desk, "login", 3, 40);
    check(&desk);
}

#[test]
fn a_build_whose_lender_is_dropped_begins_again() {
    let mut desk = Desk::new();
    desk.take_live(V1, None);
    desk.take_live(V2, Some(v(1)));
    publish(&mut desk, "login", 1, 1);
    desk.ask(Request::Drop { version: v(1) }).unwrap();
    desk.ask(Request::Build { version: v(1), budget: selfsame_core::Budget::default() }).unwrap();
    let build = |desk: &Desk| -> Generation {
        let mut generation = desk.core.new_generation_beside(v(1), &desk.serving).unwrap();
        desk.each(&mut |core, record| fold(&mut generation, record, core.registry()));
        generation
    };
    let mut generation = build(&desk);
    assert_eq!(generation.left_out().map(Name::as_str).collect::<Vec<_>>(), ["logins", "work"]);
    // What it left out is made to be with nobody: V2 never had it.
    generation.leave_out("users");
    let input = Input {
        ticket: Ticket(1),
        principal: desk.principal.clone(),
        plane: desk.plane,
        request: Request::Candidate { generation: Box::new(generation) },
    };
    let batch = desk.core.prepare(&mut [input].into(), desk.now, &desk.serving);
    assert!(batch.records.is_empty() && batch.adopt.is_none());
    let again = batch.effects.iter().any(|e| matches!(e, Effect::StartBuild { version } if *version == v(1)));
    assert!(again, "{:?}", batch.effects);
    desk.ask(Request::Candidate { generation: Box::new(build(&desk)) }).unwrap();
    assert_eq!(shared(&desk, 1, 2), ["logins", "work"]);
    check(&desk);
}

/// What a watch was told: version, projection and key of each row, in order.
fn told(desk: &mut Desk, watch: &selfsame_core::WatchId) -> Vec<String> {
    let rows = desk.serving.take_touched(watch).unwrap();
    let line = |version: VersionNo, touched: &selfsame_projections::Touched| {
        let plan = desk.core.plan(version).unwrap();
        format!("{version} {} {}", plan.at(touched.projection).unwrap().name(), touched.key)
    };
    rows.iter()
        .flat_map(|(version, rows)| rows.iter().map(|t| line(*version, t)).collect::<Vec<_>>())
        .collect()
}

#[test]
fn who_watches_one_generation_is_told_of_what_another_one_folds() {
    let mut desk = Desk::new();
    desk.take_live(V1, None);
    desk.candidate(V2);
    assert_eq!(shared(&desk, 1, 2), ["logins", "work"]);
    let rows = |version: u32, n: u64| {
        ["both k1", "logins k1", &format!("work #{n}")].map(|row| format!("v{version} {row}"))
    };
    let holder = desk.serving.watch(&[v(2)]).unwrap();
    publish(&mut desk, "login", 1, 1);
    let at = desk.core.head().get();
    assert_eq!(told(&mut desk, &holder), rows(2, at));
    let both = desk.serving.watch(&[v(1), v(2)]).unwrap();
    publish(&mut desk, "login", 1, 8);
    assert_eq!(told(&mut desk, &both), [rows(1, at + 1), rows(2, at + 1)].concat());
    assert_eq!(told(&mut desk, &holder), rows(2, at + 1));
    desk.serving.unwatch(holder);
    desk.serving.unwatch(both);
    let folder = desk.serving.watch(&[v(1)]).unwrap();
    publish(&mut desk, "login", 1, 15);
    assert_eq!(told(&mut desk, &folder), rows(1, at + 2), "and of nothing from before");
    desk.serving.unwatch(folder);
    publish(&mut desk, "login", 1, 22);
    let late = desk.serving.watch(&[v(1), v(2)]).unwrap();
    publish(&mut desk, "user", 1, 29);
    let user = ["v1 both k1", "v1 users k1", "v2 added k1", "v2 both k1", "v2 users k1"];
    assert_eq!(told(&mut desk, &late), user);
    desk.ask(Request::Drop { version: v(2) }).unwrap();
    desk.serving.unwatch(late);
    check(&desk);
}

#[derive(Clone, Debug)]
enum Step {
    Publish(&'static str, u32),
    Job,
    Build(u32),
    Cutover(u32),
    Drop(u32),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (prop_oneof![Just("user"), Just("login")], 1..4u32).prop_map(|(t, v)| Step::Publish(t, v)),
        2 => Just(Step::Job),
        2 => (1..4u32).prop_map(Step::Build),
        1 => (1..4u32).prop_map(Step::Cutover),
        1 => (1..4u32).prop_map(Step::Drop),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn shared_state_is_own_state(steps in proptest::collection::vec(step(), 0..60)) {
        let mut desk = Desk::new();
        desk.take_live(V1, None);
        desk.register(V2).unwrap();
        desk.register(V3).unwrap();
        for (n, step) in steps.into_iter().enumerate() {
            match step {
                Step::Publish(event_type, version) => {
                    if desk.serving.generation(v(version)).is_some() {
                        publish(&mut desk, event_type, version, n);
                    }
                }
                Step::Job => finish_a_job(&mut desk),
                Step::Build(version) => {
                    let version = v(version);
                    let budget = selfsame_core::Budget::default();
                    if desk.ask(Request::Build { version, budget }).is_ok() {
                        desk.finish_build(version);
                    }
                }
                Step::Cutover(version) => {
                    let expected = desk.core.lifecycle().active();
                    if desk.serving.generation(v(version)).is_some() && expected != Some(v(version)) {
                        desk.cutover(v(version), expected).unwrap();
                    }
                }
                Step::Drop(version) => {
                    let _ = desk.ask(Request::Drop { version: v(version) });
                }
            }
        }
        check(&desk);
    }
}
