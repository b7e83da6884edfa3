//! Reading: rows, pages, events, positions that are waited for.

use std::time::Duration;

use serde_json::{Value, json};

use crate::server::{Server, V2, event};

#[tokio::test]
async fn a_row_is_read_by_its_key_whatever_is_in_the_key() {
    let server = Server::with_v1().await;
    for key in ["ada", "src/main.rs", "a b", "ä?&#%", "a+b"] {
        let published = server.register_user(key, "London").await;
        assert_eq!(published.status, 200, "{published:?}");
        let escaped: String = key.bytes().map(|b| format!("%{b:02X}")).collect();
        for (kind, projection) in [("cache", "profile"), ("views", "by_city")] {
            let row = server.get(&format!("/v1/{kind}/{projection}/{escaped}")).await;
            let value = json!({ "email": format!("{key}@example.org"), "city": "London" });
            assert_eq!((row.status, &row.json["key"], &row.json["value"]), (200, &json!(key), &value));
            assert_eq!(row.json["projection"], projection);
            assert_eq!(row.position, published.position);
        }
    }
    let bare = server.get("/v1/cache/profile/src/main.rs").await;
    assert_eq!(bare.json["key"], "src/main.rs", "a slash needs no escape");
}

async fn with_cities() -> Server {
    let server = Server::with_v1().await;
    for (user, city) in [("ada", "London"), ("bob", "Paris"), ("cleo", "Cairo"), ("dan", "London")] {
        server.register_user(user, city).await;
    }
    server
}

fn keys(page: &Value) -> Vec<&str> {
    page["rows"].as_array().expect("rows").iter().map(|row| row["key"].as_str().expect("a key")).collect()
}

/// One line per query: the parameters, and the keys that come.
#[tokio::test]
async fn a_view_answers_by_its_indexes() {
    let server = with_cities().await;
    for (query, expect) in [
        ("", vec!["ada", "bob", "cleo", "dan"]),
        ("order=desc", vec!["dan", "cleo", "bob", "ada"]),
        ("from=bob&until=dan", vec!["bob", "cleo"]),
        ("by=city", vec!["cleo", "ada", "dan", "bob"]),
        ("by=city&eq.city=London", vec!["ada", "dan"]),
        ("by=city&eq.city=London&order=desc", vec!["dan", "ada"]),
        ("by=city&from=D&until=Q", vec!["ada", "dan", "bob"]),
        ("by=city&eq.city=Rome", vec![]),
        ("limit=1", vec!["ada"]),
    ] {
        let page = server.get(&format!("/v1/views/by_city?{query}")).await;
        assert_eq!((page.status, keys(&page.json)), (200, expect), "{query}");
    }
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repetition() {
    let server = with_cities().await;
    for order in ["asc", "desc"] {
        let base = format!("/v1/views/by_city?by=city&order={order}&limit=3");
        let first = server.get(&base).await;
        let cursor = first.json["next"].as_str().expect("more").to_owned();
        assert!(cursor.starts_with("v1."), "{cursor}");
        let second = server.get(&format!("{base}&after={cursor}")).await;
        assert_eq!(second.json["next"], Value::Null);
        let mut all = [keys(&first.json), keys(&second.json)].concat();
        all.sort_unstable();
        assert_eq!(all, ["ada", "bob", "cleo", "dan"]);
    }
}

#[tokio::test]
async fn a_page_expires_when_another_version_answers_unless_the_reader_pins_it() {
    let server = with_cities().await;
    let base = "/v1/views/by_city?by=city&limit=3";
    let first = server.get(base).await;
    let cursor = first.json["next"].as_str().expect("more").to_owned();
    server.activate(V2, "v2").await;
    let expired = server.get(&format!("{base}&after={cursor}")).await;
    assert_eq!((expired.status, expired.code()), (410, "page-expired"));
    assert_eq!(expired.json["about_version"], "v1");
    let pinned = server.get(&format!("{base}&after={cursor}&read_as=v1")).await;
    assert_eq!((pinned.status, keys(&pinned.json)), (200, vec!["bob"]));
    assert_eq!(pinned.version.as_deref(), Some("v1"));
    assert!(pinned.json["rows"][0]["value"]["email"].is_string(), "{pinned:?}");
}

#[tokio::test]
async fn a_reader_asks_for_any_live_version_and_gets_its_shape() {
    let server = Server::with_v1().await;
    server.register_user("ada", "London").await;
    server.activate(V2, "v2").await;
    let active = server.get("/v1/cache/profile/ada").await;
    assert_eq!(active.version.as_deref(), Some("v2"));
    assert_eq!(active.json["value"], json!({ "mail": "ada@example.org", "city": "London", "locale": "en" }));
    let older = server.get("/v1/cache/profile/ada?read_as=v1").await;
    assert_eq!(older.version.as_deref(), Some("v1"));
    assert_eq!(older.json["value"], json!({ "email": "ada@example.org", "city": "London" }));
    server.order("/v1/versions/v1/drop", json!({})).await;
    let gone = server.get("/v1/cache/profile/ada?read_as=v1").await;
    assert_eq!((gone.status, gone.code()), (409, "version-not-live"));
    assert_eq!(gone.json["live"], json!(["v2"]));
}

/// Readers go on while versions switch back and forth: every answer is of one version, and complete.
#[tokio::test]
async fn no_answer_mixes_versions() {
    let server = Server::with_v1().await;
    server.register_user("ada", "London").await;
    server.activate(V2, "v2").await;
    let switches = async {
        for n in 0..20 {
            let (verb, to) = if n % 2 == 0 { ("rewind", "v1") } else { ("cutover", "v2") };
            let body = if n % 2 == 0 { json!({}) } else { json!({ "expected_active": "v1" }) };
            let switched = server.order(&format!("/v1/versions/{to}/{verb}"), body).await;
            assert_eq!(switched.status, 200, "{switched:?}");
        }
    };
    let reads = async {
        let mut seen = [0, 0];
        while seen.iter().sum::<u32>() < 400 {
            for path in ["/v1/cache/profile/ada", "/v1/views/by_city?by=city"] {
                let answer = server.get(path).await;
                let row = answer.json.get("value").unwrap_or(&answer.json["rows"][0]["value"]);
                let is_v2 = row.get("mail").is_some();
                assert_eq!(is_v2, row.get("email").is_none(), "{answer:?}");
                assert_eq!(answer.version.as_deref(), Some(if is_v2 { "v2" } else { "v1" }), "{answer:?}");
                seen[usize::from(is_v2)] += 1;
            }
        }
        seen
    };
    let ((), seen) = tokio::join!(switches, reads);
    assert!(seen.iter().all(|count| *count > 0), "both versions answered: {seen:?}");
}

#[tokio::test]
async fn a_head_request_says_where_the_engine_is() {
    let server = Server::with_v1().await;
    let request = server.request(reqwest::Method::HEAD, "/v1/state?at_least=4");
    let response = request.send().await.expect("a response");
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["selfsame-position"], "4");
    assert_eq!(response.headers()["selfsame-version"], "v1");
}

