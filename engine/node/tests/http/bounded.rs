//! Under a boundary: who is who, what the operator's plane takes, and how much anybody may send. The policy allows
//! everything but what it names, so that what is refused is refused by code.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nkeys::KeyPair;
use reqwest::Method;
use selfsame_core::{
    ApprovalRules, Ask, Boundary, COMMAND_CONTEXT, Decision, Gates, Member, Policy, PrincipalKind, Rate,
    Resource,
};
use selfsame_record::{Digest, Protected};
use serde_json::{Value, json};

use crate::server::{Answer, STRUCTURED, Server, V2, registered};

/// Allows everything but reading `by_city`, to all but ada.
#[derive(Debug)]
struct All;

impl Policy for All {
    fn allows(&self, ask: &Ask<'_>) -> bool {
        !(ask.action == "read" && ask.resource == Resource::Projection("by_city")) || ask.principal == "ada"
    }

    fn explain(&self, ask: &Ask<'_>) -> Decision {
        Decision { allowed: self.allows(ask), rules: vec!["not-by-city".to_owned()], next: vec![] }
    }
}

fn member(kind: PrincipalKind, name: &str, key: Option<&KeyPair>, rate: Option<Rate>) -> (String, Member) {
    let (owner, nkey) = (format!("{name}-owner"), key.map(KeyPair::public_key));
    let tokens = vec![Digest::sha256(format!("token-of-{name}").as_bytes())];
    (name.to_owned(), Member { kind, owner, nkey, tokens, rate })
}

struct Bounded {
    server: Server,
    ada: KeyPair,
}

impl Bounded {
    async fn start() -> Bounded {
        let server = Server::with_v1().await;
        let ada = KeyPair::new_user();
        let slow = Some(Rate { per_second: 1, burst: 3 });
        let members = [
            member(PrincipalKind::Service, "web", None, None),
            member(PrincipalKind::Agent, "bot", None, None),
            member(PrincipalKind::Agent, "flood", None, slow),
            member(PrincipalKind::Operator, "ada", Some(&ada), None),
        ];
        let boundary = Boundary {
            hash: Digest::of(&[b"one"]),
            signer: "O".to_owned(),
            instance: "shop".to_owned(),
            serial: 1,
            members: members.into(),
            protected: Protected::new(&["identity.*"]),
            protected_projections: [].into(),
            approvals: ApprovalRules { lossy: 1, breaking: 1, ttl_ms: 60_000 },
            policy: Arc::new(All),
            gates: Gates::default(),
        };
        let loaded = server.engine.handle().bind(Some(Arc::new(boundary))).await;
        assert!(loaded.outcome.is_ok(), "{loaded:?}");
        Bounded { server, ada }
    }

    async fn get(&self, who: Option<&str>, path: &str) -> Answer {
        let request = self.server.request(Method::GET, path);
        self.server.send(as_token(request, who)).await
    }

    async fn post(&self, who: Option<&str>, path: &str, body: &Value) -> Answer {
        let request = self.server.request(Method::POST, path).header("content-type", "application/json");
        self.server.send(as_token(request.body(body.to_string()), who)).await
    }

    async fn publish(&self, who: Option<&str>, event: &Value) -> Answer {
        let request = self.server.request(Method::POST, "/v1/events").header("content-type", STRUCTURED);
        self.server.send(as_token(request.body(event.to_string()), who)).await
    }

    /// A request over the operator's socket with this bearer token.
    async fn operator(&self, who: Option<&str>, path: &str, body: &Value) -> (u16, Value) {
        let token = who.map(|who| format!("token-of-{who}"));
        let body = body.to_string();
        let asked = self.server.operator_as(token.as_deref(), Method::POST, path, &body);
        let (status, lines) = asked.await;
        (status, lines.into_iter().next().unwrap_or_default())
    }

    fn envelope(&self, key: &KeyPair, verb: &str, args: &Value, nonce: u64) -> Value {
        let expires = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(60);
        let command = json!({
            "instance": "shop", "principal": "ada", "verb": verb, "args": args, "expected": "v1",
            "nonce": format!("{nonce:016x}"), "expires": expires.to_string(),
        });
        let text = command.to_string();
        let signed = key.sign(format!("{COMMAND_CONTEXT}{text}").as_bytes()).expect("a signature");
        json!({ "command": text, "signature": STANDARD.encode(signed) })
    }
}

fn as_token(request: reqwest::RequestBuilder, who: Option<&str>) -> reqwest::RequestBuilder {
    match who {
        Some(who) => request.bearer_auth(format!("token-of-{who}")),
        None => request,
    }
}

#[track_caller]
fn check(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.code()), (status, code), "{answer:?}");
}

