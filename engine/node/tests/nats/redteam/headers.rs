//! The header that says who sends: forged, hidden, swallowed; and headers that no client can read.

use serde_json::{Value, json};

use crate::fort::{Fort, pair};
use crate::raw::Raw;
use crate::rig::{registered, structured, until, who};

const HEADER: &str = "Nats-Request-Info";

/// What the server would say of `web`.
fn forged() -> String {
    json!({ "acc": "principal-web", "user": pair("web").public_key(), "kind": "Client" }).to_string()
}

/// Publishes as `other` on its own subject, and gives the code of the answer, or `taken`.
async fn publish(other: &mut Raw, id: &str, headers: &str) -> String {
    let event = structured(id, "ada", "London").to_string();
    let complaints =
        other.publish_with("selfsame.in.other.user.registered", "_INBOX_other.1", headers, &event);
    assert!(complaints.is_empty(), "{complaints:?}");
    let (_, answer) = other.next().await;
    let answer: Value = serde_json::from_slice(&answer).expect("JSON");
    match answer["type"].as_str() {
        Some(problem) => problem.trim_start_matches("urn:selfsame:error:").to_owned(),
        None => "taken".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_attestation_is_taken_out_or_refused_and_never_believed() {
    let fort = Fort::start().await;
    let mut other = fort.raw("other");
    let _ = other.subscribe("_INBOX_other.>", "");
    let forged = forged();
    let hidden = format!("X: {HEADER}\r\n{HEADER}: {forged}\r\n");
    for (headers, expect) in [
        // The server takes out the first of that name.
        (format!("{HEADER}: {forged}\r\n\r\n"), "taken"),
        (format!("{HEADER}: a\r\n{HEADER}: {forged}\r\n\r\n"), "no-principal"),
        (format!("{}: {forged}\r\n\r\n", HEADER.to_lowercase()), "no-principal"),
        // It does not find the one behind a value that names it.
        (format!("{hidden}\r\n"), "no-principal"),
        // Its own ends up in a value.
        (format!("{hidden}Y: abcdxx"), "no-principal"),
        (format!("{}: {forged}\r\nY: abcdxx", HEADER.to_lowercase()), "no-principal"),
    ] {
        let got = publish(&mut other, &headers, &format!("NATS/1.0\r\n{headers}")).await;
        assert_eq!(got, expect, "{headers:?}");
    }
    assert_eq!(fort.rig.events(), 1);
    let noted = fort.noted();
    assert_eq!(noted.len(), 5);
    assert!(
        noted.iter().all(|noted| *noted == ("selfsame".to_owned(), "no-principal".to_owned())),
        "{noted:?}"
    );
}

/// What the check of the header is there for: the server hands on a forged one as the only one of its name.
#[tokio::test(flavor = "multi_thread")]
async fn the_server_itself_lets_a_forged_attestation_pass() {
    let fort = Fort::start().await;
    let mut engine = fort.raw("engine");
    assert!(engine.subscribe("selfsame.in.other.>", "").is_empty());
    let mut other = fort.raw("other");
    let forged = forged();
    let headers = format!("NATS/1.0\r\nX: {HEADER}\r\n{HEADER}: {forged}\r\nY: abcdxx");
    assert!(other.publish_with("selfsame.in.other.user.registered", "", &headers, "{}").is_empty());
    let (_, bytes) = engine.next().await;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with(HEADER)).collect();
    assert_eq!(lines, [format!("{HEADER}: {forged}")], "{text}");
    assert!(text.contains(&pair("other").public_key()), "the server's own is in another's value: {text}");
}

/// A message that no client can be given breaks the connection that it comes on. It is the sender's alone.
#[tokio::test(flavor = "multi_thread")]
async fn headers_that_break_a_connection_break_their_senders_alone() {
    let fort = Fort::start().await;
    let mut other = fort.raw("other");
    let web = fort.publisher("web").await;
    for round in 0..20 {
        for headers in ["NATS/1.0", "NATS/1.0\r\nno colon\r\n\r\n", "HTTP/1.1\r\n\r\n", "NATS/1.0 9x\r\n\r\n"]
        {
            for way in ["in", "tray"] {
                let subject = format!("selfsame.{way}.other.user.registered");
                assert!(other.publish_with(&subject, "", headers, "{}").is_empty());
            }
        }
        let event = registered(&round.to_string(), "ada", "London");
        web.publish(&who("web"), &event).await.expect("nobody else's request is lost");
        web.put_in_tray(&who("web"), &registered(&format!("t{round}"), "bob", "Rome")).await.expect("kept");
    }
    until("web's in-tray is read", async || fort.rig.events() == 40).await;
    // It has its line back when it stops.
    let back = async || {
        let other = fort.publisher("other").await;
        other.publish(&who("other"), &registered("1", "eve", "Oslo")).await.is_ok()
    };
    until("the sender is back", back).await;
    fort.publisher("other")
        .await
        .put_in_tray(&who("other"), &registered("2", "mia", "Oslo"))
        .await
        .expect("kept");
    fort.rig.until_city("mia", "Oslo").await;
    let noted = fort.noted();
    assert!(noted.iter().all(|(_, code)| code == "not-a-cloud-event"), "{noted:?}");
    assert_eq!(fort.rig.events(), 42);
}
