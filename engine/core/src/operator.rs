//! What only operators may ask for, and what follows.

use selfsame_record::{Micros, Position, Principal, VersionNo};

use crate::batch::Batch;
use crate::change_id::PlanId;
use crate::control::Control;
use crate::core::Core;
use crate::decide::bounded;
use crate::input::{Answer, Effect};
use crate::limits::REASON_BYTES_MAX;
use crate::quarantine::Quarantine;
use crate::refusal::{Code, Refusal};

/// What only an operator may ask for. Only the operator plane can make one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the words of the glossary")]
pub enum Order {
    /// Stop all changes by agents.
    Freeze { reason: String },
    /// Let agents change again.
    Unfreeze { reason: String },
    /// Let no version below this one serve; none: any may.
    SetFloor { version: Option<VersionNo> },
    /// Let a version not serve until it is unsealed.
    Seal { version: VersionNo, reason: String },
    /// Let a sealed version serve again.
    Unseal { version: VersionNo },
    /// Let an agent do more than propose again.
    ResetBreaker { agent: Principal },
    /// Fold a live generation anew from the log, and put it in the place of the one that is there.
    Repair { version: VersionNo },
    /// Set events aside: every fold leaves them out.
    Quarantine { quarantine: Quarantine },
    /// Let events that were set aside come back; named by the position of the record that set them aside.
    Release { quarantine: Position },
    /// Agree to a plan.
    Approve { plan: PlanId },
    /// Do not agree to a plan.
    Reject { plan: PlanId, reason: String },
}

impl Order {
    /// The verb, as refusals name it.
    pub fn verb(&self) -> &'static str {
        match self {
            Order::Freeze { .. } => "freeze",
            Order::Unfreeze { .. } => "unfreeze",
            Order::SetFloor { .. } => "floor",
            Order::Seal { .. } => "seal",
            Order::Unseal { .. } => "unseal",
            Order::ResetBreaker { .. } => "reset-breaker",
            Order::Repair { .. } => "repair",
            Order::Quarantine { .. } => "quarantine",
            Order::Release { .. } => "release",
            Order::Approve { .. } => "approve",
            Order::Reject { .. } => "reject",
        }
    }
}

impl Core {
    pub(crate) fn obey(
        &mut self,
        batch: &mut Batch,
        principal: &str,
        order: Order,
        now: Micros,
        signed_until: Option<Micros>,
    ) -> Result<Answer, Refusal> {
        let brief = |reason: &str| bounded(reason, REASON_BYTES_MAX);
        let control = match order {
            Order::Freeze { reason } => Control::Frozen { reason: brief(&reason) },
            Order::Unfreeze { reason } => Control::Unfrozen { reason: brief(&reason) },
            Order::SetFloor { version } => {
                version.map(|version| self.may_be_floor(version)).transpose()?;
                Control::FloorSet { version }
            }
            Order::Seal { version, reason } => {
                self.not_answering(version)?;
                Control::Sealed { version, reason: brief(&reason) }
            }
            Order::Unseal { version } => {
                self.life.known(version)?;
                Control::Unsealed { version }
            }
            Order::Repair { version } => {
                let record = self.life.repair(version)?;
                batch.effects.push(Effect::StartBuild { version });
                record
            }
            Order::Quarantine { mut quarantine } => {
                self.quarantines.admit(&quarantine, self.head)?;
                quarantine.reason = brief(&quarantine.reason);
                return Ok(self.set_aside(batch, principal, Control::Quarantined(quarantine), now));
            }
            Order::Release { quarantine } => {
                self.quarantines.find(quarantine)?;
                return Ok(self.set_aside(batch, principal, Control::Released { quarantine }, now));
            }
            Order::ResetBreaker { agent } => Control::BreakerReset { agent: agent.as_str().to_owned() },
            Order::Approve { plan } => {
                let author = &self.plans_made.open(plan, now)?.author;
                if author == principal {
                    let detail = format!("`{principal}` made the plan {plan}, and nobody approves their own");
                    return Err(Refusal::new(Code::ApprovalNeeded, detail).next("ask another operator"));
                }
                self.approval(principal, plan, now, signed_until)?
            }
            Order::Reject { plan, reason } => {
                self.plans_made.open(plan, now)?;
                Control::Rejected { plan, reason: brief(&reason) }
            }
        };
        Ok(Answer::Done { record: self.write(batch, principal, control, now) })
    }

