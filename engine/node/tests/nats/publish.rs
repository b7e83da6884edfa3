//! Publishing by request-reply.

use std::time::Duration;

use futures_util::StreamExt;
use selfsame_node::read;
use selfsame_record::Position;
use serde_json::{Value, json};

use crate::rig::{Rig, headers, registered, structured, until, who};

fn json_of(message: &async_nats::Message) -> Value {
    serde_json::from_slice(&message.payload).expect("JSON")
}

#[tokio::test]
async fn structured_and_binary_mode_are_taken_and_answered_with_the_place() {
    let rig = Rig::start().await;
    let client = rig.client().await;
    let subject = "selfsame.in.web.user.registered";
    let before = rig.handle().position().get();
    let body = structured("1", "ada", "London").to_string();
    let plain = client.request(subject, body.into()).await.expect("an answer");
    let expect = json!({
        "position": before + 1, "version": "v1",
        "events": [{ "position": before + 1, "duplicate": false }],
    });
    assert_eq!(json_of(&plain), expect);
    let body = structured("2", "bob", "Paris").to_string();
    let typed = headers(&[("Content-Type", "application/cloudevents+json; charset=UTF-8")]);
    let typed = client.request_with_headers(subject, typed, body.into()).await.expect("an answer");
    assert_eq!(json_of(&typed)["position"], before + 2);
    let binary = headers(&[
        ("ce-specversion", "1.0"),
        ("Ce-Id", "3"),
        ("ce-SOURCE", "/tests"),
        ("ce-subject", "Z%C3%BCrich%20user"),
        ("content-type", "application/json"),
    ]);
    let body = json!({ "user_id": "Zürich user", "city": "Zürich" }).to_string();
    let binary = client.request_with_headers(subject, binary, body.into()).await.expect("an answer");
    assert_eq!(json_of(&binary)["position"], before + 3);
    let cities = ["ada", "bob", "Zürich user"].map(|user| rig.city(user).expect("a profile"));
    assert_eq!(cities, ["London", "Paris", "Zürich"]);
}

#[tokio::test]
async fn a_repeated_event_gets_the_first_answer_and_another_sender_has_ids_of_its_own() {
    let rig = Rig::start().await;
    let publisher = rig.publisher().await;
    let event = registered("1", "ada", "London");
    let first = publisher.publish(&who("web"), &event).await.expect("taken");
    let again = publisher.publish(&who("web"), &event).await.expect("taken");
    let at = first["events"][0]["position"].clone();
    assert_eq!(again["events"], json!([{ "position": at, "duplicate": true }]));
    let other = publisher.publish(&who("shop"), &event).await.expect("taken");
    assert_eq!(other["events"][0]["duplicate"], false);
    assert_eq!(rig.events(), 2);
}

#[tokio::test]
async fn the_log_keeps_who_published_what() {
    let rig = Rig::start().await;
    let event = registered("1", "ada", "London");
    let taken = rig.publisher().await.publish(&who("web"), &event).await.expect("taken");
    let at = Position::new(taken["position"].as_u64().expect("a position"));
    let served = read::event(rig.handle(), None, at, None).expect("an event");
    let shown: Value = serde_json::from_str(&served.body).expect("JSON");
    let text = shown.to_string();
    assert!(text.contains("\"web\"") && text.contains("\"ada\"") && text.contains("/tests"), "{text}");
}

#[tokio::test]
async fn without_a_reply_subject_an_event_is_taken_all_the_same() {
    let rig = Rig::start().await;
    let client = rig.client().await;
    let body = structured("1", "ada", "London").to_string();
    client.publish("selfsame.in.web.user.registered", body.into()).await.expect("sent");
    rig.until_city("ada", "London").await;
}

