//! A boundary as its files say it, checked and not yet verified: what is looked at before it is signed.

use std::sync::Arc;

use selfsame_core::{Boundary, Gates, PrincipalKind};

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
