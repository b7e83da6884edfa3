//! The sequencer's answers as JSON text.

use selfsame_core::{Answer, Code};

use crate::clock::show_time;
use crate::handle::Handle;
use crate::read::body::Body;
use crate::read::census::used_by;
use crate::read::{Refused, Served};
use crate::rebase::Moved;
use crate::sequencer::Reply;

/// What became of a request.
///
/// # Errors
///
/// If it was refused.
pub fn answer(handle: &Handle, reply: Reply) -> Result<Served, Refused> {
    let Reply { position, version, outcome } = reply;
    match outcome {
        Ok(answer) => {
            let mut body = Body::new(position, version);
            put(&mut body, &answer);
            if let Answer::Dropped { version } = answer {
                let readers = &handle.shared.readers;
                body.put("used_by", &handle.read(|serving| used_by(serving, readers, version)));
            }
            Ok(body.served())
        }
        // A reply without the sequencer names no position of its own.
        Err(refusal) if refusal.code == Code::Stopping => Err(Refused::now(handle, refusal)),
        Err(refusal) => Err(Refused { position, version, refusal }),
    }
}

/// What a rebase came to.
///
/// # Errors
///
/// If the registration was refused.
pub fn moved(handle: &Handle, moved: Moved) -> Result<Served, Refused> {
    let Moved { from, onto, needs_check, reply } = moved;
    let (position, version) = (reply.position, reply.version);
    let outcome = match reply.outcome {
        Ok(outcome) => outcome,
        Err(_) => return answer(handle, reply),
    };
    let mut body = Body::new(position, version);
    put(&mut body, &outcome);
    body.put("from", &from).put("onto", &onto).put("needs_check", &needs_check);
    Ok(body.served())
}

fn put(body: &mut Body, answer: &Answer) {
    match answer {
        Answer::Published { events } => body.put("events", events),
        Answer::Registered { version, id, existed, report } => {
            body.put("registered", version).put("id", id).put("existed", existed);
            match report {
                Some(report) => body.put("report", &report.changed()),
                None => body,
            }
        }
        Answer::Building { version } => body.put("building", version),
        Answer::Planned { plan } => body.put("plan", &plan.plan).put("planned", plan),
        Answer::Validated { evidence, plan, at, findings } => {
            body.put("evidence", evidence).put("plan", plan).put("at", at);
            body.put("passed", &findings.is_empty()).put("findings", findings)
        }
        Answer::Done { record } => body.put("record", record),
        Answer::Paused { version } => body.put("paused", version),
        Answer::Resumed { version } => body.put("resumed", version),
        Answer::Abandoned { version } => body.put("abandoned", version),
        Answer::Switched(to) => {
            body.put("at", &to.at).put("from", &to.from).put("to", &to.version).put("window", &to.window)
        }
        Answer::RewindPending { version, from } => body.put("pending", version).put("from", from),
        Answer::Dropped { version } => body.put("dropped", version),
        Answer::Leased { lease, until, jobs } => {
            body.put("lease", lease).put("until", &show_time(*until)).put("jobs", jobs)
        }
        Answer::Settled { job, retry_at: None, dead: false } => body.put("job", job),
        Answer::Settled { job, retry_at, dead } => {
            body.put("job", job).put("retry_at", &retry_at.map(show_time)).put("dead", dead)
        }
        Answer::Noted {} => body,
    };
}
