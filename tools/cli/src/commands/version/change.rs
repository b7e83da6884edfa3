//! `version plan`, `validate`, `evidence`, `cutover`: from what would change to what answers.

use clap::Args;
use serde_json::{Value, json};

use crate::client::{Answer, Client, segment};
use crate::commands::version::{OneArgs, path, people};
use crate::failure::{Failure, Outcome};
use crate::out::{Out, member, show, table};
use crate::reach::Reach;

/// Plan a change: say what it would do, and bind what it is to be decided upon
///
/// The plan names the version that answers now; if another comes to answer, it is of no use any longer.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame version plan v2
  selfsame version plan v2 --untouched files --rows-changed authors=20
  selfsame version plan v2 --look          show it, and bind nothing")]
pub(crate) struct PlanArgs {
    /// Only look: make no plan
    #[arg(long, conflicts_with_all = ["untouched", "rows_changed", "ttl"])]
    look: bool,
    /// Say that no row of this projection will differ; may be repeated
    #[arg(long, value_name = "PROJECTION")]
    untouched: Vec<String>,
    /// Say that at most so many rows of a projection will differ; may be repeated
    #[arg(long, value_name = "PROJECTION=ROWS", value_parser = rows)]
    rows_changed: Vec<(String, u64)>,
    /// Seconds that the plan is good for [default: a day]
    #[arg(long, value_name = "SECONDS")]
    ttl: Option<u64>,
    #[command(flatten)]
    one: OneArgs,
}

/// Compare a candidate with the active version, and keep what comes of it as evidence
///
/// Both are compared row by row as they are at one position. The exit code is 1 if something speaks against
/// taking the candidate live.
#[derive(Args, Debug)]
pub(crate) struct ValidateArgs {
    /// The plan that it is for [default: the newest for the version]
    #[arg(long, value_name = "ID")]
    plan: Option<String>,
    /// Accept that the events which fail in the candidate are skipped
    #[arg(long)]
    skip_failures: bool,
    #[command(flatten)]
    one: OneArgs,
}

/// Show evidence with the whole comparison
#[derive(Args, Debug)]
pub(crate) struct EvidenceArgs {
    /// Its id
    evidence: String,
    #[command(flatten)]
    reach: Reach,
}

/// Make a version the active one
///
/// Cache, views, jobs and admission switch together at one position of the log. The version that was
/// active stays in step, so that going back is one record. A version that has not answered before needs
/// evidence: if none is named, it is planned and validated first, and nothing is done if something speaks
/// against it.
#[derive(Args, Debug)]
pub(crate) struct CutoverArgs {
    /// Refuse if another version than this is active; `none` if there must be none
    /// [default: the version's parent]
    #[arg(long, value_name = "VERSION")]
    expect: Option<String>,
    /// The evidence to decide upon
    #[arg(long, value_name = "ID")]
    evidence: Option<String>,
    #[command(flatten)]
    one: OneArgs,
}

/// Write the change that a version made to its parent against another version, and register it
///
/// It goes by itself where the two changed different things; otherwise the conflicts are named, and nothing is
/// done.
#[derive(Args, Debug)]
pub(crate) struct RebaseArgs {
    /// The version to write it against [default: the one that answers]
    #[arg(long, value_name = "VERSION")]
    onto: Option<String>,
    #[command(flatten)]
    one: OneArgs,
}

pub(super) async fn rebase(args: RebaseArgs, out: Out) -> Outcome {
    let body = args.onto.map_or_else(|| json!({}), |onto| json!({ "onto": onto }));
    let answer = args.one.reach.client()?.post(&path(&args.one, "/rebase"), &body).await?;
    out.answer(&answer, |json| {
        let text = |name| show(member(json, name));
        let line = match member(json, "registered") == member(json, "from") {
            true => format!("{} stays as it is: there is nothing to do", text("from")),
            false => {
                let (registered, onto, from) = (text("registered"), text("onto"), text("from"));
                format!("{registered} does to {onto} what {from} did to its parent")
            }
        };
        let checks = member(json, "needs_check").as_array().into_iter().flatten();
        let checks = checks.map(|check| {
            format!("  look at {}: {}", show(member(check, "pointer")), show(member(check, "message")))
        });
        std::iter::once(line).chain(checks).collect::<Vec<_>>().join("\n")
    })
}

