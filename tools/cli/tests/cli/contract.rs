//! What `version docs` and `version types` write is what an engine does.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "tests end this way")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_nats::{HeaderMap, Request};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

use crate::helper::{Nats, Served, free_port, run};

/// How long an answer is waited for.
const WAIT: Duration = Duration::from_secs(10);

fn text(path: &Path) -> &str {
    path.to_str().expect("a path")
}

fn profiles(version: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../../examples/profiles-{version}.yaml"))
}

/// An engine with two users at v1.
fn with_users(dir: &Path, more: &[&str]) -> Served {
    let served = Served::start(dir, more);
    served.run(&["version", "register", text(&profiles("v1"))]).ok();
    served.run(&["version", "build", "v1", "--wait"]).ok();
    served.run(&["version", "cutover", "v1"]).ok();
    for user in ["u1", "u2"] {
        let data = json!({"user_id": user, "email": "a@example.org", "given_name": "Ada"}).to_string();
        served.run(&["publish", "user.registered", "--id", user, "--data", &data]).ok();
    }
    served
}

fn document(served: &Served, kind: &str) -> Value {
    served.run(&["version", "docs", "v1", "--kind", kind, "--format", "json"]).json()
}

/// Checks a value against a schema of a document.
#[track_caller]
fn check_valid(document: &Value, schema: &Value, value: &Value, what: &str) {
    let draft = if document.get("openapi").is_some() {
        jsonschema::Draft::Draft202012
    } else {
        jsonschema::Draft::Draft7
    };
    let whole = json!({ "allOf": [schema], "components": document["components"] });
    let validator = jsonschema::options().with_draft(draft).build(&whole).expect("a schema");
    let problem = validator.validate(value).err();
    assert!(problem.is_none(), "{what}: {}: {value}", problem.map(|e| e.to_string()).unwrap_or_default());
}

/// A client of HTTP that knows the document.
struct Caller {
    http: Client,
    base: String,
    document: Value,
}

impl Caller {
    fn new(served: &Served) -> Caller {
        let serving = std::fs::read_to_string(served.dir().join("serving.json")).expect("it serves");
        let serving: Value = serde_json::from_str(&serving).expect("JSON");
        let base = serving["http"].as_str().expect("a URL").to_owned();
        Caller { http: Client::new(), base, document: document(served, "openapi") }
    }

    /// Calls an operation and checks that its answer is one that the document has; gives status and body.
    async fn call(&self, path: &str, verb: &str, place: &[(&str, &str)], body: &Value) -> (u16, Value) {
        let mut url = format!("{}{path}", self.base);
        for (name, value) in place {
            url = url.replace(&format!("{{{name}}}"), value);
        }
        let method = Method::from_bytes(verb.to_uppercase().as_bytes()).expect("a method");
        let mut request = self.http.request(method, &url).timeout(WAIT);
        if verb == "post" {
            let structured = body.get("specversion").is_some();
            let media = if structured { "application/cloudevents+json" } else { "application/json" };
            request = request.header("content-type", media).bearer_auth("web").body(body.to_string());
        }
        let response = request.send().await.expect("an answer");
        self.check(path, verb, response).await
    }

    async fn check(&self, path: &str, verb: &str, response: Response) -> (u16, Value) {
        let status = response.status().as_u16();
        let media = response.headers()["content-type"].to_str().expect("text").to_owned();
        let header = |name: &str| response.headers().get(name).map(|v| v.to_str().expect("text").to_owned());
        let place = (header("selfsame-position"), header("selfsame-version"));
        let body: Value = serde_json::from_str(&response.text().await.expect("a body")).expect("JSON");
        let said = &self.document["paths"][path][verb]["responses"][status.to_string()];
        assert!(said.is_object(), "{verb} {path} does not name the status {status}: {body}");
        check_valid(&self.document, &said["content"][&media]["schema"], &body, &format!("{verb} {path}"));
        let said = (body["position"].to_string(), body["version"].as_str().map(str::to_owned));
        assert_eq!(place, (Some(said.0), said.1), "{verb} {path}");
        (status, body)
    }
}

