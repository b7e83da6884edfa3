//! What is not understood, and what is said to it.

use serde_json::{Value, json};

use crate::server::{Server, answer};

const PARSE_ERROR: i64 = -32700;
const INVALID_REQUEST: i64 = -32600;
const NO_METHOD: i64 = -32601;
const INVALID_PARAMS: i64 = -32602;

#[tokio::test]
async fn messages_that_are_no_messages_are_answered_with_what_is_wrong() {
    let server = Server::start().await;
    let deep = "[".repeat(100_000);
    for (message, status, code) in [
        ("", 400, PARSE_ERROR),
        ("nonsense", 400, PARSE_ERROR),
        ("{", 400, PARSE_ERROR),
        ("\u{0}", 400, PARSE_ERROR),
        (&deep, 400, PARSE_ERROR),
        ("1", 400, INVALID_REQUEST),
        ("null", 400, INVALID_REQUEST),
        ("\"tools/call\"", 400, INVALID_REQUEST),
        ("[{}]", 400, INVALID_REQUEST),
        ("{}", 400, INVALID_REQUEST),
        (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, 400, INVALID_REQUEST),
        (r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, 400, INVALID_REQUEST),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, 400, INVALID_REQUEST),
        (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, 400, INVALID_REQUEST),
        (r#"{"method":1}"#, 400, INVALID_REQUEST),
        (r#"{"id":1,"id":2}"#, 400, INVALID_REQUEST),
        (r#"{"jsonrpc":"2.0","id":1,"method":"no/such"}"#, 200, NO_METHOD),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#, 200, INVALID_PARAMS),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}"#, 200, INVALID_PARAMS),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":1}}"#, 200, INVALID_PARAMS),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"state","arguments":[]}}"#,
            200,
            INVALID_PARAMS,
        ),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"stat"}}"#, 200, INVALID_PARAMS),
    ] {
        let (got, said) = server.send(Some("tester"), message).await;
        let shown: String = message.chars().take(100).collect();
        assert_eq!((got, &said["error"]["code"]), (status, &json!(code)), "{shown}: {said}");
        assert!(said["error"]["message"].as_str().is_some_and(|text| text.len() < 1000), "{said}");
    }
    let (status, said) =
        server.send(Some("tester"), r#"{"jsonrpc":"2.0","id":1,"n":1e999,"method":"ping"}"#).await;
    assert!((400..500).contains(&status) && said["next"][0].is_string(), "{status} {said}");
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_named_with_what_is_expected() {
    let server = Server::with_v1().await;
    for (tool, arguments, argument, expect) in [
        ("build", json!({}), "version", "must fit"),
        ("build", json!({ "version": null }), "version", "must fit"),
        ("build", json!({ "version": 1 }), "version", "`v2`"),
        ("build", json!({ "version": "" }), "version", "\"minLength\":1"),
        ("build", json!({ "version": "x".repeat(129) }), "version", "128"),
        ("build", json!({ "version": "v1", "bytes_max": 1 }), "bytes_max", "1048576"),
        ("build", json!({ "version": "v1", "share_percent": "50" }), "share_percent", "100"),
        (
            "build",
            json!({ "version": "v1", "speed": 1 }),
            "speed",
            "it takes `version`, `records_per_second`",
        ),
        ("builds", json!({ "x": 1 }), "x", "it takes `at_least`"),
        ("state", json!({ "at_least": -1 }), "at_least", "position"),
        ("cutover", json!({ "version": "v1", "expected_active": 1 }), "expected_active", "null"),
        ("rewind", json!({ "version": "v1", "preview": "yes" }), "preview", "boolean"),
        ("rewind", json!({ "version": "v1", "principal": "ada" }), "principal", "has no argument"),
        ("get", json!({ "kind": "views", "projection": "p", "key": "k" }), "kind", "view"),
        ("get", json!({ "kind": "view", "projection": "p" }), "key", "512"),
        ("query", json!({ "projection": "by_city", "by": "city" }), "by", "array"),
        ("query", json!({ "projection": "by_city", "limit": 1001 }), "limit", "1000"),
        ("query", json!({ "projection": "by_city", "equal": { "city": null } }), "equal", "city"),
        ("publish", json!({ "events": [] }), "events", "minItems"),
        ("publish", json!({ "events": "x" }), "events", "CloudEvent"),
        ("register", json!({ "document": 1 }), "document", "object"),
        ("plan", json!({ "version": "v1", "predicted": [] }), "predicted", "object"),
    ] {
        let call = json!({
            "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": tool, "arguments": arguments },
        });
        let (status, said) = server.send(Some("tester"), &call.to_string()).await;
        let error = &said["error"];
        assert_eq!((status, &error["code"]), (200, &json!(INVALID_PARAMS)), "{tool}: {said}");
        assert_eq!(error["data"]["argument"], argument, "{tool}: {said}");
        let message = error["message"].as_str().expect("text");
        assert!(message.contains(&format!("`{argument}`")) && message.contains(expect), "{message}");
    }
}

