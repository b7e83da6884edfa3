//! What the core answers, request by request, on a log in memory.

use crate::desk::{Desk, V1, V2};
use selfsame_core::{Answer, Budget, Checked, Code, EventRefused, Refusal, Request};
use selfsame_record::{Name, Principal, TraySeq, VersionNo};

#[track_caller]
fn refused(outcome: Result<Answer, Refusal>, code: Code, detail: &str) {
    let refusal = outcome.expect_err("a refusal");
    assert_eq!(refusal.code, code, "{refusal}");
    assert!(refusal.detail.contains(detail), "{refusal}");
}

#[test]
fn a_repeated_event_gets_the_first_answer_and_a_contradiction_is_refused() {
    let mut desk = Desk::at_v1();
    let first = desk.publish("1");
    let head = desk.core.head();
    assert_eq!(desk.publish("1"), first);
    assert_eq!(desk.core.head(), head, "a repetition writes nothing");
    let other = desk.event("1", r#"{"user_id":"u1","email":"other"}"#);
    refused(desk.ask(other), Code::IdReused, "id `1` of source `/web` was used at #5 for another content");
    desk.check_replay();
}

#[test]
fn two_publishers_may_use_the_same_id() {
    let mut desk = Desk::at_v1();
    let first = desk.publish("1");
    desk.principal = Principal::parse("other").unwrap();
    assert_ne!(desk.publish("1"), first);
}

#[test]
fn a_unit_is_taken_whole_or_not_at_all() {
    let mut desk = Desk::at_v1();
    let head = desk.core.head();
    let (a, b) = (r#"{"user_id":"a","email":"a"}"#, r#"{"user_id":"b","email":"b"}"#);
    let contradictory = desk.events(&[("1", a), ("2", a), ("1", b)], None);
    refused(desk.ask(contradictory), Code::IdReused, "in this unit");
    assert_eq!(desk.serving.events(), 0);
    assert_eq!(desk.core.head(), head.next(), "the refusal is the only record");
    let shown = desk.serving.refused().next_back().unwrap();
    assert_eq!((shown.refused.code.as_str(), shown.refused.id.as_deref()), ("id-reused", Some("1")));
    assert_eq!(shown.refused.data.as_deref(), Some(r#"{"email":"b","user_id":"b"}"#));
    let unit = desk.events(&[("1", a), ("2", b), ("1", a)], None);
    let Ok(Answer::Published { events }) = desk.ask(unit) else { panic!("not published") };
    let duplicates: Vec<bool> = events.iter().map(|e| e.duplicate).collect();
    assert_eq!(duplicates, [false, false, true]);
    assert_eq!(desk.serving.events(), 2);
}

#[test]
fn a_message_of_the_tray_is_taken_once_refused_ones_too() {
    let mut desk = Desk::at_v1();
    let place = TraySeq { stream: 7, seq: 3 };
    let data = r#"{"user_id":"a","email":"a"}"#;
    for expect in [true, false] {
        let request = desk.events(&[("1", data)], Some(place));
        let taken = matches!(desk.ask(request), Ok(Answer::Published { .. }));
        assert_eq!(taken, expect);
    }
    let place = TraySeq { stream: 7, seq: 4 };
    for expect in ["a refusal", "noted before"] {
        let refused = EventRefused { tray: Some(place), ..EventRefused::default() };
        let refusal = Refusal::new(Code::InvalidEvent, "no");
        let outcome = desk.ask(Request::NoteRefused { refused, refusal });
        assert_eq!(if outcome.is_err() { "a refusal" } else { "noted before" }, expect);
    }
    assert_eq!(desk.serving.refused().count(), 1);
    desk.check_replay();
}

#[test]
fn a_job_is_finished_once_and_only_under_its_lease() {
    let mut desk = Desk::at_v1();
    let job = desk.publish("1");
    let (lease, jobs) = desk.lease("welcome", 5);
    let lease = lease.unwrap();
    assert_eq!(jobs, [(job, 1, r#"{"to":"1@x"}"#.to_owned())]);
    assert_eq!(desk.lease("welcome", 5), (None, vec![]), "it is held");
    refused(desk.ack(job, lease.next()), Code::LeaseLost, "is not held under the lease");
    desk.ack(job, lease).unwrap();
    desk.ack(job, lease).expect("the same answer again");
    desk.after_ms(60_000);
    assert_eq!(desk.lease("welcome", 5).1, []);
    desk.check_replay();
}

#[test]
fn a_job_given_back_comes_again_later_and_is_given_up_in_the_end() {
    let mut desk = Desk::at_v1();
    let job = desk.publish("1");
    let (lease, _) = desk.lease("welcome", 1);
    let answer = desk.nack(job, lease.unwrap()).unwrap();
    let due = desk.now.plus_ms(2_000);
    assert_eq!(answer, Answer::Settled { job, retry_at: Some(due), dead: false });
    desk.after_ms(1_999);
    assert_eq!(desk.lease("welcome", 1).1, []);
    desk.after_ms(1);
    let (lease, jobs) = desk.lease("welcome", 1);
    assert_eq!(jobs[0].1, 2, "the second attempt");
    let answer = desk.nack(job, lease.unwrap()).unwrap();
    assert_eq!(answer, Answer::Settled { job, retry_at: None, dead: true });
    desk.after_ms(60_000);
    assert_eq!(desk.lease("welcome", 1).1, []);
    assert_eq!(desk.serving.dead_jobs().map(|d| d.job).collect::<Vec<_>>(), [job]);
    desk.check_replay();
}

#[test]
fn a_lease_that_runs_out_gives_the_job_to_another_and_counts_as_an_attempt() {
    let mut desk = Desk::at_v1();
    let job = desk.publish("1");
    let (first, _) = desk.lease("welcome", 1);
    desk.after_ms(10_000);
    let (second, jobs) = desk.lease("welcome", 1);
    assert_eq!(jobs[0].1, 2);
    refused(desk.ack(job, first.unwrap()), Code::LeaseLost, "is not held");
    assert!(second > first);
    desk.after_ms(10_000);
    assert_eq!(desk.lease("welcome", 1).1, [], "both attempts are used");
    assert_eq!(desk.serving.dead_jobs().count(), 1);
}

#[test]
fn a_switch_fences_leases_and_keeps_finished_jobs_finished() {
    let mut desk = Desk::at_v1();
    let (done, held) = (desk.publish("1"), desk.publish("2"));
    let (lease, _) = desk.lease("welcome", 2);
    desk.ack(done, lease.unwrap()).unwrap();
    desk.take_live(V2, Some(VersionNo::FIRST));
    refused(desk.ack(held, lease.unwrap()), Code::LeaseFenced, "where another version became active");
    let (lease, jobs) = desk.lease("welcome", 5);
    assert_eq!(jobs, [(held, 2, r#"{"locale":"en","to":"2@x"}"#.to_owned())], "in the new shape");
    desk.ask(Request::Rewind { version: VersionNo::FIRST, expected: None, reason: String::new() }).unwrap();
    refused(desk.ack(held, lease.unwrap()), Code::LeaseFenced, "where another version became active");
    assert_eq!(desk.core.plan(VersionNo::FIRST).unwrap().queues().count(), 1);
    desk.check_replay();
}

#[test]
fn a_queue_that_a_version_brings_delivers_no_job_of_older_events() {
    let mut desk = Desk::at_v1();
    desk.publish("1");
    desk.take_live(V2, Some(VersionNo::FIRST));
    assert_eq!(desk.lease("survey", 5).1, []);
    let data = r#"{"user_id":"u2","email":"2@x","locale":"de"}"#;
    let request = desk.event("2", data);
    desk.ask(request).unwrap();
    assert_eq!(desk.lease("survey", 5).1.len(), 1);
    refused(
        desk.ask(Request::Lease { queue: Name::parse("none").unwrap(), max: 1 }),
        Code::UnknownProjection,
        "v2 has no job queue `none`",
    );
}

#[test]
fn a_switch_falls_between_two_group_commits() {
    let mut desk = Desk::at_v1();
    let version = desk.candidate(V2);
    let evidence = Some(desk.evidence(version));
    let blocks = desk.blocks.len();
    let (a, b) = (r#"{"user_id":"a","email":"a"}"#, r#"{"user_id":"b","email":"b"}"#);
    let requests = vec![
        desk.event("1", a),
        Request::Cutover { version, expected: Some(VersionNo::FIRST), evidence },
        desk.event("2", b),
        Request::Lease { queue: Name::parse("welcome").unwrap(), max: 5 },
    ];
    let outcomes = desk.ask_all(requests);
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(desk.blocks.len() - blocks, 4, "event | cutover | event | lease");
    let Ok(Answer::Leased { jobs, .. }) = &outcomes[3] else { panic!("{outcomes:?}") };
    assert_eq!(jobs.len(), 2, "the lease sees the event before it");
}

#[test]
fn requests_that_fail_leave_a_record_and_a_flood_of_them_a_bounded_number() {
    let mut desk = Desk::at_v1();
    let head = desk.core.head().get();
    for _ in 0..150 {
        let outcome = desk.ask(Request::Build { version: VersionNo::FIRST, budget: Budget::default() });
        refused(outcome, Code::AlreadyBuilding, "v1 is built");
    }
    assert_eq!(desk.core.head().get() - head, 100);
    desk.after_ms(60_000);
    desk.ask(Request::Tick).unwrap();
    assert_eq!(desk.core.head().get() - head, 101, "the count of the others");
    desk.check_replay();
}

/// What is due by time is written by a tick alone: a candidate is complete up to the head that it was folded
/// to, so nothing may be written between that and its adoption.
#[test]
fn a_candidate_is_adopted_while_counts_are_due() {
    let mut desk = Desk::at_v1();
    for _ in 0..150 {
        desk.ask(Request::Build { version: VersionNo::FIRST, budget: Budget::default() }).unwrap_err();
    }
    desk.after_ms(60_000);
    let version = desk.candidate(V2);
    desk.cutover(version, Some(VersionNo::FIRST)).unwrap();
    desk.ask(Request::Tick).unwrap();
    desk.check_replay();
}

#[test]
fn a_flood_of_bad_messages_in_the_tray_does_not_fill_the_log() {
    let mut desk = Desk::at_v1();
    let head = desk.core.head().get();
    for seq in 1..=150 {
        let tray = Some(TraySeq { stream: 7, seq });
        let refused = EventRefused { tray, ..EventRefused::default() };
        let outcome = desk.ask(Request::NoteRefused { refused, refusal: Refusal::new(Code::TooLarge, "no") });
        assert!(outcome.is_err(), "answered, so that the message is acknowledged");
    }
    assert_eq!(desk.core.head().get() - head, 100);
    desk.check_replay();
}

#[test]
fn an_event_whose_version_was_dropped_meanwhile_is_refused() {
    let mut desk = Desk::at_v1();
    let request = desk.event("1", r#"{"user_id":"a","email":"a"}"#);
    desk.take_live(V2, Some(VersionNo::FIRST));
    desk.ask(Request::Drop { version: VersionNo::FIRST }).unwrap();
    refused(desk.ask(request), Code::VersionNotLive, "v1 is not live; live versions: v2");
}

#[test]
fn a_document_is_registered_once_and_refused_with_its_places() {
    let mut desk = Desk::at_v1();
    let answer = desk.register(V1).unwrap();
    assert!(
        matches!(answer, Answer::Registered { existed: true, version: VersionNo::FIRST, .. }),
        "{answer:?}"
    );
    let bad = V2.replace("default: en", "default: 7");
    let refusal = desk.register(&bad).expect_err("a refusal");
    assert_eq!(refusal.code, Code::InvalidDocument);
    assert!(refusal.detail.contains("/lenses/user.registered/0"), "{refusal}");
}

#[test]
fn of_two_registrations_that_race_the_second_is_checked_again() {
    let mut desk = Desk::at_v1();
    let other = V2.replace("profiles-with-locale", "other");
    let check = |desk: &Desk, document: &str| Request::Register {
        checked: Checked::of(desk.core.registry(), &selfsame_schema::NoSamples, document),
    };
    let (first, second) = (check(&desk, V2), check(&desk, &other));
    let head = desk.core.head();
    let mut outcomes = desk.ask_all(vec![first, second]);
    let (second, first) = (outcomes.pop().unwrap(), outcomes.pop().unwrap());
    assert!(matches!(first, Ok(Answer::Registered { existed: false, .. })), "{first:?}");
    refused(second, Code::RegistryChanged, "there were 1 versions, and there are 2 now");
    assert_eq!(desk.core.head(), head.next(), "nothing was decided, so nothing is noted");
    let again = check(&desk, &other);
    let Ok(Answer::Registered { version, .. }) = desk.ask(again) else { panic!("not registered") };
    assert_eq!(version, VersionNo::new(3).unwrap());
    desk.check_replay();
}

#[test]
fn a_refusal_of_an_older_registry_decides_nothing() {
    let mut desk = Desk::at_v1();
    let checked = Checked::of(
        desk.core.registry(),
        &selfsame_schema::NoSamples,
        &V2.replace("parent: v1", "parent: v2"),
    );
    desk.register(V2).unwrap();
    refused(desk.ask(Request::Register { checked }), Code::RegistryChanged, "there are 2 now");
}

#[test]
fn a_refusal_of_the_present_registry_is_noted() {
    let mut desk = Desk::at_v1();
    let head = desk.core.head();
    let refusal = Refusal::new(Code::InvalidDocument, "the check ended early");
    let checked = Checked::refused(desk.core.registry(), refusal);
    refused(desk.ask(Request::Register { checked }), Code::InvalidDocument, "the check ended early");
    assert_eq!(desk.core.head(), head.next());
}

#[test]
fn the_census_says_who_wrote_what_and_a_start_from_the_log_says_the_same() {
    let mut desk = Desk::at_v1();
    desk.publish("1");
    desk.publish("1");
    let old = desk.event("2", r#"{"user_id":"b","email":"b"}"#);
    desk.take_live(V2, Some(VersionNo::FIRST));
    let new = desk.event("3", r#"{"user_id":"c","email":"c","locale":"de"}"#);
    desk.ask(new).unwrap();
    desk.principal = Principal::parse("app").unwrap();
    desk.ask(old).unwrap();
    let census = desk.serving.census();
    let rows = census.writers().map(|(who, version, w)| format!("{who} {version} {} {}", w.events, w.last));
    assert_eq!(rows.collect::<Vec<_>>(), ["app v1 1 #13", "web v1 1 #5", "web v2 1 #12"]);
    let samples = desk.serving.samples().of("user.registered");
    let samples = samples.map(|sample| format!("{} {}", sample.position, sample.version));
    assert_eq!(samples.collect::<Vec<_>>(), ["#5 v1", "#12 v2", "#13 v1"]);
    desk.check_replay();
}

#[test]
fn a_rewind_says_what_is_in_its_window() {
    let mut desk = Desk::at_v1();
    desk.publish("1");
    desk.take_live(V2, Some(VersionNo::FIRST));
    let cutover = desk.core.head();
    for id in ["2", "3"] {
        let data = format!(r#"{{"user_id":"{id}","email":"e","locale":"de"}}"#);
        let request = desk.event(id, &data);
        desk.ask(request).unwrap();
    }
    let rewind = Request::Rewind { version: VersionNo::FIRST, expected: None, reason: "slow".to_owned() };
    let Ok(Answer::Switched(switched)) = desk.ask(rewind) else { panic!("no switch") };
    let window = switched.window.unwrap();
    assert_eq!((window.first, window.events), (cutover, 2));
    assert_eq!(switched.at, window.last.next());
    let generation = desk.serving.active_generation().unwrap();
    assert_eq!(generation.cache("profile").unwrap().get("2").unwrap().to_json(), r#"{"email":"e"}"#);
    desk.check_replay();
}
