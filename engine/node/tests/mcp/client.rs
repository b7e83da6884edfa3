//! A client of somebody else's: the protocol's own.

use rmcp::ServiceExt;
use rmcp::model::CallToolRequestParams;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use serde_json::json;

use crate::server::{Server, V1};

#[tokio::test]
async fn a_client_of_the_protocol_connects_lists_and_calls() {
    let server = Server::start().await;
    let config = StreamableHttpClientTransportConfig::with_uri(format!("http://{}/mcp", server.address));
    let transport =
        StreamableHttpClientTransport::with_client(server.client.clone(), config.auth_header("tester"));
    let client = ().serve(transport).await.expect("a connection");
    let info = client.peer_info().expect("an answer to initialize");
    assert_eq!(info.server_info.name, "selfsame");
    assert_eq!(client.list_all_tools().await.expect("tools").len(), 24);
    let call = |name: &'static str, arguments: serde_json::Value| {
        let arguments = arguments.as_object().expect("an object").clone();
        CallToolRequestParams::new(name).with_arguments(arguments)
    };
    let registered = client.call_tool(call("register", json!({ "document": V1 }))).await.expect("a result");
    assert_eq!(registered.structured_content.expect("JSON")["registered"], "v1");
    let refused = client.call_tool(call("cutover", json!({ "version": "v1" }))).await.expect("a result");
    assert_eq!(refused.is_error, Some(true));
    assert_eq!(refused.structured_content.expect("JSON")["type"], "urn:selfsame:error:not-built");
    client.call_tool(call("cutover", json!({ "versoin": "v1" }))).await.expect_err("invalid params");
    client.cancel().await.expect("an end");
}
