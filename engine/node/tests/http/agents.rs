//! Several agents at once: the first cutover wins, and the others rebase.

use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::Method;
use selfsame_node::LISTED_MAX;
use serde_json::{Value, json};

use crate::server::{Answer, Server, V1, V2};

const AGENTS: usize = 6;

/// The document of an agent: V1 with an event type and a cache of its own.
fn own(name: &str, parent: &str) -> String {
    V1.replacen("name: users", &format!("name: with-{name}\nparent: {parent}"), 1)
        .replacen(
            "projections:\n",
            &format!("  {name}.happened:\n    key: /id\n    schema: {{ type: object, required: [id], properties: {{ id: {{ type: string }} }} }}\nprojections:\n  {name}:\n    kind: cache\n    on: {{ {name}.happened: {{ add: {{ count: 1 }} }} }}\n"),
            1,
        )
}

/// One agent with a name.
struct Agent<'a> {
    server: &'a Server,
    name: String,
}

impl Agent<'_> {
    async fn order(&self, path: &str, body: Value) -> Answer {
        let request = self.server.request(Method::POST, path).bearer_auth(&self.name);
        let request = request.header("content-type", "application/json").body(body.to_string());
        self.server.send(request).await
    }

    /// Brings its change live, and says how often another came first.
    async fn run(&self, conflicts: &AtomicUsize) {
        let document = own(&self.name, "v1");
        let request = self.server.request(Method::POST, "/v1/versions").bearer_auth(&self.name);
        let registered = self.server.send(request.body(document)).await;
        assert_eq!(registered.status, 201, "{registered:?}");
        let mut version = registered.json["registered"].as_str().expect("a version").to_owned();
        loop {
            let refused = self.take_live(&version).await;
            let Some(refused) = refused else { return };
            assert!(["active-changed", "stale-evidence"].contains(&refused.code()), "{refused:?}");
            let moved = &refused.json["moved"];
            assert!(moved["version"].is_string() && moved["by"].is_string(), "{refused:?}");
            assert_ne!(moved["by"], json!(self.name));
            assert!(!moved["projections"].as_array().expect("a list").is_empty(), "{refused:?}");
            conflicts.fetch_add(1, Ordering::Relaxed);
            // Its own candidate is of no use any longer.
            self.order(&format!("/v1/versions/{version}/drop"), json!({})).await;
            let rebased = self.order(&format!("/v1/versions/{version}/rebase"), json!({})).await;
            assert_eq!((rebased.status, &rebased.json["existed"]), (201, &json!(false)), "{rebased:?}");
            version = rebased.json["registered"].as_str().expect("a version").to_owned();
        }
    }

    /// The refusal that says that another came first; none if it answers.
    async fn take_live(&self, version: &str) -> Option<Answer> {
        let path = |verb: &str| format!("/v1/versions/{version}/{verb}");
        let planned = self.order(&path("plan"), json!({})).await;
        assert_eq!(planned.status, 201, "{planned:?}");
        let built = self.order(&path("build"), json!({})).await;
        assert_eq!(built.status, 202, "{built:?}");
        self.server.until_stage(version, "candidate").await;
        let validated = self.order(&path("validate"), json!({ "plan": planned.json["plan"] })).await;
        if validated.status != 201 {
            return Some(validated);
        }
        assert_eq!(validated.json["passed"], true, "{validated:?}");
        let cutover = self.order(&path("cutover"), json!({ "evidence": validated.json["evidence"] })).await;
        (cutover.status != 200).then_some(cutover)
    }
}

#[tokio::test]
async fn agents_who_change_different_things_all_get_live() {
    let server = Server::with_v1().await;
    for user in ["ada", "bob"] {
        server.register_user(user, "London").await;
    }
    let conflicts = AtomicUsize::new(0);
    let agents: Vec<Agent<'_>> =
        (0..AGENTS).map(|n| Agent { server: &server, name: format!("a{n}") }).collect();
    futures_util::future::join_all(agents.iter().map(|agent| agent.run(&conflicts))).await;
    let state = server.get("/v1/state").await;
    let active = state.version.clone().expect("a version");
    let shown = server.get(&format!("/v1/versions/{active}")).await.json;
    for n in 0..AGENTS {
        assert!(shown["document"]["events"][format!("a{n}.happened")].is_object(), "{shown}");
        assert!(shown["document"]["projections"][format!("a{n}")].is_object(), "{shown}");
    }
    let switches = state.json["switches"].as_array().expect("a list");
    assert_eq!(switches.len(), 1 + AGENTS, "each took over once");
    for (before, switch) in switches.iter().zip(switches.iter().skip(1)) {
        let version = switch["to"].as_str().expect("a version");
        let shown = server.get(&format!("/v1/versions/{version}")).await.json;
        assert_eq!(
            shown["parent"], before["to"],
            "one wins a round, and takes nobody's change back: {switch}"
        );
    }
    assert!(conflicts.load(Ordering::Relaxed) > 0, "they did not race");
    assert_eq!(server.get("/v1/cache/profile/ada").await.status, 200);
}

