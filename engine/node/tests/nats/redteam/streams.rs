//! The in-trays: deleting, purging, stealing from them, and making others' events vanish.

use selfsame_node::nats::client::Publisher;
use serde_json::json;

use crate::fort::{Fort, key, pair, plane as listen};
use crate::raw::Raw;
use crate::rig::{Rig, registered, structured, until, who};

/// What would do harm to the in-tray of `web`, and what is said with it.
fn harmful() -> Vec<(String, String)> {
    let stream = "SELFSAME_TRAY_web";
    let config = json!({ "name": stream, "subjects": ["selfsame.tray.web.>"], "max_msgs": 1 }).to_string();
    let mirror = json!({ "name": "M", "sources": [{ "name": stream }] }).to_string();
    let all = json!({ "name": "A", "subjects": ["selfsame.>"] }).to_string();
    let consumer =
        json!({ "stream_name": stream, "config": { "durable_name": "x", "ack_policy": "explicit" } });
    let of = |verb: &str, rest: &str| format!("$JS.API.{verb}.{stream}{rest}");
    vec![
        (of("STREAM.DELETE", ""), String::new()),
        (of("STREAM.PURGE", ""), String::new()),
        (of("STREAM.UPDATE", ""), config),
        (of("STREAM.MSG.DELETE", ""), "{\"seq\":1}".to_owned()),
        (of("STREAM.MSG.GET", ""), "{\"seq\":1}".to_owned()),
        (of("STREAM.INFO", ""), String::new()),
        (of("STREAM.SNAPSHOT", ""), "{\"deliver_subject\":\"_INBOX_other.1\"}".to_owned()),
        ("$JS.API.STREAM.CREATE.M".to_owned(), mirror),
        ("$JS.API.STREAM.CREATE.A".to_owned(), all),
        ("$JS.API.STREAM.NAMES".to_owned(), String::new()),
        ("$JS.API.INFO".to_owned(), String::new()),
        (of("CONSUMER.DURABLE.CREATE", ".x"), consumer.to_string()),
        (of("CONSUMER.DELETE", ".selfsame"), String::new()),
        (of("CONSUMER.MSG.NEXT", ".selfsame"), "1".to_owned()),
        (format!("$JS.ACK.{stream}.selfsame.1.1.1.1.0"), String::new()),
        ("$JS.FC.x".to_owned(), String::new()),
        ("$SYS.REQ.SERVER.PING".to_owned(), String::new()),
        ("$SYS.REQ.ACCOUNT.SELFSAME.CONNZ".to_owned(), String::new()),
    ]
}

