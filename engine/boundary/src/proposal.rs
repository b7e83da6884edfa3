//! A boundary as its files say it, checked and not yet verified: what is looked at before it is signed.

use std::sync::Arc;

use selfsame_core::{Ask, Boundary, Decision, Gates, Policy as _, PrincipalKind, Resource};

use selfsame_record::Protected;

use crate::document::{Checked, Document};
use crate::error::BoundaryError;
use crate::key::PublicKey;
use crate::policy::Rules;
use crate::seal::{Files, Seal};

/// A boundary that nobody has signed, or whose signature was not looked at.
#[derive(Debug)]
pub struct Proposal {
    /// `boundary.toml`, as it is written.
    pub document: Document,
    /// What it comes to.
    pub checked: Checked,
    /// The rules, compiled.
    pub rules: Rules,
}

/// To whom something is closed that no rule opens.
enum Closed<'a> {
    /// To everybody: it is the engine's own.
    ToAll,
    /// To whoever is no operator, by this pattern.
    ToOthers(&'a str),
}

impl Proposal {
    /// Reads the texts of the files.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with them.
    pub fn read(files: &Files) -> Result<Proposal, BoundaryError> {
        let document = Document::parse(&files.document)?;
        let checked = document.check()?;
        let rules = Rules::read(&files.policy, &files.schema, &checked)?;
        Ok(Proposal { document, checked, rules })
    }

    /// What is worth a look, though nothing is wrong with it.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = self.rules.notes().to_vec();
        notes.extend(self.agreeing());
        let members = &self.checked.members;
        let mute = members.iter().filter(|(_, m)| m.tokens.is_empty() && m.nkey.is_none());
        notes.extend(
            mute.map(|(name, _)| format!("`{name}` has neither a token nor a key, so nobody can be it")),
        );
        notes
    }

    /// Changes to which too few can agree: the word of an author's owner does not count.
    fn agreeing(&self) -> Vec<String> {
        let members = &self.checked.members;
        let signs = |owner: &str| {
            let operators =
                members.values().filter(|m| m.kind == PrincipalKind::Operator && m.nkey.is_some());
            let owners: std::collections::BTreeSet<&str> =
                operators.map(|m| m.owner.as_str()).filter(|other| *other != owner).collect();
            owners.len()
        };
        let agents = members.iter().filter(|(_, member)| member.kind == PrincipalKind::Agent);
        let mut notes = Vec::new();
        for (name, agent) in agents {
            for (class, quorum) in
                [("lossy", self.checked.approvals.lossy), ("breaking", self.checked.approvals.breaking)]
            {
                let (needed, there) = (usize::try_from(quorum).unwrap_or(usize::MAX), signs(&agent.owner));
                if there < needed {
                    notes.push(format!(
                        "nobody can take live a {class} change of `{name}`: it needs the word of {needed} owners \
                         other than `{}`, and operators with keys have {there}",
                        agent.owner
                    ));
                    break;
                }
            }
        }
        notes
    }

    /// Whether the engine will do it: what the rules say, unless it refuses whatever they say.
    pub fn allows(&self, ask: &Ask<'_>) -> bool {
        self.closed(ask).is_none() && self.rules.allows(ask)
    }

    /// Whether the engine will do it, by which rules, and what would help.
    pub fn explain(&self, ask: &Ask<'_>) -> Decision {
        let said = self.rules.explain(ask);
        let Some(closed) = self.closed(ask) else { return said };
        let rules = if said.allowed { Vec::new() } else { said.rules };
        let next = match closed {
            Closed::ToAll => vec!["the engine alone writes its own types, whatever the rules say".to_owned()],
            Closed::ToOthers(pattern) => {
                let why = format!(
                    "`{pattern}` is protected, whatever the rules say: operators write it on their own plane"
                );
                // What would open the rules would not open this.
                let others = said.next.into_iter().filter(|next| next.contains("of the kind operator"));
                std::iter::once(why).chain(others).collect()
            }
        };
        Decision { allowed: false, rules, next }
    }

    /// What no rule opens.
    fn closed(&self, ask: &Ask<'_>) -> Option<Closed<'_>> {
        let Resource::EventType(name) = ask.resource else { return None };
        let pattern = self.checked.protected.covers(name).filter(|_| ask.action == "publish")?;
        let kind = self.checked.members.get(ask.principal).map(|member| member.kind);
        match kind {
            _ if Protected::new::<&str>(&[]).covers(name).is_some() => Some(Closed::ToAll),
            Some(PrincipalKind::Operator) => None,
            _ => Some(Closed::ToOthers(pattern)),
        }
    }

    /// The boundary that the engine brings into force, if these files were signed with this key.
    ///
    /// # Errors
    ///
    /// If they were not, or are wrong. Nothing of them is read before the signature is.
    pub fn verified(files: &Files, seal: &Seal, key: &PublicKey) -> Result<Boundary, BoundaryError> {
        seal.verify(files, key)?;
        let Proposal { document: _, checked, rules } = Proposal::read(files)?;
        Ok(Boundary {
            hash: files.hash(),
            signer: key.to_string(),
            instance: checked.instance,
            serial: checked.serial,
            members: checked.members,
            protected: checked.protected,
            protected_projections: checked.projections,
            approvals: checked.approvals,
            policy: Arc::new(rules),
            gates: Gates::default(),
        })
    }
}
