//! What rules say, which are refused, and what would help.

use std::collections::BTreeSet;

use selfsame_core::{Ask, Context, Policy as _, Resource};
use selfsame_schema::Class;

use super::*;
use crate::document::Document;

const DOCUMENT: &str = r#"
[boundary]
instance = "shop"
serial = 1
[protected]
types = ["identity.*"]
projections = ["logins"]
[approvals]
lossy = 1
breaking = 2
ttl = "24h"
[[principals]]
name = "shop"
kind = "service"
owner = "ada"
[[principals]]
name = "coder"
kind = "agent"
owner = "bob"
roles = ["users"]
[[principals]]
name = "ada"
kind = "operator"
owner = "ada"
"#;

pub(super) fn checked() -> Checked {
    Document::parse(DOCUMENT).and_then(|document| document.check()).expect("a document")
}

fn rules(policy: &str) -> Rules {
    Rules::read(policy, SCHEMA, &checked()).expect("rules")
}

const NONE: Context = Context {
    class: None,
    class_since_approved: None,
    rewind_loses: false,
    rows_differing: 0,
    failures: 0,
    approvals: 0,
    cutovers_left: 1,
};

fn change(class: Class) -> Context {
    Context { class: Some(class), class_since_approved: Some(class), ..NONE }
}

/// One question: who, what, on what, in which circumstances; and the answer with the rules.
#[track_caller]
fn check(
    rules: &Rules,
    principal: &str,
    action: &str,
    resource: Resource<'_>,
    context: Context,
    expect: (bool, &[&str]),
) {
    let ask = Ask { principal, action, resource, context };
    let decision = rules.explain(&ask);
    let names: Vec<&str> = decision.rules.iter().map(String::as_str).collect();
    assert_eq!((decision.allowed, names.as_slice()), expect, "{ask:?}: {:?}", decision.next);
    assert_eq!(rules.allows(&ask), decision.allowed, "{ask:?}: two answers");
}

fn version(namespaces: &BTreeSet<String>) -> Resource<'_> {
    Resource::Version { name: "v2", namespaces }
}

#[test]
fn the_default_policy_keeps_the_line() {
    let rules = rules(DEFAULT_POLICY);
    assert_eq!(rules.notes(), Vec::<String>::new());
    let user = BTreeSet::from(["user".to_owned()]);
    let on = || version(&user);
    for (who, action, resource, context, expect) in [
        ("shop", "publish", Resource::EventType("user.registered"), NONE, (true, &["services-publish"][..])),
        (
            "shop",
            "publish",
            Resource::EventType("identity.x"),
            NONE,
            (false, &["protected-is-for-operators"]),
        ),
        (
            "shop",
            "publish",
            Resource::EventType("ldentity.x"),
            NONE,
            (false, &["protected-is-for-operators"]),
        ),
        ("coder", "publish", Resource::EventType("user.registered"), NONE, (false, &[])),
        (
            "ada",
            "publish",
            Resource::EventType("identity.x"),
            NONE,
            (true, &["operators-publish-read-and-work"]),
        ),
        ("shop", "read", Resource::Projection("profile"), NONE, (true, &["everybody-reads"])),
        ("coder", "read", Resource::Projection("logins"), NONE, (false, &["protected-is-for-operators"])),
        ("shop", "work", Resource::Projection("mail"), NONE, (true, &["services-work"])),
        ("shop", "work", Resource::Secret("mail"), NONE, (false, &["protected-is-for-operators"])),
        ("shop", "read", Resource::Secret("profile"), NONE, (false, &["protected-is-for-operators"])),
        ("ada", "read", Resource::Secret("profile"), NONE, (true, &["operators-publish-read-and-work"])),
        ("ada", "work", Resource::Secret("mail"), NONE, (true, &["operators-publish-read-and-work"])),
        ("shop", "register", on(), NONE, (false, &[])),
        ("coder", "register", on(), NONE, (true, &["agents-prepare"])),
        ("coder", "activate", on(), change(Class::Additive), (true, &["agents-activate-reversible"])),
        ("coder", "activate", on(), NONE, (true, &["agents-activate-reversible"])),
        ("coder", "activate", on(), change(Class::Lossy), (false, &[])),
        (
            "coder",
            "activate",
            on(),
            Context { approvals: 1, ..change(Class::Lossy) },
            (true, &["agents-activate-approved"]),
        ),
        ("coder", "activate", on(), Context { rewind_loses: true, ..change(Class::Additive) }, (false, &[])),
        ("coder", "rewind", on(), NONE, (true, &["agents-and-operators-rewind"])),
        ("shop", "rewind", on(), NONE, (false, &[])),
        ("ada", "activate", on(), change(Class::Breaking), (true, &["operators-change"])),
        ("ada", "freeze", Resource::System, NONE, (true, &["operators-operate"])),
        ("coder", "freeze", Resource::System, NONE, (false, &[])),
        ("coder", "approve", Resource::System, NONE, (false, &[])),
    ] {
        check(&rules, who, action, resource, context, expect);
    }
}

