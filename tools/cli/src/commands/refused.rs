//! `refused`: the latest events that were not taken, and why.

use clap::Args;
use serde_json::Value;

use crate::failure::Outcome;
use crate::out::{Out, member, outline, show};
use crate::reach::Reach;

/// List the latest refused events with their reasons
#[derive(Args, Debug)]
pub(crate) struct RefusedArgs {
    /// At most so many, the newest first
    #[arg(long, value_name = "EVENTS", default_value_t = 20)]
    limit: u32,
    #[command(flatten)]
    reach: Reach,
}

pub(crate) async fn run(args: RefusedArgs, out: Out) -> Outcome {
    let query = [("limit".to_owned(), args.limit.to_string())];
    let answer = args.reach.client()?.get("refused", &query).await?;
    out.answer(&answer, people)
}

fn people(answer: &Value) -> String {
    let refused = member(answer, "refused").as_array().into_iter().flatten().map(one);
    let refused: Vec<String> = refused.collect();
    if refused.is_empty() {
        return "no event was refused".to_owned();
    }
    format!("{}\n\nby code:\n{}", refused.join("\n"), outline(member(answer, "counts")))
}

fn one(refused: &Value) -> String {
    let text = |name| show(member(refused, name));
    let (position, time, principal) = (text("position"), text("time"), text("principal"));
    let (code, detail) = (text("code"), text("detail"));
    format!("#{position} {time} {principal} {} {}: [{code}] {detail}", text("type"), text("id"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_refusal_is_a_line_and_the_counts_follow() {
        let one = json!({
            "position": 7, "time": "2026-01-31T12:00:00Z", "principal": "web",
            "code": "unknown-type", "detail": "v1 has no event type `x`", "type": "x",
        });
        let text = people(&json!({"refused": [one], "counts": {"unknown-type": 1}}));
        let expect = "#7 2026-01-31T12:00:00Z web x -: [unknown-type] v1 has no event type `x`\n\nby code:\nunknown-type: 1\n";
        assert_eq!(text, expect);
        assert_eq!(people(&json!({"refused": []})), "no event was refused");
    }
}
