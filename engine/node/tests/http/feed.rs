//! The change feed as server-sent events: what comes, in which order, and that it adds up to the projection.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use selfsame_log::{FaultyLog, Log, MemoryLog, Schedule};
use selfsame_node::{FEEDS_MAX, RESUME_RECORDS_MAX, TOPIC_BYTES_MAX};
use selfsame_record::{Block, Body, RECORDS_MAX, Record};
use serde_json::{Value, json};

use crate::server::{BATCH, STRUCTURED, Server, V1, V2, event, registered};
use crate::subscriber::{Copy, PATIENCE, fresh, short, switch};

/// The rows of the view as they are read.
async fn rows(server: &Server) -> BTreeMap<String, Value> {
    let page = server.get("/v1/views/by_city?limit=1000").await;
    let rows = page.json["rows"].as_array().expect("rows").clone();
    rows.into_iter()
        .map(|row| (row["key"].as_str().expect("a key").to_owned(), row["value"].clone()))
        .collect()
}

#[tokio::test]
async fn a_feed_begins_with_all_rows_and_goes_on_with_changes() {
    let server = Server::with_v1().await;
    server.register_user("ada", "London").await;
    server.register_user("bob", "Paris").await;
    let mut copy = Copy::subscribed(&server, "/v1/feed/by_city").await;
    assert_eq!(copy.until("caught-up").await, ["reset", "v1 put bob ...", "v1 put ada ...", "caught-up"]);
    assert_eq!(copy.rows, rows(&server).await);
    server.register_user("eve", "Rome").await;
    assert_eq!(copy.until("row").await, ["v1 put eve"]);
    // One group commit has one position, and its last row completes it.
    let batch = json!([registered("x", "Oslo"), registered("y", "Bonn")]).to_string();
    let published = server.post("/v1/events", BATCH, &batch).await;
    copy.reach(published.position).await;
    assert_eq!(copy.rows, rows(&server).await);
    let mut without = Copy::subscribed(&server, "/v1/feed/by_city?snapshot=false").await;
    assert_eq!(without.until("caught-up").await, ["caught-up"]);
    server.register_user("kim", "Graz").await;
    assert_eq!(without.until("row").await, ["v1 put kim"]);
}

#[tokio::test]
async fn a_switch_is_a_message_between_the_rows_of_two_versions() {
    let server = Server::with_v1().await;
    server.register_user("ada", "London").await;
    let mut plain = Copy::subscribed(&server, "/v1/feed/profile").await;
    let mut again = Copy::subscribed(&server, "/v1/feed/profile?snapshot=true").await;
    let mut switches = Copy::subscribed(&server, "/v1/feed").await;
    for copy in [&mut plain, &mut again, &mut switches] {
        copy.until("caught-up").await;
    }
    // A build says nothing.
    server.prepare(V2, "v2").await;
    let at = switch(&server, "cutover", "v2").await;
    let moved = event("user.moved", "ada", json!({ "user_id": "ada", "city": "Rome" })).to_string();
    let published = server.post("/v1/events", STRUCTURED, &moved).await;
    assert_eq!(published.status, 200, "{published:?}");
    assert_eq!(plain.until("row").await, ["cutover v2 from v1", "v2 put ada"]);
    assert_eq!(again.until("reset").await, ["cutover v2 from v1", "reset"]);
    again.reach(published.position).await;
    assert_eq!(again.rows["ada"], json!({ "mail": "ada@example.org", "city": "Rome", "locale": "en" }));
    let back = switch(&server, "rewind", "v1").await;
    assert_eq!(plain.until("switch").await, ["rewind v1 from v2"]);
    again.until("caught-up").await;
    assert_eq!(again.rows["ada"], json!({ "email": "ada@example.org", "city": "London" }));
    assert_eq!(switches.until("switch").await, ["cutover v2 from v1"]);
    assert_eq!((switches.position, switches.last_id), (at, Some(at)));
    assert_eq!(switches.until("switch").await, ["rewind v1 from v2"]);
    let mut since = Copy::subscribed(&server, &format!("/v1/feed?from={at}")).await;
    assert_eq!(since.until("caught-up").await, ["rewind v1 from v2", "caught-up"]);
    assert!(since.last_id >= Some(back));
}

