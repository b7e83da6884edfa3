//! Acting as somebody else: on their subjects, with their key, with no key.

use serde_json::json;

use crate::fort::{Fort, pair};
use crate::raw::Raw;
use crate::rig::{Rig, structured, until};

/// Subjects that are not those of `other`.
const FOREIGN: [&str; 10] = [
    "selfsame.in.web.user.registered",
    "selfsame.in.admin.x",
    "selfsame.in.selfsame.x",
    "selfsame.tray.web.user.registered",
    "selfsame.read.web.profile.ada",
    "selfsame.read.other.profile.ada",
    "selfsame.feed.web.profile",
    "selfsame.control.web.cutover",
    "selfsame.operator.freeze",
    "selfsame.anything",
];

fn event() -> String {
    structured("1", "ada", "London").to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn on_an_open_server_anybody_is_whoever_the_subject_says() {
    let rig = Rig::start().await;
    let mut raw = Raw::connect(rig.nats.port, None, None).expect("a connection");
    assert!(raw.publish("selfsame.in.web.user.registered", "", &event()).is_empty());
    rig.until_city("ada", "London").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_refuses_what_is_sent_on_others_subjects() {
    let fort = Fort::start().await;
    let mut other = fort.raw("other");
    let _ = other.subscribe("_INBOX_other.>", "");
    for subject in FOREIGN {
        let complaints = other.publish(subject, "_INBOX_other.1", &event());
        assert!(
            complaints.join(" ").contains("Permissions Violation for Publish"),
            "{subject}: {complaints:?}"
        );
    }
    fort.check_serves("other", "2").await;
    assert_eq!((fort.rig.events(), fort.noted().len()), (1, 0));
    assert!(other.messages.is_empty(), "{:?}", other.messages);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_permissions_others_subjects_lead_nowhere() {
    let fort = Fort::without_permissions().await;
    let mut other = fort.raw("other");
    let _ = other.subscribe("_INBOX_other.>", "");
    for subject in FOREIGN {
        assert!(other.publish(subject, "_INBOX_other.1", &event()).is_empty(), "{subject}");
    }
    fort.check_serves("other", "2").await;
    assert_eq!((fort.rig.events(), fort.noted().len()), (1, 0));
    other.say(b"");
    let answered =
        other.messages.iter().find(|(subject, answer)| subject == "_INBOX_other.1" && !answer.is_empty());
    assert_eq!(answered, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_types_that_a_principal_may_publish_pass_the_server() {
    let fort = Fort::start().await;
    let mut meter = fort.raw("meter");
    for subject in
        ["selfsame.in.meter.user.registered", "selfsame.tray.meter.selfsame.x", "selfsame.get.profile.ada"]
    {
        assert!(!meter.publish(subject, "", &event()).is_empty(), "{subject}");
    }
    let mut planner = fort.raw("planner");
    for subject in ["selfsame.in.planner.user.registered", "selfsame.tray.planner.user.registered"] {
        assert!(!planner.publish(subject, "", &event()).is_empty(), "{subject}");
    }
    assert_eq!(fort.rig.events(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_comes_in_without_a_key_of_their_own() {
    let fort = Fort::start().await;
    let port = fort.rig.nats.port;
    let (web, other) = (pair("web"), pair("other"));
    assert!(Raw::connect(port, None, None).is_err_and(|err| err.contains("Authorization Violation")));
    for (signs, claims) in [(pair("stranger"), None), (other, Some(web.public_key()))] {
        let refused = Raw::connect(port, Some(&signs), claims.as_deref());
        assert!(refused.is_err_and(|err| err.contains("Authorization Violation")));
    }
}

/// Each way in, each spelling of a type that belongs to the system.
#[tokio::test(flavor = "multi_thread")]
async fn protected_types_are_refused_on_each_way_in_and_noted() {
    let fort = Fort::start().await;
    let mut web = fort.raw("web");
    let mut noted = 0;
    for spelling in ["selfsame.x", "SelfSame.x", "SELFSAME.schema.registered"] {
        for way in ["in", "tray"] {
            let mut event = structured(&format!("{noted}"), "ada", "London");
            event["type"] = json!(spelling);
            assert!(
                web.publish(&format!("selfsame.{way}.web.{spelling}"), "", &event.to_string()).is_empty()
            );
            noted += 1;
        }
    }
    until("each is noted", async || fort.noted().len() == noted).await;
    assert!(fort.noted().iter().all(|noted| *noted == ("web".to_owned(), "protected-type".to_owned())));
    assert_eq!(fort.rig.events(), 0);
}
