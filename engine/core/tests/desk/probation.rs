//! The guarded time after a cutover.

use selfsame_core::{Answer, Code, EventRefused, Order, Plane, Refusal, Request, Stage};
use selfsame_record::{ArchivedBody, Name, Principal, VersionNo};
use selfsame_schema::Latencies;

use crate::desk::{Desk, V1, V2};

const FIRST: Option<VersionNo> = Some(VersionNo::FIRST);

/// V2 with guards, and what else its document says of the probation.
pub(crate) fn guarded(guards: &[(&str, &str)], probation: &str) -> String {
    let guards: Vec<String> =
        guards.iter().map(|(name, expect)| format!("{{ name: {name}, expect: \"{expect}\" }}")).collect();
    format!("{V2}guards: [{}]\nprobation: {{ {probation} }}\n", guards.join(", "))
}

/// A desk with a guarded v2 that answers.
fn on_probation(guards: &[(&str, &str)], probation: &str) -> (Desk, VersionNo) {
    let mut desk = Desk::at_v1();
    desk.publish("1");
    let version = desk.take_live(&guarded(guards, probation), FIRST);
    assert!(desk.core.on_probation().is_some());
    (desk, version)
}

/// As the node does after every commit.
pub(crate) fn probe(desk: &mut Desk) {
    let before = (desk.principal.clone(), desk.plane);
    (desk.principal, desk.plane) = (Principal::parse("selfsame").unwrap(), Plane::Operator);
    desk.ask(Request::Probe { latency: Latencies::default() }).unwrap();
    (desk.principal, desk.plane) = before;
    desk.check_replay();
}

