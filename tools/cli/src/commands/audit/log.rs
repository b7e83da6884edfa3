//! `audit log`: who changed what, when, on whose approval, and why.

use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use reqwest::Method;
use selfsame_log::Log as _;
use selfsame_record::Position;
use serde_json::Value;

use crate::client::Client;
use crate::commands::audit::folder::Looked;
use crate::commands::audit::trust::{Token, tampered};
use crate::failure::{Failure, Outcome};
use crate::out::{Out, line, member, table};

/// Kinds of records that say what jobs and refused events came to, and change nothing.
const WORK: &[&str] = &["leased", "job-done", "job-failed", "job-dead", "event-refused", "refusals-counted"];

/// What is shown of each for people.
const COLUMNS: [&str; 9] =
    ["position", "time", "principal", "kind", "version", "plan", "evidence", "approved by", "why"];

/// Show who changed what, when, on whose approval, and why
///
/// The control records of the log: registrations, plans, approvals, cutovers, rewinds, freezes and the like, and
/// refused requests. What jobs and refused events came to is left out unless its kind is asked for.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame audit log --dir ./data
  selfsame audit log --dir ./data --principal agent-7 --since 2026-01-31
  selfsame audit log --dir ./data --version v3 --kind cut-over --json")]
pub(crate) struct LogArgs {
    /// The engine's folder; the engine may run
    #[arg(long, value_name = "DIR", env = "SELFSAME_DIR", hide_env_values = true)]
    dir: PathBuf,
    /// Only what this principal did, or agreed to
    #[arg(long, value_name = "PRINCIPAL")]
    principal: Option<String>,
    /// Only records of this kind, such as `cut-over`; may be given several times
    #[arg(long, value_name = "KIND")]
    kind: Vec<String>,
    /// Only what is about this version, or leads from it
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// Only what is about this plan
    #[arg(long, value_name = "PLAN")]
    plan: Option<String>,
    /// Not before: a moment (`2026-01-31T12:00:00Z`) or a day (`2026-01-31`, UTC)
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Timestamp>,
    /// Before: a moment or a day
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<Timestamp>,
    #[command(flatten)]
    token: Token,
}

fn moment(text: &str) -> Result<Timestamp, String> {
    let whole = if text.len() == "2026-01-31".len() { format!("{text}T00:00:00Z") } else { text.to_owned() };
    whole.parse().map_err(|e: jiff::Error| e.to_string())
}

pub(crate) async fn run(args: LogArgs, out: Out) -> Outcome {
    let found = match args.token.operator(&args.dir).await? {
        Some(client) => running(&client, &args).await?,
        None => {
            let reading = tokio::task::spawn_blocking(move || stopped(&args));
            reading.await.map_err(|_| Failure::Bug("reading the log ended by a bug".to_owned()))??
        }
    };
    if out.json {
        return found.iter().try_for_each(|record| line(&record.to_string()));
    }
    let rows: Vec<Vec<Value>> = found.iter().map(|record| row(record).to_vec()).collect();
    line(&if rows.is_empty() { "no such record".to_owned() } else { table(&COLUMNS, &rows) })
}

async fn running(client: &Client, args: &LogArgs) -> Outcome<Vec<Value>> {
    let mut found = Vec::new();
    client
        .lines(client.request(Method::GET, "log"), &mut |_, record| {
            if wanted(args, &record) {
                found.push(record);
            }
            Ok(())
        })
        .await?;
    Ok(found)
}

fn stopped(args: &LogArgs) -> Outcome<Vec<Value>> {
    let looked = Looked::at(&args.dir)?;
    let settings = selfsame_core::Settings { standbys_max: 0 };
    let core =
        selfsame_node::recover_core(&looked.log, settings).map_err(selfsame_node::StartError::Recovery)?;
    let mut found = Vec::new();
    let read = looked.log.scan(Position::ZERO.next(), &mut |records| {
        for record in records.iter().filter(|record| record.event().is_none()) {
            let line = selfsame_node::record_line(core.registry(), record);
            found.extend(serde_json::from_str(&line).ok().filter(|record| wanted(args, record)));
        }
        ControlFlow::Continue(())
    });
    read.map_err(|err| tampered("log", err))?;
    Ok(found)
}