/// Puts a member into an object.
fn set(body: &mut Value, name: &str, value: Value) {
    if let Some(members) = body.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

fn rows(text: &str) -> Result<(String, u64), String> {
    let (name, rows) = text.split_once('=').ok_or("a projection, `=` and a number of rows")?;
    rows.parse().map(|rows| (name.to_owned(), rows)).map_err(|_| format!("`{rows}` is not a number of rows"))
}

pub(super) async fn plan(args: PlanArgs, out: Out) -> Outcome {
    let client = args.one.reach.client()?;
    let mut shown = client.get(&path(&args.one, "/plan"), &[]).await?;
    if !args.look {
        let made = client.post(&path(&args.one, "/plan"), &intent(&args)).await?;
        if let Some(members) = shown.json.as_object_mut() {
            members.insert("planned".to_owned(), member(&made.json, "planned").clone());
        }
        shown.text = shown.json.to_string();
    }
    out.answer(&shown, |json| {
        let text = people::plan(json);
        match member(json, "planned") {
            Value::Null => text,
            planned => format!("{text}\n{}", bound(planned)),
        }
    })
}

fn intent(args: &PlanArgs) -> Value {
    let mut body = json!({});
    if !args.untouched.is_empty() || !args.rows_changed.is_empty() {
        let rows = args.rows_changed.iter().map(|(name, rows)| (name.clone(), json!(rows))).collect();
        set(
            &mut body,
            "predicted",
            json!({ "untouched": args.untouched, "rows_changed": Value::Object(rows) }),
        );
    }
    if let Some(ttl) = args.ttl {
        set(&mut body, "ttl_seconds", json!(ttl));
    }
    body
}

fn bound(planned: &Value) -> String {
    let approval = match member(planned, "needs_approval") {
        Value::Bool(true) => "an operator has to agree",
        _ => "nobody has to agree",
    };
    let text = |name| show(member(planned, name));
    format!(
        "plan {}: {} since what a person last agreed to, {approval}",
        text("plan"),
        text("class_since_approved")
    )
}

pub(super) async fn validate(args: ValidateArgs, out: Out) -> Outcome {
    let mut body = json!({ "skip_failures": args.skip_failures });
    if let Some(plan) = args.plan {
        set(&mut body, "plan", json!(plan));
    }
    let answer = args.one.reach.client()?.post(&path(&args.one, "/validate"), &body).await?;
    out.answer(&answer, judged)?;
    passed(&answer.json)
}

fn passed(json: &Value) -> Outcome {
    let findings = member(json, "findings").as_array().map_or(0, Vec::len);
    if findings == 0 { Ok(()) } else { Err(Failure::NotPassed { findings }) }
}

fn judged(json: &Value) -> String {
    let findings = member(json, "findings").as_array().into_iter().flatten();
    let findings: Vec<String> =
        findings.map(|finding| format!("  against it: {}", show(member(finding, "detail")))).collect();
    let head = format!("evidence {} at #{}", show(member(json, "evidence")), member(json, "at"));
    let verdict = if findings.is_empty() { "nothing speaks against it" } else { "it does not pass" };
    std::iter::once(format!("{head}: {verdict}")).chain(findings).collect::<Vec<_>>().join("\n")
}

pub(super) async fn evidence(args: EvidenceArgs, out: Out) -> Outcome {
    let path = format!("evidence/{}", segment(&args.evidence));
    let answer = args.reach.client()?.get(&path, &[]).await?;
    out.answer(&answer, |json| {
        let evidence = member(json, "evidence");
        let rows = member(evidence, "projections").as_array().into_iter().flatten();
        let columns = ["name", "equal", "added", "removed", "changed"];
        let rows = rows.map(|row| columns.map(|name| member(row, name).clone()).to_vec());
        let versions = format!(
            "{} against {} at #{}",
            show(member(evidence, "version")),
            show(member(evidence, "active")),
            member(evidence, "at")
        );
        let rows = table(&["projection", "equal", "added", "removed", "changed"], &rows.collect::<Vec<_>>());
        let failures = format!("events that fail in the candidate alone: {}", member(evidence, "failures"));
        [versions, rows, failures, judged(evidence)].join("\n")
    })
}

pub(super) async fn cutover(args: CutoverArgs, out: Out) -> Outcome {
    let client = args.one.reach.client()?;
    let mut body = match args.expect.as_deref() {
        None => json!({}),
        Some("none") => json!({ "expected_active": null }),
        Some(version) => json!({ "expected_active": version }),
    };
    if let Some(evidence) = args.evidence {
        set(&mut body, "evidence", json!(evidence));
    }
    let at = path(&args.one, "/cutover");
    let answer = match client.post(&at, &body).await {
        Err(refused) if refused.code() == "no-evidence" => {
            set(&mut body, "evidence", prove(&client, &args.one).await?);
            client.post(&at, &body).await?
        }
        other => other?,
    };
    out.answer(&answer, people::switched)
}

/// Validates for the newest plan, or for one that is made if there is none that holds, and says on stderr what
/// came of it.
async fn prove(client: &Client, one: &OneArgs) -> Outcome<Value> {
    let validated: Answer = match client.post(&path(one, "/validate"), &json!({})).await {
        Err(refused) if matches!(refused.code().as_str(), "unknown-plan" | "stale-evidence") => {
            client.post(&path(one, "/plan"), &json!({})).await?;
            client.post(&path(one, "/validate"), &json!({})).await?
        }
        other => other?,
    };
    eprintln!("{}", judged(&validated.json));
    passed(&validated.json)?;
    Ok(member(&validated.json, "evidence").clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_says_what_speaks_against_a_version() {
        let passed = json!({"evidence": "00000000000000ff", "at": 7, "findings": []});
        assert_eq!(judged(&passed), "evidence 00000000000000ff at #7: nothing speaks against it");
        let failed =
            json!({"evidence": "00000000000000ff", "at": 7, "findings": [{"detail": "3 events fail"}]});
        let expect = "evidence 00000000000000ff at #7: it does not pass\n  against it: 3 events fail";
        assert_eq!(judged(&failed), expect);
    }

    #[test]
    fn what_is_said_beforehand_names_projections_and_rows() {
        assert_eq!(rows("files=20"), Ok(("files".to_owned(), 20)));
        assert!(rows("files").is_err() && rows("files=x").is_err());
    }
}
