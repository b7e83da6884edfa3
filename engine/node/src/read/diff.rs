//! What becomes of the event types between two versions: verdicts, what is lost which way, labels.

use std::sync::Arc;

use selfsame_core::{Admission, Code, Refusal};
use selfsame_record::VersionNo;
use serde_json::json;

use crate::handle::Handle;
use crate::read::body::Body;
use crate::read::{Refused, Served};

/// The report of the way from one version, or from its parent, to another.
///
/// # Errors
///
/// If there is no such version, or if it has no parent and none is named.
pub fn diff(handle: &Handle, from: Option<&str>, to: &str) -> Result<Served, Refused> {
    let (position, admission, samples, written) = handle.read(|serving| {
        let admission = Arc::clone(&serving.status().admission);
        (serving.position(), admission, Arc::clone(serving.samples()), serving.census().written())
    });
    // Versions never change, so what follows is as of the position without holding anybody up.
    let refused = |refusal| Refused { position, version: admission.active, refusal };
    let to = admission.find_version(to).map_err(refused)?;
    let from = match from {
        Some(from) => admission.find_version(from).map_err(refused)?,
        None => parent(&admission, to).map_err(refused)?,
    };
    let report = admission.registry.report(from, to, &*samples).ok_or_else(|| {
        let detail = format!("there is no way from {from} to {to}");
        refused(Refusal::new(Code::UnknownVersion, detail).next("see `selfsame version list`"))
    })?;
    let written: Vec<VersionNo> = written.into_iter().filter(|no| *no != to).collect();
    let transitive = admission.registry.transitive(to, &written);
    let mut body = Body::new(position, admission.active);
    body.put("diff", &report);
    body.put("transitive", &json!({ "labels": transitive, "versions": written }));
    Ok(body.served())
}

fn parent(admission: &Admission, version: VersionNo) -> Result<VersionNo, Refusal> {
    let parent = admission.registry.version(version).and_then(|version| version.parent());
    parent.ok_or_else(|| {
        let detail = format!("{version} has no parent to be compared with");
        Refusal::new(Code::BadRequest, detail).next("name a version with `from`")
    })
}
