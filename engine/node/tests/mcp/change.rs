//! A whole change through MCP alone.

use serde_json::{Value, json};

use crate::server::{Server, V2, registered};

async fn profile(server: &Server, user: &str) -> Value {
    server.done("get", json!({ "kind": "cache", "projection": "profile", "key": user })).await
}

#[tokio::test]
async fn a_change_is_made_and_taken_back_by_tools_alone() {
    let server = Server::with_v1().await;
    server.done("publish", json!({ "events": registered("ada", "London") })).await;
    let registered_v2 = server.done("register", json!({ "document": V2 })).await;
    assert_eq!((&registered_v2["registered"], &registered_v2["existed"]), (&json!("v2"), &json!(false)));
    let again = server.done("register", json!({ "document": V2 })).await;
    assert_eq!(again["existed"], true, "{again}");
    server.build("v2").await;

    let early = server.call("cutover", json!({ "version": "v2" })).await;
    assert_eq!((early.is_error, early.code()), (true, "no-evidence"), "{early:?}");
    let planned = server.done("plan", json!({ "version": "v2", "ttl_seconds": 60 })).await;
    assert_eq!(planned["planned"]["needs_approval"], false, "{planned}");
    let validated = server.done("validate", json!({ "version": "v2", "plan": planned["plan"] })).await;
    assert_eq!(validated["passed"], true, "{validated}");
    let evidence = server.done("evidence", json!({ "evidence": validated["evidence"] })).await;
    assert_eq!(evidence["evidence"]["passed"], true, "{evidence}");
    let shown = server.done("plan_show", json!({ "plan": planned["plan"] })).await;
    assert_eq!(shown["plan"]["author"], "tester", "{shown}");

    let order = json!({ "version": "v2", "expected_active": "v1", "evidence": validated["evidence"] });
    let switched = server.done("cutover", order.clone()).await;
    assert_eq!((&switched["to"], &switched["version"]), (&json!("v2"), &json!("v2")), "{switched}");
    assert_eq!(profile(&server, "ada").await["value"]["mail"], "ada@example.org");
    let twice = server.call("cutover", order).await;
    assert!(twice.is_error, "{twice:?}");

    let preview = server.done("rewind", json!({ "version": "v1", "preview": true })).await;
    assert_eq!(preview["warm"], true, "{preview}");
    assert_eq!(server.done("state", json!({})).await["version"], "v2", "a preview does nothing");
    let order = json!({ "version": "v1", "expected_active": "v2", "reason": "second thoughts" });
    let rewound = server.done("rewind", order).await;
    assert_eq!((&rewound["to"], &rewound["version"]), (&json!("v1"), &json!("v1")), "{rewound}");
    assert_eq!(profile(&server, "ada").await["value"]["email"], "ada@example.org");

    server.done("drop", json!({ "version": "v2" })).await;
    server.done("retire", json!({ "version": "v2" })).await;
    let refused = server.call("build", json!({ "version": "v2" })).await;
    assert_eq!((refused.is_error, refused.code()), (true, "retired"), "{refused:?}");
}

#[tokio::test]
async fn a_build_is_paused_resumed_and_abandoned() {
    let server = Server::with_v1().await;
    server.done("register", json!({ "document": V2 })).await;
    for tool in ["pause", "resume", "abandon"] {
        let refused = server.call(tool, json!({ "version": "v2" })).await;
        assert_eq!((refused.is_error, refused.code()), (true, "not-building"), "{tool}: {refused:?}");
    }
    // More records than are folded at a handover, so that a build at the smallest rate is still under way.
    for batch in 0..5 {
        let events: Vec<_> = (0..1000).map(|i| registered(&format!("u{batch}-{i}"), "Rome")).collect();
        server.done("publish", json!({ "events": events })).await;
    }
    server.done("build", json!({ "version": "v2", "records_per_second": 100 })).await;
    assert_eq!(server.done("pause", json!({ "version": "v2" })).await["paused"], "v2");
    assert_eq!(server.done("builds", json!({})).await["builds"][0]["paused"], true);
    assert_eq!(server.done("resume", json!({ "version": "v2" })).await["resumed"], "v2");
    let abandoned = server.done("abandon", json!({ "version": "v2", "reason": "no longer needed" })).await;
    assert_eq!(abandoned["abandoned"], "v2");
}

#[tokio::test]
async fn a_document_may_be_an_object_and_a_change_be_rebased() {
    let server = Server::with_v1().await;
    let column = |name: &str| {
        json!({
            "selfsame": 1, "name": name, "parent": "v1",
            "events": { "user.registered": { "key": "/user_id", "schema": {
                "type": "object", "required": ["user_id", "email", "city"], "properties": {
                    "user_id": { "type": "string" }, "email": { "type": "string" }, "city": { "type": "string" },
                },
            } } },
            "projections": { name: { "kind": "cache", "on": { "user.registered": { "set": { "city": "$.city" } } } } },
        })
    };
    for (name, version) in [("one", "v2"), ("two", "v3")] {
        let outcome = server.call("register", json!({ "document": column(name) })).await;
        assert_eq!(outcome.json["registered"], version, "{outcome:?}");
    }
    let moved = server.call("rebase", json!({ "version": "v3", "onto": "v2" })).await;
    assert_eq!((&moved.json["registered"], &moved.json["onto"]), (&json!("v4"), &json!("v2")), "{moved:?}");
    let bad = server.call("register", json!({ "document": { "selfsame": 1 } })).await;
    assert_eq!((bad.is_error, bad.code()), (true, "invalid-document"), "{bad:?}");
}
