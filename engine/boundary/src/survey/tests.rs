//! The table says of every verb who may do it, and the comparison who may do more and who less.

use super::*;
use crate::fresh::{Fresh, Named};
use crate::policy::{DEFAULT_POLICY, SCHEMA};
use crate::seal::Files;
use selfsame_core::PrincipalKind;

fn files() -> Files {
    let named = |name: &str, kind| Named { name: name.to_owned(), kind, owner: name.to_owned() };
    let all = [
        named("shop", PrincipalKind::Service),
        named("coder", PrincipalKind::Agent),
        named("ada", PrincipalKind::Operator),
    ];
    Fresh::make("shop", &all).expect("a boundary").files
}

fn proposal(policy: &str) -> Proposal {
    let files = Files { policy: policy.to_owned(), ..files() };
    Proposal::read(&files).expect("a boundary")
}

fn said<'a>(who: impl IntoIterator<Item = &'a String>) -> String {
    who.into_iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

fn table(proposal: &Proposal) -> Vec<String> {
    let lines = survey(proposal, &Samples::of(proposal));
    let line = |line: Line| format!("{} | {} | {}", line.actions.join(" "), line.on, said(&line.who));
    lines.into_iter().map(line).collect()
}

#[test]
fn every_verb_of_the_schema_is_asked_about() {
    let proposal = proposal(DEFAULT_POLICY);
    let asked: BTreeSet<&str> = Samples::of(&proposal).questions().iter().map(|q| q.action).collect();
    assert_eq!(asked, proposal.rules.verbs().collect());
}

#[test]
fn the_default_policy_as_a_table() {
    let expect = "\
publish | any other type | ada shop
publish | audit.* | ada
publish | identity.* | ada
publish | permission.* | ada
publish | selfsame.* | 
read | any other type | ada coder shop
read | audit.* | ada
read | identity.* | ada
read | permission.* | ada
read | selfsame.* | ada
read | any other projection | ada coder shop
work | any other projection | ada shop
register plan build pause resume abandon validate drop retire rewind | any other version | ada coder
activate | any other version: additive | ada coder
activate | any other version: additive, and a rewind would lose something | ada
activate | any other version: lossy | ada
activate | any other version: lossy, and agreed to | ada coder
activate | any other version: breaking | ada
activate | any other version: breaking, and agreed to | ada coder
freeze unfreeze floor seal unseal repair quarantine release reset-breaker approve reject replay dump | the system | ada";
    assert_eq!(table(&proposal(DEFAULT_POLICY)).join("\n"), expect);
}

/// What a rule names is asked about by itself.
#[test]
fn what_rules_name_is_in_the_table() {
    let rule = "@id(\"x\") forbid (principal is Selfsame::Agent, action, resource in Selfsame::Namespace::\"billing.card\");
        @id(\"y\") forbid (principal, action == Selfsame::Action::\"read\", resource == Selfsame::Projection::\"cards\");";
    let table = table(&proposal(&format!("{DEFAULT_POLICY}\n{rule}")));
    for line in [
        "publish | billing.card.* | ada shop",
        "read | billing.card.* | ada shop",
        "read | cards | ",
        "activate | a version that changes billing.*: additive | ada coder",
    ] {
        assert!(table.iter().any(|l| l == line), "{line}\n{}", table.join("\n"));
    }
}

/// A policy that permits everything does not open what the engine keeps closed.
#[test]
fn a_policy_that_permits_everything_opens_no_protected_type_and_makes_no_operator() {
    let table = table(&proposal("@id(\"all\") permit (principal, action, resource);"));
    for line in ["publish | identity.* | ada", "publish | selfsame.* | "] {
        assert!(table.iter().any(|l| l == line), "{line}\n{}", table.join("\n"));
    }
    let operated: Vec<&String> = table.iter().filter(|line| line.contains("| the system |")).collect();
    assert!(operated.len() == 1 && operated[0].ends_with("| ada"), "{operated:?}");
}

#[test]
fn a_comparison_says_who_may_more_and_who_less() {
    let old = proposal(DEFAULT_POLICY);
    assert_eq!(compare(&old, &proposal(DEFAULT_POLICY)), []);
    let rule =
        "@id(\"x\") permit (principal is Selfsame::Agent, action == Selfsame::Action::\"publish\", resource);
        @id(\"y\") forbid (principal is Selfsame::Agent, action in Selfsame::Action::\"change\", resource)
        unless { action == Selfsame::Action::\"activate\" };";
    let changes = compare(&old, &proposal(&format!("{DEFAULT_POLICY}\n{rule}")));
    let change =
        |c: &Change| format!("{} | {} | +{} | -{}", c.actions.join(" "), c.on, said(&c.more), said(&c.less));
    let expect = "\
publish | any other type | +coder | -
register plan build pause resume abandon validate drop retire | any other version | + | -coder";
    assert_eq!(changes.iter().map(change).collect::<Vec<_>>().join("\n"), expect);
    assert!(SCHEMA.contains("entity Projection"));
}
