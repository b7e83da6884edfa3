//! The operator's socket: replays and the log's records.

use std::time::Duration;

use reqwest::Method;
use selfsame_node::operator::LONG_ANSWERS_MAX;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::server::{BATCH, Server, V2, registered};

async fn with_users(count: usize) -> Server {
    let server = Server::with_v1().await;
    let users: Vec<Value> = (0..count).map(|n| registered(&format!("u{n}"), "London")).collect();
    for chunk in users.chunks(500) {
        let taken = server.post("/v1/events", BATCH, &json!(chunk).to_string()).await;
        assert_eq!(taken.status, 200, "{taken:?}");
    }
    server
}

#[tokio::test]
async fn a_replay_equals_what_is_live() {
    let server = with_users(1200).await;
    server.activate(V2, "v2").await;
    let state = async || server.get("/v1/system").await.json;
    let before = state().await;
    for (body, version) in [("", "v2"), (r#"{"version":"v1"}"#, "v1"), (r#"{"version":"v2"}"#, "v2")] {
        let (status, lines) = server.operator(Method::POST, "/v1/replay", body).await;
        let (last, progress) = lines.split_last().expect("lines");
        assert_eq!((status, &last["equal"]), (200, &json!(true)), "{last}");
        assert_eq!(last["replayed"]["version"], version);
        assert_eq!(last["replayed"]["digest"], last["live"]["digest"]);
        assert_eq!(last["replayed"]["position"], last["live"]["position"]);
        let told = progress.last().expect("progress");
        assert_eq!(told["done"], told["total"], "{told}");
    }
    let after = state().await;
    assert!(before["position"].is_u64() && before["queues"].is_object(), "{before}");
    assert_eq!(after["position"], before["position"], "a replay writes no record");
    assert_eq!(after["queues"], before["queues"], "and hands out no job");
}

#[tokio::test]
async fn a_replay_leaves_out_what_was_left_out_where_it_ends() {
    let server = with_users(20).await;
    let replay = async |body: Value| {
        let (status, lines) = server.operator(Method::POST, "/v1/replay", &body.to_string()).await;
        assert_eq!(status, 200, "{lines:?}");
        lines.last().expect("a line").clone()
    };
    let before = replay(json!({})).await["replayed"].clone();
    let aside = json!({ "from": 8, "to": before["position"] }).to_string();
    assert_eq!(server.operator(Method::POST, "/v1/quarantines", &aside).await.0, 200);
    while server.get("/v1/system").await.json["quarantines"]["pending"] != json!([]) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let now = replay(json!({})).await;
    assert_eq!(now["equal"], true, "as what is live: {now}");
    assert_ne!(now["replayed"]["digest"], before["digest"], "which leaves events out");
    let then = replay(json!({ "until": before["position"], "compare_with": before["digest"] })).await;
    assert_eq!(then["equal"], true, "as what was live there: {then}");
}

#[tokio::test]
async fn a_replay_to_an_earlier_position_compares_with_nothing() {
    let server = with_users(10).await;
    let (_, lines) = server.operator(Method::POST, "/v1/replay", r#"{"until":9}"#).await;
    let last = lines.last().expect("a line");
    assert_eq!(last["replayed"]["position"], 9);
    assert_eq!((&last["live"], &last["equal"]), (&Value::Null, &Value::Null));
    let rows = last["replayed"]["projections"].as_array().expect("a list").iter().map(|p| &p["rows"]);
    assert_eq!(rows.collect::<Vec<_>>(), [&json!(5), &json!(5), &json!(5)]);
}

/// One line per case: what is asked, and how it is refused.
#[tokio::test]
async fn replays_and_dumps_that_are_refused() {
    let server = with_users(1).await;
    for (method, path, body, status, code) in [
        (Method::POST, "/v1/replay", r#"{"version":"v9"}"#, 404, "unknown-version"),
        (Method::POST, "/v1/replay", r#"{"to":"v1"}"#, 400, "bad-request"),
        (Method::POST, "/v1/replay", "nonsense", 400, "bad-request"),
        (Method::GET, "/v1/replay", "", 405, "bad-request"),
        (Method::GET, "/v1/log?from=x", "", 400, "bad-request"),
        (Method::GET, "/v1/log?form=1", "", 400, "bad-request"),
        (Method::GET, "/v1/nothing", "", 404, "no-route"),
    ] {
        let (got, lines) = server.operator(method, path, body).await;
        assert_eq!(got, status, "{path} {body}: {lines:?}");
        assert_eq!(lines[0]["type"], format!("urn:selfsame:error:{code}"));
    }
    let empty = Server::start().await;
    let (status, _) = empty.operator(Method::POST, "/v1/replay", "").await;
    assert_eq!(status, 409, "no version is active");
}

#[tokio::test]
async fn the_log_is_shown_record_by_record() {
    let server = with_users(600).await;
    let (status, lines) = server.operator(Method::GET, "/v1/log", "").await;
    assert_eq!((status, lines.len()), (200, 604));
    let positions = lines.iter().map(|line| line["position"].as_u64().expect("a position"));
    assert!(positions.eq(1..=604));
    assert_eq!(lines[0]["control"]["kind"], "registered");
    assert_eq!(lines[3]["control"]["kind"], "cut-over");
    let event = &lines[4];
    assert_eq!((&event["type"], &event["key"]), (&json!("user.registered"), &json!("u0")));
    assert_eq!((&event["source"], &event["written_in"]), (&json!("/tests"), &json!("v1")));
    assert_eq!(event["principal"], "tester");
    assert_eq!(event["data"], json!({ "user_id": "u0", "email": "u0@example.org", "city": "London" }));
    assert!(event["time"].as_str().is_some_and(|time| time.ends_with('Z')), "{event}");
}

/// One line per span: the query, and the first and last position that come.
#[tokio::test]
async fn a_part_of_the_log_is_asked_for() {
    let server = with_users(20).await;
    for (query, expect) in [
        ("from=3&until=5", vec![3, 4, 5]),
        ("from=23", vec![23, 24]),
        ("limit=2", vec![1, 2]),
        ("from=0&limit=1", vec![1]),
        ("until=0", vec![]),
        ("limit=0", vec![]),
        ("from=6&until=5", vec![]),
        ("from=25", vec![]),
        ("from=18446744073709551615", vec![]),
        ("from=24&until=18446744073709551615", vec![24]),
    ] {
        let (_, lines) = server.operator(Method::GET, &format!("/v1/log?{query}"), "").await;
        let positions: Vec<u64> = lines.iter().filter_map(|line| line["position"].as_u64()).collect();
        assert_eq!(positions, expect, "{query}");
    }
}

/// A dump that nobody reads: more than all the buffers on the way take.
async fn unread_dump(server: &Server) -> UnixStream {
    let mut stream = UnixStream::connect(server.socket()).await.expect("a connection");
    stream.write_all(b"GET /v1/log HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("room");
    let mut first = [0; 12];
    stream.read_exact(&mut first).await.expect("a beginning");
    assert_eq!(&first, b"HTTP/1.1 200");
    stream
}

#[tokio::test]
async fn long_answers_are_few_and_a_reader_who_goes_away_makes_room() {
    let server = Server::with_v1().await;
    for n in 0..40 {
        let mut event = registered(&format!("u{n}"), "London");
        event["data"]["email"] = json!("e".repeat(200_000));
        let taken = server.post("/v1/events", crate::server::STRUCTURED, &event.to_string()).await;
        assert_eq!(taken.status, 200, "{taken:?}");
    }
    let mut held = Vec::new();
    for _ in 0..LONG_ANSWERS_MAX {
        held.push(unread_dump(&server).await);
    }
    for (method, path) in [(Method::GET, "/v1/log?limit=1"), (Method::POST, "/v1/replay")] {
        let (status, lines) = server.operator(method, path, "").await;
        assert_eq!((status, &lines[0]["type"]), (503, &json!("urn:selfsame:error:overloaded")));
    }
    assert_eq!(server.register_user("ada", "London").await.status, 200, "nobody else waits for them");
    drop(held);
    let mut status = 503;
    for _ in 0..500 {
        if status == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        (status, _) = server.operator(Method::GET, "/v1/log?limit=1", "").await;
    }
    assert_eq!(status, 200, "their places are free again");
}

#[tokio::test]
async fn a_replay_shows_rows_of_the_past_and_compares_with_a_digest_that_is_given() {
    let server = with_users(20).await;
    let (status, lines) = server.operator(Method::POST, "/v1/replay", "").await;
    assert_eq!(status, 200);
    let digest = lines.last().expect("a line")["replayed"]["digest"].clone();
    for (given, equal) in [(digest, true), (json!("00".repeat(32)), false)] {
        let body = json!({ "compare_with": given, "rows": { "projection": "profile", "key": "u3" } });
        let (status, lines) = server.operator(Method::POST, "/v1/replay", &body.to_string()).await;
        assert_eq!((status, &lines.last().expect("a line")["equal"]), (200, &json!(equal)));
        let row = lines.iter().find(|line| line.get("row").is_some()).expect("a row");
        assert_eq!((&row["row"]["key"], &row["row"]["value"]["city"]), (&json!("u3"), &json!("London")));
    }
    let body = json!({ "until": 8, "rows": { "projection": "by_city", "limit": 100 } });
    let (_, lines) = server.operator(Method::POST, "/v1/replay", &body.to_string()).await;
    assert_eq!(lines.iter().filter(|line| line.get("row").is_some()).count(), 4, "{lines:?}");
    let body = json!({ "rows": { "projection": "nothing", "limit": 1 } });
    let (_, lines) = server.operator(Method::POST, "/v1/replay", &body.to_string()).await;
    assert_eq!(lines.last().expect("a line")["type"], "urn:selfsame:error:unknown-projection");
}
