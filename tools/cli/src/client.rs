//! Speaking HTTP to an engine: over TCP as anybody, or over its socket as its operator.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;

use crate::failure::{Failure, Outcome};
use crate::secret::Credential;

/// How long to wait for a connection.
const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// How long to wait for an answer to begin; an answer that keeps coming may take longer.
const ANSWER_WAIT: Duration = Duration::from_secs(60);
/// The longest line of a streamed answer.
const LINE_BYTES_MAX: usize = 16 << 20;
/// What stands for itself within one segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// An engine's answer, as it came and as JSON.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// As it came.
    pub(crate) text: String,
    /// Read.
    pub(crate) json: Value,
}

/// A way to an engine.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    /// What people are told that it speaks to.
    at: String,
    credential: Credential,
}

/// Text as one segment of a path.
pub(crate) fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

impl Client {
    /// A client for the engine at a URL, acting as `principal` where nobody proves who they are.
    pub(crate) fn new(server: &str, principal: &str) -> Outcome<Client> {
        Client::with(server, Credential::of(None, principal)?)
    }

    /// A client for the engine at a URL.
    pub(crate) fn with(server: &str, credential: Credential) -> Outcome<Client> {
        let at = server.trim_end_matches('/').to_owned();
        let url =
            reqwest::Url::parse(&at).map_err(|e| Failure::Usage(format!("`{at}` is not a URL: {e}")))?;
        if url.scheme() != "http" {
            return Err(Failure::Usage(format!("`{at}` does not begin with `http://`")));
        }
        Ok(Client { http: build(reqwest::Client::builder())?, base: at.clone(), at, credential })
    }

    /// A client for an operator's socket.
    pub(crate) fn operator(socket: &Path, principal: &str) -> Outcome<Client> {
        Client::operator_with(socket, Credential::of(None, principal)?)
    }

    /// A client for an operator's socket.
    pub(crate) fn operator_with(socket: &Path, credential: Credential) -> Outcome<Client> {
        let http = build(reqwest::Client::builder().unix_socket(socket))?;
        let (base, at) = ("http://operator".to_owned(), socket.display().to_string());
        Ok(Client { http, base, at, credential })
    }

    /// What it speaks to.
    pub(crate) fn at(&self) -> &str {
        &self.at
    }

    /// Reads something. `path` is below `/v1/`, its segments encoded.
    pub(crate) async fn get(&self, path: &str, query: &[(String, String)]) -> Outcome<Answer> {
        let request = self.request(Method::GET, path).query(query);
        self.answer(request).await
    }

