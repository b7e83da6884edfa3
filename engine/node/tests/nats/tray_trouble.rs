//! An in-tray that is not as it should be: made anew, made by others, or with messages that nobody can read.

use std::collections::BTreeSet;
use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy};
use selfsame_log::Schedule;
use selfsame_node::nats::client::Publisher;
use selfsame_node::nats::{
    self, CONSUMER, NatsOptions, TRAY_BYTES_DEFAULT, TRAY_MESSAGE_BYTES_MAX, TRAY_STREAM, TrayState,
};
use serde_json::json;
use tokio::time::timeout;

use crate::rig::{self, Rig, registered, until, who};
use crate::server::{Nats, publish_bytes};
use crate::tray::{places, seqs, until_empty};

async fn jetstream_of(nats: &Nats) -> jetstream::Context {
    jetstream::new(async_nats::connect(nats.url()).await.expect("a connection"))
}

/// A stream that somebody else has made, before the engine comes.
async fn tray_of_another(config: Config) -> Nats {
    let nats = Nats::start().await;
    let subjects = vec!["selfsame.tray.>".to_owned()];
    let config = Config { name: TRAY_STREAM.to_owned(), subjects, ..config };
    jetstream_of(&nats).await.create_stream(config).await.expect("a stream");
    nats
}

#[tokio::test]
async fn a_stream_that_is_made_anew_counts_from_1_again_and_nothing_is_taken_for_seen() {
    let rig = Rig::start().await;
    let jetstream = jetstream_of(&rig.nats).await;
    for city in ["London", "Paris", "Rome"] {
        let publisher = rig.publisher().await;
        // The stream is made anew by the engine, which takes a moment.
        let put =
            async || publisher.put_in_tray(&who("web"), &registered(city, "ada", city)).await.ok() == Some(1);
        until("the in-tray is there", put).await;
        rig.until_city("ada", city).await;
        jetstream.delete_stream(TRAY_STREAM).await.expect("a stream");
    }
    let places = places(&rig.log);
    assert_eq!(places.iter().map(|place| place.seq).collect::<Vec<u64>>(), [1, 1, 1]);
    let streams: BTreeSet<u64> = places.iter().map(|place| place.stream).collect();
    assert_eq!(streams.len(), 3, "each is another stream");
    assert_eq!(rig.events(), 3);
}

#[tokio::test]
async fn a_consumer_that_was_deleted_or_changed_is_made_anew() {
    let rig = Rig::start().await;
    let publisher = rig.publisher().await;
    let jetstream = jetstream_of(&rig.nats).await;
    jetstream.delete_consumer_from_stream(CONSUMER, TRAY_STREAM).await.expect("a consumer");
    publisher.put_in_tray(&who("web"), &registered("1", "ada", "London")).await.expect("room");
    rig.until_city("ada", "London").await;
    until_empty(&rig.nats).await;
    assert_eq!(seqs(&rig.log), [1]);
}

#[tokio::test]
async fn settings_that_can_be_changed_are_put_right() {
    let nats = tray_of_another(Config {
        retention: RetentionPolicy::WorkQueue,
        discard: DiscardPolicy::Old,
        max_age: Duration::from_secs(60),
        max_bytes: 1000,
        ..Config::default()
    })
    .await;
    let rig = Rig::on(nats).await;
    let stream = jetstream_of(&rig.nats).await.get_stream(TRAY_STREAM).await.expect("a stream");
    let config = &stream.cached_info().config;
    assert_eq!((config.discard, config.max_age.as_secs()), (DiscardPolicy::New, 0));
    assert_eq!(config.max_bytes, i64::try_from(TRAY_BYTES_DEFAULT).expect("a size"));
    assert_eq!(config.duplicate_window.as_millis(), 100);
    assert!(config.deny_purge && !config.allow_rollup);
    rig.publisher().await.put_in_tray(&who("web"), &registered("1", "ada", "London")).await.expect("room");
    rig.until_city("ada", "London").await;
}

#[tokio::test]
async fn settings_that_cannot_be_changed_are_said_and_the_rest_goes_on() {
    let nats = tray_of_another(Config { retention: RetentionPolicy::Limits, ..Config::default() }).await;
    let log = rig::log(Schedule::none());
    let engine = rig::engine(&log);
    rig::activate(engine.handle()).await;
    let plane = rig::plane(&engine, &nats).await;
    let says = |state| matches!(state, TrayState::Waiting { why } if why.contains("has retention limits, and workqueue is needed"));
    until("the reader says what is wrong", async || says(plane.status().tray)).await;
    let publisher = Publisher::connect(&nats.url()).await.expect("a connection");
    publisher.publish(&who("web"), &registered("1", "ada", "London")).await.expect("taken");
    jetstream_of(&nats).await.delete_stream(TRAY_STREAM).await.expect("a stream");
    until("the stream is made anew", async || plane.status().tray == TrayState::Reading).await;
}

