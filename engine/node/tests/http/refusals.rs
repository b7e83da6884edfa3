//! What is refused, and how: one line per case.

use std::time::Duration;

use reqwest::Method;
use selfsame_core::limits::{AGENT_GENERATIONS_MAX, GENERATIONS_MAX, UNIT_BYTES_MAX};
use selfsame_core::{Checked, Code, Request};
use selfsame_log::{AppendFault, ReadFault, Schedule};
use selfsame_node::INBOX_MAX;
use selfsame_record::Principal;
use serde_json::json;

use crate::server::{Answer, BATCH, STRUCTURED, Server, V1, V2, event, registered};

#[track_caller]
fn check(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.code()), (status, code), "{answer:?}");
}

#[tokio::test]
async fn events_that_are_not_taken() {
    let server = Server::with_v1().await;
    server.register_user("ada", "London").await;
    let data = json!({ "user_id": "eve", "email": "e", "city": "x" });
    let with = |name: &str, value: serde_json::Value| {
        let mut event = registered("eve", "x");
        event[name] = value;
        event.to_string()
    };
    let large = with("data", json!({ "user_id": "eve", "email": "e".repeat(300_000), "city": "x" }));
    for (content_type, body, status, code) in [
        (STRUCTURED, "nonsense".to_owned(), 400, "not-a-cloud-event"),
        (STRUCTURED, String::new(), 400, "not-a-cloud-event"),
        (STRUCTURED, "[]".to_owned(), 400, "not-a-cloud-event"),
        (STRUCTURED, "{}".to_owned(), 400, "not-a-cloud-event"),
        (STRUCTURED, with("specversion", json!("0.3")), 400, "not-a-cloud-event"),
        (STRUCTURED, with("time", json!("yesterday")), 400, "not-a-cloud-event"),
        (STRUCTURED, "[".repeat(100_000), 400, "not-a-cloud-event"),
        ("application/cloudevents+avro", with("id", json!("1")), 400, "not-a-cloud-event"),
        ("application/json", with("id", json!("1")), 400, "not-a-cloud-event"),
        (BATCH, "[]".to_owned(), 400, "bad-request"),
        (BATCH, with("id", json!("1")), 400, "not-a-cloud-event"),
        (STRUCTURED, large, 413, "too-large"),
        (STRUCTURED, with("id", json!("x".repeat(300))), 413, "too-large"),
        (STRUCTURED, event("selfsame.cutover", "x", data.clone()).to_string(), 403, "protected-type"),
        (STRUCTURED, event("user.gone", "x", data).to_string(), 422, "unknown-type"),
        (STRUCTURED, with("data", json!({ "user_id": "eve" })), 422, "invalid-event"),
        (STRUCTURED, with("subject", json!("bob")), 422, "key-mismatch"),
        (STRUCTURED, registered("ada", "Rome").to_string(), 409, "id-reused"),
    ] {
        check(&server.post("/v1/events", content_type, &body).await, status, code);
    }
    assert_eq!(server.get("/v1/state").await.json["events"], 1, "none of them was taken");
}

#[tokio::test]
async fn bodies_over_the_limit() {
    let server = Server::with_v1().await;
    for (path, len) in [
        ("/v1/events", UNIT_BYTES_MAX + 1),
        ("/v1/events", 3 * UNIT_BYTES_MAX),
        ("/v1/versions", selfsame_schema::DOCUMENT_BYTES_MAX + 1),
        ("/v1/versions/v1/cutover", selfsame_node::http::JSON_BYTES_MAX + 1),
        ("/v1/jobs/welcome/lease", selfsame_node::http::JSON_BYTES_MAX + 1),
    ] {
        check(&server.post(path, BATCH, &" ".repeat(len)).await, 413, "too-large");
    }
    let at_the_limit = " ".repeat(selfsame_node::http::JSON_BYTES_MAX);
    let leased = server.post("/v1/jobs/welcome/lease", "application/json", &at_the_limit).await;
    assert_eq!(leased.status, 200, "{leased:?}");
}

