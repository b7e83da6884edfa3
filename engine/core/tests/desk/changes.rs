//! From a plan to a cutover: what binds each step to the one before.

use selfsame_core::{
    Answer, Budget, Code, Compared, EvidenceId, Order, PlanId, Plane, Predicted, Refusal, Request,
    RowsChanged,
};
use selfsame_record::{Name, Position, Principal, VersionNo};
use selfsame_schema::Class;

use crate::desk::{Desk, V1, V2};

const FIRST: Option<VersionNo> = Some(VersionNo::FIRST);

#[track_caller]
pub(crate) fn refused<T: std::fmt::Debug>(outcome: Result<T, Refusal>, code: Code, detail: &str) {
    let refusal = outcome.expect_err("a refusal");
    assert_eq!(refusal.code, code, "{refusal}");
    assert!(refusal.detail.contains(detail), "{refusal}");
    assert!(!refusal.next.is_empty(), "{refusal} says nothing to do");
}

fn order(desk: &mut Desk, who: &str, order: Order) -> Result<Answer, Refusal> {
    let before = (desk.principal.clone(), desk.plane);
    (desk.principal, desk.plane) = (Principal::parse(who).unwrap(), Plane::Operator);
    let outcome = desk.ask(Request::Operator(order));
    (desk.principal, desk.plane) = before;
    outcome
}

fn cutover(desk: &mut Desk, version: VersionNo, evidence: Option<EvidenceId>) -> Result<Answer, Refusal> {
    let expected = desk.core.lifecycle().active();
    desk.ask(Request::Cutover { version, expected, evidence })
}

/// A desk with v1 active and v2 a candidate.
pub(crate) fn two() -> (Desk, VersionNo) {
    let mut desk = Desk::at_v1();
    let version = desk.candidate(V2);
    (desk, version)
}

/// Evidence with this change to the comparison.
fn evidence_with(
    desk: &mut Desk,
    version: VersionNo,
    predicted: Option<Predicted>,
    change: impl FnOnce(&mut Compared),
) -> EvidenceId {
    let mut drafted = desk.draft(version);
    drafted.predicted = predicted;
    let plan = desk.plan(drafted).unwrap();
    let mut compared = desk.comparison(plan, version);
    change(&mut compared);
    let evidence = compared.evidence;
    desk.ask(Request::Validate { compared }).unwrap();
    evidence
}

#[test]
fn a_version_that_never_answered_needs_evidence_and_one_that_did_may_come_back() {
    let (mut desk, v2) = two();
    refused(cutover(&mut desk, v2, None), Code::NoEvidence, "it has not answered before");
    let evidence = desk.evidence(v2);
    let Ok(Answer::Switched(_)) = cutover(&mut desk, v2, Some(evidence)) else { panic!("no switch") };
    desk.ask(Request::Rewind { version: VersionNo::FIRST, expected: None, reason: String::new() }).unwrap();
    let Ok(Answer::Switched(_)) = cutover(&mut desk, v2, None) else { panic!("no switch") };
    desk.check_replay();
}

#[test]
fn the_cutover_says_what_it_was_decided_upon() {
    let (mut desk, v2) = two();
    let evidence = desk.evidence(v2);
    cutover(&mut desk, v2, Some(evidence)).unwrap();
    let mut last = String::new();
    desk.each(&mut |_, record| {
        if let selfsame_record::ArchivedBody::Control(json) = &record.body {
            last = json.as_str().to_owned();
        }
    });
    let plan = desk.core.plans_made().evidence(evidence).unwrap().0.planned.plan;
    let expect = format!(
        r#"{{"kind":"cut-over","version":"v2","from":"v1","plan":"{plan}","evidence":"{evidence}"}}"#
    );
    assert_eq!(last, expect);
}

#[test]
fn evidence_of_something_else_is_refused() {
    let (mut desk, v2) = two();
    refused(cutover(&mut desk, v2, Some(EvidenceId(99))), Code::UnknownEvidence, "there is no evidence");
    let other = desk.candidate(&V2.replace("profiles-with-locale", "other"));
    let evidence = desk.evidence(other);
    refused(cutover(&mut desk, v2, Some(evidence)), Code::StaleEvidence, "is for v3, not for v2");
    let evidence = desk.evidence(v2);
    desk.ask(Request::Drop { version: v2 }).unwrap();
    desk.ask(Request::Build { version: v2, budget: Budget::default() }).unwrap();
    let mut generation = desk.core.new_generation(v2).unwrap();
    desk.each(&mut |core, record| selfsame_core::fold(&mut generation, record, core.registry()));
    desk.ask(Request::Candidate { generation: Box::new(generation) }).unwrap();
    refused(cutover(&mut desk, v2, Some(evidence)), Code::StaleEvidence, "v2 was built anew at #");
    desk.check_replay();
}

