//! Plans and evidence: what a change is decided upon, bound to what it was made for.
//!
//! A plan says what would change and whether a person has to agree. Evidence is the exact difference between
//! the active version and the candidate at one position, judged. Both are records, so that the cutover which
//! names them is decided upon the same facts in every replay.
//!
//! # Invariants
//!
//! 1. A plan is of one version and one turn of its base: if another version answered in between, the plan is
//!    of no use, even if its base answers again.
//! 2. Evidence is of one plan and of one build of the candidate.
//! 3. What has expired by the time of a later `planned` record is forgotten at that record; before it, it is
//!    refused by its time.

use std::collections::{BTreeMap, BTreeSet};

use selfsame_record::{Digest, Micros, Name, Position, VersionNo};
use selfsame_schema::{Class, GuardOutcome, Readings, Version};
use serde::{Deserialize, Serialize};

use crate::change_id::{EvidenceId, PlanId};
use crate::control::Control;
use crate::limits::{EVIDENCE_PER_PLAN_MAX, PLANS_MAX};
use crate::refusal::{Code, Refusal};

/// What an author says beforehand about the effect of a change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Predicted {
    /// Projections of which no row differs.
    #[serde(default)]
    pub untouched: Vec<Name>,
    /// Projections of which at most so many rows are added, removed or changed.
    #[serde(default)]
    pub rows_changed: BTreeMap<Name, u64>,
}

/// The body of a `planned` record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// The plan's name.
    pub plan: PlanId,
    /// The version that is to answer.
    pub version: VersionNo,
    /// Its content id.
    pub id: Digest,
    /// The version that answers now.
    pub base: Option<VersionNo>,
    /// Since when it does.
    pub base_since: Position,
    /// The class of the change from the base.
    pub class: Class,
    /// The last version that a person agreed to.
    pub approved: Option<VersionNo>,
    /// The class of the whole change since then.
    pub class_since_approved: Class,
    /// Whether some event of the version cannot be expressed by its base, so that a rewind would skip it.
    pub rewind_loses: bool,
    /// Whether an operator has to agree before the cutover.
    pub needs_approval: bool,
    /// What the author said beforehand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicted: Option<Predicted>,
    /// From then on it is of no use.
    pub expires: Micros,
    /// The boundary in force: under another one it is of no use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boundary: Option<Digest>,
    /// Who answers for the author, by the boundary; their word does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// How many owners have to agree, by the boundary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quorum: Option<u32>,
}

impl Planned {
    /// What an approval signs: SHA-256 of the record's body.
    pub fn digest(&self) -> Digest {
        Digest::of(&[Control::Planned(self.clone()).to_json().as_bytes()])
    }

    /// How many have to agree.
    pub fn needed(&self) -> usize {
        let quorum = usize::try_from(self.quorum.unwrap_or(1)).unwrap_or(usize::MAX);
        if self.needs_approval { quorum } else { 0 }
    }
}

/// An operator's word on a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Approval {
    /// Who.
    pub by: String,
    /// Who answers for them, under a boundary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// From then on it does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Micros>,
}

/// How one projection of the candidate differs from the active version's of the same name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowsChanged {
    /// The projection.
    pub name: Name,
    /// Rows only in the candidate.
    pub added: u64,
    /// Rows only in the active version.
    pub removed: u64,
    /// Rows in both that differ.
    pub changed: u64,
    /// Rows in both that are equal.
    pub equal: u64,
}

impl RowsChanged {
    /// Rows that differ in any way.
    pub fn differing(&self) -> u64 {
        self.added.saturating_add(self.removed).saturating_add(self.changed)
    }
}

/// Something that keeps the candidate from being taken live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule that does not hold.
    pub rule: Rule,
    /// What it is about: a projection or a guard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// In a sentence.
    pub detail: String,
}

/// What is asked of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// No event fails that the active version folds.
    NoFailures,
    /// The author said that no row differs.
    Untouched,
    /// The author said that at most so many rows differ.
    RowsChanged,
    /// The document declares the projection unchanged.
    Unchanged,
    /// A guard of the document holds.
    Guard,
}

