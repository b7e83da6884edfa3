//! What a document may say: names, keys and numbers, each within its limit.

use std::collections::{BTreeMap, BTreeSet};

use selfsame_core::{ApprovalRules, Rate};
use selfsame_record::{Digest, EventType, Name, Principal as PrincipalName, Protected};

use super::duration::milliseconds;
use super::{Approvals, Checked, Document, Principal, ProtectedNames};
use crate::key::PublicKey;
use crate::limits::{
    MEMBERS_MAX, PROTECTED_MAX, QUORUM_MAX, RATE_MAX, ROLES_PER_MEMBER_MAX, TEXT_BYTES_MAX,
    TOKENS_PER_MEMBER_MAX, TTL_MS_MAX, TTL_MS_MIN,
};

pub(super) fn check(document: &Document) -> Result<Checked, String> {
    let Document { boundary, protected, approvals, limits, principals } = document;
    text("`boundary.instance`", &boundary.instance)?;
    if boundary.serial == 0 {
        return Err("`boundary.serial` is 0: the first one is 1".to_owned());
    }
    for (kind, rate) in limits {
        checked_rate(&format!("`limits.{}`", kind.as_str()), *rate)?;
    }
    at_most("principals", principals.len(), MEMBERS_MAX)?;
    let (mut members, mut roles) = (BTreeMap::new(), BTreeMap::new());
    let mut proofs = BTreeMap::new();
    for principal in principals {
        let tokens = checked_principal(principal, &mut proofs)?;
        let member = principal.member(limits, tokens);
        if members.insert(principal.name.clone(), member).is_some() {
            return Err(format!("the principal `{}` is there twice", principal.name));
        }
        roles.insert(principal.name.clone(), principal.roles.clone());
    }
    Ok(Checked {
        instance: boundary.instance.clone(),
        serial: boundary.serial,
        members,
        roles,
        projections: checked_protected(protected)?,
        protected: Protected::new(&protected.types),
        approvals: checked_approvals(approvals)?,
    })
}

/// A text for people and programs: something, in one line.
fn text(what: &str, text: &str) -> Result<(), String> {
    let len = text.len();
    if text.trim().is_empty() || text.trim() != text || text.chars().any(char::is_control) {
        return Err(format!("{what} is `{}`: use a text in one line", text.escape_debug()));
    }
    if len > TEXT_BYTES_MAX {
        return Err(format!("{what} has {len} bytes, over the limit of {TEXT_BYTES_MAX}"));
    }
    Ok(())
}

fn at_most(what: &str, count: usize, max: usize) -> Result<(), String> {
    if count > max { Err(format!("{count} {what} are there, over the limit of {max}")) } else { Ok(()) }
}

fn checked_rate(what: &str, rate: Rate) -> Result<(), String> {
    for (name, number) in [("per_second", rate.per_second), ("burst", rate.burst)] {
        if !(1..=RATE_MAX).contains(&number) {
            return Err(format!("{what} says `{name} = {number}`: use 1 to {RATE_MAX}"));
        }
    }
    Ok(())
}

/// The digests of a principal's tokens. `proofs` holds whose each token and key is.
fn checked_principal(
    principal: &Principal,
    proofs: &mut BTreeMap<String, String>,
) -> Result<Vec<Digest>, String> {
    let Principal { name, kind: _, owner, roles, token_sha256, nkey, rate } = principal;
    PrincipalName::parse(name).map_err(|e| e.to_string())?;
    if Protected::new::<&str>(&[]).covers(name).is_some() {
        return Err(format!("the principal `{name}` has the name of the engine itself: use another one"));
    }
    let whose = |what: &str| format!("`{what}` of the principal `{name}`");
    text(&whose("owner"), owner)?;
    at_most(&format!("roles of the principal `{name}`"), roles.len(), ROLES_PER_MEMBER_MAX)?;
    roles.iter().try_for_each(|role| text(&whose("roles"), role))?;
    if let Some(rate) = rate {
        checked_rate(&whose("rate"), *rate)?;
    }
    let mut once = |proof: &str, what: &str| match proofs.insert(proof.to_owned(), name.clone()) {
        Some(other) => {
            Err(format!("the principals `{other}` and `{name}` have the same {what}: each needs its own"))
        }
        None => Ok(()),
    };
    if let Some(nkey) = nkey {
        PublicKey::parse_user(nkey).map_err(|e| format!("{}: {e}", whose("nkey")))?;
        once(nkey, "key")?;
    }
    at_most(&format!("tokens of the principal `{name}`"), token_sha256.len(), TOKENS_PER_MEMBER_MAX)?;
    let digest = |text: &String| {
        let digest = Digest::try_from(text.clone());
        let digest = digest.map_err(|e| format!("{}: {e}", whose("token_sha256")))?;
        once(&digest.to_string(), "token")?;
        Ok(digest)
    };
    token_sha256.iter().map(digest).collect()
}

