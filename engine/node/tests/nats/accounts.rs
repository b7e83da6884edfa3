//! The plane across the accounts of a server: everything that works on an open server works here too, and
//! each message is its sender's.

use std::time::Duration;

use async_nats::HeaderMap;
use futures_util::StreamExt as _;
use selfsame_core::Draft;
use selfsame_log::Schedule;
use selfsame_node::nats::client::{Publisher, options_as};
use selfsame_node::nats::{self, ManagedNats, NatsOptions, TRAY_BYTES_DEFAULT};
use serde_json::{Value, json};

use crate::fort::{Fort, key, layout, options};
use crate::rig::{Rig, activate, code, engine, headers, log, name, registered, structured, until, who};
use crate::server::Nats;

fn json_of(message: &async_nats::Message) -> Value {
    serde_json::from_slice(&message.payload).expect("JSON")
}

#[tokio::test]
async fn each_principal_publishes_reads_and_fills_its_own_in_tray() {
    let fort = Fort::start().await;
    let (web, other) = (fort.publisher("web").await, fort.publisher("other").await);
    let taken = web.publish(&who("web"), &registered("1", "ada", "London")).await.expect("taken");
    assert_eq!(taken["events"][0]["duplicate"], false);
    let again = other.publish(&who("other"), &registered("1", "ada", "Paris")).await.expect("taken");
    assert_eq!(again["events"][0]["duplicate"], false, "the same id of another principal is another event");
    let read = other.get(&name("profile"), &crate::rig::key("ada"), None, None).await.expect("a row");
    assert_eq!(read["value"]["city"], "Paris");
    for (publisher, who_puts, user) in [(&web, "web", "bob"), (&other, "other", "eve")] {
        let seq = publisher.put_in_tray(&who(who_puts), &registered("t", user, "Rome")).await.expect("kept");
        assert_eq!(seq, 1, "a stream of its own");
        fort.rig.until_city(user, "Rome").await;
    }
    assert_eq!((fort.rig.events(), fort.noted().len()), (4, 0));
}

#[tokio::test]
async fn an_event_is_noted_under_the_name_of_the_account_that_sent_it() {
    let fort = Fort::start().await;
    let web = fort.publisher("web").await;
    let bad = Draft::structured(
        structured("1", "ada", "x").to_string().replace("London", "").replace("city", "town").as_bytes(),
    );
    assert_eq!(code(web.publish(&who("web"), &bad.expect("an event")).await), "invalid-event");
    assert_eq!(fort.noted(), [("web".to_owned(), "invalid-event".to_owned())]);
}

#[tokio::test]
async fn a_feed_crosses_accounts_and_goes_on_when_it_is_renewed() {
    let fort = Fort::start().await;
    let (client, web) = (fort.client("planner").await, fort.publisher("web").await);
    let inbox = client.new_inbox();
    assert!(inbox.starts_with("_INBOX_planner."), "{inbox}");
    let mut messages = client.subscribe(inbox.clone()).await.expect("a subscription");
    let ask = async |subject: &str| {
        let headers = headers(&[("selfsame-feed-id", "a")]);
        let sent =
            client.publish_with_reply_and_headers(subject.to_owned(), inbox.clone(), headers, "".into());
        sent.await.expect("sent");
        client.flush().await.expect("a server");
    };
    let mut said = Vec::new();
    for round in 0..3 {
        // Each renewal comes to the engine with another reply subject.
        ask("selfsame.feed.planner.profile").await;
        let event = registered(&format!("{round}"), &format!("user{round}"), "Rome");
        web.publish(&who("web"), &event).await.expect("taken");
        let row = format!("user{round}");
        loop {
            let message = tokio::time::timeout(Duration::from_secs(20), messages.next()).await;
            let message = message.expect("in time").expect("a message");
            let headers = message.headers.clone().expect("headers");
            said.push(headers.get("selfsame-seq").expect("a number").as_str().to_owned());
            if json_of(&message)["key"] == row.as_str() {
                break;
            }
        }
    }
    let counted: Vec<String> = (1..=said.len()).map(|n| n.to_string()).collect();
    assert_eq!(said, counted, "one feed, and nothing of it twice");
    ask("selfsame.feed.planner").await;
    let message = tokio::time::timeout(Duration::from_secs(20), messages.next()).await;
    assert_eq!(json_of(&message.expect("in time").expect("a message"))["message"], "caught-up");
}

#[tokio::test]
async fn a_message_that_no_server_attests_is_nobodys() {
    let log = log(Schedule::none());
    let engine = engine(&log);
    activate(engine.handle()).await;
    let nats = Nats::start().await;
    let options = NatsOptions { key: None, ..options() };
    let plane = nats::start(engine.handle().clone(), &nats.url(), options).await.expect("an address");
    let rig = Rig { nats, engine, plane, log };
    rig.until_reading().await;
    let client = rig.client().await;
    let forged = json!({ "acc": "principal-web", "user": key("other").public().to_string() }).to_string();
    for (rows, code) in [
        (vec![], "no-principal"),
        (vec![("Nats-Request-Info", "{}")], "no-principal"),
        (vec![("Nats-Request-Info", forged.as_str())], "wrong-principal"),
    ] {
        let body = structured("1", "ada", "London").to_string();
        for subject in
            ["selfsame.in.web.user.registered", "selfsame.read.web.profile.ada", "selfsame.feed.web.profile"]
        {
            let mut headers: HeaderMap = headers(&rows);
            headers.insert("selfsame-feed-id", "a");
            let answer = client.request_with_headers(subject, headers, body.clone().into()).await;
            assert_eq!(crate::rig::code_of(&json_of(&answer.expect("an answer"))), code, "{subject}");
        }
    }
    assert_eq!(rig.events(), 0);
    let noted = rig.refused();
    assert_eq!(noted.len(), 3, "those that would have published");
    assert!(noted.iter().all(|noted| noted["principal"] == "selfsame"), "{noted:?}");
}

#[tokio::test]
async fn a_managed_server_has_the_accounts_of_a_layout() {
    let folder = tempfile::tempdir().expect("a folder");
    let managed = ManagedNats::start_with(folder.path(), &layout(std::path::Path::new("/nowhere")));
    let managed = managed.unwrap_or_else(|err| panic!("{err}"));
    let log = log(Schedule::none());
    let engine = engine(&log);
    activate(engine.handle()).await;
    let plane = nats::start(engine.handle().clone(), managed.url(), options()).await.expect("an address");
    let up = async || plane.status().connected;
    until("the plane listens", up).await;
    let web = Publisher::connect_as(managed.url(), &who("web"), &key("web")).await.expect("a connection");
    web.publish(&who("web"), &registered("1", "ada", "London")).await.expect("taken");
    assert!(Publisher::connect(managed.url()).await.is_err(), "nobody comes in without a key");
    let stranger = options_as(&who("web"), &key("stranger")).connect(managed.url()).await;
    assert!(stranger.is_err(), "nor with one that is not known");
    assert!(folder.path().join("nats.conf").is_file());
    let open = nats::start(engine.handle().clone(), "nats://[::1", NatsOptions::claimed(TRAY_BYTES_DEFAULT));
    assert!(open.await.is_err());
}
