//! Plans and evidence as people and programs look at them.

use selfsame_core::{Code, Control, EvidenceId, PlanId, Refusal, Serving};
use selfsame_record::{Body as RecordBody, Position};
use serde_json::{Value, json};

use crate::clock::{self, show_time};
use crate::handle::Handle;
use crate::read::body::Body;
use crate::read::{Refused, Served};

/// All plans that the engine remembers, newest first.
pub fn plans(handle: &Handle) -> Served {
    handle.read(|serving| {
        let mut plans: Vec<_> = serving.status().plans.iter().collect();
        plans.sort_by_key(|plan| std::cmp::Reverse(plan.at));
        let mut body = Body::new(serving.position(), serving.active());
        body.put_list("plans", plans.into_iter().map(|plan| shown(plan).to_string()));
        body.served()
    })
}

/// One plan with its evidence.
///
/// # Errors
///
/// If there is none of this name, or it has expired.
pub fn plan_of(handle: &Handle, plan: PlanId) -> Result<Served, Refused> {
    handle.read(|serving| {
        let found = serving.status().plans.open(plan, clock::now());
        let found = found.map_err(|refusal| Refused::at(serving, refusal))?;
        let mut body = Body::new(serving.position(), serving.active());
        body.put("plan", &shown(found));
        Ok(body.served())
    })
}

fn shown(plan: &selfsame_core::OpenPlan) -> Value {
    let mut json = json!(plan);
    if let Some(members) = json.as_object_mut() {
        members.insert("expires".to_owned(), show_time(plan.planned.expires).into());
        members.insert("digest".to_owned(), json!(plan.planned.digest()));
        members.insert("needed".to_owned(), plan.planned.needed().into());
        members.insert("counting".to_owned(), json!(plan.counting(clock::now())));
    }
    json
}

/// Evidence with the whole comparison. Reads the log.
///
/// # Errors
///
/// If there is none of this name, or it has expired.
pub fn evidence(handle: &Handle, evidence: EvidenceId) -> Result<Served, Refused> {
    let (position, version, record) =
        handle.read(|serving| (serving.position(), serving.active(), record_of(serving, evidence)));
    let refused = |refusal| Refused { position, version, refusal };
    let found = record.and_then(|at| validated(handle, at));
    let mut validated = found.map_err(refused)?;
    let same_boundary = handle.read(|serving| {
        let plan = serving.status().plans.evidence(evidence).map(|(plan, _)| plan.planned.boundary);
        plan.is_none_or(|boundary| boundary == serving.status().admission.boundary.hash())
    });
    // What another boundary let be shown, this one may not.
    if let Some(members) = validated.as_object_mut().filter(|_| !same_boundary) {
        members.insert("report".to_owned(), Value::Null);
    }
    let mut body = Body::new(position, version);
    body.put_raw("evidence", &validated.to_string());
    Ok(body.served())
}

fn record_of(serving: &Serving, evidence: EvidenceId) -> Result<Position, Refusal> {
    let found = serving.status().plans.evidence(evidence).map(|(_, evidence)| evidence.record);
    found.ok_or_else(|| {
        Refusal::new(Code::UnknownEvidence, format!("there is no evidence {evidence}, or it has expired"))
            .next("see what there is with `selfsame plans`")
    })
}

fn validated(handle: &Handle, at: Position) -> Result<Value, Refusal> {
    let unreadable =
        |err: String| Refusal::new(Code::UnreadableLog, format!("the log cannot be read: {err}"));
    let record = selfsame_log::record(&**handle.log(), at).map_err(|err| unreadable(err.to_string()))?;
    let body = record.map(|record| record.body);
    let Some(RecordBody::Control(json)) = body else {
        return Err(unreadable(format!("no control record is at {at}")));
    };
    match Control::parse(&json).map_err(|err| unreadable(err.to_string()))? {
        Control::Validated(validated) => {
            let report: Value = serde_json::from_str(&validated.report).unwrap_or_default();
            let mut json = json!(validated);
            if let Some(members) = json.as_object_mut() {
                members.insert("record".to_owned(), json!(at));
                members.insert("report".to_owned(), report);
                members.insert("passed".to_owned(), validated.findings.is_empty().into());
            }
            Ok(json)
        }
        other => Err(unreadable(format!("the record at {at} is `{}`", other.kind()))),
    }
}
