//! How much an agent, and all agents together, may do in an hour, counted from the records alone.
//!
//! A quota bounds what a wrong or hostile agent can do per unit of time (P10). Rewinds have none: they are the
//! brake. Operators have none either. What is under way counts: a build until it has ended, a generation until a
//! version serves from it or it is dropped, a plan until it expires. So no agent can keep the others from their turn
//! by holding what there are only so many of.
//!
//! Counts are by minute, so an hour is 60 to 61 minutes.

use std::collections::BTreeMap;

use selfsame_record::{Micros, VersionNo};
use serde::Serialize;

use crate::control::Control;
use crate::limits::{
    AGENT_BUILDS_MAX, AGENT_GENERATIONS_MAX, AGENT_PLANS_MAX, COUNTED_PRINCIPALS_MAX, CUTOVERS_PER_HOUR,
    PLANS_PER_HOUR, REGISTRATIONS_PER_HOUR,
};
use crate::plans::{OpenPlan, Plans};
use crate::refusal::{Code, Refusal};

const MINUTE_US: i64 = 60_000_000;
const MINUTES: i64 = 60;
/// Who stands for those beyond the limit.
const OTHERS: &str = "*";

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Counted {
    Registrations,
    Plans,
    Cutovers,
}

/// A quota: of one agent, and of all together.
#[derive(Clone, Copy, Debug)]
pub struct Quota {
    /// Of one agent in an hour.
    pub each: u32,
    /// Of all agents in an hour.
    pub all: u32,
}

impl Counted {
    fn quota(self) -> Quota {
        match self {
            Counted::Registrations => REGISTRATIONS_PER_HOUR,
            Counted::Plans => PLANS_PER_HOUR,
            Counted::Cutovers => CUTOVERS_PER_HOUR,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Counted::Registrations => "registrations",
            Counted::Plans => "plans",
            Counted::Cutovers => "cutovers",
        }
    }
}

/// By minute, what was done.
type Minutes = BTreeMap<i64, BTreeMap<Counted, u32>>;

/// What was done in the last hour, and what is under way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Quotas {
    done: BTreeMap<String, Minutes>,
    all: Minutes,
    /// The generations that no version serves from yet.
    held: BTreeMap<VersionNo, Held>,
}

/// A generation that no version serves from yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Held {
    /// Who ordered it.
    by: String,
    /// Whether its build is under way.
    is_building: bool,
}

impl Quotas {
    /// Sees that a principal may do one more of something.
    ///
    /// # Errors
    ///
    /// If its quota, or that of all together, is used up.
    pub(crate) fn admit(&self, principal: &str, what: Counted, now: Micros) -> Result<(), Refusal> {
        let quota = what.quota();
        let own = self.done.get(self.name(principal));
        let own = own.map_or((0, None), |minutes| used(minutes, what, now));
        for (whose, (used, oldest), limit) in
            [("yours", own, quota.each), ("of all agents", used(&self.all, what, now), quota.all)]
        {
            if used < limit {
                continue;
            }
            let (what, free) = (what.word(), oldest.map_or(60, |minute| seconds_until_free(minute, now)));
            let detail = format!("{used} {what} in the last hour are {whose}, the limit is {limit}");
            return Err(Refusal::new(Code::OverQuota, detail)
                .next(format!("wait {free} s, or ask an operator to do it"))
                .field("used", used)
                .field("limit", limit)
                .field("retry_after_seconds", free));
        }
        Ok(())
    }

    /// How many more of something a principal may do in the hour.
    pub(crate) fn left(&self, principal: &str, what: Counted, now: Micros) -> u64 {
        let own = self.done.get(self.name(principal)).map_or(0, |minutes| used(minutes, what, now).0);
        let all = used(&self.all, what, now).0;
        let quota = what.quota();
        u64::from(quota.each.saturating_sub(own).min(quota.all.saturating_sub(all)))
    }

    /// Sees that a principal may have one more build under way, and hold one more generation.
    ///
    /// # Errors
    ///
    /// If as many as it may have are, or as many as it may hold are there.
    pub(crate) fn admit_build(&self, principal: &str) -> Result<(), Refusal> {
        let held = || self.held.iter().filter(|(_, held)| held.by == principal);
        let building = held().filter(|(_, held)| held.is_building);
        at_most(AGENT_BUILDS_MAX, building.map(|(version, _)| *version), "builds of yours are under way")
            .map_err(|refusal| refusal.next("wait until one of them is done, or abandon one"))?;
        at_most(AGENT_GENERATIONS_MAX, held().map(|(version, _)| *version), "generations are held for you")
            .map_err(|refusal| refusal.next("take one live, or drop one with `selfsame version drop`"))
    }

