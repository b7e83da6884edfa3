//! `builds`: the shadow builds that are under way.

use clap::Args;
use serde_json::{Value, json};

use crate::failure::Outcome;
use crate::out::{Out, member, show, table};
use crate::reach::Reach;

/// Show the builds that are under way: how far, how fast, how long still, how large
///
/// The rate is that of the last seconds, memory is the generation's own estimate. Steer a build with `version
/// pause`, `version resume` and `version abandon`.
#[derive(Args, Debug)]
pub(crate) struct BuildsArgs {
    #[command(flatten)]
    reach: Reach,
}

pub(crate) async fn run(args: BuildsArgs, out: Out) -> Outcome {
    let answer = args.reach.client()?.get("builds", &[]).await?;
    out.answer(&answer, people)
}

/// The builds of an answer, as a table.
pub(crate) fn people(answer: &Value) -> String {
    let builds = member(answer, "builds");
    let rows: Vec<Vec<Value>> = builds.as_array().into_iter().flatten().map(cells).collect();
    if rows.is_empty() {
        return "nothing is being built".to_owned();
    }
    table(&["version", "done", "of", "per second", "left", "memory", "budget", ""], &rows)
}

fn cells(build: &Value) -> Vec<Value> {
    let text = |name| member(build, name).clone();
    let left = member(build, "left_seconds").as_f64().map(|seconds| format!("{seconds:.0} s"));
    let rate = member(build, "rate").as_f64().map(|rate| format!("{rate:.0}"));
    let bytes = member(build, "bytes").as_u64();
    let state = if member(build, "paused") == &Value::Bool(true) { "paused" } else { "" };
    vec![
        text("version"),
        text("done"),
        text("total"),
        json!(rate),
        json!(left),
        json!(bytes.map(megabytes)),
        budget(member(build, "budget")).into(),
        state.into(),
    ]
}

/// A budget in words.
fn budget(budget: &Value) -> String {
    let part = |name, said: &dyn Fn(String) -> String| match member(budget, name) {
        Value::Null => None,
        value => Some(said(show(value))),
    };
    let memory = member(budget, "bytes_max").as_u64().map(megabytes);
    let parts = [
        part("share_percent", &|share| format!("{share} %")),
        part("records_per_second", &|rate| format!("{rate} per second")),
        memory,
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// A number of bytes for people.
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_are_a_table() {
        let build = json!({
            "version": "v2", "done": 500, "total": 2000, "rate": 100.4, "left_seconds": 15.0, "bytes": 1_250_000,
            "paused": true, "budget": { "share_percent": 50, "bytes_max": 200_000_000 },
        });
        let text = people(&json!({ "builds": [build] }));
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        let expect =
            ["v2", "500", "2000", "100", "15", "s", "1.2", "MB", "50", "%,", "200.0", "MB", "paused"];
        assert_eq!(lines[1], expect);
        assert_eq!(people(&json!({ "builds": [] })), "nothing is being built");
    }
}
