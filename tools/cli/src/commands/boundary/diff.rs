//! `boundary diff`: what changes with another boundary, and who may do more or less then.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use selfsame_boundary::{Change, Files, Proposal, compare};
use serde_json::{Value, json};

use super::show::members;
use super::{proposed, who};
use crate::failure::Outcome;
use crate::out::{Out, line, member, objects, table};

/// Show what changes from one boundary to another, and who may do more or less then
///
/// Says what the files say differently, and then of every verb, on samples, who may do it under NEW and may not
/// under OLD, and the other way round. Nothing is verified: it is what to look at before signing.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame boundary diff ./in-force ./boundary")]
pub(crate) struct DiffArgs {
    /// The folder of the boundary that is replaced
    old: PathBuf,
    /// The folder of the boundary that replaces it
    new: PathBuf,
}

pub(super) fn run(args: &DiffArgs, out: Out) -> Outcome {
    let (old, new) = (proposed(&args.old)?, proposed(&args.new)?);
    let (said, decisions) = (differences(&old, &new), compare(&old.1, &new.1));
    if out.json {
        let decisions: Vec<Value> = decisions
            .iter()
            .map(|c| json!({"actions": c.actions, "on": c.on, "more": c.more, "less": c.less}))
            .collect();
        return line(&json!({"differences": said, "decisions": decisions}).to_string());
    }
    let mut parts = Vec::new();
    if !said.is_empty() {
        parts.push(objects(&said));
    }
    if !decisions.is_empty() {
        parts.push(people(&decisions, &new.1));
    }
    if decisions.is_empty() {
        eprintln!("nobody may do more or less, on what was asked about");
    }
    if new.1.checked.serial <= old.1.checked.serial && !said.is_empty() {
        eprintln!("note: an engine that had the old one in force refuses the new one: raise `serial`");
    }
    if parts.is_empty() { Ok(()) } else { line(&parts.join("\n\n")) }
}

fn people(decisions: &[Change], new: &Proposal) -> String {
    let row = |c: &Change| {
        vec![json!(c.on), json!(c.actions.join(", ")), who(c.more.iter(), new), who(c.less.iter(), new)]
    };
    table(&["on", "may", "more", "less"], &decisions.iter().map(row).collect::<Vec<_>>())
}

/// What the files say differently, a line each.
fn differences((old_files, old): &(Files, Proposal), (new_files, new): &(Files, Proposal)) -> Vec<Value> {
    let mut all = Vec::new();
    let mut see = |what: String, old: Value, new: Value| {
        if old != new {
            all.push(json!({"what": what, "old": old, "new": new}));
        }
    };
    see("instance".to_owned(), json!(old.checked.instance), json!(new.checked.instance));
    see("serial".to_owned(), json!(old.checked.serial), json!(new.checked.serial));
    let types = |p: &Proposal| json!(p.checked.protected.patterns().collect::<Vec<_>>());
    see("protected types".to_owned(), types(old), types(new));
    see("protected projections".to_owned(), json!(old.checked.projections), json!(new.checked.projections));
    for (what, of) in [("lossy", 0), ("breaking", 1), ("ttl", 2)] {
        let said = |p: &Proposal| {
            let approvals = &p.document.approvals;
            [json!(approvals.lossy), json!(approvals.breaking), json!(approvals.ttl)].into_iter().nth(of)
        };
        see(format!("approvals, {what}"), json!(said(old)), json!(said(new)));
    }
    let by_name = |p: &Proposal| -> BTreeMap<String, Value> {
        let all = members(p).into_iter();
        all.map(|m| (member(&m, "principal").as_str().unwrap_or_default().to_owned(), m)).collect()
    };
    let (before, after) = (by_name(old), by_name(new));
    let gone = Value::Null;
    for name in before.keys().chain(after.keys().filter(|name| !before.contains_key(*name))) {
        let (was, is) = (before.get(name).unwrap_or(&gone), after.get(name).unwrap_or(&gone));
        for field in ["kind", "owner", "roles", "tokens", "rate", "nkey"] {
            see(format!("{name}, {field}"), member(was, field).clone(), member(is, field).clone());
        }
    }
    let tokens = |p: &Proposal, name: &String| p.checked.members.get(name).map(|m| m.tokens.clone());
    for name in before.keys().filter(|name| after.contains_key(*name)) {
        let (was, is) = (tokens(old, name), tokens(new, name));
        if was != is && was.as_ref().map(Vec::len) == is.as_ref().map(Vec::len) {
            see(format!("{name}, which tokens"), json!("some"), json!("others"));
        }
    }
    let (was, is) = (old.rules.names(), new.rules.names());
    let only = |of: &[String], other: &[String]| -> Vec<String> {
        of.iter().filter(|name| !other.contains(name)).cloned().collect()
    };
    see("rules".to_owned(), json!(only(&was, &is)), json!(only(&is, &was)));
    if was == is && old_files.policy != new_files.policy {
        see("policy.cedar".to_owned(), json!("one text"), json!("another, with rules of the same names"));
    }
    if old_files.schema != new_files.schema {
        see("policy.cedarschema".to_owned(), json!("one text"), json!("another"));
    }
    all
}
