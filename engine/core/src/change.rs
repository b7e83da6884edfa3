//! Plan, validate, cut over: each decided upon records alone, and bound to the step before.

use selfsame_record::{Micros, Position, VersionNo};
use selfsame_schema::PoisonBuild;

use crate::batch::Batch;
use crate::boundary::Context;
use crate::change_id::EvidenceId;
use crate::control::Control;
use crate::core::Core;
use crate::input::{Answer, Compared, Drafted, Plane};
use crate::lifecycle::Stage;
use crate::limits::PLAN_TTL_MS_MAX;
use crate::plans::{Candidate, Grounds, Planned, Validated, failed_guards, findings, needs_approval};
use crate::probation::begin;
use crate::quotas::Counted;
use crate::refusal::{Code, Refusal};
use crate::serving::Serving;

impl Core {
    pub(crate) fn plan_change(
        &mut self,
        batch: &mut Batch,
        principal: &str,
        drafted: Drafted,
        now: Micros,
    ) -> Result<Answer, Refusal> {
        let Drafted { plan, version, base, approved, class, class_since_approved, .. } = drafted;
        self.life.known(version)?;
        self.life.not_active_already(version)?;
        self.brakes.may_serve(version)?;
        self.plans_made.may_plan(plan, now)?;
        if base != self.life.active() || approved != self.plans_made.approved() {
            return Err(Refusal::new(
                Code::ActiveChanged,
                "another version came to answer while it was planned",
            )
            .next(format!("plan again with `selfsame version plan {version}`")));
        }
        self.check_predicted(version, &drafted)?;
        let boundary = self.in_force.boundary()?.cloned();
        let author = boundary.as_ref().and_then(|boundary| boundary.members.get(principal));
        let planned = Planned {
            plan,
            version,
            id: self.registry.version(version).map(|version| version.id().0).unwrap_or_default(),
            base,
            base_since: self.life.active_since(),
            class,
            approved,
            class_since_approved,
            rewind_loses: drafted.rewind_loses,
            needs_approval: base.is_some() && needs_approval(class_since_approved, drafted.rewind_loses),
            predicted: drafted.predicted,
            expires: now.plus_ms(drafted.ttl_ms.clamp(1, PLAN_TTL_MS_MAX)),
            boundary: self.in_force.hash(),
            owner: author.map(|author| author.owner.clone()),
            quorum: boundary.map(|boundary| boundary.approvals.quorum(class_since_approved)),
        };
        self.write(batch, principal, Control::Planned(planned.clone()), now);
        Ok(Answer::Planned { plan: Box::new(planned) })
    }

    /// What is said beforehand must be about projections that there are.
    fn check_predicted(&self, version: VersionNo, drafted: &Drafted) -> Result<(), Refusal> {
        let (Some(predicted), Some(plan)) = (&drafted.predicted, self.plans.get(&version)) else {
            return Ok(());
        };
        let mut named = predicted.untouched.iter().chain(predicted.rows_changed.keys());
        match named.find(|name| plan.projection(name.as_str()).is_none()) {
            Some(name) => Err(Refusal::new(
                Code::UnknownProjection,
                format!("{version} has no projection `{name}`, which the prediction names"),
            )
            .next(format!("see its projections with `selfsame version show {version}`"))),
            None => Ok(()),
        }
    }

    pub(crate) fn validate(
        &mut self,
        batch: &mut Batch,
        principal: &str,
        compared: Compared,
        now: Micros,
    ) -> Result<Answer, Refusal> {
        let Compared { evidence, plan, at, digest, active, projections, failures, skip_failures, report } =
            compared;
        assert!(at <= self.head, "a comparison at {at} is of records that are not there yet");
        let planned = &self.plans_made.open(plan, now)?.planned;
        let version = planned.version;
        let built = self.built(version)?;
        let same_turn = planned.base == self.life.active() && planned.base_since == self.life.active_since();
        if !same_turn || active.map(|(version, _)| version) != planned.base || at < built {
            let detail = format!("another version came to answer since the plan {plan} was made");
            return Err(Refusal::new(Code::StaleEvidence, detail)
                .next(format!("plan again with `selfsame version plan {version}`, and validate")));
        }
        if self.plans_made.evidence(evidence).is_some() {
            return Err(Refusal::new(Code::BadRequest, format!("the evidence {evidence} exists already"))
                .next("ask again: ids are drawn anew"));
        }
        let document = self.registry.version(version);
        let unchanged = document.and_then(|v| v.probation()).map(|p| p.unchanged.as_slice());
        let skip_failures = skip_failures || document.is_some_and(|v| v.poison().build == PoisonBuild::Skip);
        let predicted = planned.predicted.as_ref();
        let mut findings =
            findings(&projections, failures, skip_failures, predicted, unchanged.unwrap_or_default());
        findings.extend(document.into_iter().flat_map(|version| failed_guards(version, &projections)));
        let validated = Validated {
            evidence,
            plan,
            version,
            built,
            at,
            digest,
            active: planned.base,
            active_digest: active.map(|(_, digest)| digest),
            projections,
            failures,
            failures_skipped: skip_failures,
            findings: findings.clone(),
            report,
        };
        self.write(batch, principal, Control::Validated(validated), now);
        Ok(Answer::Validated { evidence, plan, at, findings })
    }

