//! `version`: the life of a schema version.

mod change;
mod compare;
mod contract;
pub(crate) mod diff;
pub(super) mod people;
pub(crate) mod wait;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::client::{Answer, segment};
use crate::commands::census::used_by;
use crate::commands::publish::read_source;
use crate::failure::Outcome;
use crate::out::{Out, member, outline, show};
use crate::reach::Reach;
use wait::{wait_active, wait_built};

/// What is done with schema versions.
#[derive(Debug, Subcommand)]
pub(crate) enum VersionCommand {
    Register(RegisterArgs),
    Plan(change::PlanArgs),
    Diff(DiffArgs),
    /// Compare a version's rows with those that are served, at one position of the log
    ///
    /// For each projection: how many rows are equal, added, removed and changed, with samples, and events that
    /// the version could not take in. Reading and writing go on meanwhile.
    Compare(OneArgs),
    Build(BuildArgs),
    Validate(change::ValidateArgs),
    Evidence(change::EvidenceArgs),
    Cutover(change::CutoverArgs),
    /// Let a build wait until it is resumed
    ///
    /// What it has folded stays in memory. It waits over a restart too, and then begins again when it is
    /// resumed. Pausing it again is answered the same.
    Pause(OneArgs),
    /// Let a build that waits go on
    ///
    /// Resuming it again is answered the same.
    Resume(OneArgs),
    Abandon(AbandonArgs),
    Rewind(RewindArgs),
    /// Keep a version's generation no longer; it can be built again
    ///
    /// Whoever writes it or reads it is refused from then on; `version show` says who does, and so does the
    /// answer.
    Drop(OneArgs),
    Rebase(change::RebaseArgs),
    /// Never let a version serve again
    Retire(OneArgs),
    /// List all versions with their stages
    List {
        #[command(flatten)]
        reach: Reach,
    },
    Show(ShowArgs),
    Docs(contract::DocsArgs),
    Types(contract::TypesArgs),
}

/// A version, on an engine.
#[derive(Args, Debug)]
pub(crate) struct OneArgs {
    /// The version: its number such as `v2`, or its content id
    pub(crate) version: String,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

/// Register a schema version
///
/// The document is checked whole before anything is built. The same document registered again is the same
/// version.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame version register git-v2.yaml
  selfsame version register - < git-v2.yaml")]
pub(crate) struct RegisterArgs {
    /// The document, YAML or JSON; `-` for stdin
    file: String,
    #[command(flatten)]
    reach: Reach,
}

/// Show what becomes of the event types between two versions
///
/// For each type and direction: whether every event arrives, what is not in it any more, or an event that
/// does not arrive; and what schema registries would call the change.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame version diff v1 v2
  selfsame version diff v1 v2 --json | jq '.diff.types[] | select(.verdict == \"one-way\")'")]
pub(crate) struct DiffArgs {
    /// The version that is compared with: its number such as `v1`, or its content id
    from: String,
    /// The version that is compared
    to: String,
    #[command(flatten)]
    reach: Reach,
}

/// Build a version's projections in the shadow of the active ones
///
/// Reading and writing go on meanwhile. When it is done the version is a candidate, kept in step with the
/// log, and can be cut over to.
#[derive(Args, Debug)]
pub(crate) struct BuildArgs {
    /// Wait until it is done, and show how far it is
    #[arg(long)]
    wait: bool,
    /// Fold so many records per second at most
    #[arg(long, value_name = "RECORDS")]
    rate: Option<u64>,
    /// Fail if the generation would take more, such as `200M`, `2G` or a number of bytes
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    memory: Option<u64>,
    /// Take so many percent of one processor's time at most [default: 50]
    #[arg(long, value_name = "PERCENT")]
    share: Option<u8>,
    #[command(flatten)]
    one: OneArgs,
}

/// End a build without a generation
///
/// Nothing of it is left; the version can be built again. A rewind that waits for the build is given up too.
/// Abandoning it again is answered the same.
#[derive(Args, Debug)]
pub(crate) struct AbandonArgs {
    /// Why, for the audit trail
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    #[command(flatten)]
    one: OneArgs,
}

/// Go back to a version that was active
///
/// Events since the cutover are kept and are read through the lens. If the version is kept in step, this is
/// one record; if not, its generation is built first, while the present version goes on serving.
#[derive(Args, Debug)]
pub(crate) struct RewindArgs {
    /// Refuse if another version than this is active
    #[arg(long, value_name = "VERSION")]
    expect: Option<String>,
    /// Why, for the audit trail
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    /// Only say what it would do
    #[arg(long, conflicts_with_all = ["expect"])]
    look: bool,
    #[command(flatten)]
    one: OneArgs,
}

/// Show a version with its event types, projections and digests
#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    /// Print the document alone
    #[arg(long)]
    document: bool,
    #[command(flatten)]
    one: OneArgs,
}

