//! An engine inside a program of one's own: no server, no NATS, the same promises.
//!
//! `cargo run -p selfsame-node --example embedded`
#![expect(clippy::expect_used, reason = "an example stops at the first surprise")]

use std::time::Duration;

use selfsame_core::{Answer, Budget, Draft, EvidenceId, Request, Settings};
use selfsame_node::{Engine, Handle, Intent, Proof};
use selfsame_record::{Principal, VersionNo};

const V1: &str = r#"
selfsame: 1
name: counters
events:
  visit:
    key: /page
    schema: { type: object, required: [page], properties: { page: { type: string } } }
projections:
  visits: { kind: cache, on: { visit: { add: { count: 1 } } } }
"#;

const V2: &str = r#"
selfsame: 1
name: counters-with-country
parent: v1
events:
  visit:
    key: /page
    schema: { type: object, required: [page], properties: { page: { type: string }, country: { type: string } } }
lenses:
  visit: [{ add: { at: /country } }]
projections:
  visits: { kind: cache, on: { visit: { add: { count: 1 }, set: { last_country: $.country } } } }
"#;

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = Engine::open(folder.path(), Settings { standbys_max: 2 }).expect("an engine");
    let (handle, agent) = (engine.handle(), Principal::parse("agent").expect("a name"));

    let v1 = take_live(handle, &agent, V1, None).await;
    publish(handle, "1", "v1", r#"{"page":"/"}"#).await;
    show(handle, "v1 answers");

    let v2 = take_live(handle, &agent, V2, Some(v1)).await;
    publish(handle, "2", "v2", r#"{"page":"/","country":"nl"}"#).await;
    show(handle, "v2 answers, over the events of both");

    let rewind = Request::Rewind { version: v1, expected: Some(v2), reason: "an example".to_owned() };
    handle.ask(&agent, rewind).await.outcome.expect("a rewind");
    show(handle, "v1 again, and nothing is lost");
    engine.stop().await;
}

async fn take_live(
    handle: &Handle,
    agent: &Principal,
    document: &str,
    expected: Option<VersionNo>,
) -> VersionNo {
    let registered = handle.register(agent, document.to_owned()).await.outcome;
    let Ok(Answer::Registered { version, .. }) = registered else {
        panic!("the document is not right");
    };
    handle.ask(agent, Request::Build { version, budget: Budget::default() }).await.outcome.expect("a build");
    while handle.read(|serving| serving.generation(version).is_none()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Nothing can be compared with while no version answers.
    let evidence = match expected {
        Some(_) => Some(prove(handle, agent, version).await),
        None => None,
    };
    handle.ask(agent, Request::Cutover { version, expected, evidence }).await.outcome.expect("a cutover");
    version
}

async fn prove(handle: &Handle, agent: &Principal, version: VersionNo) -> EvidenceId {
    handle.plan_change(agent, version, Intent::default()).await.outcome.expect("a plan");
    match handle.validate(agent, version, Proof::default()).await.outcome {
        Ok(Answer::Validated { evidence, findings, .. }) if findings.is_empty() => evidence,
        other => panic!("the version is not fit to be taken live: {other:?}"),
    }
}

async fn publish(handle: &Handle, id: &str, version: &str, data: &str) {
    let web = Principal::parse("web").expect("a name");
    let named =
        [("specversion", "1.0"), ("type", "visit"), ("source", "/web"), ("id", id), ("dataschema", version)];
    let attributes = named.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let draft = Draft::binary(attributes, data.as_bytes()).expect("a CloudEvent");
    let reply = handle.publish(&web, &[draft]).await;
    println!("event {id} is durable: {:?}", reply.outcome.expect("an answer"));
}

fn show(handle: &Handle, what: &str) {
    let row = handle.read(|serving| {
        let cache = serving.active_generation().and_then(|generation| generation.cache("visits"));
        cache.and_then(|cache| cache.get("/")).map(|row| row.to_json())
    });
    println!("{what}: {}", row.unwrap_or_default());
}