    pub(crate) fn cutover(
        &mut self,
        batch: &mut Batch,
        (principal, plane): (&str, Plane),
        (version, expected): (VersionNo, Option<VersionNo>),
        named: Option<EvidenceId>,
        now: Micros,
        serving: &Serving,
    ) -> Result<Answer, Refusal> {
        let document = self.registry.version(version).cloned();
        let guarded = document.filter(|document| document.probation().is_some());
        // What a failed guard goes back to is kept in step.
        let standbys_max = self.settings.standbys_max.max(usize::from(guarded.is_some()));
        let mut records = self.life.cutover(version, expected, standbys_max)?;
        self.no_probation()?;
        self.brakes.may_serve(version)?;
        let grounds = match named {
            Some(named) => {
                let candidate = Candidate {
                    version,
                    built: self.built(version)?,
                    base: self.life.active(),
                    base_since: self.life.active_since(),
                    boundary: self.in_force.hash(),
                };
                let operator = (plane == Plane::Operator).then_some(principal);
                Some(self.plans_made.grounds(named, candidate, operator, (self.head, now))?)
            }
            None if self.needs_evidence(version) => {
                let why = match (self.plans_made.has_tripped(version), self.was_gone_back_from(version)) {
                    (true, _) => "a guard of it failed when it answered",
                    (_, true) => "somebody went back from it",
                    _ => "it has not answered before, or was not kept in step",
                };
                return Err(Refusal::new(
                    Code::NoEvidence,
                    format!("a cutover to {version} names evidence, since {why}"),
                )
                .next(format!("validate it with `selfsame version validate {version}`")));
            }
            None => None,
        };
        self.may_activate(principal, version, named, grounds.as_ref(), now)?;
        if let Some(Control::CutOver { plan, evidence, approved_by, boundary, .. }) = records.first_mut() {
            *boundary = self.in_force.hash();
            if let Some(grounds) = grounds {
                (*plan, *evidence, *approved_by) = (Some(grounds.plan), named, grounds.approved_by);
            }
        }
        let probation = guarded.zip(self.life.active());
        let probation = probation.and_then(|(version, from)| begin(&version, from, serving, now));
        records.extend(probation);
        Ok(self.change(batch, principal, records, now))
    }

    /// Sees that the boundary lets a principal take a version live, at the effect that was measured.
    fn may_activate(
        &self,
        principal: &str,
        version: VersionNo,
        named: Option<EvidenceId>,
        grounds: Option<&Grounds>,
        now: Micros,
    ) -> Result<(), Refusal> {
        let proof = named.and_then(|named| self.plans_made.evidence(named));
        let planned = proof.map(|(plan, _)| &plan.planned);
        let context = Context {
            class: planned.map(|planned| planned.class),
            class_since_approved: planned.map(|planned| planned.class_since_approved),
            rewind_loses: planned.is_some_and(|planned| planned.rewind_loses),
            rows_differing: proof.map_or(0, |(_, evidence)| evidence.rows_differing),
            failures: proof.map_or(0, |(_, evidence)| evidence.failures),
            approvals: grounds
                .map_or(0, |grounds| u64::try_from(grounds.approved_by.len()).unwrap_or(u64::MAX)),
            cutovers_left: self.quotas.left(principal, Counted::Cutovers, now),
        };
        self.may_with(principal, "activate", version, context)
    }

    /// Nothing can be compared with before a version answers; and what was taken live on evidence and was kept
    /// in step since may come back without more, unless a guard of it failed.
    fn needs_evidence(&self, version: VersionNo) -> bool {
        let standby = matches!(self.life.stage(version), Some(Stage::Standby { .. }));
        // Where there is a boundary, what somebody went back from does not come back by itself.
        let gone_back = self.in_force.loaded().is_some() && self.was_gone_back_from(version);
        self.life.active().is_some() && (!standby || gone_back || self.plans_made.has_tripped(version))
    }

    /// The record that the candidate's build ended with.
    fn built(&self, version: VersionNo) -> Result<Position, Refusal> {
        match self.life.known(version)? {
            Stage::Candidate { ready, .. } => Ok(*ready),
            Stage::Standby { since } | Stage::Active { since } => Ok(*since),
            stage => Err(crate::lifecycle::not_built(version, stage).listing(&self.life.live())),
        }
    }
}