    /// An operator's word. Under a boundary it is signed, is of one who does not answer for the author, and ends.
    fn approval(
        &self,
        principal: &str,
        plan: PlanId,
        now: Micros,
        signed_until: Option<Micros>,
    ) -> Result<Control, Refusal> {
        let Some(boundary) = self.in_force.boundary()? else {
            return Ok(Control::Approved { plan, owner: None, until: None });
        };
        if signed_until.is_none() {
            let detail = "under a boundary an approval is an operator's signature over the plan's digest";
            return Err(Refusal::new(Code::SignatureNeeded, detail)
                .next(format!("sign it with `selfsame approvals approve {plan} --key FILE`")));
        }
        let owner = boundary.member(principal)?.owner.clone();
        let planned = &self.plans_made.open(plan, now)?.planned;
        if planned.owner.as_deref() == Some(owner.as_str()) {
            let detail = format!("`{owner}` answers for the author of the plan {plan} and for `{principal}`");
            return Err(Refusal::new(Code::ApprovalNeeded, detail).next("ask an operator of another owner"));
        }
        let until = now.plus_ms(boundary.approvals.ttl_ms).min(planned.expires);
        Ok(Control::Approved { plan, owner: Some(owner), until: Some(until) })
    }

    /// Writes what is set aside or comes back, and orders a repair of every live generation.
    fn set_aside(&mut self, batch: &mut Batch, principal: &str, control: Control, now: Micros) -> Answer {
        let record = self.write(batch, principal, control, now);
        self.bring_all_in_line(batch, principal, now);
        Answer::Done { record }
    }

    /// Orders a repair of every live generation that leaves out something else than it should, the active one
    /// first, if none is under way and there is room; what there is no room for waits for the next time. One that
    /// failed is not ordered again by itself: it would fail again, and each time is two records.
    pub(crate) fn bring_all_in_line(&mut self, batch: &mut Batch, principal: &str, now: Micros) {
        let mut due: Vec<VersionNo> = self.quarantines.due().collect();
        due.sort_by_key(|version| self.life.active() != Some(*version));
        for version in due {
            if let Ok(record) = self.life.repair(version) {
                self.write(batch, principal, record, now);
                batch.effects.push(Effect::StartBuild { version });
            }
        }
    }

    /// Decides that a version never serves again: whoever may change may retire what does not answer.
    pub(crate) fn retire(
        &mut self,
        batch: &mut Batch,
        principal: &str,
        version: VersionNo,
        now: Micros,
    ) -> Result<Answer, Refusal> {
        self.not_answering(version)?;
        if let Ok(record) = self.life.drop_generation(version) {
            self.change(batch, principal, vec![record], now);
        }
        Ok(Answer::Done { record: self.write(batch, principal, Control::Retired { version }, now) })
    }

    fn not_answering(&self, version: VersionNo) -> Result<(), Refusal> {
        self.life.known(version)?;
        if self.life.active() == Some(version) {
            return Err(Refusal::new(Code::InUse, format!("{version} is active"))
                .next("cut over to another version, or rewind, first"));
        }
        Ok(())
    }

    fn may_be_floor(&self, version: VersionNo) -> Result<(), Refusal> {
        self.life.known(version)?;
        match self.life.active() {
            Some(active) if active < version => {
                let detail = format!("{active} is active, which is below {version}");
                Err(Refusal::new(Code::BelowFloor, detail)
                    .next(format!("cut over to {version} or a later version first")))
            }
            _ => Ok(()),
        }
    }
}