/// The body of a `validated` record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validated {
    /// The evidence's name.
    pub evidence: EvidenceId,
    /// The plan that it is for.
    pub plan: PlanId,
    /// The candidate.
    pub version: VersionNo,
    /// The record that its build ended with.
    pub built: Position,
    /// Where the two were compared.
    pub at: Position,
    /// The candidate's digest there.
    pub digest: Digest,
    /// The version that answered.
    pub active: Option<VersionNo>,
    /// Its digest there.
    pub active_digest: Option<Digest>,
    /// By projection, as far as both have it.
    pub projections: Vec<RowsChanged>,
    /// Events that the candidate could not take in and the active version could.
    pub failures: u64,
    /// Whether the author said that they are to be skipped.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub failures_skipped: bool,
    /// What speaks against a cutover; it passes if nothing does.
    pub findings: Vec<Finding>,
    /// The whole comparison with samples, JSON text.
    pub report: String,
}

/// What a cutover that names evidence may rely on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grounds {
    pub(crate) plan: PlanId,
    pub(crate) approved_by: Vec<String>,
}

/// A plan as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OpenPlan {
    /// What it says.
    #[serde(flatten)]
    pub planned: Planned,
    /// Who made it.
    pub author: String,
    /// Its record.
    pub at: Position,
    /// The operators who agreed.
    pub approved_by: Vec<String>,
    /// Their words, as far as an approval may end.
    pub approvals: Vec<Approval>,
    /// The operator who did not, with the reason.
    pub rejected: Option<(String, String)>,
    /// The evidence for it, oldest first.
    pub evidence: Vec<Evidence>,
}

/// Evidence as far as decisions need it; the rest is in its record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// Its name.
    pub evidence: EvidenceId,
    /// Its record.
    pub record: Position,
    /// The record that the candidate's build ended with.
    pub built: Position,
    /// Where the two were compared.
    pub at: Position,
    /// The candidate's digest there.
    pub digest: Digest,
    /// What speaks against a cutover.
    pub findings: Vec<Finding>,
    /// Rows that differ, in all projections together.
    pub rows_differing: u64,
    /// Events that fail in the candidate and not in the version that answered.
    pub failures: u64,
}

/// What a candidate is at the moment of a cutover.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub(crate) version: VersionNo,
    pub(crate) built: Position,
    pub(crate) base: Option<VersionNo>,
    pub(crate) base_since: Position,
    pub(crate) boundary: Option<Digest>,
}

/// All plans that have not expired, with their evidence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Plans {
    plans: BTreeMap<PlanId, OpenPlan>,
    approved: Option<VersionNo>,
    /// Versions of which a guard failed, and that no evidence has spoken for since.
    tripped: BTreeSet<VersionNo>,
}

impl OpenPlan {
    /// The operators whose approval counts at this moment: one of each owner, and none of the author's. Without a
    /// boundary nobody has an owner, and each operator counts.
    pub fn counting(&self, now: Micros) -> Vec<String> {
        let mut owners: BTreeSet<&str> = self.planned.owner.as_deref().into_iter().collect();
        let valid = self.approvals.iter().filter(|a| a.by != self.author && a.until.is_none_or(|u| u > now));
        let counting = valid.filter(|a| owners.insert(a.owner.as_deref().unwrap_or(&a.by)));
        counting.map(|approval| approval.by.clone()).collect()
    }
}

impl Plans {
    /// The last version that a person agreed to: the first that answered, and each that was taken live on an
    /// operator's word.
    pub fn approved(&self) -> Option<VersionNo> {
        self.approved
    }

    /// Whether a guard of the version failed when it last answered.
    pub fn has_tripped(&self, version: VersionNo) -> bool {
        self.tripped.contains(&version)
    }

    /// All plans, by id.
    pub fn iter(&self) -> impl Iterator<Item = &OpenPlan> {
        self.plans.values()
    }

