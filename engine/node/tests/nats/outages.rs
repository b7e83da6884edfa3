//! NATS that is away at the start, goes away in the middle, or comes back empty.

use std::time::{Duration, Instant};

use selfsame_log::Schedule;
use selfsame_node::nats::client::{ClientError, Publisher};
use selfsame_node::nats::{self, NatsError, NatsOptions, TRAY_BYTES_DEFAULT, TrayState};
use tokio::time::timeout;

use crate::rig::{self, Rig, city, key, name, registered, until, who};
use crate::server::Nats;
use crate::tray::{seqs, until_empty};

/// Publishes until it is answered: what an outage swallows is sent again.
async fn publish_until_answered(nats: &Nats, id: &str, to: &str) {
    let event = registered(id, "ada", to);
    let answered = async || match Publisher::connect(&nats.url()).await {
        Ok(publisher) => {
            let answer = timeout(Duration::from_secs(1), publisher.publish(&who("web"), &event)).await;
            matches!(answer, Ok(Ok(_)))
        }
        Err(_) => false,
    };
    until("an answer", answered).await;
}

#[tokio::test]
async fn the_engine_survives_a_nats_server_that_is_killed_and_started_again() {
    let mut rig = Rig::start().await;
    let publisher = rig.publisher().await;
    publisher.publish(&who("web"), &registered("1", "ada", "London")).await.expect("taken");
    for n in 1..=300 {
        let event = registered(&format!("tray {n}"), "bob", &format!("city {n}"));
        publisher.put_in_tray(&who("web"), &event).await.expect("room");
    }
    rig.nats.kill();
    until("the plane notices", async || !rig.plane.status().connected).await;
    assert_eq!(rig.city("ada").as_deref(), Some("London"), "reading goes on inside");
    rig.nats.resume().await;
    rig.until_reading().await;
    publish_until_answered(&rig.nats, "1", "London").await;
    publish_until_answered(&rig.nats, "2", "Paris").await;
    rig.until_city("bob", "city 300").await;
    until_empty(&rig.nats).await;
    assert_eq!(seqs(&rig.log), (1..=300).collect::<Vec<u64>>(), "none lost, none twice, in their order");
    assert_eq!(rig.events(), 302);
}

#[tokio::test]
async fn a_nats_server_that_comes_back_empty_gets_its_tray_again() {
    let mut rig = Rig::start().await;
    let put = registered("1", "ada", "London");
    rig.publisher().await.put_in_tray(&who("web"), &put).await.expect("room");
    rig.until_city("ada", "London").await;
    rig.nats.kill();
    rig.nats.forget();
    rig.nats.resume().await;
    rig.until_reading().await;
    let put = registered("2", "ada", "Paris");
    assert_eq!(rig.publisher().await.put_in_tray(&who("web"), &put).await.expect("room"), 1);
    rig.until_city("ada", "Paris").await;
    assert_eq!((seqs(&rig.log), rig.events()), (vec![1, 1], 2));
}

#[tokio::test]
async fn nats_may_be_away_at_the_start() {
    let mut nats = Nats::away();
    let log = rig::log(Schedule::none());
    let engine = rig::engine(&log);
    rig::activate(engine.handle()).await;
    let plane = rig::plane(&engine, &nats).await;
    let says = |state| matches!(state, TrayState::Waiting { why } if why.contains("NATS cannot be reached"));
    until("the reader says why it waits", async || says(plane.status().tray)).await;
    assert!(!plane.status().connected);
    nats.resume().await;
    publish_until_answered(&nats, "1", "London").await;
    assert_eq!(city(engine.handle(), "ada").as_deref(), Some("London"));
    until("the tray is read", async || plane.status().tray == TrayState::Reading).await;
    plane.stop().await;
    engine.stop().await;
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_nats_server_that_is_away() {
    let nats = Nats::away();
    let engine = rig::engine(&rig::log(Schedule::none()));
    let plane = rig::plane(&engine, &nats).await;
    let begun = Instant::now();
    plane.stop().await;
    engine.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn what_is_no_address_is_told_at_once() {
    let engine = rig::engine(&rig::log(Schedule::none()));
    let options = NatsOptions::claimed(TRAY_BYTES_DEFAULT);
    let Err(err) = nats::start(engine.handle().clone(), "nats://[::1", options).await else {
        panic!("`nats://[::1` is no address")
    };
    assert!(matches!(err, NatsError::Address { .. }), "{err}");
    assert!(err.to_string().starts_with("`nats://[::1` is not the address of a NATS server"), "{err}");
}

#[tokio::test]
async fn without_an_engine_or_a_server_a_client_is_told_so() {
    let nats = Nats::start().await;
    let publisher = Publisher::connect(&nats.url()).await.expect("a connection");
    let read = publisher.get(&name("profile"), &key("ada"), None, None).await;
    assert!(matches!(read, Err(ClientError::NoEngine)), "{read:?}");
    let put = publisher.put_in_tray(&who("web"), &registered("1", "ada", "London")).await;
    assert!(matches!(put, Err(ClientError::Tray(_))), "{put:?}");
    let away = Publisher::connect(&Nats::away().url()).await;
    assert!(matches!(away, Err(ClientError::Connect { .. })));
}