#[tokio::test]
async fn who_comes_back_gets_what_changed_since() {
    let server = Server::with_v1().await;
    for user in ["ada", "bob", "eve"] {
        server.register_user(user, "London").await;
    }
    let mut copy = Copy::subscribed(&server, "/v1/feed/profile").await;
    copy.until("caught-up").await;
    copy.response = None;
    let v1_event = |user: &str, id: &str, city: &str| {
        let mut event = registered(user, city);
        event["id"] = json!(id);
        event.to_string()
    };
    for (user, id, city) in [("bob", "1", "Rome"), ("kim", "2", "Oslo"), ("bob", "3", "Graz")] {
        let published = server.post("/v1/events", STRUCTURED, &v1_event(user, id, city)).await;
        assert_eq!(published.status, 200, "{published:?}");
    }
    copy.subscribe(&server, "/v1/feed/profile").await;
    assert_eq!(copy.until("caught-up").await, ["v1 put bob ...", "v1 put kim ...", "caught-up"]);
    assert_eq!(copy.rows["bob"]["city"], "Graz");
    copy.subscribe(&server, "/v1/feed/profile").await;
    assert_eq!(copy.until("caught-up").await, ["caught-up"], "nothing changed since");
    copy.response = None;
    // Across two switches, all rows are of another shape.
    server.prepare(V2, "v2").await;
    switch(&server, "cutover", "v2").await;
    switch(&server, "rewind", "v1").await;
    switch(&server, "cutover", "v2").await;
    copy.subscribe(&server, "/v1/feed/profile").await;
    let told = copy.until("caught-up").await;
    assert_eq!(told[..4], ["cutover v2 from v1", "rewind v1 from v2", "cutover v2 from v1", "reset"]);
    assert_eq!(told.len(), 4 + 4 + 1);
    assert_eq!(copy.rows["bob"], json!({ "mail": "bob@example.org", "city": "Graz", "locale": "en" }));
}

#[tokio::test]
async fn a_projection_that_goes_ends_its_feed() {
    let server = Server::with_v1().await;
    server.register_user("ada", "London").await;
    let mut copy = Copy::subscribed(&server, "/v1/feed/by_city").await;
    copy.until("caught-up").await;
    let without = V2.replace(
        "  by_city:\n    kind: view\n    indexes: [[city]]",
        "  other:\n    kind: view\n    indexes: [[city]]",
    );
    server.prepare(&without, "v2").await;
    let at = switch(&server, "cutover", "v2").await;
    assert_eq!(copy.until("ended").await, ["cutover v2 from v1", "ended projection-gone"]);
    assert_eq!((copy.last_id, copy.next().await), (Some(at), None));
    // It is there again after a rewind, and the subscriber goes on from where it was.
    switch(&server, "rewind", "v1").await;
    copy.subscribe(&server, "/v1/feed/by_city").await;
    assert_eq!(copy.until("caught-up").await, ["rewind v1 from v2", "reset", "v1 put ada ...", "caught-up"]);
}

