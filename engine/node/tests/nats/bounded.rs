//! NATS under a boundary: who comes in, what they may publish and read, and what becomes of a change of it.

use std::sync::Arc;

use nkeys::KeyPair;
use selfsame_core::{
    ApprovalRules, Ask, Boundary, Decision, Gates, Member, Policy, PrincipalKind, Rate, Resource,
};
use selfsame_log::Schedule;
use selfsame_node::nats::client::Publisher;
use selfsame_node::nats::layout::{NatsLayout, NatsPrincipal, principals_of};
use selfsame_node::nats::{self, ManagedNats, NatsIdentity, NatsOptions, NatsPlane};
use selfsame_node::{Engine, Handle, read};
use selfsame_record::{Digest, Protected};
use serde_json::Value;

use crate::fort::{key, layout, options, pair};
use crate::rig::{
    Rig, TestLog, activate, code, engine, key as row, log, name, registered, structured, until, who,
};

/// Reading a view and publishing what begins with `secret` is not allowed.
#[derive(Debug)]
struct Most;

impl Policy for Most {
    fn allows(&self, ask: &Ask<'_>) -> bool {
        !matches!(ask.resource, Resource::Projection("by_city")) && ask.principal != "mute"
    }

    fn explain(&self, ask: &Ask<'_>) -> Decision {
        Decision { allowed: self.allows(ask), rules: vec!["most".to_owned()], next: vec![] }
    }
}

fn member(kind: PrincipalKind, key: Option<&KeyPair>, rate: Option<Rate>) -> Member {
    let nkey = key.map(KeyPair::public_key);
    Member { kind, owner: "zoe".to_owned(), nkey, tokens: vec![], rate }
}

fn boundary(serial: u64, services: &[&str]) -> Arc<Boundary> {
    let slow = Some(Rate { per_second: 1, burst: 2 });
    let mut members: Vec<(String, Member)> = services
        .iter()
        .map(|name| {
            let rate = slow.filter(|_| *name == "slow");
            ((*name).to_owned(), member(PrincipalKind::Service, Some(&pair(name)), rate))
        })
        .collect();
    members.push(("ada".to_owned(), member(PrincipalKind::Operator, Some(&pair("ada")), None)));
    members.push(("tokens-only".to_owned(), member(PrincipalKind::Agent, None, None)));
    Arc::new(Boundary {
        hash: Digest::of(&[&serial.to_le_bytes()]),
        signer: "O".to_owned(),
        instance: "shop".to_owned(),
        serial,
        members: members.into_iter().collect(),
        protected: Protected::new(&["identity.*"]),
        protected_projections: [].into(),
        approvals: ApprovalRules { lossy: 1, breaking: 1, ttl_ms: 60_000 },
        policy: Arc::new(Most),
        gates: Gates::default(),
    })
}

/// An engine under a boundary, with a managed server that has its accounts.
struct Bounded {
    folder: tempfile::TempDir,
    managed: ManagedNats,
    engine: Engine,
    plane: NatsPlane,
    _log: TestLog,
}

fn accounts(principals: Vec<NatsPrincipal>) -> NatsLayout {
    NatsLayout { principals, ..layout(std::path::Path::new("/nowhere")) }
}

async fn bind(handle: &Handle, boundary: &Arc<Boundary>) {
    handle.bind(Some(Arc::clone(boundary))).await.outcome.expect("taken");
}

impl Bounded {
    async fn start(services: &[&str]) -> Bounded {
        let boundary = boundary(1, services);
        let principals = principals_of(&boundary.members).expect("names and keys");
        let folder = tempfile::tempdir().expect("a folder");
        let managed = ManagedNats::start_with(folder.path(), &accounts(principals.clone()));
        let managed = managed.unwrap_or_else(|err| panic!("{err}"));
        let log = log(Schedule::none());
        let engine = engine(&log);
        activate(engine.handle()).await;
        bind(engine.handle(), &boundary).await;
        let options = NatsOptions { identity: NatsIdentity::Attested(principals), ..options() };
        let plane = nats::start(engine.handle().clone(), managed.url(), options).await.expect("an address");
        let bounded = Bounded { folder, managed, engine, plane, _log: log };
        bounded.until_connected().await;
        bounded
    }

    async fn until_connected(&self) {
        until("every line is connected", async || self.plane.status().connected).await;
    }

