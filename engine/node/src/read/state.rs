//! The whole engine at a glance.

use selfsame_core::{Serving, Status};
use selfsame_record::{Micros, VersionNo};
use serde_json::{Value, json};

use crate::clock;
use crate::handle::Handle;
use crate::read::Served;
use crate::read::autonomy::breakers;
use crate::read::body::Body;
use crate::read::jobs::queues;
use crate::read::versions::{entry, live};

/// What the engine has, serves and does at the moment.
pub fn state(handle: &Handle) -> Served {
    let (builds, read_only) = (handle.builds(), handle.is_read_only());
    let (latency, now) = (handle.shared.latency.read(), clock::now());
    handle.read(|serving| {
        let lifecycle = &serving.status().lifecycle;
        let mut body = Body::new(serving.position(), serving.active());
        body.put("head", &serving.position()).put("active", &serving.active());
        body.put("since", &lifecycle.switches().last().map(|switch| switch.at));
        let status = serving.status();
        body.put("frozen", &status.brakes.frozen()).put("floor", &status.brakes.floor());
        body.put("sealed", status.brakes.sealed()).put("retired", status.brakes.retired());
        body.put("probation", &status.probation).put("guards", &serving.guards(latency, now));
        body.put("breakers", &breakers(status.autonomy.breakers(now)));
        let life = &status.lifecycle;
        body.put("repairs", &json!({ "under_way": life.repairing(), "last": life.last_repair() }));
        body.put("quarantines", &quarantines(status));
        body.put("in_flight", &in_flight(serving, now));
        body.put("read_only", &read_only).put("events", &serving.events());
        body.put_list("versions", version_entries(serving).map(|entry| entry.to_string()));
        body.put("switches", lifecycle.switches()).put("builds", &builds);
        body.put("queues", &queues(serving)).put("refused", serving.refused_counts());
        body.put("boundary", &boundary(status));
        body.served()
    })
}

/// The boundary in force; `none` where nobody's identity is proven and no policy forbids anything.
fn boundary(status: &Status) -> Value {
    let in_force = &status.admission.boundary;
    let Some(loaded) = in_force.loaded() else { return "none".into() };
    let instance = in_force.boundary().ok().flatten().map(|boundary| boundary.instance.clone());
    json!({
        "hash": loaded.hash,
        "signer": loaded.signer,
        "serial": loaded.serial,
        "since": loaded.at,
        "instance": instance,
        "loaded": instance.is_some(),
    })
}

/// What is set aside, and which versions are not in line with it yet.
fn quarantines(status: &Status) -> Value {
    let in_force = status.quarantines.in_force();
    let in_force = in_force.map(|(at, quarantine)| json!({ "quarantine": at, "what": quarantine }));
    let pending: Vec<VersionNo> = status.quarantines.pending().collect();
    json!({ "in_force": in_force.collect::<Vec<_>>(), "pending": pending })
}

/// Changes that somebody has begun and that are not live: plans with what they wait for, and a rewind that is
/// being built. Builds stand by themselves.
fn in_flight(serving: &Serving, now: Micros) -> Value {
    let status = serving.status();
    let open = status.plans.iter().filter(|plan| {
        let stage = status.lifecycle.stage(plan.planned.version);
        let answered = status.lifecycle.was_active(plan.planned.version);
        plan.planned.expires > now && stage.is_some() && !answered && plan.rejected.is_none()
    });
    let plan = |plan: &selfsame_core::OpenPlan| {
        json!({
            "plan": plan.planned.plan,
            "version": plan.planned.version,
            "author": plan.author,
            "waits_for_approval": plan.counting(now).len() < plan.planned.needed(),
            "evidence": plan.evidence.last().map(|evidence| evidence.evidence),
        })
    };
    let plans: Vec<Value> = open.map(plan).collect();
    json!({ "plans": plans, "rewind": status.lifecycle.pending_rewind() })
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
