//! What is not taken over NATS, and how it is said.

use async_nats::HeaderMap;
use selfsame_core::limits::EVENT_BYTES_MAX;
use serde_json::{Value, json};

use crate::rig::{Rig, code_of, headers, structured};

const IN: &str = "selfsame.in.web.user.registered";

/// An event with one member changed.
fn with(member: &str, value: Value) -> String {
    let mut event = structured("1", "ada", "London");
    event[member] = value;
    event.to_string()
}

struct Refusals {
    rig: Rig,
    client: async_nats::Client,
    noted: usize,
}

impl Refusals {
    /// Publishes, and checks the code of the answer and of the note.
    async fn check(&mut self, subject: &str, headers: HeaderMap, body: String, code: &str) {
        let answer = self.client.request_with_headers(subject.to_owned(), headers, body.into()).await;
        let problem: Value = serde_json::from_slice(&answer.expect("an answer").payload).expect("JSON");
        assert_eq!(code_of(&problem), code, "{subject}: {problem}");
        self.noted += 1;
        let refused = self.rig.refused();
        assert_eq!(refused.len(), self.noted, "{subject}: {problem}");
        assert_eq!(refused[0]["code"], code, "{:?}", refused[0]);
    }

    async fn plain(&mut self, subject: &str, body: String, code: &str) {
        self.check(subject, HeaderMap::new(), body, code).await;
    }
}

#[tokio::test]
async fn every_refused_event_is_answered_and_noted() {
    let rig = Rig::start().await;
    let client = rig.client().await;
    let mut r = Refusals { rig, client, noted: 0 };
    let fine = structured("1", "ada", "London").to_string();
    r.plain(IN, "nonsense".into(), "not-a-cloud-event").await;
    r.plain(IN, "[]".into(), "not-a-cloud-event").await;
    r.plain(IN, String::new(), "not-a-cloud-event").await;
    r.plain(IN, with("specversion", json!("0.3")), "not-a-cloud-event").await;
    r.plain(IN, with("source", json!("")), "not-a-cloud-event").await;
    r.plain(IN, with("time", json!("yesterday")), "not-a-cloud-event").await;
    r.plain(IN, with("data", json!({ "city": "x".repeat(EVENT_BYTES_MAX) })), "too-large").await;
    r.plain(IN, with("data", json!({ "user_id": "ada" })), "invalid-event").await;
    r.plain(IN, with("datacontenttype", json!("text/plain")), "invalid-event").await;
    r.plain(IN, with("subject", json!("bob")), "key-mismatch").await;
    r.plain(IN, with("dataschema", json!("v9")), "unknown-version").await;
    r.plain(IN, with("type", json!("user.moved")), "wrong-principal").await;
    r.plain("selfsame.in.web.user.moved", with("type", json!("user.moved")), "unknown-type").await;
    r.plain("selfsame.in.web", fine.clone(), "wrong-principal").await;
    r.plain("selfsame.in.web.selfsame.x", with("type", json!("selfsame.x")), "protected-type").await;
    r.plain("selfsame.in.web.SelfSame.x", fine.clone(), "protected-type").await;
    r.plain("selfsame.in.SelfSame.user.registered", fine.clone(), "wrong-principal").await;
    r.plain("selfsame.in.wéb.user.registered", fine.clone(), "no-principal").await;
    let batch = headers(&[("content-type", "application/cloudevents-batch+json")]);
    r.check(IN, batch, format!("[{fine}]"), "not-a-cloud-event").await;
    let twice = headers(&[("ce-id", "1"), ("ce-id", "2")]);
    r.check(IN, twice, "{}".into(), "not-a-cloud-event").await;
    assert_eq!(r.rig.events(), 0, "nothing of it was taken");
}

#[tokio::test]
async fn a_refused_event_is_kept_with_what_could_be_read_and_under_the_right_name() {
    let rig = Rig::start().await;
    let client = rig.client().await;
    let bad = with("data", json!({ "user_id": "ada", "city": 7 }));
    for subject in [IN, "selfsame.in.selfsame.user.registered"] {
        client.request(subject, bad.clone().into()).await.expect("an answer");
    }
    let [forged, honest] = &rig.refused()[..] else { panic!("two are noted") };
    assert_eq!(
        (&honest["principal"], &honest["type"], &honest["id"]),
        (&json!("web"), &json!("user.registered"), &json!("1"))
    );
    assert!(honest["data"].as_str().is_some_and(|data| data.contains("\"city\":7")), "{honest}");
    assert_eq!((&forged["principal"], &forged["code"]), (&json!("selfsame"), &json!("wrong-principal")));
}

#[tokio::test]
async fn an_id_with_another_content_is_refused_with_the_place_of_the_first() {
    let rig = Rig::start().await;
    let client = rig.client().await;
    let first =
        client.request(IN, structured("1", "ada", "London").to_string().into()).await.expect("an answer");
    let first: Value = serde_json::from_slice(&first.payload).expect("JSON");
    let second =
        client.request(IN, structured("1", "ada", "Paris").to_string().into()).await.expect("an answer");
    let problem: Value = serde_json::from_slice(&second.payload).expect("JSON");
    assert_eq!(code_of(&problem), "id-reused");
    assert_eq!(problem["about_position"], first["position"], "{problem}");
    assert_eq!(rig.city("ada").as_deref(), Some("London"));
}

#[tokio::test]
async fn a_version_that_is_not_live_is_answered_with_those_that_are() {
    let rig = Rig::start().await;
    let client = rig.client().await;
    let child = crate::rig::V1.replacen("name: ", "parent: v1\nname: other-", 1);
    rig.handle().register(&crate::rig::who("tester"), child).await.outcome.expect("no refusal");
    for (version, code) in [("v9", "unknown-version"), ("v2", "version-not-live")] {
        let event = with("dataschema", json!(version));
        let written = client.request(IN, event.clone().into()).await.expect("an answer");
        let read_as = headers(&[("selfsame-read-as", version)]);
        let read = client.request_with_headers("selfsame.get.profile.ada", read_as, "".into());
        let by_city = headers(&[("selfsame-read-as", version)]);
        let row = client.request_with_headers("selfsame.get.by_city.ada", by_city, "".into());
        for answer in [written, read.await.expect("an answer"), row.await.expect("an answer")] {
            let problem: Value = serde_json::from_slice(&answer.payload).expect("JSON");
            assert_eq!(code_of(&problem), code, "{problem}");
            assert_eq!(problem["live"], json!(["v1"]), "{problem}");
            let detail = problem["detail"].as_str().expect("a sentence");
            assert!(detail.ends_with("; live versions: v1"), "{detail}");
        }
        let noted = rig.refused().len();
        let context = async_nats::jetstream::new(client.clone());
        let kept = context.publish("selfsame.tray.web.user.registered", event.into()).await;
        kept.expect("published").await.expect("kept by the server");
        crate::rig::until("the tray's event is noted", async || rig.refused().len() > noted).await;
        let detail = rig.refused()[0]["detail"].clone();
        assert!(detail.as_str().expect("a sentence").ends_with("; live versions: v1"), "{detail}");
    }
    assert_eq!(rig.events(), 0, "nothing of it was taken");
}
