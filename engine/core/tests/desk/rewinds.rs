//! Cold rewinds that wait, and what quarantines, repairs, seals and guards do to each other.

use std::convert::Infallible;

use selfsame_core::{Answer, Budget, Order, Plane, Quarantine, Request, Settings, Stage, recover_core_with};
use selfsame_projections::Exclusion;
use selfsame_record::{ArchivedBody, Block, Position, VersionNo};

use crate::desk::{Desk, V1, V2};
use crate::probation::{guarded, probe};

const V: VersionNo = VersionNo::FIRST;

fn order(desk: &mut Desk, order: Order) {
    let before = std::mem::replace(&mut desk.plane, Plane::Operator);
    desk.ask(Request::Operator(order)).unwrap();
    desk.plane = before;
}

fn aside(from: u64, to: u64) -> Order {
    let events =
        Exclusion { from: Position::new(from), to: Position::new(to), types: vec![], principals: vec![] };
    Order::Quarantine { quarantine: Quarantine { events, reason: String::new() } }
}

fn fold_anew(desk: &mut Desk, version: VersionNo) {
    let mut generation = desk.core.new_shadow(version).unwrap();
    desk.each(&mut |core, record| selfsame_core::fold(&mut generation, record, core.registry()));
    desk.ask(Request::Candidate { generation: Box::new(generation) }).unwrap();
}

fn kinds(desk: &Desk) -> Vec<String> {
    let mut kinds = Vec::new();
    desk.each(&mut |_, r| {
        if let ArchivedBody::Control(json) = &r.body {
            kinds.push(selfsame_core::Control::parse(json).unwrap().kind().to_owned());
        }
    });
    kinds
}

/// v2 answers, v1 is dropped, and a rewind to it waits for its build.
fn cold() -> (Desk, VersionNo) {
    let mut desk = Desk::with_standbys(1);
    desk.take_live(V1, None);
    desk.publish("1");
    let v2 = desk.take_live(V2, Some(V));
    desk.ask(Request::Drop { version: V }).unwrap();
    (desk, v2)
}

