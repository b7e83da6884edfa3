//! Which tools there are, that they say what the routes say, and that none is an operator's verb.

use selfsame_node::{MCP_ANSWER_BYTES_MAX, MCP_BYTES_MAX, MCP_CALLS_MAX};
use serde_json::{Value, json};

use crate::server::{Server, V2, event, registered};

/// Every tool; a further one is a decision.
const TOOLS: [&str; 24] = [
    "state",
    "versions",
    "version_show",
    "register",
    "build",
    "builds",
    "pause",
    "resume",
    "abandon",
    "plan",
    "plans",
    "plan_show",
    "validate",
    "evidence",
    "cutover",
    "rewind",
    "drop",
    "retire",
    "rebase",
    "autonomy",
    "publish",
    "get",
    "query",
    "refused",
];

/// What only operators do.
const OPERATORS: [&str; 17] = [
    "approve",
    "reject",
    "freeze",
    "unfreeze",
    "floor",
    "seal",
    "unseal",
    "repair",
    "quarantine",
    "release",
    "reset-breaker",
    "reset_breaker",
    "replay",
    "boundary",
    "log",
    "commands",
    "approvals",
];

#[tokio::test]
async fn the_tools_are_these_and_no_operators_verb_is_among_them() {
    let server = Server::start().await;
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let (status, listed) = server.send(Some("tester"), &list.to_string()).await;
    assert_eq!(status, 200, "{listed}");
    let tools = listed["result"]["tools"].as_array().expect("tools");
    let names: Vec<_> = tools.iter().map(|tool| tool["name"].as_str().expect("a name")).collect();
    assert_eq!(names, TOOLS);
    for tool in tools {
        let schema = &tool["inputSchema"];
        assert_eq!(
            (&schema["type"], &schema["additionalProperties"]),
            (&json!("object"), &json!(false)),
            "{tool}"
        );
        for (name, property) in schema["properties"].as_object().expect("properties") {
            assert!(property["description"].as_str().is_some_and(|about| about.len() > 10), "{name}: {tool}");
        }
    }
    for verb in OPERATORS {
        assert!(!names.contains(&verb), "{verb}");
        let call = json!({
            "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": verb, "arguments": {} },
        });
        let (_, answer) = server.send(Some("tester"), &call.to_string()).await;
        assert_eq!(answer["error"]["code"], -32602, "{verb}: {answer}");
    }
}

#[tokio::test]
async fn an_initialize_names_the_server_and_speaks_the_clients_version() {
    let server = Server::start().await;
    for (asked, spoken) in [
        ("2025-06-18", "2025-06-18"),
        ("2025-03-26", "2025-03-26"),
        ("2025-11-25", "2025-11-25"),
        ("2026-07-28", "2025-11-25"),
        ("1999-01-01", "2025-11-25"),
    ] {
        let params = json!({
            "protocolVersion": asked, "capabilities": {}, "clientInfo": { "name": "t", "version": "1" },
        });
        let message = json!({ "jsonrpc": "2.0", "id": "a", "method": "initialize", "params": params });
        let (status, answer) = server.send(None, &message.to_string()).await;
        assert_eq!((status, &answer["id"]), (200, &json!("a")), "{answer}");
        let result = &answer["result"];
        assert_eq!(result["protocolVersion"], spoken, "{answer}");
        assert_eq!(result["serverInfo"]["name"], "selfsame");
        assert_eq!(result["capabilities"], json!({ "tools": {} }));
        assert!(result["instructions"].as_str().is_some_and(|text| text.contains("never an instruction")));
    }
}

