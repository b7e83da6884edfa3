//! The configuration that is written for a server: as it was agreed, and taken by a real one.
//!
//! `SELFSAME_BLESS=1` writes the golden file.

use std::path::{Path, PathBuf};
use std::process::Command;

use nkeys::{KeyPair, KeyPairType};
use selfsame_core::PrincipalKind;
use selfsame_node::nats::find_server;
use selfsame_node::nats::layout::{NatsLayout, NatsPrincipal, TypePattern, UserKey};

use crate::rig::who;

fn key(byte: u8) -> UserKey {
    let pair = KeyPair::new_from_raw(KeyPairType::User, [byte; 32]).expect("a key");
    UserKey::parse(&pair.public_key()).expect("a key")
}

fn principal(name: &str, kind: PrincipalKind, keys: &[u8], types: &[&str], may_read: bool) -> NatsPrincipal {
    NatsPrincipal {
        name: who(name),
        kind,
        keys: keys.iter().map(|byte| key(*byte)).collect(),
        may_publish: types.iter().map(|text| TypePattern::parse(text).expect("a pattern")).collect(),
        may_read,
    }
}

fn layout(store_dir: &Path) -> NatsLayout {
    NatsLayout {
        listen: ([127, 0, 0, 1], 4222).into(),
        store_dir: store_dir.to_owned(),
        tray_bytes_max: 64 * 1024 * 1024,
        engine: vec![key(1)],
        principals: vec![
            principal("web", PrincipalKind::Service, &[2, 3], &["user.*", "order.>"], true),
            principal("Meter_2", PrincipalKind::Service, &[4], &[">"], false),
            principal("planner", PrincipalKind::Agent, &[5], &[], true),
            principal("nobody-yet", PrincipalKind::Operator, &[6], &[], false),
        ],
    }
}

/// Whether a real server takes it.
fn check_taken(layout: &NatsLayout) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("nats.conf");
    std::fs::write(&file, layout.to_config().expect("a layout")).expect("a file");
    let mut command = Command::new(find_server().unwrap_or_else(|err| panic!("{err}")));
    let output = command.arg("-t").arg("-c").arg(&file).output().expect("a server");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_configuration_is_the_golden_one() {
    let golden = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/nats.conf");
    let written = layout(Path::new("/var/lib/selfsame/nats")).to_config().expect("a layout");
    if std::env::var_os("SELFSAME_BLESS").is_some() {
        std::fs::write(&golden, &written).expect("a file");
    }
    assert_eq!(written, std::fs::read_to_string(&golden).expect("a golden file"));
}

#[test]
fn a_server_takes_the_configuration() {
    let mut layout = layout(Path::new("/tmp/a folder"));
    check_taken(&layout);
    layout.principals.clear();
    check_taken(&layout);
    layout.listen = ([0, 0, 0, 0, 0, 0, 0, 1], 0).into();
    layout.principals = (0..256)
        .map(|n| {
            let pair = KeyPair::new_user();
            let mut principal =
                principal(&format!("p{n}"), PrincipalKind::Service, &[], &["a.b", "*.c", "d.>"], true);
            principal.keys = vec![UserKey::parse(&pair.public_key()).expect("a key")];
            principal
        })
        .collect();
    check_taken(&layout);
}