    /// The plan of this name.
    ///
    /// # Errors
    ///
    /// If there is none, or it has expired.
    pub fn open(&self, plan: PlanId, now: Micros) -> Result<&OpenPlan, Refusal> {
        let found = self.plans.get(&plan).ok_or_else(|| {
            Refusal::new(Code::UnknownPlan, format!("there is no plan {plan}, or it has expired long ago"))
                .next("make one with `selfsame version plan`")
        })?;
        if found.planned.expires <= now {
            let version = found.planned.version;
            return Err(Refusal::new(
                Code::PlanExpired,
                format!("the plan {plan} for {version} has expired"),
            )
            .next(format!("make another with `selfsame version plan {version}`, and validate again")));
        }
        Ok(found)
    }

    /// The newest plan for a version that has not expired.
    pub fn newest(&self, version: VersionNo, now: Micros) -> Option<&OpenPlan> {
        let mine = |plan: &&OpenPlan| plan.planned.version == version && plan.planned.expires > now;
        self.plans.values().filter(mine).max_by_key(|plan| plan.at)
    }

    /// The evidence of this name, with its plan.
    pub fn evidence(&self, evidence: EvidenceId) -> Option<(&OpenPlan, &Evidence)> {
        let found = |plan: &'_ OpenPlan| plan.evidence.iter().position(|e| e.evidence == evidence);
        self.plans.values().find_map(|plan| Some((plan, plan.evidence.get(found(plan)?)?)))
    }

    /// Sees that one more plan may be made under this name.
    ///
    /// # Errors
    ///
    /// If the name is taken, or there are too many.
    pub(crate) fn may_plan(&self, plan: PlanId, now: Micros) -> Result<(), Refusal> {
        if self.plans.contains_key(&plan) {
            return Err(Refusal::new(Code::BadRequest, format!("the plan {plan} exists already"))
                .next("ask again: ids are drawn anew"));
        }
        let open = self.plans.values().filter(|plan| plan.planned.expires > now).count();
        if open >= PLANS_MAX {
            let detail = format!("{open} plans have not expired, the limit is {PLANS_MAX}");
            return Err(Refusal::new(Code::TooManyPlans, detail).next("wait until some have expired"));
        }
        Ok(())
    }

