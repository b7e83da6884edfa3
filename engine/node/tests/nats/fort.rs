//! An engine behind a server with accounts, and its principals' keys.

use std::path::Path;

use nkeys::{KeyPair, KeyPairType};
use selfsame_core::PrincipalKind;
use selfsame_log::Schedule;
use selfsame_node::Engine;
use selfsame_node::nats::client::{Publisher, options_as};
use selfsame_node::nats::layout::{NatsLayout, NatsPrincipal, TypePattern, UserKey};
use selfsame_node::nats::{self, NatsIdentity, NatsKey, NatsOptions, NatsPlane};
use serde_json::Value;

use crate::raw::Raw;
use crate::rig::{Rig, activate, engine, log, registered, who};
use crate::server::{FOLDER, Nats};

/// Bytes of each in-tray.
const TRAY_BYTES: u64 = 8 * 1024 * 1024;

/// Who there is: the name, the kind, the types, whether it reads.
const PRINCIPALS: [(&str, PrincipalKind, &[&str], bool); 4] = [
    ("web", PrincipalKind::Service, &[">"], true),
    ("other", PrincipalKind::Service, &[">"], true),
    ("meter", PrincipalKind::Service, &["user.renamed"], false),
    ("planner", PrincipalKind::Agent, &[], true),
];

/// The key of a principal, or of the engine.
pub(crate) fn pair(name: &str) -> KeyPair {
    let mut seed = [0; 32];
    name.bytes().zip(&mut seed).for_each(|(letter, byte)| *byte = letter);
    KeyPair::new_from_raw(KeyPairType::User, seed).expect("a key")
}

pub(crate) fn key(name: &str) -> NatsKey {
    NatsKey::parse(&pair(name).seed().expect("a seed")).expect("a key")
}

fn public(name: &str) -> UserKey {
    UserKey::parse(&pair(name).public_key()).expect("a key")
}

pub(crate) fn principals() -> Vec<NatsPrincipal> {
    let principal = |(name, kind, types, may_read): (&str, _, &[&str], _)| NatsPrincipal {
        name: who(name),
        kind,
        keys: vec![public(name)],
        may_publish: types.iter().map(|text| TypePattern::parse(text).expect("a pattern")).collect(),
        may_read,
    };
    PRINCIPALS.into_iter().map(principal).collect()
}

pub(crate) fn layout(store_dir: &Path) -> NatsLayout {
    NatsLayout {
        listen: ([127, 0, 0, 1], 0).into(),
        store_dir: store_dir.to_owned(),
        tray_bytes_max: TRAY_BYTES,
        engine: vec![public("engine")],
        principals: principals(),
    }
}

pub(crate) fn options() -> NatsOptions {
    let identity = NatsIdentity::Attested(principals());
    NatsOptions { tray_bytes_max: TRAY_BYTES, identity, key: Some(key("engine")) }
}

/// An engine behind accounts.
pub(crate) struct Fort {
    pub(crate) rig: Rig,
}

impl Fort {
    pub(crate) async fn start() -> Fort {
        Fort::on(Nats::with_config(Some(&config())).await).await
    }

    /// Where users may publish and listen to everything in their accounts: the accounts alone hold.
    pub(crate) async fn without_permissions() -> Fort {
        let loose = config()
            .replace("publish: { allow: [", "publish: { allow: [ \">\"")
            .replace("subscribe: { allow: [", "subscribe: { allow: [ \">\", ")
            // The engine's own user keeps its permissions.
            .replacen("publish: { allow: [ \">\"", "publish: { allow: [", 1)
            .replacen("subscribe: { allow: [ \">\", ", "subscribe: { allow: [", 1);
        Fort::on(Nats::with_config(Some(&loose)).await).await
    }

    async fn on(nats: Nats) -> Fort {
        let log = log(Schedule::none());
        let engine = engine(&log);
        activate(engine.handle()).await;
        let plane = plane(&engine, &nats).await;
        let rig = Rig { nats, engine, plane, log };
        rig.until_reading().await;
        Fort { rig }
    }

    pub(crate) async fn publisher(&self, name: &str) -> Publisher {
        Publisher::connect_as(&self.rig.nats.url(), &who(name), &key(name)).await.expect("a connection")
    }

    pub(crate) async fn client(&self, name: &str) -> async_nats::Client {
        options_as(&who(name), &key(name)).connect(self.rig.nats.url()).await.expect("a connection")
    }

    pub(crate) fn raw(&self, name: &str) -> Raw {
        Raw::connect(self.rig.nats.port, Some(&pair(name)), None).expect("a connection")
    }

    /// Sees that a principal's events are taken and answered.
    pub(crate) async fn check_serves(&self, name: &str, id: &str) {
        let publisher = self.publisher(name).await;
        let taken = publisher.publish(&who(name), &registered(id, name, "Rome")).await.expect("taken");
        assert_eq!(taken["events"][0]["duplicate"], false);
    }

    /// What is noted as refused, as principal and code, oldest first.
    pub(crate) fn noted(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let refused = self.rig.refused();
        refused.iter().rev().map(|noted| (text(&noted["principal"]), text(&noted["code"]))).collect()
    }
}

fn config() -> String {
    layout(Path::new(FOLDER)).to_config().expect("a layout")
}

pub(crate) async fn plane(engine: &Engine, nats: &Nats) -> NatsPlane {
    nats::start(engine.handle().clone(), &nats.url(), options()).await.expect("an address")
}
