//! The durable in-tray: into the log once each, in order, and out of the stream only then.

use std::ops::ControlFlow;

use async_nats::jetstream;
use selfsame_log::{AppendFault, Log as _, Schedule};
use selfsame_node::nats::client::Publisher;
use selfsame_node::nats::{TRAY_IN_FLIGHT_MAX, TRAY_STREAM, TrayState};
use selfsame_record::{ArchivedBody, Position, TraySeq};
use serde_json::json;

use crate::rig::{self, Rig, TestLog, city, headers, registered, structured, until, who};
use crate::server::Nats;

/// Messages in the stream.
pub(crate) async fn messages_in(nats: &Nats) -> u64 {
    let client = async_nats::connect(nats.url()).await.expect("a connection");
    let stream = jetstream::new(client).get_stream(TRAY_STREAM).await.expect("a stream");
    stream.get_info().await.expect("a stream").state.messages
}

pub(crate) async fn until_empty(nats: &Nats) {
    until("the in-tray is empty", async || messages_in(nats).await == 0).await;
}

/// The places in the in-tray that events of the log came from, in the log's order.
pub(crate) fn places(log: &TestLog) -> Vec<TraySeq> {
    let mut places = Vec::new();
    log.scan(Position::ZERO.next(), &mut |records| {
        for record in records {
            if let ArchivedBody::Event(event) = &record.body
                && let Some(place) = event.tray.as_ref()
            {
                places.push(TraySeq { stream: place.stream.into(), seq: place.seq.into() });
            }
        }
        ControlFlow::Continue(())
    })
    .expect("a log");
    places
}

pub(crate) fn seqs(log: &TestLog) -> Vec<u64> {
    places(log).iter().map(|place| place.seq).collect()
}

#[tokio::test]
async fn what_is_put_into_the_tray_is_in_the_log_in_its_order_and_then_gone() {
    const EVENTS: u64 = TRAY_IN_FLIGHT_MAX as u64 + 200;
    let rig = Rig::start().await;
    let publisher = rig.publisher().await;
    for n in 1..=EVENTS {
        let event = registered(&n.to_string(), "ada", &format!("city {n}"));
        assert_eq!(publisher.put_in_tray(&who("web"), &event).await.expect("room"), n);
    }
    rig.until_city("ada", &format!("city {EVENTS}")).await;
    until_empty(&rig.nats).await;
    assert_eq!(seqs(&rig.log), (1..=EVENTS).collect::<Vec<u64>>());
    assert_eq!(rig.events(), EVENTS);
}

#[tokio::test]
async fn a_refused_message_is_noted_once_and_gone() {
    let rig = Rig::start().await;
    let client = rig.client().await;
    let stream = jetstream::new(client);
    let first = structured("1", "ada", "London").to_string();
    let mut contradiction = structured("1", "ada", "Paris");
    contradiction["data"]["city"] = json!("Paris");
    for (subject, body) in [
        ("selfsame.tray.web.user.registered", first.clone()),
        ("selfsame.tray.web.user.registered", "nonsense".to_owned()),
        ("selfsame.tray.web.user.registered", contradiction.to_string()),
        ("selfsame.tray.selfsame.user.registered", first.clone()),
        ("selfsame.tray.web", first.clone()),
        ("selfsame.tray.web.user.registered", first),
    ] {
        stream.publish(subject, body.into()).await.expect("sent").await.expect("room");
    }
    until_empty(&rig.nats).await;
    let codes: Vec<String> =
        rig.refused().iter().rev().map(|r| r["code"].as_str().expect("a code").to_owned()).collect();
    assert_eq!(codes, ["not-a-cloud-event", "id-reused", "wrong-principal", "wrong-principal"]);
    assert!(rig.refused().iter().all(|refused| refused["tray"].is_object()), "{:?}", rig.refused());
    assert_eq!((rig.events(), rig.city("ada").as_deref()), (1, Some("London")));
}

/// The append reaches the disk and its sync fails, so nothing is acknowledged and the engine stops; after
/// the restart the record is there and the message comes again.
#[tokio::test]
async fn a_crash_between_the_log_and_the_acknowledgement_doubles_and_loses_nothing() {
    for fault in [AppendFault::LostSync, AppendFault::ShortWrite] {
        let nats = Nats::start().await;
        let log = rig::log(Schedule::none().append(6, fault));
        let first = rig::engine(&log);
        rig::activate(first.handle()).await;
        let plane = rig::plane(&first, &nats).await;
        let publisher = Publisher::connect(&nats.url()).await.expect("a connection");
        until("the tray is read", async || plane.status().tray == TrayState::Reading).await;
        let mut put = 0;
        while !first.handle().is_read_only() {
            put += 1;
            let event = registered(&put.to_string(), "ada", &format!("city {put}"));
            publisher.put_in_tray(&who("web"), &event).await.expect("room");
            let landed = async || {
                first.handle().is_read_only() || city(first.handle(), "ada") == Some(format!("city {put}"))
            };
            until("the message is taken or the log fails", landed).await;
        }
        for n in put + 1..=put + 20 {
            let event = registered(&n.to_string(), "ada", &format!("city {n}"));
            publisher.put_in_tray(&who("web"), &event).await.expect("room");
        }
        let held = async || matches!(plane.status().tray, TrayState::Waiting { .. });
        until("the reader notices", held).await;
        assert_eq!(messages_in(&nats).await, 21, "what is not in the log stays in the stream");
        plane.stop().await;
        first.stop().await;
        log.reopen();
        let second = rig::engine(&log);
        let plane = rig::plane(&second, &nats).await;
        until_empty(&nats).await;
        assert_eq!(seqs(&log), (1..=put + 20).collect::<Vec<u64>>(), "{fault:?}");
        assert_eq!(city(second.handle(), "ada"), Some(format!("city {}", put + 20)));
        plane.stop().await;
        second.stop().await;
    }
}

#[tokio::test]
async fn without_an_active_version_messages_wait_in_their_order() {
    let nats = Nats::start().await;
    let log = rig::log(Schedule::none());
    let engine = rig::engine(&log);
    let plane = rig::plane(&engine, &nats).await;
    let waits = |state: TrayState| matches!(state, TrayState::Waiting { why } if why.contains("no schema version is active"));
    until("the reader says why it waits", async || waits(plane.status().tray)).await;
    let publisher = Publisher::connect(&nats.url()).await.expect("a connection");
    for n in 1..=50 {
        let event = registered(&n.to_string(), "ada", &format!("city {n}"));
        publisher.put_in_tray(&who("web"), &event).await.expect("room");
    }
    assert_eq!(messages_in(&nats).await, 50);
    rig::activate(engine.handle()).await;
    until_empty(&nats).await;
    assert_eq!(seqs(&log), (1..=50).collect::<Vec<u64>>());
    assert_eq!(engine.handle().read(|serving| serving.refused().count()), 0);
}

#[tokio::test]
async fn one_publishers_message_id_does_not_suppress_anothers_event() {
    let rig = Rig::start().await;
    let stream = jetstream::new(rig.client().await);
    for (id, sender) in [("1", "web"), ("2", "shop")] {
        let subject = format!("selfsame.tray.{sender}.user.registered");
        let body = structured(id, sender, "London").to_string();
        let same = headers(&[("Nats-Msg-Id", "same")]);
        stream.publish_with_headers(subject, same, body.into()).await.expect("sent").await.expect("room");
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
    rig.until_city("web", "London").await;
    rig.until_city("shop", "London").await;
}