/// Every operation of the OpenAPI document answers what the document says that it answers.
#[tokio::test]
async fn every_path_of_the_openapi_document_answers_as_it_says() {
    let dir = tempfile::tempdir().expect("a folder");
    let served = with_users(dir.path(), &[]);
    let caller = Caller::new(&served);
    let lease = "/v1/jobs/welcome_mail/lease";
    let (status, leased) = caller.call(lease, "post", &[], &json!({ "max": 2 })).await;
    assert_eq!((status, leased["jobs"].as_array().map(Vec::len)), (200, Some(2)), "{leased}");
    let held = |job: usize| json!({ "job": leased["jobs"][job]["job"], "lease": leased["lease"] });
    let (done, back) = (held(0), held(1));
    let registered = &leased["jobs"][0]["job"].to_string();
    let event = caller.document["paths"]["/v1/events"]["post"]["requestBody"]["content"]
        ["application/cloudevents+json"]["examples"]["user.registered"]["value"]
        .clone();
    let mut called = 0;
    for (path, methods) in caller.document["paths"].as_object().expect("paths") {
        for verb in methods.as_object().expect("methods").keys() {
            let body = match path.rsplit('/').next() {
                Some("events") => event.clone(),
                Some("ack") => done.clone(),
                Some("nack") => back.clone(),
                _ => json!({}),
            };
            let (status, body) =
                caller.call(path, verb, &[("key", "u1"), ("position", registered)], &body).await;
            assert_eq!(status, 200, "{verb} {path}: {body}");
            called += 1;
        }
    }
    assert_eq!(called, 11, "{:?}", caller.document["paths"]);

    // What is refused is answered as it says, too.
    let row = "/v1/cache/profile/{key}";
    assert_eq!(caller.call(row, "get", &[("key", "nobody")], &Value::Null).await.0, 404);
    let lost = json!({ "job": leased["jobs"][0]["job"], "lease": 1 });
    let (status, body) = caller.call("/v1/jobs/welcome_mail/nack", "post", &[], &lost).await;
    assert_eq!((status, body["type"].as_str()), (409, Some("urn:selfsame:error:lease-fenced")));
    let mut wrong = event;
    (wrong["id"], wrong["data"]) = (json!("other"), json!({}));
    assert_eq!(caller.call("/v1/events", "post", &[], &wrong).await.0, 422);
}

/// Every operation of the AsyncAPI document answers with one of the messages that it names.
#[tokio::test]
async fn every_subject_of_the_asyncapi_document_answers_as_it_says() {
    let (folder, dir) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let Some(nats) = Nats::start(free_port(), folder.path()) else { return };
    let served = with_users(dir.path(), &["--nats", &nats.url]);
    let document = document(&served, "asyncapi");
    let client = async_nats::connect(&nats.url).await.expect("a connection");
    let find = |reference: &Value| {
        let pointer =
            reference["$ref"].as_str().and_then(|text| text.strip_prefix('#')).expect("a reference");
        let found = document.pointer(pointer).expect("it leads somewhere");
        // A channel's message is a reference again.
        let next = found["$ref"].as_str().and_then(|text| text.strip_prefix('#'));
        next.map_or(found, |pointer| document.pointer(pointer).expect("it leads somewhere"))
    };
    let mut called = 0;
    for (name, operation) in document["operations"].as_object().expect("operations") {
        for message in operation["messages"].as_array().expect("messages") {
            let address = find(&operation["channel"])["address"].as_str().expect("an address");
            let subject = address.replace("{principal}", "web").replace("{key}", "u1");
            let message = find(message);
            let example = &message["examples"][0];
            let mut headers = HeaderMap::new();
            for (header, value) in example["headers"].as_object().into_iter().flatten() {
                headers.insert(header.as_str(), value.as_str().expect("text"));
            }
            let payload = example.get("payload").map(Value::to_string).unwrap_or_default();
            let request = Request::new().headers(headers).payload(payload.into()).timeout(Some(WAIT));
            let reply = client.send_request(subject, request).await.expect("a reply");
            let reply: Value = serde_json::from_slice(&reply.payload).expect("JSON");
            // The first is what comes if all is well.
            let expected = find(&operation["reply"]["messages"][0]);
            check_valid(&document, &expected["payload"], &reply, name);
            called += 1;
        }
    }
    // Two event types, published and put, in two modes each; a cache and a view.
    assert_eq!(called, 10);
}