    /// Asks for a change, with a JSON body.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Outcome<Answer> {
        self.answer(self.request(Method::POST, path).json(body)).await
    }

    /// Asks for a change, with a body of any type.
    pub(crate) async fn send(
        &self,
        path: &str,
        content_type: &str,
        body: impl Into<Bytes>,
    ) -> Outcome<Answer> {
        let request = self.request(Method::POST, path).header("content-type", content_type);
        self.answer(request.body(body.into())).await
    }

    /// Asks for an answer that comes line by line, each JSON. `on_line` gets the text, too.
    pub(crate) async fn lines(
        &self,
        request: RequestBuilder,
        on_line: &mut (dyn FnMut(&str, Value) -> Outcome + Send),
    ) -> Outcome {
        self.stream(request, b"", on_line).await
    }

    /// Asks for server-sent events whose data is JSON. `on_message` gets the text, too.
    pub(crate) async fn messages(
        &self,
        request: RequestBuilder,
        on_message: &mut (dyn FnMut(&str, Value) -> Outcome + Send),
    ) -> Outcome {
        self.stream(request, b"data:", on_message).await
    }

    /// Reads the lines that begin with `prefix`, without it.
    async fn stream(
        &self,
        request: RequestBuilder,
        prefix: &[u8],
        on_line: &mut (dyn FnMut(&str, Value) -> Outcome + Send),
    ) -> Outcome {
        let response = request.send().await.map_err(|e| self.unreachable(&e))?;
        if !response.status().is_success() {
            return self.read(response).await.map(|_| ());
        }
        self.split(response, prefix, on_line).await
    }

    /// Reads something as it is. `path` begins with `/`.
    pub(crate) async fn bytes(&self, path: &str) -> Outcome<Vec<u8>> {
        let response = self.request_at(Method::GET, path).send().await.map_err(|e| self.unreachable(&e))?;
        if !response.status().is_success() {
            return Err(self
                .read(response)
                .await
                .err()
                .unwrap_or_else(|| self.not_an_engine(StatusCode::OK, "neither an answer nor a problem")));
        }
        let bytes = response.bytes().await.map_err(|e| self.unreachable(&e))?;
        Ok(bytes.to_vec())
    }

    /// A request, to be completed. `path` is below `/v1/`.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.request_at(method, &format!("/v1/{path}"))
    }

    /// A request, to be completed. `path` begins with `/`.
    pub(crate) fn request_at(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        request.bearer_auth(self.credential.bearer())
    }

    async fn answer(&self, request: RequestBuilder) -> Outcome<Answer> {
        let response = request.send().await.map_err(|e| self.unreachable(&e))?;
        self.read(response).await
    }

    async fn read(&self, response: Response) -> Outcome<Answer> {
        let status = response.status();
        let text = response.text().await.map_err(|e| self.unreachable(&e))?;
        let parsed: Result<Value, _> = serde_json::from_str(&text);
        match parsed {
            Ok(json) if status.is_success() => Ok(Answer { text, json }),
            Ok(problem) if is_problem(&problem) => Err(Failure::Refused(Box::new(problem))),
            _ => Err(self.not_an_engine(status, &text)),
        }
    }

    async fn split(
        &self,
        mut response: Response,
        prefix: &[u8],
        on_line: &mut (dyn FnMut(&str, Value) -> Outcome + Send),
    ) -> Outcome {
        let mut buffer = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| self.unreachable(&e))? {
            buffer.extend_from_slice(&chunk);
            while let Some(end) = buffer.iter().position(|b| *b == b'\n') {
                let line = buffer.split_to(end + 1);
                if let Some(line) = line.strip_prefix(prefix) {
                    self.line(line, on_line)?;
                }
            }
            if buffer.len() > LINE_BYTES_MAX {
                return Err(self.not_an_engine(response.status(), "a line without an end"));
            }
        }
        buffer.strip_prefix(prefix).map_or(Ok(()), |line| self.line(line, on_line))
    }

    fn line(&self, line: &[u8], on_line: &mut (dyn FnMut(&str, Value) -> Outcome + Send)) -> Outcome {
        let text = String::from_utf8_lossy(line);
        let text = text.trim();
        if text.is_empty() {
            return Ok(());
        }
        let value: Value =
            serde_json::from_str(text).map_err(|_| self.not_an_engine(StatusCode::OK, text))?;
        // An answer that broke off after its beginning ends in a problem.
        if is_problem(&value) {
            return Err(Failure::Refused(Box::new(value)));
        }
        on_line(text, value)
    }

    fn unreachable(&self, err: &reqwest::Error) -> Failure {
        Failure::Unreachable { at: self.at.clone(), reason: reasons(err) }
    }

    fn not_an_engine(&self, status: StatusCode, text: &str) -> Failure {
        let shown: String = text.chars().take(80).map(|c| if c.is_control() { ' ' } else { c }).collect();
        let reason = format!("status {}, `{shown}`", status.as_u16());
        Failure::NotAnEngine { at: self.at.clone(), reason }
    }
}

fn build(builder: reqwest::ClientBuilder) -> Outcome<reqwest::Client> {
    let builder = builder.connect_timeout(CONNECT_WAIT).read_timeout(ANSWER_WAIT).no_proxy();
    builder.build().map_err(|e| Failure::Bug(format!("no HTTP client could be made: {}", reasons(&e))))
}

/// Whether an answer is a refusal of the engine's.
pub(crate) fn is_problem(value: &Value) -> bool {
    let kind = value.get("type").and_then(Value::as_str);
    kind.is_some_and(|kind| kind.starts_with("urn:selfsame:error:"))
}

/// The error's own cause rather than its outermost words, which name the URL again.
fn reasons(err: &reqwest::Error) -> String {
    let mut source: &dyn std::error::Error = err;
    while let Some(inner) = source.source() {
        source = inner;
    }
    let mut reason = source.to_string();
    if err.is_timeout() && !reason.contains("time") {
        // Writing to a string does not fail.
        let _ = write!(reason, " (timed out)");
    }
    reason
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_segment_whatever_it_holds() {
        for (key, expect) in
            [("src/main.rs", "src%2Fmain.rs"), ("a b?c#d%", "a%20b%3Fc%23d%25"), ("a.b", "a.b")]
        {
            assert_eq!(segment(key), expect);
        }
    }

    #[test]
    fn a_server_is_a_url_of_http() {
        for (server, expect) in [
            ("localhost", "`localhost` is not a URL: relative URL without a base"),
            ("https://x", "`https://x` does not begin with `http://`"),
        ] {
            assert_eq!(Client::new(server, "cli").err().map(|e| e.to_string()).as_deref(), Some(expect));
        }
        assert!(Client::new("http://127.0.0.1:1", "not a word").is_err());
    }

    #[tokio::test]
    async fn nobody_there_is_said_so() {
        let client = Client::new("http://127.0.0.1:1", "cli").expect("a client");
        let err = client.get("state", &[]).await.expect_err("nobody listens");
        assert!(matches!(err, Failure::Unreachable { .. }), "{err}");
        assert!(err.to_string().contains("refused"), "{err}");
    }
}