/// Every tool that reads answers what its route answers.
#[tokio::test]
async fn what_a_tool_reads_is_what_its_route_says() {
    let server = Server::with_v1().await;
    let odd = "ä/b c?%2F..&=";
    let events = [registered("ada", "London"), registered(odd, "Rome"), registered("eve", "Rome")];
    server.done("publish", json!({ "events": events })).await;
    server.done("register", json!({ "document": V2 })).await;
    let planned = server.done("plan", json!({ "version": "v2" })).await;
    let plan = planned["plan"].as_str().expect("an id");
    let encoded = "%C3%A4%2Fb%20c%3F%252F..%26%3D";
    for (tool, arguments, path) in [
        ("versions", json!({}), "/v1/versions".to_owned()),
        ("version_show", json!({ "version": "v1" }), "/v1/versions/v1".to_owned()),
        ("version_show", json!({ "version": "v9" }), "/v1/versions/v9".to_owned()),
        ("version_show", json!({ "version": "../state" }), "/v1/versions/..%2Fstate".to_owned()),
        ("builds", json!({}), "/v1/builds".to_owned()),
        ("plan", json!({ "version": "v1", "preview": true }), "/v1/versions/v1/plan".to_owned()),
        ("plans", json!({}), "/v1/plans".to_owned()),
        ("plan_show", json!({ "plan": plan }), format!("/v1/plans/{plan}")),
        ("plan_show", json!({ "plan": "nonsense" }), "/v1/plans/nonsense".to_owned()),
        ("evidence", json!({ "evidence": "0000000000000001" }), "/v1/evidence/0000000000000001".to_owned()),
        ("rewind", json!({ "version": "v1", "preview": true }), "/v1/versions/v1/rewind".to_owned()),
        ("autonomy", json!({}), "/v1/autonomy".to_owned()),
        ("autonomy", json!({ "agent": "tester" }), "/v1/autonomy?agent=tester".to_owned()),
        (
            "get",
            json!({ "kind": "cache", "projection": "profile", "key": odd, "at_least": 1 }),
            format!("/v1/cache/profile/{encoded}?at_least=1"),
        ),
        (
            "get",
            json!({ "kind": "view", "projection": "by_city", "key": "ada", "read_as": "v1" }),
            "/v1/views/by_city/ada?read_as=v1".to_owned(),
        ),
        (
            "get",
            json!({ "kind": "view", "projection": "profile", "key": "ada" }),
            "/v1/views/profile/ada".to_owned(),
        ),
        (
            "query",
            json!({ "projection": "by_city", "by": ["city"], "equal": { "city": "Rome" }, "order": "desc", "limit": 1 }),
            "/v1/views/by_city?by=city&eq.city=Rome&order=desc&limit=1".to_owned(),
        ),
        (
            "query",
            json!({ "projection": "by_city", "by": ["city"], "from": "M", "until": null, "limit": 1000 }),
            "/v1/views/by_city?by=city&from=M&limit=1000".to_owned(),
        ),
        ("query", json!({ "projection": "by_city", "by": ["x"] }), "/v1/views/by_city?by=x".to_owned()),
        ("refused", json!({ "limit": 5 }), "/v1/refused?limit=5".to_owned()),
    ] {
        let told = server.call(tool, arguments).await;
        let routed = server.get(&path).await;
        assert_eq!(told.json, routed, "{tool}: {path}");
        assert_eq!(told.is_error, routed["type"].is_string(), "{tool}: {told:?}");
    }
    let row = server.done("get", json!({ "kind": "cache", "projection": "profile", "key": odd })).await;
    assert_eq!(row["value"]["city"], "Rome", "{row}");
    assert_eq!(server.done("state", json!({})).await["active"], server.get("/v1/state").await["active"]);
}

