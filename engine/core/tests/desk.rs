//! What the core answers, request by request, on a log in memory.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::collections::VecDeque;

use selfsame_core::{
    Answer, Code, Core, Draft, Effect, EventRefused, Input, Refusal, Request, Serving, Settings, Ticket,
    recover,
};
use selfsame_record::{ArchivedRecord, Block, Body, Micros, Name, Position, Principal, TraySeq, VersionNo};

const V1: &str = r#"
selfsame: 1
name: profiles
events:
  user.registered:
    key: /user_id
    schema:
      type: object
      required: [user_id, email]
      properties: { user_id: { type: string }, email: { type: string } }
projections:
  profile: { kind: cache, on: { user.registered: { set: { email: $.email } } } }
  welcome:
    kind: jobs
    on: { user.registered: { input: { to: $.email } } }
    retry: { attempts: 2, backoff: 2s..3s }
    lease: 10s
"#;

const V2: &str = r#"
selfsame: 1
name: profiles-with-locale
parent: v1
events:
  user.registered:
    key: /user_id
    schema:
      type: object
      required: [user_id, email, locale]
      properties: { user_id: { type: string }, email: { type: string }, locale: { type: string } }
lenses:
  user.registered:
    - add: { at: /locale, default: en }
projections:
  profile: { kind: cache, on: { user.registered: { set: { email: $.email, locale: $.locale } } } }
  welcome:
    kind: jobs
    on: { user.registered: { input: { to: $.email, locale: $.locale } } }
    retry: { attempts: 2, backoff: 2s..3s }
    lease: 10s
  survey: { kind: jobs, on: { user.registered: { input: { to: $.email } } } }
"#;

/// A core with its log in memory; the clock is a field.
struct Desk {
    core: Core,
    serving: Serving,
    blocks: Vec<Block>,
    now: Micros,
    principal: Principal,
}

impl Desk {
    fn new() -> Desk {
        Desk {
            core: Core::new(Settings { standbys_max: 2 }),
            serving: Serving::default(),
            blocks: Vec::new(),
            now: Micros(1_000_000),
            principal: Principal::parse("web").unwrap(),
        }
    }

    /// A desk with v1 active.
    fn at_v1() -> Desk {
        let mut desk = Desk::new();
        desk.take_live(V1, None);
        desk
    }

    fn take_live(&mut self, document: &str, expected: Option<VersionNo>) -> VersionNo {
        let version = self.candidate(document);
        self.ask(Request::Cutover { version, expected }).unwrap();
        version
    }

    fn candidate(&mut self, document: &str) -> VersionNo {
        let answer = self.ask(Request::Register { document: document.to_owned() }).unwrap();
        let Answer::Registered { version, .. } = answer else { panic!("{answer:?}") };
        self.ask(Request::Build { version }).unwrap();
        let mut generation = self.core.new_generation(version).unwrap();
        self.each(&mut |core, record| selfsame_core::fold(&mut generation, record, core.registry()));
        self.ask(Request::Candidate { generation: Box::new(generation) }).unwrap();
        version
    }

    fn each(&self, visit: &mut dyn FnMut(&Core, &ArchivedRecord)) {
        for block in &self.blocks {
            Block::view(block.as_bytes()).unwrap().records().iter().for_each(|r| visit(&self.core, r));
        }
    }

    fn ask(&mut self, request: Request) -> Result<Answer, Refusal> {
        let mut outcomes = self.ask_all(vec![request]);
        assert_eq!(outcomes.len(), 1);
        outcomes.remove(0)
    }

    /// Asks at once; the answers come in order, out of as many group commits as it takes.
    fn ask_all(&mut self, requests: Vec<Request>) -> Vec<Result<Answer, Refusal>> {
        let principal = self.principal.clone();
        let input = |request| Input { ticket: Ticket(1), principal: principal.clone(), request };
        let mut waiting: VecDeque<Input> = requests.into_iter().map(input).collect();
        let mut outcomes = Vec::new();
        while !waiting.is_empty() {
            let batch = self.core.prepare(&mut waiting, self.now, &self.serving);
            let answers = batch.effects.into_iter().filter_map(|effect| match effect {
                Effect::Answer { outcome, .. } => Some(outcome),
                _ => None,
            });
            outcomes.extend(answers);
            if !batch.records.is_empty() {
                let block = Block::pack(&batch.records);
                let control = batch.records.iter().any(|r| matches!(r.body, Body::Control(_)));
                let status = control.then(|| self.core.status());
                self.serving.commit(Block::view(block.as_bytes()).unwrap().records(), batch.adopt, status);
                self.blocks.push(block);
            }
        }
        outcomes
    }

