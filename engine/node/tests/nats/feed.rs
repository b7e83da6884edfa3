//! The change feed over NATS: a request opens it, its messages come to the reply subject.

use std::time::Duration;

use async_nats::{Client, HeaderMap, Subscriber};
use futures_util::StreamExt as _;
use selfsame_core::{Answer, Budget, Request};
use selfsame_node::nats::subject::subject_feed;
use selfsame_node::{Intent, Proof};
use selfsame_record::VersionNo;
use serde_json::Value;

use crate::rig::{Rig, V1, code_of, headers, name, registered, until, who};
use crate::server::Nats;

const PATIENCE: Duration = Duration::from_secs(20);

/// A subscriber with its reply subject.
struct Reader {
    client: Client,
    inbox: String,
    messages: Subscriber,
    seq: u64,
}

impl Reader {
    async fn start(rig: &Rig) -> Reader {
        let client = rig.client().await;
        let inbox = client.new_inbox();
        let messages = client.subscribe(inbox.clone()).await.expect("a subscription");
        Reader { client, inbox, messages, seq: 0 }
    }

    /// Asks for the feed of `profile` under the id `a`.
    async fn ask(&self, rows: &[(&str, &str)]) {
        let mut headers = headers(rows);
        headers.insert("selfsame-feed-id", "a");
        self.ask_on(subject_feed(&who("web"), Some(&name("profile"))), headers).await;
    }

    async fn ask_on(&self, subject: String, headers: HeaderMap) {
        let sent =
            self.client.publish_with_reply_and_headers(subject, self.inbox.clone(), headers, "".into());
        sent.await.expect("sent");
        self.client.flush().await.expect("on its way");
    }

    async fn next(&mut self) -> Value {
        let message = tokio::time::timeout(PATIENCE, self.messages.next()).await;
        let message = message.expect("a message in time").expect("a message");
        let headers = message.headers.expect("headers");
        let json: Value = serde_json::from_slice(&message.payload).expect("JSON");
        let said = headers.get("selfsame-message").expect("a name").as_str();
        if said != "refused" {
            self.seq += 1;
            assert_eq!(headers.get("selfsame-seq").expect("a number").as_str(), self.seq.to_string());
            assert_eq!(headers.get("selfsame-feed-id").expect("an id").as_str(), "a");
            assert_eq!(json["message"], said);
        }
        json
    }

    /// Messages up to the next one of a name, in a few words each.
    async fn until(&mut self, name: &str) -> Vec<String> {
        let mut texts = vec![];
        loop {
            let message = self.next().await;
            let text = |name: &str| message[name].as_str().unwrap_or("-").to_owned();
            let detail = match message["message"].as_str() {
                Some("row") => format!(" {} {}", text("version"), text("key")),
                Some("switch") => format!(" {} {}", text("kind"), text("version")),
                Some("ended") => format!(" {}", text("reason")),
                _ => String::new(),
            };
            texts.push(format!("{}{detail}", text("message")));
            if message["message"] == name {
                return texts;
            }
        }
    }
}

async fn publish(rig: &Rig, id: &str, user: &str, city: &str) -> u64 {
    let reply = rig.handle().publish(&who("web"), &[registered(id, user, city)]).await;
    reply.outcome.expect("it is taken");
    reply.position.get()
}

async fn ask(rig: &Rig, request: Request) {
    rig.handle().ask(&who("tester"), request).await.outcome.expect("no refusal");
}

/// Registers and builds the same projections as another version.
async fn prepare_v2(rig: &Rig) -> VersionNo {
    let v2 = VersionNo::new(2).expect("a version");
    let document = V1.replace("name: users", "name: twin\nparent: v1");
    rig.handle().register(&who("tester"), document).await.outcome.expect("no refusal");
    ask(rig, Request::Build { version: v2, budget: Budget::default() }).await;
    let live = async || rig.handle().read(|s| s.generation(v2).is_some());
    until("v2 is built", live).await;
    v2
}

/// Plans, validates and cuts over.
async fn take_live(rig: &Rig, version: VersionNo) {
    let (handle, tester) = (rig.handle(), who("tester"));
    handle.plan_change(&tester, version, Intent::default()).await.outcome.expect("no refusal");
    let validated = handle.validate(&tester, version, Proof::default()).await.outcome.expect("no refusal");
    let Answer::Validated { evidence, .. } = validated else { panic!("{validated:?}") };
    let (expected, evidence) = (Some(VersionNo::FIRST), Some(evidence));
    ask(rig, Request::Cutover { version, expected, evidence }).await;
}

#[tokio::test]
async fn a_feed_comes_to_the_reply_subject_and_goes_on_across_a_switch() {
    let rig = Rig::start().await;
    publish(&rig, "1", "ada", "London").await;
    let mut reader = Reader::start(&rig).await;
    reader.ask(&[]).await;
    assert_eq!(reader.until("caught-up").await, ["reset", "row v1 ada", "caught-up"]);
    let before = publish(&rig, "2", "bob", "Paris").await;
    assert_eq!(reader.until("row").await, ["row v1 bob"]);
    let v2 = prepare_v2(&rig).await;
    take_live(&rig, v2).await;
    assert_eq!(reader.until("switch").await, ["switch cutover v2"]);
    let after = publish(&rig, "3", "eve", "Rome").await;
    assert_eq!(reader.until("row").await, ["row v2 eve"]);
    // Others resume before and after the switch.
    let mut across = Reader::start(&rig).await;
    across.ask(&[("selfsame-from", &before.to_string())]).await;
    let told = across.until("caught-up").await;
    assert_eq!(told[..2], ["switch cutover v2", "reset"]);
    assert_eq!(told.len(), 2 + 3 + 1);
    let mut here = Reader::start(&rig).await;
    here.ask(&[("selfsame-from", &(after - 1).to_string()), ("selfsame-snapshot", "true")]).await;
    assert_eq!(here.until("caught-up").await, ["row v2 eve", "caught-up"]);
    let rewind = Request::Rewind { version: VersionNo::FIRST, expected: None, reason: "x".into() };
    ask(&rig, rewind).await;
    assert_eq!(here.until("reset").await, ["switch rewind v1", "reset"]);
    assert_eq!(here.until("caught-up").await.len(), 4);
    assert_eq!(reader.until("switch").await, ["switch rewind v1"]);
}