#[tokio::test]
async fn what_only_the_route_can_tell_is_a_refusal_and_not_a_fault() {
    let server = Server::with_v1().await;
    for (tool, arguments, code) in [
        ("validate", json!({ "version": "v1", "plan": "nonsense" }), "bad-request"),
        ("plan", json!({ "version": "v1", "predicted": { "x": 1 } }), "bad-request"),
        ("cutover", json!({ "version": "v1", "expected_active": "one" }), "bad-request"),
        ("publish", json!({ "events": {} }), "not-a-cloud-event"),
        ("publish", json!({ "events": [{}] }), "not-a-cloud-event"),
        ("register", json!({ "document": "" }), "invalid-document"),
        ("register", json!({ "document": "[".repeat(10_000) }), "invalid-document"),
        ("build", json!({ "version": "v7" }), "unknown-version"),
        ("build", json!({ "version": "%2e%2e/freeze" }), "unknown-version"),
        ("state", json!({ "at_least": 999_999 }), "behind"),
    ] {
        let refused = server.call(tool, arguments).await;
        assert_eq!((refused.is_error, refused.code()), (true, code), "{tool}: {refused:?}");
    }
}

#[tokio::test]
async fn other_sites_hosts_methods_and_forms_are_turned_away() {
    let server = Server::start().await;
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }).to_string();
    for (header, value, status) in [
        ("origin", "http://localhost:3000", 200),
        ("origin", "https://127.0.0.1", 200),
        ("origin", "http://[::1]:9", 200),
        ("origin", "https://evil.example", 403),
        ("origin", "http://localhost.evil.example", 403),
        ("origin", "null", 403),
        ("origin", "localhost", 400),
        ("host", "localhost:1", 200),
        ("host", "[::1]:4747", 200),
        ("host", "evil.example", 403),
        ("host", "127.0.0.1.evil.example:80", 403),
        ("host", "10.0.0.1", 403),
        ("accept", "application/json", 406),
        ("content-type", "text/plain", 415),
        ("mcp-protocol-version", "2025-06-18", 200),
        ("mcp-protocol-version", "1999-01-01", 400),
        ("mcp-session-id", "anything", 200),
    ] {
        let mut request = server.post().body(ping.clone()).build().expect("a request");
        request.headers_mut().insert(header, value.parse().expect("a value"));
        let response = server.client.execute(request).await.expect("a response");
        assert_eq!(response.status().as_u16(), status, "{header}: {value}");
        let said: Value = response.json().await.expect("JSON");
        if status != 200 {
            assert_eq!(said["status"], status, "{header}: {value}: {said}");
            assert!(said["next"][0].is_string() && said["position"].is_u64(), "{said}");
        }
    }
    for method in [reqwest::Method::GET, reqwest::Method::DELETE, reqwest::Method::PUT] {
        let request = server.client.request(method.clone(), format!("http://{}/mcp", server.address));
        let (status, said) = answer(request).await;
        assert_eq!((status, &said["status"]), (405, &json!(405)), "{method}: {said}");
    }
}
