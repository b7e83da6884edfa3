//! What counts as taken back, against whom, and what nobody gets around.

use selfsame_core::{Answer, AutonomyRecord, Budget, Code, Request, limits};
use selfsame_record::VersionNo;

use crate::changes::{by, refused, two};
use crate::desk::{Desk, V1, V2};
use crate::probation::{guarded, probe, publish};

fn v(number: u32) -> VersionNo {
    VersionNo::new(number).unwrap()
}

/// Goes back as somebody.
fn back(desk: &mut Desk, who: &str, version: VersionNo) {
    let rewind = Request::Rewind { version, expected: None, reason: String::new() };
    by(desk, who, |desk| drop(desk.ask(rewind).unwrap()));
}

fn record(desk: &Desk, agent: &str) -> AutonomyRecord {
    let status = desk.core.status();
    let lines = status.autonomy.lines().filter(|line| line.agent == agent).map(|line| line.record.clone());
    let lines: Vec<AutonomyRecord> = lines.collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines[0].clone()
}

fn breakers(desk: &Desk) -> Vec<String> {
    let status = desk.core.status();
    status.autonomy.breakers(desk.now).map(|breaker| breaker.agent.to_owned()).collect()
}

/// A standby needs no new evidence, and what comes of it counts all the same.
#[test]
fn a_version_that_is_taken_live_again_without_evidence_counts_when_it_is_taken_back() {
    let (mut desk, v2) = two();
    desk.cutover(v2, Some(v(1))).unwrap();
    back(&mut desk, "ops", v(1));
    for _ in 1..limits::BREAKER_REWINDS {
        desk.ask(Request::Cutover { version: v2, expected: Some(v(1)), evidence: None }).unwrap();
        back(&mut desk, "ops", v(1));
    }
    assert_eq!(breakers(&desk), ["web"]);
    let again = desk.ask(Request::Cutover { version: v2, expected: Some(v(1)), evidence: None });
    refused(again, Code::BreakerOpen, "`web` took live had to be taken back");
    refused(desk.ask(Request::Retire { version: v2 }), Code::BreakerOpen, "may only propose");
    desk.register(&V2.replace("profiles-with-locale", "proposed")).unwrap();
    desk.plan(desk.draft(v(3))).unwrap();
    let record = record(&desk, "web");
    assert_eq!((record.live_alone, record.rewound_by_others), (3, 3));
    desk.check_replay();
}

/// One rewind after the other goes back through the changes of two agents.
#[test]
fn each_agent_answers_for_its_own_version_when_several_are_taken_back() {
    let (mut desk, v2) = two();
    desk.publish("1");
    desk.cutover(v2, Some(v(1))).unwrap();
    let other = V2.replace("profiles-with-locale", "other").replace("parent: v1", "parent: v2");
    let other = other.replace("lenses:\n  user.registered:\n    - add: { at: /locale, default: en }\n", "");
    by(&mut desk, "eve", |desk| assert_eq!(desk.take_live(&other, Some(v2)), v(3)));
    let others = |desk: &Desk| (record(desk, "eve").rewound_by_others, record(desk, "web").rewound_by_others);
    back(&mut desk, "ops", v2);
    assert_eq!(others(&desk), (1, 0));
    // Forward again, which takes nothing back, and back, which took back already.
    back(&mut desk, "ops", v(3));
    back(&mut desk, "ops", v2);
    assert_eq!(others(&desk), (1, 0));
    back(&mut desk, "ops", v(1));
    assert_eq!(others(&desk), (1, 1));
    desk.check_replay();
}

/// An agent asks for a cold rewind, gives it up, and a guard of its next version fails.
#[test]
fn a_rewind_that_came_to_nothing_is_not_who_a_guard_rewinds_for() {
    let mut desk = Desk::with_standbys(1);
    desk.take_live(V1, None);
    desk.publish("1");
    desk.take_live(V2, Some(v(1)));
    let guarded = guarded(&[("few", "rows.profile < 2")], "events: 100");
    let guarded = guarded.replace("profiles-with-locale", "guarded").replace("parent: v1", "parent: v2");
    let guarded =
        guarded.replace("lenses:\n  user.registered:\n    - add: { at: /locale, default: en }\n", "");
    desk.take_live(&guarded, Some(v(2)));
    assert!(desk.core.on_probation().is_some());
    let rewind = Request::Rewind { version: v(1), expected: None, reason: String::new() };
    let Ok(Answer::RewindPending { .. }) = desk.ask(rewind) else { panic!("v1 is not cold") };
    desk.ask(Request::Abandon { version: v(1), reason: String::new() }).unwrap();
    publish(&mut desk, "2");
    probe(&mut desk);
    assert_eq!(desk.core.lifecycle().active(), Some(v(2)), "v3 is taken back");
    let record = record(&desk, "web");
    assert_eq!((record.rewound_by_guards, record.rewound_by_itself), (1, 0));
    desk.check_replay();
}

#[test]
fn no_agent_takes_all_plans_or_all_generations() {
    let (mut desk, v2) = two();
    for n in 0..limits::AGENT_PLANS_MAX {
        let mut drafted = desk.draft(v2);
        drafted.ttl_ms = 60_000 + u64::try_from(n).unwrap();
        desk.plan(drafted).unwrap();
    }
    let refusal = desk.plan(desk.draft(v2)).expect_err("a refusal");
    assert_eq!(refusal.fields["retry_after_seconds"], 60, "{refusal}");
    refused(Err::<(), _>(refusal), Code::OverQuota, "250 plans of yours have not expired, the limit is 250");
    by(&mut desk, "eve", |desk| assert!(desk.plan(desk.draft(v2)).is_ok()));
    desk.check_replay();
    desk.after_ms(60_000);
    desk.plan(desk.draft(v2)).unwrap();
    desk.after_ms(60_000);
    let other = |n: usize| V2.replace("profiles-with-locale", &format!("other-{n}"));
    for n in 1..limits::AGENT_GENERATIONS_MAX {
        desk.candidate(&other(n));
    }
    let Ok(Answer::Registered { version, .. }) = desk.register(&other(9)) else { panic!("not registered") };
    let build = || Request::Build { version, budget: Budget::default() };
    refused(desk.ask(build()), Code::OverQuota, "4 generations are held for you (v2, v3, v4, v5)");
    desk.check_replay();
    desk.cutover(v2, Some(v(1))).unwrap();
    desk.ask(build()).unwrap();
    desk.check_replay();
}
