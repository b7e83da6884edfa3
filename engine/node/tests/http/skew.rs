//! Versions that are unknown, not built or dropped: whatever is asked, the answer lists what is live.

use serde_json::{Value, json};

use crate::server::{Answer, BATCH, STRUCTURED, Server, V2, registered};

#[track_caller]
fn check(said: &str, answer: &Answer, status: u16, code: &str, live: &[&str]) {
    assert_eq!((answer.status, answer.code()), (status, code), "{said}: {answer:?}");
    assert_eq!(answer.json["live"], json!(live), "{said}: {answer:?}");
    let listed = format!("; live versions: {}", live.join(", "));
    let detail = answer.json["detail"].as_str().expect("a sentence");
    assert!(detail.ends_with(&listed), "{said}: {detail}");
}

fn written_in(version: &str) -> Value {
    let mut event = registered("eve", "Oslo");
    event["dataschema"] = json!(version);
    event
}

/// Everything that names a version, asked with one that is not live.
async fn check_all(server: &Server, version: &str, status: u16, code: &str, live: &[&str]) {
    let event = written_in(version);
    let one = server.post("/v1/events", STRUCTURED, &event.to_string()).await;
    check("publish", &one, status, code, live);
    let batch = json!([event, registered("zoe", "Rome")]).to_string();
    check("publish a batch", &server.post("/v1/events", BATCH, &batch).await, status, code, live);
    let binary = server.request(reqwest::Method::POST, "/v1/events").bearer_auth("tester");
    let attributes = [("specversion", "1.0"), ("type", "user.registered"), ("source", "/t"), ("id", "1")];
    let binary = attributes.iter().fold(binary, |r, (name, value)| r.header(format!("ce-{name}"), *value));
    let schema = format!("urn:selfsame:version:{version}");
    let binary = binary.header("ce-dataschema", schema).body("{}");
    check("publish in binary mode", &server.send(binary).await, status, code, live);
    for path in ["/v1/cache/profile/ada", "/v1/views/by_city/ada", "/v1/views/by_city"] {
        let answer = server.get(&format!("{path}?read_as={version}")).await;
        check(path, &answer, status, code, live);
    }
}

#[tokio::test]
async fn a_version_that_is_not_live_is_answered_with_those_that_are() {
    let server = Server::with_v1().await;
    let at = server.register_user("ada", "London").await.position;
    server.post("/v1/versions", "application/yaml", V2).await;
    check_all(&server, "v9", 404, "unknown-version", &["v1"]).await;
    check_all(&server, "v2", 409, "version-not-live", &["v1"]).await;
    for path in ["/v1/versions/v9".to_owned(), format!("/v1/events/{at}?read_as=v9")] {
        check(&path, &server.get(&path).await, 404, "unknown-version", &["v1"]);
    }
    check("plan", &server.get("/v1/versions/v9/plan").await, 404, "unknown-version", &["v1"]);
    check("a page", &server.get("/v1/views/by_city?after=v2.00").await, 410, "page-expired", &["v1"]);
    for verb in ["build", "cutover", "rewind", "drop"] {
        let answer = server.order(&format!("/v1/versions/v9/{verb}"), json!({})).await;
        check(verb, &answer, 404, "unknown-version", &["v1"]);
    }
    for verb in ["cutover", "drop"] {
        let answer = server.order(&format!("/v1/versions/v2/{verb}"), json!({})).await;
        check(verb, &answer, 409, "not-built", &["v1"]);
    }
    assert_eq!(server.get("/v1/state").await.json["events"], 1, "nothing more was taken");
}

#[tokio::test]
async fn a_version_that_was_dropped_is_answered_with_those_that_are_live() {
    let server = Server::with_v1().await;
    server.register_user("ada", "London").await;
    server.activate(V2, "v2").await;
    assert_eq!(server.order("/v1/versions/v1/drop", json!({})).await.status, 200);
    check_all(&server, "v1", 409, "version-not-live", &["v2"]).await;
    for verb in ["cutover", "drop"] {
        let body = json!({ "expected_active": "v2" });
        let answer = server.order(&format!("/v1/versions/v1/{verb}"), body).await;
        check(verb, &answer, 409, "not-built", &["v2"]);
    }
    let refused = server.get("/v1/refused").await;
    let noted = refused.json["refused"][0]["detail"].as_str().unwrap_or_default();
    assert!(noted.ends_with("v1 is not live; live versions: v2"), "{noted}");
}

#[tokio::test]
async fn while_nothing_is_live_the_answer_says_so() {
    let server = Server::start().await;
    server.post("/v1/versions", "application/yaml", crate::server::V1).await;
    let answer = server.post("/v1/events", STRUCTURED, &written_in("v1").to_string()).await;
    assert_eq!((answer.code(), &answer.json["live"]), ("version-not-live", &json!([])));
    assert_eq!(answer.json["detail"], "v1 is not live; live versions: none");
}
