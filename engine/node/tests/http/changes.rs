//! Plans, evidence, approvals and the operators' brakes, from the outside.

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Answer, Server, V1, V2};

#[track_caller]
fn check(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.code()), (status, code), "{answer:?}");
}

async fn order(server: &Server, path: &str, body: Value) -> Value {
    let (status, lines) = server.operator(Method::POST, path, &body.to_string()).await;
    assert_eq!(status, 200, "{path}: {lines:?}");
    lines.into_iter().next().expect("a line")
}

async fn cutover(server: &Server, version: &str, evidence: &Value) -> Answer {
    let expected = server.get("/v1/health").await.version;
    let body = json!({ "expected_active": expected, "evidence": evidence });
    server.order(&format!("/v1/versions/{version}/cutover"), body).await
}

/// v1 active, v2 a candidate, a row in both.
async fn two() -> Server {
    let server = Server::with_v1().await;
    server.register_user("ada", "London").await;
    server.prepare(V2, "v2").await;
    server
}

#[tokio::test]
async fn a_change_is_planned_validated_and_taken_live() {
    let server = two().await;
    check(&server.order("/v1/versions/v2/cutover", json!({})).await, 409, "no-evidence");
    check(&server.order("/v1/versions/v2/validate", json!({})).await, 404, "unknown-plan");
    let planned = server.order("/v1/versions/v2/plan", json!({ "ttl_seconds": 60 })).await;
    assert_eq!(planned.status, 201, "{planned:?}");
    let plan = &planned.json["planned"];
    assert_eq!(
        (&plan["version"], &plan["base"], &plan["approved"]),
        (&json!("v2"), &json!("v1"), &json!("v1"))
    );
    assert_eq!((&plan["class"], &plan["needs_approval"]), (&json!("compatible"), &json!(false)));
    let validated = server.order("/v1/versions/v2/validate", json!({ "plan": planned.json["plan"] })).await;
    assert_eq!((validated.status, &validated.json["passed"]), (201, &json!(true)), "{validated:?}");
    let path = format!("/v1/evidence/{}", validated.json["evidence"].as_str().expect("an id"));
    let evidence = server.get(&path).await.json["evidence"].clone();
    assert_eq!(evidence["report"]["at"], validated.json["at"]);
    let profile = evidence["projections"].as_array().expect("a list").iter().find(|p| p["name"] == "profile");
    assert_eq!(profile.expect("a row")["changed"], 1, "{evidence}");
    let listed = server.get("/v1/plans").await.json["plans"].clone();
    assert_eq!((&listed[0]["plan"], &listed[0]["author"]), (&planned.json["plan"], &json!("tester")));
    let path = format!("/v1/plans/{}", planned.json["plan"].as_str().expect("an id"));
    assert_eq!(
        server.get(&path).await.json["plan"]["evidence"][0]["rows_differing"],
        evidence_rows(&evidence)
    );
    let switched = cutover(&server, "v2", &validated.json["evidence"]).await;
    assert_eq!((switched.status, switched.version.as_deref()), (200, Some("v2")), "{switched:?}");
}

fn evidence_rows(evidence: &Value) -> u64 {
    let rows = evidence["projections"].as_array().expect("a list").iter();
    rows.flat_map(|row| ["added", "removed", "changed"].map(|n| row[n].as_u64().expect("a number"))).sum()
}

#[tokio::test]
async fn what_the_author_said_beforehand_is_held_against_what_is_found() {
    let server = two().await;
    let predicted = json!({ "predicted": { "untouched": ["profile"] } });
    assert_eq!(server.order("/v1/versions/v2/plan", predicted).await.status, 201);
    let validated = server.order("/v1/versions/v2/validate", json!({})).await.json;
    assert_eq!(
        (&validated["passed"], &validated["findings"][0]["rule"]),
        (&json!(false), &json!("untouched"))
    );
    check(&cutover(&server, "v2", &validated["evidence"]).await, 409, "failed-evidence");
    let nothing = json!({ "predicted": { "untouched": ["nothing"] } });
    check(&server.order("/v1/versions/v2/plan", nothing).await, 404, "unknown-projection");
}

