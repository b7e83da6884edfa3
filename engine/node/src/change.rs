//! Planning and validating a change: what takes time is found out here, off the sequencer, and the sequencer
//! binds it with a record.
//!
//! If another version comes to answer meanwhile, it is found out again, so often that a caller who is always
//! overtaken hears of it in the end.

use std::sync::Arc;

use selfsame_core::limits::{EVIDENCE_BYTES_MAX, PLAN_TTL_MS};
use selfsame_core::{
    Answer, Code, Compared, Drafted, EvidenceId, PlanId, Predicted, Refusal, Request, RowsChanged,
};
use selfsame_record::{Principal, VersionNo};
use selfsame_schema::{Class, Registry};
use tracing::error;

use crate::clock;
use crate::compare::compare;
use crate::handle::Handle;
use crate::sequencer::Reply;

/// How often a change is looked at anew because another version came to answer meanwhile.
pub const CHANGE_ROUNDS_MAX: usize = 4;

/// What an author says with a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Intent {
    /// The effect that is expected.
    pub predicted: Option<Predicted>,
    /// How long the plan is to be good for, in milliseconds; absent: [`PLAN_TTL_MS`].
    pub ttl_ms: Option<u64>,
}

/// What is to be compared for which plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// Absent: the newest plan for the version.
    pub plan: Option<PlanId>,
    /// Whether events that fail in the candidate are to be skipped.
    pub skip_failures: bool,
}

impl Handle {
    /// Binds what a change to `version` is to be decided upon.
    pub async fn plan_change(&self, principal: &Principal, version: VersionNo, intent: Intent) -> Reply {
        let mut round = 1;
        loop {
            let (this, intent) = (self.clone(), intent.clone());
            let drafted = self.off_sequencer(move || this.draft(version, intent)).await;
            let reply = match drafted {
                Ok(drafted) => self.ask(principal, Request::Plan { drafted }).await,
                Err(refusal) => return self.refused(refusal),
            };
            if stands(&reply.outcome, Code::ActiveChanged, round) {
                return reply;
            }
            round += 1;
        }
    }

    /// Compares the candidate with the active version and takes what comes of it as evidence.
    pub async fn validate(&self, principal: &Principal, version: VersionNo, proof: Proof) -> Reply {
        let this = self.clone();
        let compared = self.off_sequencer(move || this.comparison(version, proof)).await;
        let reply = match compared {
            Ok(compared) => self.ask(principal, Request::Validate { compared }).await,
            Err(refusal) => self.refused(refusal),
        };
        self.telling_what_moved(version, reply).await
    }

    /// Runs what may take a processor for seconds on a thread of its own, a few at once.
    pub(crate) async fn off_sequencer<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let leave = Arc::clone(&self.shared.checks).acquire_owned().await;
        let worked = tokio::task::spawn_blocking(move || {
            let worked = work();
            drop(leave);
            worked
        });
        worked.await.unwrap_or_else(|err| {
            error!(err = &err as &dyn std::error::Error, "looking at a change ended early");
            Err(Refusal::new(Code::Stopping, "the engine is stopping").next("ask again"))
        })
    }

    fn draft(&self, version: VersionNo, intent: Intent) -> Result<Drafted, Refusal> {
        let (admission, samples, approved) = self.read(|serving| {
            let status = serving.status();
            (Arc::clone(&status.admission), Arc::clone(serving.samples()), status.plans.approved())
        });
        let registry: &Registry = &admission.registry;
        let from = |from: Option<VersionNo>| from.and_then(|from| registry.report(from, version, &*samples));
        let report = from(admission.active);
        let since_approved = if approved == admission.active { report.clone() } else { from(approved) };
        let class =
            |report: &Option<selfsame_schema::Report>| report.as_ref().map_or(Class::Additive, |r| r.class);
        Ok(Drafted {
            plan: PlanId(random()?),
            version,
            base: admission.active,
            approved,
            class: class(&report),
            class_since_approved: class(&since_approved),
            rewind_loses: report.as_ref().is_some_and(|report| !report.rollback_safe),
            predicted: intent.predicted,
            ttl_ms: intent.ttl_ms.unwrap_or(PLAN_TTL_MS),
        })
    }

    fn comparison(&self, version: VersionNo, proof: Proof) -> Result<Compared, Refusal> {
        let now = clock::now();
        let plan = self.read(|serving| {
            let plans = &serving.status().plans;
            match proof.plan {
                Some(plan) => plans.open(plan, now).map(|plan| plan.planned.clone()),
                None => plans.newest(version, now).map(|plan| plan.planned.clone()).ok_or_else(|| {
                    Refusal::new(Code::UnknownPlan, format!("there is no plan for {version}"))
                        .next(format!("make one with `selfsame version plan {version}`"))
                }),
            }
        })?;
        if plan.version != version {
            let detail = format!("the plan {} is for {}, not for {version}", plan.plan, plan.version);
            return Err(Refusal::new(Code::StaleEvidence, detail).next("name a plan for the version"));
        }
        let compared = compare(self, version)?;
        let projections = compared.projections.iter().filter(|p| p.rows.is_some() && p.active_rows.is_some());
        let projections = projections.map(|p| RowsChanged {
            name: p.name.clone(),
            added: p.added,
            removed: p.removed,
            changed: p.changed,
            equal: p.equal,
        });
        let projections = projections.collect();
        let report = serde_json::to_string(&compared).unwrap_or_default();
        assert!(report.len() <= EVIDENCE_BYTES_MAX, "a comparison of {} bytes", report.len());
        Ok(Compared {
            evidence: EvidenceId(random()?),
            plan: plan.plan,
            at: compared.at,
            digest: compared.digest,
            active: Some((compared.active, compared.active_digest)),
            projections,
            failures: compared.failures,
            skip_failures: proof.skip_failures,
            report,
        })
    }
}

/// Whether the outcome of this round, counted from 1, is the caller's answer.
fn stands(outcome: &Result<Answer, Refusal>, overtaken: Code, round: usize) -> bool {
    !matches!(outcome, Err(refusal) if refusal.code == overtaken) || round >= CHANGE_ROUNDS_MAX
}

fn random() -> Result<u64, Refusal> {
    getrandom::u64().map_err(|err| {
        Refusal::new(Code::Overloaded, format!("the machine gives no random number: {err}"))
            .next("see what is wrong with the machine, and ask again")
    })
}