pub(crate) async fn run(command: VersionCommand, out: Out) -> Outcome {
    match command {
        VersionCommand::Register(args) => register(args, out).await,
        VersionCommand::Plan(args) => change::plan(args, out).await,
        VersionCommand::Compare(args) => {
            let answer = args.reach.client()?.get(&path(&args, "/compare"), &[]).await?;
            out.answer(&answer, compare::people)
        }
        VersionCommand::Diff(args) => {
            let path = format!("versions/{}/diff", segment(&args.to));
            let answer = args.reach.client()?.get(&path, &[("from".to_owned(), args.from)]).await?;
            out.answer(&answer, |json| diff::people(json, diff::Paint::of_stdout()))
        }
        VersionCommand::Build(args) => build(args, out).await,
        VersionCommand::Validate(args) => change::validate(args, out).await,
        VersionCommand::Evidence(args) => change::evidence(args, out).await,
        VersionCommand::Cutover(args) => change::cutover(args, out).await,
        VersionCommand::Pause(args) => {
            let answer = args.reach.client()?.post(&path(&args, "/pause"), &json!({})).await?;
            let version = args.version;
            out.answer(&answer, |_| {
                format!("{version} waits: go on with `selfsame version resume {version}`")
            })
        }
        VersionCommand::Resume(args) => {
            let answer = args.reach.client()?.post(&path(&args, "/resume"), &json!({})).await?;
            out.answer(&answer, |_| {
                format!("{} is being built: see how far with `selfsame builds`", args.version)
            })
        }
        VersionCommand::Abandon(args) => {
            let body = json!({ "reason": args.reason });
            let answer = args.one.reach.client()?.post(&path(&args.one, "/abandon"), &body).await?;
            out.answer(&answer, |_| format!("the build of {} is abandoned", args.one.version))
        }
        VersionCommand::Rewind(args) => rewind(args, out).await,
        VersionCommand::Drop(args) => {
            let answer = args.reach.client()?.post(&path(&args, "/drop"), &json!({})).await?;
            out.answer(&answer, people::dropped)
        }
        VersionCommand::Rebase(args) => change::rebase(args, out).await,
        VersionCommand::Retire(args) => {
            let answer = args.reach.client()?.post(&path(&args, "/retire"), &json!({})).await?;
            out.answer(&answer, |json| {
                format!("{} is retired, by the record #{}", args.version, member(json, "record"))
            })
        }
        VersionCommand::List { reach } => {
            let answer = reach.client()?.get("versions", &[]).await?;
            out.answer(&answer, people::list)
        }
        VersionCommand::Show(args) => show_one(args, out).await,
        VersionCommand::Docs(args) => contract::docs(args, out).await,
        VersionCommand::Types(args) => contract::types(args, out).await,
    }
}

fn path(one: &OneArgs, verb: &str) -> String {
    format!("versions/{}{verb}", segment(&one.version))
}

