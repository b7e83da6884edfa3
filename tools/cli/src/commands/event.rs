//! `event`: the event at a position.

use clap::Args;
use serde_json::Value;

use crate::failure::Outcome;
use crate::out::{Out, member};
use crate::reach::Reach;

/// Show the event at a position of the log
///
/// Its data is shown as the active version reads it, or as the version asked for; `written_in` is the
/// version that its producer wrote.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame event 4711
  selfsame event 4711 --read-as v1")]
pub(crate) struct EventArgs {
    /// The position, with or without `#`
    #[arg(value_parser = position)]
    position: u64,
    /// Read it as another registered version
    #[arg(long, value_name = "VERSION")]
    read_as: Option<String>,
    #[command(flatten)]
    reach: Reach,
}

/// Reads `4711` or `#4711`.
pub(crate) fn position(text: &str) -> Result<u64, String> {
    text.trim_start_matches('#').parse().map_err(|_| "a position is a number such as 4711".to_owned())
}

pub(crate) async fn run(args: EventArgs, out: Out) -> Outcome {
    let read_as = args.read_as.map(|version| ("read_as".to_owned(), version));
    let query: Vec<_> = read_as.into_iter().collect();
    let answer = args.reach.client()?.get(&format!("events/{}", args.position), &query).await?;
    out.answer(&answer, people)
}

fn people(answer: &Value) -> String {
    let event = answer.get("event").unwrap_or(answer);
    let mut shown = event.clone();
    let data = shown.as_object_mut().and_then(|members| members.remove("data")).unwrap_or_default();
    format!("{}data: {data:#}", crate::out::outline(&without(&shown, "attributes")))
}

/// The object without a member that says nothing.
fn without(event: &Value, name: &str) -> Value {
    let mut event = event.clone();
    let empty = member(&event, name).as_object().is_some_and(serde_json::Map::is_empty);
    if let Some(members) = event.as_object_mut().filter(|_| empty) {
        members.remove(name);
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_is_its_envelope_and_its_data() {
        let event = json!({"event": {"type": "a.b", "attributes": {}, "data": {"n": 1}}});
        assert_eq!(people(&event), "type: a.b\ndata: {\n  \"n\": 1\n}");
    }

    #[test]
    fn a_position_may_have_its_sign() {
        assert_eq!((position("#7"), position("7")), (Ok(7), Ok(7)));
        assert!(position("x").is_err());
    }
}
