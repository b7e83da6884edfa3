//! Publishing: one event, a batch, binary mode, repetitions.

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{BATCH, STRUCTURED, Server, event, registered};

#[tokio::test]
async fn an_event_is_answered_with_its_position_and_a_repetition_with_the_same() {
    let server = Server::with_v1().await;
    let first = server.register_user("ada", "London").await;
    assert_eq!((first.status, first.version.as_deref()), (200, Some("v1")));
    assert_eq!(first.json["events"], json!([{ "position": first.position, "duplicate": false }]));
    server.register_user("bob", "Paris").await;
    let again = server.register_user("ada", "London").await;
    assert_eq!(again.json["events"], json!([{ "position": first.position, "duplicate": true }]));
    assert_eq!(again.position, first.position + 1, "a repetition writes nothing");
}

#[tokio::test]
async fn a_batch_is_taken_whole_or_not_at_all() {
    let server = Server::with_v1().await;
    let good = json!([registered("ada", "London"), registered("bob", "Paris"), registered("ada", "London")]);
    let taken = server.post("/v1/events", BATCH, &good.to_string()).await;
    let first = taken.position - 1;
    let places: Vec<Value> = taken.json["events"].as_array().expect("a list").clone();
    let place = |at: u64, duplicate: bool| json!({ "position": at, "duplicate": duplicate });
    assert_eq!(places, [place(first, false), place(first + 1, false), place(first, true)]);

    for (bad, code) in [
        (registered("eve", "x")["data"].clone(), "not-a-cloud-event"),
        (event("user.registered", "eve", json!({ "user_id": "eve" })), "invalid-event"),
        (event("user.gone", "eve", json!({})), "unknown-type"),
        (registered("ada", "Rome"), "id-reused"),
    ] {
        let batch = json!([registered("zoe", "Oslo"), bad]);
        let refused = server.post("/v1/events", BATCH, &batch.to_string()).await;
        assert_eq!(refused.code(), code, "{refused:?}");
        let zoe = server.get("/v1/cache/profile/zoe").await;
        assert_eq!(zoe.code(), "not-found", "nothing of the batch was taken: {refused:?}");
    }
    assert_eq!(server.get("/v1/state").await.json["events"], 2);
}

#[tokio::test]
async fn binary_mode_carries_the_attributes_as_headers() {
    let server = Server::with_v1().await;
    let body = json!({ "user_id": "ada", "email": "ada@example.org", "city": "Malmö" }).to_string();
    let request = || {
        server
            .request(Method::POST, "/v1/events")
            .bearer_auth("tester")
            .header("ce-specversion", "1.0")
            .header("ce-type", "user.registered")
            .header("ce-source", "/tests")
            .header("ce-note", "Euro%20%E2%82%AC")
            .body(body.clone())
    };
    let json = ("content-type", "application/json");
    let taken = server.send(request().header("ce-id", "1").header(json.0, json.1)).await;
    assert_eq!(taken.status, 200, "{taken:?}");
    let shown = server.get(&format!("/v1/events/{}", taken.position)).await;
    assert_eq!(shown.json["event"]["attributes"], json!({ "note": "Euro €" }));
    assert_eq!(shown.json["event"]["data"]["city"], "Malmö");

    let text = server.send(request().header("ce-id", "2").header("content-type", "text/plain")).await;
    assert_eq!(text.code(), "invalid-event", "{text:?}");
    let nameless = server.send(request().header(json.0, json.1)).await;
    assert_eq!(nameless.code(), "not-a-cloud-event", "{nameless:?}");
}

/// One line per version that a producer may write: what it says, and what comes of it.
#[tokio::test]
async fn a_producer_writes_any_live_version_and_no_other() {
    let server = Server::with_v1().await;
    let registered_v2 = server.post("/v1/versions", "application/yaml", crate::server::V2).await;
    assert_eq!(registered_v2.status, 201);
    for (schema, code) in [
        ("v1", "none"),
        ("urn:selfsame:version:v1", "none"),
        ("v2", "version-not-live"),
        ("v9", "unknown-version"),
        ("nonsense", "unknown-version"),
    ] {
        let mut event = registered("ada", "London");
        event["dataschema"] = json!(schema);
        let answer = server.post("/v1/events", STRUCTURED, &event.to_string()).await;
        assert_eq!(answer.code(), code, "{schema}: {answer:?}");
        if code == "version-not-live" {
            assert_eq!(answer.json["live"], json!(["v1"]));
            assert_eq!(answer.json["about_version"], "v2");
            assert_eq!(answer.json["version"], "v1", "the version that answers");
        }
    }
}

#[tokio::test]
async fn a_refused_event_is_kept_with_its_reason() {
    let server = Server::with_v1().await;
    let bad = event("user.registered", "ada", json!({ "user_id": 7 }));
    server.post("/v1/events", STRUCTURED, &bad.to_string()).await;
    server.post("/v1/events", STRUCTURED, "nonsense").await;
    let shown = server.get("/v1/refused").await;
    let listed = shown.json["refused"].as_array().expect("a list");
    let codes: Vec<&Value> = listed.iter().map(|refused| &refused["code"]).collect();
    assert_eq!(codes, ["not-a-cloud-event", "invalid-event"], "newest first");
    assert_eq!(listed[1]["principal"], "tester");
    assert_eq!(listed[1]["type"], "user.registered");
    assert_eq!(listed[1]["data"], r#"{"user_id":7}"#);
    assert!(listed[1]["time"].as_str().is_some_and(|time| time.ends_with('Z')), "{listed:?}");
    assert_eq!(shown.json["counts"], json!({ "not-a-cloud-event": 1, "invalid-event": 1 }));
    let one = server.get("/v1/refused?limit=1").await;
    assert_eq!(one.json["refused"].as_array().map(Vec::len), Some(1));
    assert_eq!(server.get("/v1/state").await.json["refused"], shown.json["counts"]);
}