#[tokio::test]
async fn agents_who_change_the_same_thing_are_told_where() {
    let server = Server::with_v1().await;
    server.activate(V2, "v2").await;
    let other = V1
        .replacen("name: users", "name: other\nparent: v1", 1)
        .replacen("city: { type: string }", "city: { type: string }\n        zip: { type: string }", 1)
        .replacen("projections:", "lenses: { user.registered: [ { add: { at: /zip } } ] }\nprojections:", 1);
    let registered = server.post("/v1/versions", "application/yaml", &other).await;
    assert_eq!(registered.status, 201, "{registered:?}");
    let refused = server.order("/v1/versions/v3/rebase", json!({})).await;
    assert_eq!((refused.status, refused.code()), (409, "rebase-conflict"), "{refused:?}");
    let places: Vec<&str> = refused.json["conflicts"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|conflict| conflict["place"].as_str().expect("a place"))
        .collect();
    assert!(places.iter().any(|place| place.starts_with("/events/user.registered")), "{places:?}");
    let nothing = server.order("/v1/versions/v2/rebase", json!({ "onto": "v1" })).await;
    assert_eq!((nothing.status, &nothing.json["registered"]), (200, &json!("v2")), "{nothing:?}");
    let itself = server.order("/v1/versions/v2/rebase", json!({})).await;
    assert_eq!((itself.status, &itself.json["registered"]), (200, &json!("v2")), "{itself:?}");
    assert_eq!(itself.json["existed"], true, "{itself:?}");
    let root = server.order("/v1/versions/v1/rebase", json!({})).await;
    assert_eq!(root.code(), "rebase-conflict");
    let unknown = server.order("/v1/versions/v2/rebase", json!({ "onto": "v9" })).await;
    assert_eq!((unknown.status, unknown.code()), (404, "unknown-version"));
}

/// V1 with so many caches more, which count by this much.
fn with_caches(name: &str, caches: usize, count: u32) -> String {
    let caches: String = (0..caches)
        .map(|n| {
            format!(
                "  c{n}:\n    kind: cache\n    on: {{ user.registered: {{ add: {{ count: {count} }} }} }}\n"
            )
        })
        .collect();
    V1.replacen("name: users", &format!("name: {name}\nparent: v1"), 1).replacen(
        "projections:\n",
        &format!("projections:\n{caches}"),
        1,
    )
}

#[tokio::test]
async fn what_moved_and_conflicts_are_listed_up_to_a_limit() {
    let server = Server::with_v1().await;
    let caches = LISTED_MAX + 1;
    server.activate(&with_caches("ones", caches, 1), "v2").await;
    server.prepare(&with_caches("twos", caches, 2), "v3").await;
    let late = server.order("/v1/versions/v3/cutover", json!({})).await;
    assert_eq!((late.status, late.code()), (409, "active-changed"), "{late:?}");
    assert_eq!(late.json["moved"]["projections"].as_array().map(Vec::len), Some(LISTED_MAX), "{late:?}");
    let refused = server.order("/v1/versions/v3/rebase", json!({})).await;
    assert_eq!(refused.code(), "rebase-conflict", "{refused:?}");
    assert_eq!(refused.json["conflicts"].as_array().map(Vec::len), Some(LISTED_MAX), "{refused:?}");
    assert_eq!(refused.json["next"].as_array().map(Vec::len), Some(2), "no advice twice: {refused:?}");
    assert!(refused.json["detail"].as_str().expect("text").contains("(and 20 more)"), "{refused:?}");
}

#[tokio::test]
async fn while_nothing_answers_a_rebase_names_its_version() {
    let server = Server::start().await;
    for document in [V1, V2] {
        let registered = server.post("/v1/versions", "application/yaml", document).await;
        assert_eq!(registered.status, 201, "{registered:?}");
    }
    let refused = server.order("/v1/versions/v2/rebase", json!({})).await;
    assert_eq!(refused.code(), "no-active-version", "{refused:?}");
    let named = server.order("/v1/versions/v2/rebase", json!({ "onto": "v1" })).await;
    assert_eq!((named.status, &named.json["existed"]), (200, &json!(true)), "{named:?}");
}
