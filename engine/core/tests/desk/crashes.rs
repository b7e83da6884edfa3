//! A crash after any group commit of a change: whoever goes on where it stopped comes to the same state.

use selfsame_core::{Answer, Budget, EvidenceId, Request, Stage};
use selfsame_record::{Digest, Principal, VersionNo};
use selfsame_schema::Latencies;

use crate::desk::{Desk, V1, V2};

const USERS: [&str; 3] = ["1", "2", "3"];

fn v2_with_a_guard() -> String {
    format!("{V2}guards: [{{ name: few, expect: \"rows.profile < 5\" }}]\nprobation: {{ events: 50 }}\n")
}

/// Goes on with the change from wherever the log ends: an agent that asks what the state is and does the next
/// step. Done when the guard has tripped, v1 answers again and everything is published.
fn go_on(desk: &mut Desk) {
    let (v1, v2) = (VersionNo::FIRST, VersionNo::new(2).unwrap());
    registered(desk, V1, v1);
    built(desk, v1);
    if desk.core.lifecycle().active().is_none() {
        desk.ask(Request::Cutover { version: v1, expected: None, evidence: None }).unwrap();
    }
    USERS.iter().for_each(|user| publish(desk, user));
    registered(desk, &v2_with_a_guard(), v2);
    if !desk.core.lifecycle().was_active(v2) {
        built(desk, v2);
        let evidence = evidence(desk, v2);
        desk.ask(Request::Cutover { version: v2, expected: Some(v1), evidence: Some(evidence) }).unwrap();
    }
    // The fifth row trips the guard.
    ["4", "5", "6"].iter().for_each(|user| publish(desk, user));
    // What a worker held when it crashed is due again when the lease has run out.
    desk.after_ms(10_000);
    let (lease, jobs) = desk.lease("welcome", 10);
    for (job, _, _) in jobs {
        desk.ack(job, lease.unwrap()).unwrap();
    }
}

fn registered(desk: &mut Desk, document: &str, version: VersionNo) {
    let Ok(Answer::Registered { version: found, .. }) = desk.register(document) else { panic!("not taken") };
    assert_eq!(found, version);
}

fn built(desk: &mut Desk, version: VersionNo) {
    match desk.core.lifecycle().stage(version).unwrap() {
        stage if stage.is_live() => return,
        Stage::Building { .. } => {}
        _ => {
            desk.ask(Request::Build { version, budget: Budget::default() }).unwrap();
        }
    }
    let mut generation = desk.core.new_generation(version).unwrap();
    desk.each(&mut |core, record| selfsame_core::fold(&mut generation, record, core.registry()));
    desk.ask(Request::Candidate { generation: Box::new(generation) }).unwrap();
}

/// The evidence that there is, or new evidence for the plan that there is, or for a new one.
fn evidence(desk: &mut Desk, version: VersionNo) -> EvidenceId {
    let plan = desk.core.plans_made().newest(version, desk.now).cloned();
    if let Some(known) = plan.as_ref().and_then(|plan| plan.evidence.last()) {
        return known.evidence;
    }
    let plan = match plan {
        Some(plan) => plan.planned.plan,
        None => desk.plan(desk.draft(version)).unwrap(),
    };
    let compared = desk.comparison(plan, version);
    let evidence = compared.evidence;
    desk.ask(Request::Validate { compared }).unwrap();
    evidence
}

fn publish(desk: &mut Desk, user: &str) {
    let data = format!(r#"{{"user_id":"u{user}","email":"{user}@x"}}"#);
    let request = desk.events_as(Some("v1"), &[(user, &data)], None);
    desk.ask(request).unwrap();
    let who = std::mem::replace(&mut desk.principal, Principal::parse("selfsame").unwrap());
    desk.ask(Request::Probe { latency: Latencies::default() }).unwrap();
    desk.principal = who;
}

/// What must be the same: who answers, what every generation holds, which jobs are done.
fn state(desk: &Desk) -> (Option<VersionNo>, Vec<(VersionNo, Digest)>, String) {
    let generations = desk.serving.generations().map(|(version, g)| (version, g.digest())).collect();
    let jobs =
        desk.serving.status().jobs.iter().map(|(name, counts)| format!("{name}: {} done", counts.done));
    (desk.core.lifecycle().active(), generations, jobs.collect::<Vec<_>>().join(", "))
}

#[test]
fn a_change_that_broke_off_anywhere_is_gone_on_with_and_ends_the_same() {
    let mut whole = Desk::new();
    go_on(&mut whole);
    let expect = state(&whole);
    assert_eq!(expect.0, Some(VersionNo::FIRST), "the guard has tripped");
    assert_eq!(whole.core.lifecycle().switches().len(), 3, "cut over twice, gone back once");
    assert!(expect.2.contains("welcome: 6 done"), "{expect:?}");
    let commits = whole.blocks.len();
    assert!(commits > 15, "{commits} commits");
    for survived in 0..commits {
        let mut again = whole.crashed_after(survived);
        again.check_replay();
        go_on(&mut again);
        assert_eq!(state(&again), expect, "a crash after {survived} of {commits} commits");
        again.check_replay();
    }
}