    /// What a cutover to the candidate on this evidence may rely on. `by_operator`: whose word it is, if it is
    /// an operator's.
    ///
    /// # Errors
    ///
    /// Whatever keeps the evidence from being good for it, each with what moved.
    pub(crate) fn grounds(
        &self,
        named: EvidenceId,
        candidate: Candidate,
        by_operator: Option<&str>,
        (head, now): (Position, Micros),
    ) -> Result<Grounds, Refusal> {
        let version = candidate.version;
        let again = || format!("validate again with `selfsame version validate {version}`");
        let (plan, evidence) = self.evidence(named).ok_or_else(|| {
            Refusal::new(Code::UnknownEvidence, format!("there is no evidence {named}, or it has expired"))
                .next(again())
        })?;
        let id = plan.planned.plan;
        self.open(id, now)?;
        let planned = &plan.planned;
        if planned.version != version {
            let detail = format!("the evidence {named} is for {}, not for {version}", planned.version);
            return Err(Refusal::new(Code::StaleEvidence, detail).next(again()));
        }
        if planned.base != candidate.base || planned.base_since != candidate.base_since {
            let since = candidate.base_since;
            let detail =
                format!("the plan {id} was made before {since}, where another version came to answer");
            return Err(Refusal::new(Code::StaleEvidence, detail)
                .next(format!("plan again with `selfsame version plan {version}`, and validate")));
        }
        if evidence.built != candidate.built {
            let detail =
                format!("{version} was built anew at {} since the evidence {named}", candidate.built);
            return Err(Refusal::new(Code::StaleEvidence, detail).next(again()));
        }
        let behind = head.records_since(evidence.at);
        if behind > crate::limits::EVIDENCE_BEHIND_MAX {
            let max = crate::limits::EVIDENCE_BEHIND_MAX;
            let detail = format!("the evidence {named} is {behind} records behind, over the limit of {max}");
            return Err(Refusal::new(Code::StaleEvidence, detail).next(again()).field("behind", behind));
        }
        if let Some(finding) = evidence.findings.first() {
            let more = evidence.findings.len().saturating_sub(1);
            let rest = if more == 0 { String::new() } else { format!(" (and {more} more)") };
            let detail = format!("the evidence {named} speaks against it: {}{rest}", finding.detail);
            return Err(Refusal::new(Code::FailedEvidence, detail)
                .next(format!("see all of it with `selfsame version evidence {named}`"))
                .next("change the version, or what was said beforehand, and validate again"));
        }
        let mut approved_by = plan.counting(now);
        // Under a boundary nothing but a signature is an approval.
        let said = by_operator.filter(|_| planned.boundary.is_none());
        approved_by.extend(said.filter(|by| !approved_by.iter().any(|known| known == by)).map(str::to_owned));
        if let Some((who, reason)) = &plan.rejected {
            let detail = format!("`{who}` rejected the plan {id}: {reason}");
            return Err(Refusal::new(Code::ApprovalNeeded, detail).next("make another plan"));
        }
        if planned.boundary != candidate.boundary {
            return Err(Refusal::new(
                Code::StaleEvidence,
                format!("another boundary came into force since the plan {id} was made"),
            )
            .next(format!("plan again with `selfsame version plan {version}`, and validate")));
        }
        // Under a boundary events that fail and are skipped are a measured loss, whatever the class is.
        let skipped = planned.boundary.is_some() && evidence.failures > 0;
        let needed = planned.needed().max(usize::from(skipped));
        if approved_by.len() < needed {
            let since = planned.approved.map_or_else(|| "the first".to_owned(), |v| v.to_string());
            let who = match needed {
                1 => "an operator has".to_owned(),
                needed => format!("{needed} operators of different owners have"),
            };
            let detail = format!(
                "the change to {version} is {} since {since}{}, so {who} to agree to the plan {id}; {} did",
                word(planned.class_since_approved),
                if skipped { " and skips events" } else { "" },
                approved_by.len(),
            );
            return Err(Refusal::new(Code::ApprovalNeeded, detail)
                .next(format!("ask an operator for `selfsame approvals approve {id}`"))
                .field("needed", needed)
                .field("approved", approved_by.len()));
        }
        Ok(Grounds { plan: id, approved_by })
    }

    /// Whether a record has something to say here.
    pub(crate) fn concerns(control: &Control) -> bool {
        matches!(
            control,
            Control::Planned(_)
                | Control::Validated(_)
                | Control::Approved { .. }
                | Control::Rejected { .. }
                | Control::GuardTripped { .. }
                | Control::CutOver { .. }
        )
    }

    /// Takes in what a record says.
    pub(crate) fn apply(&mut self, at: Position, time: Micros, principal: &str, control: &Control) {
        match control {
            Control::Planned(planned) => {
                self.plans.retain(|_, plan| plan.planned.expires > time);
                let (planned, author) = (planned.clone(), principal.to_owned());
                let (approved_by, approvals, rejected, evidence) = (Vec::new(), Vec::new(), None, Vec::new());
                let id = planned.plan;
                let plan = OpenPlan { planned, author, at, approved_by, approvals, rejected, evidence };
                self.plans.insert(id, plan);
            }
            Control::Validated(validated) => self.apply_validated(at, validated),
            Control::Approved { plan, owner, until } => {
                if let Some(plan) = self.plans.get_mut(plan) {
                    plan.approved_by.retain(|known| known != principal);
                    plan.approvals.retain(|known| known.by != principal);
                    plan.approved_by.push(principal.to_owned());
                    let (by, owner, until) = (principal.to_owned(), owner.clone(), *until);
                    plan.approvals.push(Approval { by, owner, until });
                }
            }
            Control::Rejected { plan, reason } => {
                if let Some(plan) = self.plans.get_mut(plan) {
                    plan.rejected = Some((principal.to_owned(), reason.clone()));
                }
            }
            Control::GuardTripped { version, .. } => {
                self.tripped.insert(*version);
            }
            Control::CutOver { version, from, approved_by, .. } => {
                self.tripped.remove(version);
                let agreed = from.is_none() || !approved_by.is_empty();
                self.approved = if agreed { Some(*version) } else { self.approved };
            }
            _ => {}
        }
    }