#[tokio::test]
async fn a_token_says_who_it_is_and_nothing_else_does() {
    let at = Bounded::start().await;
    check(&at.publish(None, &registered("ada", "London")).await, 401, "no-principal");
    let named = at.server.request(Method::POST, "/v1/events").header("content-type", STRUCTURED);
    let named = named.bearer_auth("web").body(registered("ada", "London").to_string());
    check(&at.server.send(named).await, 401, "no-principal");
    check(&at.publish(Some("nobody"), &registered("ada", "London")).await, 401, "no-principal");
    let long = at.server.request(Method::GET, "/v1/state").bearer_auth("x".repeat(257));
    check(&at.server.send(long).await, 401, "no-principal");
    let published = at.publish(Some("web"), &registered("ada", "London")).await;
    assert_eq!(published.status, 200, "{published:?}");
    for path in
        ["/v1/state", "/v1/versions", "/v1/cache/profile/ada", "/v1/feed", "/v1/refused", "/v1/events/5"]
    {
        check(&at.get(None, path).await, 401, "no-principal");
    }
    assert_eq!(at.get(None, "/v1/health").await.status, 200, "whether it is well is no secret");
    let state = at.get(Some("web"), "/v1/state").await.json;
    assert_eq!((&state["boundary"]["serial"], &state["boundary"]["instance"]), (&json!(1), &json!("shop")));
}