/// A NATS server takes what no client library can be handed: such a message must not stop the others.
#[tokio::test]
async fn messages_that_nobody_can_read_are_noted_and_taken_out() {
    let rig = Rig::start().await;
    let publisher = rig.publisher().await;
    let port = rig.nats.port;
    let good = b"selfsame.tray.web.user.registered";
    publisher.put_in_tray(&who("web"), &registered("1", "ada", "London")).await.expect("room");
    publish_bytes(port, good, b"NATS/1.0\r\nno colon\r\n\r\n", b"{}");
    publish_bytes(port, good, b"NATS/1.0\r\nx: \xff\r\n\r\n", b"{}");
    publish_bytes(port, b"selfsame.tray.\xff\xfe.x", b"NATS/1.0\r\na: b\r\n\r\n", b"{}");
    publisher.put_in_tray(&who("web"), &registered("2", "ada", "Paris")).await.expect("room");
    rig.until_city("ada", "Paris").await;
    until_empty(&rig.nats).await;
    assert_eq!(seqs(&rig.log), [1, 5]);
    let refused = rig.refused();
    assert_eq!(refused.len(), 3, "{refused:?}");
    assert!(
        refused.iter().all(|r| r["code"] == "not-a-cloud-event" && r["principal"] == "selfsame"),
        "{refused:?}"
    );
    assert_eq!(refused[2]["tray"]["seq"], 2, "{refused:?}");
}

/// A request-reply message of that kind costs the connection, and nothing more.
#[tokio::test]
async fn the_plane_comes_back_after_a_message_that_breaks_its_connection() {
    let rig = Rig::start().await;
    publish_bytes(rig.nats.port, b"selfsame.in.web.user.registered", b"NATS/1.0\r\nno colon\r\n\r\n", b"{}");
    let publisher = rig.publisher().await;
    let event = registered("1", "ada", "London");
    // What arrives while the connection is down is not answered, and sent again.
    let answered = async || {
        let answer = timeout(Duration::from_secs(1), publisher.publish(&who("web"), &event)).await;
        matches!(answer, Ok(Ok(_)))
    };
    until("the plane answers", answered).await;
    assert_eq!(rig.events(), 1);
}

#[tokio::test]
async fn a_message_that_is_too_large_is_refused_by_the_server_and_purging_is_denied() {
    let rig = Rig::start().await;
    let publisher = rig.publisher().await;
    let mut large = registered("1", "ada", "London");
    large.data =
        json!({ "user_id": "ada", "city": "x".repeat(TRAY_MESSAGE_BYTES_MAX) }).to_string().into_bytes();
    let refused = publisher.put_in_tray(&who("web"), &large).await.expect_err("too large");
    assert!(refused.to_string().contains("message size exceeds maximum allowed"), "{refused:?}");
    publisher.put_in_tray(&who("web"), &registered("2", "ada", "London")).await.expect("room");
    rig.until_city("ada", "London").await;
    let purged = jetstream_of(&rig.nats).await.get_stream(TRAY_STREAM).await.expect("a stream").purge().await;
    assert!(purged.is_err(), "purging is denied");
}

#[tokio::test]
async fn a_full_tray_refuses_what_comes_next_and_loses_nothing() {
    let nats = Nats::start().await;
    let log = rig::log(Schedule::none());
    let engine = rig::engine(&log);
    let options = NatsOptions::claimed(10_000);
    let plane = nats::start(engine.handle().clone(), &nats.url(), options).await.expect("an address");
    let waits = async || matches!(plane.status().tray, TrayState::Waiting { .. });
    until("the stream is there and nothing is taken", waits).await;
    let publisher = Publisher::connect(&nats.url()).await.expect("a connection");
    let mut put = 0;
    let refused = loop {
        let event = registered(&put.to_string(), "ada", &"x".repeat(500));
        match publisher.put_in_tray(&who("web"), &event).await {
            Ok(_) => put += 1,
            Err(refused) => break refused,
        }
        assert!(put < 100, "no end of room");
    };
    assert!(format!("{refused:?}").contains("maximum bytes exceeded"), "{refused:?}");
    rig::activate(engine.handle()).await;
    until_empty(&nats).await;
    assert_eq!(seqs(&log), (1..=put).collect::<Vec<u64>>());
    assert!(publisher.put_in_tray(&who("web"), &registered("room", "ada", "again")).await.is_ok());
}
