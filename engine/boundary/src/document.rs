//! `boundary.toml`: who there is, what is protected, who has to agree, how much anybody may send.
//!
//! Read in one step and checked in another, so that each problem is said in the words of the file.

mod check;
mod duration;

use std::collections::BTreeMap;

use selfsame_core::{ApprovalRules, Member, PrincipalKind, Rate};
use selfsame_record::{Digest, Protected};
use serde::{Deserialize, Serialize};

use crate::error::BoundaryError;

/// `boundary.toml`, as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// `[boundary]`
    pub boundary: Head,
    /// `[protected]`
    #[serde(default)]
    pub protected: ProtectedNames,
    /// `[approvals]`
    pub approvals: Approvals,
    /// `[limits]`: for every principal of a kind that has none of its own.
    #[serde(default)]
    pub limits: BTreeMap<PrincipalKind, Rate>,
    /// `[[principals]]`
    #[serde(default)]
    pub principals: Vec<Principal>,
}

/// What the boundary is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// What the installation is called. Signed commands name it, so that one of another installation is refused.
    pub instance: String,
    /// Goes up with every change. One that is not higher than the last in force is refused.
    pub serial: u64,
}

/// Names that the plane of services and agents never writes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProtectedNames {
    /// Event types: `identity.*` is `identity` and everything below it. `selfsame.*` is always among them.
    #[serde(default)]
    pub types: Vec<String>,
    /// Projections that protected types alone may feed.
    #[serde(default)]
    pub projections: Vec<String>,
}

/// Whose word a change needs that does not go without.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approvals {
    /// Operators of different owners who agree to a lossy change.
    pub lossy: u32,
    /// The same for a breaking one.
    pub breaking: u32,
    /// How long an approval counts: `24h`, `30m`, `7d`.
    pub ttl: String,
}

/// Somebody who acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Principal {
    /// One word; over NATS it is a token of the subject.
    pub name: String,
    /// What they are.
    pub kind: PrincipalKind,
    /// The person who answers for them.
    pub owner: String,
    /// Words that the policy may ask for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// SHA-256 of each bearer token, in hexadecimal digits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub token_sha256: Vec<String>,
    /// The public key that signed commands are checked with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nkey: Option<String>,
    /// How many requests they may send; absent: that of their kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
}

/// What a document comes to.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What the installation is called.
    pub instance: String,
    /// The number of the boundary.
    pub serial: u64,
    /// Everybody, by name.
    pub members: BTreeMap<String, Member>,
    /// Their roles.
    pub roles: BTreeMap<String, Vec<String>>,
    /// The protected event types.
    pub protected: Protected,
    /// The protected projections.
    pub projections: std::collections::BTreeSet<selfsame_record::Name>,
    /// Who has to agree.
    pub approvals: ApprovalRules,
}

impl Document {
    /// Reads the text of the file.
    ///
    /// # Errors
    ///
    /// If it is not TOML, or has members that it should not have.
    pub fn parse(text: &str) -> Result<Document, BoundaryError> {
        toml::from_str(text).map_err(|e| {
            let before = e.span().and_then(|span| text.get(..span.start));
            let place = before.map(|before| format!("line {}: ", before.matches('\n').count() + 1));
            let reason = format!("{}{}", place.unwrap_or_default(), e.message().trim().replace('\n', " "));
            BoundaryError::Document { reason }
        })
    }

    /// Sees that it says nothing that cannot be.
    ///
    /// # Errors
    ///
    /// The first thing that cannot be, in the words of the file.
    pub fn check(&self) -> Result<Checked, BoundaryError> {
        check::check(self).map_err(|reason| BoundaryError::Document { reason })
    }
}

impl Principal {
    fn member(&self, kinds: &BTreeMap<PrincipalKind, Rate>, tokens: Vec<Digest>) -> Member {
        Member {
            kind: self.kind,
            owner: self.owner.clone(),
            nkey: self.nkey.clone(),
            tokens,
            rate: self.rate.or_else(|| kinds.get(&self.kind).copied()),
        }
    }
}