#[tokio::test]
async fn what_the_policy_forbids_is_refused_and_recorded() {
    let at = Bounded::start().await;
    check(&at.get(Some("bot"), "/v1/views/by_city?eq.city=x").await, 403, "not-allowed");
    check(&at.get(Some("bot"), "/v1/feed/by_city").await, 403, "not-allowed");
    assert_eq!(at.get(Some("ada"), "/v1/views/by_city?by=city").await.status, 200);
    let mut event = registered("ada", "London");
    event["type"] = "identity.granted".into();
    check(&at.publish(Some("web"), &event).await, 403, "protected-type");
    event["type"] = "іdentity.granted".into();
    check(&at.publish(Some("web"), &event).await, 403, "protected-type");
    let own = at.get(Some("web"), "/v1/refused").await.json["refused"].clone();
    assert_eq!(own.as_array().map(Vec::len), Some(2), "{own}");
    let others = at.get(Some("bot"), "/v1/refused").await.json["refused"].clone();
    assert_eq!(others, json!([]), "what others sent is not shown");
    let all = at.get(Some("ada"), "/v1/refused").await.json["refused"].clone();
    assert_eq!(all.as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn the_operators_plane_is_for_operators_who_prove_it() {
    let at = Bounded::start().await;
    let why = json!({ "reason": "night" });
    for (who, status, code) in [
        (None, 401, "no-principal"),
        (Some("nobody"), 401, "no-principal"),
        (Some("bot"), 403, "not-allowed"),
        (Some("web"), 403, "not-allowed"),
    ] {
        let (got, problem) = at.operator(who, "/v1/freeze", &why).await;
        assert_eq!(
            (got, problem["type"].as_str()),
            (status, Some(&*format!("urn:selfsame:error:{code}"))),
            "{who:?}"
        );
    }
    assert_eq!(at.operator(Some("ada"), "/v1/freeze", &why).await.0, 200);
    // None of it is on the listener of services and agents, not even for an operator.
    for path in ["/v1/freeze", "/v1/unfreeze", "/v1/commands", "/v1/floor", "/v1/replay", "/v1/quarantines"] {
        check(&at.post(Some("ada"), path, &why).await, 404, "no-route");
    }
}

#[tokio::test]
async fn a_signed_command_needs_no_token_and_is_taken_once() {
    let at = Bounded::start().await;
    let freeze = at.envelope(&at.ada, "freeze", &json!({ "reason": "night" }), 1);
    let code = |(status, problem): (u16, Value)| {
        let code = problem["type"].as_str().and_then(|t| t.rsplit(':').next()).unwrap_or("ok").to_owned();
        (status, code)
    };
    let say = async |envelope: &Value| code(at.operator(None, "/v1/commands", envelope).await);
    let stranger = at.envelope(&KeyPair::new_user(), "freeze", &json!({}), 2);
    assert_eq!(say(&stranger).await, (403, "bad-signature".to_owned()));
    let mut changed = freeze.clone();
    changed["command"] = freeze["command"].as_str().expect("text").replace("night", "day").into();
    assert_eq!(say(&changed).await, (403, "bad-signature".to_owned()));
    changed["signature"] = "!".into();
    assert_eq!(say(&changed).await, (403, "bad-signature".to_owned()));
    assert_eq!(say(&freeze).await, (200, "ok".to_owned()));
    assert_eq!(say(&freeze).await, (409, "nonce-used".to_owned()));
    assert_eq!(at.get(Some("web"), "/v1/state").await.json["frozen"]["by"], "ada");
    assert_eq!(say(&json!({ "command": "{}", "signature": "" })).await, (400, "bad-request".to_owned()));
}

#[tokio::test]
async fn an_approval_without_a_signature_is_none() {
    let at = Bounded::start().await;
    let registered =
        at.server.request(Method::POST, "/v1/versions").header("content-type", "application/yaml");
    let registered = at.server.send(as_token(registered.body(V2), Some("bot"))).await;
    assert_eq!(registered.status, 201, "{registered:?}");
    let planned = at.post(Some("bot"), "/v1/versions/v2/plan", &json!({})).await;
    let plan = planned.json["plan"].as_str().expect("an id").to_owned();
    let (status, problem) = at.operator(Some("ada"), &format!("/v1/plans/{plan}/approve"), &json!({})).await;
    assert_eq!((status, &problem["type"]), (403, &json!("urn:selfsame:error:signature-needed")));
    let shown = at.get(Some("bot"), &format!("/v1/plans/{plan}")).await.json["plan"].clone();
    let mut envelope = at.envelope(&at.ada, "approve", &json!({ "plan": plan }), 7);
    assert_eq!(at.operator(None, "/v1/commands", &envelope).await.0, 409, "it names no target");
    let mut command: Value = serde_json::from_str(envelope["command"].as_str().expect("text")).expect("JSON");
    command["target"] = shown["digest"].clone();
    let text = command.to_string();
    let signed = at.ada.sign(format!("{COMMAND_CONTEXT}{text}").as_bytes()).expect("a signature");
    envelope = json!({ "command": text, "signature": STANDARD.encode(signed) });
    assert_eq!(at.operator(None, "/v1/commands", &envelope).await.0, 200);
    let counting = at.get(Some("bot"), &format!("/v1/plans/{plan}")).await.json["plan"]["counting"].clone();
    assert_eq!(counting, json!(["ada"]));
}

#[tokio::test]
async fn a_decision_is_explained_to_whom_it_is_about_and_to_operators() {
    let at = Bounded::start().await;
    let own = at.get(Some("bot"), "/v1/explain?action=read&projection=by_city").await;
    let decision = &own.json["decision"];
    assert_eq!(
        (&decision["allowed"], &decision["rules"]),
        (&json!(false), &json!(["not-by-city"])),
        "{own:?}"
    );
    assert_eq!((&decision["kind"], &decision["owner"]), (&json!("agent"), &json!("bot-owner")));
    let secret = at.get(Some("web"), "/v1/explain?action=publish&type=identity.granted").await;
    assert_eq!(secret.json["decision"]["rules"], json!(["protected-types"]));
    check(&at.get(Some("web"), "/v1/explain?action=read&principal=bot").await, 403, "not-allowed");
    check(&at.get(Some("web"), "/v1/explain?action=read&type=a&version=v1").await, 400, "bad-request");
    check(&at.get(Some("web"), "/v1/explain?action=plan&version=v9").await, 404, "unknown-version");
    let of_bot = at.get(Some("ada"), "/v1/explain?action=plan&version=v1&principal=bot").await;
    assert_eq!(of_bot.json["decision"]["allowed"], true, "{of_bot:?}");
}

#[tokio::test]
async fn who_sends_too_much_waits_and_the_others_do_not() {
    let at = Bounded::start().await;
    let mut limited = 0;
    for _ in 0..20 {
        let answer = at.get(Some("flood"), "/v1/state").await;
        if answer.status == 429 {
            check(&answer, 429, "rate-limited");
            assert!(answer.json["retry_after_ms"].as_u64().is_some_and(|ms| ms > 0), "{answer:?}");
            limited += 1;
        }
    }
    assert!(limited >= 10, "{limited} of 20 were refused");
    assert_eq!(at.get(Some("web"), "/v1/state").await.status, 200);
    // Counted with the next tick, as a record.
    let _ticks = at.server.engine.spawn_ticks();
    let counted = async || {
        let (_, log) = at.server.operator_as(Some("token-of-ada"), Method::GET, "/v1/log?from=5", "").await;
        log.iter().any(|record| record.to_string().contains("refusals-counted"))
    };
    while !counted().await {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn without_its_boundary_a_log_decides_nothing() {
    let at = Bounded::start().await;
    let log = Arc::clone(at.server.engine.handle().log());
    let again = Server::start_with(log).await;
    check(&again.register_user("ada", "London").await, 503, "no-boundary");
    check(&again.get("/v1/cache/profile/ada").await, 503, "no-boundary");
    let stale = again.engine.handle().bind(None).await;
    assert!(stale.outcome.is_ok(), "{stale:?}");
    assert_eq!(again.register_user("ada", "London").await.status, 200);
}
