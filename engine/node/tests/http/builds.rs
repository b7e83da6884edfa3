//! Building within a budget, and steering a build that is under way.

use std::sync::Arc;
use std::time::Duration;

use selfsame_core::{Answer, Budget, Draft, Request, Settings, Stage};
use selfsame_log::MemoryLog;
use selfsame_node::Engine;
use selfsame_record::{Principal, VersionNo};
use serde_json::{Value, json};

use crate::server::{BATCH, Server, V1, V2, registered};

/// V1 active with more events than are folded at a handover, and V2 registered.
async fn with_events() -> Server {
    let server = Server::with_v1().await;
    publish(&server, 5000).await;
    assert_eq!(server.post("/v1/versions", "application/yaml", V2).await.status, 201);
    server
}

async fn publish(server: &Server, count: usize) {
    for first in (0..count).step_by(1000) {
        let events: Vec<Value> =
            (first..first + 1000).map(|n| registered(&format!("user-{n}"), &format!("city {n}"))).collect();
        assert_eq!(server.post("/v1/events", BATCH, &json!(events).to_string()).await.status, 200);
    }
}

async fn build_of(server: &Server, version: &str) -> Value {
    let builds = server.get("/v1/builds").await.json["builds"].clone();
    let all = builds.as_array().cloned().unwrap_or_default();
    all.into_iter().find(|build| build["version"] == version).unwrap_or_default()
}

#[tokio::test]
async fn a_budget_below_its_minimum_is_refused() {
    let server = with_events().await;
    for (body, detail) in [
        (json!({ "records_per_second": 99 }), "a build of 99 records per second is under the minimum of 100"),
        (json!({ "bytes_max": 5 }), "a build within 5 bytes is under the minimum of 1048576"),
        (json!({ "share_percent": 0 }), "a share of 0 percent is not between 1 and 100"),
        (json!({ "rate": 5 }), "the body is not understood: unknown field `rate`"),
    ] {
        let refused = server.order("/v1/versions/v2/build", body).await;
        assert_eq!((refused.status, refused.code()), (400, "bad-request"));
        let said = refused.json["detail"].as_str().expect("a sentence");
        assert!(said.starts_with(detail), "{said}");
    }
}

