//! What to do when another version came first: say what moved, and write the change against what answers now.
//!
//! Both look at whole documents, so both are done off the sequencer. The rebased document is registered the
//! ordinary way: it is judged and compiled like any other.

use std::collections::BTreeSet;
use std::sync::Arc;

use selfsame_core::{Code, Refusal, no_active_version};
use selfsame_record::{Position, Principal, VersionNo};
use selfsame_schema::{Conflict, Problem, Registry, Version};
use serde_json::{Value, json};

use crate::handle::Handle;
use crate::sequencer::Reply;

/// Conflicts and names that an answer lists at most.
pub const LISTED_MAX: usize = 20;

/// What a rebase came to, beside the registration.
#[derive(Clone, Debug)]
pub struct Moved {
    /// The version whose change it is.
    pub from: VersionNo,
    /// The version that it was written against.
    pub onto: VersionNo,
    /// What may not mean what was meant.
    pub needs_check: Vec<Problem>,
    /// The registration of the document.
    pub reply: Reply,
}

impl Handle {
    /// Writes the change that `own` made to its parent against `onto` (the active version if none is named), and
    /// registers it.
    ///
    /// # Errors
    ///
    /// If both changed the same thing differently, `own` has no parent, or nothing answers.
    pub async fn rebase(
        &self,
        principal: &Principal,
        own: VersionNo,
        onto: Option<VersionNo>,
    ) -> Result<Moved, Refusal> {
        let admission = self.admission();
        let onto = onto.or(admission.active).ok_or_else(no_active_version)?;
        let registry = Arc::clone(&admission.registry);
        let rebased = self.off_sequencer(move || rebased(&registry, own, onto)).await?;
        let reply = self.register(principal, rebased.document.to_string()).await;
        Ok(Moved { from: own, onto, needs_check: rebased.needs_check, reply })
    }

    /// The same reply; if it refuses what came too late, with what moved since the version was written.
    pub(crate) async fn telling_what_moved(&self, version: VersionNo, mut reply: Reply) -> Reply {
        if let Err(refusal) = reply.outcome {
            reply.outcome = Err(self.tell_what_moved(version, refusal).await);
        }
        reply
    }

    async fn tell_what_moved(&self, version: VersionNo, mut refusal: Refusal) -> Refusal {
        if !matches!(refusal.code, Code::ActiveChanged | Code::StaleEvidence) {
            return refusal;
        }
        let this = self.clone();
        match self.off_sequencer(move || Ok(this.what_moved(version))).await {
            Ok(Some(moved)) => {
                refusal.next.push(format!(
                    "or `selfsame version rebase {version}`, which goes by itself where the changes are disjoint"
                ));
                refusal.field("moved", moved)
            }
            // It is a refusal all the same.
            Ok(None) | Err(_) => refusal,
        }
    }

    /// What answers now, since when, by whom, and what it changed of the version's parent; none if that is what
    /// answers.
    fn what_moved(&self, version: VersionNo) -> Option<Value> {
        let (registry, active, at) = self.read(|serving| {
            let status = serving.status();
            (
                Arc::clone(&status.admission.registry),
                serving.active(),
                status.lifecycle.switches().last().map(|s| s.at).unwrap_or_default(),
            )
        });
        let base = registry.version(version)?.parent()?;
        let active = active.filter(|active| *active != base && *active != version)?;
        let by = self.who_wrote(at);
        let (base, now) = (registry.version(base)?, registry.version(active)?);
        let changed = |section| changed(base, now, section);
        let mut events = changed("events");
        events.extend(changed("lenses"));
        Some(json!({
            "version": active,
            "at": at,
            "by": by,
            "events": events.into_iter().take(LISTED_MAX).collect::<Vec<_>>(),
            "projections": changed("projections").into_iter().take(LISTED_MAX).collect::<Vec<_>>(),
        }))
    }

    fn who_wrote(&self, at: Position) -> Option<String> {
        selfsame_log::record(&**self.log(), at).ok().flatten().map(|record| record.principal)
    }
}

fn rebased(
    registry: &Registry,
    own: VersionNo,
    onto: VersionNo,
) -> Result<selfsame_schema::Rebased, Refusal> {
    let find = |no: VersionNo| {
        registry.version(no).ok_or_else(|| {
            Refusal::new(Code::UnknownVersion, format!("there is no schema version {no}"))
                .next("list the versions with `selfsame version list`")
        })
    };
    let (own, onto) = (find(own)?, find(onto)?);
    if own.no() == onto.no() && own.parent().is_some() {
        // It has its own change already: written once more, it would be a version that changes nothing.
        let document = serde_json::from_str(own.canonical()).unwrap_or_default();
        return Ok(selfsame_schema::Rebased { document, needs_check: Vec::new() });
    }
    registry.rebase(own, onto).map_err(|conflicts| conflict(own, onto, &conflicts))
}

fn conflict(own: &Version, onto: &Version, conflicts: &[Conflict]) -> Refusal {
    let first = conflicts.first().map_or_else(String::new, ToString::to_string);
    let more = conflicts.len().saturating_sub(1);
    let rest = if more == 0 { String::new() } else { format!(" (and {more} more)") };
    let detail = format!("{} cannot be written against {} by itself: {first}{rest}", own.no(), onto.no());
    let listed: Vec<&Conflict> = conflicts.iter().take(LISTED_MAX).collect();
    let mut refusal = Refusal::new(Code::RebaseConflict, detail).field("conflicts", json!(listed));
    let mut help: Vec<String> = conflicts.iter().map(|conflict| conflict.help.clone()).collect();
    help.dedup();
    refusal.next = help.into_iter().take(3).collect();
    refusal.next(format!("or write a version with the parent {} by hand", onto.no()))
}

/// The names in a section of which two documents do not say the same.
fn changed(before: &Version, after: &Version, section: &str) -> BTreeSet<String> {
    let members = |version: &Version| -> serde_json::Map<String, Value> {
        let document: Value = serde_json::from_str(version.canonical()).unwrap_or_default();
        document.get(section).and_then(Value::as_object).cloned().unwrap_or_default()
    };
    let (before, after) = (members(before), members(after));
    // A lens is from the parent to the version, so that of the earlier version says nothing here.
    let gone = before.keys().filter(|name| section != "lenses" && !after.contains_key(*name));
    let new = after.iter().filter(|(name, value)| before.get(*name) != Some(*value)).map(|(name, _)| name);
    gone.chain(new).cloned().collect()
}