/// Whether a record was asked for.
fn wanted(args: &LogArgs, record: &Value) -> bool {
    let control = member(record, "control");
    let kind = text(control, "kind");
    if control.is_null() || (args.kind.is_empty() && WORK.contains(&kind)) {
        return false;
    }
    let at = text(record, "time").parse::<Timestamp>().ok();
    let approved = member(control, "approved_by").as_array().into_iter().flatten().filter_map(Value::as_str);
    let of_principal = |name: &String| {
        text(record, "principal") == name || approved.clone().any(|approver| approver == name)
    };
    let of_version =
        |version: &String| ["version", "from", "base"].iter().any(|m| text(control, m) == version);
    args.principal.as_ref().is_none_or(of_principal)
        && (args.kind.is_empty() || args.kind.iter().any(|wanted| wanted == kind))
        && args.version.as_ref().is_none_or(of_version)
        && args.plan.as_ref().is_none_or(|plan| text(control, "plan") == plan)
        && args.since.is_none_or(|since| at.is_some_and(|at| at >= since))
        && args.until.is_none_or(|until| at.is_some_and(|at| at < until))
}

/// A record for people.
fn row(record: &Value) -> [Value; COLUMNS.len()] {
    let control = member(record, "control");
    let from = text(control, "from");
    let version = text(control, "version");
    let what = if from.is_empty() { version.to_owned() } else { format!("{from} → {version}") };
    let why =
        ["reason", "detail", "code", "outcome"].iter().map(|m| text(control, m)).find(|t| !t.is_empty());
    let of_record = |name| member(record, name).clone();
    let of_control = |name| member(control, name).clone();
    [
        of_record("position"),
        of_record("time"),
        of_record("principal"),
        of_control("kind"),
        if what.is_empty() { Value::Null } else { what.into() },
        of_control("plan"),
        of_control("evidence"),
        of_control("approved_by"),
        why.into(),
    ]
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    member(value, name).as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn args() -> LogArgs {
        LogArgs {
            dir: PathBuf::new(),
            principal: None,
            kind: Vec::new(),
            version: None,
            plan: None,
            since: None,
            until: None,
            token: Token::default(),
        }
    }

    #[track_caller]
    fn check(args: &LogArgs, expect: bool) {
        let record = json!({
            "position": 7, "time": "2026-01-31T12:00:00Z", "principal": "agent-7",
            "control": { "kind": "cut-over", "version": "v3", "from": "v2", "plan": "01", "approved_by": ["ada"] },
        });
        assert_eq!(wanted(args, &record), expect, "{args:?}");
    }

    #[test]
    fn records_are_found_by_what_they_say() {
        let day = |text: &str| Some(moment(text).expect("a time"));
        check(&args(), true);
        for (principal, expect) in [("agent-7", true), ("ada", true), ("bob", false)] {
            check(&LogArgs { principal: Some(principal.into()), ..args() }, expect);
        }
        for (version, expect) in [("v3", true), ("v2", true), ("v1", false)] {
            check(&LogArgs { version: Some(version.into()), ..args() }, expect);
        }
        for (kind, expect) in [("cut-over", true), ("rewound", false)] {
            check(&LogArgs { kind: vec![kind.into()], ..args() }, expect);
        }
        for (plan, expect) in [("01", true), ("02", false)] {
            check(&LogArgs { plan: Some(plan.into()), ..args() }, expect);
        }
        for (time, since, until) in
            [("2026-01-31", true, false), ("2026-02-01", false, true), ("2026-01-31T12:00:00Z", true, false)]
        {
            check(&LogArgs { since: day(time), ..args() }, since);
            check(&LogArgs { until: day(time), ..args() }, until);
        }
        assert!(!wanted(&args(), &json!({ "control": { "kind": "leased" } })));
        assert!(wanted(
            &LogArgs { kind: vec!["leased".into()], ..args() },
            &json!({ "control": { "kind": "leased" } })
        ));
        assert!(!wanted(&args(), &json!({ "type": "user.registered" })));
        assert!(moment("yesterday").is_err());
    }

    #[test]
    fn a_line_says_who_what_when_on_whose_word_and_why() {
        let record = json!({
            "position": 9, "time": "T", "principal": "ada",
            "control": { "kind": "rewound", "version": "v1", "from": "v2", "reason": "too many refusals" },
        });
        let row = row(&record);
        assert_eq!((&row[4], &row[8]), (&json!("v2 → v1"), &json!("too many refusals")));
    }
}