#[tokio::test]
async fn a_build_says_how_far_it_is_and_is_paused_resumed_and_abandoned() {
    let server = with_events().await;
    let slow = json!({ "records_per_second": 100, "share_percent": 80 });
    assert_eq!(server.order("/v1/versions/v2/build", slow.clone()).await.status, 202);
    let build = loop {
        let build = build_of(&server, "v2").await;
        if build["bytes"] != 0 && build["done"] != 0 {
            break build;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert_eq!((&build["budget"], &build["paused"]), (&slow, &json!(false)));
    assert!(build["done"].as_u64() < build["total"].as_u64(), "{build}");

    for (verb, member) in [("pause", "paused"), ("resume", "resumed"), ("pause", "paused")] {
        let first = server.order(&format!("/v1/versions/v2/{verb}"), json!({})).await;
        let again = server.order(&format!("/v1/versions/v2/{verb}"), json!({})).await;
        assert_eq!((first.status, &first.json[member]), (200, &json!("v2")), "{first:?}");
        assert_eq!((&again.json, again.position), (&first.json, first.position), "nothing is written twice");
    }
    let waits = build_of(&server, "v2").await;
    assert_eq!(
        (&waits["paused"], &waits["rate"], &waits["left_seconds"]),
        (&json!(true), &json!(0.0), &Value::Null)
    );
    let shown = server.get("/v1/versions/v2").await.json;
    assert_eq!((&shown["stage"], &shown["paused"]), (&json!("building"), &json!(true)));
    assert_eq!(server.get("/v1/state").await.json["builds"][0]["paused"], true);

    let abandoned = server.order("/v1/versions/v2/abandon", json!({ "reason": "too slow" })).await;
    assert_eq!((abandoned.status, &abandoned.json["abandoned"]), (200, &json!("v2")));
    let again = server.order("/v1/versions/v2/abandon", json!({})).await;
    assert_eq!((again.status, again.position), (200, abandoned.position));
    assert_eq!(build_of(&server, "v2").await, Value::Null);
    let shown = server.get("/v1/versions/v2").await.json;
    assert_eq!((&shown["stage"], &shown["reason"]), (&json!("failed"), &json!("abandoned: too slow")));

    assert_eq!(server.order("/v1/versions/v2/build", json!({})).await.status, 202);
    server.until_stage("v2", "candidate").await;
    assert_eq!(server.get("/v1/builds").await.json["builds"], json!([]));
}

/// Stops a build of so many bytes, and says why it failed.
async fn failed(server: &Server, bytes: u64) -> String {
    assert_eq!(server.order("/v1/versions/v2/build", json!({ "bytes_max": bytes })).await.status, 202);
    server.until_stage("v2", "failed").await;
    assert_eq!(build_of(server, "v2").await, Value::Null);
    server.get("/v1/versions/v2").await.json["reason"].as_str().expect("a reason").to_owned()
}

#[tokio::test]
async fn a_build_over_its_memory_fails_and_leaves_nothing() {
    let server = with_events().await;
    let reason = failed(&server, 2_000_000).await;
    assert!(reason.starts_with("the generation takes 2."), "{reason}");
    assert!(reason.ends_with(", over the budget of 2.0 MB"), "{reason}");
    assert_eq!(server.get("/v1/versions/v2").await.json["live"], Value::Null);
    let enough = json!({ "bytes_max": 200_000_000 });
    assert_eq!(server.order("/v1/versions/v2/build", enough).await.status, 202);
    server.until_stage("v2", "candidate").await;
}

#[tokio::test]
async fn the_last_records_count_for_the_memory_too() {
    let server = Server::with_v1().await;
    let wide: Vec<Value> = (0..100).map(|n| registered(&format!("u{n}"), &"x".repeat(10_000))).collect();
    assert_eq!(server.post("/v1/events", BATCH, &json!(wide).to_string()).await.status, 200);
    assert_eq!(server.post("/v1/versions", "application/yaml", V2).await.status, 201);
    let reason = failed(&server, 1 << 20).await;
    assert!(reason.ends_with(", over the budget of 1.0 MB"), "{reason}");
}

/// An event in structured mode as a draft.
fn draft(event: &Value) -> Draft {
    let attributes = event.as_object().expect("an event").iter().filter(|(name, _)| *name != "data");
    let attributes = attributes.map(|(name, value)| (name.clone(), value.as_str().expect("text").to_owned()));
    Draft { attributes: attributes.collect(), data: event["data"].to_string().into_bytes() }
}

#[tokio::test]
async fn a_paused_build_waits_over_a_restart_and_an_abandoned_one_is_gone() {
    let log = Arc::new(MemoryLog::new());
    let start =
        || Engine::start(Arc::clone(&log) as Arc<_>, Settings { standbys_max: 1 }).expect("an engine");
    let tester = Principal::parse("tester").expect("a principal");
    let version = VersionNo::new(2).expect("a version");
    let stage_of = |engine: &Engine, no| engine.handle().read(|s| s.status().lifecycle.stage(no).cloned());
    let stage = |engine: &Engine| stage_of(engine, version);

    let engine = start();
    engine.handle().register(&tester, V1.to_owned()).await.outcome.expect("registered");
    engine.handle().register(&tester, V2.to_owned()).await.outcome.expect("registered");
    let (first, budget) = (VersionNo::FIRST, Budget::default());
    engine.handle().ask(&tester, Request::Build { version: first, budget }).await.outcome.expect("ordered");
    while !matches!(stage_of(&engine, first), Some(Stage::Candidate { .. })) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let cutover = Request::Cutover { version: first, expected: None, evidence: None };
    engine.handle().ask(&tester, cutover).await.outcome.expect("active");
    for unit in 0..3 {
        let drafts: Vec<Draft> =
            (0..1000).map(|n| draft(&registered(&format!("u{unit}-{n}"), "x"))).collect();
        engine.handle().publish(&tester, &drafts).await.outcome.expect("published");
    }
    let budget = Budget::new(Some(100), None, None).expect("a budget");
    engine.handle().ask(&tester, Request::Build { version, budget }).await.outcome.expect("ordered");
    let paused = engine.handle().ask(&tester, Request::Pause { version }).await.outcome;
    assert_eq!(paused, Ok(Answer::Paused { version }));
    engine.stop().await;

    let engine = start();
    assert!(matches!(stage(&engine), Some(Stage::Building { paused: true, .. })), "{:?}", stage(&engine));
    while engine.handle().builds().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let builds = engine.handle().builds();
    assert_eq!(
        builds.iter().map(|b| (b.version, b.done, b.paused)).collect::<Vec<_>>(),
        [(version, 0, true)]
    );
    engine.handle().ask(&tester, Request::Resume { version }).await.outcome.expect("resumed");
    while engine.handle().builds()[0].done == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let abandon = Request::Abandon { version, reason: String::new() };
    engine.handle().ask(&tester, abandon).await.outcome.expect("abandoned");
    engine.stop().await;

    let engine = start();
    assert!(engine.handle().builds().is_empty());
    let expect = Stage::Failed { reason: "abandoned: no reason was given".to_owned() };
    assert_eq!(stage(&engine), Some(expect));
    engine.stop().await;
}

#[tokio::test]
async fn a_build_whose_lender_is_dropped_meanwhile_comes_to_the_whole_state() {
    let server = Server::with_v1().await;
    publish(&server, 2000).await;
    server.prepare(V2, "v2").await;
    let lenses = V2.find("lenses:").expect("a section");
    let projections = V2.find("projections:").expect("a section");
    let child = format!("{}{}", &V2[..lenses], &V2[projections..]).replace("parent: v1", "parent: v2");
    let child =
        child.replace("name: users-with-locale", "name: users-again").replace("to: $.mail", "to: $.city");
    assert_eq!(server.post("/v1/versions", "application/yaml", &child).await.status, 201);
    let slow = json!({ "records_per_second": 1000 });
    assert_eq!(server.order("/v1/versions/v3/build", slow).await.status, 202);
    assert_eq!(server.order("/v1/versions/v3/pause", json!({})).await.status, 200);
    assert_eq!(server.order("/v1/versions/v2/drop", json!({})).await.status, 200);
    assert_eq!(server.order("/v1/versions/v3/resume", json!({})).await.status, 200);
    server.until_stage("v3", "candidate").await;
    assert_eq!(server.get("/v1/builds").await.json["builds"], json!([]));
    server.register_user("bob", "Paris").await;
    let row = server.get("/v1/cache/profile/bob?read_as=v3").await;
    assert_eq!(row.json["value"]["city"], "Paris", "{row:?}");
    let (status, lines) = server.operator(reqwest::Method::POST, "/v1/replay", r#"{"version":"v3"}"#).await;
    assert_eq!((status, &lines.last().expect("a result")["equal"]), (200, &json!(true)), "{lines:?}");
}
