//! What no policy can open: these tests run under one that allows everything, unless they say otherwise.

use std::sync::Arc;

use selfsame_core::{
    Answer, ApprovalRules, Ask, Boundary, Code, Command, Decision, Draft, Member, Order, PlanId, Plane,
    Policy, PrincipalKind, Refusal, Request, Resource, Signed,
};
use selfsame_record::{Digest, Micros, Name, Principal, Protected, VersionNo};
use selfsame_schema::Class;

use crate::changes::refused;
use crate::desk::{Desk, V2};

/// V1 with a protected type and a projection of it.
const SECRET: &str = r#"
selfsame: 1
name: with-roles
parent: v1
events:
  user.registered:
    key: /user_id
    schema:
      type: object
      required: [user_id, email]
      properties: { user_id: { type: string }, email: { type: string } }
  permission.granted:
    key: /who
    schema: { type: object, required: [who, role], properties: { who: { type: string }, role: { type: string } } }
projections:
  profile: { kind: cache, on: { user.registered: { set: { email: $.email } } } }
  welcome:
    kind: jobs
    on: { user.registered: { input: { to: $.email } } }
    retry: { attempts: 2, backoff: 2s..3s }
    lease: 10s
  roles: { kind: cache, on: { permission.granted: { set: { role: $.role } } } }
"#;

/// Allows everything but the verbs and namespaces that it names.
#[derive(Debug, Default)]
struct All {
    but: Vec<&'static str>,
}

impl Policy for All {
    fn allows(&self, ask: &Ask<'_>) -> bool {
        let named = |what: &str| self.but.contains(&what);
        let about = match ask.resource {
            Resource::EventType(name) | Resource::Projection(name) => named(name),
            Resource::Secret(_) => named("secret"),
            Resource::Version { namespaces, .. } => namespaces.iter().any(|name| named(name)),
            Resource::System => false,
        };
        !about && !named(ask.action)
    }

    fn explain(&self, ask: &Ask<'_>) -> Decision {
        Decision { allowed: self.allows(ask), rules: vec!["not-that".to_owned()], next: Vec::new() }
    }
}

fn member(kind: PrincipalKind, owner: &str) -> Member {
    Member { kind, owner: owner.to_owned(), nkey: Some(format!("U-{owner}")), tokens: Vec::new(), rate: None }
}

fn boundary(serial: u64, policy: All) -> Arc<Boundary> {
    let members = [
        ("web", member(PrincipalKind::Service, "zoe")),
        ("bot", member(PrincipalKind::Agent, "zoe")),
        ("ada", member(PrincipalKind::Operator, "ada")),
        ("ada-night", member(PrincipalKind::Operator, "ada")),
        ("bob", member(PrincipalKind::Operator, "bob")),
        ("zoe", member(PrincipalKind::Operator, "zoe")),
    ];
    Arc::new(Boundary {
        hash: Digest::of(&[&serial.to_le_bytes()]),
        signer: "O-key".to_owned(),
        instance: "shop".to_owned(),
        serial,
        members: members.map(|(name, member)| (name.to_owned(), member)).into(),
        protected: Protected::new(&["permission.*"]),
        protected_projections: [Name::parse("vault").unwrap()].into(),
        approvals: ApprovalRules { lossy: 1, breaking: 2, ttl_ms: 60_000 },
        policy: Arc::new(policy),
        gates: selfsame_core::Gates::default(),
    })
}

fn load(desk: &mut Desk, boundary: Option<Arc<Boundary>>) -> Result<Answer, Refusal> {
    ask(desk, "selfsame", Plane::Operator, Request::Bound { boundary })
}

fn ask(desk: &mut Desk, who: &str, plane: Plane, request: Request) -> Result<Answer, Refusal> {
    let before = (desk.principal.clone(), desk.plane);
    (desk.principal, desk.plane) = (Principal::parse(who).unwrap(), plane);
    let outcome = desk.ask(request);
    (desk.principal, desk.plane) = before;
    outcome
}