async fn register(args: RegisterArgs, out: Out) -> Outcome {
    let document = read_source(&args.file)?;
    let answer = args.reach.client()?.send("versions", media_type(&document), document).await?;
    out.answer(&answer, |json| {
        let registered = show(member(json, "registered"));
        if member(json, "existed") == &Value::Bool(true) {
            format!("{registered}, which existed")
        } else {
            registered
        }
    })
}

/// The media type of a document: JSON begins with a brace.
pub(crate) fn media_type(document: &str) -> &'static str {
    if document.trim_start().starts_with('{') { "application/json" } else { "application/yaml" }
}

async fn build(args: BuildArgs, out: Out) -> Outcome {
    let client = args.one.reach.client()?;
    let body = json!({
        "records_per_second": args.rate, "bytes_max": args.memory, "share_percent": args.share,
    });
    let mut answer = client.post(&path(&args.one, "/build"), &body).await?;
    if args.wait {
        answer = wait_built(&client, &args.one.version).await?;
    }
    let version = args.one.version;
    out.answer(&answer, |_| match args.wait {
        true => format!("{version} is built: cut over with `selfsame version cutover {version}`"),
        false => format!("{version} is being built: see how far with `selfsame builds`"),
    })
}

/// Reads a number of bytes, with or without a unit: `200M` is 200 million.
fn bytes(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is not a number of bytes, such as `200M`");
    let units = [("K", 1_000), ("M", 1_000_000), ("G", 1_000_000_000)];
    let with_unit = units.into_iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)));
    let (number, factor) = with_unit.unwrap_or((text, 1));
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(factor).ok_or_else(wrong)
}

async fn rewind(args: RewindArgs, out: Out) -> Outcome {
    let client = args.one.reach.client()?;
    if args.look {
        let answer = client.get(&path(&args.one, "/rewind"), &[]).await?;
        return out.answer(&answer, people::rewind);
    }
    let mut body = json!({ "reason": args.reason });
    if let (Some(version), Some(members)) = (args.expect, body.as_object_mut()) {
        members.insert("expected_active".to_owned(), version.into());
    }
    let answer = client.post(&path(&args.one, "/rewind"), &body).await?;
    let Some(pending) = member(&answer.json, "pending").as_str() else {
        return out.answer(&answer, people::switched);
    };
    eprintln!("{pending} is not kept in step: its generation is built first, while the present one serves");
    let answer = wait_active(&client, pending).await?;
    out.answer(&answer, |json| format!("{} answers since #{}", args.one.version, member(json, "since")))
}

async fn show_one(args: ShowArgs, out: Out) -> Outcome {
    let answer = args.one.reach.client()?.get(&path(&args.one, ""), &[]).await?;
    let mut json = answer.json.clone();
    let document = json.as_object_mut().and_then(|members| members.remove("document")).unwrap_or_default();
    if args.document {
        let text = format!("{document:#}");
        return out.answer(&Answer { text: document.to_string(), json: document }, |_| text);
    }
    let used = used_by(&json);
    json.as_object_mut().and_then(|members| members.remove("used_by"));
    out.answer(&answer, |_| format!("{}{}", outline(&json), used.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_a_number_with_a_unit() {
        for (text, expect) in [
            ("200M", Ok(200_000_000)),
            ("2G", Ok(2_000_000_000)),
            ("1048576", Ok(1_048_576)),
            ("much", Err("`much` is not a number of bytes, such as `200M`")),
            ("", Err("`` is not a number of bytes, such as `200M`")),
            ("99999999999G", Err("`99999999999G` is not a number of bytes, such as `200M`")),
        ] {
            assert_eq!(bytes(text), expect.map_err(str::to_owned));
        }
    }

    #[test]
    fn a_document_says_what_it_is_by_its_first_character() {
        assert_eq!(media_type(" {}"), "application/json");
        assert_eq!(media_type("selfsame: 1"), "application/yaml");
    }
}