#[tokio::test]
async fn an_event_is_read_at_any_version_that_can_say_it() {
    let server = Server::with_v1().await;
    let at = server.register_user("ada", "London").await.position;
    server.activate(V2, "v2").await;
    let event_json = event("user.moved", "ada", json!({ "user_id": "ada", "city": "Rome" }));
    let moved = server.post("/v1/events", crate::server::STRUCTURED, &event_json.to_string()).await;

    let active = server.get(&format!("/v1/events/{at}")).await;
    let event = &active.json["event"];
    assert_eq!(active.version.as_deref(), Some("v2"));
    assert_eq!(event["written_in"], "v1");
    assert_eq!((&event["position"], &event["principal"]), (&json!(at), &json!("tester")));
    assert_eq!((&event["type"], &event["key"]), (&json!("user.registered"), &json!("ada")));
    let mail = "ada@example.org";
    let at_v2 = json!({ "user_id": "ada", "mail": mail, "city": "London", "locale": "en" });
    assert_eq!(event["data"], at_v2);
    let older = server.get(&format!("/v1/events/{at}?read_as=v1")).await;
    assert_eq!(older.json["event"]["data"], json!({ "user_id": "ada", "email": mail, "city": "London" }));
    let unknown = server.get(&format!("/v1/events/{}?read_as=v1", moved.position)).await;
    assert_eq!((unknown.status, unknown.code()), (422, "unknown-type"));
}

#[tokio::test]
async fn a_reader_waits_for_a_position() {
    let server = Server::with_v1().await;
    let next = server.get("/v1/state").await.position + 1;
    let path = format!("/v1/cache/profile/ada?at_least={next}");
    let (row, _) = tokio::join!(server.get(&path), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.register_user("ada", "London").await
    });
    assert_eq!((row.status, row.position), (200, next));
    let behind = server.get(&format!("/v1/state?at_least={}", u64::MAX)).await;
    assert_eq!((behind.status, behind.code()), (504, "behind"));
    assert_eq!(behind.position, next);
}

#[tokio::test]
async fn health_and_state_say_how_the_engine_is() {
    let server = Server::start().await;
    let empty = server.get("/v1/state").await;
    assert_eq!((empty.position, empty.version.as_deref()), (0, None));
    assert_eq!(server.get("/v1/health").await.json["ok"], true);
    server.activate(crate::server::V1, "v1").await;
    server.register_user("ada", "London").await;
    let state = server.get("/v1/state").await;
    let json = &state.json;
    assert_eq!((&json["active"], &json["since"]), (&json!("v1"), &json!(4)));
    assert_eq!((&json["head"], &json["events"]), (&json!(5), &json!(1)));
    assert_eq!((&json["read_only"], &json["boundary"]), (&json!(false), &json!("none")));
    assert_eq!(json["switches"][0]["to"], "v1");
    assert_eq!(json["queues"]["welcome"]["pending"], 1);
    assert_eq!(json["builds"], json!([]));
    let version = &json["versions"][0];
    assert_eq!((&version["no"], &version["stage"]), (&json!("v1"), &json!("active")));
    assert_eq!(version["live"]["at"], 5);
    let names = version["live"]["projections"].as_array().expect("a list").iter().map(|p| &p["name"]);
    let mut names: Vec<&str> = names.filter_map(Value::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["by_city", "profile", "welcome"]);
    let digest = version["live"]["digest"].as_str().expect("a digest");
    assert_eq!(digest.len(), 64, "{digest}");
}