#[tokio::test]
async fn a_repeated_request_changes_nothing_and_another_id_is_another_feed() {
    let rig = Rig::start().await;
    publish(&rig, "1", "ada", "London").await;
    let mut reader = Reader::start(&rig).await;
    for _ in 0..3 {
        reader.ask(&[]).await;
    }
    assert_eq!(reader.until("caught-up").await, ["reset", "row v1 ada", "caught-up"]);
    publish(&rig, "2", "bob", "Paris").await;
    assert_eq!(reader.until("row").await, ["row v1 bob"]);
    let mut other = Reader::start(&rig).await;
    other.ask(&[("selfsame-snapshot", "false")]).await;
    assert_eq!(other.until("caught-up").await, ["caught-up"]);
}

#[tokio::test]
async fn a_feed_that_the_engine_forgot_is_opened_by_the_next_request() {
    let rig = Rig::start().await;
    let at = publish(&rig, "1", "ada", "London").await;
    let mut reader = Reader::start(&rig).await;
    reader.ask(&[]).await;
    reader.until("caught-up").await;
    let Rig { nats, engine, plane, log } = rig;
    plane.stop().await;
    assert_eq!(reader.until("ended").await, ["ended stopping"]);
    let plane = crate::rig::plane(&engine, &nats).await;
    let rig = Rig { nats, engine, plane, log };
    rig.until_reading().await;
    publish(&rig, "2", "bob", "Paris").await;
    reader.seq = 0;
    reader.ask(&[("selfsame-from", &at.to_string())]).await;
    assert_eq!(reader.until("caught-up").await, ["row v1 bob", "caught-up"]);
}

#[tokio::test]
async fn requests_that_open_no_feed() {
    let rig = Rig::start().await;
    let mut reader = Reader::start(&rig).await;
    let profile = || subject_feed(&who("web"), Some(&name("profile")));
    let long = "x".repeat(65);
    for (subject, rows, code) in [
        (profile(), vec![], "bad-request"),
        (profile(), vec![("selfsame-feed-id", "a b")], "bad-request"),
        (profile(), vec![("selfsame-feed-id", &*long)], "bad-request"),
        (profile(), vec![("selfsame-feed-id", "a"), ("selfsame-feed-id", "b")], "bad-request"),
        (profile(), vec![("selfsame-feed-id", "a"), ("selfsame-from", "x")], "bad-request"),
        (profile(), vec![("selfsame-feed-id", "a"), ("selfsame-snapshot", "x")], "bad-request"),
        (profile(), vec![("selfsame-feed-id", "a"), ("selfsame-from", "99")], "feed-ahead"),
        ("selfsame.feed.web.nothing".into(), vec![("selfsame-feed-id", "a")], "unknown-projection"),
        ("selfsame.feed.web.profile.x".into(), vec![("selfsame-feed-id", "a")], "unknown-projection"),
        ("selfsame.feed.selfsame.profile".into(), vec![("selfsame-feed-id", "a")], "wrong-principal"),
        (
            "selfsame.feed.web".into(),
            vec![("selfsame-feed-id", "a"), ("selfsame-snapshot", "true")],
            "bad-request",
        ),
    ] {
        reader.ask_on(subject.clone(), headers(&rows)).await;
        assert_eq!(code_of(&reader.next().await), code, "{subject} {rows:?}");
    }
    reader.ask_on("selfsame.feed.web".into(), headers(&[("selfsame-feed-id", "a")])).await;
    assert_eq!(reader.until("caught-up").await, ["caught-up"], "switches alone");
}

#[tokio::test]
async fn a_feed_is_never_sent_to_where_the_engine_listens() {
    let rig = Rig::start().await;
    let mut reader = Reader::start(&rig).await;
    let spied = reader.client.subscribe("selfsame.tray.>").await.expect("a subscription");
    reader.inbox = "selfsame.tray.web.user.registered".into();
    reader.ask(&[]).await;
    // The next request is answered, so the one before it was looked at.
    reader.inbox = reader.client.new_inbox();
    reader.messages = reader.client.subscribe(reader.inbox.clone()).await.expect("a subscription");
    reader.ask(&[]).await;
    reader.until("caught-up").await;
    publish(&rig, "1", "ada", "London").await;
    reader.until("row").await;
    assert!(
        tokio::time::timeout(Duration::from_millis(200), {
            let mut spied = spied;
            async move { spied.next().await }
        })
        .await
        .is_err()
    );
}

#[tokio::test]
async fn a_row_that_the_server_does_not_take_ends_the_feed() {
    let rig = Rig::on(Nats::with_config(Some("max_payload: 4096")).await).await;
    let mut reader = Reader::start(&rig).await;
    reader.ask(&[]).await;
    reader.until("caught-up").await;
    publish(&rig, "1", "ada", &"x".repeat(3000)).await;
    assert_eq!(reader.until("row").await, ["row v1 ada"]);
    publish(&rig, "2", "bob", &"x".repeat(5000)).await;
    assert_eq!(reader.until("ended").await, ["ended row-too-large"]);
}