#[tokio::test]
async fn evidence_that_is_of_no_use_is_refused_with_what_moved() {
    let server = two().await;
    let other = V2.replacen("name: ", "name: other-", 1);
    server.prepare(&other, "v3").await;
    let (second, third) = (server.evidence("v2").await, server.evidence("v3").await);
    check(&cutover(&server, "v2", &json!("00000000000000ff")).await, 404, "unknown-evidence");
    check(&cutover(&server, "v2", &json!("ff")).await, 400, "bad-request");
    check(&cutover(&server, "v2", &third).await, 409, "stale-evidence");
    assert_eq!(cutover(&server, "v2", &second).await.status, 200);
    check(&cutover(&server, "v3", &third).await, 409, "stale-evidence");
    let first = json!({ "expected_active": "v1", "evidence": third });
    check(&server.order("/v1/versions/v3/cutover", first).await, 409, "active-changed");
    let late = server.order("/v1/versions/v3/validate", json!({})).await;
    check(&late, 409, "stale-evidence");
    let moved = &late.json["moved"];
    assert_eq!((&moved["version"], &moved["by"]), (&json!("v2"), &json!("tester")), "{late:?}");
    assert!(late.json["next"].to_string().contains("selfsame version rebase v3"), "{late:?}");
    for (path, status, code) in [
        ("/v1/evidence/00000000000000ff", 404, "unknown-evidence"),
        ("/v1/evidence/x", 400, "bad-request"),
        ("/v1/plans/00000000000000ff", 404, "unknown-plan"),
        ("/v1/plans/x", 400, "bad-request"),
        ("/v1/plans?x=1", 400, "bad-request"),
    ] {
        check(&server.get(path).await, status, code);
    }
}

#[tokio::test]
async fn a_plan_expires() {
    let server = two().await;
    for ttl in [0, 7 * 24 * 3600 + 1] {
        check(&server.order("/v1/versions/v2/plan", json!({ "ttl_seconds": ttl })).await, 400, "bad-request");
    }
    let planned = server.order("/v1/versions/v2/plan", json!({ "ttl_seconds": 1 })).await.json;
    let evidence = server.order("/v1/versions/v2/validate", json!({})).await.json["evidence"].clone();
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    check(&cutover(&server, "v2", &evidence).await, 410, "plan-expired");
    let path = format!("/v1/plans/{}", planned["plan"].as_str().expect("an id"));
    check(&server.get(&path).await, 410, "plan-expired");
}

#[tokio::test]
async fn plans_are_bounded() {
    let server = two().await;
    let plan = |who: &str| {
        let request = server.request(Method::POST, "/v1/versions/v2/plan").bearer_auth(who).body("{}");
        server.send(request)
    };
    let own = selfsame_core::limits::AGENT_PLANS_MAX;
    for n in 0..selfsame_core::limits::PLANS_MAX {
        assert_eq!(plan(&format!("a{}", n / own)).await.status, 201);
    }
    check(&plan("a0").await, 429, "over-quota");
    check(&plan("late").await, 429, "too-many-plans");
}

#[tokio::test]
async fn a_lossy_change_waits_for_an_operator() {
    let server = two().await;
    let narrower = V1
        .replacen("name: users", "name: narrower\nparent: v1", 1)
        .replacen("    key: /user_id", "    partial: true\n    key: /user_id", 1)
        .replacen("city: { type: string }", "city: { type: string, maxLength: 500 }", 1);
    server.prepare(&narrower, "v3").await;
    let planned = server.order("/v1/versions/v3/plan", json!({})).await.json;
    assert_eq!(
        (&planned["planned"]["class_since_approved"], &planned["planned"]["needs_approval"]),
        (&json!("breaking"), &json!(true))
    );
    let evidence = server.order("/v1/versions/v3/validate", json!({})).await.json["evidence"].clone();
    check(&cutover(&server, "v3", &evidence).await, 409, "approval-needed");
    let plan = planned["plan"].as_str().expect("an id");
    order(&server, &format!("/v1/plans/{plan}/approve"), json!({})).await;
    assert_eq!(cutover(&server, "v3", &evidence).await.status, 200);
    let agreed = server.get(&format!("/v1/plans/{plan}")).await.json["plan"]["approved_by"].clone();
    assert_eq!(agreed, json!(["ada"]));
}

#[tokio::test]
async fn a_plan_that_was_rejected_stays_so() {
    let server = two().await;
    let evidence = server.evidence("v2").await;
    let plan = server.get("/v1/plans").await.json["plans"][0]["plan"].as_str().expect("an id").to_owned();
    order(&server, &format!("/v1/plans/{plan}/reject"), json!({ "reason": "not now" })).await;
    check(&cutover(&server, "v2", &evidence).await, 409, "approval-needed");
}

#[tokio::test]
async fn operators_freeze_set_a_floor_and_seal() {
    let server = two().await;
    let evidence = server.evidence("v2").await;
    order(&server, "/v1/freeze", json!({ "reason": "night" })).await;
    assert_eq!(server.get("/v1/state").await.json["frozen"]["by"], "ada");
    check(&cutover(&server, "v2", &evidence).await, 409, "frozen");
    check(&server.post("/v1/versions", "application/yaml", V1).await, 409, "frozen");
    order(&server, "/v1/unfreeze", json!({})).await;
    assert_eq!(cutover(&server, "v2", &evidence).await.status, 200);
    order(&server, "/v1/floor", json!({ "version": "v2" })).await;
    check(&server.order("/v1/versions/v1/rewind", json!({})).await, 409, "below-floor");
    order(&server, "/v1/floor", json!({ "version": null })).await;
    order(&server, "/v1/versions/v1/seal", json!({ "reason": "leaks" })).await;
    check(&server.order("/v1/versions/v1/rewind", json!({})).await, 409, "sealed");
    order(&server, "/v1/versions/v1/unseal", json!({})).await;
    assert_eq!(server.order("/v1/versions/v1/retire", json!({})).await.status, 200);
    check(&server.order("/v1/versions/v1/rewind", json!({})).await, 409, "retired");
}

