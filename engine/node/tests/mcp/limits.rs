//! Bounds of the MCP way in, and that the operators' plane does not have it.

use std::time::Duration;

use selfsame_node::{MCP_ANSWER_BYTES_MAX, MCP_BYTES_MAX, MCP_CALLS_MAX, operator};
use serde_json::json;

use crate::server::{Server, answer, event};

#[tokio::test]
async fn a_message_over_the_limit_is_refused_and_one_at_it_is_read() {
    let server = Server::start().await;
    for (len, status) in [(MCP_BYTES_MAX, 200), (MCP_BYTES_MAX + 1, 413), (3 * MCP_BYTES_MAX, 413)] {
        let mut message = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }).to_string();
        message.push_str(&" ".repeat(len - message.len()));
        let (got, said) = server.send(Some("tester"), &message).await;
        assert_eq!(got, status, "{len}: {said}");
        assert_eq!(status == 413, said["type"] == "urn:selfsame:error:too-large", "{said}");
    }
}

#[tokio::test]
async fn an_answer_over_the_limit_names_what_is_left_out() {
    let server = Server::with_v1().await;
    let events: Vec<_> = (0..200)
        .map(|i| {
            let user = format!("u{i}");
            let data = json!({ "user_id": user, "email": "e".repeat(2000), "city": "Rome" });
            event("user.registered", &user, data)
        })
        .collect();
    server.done("publish", json!({ "events": events })).await;
    let small = server.done("query", json!({ "projection": "by_city", "limit": 10 })).await;
    assert_eq!((small["rows"].as_array().map(Vec::len), small.get("left_out")), (Some(10), None));
    let large = server.done("query", json!({ "projection": "by_city", "limit": 200 })).await;
    assert_eq!((&large["left_out"][0]["member"], large.get("rows")), (&json!("rows"), None), "{large}");
    assert!(large["left_out"][0]["bytes"].as_u64().is_some_and(|bytes| bytes > MCP_ANSWER_BYTES_MAX as u64));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_beyond_the_limit_are_refused_and_places_come_free_again() {
    let server = Server::start().await;
    let wait = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": "state", "arguments": { "at_least": 999 } },
    });
    let held: Vec<_> = (0..=MCP_CALLS_MAX)
        .map(|_| tokio::spawn(answer(server.post().bearer_auth("tester").body(wait.to_string()))))
        .collect();
    let mut refused = Vec::new();
    for call in held {
        let (status, said) = call.await.expect("no panic");
        match status {
            200 => assert_eq!(said["result"]["isError"], true, "{said}"),
            _ => refused.push((status, said["type"].clone())),
        }
    }
    assert_eq!(refused, [(503, json!("urn:selfsame:error:overloaded"))]);
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }).to_string();
    assert_eq!(server.send(None, &ping).await.0, 200);
}

#[tokio::test]
async fn operators_have_another_way_in() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("operator.sock");
    let (handle, path) = (server.engine.handle().clone(), socket.clone());
    let plane =
        tokio::spawn(async move { operator::serve(handle, &path, std::future::pending::<()>()).await });
    while !socket.exists() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let client = reqwest::Client::builder().unix_socket(socket).no_proxy().build().expect("a client");
    let (status, said) = answer(client.post("http://localhost/mcp").bearer_auth("ada").body("{}")).await;
    assert_eq!((status, &said["type"]), (404, &json!("urn:selfsame:error:no-route")), "{said}");
    plane.abort();
}
