//! The form of the sections `guards`, `probation` and `poison`.

use selfsame_schema::{Inconclusive, Over, Poison, PoisonBuild, PoisonLive, Probation};
use serde_json::{Value, json};

use crate::{first, lines, second};

/// The sections are refused, for all of this.
#[track_caller]
fn check(sections: Value, problems: &[&str]) {
    let found = second(&sections).map(drop).expect_err("the sections should be refused");
    assert_eq!(lines(&found), problems.join("\n"));
}

fn guards(guard: Value) -> Value {
    json!({"guards": [guard]})
}

#[test]
fn guards_have_names_conditions_and_a_span() {
    let version = second(&json!({"guards": [
        {"name": "a", "expect": "events > 0"},
        {"name": "b", "expect": "events >= 0", "over": {"events": 100_000}},
        {"name": "c", "expect": "before.rows['by-mail'] > rows.profile", "over": {"seconds": 86_400}},
    ]}));
    let version = version.expect("a version");
    let found: Vec<_> = version.guards().iter().map(|g| (g.name().as_str(), g.expect(), g.over())).collect();
    let third = "before.rows['by-mail'] > rows.profile";
    let expected = [
        ("a", "events > 0", Over::Events(1000)),
        ("b", "events >= 0", Over::Events(100_000)),
        ("c", third, Over::Seconds(86_400)),
    ];
    assert_eq!(found, expected);
    let reads: Vec<String> = version.guards()[2].reads().collect();
    assert_eq!(reads, ["before.rows['by-mail']", "rows.profile"]);
    assert_eq!(version.probation(), Some(&Probation::default()));
}

#[test]
fn wrong_guards_are_refused_with_their_place() {
    let one = |name: &str| json!({"name": name, "expect": "events > 0"});
    let write = "write `- { name: few-refusals, expect: \"rates.refused < 0.01\" }`";
    check(json!({"guards": {"a": 1}}), &[&format!("/guards: must be a list; {write}")]);
    check(json!({"guards": 1}), &[&format!("/guards: must be a list; {write}")]);
    check(guards(json!("x")), &["/guards/0: must be an object with name, expect, over"]);
    check(
        guards(json!({})),
        &["/guards/0: `name` is missing; add `name`", "/guards/0: `expect` is missing; add `expect`"],
    );
    check(
        guards(json!({"name": 1, "expect": true})),
        &["/guards/0/name: must be a text", "/guards/0/expect: must be a text"],
    );
    check(
        guards(json!({"name": "a b", "expect": "events > 0", "else": 1})),
        &[
            "/guards/0/else: not known here: use name, expect, over",
            "/guards/0/name: `a b` is not a name: use letters, digits, `_` and `-`",
        ],
    );
    check(json!({"guards": [one("a"), one("a")]}), &["/guards/1/name: there are two guards named `a`"]);
    let many: Vec<Value> = (0..33).map(|n| one(&format!("g{n}"))).collect();
    check(json!({"guards": many}), &["/guards: has 33 entries, over the limit of 32"]);
    assert!(second(&json!({"guards": many[..32]})).is_ok());
}

#[test]
fn a_guard_looks_back_on_events_or_seconds() {
    let over = |over: Value| guards(json!({"name": "g", "expect": "events > 0", "over": over}));
    let write = "write `over: { events: 1000 }`, or `over: { seconds: 60 }`";
    check(over(json!({})), &[&format!("/guards/0/over: must have one of `events` and `seconds`; {write}")]);
    check(
        over(json!({"events": 1, "seconds": 1})),
        &[&format!("/guards/0/over: must have one of `events` and `seconds`; {write}")],
    );
    check(over(json!("1m")), &["/guards/0/over: must be an object with events, seconds"]);
    check(
        over(json!({"events": 0})),
        &["/guards/0/over/events: must be an integer from 1 to 100000, not `0`"],
    );
    check(
        over(json!({"events": 100_001})),
        &["/guards/0/over/events: must be an integer from 1 to 100000, not `100001`"],
    );
    check(
        over(json!({"seconds": 86_401})),
        &["/guards/0/over/seconds: must be an integer from 1 to 86400, not `86401`"],
    );
    check(
        over(json!({"seconds": 1.5})),
        &["/guards/0/over/seconds: must be an integer from 1 to 86400, not `1.5`"],
    );
}

