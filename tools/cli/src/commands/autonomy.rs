//! `autonomy`: what each agent changed, and what became of it.

use clap::Args;
use serde_json::Value;

use crate::failure::Outcome;
use crate::out::{Out, member, show, table};
use crate::reach::Reach;

/// Show what each agent changed, and what became of it
///
/// By agent and class of change: how many were taken live, alone or with a person's word, how many were gone
/// back from, by whom and how soon, and how many rows they touched.
#[derive(Args, Debug)]
pub(crate) struct AutonomyArgs {
    /// This agent alone
    agent: Option<String>,
    #[command(flatten)]
    reach: Reach,
}

pub(crate) async fn run(args: AutonomyArgs, out: Out) -> Outcome {
    let query: Vec<(String, String)> =
        args.agent.map(|agent| ("agent".to_owned(), agent)).into_iter().collect();
    let answer = args.reach.client()?.get("autonomy", &query).await?;
    out.answer(&answer, people)
}

fn people(answer: &Value) -> String {
    let lines = member(answer, "agents").as_array().filter(|lines| !lines.is_empty());
    let Some(lines) = lines else { return "no agent has changed anything".to_owned() };
    let columns = [
        "agent",
        "class",
        "planned",
        "live_alone",
        "live_approved",
        "settled",
        "rewound_by_itself",
        "rewound_by_others",
        "rewound_by_guards",
        "soonest_ms",
        "rows_differing",
    ];
    let header = [
        "agent",
        "class",
        "planned",
        "alone",
        "approved",
        "settled",
        "by itself",
        "by others",
        "by guards",
        "soonest ms",
        "rows",
    ];
    let rows = lines.iter().map(|line| columns.map(|name| member(line, name).clone()).to_vec());
    let mut parts = vec![table(&header, &rows.collect::<Vec<_>>())];
    for breaker in member(answer, "breakers").as_array().into_iter().flatten() {
        let text = |name| show(member(breaker, name));
        parts.push(format!("{} may only propose until {}", text("agent"), text("until")));
    }
    for refused in member(answer, "refused").as_array().into_iter().flatten() {
        let codes = member(refused, "codes").as_object().into_iter().flatten();
        let codes: Vec<String> = codes.map(|(code, count)| format!("{code} {count}")).collect();
        parts.push(format!("{} was refused: {}", show(member(refused, "agent")), codes.join(", ")));
    }
    parts.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_agent_is_a_line_for_each_class() {
        let line = json!({"agent": "bot", "class": "compatible", "planned": 3, "live_alone": 2, "live_approved": 0,
            "settled": 1, "rewound_by_itself": 0, "rewound_by_others": 1, "rewound_by_guards": 0,
            "soonest_ms": 12, "rows_differing": 7});
        let answer = json!({"agents": [line], "refused": [{"agent": "bot", "codes": {"frozen": 2}}],
            "breakers": [{"agent": "bot", "until": "soon"}]});
        let text = people(&answer);
        assert!(text.contains("bot    compatible        3      2         0        1"), "{text}");
        assert!(text.ends_with("\nbot may only propose until soon\nbot was refused: frozen 2"), "{text}");
        assert_eq!(people(&json!({"agents": []})), "no agent has changed anything");
    }
}