/// Absent, not forbidden: the listener of services and agents has no route to an operator's verb.
#[tokio::test]
async fn the_open_plane_has_no_route_of_operators() {
    let server = two().await;
    for path in [
        "/v1/freeze",
        "/v1/unfreeze",
        "/v1/floor",
        "/v1/versions/v1/seal",
        "/v1/versions/v1/unseal",
        "/v1/plans/00000000000000ff/approve",
        "/v1/plans/00000000000000ff/reject",
        "/v1/replay",
    ] {
        check(&server.order(path, json!({})).await, 404, "no-route");
    }
    let (status, _) = server.operator(Method::POST, "/v1/plans/00000000000000ff/approve", "").await;
    assert_eq!(status, 404);
}

/// V2 with guards.
fn guarded(guards: &str, probation: &str) -> String {
    format!("{V2}guards: [{guards}]\nprobation: {{ {probation} }}\n")
}

#[tokio::test]
async fn a_failed_guard_rewinds_by_itself_while_events_come_in() {
    let server = Server::with_v1().await;
    server.register_user("u0", "London").await;
    let few = guarded("{ name: few, expect: \"rows.profile < 5\" }", "events: 1000");
    server.activate(&few, "v2").await;
    let probation = server.get("/v1/state").await.json["probation"].clone();
    assert_eq!((&probation["version"], &probation["from"]), (&json!("v2"), &json!("v1")));
    assert_eq!(probation["before"]["rows"]["profile"], 1);
    server.prepare(&V2.replacen("name: ", "name: other-", 1), "v3").await;
    let evidence = server.evidence("v3").await;
    check(&cutover(&server, "v3", &evidence).await, 409, "on-probation");
    for n in 1..20 {
        let event = crate::server::event(
            "user.registered",
            &format!("u{n}"),
            json!({ "user_id": format!("u{n}"), "email": "e", "mail": "e", "city": "Rome", "locale": "it" }),
        );
        let taken = server.post("/v1/events", crate::server::STRUCTURED, &event.to_string()).await;
        assert_eq!(taken.status, 200, "{taken:?}");
    }
    let state = server.get("/v1/state").await.json;
    assert_eq!((&state["active"], &state["probation"]), (&json!("v1"), &Value::Null));
    let last = state["switches"].as_array().expect("a list").last().expect("a switch").clone();
    assert_eq!(
        (&last["rewind"], &last["events_before"]),
        (&json!(true), &json!(5)),
        "at the fifth row, not later"
    );
    let rows = (0..20).map(|n| format!("/v1/cache/profile/u{n}"));
    for path in rows {
        assert_eq!(server.get(&path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_version_whose_guards_hold_is_settled() {
    let server = Server::with_v1().await;
    server.register_user("u0", "London").await;
    let fine = guarded(
        "{ name: kept, expect: \"rows.profile >= before.rows.profile\" }, \
         { name: refused, expect: \"rates.refused < 0.5\" }",
        "events: 3, samples_min: 2",
    );
    server.activate(&fine, "v2").await;
    let mut position = 0;
    for n in 1..4 {
        assert_eq!(server.get("/v1/state").await.json["probation"]["version"], "v2");
        let data = json!({ "user_id": format!("u{n}"), "mail": "e", "city": "Rome", "locale": "it" });
        let event = crate::server::event("user.registered", &format!("u{n}"), data);
        position = server.post("/v1/events", crate::server::STRUCTURED, &event.to_string()).await.position;
    }
    // The publisher is answered before the guards are evaluated.
    let mut state = server.get("/v1/state").await.json;
    while !state["probation"].is_null() && state["position"] == position {
        state = server.get("/v1/state").await.json;
    }
    assert_eq!((&state["active"], &state["probation"]), (&json!("v2"), &Value::Null));
}

#[tokio::test]
async fn an_agent_that_others_take_back_may_only_propose_until_it_is_reset() {
    let server = two().await;
    for _ in 0..3 {
        let evidence = server.evidence("v2").await;
        assert_eq!(cutover(&server, "v2", &evidence).await.status, 200);
        order(&server, "/v1/versions/v1/rewind", json!({ "reason": "no" })).await;
    }
    let evidence = server.evidence("v2").await;
    check(&cutover(&server, "v2", &evidence).await, 409, "breaker-open");
    let ledger = server.get("/v1/autonomy?agent=tester").await.json;
    assert_eq!(
        (&ledger["agents"][0]["live_alone"], &ledger["agents"][0]["rewound_by_others"]),
        (&json!(3), &json!(3))
    );
    assert_eq!(ledger["breakers"][0]["agent"], "tester");
    assert_eq!(server.get("/v1/system").await.json["breakers"][0]["agent"], "tester");
    assert_eq!(server.get("/v1/autonomy?agent=nobody").await.json["agents"], json!([]));
    order(&server, "/v1/breakers/tester/reset", json!({})).await;
    assert_eq!(cutover(&server, "v2", &evidence).await.status, 200);
}

#[tokio::test]
async fn an_agent_has_so_many_builds_at_a_time() {
    let server = two().await;
    for n in 3..=6 {
        let other = V2.replacen("name: ", &format!("name: n{n}-"), 1);
        assert_eq!(server.post("/v1/versions", "application/yaml", &other).await.status, 201);
    }
    let slow = json!({ "records_per_second": 100 });
    for _ in 0..2 {
        let users: Vec<Value> =
            (0..1000).map(|n| crate::server::registered(&format!("s{n}"), "London")).collect();
        server.post("/v1/events", crate::server::BATCH, &json!(users).to_string()).await;
    }
    let more: Vec<Value> = (0..1000).map(|n| crate::server::registered(&format!("t{n}"), "Rome")).collect();
    server.post("/v1/events", crate::server::BATCH, &json!(more).to_string()).await;
    for n in 3..=5 {
        assert_eq!(server.order(&format!("/v1/versions/v{n}/build"), slow.clone()).await.status, 202);
    }
    check(&server.order("/v1/versions/v6/build", slow).await, 429, "over-quota");
}

#[tokio::test]
async fn an_operator_has_a_live_version_folded_anew_while_it_is_read() {
    let server = two().await;
    order(&server, "/v1/versions/v1/repair", json!({})).await;
    loop {
        assert_eq!(server.get("/v1/cache/profile/ada").await.status, 200, "readers never see it empty");
        let repairs = server.get("/v1/system").await.json["repairs"].clone();
        if repairs["last"]["version"] == "v1" {
            assert_eq!((&repairs["last"]["equal"], &repairs["under_way"]), (&json!(true), &json!([])));
            break;
        }
    }
    server.register_user("bob", "Paris").await;
    assert_eq!(server.get("/v1/cache/profile/bob").await.status, 200);
    check(&server.order("/v1/versions/v1/repair", json!({})).await, 404, "no-route");
}

#[tokio::test]
async fn what_an_operator_sets_aside_goes_from_every_version_and_comes_back() {
    let server = two().await;
    let bad = server.register_user("bad", "Nowhere").await.position;
    let body = json!({ "from": bad, "to": bad, "types": ["user.registered"], "reason": "wrong" });
    let record = order(&server, "/v1/quarantines", body.clone()).await["record"].clone();
    let in_line = async || {
        for _ in 0..500 {
            let quarantines = server.get("/v1/system").await.json["quarantines"].clone();
            if quarantines["pending"] == json!([]) {
                return quarantines["in_force"].as_array().map_or(0, Vec::len);
            }
            assert_eq!(server.get("/v1/cache/profile/ada").await.status, 200, "readers never see it empty");
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        panic!("it is not folded anew");
    };
    assert_eq!(in_line().await, 1);
    for path in ["/v1/cache/profile/bad", "/v1/cache/profile/bad?read_as=v2"] {
        assert_eq!(server.get(path).await.status, 404, "{path}");
    }
    assert_eq!(server.get(&format!("/v1/events/{bad}")).await.status, 200, "the log keeps it");
    order(&server, &format!("/v1/quarantines/{record}/release"), json!({})).await;
    assert_eq!(in_line().await, 0);
    assert_eq!(server.get("/v1/cache/profile/bad").await.status, 200);
    check(&server.order("/v1/quarantines", body).await, 404, "no-route");
    let wrong = json!({ "from": 5, "to": 4 }).to_string();
    let (status, lines) = server.operator(Method::POST, "/v1/quarantines", &wrong).await;
    assert_eq!((status, &lines[0]["type"]), (400, &json!("urn:selfsame:error:bad-request")));
    for _ in 0..selfsame_core::limits::QUARANTINES_MAX {
        order(&server, "/v1/quarantines", json!({ "from": bad, "to": bad })).await;
    }
    let one_more = json!({ "from": bad, "to": bad }).to_string();
    let (_, lines) = server.operator(Method::POST, "/v1/quarantines", &one_more).await;
    assert_eq!(lines[0]["type"], format!("urn:selfsame:error:{}", "too-many-quarantines"));
}