fn register(desk: &mut Desk, who: &str, plane: Plane, document: &str) -> Result<Answer, Refusal> {
    let checked = selfsame_core::Checked::of(desk.core.registry(), &selfsame_schema::NoSamples, document);
    ask(desk, who, plane, Request::Register { checked })
}

/// A desk with v1 active, acting as the agent, under a boundary.
fn bounded(policy: All) -> Desk {
    let mut desk = Desk::at_v1();
    load(&mut desk, Some(boundary(1, policy))).unwrap();
    desk.principal = Principal::parse("bot").unwrap();
    desk
}

fn event(desk: &Desk, who: &str, plane: Plane, event_type: &str) -> Result<Request, Refusal> {
    let named = [("specversion", "1.0"), ("type", event_type), ("source", "/t"), ("id", "1")];
    let attributes = named.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let data = br#"{"user_id":"u","email":"e","who":"w","role":"r"}"#.to_vec();
    let who = Principal::parse(who).unwrap();
    let admitted =
        desk.core.admission().admit_from((&who, plane), &Draft { attributes, data }, None, None)?;
    Ok(Request::Publish { events: vec![admitted] })
}

#[test]
fn who_is_not_named_does_nothing_and_only_operators_order() {
    let mut desk = bounded(All::default());
    refused(
        event(&desk, "eve", Plane::Open, "user.registered"),
        Code::NoPrincipal,
        "names no principal `eve`",
    );
    let freeze = || Request::Operator(Order::Freeze { reason: String::new() });
    refused(ask(&mut desk, "eve", Plane::Operator, freeze()), Code::NoPrincipal, "`eve`");
    for who in ["bot", "web"] {
        refused(ask(&mut desk, who, Plane::Operator, freeze()), Code::NotAllowed, "is for operators");
        refused(event(&desk, who, Plane::Operator, "user.registered"), Code::NotAllowed, "is for operators");
    }
    ask(&mut desk, "ada", Plane::Operator, freeze()).unwrap();
    refused(register(&mut desk, "bot", Plane::Open, V2), Code::Frozen, "`ada`");
    desk.check_replay();
}

#[test]
fn the_policy_is_asked_for_every_verb() {
    let verbs =
        ["publish", "work", "register", "plan", "build", "activate", "rewind", "freeze", "drop", "retire"];
    let mut desk = bounded(All { but: verbs.to_vec() });
    let no = |outcome: Result<Answer, Refusal>, verb: &str| {
        refused(outcome, Code::NotAllowed, &format!("may not {verb}"));
    };
    refused(
        event(&desk, "web", Plane::Open, "user.registered"),
        Code::NotAllowed,
        "does not let `web` publish",
    );
    let queue = Name::parse("welcome").unwrap();
    no(ask(&mut desk, "web", Plane::Open, Request::Lease { queue, max: 1 }), "work `welcome`");
    no(register(&mut desk, "bot", Plane::Open, V2), "register v2");
    let version = VersionNo::FIRST;
    let drafted = desk.draft(version);
    no(desk.ask(Request::Plan { drafted }), "plan v1");
    no(desk.ask(Request::Build { version, budget: selfsame_core::Budget::default() }), "build v1");
    no(desk.ask(Request::Rewind { version, expected: None, reason: String::new() }), "rewind v1");
    no(desk.ask(Request::Drop { version }), "drop v1");
    no(ask(&mut desk, "ada", Plane::Operator, Request::Retire { version }), "retire v1");
    let freeze = Request::Operator(Order::Freeze { reason: String::new() });
    no(ask(&mut desk, "ada", Plane::Operator, freeze), "freeze");
    let records = desk.core.head();
    assert!(records.get() > 10, "every refusal is recorded, {records}");
}

#[test]
fn a_change_is_allowed_by_the_namespaces_that_it_changes() {
    let mut desk = bounded(All { but: vec!["user"] });
    refused(register(&mut desk, "bot", Plane::Open, V2), Code::NotAllowed, "`not-that`");
    load(&mut desk, Some(boundary(2, All { but: vec!["cart"] }))).unwrap();
    register(&mut desk, "bot", Plane::Open, V2).unwrap();
}

