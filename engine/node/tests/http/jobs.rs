//! Jobs over HTTP.

use serde_json::{Value, json};

use crate::server::{Answer, STRUCTURED, Server, V2, event};

async fn lease(server: &Server, max: u64) -> Answer {
    server.order("/v1/jobs/welcome/lease", json!({ "max": max })).await
}

async fn figures(server: &Server, queue: &str) -> [u64; 5] {
    let json = server.get("/v1/jobs").await.json;
    let figure = |name: &str| json["queues"][queue][name].as_u64().expect("a number");
    ["pending", "leased", "waiting", "done", "dead"].map(figure)
}

#[tokio::test]
async fn a_job_is_leased_and_finished_once() {
    let server = Server::with_v1().await;
    let job = server.register_user("ada", "London").await.position;
    server.register_user("bob", "Paris").await;
    assert_eq!(figures(&server, "welcome").await, [2, 0, 0, 0, 0]);
    let leased = lease(&server, 1).await;
    let input = json!({ "to": "ada@example.org" });
    assert_eq!(leased.json["jobs"], json!([{ "job": job, "attempt": 1, "input": input }]));
    assert_eq!(leased.json["lease"], leased.position);
    assert!(leased.json["until"].as_str().is_some_and(|until| until.ends_with('Z')), "{leased:?}");
    assert_eq!(figures(&server, "welcome").await, [1, 1, 0, 0, 0]);
    let ack = json!({ "job": job, "lease": leased.json["lease"] });
    for _ in 0..2 {
        let done = server.order("/v1/jobs/welcome/ack", ack.clone()).await;
        assert_eq!((done.status, &done.json["job"]), (200, &json!(job)));
        assert_eq!(done.json.get("dead"), None);
    }
    assert_eq!(figures(&server, "welcome").await, [1, 0, 0, 1, 0]);
}

#[tokio::test]
async fn without_jobs_there_is_no_lease() {
    let server = Server::with_v1().await;
    let leased = server.post("/v1/jobs/welcome/lease", "application/json", "").await;
    assert_eq!((&leased.json["lease"], &leased.json["jobs"]), (&Value::Null, &json!([])));
}

#[tokio::test]
async fn a_job_that_is_given_back_comes_again_and_dies_in_the_end() {
    let server = Server::with_v1().await;
    let job = server.register_user("ada", "London").await.position;
    let nack = |lease: &Answer| json!({ "job": job, "lease": lease.json["lease"], "reason": "no route" });
    let first = lease(&server, 10).await;
    let back = server.order("/v1/jobs/welcome/nack", nack(&first)).await;
    assert_eq!((&back.json["job"], &back.json["dead"]), (&json!(job), &json!(false)));
    assert!(back.json["retry_at"].is_string(), "{back:?}");
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let second = lease(&server, 10).await;
    assert_eq!(second.json["jobs"][0]["attempt"], 2);
    let dead = server.order("/v1/jobs/welcome/nack", nack(&second)).await;
    assert_eq!((&dead.json["retry_at"], &dead.json["dead"]), (&Value::Null, &json!(true)));
    assert_eq!(figures(&server, "welcome").await, [0, 0, 0, 0, 1]);
    let listed = server.get("/v1/jobs/dead?limit=5").await;
    let entry = json!({ "queue": "welcome", "job": job, "at": dead.position, "reason": "no route" });
    assert_eq!(listed.json["dead"], json!([entry]));
}

#[tokio::test]
async fn a_switch_fences_leases_and_a_new_queue_begins_there() {
    let server = Server::with_v1().await;
    let job = server.register_user("ada", "London").await.position;
    let held = lease(&server, 1).await;
    assert_eq!(held.json["lease"], held.position, "{held:?}");
    server.activate(V2, "v2").await;
    let late = server.order("/v1/jobs/welcome/ack", json!({ "job": job, "lease": held.json["lease"] })).await;
    assert_eq!((late.status, late.code()), (409, "lease-fenced"), "{late:?}");
    let again = lease(&server, 1).await;
    assert_eq!(again.json["jobs"][0]["input"], json!({ "to": "ada@example.org", "locale": "en" }));
    assert_eq!(figures(&server, "cards").await, [0; 5], "earlier events give it no jobs");
    let moved = event("user.moved", "ada", json!({ "user_id": "ada", "city": "Rome" }));
    server.post("/v1/events", STRUCTURED, &moved.to_string()).await;
    assert_eq!(figures(&server, "cards").await, [1, 0, 0, 0, 0]);
    let stranger = server.order("/v1/jobs/welcome/ack", json!({ "job": job, "lease": u64::MAX })).await;
    assert_eq!((stranger.status, stranger.code()), (409, "lease-lost"));
}