fn checked_protected(protected: &ProtectedNames) -> Result<BTreeSet<Name>, String> {
    at_most("protected types", protected.types.len(), PROTECTED_MAX)?;
    at_most("protected projections", protected.projections.len(), PROTECTED_MAX)?;
    for pattern in &protected.types {
        let stem = pattern.strip_suffix(".*").unwrap_or(pattern);
        EventType::parse(stem).map_err(|e| {
            format!(
                "`{pattern}` in `protected.types` is neither an event type nor one with `.*` behind it: {e}"
            )
        })?;
    }
    let name = |text: &String| Name::parse(text).map_err(|e| format!("`protected.projections`: {e}"));
    protected.projections.iter().map(name).collect()
}

fn checked_approvals(approvals: &Approvals) -> Result<ApprovalRules, String> {
    let Approvals { lossy, breaking, ttl } = approvals;
    for (name, quorum) in [("lossy", lossy), ("breaking", breaking)] {
        if !(1..=QUORUM_MAX).contains(quorum) {
            return Err(format!("`approvals.{name}` is {quorum}: use 1 to {QUORUM_MAX}"));
        }
    }
    if breaking < lossy {
        return Err(format!(
            "`approvals.breaking` is {breaking}, less than `approvals.lossy`, which is {lossy}"
        ));
    }
    let ttl_ms = milliseconds(ttl).map_err(|e| format!("`approvals.ttl`: {e}"))?;
    if !(TTL_MS_MIN..=TTL_MS_MAX).contains(&ttl_ms) {
        return Err(format!("`approvals.ttl` is `{ttl}`: use a minute to 30 days"));
    }
    Ok(ApprovalRules { lossy: *lossy, breaking: *breaking, ttl_ms })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SigningKey;

    const HEAD: &str = "[boundary]\ninstance = \"shop\"\nserial = 3\n\n[approvals]\nlossy = 1\nbreaking = 2\nttl = \"24h\"\n";

    #[track_caller]
    fn refused(text: &str, expect: &str) {
        let said = Document::parse(text).and_then(|document| document.check());
        let error = said.expect_err(text);
        assert_eq!(error.to_string(), format!("boundary.toml: {expect}"));
        assert!(!error.next().is_empty(), "{error} ends in nothing to do");
    }

    /// The head with one member replaced.
    #[track_caller]
    fn head(from: &str, to: &str, expect: &str) {
        assert!(HEAD.contains(from), "{from}");
        refused(&HEAD.replace(from, to), expect);
    }

    /// The head and one principal with more members, or other ones.
    #[track_caller]
    fn principal(members: &str, expect: &str) {
        refused(&format!("{HEAD}\n[[principals]]\n{members}"), expect);
    }

    fn named(name: &str, more: &str) -> String {
        format!("name = \"{name}\"\nkind = \"agent\"\nowner = \"ada\"\n{more}\n")
    }

    #[test]
    fn a_document_comes_to_members_with_the_rate_of_their_kind() {
        let nkey = SigningKey::generate().expect("a key").public().to_string();
        let token = Digest::of(&[b"x"]).to_string();
        let text = format!(
            "{HEAD}\n[limits.agent]\nper_second = 5\nburst = 9\n\n[protected]\ntypes = [\"identity.*\", \"card.paid\"]\n\
             projections = [\"logins\"]\n\n[[principals]]\n{}\n[[principals]]\n{}",
            named("a", &format!("roles = [\"lead\"]\ntoken_sha256 = [\"{token}\"]\nnkey = \"{nkey}\"")),
            named("b", "rate = { per_second = 1, burst = 2 }"),
        );
        let checked = Document::parse(&text).and_then(|document| document.check()).expect("a document");
        assert_eq!((checked.instance.as_str(), checked.serial), ("shop", 3));
        assert_eq!(checked.members["a"].rate, Some(Rate { per_second: 5, burst: 9 }));
        assert_eq!(checked.members["b"].rate, Some(Rate { per_second: 1, burst: 2 }));
        assert_eq!(checked.members["a"].tokens, [Digest::of(&[b"x"])]);
        assert_eq!(checked.members["a"].nkey.as_deref(), Some(nkey.as_str()));
        assert_eq!(checked.roles["a"], ["lead"]);
        assert_eq!(checked.protected.covers("identity.x"), Some("identity.*"));
        assert_eq!(checked.approvals, ApprovalRules { lossy: 1, breaking: 2, ttl_ms: 86_400_000 });
        assert_eq!(checked.projections.len(), 1);
    }

    #[test]
    fn the_head_says_what_is_wrong_with_it() {
        head("serial = 3", "serial = 0", "`boundary.serial` is 0: the first one is 1");
        head("\"shop\"", "\"\"", "`boundary.instance` is ``: use a text in one line");
        head("\"shop\"", "\"a\\nb\"", "`boundary.instance` is `a\\nb`: use a text in one line");
        head("serial = 3", "serial = 3\nx = 1", "line 4: unknown field `x`, expected `instance` or `serial`");
        head("lossy = 1", "lossy = 0", "`approvals.lossy` is 0: use 1 to 16");
        head("breaking = 2", "breaking = 17", "`approvals.breaking` is 17: use 1 to 16");
        head("lossy = 1", "lossy = 3", "`approvals.breaking` is 2, less than `approvals.lossy`, which is 3");
        let duration = "is not a duration: use a number and `s`, `m`, `h` or `d`, such as `24h`";
        head("24h", "a day", &format!("`approvals.ttl`: `a day` {duration}"));
        head("24h", "30s", "`approvals.ttl` is `30s`: use a minute to 30 days");
        head("24h", "31d", "`approvals.ttl` is `31d`: use a minute to 30 days");
        let long = "x".repeat(129);
        head("shop", &long, "`boundary.instance` has 129 bytes, over the limit of 128");
    }

    #[test]
    fn a_principal_says_what_is_wrong_with_it() {
        let grammar = "use letters, digits, `_` and `-`";
        principal(&named("a b", ""), &format!("`a b` is not a principal: {grammar}"));
        for name in ["selfsame", "SelfSame", "seIfsame"] {
            let expect = format!("the principal `{name}` has the name of the engine itself: use another one");
            principal(&named(name, ""), &expect);
        }
        principal(
            "name = \"a\"\nkind = \"root\"\nowner = \"x\"",
            "line 12: unknown variant `root`, expected one of `service`, `agent`, `operator`",
        );
        principal(
            "name = \"a\"\nkind = \"agent\"\nowner = \" \"",
            "`owner` of the principal `a` is ` `: use a text in one line",
        );
        principal(
            &named("a", "rate = { per_second = 0, burst = 1 }"),
            "`rate` of the principal `a` says `per_second = 0`: use 1 to 1000000",
        );
        principal(
            &named("a", "rate = { per_second = 1, burst = 1, per_hour = 1 }"),
            "line 14: unknown field `per_hour`, expected `per_second` or `burst`",
        );
        principal(
            &named("a", "token_sha256 = [\"abc\"]"),
            "`token_sha256` of the principal `a`: a digest is 64 hexadecimal digits",
        );
        principal(
            &named("a", "nkey = \"UX\""),
            "`nkey` of the principal `a`: `UX` is not the public key of a user (`U…`)",
        );
        principal(
            &format!("{}[[principals]]\n{}", named("a", ""), named("a", "")),
            "the principal `a` is there twice",
        );
        let token = format!("token_sha256 = [\"{}\"]", Digest::of(&[b"x"]));
        let twice = format!("{}[[principals]]\n{}", named("a", &token), named("b", &token));
        principal(&twice, "the principals `a` and `b` have the same token: each needs its own");
        let nkey = format!("nkey = \"{}\"", SigningKey::generate().expect("a key").public());
        let twice = format!("{}[[principals]]\n{}", named("a", &nkey), named("b", &nkey));
        principal(&twice, "the principals `a` and `b` have the same key: each needs its own");
    }

    #[test]
    fn what_is_protected_has_a_name() {
        let section = |types: &str, projections: &str| {
            format!("{HEAD}\n[protected]\ntypes = [{types}]\nprojections = [{projections}]\n")
        };
        let grammar = "use words of letters, digits, `_` and `-`, joined by single dots";
        refused(
            &section("\"*\"", ""),
            &format!(
                "`*` in `protected.types` is neither an event type nor one with `.*` behind it: `*` is not an event type: {grammar}"
            ),
        );
        refused(
            &section("", "\"a b\""),
            "`protected.projections`: `a b` is not a name: use letters, digits, `_` and `-`",
        );
    }

    /// One line per limit: one more than it allows, and what is said.
    #[test]
    fn limits_are_kept() {
        let many =
            |n: usize, what: &str| (0..n).map(|n| what.replace('N', &n.to_string())).collect::<String>();
        let principals =
            many(MEMBERS_MAX + 1, "[[principals]]\nname = \"aN\"\nkind = \"agent\"\nowner = \"x\"\n");
        refused(&format!("{HEAD}{principals}"), "1001 principals are there, over the limit of 1000");
        let types = many(PROTECTED_MAX + 1, "\"aN.*\",");
        refused(
            &format!("{HEAD}[protected]\ntypes = [{types}]\n"),
            "257 protected types are there, over the limit of 256",
        );
        refused(
            &format!("{HEAD}[protected]\nprojections = [{}]\n", many(257, "\"aN\",")),
            "257 protected projections are there, over the limit of 256",
        );
        principal(
            &named("a", &format!("roles = [{}]", many(ROLES_PER_MEMBER_MAX + 1, "\"rN\","))),
            "33 roles of the principal `a` are there, over the limit of 32",
        );
        let tokens: String = (0..=TOKENS_PER_MEMBER_MAX)
            .map(|n| format!("\"{}\",", Digest::of(&[&[u8::try_from(n).expect("few")]])))
            .collect();
        principal(
            &named("a", &format!("token_sha256 = [{tokens}]")),
            "9 tokens of the principal `a` are there, over the limit of 8",
        );
        refused(
            &format!("{HEAD}[limits.agent]\nper_second = 1000001\nburst = 1\n"),
            "`limits.agent` says `per_second = 1000001`: use 1 to 1000000",
        );
    }
}