#[test]
fn protected_types_are_written_and_changed_by_operators_alone() {
    let mut desk = bounded(All::default());
    refused(event(&desk, "web", Plane::Open, "permission.granted"), Code::ProtectedType, "protected");
    refused(event(&desk, "ada", Plane::Open, "permission.granted"), Code::ProtectedType, "protected");
    refused(register(&mut desk, "bot", Plane::Open, SECRET), Code::ProtectedType, "`permission.granted`");
    refused(register(&mut desk, "ada", Plane::Open, SECRET), Code::ProtectedType, "`permission.granted`");
    register(&mut desk, "ada", Plane::Operator, SECRET).unwrap();
    let child = SECRET.replace("parent: v1", "parent: v2").replace("with-roles", "child");
    for (change, to) in [
        ("role: $.role", "role: $.who"),
        ("required: [who, role]", "required: [who]"),
        ("  roles: { kind: cache, on: { permission.granted: { set: { role: $.role } } } }\n", ""),
    ] {
        assert!(child.contains(change));
        let changed = child.replace(change, to);
        refused(
            register(&mut desk, "bot", Plane::Open, &changed),
            Code::ProtectedType,
            "protected by the boundary",
        );
    }
    let alone = child.replace("email: $.email }", "email: $.email, id: $.user_id }");
    register(&mut desk, "bot", Plane::Open, &alone).unwrap();
}

#[test]
fn nothing_flows_from_or_into_what_is_protected_whoever_wants_it() {
    let mut desk = bounded(All::default());
    for (mixed, expect) in [
        (
            SECRET.replace(
                "roles: { kind: cache, on: {",
                "roles: { kind: cache, on: { user.registered: { set: { role: $.email } },",
            ),
            "reads the protected type `permission.granted` and also `user.registered`",
        ),
        (
            SECRET.replace("  profile:", "  vault:"),
            "the projection `vault` is protected, and `user.registered` is not",
        ),
    ] {
        refused(register(&mut desk, "ada", Plane::Operator, &mixed), Code::ProtectedType, expect);
    }
    register(&mut desk, "ada", Plane::Operator, SECRET).unwrap();
    let named = SECRET
        .replace("parent: v1", "parent: v2")
        .replace("with-roles", "renamed")
        .replace("permission.granted", "role.granted")
        .replace("projections:", "lenses:\n  role.granted: [{ retype: { from: permission.granted, to: role.granted } }]\nprojections:");
    refused(
        register(&mut desk, "ada", Plane::Operator, &named),
        Code::ProtectedType,
        "makes it of `permission.granted`",
    );
}

/// A desk with a breaking change planned by the agent, validated.
fn breaking(desk: &mut Desk) -> (VersionNo, PlanId, selfsame_core::EvidenceId) {
    let version = desk.candidate(V2);
    let mut drafted = desk.draft(version);
    drafted.class_since_approved = Class::Breaking;
    let plan = desk.plan(drafted).unwrap();
    let compared = desk.comparison(plan, version);
    let evidence = compared.evidence;
    desk.ask(Request::Validate { compared }).unwrap();
    (version, plan, evidence)
}

struct Said<'a> {
    who: &'a str,
    owner: &'a str,
    verb: &'a str,
    args: String,
    target: Option<Digest>,
    nonce: u64,
}

fn signed(desk: &Desk, order: &Said<'_>, change: impl FnOnce(&mut serde_json::Value)) -> Signed {
    let at = jiff::Timestamp::from_microsecond(desk.now.plus_ms(30_000).0).unwrap();
    let mut said = serde_json::json!({
        "instance": "shop",
        "principal": order.who,
        "verb": order.verb,
        "args": serde_json::from_str::<serde_json::Value>(&order.args).unwrap(),
        "target": order.target,
        "expected": desk.core.lifecycle().active(),
        "nonce": format!("{:016x}", order.nonce),
        "expires": at.to_string(),
    });
    change(&mut said);
    let text = said.to_string();
    let (command, expires) = Command::parse(&text).unwrap();
    let nkey = format!("U-{}", order.owner);
    Signed { command, expires, nkey, text, signature: "checked".to_owned() }
}

