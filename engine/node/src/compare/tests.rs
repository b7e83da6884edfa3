//! What may come in between while two generations are compared.

use std::sync::Arc;
use std::time::Duration;

use selfsame_core::{Answer, Draft, Request, Settings};
use selfsame_log::MemoryLog;
use selfsame_projections::{COMPARED_ROWS_MAX, RowSample};
use selfsame_record::Principal;
use serde_json::json;

use super::*;
use crate::change::{Intent, Proof};
use crate::compare::outcome::{COMPARED_BYTES_MAX, Compared};
use crate::engine::Engine;

const V1: &str = include_str!("../../tests/http/v1.yaml");
const V2: &str = include_str!("../../tests/http/v2.yaml");

/// An engine with v1 active, v2 and v3 candidates, and a row. Its runtime is the test's.
#[derive(Clone)]
struct Bench {
    handle: Handle,
    tester: Principal,
    runtime: tokio::runtime::Handle,
}

fn v(no: u32) -> VersionNo {
    VersionNo::new(no).expect("a version")
}

impl Bench {
    fn ask(&self, request: Request) -> Result<Answer, Refusal> {
        self.runtime.block_on(self.handle.ask(&self.tester, request)).outcome
    }

    fn publish(&self, user: &str, city: &str) {
        let event = json!({
            "specversion": "1.0", "type": "user.registered", "source": "/tests", "id": format!("{user} {city}"),
            "data": { "user_id": user, "email": "e", "city": city },
        });
        let draft = Draft::structured(event.to_string().as_bytes());
        let reply = self.runtime.block_on(self.handle.publish(&self.tester, &[draft.expect("an event")]));
        reply.outcome.expect("published");
    }

    /// Publishes this many events of one user each.
    fn publish_many(&self, prefix: &str, many: usize) {
        let all: Vec<usize> = (0..many).collect();
        for numbers in all.chunks(1000) {
            let draft = |n: &usize| {
                let user = format!("{prefix}{n}");
                let event = json!({
                    "specversion": "1.0", "type": "user.registered", "source": "/tests", "id": user,
                    "data": { "user_id": user, "email": "e", "city": "Rome" },
                });
                Draft::structured(event.to_string().as_bytes()).expect("an event")
            };
            let drafts: Vec<Draft> = numbers.iter().map(draft).collect();
            let reply = self.runtime.block_on(self.handle.publish(&self.tester, &drafts));
            reply.outcome.expect("published");
        }
    }