/// Who is nobody, what is no verb, and what a verb cannot be done to: no, with the reason.
#[test]
fn a_question_that_cannot_be_asked_is_denied_with_the_reason() {
    let open = rules("@id(\"all\") permit (principal, action, resource);");
    for (who, action, resource, expect) in [
        ("eve", "publish", Resource::EventType("a.b"), "the boundary names no principal `eve`"),
        ("shop", "fly", Resource::System, "there is no action `fly`"),
        ("shop", "change", Resource::System, "there is no action `change`"),
        (
            "coder",
            "freeze",
            Resource::System,
            "`freeze` on the system is nothing that the kind agent can be let do",
        ),
        (
            "ada",
            "publish",
            Resource::Projection("p"),
            "`publish` on a projection is nothing that the kind operator can be let do",
        ),
    ] {
        let decision = open.explain(&Ask { principal: who, action, resource, context: NONE });
        assert!(!decision.allowed && decision.rules.is_empty(), "{who} {action}");
        assert_eq!(decision.next.first().map(String::as_str), Some(expect));
    }
}

#[test]
fn rules_speak_of_roles_owners_namespaces_and_measures() {
    let rules = rules(
        r#"
        @id("users-only")
        permit (principal is Selfsame::Agent, action in Selfsame::Action::"change", resource)
        when { principal.roles.contains("users") && ["user"].containsAll(resource.namespaces) };
        @id("not-billing")
        forbid (principal, action in Selfsame::Action::"change", resource in Selfsame::Namespace::"billing");
        @id("small")
        forbid (principal, action == Selfsame::Action::"activate", resource)
        when { context.rows_differing > 100 || context.cutovers_left == 0 || context.failures > 0 };
        @id("deep")
        permit (principal, action == Selfsame::Action::"publish", resource in Selfsame::Namespace::"a.b")
        unless { principal.owner == "bob" };
        "#,
    );
    let (user, both) =
        (BTreeSet::from(["user".to_owned()]), BTreeSet::from(["billing".to_owned(), "user".to_owned()]));
    check(&rules, "coder", "build", version(&user), NONE, (true, &["users-only"]));
    check(&rules, "coder", "build", version(&both), NONE, (false, &["not-billing"]));
    check(
        &rules,
        "coder",
        "activate",
        version(&user),
        Context { rows_differing: 100, ..NONE },
        (true, &["users-only"]),
    );
    check(
        &rules,
        "coder",
        "activate",
        version(&user),
        Context { rows_differing: 101, ..NONE },
        (false, &["small"]),
    );
    check(
        &rules,
        "coder",
        "activate",
        version(&user),
        Context { cutovers_left: 0, ..NONE },
        (false, &["small"]),
    );
    for (name, expect) in [("a.b", true), ("a.b.c", true), ("a.bc", false), ("a", false)] {
        let rules_expected: &[&str] = if expect { &["deep"] } else { &[] };
        check(&rules, "shop", "publish", Resource::EventType(name), NONE, (expect, rules_expected));
    }
    check(&rules, "coder", "publish", Resource::EventType("a.b"), NONE, (false, &[]));
}