/// The base answers again, but another version answered in between.
#[test]
fn evidence_from_before_a_switch_is_refused_even_if_its_base_answers_again() {
    let (mut desk, v2) = two();
    let v3 = desk.candidate(&V2.replace("profiles-with-locale", "other"));
    let (old_plan, evidence) = (desk.plan(desk.draft(v3)).unwrap(), desk.evidence(v3));
    desk.cutover(v2, FIRST).unwrap();
    refused(
        cutover(&mut desk, v3, Some(evidence)),
        Code::StaleEvidence,
        "where another version came to answer",
    );
    desk.ask(Request::Rewind { version: VersionNo::FIRST, expected: None, reason: String::new() }).unwrap();
    refused(
        cutover(&mut desk, v3, Some(evidence)),
        Code::StaleEvidence,
        "where another version came to answer",
    );
    let compared = desk.comparison(old_plan, v3);
    refused(desk.ask(Request::Validate { compared }), Code::StaleEvidence, "since the plan");
    desk.check_replay();
}

#[test]
fn of_two_candidates_from_one_parent_the_second_is_told_what_moved() {
    let (mut desk, v2) = two();
    let v3 = desk.candidate(&V2.replace("profiles-with-locale", "other"));
    let (first, second) = (desk.evidence(v2), desk.evidence(v3));
    desk.ask(Request::Cutover { version: v2, expected: FIRST, evidence: Some(first) }).unwrap();
    let outcome = desk.ask(Request::Cutover { version: v3, expected: FIRST, evidence: Some(second) });
    refused(outcome, Code::ActiveChanged, "v2 is active, and v1 was expected to be");
}

#[test]
fn plans_and_their_evidence_expire() {
    let (mut desk, v2) = two();
    let evidence = desk.evidence(v2);
    desk.after_ms(60_000);
    refused(cutover(&mut desk, v2, Some(evidence)), Code::PlanExpired, "has expired");
    let plan = desk.core.plans_made().evidence(evidence).unwrap().0.planned.plan;
    let compared = desk.comparison(plan, v2);
    refused(desk.ask(Request::Validate { compared }), Code::PlanExpired, "has expired");
    let newer = desk.plan(desk.draft(v2)).unwrap();
    refused(cutover(&mut desk, v2, Some(evidence)), Code::UnknownEvidence, "there is no evidence");
    let compared = desk.comparison(plan, v2);
    refused(desk.ask(Request::Validate { compared }), Code::UnknownPlan, "there is no plan");
    assert_eq!(desk.core.plans_made().iter().map(|p| p.planned.plan).collect::<Vec<_>>(), [newer]);
    desk.check_replay();
}

#[test]
fn what_was_found_keeps_a_version_from_being_taken_live() {
    let rows = |changed| RowsChanged {
        name: Name::parse("profile").unwrap(),
        added: 0,
        removed: 0,
        changed,
        equal: 5,
    };
    let name = || Name::parse("profile").unwrap();
    let untouched = Predicted { untouched: vec![name()], ..Predicted::default() };
    let few = Predicted { rows_changed: [(name(), 2)].into(), ..Predicted::default() };
    for (predicted, changed, failures, skip, expect) in [
        (None, 7, 0, false, "passes"),
        (None, 0, 3, false, "3 events that the active version takes in fail in the candidate"),
        (None, 0, 3, true, "passes"),
        (Some(untouched.clone()), 0, 0, false, "passes"),
        (Some(untouched), 1, 0, false, "1 rows of `profile` differ, and none was said to"),
        (Some(few.clone()), 2, 0, false, "passes"),
        (Some(few), 3, 0, false, "3 rows of `profile` differ, and at most 2 were said to"),
    ] {
        let (mut desk, v2) = two();
        let evidence = evidence_with(&mut desk, v2, predicted, |compared| {
            (compared.failures, compared.skip_failures) = (failures, skip);
            compared.projections = vec![rows(changed)];
        });
        match cutover(&mut desk, v2, Some(evidence)) {
            Ok(_) => assert_eq!(expect, "passes"),
            Err(refusal) => {
                assert_eq!(refusal.code, Code::FailedEvidence);
                assert!(refusal.detail.contains(expect), "{refusal}");
            }
        }
        desk.check_replay();
    }
}