    fn build(&self, version: VersionNo) {
        self.ask(Request::Build { version, budget: selfsame_core::Budget::default() }).expect("ordered");
        while self.handle.read(|serving| serving.generation(version).is_none()) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn cutover(&self, version: VersionNo) {
        let reply = self.runtime.block_on(self.handle.plan_change(&self.tester, version, Intent::default()));
        reply.outcome.expect("planned");
        let reply = self.runtime.block_on(self.handle.validate(&self.tester, version, Proof::default()));
        let Ok(Answer::Validated { evidence, .. }) = reply.outcome else { panic!("{reply:?}") };
        let expected = self.handle.read(Serving::active);
        // Two that add a type of one name each, without a lens between them: an operator has to agree.
        let cutover = Request::Cutover { version, expected, evidence: Some(evidence) };
        let reply = self.runtime.block_on(self.handle.as_operator().ask(&self.tester, cutover));
        reply.outcome.expect("cut over");
    }

    /// Compares, with something happening after the first piece.
    fn compare(&self, version: VersionNo, mut once: impl FnMut(&Bench)) -> Result<Compared, Refusal> {
        let mut pieces = 0;
        let compared = compare_meanwhile(&self.handle, version, &mut || {
            pieces += 1;
            if pieces == 1 {
                once(self);
            }
        });
        let watched = self.handle.read(|s| s.generations().any(|(_, generation)| generation.is_watched()));
        assert!(!watched, "a comparison ends its watch, however it ends");
        compared
    }
}

/// Runs the test on a thread that may block.
async fn with_bench(test: impl FnOnce(Bench) + Send + 'static) {
    let engine = Engine::start(Arc::new(MemoryLog::new()), Settings { standbys_max: 2 }).expect("an engine");
    let (handle, tester) = (engine.handle().clone(), Principal::parse("tester").expect("a principal"));
    let third = V2.replacen("name: users-with-locale", "name: users-again", 1);
    for document in [V1, V2, &third] {
        let outcome = handle.register(&tester, document.to_owned()).await.outcome;
        assert!(matches!(outcome, Ok(Answer::Registered { .. })), "{outcome:?}");
    }
    let bench = Bench { handle, tester, runtime: tokio::runtime::Handle::current() };
    let on = move || {
        bench.build(v(1));
        bench.ask(Request::Cutover { version: v(1), expected: None, evidence: None }).expect("cut over");
        bench.build(v(2));
        bench.build(v(3));
        bench.publish("ada", "London");
        test(bench);
    };
    tokio::task::spawn_blocking(on).await.expect("no panic");
    engine.stop().await;
}

#[track_caller]
fn refused(outcome: Result<Compared, Refusal>, code: Code) {
    let refusal = outcome.expect_err("a refusal");
    assert_eq!(refusal.code, code, "{refusal}");
    assert!(!refusal.next.is_empty(), "{refusal}");
}

#[tokio::test]
async fn what_is_published_meanwhile_is_in_the_comparison() {
    with_bench(|bench| {
        let compared = bench.compare(v(2), |bench| bench.publish("bob", "Rome")).expect("compared");
        assert_eq!((compared.at, compared.active), (bench.handle.position(), v(1)));
        let profile = compared.projections.iter().find(|p| p.name.as_str() == "profile").expect("a cache");
        assert_eq!((profile.changed, profile.samples.len()), (2, 2));
    })
    .await;
}

/// Allows everything.
#[derive(Debug)]
struct All;

impl selfsame_core::Policy for All {
    fn allows(&self, _: &selfsame_core::Ask<'_>) -> bool {
        true
    }

