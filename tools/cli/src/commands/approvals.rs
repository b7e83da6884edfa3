//! `approvals`: what waits for an operator's word, and giving it.
//!
//! What is shown of a plan was computed by the engine. What its author wrote stands in quotation marks, with
//! control characters made visible, so that it cannot pass for the engine's words.

use std::io::{BufRead as _, IsTerminal as _};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::client::{Answer, segment};
use crate::commands::operate::{Post, order};
use crate::failure::{Failure, Outcome};
use crate::out::{Out, member, show, table};
use crate::signing::About;

/// What is done about plans that wait for an operator.
#[derive(Debug, Subcommand)]
pub(crate) enum ApprovalsCommand {
    /// List the plans that wait for an approval
    List {
        #[command(flatten)]
        post: Post,
    },
    /// Show what a plan would change, and who has agreed
    Show(PlanArgs),
    /// Agree to a plan, so that its version may be taken live
    ///
    /// Under a boundary this is a signature over the plan's digest, so --key is needed. It ends when the boundary says,
    /// and with the plan; the author's owner does not count, and of one owner only one operator does.
    Approve(ApproveArgs),
    /// Do not agree to a plan
    Reject(RejectArgs),
}

/// Which plan.
#[derive(Args, Debug)]
pub(crate) struct PlanArgs {
    /// The plan's id
    plan: String,
    #[command(flatten)]
    post: Post,
}

/// Which plan is agreed to.
#[derive(Args, Debug)]
pub(crate) struct ApproveArgs {
    /// The plan's id
    plan: String,
    /// Do not ask again
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    post: Post,
}

/// Which plan is not agreed to.
#[derive(Args, Debug)]
pub(crate) struct RejectArgs {
    /// The plan's id
    plan: String,
    /// Why, for its author
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    post: Post,
}

pub(crate) async fn run(command: ApprovalsCommand, out: Out) -> Outcome {
    match command {
        ApprovalsCommand::List { post } => list(&post, out).await,
        ApprovalsCommand::Show(args) => {
            let answer = plan(&args.post, &args.plan).await?;
            out.answer(&answer, |json| described(member(json, "plan")))
        }
        ApprovalsCommand::Approve(args) => approve(&args, out).await,
        ApprovalsCommand::Reject(args) => {
            let path = format!("plans/{}/reject", segment(&args.plan));
            let said = format!("the plan {} is rejected", args.plan);
            let body = json!({ "reason": args.reason });
            let signed = json!({ "plan": args.plan, "reason": args.reason });
            order(&args.post, (&path, &body), ("reject", &signed), About::Plan(&args.plan), out, &said).await
        }
    }
}

async fn list(post: &Post, out: Out) -> Outcome {
    let answer = post.client()?.get("plans", &[]).await?;
    let waits = |plan: &&Value| {
        let needed = member(plan, "needed").as_u64().unwrap_or_default();
        let agreed = member(plan, "counting").as_array().map_or(0, Vec::len);
        u64::try_from(agreed).is_ok_and(|agreed| agreed < needed) && member(plan, "rejected").is_null()
    };
    let plans = member(&answer.json, "plans").as_array();
    let waiting: Vec<Value> = plans.into_iter().flatten().filter(waits).cloned().collect();
    let json = json!({ "plans": waiting });
    out.answer(&Answer { text: json.to_string(), json }, |json| {
        let plans = member(json, "plans").as_array().filter(|plans| !plans.is_empty());
        let Some(plans) = plans else { return "no plan waits for an approval".to_owned() };
        let row = |plan: &Value| {
            let text = |name| member(plan, name).clone();
            let agreed = member(plan, "counting").as_array().map_or(0, Vec::len);
            let of = format!("{agreed} of {}", member(plan, "needed"));
            vec![
                text("plan"),
                text("version"),
                text("base"),
                text("author"),
                text("class"),
                of.into(),
                text("expires"),
            ]
        };
        let header = ["plan", "version", "base", "author", "class", "agreed", "expires"];
        table(&header, &plans.iter().map(row).collect::<Vec<_>>())
    })
}