async fn check_unharmed(fort: &Fort) {
    let web = fort.publisher("web").await;
    for (n, user) in [(1, "ada"), (2, "bob")] {
        let seq = web.put_in_tray(&who("web"), &registered(user, user, "Rome")).await.expect("kept");
        assert_eq!(seq, n, "the stream is the one that it was");
        fort.rig.until_city(user, "Rome").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_an_open_server_anybody_deletes_the_in_tray() {
    let rig = Rig::start().await;
    let mut raw = Raw::connect(rig.nats.port, None, None).expect("a connection");
    assert!(raw.subscribe("_INBOX.x", "").is_empty());
    assert!(raw.publish("$JS.API.STREAM.DELETE.SELFSAME_TRAY", "_INBOX.x", "").is_empty());
    let (_, answer) = raw.next().await;
    assert!(String::from_utf8_lossy(&answer).contains("\"success\":true"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_principal_may_say_a_word_to_jetstream() {
    let fort = Fort::start().await;
    let (mut web, mut other) = (fort.raw("web"), fort.raw("other"));
    for (subject, body) in harmful() {
        for (name, raw) in [("web", &mut web), ("other", &mut other)] {
            let complaints = raw.publish(&subject, &format!("_INBOX_{name}.1"), &body);
            assert!(complaints.join(" ").contains("Permissions Violation for Publish"), "{name} {subject}");
        }
    }
    check_unharmed(&fort).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_permissions_there_is_no_jetstream_in_a_principals_account() {
    let fort = Fort::without_permissions().await;
    let mut other = fort.raw("other");
    assert!(other.subscribe("_INBOX_other.>", "").is_empty());
    for (subject, body) in harmful() {
        assert!(other.publish(&subject, "_INBOX_other.1", &body).is_empty());
        other.say(b"");
        for (_, answer) in other.messages.drain(..) {
            let answer = String::from_utf8_lossy(&answer).into_owned();
            let is_no = answer.is_empty() || answer.contains("JetStream not enabled for account");
            assert!(is_no, "{subject}: {answer}");
        }
    }
    check_unharmed(&fort).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engines_own_user_deletes_no_stream() {
    let fort = Fort::start().await;
    let mut engine = fort.raw("engine");
    for (subject, body) in harmful() {
        let destroys = ["STREAM.DELETE", "STREAM.PURGE", "STREAM.SNAPSHOT", "STREAM.NAMES", "DURABLE.CREATE"];
        if destroys.iter().any(|verb| subject.contains(verb)) || subject.starts_with("$SYS") {
            let complaints = engine.publish(&subject, "_INBOX_selfsame.1", &body);
            assert!(complaints.join(" ").contains("Permissions Violation for Publish"), "{subject}");
        }
    }
    check_unharmed(&fort).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_cannot_roll_up_what_is_in_the_in_tray() {
    let fort = Fort::start().await;
    let mut web = fort.raw("web");
    assert!(web.subscribe("_INBOX_web.>", "").is_empty());
    let event = structured("1", "ada", "London").to_string();
    for rollup in ["all", "sub"] {
        let headers = format!("NATS/1.0\r\nNats-Rollup: {rollup}\r\n\r\n");
        web.publish_with("selfsame.tray.web.user.registered", "_INBOX_web.1", &headers, &event);
        let (_, answer) = web.next().await;
        assert!(String::from_utf8_lossy(&answer).contains("rollup not permitted"), "{answer:?}");
    }
    check_unharmed(&fort).await;
}

/// Two messages with one `Nats-Msg-Id`, the first of whoever wants the second to vanish.
fn with_id(id: &str) -> String {
    format!("NATS/1.0\r\nNats-Msg-Id: {id}\r\n\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn in_one_stream_a_message_id_makes_anothers_event_vanish() {
    let rig = Rig::start().await;
    let mut raw = Raw::connect(rig.nats.port, None, None).expect("a connection");
    assert!(raw.subscribe("_INBOX.x", "").is_empty());
    let (poison, event) = ("{}".to_owned(), structured("1", "ada", "London").to_string());
    let mut both = vec![];
    for (name, body) in [("other", &poison), ("web", &event)] {
        let (headers, subject) = (with_id("k"), format!("selfsame.tray.{name}.user.registered"));
        let (h, all) = (headers.len(), headers.len() + body.len());
        both.extend_from_slice(
            format!("HPUB {subject} _INBOX.x {h} {all}\r\n{headers}{body}\r\n").as_bytes(),
        );
    }
    assert!(raw.say(&both).is_empty());
    let (_, first) = raw.next().await;
    let (_, second) = raw.next().await;
    assert!(!String::from_utf8_lossy(&first).contains("duplicate"));
    assert!(
        String::from_utf8_lossy(&second).contains("\"duplicate\": true"),
        "{}",
        String::from_utf8_lossy(&second)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_id_that_another_used_suppresses_nothing() {
    let fort = Fort::start().await;
    let (mut other, mut web) = (fort.raw("other"), fort.raw("web"));
    for n in 0..20 {
        let (id, user) = (format!("k{n}"), format!("user{n}"));
        let event = structured(&id, &user, "London").to_string();
        other.publish_with("selfsame.tray.other.user.registered", "", &with_id(&id), "{}");
        web.publish_with("selfsame.tray.web.user.registered", "", &with_id(&id), &event);
    }
    until("all of web's events are in the log", async || fort.rig.events() == 20).await;
    until("and the others are noted", async || fort.noted().len() == 20).await;
    assert!(fort.noted().iter().all(|(principal, _)| principal == "other"));
}

/// What fills one in-tray leaves room in the next.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_in_tray_is_its_senders_alone() {
    let fort = Fort::start().await;
    let Fort { rig } = fort;
    let Rig { nats, engine, plane, log } = rig;
    plane.stop().await;
    // Nobody reads the in-trays now.
    let mut other = Raw::connect(nats.port, Some(&pair("other")), None).expect("a connection");
    assert!(other.subscribe("_INBOX_other.>", "").is_empty());
    let large = "x".repeat(250 * 1024);
    let mut full = false;
    for _ in 0..60 {
        other.publish("selfsame.tray.other.user.registered", "_INBOX_other.1", &large);
        let (_, answer) = other.next().await;
        full |= String::from_utf8_lossy(&answer).contains("maximum bytes exceeded");
    }
    assert!(full, "the in-tray of `other` is full");
    let (url, key) = (nats.url(), key("web"));
    let web = Publisher::connect_as(&url, &who("web"), &key).await.expect("a connection");
    web.put_in_tray(&who("web"), &registered("1", "ada", "London")).await.expect("room for others");
    let plane = listen(&engine, &nats).await;
    let rig = Rig { nats, engine, plane, log };
    rig.until_city("ada", "London").await;
}
