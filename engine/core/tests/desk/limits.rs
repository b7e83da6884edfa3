//! The limits that the core enforces, each reached once.

use crate::desk::{Desk, V2};
use selfsame_core::limits::{
    BATCH_BYTES_MAX, DEAD_JOBS_SHOWN_MAX, LEASE_JOBS_MAX, REASON_BYTES_MAX, REFUSALS_SHOWN_MAX, VERSIONS_MAX,
};
use selfsame_core::{Answer, Code, EventRefused, Refusal, Request};
use selfsame_record::{Block, Name, RECORDS_MAX, VersionNo};

#[test]
fn a_log_has_so_many_versions_and_no_more() {
    let mut desk = Desk::at_v1();
    let register = |desk: &mut Desk, number: usize| {
        let document = V2.replace("profiles-with-locale", &format!("profiles-{number}"));
        desk.register(&document)
    };
    for number in 2..=VERSIONS_MAX {
        register(&mut desk, number).unwrap();
    }
    // The hour of the agent's quota is over.
    desk.after_ms(2 * 60 * 60 * 1000);
    let refusal = register(&mut desk, VERSIONS_MAX + 1).unwrap_err();
    assert_eq!(refusal.code, Code::TooManyVersions, "{refusal}");
    let again = register(&mut desk, 7).unwrap();
    assert!(matches!(again, Answer::Registered { existed: true, .. }), "{again:?}");
}

#[test]
fn a_group_commit_is_closed_by_count_and_by_size() {
    let mut desk = Desk::at_v1();
    let before = desk.blocks.len();
    let requests =
        (0..RECORDS_MAX + 200).map(|n| desk.event(&n.to_string(), r#"{"user_id":"a","email":"e"}"#));
    let requests = requests.collect();
    assert!(desk.ask_all(requests).iter().all(Result::is_ok));
    assert_eq!(sizes(&desk, before), [RECORDS_MAX, 200]);

    let before = desk.blocks.len();
    let large = "x".repeat(BATCH_BYTES_MAX / 5);
    let data = format!(r#"{{"user_id":"a","email":"{large}"}}"#);
    let requests = (0..9).map(|n| desk.event(&format!("large-{n}"), &data)).collect();
    assert!(desk.ask_all(requests).iter().all(Result::is_ok));
    assert_eq!(sizes(&desk, before), [4, 4, 1]);
}

fn sizes(desk: &Desk, from: usize) -> Vec<usize> {
    desk.blocks[from..].iter().map(|b| Block::view(b.as_bytes()).unwrap().records().len()).collect()
}

#[test]
fn a_lease_holds_so_many_jobs_whatever_is_asked_for() {
    let mut desk = Desk::at_v1();
    for id in 0..LEASE_JOBS_MAX + 20 {
        desk.publish(&id.to_string());
    }
    assert_eq!(desk.lease("welcome", usize::MAX).1.len(), LEASE_JOBS_MAX);
    assert_eq!(desk.lease("welcome", usize::MAX).1.len(), 20);
}

#[test]
fn the_latest_refusals_stay_readable_and_all_are_counted() {
    let mut desk = Desk::at_v1();
    let all = REFUSALS_SHOWN_MAX + 150;
    for number in 0..all {
        let refused =
            EventRefused { code: "too-large".to_owned(), id: Some(number.to_string()), ..Default::default() };
        let refusal = Refusal::new(Code::TooLarge, "no");
        desk.ask(Request::NoteRefused { refused, refusal }).unwrap_err();
        desk.after_ms(1_000);
    }
    assert_eq!(desk.serving.refused().count(), REFUSALS_SHOWN_MAX);
    assert_eq!(desk.serving.refused().next().unwrap().refused.id.as_deref(), Some("150"));
    assert_eq!(desk.serving.refused_counts()["too-large"], all as u64);
}

#[test]
fn the_latest_dead_jobs_stay_readable() {
    let mut desk = Desk::at_v1();
    let mut first = None;
    for id in 0..DEAD_JOBS_SHOWN_MAX + 5 {
        let job = desk.publish(&id.to_string());
        first.get_or_insert(job);
        for _ in 0..2 {
            let (lease, _) = desk.lease("welcome", 1);
            desk.nack(job, lease.unwrap()).unwrap();
            desk.after_ms(3_000);
        }
    }
    assert_eq!(desk.serving.dead_jobs().count(), DEAD_JOBS_SHOWN_MAX);
    assert!(desk.serving.dead_jobs().all(|dead| Some(dead.job) != first));
}

#[test]
fn a_workers_reason_is_cut_at_a_character() {
    let mut desk = Desk::at_v1();
    let job = desk.publish("1");
    let (lease, _) = desk.lease("welcome", 1);
    let reason = format!("x{}", "ä".repeat(REASON_BYTES_MAX));
    let queue = Name::parse("welcome").unwrap();
    desk.ask(Request::Nack { queue, job, lease: lease.unwrap(), reason }).unwrap();
    let mut kept = None;
    desk.each(&mut |_, record| {
        if let selfsame_record::ArchivedBody::Control(json) = &record.body
            && let Ok(selfsame_core::Control::JobFailed { reason, .. }) = selfsame_core::Control::parse(json)
        {
            kept = Some(reason);
        }
    });
    let kept = kept.unwrap();
    assert_eq!(kept.len(), REASON_BYTES_MAX - 1);
    assert!(kept.ends_with('ä'));
    assert_eq!(desk.core.lifecycle().active(), Some(VersionNo::FIRST));
}
