//! A new boundary: its document, a key and a token for everybody, signed.

use std::fmt::Write as _;

use secrecy::{ExposeSecret as _, SecretString};
use selfsame_core::PrincipalKind;

use crate::error::BoundaryError;
use crate::key::{PublicKey, SigningKey};
use crate::policy::{DEFAULT_POLICY, SCHEMA};
use crate::proposal::Proposal;
use crate::seal::{Files, Seal};
use crate::token::{new_token, token_digest};

/// Somebody whom a new boundary names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// One word.
    pub name: String,
    /// What they are.
    pub kind: PrincipalKind,
    /// The person who answers for them.
    pub owner: String,
}

/// A new boundary, and the secrets of those whom it names.
#[derive(Debug)]
pub struct Fresh {
    /// What is signed.
    pub files: Files,
    /// By the first operator.
    pub seal: Seal,
    /// The key to verify it with.
    pub key: PublicKey,
    /// Of everybody, in the order in which they were named.
    pub secrets: Vec<Secrets>,
}

/// What proves that somebody is who they are.
#[derive(Debug)]
pub struct Secrets {
    /// Whose.
    pub name: String,
    /// The seed of their nkey.
    pub seed: SecretString,
    /// Their bearer token.
    pub token: SecretString,
}

impl Fresh {
    /// Makes keys and tokens for these, and a boundary that the first operator signs.
    ///
    /// # Errors
    ///
    /// If a name cannot be one, no operator is among them, or the machine gives no random bytes.
    pub fn make(instance: &str, named: &[Named]) -> Result<Fresh, BoundaryError> {
        let operators = named.iter().filter(|named| named.kind == PrincipalKind::Operator).count();
        let mut document = head(instance, operators.min(2));
        let (mut secrets, mut signer) = (Vec::new(), None);
        for Named { name, kind, owner } in named {
            let (key, token) = (SigningKey::generate()?, new_token()?);
            let digest = token_digest(token.expose_secret());
            let kind_word = kind.as_str();
            let _ = write!(
                document,
                "\n[[principals]]\nname = {}\nkind = \"{kind_word}\"\nowner = {}\ntoken_sha256 = [\"{digest}\"]\n\
                 nkey = \"{}\"\n",
                quoted(name),
                quoted(owner),
                key.public(),
            );
            secrets.push(Secrets { name: name.clone(), seed: key.seed().clone(), token });
            if *kind == PrincipalKind::Operator && signer.is_none() {
                signer = Some(key);
            }
        }
        let no_signer =
            || BoundaryError::Document { reason: "no operator is named, who could sign it".to_owned() };
        let signer = signer.ok_or_else(no_signer)?;
        let files = Files { document, policy: DEFAULT_POLICY.to_owned(), schema: SCHEMA.to_owned() };
        Proposal::read(&files)?;
        Ok(Fresh { seal: files.sign(&signer), key: signer.public().clone(), files, secrets })
    }
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn head(instance: &str, breaking: usize) -> String {
    let (instance, breaking) = (quoted(instance), breaking.max(1));
    format!(
        "\
# Who there is, what is protected, and who has to agree. What each may do stands in policy.cedar.
# After every change: raise `serial`, look at it with `selfsame boundary check`, and sign it with
# `selfsame boundary sign`.

[boundary]
instance = {instance}
serial = 1

# Nothing on the plane of services and agents writes these, in any spelling. `selfsame.*` is always among them.
[protected]
types = [\"identity.*\", \"permission.*\", \"audit.*\"]
projections = []

# How many operators of different owners have to agree to a change that may lose something, and for how long their
# word counts. The word of the author's owner does not.
[approvals]
lossy = 1
breaking = {breaking}
ttl = \"24h\"

# How many requests each principal of a kind may send. `rate = {{ per_second = 5, burst = 10 }}` at a principal is for
# that one alone.
[limits.service]
per_second = 5000
burst = 10000

[limits.agent]
per_second = 50
burst = 100

[limits.operator]
per_second = 50
burst = 100
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, kind: PrincipalKind) -> Named {
        Named { name: name.to_owned(), kind, owner: name.to_owned() }
    }

    #[test]
    fn a_fresh_boundary_is_verified_and_knows_everybody() {
        let all = [
            named("shop", PrincipalKind::Service),
            named("coder", PrincipalKind::Agent),
            named("ada", PrincipalKind::Operator),
            named("bob", PrincipalKind::Operator),
        ];
        let fresh = Fresh::make("shop \"1\"", &all).expect("a boundary");
        let boundary = Proposal::verified(&fresh.files, &fresh.seal, &fresh.key).expect("verified");
        assert_eq!((boundary.instance.as_str(), boundary.serial), ("shop \"1\"", 1));
        assert_eq!(boundary.members.keys().collect::<Vec<_>>(), ["ada", "bob", "coder", "shop"]);
        assert_eq!(boundary.approvals.breaking, 2);
        for secrets in &fresh.secrets {
            let member = &boundary.members[&secrets.name];
            assert_eq!(member.tokens, [token_digest(secrets.token.expose_secret())]);
            let key = SigningKey::from_seed(secrets.seed.clone()).expect("a seed");
            assert_eq!(member.nkey.as_deref(), Some(key.public().as_str()));
            for text in [&fresh.files.document, &fresh.files.policy, &fresh.files.schema] {
                assert!(!text.contains(secrets.token.expose_secret()), "a token in a file");
                assert!(!text.contains(secrets.seed.expose_secret()), "a seed in a file");
            }
        }
        assert_eq!(Proposal::read(&fresh.files).expect("read").notes(), Vec::<String>::new());
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let alone = Fresh::make("x", &[named("shop", PrincipalKind::Service)]).expect_err("no operator");
        assert_eq!(alone.to_string(), "boundary.toml: no operator is named, who could sign it");
        let wrong = Fresh::make("x", &[named("a b", PrincipalKind::Operator)]).expect_err("no name");
        assert!(wrong.to_string().contains("`a b` is not a principal"), "{wrong}");
    }
}
