//! Versions that came second: children of v1 beside v2, which are written against what answers, and versions that
//! may not serve any longer.
//!
//! - `a_rebase_keeps_both`: what a rebase gives is a valid document, and has the event types and the projections that either side has, but
//!   for those that one of them took away.
//! - `forbidden_never_answers`: no switch is to a version that is sealed or retired at that time.

use std::collections::BTreeSet;

use selfsame_core::{Checked, Code, Order, Request};
use selfsame_record::VersionNo;
use selfsame_schema::{Rebased, Registry, Version};

use super::{Asked, World};
use crate::documents::{BRANCHES, DOCUMENTS, branch};

/// Versions that a history has at most.
const VERSIONS_MAX: usize = 8;

/// The version whose profiles those of `version` look like: the last before it that changed them.
pub(super) fn shape(registry: &Registry, version: VersionNo) -> u32 {
    let mut next = registry.version(version);
    while let Some(version) = next {
        match version.name() {
            "profiles" => return 1,
            "profiles-with-locale" => return 2,
            "profiles-with-plans" => return 3,
            _ => next = version.parent().and_then(|parent| registry.version(parent)),
        }
    }
    0
}

impl World {
    /// Registers a branch, or writes one against some version.
    pub(super) fn rebase(&mut self) -> Result<(), String> {
        let registry = self.core.registry();
        let count = registry.versions().count();
        // The documents name their parents by number, so they come first.
        if !(DOCUMENTS.len()..VERSIONS_MAX).contains(&count) {
            return Ok(());
        }
        let branches: Vec<VersionNo> =
            registry.versions().filter(|v| v.name().starts_with("branch-")).map(|v| v.no()).collect();
        let own = self.random.pick(&branches).copied();
        let what = self.random.pick(&BRANCHES).copied().unwrap_or(("coupon", 1));
        let any: Vec<VersionNo> = self.core.registry().versions().map(|v| v.no()).collect();
        let any = self.random.pick(&any).copied();
        let onto = if self.random.below(2) == 0 { any } else { self.serving.active() };
        let is_new = branches.is_empty() || self.random.below(2) == 0;
        let registry = self.core.registry();
        let versions =
            own.zip(onto).and_then(|(own, onto)| Some((registry.version(own)?, registry.version(onto)?)));
        let (document, asked) = match versions {
            Some((own, onto)) if !is_new => match registry.rebase(own, onto) {
                Ok(rebased) => {
                    keeps_both(registry, own, onto, &rebased)?;
                    (rebased.document.to_string(), Asked::Rebased)
                }
                Err(_) => {
                    self.report.conflicts += 1;
                    return Ok(());
                }
            },
            _ => (branch(what), Asked::Else),
        };
        let checked = Checked::of(registry, &**self.serving.samples(), &document);
        self.ask(Request::Register { checked }, asked);
        Ok(())
    }

    /// Lets a version not serve, or one serve again that may not. Only branches go for good: a history needs
    /// the others.
    pub(super) fn forbid(&mut self, version: VersionNo) -> Request {
        let brakes = self.core.status().brakes;
        let is_sealed = |version: &VersionNo| {
            brakes.may_serve(*version).is_err_and(|refusal| refusal.code == Code::Sealed)
        };
        let registry = self.core.registry();
        let sealed = registry.versions().map(|version| version.no()).find(is_sealed);
        let is_branch = registry.version(version).is_some_and(|v| v.name().starts_with("branch-"));
        match (self.random.below(4), sealed) {
            (0, _) => Request::Operator(Order::Seal { version, reason: "for a reason".to_owned() }),
            (1, _) if is_branch => Request::Retire { version },
            (_, sealed) => Request::Operator(Order::Unseal { version: sealed.unwrap_or(version) }),
        }
    }

    pub(super) fn forbidden_never_answers(&mut self) -> Result<(), String> {
        let status = self.core.status();
        let Some(active) = self.core.lifecycle().active() else { return Ok(()) };
        status.brakes.may_serve(active).map_err(|refusal| format!("forbidden_never_answers: {refusal}"))
    }
}

fn keeps_both(registry: &Registry, own: &Version, onto: &Version, rebased: &Rebased) -> Result<(), String> {
    let Some(base) = own.parent().and_then(|parent| registry.version(parent)) else {
        return Err(format!("a_rebase_keeps_both: {} has no parent and was rebased", own.no()));
    };
    for section in ["events", "projections"] {
        let members = rebased.document.get(section).and_then(|members| members.as_object());
        let found: BTreeSet<String> = members.into_iter().flatten().map(|(name, _)| name.clone()).collect();
        let [base, own_names, onto_names] = [base, own, onto].map(|version| names(version, section));
        let gone = |side: &BTreeSet<String>, name: &String| base.contains(name) && !side.contains(name);
        let expect: BTreeSet<String> = own_names
            .union(&onto_names)
            .filter(|name| !gone(&own_names, name) && !gone(&onto_names, name))
            .cloned()
            .collect();
        if found != expect {
            let (own, onto) = (own.no(), onto.no());
            return Err(format!(
                "a_rebase_keeps_both: {own} onto {onto} has the {section} {found:?}, not {expect:?}"
            ));
        }
    }
    Ok(())
}

fn names(version: &Version, section: &str) -> BTreeSet<String> {
    match section {
        "events" => version.events().map(|(name, _)| name.as_str().to_owned()).collect(),
        _ => version.projections().keys().map(|name| name.as_str().to_owned()).collect(),
    }
}