#[tokio::test]
async fn callers_without_a_name_of_their_own() {
    let server = Server::with_v1().await;
    let event = registered("ada", "London").to_string();
    for (path, body) in [
        ("/v1/events", event.as_str()),
        ("/v1/versions", V2),
        ("/v1/versions/v1/build", ""),
        ("/v1/versions/v1/cutover", ""),
        ("/v1/versions/v1/rewind", ""),
        ("/v1/versions/v1/drop", ""),
        ("/v1/jobs/welcome/lease", ""),
        ("/v1/jobs/welcome/ack", ""),
        ("/v1/jobs/welcome/nack", ""),
    ] {
        for (authorization, status, code) in [
            (None, 401, "no-principal"),
            (Some("Basic dGVzdGVy"), 401, "no-principal"),
            (Some("Bearer a.b"), 401, "no-principal"),
            (Some("Bearer Selfsame"), 403, "wrong-principal"),
        ] {
            let mut request = server.request(Method::POST, path).header("content-type", STRUCTURED);
            if let Some(authorization) = authorization {
                request = request.header("authorization", authorization);
            }
            check(&server.send(request.body(body.to_owned())).await, status, code);
        }
    }
    let bare = server.request(Method::POST, "/v1/events").send().await.expect("a response");
    assert_eq!(bare.headers()["www-authenticate"], "Bearer");
    assert_eq!(server.get("/v1/state").await.json["events"], 0);
}

#[tokio::test]
async fn routes_and_methods_that_are_not_there() {
    let server = Server::with_v1().await;
    for path in ["/", "/v1", "/v1/nothing", "/v1/cache/profile/", "/v1/replay", "/v1/log", "/v1/events/"] {
        check(&server.get(path).await, 404, "no-route");
    }
    // What operators do is not reachable here, whatever the method.
    for path in ["/v1/replay", "/v1/log"] {
        check(&server.order(path, json!({})).await, 404, "no-route");
    }
    for (method, path) in [
        (Method::GET, "/v1/events"),
        (Method::PUT, "/v1/events"),
        (Method::DELETE, "/v1/versions/v1"),
        (Method::POST, "/v1/state"),
        (Method::POST, "/v1/cache/profile/ada"),
        (Method::GET, "/v1/versions/v1/cutover"),
        (Method::GET, "/v1/jobs/welcome/lease"),
        (Method::OPTIONS, "/v1/events"),
    ] {
        let answer = server.send(server.request(method, path)).await;
        check(&answer, 405, "bad-request");
    }
    let request = server.request(Method::DELETE, "/v1/versions");
    let allow = request.send().await.expect("a response").headers()["allow"].clone();
    assert_eq!(allow, "GET,HEAD,POST");
}

