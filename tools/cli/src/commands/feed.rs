//! `feed`: what happens to a projection's rows, and the switches, as it happens.

use clap::Args;
use reqwest::Method;
use serde_json::Value;

use crate::client::segment;
use crate::commands::event::position;
use crate::failure::{Failure, Outcome};
use crate::out::{Out, line, member, show};
use crate::reach::Reach;

/// Follow the changes of a cache or view, and the switches
///
/// First come all rows, or with --from those that changed since, then `caught-up`, then changes as they
/// happen, until this is interrupted. A switch is a message of its own: what comes before it is of the old
/// version, what comes after it of the new one. Without a projection, only switches are shown.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame feed files
  selfsame feed files --from '#4711' --snapshot --json
  selfsame feed                                             switches alone")]
pub(crate) struct FeedArgs {
    /// The cache or view
    projection: Option<String>,
    /// Go on after this position, with or without `#`
    #[arg(long, value_name = "POSITION", value_parser = position)]
    from: Option<u64>,
    /// Show all rows again after a switch
    #[arg(long, requires = "projection")]
    snapshot: bool,
    #[command(flatten)]
    reach: Reach,
}

pub(crate) async fn run(args: FeedArgs, out: Out) -> Outcome {
    let client = args.reach.client()?;
    let path =
        args.projection.as_deref().map_or_else(|| "feed".to_owned(), |p| format!("feed/{}", segment(p)));
    let mut query: Vec<(&str, String)> =
        args.from.map(|from| ("from", from.to_string())).into_iter().collect();
    if args.snapshot {
        query.push(("snapshot", "true".to_owned()));
    }
    let request = client.request(Method::GET, &path).query(&query);
    let mut last = Last { complete: args.from, reason: None };
    let mut on_message = |text: &str, message: Value| {
        last.note(&message);
        line(if out.json { text.to_owned() } else { people(&message) }.as_str())
    };
    tokio::select! {
        followed = client.messages(request, &mut on_message) => followed?,
        _ = tokio::signal::ctrl_c() => return Ok(()),
    }
    Err(last.failure())
}

/// Where the feed stood, and why it ended.
struct Last {
    complete: Option<u64>,
    reason: Option<String>,
}

impl Last {
    fn note(&mut self, message: &Value) {
        match member(message, "message").as_str() {
            Some("lagged") => self.reason = Some("changes came faster than they were taken".to_owned()),
            Some("ended") => self.reason = Some(show(member(message, "reason"))),
            _ if member(message, "more").is_null() => self.complete = member(message, "position").as_u64(),
            _ => {}
        }
    }

    fn failure(self) -> Failure {
        let reason = self.reason.unwrap_or_else(|| "the connection was closed".to_owned());
        Failure::FeedEnded { reason, complete: self.complete }
    }
}

/// A message as a line.
fn people(message: &Value) -> String {
    let text = |name: &str| show(member(message, name));
    let what = text("message");
    let rest = match what.as_str() {
        "row" if text("op") == "put" => format!("put {} {}", text("key"), member(message, "value")),
        "row" => format!("delete {}", text("key")),
        "switch" => format!("{} from {}", text("kind"), text("from")),
        "ended" => format!("ended: {}", text("reason")),
        _ => what,
    };
    format!("#{} {} {rest}", member(message, "position"), text("version"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(message: Value, text: &str, complete: Option<u64>) {
        assert_eq!(people(&message), text);
        let mut last = Last { complete: None, reason: None };
        last.note(&message);
        assert_eq!(last.complete, complete);
    }

    #[test]
    fn a_message_is_a_line_that_begins_with_its_position_and_version() {
        let row = json!({"position": 7, "version": "v1", "message": "row", "projection": "p", "key": "a\nb",
            "op": "put", "value": {"n": 1}});
        check(row, "#7 v1 put a\\nb {\"n\":1}", Some(7));
        let gone = json!({"position": 7, "version": "v1", "message": "row", "key": "a", "op": "delete",
            "more": true});
        check(gone, "#7 v1 delete a", None);
        let switch =
            json!({"position": 8, "version": "v2", "message": "switch", "from": "v1", "kind": "cutover"});
        check(switch, "#8 v2 cutover from v1", Some(8));
        check(json!({"position": 9, "version": "v2", "message": "caught-up"}), "#9 v2 caught-up", Some(9));
        let ended = json!({"position": 9, "version": "v2", "message": "ended", "reason": "stopping",
            "resume_from": 8, "more": true});
        check(ended, "#9 v2 ended: stopping", None);
    }
}
