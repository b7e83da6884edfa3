//! `census`: who writes and who reads which version.

use clap::Args;
use serde_json::Value;

use crate::failure::Outcome;
use crate::out::{Out, member, show, table};
use crate::reach::Reach;

/// Show who writes and who reads which schema version
///
/// What was written is counted from the log; what was read is counted since the engine started, and counts
/// for nothing but this. Readers who do not say who they are stand together as `(unnamed)`, and principals
/// beyond the limit as `(others)`.
#[derive(Args, Debug)]
pub(crate) struct CensusArgs {
    #[command(flatten)]
    reach: Reach,
}

pub(crate) async fn run(args: CensusArgs, out: Out) -> Outcome {
    let answer = args.reach.client()?.get("census", &[]).await?;
    out.answer(&answer, people)
}

fn people(answer: &Value) -> String {
    let rows: Vec<Vec<Value>> = each(answer, "rows").map(cells).collect();
    let since = show(member(answer, "reads_since"));
    if rows.is_empty() {
        return format!("nobody has written, and nobody has read since {since}");
    }
    let header = ["principal", "version", "stage", "wrote", "last", "last written", "read", "last read"];
    format!("{}\n\nreads are counted since {since}", table(&header, &rows))
}

fn each<'a>(answer: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    member(answer, name).as_array().into_iter().flatten()
}

fn cells(row: &Value) -> Vec<Value> {
    let (wrote, read) = (member(row, "wrote"), member(row, "read"));
    let text = |name| member(row, name).clone();
    let wrote = ["events", "last", "last_time"].map(|name| member(wrote, name).clone());
    let read = ["count", "last_time"].map(|name| member(read, name).clone());
    let first = [Value::from(principal(row)), text("version"), text("stage")];
    first.into_iter().chain(wrote).chain(read).collect()
}

fn principal(row: &Value) -> String {
    match member(row, "principal") {
        Value::Null => format!("({})", show(member(row, "group"))),
        name => show(name),
    }
}

/// Who uses a version, a line each.
pub(super) fn used_by(answer: &Value) -> Vec<String> {
    each(answer, "used_by").flat_map(uses).map(|uses| format!("still used by: {uses}")).collect()
}

/// What one row says in words.
fn uses(row: &Value) -> Vec<String> {
    let (who, version) = (principal(row), show(member(row, "version")));
    let (wrote, read) = (member(row, "wrote"), member(row, "read"));
    let mut said = Vec::new();
    if !wrote.is_null() {
        let last = member(wrote, "last");
        said.push(match member(row, "writes_now") {
            Value::Null => format!("{who} writes {version} (last #{last})"),
            now => format!("{who} wrote {version} (last #{last}), and writes {} now", show(now)),
        });
    }
    if !read.is_null() {
        let (count, last) = (member(read, "count"), show(member(read, "last_time")));
        said.push(format!("{who} reads {version} ({count} since the start, last {last})"));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rows() -> Value {
        let wrote = json!({"events": 3, "first": 5, "last": 42, "last_time": "2026-01-31T12:00:00Z"});
        let read = json!({"count": 2, "last_time": "2026-01-31T13:00:00Z"});
        json!([
            {"principal": "app", "version": "v1", "stage": "standby", "wrote": wrote, "writes_now": "v2", "read": null},
            {"principal": "web", "version": "v1", "stage": "standby", "wrote": wrote, "read": read},
            {"principal": null, "group": "unnamed", "version": "v1", "stage": "standby", "wrote": null, "read": read},
        ])
    }

    #[test]
    fn a_census_is_a_table() {
        let text = people(&json!({"rows": rows(), "reads_since": "2026-01-31T11:00:00Z"}));
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("PRINCIPAL  VERSION  STAGE    WROTE  LAST  LAST WRITTEN"), "{text}");
        assert!(lines[2].starts_with("web        v1       standby      3    42  2026-01-31T12"), "{text}");
        assert!(lines[3].starts_with("(unnamed)  v1       standby      -     -  -"), "{text}");
        assert_eq!(lines[5], "reads are counted since 2026-01-31T11:00:00Z");
        let none = people(&json!({"rows": [], "reads_since": "x"}));
        assert_eq!(none, "nobody has written, and nobody has read since x");
    }

    #[test]
    fn uses_are_said_in_words() {
        let expect = [
            "still used by: app wrote v1 (last #42), and writes v2 now",
            "still used by: web writes v1 (last #42)",
            "still used by: web reads v1 (2 since the start, last 2026-01-31T13:00:00Z)",
            "still used by: (unnamed) reads v1 (2 since the start, last 2026-01-31T13:00:00Z)",
        ];
        assert_eq!(used_by(&json!({"used_by": rows()})), expect);
        assert_eq!(used_by(&json!({"used_by": []})), [] as [&str; 0]);
    }
}