pub(crate) fn publish(desk: &mut Desk, id: &str) {
    let data = format!(r#"{{"user_id":"u{id}","email":"{id}@x","locale":"de"}}"#);
    let request = desk.event(id, &data);
    desk.ask(request).unwrap();
    probe(desk);
}

fn refuse(desk: &mut Desk) {
    let refusal = Refusal::new(Code::InvalidEvent, "no");
    desk.ask(Request::NoteRefused { refused: EventRefused::default(), refusal }).unwrap_err();
    probe(desk);
}

/// The kinds of the control records since the cutover, without refusals.
fn kinds(desk: &Desk) -> Vec<String> {
    let mut kinds = Vec::new();
    desk.each(&mut |_, record| {
        let ArchivedBody::Control(json) = &record.body else { return };
        let kind = selfsame_core::Control::parse(json).unwrap().kind();
        if kind == "cut-over" {
            kinds.clear();
        }
        if kind != "event-refused" {
            kinds.push(kind.to_owned());
        }
    });
    kinds
}

#[test]
fn a_version_whose_guards_hold_is_settled_after_its_events() {
    let (mut desk, v2) = on_probation(&[("rows", "rows.profile >= before.rows.profile")], "events: 3");
    for id in ["2", "3"] {
        publish(&mut desk, id);
        assert!(desk.core.on_probation().is_some());
    }
    publish(&mut desk, "4");
    assert_eq!(desk.core.on_probation(), None);
    assert_eq!(desk.core.lifecycle().active(), Some(v2));
    assert_eq!(kinds(&desk), ["cut-over", "probation-started", "settled"]);
}

#[test]
fn a_guard_that_fails_is_a_record_and_the_next_one_is_the_rewind() {
    let (mut desk, v2) = on_probation(&[("few", "rows.profile < 3")], "events: 100");
    publish(&mut desk, "2");
    publish(&mut desk, "3");
    assert_eq!(kinds(&desk), ["cut-over", "probation-started", "guard-tripped", "rewound"]);
    assert_eq!(desk.core.lifecycle().active(), FIRST);
    assert!(matches!(desk.core.lifecycle().stage(v2), Some(Stage::Standby { .. })));
    assert_eq!(
        desk.serving.active_generation().unwrap().cache("profile").unwrap().len(),
        3,
        "nothing is lost"
    );
    let again = desk.ask(Request::Cutover { version: v2, expected: FIRST, evidence: None });
    let refusal = again.expect_err("a refusal");
    assert_eq!(refusal.code, Code::NoEvidence);
    assert!(refusal.detail.contains("a guard of it failed"), "{refusal}");
    desk.cutover(v2, FIRST).unwrap();
}

#[test]
fn a_rate_says_nothing_before_there_are_enough_samples() {
    let rate = [("refused", "rates.refused < 0.5")];
    let (mut desk, v2) = on_probation(&rate, "events: 100, samples_min: 2");
    (0..4).for_each(|_| refuse(&mut desk));
    publish(&mut desk, "2");
    assert_eq!(desk.core.lifecycle().active(), Some(v2), "one event is too few");
    publish(&mut desk, "3");
    assert_eq!(desk.core.lifecycle().active(), FIRST);
}

/// What the document says, and the kinds of records that follow when the time is over and nothing was seen.
#[test]
fn silence_is_not_success() {
    for (says, expect) in [
        ("inconclusive: rewind", vec!["rewound"]),
        ("inconclusive: settle", vec!["settled"]),
        ("inconclusive: extend, extend_max: 0", vec!["rewound"]),
        ("inconclusive: extend, extend_max: 2", vec!["probation-extended", "probation-extended", "rewound"]),
    ] {
        let says = format!("time: 10s, samples_min: 5, {says}");
        let (mut desk, _) = on_probation(&[("few", "rows.profile < 1000")], &says);
        publish(&mut desk, "2");
        for _ in 0..4 {
            desk.after_ms(10_000);
            probe(&mut desk);
        }
        assert_eq!(kinds(&desk).split_off(2), expect, "{says}");
    }
}

#[test]
fn a_guard_without_data_does_not_let_a_version_pass() {
    let latency = [("fast", "latency.read_p99_ms < 1000.0")];
    let (mut desk, _) = on_probation(&latency, "events: 1, inconclusive: rewind");
    publish(&mut desk, "2");
    assert_eq!(kinds(&desk).split_off(2), ["rewound"]);
}

#[test]
fn projections_that_are_declared_unchanged_are_held_against_the_standby() {
    let unchanged = [("same", "changed.profile == 0")];
    let mut desk = Desk::at_v1();
    let version = desk.candidate(&guarded(&unchanged, "events: 9, unchanged: [profile]"));
    desk.publish("1");
    desk.cutover(version, FIRST).unwrap();
    probe(&mut desk);
    assert_eq!(desk.core.lifecycle().active(), FIRST, "v2 has a column more");
}

#[test]
fn while_a_version_is_on_probation_no_other_takes_over_and_a_rewind_ends_it() {
    let (mut desk, v2) = on_probation(&[("few", "rows.profile < 1000")], "events: 100");
    let v3 = desk.candidate(
        &V2.replace("profiles-with-locale", "other")
            .replace("parent: v1", "parent: v2")
            .replace("    - add: { at: /locale, default: en }", "    []"),
    );
    let refusal = desk.cutover(v3, Some(v2)).expect_err("a refusal");
    assert_eq!(refusal.code, Code::OnProbation);
    assert!(refusal.detail.contains("v2 is on probation since #"), "{refusal}");
    desk.ask(Request::Rewind { version: VersionNo::FIRST, expected: None, reason: String::new() }).unwrap();
    assert_eq!(desk.core.on_probation(), None);
    desk.check_replay();
}

/// The version before was sealed in the meantime, so there is no way back; the guard is on record all the same.
#[test]
fn without_a_way_back_a_failed_guard_settles() {
    let (mut desk, v2) = on_probation(&[("few", "rows.profile < 2")], "events: 100");
    desk.plane = Plane::Operator;
    let seal = Order::Seal { version: VersionNo::FIRST, reason: "leaks".to_owned() };
    desk.ask(Request::Operator(seal)).unwrap();
    desk.plane = Plane::Open;
    publish(&mut desk, "2");
    assert_eq!(kinds(&desk).split_off(2), ["sealed", "guard-tripped", "settled"]);
    assert_eq!(desk.core.lifecycle().active(), Some(v2));
}

#[test]
fn a_standby_that_a_failure_goes_back_to_is_kept_until_it_is_settled() {
    let mut desk = Desk::with_standbys(0);
    desk.take_live(V1, None);
    desk.take_live(&guarded(&[("few", "rows.profile < 1000")], "events: 1"), FIRST);
    assert!(matches!(desk.core.lifecycle().stage(VersionNo::FIRST), Some(Stage::Standby { .. })));
    publish(&mut desk, "2");
    assert_eq!(desk.core.lifecycle().stage(VersionNo::FIRST), Some(&Stage::Dropped));
}

#[test]
fn a_guard_that_is_false_of_the_candidate_already_keeps_it_from_being_taken_live() {
    let mut desk = Desk::at_v1();
    let version = desk.candidate(&guarded(&[("none", "rows.profile > 5")], "events: 9"));
    let plan = desk.plan(desk.draft(version)).unwrap();
    let mut compared = desk.comparison(plan, version);
    let name = Name::parse("profile").unwrap();
    compared.projections =
        vec![selfsame_core::RowsChanged { name, added: 0, removed: 0, changed: 1, equal: 2 }];
    let Ok(Answer::Validated { findings, .. }) = desk.ask(Request::Validate { compared }) else {
        panic!("not validated")
    };
    assert_eq!(findings.len(), 1);
    assert!(
        findings[0].detail.starts_with("the guard `none` fails: `rows.profile > 5` is false"),
        "{findings:?}"
    );
}
