//! `publish`: one event, or a batch of them.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::time::{SystemTime, UNIX_EPOCH};

use async_nats::HeaderMap;
use clap::{Args, ValueEnum};
use selfsame_core::{BATCH, STRUCTURED};
use selfsame_node::nats::subject::{subject_in, subject_tray};
use selfsame_record::EventType;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::client::Answer;
use crate::failure::{Failure, Outcome};
use crate::nats;
use crate::out::{Out, member};
use crate::reach::Reach;

/// Publish an event, or a batch of events
///
/// An event is answered when it is durable and applied. Publishing the same id again, from the same source
/// and principal, is answered with the first position and changes nothing.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame publish user.renamed --key u1 --data '{\"user_id\":\"u1\",\"name\":\"Ann\"}'
  selfsame publish user.renamed --id 7 --source urn:web --data @event.json
  selfsame publish --batch events.ndjson       all of them or none
  selfsame publish user.renamed --via tray …   into the durable in-tray, also while no engine runs")]
pub(crate) struct PublishArgs {
    /// The event type
    #[arg(required_unless_present = "batch", value_name = "TYPE")]
    event_type: Option<String>,
    /// What the event is about; not needed if its schema says where the key is
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// The event's id, unique within its source [default: a new one]
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Where the event comes from, as a URI
    #[arg(long, value_name = "URI", default_value = "urn:selfsame:cli")]
    source: String,
    /// The data: JSON, `@FILE`, or `-` for stdin
    #[arg(long, value_name = "JSON", default_value = "{}")]
    data: String,
    /// The live version that the data is written in [default: the active one]
    #[arg(long, value_name = "VERSION")]
    write_as: Option<String>,
    /// How the event travels
    #[arg(long, value_enum, default_value_t = Way::Http)]
    via: Way,
    /// Publish the CloudEvents of a file as one unit: a JSON array, or one event per line; `-` for stdin
    #[arg(long, value_name = "FILE", conflicts_with_all = ["event_type", "key", "id", "write_as", "via"])]
    batch: Option<String>,
    #[command(flatten)]
    reach: Reach,
}

/// How an event travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Way {
    /// HTTP
    Http,
    /// NATS, by request and reply
    Nats,
    /// The durable in-tray on NATS; answered by NATS, before the engine has seen it
    Tray,
}

pub(crate) async fn run(args: PublishArgs, out: Out) -> Outcome {
    let answer = match (&args.batch, &args.event_type) {
        (Some(file), _) => {
            let body = batch_body(&read_source(file)?);
            args.reach.client()?.send("events", BATCH, body).await?
        }
        (None, Some(event_type)) => {
            let event = event(&args, event_type)?;
            send(&args, event_type, event).await?
        }
        (None, None) => return Err(Failure::Usage("name an event type, or a `--batch`".to_owned())),
    };
    out.answer(&answer, people)
}

async fn send(args: &PublishArgs, event_type: &str, event: String) -> Outcome<Answer> {
    if args.via == Way::Http {
        return args.reach.client()?.send("events", STRUCTURED, event).await;
    }
    let principal = args.reach.principal()?;
    let event_type = EventType::parse(event_type).map_err(|e| Failure::Usage(e.to_string()))?;
    let client = nats::connect(&args.reach).await?;
    let mut headers = HeaderMap::new();
    headers.insert("content-type", STRUCTURED);
    if args.via == Way::Nats {
        return nats::request(&client, subject_in(&principal, &event_type), headers, event).await;
    }
    let subject = subject_tray(&principal, &event_type);
    let tray = async_nats::jetstream::new(client);
    let unreachable = |reason: String| Failure::Unreachable { at: "the in-tray".to_owned(), reason };
    let sent = tray.publish_with_headers(subject, headers, event.into()).await;
    let ack = sent.map_err(|e| unreachable(e.to_string()))?.await.map_err(|e| unreachable(e.to_string()))?;
    let json = json!({ "stream": ack.stream, "sequence": ack.sequence });
    Ok(Answer { text: json.to_string(), json })
}