#[test]
fn a_plan_is_for_what_answers_now_and_names_what_there_is() {
    let (mut desk, v2) = two();
    let mut drafted = desk.draft(v2);
    drafted.base = None;
    refused(desk.plan(drafted), Code::ActiveChanged, "while it was planned");
    let mut drafted = desk.draft(v2);
    drafted.predicted =
        Some(Predicted { untouched: vec![Name::parse("nothing").unwrap()], ..Predicted::default() });
    refused(desk.plan(drafted), Code::UnknownProjection, "v2 has no projection `nothing`");
    let drafted = desk.draft(VersionNo::FIRST);
    refused(desk.plan(drafted), Code::AlreadyActive, "v1 is active already");
    let mut drafted = desk.draft(v2);
    drafted.plan = PlanId(7);
    desk.plan(drafted.clone()).unwrap();
    refused(desk.plan(drafted), Code::BadRequest, "exists already");
}

#[test]
fn a_lossy_change_waits_for_an_operator_who_is_not_its_author() {
    let (mut desk, v2) = two();
    let lossy = |desk: &mut Desk| {
        let mut drafted = desk.draft(v2);
        drafted.class_since_approved = Class::Lossy;
        let plan = desk.plan(drafted).unwrap();
        let compared = desk.comparison(plan, v2);
        let evidence = compared.evidence;
        desk.ask(Request::Validate { compared }).unwrap();
        (plan, evidence)
    };
    let (plan, evidence) = lossy(&mut desk);
    refused(cutover(&mut desk, v2, Some(evidence)), Code::ApprovalNeeded, "v2 is lossy since v1");
    refused(
        order(&mut desk, "web", Order::Approve { plan }),
        Code::ApprovalNeeded,
        "nobody approves their own",
    );
    refused(order(&mut desk, "ada", Order::Approve { plan: PlanId(99) }), Code::UnknownPlan, "no plan");
    order(&mut desk, "eve", Order::Reject { plan, reason: "no".to_owned() }).unwrap();
    order(&mut desk, "ada", Order::Approve { plan }).unwrap();
    refused(cutover(&mut desk, v2, Some(evidence)), Code::ApprovalNeeded, "`eve` rejected the plan");
    desk.after_ms(1);
    let (plan, evidence) = lossy(&mut desk);
    order(&mut desk, "ada", Order::Approve { plan }).unwrap();
    cutover(&mut desk, v2, Some(evidence)).unwrap();
    assert_eq!(desk.core.plans_made().approved(), Some(v2));
    desk.check_replay();
}

#[test]
fn a_freeze_stops_agents_and_neither_rewinds_nor_operators() {
    let (mut desk, v2) = two();
    let evidence = desk.evidence(v2);
    order(&mut desk, "ada", Order::Freeze { reason: "night".to_owned() }).unwrap();
    refused(cutover(&mut desk, v2, Some(evidence)), Code::Frozen, "`ada` froze all changes at #");
    refused(desk.register(V1), Code::Frozen, "night");
    refused(desk.ask(Request::Drop { version: v2 }), Code::Frozen, "night");
    desk.plane = Plane::Operator;
    cutover(&mut desk, v2, Some(evidence)).unwrap();
    desk.plane = Plane::Open;
    desk.ask(Request::Rewind { version: VersionNo::FIRST, expected: None, reason: String::new() }).unwrap();
    desk.publish("1");
    order(&mut desk, "ada", Order::Unfreeze { reason: String::new() }).unwrap();
    cutover(&mut desk, v2, None).unwrap();
    desk.check_replay();
}