async fn plan(post: &Post, plan: &str) -> Outcome<Answer> {
    post.client()?.get(&format!("plans/{}", segment(plan)), &[]).await
}

async fn approve(args: &ApproveArgs, out: Out) -> Outcome {
    let shown = plan(&args.post, &args.plan).await?;
    if !args.yes {
        eprintln!("{}", described(member(&shown.json, "plan")));
        agreed_to()?;
    }
    let path = format!("plans/{}/approve", segment(&args.plan));
    let said = format!("the plan {} is approved", args.plan);
    let signed = json!({ "plan": args.plan });
    order(&args.post, (&path, &json!({})), ("approve", &signed), About::Plan(&args.plan), out, &said).await
}

/// Asks whoever sits there.
fn agreed_to() -> Outcome {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(Failure::Usage(
            "nobody sits there to agree: look at it with `approvals show`, and say `--yes`".to_owned(),
        ));
    }
    eprint!("agree to this? [y/N] ");
    let mut answer = String::new();
    let read = stdin.lock().read_line(&mut answer);
    read.map_err(|source| Failure::File { path: "/dev/stdin".into(), verb: "read", source })?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Failure::Usage("it was not agreed to, and nothing was sent".to_owned())),
    }
}

/// A plan in lines: the engine's words bare, its author's quoted.
fn described(plan: &Value) -> String {
    let text = |name| show(member(plan, name));
    let evidence = member(plan, "evidence").as_array().and_then(|all| all.last());
    let measured = evidence.map_or_else(
        || "none yet".to_owned(),
        |last| {
            let findings = member(last, "findings").as_array().map_or(0, Vec::len);
            let figures = |name| show(member(last, name));
            format!(
                "{}: {} rows differ, {} events fail, {findings} findings",
                figures("evidence"),
                figures("rows_differing"),
                figures("failures"),
            )
        },
    );
    let mut lines = vec![
        ("plan", text("plan")),
        ("digest", text("digest")),
        ("version", format!("{} ({})", text("version"), text("id"))),
        ("instead of", text("base")),
        ("class", format!("{}, {} since {}", text("class"), text("class_since_approved"), text("approved"))),
        ("a rewind loses", text("rewind_loses")),
        ("evidence", measured),
        ("author", format!("{} (owner {})", text("author"), text("owner"))),
        ("agreed", format!("{} of {}: {}", count(plan), text("needed"), text("counting"))),
        ("expires", text("expires")),
    ];
    let predicted = member(plan, "predicted");
    if !predicted.is_null() {
        lines.push(("the author says", quoted(&predicted.to_string())));
    }
    if let [by, reason] = member(plan, "rejected").as_array().map(Vec::as_slice).unwrap_or_default() {
        lines.push(("rejected", format!("by {}: {}", show(by), quoted(&show(reason)))));
    }
    let lines = lines.into_iter().map(|(name, value)| format!("{name:<15} {value}"));
    lines.collect::<Vec<_>>().join("\n")
}

fn count(plan: &Value) -> usize {
    member(plan, "counting").as_array().map_or(0, Vec::len)
}

/// Somebody's words.
fn quoted(text: &str) -> String {
    format!("“{}”", show(&Value::from(text)).replace(['“', '”'], "\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_author_wrote_cannot_pass_for_the_engines_words() {
        let plan = json!({
            "plan": "00000000000000ff", "version": "v2", "counting": [], "needed": 1,
            "rejected": ["ada", "no”\nclass           additive"],
        });
        let said = described(&plan);
        assert!(said.contains("rejected        by ada: “no\"\\nclass           additive”"), "{said}");
        assert_eq!(said.lines().filter(|line| line.starts_with("class")).count(), 1, "{said}");
    }
}