    fn event(&self, id: &str, data: &str) -> Request {
        self.events(&[(id, data)], None)
    }

    fn events(&self, events: &[(&str, &str)], tray: Option<TraySeq>) -> Request {
        let admission = self.core.admission();
        let admit = |(id, data): &(&str, &str)| {
            let named = [("specversion", "1.0"), ("type", "user.registered"), ("source", "/web"), ("id", id)];
            let attributes = named.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
            let draft = Draft { attributes, data: data.as_bytes().to_vec() };
            admission.admit(&draft, None, tray).unwrap()
        };
        Request::Publish { events: events.iter().map(admit).collect() }
    }

    fn publish(&mut self, id: &str) -> Position {
        let data = format!(r#"{{"user_id":"u{id}","email":"{id}@x"}}"#);
        let request = self.event(id, &data);
        let Ok(Answer::Published { events }) = self.ask(request) else { panic!("not published") };
        events[0].position
    }

    fn lease(&mut self, queue: &str, max: usize) -> (Option<Position>, Vec<(Position, u32, String)>) {
        let queue = Name::parse(queue).unwrap();
        let answer = self.ask(Request::Lease { queue, max }).unwrap();
        let Answer::Leased { lease, jobs, .. } = answer else { panic!("{answer:?}") };
        (lease, jobs.into_iter().map(|j| (j.job, j.attempt, j.input)).collect())
    }

    fn ack(&mut self, job: Position, lease: Position) -> Result<Answer, Refusal> {
        self.ask(Request::Ack { queue: Name::parse("welcome").unwrap(), job, lease })
    }

    fn nack(&mut self, job: Position, lease: Position) -> Result<Answer, Refusal> {
        let queue = Name::parse("welcome").unwrap();
        self.ask(Request::Nack { queue, job, lease, reason: "no".to_owned() })
    }

    fn after_ms(&mut self, ms: u64) {
        self.now = self.now.plus_ms(ms);
    }

    /// The state that a start from the log has equals the state there is.
    #[track_caller]
    fn check_replay(&self) {
        let again = recover::<std::convert::Infallible>(Settings { standbys_max: 2 }, &mut |visit| {
            for block in &self.blocks {
                let _ = visit(Block::view(block.as_bytes()).unwrap().records());
            }
            Ok(())
        });
        let (core, serving) = again.unwrap();
        assert_eq!(core.digest(), self.core.digest());
        let digests = |s: &Serving| s.generations().map(|(v, g)| (v, g.digest())).collect::<Vec<_>>();
        assert_eq!(digests(&serving), digests(&self.serving));
    }
}

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
    let blocks = desk.blocks.len();
    let (a, b) = (r#"{"user_id":"a","email":"a"}"#, r#"{"user_id":"b","email":"b"}"#);
    let requests = vec![
        desk.event("1", a),
        Request::Cutover { version, expected: Some(VersionNo::FIRST) },
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
        let outcome = desk.ask(Request::Build { version: VersionNo::FIRST });
        refused(outcome, Code::AlreadyBuilding, "v1 is built");
    }
    assert_eq!(desk.core.head().get() - head, 100);
    desk.after_ms(60_000);
    desk.ask(Request::Tick).unwrap();
    assert_eq!(desk.core.head().get() - head, 101, "the count of the others");
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
    let answer = desk.ask(Request::Register { document: V1.to_owned() }).unwrap();
    assert!(
        matches!(answer, Answer::Registered { existed: true, version: VersionNo::FIRST, .. }),
        "{answer:?}"
    );
    let bad = V2.replace("default: en", "default: 7");
    let refusal = desk.ask(Request::Register { document: bad }).expect_err("a refusal");
    assert_eq!(refusal.code, Code::InvalidDocument);
    assert!(refusal.detail.contains("/lenses/user.registered/0"), "{refusal}");
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