#[tokio::test]
async fn feeds_that_are_refused() {
    let none = Server::start().await;
    assert_eq!(none.get("/v1/feed/profile").await.code(), "no-active-version");
    let server = Server::with_v1().await;
    for (path, status, code) in [
        ("/v1/feed/nothing", 404, "unknown-projection"),
        ("/v1/feed/welcome", 404, "unknown-projection"),
        ("/v1/feed/profile?from=99", 409, "feed-ahead"),
        ("/v1/feed?from=99", 409, "feed-ahead"),
        ("/v1/feed/profile?from=x", 400, "bad-request"),
        ("/v1/feed/profile?snapshot=x", 400, "bad-request"),
        ("/v1/feed/profile?form=1", 400, "bad-request"),
        ("/v1/feed?snapshot=true", 400, "bad-request"),
    ] {
        let answer = server.get(path).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn feeds_over_the_limit_are_refused_until_one_ends() {
    let server = Server::with_v1().await;
    let mut feeds = vec![];
    for n in 0..FEEDS_MAX {
        let path = if n % 2 == 0 { "/v1/feed" } else { "/v1/feed/profile" };
        feeds.push(Copy::subscribed(&server, path).await);
    }
    let refused = server.get("/v1/feed/profile").await;
    assert_eq!((refused.status, refused.code()), (503, "overloaded"), "{refused:?}");
    feeds.truncate(FEEDS_MAX - 1);
    tokio::time::timeout(PATIENCE, async {
        while server.request(Method::GET, "/v1/feed").send().await.expect("a response").status() != 200 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("a feed that ended leaves its place");
    // Nobody is told of changes, so after the next commit nothing is noted.
    drop(feeds);
    let noting = || server.engine.handle().read(|s| s.active_generation().is_some_and(|g| g.is_watched()));
    assert!(noting());
    tokio::time::timeout(PATIENCE, async {
        for n in 0.. {
            server.register_user(&format!("u{n}"), "London").await;
            if !noting() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("commits for nobody note nothing");
}

#[tokio::test]
async fn a_slow_subscriber_is_told_that_it_lagged_and_goes_on_from_there() {
    let server = Server::with_v1().await;
    server.register_user("ada", "London").await;
    let mut copy = Copy::subscribed(&server, "/v1/feed/profile").await;
    copy.until("caught-up").await;
    // More than the topic and every buffer on the way keep.
    let city = "x".repeat(200_000);
    for n in 0..6 * TOPIC_BYTES_MAX / city.len() {
        let mut event = registered(&format!("u{}", n % 50), &city[n % 100..]);
        event["id"] = json!(n.to_string());
        let answer = server.post("/v1/events", STRUCTURED, &event.to_string()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let told = copy.until("lagged").await;
    assert!(told.len() > 1, "what was on its way still comes");
    assert_eq!(copy.next().await, None);
    copy.subscribe(&server, "/v1/feed/profile").await;
    copy.until("caught-up").await;
    assert_eq!(copy.rows.len(), 51);
    let fresh = fresh(&server).await;
    assert!(copy.rows == fresh, "the rows are those of a new copy");
}

#[tokio::test]
async fn feeds_end_with_the_servers_and_say_so() {
    let server = Server::with_v1().await;
    let mut copy = Copy::subscribed(&server, "/v1/feed/by_city").await;
    copy.until("caught-up").await;
    let at = copy.last_id;
    let stopping = tokio::spawn(server.stop());
    let message = copy.next().await.expect("a last message");
    assert_eq!((short(&message).as_str(), message["resume_from"].as_u64()), ("ended stopping", at));
    assert_eq!(copy.next().await, None);
    stopping.await.expect("no panic");
}

#[tokio::test]
async fn feeds_end_with_the_engine_and_say_so() {
    let server = Server::with_v1().await;
    let mut copy = Copy::subscribed(&server, "/v1/feed").await;
    copy.until("caught-up").await;
    server.engine.handle().stop().await;
    assert_eq!(copy.until("ended").await, ["ended stopping"]);
    assert_eq!(copy.next().await, None);
}

#[tokio::test]
async fn a_candidate_says_nothing_and_v1_is_what_it_was() {
    let server = Server::with_v1().await;
    let mut copy = Copy::subscribed(&server, "/v1/feed/by_city").await;
    copy.until("caught-up").await;
    server.prepare(&V1.replace("name: users", "name: twin\nparent: v1"), "v2").await;
    server.register_user("ada", "London").await;
    assert_eq!(copy.until("row").await, ["v1 put ada"], "once, and of the active version alone");
}

/// A log that V1 is active in, and so many records that say nothing.
async fn long_log(more: u64) -> Arc<dyn Log> {
    let log = Arc::new(FaultyLog::new(MemoryLog::new(), Schedule::none()));
    let server = Server::start_with(log.clone()).await;
    server.activate(V1, "v1").await;
    server.stop().await;
    let first = log.head().get() + 1;
    let record = |position| Record {
        position,
        // The day after tomorrow of any clock: records never go back in time.
        time_us: 8_000_000_000_000_000,
        principal: "selfsame".to_owned(),
        body: Body::Control(r#"{"kind":"refusals-counted","count":1}"#.to_owned()),
    };
    let all: Vec<u64> = (first..first + more).collect();
    for positions in all.chunks(RECORDS_MAX) {
        log.append(&Block::pack(&positions.iter().copied().map(record).collect())).expect("a block");
    }
    log
}

#[tokio::test]
async fn a_feed_does_not_go_on_from_further_back_than_it_reads() {
    let server = Server::start_with(long_log(RESUME_RECORDS_MAX + 10).await).await;
    let head = server.get("/v1/state").await.position;
    let too_far = head - RESUME_RECORDS_MAX - 1;
    let answer = server.get(&format!("/v1/feed/profile?from={too_far}")).await;
    assert_eq!((answer.status, answer.code()), (410, "feed-too-far"), "{answer:?}");
    let mut copy = Copy::subscribed(&server, &format!("/v1/feed/profile?from={}", too_far + 1)).await;
    assert_eq!(copy.until("caught-up").await, ["caught-up"]);
    // Switches are known without the log, and a switch means all rows.
    let mut switches = Copy::subscribed(&server, "/v1/feed?from=1").await;
    assert_eq!(switches.until("caught-up").await, ["cutover v1 from -", "caught-up"]);
    let mut rows = Copy::subscribed(&server, "/v1/feed/profile?from=1").await;
    assert_eq!(rows.until("caught-up").await, ["cutover v1 from -", "reset", "caught-up"]);
}

/// Rows change without an event: what a subscriber has is said to be of no use, and all rows come again.
#[tokio::test]
async fn what_is_set_aside_begins_a_feed_anew() {
    let server = Server::with_v1().await;
    server.register_user("ada", "London").await;
    let bad = server.register_user("bad", "Nowhere").await.position;
    let mut copy = Copy::subscribed(&server, "/v1/feed/by_city").await;
    copy.until("caught-up").await;
    assert_eq!(copy.rows.len(), 2);
    let body = json!({ "from": bad, "to": bad }).to_string();
    assert_eq!(server.operator(Method::POST, "/v1/quarantines", &body).await.0, 200);
    copy.until("reset").await;
    copy.until("caught-up").await;
    assert_eq!(copy.rows, rows(&server).await);
    assert_eq!(copy.rows.len(), 1);
}
