//! A schema-version document that was checked before it reaches the sequencer.
//!
//! Checking takes as long as the document and the gate make it, and the sequencer is one thread. So whoever
//! receives a document checks it against the registry of that moment, as admission checks an event, and the
//! core only sees to it that the registry is still that one. A start from the log checks the document text
//! of the record again.
//!
//! # Invariants
//!
//! 1. Versions never change and never go, so a registry with as many versions is the same registry.
//! 2. What was checked against another registry decides nothing, be it a version or a refusal.

use std::sync::Arc;

use selfsame_projections::Plan;
use selfsame_schema::{Document, Problem, Registry, Report, Samples, Version};

use crate::refusal::{Code, Refusal};

/// What the check of a document came to, and what it was checked against.
#[derive(Debug)]
pub struct Checked {
    versions: usize,
    outcome: Result<Box<Accepted>, Refusal>,
}

/// A version that may be taken in.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) version: Arc<Version>,
    pub(crate) plan: Plan,
    /// What becomes of the parent's event types; none for the first version and for one that is there.
    pub(crate) report: Option<Box<Report>>,
}

impl Checked {
    /// Checks a document against the versions there are, and runs its lenses over these events.
    pub fn of(registry: &Registry, samples: &dyn Samples, document: &str) -> Checked {
        let outcome = accept(registry, samples, document);
        let outcome = outcome.map(Box::new).map_err(|problems| invalid_document(&problems));
        Checked { versions: registry.versions().count(), outcome }
    }

    /// A document that is refused whatever it says, by one who looked at this registry.
    pub fn refused(registry: &Registry, refusal: Refusal) -> Checked {
        Checked { versions: registry.versions().count(), outcome: Err(refusal) }
    }

    /// The checked version, if the registry is the one that it was checked against.
    pub(crate) fn against(self, registry: &Registry) -> Result<Accepted, Refusal> {
        let versions = registry.versions().count();
        if self.versions == versions {
            return self.outcome.map(|checked| *checked);
        }
        let detail = format!(
            "the document was checked when there were {} versions, and there are {versions} now",
            self.versions
        );
        Err(Refusal::new(Code::RegistryChanged, detail)
            .next("register it again: it is checked against all versions there are then"))
    }
}

/// The whole gate. A document that is registered already is not judged by later events.
fn accept(registry: &Registry, samples: &dyn Samples, document: &str) -> Result<Accepted, Vec<Problem>> {
    let (version, plan) = check_document(registry, document)?;
    let known = registry.find(&version.id()).is_some();
    let report = if known { None } else { registry.judge(&version, samples)? };
    Ok(Accepted { version, plan, report: report.map(Box::new) })
}

/// Checks a document against the versions there are, lenses and projections alike. Documents that the log
/// has are taken by this alone: what was tried at their registration is not tried again.
///
/// # Errors
///
/// Everything that is wrong with it, each with its place in the document.
pub fn check_document(registry: &Registry, document: &str) -> Result<(Arc<Version>, Plan), Vec<Problem>> {
    let document = Document::parse(document)?;
    let version = registry.check(&document)?;
    let plan = Plan::compile(&version)?;
    Ok((version, plan))
}

/// The refusal of a document, with everything that is wrong with it.
pub fn invalid_document(problems: &[Problem]) -> Refusal {
    let first = problems.first().map_or_else(String::new, ToString::to_string);
    let more = problems.len().saturating_sub(1);
    let rest = if more == 0 { String::new() } else { format!(" (and {more} more)") };
    let listed = problems.iter().map(|p| serde_json::json!(p));
    let mut refusal = Refusal::new(Code::InvalidDocument, format!("{first}{rest}"))
        .field("problems", serde_json::Value::Array(listed.collect()));
    for help in problems.iter().filter_map(|p| p.help.clone()).take(3) {
        refusal = refusal.next(help);
    }
    if refusal.next.is_empty() {
        refusal = refusal.next("mend the document at the places named and register it again");
    }
    refusal
}
