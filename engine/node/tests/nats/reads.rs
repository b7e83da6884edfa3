//! Reading by request-reply.

use std::time::{Duration, Instant};

use selfsame_record::{Position, VersionNo};
use serde_json::{Value, json};

use crate::rig::{Rig, code, code_of, headers, key, name, registered, who};
use crate::server::Nats;

#[tokio::test]
async fn a_row_is_read_by_any_key() {
    let rig = Rig::start().await;
    let publisher = rig.publisher().await;
    let keys = [
        "ada",
        ".",
        "..",
        ".git",
        "a b",
        "*",
        ">",
        "a..b",
        "a.b.c",
        "100%",
        "%41",
        "Köln/Zürich",
        "a\u{2028}b",
    ];
    for user in keys {
        let taken = publisher.publish(&who("web"), &registered(user, user, &format!("city of {user}"))).await;
        let position = taken.expect("taken")["position"].clone();
        let read = publisher.get(&name("profile"), &key(user), None, None).await.expect("a row");
        let expect = json!({
            "position": position, "version": "v1", "projection": "profile", "key": user,
            "value": { "city": format!("city of {user}") },
        });
        assert_eq!(read, expect);
    }
    let view =
        publisher.get(&name("by_city"), &key("ada"), None, Some(VersionNo::FIRST)).await.expect("a row");
    assert_eq!(view["value"]["city"], "city of ada");
}

#[tokio::test]
async fn what_cannot_be_read_is_answered_with_the_reason() {
    let rig = Rig::start().await;
    let publisher = rig.publisher().await;
    let v9 = VersionNo::parse("v9").expect("a version");
    assert_eq!(code(publisher.get(&name("profile"), &key("nobody"), None, None).await), "not-found");
    assert_eq!(code(publisher.get(&name("nothing"), &key("ada"), None, None).await), "unknown-projection");
    assert_eq!(code(publisher.get(&name("profile"), &key("ada"), None, Some(v9)).await), "unknown-version");
    let client = rig.client().await;
    for (subject, rows, expect) in [
        ("selfsame.get.profile", &[][..], "bad-request"),
        ("selfsame.get.building", &[], "bad-request"),
        ("selfsame.get.profile.%F", &[], "bad-request"),
        ("selfsame.get.profile.ada", &[("selfsame-at-least", "soon")], "bad-request"),
        (
            "selfsame.get.profile.ada",
            &[("Selfsame-Read-As", "v1"), ("selfsame-read-as", "v2")],
            "bad-request",
        ),
    ] {
        let answer = client.request_with_headers(subject, headers(rows), "".into()).await.expect("an answer");
        let problem: Value = serde_json::from_slice(&answer.payload).expect("JSON");
        assert_eq!(code_of(&problem), expect, "{subject} {rows:?}: {problem}");
    }
}

#[tokio::test]
async fn the_builds_that_are_under_way_are_read() {
    let rig = Rig::start().await;
    let client = rig.client().await;
    let answer = client.request("selfsame.get.builds", "".into()).await.expect("an answer");
    let read: Value = serde_json::from_slice(&answer.payload).expect("JSON");
    assert_eq!(read, json!({ "position": rig.handle().position(), "version": "v1", "builds": [] }));
}

#[tokio::test]
async fn a_read_waits_for_a_position_and_does_not_hold_up_the_others() {
    let rig = Rig::start().await;
    let publisher = rig.publisher().await;
    let next = Position::new(rig.handle().position().get() + 1);
    let waiting = {
        let publisher = publisher.clone();
        tokio::spawn(async move { publisher.get(&name("profile"), &key("ada"), Some(next), None).await })
    };
    let never = {
        let publisher = publisher.clone();
        let far = Position::new(1_000_000);
        tokio::spawn(async move { publisher.get(&name("profile"), &key("ada"), Some(far), None).await })
    };
    tokio::time::sleep(Duration::from_millis(100)).await;
    let begun = Instant::now();
    assert_eq!(code(publisher.get(&name("profile"), &key("ada"), None, None).await), "not-found");
    assert!(begun.elapsed() < Duration::from_secs(2), "others were held up");
    assert!(!waiting.is_finished());
    publisher.publish(&who("web"), &registered("1", "ada", "London")).await.expect("taken");
    let read = waiting.await.expect("no panic").expect("a row");
    assert_eq!((&read["value"]["city"], &read["position"]), (&json!("London"), &json!(next.get())));
    assert_eq!(code(never.await.expect("no panic")), "behind");
}

#[tokio::test]
async fn an_answer_over_the_servers_limit_is_said_to_be_too_large() {
    let rig = Rig::on(Nats::with_config(Some("max_payload: 3000\n")).await).await;
    let publisher = rig.publisher().await;
    let mut event = registered("1", "ada", "London");
    let note = "x".repeat(2000);
    event.data = json!({ "user_id": "ada", "city": "London", "note": note }).to_string().into_bytes();
    publisher.publish(&who("web"), &event).await.expect("taken");
    assert_eq!(code(publisher.get(&name("by_city"), &key("ada"), None, None).await), "too-large");
    assert!(publisher.get(&name("profile"), &key("ada"), None, None).await.is_ok());
}

#[tokio::test]
async fn reads_are_counted_by_version_and_name_nobody() {
    let rig = Rig::start().await;
    let publisher = rig.publisher().await;
    publisher.publish(&who("web"), &registered("1", "ada", "London")).await.expect("taken");
    for read_as in [None, Some(VersionNo::FIRST)] {
        publisher.get(&name("profile"), &key("ada"), None, read_as).await.expect("a row");
    }
    let census: Value = serde_json::from_str(&selfsame_node::read::census(rig.handle()).body).expect("JSON");
    let rows = census["rows"].as_array().expect("a list");
    let shown =
        |row: &Value| json!([row["principal"], row["group"], row["wrote"]["events"], row["read"]["count"]]);
    let shown: Vec<Value> = rows.iter().map(shown).collect();
    assert_eq!(shown, [json!(["web", null, 1, null]), json!([null, "unnamed", null, 2])]);
}
