//! `lens`: the way between two schemas, proposed from both or led from one; on files alone.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use selfsame_schema::{CompatError, Lens, Problem, Proposal, propose};
use serde_json::{Map, Value, json};

use crate::commands::check::read;
use crate::failure::problems::operations;
use crate::failure::{Failure, Outcome};
use crate::out::{Out, line};

/// What is done with lenses.
#[derive(Debug, Subcommand)]
pub(crate) enum LensCommand {
    Propose(ProposeArgs),
    Apply(ApplyArgs),
}

/// Propose a lens from one schema to another
///
/// Prints the operations that probably lead from OLD to NEW, each with how sure that is and why. Read them
/// before you use them: a rename is a guess, and a default is a decision. Both files are JSON Schemas, or
/// both are schema-version documents; then the lenses of all event types that both have are printed.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame lens propose order-1.json order-2.json > lens.yaml
  selfsame lens propose profiles-v1.yaml profiles-v2.yaml --json")]
pub(crate) struct ProposeArgs {
    /// The schema that the lens begins at, as JSON or YAML
    old: PathBuf,
    /// The schema that the lens leads to, as JSON or YAML
    new: PathBuf,
}

/// Print the schema that a lens leads to
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame lens apply order-1.json lens.yaml > order-2.json")]
pub(crate) struct ApplyArgs {
    /// The schema that the lens begins at, as JSON or YAML
    schema: PathBuf,
    /// The lens: a list of operations, as JSON or YAML
    lens: PathBuf,
}

pub(crate) async fn run(command: LensCommand, out: Out) -> Outcome {
    match command {
        LensCommand::Propose(args) => propose_lens(&args, out),
        LensCommand::Apply(args) => apply(&args, out),
    }
}

fn propose_lens(args: &ProposeArgs, out: Out) -> Outcome {
    let (old, new) = (read(&args.old)?, read(&args.new)?);
    let what = || format!("`{}` with `{}`", args.old.display(), args.new.display());
    if events(&old).is_some() != events(&new).is_some() {
        let reason = "one is a schema-version document and the other a schema: give two of a kind".to_owned();
        return Err(Failure::Input { what: what(), reason });
    }
    let proposed = proposed(&old, &new);
    let proposed = proposed.map_err(|e| Failure::Input { what: what(), reason: e.to_string() })?;
    line(&if out.json { json_of(&proposed).to_string() } else { people(&proposed) })?;
    eprintln!("{}", said(&proposed));
    Ok(())
}

/// What is said beside the proposal.
fn said(proposed: &Proposed) -> &'static str {
    match proposed {
        Proposed::One(proposals) if proposals.is_empty() => {
            "no operation is proposed: the two are alike, or differ in what no operation expresses"
        }
        Proposed::One(_) => "confirm it, then judge it with `selfsame check OLD NEW --lens LENS --mode full`",
        Proposed::Types(types) if types.is_empty() => {
            "no operation is proposed: no event type that both have differs in what an operation expresses"
        }
        Proposed::Types(_) => "confirm it, put it into NEW, and register NEW: the engine judges it",
    }
}

fn apply(args: &ApplyArgs, out: Out) -> Outcome {
    let (schema, operations) = (schema(&args.schema)?, read(&args.lens)?);
    if !schema.is_object() && !schema.is_boolean() {
        let reason = "it is no schema, which is an object or a boolean".to_owned();
        return Err(Failure::Input { what: format!("`{}`", args.schema.display()), reason });
    }
    // Where it leads to is what is asked for, so nothing is known of it yet.
    let lens = Lens::parse(&operations, &schema, &Value::Bool(true));
    let led = lens.and_then(|lens| lens.lead(&schema).map_err(|problem| vec![problem]));
    let mut led = led.map_err(|problems| unusable(&args.lens, &problems))?;
    led.sort_all_objects();
    line(&if out.json { led.to_string() } else { format!("{led:#}") })
}

/// A schema by itself.
pub(super) fn schema(path: &Path) -> Outcome<Value> {
    let schema = read(path)?;
    if events(&schema).is_some() {
        let reason = "it is a schema-version document: give the schema of one event type".to_owned();
        return Err(Failure::Input { what: format!("`{}`", path.display()), reason });
    }
    Ok(schema)
}

/// A lens that does not lead anywhere.
pub(super) fn unusable(path: &Path, problems: &[Problem]) -> Failure {
    let reason = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    Failure::Input { what: format!("the lens in `{}`", path.display()), reason }
}

/// Proposals, by event type if there are several.
enum Proposed {
    One(Vec<Proposal>),
    Types(Vec<(String, Vec<Proposal>)>),
}

fn proposed(old: &Value, new: &Value) -> Result<Proposed, CompatError> {
    let (Some(before), Some(after)) = (events(old), events(new)) else {
        return propose(old, new).map(Proposed::One);
    };
    let both = after.keys().filter(|name| before.contains_key(*name));
    let of = |name: &String| {
        let schemas = (bundled(old, before, name), bundled(new, after, name));
        Ok((name.clone(), propose(&schemas.0, &schemas.1)?))
    };
    let types: Result<Vec<(String, Vec<Proposal>)>, CompatError> = both.map(of).collect();
    types.map(|types| Proposed::Types(types.into_iter().filter(|(_, list)| !list.is_empty()).collect()))
}

/// The event types, if it is a schema-version document.
fn events(document: &Value) -> Option<&Map<String, Value>> {
    document.get("selfsame")?;
    document.get("events")?.as_object()
}

/// The schema of an event type with the document's shared schemas in it.
fn bundled(document: &Value, events: &Map<String, Value>, name: &str) -> Value {
    let mut schema = events.get(name).and_then(|event| event.get("schema")).cloned().unwrap_or(json!(true));
    let shared = document.get("$defs").and_then(Value::as_object);
    if let (Some(shared), Some(schema)) = (shared, schema.as_object_mut()) {
        let own = schema.entry("$defs").or_insert_with(|| json!({}));
        for (key, value) in shared {
            own.as_object_mut().map(|own| own.entry(key.clone()).or_insert_with(|| value.clone()));
        }
    }
    schema
}

fn json_of(proposed: &Proposed) -> Value {
    match proposed {
        Proposed::One(proposals) => json!(proposals),
        Proposed::Types(types) => types
            .iter()
            .map(|(name, proposals)| (name.clone(), json!(proposals)))
            .collect::<Map<_, _>>()
            .into(),
    }
}

/// A list of operations in YAML, each below a comment that says how sure it is and why.
fn people(proposed: &Proposed) -> String {
    let mut text = String::new();
    match proposed {
        Proposed::One(proposals) if proposals.is_empty() => text.push_str("[]"),
        Proposed::One(proposals) => list(proposals, "", &mut text),
        Proposed::Types(types) if types.is_empty() => text.push_str("lenses: {}"),
        Proposed::Types(types) => {
            text.push_str("lenses:\n");
            for (name, proposals) in types {
                let _ = writeln!(text, "  {}:", Value::from(name.as_str()));
                list(proposals, "    ", &mut text);
            }
        }
    }
    text.trim_end().to_owned()
}

fn list(proposals: &[Proposal], indent: &str, text: &mut String) {
    let proposals: Vec<Value> = proposals.iter().map(|proposal| json!(proposal)).collect();
    operations(&proposals, indent, text);
}