/// A counter beyond what Cedar counts is the largest that it counts, not a wrong one.
#[test]
fn large_counts_stay_large() {
    let rules = rules(
        "@id(\"all\") permit (principal, action, resource);
         @id(\"many\") forbid (principal, action == Selfsame::Action::\"activate\", resource) when { context.failures > 5 };",
    );
    check(
        &rules,
        "coder",
        "activate",
        version(&BTreeSet::new()),
        Context { failures: u64::MAX, ..NONE },
        (false, &["many"]),
    );
}

/// Cedar passes over a rule that fails; here it forbids.
#[test]
fn a_rule_that_cannot_be_evaluated_forbids() {
    let rules = rules(
        "@id(\"all\") permit (principal, action, resource);
         @id(\"sum\") forbid (principal, action == Selfsame::Action::\"activate\", resource)
         when { context.failures + 1 > 9223372036854775806 };",
    );
    check(&rules, "coder", "activate", version(&BTreeSet::new()), NONE, (true, &["all"]));
    check(
        &rules,
        "coder",
        "activate",
        version(&BTreeSet::new()),
        Context { failures: u64::MAX, ..NONE },
        (false, &["sum"]),
    );
}

#[track_caller]
fn refused(policy: &str, schema: &str, expect: &str) {
    let error = Rules::read(policy, schema, &checked()).expect_err(policy);
    assert!(error.to_string().starts_with(expect), "{error}");
    assert!(!error.next().is_empty(), "{error} ends in nothing to do");
}

#[test]
fn a_policy_says_what_is_wrong_with_it() {
    let policy = |text: &str, expect: &str| refused(text, SCHEMA, expect);
    policy(
        "permit (principal, action, resource);",
        "policy.cedar: the rule `permit (principal, action, resource);` has no name",
    );
    policy("@id(\" \") permit (principal, action, resource);", "policy.cedar: the rule `@id(\" \") permit");
    let one = "@id(\"a\") permit (principal, action, resource);\n";
    policy(&one.repeat(2), "policy.cedar: two rules have the name `a`: each needs its own");
    policy(&format!("{one}@id(\"b\") permit (principal, action);"), "policy.cedar: line 2: ");
    policy(
        &one.replace("principal,", "principal == ?principal,"),
        "policy.cedar: the rule `a` is a template",
    );
    let when = |condition: &str| one.replace(';', &format!(" when {{ {condition} }};"));
    policy(&when("principal.wages > 3"), "policy.cedar: line 1: ");
    policy(&when("context.approvals > 3"), "policy.cedar: line 1: ");
    policy(&one.replace("action,", "action == Selfsame::Action::\"fly\","), "policy.cedar: line 1: ");
    policy(&one.replace("resource", "resource is Selfsame::Moon"), "policy.cedar: line 1: ");
    let many: String = (0..=RULES).map(|n| one.replace("\"a\"", &format!("\"a{n}\""))).collect();
    policy(&many, "policy.cedar: 257 rules are there, over the limit of 256");
    refused(DEFAULT_POLICY, "entity", "policy.cedarschema: line 1: ");
}

const RULES: usize = crate::limits::RULES_MAX;

/// What the author read in the folder's schema is what is asked.
#[test]
fn the_schema_in_the_folder_counts_too() {
    let same = Rules::read(DEFAULT_POLICY, SCHEMA, &checked()).expect("rules");
    assert!(same.notes().is_empty(), "{:?}", same.notes());
    let other = Rules::read(DEFAULT_POLICY, &format!("{SCHEMA}\n"), &checked()).expect("rules");
    assert!(
        other.notes()[0].starts_with("policy.cedarschema is not the one of this selfsame"),
        "{:?}",
        other.notes()
    );
    refused(
        DEFAULT_POLICY,
        &SCHEMA.replace("\"approvals\": Long", "\"agreed\": Long"),
        "policy.cedar: line ",
    );
}

/// One line per denied request: what is said to help.
#[test]
fn what_would_help_is_the_least_that_does() {
    let rules = rules(DEFAULT_POLICY);
    let none = BTreeSet::new();
    let next = |who: &str, action: &str, context: Context| {
        rules.explain(&Ask { principal: who, action, resource: version(&none), context }).next
    };
    assert_eq!(
        next("coder", "activate", change(Class::Lossy)),
        [
            "it would be allowed if one operator agrees with `selfsame approvals approve`",
            "it would be allowed if the change is no more than compatible",
            "it would be allowed if the change is no more than additive",
            "`ada`, of the kind operator, may do it",
        ]
    );
    assert_eq!(
        next("coder", "activate", change(Class::Breaking))[0],
        "it would be allowed if 2 operators of different owners agree with `selfsame approvals approve`"
    );
    let losing = Context { rewind_loses: true, ..change(Class::Additive) };
    assert_eq!(next("coder", "activate", losing)[1], "it would be allowed if a rewind would lose nothing");
    assert_eq!(
        next("shop", "register", NONE),
        ["`coder`, of the kind agent, may do it", "`ada`, of the kind operator, may do it"]
    );
    assert_eq!(next("coder", "activate", NONE), Vec::<String>::new());
}

/// Where one change does not do, two are said together.
#[test]
fn two_changes_are_said_where_one_does_not_do() {
    let rules = rules(
        "@id(\"both\") permit (principal is Selfsame::Agent, action == Selfsame::Action::\"activate\", resource)
         when { context.approvals >= 1 && context.failures == 0 };",
    );
    let context = Context { failures: 3, ..change(Class::Lossy) };
    let none = BTreeSet::new();
    let decision =
        rules.explain(&Ask { principal: "coder", action: "activate", resource: version(&none), context });
    let expect = "it would be allowed if one operator agrees with `selfsame approvals approve`, and no events fail in the \
                  candidate only";
    assert_eq!(decision.next, [expect]);
}

/// A rule by name of a resource from outside is text to Cedar, whatever stands in it.
#[test]
fn names_from_outside_are_only_names() {
    let rules = rules("@id(\"x\") permit (principal, action, resource == Selfsame::EventType::\"a.b\");");
    for name in ["a.b\" || true || \"", "a.b\\", "a.b\u{0}", "", "..", "a.b\n"] {
        check(&rules, "shop", "publish", Resource::EventType(name), NONE, (false, &[]));
    }
    check(&rules, "shop", "publish", Resource::EventType("a.b"), NONE, (true, &["x"]));
}