fn publish_v2(desk: &mut Desk, id: &str) {
    let request = desk.event(id, &format!(r#"{{"user_id":"u{id}","email":"e","locale":"de"}}"#));
    desk.ask(request).unwrap();
}

fn rewind(desk: &mut Desk) {
    let asked = Request::Rewind { version: V, expected: None, reason: String::new() };
    let Ok(Answer::RewindPending { .. }) = desk.ask(asked) else { panic!("not cold") };
}

#[test]
fn a_version_sealed_while_a_cold_rewind_to_it_waits_does_not_serve() {
    let (mut desk, v2) = cold();
    rewind(&mut desk);
    order(&mut desk, Order::Seal { version: V, reason: "leaks".to_owned() });
    desk.finish_build(V);
    assert_eq!(desk.core.lifecycle().active(), Some(v2));
}

#[test]
fn a_floor_set_while_a_cold_rewind_below_it_waits_holds() {
    let (mut desk, v2) = cold();
    rewind(&mut desk);
    order(&mut desk, Order::SetFloor { version: Some(v2) });
    desk.finish_build(V);
    assert_eq!(desk.core.lifecycle().active(), Some(v2));
}

#[test]
fn a_rewind_does_not_wait_for_a_build_that_somebody_paused() {
    let (mut desk, _) = cold();
    desk.ask(Request::Build { version: V, budget: Budget::default() }).unwrap();
    desk.ask(Request::Pause { version: V }).unwrap();
    rewind(&mut desk);
    let stage = desk.core.lifecycle().stage(V).unwrap();
    assert!(matches!(stage, Stage::Building { paused: false, .. }), "{stage:?}");
}

#[test]
fn a_pending_cold_rewind_survives_a_restart_after_any_commit() {
    let (mut desk, _) = cold();
    let before = desk.blocks.len();
    rewind(&mut desk);
    publish_v2(&mut desk, "2");
    for survived in before + 1..=desk.blocks.len() {
        let mut again = desk.crashed_after(survived);
        assert_eq!(again.core.lifecycle().pending_rewind(), Some(V));
        publish_v2(&mut again, "3");
        again.finish_build(V);
        assert_eq!(again.core.lifecycle().active(), Some(V));
        again.check_replay();
    }
}

#[test]
fn a_pending_cold_rewind_is_cancelled_by_drop_and_the_present_version_goes_on() {
    let (mut desk, v2) = cold();
    rewind(&mut desk);
    desk.ask(Request::Drop { version: V }).unwrap();
    assert_eq!(desk.core.lifecycle().pending_rewind(), None);
    publish_v2(&mut desk, "2");
    assert_eq!(desk.core.lifecycle().active(), Some(v2));
    desk.check_replay();
}

/// As an operator's replay does it.
#[test]
fn a_replay_up_to_before_a_quarantine_equals_what_was_live_there() {
    let mut desk = Desk::at_v1();
    let one = desk.publish("1");
    desk.publish("2");
    let (at, then) = (desk.core.head(), desk.serving.active_generation().unwrap().digest());
    order(&mut desk, aside(one.get(), one.get()));
    fold_anew(&mut desk, V);
    let now = (desk.core.head(), desk.serving.active_generation().unwrap().digest());
    for (at, digest) in [(at, then), now] {
        let recovered = recover_core_with(Settings { standbys_max: 0 }, Some(at), &mut |visit| {
            let mut view = |block: &Block| visit(Block::view(block.as_bytes()).unwrap().records());
            desk.blocks.iter().for_each(|block| assert!(view(block).is_continue()));
            Ok::<(), Infallible>(())
        });
        let (core, set_aside) = recovered.unwrap();
        let mut generation = core.new_generation_as_of(V, &set_aside).unwrap();
        desk.each(&mut |core, record| {
            if record.at() <= at {
                selfsame_core::fold(&mut generation, record, core.registry());
            }
        });
        assert_eq!(generation.digest(), digest, "up to {at}");
    }
}

#[test]
fn a_quarantine_does_not_trip_a_guard_on_what_is_declared_unchanged() {
    let mut desk = Desk::at_v1();
    let one = desk.publish("1").get();
    let document = guarded(&[("same", "changed.welcome == 0")], "events: 100, unchanged: [welcome]")
        .replace("input: { to: $.email, locale: $.locale }", "input: { to: $.email }");
    let v2 = desk.take_live(&document, Some(V));
    assert!(desk.core.on_probation().is_some());
    probe(&mut desk);
    assert_eq!(desk.core.lifecycle().active(), Some(v2), "{:?}", kinds(&desk));
    order(&mut desk, aside(one, one));
    fold_anew(&mut desk, v2);
    probe(&mut desk);
    assert_eq!(desk.core.lifecycle().active(), Some(v2), "{:?}", kinds(&desk));
}

#[test]
fn a_repair_that_keeps_failing_does_not_fill_the_log() {
    let mut desk = Desk::at_v1();
    let one = desk.publish("1").get();
    order(&mut desk, aside(one, one));
    let before = desk.core.head().get();
    for _ in 0..1000 {
        desk.ask(Request::BuildFailed { version: V, reason: "a block is damaged".to_owned() }).unwrap();
        desk.after_ms(5_000);
        desk.ask(Request::Tick).unwrap();
    }
    let written = desk.core.head().get() - before;
    assert_eq!(written, 1, "it failed once, and is not tried again by itself");
    let pending: Vec<VersionNo> = desk.core.status().quarantines.pending().collect();
    assert_eq!(pending, [V], "the state says that it is not in line");
    order(&mut desk, Order::Repair { version: V });
    fold_anew(&mut desk, V);
    assert_eq!(desk.core.status().quarantines.pending().count(), 0);
    desk.check_replay();
}

/// A crash after any commit of a quarantine, its repairs and its release.
#[test]
fn a_quarantine_that_broke_off_anywhere_is_gone_on_with_and_ends_the_same() {
    let script = |desk: &mut Desk, step: usize| match step {
        0 => order(desk, aside(5, 5)),
        1 => fold_anew(desk, V),
        2 => fold_anew(desk, VersionNo::new(2).unwrap()),
        3 => {
            let at = desk.core.status().quarantines.in_force().next().unwrap().0;
            order(desk, Order::Release { quarantine: at });
        }
        4 => fold_anew(desk, V),
        _ => fold_anew(desk, VersionNo::new(2).unwrap()),
    };
    let mut whole = Desk::at_v1();
    whole.publish("1");
    whole.candidate(V2);
    let start = whole.blocks.len();
    let state = |desk: &Desk| desk.serving.generations().map(|(v, g)| (v, g.digest())).collect::<Vec<_>>();
    let original = state(&whole);
    (0..6).for_each(|step| script(&mut whole, step));
    assert_eq!(whole.blocks.len(), start + 6, "one commit a step");
    assert_eq!(state(&whole), original, "all is back");
    for survived in 0..=6 {
        let mut again = whole.crashed_after(start + survived);
        again.check_replay();
        (survived..6).for_each(|step| script(&mut again, step));
        assert_eq!(state(&again), state(&whole), "a crash after {survived}");
        again.check_replay();
    }
}