    async fn publisher(&self, name: &str) -> Publisher {
        Publisher::connect_as(self.managed.url(), &who(name), &key(name)).await.expect("a connection")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn services_and_agents_with_a_key_come_in_and_nobody_else() {
    let principals = principals_of(&boundary(1, &["web", "mute"]).members).expect("names and keys");
    let names: Vec<&str> = principals.iter().map(|principal| principal.name.as_str()).collect();
    assert_eq!(names, ["mute", "web"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_and_read_is_decided_for_who_is_proven() {
    let bounded = Bounded::start(&["web", "mute"]).await;
    let (web, mute) = (bounded.publisher("web").await, bounded.publisher("mute").await);
    let event = registered("1", "ada", "London");
    web.publish(&who("web"), &event).await.expect("taken");
    assert_eq!(code(mute.publish(&who("mute"), &event).await), "not-allowed");
    let protected = structured("2", "ada", "x").to_string().replace("user.registered", "Identity.granted");
    let protected = selfsame_core::Draft::structured(protected.as_bytes()).expect("an event");
    assert_eq!(code(web.publish(&who("web"), &protected).await), "protected-type");
    let read = async |publisher: &Publisher, projection: &str| {
        publisher.get(&name(projection), &row("ada"), None, None).await
    };
    assert_eq!(read(&web, "profile").await.expect("a row")["value"]["city"], "London");
    assert_eq!(code(read(&web, "by_city").await), "not-allowed");
    assert_eq!(code(read(&mute, "profile").await), "not-allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sends_too_much_is_answered_before_anything_is_done() {
    let bounded = Bounded::start(&["web", "slow"]).await;
    let (web, slow) = (bounded.publisher("web").await, bounded.publisher("slow").await);
    let mut limited = 0;
    for n in 0..10 {
        match slow.publish(&who("slow"), &registered(&n.to_string(), "ada", "London")).await {
            Ok(_) => {}
            refused => {
                assert_eq!(code(refused), "rate-limited");
                limited += 1;
            }
        }
        web.publish(&who("web"), &registered(&n.to_string(), "bob", "Rome")).await.expect("taken");
    }
    assert!((5..=8).contains(&limited), "{limited}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_proves_nothing_brings_in_nothing() {
    let rig = Rig::start().await;
    bind(rig.handle(), &boundary(1, &["web"])).await;
    let web = rig.publisher().await;
    assert_eq!(code(web.publish(&who("web"), &registered("1", "ada", "London")).await), "no-principal");
    assert_eq!(code(web.get(&name("profile"), &row("ada"), None, None).await), "no-principal");
    web.put_in_tray(&who("web"), &registered("2", "ada", "London")).await.expect("kept by the server");
    let noted = async || {
        let served = read::refused(rig.handle(), Some(&who("ada")), 1000);
        let served: Value = serde_json::from_str(&served.body).expect("JSON");
        let refused = served["refused"].as_array().expect("a list");
        let codes: Vec<&Value> = refused.iter().map(|noted| &noted["code"]).collect();
        codes == ["no-principal", "no-principal"]
    };
    until("both events are noted", noted).await;
    assert_eq!(rig.events(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_boundary_brings_new_principals_in_and_cuts_others_off() {
    let mut bounded = Bounded::start(&["web", "old"]).await;
    let (web, old) = (bounded.publisher("web").await, bounded.publisher("old").await);
    old.publish(&who("old"), &registered("1", "ada", "London")).await.expect("taken");
    let url = bounded.managed.url().to_owned();
    let next = boundary(2, &["web", "new"]);
    let principals = principals_of(&next.members).expect("names and keys");
    bounded.managed.apply(&accounts(principals.clone())).expect("written");
    bind(bounded.engine.handle(), &next).await;
    bounded.plane.follow(principals).await.expect("an address");
    let comes_in = async || {
        let Ok(new) = Publisher::connect_as(&url, &who("new"), &key("new")).await else { return false };
        new.publish(&who("new"), &registered("1", "bob", "Rome")).await.is_ok()
    };
    until("who is new comes in", comes_in).await;
    let events = bounded.engine.handle().read(selfsame_core::Serving::events);
    assert!(old.publish(&who("old"), &registered("2", "ada", "Paris")).await.is_err());
    assert!(Publisher::connect_as(&url, &who("old"), &key("old")).await.is_err());
    let read = bounded.engine.handle().read(selfsame_core::Serving::events);
    assert_eq!(read, events, "nothing of who is gone was taken");
    let goes_on = async || web.publish(&who("web"), &registered("1", "eve", "Oslo")).await.is_ok();
    until("who stays goes on, on the connection that it had", goes_on).await;
    bounded
        .publisher("new")
        .await
        .put_in_tray(&who("new"), &registered("2", "mia", "Oslo"))
        .await
        .expect("kept");
    let city = async || crate::rig::city(bounded.engine.handle(), "mia").as_deref() == Some("Oslo");
    until("the new in-tray is read", city).await;
    assert!(bounded.folder.path().join("nats.conf").is_file());
}