#[test]
fn a_file_gives_what_an_engine_gives_but_for_the_version() {
    let dir = tempfile::tempdir().expect("a folder");
    let served = with_users(dir.path(), &[]);
    let file = profiles("v1");
    for (args, mark) in [
        (&["docs", "--kind", "openapi"][..], "openapi: 3.1.0"),
        (&["docs", "--kind", "asyncapi"], "asyncapi: 3.0.0"),
        (&["types", "--lang", "typescript"], "export interface UserRegistered {"),
        (&["types", "--lang", "rust"], "pub struct UserRegistered {"),
        (&["types", "--lang", "python"], "class UserRegistered(TypedDict):"),
    ] {
        let of_engine = served.run(&[&["version"], args, &["v1"]].concat()).ok();
        let of_file = run(&[&["version"], args, &["--file", text(&file)]].concat()).ok();
        assert!(of_engine.contains(mark) && of_file.contains(mark), "{of_engine}");
        let same = of_engine.lines().filter(|line| of_file.contains(line.trim())).count();
        assert!(same + 12 > of_engine.lines().count(), "{args:?}: {of_engine}");
        assert!(of_engine.contains("v1+") && of_file.contains("unregistered+"));
    }
}

#[test]
fn both_documents_are_written_to_a_folder() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = dir.path().join("new/api");
    let file = profiles("v1");
    let args = ["version", "docs", "--file", text(&file), "--format", "json", "--out", text(&folder)];
    let written = run(&args).ok();
    assert_eq!(written.lines().count(), 2, "{written}");
    for (name, member) in [("asyncapi.json", "asyncapi"), ("openapi.json", "openapi")] {
        let text = std::fs::read_to_string(folder.join(name)).expect("a file");
        let document: Value = serde_json::from_str(&text).expect("JSON");
        assert!(document[member].is_string(), "{name}");
    }
}

/// One line per command that is refused, its exit code, and what stderr says.
#[test]
fn what_cannot_be_written_is_said() {
    let dir = tempfile::tempdir().expect("a folder");
    let wrong = dir.path().join("wrong.yaml");
    std::fs::write(&wrong, "selfsame: 1\nname: x\nevents: { a: {} }\n").expect("written");
    let wrong = text(&wrong);
    let file = profiles("v1");
    for (args, code, expect) in [
        (&["docs", "--file", text(&file)][..], 2, "two documents cannot be printed at once"),
        (&["docs", "--kind", "openapi"], 2, "<VERSION>"),
        (&["docs", "v1", "--file", "x"], 2, "cannot be used with"),
        (&["types", "--file", "x"], 2, "--lang <LANGUAGE>"),
        (
            &["types", "--file", "/nowhere.yaml", "--lang", "rust"],
            1,
            "error[file]: `/nowhere.yaml` cannot be read",
        ),
        (&["types", "--file", wrong, "--lang", "rust"], 1, "the schema is missing"),
        (&["docs", "v1", "--kind", "openapi", "--server", "http://127.0.0.1:1"], 1, "error[unreachable]"),
    ] {
        let ended = run(&[&["version"], args].concat());
        assert_eq!(ended.code, Some(code), "{args:?}: {}", ended.err);
        assert!(ended.err.contains(expect), "{args:?}: {}", ended.err);
        assert_eq!(ended.out, "", "{args:?}");
    }
}
