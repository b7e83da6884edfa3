//! The whole engine at a glance.

use selfsame_core::Serving;
use serde_json::{Value, json};

use crate::handle::Handle;
use crate::read::Served;
use crate::read::body::Body;
use crate::read::jobs::queues;
use crate::read::versions::{entry, live};

/// What the engine has, serves and does at the moment.
pub fn state(handle: &Handle) -> Served {
    let (builds, read_only) = (handle.builds(), handle.is_read_only());
    handle.read(|serving| {
        let lifecycle = &serving.status().lifecycle;
        let mut body = Body::new(serving.position(), serving.active());
        body.put("head", &serving.position()).put("active", &serving.active());
        body.put("since", &lifecycle.switches().last().map(|switch| switch.at));
        body.put("frozen", &serving.status().brakes.frozen());
        body.put("floor", &serving.status().brakes.floor());
        body.put("probation", &serving.status().probation);
        body.put("read_only", &read_only).put("events", &serving.events());
        body.put_list("versions", version_entries(serving).map(|entry| entry.to_string()));
        body.put("switches", lifecycle.switches()).put("builds", &builds);
        body.put("queues", &queues(serving)).put("refused", serving.refused_counts());
        // Nobody's identity is proven and nothing is forbidden by a policy.
        body.put("boundary", "none");
        body.served()
    })
}

/// The engine takes records.
pub fn health(handle: &Handle) -> Served {
    handle.read(|serving| {
        let mut body = Body::new(serving.position(), serving.active());
        body.put("ok", &true);
        body.served()
    })
}

fn version_entries(serving: &Serving) -> impl Iterator<Item = Value> {
    let registry = &serving.status().admission.registry;
    registry.versions().map(|version| {
        let mut entry = entry(serving, version);
        let live = serving.generation(version.no()).map(|generation| live(serving, generation));
        entry.insert("live".to_owned(), json!(live));
        Value::Object(entry)
    })
}