#[test]
fn what_may_not_serve_is_neither_cut_over_to_nor_gone_back_to() {
    let (mut desk, v2) = two();
    desk.cutover(v2, FIRST).unwrap();
    let rewind = || Request::Rewind { version: VersionNo::FIRST, expected: None, reason: String::new() };
    order(&mut desk, "ada", Order::SetFloor { version: Some(v2) }).unwrap();
    refused(desk.ask(rewind()), Code::BelowFloor, "v1 is below the floor, which is v2");
    order(&mut desk, "ada", Order::SetFloor { version: None }).unwrap();
    order(&mut desk, "ada", Order::Seal { version: VersionNo::FIRST, reason: "leaks".to_owned() }).unwrap();
    refused(desk.ask(rewind()), Code::Sealed, "v1 is sealed by an operator: leaks");
    refused(cutover(&mut desk, VersionNo::FIRST, None), Code::Sealed, "leaks");
    order(&mut desk, "ada", Order::Unseal { version: VersionNo::FIRST }).unwrap();
    refused(desk.ask(Request::Retire { version: v2 }), Code::InUse, "v2 is active");
    desk.ask(Request::Retire { version: VersionNo::FIRST }).unwrap();
    refused(desk.ask(rewind()), Code::Retired, "v1 is retired for good");
    refused(
        desk.ask(Request::Build { version: VersionNo::FIRST, budget: Budget::default() }),
        Code::Retired,
        "retired",
    );
    let v3 = VersionNo::new(3).unwrap();
    refused(order(&mut desk, "ada", Order::SetFloor { version: Some(v3) }), Code::UnknownVersion, "v3");
    desk.check_replay();
}

#[test]
fn evidence_is_of_records_that_are_there() {
    let (mut desk, v2) = two();
    let plan = desk.plan(desk.draft(v2)).unwrap();
    let mut compared = desk.comparison(plan, v2);
    compared.at = Position::ZERO;
    refused(desk.ask(Request::Validate { compared }), Code::StaleEvidence, "since the plan");
}

/// What an agent of this name does, the desk's own before and after.
pub(crate) fn by(desk: &mut Desk, who: &str, act: impl FnOnce(&mut Desk)) {
    let before = std::mem::replace(&mut desk.principal, Principal::parse(who).unwrap());
    act(desk);
    desk.principal = before;
}

fn rewind(desk: &mut Desk) {
    desk.ask(Request::Rewind { version: VersionNo::FIRST, expected: None, reason: String::new() }).unwrap();
}

#[test]
fn the_ledger_says_what_became_of_an_agents_changes() {
    let (mut desk, v2) = two();
    let evidence = evidence_with(&mut desk, v2, None, |compared| {
        let name = Name::parse("profile").unwrap();
        compared.projections = vec![RowsChanged { name, added: 1, removed: 2, changed: 3, equal: 4 }];
    });
    cutover(&mut desk, v2, Some(evidence)).unwrap();
    desk.after_ms(1500);
    rewind(&mut desk);
    desk.register("nonsense").unwrap_err();
    let status = desk.core.status();
    let line = status.autonomy.lines().find(|line| line.agent == "web").expect("a line");
    let record = line.record;
    assert_eq!((line.class, record.planned, record.passed, record.failed), (Class::Additive, 1, 1, 0));
    assert_eq!((record.live_alone, record.rewound_by_itself, record.soonest_ms), (1, 1, Some(1500)));
    assert_eq!((record.rows_differing, record.window_events), (6, 0));
    assert_eq!(status.autonomy.refused()["web"]["invalid-document"], 1);
    desk.check_replay();
}