    /// Takes in what a record says.
    pub(crate) fn apply(&mut self, principal: &str, control: &Control, time: Micros) {
        match control {
            Control::Registered { .. } => self.count(principal, Counted::Registrations, time),
            Control::Planned(_) => self.count(principal, Counted::Plans, time),
            Control::CutOver { .. } => self.count(principal, Counted::Cutovers, time),
            Control::BuildStarted { version, .. } => {
                self.held.insert(*version, Held { by: principal.to_owned(), is_building: true });
            }
            Control::CandidateReady { version, .. } => {
                if let Some(held) = self.held.get_mut(version) {
                    held.is_building = false;
                }
            }
            _ => {}
        }
        if let Control::BuildFailed { version, .. }
        | Control::Dropped { version }
        | Control::CutOver { version, .. }
        | Control::Rewound { version, .. } = control
        {
            self.held.remove(version);
        }
    }

    fn count(&mut self, principal: &str, what: Counted, time: Micros) {
        let name = self.name(principal).to_owned();
        let oldest = minute_of(time) - MINUTES;
        self.done.retain(|_, minutes| minutes.last_key_value().is_some_and(|(last, _)| *last >= oldest));
        for minutes in [self.done.entry(name).or_default(), &mut self.all] {
            minutes.retain(|minute, _| *minute >= oldest);
            *minutes.entry(minute_of(time)).or_default().entry(what).or_insert(0) += 1;
        }
    }

    /// Under which name a principal is counted.
    fn name<'a>(&self, principal: &'a str) -> &'a str {
        let is_full = self.done.len() >= COUNTED_PRINCIPALS_MAX && !self.done.contains_key(principal);
        if is_full { OTHERS } else { principal }
    }
}

/// Sees that one more may be held.
fn at_most(max: usize, held: impl Iterator<Item = VersionNo>, what: &str) -> Result<(), Refusal> {
    let held: Vec<String> = held.map(|version| version.to_string()).collect();
    if held.len() < max {
        return Ok(());
    }
    let (count, held) = (held.len(), held.join(", "));
    let detail = format!("{count} {what} ({held}), the limit is {max}");
    Err(Refusal::new(Code::OverQuota, detail).field("used", count).field("limit", max))
}

/// Sees that an agent may have one more plan that has not expired.
///
/// # Errors
///
/// If it has as many as it may have; it says when the next one expires.
pub(crate) fn admit_plan(plans: &Plans, principal: &str, now: Micros) -> Result<(), Refusal> {
    let own = |plan: &&OpenPlan| plan.author == principal && plan.planned.expires > now;
    let (mut open, mut first) = (0, None::<Micros>);
    for plan in plans.iter().filter(own) {
        let expires = plan.planned.expires;
        open += 1;
        first = Some(first.map_or(expires, |first| first.min(expires)));
    }
    if open < AGENT_PLANS_MAX {
        return Ok(());
    }
    let free = first.map_or(0, |first| first.0.saturating_sub(now.0) / 1_000_000).max(1);
    let detail = format!("{open} plans of yours have not expired, the limit is {AGENT_PLANS_MAX}");
    Err(Refusal::new(Code::OverQuota, detail)
        .next(format!("go on with one of them, or wait {free} s until the next one expires"))
        .field("used", open)
        .field("limit", AGENT_PLANS_MAX)
        .field("retry_after_seconds", free))
}

/// How many in the last hour, and the minute of the oldest.
fn used(minutes: &Minutes, what: Counted, now: Micros) -> (u32, Option<i64>) {
    let from = minute_of(now) - MINUTES;
    let counts = minutes.range(from..).filter_map(|(minute, counts)| Some((*minute, *counts.get(&what)?)));
    counts.fold((0, None), |(sum, oldest), (minute, count)| (sum + count, oldest.or(Some(minute))))
}

fn minute_of(time: Micros) -> i64 {
    time.0.div_euclid(MINUTE_US)
}