/// The event in structured mode, its data as it was given.
fn event(args: &PublishArgs, event_type: &str) -> Outcome<String> {
    let id = args.id.clone().unwrap_or_else(new_id);
    let mut members: BTreeMap<&str, Box<RawValue>> = BTreeMap::new();
    members.insert("data", data(&args.data)?);
    let dataschema = args.write_as.as_ref().map(|version| format!("urn:selfsame:version:{version}"));
    let attributes = [
        ("specversion", Some("1.0".to_owned())),
        ("type", Some(event_type.to_owned())),
        ("source", Some(args.source.clone())),
        ("id", Some(id)),
        ("subject", args.key.clone()),
        ("dataschema", dataschema),
    ];
    for (name, value) in attributes {
        if let Some(value) = value {
            members.insert(name, json_text(&value)?);
        }
    }
    serde_json::to_string(&members).map_err(|e| Failure::Bug(e.to_string()))
}

fn json_text(text: &str) -> Outcome<Box<RawValue>> {
    serde_json::value::to_raw_value(text).map_err(|e| Failure::Bug(e.to_string()))
}

fn data(given: &str) -> Outcome<Box<RawValue>> {
    let (what, text) = match given.strip_prefix('@') {
        Some(file) => (format!("`{file}`"), read_source(file)?),
        None if given == "-" => ("stdin".to_owned(), read_source("-")?),
        None => ("the data".to_owned(), given.to_owned()),
    };
    let bad = |e: serde_json::Error| Failure::Input { what, reason: format!("not JSON: {e}") };
    RawValue::from_string(text.trim().to_owned()).map_err(bad)
}

/// The text of a file, or of stdin.
pub(crate) fn read_source(file: &str) -> Outcome<String> {
    let mut text = String::new();
    let read = match file {
        "-" => std::io::stdin().read_to_string(&mut text).map(|_| text),
        path => std::fs::read_to_string(path),
    };
    read.map_err(|source| Failure::File { path: file.into(), verb: "read", source })
}

/// A batch from an array, which is taken as it is, or from lines.
fn batch_body(text: &str) -> String {
    if text.trim_start().starts_with('[') {
        return text.to_owned();
    }
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    format!("[{}]", lines.join(","))
}

/// An id that nobody else's event has: the moment and the process.
fn new_id() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{:x}-{:x}", since.as_nanos(), std::process::id())
}

fn people(answer: &Value) -> String {
    let Some(events) = member(answer, "events").as_array() else {
        return format!("in the tray, as message {}", member(answer, "sequence"));
    };
    let lines = events.iter().map(|event| {
        let again =
            if member(event, "duplicate") == &Value::Bool(true) { ", which was there before" } else { "" };
        format!("#{}{again}", member(event, "position"))
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_a_batch_and_an_array_stays_one() {
        assert_eq!(batch_body("{\"a\":1}\n\n {\"b\":2}\n"), "[{\"a\":1},{\"b\":2}]");
        assert_eq!(batch_body(" [{\"a\":1.0}]"), " [{\"a\":1.0}]");
    }

    #[test]
    fn data_keeps_its_lexemes_and_must_be_json() {
        assert_eq!(data(r#" {"n":1.0} "#).expect("JSON").get(), r#"{"n":1.0}"#);
        let err = data("{nonsense").expect_err("not JSON").to_string();
        assert!(err.starts_with("the data cannot be used: not JSON"), "{err}");
        assert!(matches!(data("@/nowhere"), Err(Failure::File { .. })));
    }

    #[test]
    fn a_repetition_is_said() {
        let events =
            json!({"events": [{"position": 7, "duplicate": true}, {"position": 8, "duplicate": false}]});
        assert_eq!(people(&events), "#7, which was there before\n#8");
        assert_eq!(people(&json!({"stream": "SELFSAME_TRAY", "sequence": 3})), "in the tray, as message 3");
    }
}