#[tokio::test]
async fn reads_that_lead_nowhere() {
    let server = Server::with_v1().await;
    server.register_user("ada", "London").await;
    for (path, status, code) in [
        ("/v1/cache/profile/zoe", 404, "not-found"),
        ("/v1/views/by_city/zoe", 404, "not-found"),
        ("/v1/cache/nothing/ada", 404, "unknown-projection"),
        ("/v1/cache/by_city/ada", 404, "unknown-projection"),
        ("/v1/views/profile/ada", 404, "unknown-projection"),
        ("/v1/views/welcome/ada", 404, "unknown-projection"),
        ("/v1/views/profile", 404, "unknown-projection"),
        ("/v1/cache/profile/%ff", 400, "bad-request"),
        ("/v1/cache/profile/ada?read_as=v9", 404, "unknown-version"),
        ("/v1/cache/profile/ada?at_least=x", 400, "bad-request"),
        ("/v1/cache/profile/ada?at_least=-1", 400, "bad-request"),
        ("/v1/cache/profile/ada?at_most=1", 400, "bad-request"),
        ("/v1/cache/profile/ada?read_as=v1&read_as=v1", 400, "bad-request"),
        ("/v1/views/by_city?by=email", 400, "bad-query"),
        ("/v1/views/by_city?by=city&eq.email=x", 400, "bad-query"),
        ("/v1/views/by_city?eq.city=x", 400, "bad-query"),
        ("/v1/views/by_city?limit=0", 400, "bad-query"),
        ("/v1/views/by_city?limit=1001", 400, "bad-query"),
        ("/v1/views/by_city?limit=18446744073709551615", 400, "bad-query"),
        ("/v1/views/by_city?limit=ten", 400, "bad-query"),
        ("/v1/views/by_city?order=up", 400, "bad-query"),
        ("/v1/views/by_city?after=x", 400, "bad-query"),
        ("/v1/views/by_city?after=v1.zz", 400, "bad-query"),
        ("/v1/views/by_city?after=v2.00", 410, "page-expired"),
        ("/v1/views/by_city?buy=city", 400, "bad-request"),
        ("/v1/versions/v9", 404, "unknown-version"),
        ("/v1/versions/%20", 404, "unknown-version"),
        ("/v1/versions/v9/plan", 404, "unknown-version"),
        ("/v1/events/0", 404, "not-found"),
        ("/v1/events/1", 404, "not-found"),
        ("/v1/events/99", 404, "not-found"),
        ("/v1/events/18446744073709551615", 404, "not-found"),
        ("/v1/events/five", 400, "bad-request"),
        ("/v1/events/5?read_as=v9", 404, "unknown-version"),
        ("/v1/refused?limit=0", 400, "bad-request"),
        ("/v1/refused?limit=1001", 400, "bad-request"),
        ("/v1/jobs/dead?limit=x", 400, "bad-request"),
        ("/v1/jobs?limit=1", 400, "bad-request"),
        ("/v1/state?all=1", 400, "bad-request"),
        ("/v1/health?x=1", 400, "bad-request"),
    ] {
        let answer = server.get(path).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn orders_that_are_not_carried_out() {
    let server = Server::with_v1().await;
    server.prepare(V2, "v2").await;
    for (path, body, status, code) in [
        ("/v1/versions/v2/cutover", r#"{"expected_active":"v9"}"#, 409, "active-changed"),
        ("/v1/versions/v2/cutover", r#"{"expected_active":null}"#, 409, "active-changed"),
        ("/v1/versions/v2/cutover", r#"{"expected":"v1"}"#, 400, "bad-request"),
        ("/v1/versions/v2/cutover", "nonsense", 400, "bad-request"),
        ("/v1/versions/v2/cutover", "[]", 400, "bad-request"),
        ("/v1/versions/v1/cutover", "", 409, "already-active"),
        ("/v1/versions/v9/cutover", "", 404, "unknown-version"),
        ("/v1/versions/v2/build", "", 409, "already-building"),
        ("/v1/versions/v2/pause", "", 409, "not-building"),
        ("/v1/versions/v2/resume", "", 409, "not-building"),
        ("/v1/versions/v2/abandon", "", 409, "not-building"),
        ("/v1/versions/v9/build", "", 404, "unknown-version"),
        ("/v1/versions/v2/rewind", "", 409, "never-active"),
        ("/v1/versions/v1/rewind", "", 409, "already-active"),
        ("/v1/versions/v1/rewind", r#"{"reason":7}"#, 400, "bad-request"),
        ("/v1/versions/v1/drop", "", 409, "in-use"),
        ("/v1/versions", "", 422, "invalid-document"),
        ("/v1/versions", "selfsame: [", 422, "invalid-document"),
        ("/v1/versions", "selfsame: 1\nname: x\nparent: v9\nevents: {}", 422, "invalid-document"),
        ("/v1/jobs/nothing/lease", "", 404, "unknown-projection"),
        ("/v1/jobs/profile/lease", "", 404, "unknown-projection"),
        ("/v1/jobs/a%20b/lease", "", 404, "unknown-projection"),
        ("/v1/jobs/welcome/lease", r#"{"max":0}"#, 400, "bad-request"),
        ("/v1/jobs/welcome/lease", r#"{"max":-1}"#, 400, "bad-request"),
        ("/v1/jobs/welcome/ack", "", 400, "bad-request"),
        ("/v1/jobs/welcome/ack", r#"{"job":1,"lease":2}"#, 409, "lease-fenced"),
        ("/v1/jobs/welcome/ack", r#"{"job":1,"lease":99}"#, 409, "lease-lost"),
        ("/v1/jobs/welcome/nack", r#"{"job":1,"lease":99,"reason":"x"}"#, 409, "lease-lost"),
    ] {
        let answer = server.post(path, "application/json", body).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{path} {body}: {answer:?}");
    }
    server.order("/v1/versions/v2/drop", json!({})).await;
    check(&server.order("/v1/versions/v2/cutover", json!({})).await, 409, "not-built");
    let bytes = server.request(Method::POST, "/v1/versions").bearer_auth("tester").body(vec![0xff, 0xfe]);
    check(&server.send(bytes).await, 422, "invalid-document");
}

#[tokio::test]
async fn what_needs_an_active_version() {
    let server = Server::start().await;
    check(&server.register_user("ada", "London").await, 409, "no-active-version");
    check(&server.get("/v1/cache/profile/ada").await, 409, "no-active-version");
    check(&server.get("/v1/views/by_city").await, 409, "no-active-version");
    check(&server.order("/v1/jobs/welcome/lease", json!({})).await, 409, "no-active-version");
}

#[tokio::test]
async fn an_engine_whose_log_fails_reads_on_and_says_that_it_takes_nothing() {
    // V1 is registered, built, ready and active; append 4 is the first event.
    let server = Server::start_on(Schedule::default().append(4, AppendFault::Full)).await;
    server.activate(V1, "v1").await;
    for _ in 0..2 {
        check(&server.register_user("ada", "London").await, 503, "read-only");
    }
    check(&server.get("/v1/health").await, 503, "read-only");
    let state = server.get("/v1/state").await;
    assert_eq!((state.status, &state.json["read_only"]), (200, &json!(true)));
}

#[tokio::test]
async fn a_record_that_cannot_be_read() {
    // Recovery scans the log three times and the build once; scan 4 is the reader's.
    let server = Server::start_on(Schedule::default().read(4, ReadFault::BitFlip(99))).await;
    server.activate(V1, "v1").await;
    server.register_user("ada", "London").await;
    check(&server.get("/v1/events/5").await, 500, "unreadable-log");
    assert_eq!(server.get("/v1/events/5").await.status, 200, "the next scan is in order");
    assert_eq!(server.get("/v1/cache/profile/ada").await.status, 200);
}

#[tokio::test]
async fn an_engine_with_more_waiting_than_it_takes_says_so() {
    let stall = AppendFault::Stall(Duration::from_secs(2));
    let server = Server::start_on(Schedule::default().append(4, stall)).await;
    server.activate(V1, "v1").await;
    let flood = Principal::parse("flood").expect("a principal");
    let (slow, refused) = tokio::join!(server.register_user("ada", "London"), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        for _ in 0..=INBOX_MAX {
            drop(server.engine.handle().submit(&flood, Request::Tick));
        }
        server.register_user("bob", "Paris").await
    });
    check(&refused, 503, "overloaded");
    assert_eq!(refused.json["retry"], "later");
    assert_eq!(slow.status, 200, "what was taken is answered: {slow:?}");
}

#[tokio::test]
async fn generations_beyond_the_limit() {
    let server = Server::with_v1().await;
    let child = |n: usize| V1.replace("name: users", &format!("name: users-{n}\nparent: v1"));
    let build = |n: usize, who: &'static str| {
        let request = server.request(Method::POST, &format!("/v1/versions/v{n}/build")).bearer_auth(who);
        server.send(request)
    };
    for n in 2..=GENERATIONS_MAX + 1 {
        let registered = server.post("/v1/versions", "application/yaml", &child(n)).await;
        assert_eq!(registered.status, 201, "{registered:?}");
    }
    let own = AGENT_GENERATIONS_MAX + 1;
    for n in 2..=GENERATIONS_MAX {
        let built = build(n, if n <= own { "tester" } else { "other" }).await;
        assert_eq!(built.status, 202, "{built:?}");
        server.until_stage(&format!("v{n}"), "candidate").await;
        if n == own {
            check(&build(GENERATIONS_MAX + 1, "tester").await, 429, "over-quota");
        }
    }
    check(&build(GENERATIONS_MAX + 1, "other").await, 429, "too-many-versions");
}

#[tokio::test]
async fn a_version_that_was_checked_against_an_older_registry() {
    let server = Server::with_v1().await;
    let handle = server.engine.handle();
    let checked = Checked::of(&handle.admission().registry, &selfsame_schema::NoSamples, V2);
    let other = V2.replacen("name: ", "name: other-", 1);
    assert_eq!(server.post("/v1/versions", "application/yaml", &other).await.status, 201);
    let tester = Principal::parse("tester").expect("a principal");
    let refusal = handle.ask(&tester, Request::Register { checked }).await.outcome.expect_err("a refusal");
    assert_eq!((refusal.code.as_str(), refusal.code.status()), ("registry-changed", 409));
    assert_eq!(server.get("/v1/versions").await.json["versions"].as_array().map(Vec::len), Some(2));
}

/// A code that is new needs a case here.
#[test]
fn every_code_has_a_case() {
    let cases = [
        include_str!("refusals.rs"),
        include_str!("agents.rs"),
        include_str!("changes.rs"),
        include_str!("reads.rs"),
        include_str!("jobs.rs"),
        include_str!("publish.rs"),
        include_str!("feed.rs"),
        include_str!("bounded.rs"),
        include_str!("../../../core/tests/desk/bounded.rs"),
    ];
    let cases = cases.concat();
    let has =
        |code: &Code| cases.contains(&format!("\"{code}\"")) || cases.contains(&format!("Code::{code:?},"));
    let missing = Code::ALL.iter().filter(|code| !has(code));
    assert_eq!(missing.collect::<Vec<_>>(), Vec::<&Code>::new());
}

#[tokio::test]
async fn an_engine_that_stops_says_so() {
    let server = Server::with_v1().await;
    server.engine.handle().stop().await;
    while !server.engine.has_ended() {
        tokio::task::yield_now().await;
    }
    let late = server.register_user("ada", "London").await;
    check(&late, 503, "stopping");
    assert_eq!((late.position, late.version.as_deref()), (4, Some("v1")));
    check(&server.get("/v1/health").await, 503, "stopping");
}