fn seconds_until_free(minute: i64, now: Micros) -> i64 {
    let free = (minute + MINUTES + 1) * MINUTE_US;
    (free.saturating_sub(now.0) / 1_000_000).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(minutes: i64) -> Micros {
        Micros(minutes * MINUTE_US)
    }

    #[track_caller]
    fn check(quotas: &Quotas, who: &str, what: Counted, now: Micros, expect: &str) {
        let said = quotas.admit(who, what, now).map_or_else(|refusal| refusal.detail, |()| "yes".to_owned());
        assert_eq!(said, expect);
    }

    #[test]
    fn an_agent_has_an_hour_of_its_own_and_shares_one_with_all() {
        let mut quotas = Quotas::default();
        let each = REGISTRATIONS_PER_HOUR.each;
        for _ in 0..each {
            quotas.count("a", Counted::Registrations, minutes(5));
        }
        let full = format!("{each} registrations in the last hour are yours, the limit is {each}");
        check(&quotas, "a", Counted::Registrations, minutes(60), &full);
        check(&quotas, "a", Counted::Plans, minutes(60), "yes");
        check(&quotas, "b", Counted::Registrations, minutes(60), "yes");
        check(&quotas, "a", Counted::Registrations, minutes(66), "yes");
        let all = REGISTRATIONS_PER_HOUR.all;
        for n in 0..all - each {
            quotas.count(&format!("c{}", n % 50), Counted::Registrations, minutes(6));
        }
        let full = format!("{all} registrations in the last hour are of all agents, the limit is {all}");
        check(&quotas, "b", Counted::Registrations, minutes(7), &full);
    }

    #[test]
    fn a_refusal_says_when_it_is_free_again() {
        let mut quotas = Quotas::default();
        for _ in 0..CUTOVERS_PER_HOUR.each {
            quotas.count("a", Counted::Cutovers, minutes(5));
        }
        let refusal = quotas.admit("a", Counted::Cutovers, minutes(64)).expect_err("a refusal");
        assert_eq!(refusal.fields["retry_after_seconds"], 120);
        assert!(quotas.admit("a", Counted::Cutovers, minutes(66)).is_ok());
    }

    #[test]
    fn builds_count_until_they_have_ended() {
        let mut quotas = Quotas::default();
        let version = |n| VersionNo::new(n).expect("a version");
        let budget = crate::budget::Budget::default();
        for n in 1..=u32::try_from(AGENT_BUILDS_MAX).expect("a few") {
            quotas.admit_build("a").expect("a build");
            quotas.apply("a", &Control::BuildStarted { version: version(n), budget }, Micros(1));
        }
        let refusal = quotas.admit_build("a").expect_err("a refusal");
        assert!(refusal.detail.contains("builds of yours are under way (v1, v2, v3)"), "{refusal}");
        quotas.admit_build("b").expect("another's");
        let failed = Control::BuildFailed { version: version(2), reason: String::new() };
        quotas.apply("selfsame", &failed, Micros(2));
        quotas.admit_build("a").expect("one has ended");
    }

    #[test]
    fn a_generation_is_held_until_a_version_serves_from_it_or_it_is_gone() {
        let version = |n| VersionNo::new(n).expect("a version");
        let from = Some(version(9));
        let (plan, evidence, approved_by, boundary) = (None, None, Vec::new(), None);
        for frees in [
            Control::Dropped { version: version(1) },
            Control::BuildFailed { version: version(1), reason: String::new() },
            Control::CutOver { version: version(1), from, plan, evidence, approved_by, boundary },
            Control::Rewound { version: version(1), from: version(9), reason: String::new() },
        ] {
            let mut quotas = Quotas::default();
            for n in 1..=u32::try_from(AGENT_GENERATIONS_MAX).expect("a few") {
                quotas.admit_build("a").expect("a build");
                let budget = crate::budget::Budget::default();
                quotas.apply("a", &Control::BuildStarted { version: version(n), budget }, Micros(1));
                let ready = Control::CandidateReady { version: version(n), digest: Default::default() };
                quotas.apply("selfsame", &ready, Micros(1));
            }
            let refusal = quotas.admit_build("a").expect_err("a refusal");
            assert!(refusal.detail.contains("4 generations are held for you (v1, v2, v3, v4)"), "{refusal}");
            quotas.admit_build("b").expect("another's");
            quotas.apply("b", &frees, Micros(2));
            quotas.admit_build("a").unwrap_or_else(|refusal| panic!("{frees:?}: {refusal}"));
        }
    }

    #[test]
    fn many_names_take_bounded_memory() {
        let mut quotas = Quotas::default();
        for n in 0..COUNTED_PRINCIPALS_MAX + 100 {
            quotas.count(&format!("p{n}"), Counted::Plans, minutes(1));
        }
        assert!(quotas.done.len() <= COUNTED_PRINCIPALS_MAX + 1);
        quotas.count("late", Counted::Plans, minutes(200));
        assert_eq!(quotas.done.len(), 1, "what is long over is forgotten");
    }
}
