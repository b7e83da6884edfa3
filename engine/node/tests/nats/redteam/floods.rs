//! Too much: connections, subscriptions, bytes. It is the sender's own share that is used up.

use selfsame_core::limits::EVENT_BYTES_MAX;
use selfsame_node::nats::TRAY_MESSAGE_BYTES_MAX;
use selfsame_node::nats::layout::{NATS_CONNECTIONS_MAX, NATS_SUBSCRIPTIONS_MAX};

use crate::fort::{Fort, pair};
use crate::raw::Raw;
use crate::rig::{registered, structured, until, who};

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_connections_leaves_the_others_theirs() {
    let fort = Fort::start().await;
    let port = fort.rig.nats.port;
    let other = pair("other");
    let held: Vec<Raw> =
        (0..NATS_CONNECTIONS_MAX).map_while(|_| Raw::connect(port, Some(&other), None).ok()).collect();
    assert_eq!(held.len(), NATS_CONNECTIONS_MAX);
    let more = Raw::connect(port, Some(&other), None);
    assert!(more.is_err_and(|err| err.contains("maximum account active connections exceeded")));
    fort.check_serves("web", "1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_subscriptions_ends_at_the_limit() {
    let fort = Fort::start().await;
    let mut other = fort.raw("other");
    let refused =
        (0..=NATS_SUBSCRIPTIONS_MAX).find(|n| !other.subscribe(&format!("_INBOX_other.{n}"), "").is_empty());
    assert!(refused.is_some_and(|n| n > NATS_SUBSCRIPTIONS_MAX / 2), "{refused:?}");
    fort.check_serves("web", "1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_refused_by_the_server_or_the_engine() {
    let fort = Fort::start().await;
    let subject = "selfsame.in.other.user.registered";
    let mut other = fort.raw("other");
    let complaints = other.publish(subject, "", &"x".repeat(TRAY_MESSAGE_BYTES_MAX + 1));
    assert!(complaints.join(" ").contains("Maximum Payload Violation"), "{complaints:?}");
    let headers = format!("NATS/1.0\r\nX: {}\r\n\r\n", "x".repeat(TRAY_MESSAGE_BYTES_MAX));
    let complaints = fort.raw("other").publish_with(subject, "", &headers, "{}");
    assert!(complaints.join(" ").contains("Maximum Payload Violation"), "{complaints:?}");
    let complaints = fort.raw("other").publish(&format!("{subject}.{}", "x".repeat(5000)), "", "{}");
    assert!(complaints.join(" ").contains("maximum control line exceeded"), "{complaints:?}");
    // A name that fills the server's own header.
    let event = structured("1", "ada", &"x".repeat(EVENT_BYTES_MAX)).to_string();
    assert!(fort.raw("other").publish(subject, "", &event).is_empty());
    until("the event is noted as too large", async || {
        fort.noted() == [("other".to_owned(), "too-large".to_owned())]
    })
    .await;
    fort.check_serves("web", "1").await;
}

/// Somebody sends as fast as the server takes it and never reads an answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_refused_events_holds_up_nobody_for_good() {
    let fort = Fort::start().await;
    let mut other = fort.raw("other");
    let web = fort.publisher("web").await;
    let burst = "PUB selfsame.in.other.user.registered _INBOX_other.1 2\r\n{}\r\n".repeat(500);
    for round in 0..20 {
        other.say(burst.as_bytes());
        let event = registered(&round.to_string(), "ada", "London");
        web.publish(&who("web"), &event).await.expect("an answer");
    }
    assert_eq!(fort.rig.events(), 20);
    let noted = fort.noted();
    assert!(
        !noted.is_empty() && noted.len() < 1000,
        "recorded whole up to a limit, counted beyond: {}",
        noted.len()
    );
    assert!(noted.iter().all(|(principal, _)| principal == "other"));
}
