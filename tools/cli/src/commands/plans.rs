//! `plans`: what is planned, and how far it is.

use clap::Args;
use serde_json::{Value, json};

use crate::failure::Outcome;
use crate::out::{Out, member, table};
use crate::reach::Reach;

/// List the plans that have not expired, newest first
#[derive(Args, Debug)]
pub(crate) struct PlansArgs {
    #[command(flatten)]
    reach: Reach,
}

pub(crate) async fn run(args: PlansArgs, out: Out) -> Outcome {
    let answer = args.reach.client()?.get("plans", &[]).await?;
    out.answer(&answer, people)
}

fn people(answer: &Value) -> String {
    let plans = member(answer, "plans").as_array().filter(|plans| !plans.is_empty());
    let Some(plans) = plans else { return "nothing is planned".to_owned() };
    let row = |plan: &Value| {
        let text = |name| member(plan, name).clone();
        vec![text("plan"), text("version"), text("base"), text("author"), text("class"), standing(plan)]
    };
    let header = ["plan", "version", "base", "author", "class", "stands"];
    table(&header, &plans.iter().map(row).collect::<Vec<_>>())
}

/// How a plan stands, in a few words.
fn standing(plan: &Value) -> Value {
    let agreed = member(plan, "approved_by").as_array().is_some_and(|by| !by.is_empty());
    let waits = member(plan, "needs_approval") == &json!(true) && !agreed;
    let last = member(plan, "evidence").as_array().and_then(|evidence| evidence.last());
    let passed = last.map(|last| member(last, "findings").as_array().is_some_and(Vec::is_empty));
    let said = match (member(plan, "rejected"), passed) {
        (Value::Array(_), _) => "rejected",
        (_, Some(false)) => "did not pass",
        _ if waits => "waits for approval",
        (_, Some(true)) => "passed",
        (_, None) => "not validated",
    };
    said.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_stands_where_its_last_evidence_and_its_approval_put_it() {
        for (plan, expect) in [
            (json!({"evidence": []}), "not validated"),
            (json!({"evidence": [{"findings": []}]}), "passed"),
            (json!({"evidence": [{"findings": []}, {"findings": [1]}]}), "did not pass"),
            (json!({"evidence": [], "needs_approval": true, "approved_by": []}), "waits for approval"),
            (json!({"evidence": [], "needs_approval": true, "approved_by": ["ada"]}), "not validated"),
            (json!({"evidence": [], "rejected": ["ada", "no"]}), "rejected"),
        ] {
            assert_eq!(standing(&plan), expect, "{plan}");
        }
    }
}