#[tokio::test]
async fn a_protected_type_is_refused_and_the_attempt_recorded() {
    let server = Server::with_v1().await;
    let one = event("selfsame.x", "a", json!({ "user_id": "a" }));
    for events in [one.clone(), json!([registered("ada", "London"), one])] {
        let refused = server.call("publish", json!({ "events": events })).await;
        assert!(refused.is_error);
        assert_eq!(refused.code(), "protected-type", "{refused:?}");
        assert!(refused.json["detail"].is_string() && refused.json["next"].is_array(), "{refused:?}");
    }
    let listed = server.done("refused", json!({})).await;
    let refused = listed["refused"].as_array().expect("a list");
    assert_eq!(refused.len(), 2, "{listed}");
    assert!(
        refused.iter().all(|one| one["code"] == "protected-type" && one["type"] == "selfsame.x"),
        "{listed}"
    );
    assert!(refused.iter().all(|one| one["principal"] == "tester"), "{listed}");
    assert_eq!(server.get("/v1/state").await["events"], 0, "none of them was taken");
}

#[tokio::test]
async fn whoever_does_not_say_who_acts_is_told_so() {
    let server = Server::with_v1().await;
    for (tool, arguments) in [
        ("publish", json!({ "events": registered("ada", "London") })),
        ("register", json!({ "document": "selfsame: 1" })),
        ("build", json!({ "version": "v1" })),
        ("plan", json!({ "version": "v1" })),
        ("cutover", json!({ "version": "v1" })),
        ("rewind", json!({ "version": "v1" })),
        ("drop", json!({ "version": "v1" })),
        ("retire", json!({ "version": "v1" })),
    ] {
        for (token, code) in
            [(None, "no-principal"), (Some("a.b"), "no-principal"), (Some("Selfsame"), "wrong-principal")]
        {
            let refused = server.call_as(token, tool, arguments.clone()).await;
            assert_eq!((refused.is_error, refused.code()), (true, code), "{tool}: {refused:?}");
            assert!(refused.json["next"][0].is_string(), "{refused:?}");
        }
    }
    let named = Value::Null;
    assert_eq!(server.get("/v1/refused").await["refused"][0]["principal"], named, "nobody acted");
}

#[tokio::test]
async fn numbers_of_an_event_keep_their_digits() {
    let server = Server::start().await;
    let document = "
selfsame: 1
name: a
events: { a.b: { key: /id, schema: { type: object, required: [id], properties: { id: { type: string } } } } }
projections: { c: { kind: cache, on: { a.b: { set: { id: $.id } } } } }
";
    server.done("register", json!({ "document": document })).await;
    server.build("v1").await;
    server.done("cutover", json!({ "version": "v1" })).await;
    let message = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"publish","arguments":{"events":
        {"specversion":"1.0","type":"a.b","source":"/t","id":"1","data":{"id":"x","n":12345678901234567890123.10}}}}}"#;
    let (_, answer) = server.send(Some("tester"), message).await;
    assert_eq!(answer["result"]["isError"], false, "{answer}");
    let at = answer["result"]["structuredContent"]["events"][0]["position"].clone();
    let request = server.client.get(format!("http://{}/v1/events/{at}", server.address));
    let event = request.send().await.expect("a response").text().await.expect("a body");
    assert!(event.contains("12345678901234567890123.10"), "{event}");
}

#[test]
fn the_page_on_mcp_has_every_tool_and_every_limit() {
    let page = |name: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
        std::fs::read_to_string(&path).unwrap_or_else(|err| panic!("{}: {err}", path.display()))
    };
    let (mcp, operations) = (page("mcp.md"), page("operations.md"));
    let table: Vec<_> = mcp.lines().filter(|line| line.starts_with("| `")).collect();
    for tool in TOOLS {
        assert!(
            table.iter().any(|row| row.contains(&format!("`{tool}`"))),
            "docs/mcp.md has no row for `{tool}`"
        );
    }
    let (message, calls, answer) = (MCP_BYTES_MAX >> 20, MCP_CALLS_MAX, MCP_ANSWER_BYTES_MAX >> 10);
    for limit in [
        format!("one message {message} MiB"),
        format!("{calls} messages are worked on"),
        format!("answer {answer} KiB"),
    ] {
        assert!(operations.contains(&limit), "docs/operations.md does not say `{limit}`");
    }
}
