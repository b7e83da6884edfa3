//! The decisions against those of another build of Cedar, on generated requests.
//!
//! `tests/oracle.py` compares, with the Python package `cedarpy`. `tools/test` installs it; where it is not there
//! the test says so and checks only that both answers come up in quantity.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use cedar_policy::Entity;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use selfsame_core::{Ask, Context, Policy as _, Resource};
use selfsame_schema::Class;
use serde_json::{Value, json};

use super::tests::checked;
use super::*;

const REQUESTS: usize = 10_000;

/// Rules that use what the schema has: groups, namespaces, sets, counters, a rule that can fail.
const POLICY: &str = r#"
@id("sales-publish") permit (principal is Selfsame::Service, action == Selfsame::Action::"publish", resource)
  unless { resource in Selfsame::Namespace::"billing" };
@id("read") permit (principal, action == Selfsame::Action::"read", resource) unless { resource.protected };
@id("work") permit (principal is Selfsame::Service, action == Selfsame::Action::"work", resource)
  when { resource == Selfsame::Projection::"mail" || principal.owner == "ada" };
@id("change") permit (principal, action in Selfsame::Action::"change", resource)
  when { !(principal is Selfsame::Service) && ["user", "order"].containsAll(resource.namespaces) };
@id("not-lossy") forbid (principal is Selfsame::Agent, action == Selfsame::Action::"activate", resource)
  when { ["lossy", "breaking"].contains(context.class_since_approved) && context.approvals < 1 };
@id("small") forbid (principal, action == Selfsame::Action::"activate", resource)
  when { context.rows_differing * 2 > 1000 || (context.rewind_loses && context.failures > 0) };
@id("left") forbid (principal is Selfsame::Agent, action == Selfsame::Action::"activate", resource)
  when { context.cutovers_left == 0 };
@id("rewind") permit (principal, action == Selfsame::Action::"rewind", resource);
@id("operate") permit (principal, action in Selfsame::Action::"operate", resource);
@id("no-dump") forbid (principal, action == Selfsame::Action::"dump", resource) unless { principal.roles.contains("lead") };
"#;

/// What a generated request is made of.
#[derive(Clone, Debug)]
struct Made {
    who: &'static str,
    verb: usize,
    name: &'static str,
    namespaces: BTreeSet<String>,
    is_type: bool,
    context: Context,
}

fn made() -> impl proptest::strategy::Strategy<Value = Made> {
    use proptest::prelude::*;
    let who = prop::sample::select(vec!["shop", "coder", "ada", "eve"]);
    let names = vec![
        "user.registered",
        "billing.paid",
        "billing",
        "identity.x",
        "Identity.x",
        "logins",
        "mail",
        "a\"b",
    ];
    let words = prop::sample::select(vec!["user", "order", "billing"]);
    let namespaces = prop::collection::btree_set(words.prop_map(str::to_owned), 0..3);
    let class = || {
        let classes = vec![
            None,
            Some(Class::Additive),
            Some(Class::Compatible),
            Some(Class::Lossy),
            Some(Class::Breaking),
        ];
        prop::sample::select(classes)
    };
    let count = || prop_oneof![4 => 0..3_u64, 1 => 400..600_u64, 1 => Just(u64::MAX), 1 => any::<u64>()];
    let context = (class(), class(), any::<bool>(), count(), count(), count(), count());
    let context = context.prop_map(|(class, since, rewind_loses, rows, failures, approvals, left)| Context {
        class,
        class_since_approved: since,
        rewind_loses,
        rows_differing: rows,
        failures,
        approvals,
        cutovers_left: left,
    });
    let of = (who, any::<usize>(), prop::sample::select(names), namespaces, any::<bool>(), context);
    of.prop_map(|(who, verb, name, namespaces, is_type, context)| Made {
        who,
        verb,
        name,
        namespaces,
        is_type,
        context,
    })
}

impl Made {
    /// The request: mostly a verb on what it goes with.
    fn ask<'a>(&'a self, verbs: &'a [String]) -> Ask<'a> {
        let action = verbs[self.verb % verbs.len()].as_str();
        let resource = match action {
            "publish" => Resource::EventType(self.name),
            "read" if self.is_type => Resource::EventType(self.name),
            "read" | "work" => Resource::Projection(self.name),
            "register" | "plan" | "build" | "pause" | "resume" | "abandon" | "validate" | "drop"
            | "retire" | "activate" | "rewind" => {
                Resource::Version { name: "v2", namespaces: &self.namespaces }
            }
            _ => Resource::System,
        };
        Ask { principal: self.who, action, resource, context: self.context }
    }
}

/// The question and our answer, as a line of JSON; `None` if it cannot be asked.
fn line(rules: &Rules, ask: &Ask<'_>) -> Option<Value> {
    let (request, entities) = rules.question(ask).ok()?;
    let entities: Vec<Value> = entities.iter().map(entity_json).collect();
    let Said::Ruled(allowed, rules) = rules.say(ask) else { return None };
    Some(json!({
        "request": {
            "principal": request.principal()?.to_string(),
            "action": request.action()?.to_string(),
            "resource": request.resource()?.to_string(),
            "context": request.context()?.to_json_value().ok()?,
        },
        "entities": entities,
        "allowed": allowed,
        "rules": rules,
    }))
}

fn entity_json(entity: &Entity) -> Value {
    serde_json::from_str(&entity.to_json_string().expect("an entity")).expect("JSON")
}

/// The Python that has `cedarpy`: that of `tools/test`, or the one on the path.
fn python() -> Option<String> {
    let of_tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/oracle/bin/python");
    let all = [
        std::env::var("SELFSAME_ORACLE_PYTHON").ok(),
        Some(of_tests.display().to_string()),
        Some("python3".to_owned()),
    ];
    all.into_iter().flatten().find(|python| {
        let imported = Command::new(python).args(["-c", "import cedarpy"]).stderr(Stdio::null()).status();
        imported.is_ok_and(|status| status.success())
    })
}

#[test]
fn decisions_are_those_of_another_build_of_cedar() {
    let rules = Rules::read(POLICY, SCHEMA, &checked()).expect("rules");
    let verbs: Vec<String> = rules.verbs().map(str::to_owned).collect();
    let (mut runner, strategy) = (TestRunner::deterministic(), made());
    let mut lines = Vec::new();
    while lines.len() < REQUESTS {
        let made = strategy.new_tree(&mut runner).expect("a request").current();
        match line(&rules, &made.ask(&verbs)) {
            Some(line) => lines.push(line),
            None => assert!(!rules.allows(&made.ask(&verbs)), "{made:?} cannot be asked, and is allowed"),
        }
    }
    let allowed = lines.iter().filter(|line| line["allowed"] == true).count();
    assert!((REQUESTS / 5..REQUESTS * 4 / 5).contains(&allowed), "{allowed} of {REQUESTS} are allowed");
    let Some(python) = python() else {
        eprintln!("no Python with cedarpy is here: `tools/test` installs it");
        return;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle.py");
    let mut child = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the oracle runs");
    let mut stdin = child.stdin.take().expect("its input");
    let head = json!({"policies": POLICY, "schema": SCHEMA});
    let text: String = std::iter::once(&head).chain(&lines).map(|line| format!("{line}\n")).collect();
    stdin.write_all(text.as_bytes()).expect("written");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert_eq!(said.trim(), format!("{REQUESTS} requests, {allowed} allowed, 0 differ"));
}
