//! What would make a request allowed: the smallest change of its circumstances, and who else may.

use std::collections::BTreeMap;

use selfsame_core::{ApprovalRules, Ask, Context, PrincipalKind};
use selfsame_schema::Class;

use super::entities::class_word;
use super::{Rules, Said};
use crate::document::Checked;

/// Ways that are said; there may be more.
const WAYS_MAX: usize = 3;
/// Principals of one kind that are asked for.
const OTHERS_MAX: usize = 4;

/// What is tried.
#[derive(Debug)]
pub(super) struct Help {
    kinds: BTreeMap<String, PrincipalKind>,
    approvals: ApprovalRules,
}

/// One change of the circumstances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Approved(u32),
    Class(Class),
    RewindLoses,
    RowsDiffering,
    Failures,
    CutoversLeft,
}

impl Step {
    /// The circumstances after it; none if it changes nothing.
    fn take(self, mut context: Context) -> Option<Context> {
        let before = context;
        match self {
            Step::Approved(quorum) => context.approvals = context.approvals.max(u64::from(quorum)),
            Step::Class(class) => {
                context.class = context.class.map(|known| known.min(class));
                context.class_since_approved = context.class_since_approved.map(|known| known.min(class));
            }
            Step::RewindLoses => context.rewind_loses = false,
            Step::RowsDiffering => context.rows_differing = 0,
            Step::Failures => context.failures = 0,
            Step::CutoversLeft => context.cutovers_left = context.cutovers_left.max(1),
        }
        Some(context).filter(|after| *after != before)
    }

    fn says(self) -> String {
        match self {
            Step::Approved(1) => "one operator agrees with `selfsame approvals approve`".to_owned(),
            Step::Approved(n) => {
                format!("{n} operators of different owners agree with `selfsame approvals approve`")
            }
            Step::Class(class) => format!("the change is no more than {}", class_word(class)),
            Step::RewindLoses => "a rewind would lose nothing".to_owned(),
            Step::RowsDiffering => "no rows differ".to_owned(),
            Step::Failures => "no events fail in the candidate only".to_owned(),
            Step::CutoversLeft => "a cutover of the hour is left".to_owned(),
        }
    }
}

impl Help {
    pub(super) fn new(checked: &Checked) -> Help {
        let kinds = checked.members.iter().map(|(name, member)| (name.clone(), member.kind)).collect();
        Help { kinds, approvals: checked.approvals }
    }

    pub(super) fn kind(&self, principal: &str) -> Option<PrincipalKind> {
        self.kinds.get(principal).copied()
    }

    /// What would make a denied request allowed: the smallest sets of changes that do, then who else may.
    pub(super) fn find(&self, rules: &Rules, ask: &Ask<'_>) -> Vec<String> {
        let steps = self.steps(ask);
        let alone = steps.iter().map(|step| vec![*step]);
        let pairs = steps.iter().enumerate().flat_map(|(at, one)| {
            let later = steps.iter().skip(at + 1);
            later.map(|other| vec![*one, *other])
        });
        let mut found: Vec<Vec<Step>> = Vec::new();
        // Not more than two together: a denied request is explained where it is refused, so this has to be cheap.
        for set in alone.chain(pairs) {
            // Where one change does, two are not said.
            if found.first().is_some_and(|first| first.len() < set.len()) || found.len() == WAYS_MAX {
                break;
            }
            let context = set.iter().try_fold(ask.context, |context, step| step.take(context));
            let is_allowed = |context| matches!(rules.say(&Ask { context, ..*ask }), Said::Ruled(true, _));
            if context.is_some_and(is_allowed) {
                found.push(set);
            }
        }
        let says = |set: &Vec<Step>| {
            let all: Vec<String> = set.iter().map(|step| step.says()).collect();
            format!("it would be allowed if {}", all.join(", and "))
        };
        let mut next: Vec<String> = found.iter().map(says).collect();
        next.extend(self.others(rules, ask));
        next
    }

    /// The changes that can be tried, most useful first.
    fn steps(&self, ask: &Ask<'_>) -> Vec<Step> {
        let since = ask.context.class_since_approved;
        let quorum = since.map_or(1, |class| self.approvals.quorum(class));
        let lower = [Class::Lossy, Class::Compatible, Class::Additive];
        let classes = lower.into_iter().filter(|class| since.max(ask.context.class) > Some(*class));
        let others = [Step::RewindLoses, Step::Failures, Step::RowsDiffering, Step::CutoversLeft];
        let steps = [Step::Approved(quorum)].into_iter().chain(classes.map(Step::Class)).chain(others);
        let steps = steps.filter(|step| step.take(ask.context).is_some());
        steps.filter(|_| ask.action == "activate").collect()
    }

    /// Of each kind, the first who may do the same; only a few are asked for.
    pub(super) fn others(&self, rules: &Rules, ask: &Ask<'_>) -> Vec<String> {
        let may = |name: &str| matches!(rules.say(&Ask { principal: name, ..*ask }), Said::Ruled(true, _));
        let kinds = [PrincipalKind::Service, PrincipalKind::Agent, PrincipalKind::Operator];
        let first = |kind: PrincipalKind| {
            let of_kind = self.kinds.iter().filter(|(name, k)| **k == kind && *name != ask.principal);
            let (name, _) = of_kind.take(OTHERS_MAX).find(|(name, _)| may(name))?;
            Some(format!("`{name}`, of the kind {}, may do it", kind.as_str()))
        };
        kinds.into_iter().filter_map(first).collect()
    }
}