fn give(desk: &mut Desk, signed: Signed) -> Result<Answer, Refusal> {
    let who = signed.command.principal.as_str().to_owned();
    ask(desk, &who, Plane::Operator, Request::Command { signed: Box::new(signed) })
}

fn approve(desk: &mut Desk, who: &str, owner: &str, plan: PlanId, nonce: u64) -> Result<Answer, Refusal> {
    let target = desk.core.plans_made().open(plan, desk.now).ok().map(|plan| plan.planned.digest());
    let args = format!(r#"{{"plan":"{plan}"}}"#);
    let order = Said { who, owner, verb: "approve", args, target, nonce };
    let signed = signed(desk, &order, |_| {});
    give(desk, signed)
}

#[test]
fn a_change_waits_for_signatures_of_as_many_owners_as_the_boundary_says() {
    let mut desk = bounded(All::default());
    let (version, plan, evidence) = breaking(&mut desk);
    let cutover = |desk: &mut Desk| {
        let expected = desk.core.lifecycle().active();
        desk.ask(Request::Cutover { version, expected, evidence: Some(evidence) })
    };
    refused(cutover(&mut desk), Code::ApprovalNeeded, "2 operators of different owners have to agree");
    let unsigned = Request::Operator(Order::Approve { plan });
    refused(ask(&mut desk, "ada", Plane::Operator, unsigned), Code::SignatureNeeded, "signature");
    refused(approve(&mut desk, "zoe", "zoe", plan, 1), Code::ApprovalNeeded, "`zoe` answers for the author");
    refused(approve(&mut desk, "bot", "zoe", plan, 2), Code::NotAllowed, "is for operators");
    approve(&mut desk, "ada", "ada", plan, 3).unwrap();
    approve(&mut desk, "ada-night", "ada", plan, 4).unwrap();
    refused(cutover(&mut desk), Code::ApprovalNeeded, "; 1 did");
    approve(&mut desk, "bob", "bob", plan, 5).unwrap();
    desk.check_replay();
    desk.after_ms(60_001);
    refused(cutover(&mut desk), Code::PlanExpired, "");
}

#[test]
fn an_approval_ends_and_an_operators_own_cutover_is_none() {
    let mut desk = bounded(All::default());
    let version = desk.candidate(V2);
    let mut drafted = desk.draft(version);
    (drafted.class_since_approved, drafted.ttl_ms) = (Class::Lossy, 600_000);
    let plan = desk.plan(drafted).unwrap();
    let compared = desk.comparison(plan, version);
    let evidence = Some(compared.evidence);
    desk.ask(Request::Validate { compared }).unwrap();
    let cutover = || Request::Cutover { version, expected: Some(VersionNo::FIRST), evidence };
    refused(ask(&mut desk, "ada", Plane::Operator, cutover()), Code::ApprovalNeeded, "; 0 did");
    approve(&mut desk, "bob", "bob", plan, 1).unwrap();
    desk.after_ms(60_001);
    refused(ask(&mut desk, "bot", Plane::Open, cutover()), Code::ApprovalNeeded, "; 0 did");
    approve(&mut desk, "bob", "bob", plan, 2).unwrap();
    let Answer::Switched(_) = ask(&mut desk, "bot", Plane::Open, cutover()).unwrap() else {
        panic!("no switch")
    };
    desk.check_replay();
}

#[test]
fn another_boundary_ends_the_plans_that_were_made_under_the_last() {
    let mut desk = bounded(All::default());
    let (version, plan, evidence) = breaking(&mut desk);
    approve(&mut desk, "ada", "ada", plan, 1).unwrap();
    approve(&mut desk, "bob", "bob", plan, 2).unwrap();
    load(&mut desk, Some(boundary(2, All::default()))).unwrap();
    let cutover = Request::Cutover { version, expected: Some(VersionNo::FIRST), evidence: Some(evidence) };
    refused(desk.ask(cutover), Code::StaleEvidence, "another boundary came into force");
}

#[test]
fn a_signed_command_is_taken_once_in_the_state_that_it_was_made_for() {
    let mut desk = bounded(All::default());
    let order = Said { who: "ada", owner: "ada", verb: "freeze", args: "{}".into(), target: None, nonce: 1 };
    let set =
        |name: &'static str, value: serde_json::Value| move |said: &mut serde_json::Value| said[name] = value;
    for (name, value, code, detail) in [
        ("instance", "mall".into(), Code::WrongTarget, "for `mall`, and this is `shop`"),
        ("expected", "v7".into(), Code::WrongTarget, "when v7 answered, and now v1 does"),
        ("target", "ab".repeat(32).into(), Code::WrongTarget, "about nothing that has a digest"),
        ("expires", "1970-01-01T00:00:00Z".into(), Code::CommandExpired, "expired"),
        ("expires", "1970-01-02T00:00:00Z".into(), Code::BadRequest, "at most 60 minutes"),
        ("principal", "bob".into(), Code::BadSignature, "not signed with the key of `bob`"),
        ("principal", "eve".into(), Code::NoPrincipal, "`eve`"),
    ] {
        let signed = signed(&desk, &order, set(name, value));
        refused(give(&mut desk, signed), code, detail);
    }
    let once = signed(&desk, &order, |_| {});
    give(&mut desk, once.clone()).unwrap();
    refused(give(&mut desk, once.clone()), Code::NonceUsed, "0000000000000001");
    desk.check_replay();
    let mut again = desk.crashed_after(desk.blocks.len());
    refused(give(&mut again, once.clone()), Code::NoBoundary, "is not loaded");
    load(&mut again, Some(boundary(1, All::default()))).unwrap();
    refused(give(&mut again, once.clone()), Code::NonceUsed, "0000000000000001");
    again.after_ms(30_001);
    refused(give(&mut again, once), Code::CommandExpired, "");
}

#[test]
fn a_command_about_a_version_names_its_content() {
    let mut desk = bounded(All::default());
    let version = desk.candidate(V2);
    let args = format!(r#"{{"version":"{version}","reason":"x"}}"#);
    let id = desk.core.registry().version(version).unwrap().id().0;
    let mut order = Said { who: "bob", owner: "bob", verb: "seal", args, target: None, nonce: 9 };
    let nameless = signed(&desk, &order, |_| {});
    refused(give(&mut desk, nameless), Code::WrongTarget, &id.to_string());
    order.target = Some(id);
    let named = signed(&desk, &order, |_| {});
    give(&mut desk, named).unwrap();
    assert!(desk.core.brakes().sealed().contains_key(&version));
}

#[test]
fn commands_are_read_with_care() {
    for (text, expect) in [
        ("", "not understood"),
        ("[]", "not understood"),
        (r#"{"instance":"shop"}"#, "missing field"),
        (r#"{"instance":"shop","principal":"a b","verb":"x","nonce":"00","expires":"x"}"#, "not understood"),
    ] {
        refused(Command::parse(text), Code::BadRequest, expect);
    }
    let long = "x".repeat(selfsame_core::limits::COMMAND_BYTES_MAX + 1);
    refused(Command::parse(&long), Code::TooLarge, "over the limit");
    let form = |verb: &str, args: &str| {
        format!(
            r#"{{"instance":"s","principal":"ada","verb":"{verb}","args":{args},"expected":null,"nonce":"0000000000000001","expires":"2026-01-01T00:00:00Z"}}"#
        )
    };
    for (verb, args) in [("publish", "{}"), ("seal", "{}"), ("seal", "[]"), ("approve", r#"{"plan":"zz"}"#)] {
        let (command, _) = Command::parse(&form(verb, args)).unwrap();
        refused(command.request(), Code::BadRequest, verb);
    }
    let (command, expires) = Command::parse(&form("floor", r#"{"version":"v2"}"#)).unwrap();
    assert_eq!(expires, Micros(1_767_225_600_000_000));
    assert!(matches!(command.request(), Ok(Request::Operator(Order::SetFloor { version: Some(_) }))));
}

#[test]
fn an_older_boundary_does_not_come_back_and_a_log_waits_for_its_own() {
    let mut desk = bounded(All::default());
    load(&mut desk, Some(boundary(5, All::default()))).unwrap();
    refused(
        load(&mut desk, Some(boundary(4, All::default()))),
        Code::StaleBoundary,
        "serial 4, and serial 5",
    );
    load(&mut desk, Some(boundary(5, All::default()))).unwrap();
    let mut again = desk.crashed_after(desk.blocks.len());
    refused(register(&mut again, "bot", Plane::Open, V2), Code::NoBoundary, "not loaded in this engine");
    refused(event(&again, "web", Plane::Open, "user.registered"), Code::NoBoundary, "not loaded");
    refused(load(&mut again, Some(boundary(4, All::default()))), Code::StaleBoundary, "serial 4");
    load(&mut again, None).unwrap();
    assert_eq!(again.core.in_force().loaded(), None);
    register(&mut again, "anybody", Plane::Open, V2).unwrap();
    again.check_replay();
}

#[test]
fn an_event_that_was_admitted_under_another_boundary_is_asked_again() {
    let mut desk = bounded(All::default());
    let request = event(&desk, "web", Plane::Open, "user.registered").unwrap();
    load(&mut desk, Some(boundary(2, All { but: vec!["user.registered"] }))).unwrap();
    refused(ask(&mut desk, "web", Plane::Open, request), Code::NotAllowed, "meanwhile");
}

/// A desk whose operator took live the version with a protected type.
fn secret(policy: All) -> Desk {
    let mut desk = bounded(policy);
    let (who, plane) = (desk.principal.clone(), desk.plane);
    (desk.principal, desk.plane) = (Principal::parse("ada").unwrap(), Plane::Operator);
    desk.take_live(SECRET, Some(VersionNo::FIRST));
    (desk.principal, desk.plane) = (who, plane);
    desk
}

#[test]
fn what_is_protected_is_not_left_out_by_an_older_parent() {
    let mut desk = secret(All::default());
    let answer = register(&mut desk, "bot", Plane::Open, V2).unwrap();
    let Answer::Registered { version, .. } = answer else { panic!("{answer:?}") };
    let protected =
        |outcome: Result<Answer, Refusal>| refused(outcome, Code::ProtectedType, "`permission.granted`");
    let build = || Request::Build { version, budget: selfsame_core::Budget::default() };
    protected(desk.ask(build()));
    let drafted = desk.draft(version);
    protected(desk.ask(Request::Plan { drafted: drafted.clone() }));
    ask(&mut desk, "ada", Plane::Operator, build()).unwrap();
    desk.finish_build(version);
    let plan = ask(&mut desk, "ada", Plane::Operator, Request::Plan { drafted }).unwrap();
    let Answer::Planned { plan } = plan else { panic!("{plan:?}") };
    let compared = desk.comparison(plan.plan, version);
    let evidence = Some(compared.evidence);
    desk.ask(Request::Validate { compared }).unwrap();
    let expected = desk.core.lifecycle().active();
    let cutover = || Request::Cutover { version, expected, evidence };
    protected(desk.ask(cutover()));
    ask(&mut desk, "ada", Plane::Operator, cutover()).unwrap();
}

#[test]
fn what_reads_a_protected_type_is_protected_itself() {
    let mut desk = bounded(All { but: vec!["secret"] });
    let who = "web";
    assert!(!desk.core.in_force().is_secret("roles"));
    register(&mut desk, "ada", Plane::Operator, SECRET).unwrap();
    assert!(desk.core.in_force().is_secret("roles") && !desk.core.in_force().is_secret("profile"));
    let in_force = desk.core.in_force();
    let boundary = in_force.boundary().unwrap().unwrap();
    let gate = |name: &str| boundary.read_gate(who, name, in_force.is_secret(name));
    assert_eq!((gate("roles"), gate("profile")), (selfsame_core::Gate::Denied, selfsame_core::Gate::Open));
    let mut again = desk.crashed_after(desk.blocks.len());
    load(&mut again, Some(boundary_again())).unwrap();
    assert!(again.core.in_force().is_secret("roles"), "and after a start");
}

fn boundary_again() -> Arc<Boundary> {
    boundary(1, All { but: vec!["secret"] })
}

#[test]
fn agents_do_not_take_the_way_back_away_nor_come_back_by_it() {
    let mut desk = bounded(All::default());
    let version = desk.take_live(V2, Some(VersionNo::FIRST));
    let first = VersionNo::FIRST;
    let rewind =
        |version, expected| Request::Rewind { version, expected: Some(expected), reason: String::new() };
    refused(desk.ask(Request::Retire { version: first }), Code::NotAllowed, "it is a way back");
    desk.ask(rewind(first, version)).unwrap();
    refused(desk.ask(rewind(version, first)), Code::NotAllowed, "not forward");
    let bare = Request::Cutover { version, expected: Some(first), evidence: None };
    refused(desk.ask(bare), Code::NoEvidence, "somebody went back from it");
    ask(&mut desk, "ada", Plane::Operator, rewind(version, first)).unwrap();
    ask(&mut desk, "ada", Plane::Operator, Request::Drop { version: first }).unwrap();
    ask(&mut desk, "ada", Plane::Operator, rewind(first, version)).unwrap();
    assert_eq!(desk.core.lifecycle().pending_rewind(), Some(first));
    let reason = String::new();
    for stops in [
        Request::Pause { version: first },
        Request::Abandon { version: first, reason },
        Request::Drop { version: first },
        Request::Retire { version: first },
    ] {
        refused(desk.ask(stops), Code::NotAllowed, "a rewind to v1 is under way");
    }
    ask(&mut desk, "ada", Plane::Operator, Request::Pause { version: first }).unwrap();
    desk.check_replay();
}

#[test]
fn skipped_events_are_a_loss_that_somebody_agrees_to() {
    let mut desk = bounded(All::default());
    let version = desk.candidate(V2);
    let plan = desk.plan(desk.draft(version)).unwrap();
    let mut compared = desk.comparison(plan, version);
    (compared.failures, compared.skip_failures) = (3, true);
    let evidence = Some(compared.evidence);
    desk.ask(Request::Validate { compared }).unwrap();
    let cutover = || Request::Cutover { version, expected: Some(VersionNo::FIRST), evidence };
    refused(desk.ask(cutover()), Code::ApprovalNeeded, "and skips events");
    approve(&mut desk, "ada", "ada", plan, 1).unwrap();
    desk.ask(cutover()).unwrap();
}

#[test]
fn nobody_but_operators_uses_up_nonces_and_each_has_their_own() {
    let mut desk = bounded(All::default());
    let said = |who: &'static str, owner: &'static str, nonce| Said {
        who,
        owner,
        verb: "freeze",
        args: "{}".into(),
        target: None,
        nonce,
    };
    let head = desk.core.head();
    let by_agent = signed(&desk, &said("bot", "zoe", 1), |_| {});
    refused(give(&mut desk, by_agent), Code::NotAllowed, "is for operators");
    assert_eq!(desk.core.head().get(), head.get() + 1, "the refusal alone is recorded");
    for (who, owner) in [("ada", "ada"), ("bob", "bob")] {
        let order = signed(&desk, &said(who, owner, 1), |_| {});
        give(&mut desk, order).unwrap();
    }
    desk.check_replay();
}
