//! Under a boundary: the token with each message proves who acts, and nothing else does.

use std::sync::Arc;

use selfsame_core::{
    ApprovalRules, Ask, Boundary, Decision, Gates, Member, Policy, PrincipalKind, Rate, Resource,
};
use selfsame_record::{Digest, Protected};
use serde_json::{Value, json};

use crate::server::{Server, answer, event, registered};

/// Allows everything but that the agent `bot` reads `by_city`.
#[derive(Debug)]
struct All;

impl Policy for All {
    fn allows(&self, ask: &Ask<'_>) -> bool {
        !(ask.action == "read" && ask.resource == Resource::Projection("by_city") && ask.principal == "bot")
    }

    fn explain(&self, ask: &Ask<'_>) -> Decision {
        Decision { allowed: self.allows(ask), rules: vec!["not-by-city".to_owned()], next: vec![] }
    }
}

fn member(kind: PrincipalKind, name: &str, rate: Option<Rate>) -> (String, Member) {
    let tokens = vec![Digest::sha256(format!("token-of-{name}").as_bytes())];
    (name.to_owned(), Member { kind, owner: format!("{name}-owner"), nkey: None, tokens, rate })
}

async fn bounded() -> Server {
    let server = Server::with_v1().await;
    let boundary = Boundary {
        hash: Digest::of(&[b"one"]),
        signer: "O".to_owned(),
        instance: "shop".to_owned(),
        serial: 1,
        members: [
            member(PrincipalKind::Service, "web", None),
            member(PrincipalKind::Agent, "bot", None),
            member(PrincipalKind::Agent, "flood", Some(Rate { per_second: 1, burst: 3 })),
        ]
        .into(),
        protected: Protected::new(&["identity.*"]),
        protected_projections: [].into(),
        approvals: ApprovalRules { lossy: 1, breaking: 1, ttl_ms: 60_000 },
        policy: Arc::new(All),
        gates: Gates::default(),
    };
    let loaded = server.engine.handle().bind(Some(Arc::new(boundary))).await;
    assert!(loaded.outcome.is_ok(), "{loaded:?}");
    server
}

#[tokio::test]
async fn a_message_without_a_members_token_is_not_read() {
    let server = bounded().await;
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }).to_string();
    for token in [None, Some("bot"), Some("token-of-nobody")] {
        for message in [ping.as_str(), "nonsense"] {
            let (status, said) = server.send(token, message).await;
            assert_eq!((status, &said["type"]), (401, &json!("urn:selfsame:error:no-principal")), "{said}");
        }
    }
    // A session that somebody else began, if there were any, would not lend its principal.
    let request = server.post().header("mcp-session-id", "token-of-bot").body(ping.clone());
    assert_eq!(answer(request).await.0, 401);
    assert_eq!(server.send(Some("token-of-bot"), &ping).await.0, 200);
}

#[tokio::test]
async fn who_acts_is_whose_token_came_with_the_message() {
    let server = bounded().await;
    for name in ["web", "bot"] {
        let token = format!("token-of-{name}");
        let events = json!({ "events": registered(name, "Rome") });
        let published = server.call_as(Some(&token), "publish", events).await;
        let at = &published.json["events"][0]["position"];
        let request =
            server.client.get(format!("http://{}/v1/events/{at}", server.address)).bearer_auth(token);
        assert_eq!(answer(request).await.1["event"]["principal"], name, "{published:?}");
    }
    let query = json!({ "projection": "by_city" });
    let refused = server.call_as(Some("token-of-bot"), "query", query.clone()).await;
    assert_eq!((refused.is_error, refused.code()), (true, "not-allowed"), "{refused:?}");
    let read = server.call_as(Some("token-of-web"), "query", query).await;
    assert!(!read.is_error, "{read:?}");
}

#[tokio::test]
async fn protected_types_are_refused_whatever_their_spelling() {
    let server = bounded().await;
    for event_type in ["selfsame.x", "identity.granted", "Identity.granted", "IDENTITY.x"] {
        let events = json!({ "events": event(event_type, "a", json!({ "user_id": "a" })) });
        let refused = server.call_as(Some("token-of-bot"), "publish", events).await;
        assert!(refused.is_error && refused.code() == "protected-type", "{event_type}: {refused:?}");
    }
    let own = server.call_as(Some("token-of-bot"), "refused", json!({})).await;
    assert_eq!(own.json["refused"].as_array().map(Vec::len), Some(4), "{own:?}");
    let others = server.call_as(Some("token-of-web"), "refused", json!({})).await;
    assert_eq!(others.json["refused"], Value::Array(vec![]), "{others:?}");
}

#[tokio::test]
async fn a_message_counts_once_against_what_a_member_may_send() {
    let server = bounded().await;
    let state = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "versions", "arguments": {} },
    });
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(server.send(Some("token-of-flood"), &state.to_string()).await.0);
    }
    assert_eq!(statuses, [200, 200, 200, 429]);
}
