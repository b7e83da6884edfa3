//! An HTTP answer as a tool's result: the same JSON, as text and structured, bounded.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use rmcp::model::{CallToolResult, Content};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::mcp::MCP_ANSWER_BYTES_MAX;

/// The result that says what the route answered. A refusal is a result too, marked as an error.
pub(crate) fn outcome(status: StatusCode, body: String) -> CallToolResult {
    let body = bounded(body, MCP_ANSWER_BYTES_MAX);
    let structured: Value = serde_json::from_str(&body).unwrap_or_else(|_| json!({ "text": body }));
    let mut result = match status.is_success() {
        true => CallToolResult::structured(structured),
        false => CallToolResult::structured_error(structured),
    };
    // As it was written: a number of the text keeps its digits.
    result.content = vec![Content::text(body)];
    result
}

/// The answer without its largest members, which `left_out` names, as far as it is over the limit.
fn bounded(body: String, max: usize) -> String {
    if body.len() <= max {
        return body;
    }
    let mut members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(&body).unwrap_or_default();
    let mut left_out = Vec::new();
    loop {
        let note = json!(left_out).to_string();
        let mut shown: Vec<String> =
            members.iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
        shown.push(format!("\"left_out\":{note}"));
        let shown = format!("{{{}}}", shown.join(","));
        let largest = members.iter().max_by_key(|(_, value)| value.get().len()).map(|(name, _)| name.clone());
        let Some(largest) = largest.filter(|_| shown.len() > max) else { return shown };
        let bytes = members.remove(&largest).map_or(0, |value| value.get().len());
        left_out.push(json!({
            "member": largest,
            "bytes": bytes,
            "next": "ask for less, such as with a smaller `limit`, or read it over HTTP",
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_over_the_limit_says_what_is_left_out() {
        let body = |rows: usize| json!({ "position": 7, "version": "v1", "rows": vec![1; rows] }).to_string();
        let small = body(10);
        assert_eq!(bounded(small.clone(), small.len()), small);
        let cut = bounded(body(1000), 500);
        assert!(cut.len() <= 500, "{cut}");
        let cut: Value = serde_json::from_str(&cut).expect("JSON");
        assert_eq!((&cut["position"], &cut["version"]), (&json!(7), &json!("v1")));
        assert_eq!((&cut["rows"], &cut["left_out"][0]["member"]), (&Value::Null, &json!("rows")));
        assert_eq!(cut["left_out"][0]["bytes"], 2001);
    }

    #[test]
    fn numbers_keep_their_digits_in_the_text() {
        let body = r#"{"value":{"n":12345678901234567890123.10}}"#;
        let result = json!(outcome(StatusCode::OK, body.to_owned()));
        assert_eq!(result["content"][0]["text"], body);
        assert_eq!(result["isError"], false);
    }
}
