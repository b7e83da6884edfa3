//! Events that operators set aside.

use selfsame_core::{Answer, Budget, Code, Order, Plane, Quarantine, Refusal, Request};
use selfsame_projections::Exclusion;
use selfsame_record::{Position, Principal, VersionNo};

use crate::desk::{Desk, V2};

#[track_caller]
fn refused<T: std::fmt::Debug>(outcome: Result<T, Refusal>, code: Code, detail: &str) {
    let refusal = outcome.expect_err("a refusal");
    assert_eq!(refusal.code, code, "{refusal}");
    assert!(refusal.detail.contains(detail), "{refusal}");
    assert!(!refusal.next.is_empty(), "{refusal} says nothing to do");
}

fn order(desk: &mut Desk, order: Order) -> Result<Answer, Refusal> {
    let before = std::mem::replace(&mut desk.plane, Plane::Operator);
    let outcome = desk.ask(Request::Operator(order));
    desk.plane = before;
    outcome
}

fn set_aside(from: u64, to: u64, types: &[&str], principals: &[&str]) -> Order {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let (from, to) = (Position::new(from), Position::new(to));
    let events = Exclusion { from, to, types: owned(types), principals: owned(principals) };
    Order::Quarantine { quarantine: Quarantine { events, reason: "wrong".to_owned() } }
}

fn publish_as(desk: &mut Desk, who: &str, id: &str) {
    let before = std::mem::replace(&mut desk.principal, Principal::parse(who).unwrap());
    desk.publish(id);
    desk.principal = before;
}

/// As a builder does: everything folded anew, and handed over.
fn fold_anew(desk: &mut Desk, version: VersionNo) {
    let mut generation = desk.core.new_shadow(version).unwrap();
    desk.each(&mut |core, record| selfsame_core::fold(&mut generation, record, core.registry()));
    desk.ask(Request::Candidate { generation: Box::new(generation) }).unwrap();
    desk.check_replay();
}

fn rows(desk: &Desk) -> Vec<String> {
    let generation = desk.serving.active_generation().unwrap();
    let rows = generation.cache("profile").unwrap().iter().map(|(key, _)| key.to_owned());
    let mut rows: Vec<String> = rows.collect();
    rows.sort();
    rows
}

#[test]
fn what_is_set_aside_is_left_out_once_a_generation_is_folded_anew_and_comes_back_when_released() {
    let mut desk = Desk::at_v1();
    let v2 = desk.candidate(V2);
    let first = desk.publish("1").get();
    publish_as(&mut desk, "bot", "2");
    desk.publish("3");
    let head = desk.core.head().get();
    let Ok(Answer::Done { record }) = order(&mut desk, set_aside(first, head, &[], &["bot"])) else {
        panic!("not set aside")
    };
    assert_eq!(rows(&desk), ["u1", "u2", "u3"], "it goes on as it was until it is folded anew");
    let pending = |desk: &Desk| desk.core.status().quarantines.pending().collect::<Vec<_>>();
    assert_eq!(pending(&desk), [VersionNo::FIRST, v2]);
    desk.check_replay();
    for version in [VersionNo::FIRST, v2] {
        fold_anew(&mut desk, version);
    }
    assert_eq!(rows(&desk), ["u1", "u3"]);
    let (_, jobs) = desk.lease("welcome", 10);
    assert_eq!(jobs.len(), 2, "its job is not handed out");
    publish_as(&mut desk, "bot", "4");
    assert_eq!(rows(&desk), ["u1", "u3", "u4"], "what comes after the range is not meant");
    order(&mut desk, Order::Release { quarantine: record }).unwrap();
    refused(order(&mut desk, Order::Release { quarantine: record }), Code::NotFound, "no quarantine");
    for version in [VersionNo::FIRST, v2] {
        fold_anew(&mut desk, version);
    }
    assert_eq!(rows(&desk), ["u1", "u2", "u3", "u4"]);
    assert_eq!(pending(&desk), []);
    let (_, jobs) = desk.lease("welcome", 10);
    assert_eq!(jobs.len(), 2, "the job that was set aside, and the new one");
}

