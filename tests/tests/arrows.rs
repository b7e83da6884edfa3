//! The arrows between the packages: which may use which, and what the pure ones never use.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// A package and the packages of ours that it may use.
const ARROWS: &[(&str, &[&str])] = &[
    ("selfsame-record", &[]),
    ("selfsame-schema", &["selfsame-record"]),
    ("selfsame-projections", &["selfsame-record", "selfsame-schema"]),
    ("selfsame-core", &["selfsame-record", "selfsame-schema", "selfsame-projections"]),
    ("selfsame-boundary", &["selfsame-record", "selfsame-schema", "selfsame-core"]),
    ("selfsame-log", &["selfsame-record"]),
    (
        "selfsame-node",
        &["selfsame-record", "selfsame-schema", "selfsame-projections", "selfsame-core", "selfsame-log"],
    ),
    (
        "selfsame-sim",
        &["selfsame-record", "selfsame-schema", "selfsame-projections", "selfsame-core", "selfsame-log"],
    ),
];

/// The pure packages, which take everything as an argument.
const PURE: &[&str] = &["selfsame-record", "selfsame-schema", "selfsame-projections", "selfsame-core"];
/// What a pure package never reaches, directly or through others.
const IMPURE: &[&str] =
    &["tokio", "async-nats", "fjall", "axum", "hyper", "mio", "rand", "getrandom", "parking_lot"];
/// Libraries that a pure package may use although they reach such a thing, since what they are asked does
/// not hang on it: `docs/decisions/0009-two-libraries-in-a-pure-package.md`.
const ARGUED: &[&str] = &["jsonschema", "cel", "ed25519-dalek"];
/// What another package of the build turns on in `rkyv`, and no pure package does: it archives such values and makes none.
const UNIFIED: &[&str] = &["uuid"];
/// What the simulator never reaches.
const NOT_IN_SIM: &[&str] = &["tokio", "async-nats", "axum", "hyper", "mio"];

struct Graph {
    names: BTreeMap<String, String>,
    uses: BTreeMap<String, BTreeSet<String>>,
}

/// The graph of normal dependencies, as cargo resolves it.
fn graph() -> Graph {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", &host()])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("metadata is JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let packages = metadata["packages"].as_array().expect("packages");
    let names = packages.iter().map(|p| (text(&p["id"]), text(&p["name"]))).collect();
    let normal = |dep: &&Value| {
        dep["dep_kinds"].as_array().is_some_and(|kinds| kinds.iter().any(|k| k["kind"].is_null()))
    };
    let nodes = metadata["resolve"]["nodes"].as_array().expect("nodes");
    let uses = nodes.iter().map(|node| {
        let deps = node["deps"].as_array().expect("deps");
        (text(&node["id"]), deps.iter().filter(normal).map(|d| text(&d["pkg"])).collect())
    });
    Graph { names, uses: uses.collect() }
}

/// The target that this machine builds for; other targets' packages need not be here.
fn host() -> String {
    let output = Command::new("rustc").arg("-vV").output().expect("rustc runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host").to_owned()
}

impl Graph {
    fn id(&self, name: &str) -> &str {
        let found = self.names.iter().find(|(_, n)| *n == name);
        found.map(|(id, _)| id.as_str()).unwrap_or_else(|| panic!("there is no package {name}"))
    }

    fn direct(&self, name: &str) -> BTreeSet<&str> {
        self.uses[self.id(name)].iter().map(|id| self.names[id].as_str()).collect()
    }

    fn reachable(&self, name: &str) -> BTreeSet<&str> {
        self.reachable_without(name, &[])
    }

    /// What is reached on ways that do not lead through these packages.
    fn reachable_without(&self, name: &str, through: &[&str]) -> BTreeSet<&str> {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut open = vec![self.id(name)];
        while let Some(id) = open.pop() {
            for next in self.uses[id].iter().filter(|next| !through.contains(&self.names[*next].as_str())) {
                if seen.insert(next) {
                    open.push(next);
                }
            }
        }
        seen.into_iter().map(|id| self.names[id].as_str()).collect()
    }
}

#[test]
fn packages_use_only_what_lies_below_them() {
    let graph = graph();
    for (name, allowed) in ARROWS {
        let ours = graph.direct(name).into_iter().filter(|n| n.starts_with("selfsame"));
        let beyond: Vec<&str> = ours.filter(|n| !allowed.contains(n)).collect();
        assert!(beyond.is_empty(), "{name} uses {beyond:?}, and may use {allowed:?}");
    }
}

#[test]
fn pure_packages_reach_no_runtime_file_clock_or_random_number() {
    let graph = graph();
    for name in PURE {
        let reached = graph.reachable_without(name, &[ARGUED, UNIFIED].concat());
        let impure: Vec<&&str> = IMPURE.iter().filter(|n| reached.contains(**n)).collect();
        assert!(impure.is_empty(), "{name} reaches {impure:?}");
    }
    let sim = graph.reachable("selfsame-sim");
    let reached: Vec<&&str> = NOT_IN_SIM.iter().filter(|n| sim.contains(**n)).collect();
    assert!(reached.is_empty(), "selfsame-sim reaches {reached:?}");
}

#[test]
fn the_check_sees_what_it_looks_for() {
    let graph = graph();
    assert!(graph.reachable("selfsame-node").contains("tokio"));
    assert!(graph.direct("selfsame-core").contains("selfsame-record"));
    for argued in ARGUED {
        let used = PURE.iter().any(|name| graph.direct(name).contains(argued));
        assert!(used, "{argued} needs no argument any more");
    }
}