#[tokio::test]
async fn an_answer_never_goes_where_the_engine_or_the_server_listens() {
    let rig = Rig::start().await;
    let client = rig.client().await;
    let mut all = client.subscribe("selfsame.in.>").await.expect("a subscription");
    let mut api = client.subscribe("$JS.API.INFO").await.expect("a subscription");
    client.flush().await.expect("a server");
    let subject = "selfsame.in.web.user.registered";
    for (id, reply) in
        [("1", "selfsame.in.web.user.registered"), ("2", "$JS.API.INFO"), ("3", "selfsame.in.x.y")]
    {
        let body = structured(id, id, "London").to_string();
        client.publish_with_reply(subject, reply, body.into()).await.expect("sent");
    }
    let get = "selfsame.get.profile.1";
    client.publish_with_reply(get, "selfsame.in.web.user.registered", "".into()).await.expect("sent");
    let last = client.request(subject, structured("4", "4", "London").to_string().into()).await;
    assert_eq!(json_of(&last.expect("an answer"))["events"][0]["duplicate"], false);
    until("each of them is noted", async || rig.refused().len() == 4).await;
    assert_eq!(rig.events(), 1, "nothing was done for an answer that could not be given");
    for noted in rig.refused() {
        let detail = noted["detail"].as_str().expect("a sentence");
        assert!(noted["code"] == "bad-request" && detail.ends_with("which is not answered on"), "{noted}");
    }
    for _ in 0..4 {
        assert_eq!(all.next().await.expect("a message").subject.as_str(), subject);
    }
    let more = tokio::time::timeout(Duration::from_millis(300), async {
        tokio::select! { more = all.next() => more, more = api.next() => more }
    });
    assert!(more.await.is_err(), "the engine published to itself or to the server");
}

/// One connection sends without waiting, so the server has the messages in this order.
#[tokio::test]
async fn two_thousand_pipelined_events_of_one_key_stand_in_their_order() {
    const EVENTS: u64 = 2000;
    let rig = Rig::start().await;
    let client = rig.client().await;
    let mut answers = client.subscribe("answers.*").await.expect("a subscription");
    let before = rig.handle().position().get();
    for n in 0..EVENTS {
        let body = structured(&n.to_string(), "ada", &format!("city {n}")).to_string();
        let reply = format!("answers.{n}");
        client.publish_with_reply("selfsame.in.web.user.registered", reply, body.into()).await.expect("sent");
    }
    for _ in 0..EVENTS {
        let answer = answers.next().await.expect("an answer");
        let n: u64 = answer.subject.strip_prefix("answers.").and_then(|n| n.parse().ok()).expect("a number");
        assert_eq!(json_of(&answer)["events"][0]["position"], before + 1 + n, "{answer:?}");
    }
    assert_eq!(rig.city("ada").as_deref(), Some("city 1999"));
}

#[tokio::test]
async fn a_stop_answers_everything_that_was_taken() {
    let rig = Rig::start().await;
    let client = rig.client().await;
    let mut answers = client.subscribe("answers").await.expect("a subscription");
    for n in 0..500 {
        let body = structured(&n.to_string(), "ada", "London").to_string();
        let sent = client.publish_with_reply("selfsame.in.web.user.registered", "answers", body.into()).await;
        sent.expect("sent");
    }
    client.flush().await.expect("a server");
    until("the engine has begun", async || rig.events() > 0).await;
    let (nats, log) = rig.stop().await;
    let mut answered = 0;
    while let Ok(Some(answer)) = tokio::time::timeout(Duration::from_millis(300), answers.next()).await {
        // What comes when the engine listens no more is answered by the server, and was not taken.
        if answer.status == Some(async_nats::StatusCode::NO_RESPONDERS) {
            continue;
        }
        assert_eq!(json_of(&answer)["version"], "v1", "{answer:?}");
        answered += 1;
    }
    let engine = crate::rig::engine(&log);
    assert_eq!(engine.handle().read(selfsame_core::Serving::events), answered);
    assert!(answered > 0);
    drop(nats);
}