/// Another quarantine comes while a generation is folded anew for the first: it is folded anew once more.
#[test]
fn a_quarantine_that_comes_meanwhile_is_not_forgotten() {
    let mut desk = Desk::at_v1();
    let (one, two) = (desk.publish("1").get(), desk.publish("2").get());
    order(&mut desk, set_aside(one, one, &[], &[])).unwrap();
    order(&mut desk, set_aside(two, two, &["user.registered"], &[])).unwrap();
    fold_anew(&mut desk, VersionNo::FIRST);
    assert_eq!(rows(&desk), ["u2"]);
    assert!(desk.core.lifecycle().repairing().contains(&VersionNo::FIRST), "it is not in line yet");
    fold_anew(&mut desk, VersionNo::FIRST);
    assert_eq!(rows(&desk), Vec::<String>::new());
    assert!(desk.core.lifecycle().repairing().is_empty());
}

#[test]
fn a_version_that_is_built_afterwards_leaves_it_out_at_once() {
    let mut desk = Desk::at_v1();
    let one = desk.publish("1").get();
    desk.publish("2");
    order(&mut desk, set_aside(one, one, &["user.registered"], &["web"])).unwrap();
    order(&mut desk, set_aside(one, one + 1, &["user.deleted"], &[])).unwrap();
    let v2 = desk.candidate(V2);
    let generation = desk.serving.generation(v2).unwrap();
    assert_eq!(generation.cache("profile").unwrap().len(), 1, "another type is not meant");
    desk.check_replay();
}

#[test]
fn a_quarantine_is_of_records_that_there_are_and_bounded() {
    let mut desk = Desk::at_v1();
    let at = desk.publish("1").get();
    for (from, to) in [(0, at), (at, at - 1), (1, at + 50)] {
        refused(order(&mut desk, set_aside(from, to, &[], &[])), Code::BadRequest, "no range of records");
    }
    let many = ["t"; selfsame_core::limits::QUARANTINE_NAMES_MAX + 1];
    refused(order(&mut desk, set_aside(at, at, &many, &[])), Code::BadRequest, "the limit is 32");
    for _ in 0..selfsame_core::limits::QUARANTINES_MAX {
        order(&mut desk, set_aside(at, at, &[], &[])).unwrap();
    }
    refused(order(&mut desk, set_aside(at, at, &[], &[])), Code::TooManyQuarantines, "64 quarantines");
    desk.check_replay();
}

/// A builder hands over what it folded by an order that is over: the build was given up, events were set aside,
/// and it was ordered anew.
#[test]
fn what_was_folded_by_an_older_order_is_not_taken() {
    let mut desk = Desk::at_v1();
    let one = desk.publish("1").get();
    let Ok(Answer::Registered { version, .. }) = desk.register(V2) else { panic!("not registered") };
    let build = || Request::Build { version, budget: Budget::default() };
    desk.ask(build()).unwrap();
    let mut older = desk.core.new_shadow(version).unwrap();
    desk.ask(Request::Abandon { version, reason: String::new() }).unwrap();
    order(&mut desk, set_aside(one, one, &[], &[])).unwrap();
    desk.ask(build()).unwrap();
    desk.each(&mut |core, record| selfsame_core::fold(&mut older, record, core.registry()));
    desk.ask(Request::Candidate { generation: Box::new(older) }).unwrap();
    assert_eq!(desk.core.lifecycle().building(), [version], "it is built again");
    fold_anew(&mut desk, version);
    assert_eq!(desk.serving.generation(version).unwrap().cache("profile").unwrap().len(), 0);
}

/// With as many generations as there may be there is no room to fold one anew; it is done when one has gone.
#[test]
fn what_there_is_no_room_for_waits() {
    let mut desk = Desk::at_v1();
    let one = desk.publish("1").get();
    desk.plane = Plane::Operator;
    let max = selfsame_core::limits::GENERATIONS_MAX;
    for n in 2..=max {
        desk.candidate(&V2.replace("profiles-with-locale", &format!("n{n}")));
    }
    order(&mut desk, set_aside(one, one, &[], &[])).unwrap();
    assert_eq!(desk.core.lifecycle().repairing().len(), 0);
    assert_eq!(desk.core.status().quarantines.pending().count(), max);
    let last = VersionNo::new(u32::try_from(max).unwrap()).unwrap();
    desk.ask(Request::Drop { version: last }).unwrap();
    desk.ask(Request::Tick).unwrap();
    assert_eq!(desk.core.lifecycle().repairing().len(), 1);
    for n in 1..u32::try_from(max).unwrap() {
        fold_anew(&mut desk, VersionNo::new(n).unwrap());
    }
    assert_eq!(desk.core.status().quarantines.pending().count(), 0);
    assert_eq!(rows(&desk), Vec::<String>::new());
}