#[test]
fn who_is_taken_back_by_others_again_and_again_may_only_propose() {
    let (mut desk, v2) = two();
    for round in 0..3 {
        let evidence = desk.evidence(v2);
        cutover(&mut desk, v2, Some(evidence)).unwrap();
        desk.after_ms(1000 + round);
        by(&mut desk, "ops", rewind);
    }
    let evidence = desk.evidence(v2);
    refused(
        cutover(&mut desk, v2, Some(evidence)),
        Code::BreakerOpen,
        "`web` took live had to be taken back",
    );
    let breakers = |desk: &Desk| {
        let status = desk.core.status();
        status.autonomy.breakers(desk.now).map(|b| b.agent.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(breakers(&desk), ["web"]);
    desk.check_replay();
    let line = desk.core.status();
    let line = line.autonomy.lines().find(|line| line.agent == "web" && line.class == Class::Additive);
    let record = line.expect("a line").record.clone();
    assert_eq!((record.live_alone, record.rewound_by_others, record.soonest_ms), (3, 3, Some(1000)));
    order(&mut desk, "ada", Order::ResetBreaker { agent: Principal::parse("web").unwrap() }).unwrap();
    assert_eq!(breakers(&desk), Vec::<String>::new());
    cutover(&mut desk, v2, Some(evidence)).unwrap();
    desk.check_replay();
}

#[test]
fn what_an_agent_takes_back_itself_does_not_open_its_breaker() {
    let (mut desk, v2) = two();
    for _ in 0..5 {
        let evidence = desk.evidence(v2);
        cutover(&mut desk, v2, Some(evidence)).unwrap();
        rewind(&mut desk);
    }
    let status = desk.core.status();
    assert_eq!(status.autonomy.breakers(desk.now).count(), 0);
    let record = status.autonomy.lines().find(|line| line.agent == "web").expect("a line").record.clone();
    assert_eq!((record.live_alone, record.rewound_by_itself), (5, 5));
}

#[test]
fn a_breaker_closes_by_itself_after_a_while() {
    let (mut desk, v2) = two();
    for _ in 0..3 {
        let evidence = desk.evidence(v2);
        cutover(&mut desk, v2, Some(evidence)).unwrap();
        by(&mut desk, "ops", rewind);
    }
    desk.after_ms(selfsame_core::limits::BREAKER_WINDOW_MS);
    let evidence = desk.evidence(v2);
    cutover(&mut desk, v2, Some(evidence)).unwrap();
    desk.check_replay();
}

#[test]
fn an_agent_has_a_quota_of_builds_and_an_operator_has_none() {
    let mut desk = Desk::at_v1();
    let budget = Budget::default();
    let mut versions = Vec::new();
    for n in 0..4 {
        let document = V2.replace("profiles-with-locale", &format!("other-{n}"));
        let Ok(Answer::Registered { version, .. }) = desk.register(&document) else {
            panic!("not registered")
        };
        versions.push(version);
    }
    for version in &versions[..3] {
        desk.ask(Request::Build { version: *version, budget }).unwrap();
    }
    let last = versions[3];
    refused(
        desk.ask(Request::Build { version: last, budget }),
        Code::OverQuota,
        "3 builds of yours are under way",
    );
    desk.ask(Request::Abandon { version: versions[0], reason: String::new() }).unwrap();
    desk.ask(Request::Build { version: last, budget }).unwrap();
    desk.plane = Plane::Operator;
    desk.ask(Request::Build { version: versions[0], budget }).unwrap();
    desk.check_replay();
}

fn folded(desk: &Desk, version: VersionNo) -> Request {
    let mut generation = desk.core.new_shadow(version).unwrap();
    desk.each(&mut |core, record| selfsame_core::fold(&mut generation, record, core.registry()));
    Request::Candidate { generation: Box::new(generation) }
}

#[test]
fn a_live_generation_is_folded_anew_and_put_in_its_place_by_one_record() {
    let (mut desk, v2) = two();
    desk.publish("1");
    order(&mut desk, "ada", Order::Repair { version: VersionNo::FIRST }).unwrap();
    refused(
        order(&mut desk, "ada", Order::Repair { version: VersionNo::FIRST }),
        Code::AlreadyBuilding,
        "anew",
    );
    desk.publish("2");
    desk.check_replay();
    let request = folded(&desk, VersionNo::FIRST);
    desk.ask(request).unwrap();
    let repair = desk.core.lifecycle().last_repair().expect("a repair");
    assert_eq!((repair.version, repair.equal), (VersionNo::FIRST, true));
    assert!(desk.core.lifecycle().repairing().is_empty());
    desk.publish("3");
    assert_eq!(desk.serving.active_generation().unwrap().cache("profile").unwrap().len(), 3);
    desk.check_replay();
    order(&mut desk, "ada", Order::Repair { version: v2 }).unwrap();
    desk.ask(Request::Drop { version: v2 }).unwrap();
    let request = folded(&desk, v2);
    desk.ask(request).unwrap();
    assert!(
        matches!(desk.core.lifecycle().stage(v2), Some(selfsame_core::Stage::Dropped)),
        "nobody waits for it"
    );
    refused(order(&mut desk, "ada", Order::Repair { version: v2 }), Code::NotBuilt, "v2 is dropped");
    desk.check_replay();
}