    fn apply_validated(&mut self, record: Position, validated: &Validated) {
        let Some(plan) = self.plans.get_mut(&validated.plan) else { return };
        if plan.evidence.len() >= EVIDENCE_PER_PLAN_MAX {
            plan.evidence.remove(0);
        }
        plan.evidence.push(Evidence {
            evidence: validated.evidence,
            record,
            built: validated.built,
            at: validated.at,
            digest: validated.digest,
            findings: validated.findings.clone(),
            failures: validated.failures,
            rows_differing: validated.projections.iter().map(RowsChanged::differing).sum(),
        });
    }
}

/// Whether a change waits for an operator (P7): it cannot be undone without loss, or a part of it is worse than
/// compatible since a person last agreed.
pub(crate) fn needs_approval(since_approved: Class, rewind_loses: bool) -> bool {
    rewind_loses || since_approved >= Class::Lossy
}

/// A class in one word.
pub(crate) fn word(class: Class) -> &'static str {
    match class {
        Class::Additive => "additive",
        Class::Compatible => "compatible",
        Class::Lossy => "lossy",
        Class::Breaking => "breaking",
    }
}

/// What speaks against a cutover, going by what was counted and what was said beforehand.
pub(crate) fn findings(
    projections: &[RowsChanged],
    failures: u64,
    skipped: bool,
    predicted: Option<&Predicted>,
    unchanged: &[Name],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    if failures > 0 && !skipped {
        let detail = format!("{failures} events that the active version takes in fail in the candidate");
        findings.push(Finding { rule: Rule::NoFailures, name: None, detail });
    }
    let differing =
        |name: &Name| projections.iter().find(|p| p.name == *name).map_or(0, RowsChanged::differing);
    let mut still = |rule, names: &[Name], said: &str| {
        for name in names.iter().filter(|name| differing(name) > 0) {
            let detail = format!("{} rows of `{name}` differ, and {said}", differing(name));
            findings.push(Finding { rule, name: Some(name.to_string()), detail });
        }
    };
    still(Rule::Unchanged, unchanged, "the document declares it unchanged");
    let Some(predicted) = predicted else { return findings };
    still(Rule::Untouched, &predicted.untouched, "none was said to");
    for (name, max) in predicted.rows_changed.iter().filter(|(name, max)| differing(name) > **max) {
        let detail = format!("{} rows of `{name}` differ, and at most {max} were said to", differing(name));
        findings.push(Finding { rule: Rule::RowsChanged, name: Some(name.to_string()), detail });
    }
    findings
}

/// The guards that are false of the candidate's rows already. One that reads more than rows has no outcome yet.
pub(crate) fn failed_guards(version: &Version, projections: &[RowsChanged]) -> Vec<Finding> {
    let rows =
        |count: fn(&RowsChanged) -> u64| projections.iter().map(|p| (p.name.clone(), count(p))).collect();
    let now = Readings {
        rows: rows(|p| p.equal + p.changed + p.added),
        changed: rows(RowsChanged::differing),
        ..Readings::default()
    };
    let before = Readings { rows: rows(|p| p.equal + p.changed + p.removed), ..Readings::default() };
    let readings = version.guards().iter().map(|guard| guard.evaluate(&now, &before));
    let failed = readings.filter(|reading| reading.outcome == GuardOutcome::Fail);
    failed
        .map(|reading| {
            let detail = format!("the guard `{}` fails: {}", reading.guard, reading.detail);
            Finding { rule: Rule::Guard, name: Some(reading.guard.to_string()), detail }
        })
        .collect()
}
