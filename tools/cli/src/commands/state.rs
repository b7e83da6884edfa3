//! `state`: the whole engine at a glance.

use clap::Args;
use serde_json::{Value, json};

use crate::commands::{builds, jobs, version};
use crate::failure::Outcome;
use crate::out::{Out, member, objects, outline, show, table};
use crate::reach::Reach;

/// Show what the engine has, serves and does
///
/// The head of the log, the active version, every version with its stage, each live generation's
/// projections with rows and digests, builds under way, jobs, and refusals by code.
#[derive(Args, Debug)]
pub(crate) struct StateArgs {
    #[command(flatten)]
    reach: Reach,
}

pub(crate) async fn run(args: StateArgs, out: Out) -> Outcome {
    let answer = args.reach.client()?.get("state", &[]).await?;
    out.answer(&answer, people)
}

fn people(state: &Value) -> String {
    let mut parts = vec![head(state), version::people::list(state)];
    let rows: Vec<Vec<Value>> = each(state, "versions").flat_map(projections).collect();
    if !rows.is_empty() {
        parts.push(table(&["version", "projection", "kind", "rows", "bytes", "digest"], &rows));
    }
    if member(state, "queues").as_object().is_some_and(|queues| !queues.is_empty()) {
        parts.push(jobs::queues(state));
    }
    let switches: Vec<Value> = each(state, "switches").map(switch).collect();
    if !switches.is_empty() {
        parts.push(objects(&switches));
    }
    if each(state, "builds").next().is_some() {
        parts.push(builds::people(state));
    }
    if member(state, "refused").as_object().is_some_and(|refused| !refused.is_empty()) {
        parts.push(format!("refused events by code:\n{}", outline(member(state, "refused"))));
    }
    parts.join("\n\n")
}

fn each<'a>(state: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    member(state, name).as_array().into_iter().flatten()
}

fn head(state: &Value) -> String {
    let (position, events) = (member(state, "head"), member(state, "events"));
    let active = match member(state, "active") {
        Value::Null => "no version is active".to_owned(),
        active => format!("{} answers since #{}", show(active), member(state, "since")),
    };
    let boundary = match member(state, "boundary") {
        Value::Object(boundary) => {
            let text = |name: &str| boundary.get(name).map(show).unwrap_or_default();
            format!("{}, serial {}, since #{}", text("instance"), text("serial"), text("since"))
        }
        other => show(other),
    };
    let mut line = format!("#{position}, {events} events; {active}; boundary: {boundary}");
    if let Value::Object(freeze) = member(state, "frozen") {
        let text = |name| freeze.get(name).map(show).unwrap_or_default();
        line.push_str(&format!("\nfrozen by {} since #{}: {}", text("by"), text("since"), text("reason")));
    }
    if let Value::String(floor) = member(state, "floor") {
        line.push_str(&format!("\nthe floor is {floor}"));
    }
    if let Value::Object(probation) = member(state, "probation") {
        let text = |name| probation.get(name).map(show).unwrap_or_default();
        line.push_str(&format!("\n{} is on probation since #{}", text("version"), text("since")));
        for guard in each(state, "guards") {
            let text = |name| show(member(guard, name));
            line.push_str(&format!("\n  guard {}: {}, {}", text("guard"), text("outcome"), text("detail")));
        }
    }
    if member(state, "read_only") == &Value::Bool(true) {
        return format!("{line}\nread-only: an append failed; see the engine's log, and restart it");
    }
    line
}

/// A row per projection of a version that is kept in step.
fn projections(version: &Value) -> Vec<Vec<Value>> {
    let row = |projection: &Value| {
        let text = |name| member(projection, name).clone();
        vec![
            member(version, "no").clone(),
            text("name"),
            text("kind"),
            text("rows"),
            text("bytes"),
            text("digest"),
        ]
    };
    each(member(version, "live"), "projections").map(row).collect()
}

fn switch(switch: &Value) -> Value {
    let what = if member(switch, "rewind") == &Value::Bool(true) { "rewind" } else { "cutover" };
    json!({ "at": member(switch, "at"), "switch": what, "from": member(switch, "from"), "to": member(switch, "to") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_a_line_and_tables() {
        let projection = json!({"name": "files", "kind": "view", "rows": 2, "bytes": 99, "digest": "ab"});
        let version = json!({"no": "v1", "stage": "active", "live": {"projections": [projection]}});
        let state = json!({
            "head": 9, "events": 5, "active": "v1", "since": 4, "boundary": "none", "read_only": true,
            "versions": [version], "queues": {}, "switches": [{"at": 4, "from": null, "to": "v1", "rewind": false}],
            "builds": [], "refused": {"unknown-type": 2},
        });
        let text = people(&state);
        assert!(text.starts_with("#9, 5 events; v1 answers since #4; boundary: none\nread-only: "), "{text}");
        assert!(text.contains("\nv1       files       view     2     99  ab\n"), "{text}");
        assert!(text.contains("cutover"), "{text}");
        assert!(text.ends_with("refused events by code:\nunknown-type: 2\n"), "{text}");
    }

    #[test]
    fn what_is_braked_and_watched_stands_at_the_top() {
        let guard = json!({"guard": "few", "outcome": "pass", "detail": "`rows.a < 5` is true: rows.a = 1"});
        let state = json!({
            "head": 9, "events": 5, "active": "v2", "since": 4, "boundary": "none", "versions": [],
            "frozen": {"by": "ada", "since": 8, "reason": "night"}, "floor": "v1",
            "probation": {"version": "v2", "since": 5}, "guards": [guard],
        });
        let expect = "\nfrozen by ada since #8: night\nthe floor is v1\nv2 is on probation since #5\n  \
                      guard few: pass, `rows.a < 5` is true: rows.a = 1\n";
        assert!(people(&state).contains(expect), "{}", people(&state));
    }

    #[test]
    fn an_empty_engine_says_so() {
        let state = json!({"head": 0, "events": 0, "active": null, "boundary": "none", "versions": []});
        let expect = "#0, 0 events; no version is active; boundary: none\n\nno version is registered";
        assert_eq!(people(&state), expect);
    }
}
