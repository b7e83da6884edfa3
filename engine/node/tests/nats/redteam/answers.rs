//! Answers: reading others', giving false ones, and having the engine publish where it should not.

use serde_json::Value;

use crate::fort::Fort;
use crate::raw::Raw;
use crate::rig::{Rig, registered, structured, until, who};

const EAVESDROP: [&str; 8] = [
    ">",
    "*.>",
    "_INBOX.>",
    "_INBOX_web.>",
    "_R_.>",
    "selfsame.>",
    "selfsame.in.web.>",
    "selfsame.feed.web.>",
];

#[tokio::test(flavor = "multi_thread")]
async fn on_an_open_server_anybody_hears_everything() {
    let rig = Rig::start().await;
    let mut spy = Raw::connect(rig.nats.port, None, None).expect("a connection");
    assert!(spy.subscribe(">", "").is_empty());
    rig.publisher().await.publish(&who("web"), &registered("1", "ada", "London")).await.expect("taken");
    spy.say(b"");
    assert!(spy.messages.iter().any(|(subject, _)| subject.starts_with("_INBOX.")), "{:?}", spy.messages);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_may_listen_to_anything_but_their_own_inbox() {
    let fort = Fort::start().await;
    let mut other = fort.raw("other");
    for subject in EAVESDROP {
        for queue in ["", "selfsame"] {
            let complaints = other.subscribe(subject, queue);
            assert!(
                complaints.join(" ").contains("Permissions Violation for Subscription"),
                "{subject} {queue}"
            );
        }
    }
    assert!(other.subscribe("_INBOX_other.>", "").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_permissions_nobody_hears_another_account() {
    let fort = Fort::without_permissions().await;
    let mut other = fort.raw("other");
    for subject in EAVESDROP {
        for queue in ["", "selfsame"] {
            assert!(other.subscribe(subject, queue).is_empty());
        }
    }
    for round in 0..50 {
        let web = fort.publisher("web").await;
        web.publish(&who("web"), &registered(&round.to_string(), "ada", "London")).await.expect("taken");
    }
    other.say(b"");
    assert!(other.messages.is_empty(), "{:?}", other.messages);
    assert_eq!(fort.rig.events(), 50, "no request went to a thief");
}

/// Where an answer would do harm.
const HARMFUL: [&str; 8] = [
    "selfsame.in.other.user.registered",
    "selfsame.in.admin.x",
    "selfsame.in.web.user.registered",
    "selfsame.tray.other.user.registered",
    "selfsame.feed.web.profile",
    "$JS.API.STREAM.DELETE.SELFSAME_TRAY_other",
    "_INBOX_other.1",
    "_INBOX_selfsame.1",
];

/// The answer stays in its asker's account, whatever subject it has there.
async fn check_answers_stay(fort: &Fort) {
    let mut other = fort.raw("other");
    let _ = other.subscribe("_INBOX_other.>", "");
    let mut web = fort.raw("web");
    for (n, reply) in HARMFUL.iter().enumerate() {
        let event = structured(&n.to_string(), "ada", "London").to_string();
        assert!(web.publish("selfsame.in.web.user.registered", reply, &event).is_empty());
        assert!(web.publish("selfsame.get.profile.ada", reply, "").is_empty());
        let feed = "NATS/1.0\r\nselfsame-feed-id: a\r\n\r\n";
        assert!(web.publish_with("selfsame.feed.web.profile", reply, feed, "").is_empty());
    }
    until("all of them are taken", async || fort.rig.events() == HARMFUL.len() as u64).await;
    let complaints = web.publish("selfsame.in.web.user.registered", "_R_.a.b", "{}");
    assert!(
        complaints.join(" ").contains("Publish with Reply"),
        "subjects that the server makes up are its own"
    );
    fort.check_serves("other", "after").await;
    fort.publisher("other")
        .await
        .put_in_tray(&who("other"), &registered("t", "eve", "Oslo"))
        .await
        .expect("kept");
    fort.rig.until_city("eve", "Oslo").await;
    other.say(b"");
    let stray = other.messages.iter().find(|(subject, _)| HARMFUL.contains(&subject.as_str()));
    assert_eq!(stray, None);
    let by = |name: &str| fort.noted().iter().filter(|(principal, _)| principal == name).count();
    assert_eq!((by("other"), by("admin")), (0, 0), "{:?}", fort.noted());
    assert_eq!(fort.rig.events(), HARMFUL.len() as u64 + 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_goes_to_nobody_but_who_asked() {
    check_answers_stay(&Fort::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_permissions_an_answer_goes_to_nobody_but_who_asked() {
    check_answers_stay(&Fort::without_permissions().await).await;
}

/// Should all else fail, the server does not let the engine say what it takes in.
#[tokio::test(flavor = "multi_thread")]
async fn the_engines_own_user_may_publish_nothing_that_it_takes_in() {
    let fort = Fort::start().await;
    let mut engine = fort.raw("engine");
    for subject in HARMFUL {
        let complaints = engine.publish(subject, "", "{}");
        assert!(complaints.join(" ").contains("Permissions Violation for Publish"), "{subject}");
    }
    assert_eq!((fort.rig.events(), fort.noted().len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_can_answer_for_the_engine() {
    let fort = Fort::without_permissions().await;
    let mut other = fort.raw("other");
    let mut web = fort.raw("web");
    assert!(web.subscribe("_INBOX_web.>", "").is_empty());
    let event = structured("1", "ada", "London").to_string();
    for subject in ["_INBOX_web.1", "_R_.a.b"] {
        assert!(other.publish(subject, "", "{\"forged\":true}").is_empty());
    }
    assert!(web.publish("selfsame.in.web.user.registered", "_INBOX_web.1", &event).is_empty());
    let (_, answer) = web.next().await;
    let answer: Value = serde_json::from_slice(&answer).expect("JSON");
    assert_eq!(answer["events"][0]["duplicate"], false, "{answer}");
    assert!(web.messages.is_empty());
}