    fn explain(&self, _: &selfsame_core::Ask<'_>) -> selfsame_core::Decision {
        selfsame_core::Decision::default()
    }
}

#[tokio::test]
async fn rows_of_a_protected_projection_are_counted_and_not_shown() {
    with_bench(|bench| {
        let boundary = selfsame_core::Boundary {
            hash: selfsame_record::Digest::default(),
            signer: String::new(),
            instance: String::new(),
            serial: 1,
            members: [].into(),
            protected: selfsame_record::Protected::default(),
            protected_projections: [selfsame_record::Name::parse("profile").expect("a name")].into(),
            approvals: selfsame_core::ApprovalRules { lossy: 1, breaking: 1, ttl_ms: 1 },
            policy: Arc::new(All),
            gates: selfsame_core::Gates::default(),
        };
        let bound = bench.handle.bind(Some(Arc::new(boundary)));
        tokio::runtime::Handle::current().block_on(bound).outcome.expect("it is in force");
        let compared = bench.compare(v(2), |_| {}).expect("compared");
        let of = |name: &str| compared.projections.iter().find(|p| p.name.as_str() == name).expect("one");
        assert_eq!((of("profile").changed, of("profile").samples.len()), (1, 0));
        assert_eq!((of("by_city").changed, of("by_city").samples.len()), (1, 1));
        assert!(compared.samples_cut);
    })
    .await;
}

#[tokio::test]
async fn many_rows_are_compared_in_pieces_and_many_that_change_are_read_again_in_pieces() {
    with_bench(|bench| {
        bench.publish_many("early", PIECE_ROWS + 10);
        let late = TOUCHED_WAIT_MAX / 4;
        let compared = bench.compare(v(2), |bench| bench.publish_many("late", late)).expect("compared");
        let rows = (1 + PIECE_ROWS + 10 + late) as u64;
        let counts = |name: &str| {
            let found = compared.projections.iter().find(|p| p.name.as_str() == name).expect("a projection");
            (found.equal, found.added, found.removed, found.changed)
        };
        assert_eq!((counts("profile"), counts("by_city")), ((0, 0, 0, rows), (0, 0, 0, rows)));
        assert_eq!((counts("welcome"), counts("cards")), ((0, 0, 0, rows), (0, rows, 0, 0)));
        let serving = bench.handle.shared.serving.read();
        assert_eq!(compared.digest, serving.generation(v(2)).expect("a generation").digest());
    })
    .await;
}

#[tokio::test]
async fn a_version_that_goes_is_refused_and_one_that_returns_is_compared_anew() {
    with_bench(|bench| {
        let drop = |bench: &Bench| {
            bench.ask(Request::Drop { version: v(2) }).expect("dropped");
        };
        refused(bench.compare(v(2), drop), Code::NotBuilt);
        bench.build(v(2));
        let again = |bench: &Bench| {
            drop(bench);
            bench.build(v(2));
        };
        assert_eq!(bench.compare(v(2), again).expect("compared").version, v(2));
    })
    .await;
}

#[tokio::test]
async fn another_version_that_comes_to_answer_is_what_is_compared_with() {
    with_bench(|bench| {
        let compared = bench.compare(v(3), |bench| bench.cutover(v(2))).expect("compared");
        assert_eq!((compared.active, compared.version), (v(2), v(3)));
        assert_eq!(compared.active_digest, compared.digest, "they differ in their names alone");
        assert!(compared.projections.iter().all(|p| p.change == selfsame_projections::Change::Same));
        refused(bench.compare(v(3), |bench| bench.cutover(v(3))), Code::AlreadyActive);
        refused(bench.compare(v(3), |_| {}), Code::AlreadyActive);
    })
    .await;
}

#[tokio::test]
async fn an_engine_that_stops_ends_the_comparison() {
    with_bench(|bench| {
        let stop = |bench: &Bench| {
            bench.runtime.block_on(bench.handle.stop());
            while !bench.handle.inbox.is_closed() {
                std::thread::sleep(Duration::from_millis(1));
            }
        };
        refused(bench.compare(v(2), stop), Code::Stopping);
    })
    .await;
}

#[test]
fn what_does_not_add_up_is_compared_again_without_resting_on_digests() {
    let projection = selfsame_record::Name::parse("p").expect("a name");
    let err = CompareError::DoesNotAddUp { projection };
    assert!(matches!(stopped(&err, Skip::EqualDigests), Stopped::Again(_, Skip::Nothing)));
    assert!(matches!(stopped(&err, Skip::Nothing), Stopped::Refused(_)));
    let err = CompareError::TooManyRows { rows: COMPARED_ROWS_MAX + 1, rows_max: COMPARED_ROWS_MAX };
    let Stopped::Refused(refusal) = stopped(&err, Skip::EqualDigests) else { panic!("again") };
    assert_eq!(refusal.code, Code::TooLarge);
}

#[tokio::test]
async fn a_comparison_is_bounded_and_says_what_was_cut() {
    with_bench(|bench| {
        let mut compared = bench.compare(v(2), |_| {}).expect("compared");
        assert!(!compared.samples_cut);
        let sample = compared.projections[0].samples.first().cloned().expect("a sample");
        for projection in &mut compared.projections {
            let long = RowSample { key: "k".repeat(4000), ..sample.clone() };
            projection.samples.extend(vec![long; 8]);
        }
        let before = compared.projections.clone();
        let compared = compared.cut();
        assert!(compared.samples_cut && compared.bytes() <= COMPARED_BYTES_MAX);
        assert!(compared.bytes() > COMPARED_BYTES_MAX / 2, "no more than is needed");
        let counts = |all: &[selfsame_projections::ComparedProjection]| -> Vec<u64> {
            all.iter().map(|p| p.changed).collect()
        };
        assert_eq!(counts(&before), counts(&compared.projections));
    })
    .await;
}