#[test]
fn a_probation_has_defaults_and_limits() {
    let probation = |section: Value| {
        second(&json!({"probation": section}))
            .map(|version| version.probation().cloned())
            .map_err(|p| lines(&p))
    };
    assert_eq!(probation(Value::Null), Ok(None));
    assert_eq!(probation(json!({})), Ok(None));
    let full = json!({
        "events": 1_000_000_000, "time": "7d", "samples_min": 20, "inconclusive": "extend", "extend_max": 10,
        "unchanged": ["profile", "by-mail"],
    });
    let names = ["by-mail", "profile"].map(|name| name.parse().expect("a name")).to_vec();
    let expected = Probation {
        events: 1_000_000_000,
        time_ms: 604_800_000,
        samples_min: 20,
        inconclusive: Inconclusive::Extend,
        extend_max: 10,
        unchanged: names,
    };
    assert_eq!(probation(full), Ok(Some(expected)));
    let short = Probation { time_ms: 5_000, inconclusive: Inconclusive::Settle, ..Probation::default() };
    assert_eq!(probation(json!({"time": "5s", "inconclusive": "settle"})), Ok(Some(short)));
    let rewind = Probation { inconclusive: Inconclusive::Rewind, ..Probation::default() };
    assert_eq!(probation(json!({"inconclusive": "rewind"})), Ok(Some(rewind)));
    assert_eq!(probation(json!({"events": 1000})), Ok(Some(Probation::default())));
}

#[test]
fn a_wrong_probation_is_refused_with_its_place() {
    let probation = |key: &str, value: Value| json!({"probation": {key: value}});
    check(
        json!({"probation": []}),
        &[
            "/probation: must be an object with events, time, samples_min, inconclusive, extend_max, unchanged",
        ],
    );
    check(
        probation("event", json!(1)),
        &[
            "/probation/event: not known here: use events, time, samples_min, inconclusive, extend_max, unchanged",
        ],
    );
    let time = |ms: u64| {
        format!(
            "/probation/time: a probation has 5000 to 604800000 ms, not {ms}; write a time from `5s` to `7d`"
        )
    };
    check(probation("time", json!("4999ms")), &[&time(4999)]);
    check(probation("time", json!("8d")), &[&time(691_200_000)]);
    check(
        probation("time", json!("soon")),
        &["/probation/time: `soon` is not a duration; write it as `10m`, with the units ms, s, m, h, d"],
    );
    check(probation("time", json!(10)), &["/probation/time: must be a text"]);
    check(
        probation("events", json!(0)),
        &["/probation/events: must be an integer from 1 to 1000000000, not `0`"],
    );
    check(
        probation("samples_min", json!(1001)),
        &[
            "/probation/samples_min: 1001 events can never arrive in a probation of 1000 events; raise `events`, or lower this",
        ],
    );
    check(
        probation("inconclusive", json!("ignore")),
        &["/probation/inconclusive: must be `rewind` or `extend` or `settle`"],
    );
    check(
        probation("extend_max", json!(11)),
        &["/probation/extend_max: must be an integer from 0 to 10, not `11`"],
    );
    check(
        json!({"probation": {"extend_max": 1, "inconclusive": "settle"}}),
        &["/probation/extend_max: nothing is extended here; leave it out, or write `inconclusive: extend`"],
    );
    check(
        probation("unchanged", json!("profile")),
        &["/probation/unchanged: must be a list of at most 64 projections"],
    );
    check(
        probation("unchanged", json!(["x", 1, "profile", "profile"])),
        &[
            "/probation/unchanged/0: this document has no projection `x`; name one of the section `projections`",
            "/probation/unchanged/1: must be the name of a projection",
            "/probation/unchanged/3: `profile` stands here twice",
        ],
    );
    check(
        probation("unchanged", json!(["users"])),
        &["/probation/unchanged: v1 has no projection `users`, so it cannot stay as it is; leave it out"],
    );
}

#[test]
fn poison_stops_a_build_unless_the_document_says_otherwise() {
    let poison = |section: Value| first(&json!({"poison": section})).expect("a version").poison();
    let skip = Poison { build: PoisonBuild::Skip, live: PoisonLive::Park };
    for section in [Value::Null, json!({}), json!({"build": "stop"}), json!({"live": "park"})] {
        assert_eq!(poison(section), Poison { build: PoisonBuild::Stop, live: PoisonLive::Park });
    }
    assert_eq!(poison(json!({"build": "skip", "live": "park"})), skip);
    check(json!({"poison": "skip"}), &["/poison: must be an object with build, live"]);
    check(json!({"poison": {"build": "park"}}), &["/poison/build: must be `stop` or `skip`"]);
    check(json!({"poison": {"live": "skip"}}), &["/poison/live: must be `park`"]);
    check(json!({"poison": {"replay": "stop"}}), &["/poison/replay: not known here: use build, live"]);
}

/// What a version promises is part of what it is; an empty section is like none.
#[test]
fn the_content_id_covers_the_sections() {
    let id = |sections: Value| first(&sections).expect("a version").id();
    let plain = id(json!({}));
    assert_eq!(plain, id(json!({"guards": [], "probation": {}, "poison": null})));
    let guard = |expect: &str| json!({"guards": [{"name": "g", "expect": expect}]});
    let ids = [
        plain,
        id(guard("events > 0")),
        id(guard("events > 1")),
        id(json!({"probation": {"events": 5}})),
        id(json!({"poison": {"build": "skip"}})),
    ];
    let different: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(different.len(), ids.len());
}
