//! `explain`: whether somebody may do something under a boundary, by which rule, and what would help.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use selfsame_core::{Ask, Context, Decision, Resource};
use selfsame_schema::Class;
use serde_json::{Value, json};

use crate::commands::boundary::proposed;
use crate::failure::{Failure, Outcome};
use crate::out::{Out, line, member, show};
use crate::reach::Reach;

/// What an operator's order is about.
const SYSTEM: &str = "system";

/// Explain whether a principal may do something, by which rule, and what would help
///
/// RESOURCE is an event type (`order.paid`) for publish, a projection for work, either of them for read (what
/// has a dot is a type; `type:order` and `projection:orders` say which), a version (`v3`) for what changes one,
/// and nothing for what operators order.
///
/// Without --boundary the engine that runs is asked, by the boundary in force. With it the files are asked as
/// they are; their signature is not looked at.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame explain web publish order.paid
  selfsame explain --boundary ./boundary web publish order.paid
  selfsame explain --boundary ./boundary coder activate v3 --context class=lossy --context approvals=1
  selfsame explain --boundary ./boundary coder register v3 --changes billing --changes user
  selfsame explain --boundary ./boundary coder freeze")]
pub(crate) struct ExplainArgs {
    /// The folder of a boundary, to ask without an engine
    #[arg(long, value_name = "DIR")]
    boundary: Option<PathBuf>,
    /// Who
    #[arg(value_name = "PRINCIPAL")]
    who: String,
    /// The verb, as the schema of policies has it
    action: String,
    /// On what
    #[arg(default_value = SYSTEM, hide_default_value = true)]
    resource: String,
    /// The first word of event types that the version changes
    #[arg(long = "changes", value_name = "WORD", requires = "boundary")]
    changes: Vec<String>,
    /// What is measured of the change: class, class_since_approved, rewind_loses, rows_differing, failures,
    /// approvals or cutovers_left
    #[arg(long = "context", value_name = "NAME=VALUE", requires = "boundary")]
    context: Vec<String>,
    #[command(flatten)]
    reach: Reach,
}

pub(crate) async fn run(args: ExplainArgs, out: Out) -> Outcome {
    let namespaces: BTreeSet<String> = args.changes.iter().cloned().collect();
    let resource = resource(&args.action, &args.resource, &namespaces);
    let Some(dir) = &args.boundary else { return of_engine(&args, resource, out).await };
    let context = context(&args.context)?;
    let (_, proposal) = proposed(dir)?;
    let ask = Ask { principal: &args.who, action: &args.action, resource, context };
    let Decision { allowed, rules, next } = proposal.explain(&ask);
    let said = json!({
        "principal": args.who, "action": args.action, "resource": args.resource,
        "allowed": allowed, "rules": rules, "next": next,
    });
    line(&if out.json { said.to_string() } else { people(&args, &said) })
}

/// Asks the engine that runs.
async fn of_engine(args: &ExplainArgs, resource: Resource<'_>, out: Out) -> Outcome {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut params = vec![pair("principal", &args.who), pair("action", &args.action)];
    match resource {
        Resource::EventType(name) => params.push(pair("type", name)),
        Resource::Projection(name) | Resource::Secret(name) => params.push(pair("projection", name)),
        Resource::Version { name, .. } => params.push(pair("version", name)),
        Resource::System => {}
    }
    let answer = args.reach.client()?.get("explain", &params).await?;
    out.answer(&answer, |body| people(args, member(body, "decision")))
}

fn people(args: &ExplainArgs, decision: &Value) -> String {
    let allowed = member(decision, "allowed") == true;
    let may = if allowed { "may" } else { "may not" };
    let on = if args.resource == SYSTEM { String::new() } else { format!(" {}", args.resource) };
    let rules = match member(decision, "rules").as_array().is_some_and(|rules| !rules.is_empty()) {
        false => "no rule of the boundary allows it".to_owned(),
        true => {
            let by = if allowed { "allowed" } else { "forbidden" };
            format!("{by} by {}", show(member(decision, "rules")))
        }
    };
    let mut text = format!("{} {may} {}{on}\nrule  {rules}", args.who, args.action);
    for next in member(decision, "next").as_array().into_iter().flatten() {
        text.push_str(&format!("\nhelp  {}", show(next)));
    }
    text
}

/// What a verb is about.
fn resource<'a>(action: &str, text: &'a str, namespaces: &'a BTreeSet<String>) -> Resource<'a> {
    if let Some(name) = text.strip_prefix("type:") {
        return Resource::EventType(name);
    }
    if let Some(name) = text.strip_prefix("projection:") {
        return Resource::Projection(name);
    }
    match action {
        "publish" => Resource::EventType(text),
        "read" if text.contains('.') => Resource::EventType(text),
        "read" | "work" => Resource::Projection(text),
        _ if text == SYSTEM => Resource::System,
        _ => Resource::Version { name: text, namespaces },
    }
}

/// The circumstances; what is not said is at its mildest.
fn context(pairs: &[String]) -> Outcome<Context> {
    let additive = Some(Class::Additive);
    let mut context =
        Context { class: additive, class_since_approved: additive, cutovers_left: 1, ..Context::default() };
    let mut since = None;
    for pair in pairs {
        let wrong = |what: &str| Failure::Usage(format!("`{pair}` is not {what}"));
        let (name, value) = pair.split_once('=').ok_or_else(|| wrong("of the form NAME=VALUE"))?;
        let count = || value.parse::<u64>().map_err(|_| wrong("a name with a number"));
        let class = || match value {
            "none" => Ok(None),
            text => serde_json::from_value(Value::from(text))
                .map(Some)
                .map_err(|_| wrong("a name with none, additive, compatible, lossy or breaking")),
        };
        match name {
            "class" => context.class = class()?,
            "class_since_approved" => since = Some(class()?),
            "rewind_loses" => {
                context.rewind_loses = value.parse().map_err(|_| wrong("a name with true or false"))?;
            }
            "rows_differing" => context.rows_differing = count()?,
            "failures" => context.failures = count()?,
            "approvals" => context.approvals = count()?,
            "cutovers_left" => context.cutovers_left = count()?,
            _ => return Err(wrong("about anything that is measured: see `--help`")),
        }
    }
    // The whole difference is at least as much as the last of it.
    context.class_since_approved = since.unwrap_or(context.class);
    Ok(context)
}
